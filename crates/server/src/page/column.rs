//! The columns of the catalog: which there are, which somebody chose, and what they hold.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use fairway_catalog::{CatalogEntity, KindDefinition};
use fairway_domain::EntityRef;
use fairway_portal::{Cell, ColumnView};
use serde_json::Value;

use crate::cookie;
use crate::page::access::return_to;
use crate::pairs::Pairs;

/// The cookie with the columns that were chosen, by kind.
const COOKIE: &str = "fairway_columns";
/// What the columns of a list of several kinds are kept under.
const ANY: &str = "any";
/// Kinds whose columns are remembered, and columns of one.
const KINDS: usize = 12;
const COLUMNS: usize = 12;
/// Characters of a text in a cell.
const TEXT: usize = 80;

/// The columns that every entity may have: name, heading, the order of its heading.
const KNOWN: [(&str, &str, Option<&str>); 9] = [
    ("type", "Type", Some("type")),
    ("owner", "Owner", Some("owner")),
    ("lifecycle", "Lifecycle", Some("lifecycle")),
    ("system", "System", Some("system")),
    ("kind", "Kind", Some("kind")),
    ("namespace", "Namespace", Some("namespace")),
    ("tags", "Tags", None),
    ("source", "Source", None),
    ("changed", "Changed", Some("changed")),
];
/// What is shown until somebody chooses.
const USUAL: [&str; 3] = ["type", "owner", "lifecycle"];

/// The column of a field that a kind's description names.
fn of_field(field: &str) -> &str {
    match field {
        "spec.type" => "type",
        "spec.owner" => "owner",
        "spec.lifecycle" => "lifecycle",
        "spec.system" => "system",
        "metadata.namespace" => "namespace",
        "metadata.tags" => "tags",
        other => other,
    }
}

/// The columns for a list: of one kind as its description has them, unless somebody chose others.
pub(crate) fn columns(headers: &HeaderMap, kind: Option<&KindDefinition>) -> Vec<ColumnView> {
    let described = kind.map(|kind| kind.presentation.columns.as_slice()).unwrap_or_default();
    let mut all: Vec<ColumnView> = Vec::new();
    for column in described {
        let name = of_field(&column.field);
        let known = KNOWN.iter().find(|(known, ..)| *known == name);
        all.push(ColumnView {
            name: name.to_owned(),
            title: column.title.clone(),
            sort: known.map_or(Some(name), |(.., sort)| *sort).map(str::to_owned),
            shown: true,
        });
    }
    for (name, title, sort) in KNOWN {
        if all.iter().all(|column| column.name != name) {
            let shown = described.is_empty() && USUAL.contains(&name);
            all.push(ColumnView {
                name: name.to_owned(),
                title: title.to_owned(),
                sort: sort.map(str::to_owned),
                shown,
            });
        }
    }
    let kept = kept(headers);
    if let Some(chosen) = kept.get(&key(kind.map_or("", |kind| kind.kind.as_str()))) {
        let place = |column: &ColumnView| chosen.iter().position(|name| *name == column.name);
        for column in &mut all {
            column.shown = place(column).is_some();
        }
        all.sort_by_key(|column| place(column).unwrap_or(usize::MAX));
    }
    all
}

fn key(kind: &str) -> String {
    if kind.is_empty() { ANY.to_owned() } else { kind.to_lowercase() }
}

/// What was chosen, by kind.
fn kept(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let value = cookie::decoded(cookie::value(headers, COOKIE).unwrap_or_default());
    let kinds = value.split('!').filter_map(|part| part.split_once('~'));
    let columns =
        |list: &str| list.split('~').filter(|it| !it.is_empty()).map(str::to_owned).take(COLUMNS).collect();
    kinds.take(KINDS).map(|(kind, list)| (kind.to_owned(), columns(list))).collect()
}

/// Remembers the chosen columns in this browser.
pub(crate) async fn choose(headers: HeaderMap, body: Bytes) -> Response {
    let pairs = Pairs::of_form(&body);
    let mut kept = kept(&headers);
    let key = key(pairs.get("kind").unwrap_or_default());
    if pairs.get("usual").is_some() {
        kept.remove(&key);
    } else {
        kept.insert(key, pairs.all("column").into_iter().take(COLUMNS).collect());
    }
    let parts: Vec<String> =
        kept.into_iter().map(|(kind, columns)| format!("{kind}~{}", columns.join("~"))).collect();
    let mut response = Redirect::to(&return_to(&pairs)).into_response();
    cookie::keep(&mut response, COOKIE, &cookie::encoded(&parts.join("!")));
    response
}

