//! A world that holds what a test puts into it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::unnecessary_literal_bound)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{FileMode, Tree, TreeFile};
use fairway_domain::{Entity, EntityRef};
use fairway_scaffold::{PlanError, PlanRequest, Planned, Template, World, WorldError, plan};
use serde_json::Value;

#[derive(Default)]
pub struct FakeWorld {
    pub folders: BTreeMap<String, Tree>,
    pub files: BTreeMap<String, String>,
    pub entities: BTreeMap<EntityRef, Entity>,
    pub repositories: BTreeSet<RepositoryRef>,
    pub hosts: Vec<String>,
}

impl FakeWorld {
    pub fn new() -> Self {
        Self { hosts: vec!["fairway".to_owned()], ..Self::default() }
    }

    pub fn folder(mut self, url: &str, files: &[(&str, &str)]) -> Self {
        self.folders.insert(url.to_owned(), tree(files));
        self
    }

    pub fn entity_named(mut self, reference: &str) -> Self {
        let reference: EntityRef = reference.parse().unwrap();
        let entity = serde_json::from_value(serde_json::json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": reference.kind(),
            "metadata": {"name": reference.name(), "namespace": reference.namespace(), "title": "A title"}
        }))
        .unwrap();
        self.entities.insert(reference, entity);
        self
    }
}

impl World for FakeWorld {
    fn fetch(&self, _base: &str, url: &str) -> Result<Tree, WorldError> {
        self.folders.get(url).cloned().ok_or_else(|| WorldError::NotFound { address: url.to_owned() })
    }

    fn fetch_file(&self, _base: &str, url: &str) -> Result<TreeFile, WorldError> {
        let text = self.files.get(url).ok_or_else(|| WorldError::NotFound { address: url.to_owned() })?;
        Ok(TreeFile::regular(text.as_bytes()))
    }

    fn entity(&self, reference: &EntityRef) -> Option<Entity> {
        self.entities.get(reference).cloned()
    }

    fn repository_exists(&self, repository: &RepositoryRef) -> bool {
        self.repositories.contains(repository)
    }

    fn forge_hosts(&self) -> &[String] {
        &self.hosts
    }

    fn base_url(&self) -> &str {
        "http://127.0.0.1:7007"
    }
}

pub fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
}

/// A path that ends in `->` stands for a symbolic link to the text.
pub fn with_link(mut tree: Tree, path: &str, target: &str) -> Tree {
    let file = TreeFile { mode: FileMode::Symlink, ..TreeFile::regular(target.as_bytes()) };
    tree.insert(path.parse().unwrap(), file);
    tree
}

pub fn read_tree(folder: &Path) -> Tree {
    fn walk(root: &Path, folder: &Path, tree: &mut Tree) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, tree);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().parse().unwrap();
                tree.insert(name, TreeFile::regular(std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut tree = Tree::new();
    walk(folder, folder, &mut tree);
    tree
}

pub fn entity(yaml: &str) -> Entity {
    let reading = fairway_yaml::read("template.yaml", yaml, &fairway_yaml::Limits::default());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    serde_json::from_value(reading.documents.into_iter().next().unwrap().value).unwrap()
}

pub fn template(yaml: &str) -> Template {
    Template::parse(&entity(yaml)).unwrap()
}

pub fn plan_with(world: &FakeWorld, yaml: &str, values: Value) -> Result<Planned, PlanError> {
    let reading = fairway_yaml::read("template.yaml", yaml, &fairway_yaml::Limits::default());
    let template = template(yaml);
    let request = PlanRequest {
        template: &template,
        template_base: "file:/templates/x",
        source: reading.documents.first(),
        values,
        user: None,
        user_ref: "user:default/ada".parse().unwrap(),
    };
    plan(&fairway_scaffold::ActionRegistry::built_in(), world, &request)
}

/// The acceptance data beside the checkout, when it is there.
pub fn cases() -> Option<PathBuf> {
    let folder = std::env::var_os("FAIRWAY_CASES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"), PathBuf::from);
    folder.is_dir().then_some(folder)
}
