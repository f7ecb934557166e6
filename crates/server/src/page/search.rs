//! `/search`: results as a page, and for the palette.

use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::IntoResponse;
use fairway_domain::{Caller, Permission};
use fairway_portal::{SearchHit, SearchView, Section, search_json};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::environment::promotable;
use crate::page::row::entity_url;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Places and actions that the palette knows besides entities: title, address, words.
pub(crate) const PLACES: [(&str, &str, &str); 12] = [
    ("Home", "/", "start own"),
    ("Catalog", "/catalog", "services components entities"),
    ("Create", "/create", "new golden path template scaffold"),
    ("Environments", "/environments", "deploy promote roll back staging production"),
    ("Guardrails", "/guardrails", "policies findings"),
    ("Repositories", "/repositories", "git code forge"),
    ("Runs", "/runs", "history undo"),
    ("Audit log", "/audit", "journal records verify"),
    ("Sources", "/sources", "register location catalog"),
    ("Broken files", "/drafts", "errors drafts"),
    ("Tokens", "/tokens", "access git api"),
    ("Dependency graph", "/catalog/graph", "relations"),
];

/// Words that actions begin with.
const VERBS: [&str; 7] = ["create", "new", "promote", "register", "verify", "sign", "make"];
/// Actions that are no golden paths and no promotions: title, address, hint, permission.
const ACTIONS: [(&str, &str, &str, Permission); 3] = [
    ("Register a source", "/sources", "Bring a repository into the catalog", Permission::ManageCatalog),
    ("Make a token", "/tokens", "For git and the command line", Permission::Read),
    ("Verify the audit log", "/audit", "Check every record against the one before", Permission::Audit),
];

/// What the caller may do whose title has every word that was typed.
fn actions(state: &ServerState, caller: &Caller, needle: &str) -> Vec<SearchHit> {
    let words: Vec<&str> = needle.split_whitespace().collect();
    let matches = |title: &str| {
        let title = title.to_lowercase();
        words.iter().all(|word| title.contains(word))
    };
    let mut found = Vec::new();
    let mut add = |title: String, url: String, hint: String| {
        // People say "new" for what is called "create" here.
        if matches(&title) || (title.starts_with("Create") && matches(&format!("{title} new"))) {
            found.push(SearchHit { title, kind: "Action".to_owned(), url, hint });
        }
    };
    if caller.may(Permission::Create) {
        for template in state.app.templates(caller).unwrap_or_default() {
            let reference = &template.reference;
            add(
                format!("Create: {}", template.title),
                format!("/create/{}/{}", reference.namespace(), reference.name()),
                template.description.clone().unwrap_or_default(),
            );
        }
    }
    if caller.may(Permission::Deliver)
        && !needle.is_empty()
        && let Ok(matrix) = state.app.matrix(caller)
    {
        for row in &matrix.rows {
            for (position, environment) in matrix.environments.iter().enumerate() {
                let Some(version) = promotable(&matrix, &row.service, position) else { continue };
                add(
                    format!("Promote {} {version} to {}", row.service, environment.title),
                    format!("/environments/services/{}", row.service),
                    String::new(),
                );
            }
        }
    }
    for (title, url, hint, permission) in ACTIONS {
        if caller.may(permission) {
            add(title.to_owned(), url.to_owned(), hint.to_owned());
        }
    }
    found
}

async fn hits(state: &ServerState, caller: &Caller, query: &str, limit: usize) -> Vec<SearchHit> {
    let needle = query.to_lowercase();
    let view = state.app.view();
    let mut hits: Vec<SearchHit> = PLACES
        .iter()
        .filter(|(title, _, words)| {
            needle.is_empty() || title.to_lowercase().contains(&needle) || words.contains(&needle)
        })
        .map(|(title, url, _)| SearchHit {
            title: (*title).to_owned(),
            kind: "Page".to_owned(),
            url: (*url).to_owned(),
            hint: String::new(),
        })
        .collect();
    let mut actions = actions(state, caller, &needle);
    if needle.is_empty() {
        // What people do comes before the places that the rail shows anyway.
        actions.truncate(5);
        actions.extend(hits);
        return actions;
    }
    hits.truncate(3);
    let mut entities: Vec<SearchHit> = Vec::new();
    for hit in view.catalog.search(query, limit) {
        let Some(found) = view.catalog.get(&hit.reference) else { continue };
        let template = hit.reference.kind() == "template";
        entities.push(SearchHit {
            title: found.title().to_owned(),
            kind: if template { "Golden path".to_owned() } else { found.kind().to_owned() },
            url: if template {
                format!("/create/{}/{}", hit.reference.namespace(), hit.reference.name())
            } else {
                entity_url(&hit.reference)
            },
            hint: found
                .description()
                .map(str::to_owned)
                .or_else(|| found.owner().map(|owner| owner.humanized(Some("group"))))
                .unwrap_or_default(),
        });
    }
    if let Ok(repositories) = state.app.repositories(caller).await {
        let matching = repositories.into_iter().filter(|info| info.repository.to_string().contains(&needle));
        entities.extend(matching.take(5).map(|info| SearchHit {
            title: info.repository.to_string(),
            kind: "Repository".to_owned(),
            url: format!("/repositories/{}", info.repository),
            hint: info.description,
        }));
    }
    let runs = view.runs.values().rev().filter(|run| run.title.to_lowercase().contains(&needle));
    entities.extend(runs.take(3).map(|run| SearchHit {
        title: run.title.clone(),
        kind: "Run".to_owned(),
        url: format!("/runs/{}", run.id),
        hint: run.actor.to_string(),
    }));
    // An entity of exactly that name is what was meant; a page whose words match comes after it. A verb
    // means an action.
    if VERBS.iter().any(|verb| needle.starts_with(verb) || (needle.len() >= 3 && verb.starts_with(&needle))) {
        actions.extend(entities);
        entities = actions;
    } else {
        entities.truncate(limit.saturating_sub(3));
        entities.extend(actions.into_iter().take(3));
    }
    entities.extend(hits);
    entities.truncate(limit);
    entities
}

fn query_of(uri: &Uri) -> String {
    Pairs::of_query(uri).get("q").unwrap_or_default().chars().take(100).collect()
}

pub(crate) async fn page(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let query = query_of(&uri);
    let hits = if query.is_empty() { Vec::new() } else { hits(&state, &caller, &query, 50).await };
    let chrome = chrome(&state, &caller, &uri, "Search", Section::Elsewhere);
    Ok(html(fairway_portal::search(&chrome, &SearchView { query, hits })))
}

pub(crate) async fn palette(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let hits = hits(&state, &caller, &query_of(&uri), 12).await;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, kind)], search_json(&hits)).into_response())
}
