//! Kyverno's policies in its own language: ClusterPolicy, Policy and PolicyException.
//!
//! Policies are read once. Nothing is fetched: data from outside is what is given, and a rule that needs more
//! says so and does not pass.

mod anchor;
mod attestation;
mod attestor;
mod autogen;
mod cel_rule;
mod condition;
mod context;
mod duration;
mod engine;
mod entry;
mod exception;
mod findings;
mod generate;
mod image;
mod jmespath;
pub(crate) mod json_patch;
mod mutate;
mod overlay;
mod pattern;
mod pod_security;
mod policy;
mod quantity;
mod request;
mod role;
mod rule;
mod scalar;
mod selection;
mod source;
mod status;
mod strategic;
pub mod suite;
mod template;
mod validate;
mod verify;
mod version;
pub(crate) mod wildcard;

pub(crate) use findings::KyvernoPolicies;
pub(crate) use image::ImageReference;
pub use request::{Operation, User};
pub(crate) use source::Objects;
pub use status::{RuleResult, Status};
