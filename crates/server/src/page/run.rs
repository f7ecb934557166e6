//! `/runs`: where a run is, what it did, and undoing it.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_domain::run::{Run, RunStatus};
use fairway_domain::{Caller, Permission};
use fairway_portal::row::RunRow;
use fairway_portal::{RunView, RunsView, Section, UndoItem, UndoView};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::{Page, chrome, html, markdown};
use crate::pairs::{Pairs, with_parameter};
use crate::state::ServerState;

const PER_PAGE: usize = 50;

fn undo_blocked(caller: &Caller, run: &Run) -> Option<String> {
    match run.status {
        RunStatus::Running | RunStatus::Undoing => return Some("The run is still moving".to_owned()),
        RunStatus::Undone => return Some("The run was undone".to_owned()),
        RunStatus::Completed | RunStatus::Failed => {}
    }
    let began_with = if run.template.is_some() { Permission::Create } else { Permission::Deliver };
    let own = run.actor.user() == caller.actor.user();
    let needed = if own { began_with } else { Permission::Administer };
    caller.authorise(began_with).and(caller.authorise(needed)).err().map(|forbidden| forbidden.to_string())
}

pub(crate) async fn run_view(state: &ServerState, caller: &Caller, run: Run) -> RunView {
    let plan = state.app.stored_plan(caller, &run.plan).await.ok().map(|stored| stored.plan);
    RunView {
        undo_blocked: undo_blocked(caller, &run),
        texts: run.texts.iter().map(|text| (text.title.clone(), markdown(&text.content))).collect(),
        plan,
        run,
    }
}

pub(crate) async fn runs(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    let pairs = Pairs::of_query(&uri);
    let status = pairs.get("status").unwrap_or_default().to_owned();
    let page = pairs.number("page", 1).clamp(1, 10_000);
    let all = state.app.runs(&caller, usize::MAX).or_page(&state, &uri, &caller)?;
    let matching: Vec<&Run> = all
        .iter()
        .filter(|run| {
            let word = serde_json::to_value(run.status).ok();
            status.is_empty() || word.as_ref().and_then(serde_json::Value::as_str) == Some(status.as_str())
        })
        .collect();
    let rows: Vec<RunRow> =
        matching.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE).map(|run| RunRow::from(*run)).collect();
    let view = RunsView {
        runs: rows,
        status,
        older: (page * PER_PAGE < matching.len())
            .then(|| with_parameter(&uri, "page", &(page + 1).to_string())),
        newer: (page > 1).then(|| with_parameter(&uri, "page", &(page - 1).to_string())),
    };
    let chrome = chrome(&state, &caller, &uri, "Runs", Section::Runs).followed(None);
    Ok(html(fairway_portal::runs(&chrome, &view)))
}

pub(crate) async fn run(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    let run = state.app.run(&caller, &id).or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, &run.title, Section::Runs);
    let view = run_view(&state, &caller, run).await;
    Ok(html(fairway_portal::run(&chrome, &view)))
}

pub(crate) async fn undo_page(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    let run = state.app.run(&caller, &id).or_page(&state, &uri, &caller)?;
    let previews = state.app.undo_preview(&caller, &id).await.or_page(&state, &uri, &caller)?;
    let items = previews
        .into_iter()
        .map(|preview| UndoItem {
            summary: preview.effect,
            undone: (!preview.kept).then(|| preview.action.clone()),
            kept: preview.kept.then_some(preview.action),
        })
        .collect();
    let title = format!("Undo {}", run.title);
    let view = UndoView { id, items, blocked: undo_blocked(&caller, &run), title: run.title };
    let chrome = chrome(&state, &caller, &uri, &title, Section::Runs);
    Ok(html(fairway_portal::undo(&chrome, &view)))
}

pub(crate) async fn undo(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
) -> Page {
    state.app.undo(&caller, &id).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/runs/{id}")).into_response())
}
