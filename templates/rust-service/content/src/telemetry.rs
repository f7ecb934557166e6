//! Logs as JSON, and OpenTelemetry tracing, which is on when a collector is named in the environment.
//!
//! The exporter reads the standard `OTEL_` variables itself.

use std::error::Error;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span, field, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::Settings;

const UNTRACED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What has to be stopped at the end, so that the last traces get out.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    pub fn start(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let logs = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(
                Targets::new()
                    .with_default(settings.log_level)
                    .with_target("h2", LevelFilter::WARN)
                    .with_target("hyper", LevelFilter::WARN)
                    .with_target("hyper_util", LevelFilter::WARN)
                    .with_target("reqwest", LevelFilter::WARN),
            );
        let provider = if settings.tracing {
            let exporter = SpanExporter::builder().with_http().build()?;
            let resource = Resource::builder()
                .with_attribute(KeyValue::new("service.name", settings.name.clone()))
                .build();
            Some(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
        } else {
            None
        };
        global::set_text_map_propagator(TraceContextPropagator::new());
        let traces = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("service"))
                .with_filter(LevelFilter::INFO)
        });
        tracing_subscriber::registry().with(logs).with(traces).init();
        Ok(Self { provider })
    }

    pub fn stop(self) {
        if let Some(Err(error)) = self.provider.map(|provider| provider.shutdown()) {
            warn!(%error, "the last traces are lost");
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

/// Gives every request a span, but those of probes and scrapes.
pub async fn trace(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    if route.as_deref().is_some_and(|route| UNTRACED.contains(&route)) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let name = route.as_ref().map_or_else(|| method.to_string(), |route| format!("{method} {route}"));
    let span = info_span!(
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method.as_str(),
        http.route = route,
        url.path = request.uri().path(),
        http.response.status_code = field::Empty,
        trace_id = field::Empty,
    );
    let headers = Headers(request.headers());
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    // Fails while tracing is off, and then there is nothing to continue.
    let _ = span.set_parent(parent);
    let context = span.context();
    let identity = context.span().span_context().clone();
    if identity.is_valid() {
        span.record("trace_id", field::display(identity.trace_id()));
    }
    async move {
        let response = next.run(request).await;
        let status = response.status();
        Span::current().record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            Span::current().record("otel.status_code", "ERROR");
        }
        response
    }
    .instrument(span)
    .await
}
