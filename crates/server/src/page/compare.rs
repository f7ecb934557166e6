//! `/catalog/compare`: a few entities side by side.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Uri;
use fairway_app::AppError;
use fairway_catalog::CatalogEntity;
use fairway_domain::{EntityRef, Permission};
use fairway_portal::{CompareLine, ComparePageView, Section};
use serde_json::Value;

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::moment::{as_of, dated};
use crate::page::row::{entity_row, icon_of};
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// More columns cannot be read.
const MOST: usize = 6;
/// Fields that are told apart, and characters of a value.
const FIELDS: usize = 300;
const TEXT: usize = 200;

/// Every field of a tree by its dotted path; a list of texts is one value.
fn fields(value: &Value, path: &str, into: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| fields(inner, &below(name), into)),
        Value::Array(all) if all.iter().all(|it| !it.is_object() && !it.is_array()) => {
            let texts: Vec<String> = all.iter().map(text).collect();
            into.push((path.to_owned(), texts.join(", ")));
        }
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, inner)| fields(inner, &below(&at.to_string()), into));
        }
        other => into.push((path.to_owned(), text(other))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(TEXT).collect(),
        other => other.to_string().chars().take(TEXT).collect(),
    }
}

fn lines(entities: &[&CatalogEntity]) -> Vec<CompareLine> {
    let of_each: Vec<Vec<(String, String)>> = entities
        .iter()
        .map(|found| {
            let mut all = Vec::new();
            fields(&found.entity().to_value(), "", &mut all);
            let count = |name: &str| found.targets(name).count().to_string();
            for (relation, words) in
                [("dependencyOf", "depended on by"), ("apiConsumedBy", "consumers"), ("hasPart", "parts")]
            {
                if found.targets(relation).next().is_some() {
                    all.push((words.to_owned(), count(relation)));
                }
            }
            all
        })
        .collect();
    let mut known = BTreeSet::new();
    // In the order in which the first entity has them, then the next.
    let names = of_each.iter().flatten().map(|(name, _)| name).filter(|name| known.insert((*name).clone()));
    names
        .take(FIELDS)
        .map(|name| {
            let values: Vec<Option<String>> = of_each
                .iter()
                .map(|all| all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
                .collect();
            let differs = values.windows(2).any(|pair| matches!(pair, [one, other] if one != other));
            CompareLine { field: name.clone(), values, differs }
        })
        .collect()
}

pub(crate) async fn compare(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let as_of = as_of(&state, &caller, &uri).await?;
    let asked = Pairs::of_query(&uri).all("ref");
    let mut entities = Vec::new();
    for text in asked.iter().take(MOST) {
        let missing = || AppError::NotFound { what: "entity", name: text.clone(), near: Vec::new() };
        let reference: EntityRef = text.parse().map_err(|_| missing()).or_page(&state, &uri, &caller)?;
        let found = as_of.view.catalog.get(&reference).ok_or_else(missing).or_page(&state, &uri, &caller)?;
        entities.push(found);
    }
    let view = ComparePageView {
        lines: lines(&entities),
        entities: entities
            .iter()
            .map(|found| fairway_portal::EntityRow {
                icon: icon_of(&as_of.view, found.kind()),
                ..entity_row(found)
            })
            .collect(),
    };
    let chrome = dated(chrome(&state, &caller, &uri, "Compare", Section::Catalog), &as_of, &uri);
    Ok(html(fairway_portal::compare(&chrome, &view)))
}
