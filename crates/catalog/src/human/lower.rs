//! What a question means: the condition that it stands for.

use fairway_domain::near_names;

use super::error::quoted;
use super::field::{self, Edge, Known, STATES};
use super::read::Place;
use super::resolve::{owner, prefixes, targets, wholes};
use super::{HumanContext, HumanQuery, HumanQueryError, Wanted};
use crate::kind::KindRegistry;
use crate::predicate::{Field, Predicate};
use crate::query::{BROKEN, OWNER, SOURCE};

const OWNED_BY: &str = "ownedBy";
const ORPHAN: &str = "metadata.annotations.backstage.io/orphan";
const ORIGIN: &str = "metadata.annotations.backstage.io/managed-by-origin-location";

/// The condition of a question that was read from `text`; `places` are those of its words and fields.
pub(super) fn lower(
    query: &HumanQuery,
    text: &str,
    places: Vec<Place>,
    context: &HumanContext<'_>,
) -> Result<Predicate, HumanQueryError> {
    Lowering { text, places: places.into_iter(), context, kinds: context.kinds() }.query(query)
}

struct Lowering<'a> {
    text: &'a str,
    places: std::vec::IntoIter<Place>,
    context: &'a HumanContext<'a>,
    kinds: KindRegistry,
}

/// One value of a field, and where it stands.
struct At<'a> {
    wanted: &'a Wanted,
    column: usize,
}

