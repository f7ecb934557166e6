//! `data.inventory`: every object of the evaluation, for policies that look at more than one.

use serde_json::{Map, Value};

/// `namespace.<namespace>.<apiVersion>.<kind>.<name>` and `cluster.<apiVersion>.<kind>.<name>`.
pub(crate) fn inventory<'a>(objects: impl Iterator<Item = &'a Value>) -> Value {
    let (mut namespaced, mut cluster) = (Map::new(), Map::new());
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (Some(version), Some(kind), Some(name)) =
            (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        else {
            continue;
        };
        let root = match text("/metadata/namespace").filter(|namespace| !namespace.is_empty()) {
            Some(namespace) => below(&mut namespaced, namespace),
            None => Some(&mut cluster),
        };
        let place = root.and_then(|map| below(map, version)).and_then(|map| below(map, kind));
        if let Some(place) = place {
            place.insert(name.to_owned(), object.clone());
        }
    }
    let mut all = Map::new();
    all.insert("namespace".to_owned(), Value::Object(namespaced));
    all.insert("cluster".to_owned(), Value::Object(cluster));
    Value::Object(all)
}

fn below<'m>(map: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    map.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}
