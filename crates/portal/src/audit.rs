//! Audit: who did what, when, from where and why; and whether the record is whole.

use fairway_domain::fact::Record;
use fairway_domain::{Digest, Timestamp};

use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{absolute, ago, count, relative};
use crate::part::{chip, empty, facts, headline, pager, section};
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::{address, code};

/// What verifying came to.
#[derive(Clone, Debug)]
pub enum Verification {
    /// Every record is as it was written.
    Intact {
        /// How many.
        records: i64,
        /// The hash of the last one.
        head: Option<Digest>,
    },
    /// A record was changed, dropped, put in or moved.
    Broken {
        /// The first one.
        sequence: i64,
        /// What is wrong with it.
        message: String,
    },
}

/// The page `/audit`.
#[derive(Clone, Debug, Default)]
pub struct AuditView {
    /// This page's records, newest first.
    pub records: Vec<Record>,
    /// `?actor=`
    pub actor: String,
    /// `?kind=`
    pub kind: String,
    /// `?subject=`
    pub subject: String,
    /// The kinds there are.
    pub kinds: Vec<String>,
    /// How many records there are in all.
    pub total: i64,
    /// The address of the older ones.
    pub older: Option<String>,
    /// The address of the newer ones.
    pub newer: Option<String>,
    /// What verifying came to, when it was just done.
    pub verification: Option<Verification>,
}

/// The page `/audit/{sequence}`.
#[derive(Clone, Debug)]
pub struct RecordView {
    /// The record.
    pub record: Record,
    /// Its body as JSON, highlighted.
    pub body: Option<SafeHtml>,
    /// Where its subject is shown.
    pub subject_url: Option<String>,
    /// Whether there is a later one.
    pub has_next: bool,
}

/// Renders the page.
pub fn audit(chrome: &Chrome, view: &AuditView) -> String {
    let total = usize::try_from(view.total).unwrap_or_default();
    let line = html! { (count(total, "record", "records")) ", each holding the hash of the one before. Nothing is edited; what is erased leaves its hash." };
    let actions = html! {
        form action="/audit/verify" method="post" { button.button.primary type="submit" { (icon("shield")) "Verify the chain" } }
    };
    document(
        chrome,
        html! {
            (headline("Audit", Some(&line), Some(&actions)))
            @if let Some(verification) = &view.verification { (verified(verification)) }
            (filters(view))
            @if view.records.is_empty() {
                (empty("audit", "No records match", &html! { "Let go of a filter to see more." }, Some(&html! { a.button href="/audit" { "Show all" } })))
            } @else {
                (records(&view.records, chrome.now))
                (pager(view.newer.as_deref(), view.older.as_deref()))
            }
        },
    )
}

fn verified(verification: &Verification) -> Markup {
    match verification {
        Verification::Intact { records, head } => html! {
            div.notice.good role="status" data-testid="verification" {
                (icon("done"))
                span {
                    "Intact: " (count(usize::try_from(*records).unwrap_or_default(), "record was", "records were")) " checked."
                    @if let Some(head) = head { " The last hash is " span.mono title=(head) { (head.short()) } "." }
                }
            }
        },
        Verification::Broken { sequence, message } => html! {
            div.notice.bad role="alert" data-testid="verification" {
                (icon("failed"))
                span { "Broken at record " (sequence) ": " (message) }
                a href={ "/audit/" (sequence) } { "Open the record" }
            }
        },
    }
}

fn filters(view: &AuditView) -> Markup {
    html! {
        form.toolbar.inline action="/audit" method="get" {
            input #actor name="actor" value=(view.actor) placeholder="Who" aria-label="Who" data-filter;
            select #kind name="kind" aria-label="What kind" {
                option value="" { "Every kind" }
                @for kind in &view.kinds { option value=(kind) selected[*kind == view.kind] { (kind) } }
            }
            input #subject name="subject" value=(view.subject) placeholder="Which thing" aria-label="Which thing";
            button.button type="submit" { "Filter" }
            @if !view.actor.is_empty() || !view.kind.is_empty() || !view.subject.is_empty() {
                a.button.quiet href="/audit" { (icon("close")) "Clear" }
            }
        }
    }
}

