//! What the world looks like from outside, so that two worlds can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::command::git;
use crate::server::Server;

/// Everything that a run may change, without moments and random names.
#[derive(Debug, PartialEq)]
pub struct World {
    /// By repository, what each branch and tag holds: the tree, or the commit itself.
    pub repositories: BTreeMap<String, BTreeMap<String, String>>,
    /// The entities, by kind, namespace and name.
    pub entities: BTreeMap<String, Value>,
    /// The sources, by address.
    pub sources: BTreeMap<String, Value>,
    /// Broken files.
    pub drafts: Vec<Value>,
    /// What runs where, by service and environment.
    pub deployments: BTreeMap<String, Value>,
}

/// How two worlds are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The same world at two moments: commits and identifiers are the same ones.
    Identity,
    /// Two worlds with the same story: only what they hold is the same.
    Content,
}

impl World {
    /// Looks at a running server and its repositories.
    pub async fn seen(server: &Server, data: &Path, detail: Detail) -> Self {
        let mut entities = BTreeMap::new();
        for mut entity in items(server, "/api/v1/catalog/entities?limit=1000").await {
            if detail == Detail::Content {
                remove(&mut entity["metadata"], &["uid", "etag"]);
            }
            let metadata = &entity["metadata"];
            let name = format!("{}:{}/{}", entity["kind"], metadata["namespace"], metadata["name"]);
            entities.insert(name, entity);
        }
        let mut sources = BTreeMap::new();
        for mut source in items(server, "/api/v1/sources").await {
            remove(&mut source, &["registeredAt", "run", "pace"]);
            remove(&mut source["last"], &["at", "lastSuccess"]);
            if detail == Detail::Content {
                remove(&mut source["last"], &["revision"]);
            }
            sources.insert(source["address"].to_string(), source);
        }
        let mut drafts = items(server, "/api/v1/catalog/drafts").await;
        for draft in &mut drafts {
            remove(draft, &["firstSeen"]);
        }
        let mut deployments = BTreeMap::new();
        let matrix = server.get("/api/v1/environments").await.expect(200);
        for service in matrix["services"].as_array().unwrap() {
            for cell in service["deployments"].as_array().unwrap() {
                let mut deployment = cell["deployment"].clone();
                if detail == Detail::Content {
                    remove(&mut deployment, &["at", "run", "commit", "sourceCommit"]);
                }
                deployments.insert(format!("{}/{}", service["service"], cell["environment"]), deployment);
            }
        }
        Self { repositories: repositories(data, detail).await, entities, sources, drafts, deployments }
    }
}

async fn items(server: &Server, path: &str) -> Vec<Value> {
    server.get(path).await.expect(200)["items"].as_array().unwrap().clone()
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Value::Object(fields) = value {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
}

async fn repositories(data: &Path, detail: Detail) -> BTreeMap<String, BTreeMap<String, String>> {
    let format = match detail {
        Detail::Identity => "%(refname) %(objectname)",
        Detail::Content => "%(refname) %(tree)",
    };
    let mut found = BTreeMap::new();
    let root = data.join("repositories/repositories");
    for owner in folders(&root) {
        for name in folders(&root.join(&owner)) {
            let folder = root.join(&owner).join(&name);
            let refs = git(&folder, &["for-each-ref", &format!("--format={format}")]).await.ok().out;
            let refs = refs.lines().filter_map(|line| line.split_once(' '));
            let refs = refs.map(|(name, object)| (name.to_owned(), object.to_owned())).collect();
            found.insert(format!("{owner}/{}", name.trim_end_matches(".git")), refs);
        }
    }
    assert!(!found.is_empty(), "there are no repositories in {}", root.display());
    found
}

fn folders(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
