//! The containers of a score file.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::reader::{Field, Reader};
use crate::rule;
use crate::score::{
    ComputeResources, Container, ContainerFile, ContainerVolume, FileContent, Probe, Readiness,
};
use crate::score_reader::NAME_RULE;

const CONTAINER_FIELDS: &[&str] = &[
    "image",
    "command",
    "args",
    "variables",
    "files",
    "volumes",
    "before",
    "resources",
    "livenessProbe",
    "readinessProbe",
];
const FILE_FIELDS: &[&str] = &["source", "content", "binaryContent", "mode", "noExpand"];
const VOLUME_FIELDS: &[&str] = &["source", "path", "readOnly"];

pub(crate) fn read_container(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Container> {
    let object = reader.closed_map(field, CONTAINER_FIELDS, &["image"])?;
    let image = object.get("image").and_then(|it| {
        reader.ruled_text(&it, |text| !text.is_empty(), "name an image, or \".\" for this service's own")
    });
    let mut variables = BTreeMap::new();
    if let Some(field) = object.get("variables") {
        let rule = "a variable's name is not empty and has no '='";
        for (name, field) in reader.named(&field, |name| !name.is_empty() && !name.contains('='), rule) {
            if let Some(text) = reader.text(&field) {
                variables.insert(name, text.to_owned());
            }
        }
    }
    let container = Container {
        image: image.clone().unwrap_or_default(),
        command: object.get("command").map(|it| reader.texts(&it)).unwrap_or_default(),
        args: object.get("args").map(|it| reader.texts(&it)).unwrap_or_default(),
        variables,
        files: object.get("files").map(|it| read_files(reader, &it)).unwrap_or_default(),
        volumes: object.get("volumes").map(|it| read_volumes(reader, &it)).unwrap_or_default(),
        before: object.get("before").map(|it| read_before(reader, &it)).unwrap_or_default(),
        resources: object.get("resources").map(|it| read_compute(reader, &it)).unwrap_or_default(),
        liveness: object.get("livenessProbe").and_then(|it| read_probe(reader, &it)),
        readiness: object.get("readinessProbe").and_then(|it| read_probe(reader, &it)),
    };
    image.map(|_| container)
}

/// Mounts are a map from target to details; an older form is a list whose items name their target.
fn mounts<'f>(reader: &mut Reader<'_>, field: &Field<'f>) -> Vec<(String, Field<'f>)> {
    if !field.value.is_array() {
        return reader.named(field, |target| !target.is_empty(), "name the path in the container");
    }
    let mut found = Vec::new();
    for item in reader.items(field) {
        let target = item.value.get("target").and_then(|target| target.as_str());
        if let Some(target) = target.filter(|target| !target.is_empty()) {
            found.push((target.to_owned(), item));
        } else {
            let message = format!("{}: the field \"target\" is missing", item.path());
            reader.fail(&item.pointer, message);
        }
    }
    found
}

