//! `/api/v1`: Fairway's own REST interface, described by OpenAPI 3.1 from the same lines that route it.

mod access;
mod audit;
mod catalog;
mod change_request;
mod delivery;
mod guardrail;
mod history;
mod plan;
mod proposal;
mod search;
mod service;
mod source;
mod supply;
mod truth;
mod waiver;
mod what_if;

use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ServerState;

pub(crate) use waiver::breadth;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fairway",
        description = "The internal developer platform. Every change is a plan that is applied; every change is in the audit log.",
        contact(name = "Fairway", url = "https://github.com/fairway-dev/fairway"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "services", description = "Services as one thing"),
        (name = "plans", description = "Golden paths, plans and runs"),
        (name = "delivery", description = "Versions in environments"),
        (name = "catalog", description = "Entities and where they come from"),
        (name = "repositories", description = "Repositories of the embedded forge and their change requests"),
        (name = "guardrails", description = "Policies, findings and waivers"),
        (name = "supply chain", description = "What things are made of, how they were built, who signed them"),
        (name = "audit", description = "The journal"),
        (name = "access", description = "Tokens")
    ),
    modifiers(&Security)
)]
struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut Document) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of Fairway. Not needed by a guest on the same machine."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        document.security = Some(vec![
            SecurityRequirement::new("token", Vec::<String>::new()),
            SecurityRequirement::default(),
        ]);
    }
}

fn described() -> OpenApiRouter<ServerState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(service::create))
        .routes(routes!(service::status))
        .routes(routes!(plan::templates))
        .routes(routes!(plan::template))
        .routes(routes!(plan::plan))
        .routes(routes!(plan::stored_plan))
        .routes(routes!(plan::plan_file))
        .routes(routes!(plan::apply))
        .routes(routes!(plan::runs))
        .routes(routes!(plan::run))
        .routes(routes!(plan::run_events))
        .routes(routes!(plan::undo_preview, plan::undo))
        .routes(routes!(delivery::environments))
        .routes(routes!(delivery::deployments))
        .routes(routes!(delivery::deploy))
        .routes(routes!(delivery::promote))
        .routes(routes!(delivery::roll_back))
        .routes(routes!(search::search))
        .routes(routes!(catalog::entities))
        .routes(routes!(catalog::complete))
        .routes(routes!(catalog::entity))
        .routes(routes!(catalog::graph))
        .routes(routes!(catalog::cycles))
        .routes(routes!(catalog::drafts))
        .routes(routes!(catalog::kinds))
        .routes(routes!(history::versions))
        .routes(routes!(history::blame))
        .routes(routes!(history::diff))
        .routes(routes!(history::restoration))
        .routes(routes!(history::restore))
        .routes(routes!(history::plan_restore))
        .routes(routes!(history::rename))
        .routes(routes!(proposal::proposals))
        .routes(routes!(proposal::accept))
        .routes(routes!(truth::findings))
        .routes(routes!(truth::mend))
        .routes(routes!(truth::links))
        .routes(routes!(proposal::reject))
        .routes(routes!(proposal::limit, proposal::usual_limit))
        .routes(routes!(catalog::sources, catalog::register))
        .routes(routes!(source::source, source::configure, catalog::remove))
        .routes(routes!(source::removal))
        .routes(routes!(source::import))
        .routes(routes!(source::credentials))
        .routes(routes!(source::put_credential, source::remove_credential))
        .routes(routes!(catalog::refresh))
        .routes(routes!(change_request::list))
        .routes(routes!(change_request::open))
        .routes(routes!(change_request::one))
        .routes(routes!(change_request::comment))
        .routes(routes!(change_request::review))
        .routes(routes!(change_request::merge))
        .routes(routes!(change_request::set_open))
        .routes(routes!(change_request::edit))
        .routes(routes!(guardrail::findings))
        .routes(routes!(guardrail::policies))
        .routes(routes!(waiver::waivers, waiver::request))
        .routes(routes!(waiver::approve))
        .routes(routes!(waiver::reject))
        .routes(routes!(waiver::revoke))
        .routes(routes!(guardrail::check))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(supply::add, supply::list))
                .layer(DefaultBodyLimit::max(fairway_app::supply::UPLOAD_BYTES + 1024)),
        )
        .routes(routes!(supply::document))
        .routes(routes!(supply::components))
        .routes(routes!(supply::vulnerabilities))
        .routes(routes!(what_if::what_if))
        .routes(routes!(what_if::mend))
        .routes(routes!(audit::records))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::erase))
        .routes(routes!(access::tokens, access::issue))
        .routes(routes!(access::revoke))
}

/// The OpenAPI document.
pub fn document() -> Document {
    let mut document = described().into_openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document
}

pub(crate) fn routes() -> Router<ServerState> {
    let (router, _) = described().split_for_parts();
    router.route("/api/v1/openapi.json", get(openapi)).route("/api/v1/{*rest}", axum::routing::any(missing))
}

async fn openapi() -> Json<Document> {
    Json(document())
}

async fn missing(uri: axum::http::Uri) -> crate::failure::ApiFailure {
    crate::failure::ApiFailure(fairway_app::AppError::NotFound {
        what: "route",
        name: uri.path().to_owned(),
        near: vec!["/api/v1/openapi.json".to_owned()],
    })
}

/// An error.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What an error says.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ErrorDetail {
    /// A stable word for programs, for example `not-found`.
    code: String,
    /// What happened, for people.
    message: String,
    /// What to do next.
    #[schema(required = false)]
    hint: Option<String>,
    /// Fields, diagnostics or findings, by code.
    #[schema(required = false)]
    details: Option<Value>,
}
