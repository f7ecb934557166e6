//! `/api/search`: documents by words.

use axum::extract::State;
use axum::http::Uri;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fairway_app::search::{CATALOG_DOCUMENTS, DOCUMENTATION, DocumentSearch};
use serde_json::{Value, json};

use crate::backstage::caller::Reader;
use crate::backstage::failure::Failure;
use crate::backstage::parameters::Parameters;
use crate::state::ServerState;

const PAGE: usize = 25;
const LARGEST_PAGE: usize = 100;
const LONGEST_TERM: usize = 100;

pub(super) fn routes() -> Router<ServerState> {
    Router::new().route("/query", get(query))
}

async fn query(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let parameters = Parameters::of(&uri);
    let term = parameters.first("term").unwrap_or_default();
    let invalid = |why: &str| Failure::input(format!("Invalid query string: {why}"));
    if term.chars().count() > LONGEST_TERM {
        return Err(invalid(&format!(
            "The term length exceeds the maximum allowed length of {LONGEST_TERM} characters"
        )));
    }
    let limit = parameters.integer("pageLimit", 1)?.unwrap_or(PAGE);
    if limit > LARGEST_PAGE {
        return Err(invalid(&format!("The page limit \"{limit}\" exceeds the maximum of {LARGEST_PAGE}")));
    }
    let page =
        parameters.first("pageCursor").filter(|cursor| !cursor.is_empty()).map(page_number).transpose()?;
    let page = page.unwrap_or(0);
    let mut types = nested(&parameters, "types");
    if types.is_empty() {
        // What its clients know how to show; other types are there for those who name them.
        types = vec![CATALOG_DOCUMENTS.to_owned(), DOCUMENTATION.to_owned()];
    }
    let search = DocumentSearch {
        term: term.to_owned(),
        types,
        filters: filters(&parameters),
        offset: page.saturating_mul(limit),
        limit,
    };
    let found = state.app.search_documents(&caller, &search).await.map_err(|error| match error {
        fairway_app::AppError::Invalid { message, .. } => invalid(&message),
        other => other.into(),
    })?;
    let results: Vec<Value> = found
        .items
        .iter()
        .zip(search.offset + 1..)
        .map(|(found, rank)| json!({"type": found.document_type, "document": found.document, "rank": rank}))
        .collect();
    let mut answer = json!({"results": results, "numberOfResults": found.total});
    if let Value::Object(fields) = &mut answer {
        if search.offset + results.len() < found.total {
            fields.insert("nextPageCursor".to_owned(), cursor(page + 1).into());
        }
        if page > 0 {
            fields.insert("previousPageCursor".to_owned(), cursor(page - 1).into());
        }
    }
    Ok(Json(answer))
}

fn cursor(page: usize) -> String {
    STANDARD.encode(page.to_string())
}

fn page_number(text: &str) -> Result<usize, Failure> {
    let bytes = STANDARD.decode(text).ok();
    let number = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<u32>().ok());
    number
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| Failure::input("Invalid query string: the page cursor is not one that was handed out"))
}

/// Values of `name`, `name[]` and `name[0]`.
fn nested(parameters: &Parameters, name: &str) -> Vec<String> {
    let of_name = |key: &str| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
    parameters.iter().filter(|(key, _)| of_name(key)).map(|(_, value)| value.to_owned()).collect()
}

/// `filters[kind]=…` and `filters[kind][0]=…`.
fn filters(parameters: &Parameters) -> Vec<(String, Vec<String>)> {
    let mut filters: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in parameters.iter() {
        let field = key.strip_prefix("filters[").and_then(|rest| rest.split(']').next());
        let Some(field) = field.filter(|field| !field.is_empty() && !value.is_empty()) else { continue };
        match filters.iter_mut().find(|(known, _)| known == field) {
            Some((_, values)) => values.push(value.to_owned()),
            None => filters.push((field.to_owned(), vec![value.to_owned()])),
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{cursor, filters, nested, page_number};
    use crate::backstage::parameters::Parameters;

    #[test]
    fn nested_names_are_read_in_every_spelling() {
        let uri = "/query?types%5B0%5D=a&types[]=b&types=c&filters[kind]=Component&filters[owner][0]=x&filters[owner][1]=y";
        let parameters = Parameters::of(&uri.parse().unwrap());
        assert_eq!(nested(&parameters, "types"), ["a", "b", "c"]);
        let expected = [("kind", vec!["Component"]), ("owner", vec!["x", "y"])];
        let found = filters(&parameters);
        assert_eq!(found.len(), 2);
        for ((name, values), (expected_name, expected_values)) in found.iter().zip(expected) {
            assert_eq!(
                (name.as_str(), values.iter().map(String::as_str).collect::<Vec<_>>()),
                (expected_name, expected_values)
            );
        }
    }

    #[test]
    fn a_cursor_is_the_number_of_a_page() {
        assert_eq!(cursor(1), "MQ==");
        assert_eq!(page_number("MQ==").unwrap(), 1);
        assert!(page_number("x").is_err());
    }
}
