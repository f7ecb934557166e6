//! Reads, validates and stitches entities into an indexed snapshot that answers questions.
//!
//! The way of an entity: [`ingest`] reads the files of a source and [`validate`]s each document; [`diff`] says
//! what that changes against what was known; the ledger keeps [`StoredEntity`]s; a [`Snapshot`] stitches
//! them together and answers selections, facets and graph questions. [`Snapshot::with`] gives the next
//! snapshot for what the changes cost: it shares its immutable, indexed segments with the one before.
//!
//! Everything here is a pure function of its arguments: no files, no network, no clock.

mod address;
mod ancestry;
mod bits;
mod blame;
mod bundle;
mod change;
mod cursor;
mod cycle;
mod dependency;
mod difference;
mod draft;
mod edit;
mod entity;
mod entity_json;
mod envelope;
mod error;
mod evaluate;
mod explore;
mod facet;
mod field;
mod field_format;
mod field_index;
mod filter_grammar;
mod graph;
pub mod human;
mod ingest;
mod kind;
mod loose_reference;
mod near;
mod node;
mod ordering;
mod ownership;
mod parallel;
mod placeholder;
mod predicate;
mod predicate_grammar;
mod query;
mod reach;
mod relation;
mod rename;
mod rules;
mod schema;
mod segment;
mod selecting;
mod selection;
mod snapshot;
mod stitch;
mod stored;
mod truth;
mod validate;

pub use blame::{FieldBlame, Known, blame};
pub use change::{BrokenEntity, Change, RemovalLimit, diff};
pub use dependency::Dependent;
pub use difference::{FieldChange, field_changes, text_changes};
pub use draft::Draft;
pub use edit::{FORMERLY, FieldEdit, append_document, edit_document, edits_between};
pub use entity::CatalogEntity;
pub use error::QueryError;
pub use explore::{Exploration, ExploreDirection, Explored, ExploredNode};
pub use filter_grammar::filters;
pub use graph::{Graph, GraphEdge, GraphNode};
pub use ingest::{ForeignTarget, IngestedEntity, Ingestion, Model, SourceInfo, ingest, ingest_all};
pub use kind::{Column, KindDefinition, KindRegistry, Presentation, RelationRule, is_policy};
pub use loose_reference::loose_references;
pub use predicate::{Field, Predicate};
pub use predicate_grammar::predicate;
pub use query::{Order, Page, Query};
pub use reach::{Direction, Reach, ReachGraph, Reached};
pub use rename::{former_names, references_to, renamed_text};
pub use rules::Rules;
pub use selection::{Facet, FullText, MissingField, OrderField, SelectedPage, Selection};
pub use snapshot::{DanglingRelation, Snapshot};
pub use stitch::EntityChange;
pub use stored::{StoredDraft, StoredEntity};
pub use truth::{
    DeadLink, Evidence, ProposedFix, RepositoryEvidence, TruthCheck, TruthFinding, check_truth, links,
    owners_of,
};
pub use validate::{validate, validate_entity};
