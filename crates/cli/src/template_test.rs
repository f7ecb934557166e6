//! `fairway template test`: golden paths are tried out by the cases beside them, without a server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use fairway_policy::{TestCase, TestCounts, TestOutcome, junit};
use fairway_scaffold::{Golden, TemplateCase, example_answers};
use serde_json::json;
use tokio::runtime::Handle;

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{counted, data, painted, talk};
use crate::policy_folder::PolicyFolder;
use crate::template_suite::{FoundCase, FoundTemplate, Suite, find};
use crate::template_trial::{Laboratory, Trial};
use crate::test_text::lines;

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
}

/// `fairway template test`
#[derive(Clone, Debug, clap::Args)]
pub struct TestTemplateArguments {
    /// Golden paths (template.yaml, or its folder), and folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Use the policies of this folder instead of those that ship with Fairway
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Judge the repositories as a whole, too: policies see the names of all files as one object
    #[arg(long)]
    repository: bool,
    /// Plan in the catalog of this folder, where a case has none of its own; the example organisation's by default
    #[arg(long, value_name = "DIR")]
    platform: Option<PathBuf>,
    /// A host that the embedded forge stands in for, for example github.com; may be given several times
    #[arg(long, value_name = "HOST")]
    forge_host: Vec<String>,
    /// The folder that templates may read files of; the repository that they are in by default
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Write the golden trees anew, and say what changed
    #[arg(long)]
    update: bool,
    /// End with 0 although a template has no cases, and its form cannot be filled in without one
    #[arg(long)]
    allow_missing: bool,
    /// How the result is printed on standard output
    #[arg(long, short = 'o', value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: TestFormat,
    /// Show the cases that passed, too
    #[arg(long, short = 'v', help_heading = "Output")]
    verbose: bool,
}

/// Runs `fairway template test`.
pub async fn test(arguments: TestTemplateArguments) -> Result<(), CliError> {
    let policies = match &arguments.policies {
        Some(folder) => PolicyFolder::read(folder, &[]).await?,
        None => PolicyFolder::shipped()?,
    };
    if !policies.broken.is_empty() {
        return Err(CliError::Diagnostics(policies.broken));
    }
    let root = arguments.root.as_ref().map(|root| {
        root.canonicalize().map_err(|error| {
            CliError::usage(
                format!("{} cannot be read: {error}", root.display()),
                Some("name a folder that exists"),
            )
        })
    });
    let root = root.transpose()?;
    let mut suites = Vec::new();
    for file in find(&arguments.paths)? {
        let suite = Suite::read(file).await?;
        let root = root.clone().unwrap_or_else(|| suite.root());
        if !suite.folder.starts_with(&root) {
            let message = format!("{} is not below {}", suite.file.display(), root.display());
            return Err(CliError::usage(message, Some("name a folder above the templates with --root")));
        }
        suites.push((suite, root));
    }
    let laboratory = Laboratory {
        actions: fairway_app::create::actions(),
        policies,
        repository: arguments.repository,
        platform: arguments.platform.clone(),
        hosts: std::iter::once("fairway".to_owned()).chain(arguments.forge_host.iter().cloned()).collect(),
        update: arguments.update,
        runtime: Handle::current(),
        catalogs: BTreeMap::new(),
    };
    let allow_missing = arguments.allow_missing;
    // Planning is work for the processor, and folders are read in the middle of it: off the async threads.
    let tried = tokio::task::spawn_blocking(move || {
        let mut laboratory = laboratory;
        suites.iter().flat_map(|(suite, root)| run(&mut laboratory, suite, root, allow_missing)).collect()
    });
    let trials: Vec<Trial> = tried
        .await
        .map_err(|error| CliError::failed(format!("a case ended without an answer: {error}"), None))?;
    print(&trials, &arguments)
}

fn print(trials: &[Trial], arguments: &TestTemplateArguments) -> Result<(), CliError> {
    let cases: Vec<TestCase> = trials.iter().map(|trial| trial.case.clone()).collect();
    let counts = TestCounts::of(&cases);
    match arguments.output {
        TestFormat::Table => {
            let notes: Vec<Vec<String>> = trials.iter().map(Trial::notes).collect();
            let shown = cases.iter().zip(notes.iter().map(Vec::as_slice));
            painted(&lines(shown, counts, arguments.verbose))?;
        }
        TestFormat::Json => {
            let answer = json!({"cases": trials, "counts": counts, "passed": counts.failed == 0});
            data(&serde_json::to_string_pretty(&answer).unwrap_or_default())?;
        }
        TestFormat::Junit => data(&junit(&cases))?,
    }
    if arguments.update {
        let changed: usize = trials.iter().map(|trial| trial.changes.len()).sum();
        talk(&format!("{} of golden trees changed", counted(changed, "file")));
    }
    if counts.failed == 0 { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn run(
    laboratory: &mut Laboratory,
    suite: &Suite,
    root: &std::path::Path,
    allow_missing: bool,
) -> Vec<Trial> {
    let file = suite.file.display().to_string();
    let templates = match &suite.templates {
        Ok(templates) => templates,
        Err(problems) => {
            let reason = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let outcome = TestOutcome::Failed { reason };
            return vec![Trial::of(file, String::new(), "the template as a whole".to_owned(), outcome)];
        }
    };
    if suite.cases.is_empty() {
        let tried = templates.iter().map(|found| default_case(laboratory, suite, root, found, allow_missing));
        return tried.collect();
    }
    suite
        .cases
        .iter()
        .map(|folder| laboratory.run(templates, &suite.folder, root, &Suite::case(folder)))
        .collect()
}

/// A template without cases is tried out with the answers that its form gives by itself.
fn default_case(
    laboratory: &mut Laboratory,
    suite: &Suite,
    root: &std::path::Path,
    found: &FoundTemplate,
    allow_missing: bool,
) -> Trial {
    let file = suite.file.display().to_string();
    let test = found.template.reference.name().to_owned();
    let values = match example_answers(&found.template) {
        Ok(values) => values,
        Err(errors) => {
            let missing: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            let reason = format!(
                "there are no cases, and the form's defaults and examples are no answers: {}",
                missing.join("; ")
            );
            let outcome = if allow_missing {
                TestOutcome::Skipped { reason }
            } else {
                let hint =
                    "write tests/<case>/case.yaml beside the template (--allow-missing lets that pass)";
                TestOutcome::Failed { reason: format!("{reason}\n  = {hint}") }
            };
            return Trial::of(file, test, "no cases".to_owned(), outcome);
        }
    };
    let name = "defaults";
    let mut case = TemplateCase::of_values(name, &file, values);
    case.expect.golden = Golden::Never;
    case.template = Some(test);
    let place =
        FoundCase { name: name.to_owned(), file, case: Ok(case), expected: PathBuf::new(), catalog: None };
    laboratory.run(std::slice::from_ref(found), &suite.folder, root, &place)
}
