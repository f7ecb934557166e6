//! The kinds of entities: which there are, what their `spec` holds, what it refers to, how they are shown.
//!
//! A kind is data: a `Kind` entity of `fairway.dev/v1`. The built-in ones stand in `kinds.yaml` in the same form
//! as those that an organisation adds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, OnceLock};

use fairway_domain::environment::API_VERSION;
use fairway_domain::{Entity, EntityRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field_format::{is_api_version, is_kind};
use crate::schema::{Misfit, Schema};

/// The kind of the entities that describe kinds.
pub(crate) const KIND: &str = "Kind";
/// Kinds that may be added to the built-in ones.
const KINDS: usize = 1_000;
/// Bytes that one schema may have as JSON.
const SCHEMA_BYTES: usize = 256 << 10;

/// A reference field: where it is, what it names, and what the edge is called in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelationRule {
    /// A path of property names in `spec`, separated by dots. Lists on the way are gone through.
    pub field: String,
    /// The kind of a reference that names none; without one every reference has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_kind: Option<String>,
    /// The relation from the entity to what it names.
    pub forward: String,
    /// The relation back.
    pub reverse: String,
}

/// A column of a table of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// A path such as `spec.owner` or `metadata.title`.
    pub field: String,
}

/// How entities of a kind are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    /// The name of an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// What several of them are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plural: Option<String>,
    /// The columns of a table besides the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
}

/// What is known of one kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindDefinition {
    /// Its name, in its own case.
    pub kind: String,
    /// Its versions; new entities take the first.
    pub api_versions: Vec<String>,
    /// What one of them is called.
    pub title: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The entity that describes it; none when it is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// How it is shown.
    pub presentation: Presentation,
    /// What its `spec` refers to.
    pub relations: Vec<RelationRule>,
    /// The JSON schema of its `spec`.
    pub schema: Value,
    #[serde(skip)]
    compiled: OnceLock<Option<Schema>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    kind: String,
    api_versions: Vec<String>,
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    relations: Vec<RelationRule>,
    #[serde(default)]
    presentation: Presentation,
}

impl KindDefinition {
    /// Reads what a `Kind` entity says, without judging it.
    fn read(entity: &Entity) -> Result<Self, Misfit> {
        let spec = Spec::deserialize(Value::Object(entity.spec.clone()))
            .map_err(|error| misfit("/spec", format!("/spec: {error}")))?;
        Ok(Self {
            title: entity.metadata_text("title").map_or_else(|| spec.kind.clone(), str::to_owned),
            kind: spec.kind,
            api_versions: spec.api_versions,
            description: entity.description().map(str::to_owned),
            entity: Some(entity.reference()),
            presentation: spec.presentation,
            relations: spec.relations,
            schema: spec.schema.unwrap_or(Value::Bool(true)),
            compiled: OnceLock::new(),
        })
    }

    /// What several entities of this kind are called.
    pub fn plural(&self) -> String {
        self.presentation.plural.clone().unwrap_or_else(|| format!("{}s", self.title))
    }

    /// What of a `spec` does not fit.
    pub(crate) fn check(&self, spec: &Map<String, Value>, out: &mut Vec<Misfit>) {
        // Definitions whose schema cannot be compiled do not get into a registry.
        let compiled = self.compiled.get_or_init(|| Schema::compile(&self.schema).ok());
        if let Some(schema) = compiled {
            schema.check(&Value::Object(spec.clone()), "/spec", out);
        }
    }
}

/// The kinds that entities are judged by: the built-in ones, and those that the catalog describes. Cheap to copy.
#[derive(Clone, Debug)]
pub struct KindRegistry {
    kinds: Arc<Kinds>,
}

#[derive(Clone, Debug, Default)]
struct Kinds {
    /// In the order in which they came.
    all: Vec<Arc<KindDefinition>>,
    /// By name in lower case.
    by_name: BTreeMap<String, usize>,
    /// The name of an edge that graphs draw, by the name of the way back.
    drawn: BTreeMap<String, String>,
}

static BUILT_IN: LazyLock<KindRegistry> = LazyLock::new(|| {
    let reading =
        fairway_yaml::read("kinds.yaml", include_str!("kinds.yaml"), &fairway_yaml::Limits::default());
    let mut kinds = Kinds::default();
    for value in reading.documents.iter().filter_map(|document| document.value.as_array()).flatten() {
        let part = |name: &str| value.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let entity = Entity {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: part("metadata"),
            spec: part("spec"),
        };
        // That each of them can be read and compiled is shown by a test.
        if let Ok(definition) = KindDefinition::read(&entity) {
            kinds.add(KindDefinition { entity: None, ..definition });
        }
    }
    KindRegistry { kinds: Arc::new(kinds) }
});

