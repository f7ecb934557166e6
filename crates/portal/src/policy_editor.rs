//! The policy editor: what a change would do is beside the text, before anybody saves it.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::finding::Finding;
use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::{self, icon};
use crate::measure::{absolute, ago, count, grouped};
use crate::part::{blocked, entity_link, headline, owner_link, section};
use crate::shell::document;
use crate::{address, code, finding};

/// The address that the page asks what a text would do.
pub const WHAT_IF_ADDRESS: &str = "/policies/what-if";

/// A place that a new policy can go to.
#[derive(Clone, Debug)]
pub struct PolicyHomeView {
    /// The source's identifier.
    pub source: String,
    /// The repository and branch, for people.
    pub name: String,
}

/// The page `/policies/new` or `/policies/edit?policy=…`.
#[derive(Clone, Debug, Default)]
pub struct PolicyEditorView {
    /// The policy whose file is edited; `None` for a new file.
    pub policy: Option<String>,
    /// The path of the file.
    pub path: String,
    /// The text.
    pub content: String,
    /// Of the text as it was opened.
    pub digest: String,
    /// Where the file is, and its address when it can be looked at.
    pub location: Option<(String, String)>,
    /// Where a new file can go.
    pub homes: Vec<PolicyHomeView>,
    /// The place that is chosen.
    pub source: String,
    /// Why nothing can be saved from here.
    pub blocked: Option<String>,
    /// The change request's title and description, as typed.
    pub title: String,
    /// Why, as typed.
    pub description: String,
    /// The words that an object is looked for by.
    pub find: String,
    /// The chosen object of the fleet.
    pub object: String,
    /// An object as YAML, as typed.
    pub manifest: String,
    /// Names the questions of this page.
    pub session: String,
    /// What is wrong with what was sent.
    pub error: Option<String>,
    /// What the text would do, when it was asked.
    pub verdict: PolicyVerdictView,
}

/// How many findings.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeCounts {
    /// That are not there now.
    pub new: usize,
    /// That would go.
    pub solved: usize,
    /// That stay.
    pub same: usize,
    /// That would block.
    pub blocking: usize,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeOfFinding {
    /// It would come.
    New,
    /// It would go.
    Solved,
    /// It stays.
    Same,
}

/// What a service would see.
#[derive(Clone, Debug)]
pub struct ServiceChangeRow {
    /// Its name.
    pub service: String,
    /// Its entity.
    pub entity: Option<EntityRef>,
    /// Whose it is.
    pub owner: Option<EntityRef>,
    /// Where.
    pub environments: Vec<String>,
    /// How many findings.
    pub counts: ChangeCounts,
    /// Those that are listed.
    pub findings: Vec<(ChangeOfFinding, Finding)>,
    /// The environments where a change request can mend some.
    pub mended_in: Vec<String>,
}

/// A plan or push that would have been blocked.
#[derive(Clone, Debug)]
pub struct PastBlockRow {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What: `Plan`, `Applied plan`, `Deployment`, `Push`.
    pub what: String,
    /// For people.
    pub title: String,
    /// Its address.
    pub url: Option<String>,
    /// What would have been said.
    pub message: String,
}

/// The past 90 days.
#[derive(Clone, Debug)]
pub struct PastView {
    /// From when on.
    pub since: Timestamp,
    /// How many plans, deployments and pushes there were.
    pub events: usize,
    /// How many would have been blocked.
    pub blocked: usize,
    /// Whose they were.
    pub people: usize,
    /// The latest.
    pub latest: Vec<PastBlockRow>,
    /// What cannot be read any more.
    pub unreadable: usize,
    /// Whether all were looked at.
    pub complete: bool,
}

