//! `fairway policy what-if`: what a change of policies would do, asked of the server that knows the fleet.

use std::fmt::Write as _;
use std::path::PathBuf;

use fairway_app::guardrails::{
    FindingChange, ImpactCounts, PastKind, PolicyChange, WaiverFate, WhatIfReport,
};
use fairway_domain::Diagnostic;
use serde_json::{Value, json};

use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::manifests;
use crate::output::{OutputArguments, counted, harmless, table};
use crate::plan_text::finding_text;

/// How many services, owners and blocked plans a table shows.
const ROWS: usize = 30;

/// `fairway policy what-if`
#[derive(Clone, Debug, clap::Args)]
pub struct WhatIfArguments {
    /// YAML and JSON files of policies, and folders that hold some
    #[arg(value_name = "FILE", required_unless_present = "remove")]
    paths: Vec<PathBuf>,
    /// A policy that would go, as Kind/name; can be repeated
    #[arg(long, value_name = "POLICY")]
    remove: Vec<String>,
    /// How many findings are shown
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=20_000))]
    findings: u32,
    /// Do not look at the past 90 days
    #[arg(long)]
    no_past: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway policy what-if`.
pub async fn what_if(arguments: WhatIfArguments) -> Result<(), CliError> {
    let files = files(&arguments.paths).await?;
    if files.is_empty() && arguments.remove.is_empty() {
        return Err(CliError::usage(
            "there is no YAML or JSON file",
            Some("name files or folders of policies"),
        ));
    }
    let question = json!({
        "files": files,
        "remove": arguments.remove,
        "listed": arguments.findings,
        "past": !arguments.no_past,
    });
    let client = arguments.connection.client()?;
    let answer: Value = client.post("/api/v1/policies/what-if", &question).await?;
    let report: WhatIfReport = serde_json::from_value(answer.clone()).map_err(|error| {
        CliError::failed(format!("the server's answer cannot be understood: {error}"), None)
    })?;
    arguments.output.print(&answer, || harmless(&words(&report)))?;
    if report.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CliError::Said(Exit::Failed));
    }
    Ok(())
}

async fn files(paths: &[PathBuf]) -> Result<Vec<Value>, CliError> {
    let files = manifests::read(paths).await?;
    Ok(files.iter().map(|file| json!({"path": file.path, "content": file.content})).collect())
}

/// `fairway policy mend`
#[derive(Clone, Debug, clap::Args)]
pub struct MendArguments {
    /// Mend what these policies would find, and nothing else: YAML and JSON files, and folders that hold some
    #[arg(value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// The service, by name
    #[arg(long, value_name = "NAME")]
    service: String,
    /// The environment, by name
    #[arg(long, value_name = "NAME")]
    environment: String,
    /// Only findings of this policy, or of one of its rules
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway policy mend`.
pub async fn mend(arguments: MendArguments) -> Result<(), CliError> {
    let mut question = json!({
        "service": arguments.service,
        "environment": arguments.environment,
        "policy": arguments.policy,
    });
    let files = files(&arguments.paths).await?;
    if let (false, Some(question)) = (files.is_empty(), question.as_object_mut()) {
        question.insert("change".to_owned(), json!({ "files": files }));
    }
    let client = arguments.connection.client()?;
    let opened: Value = client.post("/api/v1/findings/mend", &question).await?;
    let text = |name: &str| opened.get(name).and_then(Value::as_str).unwrap_or_default();
    arguments.output.print(&opened, || {
        let number = opened.get("number").and_then(Value::as_u64).unwrap_or_default();
        harmless(&format!("{} is change request {number} of {}", text("title"), text("repository")))
    })
}

fn counts(counts: ImpactCounts) -> [String; 4] {
    [counts.new, counts.solved, counts.same, counts.blocking].map(|count| count.to_string())
}