impl Lowering<'_> {
    fn error(&self, column: usize, message: impl Into<String>, hint: impl Into<String>) -> HumanQueryError {
        HumanQueryError::new(self.text, column, message, hint)
    }

    fn query(&mut self, query: &HumanQuery) -> Result<Predicate, HumanQueryError> {
        let mut each = |parts: &[HumanQuery]| -> Result<Vec<Predicate>, HumanQueryError> {
            parts.iter().map(|it| self.query(it)).collect()
        };
        Ok(match query {
            HumanQuery::All(all) => Predicate::All(each(all)?),
            HumanQuery::Any(any) => Predicate::Any(each(any)?),
            HumanQuery::Not(not) => Predicate::Not(Box::new(self.query(not)?)),
            HumanQuery::Text(text) => {
                self.places.next();
                if text.trim().contains(char::is_whitespace) {
                    Predicate::Phrase(text.clone())
                } else {
                    Predicate::Text(text.clone())
                }
            }
            HumanQuery::Field { name, values } => {
                let place = self.places.next().unwrap_or(Place { name: 1, values: Vec::new() });
                let column = |index: usize| place.values.get(index).copied().unwrap_or(place.name);
                let values = values.iter().enumerate();
                let values: Vec<At<'_>> =
                    values.map(|(index, wanted)| At { wanted, column: column(index) }).collect();
                self.field(name, place.name, &values)?
            }
        })
    }

    fn field(&self, name: &str, column: usize, values: &[At<'_>]) -> Result<Predicate, HumanQueryError> {
        match field::known(name, &self.kinds) {
            Some(Known::Path(field)) => Ok(of_path(&field, values)),
            Some(Known::Owner) => each(values, |it| self.owner(it)),
            Some(Known::Whole(kind)) => each(values, |it| self.whole(kind, it)),
            Some(Known::Relation(edge)) => self.relation(&edge, values),
            Some(Known::Source) => each(values, |it| Ok(source(it.wanted))),
            Some(Known::Has) => each(values, |it| self.has(it)),
            Some(Known::Is) => each(values, |it| self.state(it)),
            Some(Known::NeedsKey) => {
                let key = if name.to_lowercase().starts_with("label") {
                    "label.tier"
                } else {
                    "annotation.example.com/region"
                };
                let message = format!("\"{}\" needs a key", quoted(name));
                Err(self.error(column, message, format!("write for example {key}:value")))
            }
            None => {
                let message = format!("there is no field \"{}\"", quoted(name));
                Err(self.error(column, message, field::advice(name, &self.kinds)))
            }
        }
    }

    /// `me`, where somebody asks.
    fn caller(&self, column: usize) -> Result<fairway_domain::EntityRef, HumanQueryError> {
        self.context.caller.cloned().ok_or_else(|| {
            let hint = "sign in, or name somebody: owner:team-a, or user:me for somebody of that name";
            self.error(column, "nobody is signed in whom \"me\" could stand for", hint)
        })
    }

    fn no_reference(&self, text: &str, column: usize) -> HumanQueryError {
        let message = format!("\"{}\" is no reference to an entity", quoted(text));
        self.error(column, message, "write NAME, KIND:NAME, NAMESPACE/NAME or KIND:NAMESPACE/NAME")
    }

    fn owner(&self, At { wanted, column }: &At<'_>) -> Result<Predicate, HumanQueryError> {
        let person = |text: &str| match text {
            _ if text.eq_ignore_ascii_case("me") => self.caller(*column),
            _ => owner(text, self.context.catalog).ok_or_else(|| self.no_reference(text, *column)),
        };
        let owned = |targets| Predicate::Relation { relation_type: OWNED_BY.to_owned(), targets };
        // By the name alone, unless more of the reference is there.
        let field = |text: &str| if text.contains([':', '/']) { "relations.ownedBy" } else { OWNER };
        Ok(match wanted {
            Wanted::Anything => owned(Vec::new()),
            Wanted::Value(text) => Predicate::OwnedBy(person(text)?),
            Wanted::Exactly(text) => owned(vec![person(text)?]),
            Wanted::Prefix(text) => Predicate::Prefix(Field::new(field(text)), text.clone()),
            Wanted::Part(text) => Predicate::Contains(Field::new(field(text)), text.clone()),
        })
    }

    /// Systems and domains have parts that have parts.
    fn whole(&self, kind: &str, at: &At<'_>) -> Result<Predicate, HumanQueryError> {
        let edge = Edge { relation_type: "partOf".to_owned(), kinds: vec![kind.to_owned()] };
        let relation = |targets| Predicate::Relation { relation_type: edge.relation_type.clone(), targets };
        let field = Field::new("relations.partOf");
        Ok(match at.wanted {
            Wanted::Anything => Predicate::Prefix(field, format!("{kind}:")),
            Wanted::Value(text) => {
                let found = targets(text, &edge).ok_or_else(|| self.no_reference(text, at.column))?;
                relation(wholes(found, self.context.catalog))
            }
            _ => self.relation(&edge, &[At { wanted: at.wanted, column: at.column }])?,
        })
    }

    fn relation(&self, edge: &Edge, values: &[At<'_>]) -> Result<Predicate, HumanQueryError> {
        let field = Field::new(&format!("relations.{}", edge.relation_type));
        let relation = |targets| Predicate::Relation { relation_type: edge.relation_type.clone(), targets };
        let (mut any, mut all_targets) = (Vec::new(), Vec::new());
        for At { wanted, column } in values {
            match wanted {
                Wanted::Anything => any.push(relation(Vec::new())),
                Wanted::Value(text)
                    if text.eq_ignore_ascii_case("me") && edge.kinds.iter().any(|kind| kind == "user") =>
                {
                    all_targets.push(self.caller(*column)?);
                }
                Wanted::Value(text) | Wanted::Exactly(text) => {
                    all_targets.extend(targets(text, edge).ok_or_else(|| self.no_reference(text, *column))?);
                }
                Wanted::Prefix(text) => {
                    let begins = prefixes(text, edge).into_iter();
                    any.extend(begins.map(|prefix| Predicate::Prefix(field.clone(), prefix)));
                }
                Wanted::Part(text) => any.push(Predicate::Contains(field.clone(), text.clone())),
            }
        }
        if !all_targets.is_empty() {
            any.insert(0, relation(all_targets));
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Predicate::Any(any) })
    }

    fn has(&self, At { wanted, column }: &At<'_>) -> Result<Predicate, HumanQueryError> {
        let (Wanted::Value(name) | Wanted::Exactly(name)) = wanted else {
            return Err(self.error(
                *column,
                "\"has\" takes the name of a field",
                "write for example has:owner",
            ));
        };
        let anything = [At { wanted: &Wanted::Anything, column: *column }];
        match field::known(name, &self.kinds) {
            Some(Known::Has | Known::Is) => {
                let message = format!("\"{name}\" is no field that something could have");
                Err(self.error(*column, message, "write for example has:owner"))
            }
            _ => self.field(name, *column, &anything),
        }
    }

    fn state(&self, At { wanted, column }: &At<'_>) -> Result<Predicate, HumanQueryError> {
        let names = || STATES.iter().map(|(name, _)| *name);
        let word = match wanted {
            Wanted::Value(word) | Wanted::Exactly(word) => word.to_lowercase(),
            _ => String::new(),
        };
        Ok(match word.as_str() {
            "orphan" => Predicate::equals(ORPHAN, "true"),
            "broken" => Predicate::equals(BROKEN, "true"),
            "deprecated" => Predicate::equals("spec.lifecycle", "deprecated"),
            "stale" if self.context.failing_sources.is_empty() => Predicate::Any(Vec::new()),
            "stale" => Predicate::In(Field::new(SOURCE), self.context.failing_sources.to_vec()),
            _ => {
                let message = format!("there is no state \"{}\"", quoted(&wanted.to_string()));
                let hint = match near_names(&word, names()).as_slice() {
                    [] => format!("states are {}", names().collect::<Vec<_>>().join(", ")),
                    near => format!("did you mean is:{}?", near.join(" or is:")),
                };
                return Err(self.error(*column, message, hint));
            }
        })
    }
}

