//! The history tab of an entity, and the ways that change an entity from its page.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::history::{BlamedField, Standing, Version};
use fairway_app::plans::PlanRequest;
use fairway_app::{AppError, View};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::HistoryView;
use fairway_portal::history::{BlameRow, RestoreQuestion, VersionDifference, VersionRow, VersionStanding};
use serde_json::Value;

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::Page;
use crate::page::row::entity_url;
use crate::pairs::{Pairs, with_parameter};
use crate::state::ServerState;

/// Versions on one page.
const PER_PAGE: usize = 50;
/// Characters of a value that a row shows.
const SHOWN: usize = 120;
/// Characters of a revision that name it.
const SHORT: usize = 10;

/// The tab as the address asks for it.
pub(crate) async fn history_view(
    state: &ServerState,
    caller: &Caller,
    reference: &EntityRef,
    uri: &Uri,
) -> Result<HistoryView, AppError> {
    let pairs = Pairs::of_query(uri);
    let number = |name: &str| pairs.get(name).and_then(|text| text.parse::<i64>().ok());
    let view = state.app.view();
    let mut shown =
        HistoryView { may_restore: caller.may(Permission::ManageCatalog), ..HistoryView::default() };
    if pairs.get("view") == Some("blame") {
        let fields = state.app.entity_blame(caller, reference, pairs.get("at")).await?;
        let source = view.catalog.get(reference).map(|found| found.source().to_owned());
        shown.blame = Some(fields.into_iter().map(|it| blame_row(&view, source.as_deref(), it)).collect());
        return Ok(shown);
    }
    let versions = state.app.versions(caller, reference, number("before"), PER_PAGE).await?;
    if let (true, Some(last)) = (versions.len() == PER_PAGE, versions.last()) {
        shown.older = Some(with_parameter(uri, "before", &last.sequence.to_string()));
    }
    shown.versions = versions.into_iter().map(|version| version_row(&view, version)).collect();
    if let Some(sequence) = number("version") {
        let to = format!("#{sequence}");
        let found = state.app.entity_difference(caller, reference, None, Some(&to)).await?;
        shown.difference = Some(VersionDifference {
            from: found.from.map(|it| it.sequence),
            to: found.to.sequence,
            before: found.before,
            after: found.after,
        });
    }
    if let (true, Some(sequence)) = (shown.may_restore, number("restore")) {
        let found = state.app.restoration(caller, reference, sequence).await?;
        shown.restore = Some(RestoreQuestion {
            sequence,
            expected: found.expected,
            before: found.before,
            after: found.after,
            consequences: found.consequences,
            editable: found.editable && caller.may(Permission::Push),
        });
    }
    Ok(shown)
}

fn version_row(view: &View, version: Version) -> VersionRow {
    let revision = revision(view, version.source.as_deref(), version.revision.as_deref());
    VersionRow {
        sequence: version.sequence,
        at: version.at,
        who: version.actor.to_string(),
        origin: version.origin.to_string(),
        reason: version.reason,
        standing: match version.standing {
            Standing::Present => VersionStanding::Present,
            Standing::Gone => VersionStanding::Gone,
            Standing::Erased | Standing::Unreadable => VersionStanding::Erased,
        },
        revision,
        changed: version.changes.into_iter().map(|change| change.path).collect(),
        errors: version.errors,
    }
}

fn blame_row(view: &View, source: Option<&str>, blamed: BlamedField) -> BlameRow {
    let value = match &blamed.field.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    BlameRow {
        path: blamed.field.path,
        value: value.chars().take(SHOWN).collect(),
        who: blamed.actor.to_string(),
        at: blamed.at,
        sequence: blamed.sequence,
        revision: revision(view, source, blamed.revision.as_deref()),
        at_the_latest: blamed.field.at_the_latest,
    }
}

/// A revision's short name, and the commit's page where the source is on the embedded forge.
fn revision(view: &View, source: Option<&str>, revision: Option<&str>) -> Option<(String, Option<String>)> {
    let revision = revision?;
    let repository = source.and_then(|id| view.sources.get(id)).and_then(|it| it.target.repository());
    let url = repository.map(|repository| format!("/repositories/{repository}/commit/{revision}"));
    Some((revision.chars().take(SHORT).collect(), url))
}

/// An earlier version comes back: in the catalog at once, or by a plan that changes the file.
pub(crate) async fn restore(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let pairs = Pairs::of_form(&body);
    let number = |name: &str| pairs.get(name).and_then(|text| text.parse::<i64>().ok());
    let sequence = number("sequence")
        .ok_or_else(|| AppError::invalid("no version was chosen"))
        .or_page(&state, &uri, &caller)?;
    if pairs.get("by") == Some("file") {
        let request = PlanRequest::Restore { entity: reference, sequence };
        let plan = state.app.plan(&caller, request).await.or_page(&state, &uri, &caller)?;
        return Ok(Redirect::to(&format!("/plans/{}", plan.plan.digest())).into_response());
    }
    state
        .app
        .restore(&caller, &reference, sequence, number("expected"))
        .await
        .or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("{}?tab=history", entity_url(&reference))).into_response())
}

/// Another name for the entity, as a plan.
pub(crate) async fn rename(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let pairs = Pairs::of_form(&body);
    let request = fairway_app::edits::rename_request(reference, pairs.get("to").unwrap_or_default())
        .or_page(&state, &uri, &caller)?;
    let plan = state.app.plan(&caller, request).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/plans/{}", plan.plan.digest())).into_response())
}
