//! A finding: what is wrong, why it matters, how to mend it.

use fairway_domain::finding::{Enforcement, Finding, Outcome, PatchOperation, Severity};
use maud::{Markup, html};

use crate::icon::icon;

/// Values of a patch are shown up to so many characters.
const VALUE: usize = 200;

/// A finding as a block. `waive` is the address at which a waiver can be asked for.
pub fn finding(finding: &Finding, waive: Option<&str>) -> Markup {
    html! {
        article.finding.deny[finding.blocks()] {
            div.finding-head {
                h3 { (finding.policy) }
                (follows(finding))
                (severity(finding.severity))
            }
            p { (finding.message) }
            (body(finding, waive, None))
        }
    }
}

/// Opens a change request with the patches of a policy for a service.
fn mend(finding: &Finding, service: &str) -> Markup {
    html! {
        form.inline action="/guardrails/mend" method="post" {
            input type="hidden" name="service" value=(service);
            input type="hidden" name="environment" value=(finding.object.environment.as_deref().unwrap_or_default());
            input type="hidden" name="policy" value=(finding.rule);
            button.button.small.primary type="submit" { (icon("branch")) "Mend it by a change request" }
        }
    }
}

/// Where, why, how to mend it, and what can be done. `mended` is the service in whose delivered files a change request can
/// mend it.
pub fn body(finding: &Finding, waive: Option<&str>, mended: Option<&str>) -> Markup {
    html! {
        div.finding-body {
            @if let Outcome::NotEvaluated { reason } = &finding.outcome {
                p.tone.warn { (icon("warning")) " Could not be evaluated: " (reason) }
            }
            dl {
                dt { "Where" }
                dd {
                    (finding.object.kind) " " span.mono { (finding.object.name) }
                    @if let Some(environment) = &finding.object.environment { " in " (environment) }
                    @if let Some(path) = &finding.path { br; span.mono { (path) } }
                    @if let Some(file) = &finding.object.file { br; span.mono.muted {
                        (file) @if let Some(line) = finding.line { ":" (line) }
                    } }
                }
                @if let Some(why) = &finding.why { dt { "Why" } dd { (why) } }
                @if let Some(fix) = &finding.fix { dt { "Fix" } dd { (fix) } }
                @if !finding.patch.is_empty() { dt { "Patch" } dd { (patch(&finding.patch)) } }
                @if let Some(docs) = finding.docs.as_deref().filter(|docs| is_address(docs)) {
                    dt { "More" } dd { a href=(docs) { "About this policy" } }
                }
                @if let Some(waiver) = &finding.waiver {
                    dt { "Waived" }
                    dd { "until " (waiver.until.strftime("%-d %B %Y")) ": " (waiver.reason) " " a href={ "/guardrails/waivers#" (waiver.id) } { (waiver.id) } }
                }
            }
            @if let (Some(waive), None) = (waive, &finding.waiver) {
                div.actions {
                    @if let (Some(service), false) = (mended, finding.patch.is_empty()) { (mend(finding, service)) }
                    a.button.small href=(waive) { (icon("clock")) "Ask for a waiver…" }
                }
            }
        }
    }
}

/// Where a waiver of a finding can be asked for: one of what is delivered, or of a plan.
pub fn waive_address(finding: &Finding, plan: Option<&str>) -> String {
    let id = finding.id();
    crate::address::query("/guardrails/waivers/new", &[("finding", &id), ("plan", plan.unwrap_or_default())])
}

fn patch(operations: &[PatchOperation]) -> Markup {
    let shown = |value: &serde_json::Value| value.to_string().chars().take(VALUE).collect::<String>();
    html! {
        @for (index, operation) in operations.iter().enumerate() {
            @if index > 0 { br; }
            code {
                @match operation {
                    PatchOperation::Add { path, value } => { "add " (path) ": " (shown(value)) }
                    PatchOperation::Replace { path, value } => { "replace " (path) ": " (shown(value)) }
                    PatchOperation::Remove { path } => { "remove " (path) }
                }
            }
        }
    }
}

/// What follows from a finding, in icon and word.
pub fn follows(finding: &Finding) -> Markup {
    match &finding.waiver {
        Some(waiver) => html! {
            span.state.info title={ "Until " (waiver.until.strftime("%-d %B %Y")) } { (icon("clock")) "Waived" }
        },
        None => enforcement(finding.enforcement),
    }
}

/// A page here, or on the web; other schemes could run something.
fn is_address(docs: &str) -> bool {
    docs.starts_with("https://")
        || docs.starts_with("http://")
        || (docs.starts_with('/') && !docs.starts_with("//"))
}

/// What follows, in icon and word.
pub fn enforcement(enforcement: Enforcement) -> Markup {
    let (class, drawing, word) = match enforcement {
        Enforcement::Deny => ("bad", "failed", "Blocks"),
        Enforcement::Warn => ("warn", "warning", "Warns"),
        Enforcement::Dryrun => ("quiet", "info", "Recorded"),
    };
    html! { span.state.(class) { (icon(drawing)) (word) } }
}

/// How bad, in a word.
pub fn severity(severity: Severity) -> Markup {
    let (class, word) = severity_word(severity);
    html! { span.chip.tone.(class) { (word) } }
}

/// The class and word of a severity.
pub const fn severity_word(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("bad", "critical"),
        Severity::High => ("bad", "high"),
        Severity::Medium => ("warn", "medium"),
        Severity::Low => ("quiet", "low"),
    }
}