impl Default for KindRegistry {
    /// The built-in kinds.
    fn default() -> Self {
        BUILT_IN.clone()
    }
}

impl KindRegistry {
    /// The built-in kinds and those that these entities describe, of two with one name the first. Entities that
    /// are no `Kind` or no good one are passed over.
    pub fn with<'a>(entities: impl IntoIterator<Item = &'a Entity>) -> Self {
        let mut registry = Self::default();
        for entity in entities {
            if entity.api_version == API_VERSION && entity.kind == KIND {
                // A bad one has been complained about where it was read.
                let _ = registry.describe(entity);
            }
        }
        registry
    }

    /// Adds the kind that an entity describes, or says why that cannot be.
    pub(crate) fn describe(&mut self, entity: &Entity) -> Result<(), Vec<Misfit>> {
        let definition = self.judge(entity)?;
        if self.get(&definition.kind).is_none() {
            Arc::make_mut(&mut self.kinds).add(definition);
        }
        Ok(())
    }

    /// Reads and judges the kind that an entity describes.
    pub(crate) fn judge(&self, entity: &Entity) -> Result<KindDefinition, Vec<Misfit>> {
        let definition = KindDefinition::read(entity).map_err(|found| vec![found])?;
        let mut found = Vec::new();
        let kind = &definition.kind;
        if !is_kind(kind) {
            let message =
                format!("\"{}\" is no name of a kind: a letter, then letters and digits", cut(kind));
            found.push(misfit("/spec/kind", message));
        }
        if let Some(known) = self.get(kind)
            && known.entity != definition.entity
        {
            let owner = known
                .entity
                .as_ref()
                .map_or_else(|| "built in".to_owned(), |by| format!("described by {by}"));
            found.push(misfit("/spec/kind", format!("the kind {} is {owner}", known.kind)));
        }
        if self.kinds.all.len() >= KINDS {
            found.push(misfit(
                "/spec/kind",
                format!("the catalog has {KINDS} kinds; there is no room for more"),
            ));
        }
        for (index, version) in definition.api_versions.iter().enumerate() {
            if !is_api_version(version) || is_policy(version) {
                let message = format!("\"{}\" is no apiVersion that entities may have", cut(version));
                found.push(misfit(&format!("/spec/apiVersions/{index}"), message));
            }
        }
        self.judge_relations(&definition.relations, &mut found);
        if definition.schema.to_string().len() > SCHEMA_BYTES {
            found.push(misfit("/spec/schema", format!("the schema has more than {SCHEMA_BYTES} bytes")));
        } else {
            match Schema::compile(&definition.schema) {
                Ok(schema) => {
                    let _ = definition.compiled.set(Some(schema));
                }
                Err(error) => found.push(misfit(&format!("/spec/schema{}", error.pointer), error.message)),
            }
        }
        if found.is_empty() { Ok(definition) } else { Err(found) }
    }

    /// Two names of one edge belong together wherever they are used, or graphs could not tell its two ends.
    fn judge_relations(&self, rules: &[RelationRule], found: &mut Vec<Misfit>) {
        for (index, rule) in rules.iter().enumerate() {
            for (part, name) in [("forward", &rule.forward), ("reverse", &rule.reverse)] {
                if !is_kind(name) {
                    let message = format!(
                        "\"{}\" is no name of a relation: a letter, then letters and digits",
                        cut(name)
                    );
                    found.push(misfit(&format!("/spec/relations/{index}/{part}"), message));
                }
            }
            for (name, other) in [(&rule.forward, &rule.reverse), (&rule.reverse, &rule.forward)] {
                if let Some(known) = self.opposite(name).filter(|known| *known != other.as_str()) {
                    let message = format!("the way back of {name} is {known}, not {}", cut(other));
                    found.push(misfit(&format!("/spec/relations/{index}"), message));
                    break;
                }
            }
        }
    }

    /// The kind of this name, in any case.
    pub fn get(&self, kind: &str) -> Option<&Arc<KindDefinition>> {
        self.kinds.all.get(*self.kinds.by_name.get(&kind.to_lowercase())?)
    }

    /// The kind of this name and version, exactly.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Arc<KindDefinition>> {
        self.get(kind).filter(|known| {
            known.kind == kind && known.api_versions.iter().any(|version| version == api_version)
        })
    }

    /// Every kind: the built-in ones in the order of the reference, then the others.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<KindDefinition>> {
        self.kinds.all.iter()
    }

    /// The kinds that the catalog describes.
    pub fn described(&self) -> impl Iterator<Item = &Arc<KindDefinition>> {
        self.iter().filter(|kind| kind.entity.is_some())
    }

    /// The names of the kinds that only one of the two has, or that the two have differently. In lower case.
    pub fn differences(&self, other: &Self) -> BTreeSet<String> {
        let of = |registry: &Self| -> BTreeMap<String, Value> {
            let described = registry.described();
            described
                .map(|kind| (kind.kind.to_lowercase(), serde_json::to_value(&**kind).unwrap_or_default()))
                .collect()
        };
        if Arc::ptr_eq(&self.kinds, &other.kinds) {
            return BTreeSet::new();
        }
        let (one, two) = (of(self), of(other));
        let names = one.keys().chain(two.keys());
        names.filter(|name| one.get(*name) != two.get(*name)).cloned().collect()
    }

    /// The rules for references in this entity's `spec`. What is of no known kind still has an owner.
    pub(crate) fn relation_rules(&self, entity: &Entity) -> &[RelationRule] {
        match self.get(&entity.kind) {
            Some(kind) => &kind.relations,
            None if is_policy(&entity.api_version) => &[],
            None => std::slice::from_ref(&*OWNER),
        }
    }

    /// The name under which graphs draw a relation, and whether the relation runs that way.
    pub fn drawn<'a>(&'a self, relation_type: &'a str) -> (&'a str, bool) {
        match self.kinds.drawn.get(relation_type) {
            Some(forward) => (forward, false),
            None => (relation_type, true),
        }
    }

    /// The name of a relation seen from its other end.
    pub fn opposite(&self, relation_type: &str) -> Option<&str> {
        let drawn = &self.kinds.drawn;
        drawn.get(relation_type).map(String::as_str).or_else(|| {
            drawn.iter().find(|(_, forward)| *forward == relation_type).map(|(reverse, _)| reverse.as_str())
        })
    }

    /// What somebody meant who wrote an unknown kind or version.
    pub(crate) fn suggest(&self, api_version: &str, kind: &str) -> String {
        if let Some(known) = self.get(kind) {
            if known.kind == kind {
                return format!("the apiVersion of {kind} is {}", known.api_versions.join(" or "));
            }
            return format!("kinds are written in their own case; did you mean {}?", known.kind);
        }
        let has =
            |known: &&Arc<KindDefinition>| known.api_versions.iter().any(|version| version == api_version);
        let names: Vec<&str> = self.iter().filter(has).take(20).map(|known| known.kind.as_str()).collect();
        if names.is_empty() {
            return "an organisation adds a kind of its own with an entity of kind Kind (fairway.dev/v1)"
                .to_owned();
        }
        format!("the kinds of {api_version} are {}", names.join(", "))
    }
}