/// What a text would do.
#[derive(Clone, Debug, Default)]
pub struct PolicyVerdictView {
    /// Whether it was asked.
    pub asked: bool,
    /// The text that it is about, for the numbers of its lines.
    pub content: String,
    /// The path that diagnostics name it by.
    pub path: String,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the policies could be evaluated at all.
    pub evaluated: bool,
    /// Whether everything was looked at in time.
    pub complete: bool,
    /// The policies of the text: name, title, and what becomes of it.
    pub policies: Vec<(String, String, &'static str)>,
    /// How many objects are delivered.
    pub objects: usize,
    /// How many findings.
    pub counts: ChangeCounts,
    /// By service.
    pub services: Vec<ServiceChangeRow>,
    /// How many services there are in all.
    pub services_in_all: usize,
    /// The past.
    pub past: Option<PastView>,
    /// Waivers that would let nothing pass any more: the policy, what it is about, and what becomes of it.
    pub waivers: Vec<(String, Option<EntityRef>, &'static str)>,
    /// How many findings come with what mends them, and in how many files.
    pub fixable: (usize, usize),
    /// The objects of the fleet that fit the words: identifier and label.
    pub offers: Vec<(String, String)>,
    /// The identifier of the chosen one.
    pub object: String,
    /// What is said about the chosen object: its name, the findings, and what is wrong with it.
    pub chosen: Option<(String, Vec<Finding>, Vec<Diagnostic>)>,
}

/// Renders the page.
pub fn policy_editor(chrome: &Chrome, view: &PolicyEditorView) -> String {
    let title =
        view.policy.as_ref().map_or_else(|| "New policy".to_owned(), |policy| format!("Edit {policy}"));
    let line = html! {
        @match &view.location {
            Some((name, url)) if !url.is_empty() => { a.mono href=(url) { (name) } ". " },
            Some((name, _)) => { span.mono { (name) } ". " },
            None => {},
        }
        "What the text would find is shown before it is in force; saving proposes a change request."
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), None))
            @if let Some(error) = &view.error {
                div.notice.bad role="alert" { (icon("failed")) p { (error) } }
            }
            form.policy-editor action="/policies/edit" method="post" data-what-if=(WHAT_IF_ADDRESS) {
                input type="hidden" name="policy" value=[view.policy.as_deref()];
                input type="hidden" name="digest" value=(view.digest);
                input type="hidden" name="session" value=(view.session);
                div { (text(view)) (object(view)) (save(view)) }
                div {
                    div #policy-verdict aria-live="polite" aria-label="What it would do" role="region" { (verdict(&view.verdict, chrome.now)) }
                }
            }
        },
    )
}

fn text(view: &PolicyEditorView) -> Markup {
    html! {
        @if view.policy.is_none() {
            div.field {
                label for="path" { "File" }
                input #path.mono name="path" value=(view.path) required placeholder="require-cost-centre.yaml" autocomplete="off";
            }
        } @else { input type="hidden" name="path" value=(view.path); }
        div.policy-text {
            div #policy-gutter aria-hidden="true" { (gutter(&view.verdict, &view.content)) }
            textarea #policy-content.mono name="content" aria-label={ "Text of " (view.path) } rows="32" wrap="off" spellcheck="false" autocomplete="off" autocapitalize="off" {
                // The first line break behind the tag is no part of the text.
                "\n" (view.content)
            }
        }
        div.actions {
            button.button type="submit" name="action" value="evaluate" { (icon("run")) "Evaluate" }
        }
    }
}

fn object(view: &PolicyEditorView) -> Markup {
    html! {
        details.panel #try-object open[!view.object.is_empty() || !view.manifest.is_empty() || !view.find.is_empty()] {
            summary { "Try it on one object" }
            div.field {
                label for="find" { "Look for an object of the fleet" }
                input #find name="find" value=(view.find) placeholder="orders production Deployment" autocomplete="off";
            }
            div.field {
                label for="policy-offers" { "Object" }
                select #policy-offers name="object" { (offers(&view.verdict)) }
            }
            div.field {
                label for="manifest" { "Or objects as YAML" }
                textarea #manifest.mono name="manifest" rows="6" wrap="off" spellcheck="false" { "\n" (view.manifest) }
            }
        }
    }
}

fn offers(view: &PolicyVerdictView) -> Markup {
    html! {
        option value="" { "None" }
        @for (id, label) in &view.offers { option value=(id) selected[*id == view.object] { (label) } }
    }
}

