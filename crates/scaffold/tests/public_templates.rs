//! Templates that other people wrote, unchanged.
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
use fairway_scaffold::{ActionRegistry, PlanRequest, Template, Widget, form, plan, read_answers, validate};
use fake_world::{FakeWorld, cases, entity, read_tree};
use serde_json::json;

#[test]
fn backstages_own_templates_give_forms() {
    let Some(cases) = cases() else {
        eprintln!("skipped: no acceptance data; set FAIRWAY_CASES");
        return;
    };
    let folder = cases.join("templates/backstage-software-templates/scaffolder-templates");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path().join("template.yaml");
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let template = Template::parse(&entity(&text)).expect("parses");
        let form = form(&template, &json!({}), None);
        let fields: usize = form.steps.iter().map(|page| page.fields.len()).sum();
        assert!(fields >= 4, "{} has {fields} fields", file.display());
        assert!(
            form.steps
                .iter()
                .flat_map(|page| &page.fields)
                .any(|field| matches!(field.widget, Widget::RepoUrlPicker { .. }))
        );
        assert!(validate(&template, &json!({})).is_err(), "required fields are asked for");
        seen += 1;
    }
    assert_eq!(seen, 9);
}

/// The folder that `npm pack @backstage/create-app` unpacks to, when it is there.
fn create_app() -> Option<PathBuf> {
    let package = std::env::var_os("FAIRWAY_CREATE_APP")?;
    let folder = Path::new(&package).join("templates/default-app/examples/template");
    folder.is_dir().then_some(folder)
}

#[test]
fn the_template_of_create_app_plans_unchanged() {
    let Some(folder) = create_app() else {
        eprintln!("skipped: set FAIRWAY_CREATE_APP to the unpacked npm package @backstage/create-app");
        return;
    };
    let template =
        Template::parse(&entity(&std::fs::read_to_string(folder.join("template.yaml")).unwrap())).unwrap();
    let mut world = FakeWorld::new();
    world.hosts.push("github.com".to_owned());
    world.folders.insert("./content".to_owned(), read_tree(&folder.join("content")));
    let sent = [
        ("name", "my-app"),
        ("repoUrl.host", "github.com"),
        ("repoUrl.owner", "acme"),
        ("repoUrl.repo", "my-app"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let values = validate(&template, &read_answers(&template, None, &sent)).unwrap();
    let request = PlanRequest {
        template: &template,
        template_base: "file:/examples/template",
        source: None,
        values,
        user: None,
        user_ref: "user:default/guest".parse().unwrap(),
    };
    let planned = plan(&ActionRegistry::built_in(), &world, &request).unwrap();
    assert_eq!(
        planned.plan.effects.iter().map(Effect::kind).collect::<Vec<_>>(),
        ["create-repository", "commit", "register-location", "notify"]
    );
    assert!(planned.plan.warnings.is_empty(), "{:?}", planned.plan.warnings);
    assert_eq!(planned.workspace.get_text("index.js"), Some("console.log('Hello from my-app!');\n"));
    assert_eq!(planned.plan.links.len(), 2);
}
