//! Finds secrets in text: known shapes of tokens, keys and connection strings, and assignments of what looks random.
//!
//! What is found is told by its kind, place, length and a fingerprint. The secret itself is never returned, kept or
//! printed, and this room must not read files, decide what a finding leads to, or ask anybody whether a secret works.

mod allow;
mod entropy;
mod finding;
mod generic;
mod rule;
mod rules;
mod scan;
mod source;

pub use allow::{ALLOW_FILE, AllowList};
pub use finding::{SecretFinding, SkipReason};
pub use rule::Rule;
pub use rules::rules;
pub use scan::{FILE_BYTES, FINDINGS_PER_FILE, FileScan, scan};
