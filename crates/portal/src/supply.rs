//! The supply chain: what a service is made of, how it was built, who signed it and what is known to be weak; and over
//! the fleet, where a library is.

use fairway_domain::finding::Severity;
use fairway_domain::{EntityRef, Timestamp};
use fairway_supply::SeverityCounts;
use maud::{Markup, html};

use crate::address;
use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::measure::{ago, count, size};
use crate::part::{empty, entity_link, headline, owner_link, section, state};
use crate::shell::document;

/// A document that was sent.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// What it says: SBOM, Scan, Provenance, Signature.
    pub kind: &'static str,
    /// Its format and who made it.
    pub made: String,
    /// When it was made, or came.
    pub at: Timestamp,
    /// Its address.
    pub url: String,
    /// Its size.
    pub bytes: u64,
    /// The image, short.
    pub image: Option<String>,
    /// The version that was built.
    pub version: Option<String>,
    /// The environments that it holds for.
    pub environments: Vec<String>,
    /// What it says, in a few words.
    pub says: String,
    /// Vulnerabilities by severity.
    pub vulnerabilities: SeverityCounts,
    /// Whether a signature held.
    pub signature: Option<(Tone, String)>,
    /// Whether only what was read of it is kept.
    pub reduced: bool,
}

/// A vulnerability of something.
#[derive(Clone, Debug)]
pub struct WeakRow {
    /// For example `CVE-2021-44228`.
    pub id: String,
    /// How bad.
    pub severity: Option<Severity>,
    /// The component and its version.
    pub package: String,
    /// The version without it.
    pub fixed: Option<String>,
    /// One line.
    pub title: String,
    /// What has it.
    pub entity: Option<EntityRef>,
    /// Who owns that.
    pub owner: Option<EntityRef>,
    /// Where it is meant to run.
    pub environments: Vec<String>,
    /// For how many days it has been known.
    pub days: i64,
}

/// A library in something.
#[derive(Clone, Debug)]
pub struct PlaceRow {
    /// Its name.
    pub component: String,
    /// Its version.
    pub version: String,
    /// Its licences.
    pub licences: String,
    /// What it is in.
    pub entity: Option<EntityRef>,
    /// The image that it is in, short.
    pub image: Option<String>,
    /// Who owns that.
    pub owner: Option<EntityRef>,
    /// Where that is meant to run.
    pub environments: Vec<String>,
    /// When somebody looked.
    pub at: Timestamp,
}

/// The tab of an entity.
#[derive(Clone, Debug, Default)]
pub struct EntitySupplyView {
    /// What was sent, by kind and the newest first.
    pub evidence: Vec<EvidenceRow>,
    /// The worst vulnerabilities.
    pub weak: Vec<WeakRow>,
    /// How many there are in all.
    pub total: usize,
}

/// What a question for a library came to.
#[derive(Clone, Debug)]
pub enum PlacesFound {
    /// Nothing was asked.
    Nothing,
    /// Where it is, and how many places there are in all.
    Places(Vec<PlaceRow>, usize),
    /// Why there is no answer.
    Problem(String),
}

/// The page `/guardrails/supply-chain`.
#[derive(Clone, Debug)]
pub struct SupplyView {
    /// `?name=`
    pub name: String,
    /// `?version=`
    pub version: String,
    /// `?environment=`
    pub environment: String,
    /// The environments, for the filter.
    pub environments: Vec<String>,
    /// `?severity=`
    pub severity: String,
    /// `?owner=`
    pub owner: String,
    /// The answer for the library.
    pub places: PlacesFound,
    /// The worst vulnerabilities.
    pub weak: Vec<WeakRow>,
    /// How many match.
    pub total: usize,
    /// By severity.
    pub counts: SeverityCounts,
    /// How many documents are known.
    pub documents: usize,
}

