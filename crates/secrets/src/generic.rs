//! Assignments: a name that says "password" or "token", and a value that looks as if somebody's generator made it.

use std::sync::LazyLock;

use fairway_domain::finding::Severity;
use regex::bytes::Regex;

use crate::entropy::{entropy, has_run};

/// Words that names of secrets end with or hold.
pub(crate) const WORDS: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "access-key",
    "auth_key",
    "authkey",
    "private_key",
    "privatekey",
    "encryption_key",
    "encryptionkey",
    "signing_key",
    "signingkey",
    "credential",
    "master_key",
];

/// What stands between the word and the value, and the value: quoted, or up to a blank.
static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\A(?-u:[A-Za-z0-9_.\-]{0,40})",
        r#"(?:["'`]\]?)?[ \t]{0,4}(?::[ \t]{0,2}&?(?:'static )?[A-Za-z][A-Za-z<>?]{1,20}[ \t]{0,2})?"#,
        r"(?::=|=>|==|=|:|,)[ \t]{0,4}",
        r#"(?:"([^"\r\n]{6,300})"|'([^'\r\n]{6,300})'|`([^`\r\n]{6,300})`|([^\s"'`,;#(){}\[\]<>]{8,300})[,;]?[ \t]*(?:\r|\n|\z|#))"#,
    ))
    .ok()
});

/// `://user:password@host` in addresses of databases, queues and the web.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\A(?-u:://[^\s/:@'"<>{}$%()]{0,64}:([^\s/@'"<>{}()]{3,200})@[A-Za-z0-9\[])"#).ok()
});

/// A value that stands where a secret would.
pub(crate) struct Candidate {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) severity: Severity,
}

/// What is assigned to a name with a telling word at the start of `text`. Without quotes only where `settings`.
pub(crate) fn assignment(text: &[u8], word: &str, settings: bool) -> Option<Candidate> {
    let rest = text.get(word.len()..)?;
    let found = ASSIGNMENT.as_ref()?.captures(rest)?;
    let quoted = [1, 2, 3].into_iter().find_map(|group| found.get(group));
    let value = quoted.or_else(|| found.get(4).filter(|_| settings))?;
    let is_password = word.starts_with('p') && !word.starts_with("private");
    // A list of names ("token", "secret", …) is no assignment.
    let comma = rest.get(..value.start()).is_some_and(|between| between.contains(&b','));
    if comma && !looks_generated(value.as_bytes()) {
        return None;
    }
    let fits =
        if is_password { looks_like_password(value.as_bytes()) } else { looks_generated(value.as_bytes()) };
    fits.then_some(Candidate {
        start: word.len() + value.start(),
        end: word.len() + value.end(),
        id: if is_password { "password" } else { "generic-secret" },
        title: if is_password { "a password" } else { "what looks like a secret" },
        severity: Severity::High,
    })
}

/// The password in an address whose `://` is at the start of `text`; `scheme` is what stands before.
pub(crate) fn address(text: &[u8], scheme: &[u8]) -> Option<Candidate> {
    let found = ADDRESS.as_ref()?.captures(text)?.get(1)?;
    let password = found.as_bytes();
    if scheme.len() < 2 || is_placeholder(password) || is_usual(password) || password.len() < 6 {
        return None;
    }
    // The same word twice is a habit of examples, as in postgres:postgres.
    let user = text.get(3..found.start().saturating_sub(1)).unwrap_or_default();
    if user.eq_ignore_ascii_case(password) || is_wordy(password) {
        return None;
    }
    Some(Candidate {
        start: found.start(),
        end: found.end(),
        id: "connection-string",
        title: "a password in an address",
        severity: Severity::Critical,
    })
}

/// Whether a value stands for another one or says itself that it is an example.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    const PARTS: [&[u8]; 34] = [
        b"example",
        b"sample",
        b"dummy",
        b"placeholder",
        b"changeme",
        b"change-me",
        b"change_me",
        b"redacted",
        b"your",
        b"insert",
        b"fake",
        b"mock",
        b"xxxx",
        b"****",
        b"....",
        b"todo",
        b"not-a-",
        b"notasecret",
        b"${",
        b"{{",
        b"$(",
        b"%(",
        b"<%",
        b"env(",
        b"getenv",
        b"process.env",
        b"os.environ",
        b"secretkeyref",
        b"vault:",
        b"hunter2",
        b"correct-horse",
        b"lorem",
        b"foobar",
        b"test",
    ];
    let low = value.to_ascii_lowercase();
    let inner = low.trim_ascii();
    inner.first().is_some_and(|byte| matches!(byte, b'$' | b'<' | b'%' | b'@' | b'&' | b'!' | b'/' | b'.'))
        || PARTS.iter().any(|part| memchr::memmem::find(inner, part).is_some())
        || has_run(inner, 6)
}

/// Passwords that stand in every tutorial.
fn is_usual(value: &[u8]) -> bool {
    const USUAL: [&[u8]; 12] = [
        b"password",
        b"passw0rd",
        b"password1",
        b"password123",
        b"secret",
        b"postgres",
        b"mysql",
        b"admin",
        b"root",
        b"guest",
        b"default",
        b"letmein",
    ];
    USUAL.iter().any(|usual| usual.eq_ignore_ascii_case(value))
}

