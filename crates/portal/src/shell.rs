//! The document around every page: rail, top bar, notices.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::asset::asset_path;
use crate::chrome::{CallerView, Chrome, Section};
use crate::icon::{self, icon, mark};
use crate::{address, part};

/// What a document is besides its content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Document {
    /// Seconds after which a browser without scripts loads the page again.
    pub refresh: Option<u32>,
    /// Whether live updates come.
    pub live: bool,
    /// Whether the rail and search are left out (sign-in).
    pub bare: bool,
}

/// A complete HTML document.
pub fn document(chrome: &Chrome, content: Markup) -> String {
    document_with(chrome, Document::default(), content)
}

/// A complete HTML document that is refreshed, live or bare.
pub fn document_with(chrome: &Chrome, options: Document, content: Markup) -> String {
    let content = match &chrome.at {
        Some(at) => PreEscaped(crate::history::at_moment(&content.0, at)),
        None => content,
    };
    let body = html! {
        a.skip href="#content" { "Skip to content" }
        @if !options.bare { (rail(chrome)) }
        (top(chrome, options.bare))
        main #content tabindex="-1" data-follow=[chrome.follow.as_deref()] data-seen=[chrome.seen.as_ref()] {
            @for notice in &chrome.notices {
                @let (class, drawing) = part::tone(notice.tone);
                div.notice.(class) role="status" {
                    (icon(drawing)) span { (notice.message) }
                    @if let Some((text, url)) = &notice.action { a href=(url) { (text) } }
                }
            }
            (content)
        }
    }
    .into_string();
    let symbols = icon::symbols(&body, options.live);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (chrome.title) " · " (chrome.organisation) }
                link rel="icon" type="image/svg+xml" href=(asset_path("favicon.svg"));
                link rel="stylesheet" href=(asset_path("style.css"));
                @if let Some(seconds) = options.refresh {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
                script type="module" src=(asset_path("palette.js")) {}
                script type="module" src=(asset_path("keys.js")) {}
                script type="module" src=(asset_path("copy.js")) {}
                @if body.contains("<div class=\"graph\"") { script type="module" src=(asset_path("graph.js")) {} }
                @if body.contains(" data-rows") { script type="module" src=(asset_path("catalog.js")) {} }
                @if body.contains(" data-what-if") { script type="module" src=(asset_path("policy.js")) {} }
                @if chrome.follow.is_some() { script type="module" src=(asset_path("follow.js")) {} }
                @if options.live { script type="module" src=(asset_path("live.js")) {} }
            }
            body.bare[options.bare] { (symbols) (PreEscaped(body)) }
        }
    }
    .into_string()
}

const PLACES: [(Section, &str, &str, &str, &str); 7] = [
    (Section::Home, "Home", "/", "home", "g h"),
    (Section::Catalog, "Catalog", "/catalog", "catalog", "g c"),
    (Section::Create, "Create", "/create", "create", "c"),
    (Section::Environments, "Environments", "/environments", "environment", "g e"),
    (Section::Guardrails, "Guardrails", "/guardrails", "shield", "g g"),
    (Section::Repositories, "Repositories", "/repositories", "repository", "g r"),
    (Section::Runs, "Runs", "/runs", "run", "g u"),
];

const BELOW: [(Section, &str, &str, &str, &str); 2] = [
    (Section::Audit, "Audit", "/audit", "audit", "g a"),
    (Section::Platform, "Platform", "/platform", "platform", "g p"),
];

fn rail(chrome: &Chrome) -> Markup {
    let place = |(section, name, url, drawing, keys): &(Section, &str, &str, &str, &str)| {
        html! {
            li {
                a href=(url) aria-current=[(*section == chrome.active).then_some("page")] data-keys=(keys) {
                    (icon(drawing)) span { (name) } kbd aria-hidden="true" { (keys) }
                }
            }
        }
    };
    html! {
        nav.rail #rail popover aria-label="Main" {
            a.brand href="/" { (mark()) span { (chrome.organisation) } }
            ul { @for entry in &PLACES { (place(entry)) } }
            ul.below { @for entry in &BELOW { (place(entry)) } }
        }
    }
}

fn top(chrome: &Chrome, bare: bool) -> Markup {
    html! {
        header.top {
            @if bare {
                a.brand href="/" { (mark()) span { (chrome.organisation) } }
            } @else {
                button.button.quiet.icon-only.menu type="button" popovertarget="rail" aria-label="Menu" {
                    (icon("menu"))
                }
                (breadcrumbs(chrome))
                form.find action="/search" method="get" role="search" {
                    (icon("search"))
                    input type="search" name="q" placeholder="Find or do" aria-label="Find anything or run an action"
                        autocomplete="off" data-palette;
                    kbd aria-hidden="true" { "⌘K" }
                }
                @if chrome.running > 0 {
                    a.running href="/runs?status=running" title="Runs under way" {
                        (icon("spin")) span { (chrome.running) span.wide { " running" } }
                    }
                }
                (person(&chrome.caller, &chrome.address))
            }
        }
    }
}

fn breadcrumbs(chrome: &Chrome) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumbs" {
            ol {
                @for (text, url) in &chrome.breadcrumbs {
                    li {
                        @match url {
                            Some(url) => a href=(url) { (text) },
                            None => span aria-current="page" { (text) },
                        }
                    }
                }
                @if chrome.breadcrumbs.is_empty() { li { span aria-current="page" { (chrome.title) } } }
            }
        }
    }
}

fn person(caller: &CallerView, here: &str) -> Markup {
    html! {
        details.person {
            summary {
                span.avatar aria-hidden="true" { (caller.name.chars().next().unwrap_or('?').to_uppercase()) }
                span.hidden { "Account " } span.wide { (caller.name) }
            }
            div.person-menu {
                p { strong { (caller.name) } br; span.muted { "Role: " (caller.role) } }
                @if let Some(url) = &caller.url { a href=(url) { (icon("user")) "Your page" } }
                a href="/tokens" { (icon("key")) "Tokens" }
                @if caller.signed_in {
                    form action="/sign-out" method="post" {
                        button type="submit" { (icon("exit")) "Sign out" }
                    }
                } @else {
                    a href=(address::query("/sign-in", &[("return_to", here)])) { (icon("key")) "Sign in" }
                }
            }
        }
    }
}
