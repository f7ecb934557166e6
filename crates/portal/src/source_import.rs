//! The import of Backstage's configuration: a text, the plan that it makes, and the button that carries it out.

use maud::{Markup, html};

use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::part::{blocked, chip, empty, headline, section, state};
use crate::shell::document;

/// The page `/sources/import`.
#[derive(Clone, Debug, Default)]
pub struct ImportView {
    /// The text that was given.
    pub config: String,
    /// What was wrong with it.
    pub error: Option<String>,
    /// What it would do.
    pub plan: Option<ImportPlanView>,
    /// Why this person may not import.
    pub blocked: Option<String>,
}

/// What an import would do.
#[derive(Clone, Debug, Default)]
pub struct ImportPlanView {
    /// Names the plan.
    pub digest: String,
    /// What would be there afterwards.
    pub items: Vec<ImportRow>,
    /// What is not taken over: where it stands, and why.
    pub notes: Vec<(String, String)>,
}

/// A source or credential of an import.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// `Source` or `Credential`.
    pub kind: &'static str,
    /// Its address, or its name and place.
    pub text: String,
    /// Where in the configuration it stands.
    pub from: String,
    /// Whether it is there already.
    pub known: bool,
}

/// Renders the page.
pub fn source_import(chrome: &Chrome, view: &ImportView) -> String {
    let line = html! { "What " code { "catalog.locations" } ", " code { "catalog.providers" } " and " code { "integrations" } " of an app-config.yaml read becomes sources here. The plan comes first." };
    document(
        chrome,
        html! {
            (headline("Import from Backstage", Some(&line), None))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            form action="/sources/import" method="post" {
                div.field.invalid[view.error.is_some()] {
                    label for="config" { "app-config.yaml" }
                    textarea #config name="config" rows="14" cols="100" spellcheck="false" required
                        aria-describedby="config-help" disabled[view.blocked.is_some()] { (view.config) }
                    @if let Some(error) = &view.error { p.error role="alert" { (icon("failed")) (error) } }
                    p.help #config-help {
                        "Leave secrets out: a token stays where it is, as " code { "${GITHUB_TOKEN}" } ". Variables and included files are filled in by "
                        code { "fairway catalog import" } " on the machine that has them."
                    }
                }
                div.actions { button.button.primary type="submit" disabled[view.blocked.is_some()] { "Show the plan" } }
            }
            @if let Some(plan) = &view.plan { (planned(plan, &view.config)) }
        },
    )
}

fn planned(plan: &ImportPlanView, config: &str) -> Markup {
    let fresh = plan.items.iter().filter(|item| !item.known).count();
    html! {
        @if plan.items.is_empty() {
            (empty("location", "Nothing to take over", &html! { "The configuration names no source that can be read here." }, None))
        } @else {
            (section("plan", "The plan", None, &html! {
                table.table aria-label="The plan" {
                    thead { tr { th.fit scope="col" { "What" } th.grow scope="col" { "Where" } th.fit.at-wide scope="col" { "From" } th.fit scope="col" { "State" } } }
                    tbody {
                        @for item in &plan.items {
                            tr {
                                td.fit { (chip(item.kind)) }
                                td.grow { span.mono { (item.text) } }
                                td.fit.at-wide.sub { (item.from) }
                                td.fit { @if item.known { (state(Tone::Info, "There already")) } @else { (state(Tone::Good, "New")) } }
                            }
                        }
                    }
                }
                form action="/sources/import" method="post" {
                    input type="hidden" name="config" value=(config);
                    input type="hidden" name="digest" value=(plan.digest);
                    div.actions { button.button.primary type="submit" disabled[fresh == 0] { "Register what is new" } }
                }
            }))
        }
        @if !plan.notes.is_empty() {
            (section("notes", "Not taken over", None, &html! {
                ul.rows { @for (from, message) in &plan.notes { li { p { span.mono { (from) } } p.muted { (message) } } } }
            }))
        }
    }
}
