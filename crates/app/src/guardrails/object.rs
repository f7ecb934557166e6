//! Objects that policies look at, each kept once, as bytes: a parsed object weighs several times as much.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fairway_domain::Digest;
use serde_json::Value;

/// An object as it was written somewhere.
pub(crate) struct StoredObject {
    /// Names the object in this process; equal objects have the same, and it is not given again.
    pub(crate) number: u32,
    pub(crate) kind: Arc<str>,
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Box<str>,
    json: Box<[u8]>,
}

impl StoredObject {
    /// The object itself.
    pub(crate) fn value(&self) -> Value {
        // The bytes were written from a value.
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// How many bytes it weighs.
    pub(crate) const fn weight(&self) -> usize {
        self.json.len()
    }
}

/// Gives equal objects the same number and the same bytes, for as long as somebody holds them.
#[derive(Default)]
pub(crate) struct ObjectStore {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    // Never iterated in an order that anybody sees.
    objects: HashMap<Digest, Weak<StoredObject>>,
    words: BTreeSet<Arc<str>>,
    next: u32,
}

impl Known {
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }
}

/// Whether a document of a manifest is an object of a cluster.
pub(crate) fn is_object(value: &Value) -> bool {
    let is_text = |key: &str| value.get(key).is_some_and(Value::is_string);
    is_text("apiVersion") && is_text("kind")
}

impl ObjectStore {
    /// The object as it is kept.
    pub(crate) fn take_in(&self, value: &Value) -> Arc<StoredObject> {
        let json = serde_json::to_vec(value).unwrap_or_default();
        let digest = Digest::of(&json);
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(object) = known.objects.get(&digest).and_then(Weak::upgrade) {
            return object;
        }
        known.next += 1;
        let object = Arc::new(StoredObject {
            number: known.next,
            kind: known.word(text("/kind")),
            namespace: known.word(text("/metadata/namespace")),
            name: text("/metadata/name").into(),
            json: json.into(),
        });
        known.objects.insert(digest, Arc::downgrade(&object));
        object
    }

    /// Forgets what nobody holds any more. Returns the numbers of what is left.
    pub(crate) fn sweep(&self) -> BTreeSet<u32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = BTreeSet::new();
        known.objects.retain(|_, object| {
            let held = object.upgrade();
            left.extend(held.as_ref().map(|object| object.number));
            held.is_some()
        });
        known.words.retain(|word| Arc::strong_count(word) > 1);
        left
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::ObjectStore;

    #[test]
    fn equal_objects_are_one_and_what_nobody_holds_is_forgotten() {
        let store = ObjectStore::default();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}});
        let one = store.take_in(&pod);
        assert!(Arc::ptr_eq(&one, &store.take_in(&pod)));
        assert_eq!((one.value(), &*one.kind, &*one.namespace, &*one.name), (pod.clone(), "Pod", "shop", "a"));
        let number = one.number;
        assert!(store.sweep().contains(&number));
        drop(one);
        assert!(store.sweep().is_empty());
        assert_ne!(store.take_in(&pod).number, number, "a number is never given again");
    }
}
