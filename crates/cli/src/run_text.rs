//! A run as a person reads it.

use std::fmt::Write as _;

use fairway_domain::plan::{OutputLink, Plan};
use fairway_domain::run::{EffectStatus, Run, RunStatus};

use crate::output::harmless;

/// The word for where a run stands.
pub const fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Completed => "completed",
        RunStatus::Failed => "failed",
        RunStatus::Undoing => "undoing",
        RunStatus::Undone => "undone",
    }
}

/// How long the run took, when it has settled.
pub fn duration(run: &Run) -> String {
    run.ended_at
        .map_or_else(String::new, |end| format!("{:.2} s", end.duration_since(run.started_at).as_secs_f64()))
}

/// The address of a link; an entity's is its page.
pub fn link_address(link: &OutputLink, base_url: &str) -> Option<String> {
    let entity = |it: &fairway_domain::EntityRef| {
        format!("{base_url}/catalog/{}/{}/{}", it.namespace(), it.kind(), it.name())
    };
    link.url.clone().or_else(|| link.entity_ref.as_ref().map(entity))
}

/// The whole run: what was done, what came of it, and what to do about what failed.
pub fn run_text(run: &Run, plan: Option<&Plan>, base_url: &str) -> String {
    let after = match duration(run) {
        text if text.is_empty() => String::new(),
        text => format!(" after {text}"),
    };
    let mut text = format!("{}: {}{after}\n", run.title, status_word(run.status));
    for (index, effect) in run.effects.iter().enumerate() {
        let summary =
            plan.and_then(|plan| plan.effects.get(index)).map(fairway_domain::plan::Effect::summary);
        let summary = summary.unwrap_or_else(|| format!("Effect {}", index + 1));
        let (word, more) = match &effect.status {
            EffectStatus::Pending => ("waiting", None),
            EffectStatus::Began => ("going on", None),
            EffectStatus::Done { outcome } if outcome.existed => ("there", None),
            EffectStatus::Done { .. } => ("done", None),
            EffectStatus::Failed { message } => ("FAILED", Some(message)),
            EffectStatus::Undone { .. } => ("undone", None),
            EffectStatus::Kept { reason } => ("kept", Some(reason)),
        };
        let _ = writeln!(text, "  {word:<9} {summary}");
        if let Some(more) = more {
            for line in more.lines() {
                let _ = writeln!(text, "            {line}");
            }
        }
    }
    for output in &run.texts {
        let _ = writeln!(text, "\n{}\n{}", output.title, output.content.trim_end());
    }
    let links: Vec<(String, String)> = run
        .links
        .iter()
        .filter_map(|link| Some((link.title.clone(), link_address(link, base_url)?)))
        .collect();
    text.push('\n');
    let width = links.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0).max(3);
    for (title, address) in links {
        let _ = writeln!(text, "  {title:<width$}  {address}");
    }
    let _ = writeln!(text, "  {:<width$}  {base_url}/runs/{}", "Run", run.id);
    if run.status == RunStatus::Failed {
        let _ = writeln!(text, "\nWhat was done before stands. `fairway undo {}` takes it back.", run.id);
    }
    harmless(text.trim_end())
}
