//! Evaluates policies over objects and says what is wrong, where, and how to mend it.
//!
//! Policies are Gatekeeper's (ConstraintTemplates in Rego or CEL, and Constraints), Kubernetes' own
//! (ValidatingAdmissionPolicy) and Kyverno's; over files of any format they are Rego as conftest runs it. What cannot be evaluated is said so and never counts as passed. This
//! room must not decide what a finding leads to, read files or talk to a cluster; its only use of time is the budget
//! that stops an endless policy.

mod admission;
mod admission_decision;
mod admission_match;
mod admission_policy;
mod bounded_builtins;
mod builtins;
pub mod cel;
mod cel_template;
mod constraint;
mod dialect;
mod difference;
mod evaluation;
mod explanation;
mod file_format;
mod file_policy;
mod finding;
mod format;
mod gatekeeper;
pub mod gatekeeper_suite;
mod guard;
mod inventory;
mod known;
pub mod kyverno;
mod list;
mod locate;
mod matching;
mod mending;
mod patch;
mod place;
mod program_pool;
mod rego;
mod report;
mod resource_name;
mod review;
mod set;
mod supply_chain;
mod template;
mod test_report;
mod token;
mod unit;
mod unit_reach;
mod vpol;
mod vpol_autogen;
mod vpol_exception;
mod vpol_mutate;
mod vpol_set;

pub use admission::{ADMISSION_VERSION, AdmissionError, AdmissionRequest, Assessment, admission_review};
pub use admission_decision::{
    Admission, AdmissionMode, AdmissionSettings, Consequence, FailurePolicy, consequence,
};
pub use evaluation::IsOver;
pub use file_format::{FileDocument, FileFormat, read_file};
pub use file_policy::{FilePolicies, RegoFile, run_tests};
pub use known::KnownObjects;
pub use list::listed_objects;
pub use mending::Mending;
pub use place::{add_lines, pointer_of};
pub use report::{finding_junit, policy_reports, sarif, test_report, test_sarif};
pub use set::{PolicyDocument, PolicyInfo, PolicyObject, PolicySet};
pub use test_report::{TestCase, TestCounts, TestOutcome, junit};
pub use unit::{OtherObjects, PolicyUnit};
