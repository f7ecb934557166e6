//! What was found: everything but the secret.

use fairway_domain::finding::Severity;
use fairway_domain::{Diagnostic, SourceLocation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How often a fingerprint is hashed, so that guessing a weak password by it costs something.
const ROUNDS: usize = 512;

/// A secret in a file. Holds no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretFinding {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The rule that knows its shape, for example `github-token`.
    pub rule: String,
    /// What it is, for people.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// How many bytes it has.
    pub length: usize,
    /// The same for the same secret of the same kind, wherever it is; for the allow list.
    pub fingerprint: String,
}

impl SecretFinding {
    /// As an error at its place. The line is not quoted, as it holds the secret.
    pub fn diagnostic(&self) -> Diagnostic {
        let message =
            format!("{} ({} characters, fingerprint {})", self.title, self.length, self.fingerprint);
        let place = SourceLocation { file: self.path.clone(), line: self.line, column: self.column };
        Diagnostic::error(&format!("secret-{}", self.rule), message).at(place, None).with_hint(
            "revoke it, and refer to it by name from a secret store; when it is none, say so beside it with \
             \"fairway:allow-secret\" and the reason, or in .fairway/secrets.yaml",
        )
    }
}

/// Why a file was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// It is no text.
    Binary,
    /// It is larger than [`crate::FILE_BYTES`].
    TooLarge,
    /// It holds so many beginnings of secrets that only a part of it was looked at.
    TooDense,
}

/// 16 hexadecimal digits that are the same for the same secret of the same kind.
pub(crate) fn fingerprint(rule: &str, secret: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"fairway-secret-fingerprint/1\0");
    hash.update(rule.as_bytes());
    hash.update(b"\0");
    hash.update(secret);
    let mut digest = hash.finalize();
    for _ in 0..ROUNDS {
        digest = Sha256::digest(digest);
    }
    digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
