//! Reads, validates and stitches entities into an indexed snapshot that answers questions.
//!
//! The way of an entity: [`ingest`] reads the files of a source and [`validate`]s each document; [`diff`] says
//! what that changes against what was known; the ledger keeps [`StoredEntity`]s; [`Snapshot::build`] stitches
//! them together and answers queries, facets, searches and graph questions.
//!
//! Everything here is a pure function of its arguments: no files, no network, no clock.

mod address;
mod change;
mod dependency;
mod draft;
mod entity_json;
mod envelope;
mod facet;
mod field_format;
mod field_path;
mod graph;
mod ingest;
mod kind;
mod ownership;
mod placeholder;
mod query;
mod relation;
mod schema;
mod search;
mod snapshot;
mod stored;
mod validate;

pub use change::{BrokenEntity, Change, diff};
pub use dependency::Dependent;
pub use draft::Draft;
pub use graph::{Graph, GraphEdge, GraphNode};
pub use ingest::{IngestedEntity, Ingestion, SourceInfo, ingest, ingest_all};
pub use kind::{is_policy, known_kinds};
pub use query::{Order, Page, Query};
pub use search::SearchHit;
pub use snapshot::{CatalogEntity, DanglingRelation, Snapshot};
pub use stored::{StoredDraft, StoredEntity};
pub use validate::validate;
