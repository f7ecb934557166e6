//! Why a document of evidence cannot be used.

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum SupplyError {
    /// It is larger than anybody's.
    #[error("the document has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// It is none of the known kinds.
    #[error(
        "the document is of no known format; known are SARIF, Trivy's JSON, CycloneDX (JSON, XML), SPDX (JSON, \
         tag-value), in-toto statements, DSSE envelopes and Sigstore bundles"
    )]
    UnknownFormat,
    /// It is of a version that is not read.
    #[error("{format} of version {version} is not read; {known}")]
    UnknownVersion {
        /// The format's name.
        format: &'static str,
        /// The version that it says.
        version: String,
        /// Which versions are.
        known: &'static str,
    },
    /// It breaks its own format.
    #[error("the document is no valid {format}: {reason}")]
    Malformed {
        /// The format's name.
        format: &'static str,
        /// What is wrong, and where when known.
        reason: String,
    },
}

impl SupplyError {
    pub(crate) fn malformed(format: &'static str, reason: impl std::fmt::Display) -> Self {
        // Parsers quote what they stumbled over; a short piece is enough.
        Self::Malformed { format, reason: reason.to_string().chars().take(300).collect() }
    }
}
