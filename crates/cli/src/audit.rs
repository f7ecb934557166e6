//! `fairway audit`: the journal, and whether it is what was written.

use std::path::PathBuf;

use clap::Subcommand;
use fairway_domain::fact::Record;
use fairway_ledger::{Ledger, Verification};
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::findings::read;
use crate::output::{OutputArguments, counted, table};
use crate::runs::clock;

/// Read the audit log, and verify it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway audit list --kind run --actor ada\n  fairway audit verify --data ./data"
)]
pub struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List records, newest first
    #[command(
        after_help = "Examples:\n  fairway audit list\n  fairway audit list --kind delivery.deployment --subject gift-cards/production --output json"
    )]
    List {
        /// Only this kind of fact, for example run or catalog.entity; can be repeated
        #[arg(long)]
        kind: Vec<String>,
        /// Only what is about this
        #[arg(long)]
        subject: Option<String>,
        /// Only by actors whose name has this in it
        #[arg(long)]
        actor: Option<String>,
        /// Only records before this number
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<i64>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "COUNT")]
        limit: u32,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Check that no record was changed, dropped, reordered or inserted; ends with 1 and names the first that was
    ///
    /// With --data or --database the database is read directly, also while a server runs on it; otherwise the
    /// server checks it.
    #[command(
        after_help = "Examples:\n  fairway audit verify\n  fairway audit verify --data ./data\n  fairway audit verify --database postgres://fairway@db/fairway"
    )]
    Verify {
        /// The data folder whose database is checked
        #[arg(long, value_name = "DIR", conflicts_with = "database")]
        data: Option<PathBuf>,
        /// The database that is checked
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
}

/// Runs `fairway audit`.
pub async fn audit(arguments: AuditArguments) -> Result<(), CliError> {
    match arguments.command {
        AuditCommand::List { kind, subject, actor, before, limit, output, connection } => {
            let (before, limit) = (before.map(|number| number.to_string()), limit.to_string());
            let mut pairs: Vec<(&str, Option<&str>)> =
                kind.iter().map(|kind| ("kind", Some(kind.as_str()))).collect();
            pairs.push(("subject", subject.as_deref()));
            pairs.push(("actor", actor.as_deref()));
            pairs.push(("before", before.as_deref()));
            pairs.push(("limit", Some(&limit)));
            let answer: Value = connection.client()?.get(&query("/api/v1/audit", &pairs)).await?;
            let records: Vec<Record> = read(&answer, "items")?;
            output.print(&answer, || records_table(&records))
        }
        AuditCommand::Verify { data, database, output, connection } => {
            let answer = match address(data, database)? {
                Some(address) => verify_here(&address).await?,
                None => connection.client()?.get("/api/v1/audit/verify").await?,
            };
            verdict(&answer, output)
        }
    }
}

fn address(data: Option<PathBuf>, database: Option<String>) -> Result<Option<String>, CliError> {
    let Some(folder) = data else { return Ok(database) };
    let file = folder.join("fairway.db");
    if !file.is_file() {
        return Err(CliError::usage(
            format!("{} holds no ledger (fairway.db)", folder.display()),
            Some("name the folder that `fairway up` was given with --data"),
        ));
    }
    Ok(Some(format!("sqlite:{}", file.display())))
}

async fn verify_here(address: &str) -> Result<Value, CliError> {
    let ledger = Ledger::open_read_only(address).await?;
    let verification = ledger.verify().await?;
    ledger.close().await;
    Ok(match verification {
        Verification::Intact { records, blobs, head } => {
            json!({"intact": true, "records": records, "blobs": blobs, "head": head.hash})
        }
        Verification::Broken { sequence, kind, subject, what } => {
            json!({"intact": false, "sequence": sequence, "kind": kind, "subject": subject, "message": what})
        }
    })
}

fn verdict(answer: &Value, output: OutputArguments) -> Result<(), CliError> {
    let intact = answer.get("intact").and_then(Value::as_bool).unwrap_or(false);
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    output.print(answer, || {
        if intact {
            let (records, blobs) = (counted(number("records"), "record"), counted(number("blobs"), "blob"));
            return format!("The audit log is intact: {records}, {blobs}, head {}", text("head"));
        }
        let sequence = answer.get("sequence").and_then(Value::as_i64);
        let place = sequence.map(|number| format!(" at record {number}")).unwrap_or_default();
        let about = match (text("kind"), text("subject")) {
            ("", _) => String::new(),
            (kind, subject) => format!(" ({kind} {subject})"),
        };
        format!("The audit log is BROKEN{place}{about}: {}", text("message"))
    })?;
    if intact { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn records_table(records: &[Record]) -> String {
    let rows = records.iter().map(|record| {
        let by = format!("{} ({})", record.actor, record.origin);
        let kind = if record.body.is_none() && !record.erased {
            format!("{} (gone)", record.kind)
        } else {
            record.kind.clone()
        };
        let reason = record.reason.clone().unwrap_or_default();
        [record.sequence.to_string(), clock(record.at), by, kind, record.subject.clone(), reason]
    });
    table(["record", "when (UTC)", "by", "kind", "subject", "why"], rows.collect(), "No record is like that.")
}
