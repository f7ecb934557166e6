//! `fairway bench policy`: many manifests at once, and one admission request after another.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fairway_policy::{
    AdmissionRequest, AdmissionSettings, KnownObjects, PolicyObject, PolicySet, admission_review,
};
use serde_json::{Value, json};

use crate::bench::policy_library::policies;
use crate::bench::policy_manifest::manifests;
use crate::bench::report::{Figure, Report};
use crate::failure::CliError;
use crate::output::{OutputArguments, can_draw, talk};

/// What the evaluation of 10,000 manifests is held against, in seconds.
const BATCH_BAR: f64 = 5.0;
/// What one review is held against, in milliseconds.
const REVIEW_BAR: f64 = 2.0;
/// What the memory is held against, in MiB.
const MEMORY_BAR: f64 = 300.0;

/// Measure policies: many manifests at once, and single admission requests
///
/// Generates manifests, the same each time, some sound and some broken, and evaluates the policies that are in this
/// binary and copies of them, in this process, on all cores. An admission request is measured from its bytes to those
/// of the answer. The memory is the most that the process ever held.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway bench policy\n  fairway bench policy --manifests 100000 --output json\n  fairway bench policy --manifests 500 --write ./manifests"
)]
pub struct PolicyArguments {
    /// How many manifests
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "COUNT")]
    manifests: u32,
    /// How many policies are asked of the manifests
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000), value_name = "COUNT")]
    policies: u16,
    /// How many policies are asked of an admission request
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1_000), value_name = "COUNT")]
    admission_policies: u16,
    /// How often all manifests are evaluated
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100), value_name = "COUNT")]
    rounds: u8,
    /// Write the manifests into this folder, and measure nothing
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Write the admission requests for the manifests, too: requests.jsonl, one in each line
    #[arg(long, requires = "write")]
    requests: bool,
    #[command(flatten)]
    output: OutputArguments,
}

fn progress(what: &str) {
    if can_draw() {
        talk(&format!("  {what} …"));
    }
}

/// Runs `fairway bench policy`. A bar that is missed is shown, and is no failure: machines differ.
pub fn policy(arguments: &PolicyArguments) -> Result<(), CliError> {
    let count = arguments.manifests as usize;
    if let Some(folder) = &arguments.write {
        return write(folder, count, arguments.requests);
    }
    if cfg!(debug_assertions) {
        talk("warning: this is a debug build; its figures say nothing about a release");
    }
    let mut report = Report::default();
    // Single requests come first, so that what many manifests leave in memory does not disturb them.
    progress("admission requests");
    let many = policies(usize::from(arguments.admission_policies))?;
    let reviews = reviews(&many, count.min(5_000));
    report.add(Figure::milliseconds(
        &format!("an admission request, {} policies", many.policies().len()),
        &reviews,
        REVIEW_BAR,
    ));
    drop(many);
    progress("manifests");
    let set = policies(usize::from(arguments.policies))?;
    let objects: Vec<PolicyObject> =
        manifests(count).map(|value| PolicyObject { value, file: None, environment: None }).collect();
    let mut durations = Vec::new();
    let mut found = 0;
    for _ in 0..arguments.rounds {
        let began = Instant::now();
        found = set.evaluate(&objects).len();
        durations.push(began.elapsed());
    }
    let name = format!("{count} manifests, {} policies, {found} findings", set.policies().len());
    report.add(Figure::time(&name, &durations, BATCH_BAR));
    report.add_memory_within("memory, at most", most_memory(), MEMORY_BAR);
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "debug": cfg!(debug_assertions),
        "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "figures": report.figures,
    });
    arguments.output.print(&value, || report.text())
}

/// How long each of many requests takes, one after another on one thread, from bytes to bytes.
fn reviews(set: &PolicySet, count: usize) -> Vec<Duration> {
    // What a server knows stays the same from one request to the next.
    let known = KnownObjects::lasting(Arc::default());
    let answer = |body: &[u8]| -> usize {
        let review: Value = serde_json::from_slice(body).unwrap_or_default();
        match AdmissionRequest::read(review) {
            Ok(request) => {
                let admission = set.admit(&request, &known).decide(AdmissionSettings::default());
                admission_review(request.uid(), &admission).to_string().len()
            }
            Err(error) => error.to_string().len(),
        }
    };
    let bodies: Vec<Vec<u8>> = manifests(count).enumerate().map(|(index, it)| review(index, &it)).collect();
    // The first ones meet programs that nobody has used yet, which a server does once in its life.
    for body in bodies.iter().take(100) {
        std::hint::black_box(answer(body));
    }
    bodies
        .iter()
        .map(|body| {
            let began = Instant::now();
            std::hint::black_box(answer(body));
            began.elapsed()
        })
        .collect()
}

/// The request that a cluster would send for a manifest.
fn review(index: usize, object: &Value) -> Vec<u8> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = json!({"group": group, "version": version, "kind": text("/kind")});
    let plural = format!("{}s", text("/kind").to_lowercase());
    let resource = json!({"group": group, "version": version, "resource": plural});
    let namespace = match text("/metadata/namespace") {
        "" => "default",
        namespace => namespace,
    };
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": format!("00000000-0000-4000-8000-{index:012}"),
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": text("/metadata/name"), "namespace": namespace, "operation": "CREATE",
            "userInfo": {"username": "ada@acme.example", "groups": ["acme:payments", "system:authenticated"]},
            "object": object, "oldObject": null, "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    review.to_string().into_bytes()
}

/// The most memory that this process held, in bytes, where the system tells.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn write(folder: &Path, count: usize, with_requests: bool) -> Result<(), CliError> {
    let told = |error: std::io::Error| CliError::failed(format!("{}: {error}", folder.display()), None);
    std::fs::create_dir_all(folder).map_err(told)?;
    for (index, manifest) in manifests(count).enumerate() {
        let file = folder.join(format!("{index:05}.yaml"));
        std::fs::write(file, fairway_yaml::write(&manifest)).map_err(told)?;
    }
    if with_requests {
        let mut lines = Vec::new();
        for (index, manifest) in manifests(count).enumerate() {
            lines.extend(review(index, &manifest));
            lines.push(b'\n');
        }
        std::fs::write(folder.join("requests.jsonl"), lines).map_err(told)?;
    }
    talk(&format!("{count} manifests were written into {}", folder.display()));
    Ok(())
}
