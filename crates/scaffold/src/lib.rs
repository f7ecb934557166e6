//! Turns a Template entity into a form, and its answers into a plan of effects.
//!
//! Templates are Backstage's `scaffolder.backstage.io/v1beta3`. [`Template::parse`] reads one, [`form()`] says
//! what a person fills in, [`read_answers`] reads what they sent, [`validate()`] judges it, and [`plan()`] walks
//! the steps over an [`ActionRegistry`] and lists every effect, without having any. A [`TemplateCase`] is a test of
//! a template: [`unmet`] and [`unexpected`] say what speaks against it.
//!
//! This room must not touch the world: no clock, network, file, environment variable or random number. What
//! planning may look at comes through [`World`]; the same request over the same world gives the same bytes.

pub mod action;
mod actions;
pub mod answers;
pub mod context;
mod defaults;
pub mod error;
mod example_answers;
mod expression;
pub mod filter;
pub mod form;
mod golden;
mod identity;
mod integrity;
mod message;
mod near;
mod origin;
mod output;
mod output_tree;
mod pattern;
mod picked;
pub mod plan;
pub mod registry;
pub mod repo_url;
mod schema;
pub mod template;
mod template_case;
pub mod validate;
mod verdict;
mod widget;
pub mod world;

pub use action::{Action, ActionExample};
pub use answers::read_answers;
pub use context::{PlannedRepository, StepContext};
pub use error::{ActionError, FailedStep, PlanError, WorldError};
pub use example_answers::example_answers;
pub use filter::{EntityFilter, FilterCondition};
pub use form::{Choice, Field, Form, FormPage, Widget, form};
pub use golden::{golden_tree, tree_difference};
pub use output_tree::output_trees;
pub use plan::{PlanRequest, Planned, plan};
pub use registry::ActionRegistry;
pub use repo_url::RepoUrl;
pub use template::{ActionStep, FormStep, Template};
pub use template_case::{CASE_FILE, Expectation, FileExpectation, Golden, TemplateCase};
pub use validate::{FieldError, secret_answer, validate, validate_page};
pub use verdict::{unexpected, unmet, wrong_answers};
pub use world::World;
