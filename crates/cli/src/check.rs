//! `fairway check`: what the policies say about files, by the server's policies or by those of a folder.

use std::path::PathBuf;

use clap::ValueEnum;
use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use fairway_policy::{FileDocument, FileFormat, Mending, finding_junit, policy_reports, sarif};
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::findings::{read, report, summary};
use crate::manifests::{self, ManifestFile, is_manifest};
use crate::output::{counted, data, talk};
use crate::policy_folder::{Checks, PolicyFolder, repository};

/// What one request may carry; the server takes 4 MiB.
const REQUEST_BYTES: usize = 3 * 1024 * 1024;
/// How often files are mended and judged again.
const MOST_ROUNDS: usize = 20;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
    /// For code hosts.
    Sarif,
    /// For build servers.
    Junit,
    /// As reports of Kubernetes' policy working group.
    PolicyReport,
}

/// Check Kubernetes manifests and other files against the policies
///
/// Asks the server, which knows the organisation's policies; with --policies those of a folder are used and no server
/// is needed. Those may be in Rego over any file, too: YAML, JSON, TOML, HCL (Terraform) and Dockerfiles. Ends with 1
/// when a finding blocks or a file cannot be read.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway check deploy/\n  fairway check deploy/ --fix\n  fairway check deploy/ --policies policies/\n  fairway check . --repository --policies policies/ --output sarif > findings.sarif\n  terraform show -json plan.out > plan.json && fairway check plan.json --policies policies/"
)]
pub struct CheckArguments {
    /// Files, and folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Use the policies of this folder instead of the server's
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// YAML and JSON that policies in Rego see as `data`
    #[arg(long, value_name = "PATH", requires = "policies")]
    data: Vec<PathBuf>,
    /// Judge the folders as repositories, too: policies see the names of all files as one object
    #[arg(long, requires = "policies")]
    repository: bool,
    /// Mend what can be mended mechanically, in the YAML files themselves; comments stay
    #[arg(long)]
    fix: bool,
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
    output: CheckFormat,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Who judges.
enum Judge {
    Server(Box<ApiClient>),
    Here(Box<PolicyFolder>),
}

/// Runs `fairway check`.
pub async fn check(arguments: CheckArguments) -> Result<(), CliError> {
    let judge = match &arguments.policies {
        Some(folder) => Judge::Here(Box::new(PolicyFolder::read(folder, &arguments.data).await?)),
        None => Judge::Server(Box::new(arguments.connection.client()?)),
    };
    let wanted = |path: &str| match judge {
        Judge::Server(_) => is_manifest(path),
        Judge::Here(_) => FileFormat::of(path).is_some(),
    };
    let mut files = manifests::read_matching(&arguments.paths, wanted).await?;
    let repositories = if arguments.repository { repositories(&arguments.paths).await? } else { Vec::new() };
    if files.is_empty() && repositories.is_empty() {
        return Err(CliError::usage(
            "there is no file to check",
            Some("name files or folders of manifests; other files need --policies"),
        ));
    }
    let mut checks = judge.ask(&files, &repositories).await?;
    if arguments.fix {
        let mut mending = Mending::new(files.iter().map(|file| (file.path.clone(), file.content.clone())));
        for _ in 0..MOST_ROUNDS {
            if mending.apply(&checks.findings) == 0 {
                break;
            }
            for file in &mut files {
                if let Some((_, content)) = mending.changed().find(|(path, _)| *path == file.path) {
                    content.clone_into(&mut file.content);
                }
            }
            checks = judge.ask(&files, &repositories).await?;
        }
        let mut changed = 0;
        for (path, content) in mending.changed() {
            changed += 1;
            std::fs::write(path, content).map_err(|error| {
                let message = format!("{path} cannot be written: {error}");
                CliError::failed(message, Some("check its permissions"))
            })?;
        }
        talk(&format!("mended {} in {}", counted(mending.count(), "place"), counted(changed, "file")));
    }
    let passed = checks.diagnostics.is_empty() && !checks.findings.iter().any(Finding::blocks);
    print(&checks, &files, passed, arguments.output)?;
    if passed { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn print(checks: &Checks, files: &[ManifestFile], passed: bool, format: CheckFormat) -> Result<(), CliError> {
    // What cannot be read has no place in these forms, and must not get lost.
    if matches!(format, CheckFormat::Sarif | CheckFormat::Junit | CheckFormat::PolicyReport) {
        for diagnostic in &checks.diagnostics {
            talk(&diagnostic.to_string());
        }
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let answer = || {
        json!({
            "findings": checks.findings,
            "diagnostics": checks.diagnostics,
            "objects": checks.objects,
            "policies": checks.policies,
            "passed": passed,
        })
    };
    match format {
        CheckFormat::Table => {
            let summary = summary(checks.findings.len(), checks.objects, checks.policies);
            data(&report(&checks.findings, &checks.diagnostics, &summary))
        }
        CheckFormat::Json => data(&pretty(&answer())),
        CheckFormat::Yaml => data(&fairway_yaml::write(&answer())),
        CheckFormat::Sarif => data(&pretty(&sarif(&checks.findings, env!("CARGO_PKG_VERSION")))),
        CheckFormat::Junit => {
            let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
            data(&finding_junit(&checks.findings, &names))
        }
        CheckFormat::PolicyReport => data(&fairway_yaml::write_documents(&policy_reports(&checks.findings))),
    }
}

impl Judge {
    async fn ask(&self, files: &[ManifestFile], repositories: &[FileDocument]) -> Result<Checks, CliError> {
        match self {
            Self::Server(client) => there(client, files).await,
            Self::Here(policies) => Ok(policies.check(files, repositories)),
        }
    }
}

/// Asks the server, in as few requests as its limit allows: policies that compare objects see those of one
/// request together.
async fn there(client: &ApiClient, files: &[ManifestFile]) -> Result<Checks, CliError> {
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

fn batches(files: &[ManifestFile]) -> Vec<Vec<&ManifestFile>> {
    let mut batches: Vec<Vec<&ManifestFile>> = Vec::new();
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

/// Each folder as an object that policies can look at: the names of its files.
async fn repositories(paths: &[PathBuf]) -> Result<Vec<FileDocument>, CliError> {
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        let names = manifests::names(path).await?;
        let folder = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        found.push(repository(&path.display().to_string(), &name, &names));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{REQUEST_BYTES, batches};
    use crate::manifests::ManifestFile;

    #[test]
    fn large_checks_are_split_below_the_limit_of_the_server() {
        let file = |size: usize| ManifestFile { path: "a.yaml".to_owned(), content: "x".repeat(size) };
        let files = [file(100), file(200), file(REQUEST_BYTES / 2), file(REQUEST_BYTES / 2)];
        let sizes: Vec<usize> = batches(&files).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
        assert!(batches(&[]).is_empty());
    }
}
