//! Policies and findings.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use fairway_app::AppError;
use fairway_app::guardrails::FindingFilter;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::api::waiver::entity;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// What the policies say about everything that is delivered: what blocks first, what is waived last.
#[utoipa::path(get, path = "/api/v1/findings", tag = "guardrails", operation_id = "listFindings",
    params(
        ("service" = Option<String>, Query, description = "Only of this service, by name"),
        ("entity" = Option<String>, Query, description = "Only of this entity"),
        ("owner" = Option<String>, Query, description = "Only of what this group or person owns"),
        ("policy" = Option<String>, Query, description = "Only of this policy, or of one of its rules"),
        ("severity" = Option<String>, Query, description = "low, medium, high or critical"),
        ("environment" = Option<String>, Query, description = "Only for this environment"),
        ("waived" = Option<bool>, Query, description = "Only what a waiver lets pass, or only the rest"),
    ),
    responses((status = 200, description = "{items, total, policies, brokenPolicies, objects}", body = Object), (status = 400, body = ErrorBody, description = "The request is wrong")))]
pub(crate) async fn findings(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let filter = finding_filter(&Pairs::of_query(&uri))?;
    let items = state.app.findings(&caller, &filter).await?;
    let fleet = state.app.fleet(&caller).await?;
    Ok(Json(json!({
        "items": items,
        "total": fleet.findings.len(),
        "policies": fleet.policies.len(),
        "brokenPolicies": fleet.broken_policies,
        "objects": fleet.objects,
    })))
}

/// Which findings a query asks for.
fn finding_filter(pairs: &Pairs) -> Result<FindingFilter, AppError> {
    let text = |name: &str| pairs.get(name).map(str::to_owned);
    Ok(FindingFilter {
        service: text("service"),
        entity: pairs.get("entity").map(entity).transpose()?,
        owner: pairs.get("owner").map(entity).transpose()?,
        policy: text("policy"),
        severity: match pairs.get("severity") {
            None => None,
            Some(word) => Some(
                serde_json::from_value(json!(word))
                    .map_err(|_| AppError::invalid("severity is low, medium, high or critical"))?,
            ),
        },
        environment: text("environment"),
        waived: match pairs.get("waived") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(AppError::invalid("waived is true or false")),
        },
    })
}

/// The policies in force, with what each finds now, who approves its waivers, and how that went over the last days.
#[utoipa::path(get, path = "/api/v1/policies", tag = "guardrails", operation_id = "listPolicies",
    params(("days" = Option<u16>, Query, description = "Days of the trend, 30 by default, 365 at the most")),
    responses((status = 200, description = "{items, brokenPolicies}", body = Object)))]
pub(crate) async fn policies(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let days = u16::try_from(Pairs::of_query(&uri).number("days", 30).clamp(1, 365)).unwrap_or(30);
    let fleet = state.app.fleet(&caller).await?;
    let mut items = Vec::new();
    for policy in state.app.policy_list(&caller).await? {
        let trend = state.app.trend(&caller, &policy.info.name, days)?;
        let mut item = json!(policy);
        crate::failure::add(&mut item, "trend", json!(trend));
        items.push(item);
    }
    Ok(Json(json!({"items": items, "brokenPolicies": fleet.broken_policies})))
}

/// Files to check.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Check {
    /// The files.
    files: Vec<CheckedFile>,
}

/// A file to check.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CheckedFile {
    /// Its path, for the findings.
    path: String,
    /// Its content: YAML documents.
    content: String,
}

/// What the policies say about some manifests.
#[utoipa::path(post, path = "/api/v1/check", tag = "guardrails", operation_id = "check", request_body = Check,
    responses((status = 200, description = "{findings, diagnostics, objects, policies, passed}", body = Object)))]
pub(crate) async fn check(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<Check>,
) -> Result<Json<Value>, ApiFailure> {
    let files: Vec<(String, String)> =
        request.files.into_iter().map(|file| (file.path, file.content)).collect();
    let checks = state.app.check(&caller, files).await?;
    let passed = checks.diagnostics.is_empty()
        && !checks.findings.iter().any(fairway_domain::finding::Finding::blocks);
    Ok(Json(json!({
        "findings": checks.findings,
        "diagnostics": checks.diagnostics,
        "objects": checks.objects,
        "policies": checks.policies,
        "passed": passed,
    })))
}