/// Records as a table.
pub fn records(records: &[Record], now: Timestamp) -> Markup {
    html! {
        table.table aria-label="Records" {
            thead { tr {
                th.number.fit scope="col" { "Record" }
                th.fit scope="col" { "When" }
                th.fit.at-medium scope="col" { "Who" }
                th scope="col" { "What" }
                th.at-wide scope="col" { "Why" }
                th.at-wide.fit scope="col" { "From" }
            } }
            tbody {
                @for record in records {
                    tr data-row {
                        td.number.fit { a.name href={ "/audit/" (record.sequence) } { (record.sequence) } }
                        td.fit.sub { (ago(now, record.at)) }
                        td.fit.at-medium { (record.actor) }
                        td title=(record.subject) {
                            span.mono { (record.kind) } " " span.sub { (subject(record)) }
                            @if record.erased { " " (chip("erased")) } @else if record.body.is_none() { " " (chip("removed")) }
                        }
                        td.at-wide.sub { (reason(record)) }
                        td.at-wide.fit.sub { (record.origin) @if let Some(address) = &record.address { " " (address) } }
                    }
                }
            }
        }
    }
}

/// What a record is about, in words where its body has them.
fn subject(record: &Record) -> Markup {
    let text = |name: &str| record.body.as_ref()?.get(name)?.as_str();
    let title = text("title").or_else(|| record.body.as_ref()?.pointer("/plan/title")?.as_str());
    let status = text("status").filter(|_| title.is_some());
    html! {
        @match title { Some(title) => (title), None => (record.subject) }
        @if let Some(status) = status { " · " (status) }
    }
}

/// Why, with a run as a link instead of its identifier.
fn reason(record: &Record) -> Markup {
    html! {
        @match record.reason.as_deref() {
            Some(reason) => @match reason.strip_prefix("run ").filter(|id| !id.contains(' ')) {
                Some(id) if record.kind == "run" && id == record.subject => "–",
                Some(id) => a href=(address::run(id)) title=(reason) { "a run" },
                None => (reason),
            },
            None => "–",
        }
    }
}

/// Renders the page.
pub fn record(chrome: &Chrome, view: &RecordView) -> String {
    let record = &view.record;
    let line = html! { span.mono { (record.kind) } " " (record.subject) };
    let actions = html! {
        @if record.sequence > 1 { a.button href={ "/audit/" (record.sequence - 1) } rel="prev" { (icon("back")) "Before" } }
        @if view.has_next { a.button href={ "/audit/" (record.sequence + 1) } rel="next" { "After" (icon("arrow")) } }
        @if let Some(url) = view.subject_url.as_deref().and_then(address::followable) { a.button href=(url) { "Open the subject" } }
    };
    let pairs = [
        (
            "When",
            html! { time datetime=(record.at) { (absolute(record.at)) } " (" (relative(chrome.now, record.at)) ")" },
        ),
        ("Who", html! { (record.actor) }),
        ("Through", html! { (record.origin) @if let Some(from) = &record.address { " from " (from) } }),
        ("Why", html! { (record.reason.as_deref().unwrap_or("no reason given")) }),
        ("Body", html! { span.digest { (record.body_digest) } }),
        ("Before", html! { span.digest { (record.previous) } }),
        ("Hash", html! { span.digest { (record.hash) } }),
    ];
    let body = match (&view.body, &record.body) {
        (Some(html), _) => code::block("", Some(html), true, &[]),
        (None, Some(body)) => {
            code::block(&serde_json::to_string_pretty(body).unwrap_or_default(), None, true, &[])
        }
        (None, None) if record.erased => {
            html! { p.muted { "The body was erased. Its digest stays, so the chain still verifies." } }
        }
        (None, None) => html! { p.muted { "This record says that the subject is gone." } },
    };
    document(
        chrome,
        html! {
            (headline(&format!("Record {}", record.sequence), Some(&line), Some(&actions)))
            div.panel { (facts(&pairs)) }
            (section("body", "What was known", None, &body))
        },
    )
}
