//! Change requests: a branch that somebody asks to be merged, what people said about it, and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::repository::{BranchName, CommitId, RepositoryRef};
use crate::{EntityRef, Timestamp};

/// A change request on the embedded forge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRequest {
    /// Where.
    pub repository: RepositoryRef,
    /// Its number in the repository, from 1.
    pub number: u64,
    /// One line.
    pub title: String,
    /// Markdown; may be empty.
    #[serde(default)]
    pub description: String,
    /// Who opened it.
    pub author: EntityRef,
    /// The branch with the change.
    pub source: BranchName,
    /// The branch that it is to be merged into.
    pub target: BranchName,
    /// The newest commit of the source branch that is known.
    pub head: CommitId,
    /// How it stands.
    pub state: ChangeState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// The entity that it changes, when it was made from one's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// The fields of that entity that it changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// What was said, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// What reviewers decided, oldest first; the last of each person counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Review>,
}

/// How a change request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum ChangeState {
    /// It waits.
    Open,
    /// Its commits are in the target branch.
    Merged {
        /// The commit that the target branch was at then.
        commit: CommitId,
        /// Who merged it.
        by: EntityRef,
        /// When.
        at: Timestamp,
    },
    /// It was given up.
    Closed {
        /// Who closed it.
        by: EntityRef,
        /// When.
        at: Timestamp,
    },
}

impl ChangeState {
    /// A word for people and addresses.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged { .. } => "merged",
            Self::Closed { .. } => "closed",
        }
    }
}

/// A field of an entity as it is and as it would be. Values are in YAML's words; absent ones are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field, for example `spec.owner`.
    pub field: String,
    /// The value now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The value after the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Its number in the change request, from 1.
    pub number: u64,
    /// Who said it.
    pub author: EntityRef,
    /// When.
    pub at: Timestamp,
    /// Markdown.
    pub text: String,
    /// The line that it is about; the whole change when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CommentPlace>,
}

/// A line of a changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentPlace {
    /// The file.
    pub path: String,
    /// The line after the change, from 1.
    pub line: u32,
    /// The commit that was looked at.
    pub commit: CommitId,
}

/// What a reviewer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may be merged.
    Approve,
    /// It may not be merged as it is.
    RequestChanges,
}

impl Verdict {
    /// The verdict of a word, as in `approve` or `request-changes`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "approve" => Some(Self::Approve),
            "request-changes" => Some(Self::RequestChanges),
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Approve => "approve",
            Self::RequestChanges => "request-changes",
        })
    }
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub author: EntityRef,
    /// When.
    pub at: Timestamp,
    /// What they decided.
    pub verdict: Verdict,
    /// Why, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The commit that they looked at; a newer one makes an approval outdated.
    pub commit: CommitId,
}

impl ChangeRequest {
    /// `owner/name#number`, the subject of its facts.
    pub fn id(&self) -> String {
        format!("{}#{}", self.repository, self.number)
    }

    /// Whether it waits to be merged.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, ChangeState::Open)
    }

    /// The last review of each person, in the order in which they came.
    pub fn standing_reviews(&self) -> Vec<&Review> {
        let is_last = |index: usize, review: &Review| {
            !self.reviews.iter().skip(index + 1).any(|later| later.author == review.author)
        };
        let indexed = self.reviews.iter().enumerate();
        indexed.filter(|(index, review)| is_last(*index, review)).map(|(_, review)| review).collect()
    }

    /// The people whose objection stands in the way. One that was given on an older commit still does: the author
    /// asks for a new look.
    pub fn objections(&self) -> Vec<&EntityRef> {
        let standing = self.standing_reviews().into_iter();
        standing
            .filter(|review| review.verdict == Verdict::RequestChanges)
            .map(|review| &review.author)
            .collect()
    }

    /// The people who approved what would be merged now; an author's own approval does not count.
    pub fn approvals(&self) -> Vec<&EntityRef> {
        let counts = |review: &&Review| {
            review.verdict == Verdict::Approve && review.commit == self.head && review.author != self.author
        };
        self.standing_reviews().into_iter().filter(counts).map(|review| &review.author).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{ChangeRequest, ChangeState, Review, Verdict};
    use crate::repository::{BranchName, CommitId};
    use crate::{EntityRef, Timestamp};

    fn person(name: &str) -> EntityRef {
        EntityRef::new("user", "default", name)
    }

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn request(reviews: &[(&str, Verdict, char)]) -> ChangeRequest {
        ChangeRequest {
            repository: "acme/shop".parse().unwrap(),
            number: 3,
            title: "Say who owns it".into(),
            description: String::new(),
            author: person("ada"),
            source: "owner".parse().unwrap(),
            target: BranchName::main(),
            head: commit('2'),
            state: ChangeState::Open,
            opened_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            entity: None,
            fields: Vec::new(),
            comments: Vec::new(),
            reviews: reviews
                .iter()
                .map(|(name, verdict, digit)| Review {
                    author: person(name),
                    at: Timestamp::UNIX_EPOCH,
                    verdict: *verdict,
                    text: String::new(),
                    commit: commit(*digit),
                })
                .collect(),
        }
    }

    #[test]
    fn the_last_word_of_each_reviewer_counts_and_a_push_makes_an_approval_outdated() {
        let changes = [
            ("grace", Verdict::RequestChanges, '1'),
            ("grace", Verdict::Approve, '2'),
            ("linus", Verdict::Approve, '1'),
            ("ada", Verdict::Approve, '2'),
        ];
        let request = request(&changes);
        assert_eq!(request.approvals(), [&person("grace")], "one is outdated, and one is the author's own");
        assert!(request.objections().is_empty());
    }

    #[test]
    fn an_objection_stands_until_its_author_takes_it_back() {
        let request = request(&[("grace", Verdict::RequestChanges, '1'), ("linus", Verdict::Approve, '2')]);
        assert_eq!(request.objections(), [&person("grace")]);
    }
}
