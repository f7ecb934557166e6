//! Prometheus metrics of requests, and the page that shows them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
}

/// One registry for each router, so that tests do not see each other's numbers.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answer, Counter<u64, AtomicU64>>,
    duration: Family<Call, Histogram>,
    running: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::default();
        let duration = Family::<Call, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let running = Gauge::default();
        let mut registry = Registry::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from the request's arrival to the head of its answer",
            duration.clone(),
        );
        registry.register("http_requests_running", "Requests being answered now", running.clone());
        Self { registry: Arc::new(registry), requests, duration, running }
    }
}

impl Metrics {
    pub fn router(&self) -> Router {
        Router::new().route("/metrics", get(show)).with_state(self.clone())
    }
}

async fn show(State(metrics): State<Metrics>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Goes down again whatever happens, also when the client goes away.
struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts and times requests by route, never by path: paths have no end.
pub async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    metrics.running.inc();
    let _running = Running(metrics.running.clone());
    let known = METHODS.contains(request.method());
    let method = if known { request.method().to_string() } else { "other".to_owned() };
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());

    let response = next.run(request).await;

    let call = Call { method: method.clone(), route: route.clone() };
    metrics.duration.get_or_create(&call).observe(start.elapsed().as_secs_f64());
    let answer = Answer { method, route, status: response.status().as_u16() };
    metrics.requests.get_or_create(&answer).inc();
    response
}
