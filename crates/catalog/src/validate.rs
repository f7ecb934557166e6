//! From a document to an entity, or to everything that is wrong with it.

use fairway_domain::environment::{Environment, KindError, ResourceClass};
use fairway_domain::{Diagnostic, Entity};
use fairway_yaml::Document;
use serde_json::{Map, Value};

use crate::envelope::{check_envelope, escape};
use crate::kind;
use crate::relation::references;
use crate::schema::{Misfit, check_fields, missing};

/// How many things one document is told about itself.
const COMPLAINTS: usize = 50;

/// Checks a document against the envelope and the schema of its kind, and gives the entity, or everything
/// that is wrong, each with its place. Rules and wording are Backstage's. Policy objects of Gatekeeper pass
/// with the naming rules of Kubernetes; whether the policy itself is sound is not judged here.
pub fn validate(document: &Document) -> Result<Entity, Vec<Diagnostic>> {
    let Value::Object(root) = &document.value else {
        let message = "an entity is a mapping with apiVersion, kind, metadata and spec";
        return Err(vec![document.diagnostic("", "entity-envelope", message)]);
    };
    let text = |name: &str| root.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind_name) = (text("apiVersion"), text("kind"));
    let policy = kind::is_policy(api_version);
    let mut misfits = check_envelope(root, policy);
    let mut diagnostics = describe(document, &misfits, "entity-envelope");
    if !policy && !api_version.is_empty() && !kind_name.is_empty() {
        misfits.clear();
        check_kind(document, root, (api_version, kind_name), &mut misfits, &mut diagnostics);
        diagnostics.extend(describe(document, &misfits, "entity-schema"));
        differing_in_case(document, &document.value, "", &mut diagnostics);
    }
    let entity = Entity {
        api_version: api_version.to_owned(),
        kind: kind_name.to_owned(),
        metadata: root.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
        spec: root.get("spec").and_then(Value::as_object).cloned().unwrap_or_default(),
    };
    for reference in references(&entity) {
        if let Err(error) = reference.target {
            let mut diagnostic =
                document.diagnostic(&reference.pointer, "entity-reference", error.to_string());
            if reference.rule.default_kind.is_none() {
                diagnostic = diagnostic.with_hint("write the kind, for example component:my-service");
            }
            diagnostics.push(diagnostic);
        }
    }
    if diagnostics.is_empty()
        && let Err(error) = read_as_type(&entity)
    {
        diagnostics.push(document.diagnostic("/spec", "entity-schema", format!("/spec: {}", error.message)));
    }
    diagnostics.truncate(COMPLAINTS);
    if diagnostics.is_empty() { Ok(entity) } else { Err(diagnostics) }
}

fn check_kind(
    document: &Document,
    root: &Map<String, Value>,
    (api_version, kind_name): (&str, &str),
    misfits: &mut Vec<Misfit>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(kind) = kind::find(api_version, kind_name) else {
        let name = root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
        let reference = format!("{}:{}", kind_name.to_lowercase(), name.unwrap_or("unknown").to_lowercase());
        let message = format!(
            "No processor recognized the entity {reference} as valid, possibly caused by a foreign kind or apiVersion"
        );
        let is_version = kind::known_kinds().any(|(known, _)| known == kind_name);
        let pointer = if is_version { "/apiVersion" } else { "/kind" };
        let mut diagnostic = document.diagnostic(pointer, "entity-kind", message);
        diagnostic.hint = kind::suggest(api_version, kind_name);
        diagnostics.push(diagnostic);
        return;
    };
    match root.get("spec") {
        Some(Value::Object(spec)) => check_fields(spec, kind::fields(kind, spec), "/spec", misfits),
        // Something else than a mapping has been complained about with the envelope.
        Some(_) => {}
        None => misfits.push(missing("", "spec")),
    }
}

fn describe(document: &Document, misfits: &[Misfit], code: &str) -> Vec<Diagnostic> {
    misfits
        .iter()
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
            let mut seen: std::collections::BTreeMap<String, &str> = std::collections::BTreeMap::new();
            for (key, item) in map {
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
fn read_as_type(entity: &Entity) -> Result<(), KindError> {
    if entity.api_version != fairway_domain::environment::API_VERSION {
        return Ok(());
    }
    match entity.kind.as_str() {
        "Environment" => Environment::try_from(entity).map(|_| ()),
        "ResourceClass" => ResourceClass::try_from(entity).map(|_| ()),
        _ => Ok(()),
    }
}
