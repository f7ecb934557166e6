//! `/search`: results as a page, and for the palette.

use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::IntoResponse;
use fairway_app::AppError;
use fairway_app::search::{CATALOG_DOCUMENTS, DocumentPage, DocumentSearch, FoundDocument, Piece};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::{Facet, FacetOption, SearchHit, SearchView, Section, search_json};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::environment::promotable;
use crate::page::row::entity_url;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Places and actions that the palette knows besides entities: title, address, words.
pub(crate) const PLACES: [(&str, &str, &str); 14] = [
    ("Home", "/", "start own"),
    ("Catalog", "/catalog", "services components entities"),
    ("Create", "/create", "new golden path template scaffold"),
    ("Environments", "/environments", "deploy promote roll back staging production"),
    ("Guardrails", "/guardrails", "policies findings"),
    ("Policies", "/guardrails/policies", "guardrails rules"),
    ("Waivers", "/guardrails/waivers", "guardrails exceptions approve"),
    ("Repositories", "/repositories", "git code forge"),
    ("Runs", "/runs", "history undo"),
    ("Audit log", "/audit", "journal records verify"),
    ("Sources", "/sources", "register location catalog"),
    ("Broken files", "/drafts", "errors drafts"),
    ("Tokens", "/tokens", "access git api"),
    ("Dependency graph", "/catalog/graph", "relations"),
];

/// Values of one facet that may be chosen at once.
const MOST_VALUES: usize = 50;
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
            found.push(SearchHit { title, kind: "Action".to_owned(), url, hint, ..SearchHit::default() });
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

/// What was found of everything that can be looked for.
struct Found {
    hits: Vec<SearchHit>,
    page: DocumentPage,
}

async fn find(
    state: &ServerState,
    caller: &Caller,
    query: &str,
    filters: Vec<(String, Vec<String>)>,
    limit: usize,
) -> Result<Found, AppError> {
    let needle = query.to_lowercase();
    let mut places: Vec<SearchHit> = PLACES
        .iter()
        .filter(|(title, _, words)| {
            needle.is_empty() || title.to_lowercase().contains(&needle) || words.contains(&needle)
        })
        .map(|(title, url, _)| SearchHit {
            title: (*title).to_owned(),
            kind: "Page".to_owned(),
            url: (*url).to_owned(),
            ..SearchHit::default()
        })
        .collect();
    let mut actions = actions(state, caller, &needle);
    if needle.is_empty() {
        // What people do comes before the places that the rail shows anyway.
        actions.truncate(5);
        actions.extend(places);
        return Ok(Found { hits: actions, page: DocumentPage::default() });
    }
    let narrowed = !filters.is_empty();
    let search = DocumentSearch { term: query.to_owned(), filters, limit, ..DocumentSearch::default() };
    let page = state.app.search_documents(caller, &search).await?;
    let mut entities: Vec<SearchHit> = page.items.iter().map(entity_hit).collect();
    if narrowed {
        return Ok(Found { hits: entities, page });
    }
    places.truncate(3);
    if let Ok(repositories) = state.app.repositories(caller).await {
        let matching = repositories.into_iter().filter(|info| info.repository.to_string().contains(&needle));
        entities.extend(matching.take(5).map(|info| SearchHit {
            title: info.repository.to_string(),
            kind: "Repository".to_owned(),
            url: format!("/repositories/{}", info.repository),
            hint: info.description,
            ..SearchHit::default()
        }));
    }
    let view = state.app.view();
    let runs = view.runs.values().rev().filter(|run| run.title.to_lowercase().contains(&needle));
    entities.extend(runs.take(3).map(|run| SearchHit {
        title: run.title.clone(),
        kind: "Run".to_owned(),
        url: format!("/runs/{}", run.id),
        hint: run.actor.to_string(),
        ..SearchHit::default()
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
    entities.extend(places);
    entities.truncate(limit);
    Ok(Found { hits: entities, page })
}

fn entity_hit(found: &FoundDocument) -> SearchHit {
    let reference = &found.reference;
    let is_part = found.document_type != CATALOG_DOCUMENTS;
    let template = reference.kind() == "template";
    let pieces = |pieces: &[Piece]| -> Vec<fairway_portal::Piece> {
        let piece = |it: &Piece| fairway_portal::Piece { text: it.text.clone(), marked: it.marked };
        pieces.iter().map(piece).collect()
    };
    let hint: String = found.description.iter().map(|piece| piece.text.as_str()).collect();
    let owner = || found.document.owner.parse::<EntityRef>().map(|owner| owner.humanized(Some("group")));
    SearchHit {
        title: found.document.title.clone(),
        kind: if template { "Golden path".to_owned() } else { found.document.kind.clone() },
        url: if is_part {
            found.document.location.clone()
        } else if template {
            format!("/create/{}/{}", reference.namespace(), reference.name())
        } else {
            entity_url(reference)
        },
        hint: if hint.is_empty() { owner().unwrap_or_default() } else { hint },
        title_pieces: pieces(&found.title),
        hint_pieces: pieces(&found.description),
    }
}

/// What entities can be narrowed down by: name in the address, for people.
const NARROWED_BY: [(&str, &str); 3] = [("kind", "Kind"), ("type", "Type"), ("owner", "Owner")];

fn facets(page: &DocumentPage, filters: &[(String, Vec<String>)]) -> Vec<Facet> {
    let facet = |(name, label): &(&str, &str)| {
        let is_chosen = |value: &str| {
            let mut values = filters.iter().filter(|(known, _)| known == name).flat_map(|(_, values)| values);
            values.any(|chosen| chosen.eq_ignore_ascii_case(value))
        };
        let option = |(value, count): &(String, usize)| FacetOption {
            value: value.clone(),
            label: match value.parse::<EntityRef>() {
                Ok(owner) if *name == "owner" => owner.humanized(Some("group")),
                _ => value.clone(),
            },
            count: *count,
            selected: is_chosen(value),
        };
        let values = page.facets.iter().find(|facet| facet.name == *name)?.values.iter();
        Some(Facet {
            name: (*name).to_owned(),
            label: (*label).to_owned(),
            options: values.map(option).collect(),
        })
    };
    NARROWED_BY.iter().filter_map(facet).collect()
}

fn query_of(uri: &Uri) -> String {
    Pairs::of_query(uri).get("q").unwrap_or_default().chars().take(100).collect()
}

pub(crate) async fn page(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let query = query_of(&uri);
    let pairs = Pairs::of_query(&uri);
    let filters: Vec<(String, Vec<String>)> = NARROWED_BY
        .iter()
        .map(|(name, _)| ((*name).to_owned(), pairs.all(name).into_iter().take(MOST_VALUES).collect()))
        .filter(|(_, values): &(String, Vec<String>)| !values.is_empty())
        .collect();
    let view = if query.is_empty() {
        SearchView::default()
    } else {
        let found =
            find(&state, &caller, &query, filters.clone(), 50).await.or_page(&state, &uri, &caller)?;
        SearchView {
            query,
            hits: found.hits,
            total: found.page.total,
            facets: facets(&found.page, &filters),
            near: found.page.near.iter().map(entity_hit).collect(),
        }
    };
    let chrome = chrome(&state, &caller, &uri, "Search", Section::Elsewhere);
    Ok(html(fairway_portal::search(&chrome, &view)))
}

pub(crate) async fn palette(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let found =
        find(&state, &caller, &query_of(&uri), Vec::new(), 12).await.or_page(&state, &uri, &caller)?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, kind)], search_json(&found.hits)).into_response())
}
