//! Repositories on the embedded forge, branches and commits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest owner or repository name, as on most forges.
pub const MAX_NAME: usize = 100;

/// `owner/name` of a repository on the embedded forge. Both parts are safe as one folder name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryRef {
    owner: String,
    name: String,
}

/// A text that names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a repository; expected owner/name, each of letters, digits, '-', '_' or '.', beginning with a letter or digit, at most 100 characters"
)]
pub struct RepositoryRefError(String);

fn is_safe(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= MAX_NAME
        && part.starts_with(|first: char| first.is_ascii_alphanumeric())
        && part.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
        && !part.contains("..")
        && !part.ends_with('.')
        && !has_extension(part, "git")
        && !has_extension(part, "lock")
}

fn has_extension(part: &str, extension: &str) -> bool {
    part.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(extension))
}

impl RepositoryRef {
    /// A reference from its parts, when both are safe.
    pub fn new(owner: &str, name: &str) -> Result<Self, RepositoryRefError> {
        if is_safe(owner) && is_safe(name) {
            return Ok(Self { owner: owner.to_owned(), name: name.to_owned() });
        }
        Err(RepositoryRefError(format!("{owner}/{name}").chars().take(250).collect()))
    }

    /// The owner (organisation, team or person).
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl fmt::Debug for RepositoryRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for RepositoryRef {
    type Err = RepositoryRefError;

    fn from_str(text: &str) -> Result<Self, RepositoryRefError> {
        let (owner, name) = text.split_once('/').ok_or_else(|| RepositoryRefError(text.to_owned()))?;
        Self::new(owner, name)
    }
}

impl TryFrom<String> for RepositoryRef {
    type Error = RepositoryRefError;

    fn try_from(text: String) -> Result<Self, RepositoryRefError> {
        text.parse()
    }
}

impl From<RepositoryRef> for String {
    fn from(reference: RepositoryRef) -> Self {
        reference.to_string()
    }
}

/// A branch name that git accepts (the rules of `git check-ref-format`, a little stricter).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

/// A text that is no branch name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a branch name")]
pub struct BranchNameError(String);

impl BranchName {
    /// `main`.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The name without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BranchName {
    type Err = BranchNameError;

    fn from_str(text: &str) -> Result<Self, BranchNameError> {
        let valid = !text.is_empty()
            && text.len() <= 200
            && text.split('/').all(|part| {
                !part.is_empty()
                    && !part.starts_with(['.', '-'])
                    && !part.ends_with('.')
                    && !has_extension(part, "lock")
                    && part.chars().all(|c| c.is_alphanumeric() || "-_.+#".contains(c))
                    && !part.contains("..")
            });
        if valid { Ok(Self(text.to_owned())) } else { Err(BranchNameError(text.chars().take(200).collect())) }
    }
}

impl TryFrom<String> for BranchName {
    type Error = BranchNameError;

    fn try_from(text: String) -> Result<Self, BranchNameError> {
        text.parse()
    }
}

impl From<BranchName> for String {
    fn from(name: BranchName) -> Self {
        name.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A commit's object name: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

/// A text that is no commit's object name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a commit; expected 40 hexadecimal digits")]
pub struct CommitIdError(String);

impl CommitId {
    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = CommitIdError;

    fn from_str(text: &str) -> Result<Self, CommitIdError> {
        let valid = matches!(text.len(), 40 | 64) && text.chars().all(|digit| digit.is_ascii_hexdigit());
        if valid {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(CommitIdError(text.chars().take(100).collect()))
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = CommitIdError;

    fn try_from(text: String) -> Result<Self, CommitIdError> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(commit: CommitId) -> Self {
        commit.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{BranchName, RepositoryRef};

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for text in
            ["a/../b", "../b", "a/b/c", "a/.git", "a/b.git", "a/b.LOCK", "a/", "/b", "a b/c", "a/-b", "a/b."]
        {
            assert!(text.parse::<RepositoryRef>().is_err(), "{text}");
        }
        assert_eq!("acme/orders-api".parse::<RepositoryRef>().unwrap().to_string(), "acme/orders-api");
    }

    #[test]
    fn branch_names_cannot_be_options_or_climb() {
        for text in ["-x", "a..b", "a/.b", "a.lock", "", "a b", "a~1", "a//b", "a^"] {
            assert!(text.parse::<BranchName>().is_err(), "{text}");
        }
        assert!("feature/x-1".parse::<BranchName>().is_ok());
    }
}