/// Words and numbers with marks between them: `my-service-v2`, `app.settings.key`, `refresh_token`.
fn is_wordy(value: &[u8]) -> bool {
    value.split(|byte| !byte.is_ascii_alphanumeric()).all(|part| {
        let letters = part.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        let digits = part.len() - letters;
        letters == 0 || digits == 0 || (digits <= 2 && is_worded(part))
    }) && !has_strange_case(value)
}

/// Letters first, digits last.
fn is_worded(part: &[u8]) -> bool {
    let first = part.iter().position(u8::is_ascii_digit).unwrap_or(part.len());
    part.iter().skip(first).all(u8::is_ascii_digit)
}

/// Whether capitals stand where no name in camel case has them.
fn has_strange_case(value: &[u8]) -> bool {
    let changes = value
        .windows(2)
        .filter(|pair| matches!(pair, [one, two] if one.is_ascii_lowercase() && two.is_ascii_uppercase()))
        .count();
    changes * 4 > value.len().max(8)
}

/// Whether a generator made it: long, mixed, and of nothing that names things.
fn looks_generated(value: &[u8]) -> bool {
    if value.len() < 16 || value.len() > 200 || is_placeholder(value) || has_blank(value) || !value.is_ascii()
    {
        return false;
    }
    if is_named(value) || is_wordy(value) || is_uuid(value) {
        return false;
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    if hex {
        return value.len() >= 32 && entropy(value) >= 3.0;
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let plain = value.iter().filter(|byte| is_base64(**byte)).count();
    // Generators write letters and digits; a text of code or of prose has marks all over.
    digits >= 2 && letters >= 6 && plain * 10 >= value.len() * 9 && entropy(value) >= 3.6
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b'~')
}

/// Whether somebody may have thought of it as a password: letters with digits and a mark or a capital between.
fn looks_like_password(value: &[u8]) -> bool {
    if value.len() < 8 || value.len() > 128 || is_placeholder(value) || is_usual(value) || has_blank(value) {
        return false;
    }
    if is_named(value) || is_wordy(value) || !value.is_ascii() {
        return false;
    }
    let has = |fits: fn(&u8) -> bool| usize::from(value.iter().any(fits));
    let kinds = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation);
    let code =
        value.iter().filter(|byte| matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'\\')).count();
    has(u8::is_ascii_digit) == 1 && kinds >= 3 && code == 0 && entropy(value) >= 2.75
}

fn has_blank(value: &[u8]) -> bool {
    value.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

/// Checksums, addresses, paths and names of things.
fn is_named(value: &[u8]) -> bool {
    const STARTS: [&[u8]; 16] = [
        b"sha1-",
        b"sha256",
        b"sha384-",
        b"sha512",
        b"md5",
        b"http://",
        b"https://",
        b"arn:",
        b"urn:",
        b"file:",
        b"projects/",
        b"secret/",
        b"data:",
        b"ref+",
        b"--",
        b"@",
    ];
    STARTS.iter().any(|start| value.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start)))
        || memchr::memmem::find(value, b"://").is_some()
        || memchr::memmem::find(value, b"::").is_some()
        || memchr::memchr_iter(b'/', value).count() > 3
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{address, assignment};

    /// Generated for the test, so that no secret-shaped text stands in the repository.
    fn noise(length: usize) -> String {
        let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').chain(b'0'..=b'9').collect();
        let mut state = 12_345_u64;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(*letters.get((state >> 33) as usize % letters.len()).unwrap())
            })
            .collect()
    }

    fn found(text: &str, word: &str, settings: bool) -> bool {
        assignment(text.as_bytes(), word, settings).is_some()
    }

    #[test]
    fn a_generated_value_behind_a_telling_name_is_found() {
        let value = noise(32);
        assert!(found(&format!("secret = \"{value}\""), "secret", false));
        assert!(found(&format!("token_for_builds: '{value}'"), "token", false));
        assert!(found(&format!("api_key: &str = \"{value}\""), "api_key", false));
        assert!(found(&format!("TOKEN={value}\n"), "token", true));
        assert!(!found(&format!("token = {value}\n"), "token", false), "code refers to a variable");
    }

    #[test]
    fn names_places_and_examples_are_no_secrets() {
        for value in [
            "my-service-access-token-v2",
            "${SECRET_FROM_ELSEWHERE}",
            "projects/acme/secrets/main/versions/3",
            "sha256:0123456789abcdef0123456789abcdef",
            "example-0a1B2c3D4e5F6g7H",
            "refreshTokenExpirationInMinutes",
            "the user's token of the other realm",
            "123e4567-e89b-12d3-a456-426614174000",
        ] {
            assert!(!found(&format!("token = \"{value}\""), "token", false), "{value}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_found_and_habits_are_not() {
        let password = noise(14);
        let text = format!("://shop:{password}@db.acme.internal:5432/shop");
        let candidate = address(text.as_bytes(), b"postgres").unwrap();
        assert_eq!(text.get(candidate.start..candidate.end), Some(password.as_str()));
        for usual in
            ["://postgres:postgres@db/", "://u:password@db/", "://u:${PASSWORD}@db/", "://host:8080/a@b"]
        {
            assert!(address(usual.as_bytes(), b"postgres").is_none(), "{usual}");
        }
    }
}
