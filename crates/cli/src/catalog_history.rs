//! `fairway catalog history|diff|blame|restore|rename|findings|proposals`: the past of entities, and changes to them.

use clap::Subcommand;
use fairway_domain::EntityRef;
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query, segment};
use crate::completion::references;
use crate::failure::CliError;
use crate::output::{OutputArguments, harmless, table, talk};

/// What to do with the past of an entity.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// List the versions of an entity: who changed what, when, and from which revision
    #[command(
        after_help = "Examples:\n  fairway catalog history orders\n  fairway catalog history group:platform --limit 5"
    )]
    History {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "COUNT")]
        limit: u32,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Show what differs between two versions of an entity
    ///
    /// A moment is written 2026-03-01T12:00:00Z, 2026-03-01 (the end of that day), 7d (seven days ago) or
    /// #1234 (a record of the journal).
    #[command(
        after_help = "Examples:\n  fairway catalog diff orders\n  fairway catalog diff orders --from 7d"
    )]
    Diff {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// The earlier moment; the version before the later one when absent
        #[arg(long, value_name = "MOMENT")]
        from: Option<String>,
        /// The later moment; now when absent
        #[arg(long, value_name = "MOMENT")]
        to: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Show who set each field of an entity, when, and from which revision
    #[command(
        after_help = "Examples:\n  fairway catalog blame orders\n  fairway catalog blame orders --at 7d"
    )]
    Blame {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// The moment; now when absent
        #[arg(long, value_name = "MOMENT")]
        at: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Bring an earlier version of an entity back
    ///
    /// Without --yes or --file it only shows what would change, and what follows.
    #[command(
        after_help = "Examples:\n  fairway catalog restore orders 1234\n  fairway catalog restore orders 1234 --file"
    )]
    Restore {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// The record of the version, as `fairway catalog history` lists it
        record: i64,
        /// Bring it back in the catalog at once
        #[arg(long, conflicts_with = "file")]
        yes: bool,
        /// Plan a change of the entity's file instead, so that it stays
        #[arg(long)]
        file: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Plan another name or namespace for an entity; the old one leads to the new one
    #[command(
        after_help = "Examples:\n  fairway catalog rename orders order-service\n  fairway apply DIGEST"
    )]
    Rename {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// The new name: [NAMESPACE/]NAME
        to: String,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// List what the catalog says and that is not so, or plan what mends it
    #[command(
        after_help = "Examples:\n  fairway catalog findings\n  fairway catalog findings --owner group:default/checkout\n  fairway catalog findings --mend old-name:component:default/cart/spec/dependsOn/0"
    )]
    Findings {
        /// Only what this owner is to mend; "none" for what nobody can
        #[arg(long)]
        owner: Option<String>,
        /// Only of this check, for example dead-owner
        #[arg(long)]
        check: Option<String>,
        /// Plan the change of a file that mends this finding
        #[arg(long, value_name = "FINDING")]
        mend: Option<String>,
        /// Look first whether the web addresses of entities still lead somewhere, as happens once a day
        #[arg(long, conflicts_with = "mend")]
        check_links: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// List removals that look like a mistake, or decide on one
    #[command(
        after_help = "Examples:\n  fairway catalog proposals\n  fairway catalog proposals --accept 3f0c2a…\n  fairway catalog proposals --reject 3f0c2a… --reason \"the folder was moved by mistake\""
    )]
    Proposals {
        /// Remove what this source proposes to remove
        #[arg(long, value_name = "SOURCE", conflicts_with = "reject")]
        accept: Option<String>,
        /// Keep what this source proposes to remove
        #[arg(long, value_name = "SOURCE")]
        reject: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
}

