//! What could follow where the cursor stands in a question.

mod cursor;
mod value;

use std::collections::BTreeMap;

use serde::Serialize;

use self::cursor::{Spot, spot};
use super::field::{self, BEGINS, Known, SHORT, STATES};
use super::{HumanContext, HumanQuery, Wanted, parse, read, write};
use crate::evaluate::Condition;
use crate::predicate::{Field, Predicate};
use crate::query::SOURCE;
use crate::selecting::Matches;

/// As many as a person looks through.
const MOST: usize = 20;
/// From so many letters on, a word may also be the beginning of a value.
const LETTERS: usize = 2;
/// The fields whose values are offered where no field is named.
const COMMON: [&str; 5] = ["kind", "type", "lifecycle", "tag", "owner"];

/// Something that could stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// What to write in place of the characters from `from` to `to`.
    pub insert: String,
    /// What it is, for people.
    pub label: String,
    /// How many entities fit the whole question with it; absent for what is no condition of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// The first character that it replaces, from 0.
    pub from: usize,
    /// Behind the last one.
    pub to: usize,
}

/// What a completion offers, without its place.
struct Offer {
    insert: String,
    label: String,
    count: Option<usize>,
}

/// What could stand at the cursor, which counts characters: names of fields, values with the number of entities that
/// fit the rest of the question as well, entities at the other end of relations, `or` and `not`. The likeliest first.
pub fn complete(text: &str, cursor: usize, context: &HumanContext<'_>) -> Vec<Completion> {
    if text.chars().nth(read::LENGTH).is_some() {
        return Vec::new();
    }
    let spot = spot(text, cursor);
    let asked = Asked::new(&spot, context);
    let mut offers = match &spot.field {
        Some(name) => asked.values_of(name),
        None => asked.terms(),
    };
    offers.truncate(MOST);
    let completion =
        |Offer { insert, label, count }| Completion { insert, label, count, from: spot.from, to: spot.to };
    offers.into_iter().map(completion).collect()
}

/// A question with a gap.
struct Asked<'a> {
    spot: &'a Spot,
    /// What was typed so far, in lower case.
    typed: String,
    context: &'a HumanContext<'a>,
    /// What fits the rest of the question.
    matches: Vec<Matches<'a>>,
}

impl<'a> Asked<'a> {
    fn new(spot: &'a Spot, context: &'a HumanContext<'a>) -> Self {
        let rest = parse(&spot.rest, context).unwrap_or_default();
        let matches = context.catalog.map(|it| it.matches(&Condition::new(it, &rest))).unwrap_or_default();
        Self { spot, typed: spot.typed.to_lowercase(), context, matches }
    }

    /// How many entities fit a condition and the rest of the question.
    fn count(&self, predicate: &Predicate) -> Option<usize> {
        let condition = Condition::new(self.context.catalog?, predicate);
        let fitting = |it: &Matches<'_>| condition.evaluate(it.segment, &it.found).count();
        Some(self.matches.iter().map(fitting).sum())
    }

    fn count_of(&self, name: &str, value: &str) -> Option<usize> {
        let query =
            HumanQuery::Field { name: name.to_owned(), values: vec![Wanted::Value(value.to_owned())] };
        self.count(&parse(&query.to_string(), self.context).ok()?)
    }

    /// Fields, keywords, and values of fields that are often asked for.
    fn terms(&self) -> Vec<Offer> {
        if self.spot.is_quoted {
            return Vec::new();
        }
        if let Some((begin, path)) =
            BEGINS.iter().find(|(begin, _)| self.typed.starts_with(&begin.to_lowercase()))
        {
            return self.paths(begin, path);
        }
        let kinds = self.context.kinds();
        let short = SHORT.iter().map(|(name, _, about)| ((*name).to_owned(), (*about).to_owned()));
        let needs_key = |name: &str| matches!(field::known(name, &kinds), Some(Known::NeedsKey));
        let short = short.map(|(name, about)| {
            let sign = if needs_key(&name) { "." } else { ":" };
            (format!("{name}{sign}"), about)
        });
        let relations = field::relations(&kinds).into_iter();
        let relations = relations.map(|name| (format!("{name}:"), "a relation".to_owned()));
        let fits = |name: &str| name.to_lowercase().starts_with(&self.typed);
        let plain = |(insert, about): (String, String)| {
            let label = format!("{insert} {about}");
            Offer { insert, label, count: None }
        };
        let mut offers: Vec<Offer> = Vec::new();
        let keywords = [("or ", "one of both", self.spot.follows), ("not ", "what does not fit", true)];
        let keywords = keywords.into_iter().filter(|(word, _, possible)| *possible && fits(word));
        let keywords = keywords.map(|(word, about, _)| (word.to_owned(), about.to_owned()));
        if self.typed.is_empty() {
            offers.extend(short.chain(keywords).map(plain));
            return offers;
        }
        offers.extend(short.chain(relations).filter(|(name, _)| fits(name)).map(plain));
        offers.extend(keywords.map(plain));
        if self.typed.chars().count() >= LETTERS {
            let mut values: Vec<Offer> = Vec::new();
            for name in COMMON {
                let of_field = self.values_of(name).into_iter();
                values.extend(of_field.map(|Offer { insert, count, .. }| {
                    let insert = format!("{name}:{insert}");
                    Offer { label: insert.clone(), insert, count }
                }));
            }
            values.sort_by_key(|it| std::cmp::Reverse(it.count));
            offers.extend(values);
        }
        offers
    }

