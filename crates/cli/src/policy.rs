//! `fairway policy`: tests, explains and applies policies of files, without a server; waivers with one.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use fairway_domain::finding::{Enforcement, Severity};
use fairway_policy::{FilePolicies, PolicyDocument, PolicyInfo, PolicySet, RegoFile};
use serde_json::{Value, json};

use crate::check::{self, CheckArguments};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::manifests;
use crate::output::{OutputArguments, counted, harmless};
use crate::policy_test::{self, PolicyTestArguments};
use crate::waive::{self, WaiveArguments};
use crate::what_if::{self, MendArguments, WhatIfArguments};

/// Test, explain and apply policies that are files; ask for and decide on waivers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway policy test policies/\n  fairway policy explain policies/\n  fairway policy check deploy/ --policies policies/"
)]
pub struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Run the tests of policies: Gatekeeper's suites, Kyverno's tests, and those of Rego
    ///
    /// Reads files, and all that are tests below folders: YAML of the kind Suite of test.gatekeeper.sh, as gator verify
    /// does, kyverno-test.yaml, as kyverno test does, and files …_test.rego, as conftest verify does. A folder that ends in
    /// /... is the same folder. Ends with 1 when a case fails, or was not run because a file is missing.
    #[command(
        after_help = "Examples:\n  fairway policy test policies/\n  fairway policy test policies/labels/suite.yaml\n  fairway policy test policies/... --output junit > report.xml"
    )]
    Test(PolicyTestArguments),
    /// Show what policies ask for, why, and what follows
    ///
    /// Ends with 1 when a policy is broken.
    #[command(
        after_help = "Examples:\n  fairway policy explain policies/\n  fairway policy explain policy.yaml --output json"
    )]
    Explain(ExplainArguments),
    /// Check Kubernetes manifests and other files against the policies, as `fairway check` does
    #[command(
        after_help = "Examples:\n  fairway policy check deploy/ --policies policies/\n  fairway policy check deploy/"
    )]
    Check(CheckArguments),
    Waive(WaiveArguments),
    /// Show whom a change of policies would hit, before it is made
    ///
    /// The server evaluates the files against everything that is delivered, and against the plans, deployments and
    /// pushes of the past 90 days; nothing changes. Each document takes the place of the policy of its kind and name.
    /// Ends with 1 when a policy is broken.
    #[command(
        name = "what-if",
        after_help = "Examples:\n  fairway policy what-if policies/require-labels.yaml\n  fairway policy what-if policies/ --output json | jq '.today.counts'\n  fairway policy what-if --remove K8sRequiredLabels/labels"
    )]
    WhatIf(WhatIfArguments),
    /// Open a change request that mends what is delivered, where policies know how
    ///
    /// The server applies the patches of findings to the manifests of a service in an environment, and judges them again
    /// until nothing is left that it can mend. With files of policies it mends what those would find.
    #[command(
        after_help = "Examples:\n  fairway policy mend --service orders --environment production\n  fairway policy mend --service orders --environment production --policy K8sRequiredLabels/labels\n  fairway policy mend --service orders --environment production policies/require-labels.yaml"
    )]
    Mend(MendArguments),
}

/// `fairway policy explain`
#[derive(Debug, clap::Args)]
struct ExplainArguments {
    /// YAML and JSON files of policies, and folders that hold some
    #[arg(required = true, value_name = "POLICY")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `fairway policy`.
pub async fn policy(arguments: PolicyArguments) -> Result<(), CliError> {
    match arguments.command {
        PolicyCommand::Test(arguments) => policy_test::test(&arguments),
        PolicyCommand::Explain(arguments) => explain(arguments).await,
        PolicyCommand::Check(arguments) => check::check(arguments).await,
        PolicyCommand::Waive(arguments) => waive::waive(arguments).await,
        PolicyCommand::WhatIf(arguments) => what_if::what_if(arguments).await,
        PolicyCommand::Mend(arguments) => what_if::mend(arguments).await,
    }
}

async fn explain(arguments: ExplainArguments) -> Result<(), CliError> {
    let mut diagnostics = Vec::new();
    let mut documents = Vec::new();
    let mut rego = Vec::new();
    let is_policy_file = |path: &str| manifests::is_manifest(path) || is_rego(path);
    for file in manifests::read_matching(&arguments.paths, is_policy_file).await? {
        if is_rego(&file.path) {
            rego.push(RegoFile { path: file.path, text: file.content });
            continue;
        }
        let reading = fairway_yaml::read(&file.path, &file.content, &fairway_yaml::Limits::default());
        diagnostics.extend(reading.diagnostics);
        documents.extend(
            reading
                .documents
                .into_iter()
                .filter(|document| is_policy(&document.value))
                .map(|document| PolicyDocument { value: document.value, file: Some(file.path.clone()) }),
        );
    }
    let (set, broken) = PolicySet::compile(documents);
    diagnostics.extend(broken);
    let (over_files, broken) = FilePolicies::compile(&rego, &Value::Null);
    diagnostics.extend(broken);
    let policies: Vec<&PolicyInfo> = set.policies().iter().chain(over_files.policies()).collect();
    if policies.is_empty() && diagnostics.is_empty() {
        return Err(CliError::usage(
            "there is no policy in these files",
            Some(
                "a policy is a ConstraintTemplate with a constraint, a ValidatingAdmissionPolicy with a binding, or a policy of Kyverno",
            ),
        ));
    }
    let answer = json!({"policies": policies, "diagnostics": diagnostics});
    arguments.output.print(&answer, || {
        let mut parts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        parts.extend(policies.iter().map(|policy| words(policy)));
        let count = policies.len();
        parts.push(if count == 1 { "1 policy".to_owned() } else { format!("{count} policies") });
        if !diagnostics.is_empty() {
            parts.push(counted(diagnostics.len(), "problem"));
        }
        harmless(&parts.join("\n\n"))
    })?;
    if diagnostics.iter().any(fairway_domain::Diagnostic::is_error) {
        return Err(CliError::Said(Exit::Failed));
    }
    Ok(())
}

fn is_rego(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rego")
}

/// Whether a document belongs to the policies.
fn is_policy(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(fairway_catalog::is_policy)
}

fn words(policy: &PolicyInfo) -> String {
    let follows = match policy.enforcement {
        Enforcement::Deny => "blocks",
        Enforcement::Warn => "is shown",
        Enforcement::Dryrun => "is recorded",
    };
    let severity = match policy.severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    };
    let mut lines = vec![
        policy.name.clone(),
        format!("  {}", policy.title),
        format!("  severity {severity}; a violation {follows}"),
    ];
    let controls = (!policy.controls.is_empty()).then(|| policy.controls.join("\n"));
    for (label, text) in [
        ("why", &policy.why),
        ("example", &policy.example),
        ("fix", &policy.fix),
        ("controls", &controls),
        ("docs", &policy.docs),
        ("file", &policy.file),
    ] {
        if let Some(text) = text {
            lines.push(format!("  {label}: {}", text.trim().replace('\n', "\n       ")));
        }
    }
    lines.join("\n")
}
