//! What is counted of requests of clusters.

use std::time::Duration;

use fairway_app::guardrails::AdmissionQuestion;
use fairway_policy::{Admission, kyverno::Operation};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds: a review is a matter of milliseconds, and API servers give up after seconds.
const BUCKETS: [f64; 10] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    webhook: &'static str,
    operation: &'static str,
    /// `allowed`, `denied`, `would-be-denied` or `malformed`.
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    webhook: &'static str,
}

/// Counters and durations.
pub(crate) struct AdmissionFigures {
    decisions: Family<DecisionLabels, Counter>,
    not_evaluated: Family<WebhookLabels, Counter>,
    durations: Family<WebhookLabels, Histogram>,
}

impl Default for AdmissionFigures {
    fn default() -> Self {
        Self {
            decisions: Family::default(),
            not_evaluated: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        }
    }
}

fn name(question: AdmissionQuestion) -> &'static str {
    match question {
        AdmissionQuestion::Validate => "validate",
        AdmissionQuestion::Mutate => "mutate",
    }
}

impl AdmissionFigures {
    pub(crate) fn answered(
        &self,
        question: AdmissionQuestion,
        operation: Operation,
        admission: &Admission,
        duration: Duration,
    ) {
        let webhook = name(question);
        let decision = match (admission.allowed, admission.would_deny) {
            (false, _) => "denied",
            (true, true) => "would-be-denied",
            (true, false) => "allowed",
        };
        let labels = DecisionLabels { webhook, operation: operation.as_str(), decision };
        self.decisions.get_or_create(&labels).inc();
        if admission.audit_annotations.contains_key("not-evaluated") {
            self.not_evaluated.get_or_create(&WebhookLabels { webhook }).inc();
        }
        self.durations.get_or_create(&WebhookLabels { webhook }).observe(duration.as_secs_f64());
    }

    pub(crate) fn refused(&self, question: AdmissionQuestion) {
        let labels = DecisionLabels { webhook: name(question), operation: "unknown", decision: "malformed" };
        self.decisions.get_or_create(&labels).inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "fairway_admission_requests",
            "Requests of clusters that were answered",
            self.decisions.clone(),
        );
        registry.register(
            "fairway_admission_not_evaluated",
            "Requests of clusters for which some policy could not be evaluated",
            self.not_evaluated.clone(),
        );
        registry.register(
            "fairway_admission_duration_seconds",
            "Seconds from the whole request of a cluster to the answer",
            self.durations.clone(),
        );
    }
}
