//! The resource types that need no class: names, addresses, routes and volumes. A class of the same type
//! goes before these.

use fairway_domain::plan::PlannedResource;
use serde_json::{Map, Value, json};

use crate::quantity::Quantity;
use crate::resolve::ResolvedResource;
use crate::resource::{Provided, Refused, Writers};
use crate::rule;
use crate::scope::{Notes, Scope};

/// The types that this module provides.
pub(crate) const TYPES: &[&str] = &["dns", "route", "service", "service-port", "volume"];

/// Provides a resource. `None`: the type is not built in.
pub(crate) fn provide(
    scope: &Scope<'_>,
    resolved: &ResolvedResource<'_>,
    notes: &mut Notes,
) -> Option<Result<Provided, Refused>> {
    if resolved.resource.class != "default" {
        return None;
    }
    let provided = match resolved.resource.resource_type.as_str() {
        "dns" => Some(dns(scope, resolved)),
        "route" => route(scope, resolved, notes),
        "service" => Some(service(resolved)),
        "service-port" => service_port(scope, resolved, notes),
        "volume" => volume(scope, resolved, notes),
        _ => return None,
    };
    Some(provided.ok_or(Refused))
}

fn planned(resolved: &ResolvedResource<'_>, size: Option<String>) -> PlannedResource {
    PlannedResource {
        name: resolved.name.to_owned(),
        resource_type: resolved.resource.resource_type.clone(),
        class: "built-in".to_owned(),
        provider: "kubernetes".to_owned(),
        size,
    }
}

/// `<service>.<domain>`; where a workload has several names, those that are not called `dns` carry their own.
fn dns(scope: &Scope<'_>, resolved: &ResolvedResource<'_>) -> Provided {
    let names = scope.request.score.resources.values().filter(|it| it.resource_type == "dns").count();
    let label = if names == 1 || resolved.name == "dns" {
        scope.name.to_owned()
    } else {
        crate::naming::dns_label(&format!("{}-{}", scope.name, resolved.name))
    };
    let host = format!("{label}.{}", scope.request.environment.spec.domain);
    Provided { outputs: json!({"host": host, "url": format!("https://{host}")}), ..Provided::default() }
}

/// Another workload by its name: the last part of the resource's id, or the resource's own name.
fn service(resolved: &ResolvedResource<'_>) -> Provided {
    let id = resolved.resource.id.as_deref().and_then(|id| id.rsplit('.').next());
    Provided { outputs: json!({"name": id.unwrap_or(resolved.name)}), ..Provided::default() }
}

/// Another workload's address: `params.workload`, `params.port`, and `params.namespace` when it lives elsewhere.
fn service_port(scope: &Scope<'_>, resolved: &ResolvedResource<'_>, notes: &mut Notes) -> Option<Provided> {
    let workload = resolved.text("workload").filter(|name| rule::is_service_name(name));
    let Some(workload) = workload else {
        let message = "params.workload must be the name of another workload";
        notes.fail(resolved.error(scope, Some("workload"), message));
        return None;
    };
    let text = resolved.text("port").unwrap_or_default();
    let own = scope.request.score.ports.get(&text).filter(|_| workload == scope.name).map(|port| port.port);
    let Some(port) = text.parse::<u16>().ok().filter(|port| *port > 0).or(own) else {
        let message = format!("params.port \"{text}\" must be the number of a service port of {workload}");
        let error = resolved.error(scope, Some("port"), &message);
        notes.fail(error.with_hint("names of ports are known only inside the workload that has them"));
        return None;
    };
    let namespace = resolved.text("namespace");
    if namespace.as_deref().is_some_and(|namespace| !rule::is_dns_label(namespace)) {
        notes.fail(resolved.error(scope, Some("namespace"), "params.namespace is not a namespace's name"));
        return None;
    }
    let hostname = namespace.map_or_else(|| workload.clone(), |namespace| format!("{workload}.{namespace}"));
    Some(Provided { outputs: json!({"hostname": hostname, "port": port}), ..Provided::default() })
}

