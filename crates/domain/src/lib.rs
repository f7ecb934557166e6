//! The words of the house: entities, references, facts, plans, effects, findings, callers and ports.
//!
//! Everything here is a value. This room must not do I/O, read a clock or the environment, draw random
//! numbers or print; whoever needs the time or an identifier is handed one.

pub mod caller;
pub mod canonical;
pub mod change_request;
pub mod clock;
pub mod cost;
pub mod delivery;
pub mod diagnostic;
pub mod digest;
pub mod entity;
pub mod entity_ref;
pub mod environment;
pub mod fact;
pub mod finding;
pub mod near;
pub mod plan;
pub mod relation_type;
pub mod repository;
pub mod run;
pub mod secret;
pub mod tree;
pub mod waiver;

pub use caller::{Actor, Caller, Origin, Permission, Role};
pub use clock::{Clock, Timestamp};
pub use diagnostic::{Diagnostic, DiagnosticSeverity, SourceLocation};
pub use digest::Digest;
pub use entity::{Entity, Relation};
pub use entity_ref::{EntityRef, EntityRefError};
pub use near::near_names;
pub use relation_type::RelationType;
pub use secret::Secret;
