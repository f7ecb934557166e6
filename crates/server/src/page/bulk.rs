//! `/catalog/bulk`: what is done with several entities at once.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use fairway_app::AppError;
use fairway_app::stars::MOST_STARS;
use fairway_catalog::CatalogEntity;
use fairway_domain::EntityRef;
use serde_json::Value;

use crate::caller::PageCaller;
use crate::cookie::encoded;
use crate::failure::OrPage;
use crate::page::catalog::listing;
use crate::page::{Page, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Entities that one export holds.
const EXPORTED: usize = 10_000;
/// Sources that are read again at once.
const REFRESHED: usize = 50;
/// Entities that a graph begins at, and that are laid side by side.
const DRAWN: usize = 40;
const COMPARED: usize = 6;

fn several(what: &str, most: usize, found: usize) -> AppError {
    AppError::Invalid {
        message: format!("{what} takes {most} entities at the most, and {found} are chosen"),
        hint: Some("narrow the list, or choose fewer rows".to_owned()),
    }
}

pub(crate) async fn bulk(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let question = format!("/catalog?{}", pairs.get("question").unwrap_or_default());
    let asked: Uri = question
        .parse()
        .map_err(|_| AppError::invalid("the question of the list cannot be read"))
        .or_page(&state, &uri, &caller)?;
    let mut listing = listing(&state, &caller, &headers, &uri, &Pairs::of_query(&asked)).await?;
    if pairs.get("all").is_none() {
        let chosen = pairs.all("ref").iter().filter_map(|text| text.parse().ok()).collect();
        listing.query.among = Some(chosen);
        // What was chosen stays chosen, also where it no longer fits the list.
        listing.query = fairway_catalog::Query {
            among: listing.query.among,
            order: listing.query.order,
            ..fairway_catalog::Query::default()
        };
    }
    (listing.query.offset, listing.query.limit) = (0, EXPORTED + 1);
    let view = std::sync::Arc::clone(&listing.view);
    let query = listing.query;
    let chosen: Vec<CatalogEntity> =
        off_thread(move || view.catalog.query(&query).items.into_iter().cloned().collect())
            .await
            .or_page(&state, &uri, &caller)?;
    if chosen.is_empty() {
        let error = AppError::Invalid {
            message: "no row is chosen".to_owned(),
            hint: Some("tick the rows first; x does it from the keyboard".to_owned()),
        };
        return Err::<Response, _>(error).or_page(&state, &uri, &caller);
    }
    let references: Vec<EntityRef> = chosen.iter().map(|found| found.reference().clone()).collect();
    let bounded = |what: &str, most: usize| {
        if references.len() > most { Err(several(what, most, references.len())) } else { Ok(()) }
    };
    let back = Redirect::to(&asked.to_string()).into_response();
    match pairs.get("do").unwrap_or_default() {
        what @ ("star" | "unstar") => {
            bounded("starring", MOST_STARS).or_page(&state, &uri, &caller)?;
            state.app.star(&caller, &references, what == "star").await.or_page(&state, &uri, &caller)?;
            Ok(back)
        }
        "refresh" => {
            let sources: BTreeSet<&str> = chosen.iter().map(CatalogEntity::source).collect();
            if sources.len() > REFRESHED {
                let error = several("reading sources again", REFRESHED, sources.len());
                return Err::<Response, _>(error).or_page(&state, &uri, &caller);
            }
            for source in sources {
                state.app.refresh_source(&caller, source, false).await.or_page(&state, &uri, &caller)?;
            }
            Ok(back)
        }
        "graph" => {
            bounded("a graph", DRAWN).or_page(&state, &uri, &caller)?;
            Ok(Redirect::to(&listed("/catalog/graph?depth=1", "root", &references)).into_response())
        }
        "compare" => {
            bounded("comparing", COMPARED).or_page(&state, &uri, &caller)?;
            Ok(Redirect::to(&listed("/catalog/compare?", "ref", &references)).into_response())
        }
        format @ ("yaml" | "json" | "csv") => {
            bounded("an export", EXPORTED).or_page(&state, &uri, &caller)?;
            let format = format.to_owned();
            let export = off_thread(move || export(&format, &chosen)).await.or_page(&state, &uri, &caller)?;
            Ok(export)
        }
        other => Err::<Response, _>(AppError::invalid(format!("nothing is called \"{other}\" here")))
            .or_page(&state, &uri, &caller),
    }
}

fn listed(base: &str, name: &str, references: &[EntityRef]) -> String {
    references.iter().fold(base.to_owned(), |mut address, reference| {
        if !address.ends_with('?') {
            address.push('&');
        }
        address.push_str(name);
        address.push('=');
        address.push_str(&encoded(reference.as_str()));
        address
    })
}

/// Entities as a file: as they were written, so that the file can be registered, or as a table.
fn export(format: &str, chosen: &[CatalogEntity]) -> Response {
    let trees = || -> Vec<Value> { chosen.iter().map(|found| found.entity().to_value()).collect() };
    let (kind, text) = match format {
        "yaml" => ("application/yaml", fairway_yaml::write_documents(&trees())),
        "json" => ("application/json", serde_json::to_string_pretty(&trees()).unwrap_or_default()),
        _ => ("text/csv; charset=utf-8", csv(chosen)),
    };
    let name = format!("attachment; filename=\"catalog.{format}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], text).into_response()
}

fn csv(chosen: &[CatalogEntity]) -> String {
    let mut text =
        "reference,kind,namespace,name,title,type,owner,lifecycle,system,tags,description\r\n".to_owned();
    for found in chosen {
        let entity = found.entity();
        let tags: Vec<&str> = entity.tags().collect();
        let row = [
            found.reference().as_str(),
            found.kind(),
            found.namespace(),
            found.name(),
            found.title(),
            found.entity_type().unwrap_or_default(),
            found.owner().map(EntityRef::as_str).unwrap_or_default(),
            found.lifecycle().unwrap_or_default(),
            found.system().map(EntityRef::as_str).unwrap_or_default(),
            &tags.join(" "),
            found.description().unwrap_or_default(),
        ];
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// One value (RFC 4180). What a spreadsheet would take for a formula is made a text.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_stays_one_cell_and_no_formula() {
        assert_eq!(cell("orders"), "orders");
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
    }
}
