//! Cursors: where to go on with a list, and with which list, as text that is opaque to whoever holds it.
//!
//! A cursor names the entity at the edge of a page by its values in the order, so that it stays right while entities
//! come and go.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::error::QueryError;
use crate::predicate::{Field, Predicate};
use crate::selection::{FullText, MissingField, OrderField};

/// Longer texts are no cursors.
const LENGTH: usize = 256 * 1024;

/// A place in a list, and what the list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cursor {
    pub(crate) order_fields: Vec<CursorOrder>,
    /// The values of the order's fields in lower case, and the uid.
    pub(crate) order_field_values: Vec<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) full_text_filter: Option<CursorText>,
    pub(crate) predicate: Predicate,
    /// Whether it leads to what comes before.
    pub(crate) is_previous: bool,
    /// Whether entities without the first field are left out.
    pub(crate) excluding: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CursorOrder {
    field: Field,
    order: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Asc,
    Desc,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CursorText {
    term: String,
    fields: Vec<Field>,
}

/// What a list is: everything of a selection but the part.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) predicate: Predicate,
    pub(crate) order: Vec<OrderField>,
    pub(crate) full_text: Option<FullText>,
    pub(crate) missing: MissingField,
}

impl Cursor {
    pub(crate) fn new(list: &List, values: Vec<Option<String>>, is_previous: bool) -> Self {
        let direction = |descending| if descending { Direction::Desc } else { Direction::Asc };
        let order =
            |it: &OrderField| CursorOrder { field: it.field.clone(), order: direction(it.descending) };
        let text = |it: &FullText| CursorText { term: it.term.clone(), fields: it.fields.clone() };
        Self {
            order_fields: list.order.iter().map(order).collect(),
            order_field_values: values,
            full_text_filter: list.full_text.as_ref().map(text),
            predicate: list.predicate.clone(),
            is_previous,
            excluding: list.missing == MissingField::Excluded,
        }
    }

    /// The text that is handed out.
    pub(crate) fn write(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what was handed out.
    pub(crate) fn read(text: &str) -> Result<Self, QueryError> {
        let malformed = |why: &str| QueryError::Cursor(why.to_owned());
        if text.len() > LENGTH {
            return Err(malformed("it is too long"));
        }
        let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("it is not base64"))?;
        let cursor: Self =
            serde_json::from_slice(&bytes).map_err(|_| malformed("it was not made by this catalog"))?;
        if cursor.order_field_values.len() != cursor.order_fields.len() + 1 {
            return Err(malformed("it was not made by this catalog"));
        }
        Ok(cursor)
    }

    /// The list that it is a place in.
    pub(crate) fn list(&self) -> List {
        let order = |it: &CursorOrder| OrderField {
            field: it.field.clone(),
            descending: it.order == Direction::Desc,
        };
        let text = |it: &CursorText| FullText { term: it.term.clone(), fields: it.fields.clone() };
        List {
            predicate: self.predicate.clone(),
            order: self.order_fields.iter().map(order).collect(),
            full_text: self.full_text_filter.as_ref().map(text),
            missing: if self.excluding { MissingField::Excluded } else { MissingField::Last },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Cursor, List};
    use crate::predicate::{Field, Predicate};
    use crate::selection::{FullText, MissingField, OrderField};

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let list = List {
            predicate: Predicate::Any(vec![
                Predicate::Not(Box::new(Predicate::Exists(Field::new("a")))),
                Predicate::Relation {
                    relation_type: "ownedBy".into(),
                    targets: vec!["group:a/b".parse().unwrap()],
                },
            ]),
            order: vec![OrderField { field: Field::new("metadata.name"), descending: true }],
            full_text: Some(FullText { term: "ü".into(), fields: vec![Field::new("x")] }),
            missing: MissingField::Excluded,
        };
        let cursor = Cursor::new(&list, vec![None, Some("u".into())], true);
        assert_eq!(Cursor::read(&cursor.write()).unwrap(), cursor);
        assert_eq!(cursor.list().order, list.order);
        assert_eq!(cursor.list().predicate, list.predicate);
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in ["", "x", "%%%", "e30=", "bnVsbA==", &"A".repeat(300_000)] {
            let error = Cursor::read(text).unwrap_err().to_string();
            assert!(error.starts_with("Malformed cursor: "), "{error}");
        }
    }
}
