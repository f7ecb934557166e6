//! Waivers: exceptions from policies that end.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use fairway_app::AppError;
use fairway_app::waivers::{
    Breadth, SeenWaiver, WaiverEnd, WaiverFilter, WaiverRequest as Wanted, WaiverSubject,
};
use fairway_domain::waiver::WaiverScope;
use fairway_domain::{EntityRef, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The waivers: what waits for a decision first, then what ends first.
#[utoipa::path(get, path = "/api/v1/waivers", tag = "guardrails", operation_id = "listWaivers",
    params(
        ("standing" = Option<String>, Query, description = "requested, active, expiring, expired, rejected or revoked"),
        ("policy" = Option<String>, Query, description = "Only of this policy, or of one of its rules"),
        ("entity" = Option<String>, Query, description = "Only about this entity"),
    ),
    responses((status = 200, description = "{items}", body = Object), (status = 400, body = ErrorBody, description = "The request is wrong")))]
pub(crate) async fn waivers(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let standing = pairs.get("standing").map(|word| serde_json::from_value(json!(word))).transpose();
    let filter = WaiverFilter {
        standing: standing.map_err(|_| AppError::Invalid {
            message: "standing is not a word for how a waiver stands".to_owned(),
            hint: Some("use requested, active, expiring, expired, rejected or revoked".to_owned()),
        })?,
        policy: pairs.get("policy").map(str::to_owned),
        entity: pairs.get("entity").map(entity).transpose()?,
    };
    Ok(Json(json!({"items": state.app.waivers(&caller, &filter)?})))
}

/// An entity reference of a query.
pub(crate) fn entity(text: &str) -> Result<EntityRef, AppError> {
    text.parse().map_err(|error| AppError::invalid(format!("{text}: {error}")))
}

/// What a waiver is asked for: a finding, or a scope in words.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WaiverRequest {
    /// The finding, by its identifier.
    #[schema(required = false)]
    finding: Option<String>,
    /// The digest of the plan that shows the finding; what is delivered when absent.
    #[schema(required = false)]
    plan: Option<String>,
    /// How much beside the finding: `path`, `object` (the default) or `service`.
    #[schema(required = false)]
    breadth: Option<String>,
    /// The environments; that of the finding when absent, all when empty.
    #[schema(required = false)]
    environments: Option<Vec<String>>,
    /// Instead of a finding: {policy, kind, namespace, name, service, environments, path}.
    #[schema(required = false, value_type = Object)]
    scope: Option<Value>,
    /// Why it cannot be mended now: 10 to 1,000 characters.
    reason: String,
    /// How many days it is to last.
    #[schema(required = false)]
    days: Option<i64>,
    /// When it is to end, instead of the days: RFC 3339.
    #[schema(required = false)]
    until: Option<String>,
}

impl WaiverRequest {
    fn wanted(self) -> Result<Wanted, AppError> {
        let subject = match (self.finding, self.scope) {
            (Some(finding), None) => WaiverSubject::Finding {
                finding,
                plan: self
                    .plan
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(|error| AppError::invalid(format!("plan: {error}")))?,
                breadth: breadth(self.breadth.as_deref())?,
                environments: self.environments,
            },
            (None, Some(scope)) => {
                let scope: WaiverScope = serde_json::from_value(scope)
                    .map_err(|error| AppError::invalid(format!("scope: {error}")))?;
                WaiverSubject::Scope(scope)
            }
            _ => return Err(AppError::invalid("a waiver is asked for by either a finding or a scope")),
        };
        Ok(Wanted { subject, reason: self.reason, end: end(self.days, self.until.as_deref())? })
    }
}

/// How much a waiver is to let pass.
pub(crate) fn breadth(text: Option<&str>) -> Result<Breadth, AppError> {
    match text {
        None | Some("object") => Ok(Breadth::Object),
        Some("path") => Ok(Breadth::Path),
        Some("service") => Ok(Breadth::Service),
        Some(_) => Err(AppError::invalid("breadth is path, object or service")),
    }
}

/// When a waiver is to end.
fn end(days: Option<i64>, until: Option<&str>) -> Result<WaiverEnd, AppError> {
    match (days, until) {
        (Some(days), None) => Ok(WaiverEnd::Days(days)),
        (None, Some(text)) => match text.parse::<Timestamp>() {
            Ok(moment) => Ok(WaiverEnd::At(moment)),
            Err(_) => Err(AppError::invalid("until is a moment such as 2027-03-01T00:00:00Z")),
        },
        _ => Err(AppError::invalid("a waiver needs either days or until")),
    }
}

/// Ask for a waiver, as an owner of what it is about. Its policy's approvers are told.
#[utoipa::path(post, path = "/api/v1/waivers", tag = "guardrails", operation_id = "requestWaiver", request_body = WaiverRequest,
    responses((status = 201, description = "The waiver", body = Object), (status = 400, body = ErrorBody, description = "The request is wrong"), (status = 403, body = ErrorBody, description = "It is for the owner to ask"), (status = 404, body = ErrorBody, description = "There is no such thing"), (status = 409, body = ErrorBody, description = "There is one for the same")))]
pub(crate) async fn request(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<WaiverRequest>,
) -> Result<(StatusCode, Json<SeenWaiver>), ApiFailure> {
    let made = state.app.request_waiver(&caller, request.wanted()?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Why.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct WaiverReason {
    /// In the person's words; needed for a rejection.
    #[schema(required = false)]
    reason: Option<String>,
}

/// Approve a waiver, as one of its policy's approvers and not as who asked.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/approve", tag = "guardrails", operation_id = "approveWaiver", request_body = WaiverReason,
    params(("id" = String, Path, description = "The waiver")),
    responses((status = 200, description = "The waiver", body = Object), (status = 403, body = ErrorBody, description = "The caller may not"), (status = 404, body = ErrorBody, description = "There is no such thing"), (status = 409, body = ErrorBody, description = "It stands otherwise by now")))]
pub(crate) async fn approve(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(body): Body<WaiverReason>,
) -> Result<Json<SeenWaiver>, ApiFailure> {
    Ok(Json(state.app.approve_waiver(&caller, &id, body.reason.as_deref()).await?))
}

/// Reject a waiver, with a reason.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/reject", tag = "guardrails", operation_id = "rejectWaiver", request_body = WaiverReason,
    params(("id" = String, Path, description = "The waiver")),
    responses((status = 200, description = "The waiver", body = Object), (status = 400, body = ErrorBody, description = "The request is wrong"), (status = 403, body = ErrorBody, description = "The caller may not"), (status = 404, body = ErrorBody, description = "There is no such thing"), (status = 409, body = ErrorBody, description = "It stands otherwise by now")))]
pub(crate) async fn reject(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(body): Body<WaiverReason>,
) -> Result<Json<SeenWaiver>, ApiFailure> {
    Ok(Json(state.app.reject_waiver(&caller, &id, &body.reason.unwrap_or_default()).await?))
}

/// Take a waiver back before its end, also one that waits.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/revoke", tag = "guardrails", operation_id = "revokeWaiver", request_body = WaiverReason,
    params(("id" = String, Path, description = "The waiver")),
    responses((status = 200, description = "The waiver", body = Object), (status = 403, body = ErrorBody, description = "The caller may not"), (status = 404, body = ErrorBody, description = "There is no such thing"), (status = 409, body = ErrorBody, description = "It stands otherwise by now")))]
pub(crate) async fn revoke(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(body): Body<WaiverReason>,
) -> Result<Json<SeenWaiver>, ApiFailure> {
    Ok(Json(state.app.revoke_waiver(&caller, &id, body.reason.as_deref()).await?))
}
