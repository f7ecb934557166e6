//! What every page knows besides its own view: who looks, where they are, what runs.

use fairway_domain::{EntityRef, Role, Timestamp};

/// The places of the left rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// `/`
    #[default]
    Home,
    /// `/catalog`
    Catalog,
    /// `/create`
    Create,
    /// `/environments`
    Environments,
    /// `/guardrails`
    Guardrails,
    /// `/repositories`
    Repositories,
    /// `/runs`
    Runs,
    /// `/audit`
    Audit,
    /// `/platform`
    Platform,
    /// No place of the rail (tokens, sign-in, search, errors).
    Elsewhere,
}

/// The person who looks.
#[derive(Clone, Debug)]
pub struct CallerView {
    /// For example `ada`.
    pub name: String,
    /// Bounds what they may do.
    pub role: Role,
    /// Whether nobody is signed in.
    pub guest: bool,
    /// Whether there is a session to end.
    pub signed_in: bool,
    /// The page of the person in the catalog, when they have one.
    pub url: Option<String>,
}

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Info,
    /// It went well.
    Good,
    /// Look at it.
    Warning,
    /// It is broken.
    Bad,
}

/// One line above the page's content.
#[derive(Clone, Debug)]
pub struct Notice {
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub message: String,
    /// The next step: its text and address.
    pub action: Option<(String, String)>,
}

/// The data of the shell around every page.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// The page's title, without the product's name.
    pub title: String,
    /// The place in the rail.
    pub active: Section,
    /// The way here: texts with addresses; the last one is this page and needs none.
    pub breadcrumbs: Vec<(String, Option<String>)>,
    /// Who looks.
    pub caller: CallerView,
    /// How many runs are under way.
    pub running: usize,
    /// Lines above the content.
    pub notices: Vec<Notice>,
    /// The organisation's name.
    pub organisation: String,
    /// The moment that relative times count from.
    pub now: Timestamp,
    /// Path and query of this page, for sign-in to come back to.
    pub address: String,
    /// The stream of events that say when this page would look different; none for a page that never does.
    pub follow: Option<String>,
    /// The entity whose page it is, for the list of those that were looked at last.
    pub seen: Option<EntityRef>,
    /// The moment that the page shows, `?at=`; none for now. Links within the catalog stay there.
    pub at: Option<String>,
}

impl Chrome {
    /// The same page, which draws itself again when what it shows changes: one entity, or anything.
    #[must_use]
    pub fn followed(mut self, about: Option<&EntityRef>) -> Self {
        self.follow =
            Some(about.map_or_else(|| "/changes".to_owned(), |about| format!("/changes?about={about}")));
        self
    }

    /// A shell for a guest at a page; the caller fills in the rest.
    pub fn new(title: impl Into<String>, active: Section, now: Timestamp) -> Self {
        Self {
            title: title.into(),
            active,
            breadcrumbs: Vec::new(),
            caller: CallerView {
                name: "guest".into(),
                role: Role::Reader,
                guest: true,
                signed_in: false,
                url: None,
            },
            running: 0,
            notices: Vec::new(),
            organisation: "Fairway".into(),
            now,
            address: "/".into(),
            follow: None,
            seen: None,
            at: None,
        }
    }
}
