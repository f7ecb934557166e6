//! What the catalog says and that is not so, by whoever is to mend it.

use fairway_domain::finding::Severity;
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::finding::severity;
use crate::icon::icon;
use crate::measure::{ago, count, grouped};
use crate::part::{chip, empty, entity_link, headline, section};
use crate::shell::document;

/// One finding.
#[derive(Clone, Debug)]
pub struct TruthRow {
    /// Its identifier.
    pub id: String,
    /// What was looked at, for people.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// Which entity.
    pub entity: EntityRef,
    /// One sentence.
    pub message: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Since when, at the latest.
    pub since: Timestamp,
    /// What a plan would change.
    pub fix: Option<String>,
}

/// The findings that one owner is to mend.
#[derive(Clone, Debug)]
pub struct TruthGroup {
    /// Who; `None` when there is nobody who could.
    pub owner: Option<EntityRef>,
    /// The findings, the worst first, as far as the page shows them.
    pub findings: Vec<TruthRow>,
    /// How many there are in all.
    pub total: usize,
}

/// The page `/catalog/findings`.
#[derive(Clone, Debug, Default)]
pub struct TruthView {
    /// By owner, the most findings first, nobody's at the end.
    pub groups: Vec<TruthGroup>,
    /// How many there are in all.
    pub total: usize,
    /// The owner or entity that was asked for.
    pub about: Option<String>,
    /// Whether this person may plan changes of files.
    pub may_mend: bool,
    /// Whether this person may have the addresses looked at.
    pub may_look: bool,
}

/// Renders the page.
pub fn truth(chrome: &Chrome, view: &TruthView) -> String {
    let title = match view.total {
        0 => "The catalog says what is".to_owned(),
        1 => "1 thing is not as the catalog says".to_owned(),
        many => format!("{} things are not as the catalog says", grouped(many)),
    };
    let line = html! {
        "Owners who are not there, references to nothing, repositories that are gone, links that lead nowhere."
        @if let Some(about) = &view.about { " Only about " span.mono { (about) } ". " a href="/catalog/findings" { "Show all" } }
    };
    let look = view.may_look.then(|| {
        html! {
            form action="/catalog/findings/links" method="post" {
                button.button type="submit" title="Looks whether the web addresses in annotations and links still lead somewhere; it happens once a day by itself" {
                    (icon("refresh")) "Check links"
                }
            }
        }
    });
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), look.as_ref()))
            @if view.groups.is_empty() {
                (empty("done", "Nothing to mend", &html! { "Every check agrees with what the catalog says." }, None))
            }
            @for (index, group) in view.groups.iter().enumerate() { (one(index, group, view.may_mend, chrome.now)) }
        },
    )
}

fn one(index: usize, group: &TruthGroup, may_mend: bool, now: Timestamp) -> Markup {
    let title =
        group.owner.as_ref().map_or_else(|| "Nobody who could".to_owned(), |owner| owner.name().to_owned());
    let side = html! {
        (count(group.total, "finding", "findings"))
        @if let Some(owner) = &group.owner {
            " · " (entity_link(owner, owner.name()))
            @if group.total > group.findings.len() { " · " a href=(address::query("/catalog/findings", &[("owner", &owner.to_string())])) { "All" } }
        }
    };
    let body = html! {
        table.table aria-label={ "Findings of " (title) } {
            tbody {
                @for finding in &group.findings {
                    tr data-row {
                        td.fit { (severity(finding.severity)) }
                        td.fit { (entity_link(&finding.entity, finding.entity.name())) }
                        td.grow {
                            (finding.message) "."
                            @for seen in &finding.evidence { " " span.sub { (seen) } }
                            " " (chip(&finding.check))
                        }
                        td.fit.at-medium.sub { (ago(now, finding.since)) }
                        td.fit {
                            @if let (Some(fix), true) = (&finding.fix, may_mend) {
                                form action="/catalog/findings/mend" method="post" {
                                    input type="hidden" name="finding" value=(finding.id);
                                    button.button.small type="submit" title=(fix) { (icon("edit")) "Plan the fix" }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    section(&format!("owner-{index}"), &title, Some(&side), &body)
}
