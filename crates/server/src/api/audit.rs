//! The journal.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use fairway_ledger::{RecordQuery, Verification};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// Records, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", operation_id = "listRecords",
    params(
        ("kind" = Option<Vec<String>>, Query, description = "Kinds of facts, for example `run`"),
        ("subject" = Option<String>, Query, description = "What the fact is about"),
        ("actor" = Option<String>, Query, description = "Part of the actor's name"),
        ("before" = Option<i64>, Query, description = "Only records before this number"),
        ("limit" = Option<usize>, Query, description = "At most this many, 100 by default, 1,000 at the most"),
    ),
    responses((status = 200, description = "{items}", body = Object), (status = 403, body = ErrorBody, description = "Not allowed")))]
pub(crate) async fn records(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let query = RecordQuery {
        kinds: pairs.all("kind"),
        subject: pairs.get("subject").map(str::to_owned),
        actor: pairs.get("actor").map(str::to_owned),
        before: pairs.get("before").and_then(|text| text.parse().ok()),
        limit: pairs.number("limit", 100).clamp(1, 1_000),
        ..RecordQuery::default()
    };
    Ok(Json(json!({"items": state.app.audit(&caller, &query).await?})))
}

/// Check the whole chain; names the first record that was changed, dropped, reordered or inserted.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", operation_id = "verifyAudit",
    responses((status = 200, description = "{intact, records, head} or {intact, sequence, message}", body = Object)))]
pub(crate) async fn verify(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(match state.app.verify(&caller).await? {
        Verification::Intact { records, blobs, head } => {
            json!({"intact": true, "records": records, "blobs": blobs, "head": head.hash})
        }
        Verification::Broken { sequence, kind, subject, what } => {
            json!({"intact": false, "sequence": sequence, "kind": kind, "subject": subject, "message": what})
        }
    }))
}

/// Why a record's body is erased.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Erase {
    /// Why.
    reason: String,
}

/// Take a record's body away, for example because it holds personal data. The chain still verifies.
#[utoipa::path(post, path = "/api/v1/audit/{sequence}/erase", tag = "audit", operation_id = "eraseRecord", request_body = Erase,
    params(("sequence" = i64, Path, description = "The record's number")),
    responses((status = 200, description = "The record of the erasure", body = Object), (status = 403, body = ErrorBody, description = "Not allowed")))]
pub(crate) async fn erase(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(sequence): Path<i64>,
    Body(request): Body<Erase>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!(state.app.erase(&caller, sequence, &request.reason).await?)))
}
