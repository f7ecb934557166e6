//! SLSA provenance: v0.1, v0.2 and v1.
//! <https://slsa.dev/spec/v1.0/provenance> and <https://slsa.dev/spec/v0.2/provenance>

use serde_json::Value;

use crate::error::SupplyError;
use crate::evidence::{Build, Evidence, EvidenceKind, Format, Material, text, time};

/// The most materials that are kept.
const MATERIALS: usize = 5000;

pub(crate) fn read(kind: &str, predicate: &Value) -> Result<Evidence, SupplyError> {
    if !predicate.is_object() {
        return Err(SupplyError::malformed("SLSA provenance", "the predicate is no object"));
    }
    let mut evidence = Evidence::new(EvidenceKind::Provenance, Format::InToto);
    let build =
        if predicate.get("buildDefinition").is_some() { version_1(predicate) } else { version_0(predicate) };
    evidence.created_at = build.finished_at.or(build.started_at);
    evidence.tool = Some(text(kind));
    evidence.builds = vec![build];
    Ok(evidence)
}

fn version_1(predicate: &Value) -> Build {
    let at = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str).map(text);
    let materials = materials(predicate.pointer("/buildDefinition/resolvedDependencies"));
    // The first dependency with a commit is the source that was built.
    let source =
        materials.iter().find(|it| it.digest.as_ref().is_some_and(|digest| digest.starts_with("gitCommit:")));
    Build {
        builder: at("/runDetails/builder/id").unwrap_or_default(),
        build_type: at("/buildDefinition/buildType").unwrap_or_default(),
        source: at("/buildDefinition/externalParameters/workflow/repository")
            .or_else(|| source.map(|it| it.uri.clone())),
        commit: source.and_then(|it| Some(it.digest.as_ref()?.split_once(':')?.1.to_owned())),
        invocation: at("/runDetails/metadata/invocationId"),
        started_at: at("/runDetails/metadata/startedOn").and_then(|it| time(&it)),
        finished_at: at("/runDetails/metadata/finishedOn").and_then(|it| time(&it)),
        materials,
    }
}

fn version_0(predicate: &Value) -> Build {
    let at = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str).map(text);
    Build {
        builder: at("/builder/id").unwrap_or_default(),
        build_type: at("/buildType").or_else(|| at("/recipe/type")).unwrap_or_default(),
        source: at("/invocation/configSource/uri"),
        commit: at("/invocation/configSource/digest/sha1"),
        invocation: at("/metadata/buildInvocationId").or_else(|| at("/metadata/buildInvocationID")),
        started_at: at("/metadata/buildStartedOn").and_then(|it| time(&it)),
        finished_at: at("/metadata/buildFinishedOn").and_then(|it| time(&it)),
        materials: materials(predicate.get("materials")),
    }
}

fn materials(list: Option<&Value>) -> Vec<Material> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let material = |value: &Value| {
        let uri = value.get("uri").or_else(|| value.get("name")).and_then(Value::as_str)?;
        let digests = value.get("digest").and_then(Value::as_object);
        let digest = ["gitCommit", "sha256", "sha1", "sha512"]
            .iter()
            .find_map(|algorithm| Some(format!("{algorithm}:{}", text(digests?.get(*algorithm)?.as_str()?))));
        Some(Material { uri: text(uri), digest })
    };
    list.iter().take(MATERIALS).filter_map(material).collect()
}
