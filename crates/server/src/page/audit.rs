//! `/audit`: who did what, and whether the record is whole.

use axum::extract::{Path, State};
use axum::http::Uri;
use fairway_app::AppError;
use fairway_domain::fact::kind;
use fairway_domain::{Caller, EntityRef};
use fairway_ledger::RecordQuery;
use fairway_portal::{AuditView, RecordView, SafeHtml, Section, Verification};

use crate::caller::PageCaller;
use crate::failure::{OrPage, PageFailure};
use crate::page::row::entity_url;
use crate::page::{Page, chrome, escaped, highlighted, html};
use crate::pairs::{Pairs, with_parameter};
use crate::state::ServerState;

const PER_PAGE: usize = 50;
const KINDS: [&str; 12] = [
    kind::ENTITY,
    kind::DRAFT,
    kind::SOURCE,
    kind::PLAN,
    kind::RUN,
    kind::PUSH,
    kind::DEPLOYMENT,
    kind::NOTIFICATION,
    kind::WAIVER,
    kind::TOKEN,
    kind::SESSION,
    kind::SETUP,
];

async fn audit_view(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    verification: Option<Verification>,
) -> Result<AuditView, PageFailure> {
    let pairs = Pairs::of_query(uri);
    let (actor, kind, subject) = (pairs.get("actor"), pairs.get("kind"), pairs.get("subject"));
    let mut query = RecordQuery {
        kinds: kind.map(str::to_owned).into_iter().collect(),
        subject: subject.map(str::to_owned),
        actor: actor.map(str::to_owned),
        before: pairs.get("before").and_then(|text| text.parse().ok()),
        limit: PER_PAGE,
        ..RecordQuery::default()
    };
    let records = state.app.audit(caller, &query).await.or_page(state, uri, caller)?;
    let full = records.len() == PER_PAGE;
    let older = records
        .last()
        .filter(|last| full && last.sequence > 1)
        .map(|last| with_parameter(uri, "before", &last.sequence.to_string()));
    let newer = query.before.is_some().then(|| with_parameter(uri, "before", ""));
    query.before = None;
    let total = state.app.audit_count(caller, &query).await.or_page(state, uri, caller)?;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Ok(AuditView {
        records,
        actor: text(actor),
        kind: text(kind),
        subject: text(subject),
        kinds: KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
        total,
        older,
        newer,
        verification,
    })
}

pub(crate) async fn audit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let view = audit_view(&state, &caller, &uri, None).await?;
    let chrome = chrome(&state, &caller, &uri, "Audit", Section::Audit);
    Ok(html(fairway_portal::audit(&chrome, &view)))
}

pub(crate) async fn verify(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let verification = match state.app.verify(&caller).await.or_page(&state, &uri, &caller)? {
        fairway_ledger::Verification::Intact { records, head, .. } => {
            Verification::Intact { records, head: Some(head.hash) }
        }
        fairway_ledger::Verification::Broken { sequence, kind, subject, what } => Verification::Broken {
            sequence: sequence.unwrap_or_default(),
            message: match kind.zip(subject) {
                Some((kind, subject)) => format!("{what} ({kind} {subject})"),
                None => what,
            },
        },
    };
    let view = audit_view(&state, &caller, &uri, Some(verification)).await?;
    let chrome = chrome(&state, &caller, &uri, "Audit", Section::Audit);
    Ok(html(fairway_portal::audit(&chrome, &view)))
}

pub(crate) async fn record(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(sequence): Path<i64>,
    uri: Uri,
) -> Page {
    let query = RecordQuery {
        after: Some(sequence.saturating_sub(1)),
        oldest_first: true,
        limit: 2,
        ..RecordQuery::default()
    };
    let mut records = state.app.audit(&caller, &query).await.or_page(&state, &uri, &caller)?.into_iter();
    let record = records
        .next()
        .filter(|record| record.sequence == sequence)
        .ok_or_else(|| AppError::NotFound { what: "record", name: sequence.to_string(), near: Vec::new() })
        .or_page(&state, &uri, &caller)?;
    let body = record.body.as_ref().and_then(|body| {
        let text = serde_json::to_string_pretty(body).ok()?;
        highlighted("body.json", &text).or_else(|| Some(SafeHtml::vouched(escaped(&text))))
    });
    let subject_url = match record.kind.as_str() {
        kind::ENTITY => record.subject.parse::<EntityRef>().ok().map(|reference| entity_url(&reference)),
        kind::RUN => Some(format!("/runs/{}", record.subject)),
        kind::PLAN => Some(format!("/plans/{}", record.subject)),
        kind::PUSH => Some(format!("/repositories/{}", record.subject)),
        kind::SOURCE => Some("/sources".to_owned()),
        _ => None,
    };
    let title = format!("Record {sequence}");
    let chrome = chrome(&state, &caller, &uri, &title, Section::Audit);
    let view = RecordView { record, body, subject_url, has_next: records.next().is_some() };
    Ok(html(fairway_portal::record(&chrome, &view)))
}
