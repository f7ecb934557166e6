//! What a change of policies would do.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_app::guardrails::{ChosenObject, MendRequest, PolicyFile, WhatIf, WhatIfReport};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// Findings that are listed when nobody says how many.
const LISTED: usize = 500;

/// A change of policies.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WhatIfQuestion {
    /// Files of policies, 200 and 2 MiB at most. Each document replaces the policy in force of its kind and name.
    #[serde(default)]
    files: Vec<WhatIfFile>,
    /// Policies that would go, as `Kind/name`.
    #[serde(default)]
    remove: Vec<String>,
    /// The policy whose file the first file takes the place of: what that file holds, and the text does not, goes.
    edits: Option<String>,
    /// How many findings are listed; 500 when absent, 20,000 at most.
    listed: Option<usize>,
    /// Whether the past 90 days are looked at; they are when absent.
    past: Option<bool>,
    /// An object that is looked at by itself: `{"text": YAML}`, or `{"delivered": ID}`.
    #[schema(value_type = Option<Object>)]
    object: Option<ChosenObject>,
    /// A name for questions that follow one another: a newer one ends the one before.
    session: Option<String>,
}

/// A file of policies.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WhatIfFile {
    /// Its path, for what is said about it.
    path: String,
    /// YAML documents.
    content: String,
}

impl From<WhatIfQuestion> for WhatIf {
    fn from(question: WhatIfQuestion) -> Self {
        let files = question.files.into_iter();
        Self {
            files: files.map(|file| PolicyFile { path: file.path, content: file.content }).collect(),
            removed: question.remove,
            edits: question.edits,
            listed: question.listed.unwrap_or(LISTED),
            past: question.past.unwrap_or(true),
            object: question.object,
            session: question.session.map(|name| name.chars().take(100).collect()),
        }
    }
}

/// What a change of policies would do: who would fail today, and who would have been blocked in the past 90 days.
/// Changes nothing.
#[utoipa::path(post, path = "/api/v1/policies/what-if", tag = "guardrails", operation_id = "whatIf",
    request_body = WhatIfQuestion,
    responses((status = 200, description = "{policies, diagnostics, evaluated, complete, objects, today, past}", body = Object),
        (status = 409, description = "A newer question of the same session took its place")))]
pub(crate) async fn what_if(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(question): Body<WhatIfQuestion>,
) -> Result<Json<WhatIfReport>, ApiFailure> {
    Ok(Json(state.app.what_if(&caller, question.into()).await?))
}

/// Findings that are to be mended.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MendQuestion {
    /// The service, by name.
    service: String,
    /// The environment, by name.
    environment: String,
    /// Only findings of this policy, or of one of its rules.
    policy: Option<String>,
    /// By the policies as they would be after this change, and only by those that it is about.
    change: Option<WhatIfQuestion>,
}

/// Opens a change request that mends, in the files that are delivered, what policies find and know how to mend.
#[utoipa::path(post, path = "/api/v1/findings/mend", tag = "guardrails", operation_id = "mendFindings",
    request_body = MendQuestion,
    responses((status = 201, description = "The change request", body = Object),
        (status = 400, body = ErrorBody, description = "The request is wrong"),
        (status = 404, body = ErrorBody, description = "Nothing is delivered there"),
        (status = 409, body = ErrorBody, description = "Nothing can be mended mechanically")))]
pub(crate) async fn mend(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(question): Body<MendQuestion>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let MendQuestion { service, environment, policy, change } = question;
    let request = MendRequest { service, environment, policy, change: change.map(WhatIf::from) };
    let opened = state.app.mend_findings(&caller, request).await?;
    Ok((StatusCode::CREATED, Json(json!(*opened))))
}
