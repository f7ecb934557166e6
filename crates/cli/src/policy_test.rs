//! `fairway policy test`: the tests that stand beside policies.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fairway_policy::kyverno::suite::{self, Outcome};
use fairway_policy::{
    RegoFile, TestCase, TestCounts, TestOutcome, gatekeeper_suite, junit, run_tests, test_report, test_sarif,
};
use serde_json::{Value, json};

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{counted, data, painted, talk};
use crate::test_text::lines;

/// The largest file that is looked at, in bytes.
const FILE_BYTES: u64 = 3 * 1024 * 1024;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 32;
/// The most files that are looked at.
const MAX_FILES: usize = 100_000;
/// Folders that hold no tests of one's own.
const PASSED_OVER: [&str; 3] = [".git", "node_modules", "target"];
/// The name of Kyverno's tests.
const KYVERNO: &str = "kyverno-test.yaml";

/// How the report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For build servers.
    Junit,
    /// For code hosts: what failed.
    Sarif,
    /// As a report of Kubernetes' policy working group.
    PolicyReport,
}

/// `fairway policy test`
#[derive(Debug, clap::Args)]
pub struct PolicyTestArguments {
    /// Tests, and folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How the result is printed on standard output
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: TestFormat,
    /// End with 0 although files that a test names are missing, and the cases about them were not run
    #[arg(long)]
    allow_missing: bool,
    /// Show the cases that passed, too
    #[arg(long, short = 'v', help_heading = "Output")]
    verbose: bool,
}

