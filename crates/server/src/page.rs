//! The pages of the portal: each handler calls a use case, fills the page's view model and draws it.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod catalog;
pub(crate) mod change_request;
pub(crate) mod column;
pub(crate) mod compare;
pub(crate) mod create;
pub(crate) mod entity;
pub(crate) mod environment;
mod field_pattern;
pub(crate) mod graph;
pub(crate) mod guardrail;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod moment;
pub(crate) mod near;
pub(crate) mod plan;
pub(crate) mod platform;
pub(crate) mod policy;
pub(crate) mod policy_editor;
pub(crate) mod proposal;
pub(crate) mod readme;
pub(crate) mod repository;
pub(crate) mod row;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod shelf;
pub(crate) mod source;
pub(crate) mod source_import;
pub(crate) mod source_page;
pub(crate) mod supply;
pub(crate) mod team;
pub(crate) mod truth;
pub(crate) mod waiver;

use axum::extract::State;
use axum::http::Uri;
use axum::http::header::HeaderValue;
use axum::response::{Html, IntoResponse, Response};
use fairway_app::AppError;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{Actor, Caller};
use fairway_portal::{CallerView, Chrome, SafeHtml, Section};

use crate::caller::PageCaller;
use crate::failure::{OrPage, PageFailure};
use crate::state::ServerState;

/// What a handler of a page gives.
pub(crate) type Page = Result<Response, PageFailure>;

/// What every page shows besides its own content.
pub(crate) fn chrome(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    title: &str,
    active: Section,
) -> Chrome {
    let view = state.app.view();
    let running = view.runs.values().filter(|run| !run.status.is_settled()).count();
    let user = caller.actor.user();
    let entity = view.catalog.get(&user);
    let guest = matches!(caller.actor, Actor::Guest);
    Chrome {
        caller: CallerView {
            name: entity.map_or_else(|| user.name().to_owned(), |found| found.title().to_owned()),
            role: caller.role,
            guest,
            signed_in: !guest,
            url: entity.map(|_| row::entity_url(&user)),
        },
        running,
        breadcrumbs: breadcrumbs(uri, title, active),
        organisation: state.app.config().organisation.clone(),
        address: uri.to_string(),
        ..Chrome::new(title, active, state.app.now())
    }
}

/// The way here from the section's first page.
fn breadcrumbs(uri: &Uri, title: &str, active: Section) -> Vec<(String, Option<String>)> {
    let (name, url) = match active {
        Section::Catalog => ("Catalog", "/catalog"),
        Section::Create => ("Create", "/create"),
        Section::Environments => ("Environments", "/environments"),
        Section::Guardrails => ("Guardrails", "/guardrails"),
        Section::Repositories => ("Repositories", "/repositories"),
        Section::Runs => ("Runs", "/runs"),
        Section::Audit => ("Audit", "/audit"),
        Section::Home | Section::Platform | Section::Elsewhere => return Vec::new(),
    };
    if uri.path() == url {
        return Vec::new();
    }
    let mut crumbs = vec![(name.to_owned(), Some(url.to_owned()))];
    let mut parts = uri.path().split('/').skip(1);
    if let (Some("repositories"), Some(owner), Some(repository)) = (parts.next(), parts.next(), parts.next())
    {
        let full = format!("{owner}/{repository}");
        if full == title {
            return vec![(name.to_owned(), Some(url.to_owned())), (full, None)];
        }
        crumbs.push((full.clone(), Some(format!("/repositories/{full}"))));
    }
    crumbs.push((title.to_owned(), None));
    crumbs
}

/// A page that a browser may keep for going back, and asks for again otherwise.
pub(crate) fn html(document: String) -> Response {
    let mut response = Html(document).into_response();
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("private, no-cache"));
    headers.insert("speculation-rules", HeaderValue::from_static("\"/speculation-rules.json\""));
    response
}

/// Source text as highlighted HTML, when its language is known and it is not too large.
pub(crate) fn highlighted(file: &str, text: &str) -> Option<SafeHtml> {
    fairway_docs::highlight(file, text).map(SafeHtml::vouched)
}

/// Markdown as safe HTML.
pub(crate) fn markdown(text: &str) -> SafeHtml {
    SafeHtml::vouched(fairway_docs::markdown(text, &fairway_docs::MarkdownOptions::default()).html)
}

/// Markdown of a file in a repository, whose relative links and images lead into it.
pub(crate) fn markdown_in(text: &str, repository: &RepositoryRef, branch: &str, folder: &str) -> SafeHtml {
    let encoded = |text: &str| {
        // A form writes a space as a plus, an address does not.
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    // A branch may have slashes, and is one part of the address all the same.
    let branch = encoded(branch);
    let folder: String =
        folder.split('/').filter(|part| !part.is_empty()).map(|part| encoded(part) + "/").collect();
    let base = |view: &str| Some(format!("/repositories/{repository}/{view}/{branch}/{folder}"));
    let options = fairway_docs::MarkdownOptions { link_base: base("blob"), image_base: base("raw") };
    SafeHtml::vouched(fairway_docs::markdown(text, &options).html)
}

/// An address that leads nowhere.
pub(crate) async fn missing(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let near = near::near(uri.path(), search::PLACES.iter().map(|(_, url, _)| *url));
    let error = AppError::NotFound {
        what: "page",
        name: uri.path().to_owned(),
        near: near.into_iter().map(str::to_owned).collect(),
    };
    Err::<Response, _>(error).or_page(&state, &uri, &caller)
}

/// Runs work that keeps a processor busy away from the threads that answer requests.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::Internal(format!("drawing the page ended without an answer: {error}")))
}

/// Text in which nothing is markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::markdown_in;

    #[test]
    fn links_of_a_readme_lead_into_its_repository() {
        let repository = "acme/orders".parse().unwrap();
        let html = markdown_in(
            "[x](run.md) ![y](a.png) [z](https://e.example)",
            &repository,
            "topic/one",
            "my docs",
        );
        let html = html.as_str();
        assert!(
            html.contains("href=\"/repositories/acme/orders/blob/topic%2Fone/my%20docs/run.md\""),
            "{html}"
        );
        assert!(html.contains("src=\"/repositories/acme/orders/raw/topic%2Fone/my%20docs/a.png\""), "{html}");
        assert!(html.contains("href=\"https://e.example\""), "{html}");
    }
}