static OWNER: LazyLock<RelationRule> = LazyLock::new(|| RelationRule {
    field: "owner".to_owned(),
    default_kind: Some("Group".to_owned()),
    forward: "ownedBy".to_owned(),
    reverse: "ownerOf".to_owned(),
});

impl Kinds {
    fn add(&mut self, definition: KindDefinition) {
        for rule in &definition.relations {
            let known = |name: &String| {
                self.drawn.contains_key(name) || self.drawn.values().any(|other| other == name)
            };
            if !known(&rule.forward) && !known(&rule.reverse) && rule.forward != rule.reverse {
                self.drawn.insert(rule.reverse.clone(), rule.forward.clone());
            }
        }
        self.by_name.insert(definition.kind.to_lowercase(), self.all.len());
        self.all.push(Arc::new(definition));
    }
}

fn misfit(pointer: &str, message: String) -> Misfit {
    Misfit { pointer: pointer.to_owned(), message, missing: None }
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Whether objects of this `apiVersion` are policies (Gatekeeper's templates and constraints, Kyverno's policies
/// and exceptions). They live in the catalog beside entities and keep the naming rules of Kubernetes.
pub fn is_policy(api_version: &str) -> bool {
    POLICY_GROUPS.contains(&api_version.split('/').next().unwrap_or_default())
}

/// The API groups of policies.
pub(crate) const POLICY_GROUPS: [&str; 5] = [
    "templates.gatekeeper.sh",
    "constraints.gatekeeper.sh",
    "admissionregistration.k8s.io",
    "kyverno.io",
    "policies.kyverno.io",
];
