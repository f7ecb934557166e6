//! `/`: what needs me, what I own, what ran.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use fairway_app::guardrails::service_of;
use fairway_app::home::Home;
use fairway_app::waivers::WaiverFilter;
use fairway_app::{AppError, View};
use fairway_catalog::{CatalogEntity, TruthCheck, TruthFinding};
use fairway_domain::run::RunStatus;
use fairway_domain::waiver::WaiverStanding;
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::row::{EntityRow, RunRow};
use fairway_portal::{Attention, HomeView, Section, Tone};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::environment::promotable;
use crate::page::row::{entity_row, entity_url, icon_of, template_row};
use crate::page::{Page, chrome, html, shelf};
use crate::state::ServerState;

const SHOWN: usize = 12;
const PROMOTIONS: usize = 5;
const RUNS: usize = 7;
const SHORT: usize = 6;

pub(crate) async fn home(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    let home = state.app.home(&caller).or_page(&state, &uri, &caller)?;
    let mut attention = Vec::new();
    let mut broken_files: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for draft in &home.drafts {
        *broken_files.entry((&draft.source, &draft.file)).or_default() += 1;
    }
    for draft in &home.drafts {
        // A file that holds many entities is mended as one.
        let Some(together) = broken_files.remove(&(draft.source.as_str(), draft.file.as_str())) else {
            continue;
        };
        let message = draft.diagnostics.first().map(|first| match &first.location {
            Some(location) => format!("{location} · {}", first.message),
            None => first.message.clone(),
        });
        let whole = format!("The file {}", draft.file);
        let broken = draft.reference.as_ref().map_or_else(
            || {
                let source = home.view.sources.get(&draft.source);
                source.map_or_else(|| draft.file.clone(), |source| source.target.to_string())
            },
            |reference| format!("The file of {}", reference.name()),
        );
        let url = draft
            .reference
            .as_ref()
            .filter(|reference| home.view.catalog.get(reference).is_some())
            .map_or_else(
                || "/drafts".to_owned(),
                |reference| format!("{}?tab=errors", entity_url(reference)),
            );
        attention.push(Attention {
            tone: Tone::Bad,
            what: match together {
                1 => "Broken file".to_owned(),
                many => format!("{many} entities of {}", draft.file),
            },
            title: format!("{} is broken", if together > 1 { &whole } else { &broken }),
            detail: message,
            url: if together > 1 { "/drafts".to_owned() } else { url },
            at: Some(draft.first_seen),
        });
    }
    let user = caller.actor.user();
    for run in home.runs.iter().filter(|run| run.status == RunStatus::Failed && run.actor.user() == user) {
        attention.push(Attention {
            tone: Tone::Bad,
            what: "Failed run".to_owned(),
            title: run.title.clone(),
            detail: run.log.iter().rev().nth(1).map(|line| line.message.clone()),
            url: format!("/runs/{}", run.id),
            at: run.ended_at,
        });
    }
    let fleet = state.app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
    for reference in &home.owned {
        // What is waived was decided on; it needs nobody now.
        let open = fleet.findings.iter().filter(|finding| finding.waiver.is_none());
        let denied: Vec<_> = open.filter(|finding| service_of(finding) == reference.name()).collect();
        if let (Some(first), true) = (denied.first(), reference.kind() == "component") {
            attention.push(Attention {
                tone: if first.blocks() { Tone::Bad } else { Tone::Warning },
                what: if first.blocks() { "Blocks the next apply" } else { "Finding" }.to_owned(),
                title: match denied.len() {
                    1 => format!("{} is against a policy: {}", reference.name(), first.policy),
                    many => format!("{} has {many} findings", reference.name()),
                },
                detail: Some(first.message.clone()),
                url: format!("/guardrails?service={}", reference.name()),
                at: None,
            });
        }
    }
    attention.extend(truth_lines(&state, &caller, &home).await.or_page(&state, &uri, &caller)?);
    attention.extend(removal_lines(&state, &caller).or_page(&state, &uri, &caller)?);
    attention.extend(waiver_lines(&state, &caller).or_page(&state, &uri, &caller)?);
    for message in &home.notifications {
        attention.push(Attention {
            tone: match message.severity.as_str() {
                "critical" | "high" => Tone::Warning,
                _ => Tone::Info,
            },
            what: "Message".to_owned(),
            title: message.title.clone(),
            detail: message.info.clone(),
            // What a template wrote is followed only when it is an address of the web or of this site.
            url: message
                .link
                .clone()
                .filter(|link| {
                    let web = link.starts_with("https://") || link.starts_with("http://");
                    web || (link.starts_with('/') && !link.starts_with("//"))
                })
                .unwrap_or_else(|| format!("/runs/{}", message.run)),
            at: Some(message.at),
        });
    }
    let stars = state.app.stars(&caller).or_page(&state, &uri, &caller)?;
    let recent = shelf::recent(&headers);
    let short = |references: &[EntityRef]| -> Vec<_> {
        let known = references.iter().filter_map(|reference| home.view.catalog.get(reference));
        known.take(SHORT).map(|found| row(&home.view, found)).collect()
    };
    let templates = state.app.templates(&caller).or_page(&state, &uri, &caller)?;
    let owner = home.groups.first().unwrap_or(&home.user);
    let title = |reference: &EntityRef| {
        let found = home.view.catalog.get(reference);
        found.map_or_else(|| reference.name().to_owned(), |found| found.title().to_owned())
    };
    let view = HomeView {
        attention,
        teams: home.groups.iter().take(2).map(title).collect(),
        promotions: promotions(&state, &caller, &home.owned).or_page(&state, &uri, &caller)?,
        owned: home
            .owned
            .iter()
            .filter_map(|reference| home.view.catalog.get(reference))
            .take(SHOWN)
            .map(|found| row(&home.view, found))
            .collect(),
        owned_total: home.owned.len(),
        owned_url: format!("/catalog?owner={owner}"),
        starred: short(&stars),
        recent: short(&recent),
        runs: home.runs.iter().take(RUNS).map(RunRow::from).collect(),
        starts: templates.iter().take(4).map(|template| template_row(&home.view, template)).collect(),
        entities: home.view.catalog.len(),
    };
    let chrome = chrome(&state, &caller, &uri, "Home", Section::Home).followed(None);
    Ok(html(fairway_portal::home(&chrome, &view)))
}

