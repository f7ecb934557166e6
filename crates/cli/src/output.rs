//! Standard output for data, standard error for talk.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::failure::CliError;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
}

/// `--output`, on every command that reads.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct OutputArguments {
    /// How the result is printed on standard output
    #[arg(
        long,
        short = 'o',
        value_enum,
        default_value_t,
        env = "FAIRWAY_OUTPUT",
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    pub output: OutputFormat,
}

impl OutputArguments {
    /// Prints a value, or the table that stands for it.
    pub fn print(self, value: &Value, table: impl FnOnce() -> String) -> Result<(), CliError> {
        match self.output {
            OutputFormat::Table => data(&table()),
            OutputFormat::Json => data(&serde_json::to_string_pretty(value).unwrap_or_default()),
            OutputFormat::Yaml => data(&fairway_yaml::write(value)),
        }
    }

    /// Whether people read the output.
    pub fn is_table(self) -> bool {
        self.output == OutputFormat::Table
    }
}

/// Prints data, with a line break at its end. Control characters of other people's texts do not reach a
/// terminal.
pub fn data(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let safe = if out.is_terminal() { harmless(text) } else { text.to_owned() };
    let written = out.write_all(safe.trim_end_matches('\n').as_bytes());
    let written = written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    written.map_err(|error| unwritten(&error))
}

/// How a line is painted, where colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    Plain,
    /// A heading.
    Bold,
    /// Something that goes.
    Red,
    /// Something that comes.
    Green,
    /// Something that changes.
    Yellow,
    /// Something to know.
    Cyan,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Bold => "1",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Cyan => "36",
        }
    }
}

/// Prints lines of data, in colours on a terminal that takes them.
pub fn painted(lines: &[(Paint, String)]) -> Result<(), CliError> {
    painted_pieces(lines.iter().map(std::slice::from_ref))
}

/// Prints lines of data whose pieces have colours of their own.
pub fn painted_pieces<'a>(lines: impl Iterator<Item = &'a [(Paint, String)]>) -> Result<(), CliError> {
    if !colours(io::stdout().is_terminal()) {
        let plain = |line: &[(Paint, String)]| line.iter().map(|(_, text)| text.as_str()).collect::<String>();
        return data(&lines.map(plain).collect::<Vec<_>>().join("\n"));
    }
    let mut out = io::stdout().lock();
    for line in lines {
        let painted =
            |(paint, text): &(Paint, String)| format!("\u{1b}[{}m{}\u{1b}[0m", paint.code(), harmless(text));
        let line: String = line.iter().map(painted).collect();
        writeln!(out, "{line}").map_err(|error| unwritten(&error))?;
    }
    out.flush().map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => CliError::OutputClosed,
        _ => CliError::failed(format!("the output cannot be written: {error}"), None),
    }
}

/// Says something to the person at the terminal.
pub fn talk(text: &str) {
    let mut out = io::stderr().lock();
    // Nobody may be listening, which is no reason to stop.
    let _ = out.write_all(harmless(text).trim_end_matches('\n').as_bytes());
    let _ = out.write_all(b"\n");
}

/// Says what went wrong.
pub fn error(error: &CliError) {
    let text = error.text();
    if text.is_empty() {
        return;
    }
    let painted =
        text.strip_prefix("error:").map(|rest| format!("\u{1b}[1;31merror:\u{1b}[0m{}", harmless(rest)));
    match painted.filter(|_| colours(io::stderr().is_terminal())) {
        Some(painted) => {
            let _ = writeln!(io::stderr(), "{}", painted.trim_end());
        }
        None => talk(&text),
    }
}

/// Whether colours may be used. <https://no-color.org>
pub fn colours(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a person sits there who can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether progress may be drawn.
pub fn can_draw() -> bool {
    io::stderr().is_terminal() && colours(true)
}

/// Text without control characters other than line breaks and tabs: titles and messages come from files that
/// anybody may have written.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// A table without lines, as wide as the terminal allows. Without rows it is `empty`.
pub fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    columns(&header, rows.into_iter().map(Vec::from))
}

/// A table without lines whose columns are known only now.
pub fn columns(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell)));
    }
    // The first column needs no space before it.
    table.trim_fmt().lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A count with its noun: `1 file`, `2 files`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A size in bytes for people, in powers of 1000.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::{harmless, size, table};

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\nc\td\u{7}"), "a\u{fffd}[2Jb\nc\td\u{fffd}");
    }

    #[test]
    fn tables_are_aligned_and_bare() {
        let text = table(
            ["name", "kind"],
            vec![["a".into(), "Component".into()], ["long-name".into(), "API".into()]],
            "none",
        );
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(lines, ["NAME       KIND", "a          Component", "long-name  API"]);
        assert_eq!(table(["name"], Vec::new(), "Nothing yet."), "Nothing yet.");
    }

    #[test]
    fn sizes_are_decimal() {
        assert_eq!([size(999), size(1_234), size(2_500_000)], ["999 B", "1.2 kB", "2.5 MB"]);
    }
}
