//! The first tab of an entity: what it is about, what it is related to, where it runs.

use fairway_domain::Entity;
use fairway_domain::delivery::DeliveryKind;
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::entity::{EntityDeployment, EntityView, RelationGroup};
use crate::icon::icon;
use crate::measure::ago;
use crate::part::{chip, copyable, entity_link, facts, run_list, section};
use crate::{address, finding, graph, team, waiver};

/// The tab.
pub fn overview(chrome: &Chrome, view: &EntityView) -> Markup {
    let reference = view.entity.reference();
    let graph_link = html! {
        a href=(address::query("/catalog/graph", &[("root", &reference.to_string()), ("depth", "2")])) { "Explore" }
    };
    html! {
        div.split {
            div {
                @if !view.deployments.is_empty() { (deployments(chrome, view)) }
                @if let Some(team) = &view.team { (team::ownership(&reference, team)) }
                @if !view.graph.edges.is_empty() {
                    (section("around", "Around it", Some(&graph_link), &graph::drawing(&view.graph, graph::GraphLinks::Pages)))
                }
                @if !view.findings.is_empty() { (findings(view)) }
                @if !view.waivers.is_empty() { (section("waivers", "Waivers", None, &waiver::table(chrome.now, &view.waivers))) }
                @if let Some(readme) = &view.readme {
                    (section("readme", "Read me", None, &html! { div.panel.prose { (readme) } }))
                }
            }
            div {
                (about(view))
                @if let Some(team) = &view.team { (team::people(team)) }
                @if !view.relations.is_empty() { (section("relations", "Relations", None, &relations(view))) }
                @if let Some(run) = &view.last_run {
                    (section("last-run", "Last run", None, &run_list(std::slice::from_ref(run), chrome.now)))
                }
            }
        }
    }
}

/// The word for why a version came.
pub const fn delivery_word(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Deploy => "deployed",
        DeliveryKind::Promotion => "promoted",
        DeliveryKind::Rollback => "rolled back",
    }
}

fn deployments(chrome: &Chrome, view: &EntityView) -> Markup {
    let service = view.entity.name();
    let side =
        html! { a href={ "/environments/services/" (address::encode(service)) } { "History and moves" } };
    let stage = |deployment: &EntityDeployment| {
        html! {
            li.stage {
                p.stage-name {
                    a href={ "/environments/" (address::encode(&deployment.environment)) } { (deployment.title) }
                    @if deployment.production && !deployment.title.eq_ignore_ascii_case("production") { (chip("production")) }
                }
                @match &deployment.deployed {
                    Some(there) => {
                        p.version { (there.version) }
                        p { a href=(address::run(&there.run)) { (delivery_word(there.kind)) } " " (ago(chrome.now, there.at)) }
                    }
                    None => { p.version.muted { "–" } p { "Nothing here yet" } }
                }
                @if let (Some((version, from)), true) = (&deployment.promotable, view.may_deliver) {
                    form action="/environments/promote" method="post" {
                        input type="hidden" name="service" value=(service);
                        input type="hidden" name="to" value=(deployment.environment);
                        button.button.small type="submit" title={ (version) " is in " (from) ". You see the plan before anything moves." } {
                            (icon("promote")) "Promote " (version)
                        }
                    }
                }
            }
        }
    };
    let chain = html! { ol.chain { @for deployment in &view.deployments { (stage(deployment)) } } };
    section("deployments", "Where it runs", Some(&side), &chain)
}

fn findings(view: &EntityView) -> Markup {
    let all = address::query("/guardrails", &[("service", view.entity.name())]);
    let shown = html! {
        @for found in view.findings.iter().take(5) { (finding::finding(found, Some(&finding::waive_address(found, None)))) }
        @if view.findings.len() > 5 { p { a href=(all) { "All " (view.findings.len()) " findings" } } }
    };
    section("findings", "Findings", None, &shown)
}

fn about(view: &EntityView) -> Markup {
    let entity = &view.entity;
    let tags: Vec<&str> = entity.tags().collect();
    let mut pairs: Vec<(&str, Markup)> = vec![("Reference", html! { span.mono { (entity.reference()) } })];
    if let Some(url) = &view.clone_url {
        pairs.push(("Clone", copyable("Clone address", url)));
    }
    if !tags.is_empty() {
        pairs.push(("Tags", html! { span.chips { @for tag in &tags { a.chip href=(address::query("/catalog", &[("tag", tag)])) { (tag) } } } }));
    }
    if !view.links.is_empty() {
        pairs.push(("Links", html! {
            ul { @for link in &view.links {
                li { @if let Some(url) = address::followable(&link.url) { a href=(url) rel="noopener noreferrer" { (icon("external")) " " (link.title) } } @else { (link.title) } }
            } }
        }));
    }
    pairs.push((
        "From",
        html! {
            @match view.provenance.url.as_deref().and_then(address::followable) {
                Some(url) => a.mono href=(url) { (view.provenance.path) },
                None => span.mono { (view.provenance.path) },
            }
        },
    ));
    html! {
        section.panel aria-label="About" {
            (facts(&pairs))
            @if view.editable { (rename(entity)) }
        }
    }
}

/// Another name, as a plan that changes the file and everything that refers to it.
fn rename(entity: &Entity) -> Markup {
    html! {
        details.more {
            summary { "Rename…" }
            form.form action={ (address::entity(&entity.reference())) "/rename" } method="post" {
                div.field {
                    label for="rename-to" { "New name" }
                    div.inline {
                        input #rename-to name="to" type="text" required maxlength="63" value=(entity.name()) autocomplete="off" spellcheck="false" aria-describedby="rename-help";
                        button.button type="submit" { "Plan it" }
                    }
                    p.help #rename-help { "You see every file that changes before anything does. The old name keeps leading here." }
                }
            }
        }
    }
}

fn relations(view: &EntityView) -> Markup {
    // What a list beside it says already is not said twice.
    let listed = |group: &RelationGroup| {
        matches!(group.relation.as_str(), "ownerOf" | "hasMember" | "parentOf" | "memberOf")
    };
    let groups: Vec<&RelationGroup> =
        view.relations.iter().filter(|group| view.team.is_none() || !listed(group)).collect();
    html! {
        div.relations {
            @for group in groups {
                div {
                    h3 { (capitalised(&graph::words(&group.relation))) }
                    ul {
                        @for related in group.entities.iter().take(12) {
                            li {
                                @if related.missing {
                                    span.missing title="Nothing in the catalog has this reference" { (related.reference) }
                                } @else {
                                    (entity_link(&related.reference, &related.title))
                                    @if let Some(description) = &related.description { span.sub { (description) } }
                                }
                            }
                        }
                    }
                    @if group.entities.len() > 12 {
                        details {
                            summary.muted { (group.entities.len() - 12) " more" }
                            ul { @for related in group.entities.iter().skip(12).take(500) { li { (entity_link(&related.reference, &related.title)) } } }
                        }
                    }
                }
            }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
