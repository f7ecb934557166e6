//! A score, an environment and its classes, rendered.

use fairway_domain::environment::{Environment, ResourceClass};
use fairway_domain::plan::PlannedResource;
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Diagnostic, EntityRef};
use serde_json::Value;

use crate::autoscaling::{Scale, horizontal_pod_autoscaler, pod_disruption_budget};
use crate::deployment::{deployment, service_account};
use crate::exposure::{service, service_monitor};
use crate::manifest::Manifests;
use crate::mount::PodVolumes;
use crate::network::network_policy;
use crate::resolve::resolve;
use crate::scope::{Notes, Scope};
use crate::score::Score;

/// What is rendered, and for where.
#[derive(Clone, Copy, Debug)]
pub struct RenderRequest<'a> {
    /// The workload.
    pub score: &'a Score,
    /// The service's name; its objects are called so.
    pub service: &'a str,
    /// Who answers for it.
    pub owner: &'a EntityRef,
    /// What it is a part of.
    pub system: Option<&'a EntityRef>,
    /// The version, which is the tag (or the `sha256:` digest) of its own image.
    pub version: &'a str,
    /// The repository of its own image below the environment's registry, for example `acme/orders`.
    pub image_repository: &'a str,
    /// Where it goes.
    pub environment: &'a Environment,
    /// How resources are provided; those of other environments are passed over.
    pub classes: &'a [ResourceClass],
}

/// The manifests of one workload in one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedWorkload {
    /// The namespace that everything lives in.
    pub namespace: String,
    /// One YAML file for each object, for example `deployment.yaml` or `db-cluster.yaml`.
    pub files: Tree,
    /// The same as values, in the order of the files.
    pub objects: Vec<(TreePath, Value)>,
    /// What comes besides the workload itself.
    pub resources: Vec<PlannedResource>,
    /// The images of the containers, without repetition, in order.
    pub images: Vec<String>,
    /// What a person should know, and may accept.
    pub warnings: Vec<String>,
}

/// Renders a workload. The result depends on the request alone. All problems are reported at once.
pub fn render(request: &RenderRequest<'_>) -> Result<RenderedWorkload, Vec<Diagnostic>> {
    let mut notes = Notes::default();
    let Some(scope) = Scope::new(request, &mut notes) else { return Err(notes.problems) };
    let resolution = resolve(&scope, &mut notes);
    if !notes.problems.is_empty() {
        return Err(notes.problems);
    }
    let provided = || resolution.provided.values();
    let scale = Scale::new(&scope, provided(), &mut notes);
    let mut pod = PodVolumes::default();
    let deployment = deployment(&scope, &resolution.outputs, scale, &mut pod, &mut notes);
    let images = images_of(&deployment);

    let mut manifests = Manifests::default();
    manifests.add(None, deployment);
    manifests.add(None, service_account(&scope));
    manifests.add(None, network_policy(&scope, provided(), &mut notes));
    let optional = [
        service(&scope),
        horizontal_pod_autoscaler(&scope, scale),
        pod_disruption_budget(&scope),
        service_monitor(&scope, &mut notes),
    ];
    for object in optional.into_iter().flatten() {
        manifests.add(None, object);
    }
    for (container, config) in pod.objects {
        manifests.add(Some(&container), config);
    }
    let mut resources = Vec::new();
    for (name, provided) in resolution.provided {
        resources.extend(provided.planned);
        for object in provided.objects {
            manifests.add(Some(&name), object);
        }
    }
    for duplicate in manifests.duplicates() {
        let message = format!("{duplicate} is rendered twice, and a cluster would keep one of them");
        notes.fail(
            Diagnostic::error("duplicate-object", message).with_hint(
                "resources of one class need names of their own: use resource.name in its manifests",
            ),
        );
    }
    if !notes.problems.is_empty() {
        return Err(notes.problems);
    }
    let (files, objects) = manifests.finish();
    Ok(RenderedWorkload {
        namespace: scope.namespace,
        files,
        objects,
        resources,
        images,
        warnings: notes.warnings,
    })
}

fn images_of(deployment: &Value) -> Vec<String> {
    let containers = ["/spec/template/spec/initContainers", "/spec/template/spec/containers"];
    let mut images = Vec::new();
    for pointer in containers {
        let list = deployment.pointer(pointer).and_then(Value::as_array);
        for image in list.into_iter().flatten().filter_map(|container| container.get("image")?.as_str()) {
            if !images.iter().any(|known| known == image) {
                images.push(image.to_owned());
            }
        }
    }
    images
}
