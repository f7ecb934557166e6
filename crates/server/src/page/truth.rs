//! `/catalog/findings`: what the catalog says and that is not so.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::plans::PlanRequest;
use fairway_catalog::TruthFinding;
use fairway_domain::{EntityRef, Permission};
use fairway_portal::truth::{TruthGroup, TruthRow};
use fairway_portal::{Section, TruthView};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Findings of one owner that the page of all owners shows.
const PER_OWNER: usize = 20;
/// Findings of the one owner or entity that was asked for.
const OF_ONE: usize = 500;
/// So long a page waits for what it started.
const PATIENCE: Duration = Duration::from_secs(8);
/// Owners on one page.
const OWNERS: usize = 50;

fn row(found: &TruthFinding) -> TruthRow {
    TruthRow {
        id: found.id.clone(),
        check: found.check.title().to_owned(),
        severity: found.severity,
        entity: found.entity.clone(),
        message: found.message.clone(),
        evidence: found.evidence.clone(),
        since: found.since,
        fix: found.fix_summary.clone(),
    }
}

pub(crate) async fn findings(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let all = state.app.truth(&caller).await.or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_query(&uri);
    let owner: Option<EntityRef> = pairs.get("owner").and_then(|text| text.parse().ok());
    let entity: Option<EntityRef> = pairs.get("entity").and_then(|text| text.parse().ok());
    let mut by_owner: BTreeMap<Option<&EntityRef>, Vec<&TruthFinding>> = BTreeMap::new();
    for found in all.iter() {
        let asked = owner.as_ref().is_none_or(|owner| found.owner.as_ref() == Some(owner))
            && entity.as_ref().is_none_or(|entity| found.entity == *entity);
        if asked {
            by_owner.entry(found.owner.as_ref()).or_default().push(found);
        }
    }
    let total = by_owner.values().map(Vec::len).sum();
    let shown = if owner.is_some() || entity.is_some() { OF_ONE } else { PER_OWNER };
    let mut groups: Vec<TruthGroup> = by_owner
        .into_iter()
        .map(|(owner, findings)| TruthGroup {
            owner: owner.cloned(),
            total: findings.len(),
            findings: findings.into_iter().take(shown).map(row).collect(),
        })
        .collect();
    groups.sort_by_key(|group| (group.owner.is_none(), std::cmp::Reverse(group.total)));
    groups.truncate(OWNERS);
    let view = TruthView {
        groups,
        total,
        about: owner.or(entity).map(|about| about.to_string()),
        may_mend: caller.may(Permission::Push),
        may_look: caller.may(Permission::ManageCatalog),
    };
    let chrome = chrome(&state, &caller, &uri, "Findings", Section::Catalog).followed(None);
    Ok(html(fairway_portal::truth(&chrome, &view)))
}

pub(crate) async fn mend(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let finding = Pairs::of_form(&body).get("finding").unwrap_or_default().to_owned();
    let plan = state.app.plan(&caller, PlanRequest::Mend { finding }).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/plans/{}", plan.plan.digest())).into_response())
}

/// Looks at the addresses that entities name. Many of them take longer than somebody waits for a page, so it goes on
/// by itself.
pub(crate) async fn links(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let looking = {
        let (app, caller) = (state.app.clone(), caller.clone());
        tokio::spawn(async move { app.check_links(&caller).await })
    };
    if let Ok(Ok(done)) = tokio::time::timeout(PATIENCE, looking).await {
        done.or_page(&state, &uri, &caller)?;
    }
    Ok(Redirect::to("/catalog/findings").into_response())
}
