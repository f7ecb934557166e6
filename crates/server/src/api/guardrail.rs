//! Policies and findings.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// What the policies say about everything that is delivered.
#[utoipa::path(get, path = "/api/v1/findings", tag = "guardrails", operation_id = "listFindings",
    responses((status = 200, description = "{items, policies, objects}", body = Object)))]
pub(crate) async fn findings(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    let fleet = state.app.fleet(&caller).await?;
    Ok(Json(json!({
        "items": fleet.findings,
        "policies": fleet.policies.len(),
        "brokenPolicies": fleet.broken_policies,
        "objects": fleet.objects,
    })))
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
    let app = state.app.clone();
    let checks = crate::page::off_thread(move || app.check(&caller, &files)).await??;
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
