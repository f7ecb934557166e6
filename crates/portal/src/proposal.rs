//! Removals that wait for a person: what would go, and the two answers.

use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::measure::{ago, count, grouped};
use crate::part::{blocked, empty, entity_link, headline, state};
use crate::shell::document;

/// A removal that looked like a mistake.
#[derive(Clone, Debug)]
pub struct ProposalRow {
    /// The source's identifier.
    pub source: String,
    /// Where it is.
    pub target: String,
    /// Names exactly what is proposed.
    pub digest: String,
    /// What would go, as far as it is listed.
    pub removed: Vec<EntityRef>,
    /// How many would go in all.
    pub total: usize,
    /// How many the source gave.
    pub known: usize,
    /// Since when it waits.
    pub since: Timestamp,
    /// Who rejected it, when and why.
    pub rejected: Option<(String, Timestamp, Option<String>)>,
}

/// The page `/proposals`.
#[derive(Clone, Debug, Default)]
pub struct ProposalsView {
    /// What waits, then what was rejected.
    pub proposals: Vec<ProposalRow>,
    /// Why this person may not decide.
    pub blocked: Option<String>,
}

/// Entities that are named before the rest is folded away.
const NAMED: usize = 30;

/// Renders the page.
pub fn proposals(chrome: &Chrome, view: &ProposalsView) -> String {
    let waiting = view.proposals.iter().filter(|it| it.rejected.is_none()).count();
    let title = match waiting {
        0 => "No removal waits".to_owned(),
        1 => "1 removal waits for a decision".to_owned(),
        many => format!("{many} removals wait for a decision"),
    };
    let line = html! { "A source that suddenly gives much less than before removes nothing by itself. What it gave stays in the catalog until somebody decides." };
    let actions = html! { a.button href="/sources" { (icon("location")) "Sources" } };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), Some(&actions)))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            @if view.proposals.is_empty() {
                (empty("done", "Nothing to decide", &html! { "Every source gives about what it gave before." }, None))
            }
            @for proposal in &view.proposals { (one(proposal, view.blocked.is_none(), chrome.now)) }
        },
    )
}

fn one(proposal: &ProposalRow, may_decide: bool, now: Timestamp) -> Markup {
    let action = |word: &str| format!("/sources/{}/removal/{word}", address::encode(&proposal.source));
    html! {
        section.panel data-testid="proposal" {
            div.section-head {
                h2 { span.mono { (proposal.target) } }
                div.section-side {
                    @match &proposal.rejected {
                        Some((by, at, _)) => { (state(Tone::Info, "Rejected")) " by " (by) " " (ago(now, *at)) },
                        None => { (state(Tone::Warning, "Waits")) " " (ago(now, proposal.since)) },
                    }
                }
            }
            p {
                (count(proposal.total, "entity", "entities")) " of " (grouped(proposal.known)) " would go."
                @if proposal.removed.len() < proposal.total { " The first " (grouped(proposal.removed.len())) " are decided on now." }
                @if let Some((_, _, Some(reason))) = &proposal.rejected { " Kept because: " (reason) }
            }
            p { @for entity in proposal.removed.iter().take(NAMED) { (entity_link(entity, &entity.to_string())) " " } }
            @if proposal.removed.len() > NAMED {
                details {
                    summary { "And " (grouped(proposal.removed.len() - NAMED)) " more" }
                    p { @for entity in proposal.removed.iter().skip(NAMED) { (entity) " " } }
                }
            }
            @if may_decide {
                div.actions {
                    form action=(action("accept")) method="post" {
                        input type="hidden" name="digest" value=(proposal.digest);
                        button.button.danger type="submit" { (icon("close")) "Remove them" }
                    }
                    @if proposal.rejected.is_none() {
                        form.inline action=(action("reject")) method="post" {
                            input type="hidden" name="digest" value=(proposal.digest);
                            input name="reason" aria-label="Why they stay" placeholder="Why they stay (optional)";
                            button.button type="submit" { (icon("shield")) "Keep them" }
                        }
                    }
                }
            }
        }
    }
}
