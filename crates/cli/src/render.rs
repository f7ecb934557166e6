//! `fairway render`: the manifests of a `score.yaml` for an environment, without a server.

use std::path::{Path, PathBuf};

use fairway_catalog::{Model, SourceInfo, ingest};
use fairway_domain::environment::{Environment, KindError, ResourceClass};
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use fairway_domain::{Diagnostic, Entity, EntityRef};
use fairway_remote::{TreeLimits, read_folder};
use fairway_workload::{RenderRequest, RenderedWorkload, parse_score, render as render_workload};
use serde_json::{Value, json};

use crate::example;
use crate::failure::CliError;
use crate::output::{OutputFormat, counted, data, talk};

/// Render a score.yaml into Kubernetes manifests for an environment
///
/// Works without a server. The environments and resource classes are read from a folder of the platform's
/// catalog files, the example organisation's by default. The result is byte for byte what a deployment of the
/// same service, version and repository commits.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway render --environment staging\n  fairway render --environment production --version 1.2.0 --platform ../platform --out out\n  fairway render --environment staging | kubectl diff -f -"
)]
pub struct RenderArguments {
    /// The workload
    #[arg(long, default_value = "score.yaml", value_name = "FILE")]
    score: PathBuf,
    /// The environment's name
    #[arg(long, short = 'e', value_name = "NAME")]
    environment: String,
    /// The service's name; that of catalog-info.yaml beside the score, or the score's own
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Who answers for it; the owner in catalog-info.yaml beside the score
    #[arg(long, value_name = "ENTITY")]
    owner: Option<String>,
    /// What it is a part of; the system in catalog-info.yaml beside the score
    #[arg(long, value_name = "ENTITY")]
    system: Option<String>,
    /// The version, which is the tag of the service's image
    #[arg(long, default_value = "0.1.0")]
    version: String,
    /// The service's repository, which names its image; acme/SERVICE by default
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The folder with Environment and ResourceClass files
    #[arg(long, value_name = "DIR")]
    platform: Option<PathBuf>,
    /// Write the manifests into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the manifests are printed
    #[arg(
        long,
        short = 'o',
        value_enum,
        default_value = "yaml",
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    output: OutputFormat,
}

/// What the catalog file beside a score says.
#[derive(Default)]
struct Component {
    name: Option<String>,
    owner: Option<EntityRef>,
    system: Option<EntityRef>,
}

struct Platform {
    environments: Vec<Environment>,
    classes: Vec<ResourceClass>,
}

/// Runs `fairway render`.
pub async fn render(arguments: RenderArguments) -> Result<(), CliError> {
    let file = arguments.score.display().to_string();
    let text = std::fs::read_to_string(&arguments.score).map_err(|error| {
        CliError::usage(
            format!("{file} cannot be read: {error}"),
            Some("say where the score.yaml is with --score"),
        )
    })?;
    let score = parse_score(&file, &text).map_err(CliError::Diagnostics)?;
    let platform = platform(arguments.platform.as_deref()).await?;
    let component = component_beside(&arguments.score);

    let service = arguments.service.clone().or(component.name).unwrap_or_else(|| score.name.clone());
    let owner = match &arguments.owner {
        Some(owner) => reference(owner, "group")?,
        None => component.owner.unwrap_or_else(|| EntityRef::new("group", "default", "unknown")),
    };
    let system = match &arguments.system {
        Some(system) => Some(reference(system, "system")?),
        None => component.system,
    };
    let repository = match &arguments.repository {
        Some(text) => text
            .parse::<RepositoryRef>()
            .map(|it| it.to_string())
            .map_err(|error| CliError::usage(error.to_string(), None))?,
        None => format!("acme/{service}"),
    };
    let environment =
        platform.environments.iter().find(|it| it.name == arguments.environment).ok_or_else(|| {
            let names: Vec<&str> = platform.environments.iter().map(|it| it.name.as_str()).collect();
            CliError::Usage {
                message: format!("there is no environment \"{}\"", arguments.environment),
                hint: Some(match names.as_slice() {
                    [] => "the platform's folder has no Environment; name another with --platform".to_owned(),
                    names => format!("there are {}", names.join(", ")),
                }),
            }
        })?;
    let rendered = render_workload(&RenderRequest {
        score: &score,
        service: &service,
        owner: &owner,
        system: system.as_ref(),
        version: &arguments.version,
        image_repository: &repository,
        environment,
        classes: &platform.classes,
    })
    .map_err(CliError::Diagnostics)?;
    for warning in &rendered.warnings {
        talk(&format!("warning: {warning}"));
    }
    match &arguments.out {
        Some(folder) => write(&rendered.files, folder),
        None => print(&rendered, arguments.output),
    }
}

