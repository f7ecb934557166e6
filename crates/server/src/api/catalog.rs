//! Entities, and where they come from.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use fairway_app::AppError;
use fairway_app::questions::{EntityList, complete_query, order};
use fairway_app::sources::Source;
use fairway_catalog::{CatalogEntity, Direction, Facet, Field, OrderField, Predicate, Reach};
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

/// Entities by a query, or by kind, type, owner, lifecycle and tag.
///
/// The query is what people write into the search field of the portal, for example
/// `kind:component owner:team-a -has:system orders`.
#[utoipa::path(get, path = "/api/v1/catalog/entities", tag = "catalog", operation_id = "listEntities",
    params(
        ("q" = Option<String>, Query, description = "A query: words, `field:value`, `-field:value`, `field:*`, `field:pre*`, `field:~part`, `or`, brackets; `owner:me`, `dependsOn:orders-db`, `is:orphan`"),
        ("kind" = Option<Vec<String>>, Query, description = "Kinds"),
        ("type" = Option<Vec<String>>, Query, description = "Types"),
        ("owner" = Option<Vec<String>>, Query, description = "Owners"),
        ("lifecycle" = Option<Vec<String>>, Query, description = "Lifecycles"),
        ("tag" = Option<Vec<String>>, Query, description = "Tags"),
        ("limit" = Option<usize>, Query, description = "At most this many, 100 by default, 1,000 at the most"),
        ("offset" = Option<usize>, Query, description = "Leave out this many"),
        ("order" = Option<Vec<String>>, Query, description = "Fields to order by, `-` before a name for backwards: `kind`, `-changed`, `spec.type`; by name when absent"),
        ("facet" = Option<Vec<String>>, Query, description = "Fields whose values are counted among all that fit: `kind`, `owner`, `spec.type`"),
        ("form" = Option<String>, Query, description = "`source` for the entities as their files have them, without relations, status and what the catalog adds"),
        ("cursor" = Option<String>, Query, description = "Go on where an earlier answer ended: its `nextCursor`. Query and order are those of that answer"),
        ("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record"),
    ),
    responses((status = 200, description = "{items, total, nextCursor, facets: [{field, values: [{value, count}]}]}", body = Object),
        (status = 400, body = ErrorBody, description = "The query cannot be read; `details` say where")))]
pub(crate) async fn entities(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let pairs = Pairs::of_query(&uri);
    let asked = state.app.as_of(&caller, pairs.get("at")).await?;
    let order: Result<Vec<OrderField>, ApiFailure> =
        pairs.all("order").iter().map(|it| Ok(order(it)?)).collect();
    let list = EntityList {
        query: pairs.get("q").unwrap_or_default().to_owned(),
        narrowed: narrowed(&pairs)?,
        order: order?,
        facets: pairs.all("facet"),
        limit: pairs.number("limit", 100).min(1_000),
        offset: pairs.number("offset", 0),
        cursor: pairs.get("cursor").map(str::to_owned),
    };
    let page = list.answer(&asked, &caller)?;
    let facets: Vec<Value> = page
        .facets
        .into_iter()
        .map(|Facet { field, values }| {
            let values = values.into_iter().map(|(value, count)| json!({"value": value, "count": count}));
            json!({"field": field, "values": values.collect::<Vec<_>>()})
        })
        .collect();
    let form = match pairs.get("form") {
        None => CatalogEntity::to_backstage_json,
        Some("source") => |found: &CatalogEntity| json!(*found.entity()),
        Some(other) => {
            let message = format!("there is no form \"{}\"", other.chars().take(100).collect::<String>());
            let hint = "leave it out, or ask for form=source".to_owned();
            return Err(AppError::Invalid { message, hint: Some(hint) }.into());
        }
    };
    let items: Vec<Value> = page.items.iter().map(form).collect();
    let mut body = json!({"items": items, "total": page.total});
    if let Some(cursor) = page.next_cursor {
        add(&mut body, "nextCursor", json!(cursor));
    }
    if !facets.is_empty() {
        add(&mut body, "facets", json!(facets));
    }
    Ok(Json(body))
}