/// Runs `fairway policy test`.
pub fn test(arguments: &PolicyTestArguments) -> Result<(), CliError> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        // `gator verify` writes a folder and all below it as `folder/...`.
        let path = if path.ends_with("...") { path.parent().unwrap_or(path) } else { path };
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        if path.is_dir() {
            find(path, 0, &mut files)?;
        } else {
            files.push(path.to_owned());
        }
    }
    files.sort();
    files.dedup();
    let mut cases = Vec::new();
    let mut tests = 0_usize;
    let mut missing = 0_usize;
    let rego = rego_sources(&files);
    for file in &files {
        let found =
            if is_rego(file) { run_rego(file, &rego) } else { run(file, arguments.paths.contains(file)) };
        let Some(Ran { cases: found, missing: absent }) = found else { continue };
        tests += 1;
        missing += absent;
        cases.extend(found);
    }
    if tests == 0 {
        return Err(CliError::usage(
            "there is no test of a policy",
            Some(
                "a test is a YAML file of the kind Suite (test.gatekeeper.sh), a kyverno-test.yaml, or a file …_test.rego",
            ),
        ));
    }
    let counts = TestCounts::of(&cases);
    match arguments.output {
        TestFormat::Table => {
            let shown = cases.iter().map(|case| (case, &[][..]));
            painted(&lines(shown, counts, arguments.verbose))?;
        }
        TestFormat::Json => {
            let answer = json!({"cases": cases, "counts": counts, "passed": counts.failed == 0});
            data(&serde_json::to_string_pretty(&answer).unwrap_or_default())?;
        }
        TestFormat::Junit => data(&junit(&cases))?,
        TestFormat::Sarif => {
            let log = test_sarif(&cases, env!("CARGO_PKG_VERSION"));
            data(&serde_json::to_string_pretty(&log).unwrap_or_default())?;
        }
        TestFormat::PolicyReport => data(&fairway_yaml::write(&test_report(&cases)))?,
    }
    if missing > 0 && !arguments.allow_missing {
        talk(&format!(
            "{} not run, because files that the tests name are missing (--allow-missing lets that pass)",
            counted(missing, "case")
        ));
        return Err(CliError::Said(Exit::Failed));
    }
    if counts.failed == 0 { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable = |error: std::io::Error| {
        CliError::usage(
            format!("{} cannot be read: {error}", folder.display()),
            Some("name files or folders that exist"),
        )
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let name = entry.file_name();
        if kind.is_dir() && depth < MAX_DEPTH {
            if !PASSED_OVER.iter().any(|passed| name == *passed) {
                find(&entry.path(), depth + 1, files)?;
            }
        } else if kind.is_file() && (is_yaml(&entry.path()) || is_rego(&entry.path())) {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            return Err(CliError::usage(
                format!("there are more than {MAX_FILES} files to look at"),
                Some("name the folders that hold tests"),
            ));
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn is_rego(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rego")
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES {
        return Err(format!("the file is larger than {FILE_BYTES} bytes"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn documents(path: &Path) -> Result<Vec<Value>, String> {
    let text = read(path)?;
    let reading = fairway_yaml::read(&path.display().to_string(), &text, &fairway_yaml::Limits::default());
    match reading.diagnostics.iter().find(|problem| problem.is_error()) {
        Some(problem) => Err(problem.to_string()),
        None => Ok(reading.documents.into_iter().map(|document| document.value).collect()),
    }
}

/// What came of one file of tests.
struct Ran {
    cases: Vec<TestCase>,
    /// How many of the cases were not run because a file is missing.
    missing: usize,
}

impl From<Vec<TestCase>> for Ran {
    fn from(cases: Vec<TestCase>) -> Self {
        Self { cases, missing: 0 }
    }
}

/// The sources of Rego among files; what cannot be read is told when its own turn comes.
fn rego_sources(files: &[PathBuf]) -> Vec<RegoFile> {
    let mut paths: Vec<PathBuf> = files.iter().filter(|path| is_rego(path)).cloned().collect();
    // A test that is named alone has its policies beside it.
    for test in files.iter().filter(|path| is_rego(path)) {
        let beside = test.parent().and_then(|folder| std::fs::read_dir(folder).ok());
        paths.extend(beside.into_iter().flatten().flatten().map(|it| it.path()).filter(|it| is_rego(it)));
    }
    paths.sort();
    paths.dedup();
    let source = |path: PathBuf| {
        let text = read(&path).ok()?;
        Some(RegoFile { path: path.display().to_string(), text })
    };
    paths.into_iter().filter_map(source).collect()
}

/// Runs the tests of one file in Rego; `None` when it is no file of tests.
fn run_rego(file: &Path, sources: &[RegoFile]) -> Option<Ran> {
    let shown = file.display().to_string();
    if !shown.ends_with("_test.rego") {
        return None;
    }
    let own: Vec<RegoFile> = sources
        .iter()
        .filter(|source| source.path == shown || !source.path.ends_with("_test.rego"))
        .cloned()
        .collect();
    Some(run_tests(&own, &Value::Null).into()).filter(|ran: &Ran| !ran.cases.is_empty())
}

/// Runs a test of Kyverno; each object of an expected result is a case.
fn run_kyverno(shown: &str, text: &str) -> Result<Ran, String> {
    let files = |path: &str| {
        let path = Path::new(path);
        if !path.is_dir() {
            return Ok(vec![(path.display().to_string(), read(path)?)]);
        }
        let mut found = Vec::new();
        find(path, MAX_DEPTH, &mut found).map_err(|error| error.text())?;
        found.retain(|path| is_yaml(path));
        found.sort();
        found.into_iter().map(|path| Ok((path.display().to_string(), read(&path)?))).collect()
    };
    let now = jiff::Timestamp::now().to_string();
    let rows = suite::run(shown, text, &files, Some(&now))?;
    let absent = |row: &&suite::Row| matches!(row.outcome, Outcome::MissingInput(_));
    let missing = rows.iter().filter(absent).count();
    let mut cases: Vec<TestCase> = rows
        .into_iter()
        .map(|row| {
            let outcome = match row.outcome {
                Outcome::Passed | Outcome::Excluded => TestOutcome::Passed,
                Outcome::Failed(reason) | Outcome::NotEvaluated(reason) => TestOutcome::Failed { reason },
                Outcome::MissingInput(reason) => {
                    TestOutcome::Skipped { reason: format!("the object cannot be read: {reason}") }
                }
                Outcome::OtherLanguage(kind) => {
                    TestOutcome::Skipped { reason: format!("a {kind} is not evaluated here") }
                }
            };
            let rule = if row.rule.is_empty() { String::new() } else { format!(" {}", row.rule) };
            let case = format!("{}/{}{rule}: {}", row.kind, row.resource, row.expected);
            TestCase { file: shown.to_owned(), test: row.policy, case, outcome }
        })
        .collect();
    // A test that tests nothing has not passed.
    if cases.is_empty() {
        cases.push(TestCase {
            file: shown.to_owned(),
            test: String::new(),
            case: "the test as a whole".to_owned(),
            outcome: TestOutcome::Failed { reason: "it expects no result".to_owned() },
        });
    }
    Ok(Ran { cases, missing })
}

/// Runs one file; `None` when it is no test. A file that was named has to be one.
fn run(file: &Path, named: bool) -> Option<Ran> {
    let shown = file.display().to_string();
    let broken = |reason: String| {
        Ran::from(vec![TestCase {
            file: shown.clone(),
            test: String::new(),
            case: String::new(),
            outcome: TestOutcome::Failed { reason },
        }])
    };
    let text = match read(file) {
        Ok(text) => text,
        Err(reason) => return named.then(|| broken(reason)),
    };
    if file.file_name().is_some_and(|name| name == KYVERNO) || text.contains("cli.kyverno.io/") && named {
        return Some(run_kyverno(&shown, &text).unwrap_or_else(broken));
    }
    if !named && !text.contains("test.gatekeeper.sh/") {
        return None;
    }
    let suites: Vec<Value> = match documents(file) {
        Ok(found) => found.into_iter().filter(gatekeeper_suite::is_suite).collect(),
        Err(reason) => return Some(broken(reason)),
    };
    if suites.is_empty() {
        return named.then(|| broken("the file holds no test of a policy".to_owned()));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let beside = |path: &str| documents(&folder.join(path));
    let cases: Vec<TestCase> =
        suites.iter().flat_map(|suite| gatekeeper_suite::run(&shown, suite, &beside)).collect();
    Some(cases.into())
}
