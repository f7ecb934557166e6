//! Entity: is it well, whose is it, what next?

use fairway_domain::delivery::DeliveryKind;
use fairway_domain::finding::Finding;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{Diagnostic, Entity, EntityRef, Role, Timestamp};
use maud::{Markup, html};

use crate::api_document::{DefinitionView, definition};
use crate::chrome::{Chrome, Tone};
use crate::graph::GraphView;
use crate::history::{self, HistoryView};
use crate::icon::icon;
use crate::measure::{ago, count};
use crate::part::{empty, entity_link, state};
use crate::row::{Link, RunRow};
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::supply::{self, EntitySupplyView};
use crate::team::TeamView;
use crate::waiver::WaiverRow;
use crate::{address, code, entity_overview};

/// The part of the page that is open, `?tab=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntityTab {
    /// `overview`
    #[default]
    Overview,
    /// `api`, for entities with a definition.
    Api,
    /// `yaml`
    Yaml,
    /// `errors`
    Errors,
    /// `supply-chain`
    Supply,
    /// `history`
    History,
}

impl EntityTab {
    /// The tab of an address; anything unknown is the overview.
    pub fn parse(text: &str) -> Self {
        match text {
            "api" => Self::Api,
            "yaml" => Self::Yaml,
            "errors" => Self::Errors,
            "supply-chain" => Self::Supply,
            "history" => Self::History,
            _ => Self::Overview,
        }
    }
}

/// Another entity that this one is related to.
#[derive(Clone, Debug)]
pub struct RelatedEntity {
    /// Which.
    pub reference: EntityRef,
    /// Its title, or its name.
    pub title: String,
    /// One line, when it exists and has one.
    pub description: Option<String>,
    /// Whether it does not exist.
    pub missing: bool,
}

/// All relations of one type.
#[derive(Clone, Debug)]
pub struct RelationGroup {
    /// For example `dependsOn`.
    pub relation: String,
    /// The others.
    pub entities: Vec<RelatedEntity>,
}

/// The service in one environment.
#[derive(Clone, Debug)]
pub struct EntityDeployment {
    /// The environment's name.
    pub environment: String,
    /// The environment's title.
    pub title: String,
    /// Whether it is production.
    pub production: bool,
    /// What is there; `None` for nothing.
    pub deployed: Option<DeployedVersion>,
    /// The version that may come here from the environment before, and that environment's title.
    pub promotable: Option<(String, String)>,
}

/// A version somewhere.
#[derive(Clone, Debug)]
pub struct DeployedVersion {
    /// The version.
    pub version: String,
    /// Since when.
    pub at: Timestamp,
    /// Why it came.
    pub kind: DeliveryKind,
    /// The run that brought it.
    pub run: String,
}

/// Where the entity comes from.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The source's identifier, for the refresh button.
    pub source: Option<String>,
    /// The source's address or folder.
    pub target: String,
    /// The file in it.
    pub path: String,
    /// The file's page on the embedded forge or elsewhere.
    pub url: Option<String>,
    /// When the source was last read.
    pub seen_at: Option<Timestamp>,
}

/// An open change request that changes an entity.
#[derive(Clone, Debug)]
pub struct PendingChange {
    /// Its address.
    pub url: String,
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Each field with the value that it would have.
    pub fields: Vec<(String, String)>,
}

/// The page.
#[derive(Clone, Debug)]
pub struct EntityView {
    /// The last good version.
    pub entity: Entity,
    /// The open tab.
    pub tab: EntityTab,
    /// The owner's title, when it exists.
    pub owner_title: Option<String>,
    /// Its relations, as stitched.
    pub relations: Vec<RelationGroup>,
    /// The drawing of its neighbourhood.
    pub graph: GraphView,
    /// `metadata.links` and what annotations lead to.
    pub links: Vec<Link>,
    /// The service by environment, in promotion order; empty for what is not deployed.
    pub deployments: Vec<EntityDeployment>,
    /// The run that made it or changed it last.
    pub last_run: Option<RunRow>,
    /// What is wrong with its file now.
    pub diagnostics: Vec<Diagnostic>,
    /// When the version that is shown was read, when the file is broken since.
    pub last_good_at: Option<Timestamp>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Its repository on the embedded forge.
    pub repository: Option<RepositoryRef>,
    /// The address to clone it from.
    pub clone_url: Option<String>,
    /// What the policies say about its manifests.
    pub findings: Vec<Finding>,
    /// The waivers that let some of them pass, or wait.
    pub waivers: Vec<WaiverRow>,
    /// What a team or a person is about.
    pub team: Option<TeamView>,
    /// The icon of its kind.
    pub icon: &'static str,
    /// Whether this person starred it; `None` where that cannot be changed.
    pub starred: Option<bool>,
    /// Open change requests that change it.
    pub pending: Vec<PendingChange>,
    /// Whether its file can be changed from here.
    pub editable: bool,
    /// Whether this person may make a plan that moves versions.
    pub may_deliver: bool,
    /// `spec.definition`, as far as its tab is open.
    pub definition: DefinitionView,
    /// The entity as YAML, highlighted.
    pub yaml: SafeHtml,
    /// The history, when its tab is open.
    pub history: HistoryView,
    /// Its supply chain, when its tab is open.
    pub supply: EntitySupplyView,
    /// The README or the description in Markdown, rendered.
    pub readme: Option<SafeHtml>,
}

