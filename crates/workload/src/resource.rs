//! Resources that the platform's resource classes provide.

use fairway_domain::Diagnostic;
use fairway_domain::environment::ResourceClass;
use fairway_domain::plan::PlannedResource;
use serde_json::{Map, Value, json};

use crate::resolve::ResolvedResource;
use crate::rule;
use crate::scope::{Notes, Scope, templates};

/// Kinds without a namespace; a class that makes one of these says so by its kind alone.
const CLUSTER_SCOPED: &[&str] = &[
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
    "IngressClass",
    "RuntimeClass",
    "ClusterIssuer",
    "ClusterSecretStore",
    "ClusterExternalSecret",
    "ClusterPolicy",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "GatewayClass",
];

/// A volume that a workload may mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// One node at a time, so one replica at a time.
    One,
    /// Any number.
    Many,
}

/// What came of a resource.
#[derive(Default)]
pub(crate) struct Provided {
    /// What placeholders may refer to.
    pub(crate) outputs: Value,
    /// Objects besides the workload's own.
    pub(crate) objects: Vec<Value>,
    /// What the plan lists.
    pub(crate) planned: Option<PlannedResource>,
    /// Who may write, when it is a volume of ours.
    pub(crate) writers: Option<Writers>,
    /// The container port that traffic from outside reaches, when it is a route of ours.
    pub(crate) routed_port: Option<u16>,
}

/// The classes that the environment has.
pub(crate) fn classes_of<'a>(scope: &Scope<'a>) -> impl Iterator<Item = &'a ResourceClass> {
    let environment = &scope.request.environment.name;
    scope.request.classes.iter().filter(move |class| {
        class.spec.environments.is_empty() || class.spec.environments.contains(environment)
    })
}

/// A resource that failed; why is among the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Provides a resource by the first class of its type and class. `None`: there is no such class.
pub(crate) fn provide_by_class(
    scope: &Scope<'_>,
    resolved: &ResolvedResource<'_>,
    notes: &mut Notes,
) -> Option<Result<Provided, Refused>> {
    let wanted = resolved.resource;
    let class = classes_of(scope)
        .filter(|class| class.spec.resource_type == wanted.resource_type && class.spec.class == wanted.class)
        .min_by(|left, right| left.name.cmp(&right.name))?;
    let rendered = render_class(scope, resolved, class);
    Some(rendered.map_err(|problem| {
        notes.fail(*problem);
        Refused
    }))
}

fn render_class(
    scope: &Scope<'_>,
    resolved: &ResolvedResource<'_>,
    class: &ResourceClass,
) -> Result<Provided, Box<Diagnostic>> {
    let size = choose_size(scope, resolved, class)?;
    let mut context = scope.template_context();
    if let Value::Object(map) = &mut context {
        let wanted = resolved.resource;
        let id = wanted.id.clone().unwrap_or_else(|| format!("{}.{}", scope.name, resolved.name));
        map.insert(
            "resource".into(),
            json!({
                "name": resolved.name, "type": wanted.resource_type, "class": wanted.class, "id": id,
                "params": resolved.params,
            }),
        );
        let values = size.as_ref().and_then(|size| class.spec.sizes.get(size));
        let mut entries = values.map(|size| size.values.clone()).unwrap_or_default();
        if let Some(monthly) = values.and_then(|size| size.monthly) {
            entries.insert("monthly".into(), json!(monthly));
        }
        map.insert("size".into(), Value::Object(entries));
    }
    let engine = templates();
    let failed = |message: String| {
        let text = format!("the resource class {}: {message}", class.name);
        Box::new(resolved.error(scope, None, &text).with_hint("the platform team maintains the class"))
    };
    let outputs = Value::Object(class.spec.outputs.clone().into_iter().collect());
    let outputs = engine
        .render_json(&outputs, &format!("{} outputs", class.name), &context)
        .map_err(|error| failed(error.to_string()))?;
    let mut objects = Vec::new();
    for (index, manifest) in class.spec.manifests.iter().enumerate() {
        let place = format!("{} manifests[{index}]", class.name);
        let object =
            engine.render_json(manifest, &place, &context).map_err(|error| failed(error.to_string()))?;
        objects.push(
            complete(scope, resolved.name, object)
                .map_err(|message| failed(format!("manifests[{index}]: {message}")))?,
        );
    }
    Ok(Provided {
        outputs,
        objects,
        planned: Some(PlannedResource {
            name: resolved.name.to_owned(),
            resource_type: resolved.resource.resource_type.clone(),
            class: class.name.clone(),
            provider: class.spec.provider.clone(),
            size,
        }),
        ..Provided::default()
    })
}

/// The size that the workload asks for, else the environment's, else the default.
fn choose_size(
    scope: &Scope<'_>,
    resolved: &ResolvedResource<'_>,
    class: &ResourceClass,
) -> Result<Option<String>, Box<Diagnostic>> {
    let spec = &class.spec;
    let offered = || spec.sizes.keys().cloned().collect::<Vec<_>>().join(", ");
    if let Some(asked) = resolved.params.get("size") {
        let name = asked.as_str().unwrap_or_default();
        if spec.sizes.contains_key(name) {
            return Ok(Some(name.to_owned()));
        }
        if !spec.sizes.is_empty() {
            let error = resolved.error(scope, Some("size"), &format!("there is no size {asked}"));
            return Err(Box::new(error.with_hint(format!("the sizes are: {}", offered()))));
        }
        return Ok(None);
    }
    if spec.sizes.is_empty() {
        return Ok(None);
    }
    let name = spec
        .size_by_environment
        .get(&scope.request.environment.name)
        .or(spec.default_size.as_ref())
        .filter(|name| spec.sizes.contains_key(*name));
    if name.is_none() {
        let error = resolved.error(
            scope,
            None,
            &format!("the resource class {} has no default size here", class.name),
        );
        return Err(Box::new(error.with_hint(format!("set params.size to one of: {}", offered()))));
    }
    Ok(name.cloned())
}

/// The label with the name of the resource that an object belongs to.
const RESOURCE_LABEL: &str = "fairway.dev/resource";

/// Checks an object's envelope and adds namespace and labels.
fn complete(scope: &Scope<'_>, resource: &str, object: Value) -> Result<Value, String> {
    let Value::Object(mut object) = object else { return Err("it is not a mapping".to_owned()) };
    let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("apiVersion").is_none() {
        return Err("apiVersion is missing".to_owned());
    }
    let kind = text("kind").ok_or("kind is missing")?.to_owned();
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else {
        return Err("metadata is missing".to_owned());
    };
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    if !rule::is_dns_subdomain(name) {
        return Err(format!("metadata.name \"{name}\" is not a name that Kubernetes accepts"));
    }
    if !CLUSTER_SCOPED.contains(&kind.as_str()) && !metadata.contains_key("namespace") {
        metadata.insert("namespace".into(), scope.namespace.clone().into());
    }
    let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(labels) = labels {
        for (key, value) in scope.labels() {
            labels.entry(key).or_insert(value);
        }
        labels.insert(RESOURCE_LABEL.to_owned(), resource.into());
    }
    Ok(Value::Object(object))
}
