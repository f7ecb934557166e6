//! The catalog's policies, compiled and kept as long as their sources do not change.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use fairway_catalog::Snapshot;
use fairway_domain::finding::{Finding, ObjectRef, Outcome};
use fairway_domain::near_names;
use fairway_domain::{Diagnostic, Digest, canonical};
use fairway_policy::{OtherObjects, PolicyDocument, PolicyInfo, PolicySet, PolicyUnit};
use serde_json::Value;

use super::object::StoredObject;
use super::verdicts::locked;
use crate::projection::View;
use crate::supply::chain::SUPPLY_CHAIN;
use crate::{App, AppError};

/// Where a policy in force was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PolicyPlace {
    /// The source's identifier.
    pub(crate) source: String,
    /// The file in it.
    pub(crate) file: String,
}

/// Compiled policies, kept as long as their sources do not change.
pub(crate) struct Compiled {
    pub(crate) set: PolicySet,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The documents as they were read, with their places.
    pub(crate) documents: Vec<(PolicyDocument, PolicyPlace)>,
    /// The same policies, each with what it depends on.
    pub(crate) units: Vec<Arc<CompiledUnit>>,
    /// Whether a policy is about what is known of supply chains, or looks it up.
    pub(crate) asks_supply_chains: bool,
    /// Whether a policy asks who signed images.
    pub(crate) looks_up_supply_chains: bool,
}

/// The policies that were asked for last.
pub(super) struct LastCompiled {
    /// The catalog that they were read from.
    catalog: Weak<Snapshot>,
    /// Of what they say and where.
    key: Digest,
    compiled: Arc<Compiled>,
}

impl LastCompiled {
    fn is_of(&self, catalog: &Arc<Snapshot>) -> bool {
        std::ptr::eq(self.catalog.as_ptr(), Arc::as_ptr(catalog))
    }
}

/// A unit of policies, compiled for itself.
pub(crate) struct CompiledUnit {
    pub(crate) unit: PolicyUnit,
    pub(crate) set: PolicySet,
    pub(crate) diagnostics: Vec<Diagnostic>,
    names: BTreeSet<String>,
}

impl CompiledUnit {
    pub(crate) fn new(unit: PolicyUnit) -> Self {
        let (set, diagnostics) = PolicySet::compile(unit.documents.clone());
        let names = set.policies().iter().map(|info| info.name.clone()).collect();
        Self { unit, set, diagnostics, names }
    }

    /// Whether a rule is of one of its policies: the policy itself, or one of its rules.
    pub(crate) fn has_rule(&self, rule: &str) -> bool {
        let mut name = rule;
        loop {
            if self.names.contains(name) {
                return true;
            }
            let Some((shorter, _)) = name.rsplit_once('/') else { return false };
            name = shorter;
        }
    }

    /// That none of its policies could be evaluated on an object.
    pub(crate) fn not_evaluated(&self, object: &StoredObject, reason: &str) -> Vec<Finding> {
        let value = object.value();
        let finding = |info: &PolicyInfo| Finding {
            policy: info.title.clone(),
            rule: info.name.clone(),
            severity: info.severity,
            enforcement: info.enforcement,
            outcome: Outcome::NotEvaluated { reason: reason.to_owned() },
            object: ObjectRef {
                api_version: value.get("apiVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
                kind: object.kind.to_string(),
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
                ..ObjectRef::default()
            },
            path: None,
            message: format!("could not be evaluated: {reason}"),
            why: info.why.clone(),
            fix: info.fix.clone(),
            docs: info.docs.clone(),
            line: None,
            patch: Vec::new(),
            waiver: None,
        };
        self.set.policies().iter().map(finding).collect()
    }
}

impl Compiled {
    fn new(documents: Vec<(PolicyDocument, PolicyPlace)>, before: Option<&Self>) -> Self {
        let all: Vec<PolicyDocument> = documents.iter().map(|(document, _)| document.clone()).collect();
        let units = PolicyUnit::divide(&all)
            .into_iter()
            .map(|unit| {
                let mut known = before.into_iter().flat_map(|before| &before.units);
                match known.find(|known| known.unit.key == unit.key && known.unit.documents == unit.documents)
                {
                    Some(known) => Arc::clone(known),
                    None => Arc::new(CompiledUnit::new(unit)),
                }
            })
            .collect();
        let has = |word: &str| all.iter().any(|it| it.value.to_string().contains(word));
        let looks_up_supply_chains = has("\"verifyImages\"");
        let asks_supply_chains = looks_up_supply_chains || has(SUPPLY_CHAIN);
        let (set, diagnostics) = PolicySet::compile(all);
        Self { set, diagnostics, documents, units, asks_supply_chains, looks_up_supply_chains }
    }

    /// All units that look at nothing but the object, as one.
    pub(crate) fn together(&self) -> PolicySet {
        let alone = self.units.iter().filter(|it| *it.unit.other_objects() == OtherObjects::None);
        PolicySet::compile(alone.flat_map(|it| it.unit.documents.iter().cloned()).collect()).0
    }
}

/// The place of a policy's own file by the policy's name: `Kind/name`, `Policy/namespace/name`, or with a binding behind.
fn is_named(value: &Value, name: &str) -> bool {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, own, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [of_kind, called] | [of_kind @ "ValidatingAdmissionPolicy", called, _] => {
            *of_kind == kind && *called == own
        }
        [of_kind, inside, called] => {
            let namespace = if namespace.is_empty() { "default" } else { namespace };
            *of_kind == kind && *called == own && *inside == namespace
        }
        _ => false,
    }
}

impl Compiled {
    /// Where a policy is written.
    pub(crate) fn place_of(&self, policy: &str) -> Result<PolicyPlace, AppError> {
        let found = self.documents.iter().find(|(document, _)| is_named(&document.value, policy));
        found.map(|(_, place)| place.clone()).ok_or_else(|| AppError::NotFound {
            what: "policy",
            name: policy.to_owned(),
            near: near_names(policy, self.set.policies().iter().map(|info| info.name.as_str()))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl App {
    pub(crate) fn policies(&self, view: &View) -> Arc<Compiled> {
        // Nearly every question asks, and the catalog is mostly the same as before.
        if let Some(known) = locked(&self.inner.findings.compiled).as_ref()
            && known.is_of(&view.catalog)
        {
            return Arc::clone(&known.compiled);
        }
        let documents: Vec<(PolicyDocument, PolicyPlace)> = view
            .catalog
            .policies()
            .into_iter()
            .map(|found| {
                let file = found.file().to_owned();
                let document = PolicyDocument { value: found.entity().to_value(), file: Some(file.clone()) };
                (document, PolicyPlace { source: found.source().to_owned(), file })
            })
            .collect();
        let values: Vec<(&Value, &str, &str)> = documents
            .iter()
            .map(|(document, place)| (&document.value, place.source.as_str(), place.file.as_str()))
            .collect();
        let key = canonical::digest(&values).unwrap_or_else(|| Digest::of(b""));
        let catalog = Arc::downgrade(&view.catalog);
        let mut cached = locked(&self.inner.findings.compiled);
        let before = cached.take();
        let compiled = match &before {
            Some(known) if known.key == key => Arc::clone(&known.compiled),
            before => {
                let before = before.as_ref().map(|known| known.compiled.as_ref());
                Arc::new(Compiled::new(documents, before))
            }
        };
        *cached = Some(LastCompiled { catalog, key, compiled: Arc::clone(&compiled) });
        compiled
    }
}
