//! `/metrics`: what Prometheus reads. Platform figures are folds over the ledger, so a restart loses nothing.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fairway_app::View;
use fairway_domain::run::RunStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::admission::AdmissionFigures;
use crate::state::ServerState;

/// Upper bounds in seconds for HTTP: from a millisecond to ten seconds.
const HTTP_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];
/// Upper bounds in seconds for provisioning: from a commit to half an hour.
const PROVISIONING_BUCKETS: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CreationLabels {
    template: String,
    team: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProvisioningLabels {
    resource_type: String,
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

/// What is counted while requests pass.
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    scrapes: AtomicU64,
    pub(crate) admission: Arc<AdmissionFigures>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(HTTP_BUCKETS)),
            scrapes: AtomicU64::new(0),
            admission: Arc::default(),
        }
    }
}

/// A client may make methods up; each of them would be a series of its own, kept for ever.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Counts a request by its route, never by its address, so that the number of series is bounded.
pub(crate) async fn count(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = method_label(request.method()).to_owned();
    let began = Instant::now();
    let response = next.run(request).await;
    let seconds = began.elapsed().as_secs_f64();
    let labels = RequestLabels { method, route: route.clone(), status: response.status().as_u16() };
    state.metrics.requests.get_or_create(&labels).inc();
    state.metrics.durations.get_or_create(&RouteLabels { route }).observe(seconds);
    response
}

/// The resident memory of the process in bytes, where the system tells.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The processor time of the process in seconds, where the system tells.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; the fields are counted after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

fn platform(view: &View, registry: &mut Registry) {
    let creations = Family::<CreationLabels, Counter>::default();
    for run in view.runs.values() {
        let Some(template) = &run.template else { continue };
        let status = match run.status {
            RunStatus::Completed => "success",
            RunStatus::Failed => "failure",
            RunStatus::Undone | RunStatus::Undoing => "undone",
            RunStatus::Running => continue,
        };
        let labels = CreationLabels {
            template: template.name().to_owned(),
            team: run.owner.as_ref().map_or_else(|| "unknown".to_owned(), |owner| owner.name().to_owned()),
            status: status.to_owned(),
        };
        creations.get_or_create(&labels).inc();
    }
    registry.register("platform_service_creations", "Services created through the platform", creations);
    let provisioning = Family::<ProvisioningLabels, Histogram>::new_with_constructor(|| {
        Histogram::new(PROVISIONING_BUCKETS)
    });
    for record in view.resources.values() {
        let labels = ProvisioningLabels {
            resource_type: record.resource.resource_type.clone(),
            provider: record.resource.provider.clone(),
        };
        let seconds = record.declared_at.duration_since(record.requested_at).as_secs_f64();
        provisioning.get_or_create(&labels).observe(seconds);
    }
    registry.register(
        "platform_provisioning_duration_seconds",
        "Seconds from the approval of a plan until a resource is declared in its environment's repository",
        provisioning,
    );
    let entities = Family::<KindLabels, Gauge>::default();
    for (kind, count) in view.catalog.count_by_kind() {
        entities.get_or_create(&KindLabels { kind }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("fairway_catalog_entities", "Entities in the catalog", entities);
    let broken: Gauge = Gauge::default();
    broken.set(i64::try_from(view.drafts.len()).unwrap_or(i64::MAX));
    registry.register(
        "fairway_catalog_broken_files",
        "Files of the catalog's sources that are broken",
        broken,
    );
    let sequence: Gauge = Gauge::default();
    sequence.set(view.sequence);
    registry.register("fairway_ledger_records", "Records in the journal", sequence);
}

pub(crate) async fn metrics(State(state): State<ServerState>) -> Response {
    state.metrics.scrapes.fetch_add(1, Ordering::Relaxed);
    let mut registry = Registry::default();
    platform(&state.app.view(), &mut registry);
    registry.register("fairway_http_requests", "Requests answered", state.metrics.requests.clone());
    registry.register(
        "fairway_http_request_duration_seconds",
        "Seconds until the head of the response",
        state.metrics.durations.clone(),
    );
    state.metrics.admission.register(&mut registry);
    let mut text = String::new();
    // The names of the process's own figures are those of every Prometheus client, which hold no unit suffix
    // that this library would add, so they are written by hand before the end mark.
    if encode(&mut text, &registry).is_err() {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let end = text.trim_end().strip_suffix("# EOF").map_or(text.len(), str::len);
    text.truncate(end);
    if let Some(bytes) = resident_bytes() {
        let _ = writeln!(
            text,
            "# HELP process_resident_memory_bytes Resident memory\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}"
        );
    }
    if let Some(seconds) = processor_seconds() {
        let _ = writeln!(
            text,
            "# HELP process_cpu_seconds Processor time\n# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total {seconds}"
        );
    }
    let started = state.started_at.as_second();
    let _ = writeln!(
        text,
        "# HELP process_start_time_seconds Start of the process\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {started}\n# EOF"
    );
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::Method;

    use super::method_label;

    #[test]
    fn methods_that_clients_make_up_share_one_label() {
        assert_eq!(method_label(&Method::GET), "GET");
        assert_eq!(method_label(&Method::from_bytes(b"X17").unwrap()), "other");
    }
}
