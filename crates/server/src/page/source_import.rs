//! `/sources/import`: the sources of Backstage's configuration.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Redirect};
use fairway_app::app_config::ImportPlan;
use fairway_domain::Permission;
use fairway_portal::{ImportPlanView, ImportRow, ImportView, Section};

use crate::caller::PageCaller;
use crate::failure::{OrPage, status};
use crate::page::row::blocked;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

pub(crate) async fn form(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let view = ImportView { blocked: blocked(&caller, Permission::ManageCatalog), ..ImportView::default() };
    let chrome = chrome(&state, &caller, &uri, "Import from Backstage", Section::Catalog);
    Ok(html(fairway_portal::source_import(&chrome, &view)))
}

pub(crate) async fn submit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let config = pairs.get("config").unwrap_or_default().to_owned();
    let ended = match pairs.get("digest") {
        Some(digest) => state.app.apply_import(&caller, &config, digest).await,
        None => state.app.plan_import(&caller, &config),
    };
    let mut view =
        ImportView { config, blocked: blocked(&caller, Permission::ManageCatalog), ..ImportView::default() };
    let chrome = chrome(&state, &caller, &uri, "Import from Backstage", Section::Catalog);
    match ended {
        Ok(_) if pairs.get("digest").is_some() => Ok(Redirect::to("/sources").into_response()),
        Ok(plan) => {
            view.plan = Some(shown(plan));
            Ok(html(fairway_portal::source_import(&chrome, &view)))
        }
        Err(error) => {
            view.error = Some(match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            });
            Ok((status(&error), Html(fairway_portal::source_import(&chrome, &view))).into_response())
        }
    }
}

fn shown(plan: ImportPlan) -> ImportPlanView {
    let credentials = plan.credentials.into_iter().map(|it| ImportRow {
        kind: "Credential",
        text: format!("{} for {}, from {}", it.name, it.place, it.secret),
        from: it.from,
        known: it.known,
    });
    let sources = plan.sources.into_iter().map(|it| ImportRow {
        kind: "Source",
        text: it.target,
        from: it.from,
        known: it.known,
    });
    ImportPlanView {
        digest: plan.digest,
        items: credentials.chain(sources).collect(),
        notes: plan.notes.into_iter().map(|note| (note.from, note.message)).collect(),
    }
}
