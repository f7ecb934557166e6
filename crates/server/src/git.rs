//! Git's smart protocol over HTTP: clone, fetch and push.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use fairway_app::AppError;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{Caller, Origin};
use fairway_remote::{Forge, GitService};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio_util::io::StreamReader;

use crate::caller::{identify, presented_token};
use crate::failure::status;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// An error in the plain words that git prints.
struct GitFailure(AppError);

impl<E: Into<AppError>> From<E> for GitFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for GitFailure {
    fn into_response(self) -> Response {
        let code = status(&self.0);
        let text =
            self.0.hint().map_or_else(|| format!("{}\n", self.0), |hint| format!("{}; {hint}\n", self.0));
        if code == StatusCode::UNAUTHORIZED {
            return (code, [(WWW_AUTHENTICATE, "Basic realm=\"Fairway\"")], text).into_response();
        }
        (code, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
    }
}

fn repository(owner: &str, name: &str) -> Result<RepositoryRef, GitFailure> {
    let name = name.strip_suffix(".git").unwrap_or(name);
    RepositoryRef::new(owner, name).map_err(|error| GitFailure(AppError::invalid(error.to_string())))
}

async fn admit(
    parts: &Parts,
    state: &ServerState,
    repository: &RepositoryRef,
    service: GitService,
) -> Result<(Caller, Forge), GitFailure> {
    let push = service == GitService::ReceivePack;
    // A guest may clone, but what is pushed has somebody's name on it.
    if push && presented_token(&parts.headers).is_none() {
        let message =
            "pushing needs a token: use any user name and a token with the scope \"push\" as the password";
        return Err(AppError::Unauthenticated(message.to_owned()).into());
    }
    let caller = identify(parts, state, Origin::Git).await?;
    let forge = state.app.forge_for_git(&caller, repository, push).await?;
    Ok((caller, forge))
}

fn protocol(headers: &HeaderMap) -> Option<&str> {
    headers.get("git-protocol").and_then(|value| value.to_str().ok())
}

fn service(name: &str) -> Result<GitService, GitFailure> {
    match name {
        "git-upload-pack" => Ok(GitService::UploadPack),
        "git-receive-pack" => Ok(GitService::ReceivePack),
        _ => Err(AppError::invalid("this server speaks git's smart HTTP protocol only").into()),
    }
}

/// `GET /git/{owner}/{name}/info/refs?service=…`: what the repository has.
pub(crate) async fn advertise(
    State(state): State<ServerState>,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let query = Pairs::of_query(&uri);
        let name_of_service = query.get("service").unwrap_or_default();
        let service = service(name_of_service)?;
        let repository = repository(&owner, &name)?;
        let (_, forge) = admit(&parts, &state, &repository, service).await?;
        let refs = forge.advertise(&repository, service, protocol(&parts.headers)).await?;
        let kind = format!("application/x-{name_of_service}-advertisement");
        Ok::<_, GitFailure>(
            ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache".to_owned())], refs).into_response(),
        )
    };
    answer.await.unwrap_or_else(IntoResponse::into_response)
}

/// `POST /git/{owner}/{name}/{service}`: the exchange itself, streamed both ways.
pub(crate) async fn exchange(
    State(state): State<ServerState>,
    Path((owner, name, service_name)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    exchange_with(state, owner, name, service_name, parts, body)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn exchange_with(
    state: ServerState,
    owner: String,
    name: String,
    service_name: String,
    parts: Parts,
    body: Body,
) -> Result<Response, GitFailure> {
    let service = service(&service_name)?;
    let repository = repository(&owner, &name)?;
    let (caller, forge) = admit(&parts, &state, &repository, service).await?;
    let gzip = parts.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let input = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let exchange =
        forge.exchange(&repository, service, protocol(&parts.headers), gzip, Box::pin(input)).await?;
    let kind = format!("application/x-{service_name}-result");
    let output = exchange.output.map_ok(Bytes::from);
    // The push counts even if the client goes away, so its consequences do not hang on the response.
    let updated = exchange.updated;
    let consequences = tokio::spawn(async move {
        if let Ok(updates) = updated.await
            && let Err(error) = state.app.pushed(&caller, &repository, &updates).await
        {
            tracing::error!(%repository, %error, "a push to {repository} could not be recorded: {error}");
        }
    });
    // The client sees the end of its push when the catalog has read it.
    let last = futures::stream::once(async move {
        let _ = consequences.await;
        Ok(Bytes::new())
    });
    let stream = output.chain(last.filter(|part: &io::Result<Bytes>| {
        let keep = part.as_ref().map_or(true, |bytes| !bytes.is_empty());
        std::future::ready(keep)
    }));
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache".to_owned())], Body::from_stream(stream))
        .into_response())
}
