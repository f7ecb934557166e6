//! From a document to an entity, or to everything that is wrong with it.

use std::collections::BTreeMap;

use fairway_domain::environment::{API_VERSION, Environment, KindError, ResourceClass};
use fairway_domain::{Diagnostic, Entity};
use fairway_yaml::Document;
use serde_json::{Map, Value};

use crate::envelope::{check_envelope, escape};
use crate::kind::{self, KIND, KindRegistry};
use crate::relation::{SORTED_FIELDS, references};
use crate::schema::{MISFITS, Misfit, missing};

/// How many things one document is told about itself.
const COMPLAINTS: usize = 50;

/// Checks a document against the envelope and the schema of its kind, and gives the entity, or everything
/// that is wrong, each with its place. Rules and wording are Backstage's. Lists of references come out sorted, as
/// Backstage stores them. Policy objects of Gatekeeper and Kyverno pass with the naming rules of Kubernetes; whether the
/// policy itself is sound is not judged here.
pub fn validate(document: &Document, kinds: &KindRegistry) -> Result<Entity, Vec<Diagnostic>> {
    let Value::Object(root) = &document.value else {
        let message = "an entity is a mapping with apiVersion, kind, metadata and spec";
        return Err(vec![document.diagnostic("", "entity-envelope", message)]);
    };
    let text = |name: &str| root.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind_name) = (text("apiVersion"), text("kind"));
    let policy = kind::is_policy(api_version);
    let mut diagnostics = describe(document, &check_envelope(root, policy), "entity-envelope");
    if !policy && !api_version.is_empty() && !kind_name.is_empty() {
        check_kind(document, root, (api_version, kind_name), kinds, &mut diagnostics);
        differing_in_case(document, &document.value, "", &mut diagnostics);
    }
    let mut entity = Entity {
        api_version: api_version.to_owned(),
        kind: kind_name.to_owned(),
        metadata: root.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
        spec: root.get("spec").and_then(Value::as_object).cloned().unwrap_or_default(),
    };
    for reference in references(kinds, &entity) {
        if let Err(error) = reference.target
            && diagnostics.len() < COMPLAINTS
        {
            let mut diagnostic =
                document.diagnostic(&reference.pointer, "entity-reference", error.to_string());
            if reference.rule.default_kind.is_none() {
                diagnostic = diagnostic.with_hint("write the kind, for example component:my-service");
            }
            diagnostics.push(diagnostic);
        }
    }
    if diagnostics.is_empty() {
        read_as_type(document, &entity, kinds, &mut diagnostics);
    }
    diagnostics.truncate(COMPLAINTS);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    sort_references(&mut entity);
    Ok(entity)
}

/// Everything that is wrong with a value that is meant to be an entity; nothing when it is one.
pub fn validate_entity(value: Value, kinds: &KindRegistry) -> Vec<Diagnostic> {
    validate(&Document::of_value("entity", value), kinds).err().unwrap_or_default()
}

fn check_kind(
    document: &Document,
    root: &Map<String, Value>,
    (api_version, kind_name): (&str, &str),
    kinds: &KindRegistry,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(kind) = kinds.find(api_version, kind_name) else {
        let part = |name: &str| {
            let found = root.get("metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
            found.map(|text| text.chars().take(100).collect::<String>().to_lowercase())
        };
        let (namespace, name) = (part("namespace"), part("name"));
        let reference = format!(
            "{}:{}/{}",
            kind_name.chars().take(100).collect::<String>().to_lowercase(),
            namespace.as_deref().unwrap_or(fairway_domain::entity_ref::DEFAULT_NAMESPACE),
            name.as_deref().unwrap_or("unknown")
        );
        let message = format!(
            "No processor recognized the entity {reference} as valid, possibly caused by a foreign kind or apiVersion"
        );
        let is_version = kinds.get(kind_name).is_some_and(|known| known.kind == kind_name);
        let pointer = if is_version { "/apiVersion" } else { "/kind" };
        let diagnostic = document.diagnostic(pointer, "entity-kind", message);
        diagnostics.push(diagnostic.with_hint(kinds.suggest(api_version, kind_name)));
        return;
    };
    let mut misfits = Vec::new();
    match root.get("spec") {
        Some(Value::Object(spec)) => kind.check(spec, &mut misfits),
        // Something else than a mapping has been complained about with the envelope.
        Some(_) => {}
        None => misfits.push(missing("", "spec")),
    }
    diagnostics.extend(describe(document, &misfits, "entity-schema"));
}

fn describe(document: &Document, misfits: &[Misfit], code: &str) -> Vec<Diagnostic> {
    misfits
        .iter()
        .take(MISFITS)
        .map(|misfit| {
            let diagnostic = document.diagnostic(&misfit.pointer, code, misfit.message.clone());
            match &misfit.missing {
                Some(name) => diagnostic.with_hint(format!("add \"{name}:\" here")),
                None => diagnostic,
            }
        })
        .collect()
}

/// Keys that differ in nothing but case cannot be told apart by filters.
fn differing_in_case(document: &Document, value: &Value, pointer: &str, out: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(map) => {
            let mut seen: BTreeMap<String, &str> = BTreeMap::new();
            for (key, item) in map {
                if out.len() >= COMPLAINTS {
                    return;
                }
                let inside = format!("{pointer}/{}", escape(key));
                if let Some(other) = seen.insert(key.to_lowercase(), key) {
                    let message = format!(
                        "Entity has duplicate keys that vary only in casing, '{}', '{}'",
                        other.chars().take(100).collect::<String>(),
                        key.chars().take(100).collect::<String>()
                    );
                    out.push(document.diagnostic(&inside, "entity-keys", message));
                }
                differing_in_case(document, item, &inside, out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                differing_in_case(document, item, &format!("{pointer}/{index}"), out);
            }
        }
        _ => {}
    }
}

/// Fairway's own kinds have to be readable as what they are.
fn read_as_type(
    document: &Document,
    entity: &Entity,
    kinds: &KindRegistry,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if entity.api_version != API_VERSION {
        return;
    }
    let read: Result<(), KindError> = match entity.kind.as_str() {
        "Environment" => Environment::try_from(entity).map(|_| ()),
        "ResourceClass" => ResourceClass::try_from(entity).map(|_| ()),
        KIND => {
            if let Err(misfits) = kinds.judge(entity) {
                diagnostics.extend(describe(document, &misfits, "kind-definition"));
            }
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(error) = read {
        diagnostics.push(document.diagnostic("/spec", "entity-schema", format!("/spec: {}", error.message)));
    }
}

/// Sorts lists of references by their UTF-16 units, as JavaScript does.
fn sort_references(entity: &mut Entity) {
    for field in SORTED_FIELDS {
        if let Some(Value::Array(items)) = entity.spec.get_mut(*field)
            && items.iter().all(Value::is_string)
        {
            items.sort_by(|one, other| {
                let units =
                    |value: &Value| value.as_str().unwrap_or_default().encode_utf16().collect::<Vec<_>>();
                units(one).cmp(&units(other))
            });
        }
    }
}
