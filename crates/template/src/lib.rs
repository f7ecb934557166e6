//! Renders template languages, on single texts and on trees of files: Nunjucks as Backstage runs it, Go's text/template
//! as Argo CD's ApplicationSets have it, Jinja as Cookiecutter sets it up, and Cookiecutter itself.
//!
//! Each language has a module of its own; they share the [`Budget`], the errors, and the trees of files.
//!
//! Templates are hostile input: every render has a [`Budget`]. This room must not read files, a clock, the network or
//! the environment, and it draws no random numbers; the same input always gives the same output or the same error.

#![expect(clippy::unnecessary_box_returns, reason = "faults travel boxed, so that results stay small")]

mod budget;
pub mod cookiecutter;
mod error;
mod explanation;
pub mod fasttemplate;
mod fetch_template;
pub mod gotemplate;
pub mod jinja;
mod language;
pub mod nunjucks;
mod reference;
mod tree;

pub use budget::{Budget, Deadline};
pub use error::{TemplateError, TemplateErrorKind};
pub use explanation::{Explanation, NameUse, Place, VariableUse};
pub use fetch_template::{FetchTemplate, fetch_template};
pub use language::Language;
pub use nunjucks::{Environment, referenced_variables};
pub use reference::{Entry, EntryKind, Example};
pub use tree::TreeReport;
