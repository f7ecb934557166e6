//! `fairway bench what-if`: what a change of policies would do over a large fleet.

use std::path::Path;
use std::time::{Duration, Instant};

use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_remote::{ApiClient, CommitRequest, Forge, NewRepository, TreeLimits};
use serde_json::{Value, json};

use crate::bench::child::{self, Child};
use crate::bench::report::{Figure, Report};
use crate::failure::CliError;
use crate::output::{OutputArguments, can_draw, talk};

/// The service whose manifests all others are made of.
const FIRST: &str = "bench-00000";
/// So many files go into one commit.
const FILES: usize = 20_000;

/// Measure what a change of policies would do over a large fleet
///
/// Starts a server of its own in a temporary folder, lets a golden path create one service, and delivers its manifests
/// under many names. Every question is about another text, so nothing is known from the one before.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway bench what-if\n  fairway bench what-if --services 1000 --runs 5 --output json"
)]
pub struct WhatIfArguments {
    /// How many services are delivered
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000), value_name = "COUNT")]
    services: u32,
    /// How often each policy is changed
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1_000), value_name = "COUNT")]
    runs: u32,
    #[command(flatten)]
    output: OutputArguments,
}

fn progress(what: &str) {
    if can_draw() {
        talk(&format!("  {what} …"));
    }
}

/// Runs `fairway bench what-if`. A bar that is missed is shown, and is no failure: machines differ.
pub async fn what_if(arguments: WhatIfArguments) -> Result<(), CliError> {
    if cfg!(debug_assertions) {
        talk("warning: this is a debug build; its figures say nothing about a release");
    }
    let data = child::folder()?;
    progress("creating a service");
    let server = Child::start(data.path()).await?;
    let request = json!({"name": FIRST, "team": "checkout", "template": "go-service"});
    let _: Value = server.client()?.post("/api/v1/services", &request).await?;
    server.stop().await;
    progress("delivering");
    deliver(data.path(), arguments.services).await?;
    let server = Child::start(data.path()).await?;
    let client = server.client()?;
    let mut report = Report::default();
    report.add_memory_within("resident memory, ready", server.resident(), 120.0);

    progress("reading what is delivered");
    let began = Instant::now();
    let found: Value = client.get("/api/v1/findings").await?;
    let objects = found.get("objects").and_then(Value::as_u64).unwrap_or(0);
    let name = format!("{objects} objects read and evaluated for the first time");
    report.add(Figure::time(&name, &[began.elapsed()], 60.0));
    for (name, policy) in [
        ("what-if, a pattern on deployments", PATTERN),
        ("what-if, Rego on deployments", REGO),
        ("what-if, CEL on every object", CEL),
    ] {
        progress(name);
        report.add(questions(&client, name, policy, arguments.runs).await?);
    }
    report.add_memory_within("resident memory, after all this", server.resident(), 300.0);
    server.stop().await;
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "debug": cfg!(debug_assertions),
        "services": arguments.services,
        "objects": objects,
        "figures": report.figures,
    });
    arguments.output.print(&value, || report.text())
}

/// Asks what a policy would do, each time with another text.
async fn questions(client: &ApiClient, name: &str, policy: &str, runs: u32) -> Result<Figure, CliError> {
    let mut durations: Vec<Duration> = Vec::new();
    let mut found = 0;
    for run in 0..runs {
        let content = policy.replace("LABEL", &format!("label-{run}"));
        let question = json!({"files": [{"path": "policy.yaml", "content": content}], "listed": 100});
        let began = Instant::now();
        let answer: Value = client.post("/api/v1/policies/what-if", &question).await?;
        durations.push(began.elapsed());
        let is_complete = answer.get("complete").and_then(Value::as_bool) == Some(true);
        let new = answer.pointer("/today/counts/new").and_then(Value::as_u64).unwrap_or(0);
        if !is_complete || new == 0 {
            return Err(CliError::failed(
                format!("{name}: the answer is not what was measured: {answer:.500}"),
                None,
            ));
        }
        found = new;
    }
    Ok(Figure::time(&format!("{name} ({found} findings)"), &durations, 5.0))
}

/// Delivers the manifests of the first service under many names, to production.
async fn deliver(data: &Path, services: u32) -> Result<(), CliError> {
    let forge = Forge::open(&data.join("repositories")).await?;
    let failed = |what: &str| CliError::failed(format!("the manifests cannot be multiplied: {what}"), None);
    let repository: RepositoryRef =
        "platform/environments".parse().map_err(|_| failed("the repository has no name"))?;
    if !forge.exists(&repository).await? {
        let new = NewRepository {
            repository: repository.clone(),
            description: String::new(),
            default_branch: BranchName::main(),
            created_by: "bench".to_owned(),
        };
        forge.create(&new).await?;
    }
    let folder: TreePath =
        format!("production/{FIRST}").parse().map_err(|_| failed("the folder has no name"))?;
    let tree = forge.tree(&repository, "main", Some(&folder), TreeLimits::default()).await?;
    let mut changes: Vec<(TreePath, Option<TreeFile>)> = Vec::new();
    for service in 1..services {
        let name = format!("bench-{service:05}");
        for (path, file) in tree.iter() {
            let text = file.text().ok_or_else(|| failed("a manifest is not text"))?;
            let path = format!("production/{name}/{path}");
            let path: TreePath = path.parse().map_err(|_| failed("a file has no name"))?;
            changes.push((path, Some(TreeFile::regular(text.replace(FIRST, &name).into_bytes()))));
        }
        if changes.len() >= FILES || service + 1 == services {
            let request = CommitRequest {
                repository: repository.clone(),
                branch: BranchName::main(),
                parent: forge.head(&repository, &BranchName::main()).await?,
                message: "Deliver many services".to_owned(),
                author_name: "bench".to_owned(),
                author_email: "bench@fairway.dev".to_owned(),
                at: fairway_domain::Timestamp::now(),
                changes: std::mem::take(&mut changes),
            };
            forge.commit(&request).await?;
        }
    }
    Ok(())
}

const PATTERN: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: bench-pattern}
spec:
  validationFailureAction: Enforce
  rules:
    - name: label
      match: {any: [{resources: {kinds: [Deployment]}}]}
      validate: {message: LABEL is missing, pattern: {metadata: {labels: {bench/LABEL: '?*'}}}}
";

const REGO: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: benchrego}
spec:
  crd: {spec: {names: {kind: BenchRego}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package bench

        violation[{\"msg\": msg}] {
          container := input.review.object.spec.template.spec.containers[_]
          not input.review.object.metadata.labels[\"bench/LABEL\"]
          msg := sprintf(\"%v has no LABEL\", [container.name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: BenchRego
metadata: {name: bench}
spec: {match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}}
";

const CEL: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: bench-cel}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]
  validations:
    - expression: \"has(object.metadata.labels) && 'bench/LABEL' in object.metadata.labels || object.kind != 'Service'\"
      message: LABEL is missing
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: bench-cel}
spec: {policyName: bench-cel, validationActions: [Warn]}
";
