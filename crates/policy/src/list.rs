//! Lists of objects (`kind: List`, `kind: DeploymentList`), which clusters and kubectl take apart.

use serde_json::Value;

use crate::set::PolicyObject;

/// How deep lists may stand in lists; deeper ones are objects like others.
const MAX_DEPTH: usize = 4;

/// The objects that a document stands for: itself, or those in it when it is a list. Items of a list of one kind get the
/// version and kind that they leave out, as kubectl gives them.
pub fn listed_objects(document: Value) -> Vec<Value> {
    let mut objects = Vec::new();
    take_apart(document, MAX_DEPTH, &mut objects);
    objects
}

impl PolicyObject {
    /// The objects that a document of a file stands for, where it is headed.
    pub fn listed(document: &Value, file: Option<&str>, environment: Option<&str>) -> Vec<Self> {
        let object = |value| Self {
            value,
            file: file.map(str::to_owned),
            environment: environment.map(str::to_owned),
        };
        listed_objects(document.clone()).into_iter().map(object).collect()
    }
}

fn take_apart(document: Value, depth: usize, objects: &mut Vec<Value>) {
    let of = document.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
    let (Some(of), true, true) =
        (of.map(str::to_owned), depth > 0, document.get("items").is_some_and(Value::is_array))
    else {
        objects.push(document);
        return;
    };
    let version = document.get("apiVersion").cloned().unwrap_or_default();
    let Value::Object(mut members) = document else { return };
    let Some(Value::Array(items)) = members.remove("items") else { return };
    for mut item in items {
        if let (Value::Object(item), false) = (&mut item, of.is_empty()) {
            item.entry("apiVersion").or_insert_with(|| version.clone());
            item.entry("kind").or_insert_with(|| of.as_str().into());
        }
        take_apart(item, depth - 1, objects);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::listed_objects;

    #[test]
    fn a_list_stands_for_its_objects() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        assert_eq!(listed_objects(pod.clone()), vec![pod.clone()]);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            pod, {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {"name": "b"}}]},
        ]});
        let deployment = json!({"metadata": {"name": "b"}, "apiVersion": "apps/v1", "kind": "Deployment"});
        assert_eq!(listed_objects(list), vec![pod, deployment]);
        // Something else of that name has no items, and nothing is lost.
        let other = json!({"apiVersion": "x/v1", "kind": "AllowList", "spec": {}});
        assert_eq!(listed_objects(other.clone()), vec![other]);
    }
}
