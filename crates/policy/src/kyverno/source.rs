//! Data from outside that policies ask for. Nothing is fetched: what is not given is not there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::known::KnownObjects;
use crate::resource_name::resource;
use crate::supply_chain::SupplyChains;

/// Where the data comes from.
pub(crate) trait Source {
    /// A ConfigMap.
    fn config_map(&self, namespace: &str, name: &str) -> Option<Value>;
    /// What the cluster's API answers to GET on a path.
    fn api(&self, path: &str) -> Option<Rc<Value>>;
    /// What a registry says of an image.
    fn image(&self, reference: &str) -> Option<Value>;
    /// An entry of the global context.
    fn global(&self, name: &str) -> Option<Value>;
    /// Who signed which images.
    fn supply_chains(&self) -> &SupplyChains;
}

/// Objects stand for the cluster. What its API would answer is put together once for each path.
pub(crate) struct Objects<'a> {
    known: &'a KnownObjects<'a>,
    answers: RefCell<BTreeMap<String, Option<Rc<Value>>>>,
}

/// The most answers that are kept.
const MAX_ANSWERS: usize = 10_000;

impl<'a> Objects<'a> {
    pub(crate) fn new(known: &'a KnownObjects<'a>) -> Self {
        Self { known, answers: RefCell::new(BTreeMap::new()) }
    }
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl Source for Objects<'_> {
    fn config_map(&self, namespace: &str, name: &str) -> Option<Value> {
        let found = self.known.of_kind("v1", "ConfigMap").find(|object| {
            text(object, "/metadata/name") == name && text(object, "/metadata/namespace") == namespace
        });
        found.cloned()
    }

    fn api(&self, path: &str) -> Option<Rc<Value>> {
        if let Some(known) = self.answers.borrow().get(path) {
            return known.clone();
        }
        let answer = self.answer(path).map(Rc::new);
        let mut answers = self.answers.borrow_mut();
        if answers.len() < MAX_ANSWERS {
            answers.insert(path.to_owned(), answer.clone());
        }
        answer
    }

    fn image(&self, _reference: &str) -> Option<Value> {
        None
    }

    fn global(&self, _name: &str) -> Option<Value> {
        None
    }

    fn supply_chains(&self) -> &SupplyChains {
        self.known.supply_chains()
    }
}

impl Objects<'_> {
    /// `/api/v1/namespaces/x/pods`, `/apis/apps/v1/deployments`, with the name of one object at the end or not.
    /// An answer needs at least one object of the kind: an empty list could as well mean that nobody looked.
    fn answer(&self, path: &str) -> Option<Value> {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            [plural] => (None, *plural, None),
            [plural, name] => (None, *plural, Some(*name)),
            _ => return None,
        };
        let kinds = self.known.kinds().keys().filter(|(of, kind)| *of == version && resource(kind) == plural);
        let of_kind: Vec<&Value> = kinds.flat_map(|(of, kind)| self.known.of_kind(of, kind)).collect();
        if of_kind.is_empty() {
            return None;
        }
        let mut inside = of_kind
            .into_iter()
            .filter(|object| namespace.is_none_or(|it| text(object, "/metadata/namespace") == it));
        match name {
            Some(name) => inside.find(|object| text(object, "/metadata/name") == name).cloned(),
            None => Some(json!({"items": inside.cloned().collect::<Vec<Value>>()})),
        }
    }
}