/// Runs one of the commands.
pub async fn history(command: HistoryCommand) -> Result<(), CliError> {
    match command {
        HistoryCommand::History { entity, limit, output, connection } => {
            let limit = limit.to_string();
            let path = query(&format!("{}/history", path_of(&entity)?), &[("limit", Some(&limit))]);
            let answer: Value = connection.client()?.get(&path).await?;
            output.print(&answer, || versions_table(&answer))
        }
        HistoryCommand::Diff { entity, from, to, output, connection } => {
            let pairs = [("from", from.as_deref()), ("to", to.as_deref())];
            let path = query(&format!("{}/diff", path_of(&entity)?), &pairs);
            let answer: Value = connection.client()?.get(&path).await?;
            output.print(&answer, || difference_text(&answer))
        }
        HistoryCommand::Blame { entity, at, output, connection } => {
            let path = query(&format!("{}/blame", path_of(&entity)?), &[("at", at.as_deref())]);
            let answer: Value = connection.client()?.get(&path).await?;
            output.print(&answer, || blame_table(&answer))
        }
        HistoryCommand::Restore { entity, record, yes, file, output, connection } => {
            let client = connection.client()?;
            restore(&client, &path_of(&entity)?, record, (yes, file), output).await
        }
        HistoryCommand::Rename { entity, to, output, connection } => {
            let path = format!("{}/rename", path_of(&entity)?);
            let answer: Value = connection.client()?.post(&path, &json!({ "to": to })).await?;
            planned(&answer, output)
        }
        HistoryCommand::Findings { mend: Some(finding), output, connection, .. } => {
            let body = json!({ "finding": finding });
            planned(&connection.client()?.post("/api/v1/catalog/findings/mend", &body).await?, output)
        }
        HistoryCommand::Findings { owner, check, mend: None, check_links, output, connection } => {
            let client = connection.client()?;
            if check_links {
                let _: Value = client.post("/api/v1/catalog/findings/links", &json!({})).await?;
            }
            let pairs = [("owner", owner.as_deref()), ("check", check.as_deref())];
            let path = query("/api/v1/catalog/findings", &pairs);
            let answer: Value = client.get(&path).await?;
            output.print(&answer, || findings_table(&answer))
        }
        HistoryCommand::Proposals { accept, reject, output, connection } => {
            let client = connection.client()?;
            let answer: Value = client.get("/api/v1/catalog/proposals").await?;
            match (accept, reject) {
                (Some(source), _) => decide(&client, &answer, &source, "accept").await,
                (None, Some(source)) => decide(&client, &answer, &source, "reject").await,
                (None, None) => output.print(&answer, || proposals_text(&answer)),
            }
        }
    }
}

/// The path of an entity in the REST interface.
pub fn path_of(entity: &str) -> Result<String, CliError> {
    let reference = EntityRef::parse(entity, Some("component"), "default")
        .map_err(|error| CliError::usage(error.to_string(), Some("write it as [KIND:][NAMESPACE/]NAME")))?;
    Ok(format!(
        "/api/v1/catalog/entities/{}/{}/{}",
        segment(reference.kind()),
        segment(reference.namespace()),
        segment(reference.name())
    ))
}

async fn restore(
    client: &ApiClient,
    path: &str,
    record: i64,
    (yes, file): (bool, bool),
    output: OutputArguments,
) -> Result<(), CliError> {
    if file {
        let body = json!({"sequence": record});
        return planned(&client.post(&format!("{path}/restore/plan"), &body).await?, output);
    }
    let preview: Value = client.get(&format!("{path}/restoration/{record}")).await?;
    if !yes {
        return output.print(&preview, || {
            let consequences = items(&preview, "consequences");
            let consequences = consequences.iter().filter_map(Value::as_str).map(|it| format!("Note: {it}."));
            let notes: Vec<String> = consequences.collect();
            harmless(&format!(
                "{}\n{}\nNothing was changed; --yes brings it back in the catalog, --file plans a change of its file.",
                text(&preview, "/text"),
                notes.join("\n")
            ))
        });
    }
    let body = json!({"sequence": record, "expected": preview.get("expected")});
    let answer: Value = client.post(&format!("{path}/restore"), &body).await?;
    output.print(&answer, || format!("Record {record} is back, as record {}.", text(&answer, "/sequence")))
}

fn planned(answer: &Value, output: OutputArguments) -> Result<(), CliError> {
    let digest = text(answer, "/digest");
    output.print(answer, || {
        let effects = answer.pointer("/plan/effects").and_then(Value::as_array).cloned().unwrap_or_default();
        let files = effects.iter().flat_map(|effect| {
            let repository = text(effect, "/repository");
            items(effect, "files")
                .into_iter()
                .map(move |file| format!("  {repository}/{}", text(&file, "/path")))
        });
        let warnings =
            answer.pointer("/plan/warnings").and_then(Value::as_array).cloned().unwrap_or_default();
        let warnings = warnings.iter().filter_map(Value::as_str).map(|warning| format!("Note: {warning}."));
        let lines: Vec<String> = files.chain(warnings).collect();
        harmless(&format!("{}\n{}", text(answer, "/plan/title"), lines.join("\n")))
    })?;
    if output.is_table() {
        talk(&format!("Nothing was changed yet; apply it with: fairway apply {digest}"));
    }
    Ok(())
}