/// The part of an entity's page.
pub fn entity_supply(chrome: &Chrome, reference: &EntityRef, view: &EntitySupplyView) -> Markup {
    if view.evidence.is_empty() {
        return html! {
            (empty(
                "shield",
                "No evidence yet",
                &html! {
                    "Send what your pipeline knows of this service: an SBOM (CycloneDX, SPDX), scans (Trivy, SARIF), provenance and signatures."
                },
                None,
            ))
            (section("how-to", "From your pipeline", None, &html! {
                pre.code { code {
                    "trivy image --format cyclonedx --output sbom.json \"$IMAGE\"\n"
                    "fairway supply upload sbom.json --entity " (reference) " --image \"$IMAGE@$DIGEST\" --version \"$VERSION\""
                } }
                p { "The token in " code { "FAIRWAY_TOKEN" } " needs the scope " code { "deliver" } "." }
            }))
        };
    }
    html! {
        (section("evidence", "Evidence", None, &evidence(chrome, view)))
        @let side = count(view.total, "known vulnerability", "known vulnerabilities");
        (section("vulnerabilities", "Vulnerabilities", Some(&html! { (side) }), &weaknesses(&view.weak, view.total, false)))
    }
}

fn evidence(chrome: &Chrome, view: &EntitySupplyView) -> Markup {
    html! {
        div.table-wrap {
            table {
                thead { tr { th { "What" } th { "By" } th { "Says" } th { "About" } th { "As of" } th { "Document" } } }
                tbody {
                    @for row in &view.evidence {
                        tr {
                            td { strong { (row.kind) } }
                            td { (row.made) }
                            td {
                                @if let Some((tone, word)) = &row.signature { (state(*tone, word)) " " }
                                (row.says)
                                @if row.vulnerabilities.total() > 0 { " " (counts(&row.vulnerabilities)) }
                            }
                            td {
                                @if let Some(version) = &row.version { span { (version) } " " }
                                @if let Some(image) = &row.image { span.mono { (image) } " " }
                                @if !row.environments.is_empty() { span.muted { (row.environments.join(", ")) } }
                            }
                            td { (ago(chrome.now, row.at)) }
                            td {
                                a href=(row.url) download { (size(row.bytes)) }
                                @if row.reduced { " " span.muted title="It quotes secrets, which are not kept" { "as read" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn counts(of: &SeverityCounts) -> Markup {
    let parts = [
        ("critical", of.critical, "bad"),
        ("high", of.high, "bad"),
        ("medium", of.medium, "warn"),
        ("low", of.low, "quiet"),
        ("unknown", of.unknown, "quiet"),
    ];
    html! {
        @for (word, number, class) in parts {
            @if number > 0 { span.count.(class) { (number) " " (word) } " " }
        }
    }
}

fn weaknesses(rows: &[WeakRow], total: usize, of_fleet: bool) -> Markup {
    if rows.is_empty() {
        return html! { p.muted { "Nothing that was sent names a vulnerability here." } };
    }
    html! {
        div.table-wrap {
            table {
                thead { tr {
                    th { "Severity" } th { "Vulnerability" } th { "Component" } th { "Fixed in" }
                    @if of_fleet { th { "In" } th { "Owner" } }
                    th { "Environments" } th { "Known for" }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            td { (severity(row.severity)) }
                            td { span.mono { (row.id) } @if !row.title.is_empty() { br; span.muted { (row.title) } } }
                            td { (row.package) }
                            td { @match &row.fixed { Some(fixed) => (fixed), None => span.muted { "no version yet" } } }
                            @if of_fleet {
                                td { @match &row.entity { Some(entity) => (entity_link(entity, entity.name())), None => span.muted { "an image" } } }
                                td { (owner_link(row.owner.as_ref())) }
                            }
                            td { (row.environments.join(", ")) }
                            td { (count(usize::try_from(row.days).unwrap_or(0), "day", "days")) }
                        }
                    }
                }
            }
        }
        @if total > rows.len() { p.muted { "The worst " (rows.len()) " of " (total) "; " code { "fairway supply vulnerabilities" } " lists all." } }
    }
}

fn severity(of: Option<Severity>) -> Markup {
    match of {
        Some(Severity::Critical) => state(Tone::Bad, "Critical"),
        Some(Severity::High) => state(Tone::Bad, "High"),
        Some(Severity::Medium) => state(Tone::Warning, "Medium"),
        Some(Severity::Low) => state(Tone::Info, "Low"),
        None => html! { span.muted { "unknown" } },
    }
}

/// Renders the page.
pub fn supply(chrome: &Chrome, view: &SupplyView) -> String {
    let title = if view.documents == 0 {
        "Supply chain".to_owned()
    } else if view.counts.total() == 0 {
        "No known vulnerabilities".to_owned()
    } else {
        count(view.counts.total(), "known vulnerability", "known vulnerabilities")
    };
    let line = html! {
        @if view.documents == 0 { "Nothing was sent yet, so nothing is known." }
        @else { "From " (count(view.documents, "document", "documents")) ". " (counts(&view.counts)) }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), Some(&html! { a.button href="/guardrails" { (icon("shield")) "Guardrails" } })))
            @if view.documents == 0 {
                (empty(
                    "shield",
                    "No evidence yet",
                    &html! { "Pipelines send SBOMs, scans, provenance and signatures with " code { "fairway supply upload" } "." },
                    None,
                ))
            } @else {
                (section("where", "Where is a library?", None, &html! { (question(view)) (places(chrome, view)) }))
                (section("vulnerabilities", "Vulnerabilities", None, &html! { (filters(view)) (weaknesses(&view.weak, view.total, true)) }))
            }
        },
    )
}

fn question(view: &SupplyView) -> Markup {
    html! {
        form.toolbar.inline action="/guardrails/supply-chain" method="get" {
            input type="search" name="name" value=(view.name) placeholder="log4j-core" aria-label="Name of a library" required;
            input type="text" name="version" value=(view.version) placeholder="every version, or <2.17.1" aria-label="Versions";
            select name="environment" aria-label="Environment" {
                option value="" { "Every environment" }
                @for name in &view.environments { option value=(name) selected[*name == view.environment] { (name) } }
            }
            button.button type="submit" { "Find" }
        }
    }
}

fn places(chrome: &Chrome, view: &SupplyView) -> Markup {
    match &view.places {
        PlacesFound::Nothing => html! {},
        PlacesFound::Problem(message) => html! { p role="alert" { (message) } },
        PlacesFound::Places(rows, _) if rows.is_empty() => {
            html! { p { "Nothing has it in such a version." } }
        }
        PlacesFound::Places(rows, total) => html! {
            div.table-wrap {
                table {
                    thead { tr { th { "Library" } th { "Version" } th { "In" } th { "Owner" } th { "Environments" } th { "Licence" } th { "As of" } } }
                    tbody {
                        @for row in rows {
                            tr {
                                td { (row.component) }
                                td { span.mono { (row.version) } }
                                td {
                                    @match (&row.entity, &row.image) {
                                        (Some(entity), _) => a href={ (address::entity(entity)) "?tab=supply-chain" } { (entity.name()) },
                                        (None, Some(image)) => span.mono { (image) },
                                        (None, None) => "",
                                    }
                                }
                                td { (owner_link(row.owner.as_ref())) }
                                td { (row.environments.join(", ")) }
                                td { (row.licences) }
                                td { (ago(chrome.now, row.at)) }
                            }
                        }
                    }
                }
            }
            @if *total > rows.len() { p.muted { "The first " (rows.len()) " of " (total) "." } }
        },
    }
}

fn filters(view: &SupplyView) -> Markup {
    html! {
        form.toolbar.inline action="/guardrails/supply-chain" method="get" {
            select name="severity" aria-label="Severity" {
                option value="" { "Every severity" }
                @for (value, word) in [("critical", "Critical"), ("high", "High or worse"), ("medium", "Medium or worse")] {
                    option value=(value) selected[value == view.severity] { (word) }
                }
            }
            input type="text" name="owner" value=(view.owner) placeholder="owner, for example checkout" aria-label="Owner";
            button.button type="submit" { "Filter" }
        }
    }
}
