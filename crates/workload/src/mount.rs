//! Files and volumes of containers: what the pod carries and where it is mounted.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::naming::{dns_label, short_digest};
use crate::outputs::Outputs;
use crate::placeholder::Piece;
use crate::scope::{Notes, Scope};
use crate::score::{Container, ContainerFile, ContainerVolume, FileContent};

/// The most that one ConfigMap may hold, with room for its envelope (Kubernetes stops at 1 MiB).
const MAX_CONFIG_BYTES: usize = 1_000_000;

/// What the containers of a pod share.
#[derive(Default)]
pub(crate) struct PodVolumes {
    /// Volumes by name.
    pub(crate) volumes: BTreeMap<String, Value>,
    /// ConfigMaps with the containers' names.
    pub(crate) objects: Vec<(String, Value)>,
}

/// The mounts of a container: its files, its volumes, and a scratch folder at `/tmp`.
pub(crate) fn mounts(
    scope: &Scope<'_>,
    name: &str,
    container: &Container,
    outputs: &Outputs<'_>,
    pod: &mut PodVolumes,
    notes: &mut Notes,
) -> Vec<Value> {
    let mut mounts = file_mounts(scope, name, &container.files, outputs, pod, notes);
    for volume in &container.volumes {
        mounts.extend(volume_mount(scope, volume, outputs, pod, notes));
    }
    if !mounts.iter().any(|mount| mount.get("mountPath").and_then(Value::as_str) == Some("/tmp")) {
        let scratch = dns_label(&format!("tmp-{name}"));
        pod.volumes.insert(scratch.clone(), json!({"name": scratch, "emptyDir": {"sizeLimit": "1Gi"}}));
        mounts.push(json!({"name": scratch, "mountPath": "/tmp"}));
    }
    mounts
}

fn file_mounts(
    scope: &Scope<'_>,
    name: &str,
    files: &[ContainerFile],
    outputs: &Outputs<'_>,
    pod: &mut PodVolumes,
    notes: &mut Notes,
) -> Vec<Value> {
    let mut mounts = Vec::new();
    let (mut text, mut binary) = (Map::new(), Map::new());
    let mut items = Vec::new();
    let mut bytes = 0;
    let volume = dns_label(&format!("files-{name}"));
    for (index, file) in files.iter().enumerate() {
        let mut fail = |message: String| {
            notes.fail(scope.request.score.diagnostic(&file.pointer, "score-file", message));
        };
        let key = format!("file-{index}");
        match &file.content {
            FileContent::Source(path) => {
                fail(format!(
                    "the file \"{path}\" beside the score is not carried; put its text under \"content\", or build it into the image"
                ));
                continue;
            }
            FileContent::Binary(content) => {
                bytes += content.len();
                binary.insert(key.clone(), STANDARD.encode(content).into());
            }
            FileContent::Inline { text: content, expand: false } => {
                bytes += content.len();
                text.insert(key.clone(), content.clone().into());
            }
            FileContent::Inline { text: content, expand: true } => match outputs.pieces(content) {
                Ok(pieces) => match pieces.as_slice() {
                    [] => drop(text.insert(key.clone(), "".into())),
                    [Piece::Text(content)] => {
                        bytes += content.len();
                        text.insert(key.clone(), content.clone().into());
                    }
                    [Piece::Secret(secret)] => {
                        let volume = dns_label(&format!("secret-{name}-{index}"));
                        let mut item = json!({"key": secret.key, "path": key});
                        set_mode(&mut item, file.mode);
                        pod.volumes.insert(
                            volume.clone(),
                            json!({"name": volume, "secret": {"secretName": secret.secret, "items": [item]}}),
                        );
                        mounts.push(file_mount(&volume, file, &key));
                        continue;
                    }
                    _ => {
                        fail(format!(
                            "{}: a file cannot mix text and secrets; mount each secret as a file of its own, or pass it as a variable",
                            file.target
                        ));
                        continue;
                    }
                },
                Err(message) => {
                    fail(message);
                    continue;
                }
            },
        }
        let mut item = json!({"key": key, "path": key});
        set_mode(&mut item, file.mode);
        items.push(item);
        mounts.push(file_mount(&volume, file, &key));
    }
    if bytes > MAX_CONFIG_BYTES {
        notes.fail(scope.request.score.diagnostic(
            &format!("/containers/{name}/files"),
            "score-file",
            format!(
                "the files of {name} have {bytes} bytes; at most {MAX_CONFIG_BYTES} fit into a ConfigMap"
            ),
        ));
        return mounts;
    }
    if !items.is_empty() {
        let config = config_map(scope, name, text, binary);
        let config_name = config.pointer("/metadata/name").cloned().unwrap_or_default();
        pod.volumes.insert(
            volume.clone(),
            json!({"name": volume, "configMap": {"name": config_name, "items": items}}),
        );
        pod.objects.push((name.to_owned(), config));
    }
    mounts
}