/// Renders the page.
pub fn entity(chrome: &Chrome, view: &EntityView) -> String {
    document(
        chrome,
        html! {
            (header(chrome, view))
            (tabs(view))
            @if view.tab != EntityTab::Errors { (broken(chrome, view)) }
            @for change in &view.pending { (pending(change)) }
            @match view.tab {
                EntityTab::Overview => (entity_overview::overview(chrome, view)),
                EntityTab::Api => (api(view)),
                EntityTab::Yaml => (yaml(view)),
                EntityTab::Errors => (errors(chrome, view)),
                EntityTab::Supply => (supply::entity_supply(chrome, &view.entity.reference(), &view.supply)),
                EntityTab::History => (history::history(&view.entity.reference(), &view.history, chrome.now)),
            }
        },
    )
}

fn header(chrome: &Chrome, view: &EntityView) -> Markup {
    let entity = &view.entity;
    let reference = entity.reference();
    html! {
        header.identity {
            span.tile { (icon(view.icon)) }
            div {
                p.eyebrow {
                    (entity.kind) @if let Some(entity_type) = entity.spec_text("type") { " · " (entity_type) }
                    @if reference.namespace() != "default" { " · " (reference.namespace()) }
                }
                h1 { (entity.title()) }
            }
            div.actions { (actions(chrome, view)) }
            div.about {
                @if let Some(description) = entity.description() { p.lead { (description) } }
                div.meta { (meta(view, chrome.now)) }
            }
        }
    }
}

fn meta(view: &EntityView, now: Timestamp) -> Markup {
    let entity = &view.entity;
    let owner = entity.owner();
    let errors = view.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let blocking = view.findings.iter().filter(|finding| finding.blocks()).count();
    let open = view.findings.iter().filter(|finding| finding.waiver.is_none()).count();
    html! {
        span {
            @if errors > 0 { (state(Tone::Bad, &count(errors, "error in its file", "errors in its file"))) }
            @else if blocking > 0 { (state(Tone::Bad, &count(blocking, "blocking finding", "blocking findings"))) }
            @else if open > 0 { (state(Tone::Warning, &count(open, "finding", "findings"))) }
            @else if !view.findings.is_empty() { (state(Tone::Info, &count(view.findings.len(), "waived finding", "waived findings"))) }
            @else { (state(Tone::Good, "No known problems")) }
        }
        @if let Some(owner) = &owner {
            span { span.muted { "Owner" } (entity_link(owner, view.owner_title.as_deref().unwrap_or(owner.name()))) }
        }
        @if let Some(system) = entity.spec_text("system").and_then(|text| EntityRef::parse(text, Some("system"), entity.namespace()).ok()) {
            span { span.muted { "System" } (entity_link(&system, system.name())) }
        }
        @if let Some(lifecycle) = entity.spec_text("lifecycle") { span { span.muted { "Lifecycle" } (lifecycle) } }
        @if let Some(seen) = view.provenance.seen_at {
            span title={ "From " (view.provenance.target) " " (view.provenance.path) } { span.muted { "Seen" } (ago(now, seen)) }
        }
    }
}

fn actions(chrome: &Chrome, view: &EntityView) -> Markup {
    let reference = view.entity.reference();
    html! {
        @if let Some(starred) = view.starred {
            form action={ (address::entity(&reference)) "/star" } method="post" {
                input type="hidden" name="starred" value=(if starred { "false" } else { "true" });
                button.button.is-starred[starred] type="submit" aria-pressed=(if starred { "true" } else { "false" }) data-star title="s" {
                    (icon("star")) "Star"
                }
            }
        }
        @if let Some(repository) = &view.repository {
            a.button href=(address::repository(repository)) { (icon("repository")) "Repository" }
        }
        @if let Some(url) = view.provenance.url.as_deref().and_then(address::followable) {
            a.button href=(url) { (icon("file")) "Source file" }
        }
        @if view.editable {
            a.button href={ (address::entity(&reference)) "/edit" } { (icon("edit")) "Edit" }
        }
        a.button href=(address::query("/catalog/graph", &[("root", &reference.to_string()), ("depth", "2")])) {
            (icon("graph")) "Graph"
        }
        @if reference.kind() == "template" {
            a.button.primary href=(crate::create::template_address(&reference)) { (icon("plus")) "Use this path" }
        }
        @if let Some(source) = &view.provenance.source && chrome.caller.role != Role::Reader && chrome.at.is_none() {
            form action={ "/sources/" (address::encode(source)) "/refresh" } method="post" {
                input type="hidden" name="return_to" value=(address::entity(&reference));
                button.button type="submit" { (icon("refresh")) "Refresh" }
            }
        }
    }
}

