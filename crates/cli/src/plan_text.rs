//! A plan as a person reads it before they say yes.

use std::fmt::Write as _;

use fairway_domain::finding::{Enforcement, Finding, Outcome};
use fairway_domain::plan::{Effect, FileAction, FileChange, Plan};
use fairway_domain::tree::FileMode;

use crate::output::{counted, harmless, size};

/// Files of one commit that are listed; the rest is counted.
const FILES: usize = 60;

/// The whole plan.
pub fn plan_text(plan: &Plan, digest: &str) -> String {
    let mut text = format!("{}\n", plan.title);
    if let Some(owner) = &plan.owner {
        let _ = writeln!(text, "for {owner}");
    }
    effects(plan, &mut text);
    environments(plan, &mut text);
    findings(plan, &mut text);
    cost(plan, &mut text);
    if !plan.warnings.is_empty() {
        text.push_str("\nWarnings\n");
        for warning in &plan.warnings {
            let _ = writeln!(text, "  {warning}");
        }
    }
    let _ = write!(text, "\nPlan {digest}");
    harmless(&text)
}

fn effects(plan: &Plan, text: &mut String) {
    if plan.effects.is_empty() {
        text.push_str("\nNothing would change.\n");
        return;
    }
    text.push_str("\nWhat will happen\n");
    for (index, effect) in plan.effects.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", index + 1, effect.summary());
        if let Effect::Commit { files, .. } = effect {
            for file in files.iter().take(FILES) {
                let _ = writeln!(text, "       {}", file_line(file));
            }
            if files.len() > FILES {
                let _ = writeln!(text, "       … and {}", counted(files.len() - FILES, "more file"));
            }
        }
    }
    for step in plan.steps.iter().filter(|step| step.skipped.is_some()) {
        let why = step.skipped.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  -  {} is skipped: {why}", step.name);
    }
}

fn file_line(file: &FileChange) -> String {
    let sign = match file.action {
        FileAction::Add => '+',
        FileAction::Change => '~',
        FileAction::Delete => '-',
    };
    let mode = match file.mode {
        FileMode::Regular => "",
        FileMode::Executable => "  (executable)",
        FileMode::Symlink => "  (link)",
    };
    match file.action {
        FileAction::Delete => format!("{sign} {}", file.path),
        _ => format!("{sign} {}  {}{mode}", file.path, size(file.size)),
    }
}

fn environments(plan: &Plan, text: &mut String) {
    if plan.environments.is_empty() {
        return;
    }
    text.push_str("\nEnvironments\n");
    for it in &plan.environments {
        let manifests = counted(it.files.len(), "manifest");
        let _ = writeln!(
            text,
            "  {}: {} {} in namespace {}, {manifests}",
            it.environment, it.service, it.version, it.namespace
        );
        for resource in &it.resources {
            let size = resource.size.as_ref().map(|size| format!(", {size}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "       {} {} ({}{size})",
                resource.resource_type, resource.name, resource.provider
            );
        }
    }
}

fn findings(plan: &Plan, text: &mut String) {
    if plan.environments.is_empty() && plan.findings.is_empty() {
        return;
    }
    let asked = match plan.policies_evaluated {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    if plan.findings.is_empty() {
        let _ = writeln!(text, "\nGuardrails\n  no findings ({asked} asked)");
        return;
    }
    let _ = writeln!(text, "\nGuardrails ({asked} asked)");
    for finding in &plan.findings {
        let _ = writeln!(text, "{}", finding_text(finding, "  "));
    }
}

/// One finding over a few lines, each with `margin` before it.
pub fn finding_text(finding: &Finding, margin: &str) -> String {
    let word = match finding.enforcement {
        _ if finding.waiver.is_some() => "WAIVED",
        Enforcement::Deny => "DENIED",
        Enforcement::Warn => "WARNING",
        Enforcement::Dryrun => "NOTED",
    };
    let object = &finding.object;
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = object.file.as_ref().map(|file| format!(" in {file}{line}")).unwrap_or_default();
    let environment = object.environment.as_ref().map(|name| format!(", for {name}")).unwrap_or_default();
    let mut text = format!(
        "{margin}{word}  {}  [{}]\n{margin}   {} {}{place}{environment}: {}",
        finding.policy,
        finding.id(),
        object.kind,
        object.name,
        finding.message
    );
    if let Some(path) = &finding.path {
        let _ = write!(text, "\n{margin}   at {path}");
    }
    if let Outcome::NotEvaluated { reason } = &finding.outcome {
        let _ = write!(text, "\n{margin}   could not be evaluated: {reason}");
    }
    if let Some(waiver) = &finding.waiver {
        let _ = write!(text, "\n{margin}   waived until {}: {} ({})", waiver.until, waiver.reason, waiver.id);
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(text, "\n{margin}   = {fix}");
    }
    if let Some(docs) = &finding.docs {
        let _ = write!(text, "\n{margin}   = see {docs}");
    }
    text
}

fn cost(plan: &Plan, text: &mut String) {
    let Some(cost) = &plan.cost else { return };
    let _ = writeln!(text, "\nCost\n  {} {} per month", cost.monthly, cost.currency);
    for line in &cost.lines {
        let _ =
            writeln!(text, "       {} {}: {} ({})", line.environment, line.item, line.monthly, line.basis);
    }
    if !cost.unpriced.is_empty() {
        let _ = writeln!(text, "       without a price: {}", cost.unpriced.join(", "));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::plan::Plan;
    use serde_json::json;

    #[test]
    fn a_plan_shows_files_resources_findings_and_cost() {
        let plan: Plan = serde_json::from_value(json!({
            "format": 1, "purpose": {"type": "deploy", "service": "shop", "environment": "staging", "version": "1"},
            "title": "Deploy shop 1 to staging", "inputs": {}, "steps": [],
            "effects": [{"type": "commit", "repository": "platform/environments", "branch": "main", "base": null, "rebase": true, "message": "m",
                "files": [{"path": "staging/shop/deployment.yaml", "action": "add", "mode": "regular", "size": 1500}]}],
            "environments": [{"environment": "staging", "service": "shop", "version": "1", "namespace": "shop-staging", "files": [],
                "resources": [{"name": "db", "type": "postgres", "class": "c", "provider": "cloudnative-pg", "size": "small"}]}],
            "findings": [{"policy": "Limits", "rule": "r", "severity": "high", "enforcement": "deny", "outcome": {"type": "violation"},
                "object": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}, "message": "no limits\u{1b}[2J", "fix": "add limits"}],
            "policiesEvaluated": 3,
            "cost": {"currency": "EUR", "monthly": 24_000_000, "lines": [], "unpriced": ["storage"]}
        }))
        .unwrap();
        let text = super::plan_text(&plan, "sha256:ab");
        for part in [
            "+ staging/shop/deployment.yaml  1.5 kB",
            "postgres db (cloudnative-pg, small)",
            "DENIED  Limits",
            "= add limits",
            "24.00 EUR per month",
            "without a price: storage",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }
}
