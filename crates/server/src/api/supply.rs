//! Evidence of the supply chain: sent, listed, and asked about over the fleet.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use fairway_app::AppError;
use fairway_app::supply::{ComponentQuestion, EvidenceAbout, VulnerabilityQuestion};
use fairway_domain::{Digest, EntityRef};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::ErrorBody;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// Send a document: an SBOM (CycloneDX, SPDX), a scan (SARIF, Trivy), provenance or a signature. The body is the document
/// itself, at most 32 MiB; its format is told by what is in it. Needs the scope `deliver`.
#[utoipa::path(post, path = "/api/v1/evidence", tag = "supply chain", operation_id = "addEvidence",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(
        ("entity" = Option<String>, Query, description = "What it is about, for example component:default/shop"),
        ("image" = Option<String>, Query, description = "The image's digest, or a reference that ends with it"),
        ("environment" = Option<String>, Query, description = "The environment, when it holds for one only"),
        ("version" = Option<String>, Query, description = "The version that was built"),
    ),
    responses(
        (status = 201, description = "What was read", body = Object),
        (status = 400, description = "The document cannot be read, or does not say what it is about", body = ErrorBody),
        (status = 404, description = "No such entity", body = ErrorBody),
    ))]
pub(crate) async fn add(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Query(about): Query<EvidenceAbout>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let stored = state.app.add_evidence(&caller, about, body.to_vec()).await?;
    Ok((StatusCode::CREATED, Json(json!(stored))))
}

/// What of an entity.
#[derive(Deserialize)]
pub(crate) struct Of {
    entity: Option<String>,
}

/// What was sent, about an entity or about everything.
#[utoipa::path(get, path = "/api/v1/evidence", tag = "supply chain", operation_id = "listEvidence",
    params(("entity" = Option<String>, Query, description = "Only what is about this entity")),
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn list(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Query(of): Query<Of>,
) -> Result<Json<Value>, ApiFailure> {
    let entity =
        of.entity.as_deref().map(|it| EntityRef::parse(it, Some("component"), "default")).transpose();
    let entity = entity.map_err(|error| AppError::invalid(error.to_string()))?;
    Ok(Json(json!({"items": state.app.evidence_of(&caller, entity.as_ref())?})))
}

/// A document as it is kept.
#[utoipa::path(get, path = "/api/v1/evidence/{document}", tag = "supply chain", operation_id = "evidenceDocument",
    params(("document" = String, Path, description = "The document's digest, sha256:…")),
    responses(
        (status = 200, description = "The document", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "No such document", body = ErrorBody),
    ))]
pub(crate) async fn document(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(document): Path<String>,
) -> Result<Response, ApiFailure> {
    let digest: Digest = document.parse().map_err(|_| AppError::NotFound {
        what: "document",
        name: document.chars().take(80).collect(),
        near: Vec::new(),
    })?;
    let bytes = state.app.evidence_document(&caller, &digest).await?;
    // Whatever it is, a browser is to keep it and not to show it.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment"),
        (CACHE_CONTROL, "private, max-age=3600"),
    ];
    Ok((headers, bytes).into_response())
}

/// Where is a library, at which version, in which environment?
#[utoipa::path(get, path = "/api/v1/components", tag = "supply chain", operation_id = "whereIsComponent",
    params(
        ("name" = String, Query, description = "Its name, for example log4j-core, or package URL without version"),
        ("version" = Option<String>, Query, description = "Which versions, for example <2.17.1 or 1.2.*"),
        ("environment" = Option<String>, Query, description = "Only in this environment"),
    ),
    responses(
        (status = 200, description = "{items, total}", body = Object),
        (status = 400, description = "No range of versions", body = ErrorBody),
        (status = 404, description = "Nothing has such a component", body = ErrorBody),
    ))]
pub(crate) async fn components(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Query(question): Query<ComponentQuestion>,
) -> Result<Json<Value>, ApiFailure> {
    let mut items = state.app.where_is(&caller, &question).await?;
    let total = items.len();
    items.truncate(MOST);
    Ok(Json(json!({"items": items, "total": total})))
}

/// The most entries of one answer.
const MOST: usize = 10_000;

/// What is known to be weak, the worst and oldest first.
#[utoipa::path(get, path = "/api/v1/vulnerabilities", tag = "supply chain", operation_id = "listVulnerabilities",
    params(
        ("severity" = Option<String>, Query, description = "This or worse: low, medium, high, critical"),
        ("owner" = Option<String>, Query, description = "Only what this group or person owns"),
        ("entity" = Option<String>, Query, description = "Only of this entity"),
        ("id" = Option<String>, Query, description = "Only this one, for example CVE-2021-44228"),
        ("olderThanDays" = Option<u32>, Query, description = "Only what has been known for so many days"),
    ),
    responses((status = 200, description = "{items, total}", body = Object)))]
pub(crate) async fn vulnerabilities(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Query(question): Query<VulnerabilityQuestion>,
) -> Result<Json<Value>, ApiFailure> {
    let mut items = state.app.vulnerabilities(&caller, &question).await?;
    let total = items.len();
    items.truncate(MOST);
    Ok(Json(json!({"items": items, "total": total})))
}