async fn decide(client: &ApiClient, answer: &Value, source: &str, word: &str) -> Result<(), CliError> {
    let waiting = items(answer, "items");
    let found = waiting.iter().find(|it| text(it, "/source") == source).ok_or_else(|| {
        CliError::failed(
            format!("the source {source} proposes nothing"),
            Some("list what is proposed with: fairway catalog proposals"),
        )
    })?;
    let path = format!("/api/v1/sources/{}/proposal/{word}", segment(source));
    let _: Value = client.post(&path, &json!({"digest": found.get("digest")})).await?;
    let total = items(found, "removed").len();
    talk(&match word {
        "accept" => {
            format!("At most {total} entities were removed: those that the source still does not have.")
        }
        _ => format!("{total} entities stay in the catalog."),
    });
    Ok(())
}

fn items(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Who acted, in a word.
fn actor(value: &Value) -> String {
    let reference = match text(value, "/actor/reference") {
        reference if reference.is_empty() => text(value, "/actor/owner"),
        reference => reference,
    };
    match reference.rsplit_once('/') {
        Some((_, name)) => name.to_owned(),
        None => text(value, "/actor/type"),
    }
}

fn moment(value: &Value) -> String {
    text(value, "/at").chars().take(19).collect::<String>().replace('T', " ")
}

fn short(revision: &str) -> String {
    revision.chars().take(10).collect()
}

fn versions_table(answer: &Value) -> String {
    let rows = items(answer, "items").into_iter().map(|version| {
        let changed: Vec<String> = items(&version, "changes").iter().map(|it| text(it, "/path")).collect();
        let what = match text(&version, "/standing").as_str() {
            "present" if changed.is_empty() => "seen".to_owned(),
            "present" => changed.join(" "),
            other => other.to_owned(),
        };
        let who = format!("{} ({})", actor(&version), text(&version, "/origin"));
        [text(&version, "/sequence"), moment(&version), who, short(&text(&version, "/revision")), what]
    });
    table(
        ["record", "when (UTC)", "by", "revision", "changed"],
        rows.collect(),
        "The journal has nothing on it.",
    )
}

fn blame_table(answer: &Value) -> String {
    let rows = items(answer, "items").into_iter().map(|field| {
        let value = match field.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let late = field.get("atTheLatest") == Some(&Value::Bool(true));
        let when = format!("{}{}", if late { "≤ " } else { "" }, moment(&field));
        [text(&field, "/path"), value, actor(&field), when, short(&text(&field, "/revision"))]
    });
    table(["field", "value", "by", "when (UTC)", "revision"], rows.collect(), "It has no fields.")
}

fn difference_text(answer: &Value) -> String {
    let from = match text(answer, "/from/sequence") {
        from if from.is_empty() => "nothing".to_owned(),
        from => format!("record {from}"),
    };
    let head = format!("From {from} to record {}", text(answer, "/to/sequence"));
    match text(answer, "/text") {
        body if body.is_empty() => format!("{head}: no field differs."),
        body => harmless(&format!("{head}\n{body}")),
    }
}

fn findings_table(answer: &Value) -> String {
    let rows = items(answer, "items").into_iter().map(|found| {
        let fix = match text(&found, "/fixSummary") {
            fix if fix.is_empty() => String::new(),
            fix => format!("{fix} (--mend {})", text(&found, "/id")),
        };
        [
            text(&found, "/severity"),
            text(&found, "/entity"),
            text(&found, "/owner"),
            text(&found, "/message"),
            fix,
        ]
    });
    table(["severity", "entity", "owner", "finding", "fix"], rows.collect(), "The catalog says what is.")
}

fn proposals_text(answer: &Value) -> String {
    let texts: Vec<String> = items(answer, "items")
        .iter()
        .map(|it| {
            let state = if it.get("rejected").is_some() { "rejected" } else { "waits" };
            let removed: Vec<String> =
                items(it, "removed").iter().filter_map(Value::as_str).map(|it| format!("  {it}")).collect();
            format!(
                "{} ({}), {state}: {} of {} entities would go\n{}",
                text(it, "/source"),
                text(it, "/target"),
                text(it, "/total"),
                text(it, "/known"),
                removed.join("\n")
            )
        })
        .collect();
    if texts.is_empty() {
        "No removal waits for a decision.".to_owned()
    } else {
        harmless(&texts.join("\n\n"))
    }
}
