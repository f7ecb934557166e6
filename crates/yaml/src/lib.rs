//! Reads YAML streams with spans, limits and diagnostics that quote the source, and writes YAML that any
//! reader takes back unchanged.
//!
//! The dialect is YAML 1.2 with the core schema and merge keys, as JavaScript's `yaml` package reads it for
//! Backstage: `yes` and `on` are texts, `0123` is the number 123, `1_000` is a text. Values are JSON values.
//! This room must not do I/O: it is handed text and a name for it.

mod compose;
mod core_schema;
mod document;
mod edit;
mod encoding;
mod explain;
mod limits;
mod read;
mod scalar_text;
mod source;
mod write;

pub use document::Document;
pub use edit::{patch, set};
pub use encoding::decode;
pub use limits::Limits;
pub use read::{BrokenDocument, Reading, read};
pub use write::{write, write_documents};