fn save(view: &PolicyEditorView) -> Markup {
    if let Some(reason) = &view.blocked {
        return section("save", "Save", None, &blocked(reason));
    }
    let content = html! {
        @if view.policy.is_none() {
            div.field {
                label for="source" { "Repository" }
                select #source name="source" {
                    @for home in &view.homes { option value=(home.source) selected[home.source == view.source] { (home.name) } }
                }
            }
        }
        div.field {
            label for="title" { "Title of the change request" }
            input #title name="title" value=(view.title) placeholder="Made up from the change" autocomplete="off";
        }
        div.field {
            label for="description" { "Why" }
            textarea #description name="description" rows="2" placeholder="For those who review it" { (view.description) }
        }
        div.actions { button.button.primary type="submit" name="action" value="save" { "Propose the change" } }
    };
    section("save", "Save", None, &content)
}

/// What changes on the page when the text does: the numbers of the lines, the objects to choose from, the verdict.
pub fn policy_verdict(view: &PolicyVerdictView, now: Timestamp) -> String {
    let parts = html! {
        div data-part="policy-gutter" { (gutter(view, &view.content)) }
        select data-part="policy-offers" { (offers(view)) }
        div data-part="policy-verdict" { (verdict(view, now)) }
    }
    .into_string();
    html! { (icon::symbols(&parts, false)) (maud::PreEscaped(parts)) }.into_string()
}

/// The numbers of the lines, with what is wrong at them.
fn gutter(view: &PolicyVerdictView, content: &str) -> Markup {
    let mut wrong: BTreeMap<usize, (bool, Vec<&str>)> = BTreeMap::new();
    for diagnostic in &view.diagnostics {
        if let Some(location) = diagnostic.location.as_ref().filter(|it| it.file == view.path) {
            let (is_error, messages) = wrong.entry(location.line).or_default();
            *is_error |= diagnostic.is_error();
            messages.push(&diagnostic.message);
        }
    }
    let lines = content.lines().count().max(1);
    html! {
        @for number in 1..=lines {
            @match wrong.get(&number) {
                Some((is_error, messages)) => span.bad[*is_error].warn[!is_error] title=(messages.join("; ")) { (number) "\n" },
                None => span { (number) "\n" },
            }
        }
    }
}

fn verdict(view: &PolicyVerdictView, now: Timestamp) -> Markup {
    if !view.asked {
        return html! { p.muted { "Evaluate the text to see what it would find." } };
    }
    html! {
        @for diagnostic in &view.diagnostics { (code::diagnostic(diagnostic, None)) }
        @if view.evaluated {
            @if let Some((object, findings, diagnostics)) = &view.chosen { (chosen(object, findings, diagnostics)) }
            (today(view))
            @if let Some(past) = &view.past { (past_days(past, now)) }
        } @else {
            p.muted { "Nothing was evaluated: mend the text first." }
        }
    }
}

fn chosen(object: &str, findings: &[Finding], diagnostics: &[Diagnostic]) -> Markup {
    let content = html! {
        @for diagnostic in diagnostics { (code::diagnostic(diagnostic, None)) }
        @if findings.is_empty() && diagnostics.is_empty() {
            p { (icon("done")) " The text finds nothing wrong with it." }
        }
        @for one in findings { (finding::finding(one, None)) }
    };
    section("object", if object.is_empty() { "The object" } else { object }, None, &content)
}