    /// Fields of entities below a path.
    fn paths(&self, begin: &str, path: &str) -> Vec<Offer> {
        let below = format!("{}{}", path.to_lowercase(), self.typed.get(begin.len()..).unwrap_or_default());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for Matches { segment, found } in &self.matches {
            for (path, index) in segment.fields_with_prefix(&below) {
                // Each tag is also a field of its own.
                if !path.starts_with("metadata.tags.") {
                    *counts.entry(path).or_default() += index.existing().count_both(found);
                }
            }
        }
        let mut offers: Vec<Offer> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(found, count)| {
                let rest = found.get(path.len()..).unwrap_or_default();
                let insert = format!("{}:", write::field_name(&format!("{begin}{rest}")));
                Offer { label: insert.clone(), insert, count: Some(count) }
            })
            .collect();
        offers.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.insert.cmp(&other.insert)));
        offers
    }

    /// Values of a field that begin with what was typed, then those that contain it.
    fn values_of(&self, name: &str) -> Vec<Offer> {
        let kinds = self.context.kinds();
        let written = |text: &str| format!("{}{}", self.spot.sign, write::value(text));
        let words = |all: Vec<(String, String)>| {
            let fitting = all.into_iter().filter(|(word, _)| word.to_lowercase().starts_with(&self.typed));
            let offers = fitting.map(|(word, about)| Offer {
                count: self.count_of(name, &word),
                label: format!("{word} {about}").trim_end().to_owned(),
                insert: word,
            });
            offers.collect::<Vec<Offer>>()
        };
        let plain = |field: &Field| {
            let values = self.equal_values(field).into_iter();
            values
                .map(|(value, count)| Offer {
                    insert: written(value),
                    label: value.to_owned(),
                    count: Some(count),
                })
                .collect()
        };
        match field::known(name, &kinds) {
            Some(Known::Path(field)) => plain(&field),
            Some(Known::Source) => plain(&Field::new(SOURCE)),
            Some(Known::Owner) => {
                let me = self.context.caller.map(|_| ("me".to_owned(), "what is yours".to_owned()));
                let mut offers =
                    if self.spot.sign.is_empty() { words(me.into_iter().collect()) } else { Vec::new() };
                offers.extend(self.entities(name, "ownedBy", &["group".to_owned()], None));
                offers
            }
            Some(Known::Whole(kind)) => self.entities(name, "partOf", &[kind.to_owned()], Some(kind)),
            Some(Known::Relation(edge)) => self.entities(name, &edge.relation_type, &edge.kinds, None),
            Some(Known::Has) => {
                let short = SHORT.iter().filter(|(short, ..)| {
                    !matches!(field::known(short, &kinds), Some(Known::Has | Known::Is | Known::NeedsKey))
                });
                let relations = field::relations(&kinds).into_iter().map(|it| (it.to_owned(), String::new()));
                words(
                    short.map(|(short, ..)| ((*short).to_owned(), String::new())).chain(relations).collect(),
                )
            }
            Some(Known::Is) => {
                words(STATES.iter().map(|(name, about)| ((*name).to_owned(), (*about).to_owned())).collect())
            }
            Some(Known::NeedsKey) | None => Vec::new(),
        }
    }

    fn entities(&self, name: &str, relation_type: &str, kinds: &[String], only: Option<&str>) -> Vec<Offer> {
        let found = self.targets(&Field::new(&format!("relations.{relation_type}")), only);
        let mut offers: Vec<Offer> = found
            .into_iter()
            .map(|(target, count)| {
                let usual = if let [kind] = kinds { Some(kind.as_str()) } else { None };
                let text = target.humanized(usual);
                let count = if self.spot.sign.is_empty() { self.count_of(name, &text) } else { Some(count) };
                let title =
                    self.context.catalog.and_then(|it| it.get(&target)).map(|it| it.title().to_owned());
                let title = title.filter(|title| *title != target.name());
                let label = title.map_or_else(|| text.clone(), |title| format!("{text} {title}"));
                Offer { insert: format!("{}{}", self.spot.sign, write::value(&text)), label, count }
            })
            .collect();
        offers.sort_by_key(|it| std::cmp::Reverse(it.count));
        offers
    }
}
