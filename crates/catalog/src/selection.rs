//! What is asked of the catalog, and what it answers: pages of entities, and the values of fields.

use crate::entity::CatalogEntity;
use crate::predicate::{Field, Predicate};

/// Which entities, in which order, which part of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Which.
    pub predicate: Predicate,
    /// In which order; by `metadata.uid` when empty. Ties are broken by `metadata.uid`.
    pub order: Vec<OrderField>,
    /// Which of these hold a text.
    pub full_text: Option<FullText>,
    /// How many at most; 0 for none.
    pub limit: usize,
    /// How many to pass over. Not looked at when there is a cursor.
    pub offset: usize,
    /// Where to go on: what an earlier answer gave. It carries predicate, order and full text, and those given
    /// beside it are not looked at.
    pub cursor: Option<String>,
    /// Whether to count all that fit.
    pub count_total: bool,
    /// What becomes of entities without a value of the first order field. A cursor carries this, too.
    pub missing: MissingField,
}

/// One field of an order. Values compare in lower case; of several values the smallest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderField {
    /// The field, or [`Field::reference`].
    pub field: Field,
    /// Backwards.
    pub descending: bool,
}

/// A text that one of the fields contains, without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullText {
    /// The text.
    pub term: String,
    /// Where to look; when empty, in the first order field, or `metadata.uid`.
    pub fields: Vec<Field>,
}

/// What becomes of entities without the field of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingField {
    /// They come last, in either direction.
    #[default]
    Last,
    /// They are left out, and not counted.
    Excluded,
}

/// A part of an answer.
#[derive(Debug)]
pub struct SelectedPage<'a> {
    /// The entities.
    pub items: Vec<&'a CatalogEntity>,
    /// How many fit; 0 when not counted.
    pub total: usize,
    /// Leads to what follows; `None` at the end.
    pub next_cursor: Option<String>,
    /// Leads to what comes before; `None` at the beginning.
    pub previous_cursor: Option<String>,
}

/// The values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The field as asked.
    pub field: String,
    /// Its values in their own case, sorted, and how many entities have each.
    pub values: Vec<(String, usize)>,
}
