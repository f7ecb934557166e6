//! Which entities of a segment fit a condition.

use fairway_domain::EntityRef;

use crate::bits::Bits;
use crate::field_index::FieldIndex;
use crate::predicate::{Field, Predicate};
use crate::segment::Segment;
use crate::snapshot::Snapshot;

/// A condition prepared for many segments: texts in lower case, owners resolved.
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Field),
    In(Field, Vec<String>),
    Prefix(Field, String),
    Contains(Vec<Field>, String),
    Words(Vec<String>),
    References(Vec<EntityRef>),
}

impl Condition {
    pub(crate) fn new(snapshot: &Snapshot, predicate: &Predicate) -> Self {
        let each = |all: &[Predicate]| all.iter().map(|it| Self::new(snapshot, it)).collect();
        match predicate {
            Predicate::All(all) => Self::All(each(all)),
            Predicate::Any(any) => Self::Any(each(any)),
            Predicate::Not(not) => Self::Not(Box::new(Self::new(snapshot, not))),
            Predicate::Exists(field) => Self::Exists(field.clone()),
            Predicate::In(field, values) => {
                Self::In(field.clone(), values.iter().map(|value| value.to_lowercase()).collect())
            }
            Predicate::Prefix(field, prefix) => Self::Prefix(field.clone(), prefix.to_lowercase()),
            Predicate::Contains(field, text) => Self::Contains(vec![field.clone()], text.to_lowercase()),
            Predicate::Relation { relation_type, targets } => Self::relation(relation_type, targets),
            Predicate::OwnedBy(owner) => {
                let mut owners = snapshot.groups_of(owner);
                owners.push(owner.clone());
                Self::relation("ownedBy", &owners)
            }
            Predicate::Text(text) => {
                Self::Words(text.to_lowercase().split_whitespace().map(str::to_owned).collect())
            }
            Predicate::Phrase(text) => {
                let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
                Self::Words(if words.is_empty() { words } else { vec![words.join(" ")] })
            }
        }
    }

    fn relation(relation_type: &str, targets: &[EntityRef]) -> Self {
        let field = Field::new(&format!("relations.{relation_type}"));
        if targets.is_empty() {
            return Self::Exists(field);
        }
        Self::In(field, targets.iter().map(ToString::to_string).collect())
    }

    /// The documents of `scope` that fit.
    pub(crate) fn evaluate(&self, segment: &Segment, scope: &Bits) -> Bits {
        let mut found = match self {
            Self::All(all) => {
                let mut found = scope.clone();
                for condition in all {
                    if found.is_empty() {
                        break;
                    }
                    found = condition.evaluate(segment, &found);
                }
                return found;
            }
            Self::Any(any) => {
                let mut found = Bits::none(segment.len());
                for condition in any {
                    found.add(&condition.evaluate(segment, scope));
                }
                return found;
            }
            Self::Not(not) => {
                let mut found = scope.clone();
                found.drop(&not.evaluate(segment, scope));
                return found;
            }
            Self::Exists(field) => {
                segment.field(field.as_str()).map_or_else(|| Bits::none(segment.len()), FieldIndex::existing)
            }
            Self::In(field, values) => with_field(segment, field, |index, found| {
                for value in values {
                    index.equal(value, found);
                }
            }),
            Self::Prefix(field, prefix) => {
                with_field(segment, field, |index, found| index.prefixed(prefix, found))
            }
            Self::Contains(fields, text) => {
                let mut all = Bits::none(segment.len());
                for field in fields {
                    all.add(&with_field(segment, field, |index, found| index.containing(text, found)));
                }
                all
            }
            Self::Words(words) => {
                let mut found = scope.clone();
                for word in words {
                    let mut holding = Bits::none(segment.len());
                    segment.add_word(word, &mut holding);
                    found.keep(&holding);
                }
                return found;
            }
            Self::References(references) => {
                let mut found = Bits::none(segment.len());
                references.iter().filter_map(|it| segment.find(it)).for_each(|it| found.insert(it));
                found
            }
        };
        found.keep(scope);
        found
    }
}

fn with_field(segment: &Segment, field: &Field, add: impl FnOnce(&FieldIndex, &mut Bits)) -> Bits {
    let mut found = Bits::none(segment.len());
    if let Some(index) = segment.field(field.as_str()) {
        add(index, &mut found);
    }
    found
}
