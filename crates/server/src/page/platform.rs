//! `/platform`: what this Fairway is, and how it is doing.

use axum::extract::State;
use axum::http::Uri;
use fairway_domain::Permission;
use fairway_portal::row::Link;
use fairway_portal::{PlatformView, Section};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::metrics::resident_bytes;
use crate::page::source::source_row;
use crate::page::{Page, chrome, html};
use crate::state::ServerState;

pub(crate) async fn platform(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let app = &state.app;
    let head = app.ledger_head().await.or_page(&state, &uri, &caller)?;
    let repositories = app.repositories(&caller).await.or_page(&state, &uri, &caller)?;
    let sources = app.sources(&caller).or_page(&state, &uri, &caller)?;
    let fleet = app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
    let admin = caller.may(Permission::Administer);
    let storage = if app.config().database.starts_with("postgres") { "Postgres" } else { "SQLite" };
    let link = |title: &str, url: &str, icon: &str| Link {
        title: title.to_owned(),
        url: url.to_owned(),
        icon: Some(icon.to_owned()),
    };
    let view = PlatformView {
        version: state.options.version.to_owned(),
        started_at: state.started_at,
        memory: resident_bytes(),
        storage: storage.to_owned(),
        data: admin.then(|| app.config().data.display().to_string()),
        records: head.sequence,
        entities: app.view().catalog.len(),
        repositories: repositories.len(),
        policies: fleet.policies.len(),
        sources: sources
            .iter()
            .filter(|source| source.parent.is_none())
            .map(|source| source_row(&caller, source, &sources))
            .collect(),
        links: vec![
            link("REST API (OpenAPI)", "/api/v1/openapi.json", "api"),
            link("Metrics", "/metrics", "list"),
            link("Sources", "/sources", "location"),
            link("Broken files", "/drafts", "warning"),
        ],
        facts: vec![
            ("Address".to_owned(), app.config().base_url.clone()),
            ("Head of the journal".to_owned(), head.hash.short()),
        ],
    };
    let chrome = chrome(&state, &caller, &uri, "Platform", Section::Platform);
    Ok(html(fairway_portal::platform(&chrome, &view)))
}
