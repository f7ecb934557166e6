//! A finding: what is wrong, why it matters, how to mend it.

use fairway_domain::finding::{Enforcement, Finding, Outcome, Severity};
use maud::{Markup, html};

use crate::icon::icon;

/// A finding as a block.
pub fn finding(finding: &Finding) -> Markup {
    html! {
        article.finding.deny[finding.blocks()] {
            div.finding-head {
                h3 { (finding.policy) }
                (enforcement(finding.enforcement))
                (severity(finding.severity))
            }
            p { (finding.message) }
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
                @if let Some(docs) = finding.docs.as_deref().filter(|docs| is_address(docs)) {
                    dt { "More" } dd { a href=(docs) { "About this policy" } }
                }
            }
        }
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
