//! `data.inventory`: other objects, for policies that look at more than one.

use std::collections::BTreeMap;

use regorus::Value;

/// Objects by what stands before the last step: `<apiVersion>.<kind>.<name>`.
#[derive(Default)]
struct Place(BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>>);

impl Place {
    fn put(&mut self, version: &str, kind: &str, name: &str, value: Value) {
        let kinds = self.0.entry(version.to_owned()).or_default();
        kinds.entry(kind.to_owned()).or_default().insert(name.to_owned(), value);
    }

    fn value(self) -> Value {
        map(self.0.into_iter().map(|(version, kinds)| {
            (version, map(kinds.into_iter().map(|(kind, names)| (kind, map(names.into_iter())))))
        }))
    }
}

fn map(members: impl Iterator<Item = (String, Value)>) -> Value {
    Value::from(members.map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<Value, Value>>())
}

/// `namespace.<namespace>.<apiVersion>.<kind>.<name>` and `cluster.<apiVersion>.<kind>.<name>`, from objects and the
/// values that stand for them.
pub(crate) fn inventory<'a>(objects: impl Iterator<Item = (&'a serde_json::Value, Value)>) -> Value {
    let (mut namespaced, mut cluster) = (BTreeMap::<String, Place>::new(), Place::default());
    for (object, value) in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str);
        let (Some(version), Some(kind), Some(name)) =
            (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        else {
            continue;
        };
        let place = match text("/metadata/namespace").filter(|namespace| !namespace.is_empty()) {
            Some(namespace) => namespaced.entry(namespace.to_owned()).or_default(),
            None => &mut cluster,
        };
        place.put(version, kind, name, value);
    }
    let namespaced = map(namespaced.into_iter().map(|(namespace, place)| (namespace, place.value())));
    map([("namespace".to_owned(), namespaced), ("cluster".to_owned(), cluster.value())].into_iter())
}