/// What holds for one of the values.
fn each(
    values: &[At<'_>],
    one: impl Fn(&At<'_>) -> Result<Predicate, HumanQueryError>,
) -> Result<Predicate, HumanQueryError> {
    let mut any: Vec<Predicate> = values.iter().map(one).collect::<Result<_, _>>()?;
    Ok(if any.len() == 1 { any.remove(0) } else { Predicate::Any(any) })
}

/// One of the values; those that are equal to something are asked for together.
fn of_path(field: &Field, values: &[At<'_>]) -> Predicate {
    let (mut any, mut equal) = (Vec::new(), Vec::new());
    for At { wanted, .. } in values {
        match wanted {
            Wanted::Anything => any.push(Predicate::Exists(field.clone())),
            Wanted::Value(text) | Wanted::Exactly(text) => equal.push(text.clone()),
            Wanted::Prefix(text) => any.push(Predicate::Prefix(field.clone(), text.clone())),
            Wanted::Part(text) => any.push(Predicate::Contains(field.clone(), text.clone())),
        }
    }
    if !equal.is_empty() {
        any.insert(0, Predicate::In(field.clone(), equal));
    }
    if any.len() == 1 { any.remove(0) } else { Predicate::Any(any) }
}

/// A source by its identifier, or by where it is.
fn source(wanted: &Wanted) -> Predicate {
    let field = Field::new(SOURCE);
    match wanted {
        Wanted::Anything => Predicate::Exists(field),
        Wanted::Value(text) | Wanted::Exactly(text) => Predicate::Any(vec![
            Predicate::In(field, vec![text.clone()]),
            Predicate::In(
                Field::new(ORIGIN),
                vec![text.clone(), format!("url:{text}"), format!("file:{text}")],
            ),
        ]),
        Wanted::Prefix(text) => Predicate::Prefix(field, text.clone()),
        Wanted::Part(text) => Predicate::Contains(Field::new(ORIGIN), text.clone()),
    }
}
