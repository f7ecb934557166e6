//! The history of an entity: its versions, who set each field, what a version changed, and the way back to it.

use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::Tone;
use crate::icon::icon;
use crate::measure::{absolute, ago, count};
use crate::part::{chip, empty, section};
use crate::{address, code};

/// What a version says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStanding {
    /// It was something.
    Present,
    /// It was gone.
    Gone,
    /// What it was has been erased.
    Erased,
}

/// One version.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The record.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// Through which face.
    pub origin: String,
    /// Why.
    pub reason: Option<String>,
    /// What it says.
    pub standing: VersionStanding,
    /// The revision of the source, shortened, and its page.
    pub revision: Option<(String, Option<String>)>,
    /// The fields that it changed.
    pub changed: Vec<String>,
    /// How many errors stood beside it.
    pub errors: usize,
}

/// A field and who set it.
#[derive(Clone, Debug)]
pub struct BlameRow {
    /// Where.
    pub path: String,
    /// What is there.
    pub value: String,
    /// Who.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// The record.
    pub sequence: i64,
    /// The revision of the source, shortened, and its page.
    pub revision: Option<(String, Option<String>)>,
    /// Whether it may have been there for longer.
    pub at_the_latest: bool,
}

/// Two versions side by side, as YAML.
#[derive(Clone, Debug)]
pub struct VersionDifference {
    /// The record of the earlier one; `None` when there was none.
    pub from: Option<i64>,
    /// The record of the later one.
    pub to: i64,
    /// The earlier one.
    pub before: String,
    /// The later one.
    pub after: String,
}

/// What a person is asked before an earlier version comes back.
#[derive(Clone, Debug)]
pub struct RestoreQuestion {
    /// The record of the version.
    pub sequence: i64,
    /// The record that stands now.
    pub expected: Option<i64>,
    /// What stands now, as YAML.
    pub before: String,
    /// What would stand.
    pub after: String,
    /// What follows.
    pub consequences: Vec<String>,
    /// Whether the file can be changed by a plan.
    pub editable: bool,
}

/// The tab.
#[derive(Clone, Debug, Default)]
pub struct HistoryView {
    /// The versions, newest first.
    pub versions: Vec<VersionRow>,
    /// Who set each field; shown instead of the versions when there is one.
    pub blame: Option<Vec<BlameRow>>,
    /// The change that is open.
    pub difference: Option<VersionDifference>,
    /// The question that is open.
    pub restore: Option<RestoreQuestion>,
    /// The address of older versions.
    pub older: Option<String>,
    /// Whether this person may bring versions back.
    pub may_restore: bool,
}

/// Renders the tab.
pub fn history(reference: &EntityRef, view: &HistoryView, now: Timestamp) -> Markup {
    let here = format!("{}?tab=history", address::entity(reference));
    let views = html! {
        nav aria-label="What the history shows" {
            a href=(here) aria-current=[view.blame.is_none().then_some("true")] { "Versions" } " "
            a href={ (here) "&view=blame" } aria-current=[view.blame.is_some().then_some("true")] { "Who set what" }
        }
    };
    html! {
        @if let Some(question) = &view.restore { (restore(reference, question)) }
        @if let Some(difference) = &view.difference { (changes(&here, difference)) }
        @match &view.blame {
            Some(rows) => (section("blame", "Who set what", Some(&views), &blame(&here, rows, now))),
            None => (section("versions", "Versions", Some(&views), &versions(reference, &here, view, now))),
        }
    }
}

