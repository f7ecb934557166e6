//! Runs: plans being applied, step by step, and undone.

use serde::{Deserialize, Serialize};

use crate::plan::{OutputLink, OutputText};
use crate::repository::CommitId;
use crate::{Actor, Digest, EntityRef, Origin, Timestamp};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Effects are being applied.
    Running,
    /// Every effect was applied.
    Completed,
    /// An effect failed; those before it stand and can be undone.
    Failed,
    /// Effects are being undone.
    Undoing,
    /// Every applied effect was undone, or is listed with the reason why not.
    Undone,
}

impl RunStatus {
    /// Whether nothing more happens by itself.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Undone)
    }
}

/// Where one effect stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum EffectStatus {
    /// Not yet begun.
    Pending,
    /// Begun; after a crash it is verified before it is begun again.
    Began,
    /// Done.
    Done {
        /// What came of it.
        outcome: EffectOutcome,
    },
    /// It failed, and changed nothing.
    Failed {
        /// What happened and what to do next.
        message: String,
    },
    /// It was undone.
    Undone {
        /// What had come of it.
        #[serde(default)]
        outcome: EffectOutcome,
    },
    /// It cannot be undone.
    Kept {
        /// Why, and what a person can do.
        reason: String,
    },
}

/// What came of an applied effect; what undo needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectOutcome {
    /// The commit that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// The commit that the branch was at before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CommitId>,
    /// The identifier of what was made (a source, a notification).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Whether it was there before, so that undo leaves it alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existed: bool,
}

/// One effect of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEffect {
    /// Where it stands.
    #[serde(flatten)]
    pub status: EffectStatus,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// One line that a run says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunLine {
    /// When.
    pub at: Timestamp,
    /// The step that says it, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What it says.
    pub message: String,
}

/// A plan being applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The run's identifier, a UUID of version 7.
    pub id: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The plan's title.
    pub title: String,
    /// The Template entity, when the plan was made from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<EntityRef>,
    /// Whoever the result belongs to, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<EntityRef>,
    /// Who said yes.
    pub actor: Actor,
    /// Through which face.
    pub origin: Origin,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub started_at: Timestamp,
    /// When it settled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Where it stands.
    pub status: RunStatus,
    /// The effects, as in the plan.
    pub effects: Vec<RunEffect>,
    /// What it says.
    pub log: Vec<RunLine>,
    /// Links that it ends with.
    #[serde(default)]
    pub links: Vec<OutputLink>,
    /// Texts that it ends with.
    #[serde(default)]
    pub texts: Vec<OutputText>,
    /// How often it was taken up again after the process ended in the middle.
    #[serde(default)]
    pub resumed: u32,
}
