//! `/api/catalog/entities` and facets: the catalog's own JSON, put together without being parsed.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fairway_app::AppError;
use fairway_catalog::{
    CatalogEntity, Field, FullText, MissingField, OrderField, Predicate, SelectedPage, Selection, Snapshot,
    filters, predicate,
};
use fairway_domain::EntityRef;
use futures::stream;
use serde_json::{Map, Value, json};

use crate::backstage::answer::{Instead, Tag, json_body};
use crate::backstage::caller::Reader;
use crate::backstage::failure::Failure;
use crate::backstage::input::Input;
use crate::backstage::parameters::Parameters;
use crate::state::ServerState;

/// How many entities a page has when nothing else is asked for, as Backstage has it.
const PAGE: usize = 200;
/// Answers with more entities are sent piece by piece.
const AT_ONCE: usize = 1_000;
/// How large a piece is, about.
const PIECE: usize = 64 * 1024;
const HEAD: &str = "{\"items\":[";
const TOTALS: [&str; 2] = ["include", "exclude"];

pub(super) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/entities", get(list))
        .route("/entities/by-query", get(by_query).post(by_predicate))
        .route("/entities/by-refs", post(by_references))
        .route("/entities/by-uid/{uid}", get(by_uid).delete(remove))
        .route("/entities/by-name/{kind}/{namespace}/{name}", get(by_name))
        .route("/entities/by-name/{kind}/{namespace}/{name}/ancestry", get(ancestry))
        .route("/entity-facets", get(facets).post(facets_by_predicate))
}

/// The paths that are kept of each entity; empty for all.
fn fields(paths: Vec<String>) -> Result<Vec<String>, Failure> {
    match paths.iter().find(|path| path.contains('[')) {
        Some(path) => {
            Err(Failure::input(format!("Invalid field \"{path}\", array type fields are not supported")))
        }
        None => Ok(paths),
    }
}

/// Appends an entity as it is handed out.
fn write(body: &mut Vec<u8>, entity: &CatalogEntity, fields: &[String]) {
    if fields.is_empty() {
        entity.write_json(body);
    } else {
        body.extend_from_slice(entity.json_with(fields).to_string().as_bytes());
    }
}

/// Sends many entities piece by piece: what is before them, they, and what follows.
fn pieces(head: &str, items: &[&CatalogEntity], fields: Vec<String>, tail: String) -> Body {
    let mut waiting = items.iter().copied().cloned().collect::<Vec<CatalogEntity>>().into_iter();
    let mut piece = Vec::from(head);
    let mut tail = Some(tail);
    let mut first = true;
    let chunks = std::iter::from_fn(move || {
        for entity in waiting.by_ref() {
            if !first {
                piece.push(b',');
            }
            first = false;
            write(&mut piece, &entity, &fields);
            if piece.len() >= PIECE {
                return Some(Bytes::from(std::mem::take(&mut piece)));
            }
        }
        let tail = tail.take()?;
        piece.extend_from_slice(tail.as_bytes());
        Some(Bytes::from(std::mem::take(&mut piece)))
    });
    Body::from_stream(stream::iter(chunks.map(Ok::<_, std::convert::Infallible>)))
}

async fn list(
    State(state): State<ServerState>,
    Reader(_): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let view = state.app.view();
    let tag = Tag::unless_known(&view, &uri, &headers)?;
    let parameters = Parameters::of(&uri);
    let fields = fields(parameters.list("fields"))?;
    let after = parameters.first("after").filter(|text| !text.is_empty()).map(After::read).transpose()?;
    let limit = parameters.integer("limit", 1)?;
    let offset = parameters.integer("offset", 0)?;
    let paged = limit.is_some() || offset.is_some() || after.is_some();
    let limit = after.as_ref().and_then(|after| after.limit).or(limit);
    let offset = after.map(|after| after.offset).or(offset).unwrap_or(0);
    let mut order = list_order(&parameters)?;
    if order.is_empty() && paged {
        order.push(OrderField { field: Field::reference(), descending: false });
    }
    let selection = Selection {
        predicate: filters(&parameters.all("filter"))?,
        order,
        // One more tells whether there is another page.
        limit: limit.map_or(usize::MAX, |limit| limit.saturating_add(1)),
        offset,
        count_total: false,
        missing: MissingField::Last,
        ..Selection::default()
    };
    let page = view.catalog.select(&selection)?;
    let mut items = page.items;
    let more = limit.is_some_and(|limit| items.len() > limit);
    items.truncate(limit.unwrap_or(usize::MAX));
    let mut response = tag.body(pieces("[", &items, fields, "]".to_owned()));
    if let (true, Some(limit)) = (more, limit) {
        let after = After { limit: Some(limit), offset: offset.saturating_add(limit) }.text();
        if let Ok(link) =
            HeaderValue::from_str(&format!("<{}>; rel=\"next\"", next_address(&parameters, &after)))
        {
            response.headers_mut().insert(LINK, link);
        }
    }
    Ok(response)
}

