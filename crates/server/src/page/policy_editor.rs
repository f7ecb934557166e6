//! `/policies/new` and `/policies/edit`: a policy's text, and what it would do.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use fairway_app::AppError;
use fairway_app::guardrails::{
    ChosenObject, FindingChange, ImpactCounts, MendRequest, OpenedPolicy, PastBlock, PastImpact, PastKind,
    PolicyChange, PolicyEdit, PolicyFile, PolicyHome, WaiverFate, WhatIf, WhatIfReport,
};
use fairway_domain::{Caller, Permission};
use fairway_portal::change_request::change_address;
use fairway_portal::policy_editor::{
    ChangeCounts, ChangeOfFinding, PastBlockRow, PastView, PolicyHomeView, ServiceChangeRow,
};
use fairway_portal::{PolicyEditorView, PolicyVerdictView, Section};

use crate::caller::PageCaller;
use crate::failure::{OrPage, status};
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

/// How many services, findings and objects a page shows.
const SERVICES: usize = 60;
const FINDINGS: usize = 300;
const OFFERS: usize = 40;
const PAST: usize = 20;

/// What a new file is called, and what it begins with.
const FILE: &str = "require-cost-centre.yaml";
const BEGINNING: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-cost-centre
  annotations:
    fairway.dev/title: Every workload says who pays
    fairway.dev/why: Finance splits the bill by this label.
    fairway.dev/fix: Add the label acme.example/cost-centre.
    fairway.dev/severity: medium
spec:
  validationFailureAction: Audit
  rules:
    - name: cost-centre
      match:
        any:
          - resources:
              kinds: [Deployment]
      validate:
        message: the label acme.example/cost-centre is missing
        pattern:
          metadata:
            labels:
              acme.example/cost-centre: \"?*\"
";

/// What the page was sent, or begins with.
#[derive(Default)]
struct Asked {
    policy: Option<String>,
    path: String,
    content: String,
    digest: String,
    source: String,
    session: String,
    find: String,
    object: String,
    manifest: String,
    title: String,
    description: String,
}

impl Asked {
    fn of(pairs: &Pairs) -> Self {
        let text = |name: &str| {
            let found = pairs.0.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Self {
            policy: pairs.get("policy").map(str::to_owned),
            path: text("path").trim().to_owned(),
            content: text("content").replace("\r\n", "\n"),
            digest: text("digest"),
            source: text("source"),
            session: text("session"),
            find: text("find").trim().to_owned(),
            object: text("object"),
            manifest: text("manifest"),
            title: text("title"),
            description: text("description"),
        }
    }

    /// The text as a change of what is in force.
    fn change(&self) -> WhatIf {
        WhatIf {
            files: vec![PolicyFile { path: self.path().to_owned(), content: self.content.clone() }],
            edits: self.policy.clone(),
            ..WhatIf::default()
        }
    }

    fn path(&self) -> &str {
        if self.path.is_empty() { "policy.yaml" } else { &self.path }
    }
}

pub(crate) async fn new(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    let homes = state.app.policy_homes(&caller).or_page(&state, &uri, &caller)?;
    let folder = homes.first().map(|home| home.folder.as_str()).filter(|folder| !folder.is_empty());
    let asked = Asked {
        path: folder.map_or_else(|| FILE.to_owned(), |folder| format!("{folder}/{FILE}")),
        content: BEGINNING.to_owned(),
        session: session(&state),
        ..Asked::default()
    };
    Ok(html(page(&state, &caller, &uri, asked, None, &homes, PolicyVerdictView::default(), None)))
}

pub(crate) async fn edit(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    let pairs = Pairs::of_query(&uri);
    let Some(policy) = pairs.get("policy").map(str::to_owned) else {
        return Ok(Redirect::to("/policies/new").into_response());
    };
    let opened = state.app.open_policy(&caller, &policy).await.or_page(&state, &uri, &caller)?;
    let asked = Asked {
        policy: Some(policy),
        path: opened.path.clone(),
        content: opened.text.clone(),
        digest: opened.digest.to_string(),
        session: session(&state),
        ..Asked::default()
    };
    Ok(html(page(&state, &caller, &uri, asked, Some(&opened), &[], PolicyVerdictView::default(), None)))
}

/// The form: evaluates the text, or proposes it.
pub(crate) async fn submit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let asked = Asked::of(&pairs);
    let mut error = None;
    if pairs.get("action") == Some("save") {
        let edit = PolicyEdit {
            edits: asked.policy.clone(),
            source: asked.source.clone(),
            path: asked.path.clone(),
            content: asked.content.clone(),
            digest: asked.digest.clone(),
            title: asked.title.clone(),
            description: asked.description.clone(),
        };
        match state.app.propose_policy(&caller, edit).await {
            Ok(request) => return Ok(Redirect::to(&change_address(&request)).into_response()),
            Err(failed) => error = Some(failed),
        }
    }
    let opened = match &asked.policy {
        Some(policy) => Some(state.app.open_policy(&caller, policy).await.or_page(&state, &uri, &caller)?),
        None => None,
    };
    let homes = state.app.policy_homes(&caller).or_page(&state, &uri, &caller)?;
    let verdict = match verdict(&state, &caller, &asked).await {
        Ok(verdict) => verdict,
        Err(failed) => {
            error.get_or_insert(failed);
            PolicyVerdictView::default()
        }
    };
    let code = error.as_ref().map_or(StatusCode::OK, status);
    let told =
        error.map(|error| error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}")));
    let page = page(&state, &caller, &uri, asked, opened.as_ref(), &homes, verdict, told);
    Ok((code, Html(page)).into_response())
}

