//! Which roles somebody has, as far as the bindings among the known objects tell.

use serde_json::Value;

use super::request::User;
use crate::known::KnownObjects;

/// The version of bindings.
const VERSION: &str = "rbac.authorization.k8s.io/v1";

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn binds(binding: &Value, user: &User) -> bool {
    let subjects = binding.get("subjects").and_then(Value::as_array);
    subjects.into_iter().flatten().any(|subject| match text(subject, "/kind") {
        "User" => text(subject, "/name") == user.name,
        "Group" => user.groups.iter().any(|group| group == text(subject, "/name")),
        "ServiceAccount" => {
            let (namespace, name) = user.service_account();
            !name.is_empty() && text(subject, "/name") == name && text(subject, "/namespace") == namespace
        }
        _ => false,
    })
}

/// Adds the roles that are bound to a user. There may be others.
pub(crate) fn add_bound(user: &mut User, known: &KnownObjects<'_>) {
    // Every cluster binds its administrators so.
    if user.groups.iter().any(|group| group == "system:masters") {
        user.cluster_roles.push("cluster-admin".to_owned());
    }
    for binding in known.of_kind(VERSION, "ClusterRoleBinding") {
        if binds(binding, user) {
            user.cluster_roles.push(text(binding, "/roleRef/name").to_owned());
        }
    }
    for binding in known.of_kind(VERSION, "RoleBinding") {
        if !binds(binding, user) {
            continue;
        }
        let name = text(binding, "/roleRef/name");
        if text(binding, "/roleRef/kind") == "ClusterRole" {
            user.cluster_roles.push(name.to_owned());
        } else {
            user.roles.push(format!("{}:{name}", text(binding, "/metadata/namespace")));
        }
    }
}