/// What the parameters besides the query narrow it to.
fn narrowed(pairs: &Pairs) -> Result<Vec<Predicate>, ApiFailure> {
    let fields = [("kind", "kind"), ("type", "spec.type"), ("lifecycle", "spec.lifecycle")];
    let values = fields.iter().map(|(name, path)| (pairs.all(name), *path));
    let mut all: Vec<Predicate> = values
        .filter(|(values, _)| !values.is_empty())
        .map(|(values, path)| Predicate::In(Field::new(path), values))
        .collect();
    all.extend(pairs.all("tag").iter().map(|tag| Predicate::equals("metadata.tags", tag)));
    let owners: Result<Vec<EntityRef>, ApiFailure> =
        pairs.all("owner").iter().map(|owner| reference(owner, "group")).collect();
    let owners = owners?.into_iter().map(|owner| match owner.kind() {
        "user" => Predicate::OwnedBy(owner),
        _ => Predicate::Relation { relation_type: "ownedBy".to_owned(), targets: vec![owner] },
    });
    let owners: Vec<Predicate> = owners.collect();
    if !owners.is_empty() {
        all.push(Predicate::Any(owners));
    }
    Ok(all)
}

/// What could stand at a place of a query: fields, values with the number of entities, names, keywords.
#[utoipa::path(get, path = "/api/v1/catalog/complete", tag = "catalog", operation_id = "completeQuery",
    params(
        ("q" = Option<String>, Query, description = "The query as far as it is written"),
        ("cursor" = Option<usize>, Query, description = "Where, in characters (Unicode code points) from 0; at the end when absent"),
        ("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record"),
    ),
    responses((status = 200, description = "{items}: insert, label, count, and the characters `from`-`to` that it replaces; the likeliest first", body = Object)))]
pub(crate) async fn complete(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let pairs = Pairs::of_query(&uri);
    let asked = state.app.as_of(&caller, pairs.get("at")).await?;
    // Blanks at the end say that the last word is complete.
    let text = pairs.0.iter().find(|(name, _)| name == "q").map_or("", |(_, text)| text);
    let items = complete_query(&asked, &caller, text, pairs.number("cursor", usize::MAX));
    Ok(Json(json!({ "items": items })))
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

/// What an entity needs, or what breaks when it does, directly and through others.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/graph", tag = "catalog", operation_id = "getDependencyGraph",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"),
        ("direction" = Option<String>, Query, description = "`needs`, what it needs, which is the default; `breaks`, what needs it"),
        ("depth" = Option<usize>, Query, description = "At most so many steps away"),
        ("only" = Option<Vec<String>>, Query, description = "Show only these kinds; others are still gone through"),
        ("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record")),
    responses((status = 200, description = "{root, nodes: [{reference, kind, title, missing, distance, through}], edges: [{from, to, relation}], cycle, truncated}", body = Object),
        (status = 404, body = ErrorBody, description = "No such entity")))]
pub(crate) async fn graph(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let pairs = Pairs::of_query(&uri);
    let direction = match pairs.get("direction") {
        None | Some("needs") => Direction::Needs,
        Some("breaks") => Direction::Breaks,
        Some(_) => return Err(AppError::invalid("the direction is either needs or breaks").into()),
    };
    let depth = pairs.get("depth").map(str::parse).transpose();
    let depth = depth.map_err(|_| AppError::invalid("the depth is a number of steps, from 1"))?;
    let view = state.app.as_of(&caller, pairs.get("at")).await?.view;
    let reference = EntityRef::new(&kind, &namespace, &name);
    let root = view.catalog.get(&reference).ok_or_else(|| AppError::absent(&view.catalog, &reference))?;
    let reach = Reach { direction, depth, kinds: pairs.all("only") };
    let graph = view.catalog.reach_graph(&reference, &reach);
    let nodes = graph.nodes.iter().map(|it| {
        json!({"reference": it.node.reference, "kind": it.node.kind, "title": it.node.title,
            "missing": it.node.missing, "distance": it.node.distance, "through": it.through})
    });
    let edges = graph.edges.iter().map(|it| json!({"from": it.from, "to": it.to, "relation": it.relation}));
    Ok(Json(json!({
        "root": {"reference": reference, "kind": root.kind(), "title": root.title()},
        "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>(),
        "cycle": view.catalog.cycle_of(&reference), "truncated": graph.truncated,
    })))
}

/// Things that need each other, in groups.
#[utoipa::path(get, path = "/api/v1/catalog/cycles", tag = "catalog", operation_id = "listDependencyCycles",
    params(("at" = Option<String>, Query, description = "As of a moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record")),
    responses((status = 200, description = "{items}: lists of references", body = Object)))]
pub(crate) async fn cycles(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    caller.authorise(Permission::Read).map_err(AppError::from)?;
    let view = state.app.as_of(&caller, Pairs::of_query(&uri).get("at")).await?.view;
    // It walks through the whole catalog.
    let found = tokio::task::spawn_blocking(move || view.catalog.dependency_cycles()).await;
    let found = found.map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Json(json!({ "items": found })))
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
