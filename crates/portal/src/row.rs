//! Rows that several pages show: entities, runs, templates, files.

use fairway_domain::run::{EffectStatus, Run, RunStatus};
use fairway_domain::{EntityRef, Timestamp};

use crate::icon;

/// An entity in a table or list.
#[derive(Clone, Debug)]
pub struct EntityRow {
    /// Which.
    pub reference: EntityRef,
    /// The kind in its original case, for example `Component`.
    pub kind: String,
    /// The title, or the name.
    pub title: String,
    /// One line.
    pub description: Option<String>,
    /// `spec.type`.
    pub entity_type: Option<String>,
    /// `spec.lifecycle`.
    pub lifecycle: Option<String>,
    /// Whose.
    pub owner: Option<EntityRef>,
    /// How many errors its source has now.
    pub errors: usize,
    /// How many findings its manifests have now.
    pub findings: usize,
    /// The icon of its kind.
    pub icon: &'static str,
    /// Whether this person starred it.
    pub starred: bool,
    /// As of when it is shown, while its source cannot be read.
    pub stale: Option<Timestamp>,
    /// What the chosen columns hold.
    pub cells: Vec<Cell>,
}

impl EntityRow {
    /// An entity by its reference alone.
    pub fn new(reference: EntityRef, kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            title: reference.name().to_owned(),
            description: None,
            entity_type: None,
            lifecycle: None,
            owner: None,
            errors: 0,
            findings: 0,
            icon: icon::of_kind(kind),
            starred: false,
            stale: None,
            cells: Vec::new(),
            reference,
        }
    }
}

/// What a column holds for one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// A text.
    Text(String),
    /// Another entity.
    Entity(EntityRef),
    /// Several texts.
    Texts(Vec<String>),
    /// A moment.
    At(Timestamp),
}

/// A run in a table or list.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// The run's identifier.
    pub id: String,
    /// The plan's title.
    pub title: String,
    /// Where it stands.
    pub status: RunStatus,
    /// Who said yes.
    pub actor: String,
    /// When.
    pub started_at: Timestamp,
    /// When it settled.
    pub ended_at: Option<Timestamp>,
    /// How many effects are done.
    pub done: usize,
    /// How many effects there are.
    pub total: usize,
}

impl From<&Run> for RunRow {
    fn from(run: &Run) -> Self {
        let done =
            run.effects.iter().filter(|effect| matches!(effect.status, EffectStatus::Done { .. })).count();
        Self {
            id: run.id.clone(),
            title: run.title.clone(),
            status: run.status,
            actor: run.actor.to_string(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            done,
            total: run.effects.len(),
        }
    }
}

/// A golden path in the gallery.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    /// The Template entity.
    pub reference: EntityRef,
    /// Its title.
    pub title: String,
    /// One or two sentences.
    pub description: Option<String>,
    /// `spec.type`, for example `service`.
    pub template_type: String,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it carries the tag `recommended`.
    pub recommended: bool,
    /// How many runs were made from it.
    pub runs: usize,
}

/// A text that leads somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// The text.
    pub title: String,
    /// The address.
    pub url: String,
    /// An icon's name, when there is one for it.
    pub icon: Option<String>,
}