/// `order=asc:field` and `order=desc:field`.
fn list_order(parameters: &Parameters) -> Result<Vec<OrderField>, Failure> {
    let read = |text: String| match text.split_once(':') {
        Some((direction @ ("asc" | "desc"), field)) if !field.is_empty() => {
            Ok(OrderField { field: Field::new(field), descending: direction == "desc" })
        }
        _ => Err(Failure::input(format!(
            "Invalid order parameter \"{text}\", expected <asc or desc>:<field name>"
        ))),
    };
    parameters.all("order").into_iter().map(read).collect()
}

/// Where a page of the list ended.
struct After {
    limit: Option<usize>,
    offset: usize,
}

impl After {
    fn text(&self) -> String {
        STANDARD.encode(json!({"limit": self.limit, "offset": self.offset}).to_string())
    }

    fn read(text: &str) -> Result<Self, Failure> {
        let malformed = || Failure::input("Malformed after query parameter, could not be parsed");
        let bytes = STANDARD.decode(text).map_err(|_| malformed())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let number = |name: &str| match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(found) => {
                found.as_u64().and_then(|number| usize::try_from(number).ok()).map(Some).ok_or_else(malformed)
            }
        };
        if !value.is_object() {
            return Err(malformed());
        }
        Ok(Self {
            limit: number("limit")?.filter(|limit| *limit > 0),
            offset: number("offset")?.unwrap_or(0),
        })
    }
}

fn next_address(parameters: &Parameters, after: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(name, _)| !matches!(*name, "after" | "offset" | "limit"))
    {
        query.append_pair(name, value);
    }
    query.append_pair("after", after);
    format!("/entities?{}", query.finish())
}

async fn by_query(
    State(state): State<ServerState>,
    Reader(_): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let view = state.app.view();
    let tag = Tag::unless_known(&view, &uri, &headers)?;
    let parameters = Parameters::of(&uri);
    let fields = fields(parameters.list("fields"))?;
    let mut selection = Selection {
        limit: parameters.integer("limit", 0)?.unwrap_or(PAGE),
        count_total: parameters.choice("totalItems", &TOTALS)? != Some("exclude"),
        missing: MissingField::Last,
        ..Selection::default()
    };
    let offset = parameters.integer("offset", 0)?;
    if let Some(cursor) = parameters.first("cursor").filter(|cursor| !cursor.is_empty()) {
        selection.cursor = Some(cursor.to_owned());
    } else {
        selection.predicate = filters(&parameters.all("filter"))?;
        selection.order = query_order(&parameters)?;
        selection.offset = offset.unwrap_or(0);
        let term = parameters.first("fullTextFilterTerm").map(str::trim).filter(|term| !term.is_empty());
        selection.full_text = term.map(|term| FullText {
            term: term.to_owned(),
            fields: parameters.list("fullTextFilterFields").iter().map(|field| Field::new(field)).collect(),
        });
    }
    let page = view.catalog.select(&selection)?;
    Ok(tag.body(page_body(&page, fields)))
}

/// `orderField=field`, `orderField=field,asc` and `orderField=field,desc`.
fn query_order(parameters: &Parameters) -> Result<Vec<OrderField>, Failure> {
    let read = |text: String| {
        let (field, direction) = text.split_once(',').unwrap_or((text.as_str(), "asc"));
        match direction.trim() {
            "asc" | "desc" if !field.trim().is_empty() => {
                Ok(OrderField { field: Field::new(field.trim()), descending: direction.trim() == "desc" })
            }
            _ => Err(Failure::input("Invalid order field order, must be asc or desc")),
        }
    };
    parameters.all("orderField").into_iter().map(read).collect()
}

/// `{items, totalItems, pageInfo}`.
fn page_body(page: &SelectedPage<'_>, fields: Vec<String>) -> Body {
    let mut cursors = Map::new();
    for (name, cursor) in [("nextCursor", &page.next_cursor), ("prevCursor", &page.previous_cursor)] {
        if let Some(cursor) = cursor {
            cursors.insert(name.to_owned(), cursor.clone().into());
        }
    }
    let tail = format!("],\"totalItems\":{},\"pageInfo\":{}}}", page.total, Value::Object(cursors));
    if page.items.len() > AT_ONCE {
        return pieces(HEAD, &page.items, fields, tail);
    }
    let size = page.items.len() * if fields.is_empty() { 2_048 } else { 256 };
    let mut body = Vec::with_capacity(HEAD.len() + size + tail.len());
    body.extend_from_slice(HEAD.as_bytes());
    for (index, entity) in page.items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write(&mut body, entity, &fields);
    }
    body.extend_from_slice(tail.as_bytes());
    Body::from(body)
}

