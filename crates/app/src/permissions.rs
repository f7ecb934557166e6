//! What a caller may do, asked in Backstage's words: permissions by name, and conditions on entities.

use fairway_catalog::CatalogEntity;
use fairway_domain::{Caller, EntityRef, Permission};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{App, AppError};

/// How deep conditions may be nested.
const DEPTH: usize = 32;

/// A permission as Backstage names it.
#[derive(Clone, Debug, Deserialize)]
pub struct NamedPermission {
    /// For example `catalog.entity.read`.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub attributes: PermissionAttributes,
    /// The type of the resources that it is about, when it is about some.
    #[serde(default, rename = "resourceType")]
    pub resource_type: Option<String>,
}

/// What a permission is about.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PermissionAttributes {
    /// `create`, `read`, `update` or `delete`.
    #[serde(default)]
    pub action: Option<String>,
}

impl NamedPermission {
    /// The permission of Fairway that answers it. By name where the name is known, by what it does otherwise.
    pub fn needed(&self) -> Permission {
        match self.name.as_str() {
            "catalog.entity.create"
            | "catalog.entity.delete"
            | "catalog.entity.refresh"
            | "catalog.location.create"
            | "catalog.location.delete"
            // Looking at an address reads a repository from wherever it is.
            | "catalog.location.analyze" => Permission::ManageCatalog,
            "catalog.entity.read"
            | "catalog.entity.validate"
            | "catalog.location.read" => Permission::Read,
            _ if self.name.starts_with("scaffolder.") && self.attributes.action.as_deref() != Some("read") => {
                Permission::Create
            }
            _ => match self.attributes.action.as_deref() {
                Some("read") => Permission::Read,
                Some("create" | "update" | "delete") => Permission::ManageCatalog,
                // What does nothing that is known needs the right to everything.
                _ => Permission::Administer,
            },
        }
    }
}

impl App {
    /// Whether a caller has a permission that Backstage names.
    pub fn has_permission(&self, caller: &Caller, permission: &NamedPermission) -> bool {
        caller.may(permission.needed())
    }

    /// Whether an entity meets conditions: `{rule, params}`, combined by `anyOf`, `allOf` and `not`. An entity
    /// that does not exist meets none.
    pub fn meets(&self, caller: &Caller, reference: &str, conditions: &Value) -> Result<bool, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let entity = reference.parse::<EntityRef>().ok().and_then(|found| view.catalog.get(&found));
        let Some(entity) = entity else { return Ok(false) };
        holds(entity, conditions, 0)
    }
}

fn holds(entity: &CatalogEntity, conditions: &Value, depth: usize) -> Result<bool, AppError> {
    if depth > DEPTH {
        return Err(AppError::invalid(format!("conditions are nested deeper than {DEPTH} levels")));
    }
    let Value::Object(fields) = conditions else {
        return Err(AppError::invalid("a condition is an object with rule, anyOf, allOf or not"));
    };
    let inside = |value: &Value| holds(entity, value, depth + 1);
    match (fields.get("anyOf"), fields.get("allOf"), fields.get("not")) {
        (Some(Value::Array(items)), _, _) => {
            for item in items {
                if inside(item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (_, Some(Value::Array(items)), _) => {
            for item in items {
                if !inside(item)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (_, _, Some(item)) => Ok(!inside(item)?),
        _ => rule(entity, fields),
    }
}

fn rule(entity: &CatalogEntity, condition: &Map<String, Value>) -> Result<bool, AppError> {
    let name = condition.get("rule").and_then(Value::as_str).unwrap_or_default();
    let parameters = condition.get("params").and_then(Value::as_object);
    let parameter = |name: &str| parameters.and_then(|found| found.get(name));
    let text = |name: &str| {
        parameter(name)
            .and_then(Value::as_str)
            .ok_or_else(|| AppError::invalid(format!("the condition needs the parameter \"{name}\", a text")))
    };
    let texts = |name: &str| -> Result<Vec<&str>, AppError> {
        let items = parameter(name).and_then(Value::as_array);
        let items = items.ok_or_else(|| {
            AppError::invalid(format!("the condition needs the parameter \"{name}\", a list"))
        })?;
        Ok(items.iter().filter_map(Value::as_str).collect())
    };
    let own = entity.to_backstage_json();
    let has = |path: &str, key: &str| {
        let mut found = own.get(path);
        for part in key.split('.') {
            found = found.and_then(|value| value.get(part));
        }
        match (found, parameter("value").and_then(Value::as_str)) {
            (None | Some(Value::Null), _) => false,
            (Some(Value::Array(items)), Some(wanted)) => items.iter().any(|item| item == wanted),
            (Some(found), Some(wanted)) => found == wanted,
            (Some(_), None) => true,
        }
    };
    let entry = |map: &str, key: &str| own.pointer(map).and_then(|map| map.get(key)).cloned();
    Ok(match name {
        "IS_ENTITY_KIND" => {
            texts("kinds")?.iter().any(|kind| kind.eq_ignore_ascii_case(entity.reference().kind()))
        }
        "IS_ENTITY_OWNER" => {
            let claims = texts("claims")?;
            entity.targets("ownedBy").any(|owner| {
                let owner = owner.to_string();
                claims.iter().any(|claim| claim.eq_ignore_ascii_case(&owner))
            })
        }
        "HAS_LABEL" => entry("/metadata/labels", text("label")?).is_some(),
        "HAS_ANNOTATION" => {
            let found = entry("/metadata/annotations", text("annotation")?);
            match parameter("value") {
                Some(wanted) => found.as_ref() == Some(wanted),
                None => found.is_some(),
            }
        }
        "HAS_METADATA" => has("metadata", text("key")?),
        "HAS_SPEC" => has("spec", text("key")?),
        other => return Err(AppError::invalid(format!("there is no rule \"{other}\" for entities"))),
    })
}
