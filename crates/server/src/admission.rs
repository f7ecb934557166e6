//! `/admission/validate` and `/admission/mutate`: what API servers ask over TLS before they store an object.
//!
//! An API server does not sign in; what it may learn here is what the policies say of the object that it sends.

mod certificate;
mod deadline;
mod figures;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fairway_app::App;
use fairway_app::guardrails::AdmissionQuestion;
use fairway_policy::{Admission, AdmissionRequest, AdmissionSettings, admission_review};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

pub use certificate::{Authority, CertificateError, authority, certificate_files};
pub(crate) use figures::AdmissionFigures;
pub use tls::CertificateFiles;

use crate::connection;
use deadline::Timeout;

/// The largest review: two objects of the largest size that clusters store, and what surrounds them.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How many reviews are evaluated at once for each core; others wait, and their time runs.
const AT_ONCE_PER_CORE: usize = 2;

/// What clusters are served with.
pub struct AdmissionServer {
    /// Where they connect.
    pub listener: TcpListener,
    /// What they are shown; read again when the files change.
    pub certificate: CertificateFiles,
    /// How requests are decided.
    pub settings: AdmissionSettings,
}

#[derive(Clone)]
struct Desk {
    app: App,
    settings: AdmissionSettings,
    figures: Arc<AdmissionFigures>,
    turns: Arc<Semaphore>,
}

/// Serves API servers until `shutdown` resolves.
pub(crate) async fn serve(
    app: App,
    server: AdmissionServer,
    figures: Arc<AdmissionFigures>,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let certificates = tls::Certificates::load(server.certificate)?;
    let acceptor = certificates.acceptor()?;
    let watching = tokio::spawn(Arc::clone(&certificates).follow());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let turns = Arc::new(Semaphore::new(cores.max(2) * AT_ONCE_PER_CORE));
    let desk = Desk { app, settings: server.settings, figures, turns };
    connection::serve_tls(server.listener, acceptor, router(desk), shutdown).await;
    watching.abort();
    Ok(())
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route("/admission/validate", post(validate))
        .route("/admission/validate/{environment}", post(validate))
        .route("/admission/mutate", post(mutate))
        .route("/admission/mutate/{environment}", post(mutate))
        .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::new())
        .with_state(desk)
}

type Sent = Result<Bytes, BytesRejection>;

/// The environment in the path, where there is one.
type Named = Option<Path<String>>;

async fn validate(
    State(desk): State<Desk>,
    named: Named,
    Query(timeout): Query<Timeout>,
    body: Sent,
) -> Response {
    answer(desk, AdmissionQuestion::Validate, named, &timeout, body).await
}

async fn mutate(
    State(desk): State<Desk>,
    named: Named,
    Query(timeout): Query<Timeout>,
    body: Sent,
) -> Response {
    answer(desk, AdmissionQuestion::Mutate, named, &timeout, body).await
}

async fn answer(
    desk: Desk,
    question: AdmissionQuestion,
    named: Named,
    timeout: &Timeout,
    body: Sent,
) -> Response {
    let began = Instant::now();
    let read = body.map_err(|rejection| (rejection.status(), rejection.body_text())).and_then(|body| {
        let review: Value = serde_json::from_slice(&body)
            .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is no JSON: {error}")))?;
        AdmissionRequest::read(review).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
    });
    let environment = named.map(|Path(name)| name);
    if let Some(name) = environment.as_ref().filter(|name| !desk.app.has_environment(name)) {
        desk.figures.refused(question);
        let name: String = name.chars().take(100).collect();
        return refusal(StatusCode::NOT_FOUND, &format!("there is no environment \"{name}\""));
    }
    let request = match read {
        Ok(request) => request.in_environment(environment.clone()),
        Err((status, message)) => {
            desk.figures.refused(question);
            return refusal(status, &message);
        }
    };
    let (uid, operation) = (request.uid().to_owned(), request.operation());
    let admission = decide(&desk, question, environment, request, timeout.patience()).await;
    desk.figures.answered(question, operation, &admission, began.elapsed());
    Json(admission_review(&uid, &admission)).into_response()
}

/// Asks the policies, for as long as the API server waits.
async fn decide(
    desk: &Desk,
    question: AdmissionQuestion,
    environment: Option<String>,
    request: AdmissionRequest,
    patience: Duration,
) -> Admission {
    let request = Arc::new(request);
    let (app, settings, asked) = (desk.app.clone(), desk.settings, Arc::clone(&request));
    let turns = Arc::clone(&desk.turns);
    let evaluation = async move {
        // A turn is held by the evaluation itself: one that nobody waits for any more still uses its thread.
        let turn = turns.acquire_owned().await.map_err(|error| error.to_string())?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            app.admit(question, environment.as_deref(), &asked, settings)
        });
        work.await.map_err(|_| "the evaluation ended without an answer".to_owned())
    };
    let reason = match tokio::time::timeout(patience, evaluation).await {
        Ok(Ok(admission)) => return admission,
        Ok(Err(reason)) => reason,
        Err(_) => format!("they did not come to an end within {:.1} seconds", patience.as_secs_f64()),
    };
    desk.app.undecided(&request, desk.settings, &reason)
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let hint = "send an AdmissionReview of admission.k8s.io/v1 as an API server does, of at most 8 MiB";
    let error = json!({"code": "invalid-review", "message": message, "hint": hint});
    (status, Json(json!({ "error": error }))).into_response()
}