async fn by_predicate(
    State(state): State<ServerState>,
    Reader(_): Reader,
    input: Input,
) -> Result<Response, Failure> {
    let fields = fields(input.texts("fields")?.unwrap_or_default())?;
    let mut selection = Selection {
        limit: input.integer("limit", 0)?.unwrap_or(PAGE),
        count_total: input.choice("totalItems", &TOTALS)? != Some("exclude"),
        missing: MissingField::Last,
        ..Selection::default()
    };
    let (offset, query) = (input.integer("offset", 0)?, input.object("query")?);
    if let Some(cursor) = input.text("cursor")?.filter(|cursor| !cursor.is_empty()) {
        selection.cursor = Some(cursor.to_owned());
    } else {
        selection.predicate = query.map(predicate).transpose()?.unwrap_or_default();
        selection.order = predicate_order(&input)?;
        selection.offset = offset.unwrap_or(0);
        selection.full_text = predicate_text(&input)?;
    }
    let view = state.app.view();
    let page = view.catalog.select(&selection)?;
    Ok(json_body(page_body(&page, fields)))
}

fn predicate_order(input: &Input) -> Result<Vec<OrderField>, Failure> {
    let orders = input.array("orderBy")?.into_iter().flatten().enumerate();
    let read = |(index, value): (usize, &Value)| {
        let at = format!("request/body/orderBy/{index}");
        let field = value.get("field").and_then(Value::as_str).filter(|field| !field.is_empty());
        let field =
            field.ok_or_else(|| Failure::input(format!("{at} must have required property 'field'")))?;
        let descending = match value.get("order").map(Value::as_str) {
            None | Some(Some("asc")) => false,
            Some(Some("desc")) => true,
            Some(_) => {
                let message = format!("{at}/order must be equal to one of the allowed values: asc, desc");
                return Err(Failure::input(message));
            }
        };
        Ok(OrderField { field: Field::new(field), descending })
    };
    orders.map(read).collect()
}

fn predicate_text(input: &Input) -> Result<Option<FullText>, Failure> {
    let Some(filter) = input.object("fullTextFilter")?.and_then(Value::as_object) else { return Ok(None) };
    let filter = Input(filter.clone());
    let term = filter.text("term")?.map(str::trim).unwrap_or_default();
    let fields = filter.texts("fields")?.unwrap_or_default();
    let fields = fields.iter().map(|field| Field::new(field)).collect();
    Ok((!term.is_empty()).then(|| FullText { term: term.to_owned(), fields }))
}

async fn by_references(
    State(state): State<ServerState>,
    Reader(_): Reader,
    uri: Uri,
    input: Input,
) -> Result<Response, Failure> {
    let parameters = Parameters::of(&uri);
    input.required("entityRefs")?;
    let references = input.texts("entityRefs")?.unwrap_or_default();
    let mut paths = parameters.list("fields");
    paths.extend(input.texts("fields")?.unwrap_or_default());
    let fields = fields(paths)?;
    let filter = parameters.all("filter");
    let query = input.object("query")?;
    let view = state.app.view();
    let found: Vec<Option<&CatalogEntity>> = references
        .iter()
        .map(|text| text.parse::<EntityRef>().ok().and_then(|reference| view.catalog.get(&reference)))
        .collect();
    let mut body = Vec::from(&b"{\"items\":["[..]);
    let passing = if filter.is_empty() && query.is_none() {
        None
    } else {
        let condition = filters(&filter)?.and(query.map(predicate).transpose()?.unwrap_or_default());
        Some(passing(&view.catalog, condition, &found)?)
    };
    for (index, entity) in found.into_iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let passes =
            |entity: &&CatalogEntity| passing.as_ref().is_none_or(|uids| uids.contains(entity.uid()));
        match entity.filter(passes) {
            Some(entity) => write(&mut body, entity, &fields),
            None => body.extend_from_slice(b"null"),
        }
    }
    body.extend_from_slice(b"]}");
    Ok(json_body(Body::from(body)))
}

