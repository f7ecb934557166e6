//! `fairway check`: what the policies say about manifests, by the server's policies or by those of a folder.

use std::path::{Path, PathBuf};

use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet, add_lines};
use fairway_remote::ApiClient;
use fairway_yaml::Document;
use serde_json::{Value, json};

use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::findings::{read, report, summary};
use crate::manifests::{self, ManifestFile};
use crate::output::OutputArguments;

/// What one request may carry; the server takes 4 MiB.
const REQUEST_BYTES: usize = 3 * 1024 * 1024;

/// Check Kubernetes manifests against the policies
///
/// Asks the server, which knows the organisation's policies; with --policies those of a folder are used and no
/// server is needed. Ends with 1 when a finding blocks or a file cannot be read.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway check deploy/\n  fairway check deploy/ --policies policies/\n  fairway render --environment staging --out out && fairway check out"
)]
pub struct CheckArguments {
    /// YAML and JSON files, and folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Use the Gatekeeper policies of this folder instead of the server's
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

#[derive(Default)]
struct Checks {
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    objects: usize,
    policies: usize,
}

/// Runs `fairway check`.
pub async fn check(arguments: CheckArguments) -> Result<(), CliError> {
    let files = manifests::read(&arguments.paths).await?;
    if files.is_empty() {
        return Err(CliError::usage(
            "there is no YAML or JSON file to check",
            Some("name files or folders of manifests"),
        ));
    }
    let checks = match &arguments.policies {
        Some(folder) => here(&files, folder).await?,
        None => there(&arguments.connection.client()?, files).await?,
    };
    let passed = checks.diagnostics.is_empty() && !checks.findings.iter().any(Finding::blocks);
    let answer = json!({
        "findings": checks.findings,
        "diagnostics": checks.diagnostics,
        "objects": checks.objects,
        "policies": checks.policies,
        "passed": passed,
    });
    arguments.output.print(&answer, || {
        let summary = summary(checks.findings.len(), checks.objects, checks.policies);
        report(&checks.findings, &checks.diagnostics, &summary)
    })?;
    if passed { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

/// Asks the server, in as few requests as its limit allows: policies that compare objects see those of one
/// request together.
async fn there(client: &ApiClient, files: Vec<ManifestFile>) -> Result<Checks, CliError> {
    let mut checks = Checks::default();
    for batch in batches(files) {
        let files: Vec<Value> =
            batch.iter().map(|file| json!({"path": file.path, "content": file.content})).collect();
        let answer: Value = client.post("/api/v1/check", &json!({ "files": files })).await?;
        let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        checks.findings.extend(read::<Finding>(&answer, "findings")?);
        checks.diagnostics.extend(read::<Diagnostic>(&answer, "diagnostics")?);
        checks.objects += count("objects");
        checks.policies = count("policies");
    }
    Ok(checks)
}

fn batches(files: Vec<ManifestFile>) -> Vec<Vec<ManifestFile>> {
    let mut batches: Vec<Vec<ManifestFile>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        // JSON escapes line breaks and quotes, so a text may grow by half.
        let size = file.content.len() + file.content.len() / 2 + file.path.len() + 64;
        match batches.last_mut() {
            Some(batch) if bytes + size <= REQUEST_BYTES => {
                bytes += size;
                batch.push(file);
            }
            _ => {
                bytes = size;
                batches.push(vec![file]);
            }
        }
    }
    batches
}

async fn here(files: &[ManifestFile], folder: &Path) -> Result<Checks, CliError> {
    let mut checks = Checks::default();
    let mut documents = Vec::new();
    for file in manifests::read(&[folder.to_owned()]).await? {
        for document in documents_of(&file, &mut checks.diagnostics) {
            if is_policy(&document.value) {
                documents.push(PolicyDocument { value: document.value, file: Some(file.path.clone()) });
            }
        }
    }
    let (set, broken) = PolicySet::compile(documents);
    checks.diagnostics.extend(broken);
    if set.is_empty() && checks.diagnostics.is_empty() {
        return Err(CliError::usage(
            format!("{} holds no policy", folder.display()),
            Some(
                "a policy is a ConstraintTemplate with at least one constraint of its kind, or one of Kyverno's",
            ),
        ));
    }
    let mut objects = Vec::new();
    let mut places = Vec::new();
    for file in files {
        for document in documents_of(file, &mut checks.diagnostics) {
            let value = document.value.clone();
            objects.push(PolicyObject { value, file: Some(file.path.clone()), environment: None });
            places.push(document);
        }
    }
    checks.objects = objects.len();
    checks.policies = set.policies().len();
    checks.findings = set.evaluate(&objects);
    add_lines(&mut checks.findings, &places);
    checks.findings.sort_by(|one, two| {
        let key = |it: &Finding| (it.enforcement, it.severity);
        key(two).cmp(&key(one)).then_with(|| one.cmp(two))
    });
    Ok(checks)
}

fn documents_of(file: &ManifestFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<Document> {
    let reading = fairway_yaml::read(&file.path, &file.content, &fairway_yaml::Limits::default());
    diagnostics.extend(reading.diagnostics);
    reading.documents
}

fn is_policy(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(fairway_catalog::is_policy)
}

#[cfg(test)]
mod tests {
    use super::{REQUEST_BYTES, batches};
    use crate::manifests::ManifestFile;

    #[test]
    fn large_checks_are_split_below_the_limit_of_the_server() {
        let file = |size: usize| ManifestFile { path: "a.yaml".to_owned(), content: "x".repeat(size) };
        let sizes: Vec<usize> =
            batches(vec![file(100), file(200), file(REQUEST_BYTES / 2), file(REQUEST_BYTES / 2)])
                .iter()
                .map(Vec::len)
                .collect();
        assert_eq!(sizes, [3, 1]);
        assert!(batches(Vec::new()).is_empty());
    }
}
