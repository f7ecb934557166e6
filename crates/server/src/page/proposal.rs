//! `/proposals`: removals that wait for a person.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_domain::Permission;
use fairway_portal::{ProposalRow, ProposalsView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::row::blocked;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

pub(crate) async fn proposals(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let waiting = state.app.proposals(&caller).or_page(&state, &uri, &caller)?;
    let rows = waiting.into_iter().map(|it| ProposalRow {
        source: it.source,
        target: it.target,
        digest: it.proposal.digest.to_string(),
        removed: it.proposal.removed,
        total: it.proposal.total,
        known: it.proposal.known,
        since: it.proposal.proposed_at,
        rejected: it.proposal.rejected.map(|it| (it.by.name().to_owned(), it.at, it.reason)),
    });
    let view =
        ProposalsView { proposals: rows.collect(), blocked: blocked(&caller, Permission::ManageCatalog) };
    let chrome = chrome(&state, &caller, &uri, "Removals", Section::Catalog).followed(None);
    Ok(html(fairway_portal::proposals(&chrome, &view)))
}

pub(crate) async fn accept(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let digest = pairs.get("digest").unwrap_or_default();
    state.app.accept_removal(&caller, &id, digest).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to("/proposals").into_response())
}

pub(crate) async fn reject(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let digest = pairs.get("digest").unwrap_or_default();
    state
        .app
        .reject_removal(&caller, &id, digest, pairs.get("reason"))
        .await
        .or_page(&state, &uri, &caller)?;
    Ok(Redirect::to("/proposals").into_response())
}
