//! `/guardrails`: what is wrong, and how do I fix it?

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Uri;
use fairway_app::environments::service_entity;
use fairway_portal::guardrail::{FindingRow, PolicyRow};
use fairway_portal::{GuardrailsView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::home::service_of;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

pub(crate) async fn guardrails(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let pairs = Pairs::of_query(&uri);
    let text = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let (policy, service, severity) = (text("policy"), text("service"), text("severity"));
    let fleet = state.app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
    let view = state.app.view();
    let delivered: BTreeSet<&str> =
        view.deployments.values().map(|deployment| deployment.intent.service.as_str()).collect();
    let findings = fleet
        .findings
        .iter()
        .filter(|finding| policy.is_empty() || finding.rule == policy || finding.policy == policy)
        .filter(|finding| service.is_empty() || service_of(finding) == service)
        .filter(|finding| {
            let word = serde_json::to_value(finding.severity).ok();
            severity.is_empty()
                || word.as_ref().and_then(serde_json::Value::as_str) == Some(severity.as_str())
        })
        .map(|finding| {
            let service = service_of(finding).to_owned();
            FindingRow { entity: service_entity(&view, &service), service, finding: finding.clone() }
        })
        .collect();
    let policies = fleet
        .policies
        .iter()
        .map(|info| PolicyRow {
            name: info.name.clone(),
            title: info.title.clone(),
            why: info.why.clone(),
            fix: info.fix.clone(),
            severity: info.severity,
            enforcement: info.enforcement,
            file: info.file.clone(),
            findings: fleet.findings.iter().filter(|finding| finding.rule == info.name).count(),
        })
        .collect();
    let data = GuardrailsView {
        findings,
        total: fleet.findings.len(),
        policies,
        objects: fleet.objects,
        services: delivered.len(),
        policy,
        service,
        severity,
        service_names: delivered.into_iter().map(str::to_owned).collect(),
        broken: fleet.broken_policies.clone(),
    };
    let chrome = chrome(&state, &caller, &uri, "Guardrails", Section::Guardrails).followed(None);
    Ok(html(fairway_portal::guardrails(&chrome, &data)))
}