/// What the shown columns hold for an entity. `several` kinds in a list name the kind beside the type.
pub(crate) fn cells(
    found: &CatalogEntity,
    columns: &[ColumnView],
    several: bool,
    source: Option<&str>,
) -> Vec<Cell> {
    // Only fields of its own need the tree.
    let mut tree: Option<Value> = None;
    let shown = columns.iter().filter(|column| column.shown);
    let text = |text: Option<&str>| text.map_or(Cell::Nothing, |text| Cell::Text(text.to_owned()));
    let entity = |reference: Option<&EntityRef>| reference.cloned().map_or(Cell::Nothing, Cell::Entity);
    shown
        .map(|column| match column.name.as_str() {
            "type" => match (found.entity_type(), several) {
                (Some(entity_type), true) => Cell::Text(format!("{} · {entity_type}", found.kind())),
                (None, true) => text(Some(found.kind())),
                (entity_type, false) => text(entity_type),
            },
            "owner" => entity(found.owner()),
            "lifecycle" => text(found.lifecycle()),
            "system" => entity(found.system()),
            "kind" => text(Some(found.kind())),
            "namespace" => text(Some(found.namespace())),
            "source" => text(source),
            "changed" => Cell::At(found.last_seen()),
            path => {
                let tree = tree.get_or_insert_with(|| found.entity().to_value());
                let path = if path == "tags" { "metadata.tags" } else { path };
                field(tree, path)
            }
        })
        .collect()
}

/// What a dotted path leads to.
fn field(tree: &Value, path: &str) -> Cell {
    let found = path.split('.').try_fold(tree, |value, name| value.get(name));
    let text = |value: &Value| match value {
        Value::String(text) => text.chars().take(TEXT).collect(),
        other => other.to_string().chars().take(TEXT).collect::<String>(),
    };
    match found {
        None | Some(Value::Null) => Cell::Nothing,
        Some(Value::Array(all)) if all.is_empty() => Cell::Nothing,
        Some(Value::Array(all)) => Cell::Texts(all.iter().map(text).collect()),
        Some(value) => Cell::Text(text(value)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use fairway_portal::Cell;
    use serde_json::json;

    use super::{choose, columns, field};

    fn shown(headers: &HeaderMap) -> Vec<String> {
        columns(headers, None).into_iter().filter(|it| it.shown).map(|it| it.name).collect()
    }

    #[tokio::test]
    async fn chosen_columns_stay_in_the_browser_until_the_usual_are_asked_for() {
        let mut headers = HeaderMap::new();
        assert_eq!(shown(&headers), ["type", "owner", "lifecycle"]);
        let form = Bytes::from_static(b"kind=&column=tags&column=changed&return_to=/catalog%3Fkind=api");
        let answer = choose(headers.clone(), form).await;
        assert_eq!(answer.headers().get("location").unwrap(), "/catalog?kind=api");
        let kept = answer.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
        headers.insert("cookie", kept.split(';').next().unwrap().parse().unwrap());
        assert_eq!(shown(&headers), ["tags", "changed"]);
        let answer = choose(headers, Bytes::from_static(b"kind=&usual=true")).await;
        let kept = answer.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", kept.split(';').next().unwrap().parse().unwrap());
        assert_eq!(shown(&headers), ["type", "owner", "lifecycle"]);
    }

    #[test]
    fn a_column_may_be_any_field() {
        let tree = json!({"spec": {"engine": {"name": "postgres"}, "ports": [1, "b"], "none": null}});
        assert_eq!(field(&tree, "spec.engine.name"), Cell::Text("postgres".into()));
        assert_eq!(field(&tree, "spec.ports"), Cell::Texts(vec!["1".into(), "b".into()]));
        assert_eq!(field(&tree, "spec.none"), Cell::Nothing);
        assert_eq!(field(&tree, "spec.other.deep"), Cell::Nothing);
    }
}
