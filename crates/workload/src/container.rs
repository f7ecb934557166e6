//! One container of the pod: locked down, with limits, probes, variables and mounts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::image;
use crate::mount::{PodVolumes, mounts};
use crate::naming::short_digest;
use crate::outputs::Outputs;
use crate::placeholder::{Piece, SecretKey};
use crate::quantity::Quantity;
use crate::rule;
use crate::scope::{Notes, Scope};
use crate::score::{Container, Probe};

/// What a container gets when neither the score nor the environment says anything.
const FALLBACK_REQUESTS: &[(&str, &str)] = &[("cpu", "100m"), ("memory", "128Mi")];
const FALLBACK_LIMITS: &[(&str, &str)] = &[("memory", "256Mi")];

/// The container without ports and probes, which depend on its place in the pod.
pub(crate) fn container(
    scope: &Scope<'_>,
    name: &str,
    container: &Container,
    outputs: &Outputs<'_>,
    pod: &mut PodVolumes,
    notes: &mut Notes,
) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("name".into(), name.into());
    object.insert("image".into(), image::resolve(scope, name, &container.image, notes).into());
    if !container.command.is_empty() {
        object.insert("command".into(), json!(container.command));
    }
    if !container.args.is_empty() {
        object.insert("args".into(), json!(container.args));
    }
    let variables = variables(scope, name, container, outputs, notes);
    if !variables.is_empty() {
        object.insert("env".into(), Value::Array(variables));
    }
    object.insert("resources".into(), compute(scope, name, container, notes));
    object.insert("volumeMounts".into(), mounts(scope, name, container, outputs, pod, notes).into());
    object.insert(
        "securityContext".into(),
        json!({
            "allowPrivilegeEscalation": false,
            "privileged": false,
            "readOnlyRootFilesystem": true,
            "runAsNonRoot": true,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }),
    );
    object
}

/// The variables by name. A secret alone is a reference to its key; a secret inside a text gets a variable of
/// its own, which comes first, and the text refers to it as `$(NAME)`.
fn variables(
    scope: &Scope<'_>,
    name: &str,
    container: &Container,
    outputs: &Outputs<'_>,
    notes: &mut Notes,
) -> Vec<Value> {
    let mut references: BTreeMap<String, SecretKey> = BTreeMap::new();
    let mut variables = Vec::new();
    for (variable, text) in &container.variables {
        let pointer =
            format!("/containers/{name}/variables/{}", variable.replace('~', "~0").replace('/', "~1"));
        if !rule::is_variable_name(variable) {
            let message = format!("Kubernetes refuses \"{variable}\" as the name of a variable");
            notes.fail(scope.request.score.diagnostic(&pointer, "score-variable", message));
            continue;
        }
        let pieces = match outputs.pieces(text) {
            Ok(pieces) => pieces,
            Err(message) => {
                notes.fail(scope.request.score.diagnostic(&pointer, "score-placeholder", message));
                continue;
            }
        };
        variables.push(match pieces.as_slice() {
            [Piece::Secret(secret)] => secret_variable(variable, secret),
            pieces => {
                let value: String = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => text.clone(),
                        Piece::Secret(secret) => {
                            let digest =
                                short_digest(format!("{}\n{}", secret.secret, secret.key).as_bytes());
                            let reference = format!("__ref_{digest}");
                            let text = format!("$({reference})");
                            references.insert(reference, secret.clone());
                            text
                        }
                    })
                    .collect();
                json!({"name": variable, "value": value})
            }
        });
    }
    references.iter().map(|(name, secret)| secret_variable(name, secret)).chain(variables).collect()
}

fn secret_variable(name: &str, secret: &SecretKey) -> Value {
    json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret.secret, "key": secret.key}}})
}

/// Requests and limits: the score's, else the environment's, else a modest amount. A default never contradicts
/// what was written: a default limit is raised to the request, a default request lowered to the limit.
fn compute(scope: &Scope<'_>, name: &str, container: &Container, notes: &mut Notes) -> Value {
    let defaults = &scope.request.environment.spec.resources;
    let written = &container.resources;
    let mut requests = with_fallback(&defaults.requests, FALLBACK_REQUESTS);
    let mut limits = with_fallback(&defaults.limits, FALLBACK_LIMITS);
    let spelled = |amounts: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        amounts.iter().map(|(key, amount)| (key.clone(), kubernetes_spelling(amount))).collect()
    };
    let (own_requests, own_limits) = (spelled(&written.requests), spelled(&written.limits));
    requests.extend(own_requests.clone());
    limits.extend(own_limits.clone());
    for (key, limit) in &mut limits {
        let Some(request) = requests.get_mut(key) else { continue };
        if !exceeds(request, limit) {
            continue;
        }
        match (own_requests.contains_key(key), own_limits.contains_key(key)) {
            (_, false) => limit.clone_from(request),
            (false, true) => request.clone_from(limit),
            (true, true) => {
                let message =
                    format!("container {name}: the {key} request {request} exceeds its limit {limit}");
                let pointer = format!("/containers/{name}/resources/requests/{key}");
                notes.fail(scope.request.score.diagnostic(&pointer, "score-resources", message));
            }
        }
    }
    json!({"requests": requests, "limits": limits})
}

fn with_fallback(defaults: &BTreeMap<String, String>, fallback: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut amounts = defaults.clone();
    for (key, amount) in fallback {
        amounts.entry((*key).to_owned()).or_insert_with(|| (*amount).to_owned());
    }
    amounts
}

/// Score writes thousands of bytes as `K`, Kubernetes as `k`.
fn kubernetes_spelling(amount: &str) -> String {
    amount.strip_suffix('K').map_or_else(|| amount.to_owned(), |number| format!("{number}k"))
}

fn exceeds(request: &str, limit: &str) -> bool {
    match (request.parse::<Quantity>(), limit.parse::<Quantity>()) {
        (Ok(request), Ok(limit)) => request > limit,
        _ => false,
    }
}

/// A probe as Kubernetes writes it. A host goes into the `Host` header: the probe still asks this pod and
/// nothing else.
pub(crate) fn probe(probe: &Probe) -> Value {
    match probe {
        Probe::Exec(command) => json!({"exec": {"command": command}}),
        Probe::HttpGet { host, scheme, path, port, headers } => {
            let mut request = json!({"path": path, "port": port});
            let headers: Vec<Value> = host
                .iter()
                .map(|host| ("Host", host))
                .chain(headers.iter().map(|(name, value)| (name.as_str(), value)))
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
            if let Value::Object(request) = &mut request {
                if let Some(scheme) = scheme {
                    request.insert("scheme".into(), scheme.clone().into());
                }
                if !headers.is_empty() {
                    request.insert("httpHeaders".into(), headers.into());
                }
            }
            json!({"httpGet": request})
        }
    }
}
