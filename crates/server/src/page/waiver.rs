//! `/guardrails/waivers`: what waits for a decision, what is in force, and how to ask.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use fairway_app::AppError;
use fairway_app::waivers::{SeenWaiver, WaiverEnd, WaiverFilter, WaiverRequest, WaiverSubject};
use fairway_domain::waiver::WaiverStanding;
use fairway_domain::{Caller, Digest, EntityRef};
use fairway_portal::{Section, WaiverFormView, WaiverRow, WaiversView};

use crate::api::breadth;
use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

const PAGE: &str = "/guardrails/waivers";
/// How many days are proposed.
const DAYS: i64 = 30;

/// A waiver as a row.
pub(crate) fn row(seen: SeenWaiver) -> WaiverRow {
    WaiverRow {
        policy: seen.policy,
        is_open: matches!(
            seen.standing,
            WaiverStanding::Requested | WaiverStanding::Active | WaiverStanding::Expiring
        ),
        standing: seen.standing,
        approvers: seen.approvers,
        may_decide: seen.may_decide,
        may_revoke: seen.may_revoke,
        waiver: seen.waiver,
    }
}

pub(crate) async fn waivers(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let pairs = Pairs::of_query(&uri);
    let entity: Option<EntityRef> = pairs.get("entity").and_then(|text| text.parse().ok());
    let policy = pairs.get("policy").map(str::to_owned);
    let about = entity.as_ref().map(ToString::to_string).or_else(|| policy.clone());
    let filter = WaiverFilter { standing: None, policy, entity };
    let waivers = state.app.waivers(&caller, &filter).or_page(&state, &uri, &caller)?;
    let view = WaiversView { waivers: waivers.into_iter().map(row).collect(), about };
    let chrome = chrome(&state, &caller, &uri, "Waivers", Section::Guardrails).followed(None);
    Ok(html(fairway_portal::waivers(&chrome, &view)))
}

/// What the form is about and what was typed.
async fn form_view(state: &ServerState, caller: &Caller, pairs: &Pairs) -> Result<WaiverFormView, AppError> {
    let text = |name: &str| pairs.get(name).map(str::to_owned);
    let plan = plan_of(pairs)?;
    let offer = state.app.waiver_offer(caller, pairs.get("finding").unwrap_or_default(), plan).await?;
    Ok(WaiverFormView {
        service: offer.service,
        plan: text("plan"),
        days: text("days").unwrap_or_else(|| DAYS.min(offer.rules.maximum_days).to_string()),
        maximum_days: offer.rules.maximum_days,
        approvers: offer.rules.approvers,
        breadth: text("breadth").unwrap_or_else(|| "object".to_owned()),
        everywhere: pairs.get("everywhere").is_some(),
        reason: text("reason").unwrap_or_default(),
        error: None,
        finding: offer.finding,
    })
}

fn plan_of(pairs: &Pairs) -> Result<Option<Digest>, AppError> {
    let plan = pairs.get("plan").map(str::parse::<Digest>).transpose();
    plan.map_err(|error| AppError::invalid(error.to_string()))
}

pub(crate) async fn form(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    let view = form_view(&state, &caller, &Pairs::of_query(&uri)).await.or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, "Ask for a waiver", Section::Guardrails);
    Ok(html(fairway_portal::waiver_form(&chrome, &view)))
}

fn request_of(pairs: &Pairs) -> Result<WaiverRequest, AppError> {
    let days = pairs.get("days").and_then(|text| text.parse().ok());
    Ok(WaiverRequest {
        subject: WaiverSubject::Finding {
            finding: pairs.get("finding").unwrap_or_default().to_owned(),
            plan: plan_of(pairs)?,
            breadth: breadth(pairs.get("breadth"))?,
            environments: pairs.get("everywhere").map(|_| Vec::new()),
        },
        reason: pairs.get("reason").unwrap_or_default().to_owned(),
        end: WaiverEnd::Days(days.unwrap_or(0)),
    })
}

pub(crate) async fn request(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let request = request_of(&pairs).or_page(&state, &uri, &caller)?;
    match state.app.request_waiver(&caller, request).await {
        Ok(made) => Ok(Redirect::to(&format!("{PAGE}#{}", made.waiver.id)).into_response()),
        // What was typed stays, with the reason beside it.
        Err(error @ (AppError::Invalid { .. } | AppError::Conflict { .. } | AppError::Forbidden(_))) => {
            let mut view = form_view(&state, &caller, &pairs).await.or_page(&state, &uri, &caller)?;
            view.error = Some(match error.hint() {
                Some(hint) => format!("{error}: {hint}"),
                None => error.to_string(),
            });
            let chrome = chrome(&state, &caller, &uri, "Ask for a waiver", Section::Guardrails);
            let status = crate::failure::status(&error);
            let mut response = html(fairway_portal::waiver_form(&chrome, &view));
            *response.status_mut() = if status.is_client_error() { status } else { StatusCode::BAD_REQUEST };
            Ok(response)
        }
        Err(error) => Err::<axum::response::Response, _>(error).or_page(&state, &uri, &caller),
    }
}

pub(crate) async fn approve(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    state.app.approve_waiver(&caller, &id, pairs.get("reason")).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("{PAGE}#{id}")).into_response())
}

pub(crate) async fn reject(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let reason = pairs.get("reason").unwrap_or_default();
    state.app.reject_waiver(&caller, &id, reason).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(PAGE).into_response())
}

pub(crate) async fn revoke(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    state.app.revoke_waiver(&caller, &id, pairs.get("reason")).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(PAGE).into_response())
}
