//! `/api/catalog/locations` and what goes with them: trying, analysing, refreshing.

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fairway_app::AppError;
use fairway_app::locations::{Location, OnConflict};
use fairway_domain::EntityRef;
use serde_json::{Value, json};

use crate::backstage::caller::Reader;
use crate::backstage::failure::Failure;
use crate::backstage::input::Input;
use crate::backstage::parameters::Parameters;
use crate::state::ServerState;

/// How many locations a page has when nothing else is asked for, as Backstage has it.
const PAGE: usize = 1_000;
const LOCATION: [&str; 3] = ["type", "target", "presence"];

pub(super) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/locations", get(list).post(add))
        .route("/locations/by-query", post(by_query))
        .route("/locations/by-entity/{kind}/{namespace}/{name}", get(by_entity))
        .route("/locations/{id}", get(one).put(change).delete(remove))
        .route("/analyze-location", post(analyze))
        .route("/refresh", post(refresh))
}

async fn list(State(state): State<ServerState>, Reader(caller): Reader) -> Result<Json<Value>, Failure> {
    let locations = state.app.locations(&caller)?;
    Ok(Json(locations.iter().map(|location| json!({"data": location})).collect()))
}

async fn by_query(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    input: Input,
) -> Result<Json<Value>, Failure> {
    let cursor = input.text("cursor")?.map(Cursor::read).transpose()?;
    let limit = input.integer("limit", 1)?;
    let (after, query, limit) = match cursor {
        Some(cursor) => (Some(cursor.after), cursor.query, limit.unwrap_or(cursor.limit)),
        None => (None, input.object("query")?.cloned(), limit.unwrap_or(PAGE)),
    };
    let mut locations = state.app.locations(&caller)?;
    if let Some(query) = &query {
        let predicate = LocationPredicate::read(query, 0)?;
        locations.retain(|location| predicate.holds(location));
    }
    let total = locations.len();
    let rest = locations
        .into_iter()
        .skip_while(|location| after.as_ref().is_some_and(|after| location.id <= *after));
    let mut items: Vec<Location> = rest.take(limit.saturating_add(1)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let mut page = json!({});
    if let (true, Some(last)) = (more, items.last()) {
        page = json!({"nextCursor": Cursor { after: last.id.clone(), query, limit }.text()});
    }
    Ok(Json(json!({"items": items, "totalItems": total, "pageInfo": page})))
}

/// Where a page of locations ended.
struct Cursor {
    after: String,
    query: Option<Value>,
    limit: usize,
}

impl Cursor {
    fn text(&self) -> String {
        STANDARD.encode(json!({"after": self.after, "query": self.query, "limit": self.limit}).to_string())
    }

    fn read(text: &str) -> Result<Self, Failure> {
        let malformed = || Failure::input("Malformed cursor: it is not one that was handed out");
        let bytes = STANDARD.decode(text).map_err(|_| malformed())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        let after = value.get("after").and_then(Value::as_str).ok_or_else(malformed)?.to_owned();
        let query = value.get("query").filter(|query| !query.is_null()).cloned();
        let limit = value.get("limit").and_then(Value::as_u64).unwrap_or(PAGE as u64);
        Ok(Self { after, query, limit: usize::try_from(limit).unwrap_or(PAGE) })
    }
}

/// A condition on locations: the same language as for entities, on `id`, `type`, `target` and `entityRef`.
enum LocationPredicate {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    In(String, Vec<String>),
    Prefix(String, String),
    Exists(String, bool),
}

impl LocationPredicate {
    fn read(value: &Value, depth: usize) -> Result<Self, Failure> {
        let invalid = |why: &str| Failure::input(format!("Invalid query: {why}"));
        let Value::Object(fields) = value else { return Err(invalid("a condition must be an object")) };
        if depth > 32 {
            return Err(invalid("conditions are nested deeper than 32 levels"));
        }
        let several = |value: &Value| -> Result<Vec<Self>, Failure> {
            let items = value.as_array().ok_or_else(|| invalid("$all and $any take a list"))?;
            items.iter().map(|item| Self::read(item, depth + 1)).collect()
        };
        let mut all = Vec::new();
        for (key, value) in fields {
            all.push(match (key.as_str(), value) {
                ("$all", value) => Self::All(several(value)?),
                ("$any", value) => Self::Any(several(value)?),
                ("$not", value) => Self::Not(Box::new(Self::read(value, depth + 1)?)),
                (key, _) if key.starts_with('$') => return Err(invalid(&format!("unknown operator {key}"))),
                (key, Value::Object(operator)) => Self::operator(key, operator)?,
                (key, value) => Self::In(key.to_owned(), vec![text(value)]),
            });
        }
        Ok(Self::All(all))
    }

    fn operator(key: &str, operator: &serde_json::Map<String, Value>) -> Result<Self, Failure> {
        let invalid = |why: &str| Failure::input(format!("Invalid query: {why}"));
        let key = key.to_owned();
        match operator.iter().next().map(|(name, value)| (name.as_str(), value)) {
            Some(("$in", Value::Array(items))) => Ok(Self::In(key, items.iter().map(text).collect())),
            Some(("$hasPrefix", Value::String(prefix))) => Ok(Self::Prefix(key, prefix.to_lowercase())),
            Some(("$exists", Value::Bool(exists))) => Ok(Self::Exists(key, *exists)),
            _ => Err(invalid(&format!("{key} takes a value, $in, $hasPrefix or $exists"))),
        }
    }

    fn holds(&self, location: &Location) -> bool {
        let field = |key: &str| match key {
            "id" => Some(location.id.to_lowercase()),
            "type" => Some(location.kind.to_owned()),
            "target" => Some(location.target.to_lowercase()),
            "entityRef" => Some(location.entity_ref.clone()),
            _ => None,
        };
        match self {
            Self::All(items) => items.iter().all(|item| item.holds(location)),
            Self::Any(items) => items.iter().any(|item| item.holds(location)),
            Self::Not(item) => !item.holds(location),
            Self::In(key, values) => field(key).is_some_and(|found| values.contains(&found)),
            Self::Prefix(key, prefix) => field(key).is_some_and(|found| found.starts_with(prefix)),
            Self::Exists(key, exists) => field(key).is_some() == *exists,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase()
}

async fn one(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<Location>, Failure> {
    state.app.location(&caller, &id).map(Json).map_err(|error| missing(&id, error))
}

fn missing(id: &str, error: AppError) -> Failure {
    match error {
        AppError::NotFound { what: "location", .. } => Failure::not_found(format!(
            "Found no location with ID {}",
            id.chars().take(100).collect::<String>()
        )),
        other => other.into(),
    }
}

async fn by_entity(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Json<Location>, Failure> {
    let entity = EntityRef::new(&kind, &namespace, &name);
    state.app.location_of(&caller, &entity).map(Json).map_err(|error| match error {
        AppError::NotFound { .. } => Failure::not_found(format!("found no entity for ref {entity}")),
        other => other.into(),
    })
}

/// The target of a location in a body.
fn target(input: &Input) -> Result<&str, Failure> {
    input.only(&LOCATION)?;
    let (kind, target) = (input.required_text("type")?, input.required_text("target")?);
    input.text("presence")?;
    if kind != "url" {
        return Err(Failure::input("Registered locations must be of an allowed type [\"url\"]"));
    }
    Ok(target)
}

async fn add(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    uri: Uri,
    input: Input,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let parameters = Parameters::of(&uri);
    let target = target(&input)?;
    if parameters.first("dryRun") == Some("true") {
        let tried = state.app.try_location(&caller, target).await?;
        let body = json!({"location": tried.location, "entities": tried.entities, "exists": tried.exists});
        return Ok((StatusCode::CREATED, Json(body)));
    }
    let conflict = match parameters.choice("onConflict", &["refresh", "reject"])? {
        Some("refresh") => OnConflict::Refresh,
        _ => OnConflict::Reject,
    };
    let location = state.app.add_location(&caller, target, conflict).await?;
    Ok((StatusCode::CREATED, Json(json!({"location": location, "entities": []}))))
}

async fn change(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    input: Input,
) -> Result<Json<Location>, Failure> {
    let target = target(&input)?;
    let changed = state.app.change_location(&caller, &id, target).await;
    changed.map(Json).map_err(|error| missing(&id, error))
}

async fn remove(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    state.app.remove_location(&caller, &id).await.map_err(|error| missing(&id, error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn analyze(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    input: Input,
) -> Result<Json<Value>, Failure> {
    input.required("location")?;
    let location = Input(input.object("location")?.and_then(Value::as_object).cloned().unwrap_or_default());
    let target = location.required_text("target")?;
    let analysis = state.app.analyze_location(&caller, target, input.text("catalogFilename")?).await?;
    let existing: Vec<Value> = analysis
        .existing
        .iter()
        .map(|file| {
            json!({
                "location": {"type": "url", "target": file.target},
                "isRegistered": file.registered,
                "entity": file.entity,
            })
        })
        .collect();
    let generated: Vec<Value> =
        analysis.generated.iter().map(|entity| json!({"entity": entity, "fields": []})).collect();
    Ok(Json(json!({"existingEntityFiles": existing, "generateEntities": generated})))
}

async fn refresh(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    input: Input,
) -> Result<StatusCode, Failure> {
    input.only(&["entityRef", "authorizationToken"])?;
    let text = input.required_text("entityRef")?;
    input.text("authorizationToken")?;
    let entity: EntityRef =
        text.parse().map_err(|error: fairway_domain::EntityRefError| Failure::input(error.to_string()))?;
    state.app.refresh_entity(&caller, &entity).await.map_err(|error| match error {
        AppError::NotFound { .. } => Failure::not_found(format!("Entity {entity} not found")),
        other => other.into(),
    })?;
    Ok(StatusCode::OK)
}
