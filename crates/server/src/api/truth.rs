//! What the catalog says and that is not so.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use fairway_app::link_check::LinkRound;
use fairway_app::plans::PlanRequest;
use fairway_catalog::TruthFinding;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// What the catalog says and that is not so: owners who are not there, references to nothing, repositories that are
/// gone; the worst first.
#[utoipa::path(get, path = "/api/v1/catalog/findings", tag = "catalog", operation_id = "listCatalogFindings",
    params(
        ("owner" = Option<String>, Query, description = "Only what this owner is to mend; `none` for what nobody can"),
        ("entity" = Option<String>, Query, description = "Only about this entity"),
        ("check" = Option<String>, Query, description = "Only of this check, for example `dead-owner`"),
        ("limit" = Option<usize>, Query, description = "At most this many, 500 by default, 5,000 at the most"),
        ("offset" = Option<usize>, Query, description = "Leave out this many"),
    ),
    responses((status = 200, description = "{items, total}", body = Object)))]
pub(crate) async fn findings(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let all = state.app.truth(&caller).await?;
    let matching = |found: &&TruthFinding| {
        let owner = found.owner.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        let is = |name: &str, value: &str| pairs.get(name).is_none_or(|asked| asked == value);
        is("owner", &owner)
            && is("entity", &found.entity.to_string())
            && pairs.get("check").is_none_or(|asked| json!(found.check) == asked)
    };
    let found: Vec<&TruthFinding> = all.iter().filter(matching).collect();
    let items: Vec<&&TruthFinding> =
        found.iter().skip(pairs.number("offset", 0)).take(pairs.number("limit", 500).min(5_000)).collect();
    Ok(Json(json!({"items": items, "total": found.len()})))
}

/// What looking at the addresses of annotations and links came to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkAnswer {
    /// Addresses that were looked at.
    looked_at: usize,
    /// Those that lead nowhere; each is a finding of its entity.
    dead: usize,
    /// Those of which nothing is known, since nobody answered or they may not be reached.
    unknown: usize,
}

/// Look now whether the web addresses in annotations and links still lead somewhere; it happens once a day by itself.
#[utoipa::path(post, path = "/api/v1/catalog/findings/links", tag = "catalog", operation_id = "checkCatalogLinks",
    responses((status = 200, description = "When every address was looked at", body = LinkAnswer), (status = 403, body = ErrorBody, description = "It is for those who may manage the catalog")))]
pub(crate) async fn links(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<LinkAnswer>, ApiFailure> {
    let LinkRound { looked_at, dead, unknown } = state.app.check_links(&caller).await?;
    Ok(Json(LinkAnswer { looked_at, dead, unknown }))
}

/// A finding to mend.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MendRequest {
    /// The finding, by its identifier.
    finding: String,
}

/// Plan the change of a file that mends a finding. Apply the plan by its digest.
#[utoipa::path(post, path = "/api/v1/catalog/findings/mend", tag = "catalog", operation_id = "mendCatalogFinding", request_body = MendRequest,
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 201, description = "{digest, plan}", body = Object), (status = 404, body = ErrorBody, description = "It does not stand any more"), (status = 409, body = ErrorBody, description = "No change of a file is known")))]
pub(crate) async fn mend(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<MendRequest>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let stored = state.app.plan(&caller, PlanRequest::Mend { finding: request.finding }).await?;
    Ok((StatusCode::CREATED, Json(json!({"digest": stored.plan.digest(), "plan": stored.plan}))))
}
