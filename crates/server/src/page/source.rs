//! `/sources` and `/drafts`: where the catalog comes from, and what is broken in it.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Redirect};
use fairway_app::sources::{Source, SourceTarget, SyncReport};
use fairway_domain::{Caller, Permission};
use fairway_portal::source::{DraftRow, SourceRow};
use fairway_portal::{DraftsView, Section, SourcesView};

use crate::caller::PageCaller;
use crate::failure::{OrPage, PageFailure};
use crate::page::access::return_to;
use crate::page::row::blocked;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The row of a source, with what it discovered among `sources`.
pub(crate) fn source_row(caller: &Caller, source: &Source, sources: &[Source]) -> SourceRow {
    let last = source.last.as_ref();
    let children = sources.iter().filter(|child| child.parent.as_deref() == Some(source.id.as_str()));
    let (mut discovered, mut troubled) = (0, 0);
    for child in children {
        discovered += 1;
        let bad = |last: &SyncReport| last.failure.is_some() || last.broken > 0;
        troubled += usize::from(child.last.as_ref().is_some_and(bad));
    }
    SourceRow {
        id: source.id.clone(),
        kind: match source.target {
            SourceTarget::Forge { .. } => "Embedded forge",
            SourceTarget::Git { .. } => "Git",
            SourceTarget::File { .. } => "File",
            SourceTarget::Discovery(_) => "Discovery",
            SourceTarget::Hosted(_) => "Discovered",
            SourceTarget::Directory(_) => "People and teams",
        }
        .to_owned(),
        target: source.target.to_string(),
        synced_at: last.and_then(|last| last.last_success),
        entities: last.map_or(0, |last| last.entities),
        errors: last.map_or(0, |last| last.broken),
        failure: last.and_then(|last| last.failure.clone()),
        paused: source.paused_at.is_some(),
        discovered: matches!(source.target, SourceTarget::Discovery(_)).then_some((discovered, troubled)),
        proposes: source.missing_since.is_some()
            || last.and_then(|last| last.failure.as_ref()).is_some_and(|it| it.contains("would be removed")),
        may_manage: caller.may(Permission::ManageCatalog),
    }
}

fn sources_view(state: &ServerState, caller: &Caller, uri: &Uri) -> Result<SourcesView, PageFailure> {
    let sources = state.app.sources(caller).or_page(state, uri, caller)?;
    Ok(SourcesView {
        // What was discovered is on the page of what discovered it.
        sources: sources
            .iter()
            .filter(|source| source.parent.is_none())
            .map(|source| source_row(caller, source, &sources))
            .collect(),
        blocked: blocked(caller, Permission::ManageCatalog),
        ..SourcesView::default()
    })
}

pub(crate) async fn sources(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let view = sources_view(&state, &caller, &uri)?;
    let chrome = chrome(&state, &caller, &uri, "Sources", Section::Catalog);
    Ok(html(fairway_portal::sources(&chrome, &view)))
}

pub(crate) async fn register(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let target = pairs.get("target").unwrap_or_default().to_owned();
    let kind = pairs.get("kind").unwrap_or_default().to_owned();
    let typed = target.split_once(':').is_some_and(|(before, _)| before.contains('-'));
    let address = if kind.is_empty() || typed { target.clone() } else { format!("{kind}:{target}") };
    match state.app.register_source(&caller, &address).await {
        Ok(_) => Ok(Redirect::to("/sources").into_response()),
        Err(error) => {
            let mut view = sources_view(&state, &caller, &uri)?;
            view.error = Some(match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            });
            view.target = target;
            view.kind = kind;
            let chrome = chrome(&state, &caller, &uri, "Sources", Section::Catalog);
            Ok((crate::failure::status(&error), Html(fairway_portal::sources(&chrome, &view)))
                .into_response())
        }
    }
}

pub(crate) async fn refresh(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let accept = pairs.get("accept").is_some();
    state.app.refresh_source(&caller, &id, accept).await.or_page(&state, &uri, &caller)?;
    let back = if pairs.get("return_to").is_some() { return_to(&pairs) } else { "/sources".to_owned() };
    Ok(Redirect::to(&back).into_response())
}

pub(crate) async fn remove(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    state.app.remove_source(&caller, &id).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to("/sources").into_response())
}

pub(crate) async fn drafts(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let view = state.app.view();
    let drafts = view
        .drafts
        .values()
        .map(|draft| {
            let source = view.sources.get(&draft.source);
            let url = source.and_then(|source| match &source.target {
                SourceTarget::Forge { repository, branch, .. } => {
                    Some(format!("/repositories/{repository}/blob/{branch}/{}", draft.file))
                }
                _ => None,
            });
            DraftRow {
                source: source.map_or_else(|| draft.source.clone(), |source| source.target.to_string()),
                file: draft.file.clone(),
                url,
                last_good: draft.reference.as_ref().is_some_and(|it| view.catalog.get(it).is_some()),
                entity: draft.reference.clone(),
                diagnostics: draft.diagnostics.clone(),
                since: Some(draft.first_seen),
            }
        })
        .collect();
    let data = DraftsView { drafts, files: view.catalog.len() };
    let chrome = chrome(&state, &caller, &uri, "Broken files", Section::Catalog).followed(None);
    Ok(html(fairway_portal::drafts(&chrome, &data)))
}
