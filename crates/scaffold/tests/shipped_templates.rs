//! The golden paths of this repository, planned with every choice of database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "shared/fake_world.rs"]
mod fake_world;

use std::path::{Path, PathBuf};

use fairway_domain::plan::Effect;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{Tree, TreeFile};
use fairway_domain::{Entity, EntityRef};
use fairway_scaffold::{
    Action, ActionError, ActionRegistry, PlanRequest, StepContext, Template, World, WorldError, form, plan,
    validate,
};
use fake_world::{entity, read_tree};
use serde_json::{Value, json};

/// Serves the folder `templates/`.
struct Shipped {
    folder: PathBuf,
    hosts: Vec<String>,
}

impl World for Shipped {
    fn fetch(&self, base: &str, url: &str) -> Result<Tree, WorldError> {
        let folder = self.folder.join(base).join(url);
        if folder.is_dir() {
            Ok(read_tree(&folder))
        } else {
            Err(WorldError::NotFound { address: url.to_owned() })
        }
    }

    fn fetch_file(&self, _base: &str, url: &str) -> Result<TreeFile, WorldError> {
        Err(WorldError::NotFound { address: url.to_owned() })
    }

    fn entity(&self, reference: &EntityRef) -> Option<Entity> {
        (reference.kind() == "group").then(|| {
            entity("apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: platform}\nspec: {type: team}\n")
        })
    }

    fn repository_exists(&self, _repository: &RepositoryRef) -> bool {
        false
    }

    fn forge_hosts(&self) -> &[String] {
        &self.hosts
    }

    fn base_url(&self) -> &'static str {
        "http://127.0.0.1:7007"
    }
}

/// Stands where the action of another room is registered, and looks at what it would be handed.
struct Deliver;

impl Action for Deliver {
    fn id(&self) -> &'static str {
        "workload:deliver"
    }

    fn description(&self) -> &'static str {
        "Renders score.yaml"
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["scorePath", "service", "owner", "environments", "version"]})
    }

    fn output_schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let score = context.read(input["scorePath"].as_str().unwrap())?;
        assert!(score.contains("score.dev/v1b1"));
        assert_eq!(context.published().unwrap().repository.to_string(), "acme/gift-cards");
        Ok(json!({}))
    }
}

#[test]
fn every_golden_path_plans_without_a_warning() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut registry = ActionRegistry::built_in();
    registry.register(Box::new(Deliver));
    let world = Shipped { folder: folder.clone(), hosts: vec!["fairway".to_owned()] };
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no templates");
        return;
    };
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Ok(text) = std::fs::read_to_string(folder.join(&name).join("template.yaml")) else { continue };
        let reading = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default());
        let template = Template::parse(&entity(&text)).unwrap();
        assert!(template.strict && registry.missing(&template).is_empty(), "{name}");
        let shown = form(&template, &json!({}), None);
        let typed =
            shown.steps.iter().flat_map(|page| &page.fields).filter(|field| field.value.is_none()).count();
        assert_eq!(typed, 4, "{name}: four fields are typed, the rest has defaults");
        for database in ["none", "postgresql", "redis", "mongodb"] {
            let answers = json!({"name": "gift-cards", "description": "Sells \"gift cards\": yes", "owner": "platform", "database": database});
            let request = PlanRequest {
                template: &template,
                template_base: &name,
                source: reading.documents.first(),
                values: validate(&template, &answers).unwrap(),
                user: None,
                user_ref: "user:default/guest".parse().unwrap(),
            };
            let begin = std::time::Instant::now();
            let planned = plan(&registry, &world, &request)
                .unwrap_or_else(|error| panic!("{name}, {database}: {error}"));
            eprintln!("{name}, {database}: {} files in {:?}", planned.workspace.len(), begin.elapsed());
            assert!(planned.plan.warnings.is_empty(), "{name}: {:?}", planned.plan.warnings);
            assert!(
                matches!(&planned.plan.effects[2], Effect::RegisterLocation { entities, .. } if entities[0].to_string() == "component:default/gift-cards"),
                "{name}: {:?}",
                planned.plan.effects[2]
            );
            let again = plan(&registry, &world, &request).unwrap();
            assert_eq!(again.plan.to_bytes(), planned.plan.to_bytes(), "{name}");
        }
    }
}
