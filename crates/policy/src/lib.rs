//! Evaluates policies over objects and says what is wrong, where, and how to mend it.
//!
//! Policies are Gatekeeper's (ConstraintTemplates in Rego or CEL, and Constraints) and Kyverno's. What cannot be
//! evaluated is said so and never counts as passed. This room must not decide what a finding leads to, read
//! files or talk to a cluster; its only use of time is the budget that stops an endless policy.

mod builtins;
pub mod cel;
mod cel_template;
mod constraint;
mod dialect;
mod format;
mod guard;
mod inventory;
pub mod kyverno;
mod locate;
mod matching;
mod rego;
mod resource_name;
mod review;
mod set;
mod template;
mod token;

pub use set::{PolicyDocument, PolicyInfo, PolicyObject, PolicySet};
