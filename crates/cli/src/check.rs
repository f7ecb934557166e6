//! `fairway check`: what the policies say about files, by the server's policies or by those of a folder.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use fairway_policy::{
    FileDocument, FileFormat, FilePolicies, PolicyDocument, PolicyObject, PolicySet, RegoFile, add_lines,
    finding_junit, policy_reports, read_file, sarif,
};
use fairway_remote::ApiClient;
use serde_json::{Map, Value, json};

use crate::check_fix::{self, Mended};
use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::findings::{read, report, summary};
use crate::manifests::{self, ManifestFile, is_manifest};
use crate::output::{counted, data, talk};

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

#[derive(Default)]
struct Checks {
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    objects: usize,
    policies: usize,
}

/// Who judges.
enum Judge {
    Server(Box<ApiClient>),
    Here(Box<Policies>),
}

/// The policies of a folder.
struct Policies {
    objects: PolicySet,
    files: FilePolicies,
    broken: Vec<Diagnostic>,
}

/// Runs `fairway check`.
pub async fn check(arguments: CheckArguments) -> Result<(), CliError> {
    let judge = match &arguments.policies {
        Some(folder) => here(folder, &arguments.data).await?,
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
        let mut mended = Mended::default();
        for _ in 0..MOST_ROUNDS {
            if check_fix::mend(&mut files, &checks.findings, &mut mended) == 0 {
                break;
            }
            checks = judge.ask(&files, &repositories).await?;
        }
        check_fix::write(&files, &mended)?;
        talk(&format!("mended {} in {}", counted(mended.count(), "place"), counted(mended.files(), "file")));
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
            Self::Here(policies) => {
                let Policies { objects, files: rego, broken } = policies.as_ref();
                let mut checks = Checks { diagnostics: broken.clone(), ..Checks::default() };
                let mut documents = repositories.to_vec();
                for file in files {
                    let (found, problems) = read_file(&file.path, &file.content);
                    documents.extend(found);
                    checks.diagnostics.extend(problems);
                }
                let values: Vec<PolicyObject> = documents
                    .iter()
                    .filter(|document| matches!(document.format, FileFormat::Yaml | FileFormat::Json))
                    .map(|document| PolicyObject {
                        value: document.value.clone(),
                        file: Some(document.path.clone()),
                        environment: None,
                    })
                    .collect();
                checks.objects = documents.len();
                checks.policies = objects.policies().len() + rego.policies().len();
                checks.findings = objects.evaluate(&values);
                add_lines(&mut checks.findings, documents.iter().filter_map(FileDocument::document));
                checks.findings.extend(rego.evaluate(&documents));
                checks.findings.sort_by(|one, two| {
                    let key = |it: &Finding| (it.enforcement, it.severity);
                    key(two).cmp(&key(one)).then_with(|| one.cmp(two))
                });
                Ok(checks)
            }
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

/// The policies of a folder, in whatever language they are written.
async fn here(folder: &Path, data: &[PathBuf]) -> Result<Judge, CliError> {
    let is_rego = |path: &str| Path::new(path).extension().is_some_and(|extension| extension == "rego");
    let sources =
        manifests::read_matching(&[folder.to_owned()], |path| is_manifest(path) || is_rego(path)).await?;
    let mut broken = Vec::new();
    let (mut documents, mut rego) = (Vec::new(), Vec::new());
    let mut seen = Value::Object(Map::new());
    for file in sources {
        if is_rego(&file.path) {
            rego.push(RegoFile { path: file.path, text: file.content });
            continue;
        }
        let values = values(&file, &mut broken);
        if let Some(place) = data_place(folder, &file.path) {
            for value in values {
                merge(&mut seen, nested(&place, value));
            }
            continue;
        }
        documents.extend(
            values
                .into_iter()
                .filter(is_policy)
                .map(|value| PolicyDocument { value, file: Some(file.path.clone()) }),
        );
    }
    for file in manifests::read(data).await? {
        for value in values(&file, &mut broken) {
            merge(&mut seen, value);
        }
    }
    let (objects, problems) = PolicySet::compile(documents);
    broken.extend(problems);
    let (files, problems) = FilePolicies::compile(&rego, &seen);
    broken.extend(problems);
    if objects.is_empty() && files.is_empty() && broken.is_empty() {
        return Err(CliError::usage(
            format!("{} holds no policy", folder.display()),
            Some(
                "a policy is a ConstraintTemplate with at least one constraint of its kind, one of Kyverno's, or a rule deny, violation or warn in a .rego file",
            ),
        ));
    }
    Ok(Judge::Here(Box::new(Policies { objects, files, broken })))
}

/// The keys under which OPA puts the file `data.json` or `data.yaml` of a folder: those of its folders.
fn data_place(root: &Path, file: &str) -> Option<Vec<String>> {
    let inside = Path::new(file).strip_prefix(root).ok()?;
    let is_data = ["data.json", "data.yaml", "data.yml"].iter().any(|name| inside.ends_with(name));
    let folders = inside.parent()?.components().map(|it| it.as_os_str().to_string_lossy().into_owned());
    is_data.then(|| folders.collect())
}

fn nested(place: &[String], value: Value) -> Value {
    place.iter().rev().fold(value, |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])))
}

/// Puts one value over another; mappings are joined.
fn merge(one: &mut Value, two: Value) {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            for (key, value) in two {
                merge(one.entry(key).or_insert(Value::Null), value);
            }
        }
        (one, two) => *one = two,
    }
}

fn values(file: &ManifestFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<Value> {
    let reading = fairway_yaml::read(&file.path, &file.content, &fairway_yaml::Limits::default());
    diagnostics.extend(reading.diagnostics);
    reading.documents.into_iter().map(|document| document.value).collect()
}

/// Each folder as an object that policies can look at: the names of its files.
async fn repositories(paths: &[PathBuf]) -> Result<Vec<FileDocument>, CliError> {
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        let names = manifests::names(path).await?;
        let folder = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let value = json!({
            "apiVersion": "fairway.dev/v1", "kind": "Repository", "metadata": {"name": name},
            "spec": {"files": names},
        });
        found.push(FileDocument::of_value(&path.display().to_string(), value));
    }
    Ok(found)
}

fn is_policy(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(fairway_catalog::is_policy)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{REQUEST_BYTES, batches, data_place, merge, nested};
    use crate::manifests::ManifestFile;

    #[test]
    fn large_checks_are_split_below_the_limit_of_the_server() {
        let file = |size: usize| ManifestFile { path: "a.yaml".to_owned(), content: "x".repeat(size) };
        let files = [file(100), file(200), file(REQUEST_BYTES / 2), file(REQUEST_BYTES / 2)];
        let sizes: Vec<usize> = batches(&files).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
        assert!(batches(&[]).is_empty());
    }

    #[test]
    fn data_stands_below_the_names_of_its_folders() {
        let place = |file: &str| data_place(Path::new("policies"), file);
        assert_eq!(place("policies/teams/data.yaml"), Some(vec!["teams".to_owned()]));
        assert_eq!(place("policies/data.json"), Some(Vec::new()));
        assert_eq!(place("policies/teams.yaml"), None);
        let mut data = json!({"teams": {"a": 1}});
        merge(&mut data, nested(&["teams".to_owned()], json!({"b": 2})));
        assert_eq!(data, json!({"teams": {"a": 1, "b": 2}}));
    }
}