fn versions(reference: &EntityRef, here: &str, view: &HistoryView, now: Timestamp) -> Markup {
    if view.versions.is_empty() {
        return empty("audit", "No records", &html! { "The journal has nothing on this entity yet." }, None);
    }
    html! {
        table.table aria-label="Versions" {
            thead { tr {
                th.fit scope="col" { "When" }
                th.fit.at-medium scope="col" { "Who" }
                th.grow scope="col" { "What" }
                th.fit.at-wide scope="col" { "Revision" }
                th.fit scope="col" { span.hidden { "Actions" } }
            } }
            tbody {
                @for (index, version) in view.versions.iter().enumerate() {
                    tr data-row {
                        td.fit.sub { a.name href={ "/audit/" (version.sequence) } { (ago(now, version.at)) } }
                        td.fit.at-medium { (version.who) " " span.sub { (version.origin) } }
                        td.grow { (what(version)) @if let Some(reason) = &version.reason { " " span.sub { (reason) } } }
                        td.fit.at-wide.sub { (revision(version.revision.as_ref())) }
                        td.fit {
                            @if version.standing == VersionStanding::Present {
                                a href={ (here) "&version=" (version.sequence) } { "Changes" } " "
                                a href=(address::query(&address::entity(reference), &[("at", &format!("#{}", version.sequence))])) data-dated { "As it was" }
                                @if view.may_restore && index > 0 { " " a href={ (here) "&restore=" (version.sequence) } { "Restore" } }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(older) = &view.older { p { a.button href=(older) { "Older" (icon("arrow")) } } }
    }
}

fn what(version: &VersionRow) -> Markup {
    /// Fields that a row names.
    const NAMED: usize = 3;
    html! {
        @match version.standing {
            VersionStanding::Gone => (chip("removed")),
            VersionStanding::Erased => (chip("erased")),
            VersionStanding::Present => {
                @if version.errors > 0 { (count(version.errors, "error", "errors")) " beside it " }
                @else if version.changed.is_empty() { span.muted { "seen" } }
                @for (index, field) in version.changed.iter().take(NAMED).enumerate() {
                    @if index > 0 { ", " } span.mono { (field) }
                }
                @if version.changed.len() > NAMED { " and " (version.changed.len() - NAMED) " more" }
            }
        }
    }
}

fn revision(of: Option<&(String, Option<String>)>) -> Markup {
    html! {
        @match of {
            Some((name, Some(url))) => a.mono href=(url) { (name) },
            Some((name, None)) => span.mono { (name) },
            None => "",
        }
    }
}

fn blame(here: &str, rows: &[BlameRow], now: Timestamp) -> Markup {
    html! {
        table.table aria-label="Who set what" {
            thead { tr {
                th.fit scope="col" { "Field" }
                th.grow scope="col" { "Value" }
                th.fit.at-medium scope="col" { "Who" }
                th.fit scope="col" { "When" }
                th.fit.at-wide scope="col" { "Revision" }
            } }
            tbody {
                @for row in rows {
                    tr data-row {
                        td.fit.mono { (row.path) }
                        td.grow { (row.value) }
                        td.fit.at-medium { (row.who) }
                        td.fit.sub {
                            a href={ (here) "&version=" (row.sequence) } { (ago(now, row.at)) }
                            @if row.at_the_latest { " or before" }
                        }
                        td.fit.at-wide.sub { (revision(row.revision.as_ref())) }
                    }
                }
            }
        }
    }
}

fn changes(here: &str, difference: &VersionDifference) -> Markup {
    let title = match difference.from {
        Some(from) => format!("From record {from} to {}", difference.to),
        None => format!("Record {}, the first", difference.to),
    };
    let close = html! { a href=(here) { (icon("close")) "Close" } };
    let body = html! {
        @if difference.before == difference.after { p.muted { "No field differs; the file moved, or errors came or went." } }
        @else { (code::diff("entity.yaml", &difference.before, &difference.after)) }
    };
    section("difference", &title, Some(&close), &body)
}

fn restore(reference: &EntityRef, question: &RestoreQuestion) -> Markup {
    let action = format!("{}/restore", address::entity(reference));
    let hidden = html! {
        input type="hidden" name="sequence" value=(question.sequence);
        @if let Some(expected) = question.expected { input type="hidden" name="expected" value=(expected); }
    };
    let title = format!("Bring record {} back?", question.sequence);
    let body = html! {
        @for consequence in &question.consequences { p { (icon("warning")) " " (consequence) "." } }
        (code::diff("entity.yaml", &question.before, &question.after))
        div.actions {
            @if question.editable {
                form action=(action) method="post" {
                    (hidden) input type="hidden" name="by" value="file";
                    button.button.primary type="submit" { (icon("edit")) "Plan the change of the file" }
                }
            }
            form action=(action) method="post" {
                (hidden)
                button.button.primary[!question.editable] type="submit" { (icon("undo")) "Restore in the catalog" }
            }
            a.button.quiet href={ (address::entity(reference)) "?tab=history" } { "Cancel" }
        }
    };
    section("restore", &title, None, &body)
}

/// What a page of the past says above everything else.
pub fn past_notice(at: Timestamp, now_url: String) -> crate::chrome::Notice {
    crate::chrome::Notice {
        tone: Tone::Info,
        message: format!(
            "As it was on {}. What runs, findings and documents are not shown for the past",
            absolute(at)
        ),
        action: Some(("Back to now".to_owned(), now_url)),
    }
}

/// The same content with links and filters that stay at the moment: addresses of the catalog's own pages get
/// `at`, except those that name a moment themselves.
pub(crate) fn at_moment(content: &str, at: &str) -> String {
    const LINK: &str = " href=\"/catalog";
    const FORM: &str = "<form";
    let value = address::encode(at);
    let mut dated = String::with_capacity(content.len() + content.len() / 16);
    let mut rest = content;
    loop {
        let link = rest.find(LINK);
        let form = rest.find(FORM);
        let Some(next) = link.into_iter().chain(form).min() else { break };
        if Some(next) == link {
            let start = next + LINK.len();
            let (before, after) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let end = after.find('"').unwrap_or(after.len());
            let (url, tail) = after.split_at_checked(end).unwrap_or((after, ""));
            dated.push_str(before);
            let own = url.is_empty() || url.starts_with(['/', '?', '#']);
            if own && !url.contains("?at=") && !url.contains("&amp;at=") && !url.contains("/restore") {
                let (path, fragment) = url.split_once('#').map_or((url, None), |(path, it)| (path, Some(it)));
                let mark = if path.contains('?') { "&amp;" } else { "?" };
                dated.push_str(path);
                dated.push_str(mark);
                dated.push_str("at=");
                dated.push_str(&value);
                if let Some(fragment) = fragment {
                    dated.push('#');
                    dated.push_str(fragment);
                }
            } else {
                dated.push_str(url);
            }
            rest = tail;
        } else {
            let end =
                rest.get(next..).and_then(|form| form.find('>')).map_or(rest.len(), |end| next + end + 1);
            let (tag, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            dated.push_str(tag);
            if tag
                .get(next..)
                .is_some_and(|it| it.contains("action=\"/catalog") && it.contains("method=\"get\""))
            {
                dated.push_str(&html! { input type="hidden" name="at" value=(at); }.into_string());
            }
            rest = tail;
        }
    }
    dated.push_str(rest);
    dated
}

#[cfg(test)]
mod tests {
    use super::at_moment;

    #[test]
    fn links_and_filters_of_a_page_of_the_past_stay_there() {
        let page = "<a href=\"/catalog\">x</a><a href=\"/catalog?kind=API#l\">x</a><a href=\"/catalogue\">x</a>\
                    <a href=\"/catalog/a/b/c?at=%2312\">x</a><a href=\"/runs\">x</a>\
                    <form class=\"filter\" action=\"/catalog\" method=\"get\"></form>\
                    <form action=\"/sources\" method=\"post\"></form>";
        let expected = "<a href=\"/catalog?at=%233\">x</a><a href=\"/catalog?kind=API&amp;at=%233#l\">x</a><a href=\"/catalogue\">x</a>\
                    <a href=\"/catalog/a/b/c?at=%2312\">x</a><a href=\"/runs\">x</a>\
                    <form class=\"filter\" action=\"/catalog\" method=\"get\"><input type=\"hidden\" name=\"at\" value=\"#3\"></form>\
                    <form action=\"/sources\" method=\"post\"></form>";
        assert_eq!(at_moment(page, "#3"), expected);
    }
}
