//! Loops over lists and maps.

use std::collections::BTreeMap;

use super::evaluate::Evaluator;
use super::fault::{Fault, FaultKind, Outcome, at, error, no_overload};
use super::operators;
use super::syntax::{Comprehension, Expression, Macro};
use super::value::{Key, Value};

/// An element of a list or map.
#[derive(Clone)]
struct Element<'d> {
    /// Index or key.
    first: Value<'d>,
    value: Value<'d>,
    /// Whether a loop with one name sees the key.
    keyed: bool,
}

impl<'d> Evaluator<'d> {
    /// Evaluates a macro over its range.
    pub(crate) fn comprehension(&mut self, it: &'d Comprehension) -> Outcome<'d> {
        let range = self.evaluate(&it.range)?;
        let elements = elements(range).map_err(at(it.range.offset))?;
        match it.kind {
            Macro::All | Macro::Exists => self.quantify(it, elements, it.kind == Macro::Exists),
            Macro::ExistsOne => {
                let mut count = 0_usize;
                for element in elements {
                    count += usize::from(self.truth(it, &it.body, element)?);
                }
                Ok(Value::Bool(count == 1))
            }
            Macro::Filter => {
                let mut kept = Vec::new();
                for element in elements {
                    let value = shown(&element);
                    if self.truth(it, &it.body, element)? {
                        kept.push(value);
                    }
                }
                Ok(Value::list(kept))
            }
            Macro::Map | Macro::TransformList => {
                let mut made = Vec::new();
                for element in elements {
                    if self.passes(it, &element)? {
                        made.push(self.body(it, &it.body, element)?);
                    }
                }
                Ok(Value::list(made))
            }
            Macro::TransformMap | Macro::TransformMapEntry => self.transform_map(it, elements),
            Macro::SortBy => {
                let mut keyed = Vec::new();
                for element in elements {
                    let value = element.value.clone();
                    keyed.push((self.body(it, &it.body, element)?, value));
                }
                let sorted = operators::sort(self, keyed)?;
                Ok(Value::list(sorted))
            }
        }
    }

    fn body(&mut self, it: &'d Comprehension, body: &'d Expression, element: Element<'d>) -> Outcome<'d> {
        if it.two {
            return self.with_locals([element.first, element.value], body);
        }
        self.with_local(shown(&element), body)
    }

    fn truth(
        &mut self,
        it: &'d Comprehension,
        body: &'d Expression,
        element: Element<'d>,
    ) -> Result<bool, Fault> {
        match self.body(it, body, element)? {
            Value::Bool(bool) => Ok(bool),
            other => Err(at(body.offset)(error(format!(
                "a condition has to be true or false, not {}",
                other.type_name()
            )))),
        }
    }

    fn passes(&mut self, it: &'d Comprehension, element: &Element<'d>) -> Result<bool, Fault> {
        match &it.filter {
            Some(filter) => self.truth(it, filter, element.clone()),
            None => Ok(true),
        }
    }

    /// `all` and `exists`: one deciding element is enough, even when another is an error.
    fn quantify(&mut self, it: &'d Comprehension, elements: Elements<'d>, deciding: bool) -> Outcome<'d> {
        let mut fault = None;
        for element in elements {
            match self.truth(it, &it.body, element) {
                Ok(bool) if bool == deciding => return Ok(Value::Bool(deciding)),
                Ok(_) => {}
                Err(budget) if budget.kind == FaultKind::Budget => return Err(budget),
                Err(other) => {
                    fault.get_or_insert(other);
                }
            }
        }
        fault.map_or(Ok(Value::Bool(!deciding)), Err)
    }

    fn transform_map(&mut self, it: &'d Comprehension, elements: Elements<'d>) -> Outcome<'d> {
        let mut members: BTreeMap<Key<'d>, Value<'d>> = BTreeMap::new();
        for element in elements {
            if !self.passes(it, &element)? {
                continue;
            }
            let key = element.first.key();
            let value = self.body(it, &it.body, element)?;
            let made = match (it.kind, value, key) {
                (Macro::TransformMapEntry, Value::Map(map), _) => map.entries(),
                (Macro::TransformMap, value, Some(key)) => vec![(key, value)],
                (_, other, _) => return Err(no_overload("transformMapEntry", &[other])),
            };
            for (key, value) in made {
                self.charge(1)?;
                if members.insert(key.clone(), value).is_some() {
                    return Err(error(format!("insert failed: key {key} already exists")));
                }
            }
        }
        Ok(Value::map(members))
    }
}

/// What a loop with one name sees: the keys of a map, the values of a list.
fn shown<'d>(element: &Element<'d>) -> Value<'d> {
    if element.keyed { element.first.clone() } else { element.value.clone() }
}

/// The elements of a range.
enum Elements<'d> {
    List(super::value::List<'d>, usize),
    Map(std::vec::IntoIter<(Key<'d>, Value<'d>)>),
}

impl<'d> Iterator for Elements<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Elements::List(list, at) => {
                let value = list.get(*at)?;
                *at += 1;
                Some(Element { first: Value::size(*at - 1), value, keyed: false })
            }
            Elements::Map(entries) => {
                entries.next().map(|(key, value)| Element { first: key.value(), value, keyed: true })
            }
        }
    }
}

fn elements(range: Value<'_>) -> Result<Elements<'_>, Fault> {
    match range {
        Value::List(list) => Ok(Elements::List(list, 0)),
        Value::Map(map) => Ok(Elements::Map(map.entries().into_iter())),
        other => Err(error(format!("only lists and maps have elements, not {}", other.type_name()))),
    }
}
