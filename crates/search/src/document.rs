//! What is put into the index.

/// Something that people look for: an entity, a page, an operation of an API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchDocument {
    /// Identifies it among all documents; a document with the same identifier replaces it.
    pub id: String,
    /// The document that it is a part of, by identifier; empty for one that stands alone. A part goes when its whole
    /// goes or is replaced, so the two are put in together, the whole first.
    pub part_of: String,
    /// What machines call it, for example `orders-api`; not read of a part.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Tags, the kind, the type, the owner's name and other words that it is filed under.
    pub labels: Vec<String>,
    /// A paragraph about it.
    pub description: String,
    /// Everything else that it says.
    pub body: String,
    /// Values that answers can be narrowed down to, by name. Those named in [`FACETS`](crate::FACETS) are counted, and
    /// `owner` is what [`SearchRequest::owners`](crate::SearchRequest::owners) is compared with.
    pub attributes: Vec<(String, String)>,
    /// Which of two that fit equally comes first, from 0 to [`SearchDocument::HIGHEST_WEIGHT`].
    pub weight: u8,
}

impl SearchDocument {
    /// More would outweigh a better fit.
    pub const HIGHEST_WEIGHT: u8 = 9;
}
