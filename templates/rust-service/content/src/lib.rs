//! Puts the service together; `main` runs it.

{% if values.database != 'none' -%}
pub mod database;
{% endif -%}
pub mod greetings;
pub mod health;
pub mod metrics;
pub mod settings;
pub mod telemetry;
{% if values.database != 'none' %}
use std::sync::Arc;

{% else %}
{% endif -%}
use axum::{Router, middleware};

use crate::metrics::Metrics;

/// All routes with what observes them.
{% if values.database != 'none' -%}
pub fn router(database: Arc<dyn database::Connection>) -> Router {
{%- else -%}
pub fn router() -> Router {
{%- endif %}
    let metrics = Metrics::default();
    Router::new()
        .merge(greetings::router())
        .merge(health::router({% if values.database != 'none' %}database{% endif %}))
        .merge(metrics.router())
        .layer(middleware::from_fn_with_state(metrics, metrics::count))
        .layer(middleware::from_fn(telemetry::trace))
}
