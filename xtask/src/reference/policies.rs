//! `docs/reference/policies.md`: the policies that ship, from their own files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use fairway_policy::{FilePolicies, PolicyDocument, PolicyInfo, PolicySet, RegoFile};
use serde_json::Value;

const INTRODUCTION: &str = "# Policies that ship

The files are in `policies/` and embedded in the binary; the example organisation registers them. What Fairway renders
and what the golden paths generate passes all of them. [Guardrails](../guide/guardrails.md) says where policies act.

A finding links to its section here. Where a *patch* is offered, `fairway check --fix` applies it. Controls name the CIS
benchmarks for Kubernetes (1.8) and Docker, the trust services criteria of SOC 2, PCI DSS 4.0, and the hardening guidance
for Kubernetes of NSA and CISA; they help with an audit and are none.
";

/// The page.
pub(super) fn page() -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let mut sections: BTreeMap<String, (&str, Vec<PolicyInfo>)> = BTreeMap::new();
    for path in files(&root, "yaml")? {
        let name = stem(&path);
        let text = fs::read_to_string(&path)?;
        let reading = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default());
        let documents: Vec<PolicyDocument> = reading
            .documents
            .into_iter()
            .map(|document| PolicyDocument { value: document.value, file: None })
            .collect();
        let language = documents.first().map_or("", |document| language(&document.value));
        let (set, problems) = PolicySet::compile(documents);
        if let Some(problem) = problems.first() {
            bail!("{}: {problem}", path.display());
        }
        if !set.is_empty() {
            sections.insert(name, (language, set.policies().to_vec()));
        }
    }
    let mut rego = Vec::new();
    for folder in [root.join("files"), root.join("files/lib")] {
        for path in files(&folder, "rego")? {
            rego.push(RegoFile { path: stem(&path), text: fs::read_to_string(&path)? });
        }
    }
    rego.retain(|file| !file.path.ends_with("_test"));
    let (set, problems) = FilePolicies::compile(&rego, &Value::Null);
    if let Some(problem) = problems.first() {
        bail!("{problem}");
    }
    for info in set.policies() {
        let name = info.file.clone().unwrap_or_default();
        sections.entry(name).or_insert_with(|| ("Rego over files", Vec::new())).1.push(info.clone());
    }
    Ok(written(&sections))
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.retain(|path| path.extension().is_some_and(|it| it == extension));
    found.sort();
    Ok(found)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn language(value: &Value) -> &'static str {
    let is_cel = value.pointer("/spec/targets/0/code").is_some();
    match value.get("kind").and_then(Value::as_str) {
        Some("ConstraintTemplate") if is_cel => "Gatekeeper, CEL",
        Some("ConstraintTemplate") => "Gatekeeper, Rego",
        Some("ClusterPolicy") => "Kyverno",
        _ => "CEL",
    }
}

fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn written(sections: &BTreeMap<String, (&str, Vec<PolicyInfo>)>) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(
        "\n| policy | asks for | severity | enforcement | written in |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, (language, infos)) in sections {
        let Some(first) = infos.first() else { continue };
        let _ = writeln!(
            page,
            "| [{name}](#{name}) | {} | {} | {} | {language} |",
            first.title,
            word(first.severity),
            enforcements(infos),
        );
    }
    for (name, (language, infos)) in sections {
        let Some(first) = infos.first() else { continue };
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        let _ = write!(
            page,
            "\n## {name}\n\n**{}.** {}\n\n*Fix.* {}\n\n",
            first.title.trim_end_matches('.'),
            text(&first.why),
            text(&first.fix)
        );
        let _ = writeln!(
            page,
            "* Severity {}; enforcement {}; {language}.",
            word(first.severity),
            enforcements(infos)
        );
        let names: Vec<String> = infos.iter().map(|info| format!("`{}`", info.name)).collect();
        let _ = writeln!(page, "* In findings: {}.", names.join(", "));
        if infos.iter().any(PolicyInfo::offers_patch) {
            page.push_str("* Offers a patch.\n");
        }
        let _ = writeln!(page, "* Controls: {}.", first.controls.join("; "));
        let _ = write!(page, "\n{}\n", text(&first.example));
    }
    page
}

fn enforcements(infos: &[PolicyInfo]) -> String {
    let mut words: Vec<String> = infos.iter().map(|info| word(info.enforcement)).collect();
    words.dedup();
    words.join(", ")
}
