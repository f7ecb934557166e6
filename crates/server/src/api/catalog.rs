//! Entities, and where they come from.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use fairway_app::AppError;
use fairway_app::sources::Source;
use fairway_catalog::{Order, Query};
use fairway_domain::{EntityRef, Permission};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::api::plan::reference;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::{ApiFailure, add};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Entities by kind, type, owner, lifecycle, tag and text.
#[utoipa::path(get, path = "/api/v1/catalog/entities", tag = "catalog", operation_id = "listEntities",
    params(
        ("q" = Option<String>, Query, description = "Text in name, title, description or tags"),
        ("kind" = Option<Vec<String>>, Query, description = "Kinds"),
        ("type" = Option<Vec<String>>, Query, description = "Types"),
        ("owner" = Option<Vec<String>>, Query, description = "Owners"),
        ("lifecycle" = Option<Vec<String>>, Query, description = "Lifecycles"),
        ("tag" = Option<Vec<String>>, Query, description = "Tags"),
        ("limit" = Option<usize>, Query, description = "At most this many, 100 by default, 1,000 at the most"),
        ("offset" = Option<usize>, Query, description = "Leave out this many"),
        ("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record"),
    ),
    responses((status = 200, description = "{items, total}", body = Object)))]
pub(crate) async fn entities(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let pairs = Pairs::of_query(&uri);
    let owners: Result<Vec<EntityRef>, ApiFailure> =
        pairs.all("owner").iter().map(|owner| reference(owner, "group")).collect();
    let query = Query {
        text: pairs.get("q").map(str::to_owned),
        kinds: pairs.all("kind"),
        types: pairs.all("type"),
        owners: owners?,
        lifecycles: pairs.all("lifecycle"),
        tags: pairs.all("tag"),
        order: Some(Order { field: "metadata.name".to_owned(), descending: false }),
        limit: pairs.number("limit", 100).min(1_000),
        offset: pairs.number("offset", 0),
        ..Query::default()
    };
    let view = state.app.as_of(&caller, pairs.get("at")).await?.view;
    let page = view.catalog.query(&query);
    let items: Vec<Value> = page.items.iter().map(|found| found.to_backstage_json()).collect();
    Ok(Json(json!({"items": items, "total": page.total})))
}

/// One entity with its relations.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}", tag = "catalog", operation_id = "getEntity",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"),
        ("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record")),
    responses((status = 200, description = "The entity", body = Object), (status = 404, body = ErrorBody, description = "No such entity; `details.movedTo` when it has another name now")))]
pub(crate) async fn entity(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let view = state.app.as_of(&caller, Pairs::of_query(&uri).get("at")).await?.view;
    let found = view.catalog.get(&reference).ok_or_else(|| AppError::absent(&view.catalog, &reference))?;
    let mut body = found.to_backstage_json();
    if !found.errors().is_empty() {
        add(&mut body, "fairway", json!({"errors": found.errors()}));
    }
    Ok(Json(body))
}

/// Files of sources that are broken, with line and column.
#[utoipa::path(get, path = "/api/v1/catalog/drafts", tag = "catalog", operation_id = "listDrafts",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn drafts(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let view = state.app.view();
    let items: Vec<Value> = view.drafts.values().map(|draft| json!(**draft)).collect();
    Ok(Json(json!({ "items": items })))
}

/// The kinds of entities: the built-in ones, and those that the catalog describes.
#[utoipa::path(get, path = "/api/v1/kinds", tag = "catalog", operation_id = "listKinds",
    responses((status = 200, description = "{items}: kind, apiVersions, title, description, entity, presentation, relations, schema", body = Object)))]
pub(crate) async fn kinds(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let view = state.app.view();
    let items: Vec<Value> = view.catalog.kinds().iter().map(|kind| json!(**kind)).collect();
    Ok(Json(json!({ "items": items })))
}

pub(crate) fn source_body(state: &ServerState, source: &Source) -> Value {
    let mut body = json!(source);
    add(&mut body, "pace", json!(state.app.source_pace(&source.id)));
    add(&mut body, "address", json!(source.target.address(state.app.config())));
    body
}

/// The sources and how they fare.
#[utoipa::path(get, path = "/api/v1/sources", tag = "catalog", operation_id = "listSources",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn sources(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    let items: Vec<Value> =
        state.app.sources(&caller)?.iter().map(|source| source_body(&state, source)).collect();
    Ok(Json(json!({ "items": items })))
}

/// A source to register.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterSource {
    /// The address of a `catalog-info.yaml`, or of a repository that has one at its top.
    target: String,
}

/// Register a source and read it.
#[utoipa::path(post, path = "/api/v1/sources", tag = "catalog", operation_id = "registerSource", request_body = RegisterSource,
    responses((status = 201, description = "The source", body = Object), (status = 400, body = ErrorBody, description = "It cannot be read")))]
pub(crate) async fn register(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<RegisterSource>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let source = state.app.register_source(&caller, &request.target).await?;
    Ok((StatusCode::CREATED, Json(source_body(&state, &source))))
}

/// Read a source again now.
#[utoipa::path(post, path = "/api/v1/sources/{id}/refresh", tag = "catalog", operation_id = "refreshSource",
    params(("id" = String, Path, description = "Its identifier"), ("accept" = Option<bool>, Query, description = "Also carry out a removal that looks like a mistake")),
    responses((status = 200, description = "The source", body = Object), (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn refresh(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let accept = Pairs::of_query(&uri).get("accept") == Some("true");
    let source = state.app.refresh_source(&caller, &id, accept).await?;
    Ok(Json(source_body(&state, &source)))
}

/// Take a source out, with the entities that only it gives.
#[utoipa::path(delete, path = "/api/v1/sources/{id}", tag = "catalog", operation_id = "removeSource",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 204, description = "Gone"), (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn remove(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    state.app.remove_source(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
