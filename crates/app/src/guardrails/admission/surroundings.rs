//! What clusters are known to hold besides the object that they ask about: what is delivered to their environments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use fairway_domain::Digest;
use fairway_policy::{KnownObjects, PolicyObject};

use crate::guardrails::compiled::Compiled;
use crate::guardrails::delivered::Delivered;

/// The objects of each environment that policies may look up.
#[derive(Default)]
pub(crate) struct Surroundings {
    environments: BTreeMap<String, Arc<KnownObjects<'static>>>,
    /// What is known wherever a request comes from.
    anywhere: Option<Arc<KnownObjects<'static>>>,
    /// The namespaces that something of a service is delivered to.
    homes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// What they were taken from.
    delivered: Option<Digest>,
    policies: Weak<Compiled>,
}

impl Surroundings {
    /// What policies may look up of what is delivered. Objects of kinds that no policy looks up are left out.
    pub(crate) fn of(compiled: &Arc<Compiled>, delivered: &Delivered) -> Self {
        let is_looked_up = |kind: &str| {
            kind == "Namespace" || compiled.units.iter().any(|it| it.unit.other_objects().include(kind))
        };
        let mut environments: BTreeMap<String, Vec<PolicyObject>> = BTreeMap::new();
        let mut homes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
        for placement in &delivered.placements {
            let own = homes.entry(Arc::clone(&placement.service)).or_default();
            own.insert(Arc::clone(&placement.object.namespace));
            let objects = environments.entry(placement.environment.to_string()).or_default();
            if is_looked_up(&placement.object.kind) && placement.may_be_looked_up() {
                objects.push(PolicyObject {
                    value: placement.object.value(),
                    file: Some(placement.file.to_string()),
                    environment: Some(placement.environment.to_string()),
                });
            }
        }
        let beside: Vec<PolicyObject> = delivered
            .beside
            .iter()
            .filter(|object| is_looked_up(&object.kind))
            .map(|object| PolicyObject { value: object.value(), file: None, environment: None })
            .collect();
        for objects in environments.values_mut() {
            objects.extend_from_slice(&beside);
        }
        let lasting = |objects: Vec<PolicyObject>| Arc::new(KnownObjects::lasting(Arc::new(objects)));
        Self {
            environments: environments.into_iter().map(|(name, objects)| (name, lasting(objects))).collect(),
            anywhere: Some(lasting(beside)),
            homes,
            delivered: delivered.key,
            policies: Arc::downgrade(compiled),
        }
    }

    /// Whether they were taken from these.
    pub(crate) fn is_of(&self, compiled: &Arc<Compiled>, delivered: &Delivered) -> bool {
        self.anywhere.is_some()
            && self.delivered == delivered.key
            && std::ptr::eq(self.policies.as_ptr(), Arc::as_ptr(compiled))
    }

    /// Whether something of a service is delivered to a namespace.
    pub(crate) fn is_at_home(&self, service: &str, namespace: &str) -> bool {
        self.homes.get(service).is_some_and(|namespaces| namespaces.contains(namespace))
    }

    /// What is known of an environment; where none is named, what is known anywhere.
    pub(crate) fn known(&self, environment: Option<&str>) -> Option<Arc<KnownObjects<'static>>> {
        let named = environment.and_then(|environment| self.environments.get(environment));
        named.or(self.anywhere.as_ref()).cloned()
    }
}