/// A row with the icon of its kind.
fn row(view: &View, found: &CatalogEntity) -> EntityRow {
    EntityRow { icon: icon_of(view, found.kind()), ..entity_row(found) }
}

/// Versions of what the person owns that may move to the next environment.
fn promotions(state: &ServerState, caller: &Caller, owned: &[EntityRef]) -> Result<Vec<Attention>, AppError> {
    if !caller.may(Permission::Deliver) {
        return Ok(Vec::new());
    }
    let matrix = state.app.matrix(caller)?;
    let mut lines = Vec::new();
    for row in
        matrix.rows.iter().filter(|row| row.entity.as_ref().is_some_and(|entity| owned.contains(entity)))
    {
        for (position, (environment, cell)) in matrix.environments.iter().zip(&row.cells).enumerate() {
            let Some(version) = promotable(&matrix, &row.service, position) else { continue };
            lines.push(Attention {
                tone: Tone::Info,
                what: match &cell.deployment {
                    Some(there) => format!("{} has {}", environment.title, there.intent.version),
                    None => format!("Not in {} yet", environment.title),
                },
                title: format!("{} {version} may move to {}", row.service, environment.title),
                detail: None,
                url: format!("/environments/services/{}", row.service),
                at: None,
            });
        }
    }
    lines.truncate(PROMOTIONS);
    Ok(lines)
}

/// Waivers that wait for this person's decision.
fn waiver_lines(state: &ServerState, caller: &Caller) -> Result<Vec<Attention>, AppError> {
    let filter = WaiverFilter { standing: Some(WaiverStanding::Requested), ..WaiverFilter::default() };
    let waiting = state.app.waivers(caller, &filter)?.into_iter().filter(|it| it.may_decide);
    let lines = waiting.take(PROMOTIONS).map(|it| Attention {
        tone: Tone::Warning,
        what: "Waiver".to_owned(),
        title: format!("{} asks to be let off: {}", it.waiver.requested_by.name(), it.waiver.title),
        detail: Some(it.waiver.reason),
        url: format!("/guardrails/waivers#{}", it.waiver.id),
        at: Some(it.waiver.requested_at),
    });
    Ok(lines.collect())
}

/// What the person or their groups are to mend in the catalog, as one line for each check.
async fn truth_lines(state: &ServerState, caller: &Caller, home: &Home) -> Result<Vec<Attention>, AppError> {
    let all = state.app.truth(caller).await?;
    let mine = |found: &&TruthFinding| {
        found.owner.as_ref().is_some_and(|owner| *owner == home.user || home.groups.contains(owner))
    };
    let mut by_check: BTreeMap<TruthCheck, Vec<&TruthFinding>> = BTreeMap::new();
    for found in all.iter().filter(mine) {
        by_check.entry(found.check).or_default().push(found);
    }
    let lines = by_check.into_iter().filter_map(|(check, findings)| {
        let first = findings.first()?;
        let url = match (&first.owner, findings.len()) {
            (Some(owner), 2..) => format!("/catalog/findings?owner={owner}"),
            _ => format!("/catalog/findings?entity={}", first.entity),
        };
        Some(Attention {
            tone: Tone::Warning,
            what: check.title().to_owned(),
            title: match findings.len() {
                1 => format!("{}: {}", first.entity.name(), first.message),
                many => format!("{many} entities: {}", check.title().to_lowercase()),
            },
            detail: first.evidence.first().cloned(),
            url,
            at: findings.iter().map(|it| it.since).max(),
        })
    });
    Ok(lines.collect())
}

/// Removals that wait, for those who may decide on them.
fn removal_lines(state: &ServerState, caller: &Caller) -> Result<Vec<Attention>, AppError> {
    if !caller.may(Permission::ManageCatalog) {
        return Ok(Vec::new());
    }
    let waiting = state.app.proposals(caller)?.into_iter().filter(|it| it.proposal.rejected.is_none());
    let lines = waiting.map(|it| Attention {
        tone: Tone::Warning,
        what: "Removal".to_owned(),
        title: format!("{} of {} entities of {} would go", it.proposal.total, it.proposal.known, it.target),
        detail: Some("Nothing was removed; accept or reject it".to_owned()),
        url: "/proposals".to_owned(),
        at: Some(it.proposal.proposed_at),
    });
    Ok(lines.collect())
}
