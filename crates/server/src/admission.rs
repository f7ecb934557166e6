//! `/admission/validate` and `/admission/mutate`: what API servers ask over TLS before they store an object.
//!
//! An API server does not sign in; what it may learn here is what the policies say of the object that it sends.

mod certificate;
mod deadline;
mod figures;
mod tls;
mod weight;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fairway_app::App;
use fairway_app::guardrails::AdmissionQuestion;
use fairway_policy::kyverno::Operation;
use fairway_policy::{Admission, AdmissionRequest, AdmissionSettings, admission_review};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

pub use certificate::{Authority, CertificateError, authority, certificate_files};
pub(crate) use figures::AdmissionFigures;
pub use tls::CertificateFiles;

use crate::{connection, slow_body};
use deadline::Timeout;

/// The largest review: two objects of the largest size that clusters store, and what surrounds them.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// The most values of one review; the largest objects that clusters store hold some ten thousand.
const MAX_VALUES: usize = 200_000;
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
        .layer(from_fn(slow_body::within_time))
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
    let environment = named.map(|Path(name)| name);
    if let Some(name) = environment.as_ref().filter(|name| !desk.app.has_environment(name)) {
        desk.figures.refused(question);
        let name: String = name.chars().take(100).collect();
        return refusal(StatusCode::NOT_FOUND, &format!("there is no environment \"{name}\""));
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            desk.figures.refused(question);
            return refusal(rejection.status(), &rejection.body_text());
        }
    };
    let decided = decide(&desk, question, environment, body, timeout.patience()).await;
    match decided {
        Ok(Decided { uid, operation, admission }) => {
            desk.figures.answered(question, operation, &admission, began.elapsed());
            Json(admission_review(&uid, &admission)).into_response()
        }
        Err((status, message)) => {
            desk.figures.refused(question);
            refusal(status, &message)
        }
    }
}

/// What was decided, and of which request.
struct Decided {
    uid: String,
    operation: Operation,
    admission: Admission,
}

/// Why a review is not answered.
type Refused = (StatusCode, String);

fn read(body: &[u8]) -> Result<AdmissionRequest, Refused> {
    let refused = |message: String| (StatusCode::BAD_REQUEST, message);
    if weight::values(body) > MAX_VALUES {
        return Err(refused(format!("the review holds more than {MAX_VALUES} values")));
    }
    let review: Value =
        serde_json::from_slice(body).map_err(|error| refused(format!("the body is no JSON: {error}")))?;
    AdmissionRequest::read(review).map_err(|error| refused(error.to_string()))
}

/// Asks the policies, for as long as the API server waits.
async fn decide(
    desk: &Desk,
    question: AdmissionQuestion,
    environment: Option<String>,
    body: Bytes,
    patience: Duration,
) -> Result<Decided, Refused> {
    let (app, settings, turns) = (desk.app.clone(), desk.settings, Arc::clone(&desk.turns));
    let request: Arc<OnceLock<AdmissionRequest>> = Arc::default();
    let seen = Arc::clone(&request);
    let evaluation = async move {
        // A turn is held by the evaluation itself: one that nobody waits for any more still uses its thread. Reading is
        // part of it, as what was read weighs many times what was sent.
        let turn = turns.acquire_owned().await.map_err(|error| error.to_string())?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let request = read(&body)?.in_environment(environment.clone());
            let request = seen.get_or_init(|| request);
            Ok(app.admit(question, environment.as_deref(), request, settings))
        });
        work.await.map_err(|_| "the evaluation ended without an answer".to_owned())
    };
    let (admission, reason) = match tokio::time::timeout(patience, evaluation).await {
        Ok(Ok(Ok(admission))) => (Some(admission), String::new()),
        Ok(Ok(Err(refused))) => return Err(refused),
        Ok(Err(reason)) => (None, reason),
        Err(_) => (None, format!("they did not come to an end within {:.1} seconds", patience.as_secs_f64())),
    };
    let Some(request) = request.get() else {
        return Err((StatusCode::SERVICE_UNAVAILABLE, format!("the policies could not be asked: {reason}")));
    };
    let admission = admission.unwrap_or_else(|| desk.app.undecided(request, desk.settings, &reason));
    Ok(Decided { uid: request.uid().to_owned(), operation: request.operation(), admission })
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let hint = "send an AdmissionReview of admission.k8s.io/v1 as an API server does, of at most 8 MiB";
    let error = json!({"code": "invalid-review", "message": message, "hint": hint});
    (status, Json(json!({ "error": error }))).into_response()
}
