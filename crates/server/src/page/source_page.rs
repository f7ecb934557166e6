//! `/sources/{id}`: one source, and what would go with it.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::View;
use fairway_app::source_state::{SourceChange, SourceSettings, SourceState};
use fairway_domain::{Caller, Permission};
use fairway_portal::{BudgetView, ConflictRow, Section, SourceMoment, SourceRemovalView, SourceView, Tone};

use crate::caller::PageCaller;
use crate::failure::{OrPage, PageFailure};
use crate::page::row::blocked;
use crate::page::source::source_row;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

async fn found(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    id: &str,
) -> Result<SourceState, PageFailure> {
    state.app.source_state(caller, id).await.or_page(state, uri, caller)
}

pub(crate) async fn source(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    let found = found(&state, &caller, &uri, &id).await?;
    let view = state.app.view();
    let source = &found.source;
    let row = source_row(&caller, source, &found.children);
    let parent = source.parent.as_ref().and_then(|id| {
        let parent = view.sources.get(id)?;
        Some((id.clone(), parent.target.to_string()))
    });
    let page = SourceView {
        registered: (source.registered_by.name().to_owned(), source.registered_at),
        checked_at: found.pace.checked_at,
        next_at: found.pace.next_at,
        interval_seconds: found.interval_seconds,
        has_interval: source.target.usual_interval().is_some(),
        revision: source.last.as_ref().and_then(|last| last.revision.clone()),
        credential: found.credential.clone(),
        budget: found.budget.as_ref().map(|budget| BudgetView {
            host: budget.host.clone(),
            left: budget.remaining.zip(budget.limit),
            resets_at: budget.resets_at,
            blocked_until: budget.blocked_until,
            sent: budget.sent,
            unchanged: budget.unchanged,
        }),
        children: found.children.iter().map(|child| source_row(&caller, child, &[])).collect(),
        parent,
        conflicts: conflicts(&view, &source.id),
        entities: found.entities,
        history: found.history.iter().map(moment).collect(),
        blocked: blocked(&caller, Permission::ManageCatalog),
        row,
    };
    let chrome = chrome(&state, &caller, &uri, &page.row.target, Section::Catalog);
    Ok(html(fairway_portal::source(&chrome, &page)))
}

/// What this source and another give both, from either side.
fn conflicts(view: &View, source: &str) -> Vec<ConflictRow> {
    let target = |id: &str| view.sources.get(id).map(|it| (id.to_owned(), it.target.to_string()));
    view.drafts
        .values()
        .filter_map(|draft| {
            let reference = draft.conflict.as_ref()?;
            let shown = view.catalog.get(reference)?.source();
            let wins = shown == source;
            (wins || draft.source == source).then(|| ConflictRow {
                reference: reference.clone(),
                place: format!("{}:{}", draft.file, draft.line),
                wins,
                other: target(if wins { &draft.source } else { shown }),
            })
        })
        .collect()
}

fn moment(change: &SourceChange) -> SourceMoment {
    let (text, tone) = match (&change.report, change.paused) {
        (_, true) => ("Paused".to_owned(), Tone::Info),
        (None, _) => ("Registered".to_owned(), Tone::Info),
        (Some(report), _) => match &report.failure {
            Some(failure) => (failure.clone(), Tone::Bad),
            None if report.broken > 0 => {
                (format!("{} entities, {} broken", report.entities, report.broken), Tone::Warning)
            }
            None => (format!("{} entities", report.entities), Tone::Good),
        },
    };
    SourceMoment { sequence: change.sequence, at: change.at, by: change.by.to_string(), text, tone }
}

pub(crate) async fn removal(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    let found = found(&state, &caller, &uri, &id).await?;
    let view = SourceRemovalView {
        row: source_row(&caller, &found.source, &found.children),
        children: found.children.len(),
        entities: found.entities,
        blocked: blocked(&caller, Permission::ManageCatalog),
    };
    let chrome = chrome(&state, &caller, &uri, "Remove a source", Section::Catalog);
    Ok(html(fairway_portal::source_removal(&chrome, &view)))
}

pub(crate) async fn configure(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let minutes = pairs.get("minutes").and_then(|text| text.parse::<u64>().ok());
    let settings = SourceSettings {
        interval_seconds: minutes.map(|minutes| minutes.saturating_mul(60)),
        paused: pairs.get("paused").map(|text| text == "true"),
    };
    state.app.configure_source(&caller, &id, &settings).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/sources/{id}")).into_response())
}
