//! Create: the gallery of golden paths.

use std::collections::BTreeSet;

use fairway_domain::EntityRef;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::count;
use crate::part::{chip, empty, filter, headline, owner_link, section};
use crate::row::TemplateRow;
use crate::shell::document;

/// The page `/create`.
#[derive(Clone, Debug, Default)]
pub struct CreateView {
    /// The golden paths.
    pub templates: Vec<TemplateRow>,
    /// What was typed in the filter, `?q=`.
    pub q: String,
    /// The chosen type, `?type=`.
    pub template_type: String,
    /// Why this person may not create.
    pub blocked: Option<String>,
}

/// The form of a golden path.
pub fn template_address(reference: &EntityRef) -> String {
    format!("/create/{}/{}", address::encode(reference.namespace()), address::encode(reference.name()))
}

/// Renders the page.
pub fn create(chrome: &Chrome, view: &CreateView) -> String {
    let line =
        html! { "A golden path asks a few questions, shows the plan, and does nothing until you say so." };
    document(
        chrome,
        html! {
            (headline("What do you want to create?", Some(&line), None))
            @if let Some(reason) = &view.blocked { (crate::part::blocked(reason)) }
            (toolbar(view))
            @if view.templates.is_empty() { (nothing(view)) } @else { (gallery(view)) }
        },
    )
}

fn toolbar(view: &CreateView) -> Markup {
    let types: BTreeSet<&str> = view
        .templates
        .iter()
        .map(|template| template.template_type.as_str())
        .chain([view.template_type.as_str()])
        .filter(|name| !name.is_empty())
        .collect();
    html! {
        div.toolbar {
            (filter("/create", &view.q, "Filter golden paths", "Language, kind, team", &[("type", &view.template_type)]))
            @if types.len() > 1 || !view.template_type.is_empty() {
                nav.segments aria-label="Type" {
                    a href=(address::query("/create", &[("q", &view.q)]))
                        aria-current=[view.template_type.is_empty().then_some("true")] { "All" }
                    @for name in types {
                        a href=(address::query("/create", &[("type", name), ("q", &view.q)]))
                            aria-current=[(name == view.template_type).then_some("true")] { (name) }
                    }
                }
            }
        }
    }
}

fn nothing(view: &CreateView) -> Markup {
    if view.q.is_empty() && view.template_type.is_empty() {
        return empty(
            "template",
            "No golden paths yet",
            &html! { "A golden path is a " code { "template.yaml" } " in a repository or folder that is registered as a source." },
            Some(&html! { a.button.primary href="/sources" { "Register a source" } }),
        );
    }
    empty(
        "search",
        "No golden path matches",
        &html! { "Try another word, or look at all of them." },
        Some(&html! { a.button href="/create" { "Show all" } }),
    )
}

fn gallery(view: &CreateView) -> Markup {
    let (recommended, others): (Vec<&TemplateRow>, Vec<&TemplateRow>) =
        view.templates.iter().partition(|template| template.recommended);
    html! {
        @if !recommended.is_empty() {
            (section("recommended", "Recommended", None, &html! {
                div.cards { @for template in &recommended { (card(template)) } }
            }))
        }
        @if !others.is_empty() {
            (section("others", if recommended.is_empty() { "Golden paths" } else { "More paths" }, None, &html! {
                div.cards { @for template in &others { (card(template)) } }
            }))
        }
    }
}

fn card(template: &TemplateRow) -> Markup {
    html! {
        article.card.recommended[template.recommended] {
            div.card-head {
                span.tile.gold[template.recommended] { (icon(if template.recommended { "star" } else { "template" })) }
                div {
                    h3 { a href=(template_address(&template.reference)) { (template.title) } }
                    span.eyebrow { (template.template_type) }
                }
            }
            p { (template.description.as_deref().unwrap_or("No description yet.")) }
            @if !template.tags.is_empty() {
                div.chips { @for tag in template.tags.iter().filter(|tag| *tag != "recommended").take(6) { (chip(tag)) } }
            }
            div.card-foot {
                span { "By " (owner_link(template.owner.as_ref())) }
                span {
                    @if template.runs == 0 { "Not used yet" } @else { "Used " (count(template.runs, "time", "times")) }
                }
            }
        }
    }
}
