//! Cookiecutter: a tree with `cookiecutter.json` and answers become a project, as Cookiecutter 2.7 does it without
//! asking.
//!
//! Nothing is run. Hooks are programs of strangers: they are refused by name, left out, or handed back for the caller
//! to run where they can do no harm. Python extensions cannot be run at all.

mod binary;
mod context;
mod environment;
mod generate;
mod glob;
mod hooks;
mod newline;
mod prompts;
mod source;

use std::sync::Arc;

use fairway_domain::tree::TreePath;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::budget::Budget;
use crate::error::{TemplateError, TemplateErrorKind};

pub use generate::{Generated, generate};
pub use hooks::{Hook, Hooks, Stage};
pub use prompts::{Choice, Prompt, PromptKind, prompts};

/// What a run is given.
#[derive(Clone, Default)]
pub struct Cookiecutter {
    /// Answers by variable, as Cookiecutter's `extra_context`: they are rendered like defaults, a choice has to be one
    /// of the choices, and names that the template does not ask for are left out. The answer `templates` or `template`
    /// picks a nested template.
    pub answers: Map<String, Json>,
    /// Variables that are put into `cookiecutter.json` before anything is read from it.
    pub variables: Map<String, Json>,
    /// The folder of the template inside of the tree.
    pub directory: Option<TreePath>,
    /// The folder of the workspace that the project's folder is put into.
    pub target: Option<TreePath>,
    /// What `_template` says.
    pub template: String,
    /// What the tree is called; `_repo_dir` is this with the template's folder.
    pub repository: String,
    /// What `_output_dir` says.
    pub output: String,
    /// What `_checkout` says.
    pub checkout: Option<String>,
    /// Whether a project may be put over one that is there.
    pub overwrite: bool,
    /// Whether files that are there stay.
    pub skip_existing: bool,
    /// What happens to hooks.
    pub hooks: Hooks,
    /// Leaves Python extensions out, so that only what uses them fails.
    pub ignore_extensions: bool,
    /// The time that `now` shows.
    pub now: Option<Timestamp>,
    /// 64 random bits at each call, for `random_ascii_string`, `uuid4` and `random`.
    pub random: Option<Arc<dyn Fn() -> u64 + Send + Sync>>,
    /// The limits of each file; all files together may not print more than its memory.
    pub budget: Budget,
}

impl std::fmt::Debug for Cookiecutter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cookiecutter").field("answers", &self.answers).finish_non_exhaustive()
    }
}

/// An error that no place in a file belongs to.
fn refuse(kind: TemplateErrorKind, name: &str, message: String, hint: &str) -> TemplateError {
    TemplateError {
        name: name.to_owned(),
        line: 1,
        column: 1,
        source_line: String::new(),
        message,
        hint: Some(hint.to_owned()),
        kind,
    }
}