fn today(view: &PolicyVerdictView) -> Markup {
    let counts = view.counts;
    let side = html! { (count(view.objects, "object", "objects")) };
    let content = html! {
        p.policy-counts {
            @for (number, word, class) in [
                (counts.new, "new", "bad"),
                (counts.solved, "solved", "good"),
                (counts.same, "the same", "quiet"),
                (counts.blocking, "would block", "bad"),
            ] {
                span.tone.(if number == 0 { "quiet" } else { class }) data-count=(word) { strong { (grouped(number)) } " " (word) }
            }
        }
        @if !view.complete { p.tone.warn { (icon("warning")) " Not everything was looked at in time, so these are too few." } }
        @if !view.policies.is_empty() {
            p.muted {
                @for (position, (name, title, change)) in view.policies.iter().enumerate() {
                    @if position > 0 { ", " }
                    span title=(name) { (title) } " (" (change) ")"
                }
            }
        }
        @if view.fixable.0 > 0 {
            p { (count(view.fixable.0, "finding comes", "findings come")) " with what mends it, in " (count(view.fixable.1, "delivered file", "delivered files")) "." }
        }
        @if !view.waivers.is_empty() {
            p { (count(view.waivers.len(), "waiver", "waivers")) " would let nothing pass any more:" }
            ul {
                @for (policy, entity, fate) in &view.waivers {
                    li {
                        (policy)
                        @if let Some(entity) = entity { " of " (entity_link(entity, entity.name())) }
                        " " (fate)
                    }
                }
            }
        }
        @if view.services.is_empty() {
            p { (icon("done")) " Nothing that is delivered would be found." }
        }
        @for row in &view.services { (service(row)) }
        @if view.services_in_all > view.services.len() {
            p.muted { "… and " (count(view.services_in_all - view.services.len(), "more service", "more services")) }
        }
    };
    section("today", "The fleet today", Some(&side), &content)
}

fn service(row: &ServiceChangeRow) -> Markup {
    let counts = row.counts;
    let listed: BTreeSet<ChangeOfFinding> = row.findings.iter().map(|(change, _)| *change).collect();
    html! {
        details.policy-service id={ "service-" (row.service) } data-service=(row.service) {
            summary.policy {
                strong { @if row.service.is_empty() { "No service" } @else { (row.service) } }
                span.policy-side {
                    @if counts.new > 0 { span.tone.bad { (grouped(counts.new)) " new" } }
                    @if counts.solved > 0 { span.tone.good { (grouped(counts.solved)) " solved" } }
                    @if counts.same > 0 { span.tone.quiet { (grouped(counts.same)) " same" } }
                    span.muted { (row.environments.join(", ")) }
                }
            }
            p.muted {
                @if let Some(entity) = &row.entity { (entity_link(entity, &row.service)) " of " }
                (owner_link(row.owner.as_ref()))
            }
            @for change in [ChangeOfFinding::New, ChangeOfFinding::Solved, ChangeOfFinding::Same] {
                @if listed.contains(&change) {
                    h3 { (match change {
                        ChangeOfFinding::New => "New",
                        ChangeOfFinding::Solved => "Solved",
                        ChangeOfFinding::Same => "The same",
                    }) }
                    @for (_, one) in row.findings.iter().filter(|(of, _)| *of == change) { (finding::finding(one, None)) }
                }
            }
            @if !row.mended_in.is_empty() {
                div.actions {
                    @for environment in &row.mended_in {
                        button.button.small type="submit" name="mend" value={ (row.service) "/" (environment) } formaction="/policies/mend" {
                            "Mend it in " (environment) " by a change request"
                        }
                    }
                }
            }
            @if row.findings.is_empty() {
                p.muted { a href=(address::query("/guardrails", &[("service", &row.service)])) { "What is found now" } }
            }
        }
    }
}

fn past_days(past: &PastView, now: Timestamp) -> Markup {
    let side = html! { "since " (absolute(past.since).split(' ').next().unwrap_or_default()) };
    let content = html! {
        @if past.events == 0 {
            p.muted { "There were no plans, deployments or pushes with manifests." }
        } @else {
            p {
                strong { (grouped(past.blocked)) } " of " (count(past.events, "plan or push", "plans and pushes"))
                " would have been blocked"
                @if past.blocked > 0 { ", of " (count(past.people, "person", "people")) }
                "."
            }
        }
        @if !past.complete { p.tone.warn { (icon("warning")) " Not all of them were looked at." } }
        @if past.unreadable > 0 { p.muted { (count(past.unreadable, "record", "records")) " could not be read any more." } }
        @if !past.latest.is_empty() {
            ul.rows {
                @for row in &past.latest {
                    li {
                        p {
                            (row.what) " " @match &row.url { Some(url) => a href=(url) { (row.title) }, None => strong { (row.title) } }
                            " by " (row.by) ", " (ago(now, row.at))
                        }
                        p.muted { (row.message) }
                    }
                }
            }
        }
    };
    section("past", "The past 90 days", Some(&side), &content)
}