/// Mends, by a change request, what the text finds about a service in an environment.
pub(crate) async fn mend(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let (service, environment) = pairs.get("mend").and_then(|it| it.rsplit_once('/')).unwrap_or_default();
    let request = MendRequest {
        service: service.to_owned(),
        environment: environment.to_owned(),
        policy: None,
        change: Some(Asked::of(&pairs).change()),
    };
    let opened = state.app.mend_findings(&caller, request).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&change_address(&opened)).into_response())
}

/// What the text would do, as parts of the page.
pub(crate) async fn what_if(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let asked = Asked::of(&Pairs::of_form(&body));
    let verdict = verdict(&state, &caller, &asked).await.or_page(&state, &uri, &caller)?;
    Ok(answer(fairway_portal::policy_verdict(&verdict, state.app.now())))
}

fn answer(parts: String) -> Response {
    let mut response = Html(parts).into_response();
    response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
    response
}

/// Tells the questions of one opened page from those of others.
fn session(state: &ServerState) -> String {
    format!("page-{:x}", state.app.now().as_nanosecond())
}

async fn verdict(state: &ServerState, caller: &Caller, asked: &Asked) -> Result<PolicyVerdictView, AppError> {
    let offers = if asked.find.is_empty() && asked.object.is_empty() {
        Vec::new()
    } else {
        state.app.delivered_objects(caller, &asked.find, OFFERS).await?
    };
    let mut offers: Vec<(String, String)> = offers
        .into_iter()
        .map(|it| (it.id, format!("{} {} in {}", it.kind, it.name, it.environment)))
        .collect();
    if !asked.object.is_empty() && !offers.iter().any(|(id, _)| *id == asked.object) {
        offers.insert(0, (asked.object.clone(), asked.object.clone()));
    }
    let object = match (asked.manifest.trim().is_empty(), asked.object.is_empty()) {
        (false, _) => Some(ChosenObject::Text(asked.manifest.clone())),
        (true, false) => Some(ChosenObject::Delivered(asked.object.clone())),
        (true, true) => None,
    };
    let question = WhatIf {
        listed: FINDINGS,
        past: true,
        object,
        session: Some(asked.session.chars().take(100).collect()).filter(|it: &String| !it.is_empty()),
        ..asked.change()
    };
    let report = state.app.what_if(caller, question).await?;
    let verdict = PolicyVerdictView {
        content: asked.content.clone(),
        path: asked.path().to_owned(),
        offers,
        object: asked.object.clone(),
        ..drawn(report)
    };
    Ok(verdict)
}

fn counts(counts: ImpactCounts) -> ChangeCounts {
    ChangeCounts { new: counts.new, solved: counts.solved, same: counts.same, blocking: counts.blocking }
}

