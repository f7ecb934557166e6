//! What can go wrong.

/// A failure of the index itself; no text that a person types leads here.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index could not be made, written or read.
    #[error("the search index failed while {doing}: {source}")]
    Index {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: tantivy::TantivyError,
    },
}

impl SearchError {
    /// For `map_err`.
    pub(crate) fn while_doing(doing: &'static str) -> impl Fn(tantivy::TantivyError) -> Self {
        move |source| Self::Index { doing, source }
    }
}
