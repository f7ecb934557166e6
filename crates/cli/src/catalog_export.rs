//! `fairway catalog export`: entities as files that can be read in again, or for spreadsheets.

use clap::ValueEnum;
use serde_json::Value;

use crate::catalog_list::{Asked, GRAMMAR};
use crate::client::ConnectionArguments;
use crate::column::Column;
use crate::completion::queries;
use crate::failure::CliError;
use crate::output::{counted, data, talk};

/// How entities are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Documents that `fairway catalog validate` and `register` read back.
    #[default]
    Yaml,
    /// A list.
    Json,
    /// A table for spreadsheets (RFC 4180).
    Csv,
}

/// Write entities out as their files have them: YAML that can be registered again, JSON, or CSV
#[derive(Debug, clap::Args)]
#[command(
    after_help = format!("Examples:\n  fairway catalog export > catalog-info.yaml\n  fairway catalog export kind:component owner:team-a --output csv --columns ref,owner,lifecycle\n\n{GRAMMAR}")
)]
pub struct ExportArguments {
    /// Which; everything when absent
    #[arg(value_name = "QUERY", add = queries())]
    query: Vec<String>,
    /// The columns of CSV: ref, title, owner, tag, label.KEY, spec.path, dependsOn
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    columns: Vec<String>,
    /// As of a moment: 2026-03-01T12:00:00Z, 2026-03-01, 7d, or #1234 for a record
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// How the entities are written to standard output
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: ExportFormat,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway catalog export`.
pub async fn export(arguments: ExportArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let is_csv = arguments.output == ExportFormat::Csv;
    if !is_csv && !arguments.columns.is_empty() {
        let hint = "leave --columns out, or write CSV with --output csv";
        return Err(CliError::usage("only CSV has columns", Some(hint)));
    }
    let shown = if arguments.columns.is_empty() { Column::usual() } else { Column::all(&arguments.columns)? };
    let asked = Asked::new(&arguments.query, arguments.at.as_deref()).with("order", "ref");
    // Relations are no part of a file, and may be columns.
    let asked = if is_csv { asked } else { asked.with("form", "source") };
    let (items, _) = asked.items(&client, u64::MAX).await?;
    if items.is_empty() {
        talk("Nothing in the catalog is like that.");
        return match arguments.output {
            ExportFormat::Yaml => Ok(()),
            ExportFormat::Json => data("[]"),
            ExportFormat::Csv => data(&csv(&shown, &[])),
        };
    }
    match arguments.output {
        ExportFormat::Yaml => data(&fairway_yaml::write_documents(&items))?,
        ExportFormat::Json => data(&serde_json::to_string_pretty(&items).unwrap_or_default())?,
        ExportFormat::Csv => data(&csv(&shown, &items))?,
    }
    talk(&format!("{}.", counted(items.len(), "entity").replace("entitys", "entities")));
    Ok(())
}

fn csv(columns: &[Column], items: &[Value]) -> String {
    let line = |cells: Vec<String>| cells.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(",");
    let header = line(columns.iter().map(|column| column.name().to_owned()).collect());
    let rows = items.iter().map(|item| line(columns.iter().map(|column| column.text(item)).collect()));
    std::iter::once(header).chain(rows).collect::<Vec<_>>().join("\r\n")
}

/// A cell in quotes where it needs them. A spreadsheet takes what begins with these signs as a formula, so that it is
/// made a text: the values come from files that anybody may have written.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn a_cell_is_a_text_for_spreadsheets() {
        let cells = ["a b", "a,b", "say \"x\"", "=1+1", "two\nlines"].map(csv_cell);
        assert_eq!(cells, ["a b", "\"a,b\"", "\"say \"\"x\"\"\"", "\"'=1+1\"", "\"two\nlines\""]);
    }
}
