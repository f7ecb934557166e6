//! Which version set each field of an entity.

use serde::Serialize;
use serde_json::Value;

use crate::difference::{child, is_scalar};

/// What was known of an entity after one record of its history.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// It was this.
    Value(&'a Value),
    /// It did not exist.
    Gone,
    /// Nobody can tell any more.
    Erased,
}

/// One field and the version that set it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldBlame {
    /// Where, as a JSON pointer.
    pub path: String,
    /// What is there: a scalar or an empty collection.
    pub value: Value,
    /// The position of the version that set it.
    pub version: usize,
    /// Whether an erased or missing version before could have set it already.
    pub at_the_latest: bool,
}

/// For each field of the last version, the version since which it has had its value without a break. `versions`
/// are in the order of time; `complete` says that nothing lies before the first. Empty when the last one is no
/// value.
pub fn blame(versions: &[Known<'_>], complete: bool) -> Vec<FieldBlame> {
    let Some((Known::Value(last), before)) = versions.split_last() else { return Vec::new() };
    let mut leaves = Vec::new();
    collect(String::new(), last, &mut leaves);
    leaves
        .into_iter()
        .map(|leaf| {
            let mut version = before.len();
            let mut at_the_latest = false;
            for (index, known) in before.iter().enumerate().rev() {
                match known {
                    Known::Value(value) if leaf.is_in(value) => version = index,
                    Known::Erased => {
                        at_the_latest = true;
                        break;
                    }
                    _ => break,
                }
            }
            let at_the_latest = at_the_latest || (version == 0 && !complete);
            FieldBlame { path: leaf.path, value: leaf.value.clone(), version, at_the_latest }
        })
        .collect()
}

struct Leaf<'a> {
    path: String,
    value: &'a Value,
    /// The pointer of the list, for a scalar in a list of scalars: its place there says nothing.
    list: Option<String>,
}

impl Leaf<'_> {
    fn is_in(&self, version: &Value) -> bool {
        match &self.list {
            Some(list) => version
                .pointer(list)
                .and_then(Value::as_array)
                .is_some_and(|items| items.contains(self.value)),
            None => version.pointer(&self.path) == Some(self.value),
        }
    }
}

fn collect<'a>(path: String, value: &'a Value, leaves: &mut Vec<Leaf<'a>>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                collect(child(&path, key), value, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let scalars = items.iter().all(is_scalar);
            for (index, item) in items.iter().enumerate() {
                let inside = child(&path, &index.to_string());
                if scalars {
                    leaves.push(Leaf { path: inside, value: item, list: Some(path.clone()) });
                } else {
                    collect(inside, item, leaves);
                }
            }
        }
        value => leaves.push(Leaf { path, value, list: None }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Known, blame};

    #[test]
    fn a_field_belongs_to_the_version_since_which_it_stands() {
        let first = json!({"owner": "one", "tags": ["a"], "type": "service"});
        let second = json!({"owner": "two", "tags": ["b", "a"], "type": "service"});
        let third = json!({"owner": "one", "tags": ["b", "a"], "type": "service"});
        let versions = [Known::Value(&first), Known::Value(&second), Known::Value(&third)];
        let found: Vec<_> =
            blame(&versions, true).into_iter().map(|it| (it.path, it.version, it.at_the_latest)).collect();
        let expected = [("/owner", 2), ("/tags/0", 1), ("/tags/1", 0), ("/type", 0)];
        assert_eq!(found, expected.map(|(path, version)| (path.to_owned(), version, false)));
    }

    #[test]
    fn what_was_gone_or_erased_between_breaks_the_chain() {
        let value = json!({"owner": "one"});
        let one = |between, complete| {
            let found = blame(&[Known::Value(&value), between, Known::Value(&value)], complete);
            found.first().map(|it| (it.version, it.at_the_latest))
        };
        assert_eq!(one(Known::Gone, true), Some((2, false)));
        assert_eq!(one(Known::Erased, true), Some((2, true)));
        assert_eq!(one(Known::Value(&value), false), Some((0, true)));
        assert_eq!(blame(&[Known::Value(&value), Known::Gone], true), []);
    }
}