/// A host and path that lead to a port of the service, by an Ingress with TLS.
fn route(scope: &Scope<'_>, resolved: &ResolvedResource<'_>, notes: &mut Notes) -> Option<Provided> {
    let ports = &scope.request.score.ports;
    let domain = &scope.request.environment.spec.domain;
    let host = resolved.text("host").unwrap_or_else(|| format!("{}.{domain}", scope.name));
    if !rule::is_dns_subdomain(&host) {
        let message = format!("params.host \"{host}\" is not a host name");
        notes.fail(resolved.error(scope, Some("host"), &message));
        return None;
    }
    if host != *domain && !host.ends_with(&format!(".{domain}")) {
        notes.warn(format!(
            "route {}: the host {host} is not below the environment's domain {domain}",
            resolved.name
        ));
    }
    let path = resolved.text("path").unwrap_or_else(|| "/".to_owned());
    if !rule::is_route_path(&path) {
        let message = format!("params.path \"{path}\" must begin with '/' and hold no spaces or empty parts");
        notes.fail(resolved.error(scope, Some("path"), &message));
        return None;
    }
    let wanted = resolved.text("port");
    let port = match &wanted {
        Some(text) => ports.get(text).or_else(|| ports.values().find(|port| port.port.to_string() == *text)),
        None if ports.len() == 1 => ports.values().next(),
        None => None,
    };
    let Some(port) = port else {
        let offered: Vec<String> =
            ports.iter().map(|(name, port)| format!("{name} ({})", port.port)).collect();
        let message = match wanted {
            Some(text) => format!("the service has no port {text}"),
            None => "params.port is missing".to_owned(),
        };
        let hint = if offered.is_empty() {
            "publish one under service.ports".to_owned()
        } else {
            format!("the service has: {}", offered.join(", "))
        };
        notes.fail(resolved.error(scope, Some("port"), &message).with_hint(hint));
        return None;
    };
    let name = crate::naming::dns_label(&format!("{}-{}", scope.name, resolved.name));
    let mut metadata = scope.metadata(&name);
    if let Value::Object(metadata) = &mut metadata {
        // The first is read by certificate controllers, the second by those that would serve plain HTTP too.
        metadata.insert(
            "annotations".into(),
            json!({"kubernetes.io/tls-acme": "true", "kubernetes.io/ingress.allow-http": "false"}),
        );
    }
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {
            "tls": [{"hosts": [host], "secretName": format!("{name}-tls")}],
            "rules": [{
                "host": host,
                "http": {"paths": [{
                    "path": path,
                    "pathType": "Prefix",
                    "backend": {"service": {"name": scope.name, "port": {"number": port.port}}},
                }]},
            }],
        },
    });
    let url = format!("https://{host}{}", if path == "/" { "" } else { &path });
    Some(Provided {
        outputs: json!({"host": host, "path": path, "url": url}),
        objects: vec![ingress],
        planned: Some(planned(resolved, None)),
        routed_port: Some(port.target_port),
        ..Provided::default()
    })
}

/// A claim of `params.size` (1Gi), written by one node at a time unless `params.accessMode` is ReadWriteMany.
fn volume(scope: &Scope<'_>, resolved: &ResolvedResource<'_>, notes: &mut Notes) -> Option<Provided> {
    let size = resolved.text("size").unwrap_or_else(|| "1Gi".to_owned());
    if !size.parse::<Quantity>().is_ok_and(Quantity::is_positive) {
        let message = format!("params.size \"{size}\" is not an amount of storage such as \"5Gi\"");
        notes.fail(resolved.error(scope, Some("size"), &message));
        return None;
    }
    let mode = resolved.text("accessMode").unwrap_or_else(|| "ReadWriteOnce".to_owned());
    let writers = match mode.as_str() {
        "ReadWriteMany" => Writers::Many,
        "ReadWriteOnce" => Writers::One,
        _ => {
            let message = format!("params.accessMode \"{mode}\" must be ReadWriteOnce or ReadWriteMany");
            notes.fail(resolved.error(scope, Some("accessMode"), &message));
            return None;
        }
    };
    let mut spec = Map::new();
    spec.insert("accessModes".into(), json!([mode]));
    if let Some(class) = resolved.text("storageClass") {
        if !rule::is_dns_subdomain(&class) {
            let message = format!("params.storageClass \"{class}\" is not a name");
            notes.fail(resolved.error(scope, Some("storageClass"), &message));
            return None;
        }
        spec.insert("storageClassName".into(), class.into());
    }
    spec.insert("resources".into(), json!({"requests": {"storage": size}}));
    let name = crate::naming::dns_label(&format!("{}-{}", scope.name, resolved.name));
    Some(Provided {
        outputs: json!({"source": {"persistentVolumeClaim": {"claimName": name}}}),
        objects: vec![json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": scope.metadata(&name), "spec": spec,
        })],
        planned: Some(planned(resolved, Some(size))),
        writers: Some(writers),
        ..Provided::default()
    })
}
