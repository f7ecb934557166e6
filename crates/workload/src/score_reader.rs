//! `score.yaml` to [`Score`]: every rule of the `score.dev/v1b1` schema, each problem with its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::Diagnostic;
use fairway_yaml::Limits;
use serde_json::Map;

use crate::reader::{CODE, Field, Object, Reader};
use crate::rule;
use crate::score::{Protocol, Resource, Score, ServicePort};
use crate::score_container::read_container;

pub(crate) const NAME_RULE: &str =
    "use 2 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit";
const WORD_RULE: &str =
    "use 2 to 63 characters of A-Z, a-z, 0-9 and '-', beginning and ending with a letter or digit";
const ID_RULE: &str = "use 2 to 63 characters: labels of a-z, 0-9 and inner '-', joined by '.'";
const ANNOTATION_RULE: &str =
    "use an optional host name and '/', then 2 to 63 characters of A-Z, a-z, 0-9, '-', '_' and '.'";

/// Reads one workload. All problems are reported at once, with file, line and column.
pub fn parse_score(file: &str, text: &str) -> Result<Score, Vec<Diagnostic>> {
    let reading = fairway_yaml::read(file, text, &Limits::default());
    if reading.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(reading.diagnostics);
    }
    let mut documents = reading.documents.into_iter();
    let Some(document) = documents.next() else {
        let message = format!("{file} holds no workload");
        return Err(vec![
            Diagnostic::error(CODE, message).with_hint("begin with \"apiVersion: score.dev/v1b1\""),
        ]);
    };
    if let Some(second) = documents.next() {
        return Err(vec![second.diagnostic("", CODE, "a score file holds exactly one workload")]);
    }
    let document = Arc::new(document);
    let mut reader = Reader::new(&document);
    let score = read_score(&mut reader, &Field { value: &document.value, pointer: String::new() }, &document);
    let problems = reader.problems;
    match score {
        Some(score) if problems.is_empty() => Ok(score),
        _ => Err(problems),
    }
}

fn read_score(
    reader: &mut Reader<'_>,
    root: &Field<'_>,
    document: &Arc<fairway_yaml::Document>,
) -> Option<Score> {
    let object = reader.closed_map(
        root,
        &["apiVersion", "metadata", "service", "containers", "resources"],
        &["apiVersion", "metadata", "containers"],
    )?;
    if let Some(version) = object.get("apiVersion") {
        reader.ruled_text(&version, |text| text == "score.dev/v1b1", "the only version is score.dev/v1b1");
    }
    let (name, metadata, annotations) = read_metadata(reader, &object).unwrap_or_default();
    let ports = object.get("service").map(|service| read_ports(reader, &service)).unwrap_or_default();
    let mut containers = BTreeMap::new();
    if let Some(field) = object.get("containers") {
        let named = reader.named(&field, rule::is_score_name, NAME_RULE);
        if named.is_empty() && field.value.is_object() {
            reader.fail(&field.pointer, "containers: there has to be at least one container");
        }
        for (name, field) in named {
            if let Some(container) = read_container(reader, &field) {
                containers.insert(name, container);
            }
        }
    }
    let mut resources = BTreeMap::new();
    if let Some(field) = object.get("resources") {
        for (name, field) in reader.named(&field, rule::is_score_name, NAME_RULE) {
            if let Some(resource) = read_resource(reader, &field) {
                resources.insert(name, resource);
            }
        }
    }
    Some(Score { name, metadata, annotations, ports, containers, resources, source: Arc::clone(document) })
}

type Metadata = (String, Map<String, serde_json::Value>, BTreeMap<String, String>);

fn read_metadata(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Metadata> {
    let field = object.get("metadata")?;
    let map = reader.map(&field)?;
    let metadata = Object { field: field.clone(), map };
    let name = metadata.get("name");
    if name.is_none() {
        reader.fail(&field.pointer, "metadata: the field \"name\" is missing");
    }
    let name = name.and_then(|name| reader.ruled_text(&name, rule::is_score_name, NAME_RULE));
    let annotations =
        metadata.get("annotations").map(|field| read_annotations(reader, &field)).unwrap_or_default();
    Some((name.unwrap_or_default(), map.clone(), annotations))
}

fn read_annotations(reader: &mut Reader<'_>, field: &Field<'_>) -> BTreeMap<String, String> {
    reader
        .named(field, rule::is_annotation_key, ANNOTATION_RULE)
        .into_iter()
        .filter_map(|(key, field)| Some((key, reader.text(&field)?.to_owned())))
        .collect()
}

fn read_ports(reader: &mut Reader<'_>, service: &Field<'_>) -> BTreeMap<String, ServicePort> {
    let mut ports = BTreeMap::new();
    let Some(field) = reader.closed_map(service, &["ports"], &[]).and_then(|object| object.get("ports"))
    else {
        return ports;
    };
    for (name, field) in reader.named(&field, rule::is_score_name, NAME_RULE) {
        let Some(object) = reader.closed_map(&field, &["port", "protocol", "targetPort"], &["port"]) else {
            continue;
        };
        let port = object.get("port").and_then(|field| reader.port(&field));
        let target_port = object.get("targetPort").map(|field| reader.port(&field));
        let protocol = object.get("protocol").and_then(|field| {
            reader.ruled_text(&field, |text| matches!(text, "TCP" | "UDP"), "the protocols are TCP and UDP")
        });
        if let Some(port) = port {
            ports.insert(
                name,
                ServicePort {
                    port,
                    protocol: if protocol.as_deref() == Some("UDP") { Protocol::Udp } else { Protocol::Tcp },
                    target_port: target_port.flatten().unwrap_or(port),
                },
            );
        }
    }
    ports
}

fn read_resource(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Resource> {
    let object = reader.closed_map(field, &["type", "class", "id", "metadata", "params"], &["type"])?;
    let class = object.get("class").and_then(|it| reader.ruled_text(&it, rule::is_resource_word, WORD_RULE));
    let id = object.get("id").and_then(|it| reader.ruled_text(&it, rule::is_resource_id, ID_RULE));
    let mut metadata = Map::new();
    if let Some(field) = object.get("metadata")
        && let Some(map) = reader.map(&field)
    {
        metadata.clone_from(map);
        let inner = Object { field, map };
        if let Some(annotations) = inner.get("annotations") {
            read_annotations(reader, &annotations);
        }
    }
    let params = object.get("params").and_then(|it| reader.map(&it).cloned()).unwrap_or_default();
    let resource_type =
        object.get("type").and_then(|it| reader.ruled_text(&it, rule::is_resource_word, WORD_RULE))?;
    Some(Resource {
        resource_type,
        class: class.unwrap_or_else(|| "default".to_owned()),
        id,
        metadata,
        params,
    })
}
