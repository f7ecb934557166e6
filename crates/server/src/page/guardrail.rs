//! `/guardrails`: what is wrong, and how do I fix it?

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::guardrails::{FindingFilter, FoundFinding, MendRequest};
use fairway_domain::EntityRef;
use fairway_domain::finding::Severity;
use fairway_portal::change_request::change_address;
use fairway_portal::{FindingChoice, FindingGroup, FindingRow, GuardrailsView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::{Page, chrome, html};
use crate::pairs::{Pairs, with_parameter};
use crate::state::ServerState;

/// Findings on one page.
const PER_PAGE: usize = 50;
/// Values that a filter offers.
const OFFERED: usize = 500;

/// A severity as the address has it.
pub(crate) fn severity(text: &str) -> Option<Severity> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

/// A finding with its surroundings, as a row.
pub(crate) fn row(found: FoundFinding) -> FindingRow {
    FindingRow { finding: found.finding, service: found.service, entity: found.entity, since: found.since }
}

/// By what findings are put together: the key that sorts, the title, its page, and the filter that shows them alone.
fn group_of(by: &str, found: &FoundFinding) -> (String, String, Option<EntityRef>, (&'static str, String)) {
    match by {
        "policy" => {
            let rule = found.finding.rule.clone();
            (rule.clone(), found.finding.policy.clone(), None, ("policy", rule))
        }
        "owner" => match &found.owner {
            Some(owner) => (
                owner.to_string(),
                owner.name().to_owned(),
                Some(owner.clone()),
                ("owner", owner.to_string()),
            ),
            None => ("~".to_owned(), "Nobody's".to_owned(), None, ("owner", "none".to_owned())),
        },
        "severity" => {
            let word = fairway_portal::guardrail::severity_name(found.finding.severity);
            // The worst first.
            let order = u8::MAX - found.finding.severity as u8;
            (format!("{order:03}"), word.to_owned(), None, ("severity", word.to_owned()))
        }
        _ => {
            let service = found.service.clone();
            (service.clone(), service.clone(), found.entity.clone(), ("service", service))
        }
    }
}

/// Findings of one page in groups; groups keep their totals over all pages.
fn grouped(by: &str, all: Vec<FoundFinding>, offset: usize) -> Vec<FindingGroup> {
    let mut groups: BTreeMap<String, FindingGroup> = BTreeMap::new();
    let mut sorted: Vec<(String, FoundFinding)> = Vec::with_capacity(all.len());
    for found in all {
        let (key, title, entity, (name, value)) = group_of(by, &found);
        let url = || fairway_portal::guardrail::narrowed(name, &value);
        let group = groups.entry(key.clone()).or_insert_with(|| FindingGroup {
            title,
            entity,
            url: url(),
            total: 0,
            findings: Vec::new(),
        });
        group.total += 1;
        sorted.push((key, found));
    }
    // Stable: within a group, what blocks stays first.
    sorted.sort_by(|(one, _), (two, _)| one.cmp(two));
    for (key, found) in sorted.into_iter().skip(offset).take(PER_PAGE) {
        if let Some(group) = groups.get_mut(&key) {
            group.findings.push(row(found));
        }
    }
    groups.into_values().filter(|group| !group.findings.is_empty()).collect()
}

pub(crate) async fn guardrails(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let pairs = Pairs::of_query(&uri);
    let text = |name: &str| pairs.get(name).map(str::to_owned);
    let asked = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let fleet = state.app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
    let view = state.app.view();
    let delivered: BTreeSet<&str> =
        view.deployments.values().map(|deployment| deployment.intent.service.as_str()).collect();
    let everything = FindingFilter::default();
    let all = state.app.findings(&caller, &everything).await.or_page(&state, &uri, &caller)?;
    let owners: BTreeSet<String> =
        all.iter().filter_map(|found| found.owner.as_ref()).map(ToString::to_string).collect();
    let services: BTreeSet<String> = all.iter().map(|found| found.service.clone()).collect();
    let total = all.len();
    let nobodys = pairs.get("owner") == Some("none");
    let filter = FindingFilter {
        service: text("service"),
        entity: None,
        owner: pairs.get("owner").and_then(|text| text.parse().ok()),
        policy: text("policy"),
        severity: pairs.get("severity").and_then(severity),
        environment: text("environment"),
        waived: pairs.get("waived").map(|text| text == "true"),
    };
    let matching: Vec<FoundFinding> =
        all.into_iter().filter(|found| filter.fits(found) && (!nobodys || found.owner.is_none())).collect();
    let offset = pairs.number("offset", 0);
    let same = |values: BTreeSet<String>| -> Vec<(String, String)> {
        values.into_iter().take(OFFERED).map(|value| (value.clone(), value)).collect()
    };
    let words = |options: &[(&str, &str)]| -> Vec<(String, String)> {
        options.iter().map(|(value, word)| ((*value).to_owned(), (*word).to_owned())).collect()
    };
    let choice = |name: &'static str, label: &'static str, every: &'static str, options| FindingChoice {
        name,
        label,
        every,
        chosen: asked(name),
        options,
    };
    let titles = fleet.policies.iter().map(|info| (info.name.clone(), info.title.clone())).collect();
    let severities = ["critical", "high", "medium", "low"].map(|word| (word, word));
    let data = GuardrailsView {
        blocking: matching.iter().filter(|found| found.finding.blocks()).count(),
        waived: matching.iter().filter(|found| found.finding.waiver.is_some()).count(),
        matching: matching.len(),
        pages: (
            (offset > 0)
                .then(|| with_parameter(&uri, "offset", &offset.saturating_sub(PER_PAGE).to_string())),
            (offset + PER_PAGE < matching.len())
                .then(|| with_parameter(&uri, "offset", &(offset + PER_PAGE).to_string())),
        ),
        groups: grouped(&asked("by"), matching, offset),
        total,
        policies: fleet.policies.len(),
        objects: fleet.objects,
        services: delivered.len(),
        choices: vec![
            choice("policy", "Policy", "Every policy", titles),
            choice("service", "Service", "Every service", same(services)),
            choice("owner", "Team", "Every team", same(owners)),
            choice("severity", "Severity", "Every severity", words(&severities)),
            choice(
                "waived",
                "Waived",
                "Waived or not",
                words(&[("false", "Not waived"), ("true", "Waived")]),
            ),
            choice(
                "by",
                "Together by",
                "By service",
                words(&[("policy", "By policy"), ("owner", "By team"), ("severity", "By severity")]),
            ),
        ],
        broken: fleet.broken_policies.clone(),
    };
    let chrome = chrome(&state, &caller, &uri, "Guardrails", Section::Guardrails).followed(None);
    Ok(html(fairway_portal::guardrails(&chrome, &data)))
}

/// Mends, by a change request, what a policy finds about a service in an environment.
pub(crate) async fn mend(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let text = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let request = MendRequest {
        service: text("service"),
        environment: text("environment"),
        policy: pairs.get("policy").map(str::to_owned),
        change: None,
    };
    let opened = state.app.mend_findings(&caller, request).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&change_address(&opened)).into_response())
}
