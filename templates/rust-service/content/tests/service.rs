//! The service from outside, without a network.

{% if values.database != 'none' -%}
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

{% endif -%}
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
{%- if values.database != 'none' %}
use service::database::{Connection, Ping};
{%- endif %}
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;
{% if values.database != 'none' %}
/// Stands in for the database, which tests of the service itself do not need.
struct FakeDatabase {
    answers: AtomicBool,
}

impl Connection for FakeDatabase {
    fn ping(&self) -> Ping<'_> {
        Box::pin(async {
            if self.answers.load(Ordering::Relaxed) { Ok(()) } else { Err("connection refused".into()) }
        })
    }
}

fn service() -> Router {
    service::router(Arc::new(FakeDatabase { answers: AtomicBool::new(true) }))
}
{%- else %}
fn service() -> Router {
    service::router()
}
{%- endif %}

async fn get(router: &Router, path: &str) -> (StatusCode, String) {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn greets_by_name() {
    let answer = get(&service(), "/v1/greetings/Ada").await;
    assert_eq!(answer, (StatusCode::OK, r#"{"message":"Hello, Ada"}"#.to_owned()));
}

#[tokio::test]
async fn refuses_names_that_are_too_long() {
    let (status, message) = get(&service(), &format!("/v1/greetings/{}", "a".repeat(51))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message.contains("51 characters"), "{message}");
}

#[tokio::test]
async fn is_alive_and_ready() {
    assert_eq!(get(&service(), "/healthz").await.0, StatusCode::OK);
    assert_eq!(get(&service(), "/readyz").await.0, StatusCode::OK);
}
{% if values.database != 'none' %}
#[tokio::test]
async fn is_alive_but_not_ready_without_its_database() {
    let router = service::router(Arc::new(FakeDatabase { answers: AtomicBool::new(false) }));
    assert_eq!(get(&router, "/healthz").await.0, StatusCode::OK);
    let (status, body) = get(&router, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("does not answer"), "{body}");
}
{% endif %}
#[tokio::test]
async fn counts_requests_by_route_and_never_by_path() {
    let router = service();
    get(&router, "/v1/greetings/Ada").await;
    get(&router, "/no/such/path").await;
    let (_, text) = get(&router, "/metrics").await;
    let counted = r#"http_requests_total{method="GET",route="/v1/greetings/{name}",status="200"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains(r#"route="unmatched",status="404""#), "{text}");
    assert!(!text.contains("no/such/path"), "{text}");
}

#[tokio::test]
async fn traces_requests_but_not_probes_and_continues_the_callers_trace() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let router = service();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = Request::get("/v1/greetings/Ada")
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .body(Body::empty())
        .unwrap();
    send(&router, request).await;
    get(&router, "/healthz").await;

    let spans = exporter.get_finished_spans().unwrap();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["GET /v1/greetings/{name}"]);
    assert_eq!(spans[0].span_context.trace_id().to_string(), trace);
}
