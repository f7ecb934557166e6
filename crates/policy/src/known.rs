//! The objects that policies may look up beside the one they are asked about.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::{Map, Value};

use crate::admission_policy::NamespaceObjects;
use crate::inventory::inventory;
use crate::matching::Namespaces;
use crate::review::subject;
use crate::set::PolicyObject;
use crate::supply_chain::SupplyChains;
use crate::unit::OtherObjects;

enum Storage<'k> {
    Borrowed(&'k [PolicyObject]),
    Shared(Arc<Vec<PolicyObject>>),
}

/// Objects that policies may look up: `data.inventory` of Gatekeeper, namespaces, parameters, and what Kyverno asks
/// the cluster for. What is made of them is made when it is first needed, and once.
pub struct KnownObjects<'k> {
    storage: Storage<'k>,
    /// Tells one value from another, so that programs which hold this inventory are found again.
    generation: u64,
    namespaces: BTreeMap<String, usize>,
    by_kind: OnceLock<BTreeMap<(String, String), Vec<usize>>>,
    /// The objects as programs in Rego see them, by position; made when they are looked at.
    values: OnceLock<Vec<OnceLock<regorus::Value>>>,
    supply_chains: OnceLock<SupplyChains>,
}

static NO_LABELS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The labels of a namespace; none are the same as empty ones.
pub(crate) fn labels_of(namespace: &Value) -> &Map<String, Value> {
    namespace.pointer("/metadata/labels").and_then(Value::as_object).unwrap_or(&NO_LABELS)
}

impl<'k> KnownObjects<'k> {
    /// For one evaluation.
    pub fn of(objects: &'k [PolicyObject]) -> Self {
        Self::new(Storage::Borrowed(objects))
    }

    /// For many evaluations: what policies make of the objects is kept as long as this is.
    pub fn lasting(objects: Arc<Vec<PolicyObject>>) -> Self {
        Self::new(Storage::Shared(objects))
    }

    fn new(storage: Storage<'k>) -> Self {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let mut known = Self {
            storage,
            generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
            namespaces: BTreeMap::new(),
            by_kind: OnceLock::new(),
            values: OnceLock::new(),
            supply_chains: OnceLock::new(),
        };
        known.namespaces = known
            .objects()
            .enumerate()
            .filter(|(_, object)| text(object, "/kind") == "Namespace" && text(object, "/apiVersion") == "v1")
            .map(|(position, object)| (text(object, "/metadata/name").to_owned(), position))
            .filter(|(name, _)| !name.is_empty())
            .collect();
        known
    }

    fn slice(&self) -> &[PolicyObject] {
        match &self.storage {
            Storage::Borrowed(objects) => objects,
            Storage::Shared(objects) => objects,
        }
    }

    /// The objects; an `AdmissionReview` stands for the object in it.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Value> {
        self.slice().iter().map(|object| subject(&object.value))
    }

    /// The objects of a version and a kind, in their order.
    pub(crate) fn of_kind(&self, version: &str, kind: &str) -> impl Iterator<Item = &Value> {
        let positions = self.kinds().get(&(version.to_owned(), kind.to_owned()));
        positions
            .into_iter()
            .flatten()
            .filter_map(|position| Some(subject(&self.slice().get(*position)?.value)))
    }

    /// The kinds that there are, by version and kind.
    pub(crate) fn kinds(&self) -> &BTreeMap<(String, String), Vec<usize>> {
        self.by_kind.get_or_init(|| {
            let mut by_kind: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
            for (position, object) in self.objects().enumerate() {
                let key = (text(object, "/apiVersion").to_owned(), text(object, "/kind").to_owned());
                by_kind.entry(key).or_default().push(position);
            }
            by_kind
        })
    }

    /// `data.inventory`, with the objects that are looked at. Each object is converted once, whoever asks for it.
    pub(crate) fn inventory(&self, looks_at: &OtherObjects) -> regorus::Value {
        let values = self.values.get_or_init(|| self.slice().iter().map(|_| OnceLock::new()).collect());
        let looked_at =
            self.objects().zip(values).filter(|(object, _)| looks_at.include(text(object, "/kind")));
        inventory(looked_at.map(|(object, value)| {
            (object, value.get_or_init(|| regorus::Value::from(object.clone())).clone())
        }))
    }

    /// Who signed which images, as objects `SupplyChain` say. One that a review stands for says nothing: it only
    /// asks to be taken in.
    pub(crate) fn supply_chains(&self) -> &SupplyChains {
        self.supply_chains.get_or_init(|| SupplyChains::of(self.slice().iter().map(|object| &object.value)))
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether there will be further evaluations with it.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self.storage, Storage::Shared(_))
    }
}

impl NamespaceObjects for KnownObjects<'_> {
    fn object(&self, name: &str) -> Option<&Value> {
        let position = self.namespaces.get(name)?;
        Some(subject(&self.slice().get(*position)?.value))
    }
}

impl Namespaces for KnownObjects<'_> {
    fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
        self.object(namespace).map(labels_of)
    }
}

/// What is known around one question: the objects, and the namespace that came with it.
#[derive(Clone, Copy)]
pub(crate) struct Around<'k> {
    pub(crate) known: &'k KnownObjects<'k>,
    /// The namespace that the object is in, where it was supplied.
    pub(crate) namespace: Option<&'k Value>,
}

impl<'k> Around<'k> {
    /// The labels of a namespace, where that is known.
    pub(crate) fn known_labels(self, namespace: &str) -> Option<&'k Map<String, Value>> {
        let supplied = self.namespace.filter(|it| text(it, "/metadata/name") == namespace);
        supplied.or_else(|| self.known.object(namespace)).map(labels_of)
    }
}

impl NamespaceObjects for Around<'_> {
    fn object(&self, name: &str) -> Option<&Value> {
        let supplied = self.namespace.filter(|namespace| text(namespace, "/metadata/name") == name);
        supplied.or_else(|| self.known.object(name))
    }
}

impl Namespaces for Around<'_> {
    fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
        self.object(namespace).map(labels_of)
    }
}
