//! Backstage's `query` predicates: `{"kind": "Component", "spec.type": {"$in": ["service", "website"]}}`.

use fairway_domain::EntityRef;
use serde_json::{Map, Value};

use crate::error::QueryError;
use crate::predicate::{Field, Predicate};

const DEPTH: usize = 32;
/// Conditions and values that one question may have.
const PARTS: usize = 10_000;

/// Reads a predicate. Several keys of one object all have to hold.
///
/// # Errors
///
/// [`QueryError::Predicate`] with the place of what is not of the grammar.
pub fn predicate(value: &Value) -> Result<Predicate, QueryError> {
    let Value::Object(map) = value else {
        return Err(wrong("query", "expected an object"));
    };
    Reader { parts: 0 }.object(map, "query", 0)
}

fn wrong(place: &str, message: impl Into<String>) -> QueryError {
    QueryError::Predicate { place: place.chars().take(200).collect(), message: message.into() }
}

struct Reader {
    parts: usize,
}

impl Reader {
    fn count(&mut self) -> Result<(), QueryError> {
        self.parts += 1;
        if self.parts > PARTS {
            return Err(QueryError::TooLarge { what: "conditions", limit: PARTS });
        }
        Ok(())
    }

    fn object(
        &mut self,
        map: &Map<String, Value>,
        place: &str,
        depth: usize,
    ) -> Result<Predicate, QueryError> {
        if depth > DEPTH {
            return Err(QueryError::TooLarge { what: "levels", limit: DEPTH });
        }
        let mut all = Vec::with_capacity(map.len());
        for (key, value) in map {
            self.count()?;
            let place = format!("{place}.{key}");
            all.push(match key.as_str() {
                "$all" => Predicate::All(self.list(value, &place, depth)?),
                "$any" => Predicate::Any(self.list(value, &place, depth)?),
                "$not" => Predicate::Not(Box::new(self.nested(value, &place, depth)?)),
                _ if key.starts_with('$') => {
                    return Err(wrong(&place, "expected $all, $any, $not, or the path of a field"));
                }
                _ => self.condition(key, value, &place)?,
            });
        }
        match all.pop() {
            Some(only) if all.is_empty() => Ok(only),
            Some(last) => {
                all.push(last);
                Ok(Predicate::All(all))
            }
            None => Ok(Predicate::All(all)),
        }
    }

    fn nested(&mut self, value: &Value, place: &str, depth: usize) -> Result<Predicate, QueryError> {
        match value {
            Value::Object(map) => self.object(map, place, depth + 1),
            _ => Err(wrong(place, "expected an object")),
        }
    }