fn with_target<'a>(field: &Field<'_>, fields: &[&'a str]) -> Vec<&'a str> {
    let in_list = field.value.is_array();
    fields.iter().copied().chain(in_list.then_some("target")).collect()
}

fn check_target(reader: &mut Reader<'_>, pointer: &str, target: &str, seen: &mut Vec<String>) {
    if !target.starts_with('/') || target.split('/').any(|part| part == "..") {
        reader.fail(pointer, format!("the mount path \"{target}\" must be absolute, without \"..\""));
    }
    if seen.iter().any(|other| other == target) {
        reader.fail(pointer, format!("the mount path \"{target}\" is used twice"));
    }
    seen.push(target.to_owned());
}

fn read_files(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<ContainerFile> {
    let known = with_target(field, FILE_FIELDS);
    let mut files = Vec::new();
    let mut seen = Vec::new();
    for (target, field) in mounts(reader, field) {
        check_target(reader, &field.pointer, &target, &mut seen);
        let Some(object) = reader.closed_map(&field, &known, &[]) else { continue };
        let mode = object.get("mode").and_then(|it| {
            reader
                .ruled_text(
                    &it,
                    |text| rule::parse_mode(text).is_some(),
                    "write an octal mode such as \"0600\"",
                )
                .and_then(|text| rule::parse_mode(&text))
        });
        let expand = !object.get("noExpand").and_then(|it| reader.boolean(&it)).unwrap_or(false);
        let sources: Vec<&str> = ["content", "binaryContent", "source"]
            .into_iter()
            .filter(|key| object.map.contains_key(*key))
            .collect();
        let content = match sources.as_slice() {
            ["content"] => object.get("content").and_then(|it| {
                reader.text(&it).map(|text| FileContent::Inline { text: text.to_owned(), expand })
            }),
            ["binaryContent"] => object.get("binaryContent").and_then(|it| {
                let text = reader.text(&it)?;
                let bytes = STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok();
                if bytes.is_none() {
                    let message = format!("{} is not standard base64", it.path());
                    reader.fail(&it.pointer, message);
                }
                bytes.map(FileContent::Binary)
            }),
            ["source"] => object.get("source").and_then(|it| {
                reader
                    .ruled_text(&it, |text| !text.is_empty(), "name a file beside the score")
                    .map(FileContent::Source)
            }),
            _ => {
                let message =
                    format!("{} needs exactly one of: content, binaryContent, source", field.path());
                reader.fail(&field.pointer, message);
                None
            }
        };
        if let Some(content) = content {
            files.push(ContainerFile { target, mode, content, pointer: field.pointer });
        }
    }
    files.sort_by(|left, right| left.target.cmp(&right.target));
    files
}

fn read_volumes(reader: &mut Reader<'_>, field: &Field<'_>) -> Vec<ContainerVolume> {
    let known = with_target(field, VOLUME_FIELDS);
    let mut volumes = Vec::new();
    let mut seen = Vec::new();
    for (target, field) in mounts(reader, field) {
        check_target(reader, &field.pointer, &target, &mut seen);
        let Some(object) = reader.closed_map(&field, &known, &["source"]) else { continue };
        let source = object.get("source").and_then(|it| reader.text(&it).map(str::to_owned));
        let path = object.get("path").and_then(|it| reader.text(&it).map(str::to_owned));
        let read_only = object.get("readOnly").and_then(|it| reader.boolean(&it)).unwrap_or(false);
        if path.as_deref().is_some_and(|path| path.split('/').any(|part| part == "..")) {
            let message = format!("{}.path must not hold \"..\"", field.path());
            reader.fail(&field.below("path"), message);
        }
        if let Some(source) = source {
            volumes.push(ContainerVolume { target, source, path, read_only, pointer: field.pointer });
        }
    }
    volumes.sort_by(|left, right| left.target.cmp(&right.target));
    volumes
}

fn read_before(reader: &mut Reader<'_>, field: &Field<'_>) -> BTreeMap<String, Readiness> {
    let mut before = BTreeMap::new();
    for (name, field) in reader.named(field, rule::is_score_name, NAME_RULE) {
        let Some(object) = reader.closed_map(&field, &["ready"], &["ready"]) else { continue };
        let ready = object.get("ready").and_then(|it| {
            let valid = |text: &str| matches!(text, "started" | "healthy" | "complete");
            reader.ruled_text(&it, valid, "use started, healthy or complete")
        });
        let ready = match ready.as_deref() {
            Some("started") => Readiness::Started,
            Some("healthy") => Readiness::Healthy,
            Some(_) => Readiness::Complete,
            None => continue,
        };
        before.insert(name, ready);
    }
    before
}

fn read_compute(reader: &mut Reader<'_>, field: &Field<'_>) -> ComputeResources {
    let Some(object) = reader.closed_map(field, &["limits", "requests"], &[]) else {
        return ComputeResources::default();
    };
    let mut amounts = |key: &str| -> BTreeMap<String, String> {
        let Some(object) = object.get(key).and_then(|it| reader.closed_map(&it, &["memory", "cpu"], &[]))
        else {
            return BTreeMap::new();
        };
        let cpu = object.get("cpu").and_then(|it| {
            reader.ruled_text(&it, rule::is_cpu, "write cores such as \"2\", \"0.5\" or \"125m\"")
        });
        let memory = object.get("memory").and_then(|it| {
            reader.ruled_text(&it, rule::is_memory, "write bytes such as \"128Mi\" or \"1.5Gi\"")
        });
        [("cpu", cpu), ("memory", memory)]
            .into_iter()
            .filter_map(|(name, amount)| Some((name.to_owned(), amount?)))
            .collect()
    };
    ComputeResources { requests: amounts("requests"), limits: amounts("limits") }
}

fn read_probe(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Probe> {
    let object = reader.closed_map(field, &["httpGet", "exec"], &[])?;
    let http = object.get("httpGet").map(|it| read_http_probe(reader, &it));
    let command = object.get("exec").map(|it| {
        let object = reader.closed_map(&it, &["command"], &["command"])?;
        Some(Probe::Exec(reader.texts(&object.get("command")?)))
    });
    if http.is_none() && command.is_none() {
        let message = format!("{} needs httpGet or exec", field.path());
        reader.fail(&field.pointer, message);
    }
    // The schema prefers exec where both are given.
    command.flatten().or(http.flatten())
}

fn read_http_probe(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Probe> {
    let object =
        reader.closed_map(field, &["host", "scheme", "path", "port", "httpHeaders"], &["port", "path"])?;
    let host =
        object.get("host").and_then(|it| reader.ruled_text(&it, |text| !text.is_empty(), "name a host"));
    let scheme = object.get("scheme").and_then(|it| {
        reader.ruled_text(&it, |text| matches!(text, "HTTP" | "HTTPS"), "the schemes are HTTP and HTTPS")
    });
    let path = object.get("path").and_then(|it| reader.text(&it).map(str::to_owned));
    let port = object.get("port").and_then(|it| reader.port(&it));
    let mut headers = Vec::new();
    for item in object.get("httpHeaders").map(|it| reader.items(&it)).unwrap_or_default() {
        let Some(header) = reader.closed_map(&item, &["name", "value"], &["name", "value"]) else { continue };
        let name = header
            .get("name")
            .and_then(|it| reader.ruled_text(&it, rule::is_header_name, "use A-Z, a-z, 0-9, '_' and '-'"));
        let value = header
            .get("value")
            .and_then(|it| reader.ruled_text(&it, |text| !text.is_empty(), "a header needs a value"));
        headers.extend(name.zip(value));
    }
    Some(Probe::HttpGet { host, scheme, path: path?, port: port?, headers })
}
