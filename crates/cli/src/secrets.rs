//! `fairway secrets`: looks for secrets in files of this machine, without a server.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use fairway_domain::Diagnostic;
use fairway_secrets::{ALLOW_FILE, AllowList, FILE_BYTES, SecretFinding, SkipReason, scan};
use serde_json::json;

use crate::catalog_validate::ReportFormat;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{counted, data, harmless};
use crate::sarif::sarif;

/// Look for secrets in files
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway secrets scan .\n  fairway secrets scan src/ --output sarif > secrets.sarif"
)]
pub struct SecretsArguments {
    #[command(subcommand)]
    command: SecretsCommand,
}

/// What to do about secrets.
#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// Look for secrets in files and folders, and say where they are, never what they are
    ///
    /// Knows the shapes of tokens and keys, and assignments of what looks random. What is no secret is listed in
    /// .fairway/secrets.yaml of the folder, or has "fairway:allow-secret" with a reason beside it. The folder .git is
    /// passed over. Ends with 1 when something is found.
    #[command(
        after_help = "Examples:\n  fairway secrets scan .\n  fairway secrets scan . --exclude 'node_modules/**' --exclude '**/*.snap'\n  fairway secrets scan src/ --output sarif > secrets.sarif"
    )]
    Scan(ScanArguments),
}

/// `fairway secrets scan`
#[derive(Debug, clap::Args)]
struct ScanArguments {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Paths to leave out, relative to the folder, for example 'node_modules/**'; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Another allow list than .fairway/secrets.yaml of each folder
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    /// How the report is printed
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: ReportFormat,
}

/// Runs `fairway secrets`.
pub fn secrets(arguments: SecretsArguments) -> Result<(), CliError> {
    match arguments.command {
        SecretsCommand::Scan(arguments) => run_scan(&arguments),
    }
}

#[derive(Default)]
struct Report {
    findings: Vec<SecretFinding>,
    problems: Vec<Diagnostic>,
    skipped: Vec<(String, SkipReason)>,
    files: usize,
    allowed: usize,
}

fn run_scan(arguments: &ScanArguments) -> Result<(), CliError> {
    let mut report = Report::default();
    let given = arguments.allow.as_deref().map(|file| allow_list(file, &mut report)).transpose()?;
    for path in &arguments.paths {
        let kind = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        let folder = if kind.is_dir() { path.as_path() } else { Path::new(".") };
        let own = match &given {
            Some(list) => list.clone(),
            None => allow_list(&folder.join(ALLOW_FILE), &mut report)?,
        };
        if kind.is_dir() {
            scan_folder(path, &arguments.exclude, &own, &mut report)?;
        } else {
            scan_file(path, &path.display().to_string(), &own, &mut report)?;
        }
    }
    report.findings.sort();
    let passed = report.findings.is_empty() && report.problems.is_empty();
    let diagnostics = || -> Vec<Diagnostic> {
        report.problems.iter().cloned().chain(report.findings.iter().map(SecretFinding::diagnostic)).collect()
    };
    let answer = || {
        let skipped: Vec<_> =
            report.skipped.iter().map(|(path, why)| json!({"path": path, "reason": why})).collect();
        json!({
            "findings": report.findings,
            "diagnostics": report.problems,
            "files": report.files,
            "allowed": report.allowed,
            "skipped": skipped,
            "passed": passed,
        })
    };
    match arguments.output {
        ReportFormat::Table => data(&text(&report, &diagnostics()))?,
        ReportFormat::Json => data(&serde_json::to_string_pretty(&answer()).unwrap_or_default())?,
        ReportFormat::Yaml => data(&fairway_yaml::write(&answer()))?,
        ReportFormat::Sarif => {
            data(&serde_json::to_string_pretty(&sarif(&diagnostics())).unwrap_or_default())?;
        }
    }
    if passed { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn text(report: &Report, diagnostics: &[Diagnostic]) -> String {
    let mut parts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    let left = report.skipped.iter().filter(|(_, why)| *why != SkipReason::Binary);
    parts.extend(left.map(|(path, why)| match why {
        SkipReason::TooDense => {
            format!("warning: {path} was looked at in part only: it is nothing but beginnings")
        }
        _ => format!("warning: {path} was not looked at: it is larger than {FILE_BYTES} bytes"),
    }));
    let allowed = if report.allowed == 0 { String::new() } else { format!(", {} allowed", report.allowed) };
    parts.push(format!(
        "{} in {}{allowed}",
        counted(report.findings.len(), "secret"),
        counted(report.files, "file")
    ));
    harmless(&parts.join("\n\n"))
}

/// The list of a file that need not be there.
fn allow_list(file: &Path, report: &mut Report) -> Result<AllowList, CliError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.ends_with(ALLOW_FILE) => {
            return Ok(AllowList::default());
        }
        Err(error) => return Err(unreadable(file, &error)),
    };
    let (list, problems) = AllowList::read(&file.display().to_string(), &text);
    report.problems.extend(problems);
    Ok(list)
}

/// Goes through a folder by name; links are not followed.
fn scan_folder(
    root: &Path,
    excluded: &[String],
    allow: &AllowList,
    report: &mut Report,
) -> Result<(), CliError> {
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if excluded.iter().any(|glob| {
                glob_match::glob_match(glob, &inside)
                    || glob.strip_suffix("/**").is_some_and(|it| it == inside)
            }) {
                continue;
            }
            let kind = std::fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() {
                if path.file_name().is_none_or(|name| name != ".git") {
                    waiting.push(path);
                }
            } else if kind.is_file() {
                scan_file(&path, &inside, allow, report)?;
            }
        }
    }
    Ok(())
}

/// `inside` is the path that the allow list knows.
fn scan_file(path: &Path, inside: &str, allow: &AllowList, report: &mut Report) -> Result<(), CliError> {
    let shown = path.display().to_string();
    report.files += 1;
    let size = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if size > FILE_BYTES as u64 {
        report.skipped.push((shown, SkipReason::TooLarge));
        return Ok(());
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let found = scan(inside, &bytes, allow);
    report.allowed += found.allowed;
    if let Some(why) = found.skipped {
        report.skipped.push((shown.clone(), why));
    }
    report
        .findings
        .extend(found.findings.into_iter().map(|finding| SecretFinding { path: shown.clone(), ..finding }));
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(
        format!("{} cannot be read: {error}", path.display()),
        Some("name files or folders that exist"),
    )
}
