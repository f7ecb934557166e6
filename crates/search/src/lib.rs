//! Finds documents by words: one index in memory over everything that people look for.
//!
//! Documents come and go one by one ([`SearchIndex::apply`]); nothing is ever rebuilt. Words are found whole, by
//! their beginning, by letters inside, by their stem in English, Russian and Turkish, and with a typing error or two.
//! Scores are whole numbers that depend on the document and the question only, so an index that grew step by step
//! answers exactly as one that was filled at once.
//!
//! This room must not know the catalog, callers or HTML: whoever asks decides what may be seen, and draws the marks.
//! It keeps its index in memory and touches no file, network or clock.

mod analysis;
mod collector;
mod distance;
mod document;
mod error;
mod highlight;
mod index;
mod language;
mod question;
mod request;
mod schema;

pub use analysis::normalised;
pub use document::SearchDocument;
pub use error::SearchError;
pub use highlight::{Highlighter, Piece};
pub use index::SearchIndex;
pub use request::{FACETS, Facet, PartText, SearchAnswer, SearchHit, SearchRequest};
