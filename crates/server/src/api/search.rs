//! Everything that people look for, by words.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use fairway_app::search::{DocumentSearch, FoundDocument, Piece};
use serde_json::{Value, json};

use crate::api::ErrorBody;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// What answers can be narrowed down by.
const FILTERS: [&str; 4] = ["kind", "type", "owner", "lifecycle"];

/// Whatever holds the words, best first: whole words, beginnings, letters inside, other forms of a word in English,
/// Russian and Turkish, and words with a typing error or two.
#[utoipa::path(get, path = "/api/v1/search", tag = "catalog", operation_id = "search",
    params(
        ("q" = Option<String>, Query, description = "The words, with values that they name: `orders kind:api owner:me`. Everything when absent"),
        ("document" = Option<Vec<String>>, Query, description = "Types of documents: `software-catalog`, `api`"),
        ("kind" = Option<Vec<String>>, Query, description = "Kinds"),
        ("type" = Option<Vec<String>>, Query, description = "Types"),
        ("owner" = Option<Vec<String>>, Query, description = "Owners; groups when no kind is given"),
        ("lifecycle" = Option<Vec<String>>, Query, description = "Lifecycles"),
        ("limit" = Option<usize>, Query, description = "At most this many, 20 by default, 100 at the most"),
        ("offset" = Option<usize>, Query, description = "Leave out this many, 10,000 at the most"),
    ),
    responses(
        (status = 200, description = "{items, total, facets, near}; `near` has what comes nearest when nothing was found", body = Object),
        (status = 400, description = "There are no documents of that type", body = ErrorBody)))]
pub(crate) async fn search(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let filter =
        |name: &str| Some((name.to_owned(), pairs.all(name))).filter(|(_, values)| !values.is_empty());
    let search = DocumentSearch {
        term: pairs.get("q").unwrap_or_default().to_owned(),
        types: pairs.all("document"),
        filters: FILTERS.into_iter().filter_map(filter).collect(),
        limit: pairs.number("limit", 20).min(100),
        offset: pairs.number("offset", 0).min(10_000),
    };
    let page = state.app.search_documents(&caller, &search).await?;
    let items: Vec<Value> = page.items.iter().map(item).collect();
    let near: Vec<Value> = page.near.iter().map(item).collect();
    let facets: Vec<Value> = page
        .facets
        .iter()
        .map(|facet| {
            let value = |(value, count): &(String, usize)| json!({"value": value, "count": count});
            json!({"name": facet.name, "values": facet.values.iter().map(value).collect::<Vec<_>>()})
        })
        .collect();
    Ok(Json(json!({"items": items, "total": page.total, "facets": facets, "near": near})))
}

/// A document with what the words found in its title and description.
fn item(found: &FoundDocument) -> Value {
    let plain = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
    let marked = |pieces: &[Piece]| -> Vec<Value> {
        pieces.iter().map(|piece| json!({"text": piece.text, "marked": piece.marked})).collect()
    };
    let document = &found.document;
    json!({
        "document": found.document_type,
        "entity": found.reference.to_string(),
        "kind": document.kind,
        "type": document.entity_type,
        "lifecycle": document.lifecycle,
        "owner": document.owner,
        "title": plain(&found.title),
        "description": plain(&found.description),
        "url": document.location,
        "marks": {"title": marked(&found.title), "description": marked(&found.description)},
    })
}
