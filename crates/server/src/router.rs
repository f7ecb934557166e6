//! The table of contents: every address, and who calls it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::state::ServerState;
use crate::{
    api, asset, backstage, cross_origin, events, git, guard, health, metrics, page, slow_body, webhook,
};

/// Forms and API requests are small; only git sends much.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

pub(crate) fn router(state: ServerState) -> Router {
    Router::new()
        .merge(pages())
        .merge(interfaces(&state))
        .merge(machines())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        // Event streams and git's packs are left alone by the compression's own rules.
        .layer(CompressionLayer::new())
        .merge(git_routes())
        .fallback(page::missing)
        .layer(from_fn(guard::headers))
        .layer(from_fn_with_state(state.clone(), guard::same_origin))
        .route_layer(from_fn_with_state(state.clone(), metrics::count))
        .layer(from_fn(slow_body::within_time))
        .layer(CatchPanicLayer::new())
        .with_state(state)
}

/// What programs call: Fairway's own interface and Backstage's.
fn interfaces(state: &ServerState) -> Router<ServerState> {
    let routes = api::routes().merge(backstage::routes());
    match cross_origin::allowing(&state.options.allowed_origins) {
        Some(layer) => routes.layer(layer),
        None => routes,
    }
}

/// Pages for people.
fn pages() -> Router<ServerState> {
    Router::new()
        .route("/", get(page::home::home))
        .route("/catalog", get(page::catalog::catalog))
        .route("/catalog/rows", get(page::catalog::rows))
        .route("/catalog/facets", get(page::catalog::facets))
        .route("/catalog/complete", get(page::catalog::complete))
        .route("/catalog/bulk", post(page::bulk::bulk))
        .route("/catalog/compare", get(page::compare::compare))
        .route("/catalog/columns", post(page::column::choose))
        .route("/catalog/views", post(page::shelf::save_view))
        .route("/catalog/views/{id}/remove", post(page::shelf::remove_view))
        .route("/catalog/findings", get(page::truth::findings))
        .route("/catalog/findings/mend", post(page::truth::mend))
        .route("/catalog/findings/links", post(page::truth::links))
        .route("/catalog/graph", get(page::graph::graph))
        .route("/catalog/{namespace}/{kind}/{name}", get(page::entity::entity))
        .route("/catalog/{namespace}/{kind}/{name}/star", post(page::shelf::star))
        .route("/catalog/{namespace}/{kind}/{name}/restore", post(page::history::restore))
        .route("/catalog/{namespace}/{kind}/{name}/rename", post(page::history::rename))
        .route("/proposals", get(page::proposal::proposals))
        .route("/sources/{id}/removal/accept", post(page::proposal::accept))
        .route("/sources/{id}/removal/reject", post(page::proposal::reject))
        .route(
            "/catalog/{namespace}/{kind}/{name}/edit",
            get(page::change_request::edit_form).post(page::change_request::edit),
        )
        .route("/drafts", get(page::source::drafts))
        .route("/sources", get(page::source::sources).post(page::source::register))
        .route("/sources/import", get(page::source_import::form).post(page::source_import::submit))
        .route("/sources/{id}", get(page::source_page::source))
        .route("/sources/{id}/refresh", post(page::source::refresh))
        .route("/sources/{id}/configure", post(page::source_page::configure))
        .route("/sources/{id}/remove", get(page::source_page::removal).post(page::source::remove))
        .route("/create", get(page::create::gallery))
        .route("/create/{namespace}/{name}", get(page::create::form).post(page::create::submit))
        .route("/plans/{digest}", get(page::plan::plan))
        .route("/plans/{digest}/files/{content}", get(page::plan::plan_file))
        .route("/plans/{digest}/apply", post(page::plan::apply))
        .route("/changes", get(events::changes))
        .route("/runs", get(page::run::runs))
        .route("/runs/{id}", get(page::run::run))
        .route("/runs/{id}/events", get(events::run_fragments))
        .route("/runs/{id}/undo", get(page::run::undo_page).post(page::run::undo))
        .route("/repositories", get(page::repository::repositories))
        .route("/repositories/{owner}/{name}", get(page::repository::repository))
        .route("/repositories/{owner}/{name}/tree/{branch}", get(page::repository::branch_root))
        .route("/repositories/{owner}/{name}/tree/{branch}/{*path}", get(page::repository::folder))
        .route("/repositories/{owner}/{name}/blob/{branch}", get(page::repository::branch_root))
        .route("/repositories/{owner}/{name}/blob/{branch}/{*path}", get(page::repository::blob))
        .route("/repositories/{owner}/{name}/raw/{branch}/{*path}", get(page::repository::raw))
        .route("/repositories/{owner}/{name}/commits/{branch}", get(page::repository::commits))
        .route("/repositories/{owner}/{name}/commit/{id}", get(page::repository::commit))
        .route("/change-requests", get(page::change_request::all))
        .route(
            "/repositories/{owner}/{name}/changes",
            get(page::change_request::of_repository).post(page::change_request::open),
        )
        .route("/repositories/{owner}/{name}/changes/{number}", get(page::change_request::one))
        .route("/repositories/{owner}/{name}/changes/{number}/remark", post(page::change_request::remark))
        .route("/repositories/{owner}/{name}/changes/{number}/merge", post(page::change_request::merge))
        .route("/repositories/{owner}/{name}/changes/{number}/state", post(page::change_request::set_state))
        .route("/environments", get(page::environment::environments))
        .route("/environments/promote", post(page::environment::promote))
        .route("/environments/rollback", post(page::environment::roll_back))
        .route("/environments/services/{service}", get(page::environment::service))
        .route("/environments/{name}", get(page::environment::environment))
        .route("/guardrails", get(page::guardrail::guardrails))
        .route("/guardrails/mend", post(page::guardrail::mend))
        .route("/guardrails/policies", get(page::policy::policies))
        .route("/guardrails/policies/{*name}", get(page::policy::policy))
        .route("/guardrails/waivers", get(page::waiver::waivers))
        .route("/guardrails/waivers/new", get(page::waiver::form).post(page::waiver::request))
        .route("/guardrails/waivers/{id}/approve", post(page::waiver::approve))
        .route("/guardrails/waivers/{id}/reject", post(page::waiver::reject))
        .route("/guardrails/waivers/{id}/revoke", post(page::waiver::revoke))
        .route("/guardrails/supply-chain", get(page::supply::supply))
        .route("/policies/new", get(page::policy_editor::new))
        .route("/policies/edit", get(page::policy_editor::edit).post(page::policy_editor::submit))
        .route("/policies/what-if", post(page::policy_editor::what_if))
        .route("/policies/mend", post(page::policy_editor::mend))
        .route("/audit", get(page::audit::audit))
        .route("/audit/verify", get(page::audit::audit).post(page::audit::verify))
        .route("/audit/{sequence}", get(page::audit::record))
        .route("/tokens", get(page::access::tokens).post(page::access::issue_token))
        .route("/tokens/{id}/revoke", post(page::access::revoke_token))
        .route("/sign-in", get(page::access::sign_in_page).post(page::access::sign_in))
        .route("/sign-out", post(page::access::sign_out))
        .route("/platform", get(page::platform::platform))
        .route("/search", get(page::search::page))
        .route("/search.json", get(page::search::palette))
}

/// What browsers, probes and collectors fetch.
fn machines() -> Router<ServerState> {
    Router::new()
        .route("/assets/{name}", get(asset::asset))
        .route("/favicon.ico", get(asset::icon))
        .route("/speculation-rules.json", get(asset::speculation_rules))
        .route("/metrics", get(metrics::metrics))
        .route(
            "/webhooks/{provider}",
            post(webhook::receive).layer(DefaultBodyLimit::max(webhook::BODY_LIMIT)),
        )
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
}

/// What `git` calls. Pushes are bounded by the forge, in its own words to the client, not by a body limit.
fn git_routes() -> Router<ServerState> {
    Router::new()
        .route("/git/{owner}/{name}/info/refs", get(git::advertise))
        .route("/git/{owner}/{name}/{service}", post(git::exchange))
        .route("/git/{owner}/{name}", get(page::repository::redirect))
        .layer(DefaultBodyLimit::disable())
}
