//! `/guardrails/policies`: what is asked for, why, and what came of it.

use axum::extract::{Path, State};
use axum::http::Uri;
use fairway_app::AppError;
use fairway_app::guardrails::{FindingFilter, PolicyDetail};
use fairway_app::waivers::WaiverFilter;
use fairway_domain::Caller;
use fairway_portal::policy::{ExemptionRow, PolicySourceRow, TrendPoint};
use fairway_portal::{PoliciesView, PolicyRow, PolicyTab, PolicyView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::entity::code;
use crate::page::guardrail::row as finding_row;
use crate::page::waiver::row as waiver_row;
use crate::page::{Page, chrome, html, markdown, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Days of a trend in a row, and of one on its own page.
const DAYS: u16 = 30;
const DAYS_ALONE: u16 = 90;
/// Findings on a policy's page; the findings page has them all.
const FINDINGS: usize = 50;

fn row(
    state: &ServerState,
    caller: &Caller,
    policy: &PolicyDetail,
    days: u16,
) -> Result<PolicyRow, AppError> {
    let counts = policy.counts;
    let trend = state.app.trend(caller, &policy.info.name, days)?;
    Ok(PolicyRow {
        name: policy.info.name.clone(),
        title: policy.info.title.clone(),
        language: policy.language.word(),
        severity: policy.info.severity,
        enforcement: policy.info.enforcement,
        counts: (counts.open, counts.waived, counts.not_evaluated),
        trend: trend
            .into_iter()
            .map(|day| TrendPoint {
                day: day.day,
                counts: day.counts.map(|counts| (counts.open, counts.waived, counts.not_evaluated)),
            })
            .collect(),
    })
}

pub(crate) async fn policies(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let all = state.app.policy_list(&caller).await.or_page(&state, &uri, &caller)?;
    let fleet = state.app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
    let rows: Result<Vec<PolicyRow>, AppError> =
        all.iter().map(|policy| row(&state, &caller, policy, DAYS)).collect();
    let mut policies = rows.or_page(&state, &uri, &caller)?;
    // What has most to be done comes first.
    policies.sort_by(|one, two| {
        two.counts.0.cmp(&one.counts.0).then(two.severity.cmp(&one.severity)).then(one.title.cmp(&two.title))
    });
    let view = PoliciesView { policies, broken: fleet.broken_policies.len() };
    let chrome = chrome(&state, &caller, &uri, "Policies", Section::Guardrails).followed(None);
    Ok(html(fairway_portal::policies(&chrome, &view)))
}

pub(crate) async fn policy(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(name): Path<String>,
    uri: Uri,
) -> Page {
    let found = state.app.policy_named(&caller, &name).await.or_page(&state, &uri, &caller)?;
    let tab = PolicyTab::parse(Pairs::of_query(&uri).get("tab").unwrap_or_default());
    let findings = if tab == PolicyTab::Findings {
        let filter = FindingFilter { policy: Some(name.clone()), ..FindingFilter::default() };
        let all = state.app.findings(&caller, &filter).await.or_page(&state, &uri, &caller)?;
        all.into_iter().take(FINDINGS).map(finding_row).collect()
    } else {
        Vec::new()
    };
    let of_policy = WaiverFilter { policy: Some(name.clone()), ..WaiverFilter::default() };
    let waivers = state.app.waivers(&caller, &of_policy).or_page(&state, &uri, &caller)?;
    let policy = row(&state, &caller, &found, DAYS_ALONE).or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, &policy.title, Section::Guardrails).followed(None);
    // Writing and highlighting the source keeps a processor busy.
    let page = off_thread(move || {
        let source = |source: &fairway_app::guardrails::PolicySource| PolicySourceRow {
            entity: source.entity.clone(),
            kind: source.kind.clone(),
            file: source.file.clone(),
            html: code("policy.yaml", &fairway_yaml::write(&source.value)),
        };
        let view = PolicyView {
            policy,
            tab,
            why: found.info.why.clone(),
            fix: found.info.fix.clone(),
            example: found.info.example.as_deref().map(markdown),
            docs: found.info.docs.clone(),
            controls: found.info.controls.clone(),
            file: found.info.file.clone(),
            approvers: found.waivers.approvers.clone(),
            maximum_days: found.waivers.maximum_days,
            exemptions: found
                .exemptions
                .iter()
                .map(|it| ExemptionRow {
                    by: it.by.clone(),
                    what: it.what.clone(),
                    entity: it.entity.clone(),
                })
                .collect(),
            sources: if tab == PolicyTab::Source {
                found.sources.iter().map(source).collect()
            } else {
                Vec::new()
            },
            findings,
            waivers: waivers.into_iter().map(waiver_row).collect(),
        };
        fairway_portal::policy(&chrome, &view)
    })
    .await;
    Ok(html(page.or_page(&state, &uri, &caller)?))
}