    fn list(&mut self, value: &Value, place: &str, depth: usize) -> Result<Vec<Predicate>, QueryError> {
        let Value::Array(items) = value else { return Err(wrong(place, "expected a list")) };
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.nested(item, &format!("{place}.{index}"), depth)).collect()
    }

    fn condition(&mut self, key: &str, value: &Value, place: &str) -> Result<Predicate, QueryError> {
        let field = Field::new(key);
        let operators = match value {
            Value::Object(operators) => operators,
            other => return Ok(Predicate::In(field, vec![primitive(other, place)?])),
        };
        let mut operators = operators.iter();
        let (Some((operator, value)), None) = (operators.next(), operators.next()) else {
            return Err(wrong(place, "expected one of $in, $exists, $hasPrefix, $contains"));
        };
        let place = format!("{place}.{operator}");
        match operator.as_str() {
            "$exists" => match value {
                Value::Bool(true) => Ok(Predicate::Exists(field)),
                Value::Bool(false) => Ok(Predicate::Not(Box::new(Predicate::Exists(field)))),
                _ => Err(wrong(&place, "expected true or false")),
            },
            "$in" => Ok(Predicate::In(field, self.primitives(value, &place)?)),
            "$hasPrefix" => match value {
                Value::String(prefix) => Ok(Predicate::Prefix(field, prefix.clone())),
                _ => Err(wrong(&place, "expected a text")),
            },
            "$contains" => match value {
                Value::Object(edge) if field.as_str() == "relations" => self.relation(edge, &place),
                Value::Object(_) => Err(wrong(&place, "an object is only supported for relations")),
                // A list is looked into, so that containing a value is having it.
                other => Ok(Predicate::In(field, vec![primitive(other, &place)?])),
            },
            _ => Err(wrong(&place, "expected one of $in, $exists, $hasPrefix, $contains")),
        }
    }

    fn primitives(&mut self, value: &Value, place: &str) -> Result<Vec<String>, QueryError> {
        let Value::Array(items) = value else { return Err(wrong(place, "expected a list")) };
        items
            .iter()
            .map(|item| {
                self.count()?;
                primitive(item, place)
            })
            .collect()
    }

    fn relation(&mut self, edge: &Map<String, Value>, place: &str) -> Result<Predicate, QueryError> {
        if let Some(key) = edge.keys().find(|key| !matches!(key.as_str(), "type" | "targetRef")) {
            return Err(wrong(&format!("{place}.{key}"), "expected type or targetRef"));
        }
        let Some(Value::String(relation_type)) = edge.get("type") else {
            return Err(wrong(&format!("{place}.type"), "expected a text"));
        };
        let target = format!("{place}.targetRef");
        let texts = match edge.get("targetRef") {
            None => {
                return Ok(Predicate::Relation { relation_type: relation_type.clone(), targets: Vec::new() });
            }
            Some(Value::Object(operators)) if operators.len() == 1 && operators.contains_key("$in") => {
                self.primitives(operators.get("$in").unwrap_or(&Value::Null), &target)?
            }
            Some(value) => vec![primitive(value, &target)?],
        };
        // What is no reference is nothing's target.
        let targets: Vec<EntityRef> = texts.iter().filter_map(|text| text.parse().ok()).collect();
        if targets.is_empty() {
            return Ok(Predicate::Any(Vec::new()));
        }
        Ok(Predicate::Relation { relation_type: relation_type.clone(), targets })
    }
}

fn primitive(value: &Value, place: &str) -> Result<String, QueryError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(crate::field::primitive_text(value)),
        _ => Err(wrong(place, "expected a text, a number, true or false")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::predicate;
    use crate::predicate::{Field, Predicate};

    #[test]
    fn every_form_is_read() {
        let read = |value: Value| predicate(&value).unwrap();
        let field = Field::new;
        assert_eq!(read(json!({})), Predicate::All(Vec::new()));
        assert_eq!(read(json!({"Kind": "API"})), Predicate::equals("kind", "API"));
        assert_eq!(
            read(json!({"a": 1, "b": {"$exists": false}})),
            Predicate::All(vec![
                Predicate::equals("a", "1"),
                Predicate::Not(Box::new(Predicate::Exists(field("b"))))
            ])
        );
        assert_eq!(
            read(json!({"$any": [{"x": {"$in": ["1", true]}}, {"y": {"$hasPrefix": "p"}}, {"$all": []}]})),
            Predicate::Any(vec![
                Predicate::In(field("x"), vec!["1".into(), "true".into()]),
                Predicate::Prefix(field("y"), "p".into()),
                Predicate::All(Vec::new()),
            ])
        );
        assert_eq!(
            read(json!({"metadata.tags": {"$contains": "java"}})),
            Predicate::equals("metadata.tags", "java")
        );
        let owned = json!({"relations": {"$contains": {"type": "ownedBy", "targetRef": {"$in": ["group:Default/a", "x"]}}}});
        assert_eq!(
            read(owned),
            Predicate::Relation {
                relation_type: "ownedBy".into(),
                targets: vec!["group:default/a".parse().unwrap()]
            }
        );
    }

    #[test]
    fn what_is_not_of_the_grammar_is_told_with_its_place() {
        let refused = |value: Value| predicate(&value).unwrap_err().to_string();
        assert_eq!(refused(json!("x")), "Invalid query predicate at query: expected an object");
        assert!(refused(json!({"$any": [{"a": {"$like": "x"}}]})).contains("query.$any.0.a.$like"));
        assert!(refused(json!({"$nor": []})).contains("query.$nor"));
        assert!(refused(json!({"a": null})).contains("query.a: expected a text"));
        assert!(refused(json!({"a": {"$contains": {"type": "x"}}})).contains("only supported for relations"));
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "$not": deep });
        }
        assert_eq!(refused(deep), "The question has more than 32 levels");
    }
}