/// The identifiers of those entities that meet a condition.
fn passing(
    catalog: &Snapshot,
    condition: Predicate,
    found: &[Option<&CatalogEntity>],
) -> Result<BTreeSet<String>, Failure> {
    let uids: Vec<String> = found.iter().flatten().map(|entity| entity.uid().to_owned()).collect();
    let selection = Selection {
        limit: uids.len(),
        predicate: condition.and(Predicate::In(Field::new("metadata.uid"), uids)),
        count_total: false,
        ..Selection::default()
    };
    let page = catalog.select(&selection)?;
    Ok(page.items.into_iter().map(|entity| entity.uid().to_owned()).collect())
}

async fn by_uid(
    State(state): State<ServerState>,
    Reader(_): Reader,
    Path(uid): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let view = state.app.view();
    let tag = Tag::unless_known(&view, &uri, &headers)?;
    let selection = Selection {
        predicate: Predicate::equals("metadata.uid", &uid),
        limit: 1,
        count_total: false,
        ..Selection::default()
    };
    match view.catalog.select(&selection)?.items.first() {
        Some(entity) => Ok(tag.bytes(entity.json())),
        None => Err(Failure::not_found(format!("No entity with uid {}", short(&uid))).into()),
    }
}

async fn remove(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path(uid): Path<String>,
) -> Result<StatusCode, Failure> {
    state.app.remove_entity(&caller, &uid).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn by_name(
    State(state): State<ServerState>,
    Reader(_): Reader,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let view = state.app.view();
    let tag = Tag::unless_known(&view, &uri, &headers)?;
    match view.catalog.get(&EntityRef::new(&kind, &namespace, &name)) {
        Some(entity) => Ok(tag.bytes(entity.json())),
        None => Err(Failure::not_found(format!(
            "No entity named '{}' found, with kind '{}' in namespace '{}'",
            short(&name),
            short(&kind),
            short(&namespace)
        ))
        .into()),
    }
}

async fn ancestry(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let items = state.app.ancestry(&caller, &reference).map_err(|error| match error {
        AppError::NotFound { .. } => Failure::not_found(format!("No such entity {reference}")),
        other => other.into(),
    })?;
    let mut body = Vec::from(&b"{\"rootEntityRef\":"[..]);
    body.extend_from_slice(Value::String(reference.to_string()).to_string().as_bytes());
    body.extend_from_slice(b",\"items\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(b"{\"entity\":");
        write(&mut body, &item.entity, &[]);
        let parents: Vec<String> = item.parents.iter().map(ToString::to_string).collect();
        body.extend_from_slice(format!(",\"parentEntityRefs\":{}}}", json!(parents)).as_bytes());
    }
    body.extend_from_slice(b"]}");
    Ok(json_body(Body::from(body)))
}

async fn facets(
    State(state): State<ServerState>,
    Reader(_): Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let view = state.app.view();
    let tag = Tag::unless_known(&view, &uri, &headers)?;
    let parameters = Parameters::of(&uri);
    let asked = parameters.all("facet");
    if asked.is_empty() {
        return Err(Failure::input("request/query must have required property 'facet'").into());
    }
    let predicate = filters(&parameters.all("filter"))?;
    Ok(tag.bytes(facets_body(&view.catalog, &asked, &predicate)))
}

async fn facets_by_predicate(
    State(state): State<ServerState>,
    Reader(_): Reader,
    input: Input,
) -> Result<Response, Failure> {
    input.required("facets")?;
    let asked = input.texts("facets")?.unwrap_or_default();
    if asked.is_empty() {
        return Err(Failure::input("request/body/facets must NOT have fewer than 1 items"));
    }
    let predicate = input.object("query")?.map(predicate).transpose()?.unwrap_or_default();
    let view = state.app.view();
    Ok(json_body(Body::from(facets_body(&view.catalog, &asked, &predicate))))
}

fn facets_body(catalog: &Snapshot, asked: &[String], predicate: &Predicate) -> Vec<u8> {
    let mut body = Vec::from(&b"{\"facets\":{"[..]);
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for facet in &catalog.facets(asked, predicate) {
        if !written.insert(&facet.field) {
            continue;
        }
        if written.len() > 1 {
            body.push(b',');
        }
        body.extend_from_slice(Value::from(facet.field.as_str()).to_string().as_bytes());
        body.extend_from_slice(b":[");
        for (index, (value, count)) in facet.values.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            let value = Value::from(value.as_str());
            body.extend_from_slice(format!("{{\"value\":{value},\"count\":{count}}}").as_bytes());
        }
        body.push(b']');
    }
    body.extend_from_slice(b"}}");
    body
}

/// A text of the request, in an error.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