fn print(rendered: &RenderedWorkload, output: OutputFormat) -> Result<(), CliError> {
    let objects: Vec<Value> = rendered.objects.iter().map(|(_, object)| object.clone()).collect();
    match output {
        OutputFormat::Yaml => data(&fairway_yaml::write_documents(&objects)),
        OutputFormat::Json => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            data(&serde_json::to_string_pretty(&list).unwrap_or_default())
        }
        OutputFormat::Table => {
            let rows = rendered.objects.iter().map(|(path, object)| {
                let text = |pointer: &str| {
                    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                [text("/kind"), text("/metadata/name"), text("/metadata/namespace"), path.to_string()]
            });
            data(&crate::output::table(["kind", "name", "namespace", "file"], rows.collect(), "nothing"))
        }
    }
}

fn write(files: &Tree, folder: &Path) -> Result<(), CliError> {
    for (path, file) in files.iter() {
        let target = folder.join(path.as_str());
        let written = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&target, &file.bytes));
        written.map_err(|error| {
            CliError::failed(format!("{} cannot be written: {error}", target.display()), None)
        })?;
    }
    talk(&format!("Wrote {} to {}", counted(files.len(), "manifest"), folder.display()));
    Ok(())
}

fn reference(text: &str, kind: &str) -> Result<EntityRef, CliError> {
    EntityRef::parse(text, Some(kind), "default").map_err(|error| CliError::usage(error.to_string(), None))
}

/// The environments and classes of a folder, or of the embedded example.
async fn platform(folder: Option<&Path>) -> Result<Platform, CliError> {
    let (tree, name) = match folder {
        Some(folder) => (read_folder(folder, TreeLimits::default()).await?, folder.display().to_string()),
        None => (example::catalog()?, "the example organisation".to_owned()),
    };
    let mut platform = Platform { environments: Vec::new(), classes: Vec::new() };
    for entity in entities(&tree, &name)? {
        let wrong = |error: KindError| {
            CliError::Diagnostics(vec![Diagnostic::error("entity-schema", error.to_string())])
        };
        match entity.kind.as_str() {
            "Environment" => platform.environments.push(Environment::try_from(&entity).map_err(wrong)?),
            "ResourceClass" => platform.classes.push(ResourceClass::try_from(&entity).map_err(wrong)?),
            _ => {}
        }
    }
    Ok(platform)
}

/// The platform's own entities of a tree: through its root file where it has one, else from every YAML file.
/// What is wrong in files of other kinds does not matter here.
fn entities(tree: &Tree, name: &str) -> Result<Vec<Entity>, CliError> {
    let is_yaml = |path: &TreePath| matches!(path.as_str().rsplit_once('.'), Some((_, "yaml" | "yml")));
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for (path, _) in tree.iter().filter(|(path, file)| is_yaml(path) && file.mode != FileMode::Symlink) {
        let speaks_of_us =
            tree.get(path).and_then(TreeFile::text).is_some_and(|text| text.contains("fairway.dev/v1"));
        if !speaks_of_us {
            continue;
        }
        let info = SourceInfo {
            id: "local".to_owned(),
            location: format!("file:{name}"),
            base: format!("file:{name}/"),
        };
        // Each file alone: the tree leads nowhere, so nothing is read twice.
        let alone: Tree = tree.get(path).map(|file| (path.clone(), file.clone())).into_iter().collect();
        let ingestion = ingest(&alone, path, &info, &Model::default());
        wrong.extend(ingestion.diagnostics().cloned());
        found.extend(ingestion.entities.iter().map(fairway_catalog::IngestedEntity::entity));
    }
    if wrong.is_empty() { Ok(found) } else { Err(CliError::Diagnostics(wrong)) }
}

/// Who the workload is, as far as a `catalog-info.yaml` beside it says.
fn component_beside(score: &Path) -> Component {
    let path = score.with_file_name("catalog-info.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else { return Component::default() };
    let reading = fairway_yaml::read("catalog-info.yaml", &text, &fairway_yaml::Limits::default());
    let component = reading
        .documents
        .into_iter()
        .filter_map(|document| serde_json::from_value::<Entity>(document.value).ok())
        .find(|entity| entity.kind == "Component");
    component.map_or_else(Component::default, |entity| Component {
        name: Some(entity.name().to_owned()),
        owner: entity.owner(),
        system: entity
            .spec_text("system")
            .and_then(|system| EntityRef::parse(system, Some("system"), entity.namespace()).ok()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn the_embedded_platform_has_environments_and_classes() {
        let tree = crate::example::catalog().unwrap();
        let kinds: Vec<String> = super::entities(&tree, "x").unwrap().into_iter().map(|it| it.kind).collect();
        for kind in ["Environment", "ResourceClass"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind}");
        }
    }
}