/// The ConfigMap is named by its content, so that a changed file starts new pods and a rollback finds its own.
fn config_map(scope: &Scope<'_>, name: &str, text: Map<String, Value>, binary: Map<String, Value>) -> Value {
    let digest = short_digest(json!([text, binary]).to_string().as_bytes());
    let mut config = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": scope.metadata(&format!("{}-{name}-files-{digest}", scope.name)),
        "immutable": true,
    });
    if let Value::Object(config) = &mut config {
        for (key, data) in [("data", text), ("binaryData", binary)] {
            if !data.is_empty() {
                config.insert(key.to_owned(), Value::Object(data));
            }
        }
    }
    config
}

fn set_mode(item: &mut Value, mode: Option<u32>) {
    if let (Value::Object(item), Some(mode)) = (item, mode) {
        item.insert("mode".into(), mode.into());
    }
}

fn file_mount(volume: &str, file: &ContainerFile, key: &str) -> Value {
    json!({"name": volume, "mountPath": file.target, "subPath": key, "readOnly": true})
}

fn volume_mount(
    scope: &Scope<'_>,
    volume: &ContainerVolume,
    outputs: &Outputs<'_>,
    pod: &mut PodVolumes,
    notes: &mut Notes,
) -> Option<Value> {
    let pointer = format!("{}/source", volume.pointer);
    let source = match outputs.plain(&volume.source) {
        Ok(source) => source,
        Err(message) => {
            notes.fail(scope.request.score.diagnostic(&pointer, "score-placeholder", message));
            return None;
        }
    };
    let name = volume_of_resource(&source, outputs, pod).unwrap_or_else(|| {
        notes.warn(format!(
            "the volume \"{source}\" is no resource of the score, so {} starts empty with every pod; declare a resource of type volume to keep it",
            volume.target
        ));
        let name = dns_label(&format!("scratch-{source}"));
        pod.volumes.insert(name.clone(), json!({"name": name, "emptyDir": {}}));
        name
    });
    let mut mount = json!({"name": name, "mountPath": volume.target});
    if let Value::Object(mount) = &mut mount {
        if let Some(path) =
            volume.path.as_deref().map(|path| path.trim_matches('/')).filter(|it| !it.is_empty())
        {
            mount.insert("subPath".into(), path.into());
        }
        if volume.read_only {
            mount.insert("readOnly".into(), true.into());
        }
    }
    Some(mount)
}

/// The pod's volume of a resource that is meant by its name, or by its output `source`. A volume that the
/// score would write out itself does not count: what pods may mount is the platform's choice.
fn volume_of_resource(source: &str, outputs: &Outputs<'_>, pod: &mut PodVolumes) -> Option<String> {
    let (resource, definition) = outputs.resources.iter().find_map(|(name, values)| {
        let definition = values.get("source").filter(|definition| definition.is_object())?;
        let written = definition.to_string();
        (name == source || written == source).then_some((name, definition))
    })?;
    let name = dns_label(&format!("volume-{resource}"));
    let mut entry = Map::new();
    entry.insert("name".into(), name.clone().into());
    entry.extend(definition.as_object().cloned().unwrap_or_default());
    entry.insert("name".into(), name.clone().into());
    pod.volumes.insert(name.clone(), Value::Object(entry));
    Some(name)
}