fn words(report: &WhatIfReport) -> String {
    let mut parts: Vec<String> = report.diagnostics.iter().map(ToString::to_string).collect();
    if !report.evaluated {
        parts.push("Nothing was evaluated: mend the files first".to_owned());
        return parts.join("\n\n");
    }
    let policies = report.policies.iter().map(|policy| {
        let change = match policy.change {
            PolicyChange::Added => "added",
            PolicyChange::Changed => "changed",
            PolicyChange::Removed => "removed",
            PolicyChange::Same => "same",
        };
        [policy.name.clone(), change.to_owned(), policy.title.clone()]
    });
    parts.push(table(["policy", "change", "title"], policies.collect(), "No policy would change"));
    let today = &report.today;
    for finding in &today.findings {
        let change = match finding.change {
            FindingChange::New => "new",
            FindingChange::Solved => "solved",
            FindingChange::Same => "same",
        };
        parts.push(format!("{change}: {}", finding_text(&finding.finding, "")));
    }
    if !today.services.is_empty() {
        let rows = today.services.iter().take(ROWS).map(|it| {
            let owner = it.owner.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            let environments = it.environments.iter().cloned().collect::<Vec<_>>().join(", ");
            let [new, solved, same, blocking] = counts(it.counts);
            [it.service.clone(), owner, environments, new, solved, same, blocking]
        });
        let header = ["service", "owner", "environments", "new", "solved", "same", "blocking"];
        parts.push(more(table(header, rows.collect(), ""), today.services.len(), "service"));
        let rows = today.owners.iter().take(ROWS).map(|it| {
            let [new, solved, same, blocking] = counts(it.counts);
            let name = if it.name.is_empty() { "nobody".to_owned() } else { it.name.clone() };
            [name, it.services.to_string(), new, solved, same, blocking]
        });
        let header = ["owner", "services", "new", "solved", "same", "blocking"];
        parts.push(more(table(header, rows.collect(), ""), today.owners.len(), "owner"));
    }
    for waiver in &report.waivers {
        let of = waiver.entity.as_ref().map(|entity| format!(" of {entity}")).unwrap_or_default();
        let fate = match waiver.fate {
            WaiverFate::Lapses => "lapses: it does not cover what would be found",
            WaiverFate::Unneeded => "is not needed any more",
        };
        parts.push(format!("waiver {} from {}{of} {fate}", waiver.id, waiver.title));
    }
    if let Some(past) = &report.past {
        let rows = past.latest.iter().take(ROWS).map(|it| {
            let kind = match (it.kind, it.applied) {
                (PastKind::Plan, true) => "applied plan",
                (PastKind::Plan, false) => "plan",
                (PastKind::Deployment, _) => "deployment",
                (PastKind::Push, _) => "push",
            };
            let at = it.at.strftime("%Y-%m-%d %H:%M").to_string();
            [at, it.by.name().to_owned(), kind.to_owned(), it.title.clone(), it.message.clone()]
        });
        if past.blocked > 0 {
            let rows = table(["when", "who", "what", "title", "would have said"], rows.collect(), "");
            parts.push(more(rows, past.blocked, "row"));
        }
        let mut line = format!(
            "{} of {} plans, deployments and pushes since {} would have been blocked",
            past.blocked,
            past.events,
            past.since.strftime("%Y-%m-%d")
        );
        if past.unreadable > 0 {
            let _ = write!(line, " ({} could not be read any more)", past.unreadable);
        }
        parts.push(line);
    }
    let mut line = format!(
        "{} new, {} solved, {} the same in {}; {} would block",
        today.counts.new,
        today.counts.solved,
        today.counts.same,
        counted(report.objects, "object"),
        today.counts.blocking
    );
    if today.fixable > 0 {
        let _ = write!(line, "; {} come with what mends them", counted(today.fixable, "finding"));
    }
    if !report.complete {
        line.push_str("; not everything was looked at in time");
    }
    parts.push(line);
    parts.join("\n\n")
}

fn more(table: String, all: usize, noun: &str) -> String {
    if all <= ROWS { table } else { format!("{table}\n… of {all} {noun}s") }
}