fn tabs(view: &EntityView) -> Markup {
    let here = address::entity(&view.entity.reference());
    let tab = |tab: EntityTab, name: &str, word: &str, count: Markup| {
        html! {
            a href=(if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") })
                aria-current=[(tab == view.tab).then_some("page")] { (word) (count) }
        }
    };
    let errors = html! {
        @if !view.diagnostics.is_empty() { " " span.count.bad { (view.diagnostics.len()) } }
    };
    html! {
        nav.tabs aria-label="Parts of this page" {
            (tab(EntityTab::Overview, "", "Overview", html! {}))
            @if view.entity.spec_text("definition").is_some() { (tab(EntityTab::Api, "api", "Definition", html! {})) }
            @if view.entity.reference().kind() == "component" { (tab(EntityTab::Supply, "supply-chain", "Supply chain", html! {})) }
            (tab(EntityTab::Yaml, "yaml", "YAML", html! {}))
            @if !view.diagnostics.is_empty() || view.tab == EntityTab::Errors { (tab(EntityTab::Errors, "errors", "Errors", errors)) }
            (tab(EntityTab::History, "history", "History", html! {}))
        }
    }
}

/// A value that waits for a merge is shown as what it would be.
fn pending(change: &PendingChange) -> Markup {
    html! {
        p.notice.info {
            (icon("branch"))
            span {
                a href=(change.url) { "#" (change.number) " " (change.title) }
                @for (index, (field, value)) in change.fields.iter().enumerate() {
                    (if index == 0 { " would set " } else { ", " }) code { (field) } " to "
                    strong { (if value.is_empty() { "nothing" } else { value }) }
                }
                "."
            }
        }
    }
}

/// The source is broken: what and where, above everything else.
fn broken(chrome: &Chrome, view: &EntityView) -> Markup {
    let Some(first) = view.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) else {
        return html! {};
    };
    let more = view.diagnostics.len() - 1;
    html! {
        div.banner role="alert" data-testid="broken-source" {
            p {
                "The file of this entity is broken."
                @if let Some(at) = view.last_good_at { " The last good version, from " (ago(chrome.now, at)) ", is shown." }
            }
            (code::diagnostic(first, file_url(view, first).as_deref()))
            @if more > 0 {
                p { a href={ (address::entity(&view.entity.reference())) "?tab=errors" } { (count(more, "more error", "more errors")) } }
            }
        }
    }
}

/// The file's page, at the line of the diagnostic.
fn file_url(view: &EntityView, diagnostic: &Diagnostic) -> Option<String> {
    let url = address::followable(view.provenance.url.as_deref()?)?;
    Some(match &diagnostic.location {
        Some(location) if !url.contains('#') => format!("{url}#L{}", location.line),
        _ => url.to_owned(),
    })
}

fn errors(chrome: &Chrome, view: &EntityView) -> Markup {
    if view.diagnostics.is_empty() {
        return empty(
            "done",
            "No errors",
            &html! { "The file of this entity was read without a complaint." },
            None,
        );
    }
    html! {
        @if let Some(at) = view.last_good_at {
            p.lead { "The last good version, from " (ago(chrome.now, at)) ", stays in the catalog until the file is mended." }
        }
        div.panel {
            @for diagnostic in &view.diagnostics { (code::diagnostic(diagnostic, file_url(view, diagnostic).as_deref())) }
        }
    }
}

fn api(view: &EntityView) -> Markup {
    match view.entity.spec_text("definition") {
        Some(text) => definition(&view.entity.reference(), text, &view.definition),
        None => empty(
            "api",
            "No definition",
            &html! { "This entity has no " code { "spec.definition" } "." },
            None,
        ),
    }
}

fn yaml(view: &EntityView) -> Markup {
    html! {
        p.lead {
            "As it was read from " span.mono { (view.provenance.path) }
            @if !view.provenance.target.is_empty() { " in " span.mono { (view.provenance.target) } }
            "."
        }
        (code::block("", Some(&view.yaml), true, &[]))
    }
}
