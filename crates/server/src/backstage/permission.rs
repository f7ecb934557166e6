//! `/api/permission`: what the caller may do, in Backstage's words; and what each plugin says of its permissions.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use fairway_app::permissions::NamedPermission;
use fairway_domain::{Actor, Permission};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::backstage::caller::Known;
use crate::backstage::failure::Failure;
use crate::backstage::input::Input;
use crate::state::ServerState;

/// How many questions one request may ask.
const QUESTIONS: usize = 10_000;

pub(super) fn routes() -> Router<ServerState> {
    Router::new().route("/authorize", post(authorize)).route("/health", get(health))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn authorize(
    State(state): State<ServerState>,
    Known(caller): Known,
    input: Input,
) -> Result<Json<Value>, Failure> {
    input.required("items")?;
    let items = input.array("items")?.into_iter().flatten();
    let mut answers = Vec::new();
    for (index, item) in items.enumerate() {
        if index >= QUESTIONS {
            return Err(Failure::input(format!(
                "request/body/items must NOT have more than {QUESTIONS} items"
            )));
        }
        let place = |what: &str| Failure::input(format!("request/body/items/{index}{what}"));
        let id = item.get("id").and_then(Value::as_str).ok_or_else(|| place("/id must be string"))?;
        let asked =
            item.get("permission").ok_or_else(|| place(" must have required property 'permission'"))?;
        let permission = NamedPermission::deserialize(asked)
            .map_err(|error| place(&format!("/permission is not a permission: {error}")))?;
        let result = if state.app.has_permission(&caller, &permission) { "ALLOW" } else { "DENY" };
        let answer = match item.get("resourceRef") {
            Some(Value::Array(references)) => json!({"id": id, "result": vec![result; references.len()]}),
            Some(Value::String(_)) => json!({"id": id, "result": result}),
            Some(_) => return Err(place("/resourceRef must be string")),
            None => {
                let of_resource = asked.get("type").and_then(Value::as_str) == Some("resource");
                if of_resource && !matches!(caller.actor, Actor::Token { .. }) {
                    return Err(Failure::input(
                        "Resource permissions require a resourceRef to be set. Direct user requests without a \
                         resourceRef are not allowed.",
                    ));
                }
                json!({"id": id, "result": result})
            }
        };
        answers.push(answer);
    }
    Ok(Json(json!({ "items": answers })))
}

/// The well-known routes of the catalog's own permissions.
pub(super) fn catalog_routes() -> Router<ServerState> {
    Router::new()
        .route("/.well-known/backstage/permissions/metadata", get(metadata))
        .route("/.well-known/backstage/permissions/apply-conditions", post(apply_conditions))
}

const ENTITY: &str = "catalog-entity";

async fn metadata() -> Json<Value> {
    let permission = |name: &str, action: &str, resource: bool| {
        let mut permission = json!({"name": name, "attributes": {"action": action}, "type": "basic"});
        if let (true, Value::Object(fields)) = (resource, &mut permission) {
            fields.insert("type".to_owned(), "resource".into());
            fields.insert("resourceType".to_owned(), ENTITY.into());
        }
        permission
    };
    let rule = |name: &str, description: &str, parameters: &[(&str, Value, bool)]| {
        let required: Vec<&str> = parameters.iter().filter(|it| it.2).map(|it| it.0).collect();
        let properties: serde_json::Map<String, Value> =
            parameters.iter().map(|(name, schema, _)| ((*name).to_owned(), schema.clone())).collect();
        json!({
            "name": name,
            "description": description,
            "resourceType": ENTITY,
            "paramsSchema": {
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
                "$schema": "http://json-schema.org/draft-07/schema#",
            },
        })
    };
    let text = || json!({"type": "string"});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    Json(json!({
        "permissions": [
            permission("catalog.entity.read", "read", true),
            permission("catalog.entity.create", "create", false),
            permission("catalog.entity.delete", "delete", true),
            permission("catalog.entity.refresh", "update", true),
            permission("catalog.entity.validate", "read", false),
            permission("catalog.location.read", "read", false),
            permission("catalog.location.create", "create", false),
            permission("catalog.location.delete", "delete", false),
            permission("catalog.location.analyze", "read", false),
        ],
        "rules": [
            rule("HAS_ANNOTATION", "The entity has the annotation, with the value when one is given",
                &[("annotation", text(), true), ("value", text(), false)]),
            rule("HAS_LABEL", "The entity has the label", &[("label", text(), true)]),
            rule("HAS_METADATA", "The entity has the metadata field, with the value when one is given",
                &[("key", text(), true), ("value", text(), false)]),
            rule("HAS_SPEC", "The entity has the spec field, with the value when one is given",
                &[("key", text(), true), ("value", text(), false)]),
            rule("IS_ENTITY_KIND", "The entity is of one of the kinds", &[("kinds", texts(), true)]),
            rule("IS_ENTITY_OWNER", "The entity is owned by one of the claims", &[("claims", texts(), true)]),
        ],
    }))
}

async fn apply_conditions(
    State(state): State<ServerState>,
    Known(caller): Known,
    input: Input,
) -> Result<Json<Value>, Failure> {
    caller.authorise(Permission::Read)?;
    input.required("items")?;
    let items = input.array("items")?.into_iter().flatten();
    let mut answers = Vec::new();
    for (index, item) in items.enumerate() {
        if index >= QUESTIONS {
            return Err(Failure::input(format!(
                "request/body/items must NOT have more than {QUESTIONS} items"
            )));
        }
        let place = |what: &str| Failure::input(format!("request/body/items/{index}{what}"));
        let id = item.get("id").and_then(Value::as_str).ok_or_else(|| place("/id must be string"))?;
        if item.get("resourceType").and_then(Value::as_str) != Some(ENTITY) {
            return Err(place(&format!("/resourceType must be equal to constant {ENTITY}")));
        }
        let conditions =
            item.get("conditions").ok_or_else(|| place(" must have required property 'conditions'"))?;
        let meets = |reference: &Value| -> Result<&'static str, Failure> {
            let reference = reference.as_str().ok_or_else(|| place("/resourceRef must be string"))?;
            Ok(if state.app.meets(&caller, reference, conditions)? { "ALLOW" } else { "DENY" })
        };
        let result = match item.get("resourceRef") {
            Some(Value::Array(references)) => {
                json!(references.iter().map(meets).collect::<Result<Vec<_>, _>>()?)
            }
            Some(reference) => json!(meets(reference)?),
            None => return Err(place(" must have required property 'resourceRef'")),
        };
        answers.push(json!({"id": id, "result": result}));
    }
    Ok(Json(json!({ "items": answers })))
}
