//! Sources of the catalog, and the files that are broken.

use std::collections::BTreeSet;

use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::measure::{ago, count, grouped};
use crate::part::{ago_or_dash, blocked, empty, entity_link, headline, section, state};
use crate::shell::document;
use crate::{address, code};

/// A source.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its identifier.
    pub id: String,
    /// `file`, `git`, `url`, `forge`.
    pub kind: String,
    /// Its address or folder.
    pub target: String,
    /// When it was last read without an error.
    pub synced_at: Option<Timestamp>,
    /// How many entities it gave.
    pub entities: usize,
    /// How many of its files are broken.
    pub errors: usize,
    /// Why the last sync failed as a whole.
    pub failure: Option<String>,
    /// Whether only people read it.
    pub paused: bool,
    /// How many repositories it discovered, when it discovers any; and how many of them have trouble.
    pub discovered: Option<(usize, usize)>,
    /// Whether something would be removed if somebody accepted it.
    pub proposes: bool,
    /// Whether it may be refreshed and removed by this person.
    pub may_manage: bool,
}

/// The page `/sources`.
#[derive(Clone, Debug, Default)]
pub struct SourcesView {
    /// The sources.
    pub sources: Vec<SourceRow>,
    /// Why this person may not register one.
    pub blocked: Option<String>,
    /// What was chosen last, when it was refused.
    pub kind: String,
    /// What was typed last, when it was refused.
    pub target: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// A broken file, or a broken document in a file.
#[derive(Clone, Debug)]
pub struct DraftRow {
    /// The source's address.
    pub source: String,
    /// The file.
    pub file: String,
    /// The file's page, at the line where possible.
    pub url: Option<String>,
    /// The entity it is (or was) about, when known.
    pub entity: Option<EntityRef>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether the last good version is still shown.
    pub last_good: bool,
}

/// The page `/drafts`.
#[derive(Clone, Debug, Default)]
pub struct DraftsView {
    /// The broken files.
    pub drafts: Vec<DraftRow>,
    /// How many files were read in all.
    pub files: usize,
}

/// Renders the page.
pub fn sources(chrome: &Chrome, view: &SourcesView) -> String {
    let line = html! { "Where the catalog reads from. A source that fails keeps its last good version, and says how old it is." };
    document(
        chrome,
        html! {
            (headline("Sources", Some(&line), Some(&html! { a.button href="/sources/import" { "Import from Backstage…" } })))
            (register(view))
            @if view.sources.is_empty() {
                (empty("location", "No sources yet", &html! { "Register a repository, a file or a pattern above; the catalog fills within a second." }, None))
            } @else { (section("sources", "Registered", None, &source_table(&view.sources, chrome.now))) }
        },
    )
}

fn register(view: &SourcesView) -> Markup {
    html! {
        form.toolbar action="/sources" method="post" {
            div.field.invalid[view.error.is_some()] {
                label for="target" { "Register a source" }
                div.inline {
                    select name="kind" aria-label="What is registered" disabled[view.blocked.is_some()] {
                        @for (kind, label) in KINDS { option value=(kind) selected[view.kind == kind] { (label) } }
                    }
                    input #target name="target" type="text" required value=(view.target) size="60" autocomplete="off" spellcheck="false"
                        placeholder="https://host/owner/repository/blob/main/catalog-info.yaml" disabled[view.blocked.is_some()]
                        aria-describedby="target-help" aria-invalid=[view.error.as_ref().map(|_| "true")];
                    button.button.primary type="submit" disabled[view.blocked.is_some()] { (icon("plus")) "Register" }
                }
                @if let Some(error) = &view.error { p.error role="alert" { (icon("failed")) (error) } }
                @if let Some(reason) = &view.blocked { (blocked(reason)) }
                p.help #target-help { "A file, a folder, or a repository on any forge; patterns such as " code { "**/catalog-info.yaml" } " work. For an organisation, its address, for example " code { "https://github.com/acme" } "; names and files may be narrowed: " code { "https://github.com/acme/service-*/blob/-/catalog-info.yaml?topic=live" } "." }
            }
        }
    }
}

/// What can be registered: the beginning of its address, and the words for it.
const KINDS: [(&str, &str); 7] = [
    ("", "A file or repository"),
    ("github-discovery", "All repositories of a GitHub organisation"),
    ("gitlab-discovery", "All projects of a GitLab group"),
    ("gitea-discovery", "All repositories of a Gitea organisation"),
    ("github-org", "People and teams of a GitHub organisation"),
    ("gitlab-org", "People and groups of a GitLab group"),
    ("gitea-org", "People and teams of a Gitea organisation"),
];

/// How a source fares, in icon and word.
pub fn source_state(source: &SourceRow) -> Markup {
    html! {
        @if source.failure.is_some() { (state(Tone::Bad, "Failing")) }
        @else if source.paused { (state(Tone::Info, "Paused")) }
        @else if let Some((_, troubled @ 1..)) = source.discovered {
            (state(Tone::Warning, &count(troubled, "repository with trouble", "repositories with trouble")))
        }
        @else if source.errors > 0 { a href="/drafts" { (state(Tone::Warning, &count(source.errors, "broken file", "broken files"))) } }
        @else if source.synced_at.is_none() { (state(Tone::Info, "Not read yet")) }
        @else { (state(Tone::Good, "Good")) }
    }
}

/// Sources as a table.
pub fn source_table(sources: &[SourceRow], now: Timestamp) -> Markup {
    html! {
        table.table aria-label="Sources" {
            thead { tr {
                th.grow scope="col" { "Source" }
                th.fit.at-wide scope="col" { "Kind" }
                th.fit.number.at-medium scope="col" { "Entities" }
                th.fit scope="col" { "State" }
                th.fit.at-medium scope="col" { "Last read" }
                th.fit scope="col" { span.hidden { "Actions" } }
            } }
            tbody {
                @for source in sources {
                    tr {
                        td.grow title=(source.target) {
                            a.mono href={ "/sources/" (address::encode(&source.id)) } { (source.target) }
                            @if let Some((repositories, _)) = source.discovered { span.sub { " " (count(repositories, "repository", "repositories")) } }
                        }
                        td.fit.at-wide.sub { (source.kind) }
                        td.fit.number.at-medium { (grouped(source.entities)) }
                        td.fit { (source_state(source)) }
                        td.fit.at-medium.sub { (ago_or_dash(now, source.synced_at)) }
                        td.fit {
                            @if source.may_manage {
                                form action={ "/sources/" (address::encode(&source.id)) "/refresh" } method="post" {
                                    button.button.small type="submit" aria-label={ "Refresh " (source.target) } { (icon("refresh")) "Refresh" }
                                }
                            }
                        }
                    }
                    @if let Some(failure) = &source.failure {
                        tr.explained { td colspan="6" { p.tone.bad { (icon("arrow")) " " (failure) } } }
                    }
                }
            }
        }
    }
}

/// Renders the page.
pub fn drafts(chrome: &Chrome, view: &DraftsView) -> String {
    // One file may hold many broken entities.
    let files: BTreeSet<(&str, &str)> =
        view.drafts.iter().map(|draft| (draft.source.as_str(), draft.file.as_str())).collect();
    let title = match files.len() {
        0 => "No broken files".to_owned(),
        1 => "1 file is broken".to_owned(),
        many => format!("{many} files are broken"),
    };
    let line = html! {
        (count(view.files, "entity stands", "entities stand")) " in the catalog. A broken file never removes anything: the last good version stays until it is mended."
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), Some(&html! { a.button href="/sources" { (icon("location")) "Sources" } })))
            @if view.drafts.is_empty() {
                (empty("done", "All files can be read", &html! { "When one breaks, it is listed here with file, line and column, within a second of the push." }, None))
            }
            @for draft in &view.drafts { (broken_file(draft, chrome.now)) }
        },
    )
}

fn broken_file(draft: &DraftRow, now: Timestamp) -> Markup {
    let url = draft.url.as_deref().and_then(address::followable);
    let line_url = |diagnostic: &Diagnostic| {
        let url = url?;
        Some(match &diagnostic.location {
            Some(location) if !url.contains('#') => format!("{url}#L{}", location.line),
            _ => url.to_owned(),
        })
    };
    html! {
        section.panel {
            div.section-head {
                h2 { @match url { Some(url) => a.mono href=(url) { (draft.file) }, None => span.mono { (draft.file) } } }
                div.section-side {
                    @if let Some(entity) = &draft.entity { (entity_link(entity, entity.name())) " · " }
                    @if draft.last_good { "last good version shown · " } @else { "not in the catalog yet · " }
                    @if let Some(since) = draft.since { (ago(now, since)) }
                }
            }
            p.muted.mono { (draft.source) }
            @for diagnostic in &draft.diagnostics { (code::diagnostic(diagnostic, line_url(diagnostic).as_deref())) }
        }
    }
}