fn drawn(report: WhatIfReport) -> PolicyVerdictView {
    let today = report.today;
    let mut listed: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for found in today.findings {
        let change = match found.change {
            FindingChange::New => ChangeOfFinding::New,
            FindingChange::Solved => ChangeOfFinding::Solved,
            FindingChange::Same => ChangeOfFinding::Same,
        };
        listed.entry(found.service).or_default().push((change, found.finding));
    }
    let mut mended: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fix in &today.fixes {
        mended.entry(fix.service.clone()).or_default().insert(fix.environment.clone());
    }
    let services_in_all = today.services.len();
    let services = today.services.into_iter().take(SERVICES).map(|row| ServiceChangeRow {
        findings: listed.remove(&row.service).unwrap_or_default(),
        mended_in: mended.remove(&row.service).unwrap_or_default().into_iter().collect(),
        service: row.service,
        entity: row.entity,
        owner: row.owner,
        environments: row.environments.into_iter().collect(),
        counts: counts(row.counts),
    });
    let word = |change: PolicyChange| match change {
        PolicyChange::Added => "new",
        PolicyChange::Changed => "changed",
        PolicyChange::Removed => "removed",
        PolicyChange::Same => "unchanged",
    };
    PolicyVerdictView {
        asked: true,
        diagnostics: report.diagnostics,
        evaluated: report.evaluated,
        complete: report.complete,
        policies: report.policies.into_iter().map(|it| (it.name, it.title, word(it.change))).collect(),
        objects: report.objects,
        counts: counts(today.counts),
        services: services.collect(),
        services_in_all,
        past: report.past.map(past),
        waivers: report
            .waivers
            .into_iter()
            .map(|it| {
                let fate = match it.fate {
                    WaiverFate::Lapses => "lapses: it does not cover what would be found",
                    WaiverFate::Unneeded => "is not needed any more",
                };
                (it.title, it.entity, fate)
            })
            .collect(),
        fixable: (today.fixable, today.fixes.len()),
        chosen: report.object.map(|it| (it.objects.join(", "), it.findings, it.diagnostics)),
        ..PolicyVerdictView::default()
    }
}

fn past(past: PastImpact) -> PastView {
    PastView {
        since: past.since,
        events: past.events,
        blocked: past.blocked,
        people: past.people,
        latest: past.latest.into_iter().take(PAST).map(past_row).collect(),
        unreadable: past.unreadable,
        complete: past.complete,
    }
}

fn past_row(block: PastBlock) -> PastBlockRow {
    let what = match (block.kind, block.applied) {
        (PastKind::Plan, true) => "Applied plan",
        (PastKind::Plan, false) => "Plan",
        (PastKind::Deployment, _) => "Deployment",
        (PastKind::Push, _) => "Push",
    };
    let plan = block.plan.map(|plan| format!("/plans/{plan}"));
    let url =
        plan.or_else(|| block.repository.as_ref().map(|repository| format!("/repositories/{repository}")));
    PastBlockRow {
        at: block.at,
        by: block.by.name().to_owned(),
        what: what.to_owned(),
        title: block.title,
        url,
        message: block.message,
    }
}

#[expect(clippy::too_many_arguments, reason = "what the page shows comes from this many places")]
fn page(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    asked: Asked,
    opened: Option<&OpenedPolicy>,
    homes: &[PolicyHome],
    verdict: PolicyVerdictView,
    error: Option<String>,
) -> String {
    let home = opened.map(|opened| opened.home.as_ref());
    let denied = caller.authorise(Permission::Push).err().map(|error| error.to_string());
    let blocked = denied.or_else(|| match (home, opened) {
        (Some(None), Some(opened)) => Some(format!(
            "This file comes from {}, which is not on the embedded forge: change it there, the catalog follows",
            opened.location
        )),
        (None, _) if homes.is_empty() => {
            Some("No source is on the embedded forge, so there is no place for a new file".to_owned())
        }
        _ => None,
    });
    let location = opened.map(|opened| match &opened.home {
        Some(home) => (
            format!("{}/{}", home.repository, opened.path),
            format!("/repositories/{}/blob/{}/{}", home.repository, home.branch, opened.path),
        ),
        None => (opened.location.clone(), String::new()),
    });
    let view = PolicyEditorView {
        policy: asked.policy,
        path: asked.path,
        content: asked.content,
        digest: asked.digest,
        location,
        homes: homes
            .iter()
            .map(|home| PolicyHomeView {
                source: home.source.clone(),
                name: format!("{} ({})", home.repository, home.branch),
            })
            .collect(),
        source: asked.source,
        blocked,
        title: asked.title,
        description: asked.description,
        find: asked.find,
        object: asked.object,
        manifest: asked.manifest,
        session: asked.session,
        error,
        verdict,
    };
    let title = if view.policy.is_some() { "Edit policy" } else { "New policy" };
    let chrome = chrome(state, caller, uri, title, Section::Guardrails);
    fairway_portal::policy_editor(&chrome, &view)
}
