//! Golden paths that a story writes and pushes, as a platform team does.

use std::path::{Path, PathBuf};

use crate::command::{commit_and_push, git};
use crate::server::Server;

/// A working copy of the repository with the golden paths.
pub struct GoldenPaths {
    /// Where it is.
    pub copy: PathBuf,
}

impl GoldenPaths {
    /// Clones it with a token that may push.
    pub async fn cloned(server: &Server, folder: &Path) -> Self {
        let token = server.token(&["read", "push"]).await;
        let address = server.clone_address("acme/golden-paths", Some(&token));
        git(folder, &["clone", "--quiet", &address]).await.ok();
        Self { copy: folder.join("golden-paths") }
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.copy.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Lists a file in the repository's own Location, once.
    pub fn list(&self, target: &str) {
        let catalog = std::fs::read_to_string(self.copy.join("catalog-info.yaml")).unwrap();
        if !catalog.contains(target) {
            self.write("catalog-info.yaml", &format!("{}\n    - {target}\n", catalog.trim_end()));
        }
    }

    /// Publishes a golden path with these steps, whose form asks for a name.
    pub async fn publish(&self, name: &str, steps: &str) {
        self.write(&format!("{name}/template.yaml"), &template(name, steps));
        self.list(&format!("./{name}/template.yaml"));
        commit_and_push(&self.copy, &format!("Publish {name}")).await.ok();
    }
}

fn template(name: &str, steps: &str) -> String {
    format!(
        r#"apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: {name}
  title: A story
  annotations:
    fairway.dev/strict: "true"
spec:
  owner: group:default/platform
  type: service
  parameters:
    - title: Service
      required: [name]
      properties:
        name:
          type: string
          title: Name
          pattern: ^[a-z][a-z0-9-]*$
  steps:
{steps}"#
    )
}

/// Steps that render `./content`, publish it and register it.
pub const RENDER_AND_PUBLISH: &str = r"    - id: fetch
      name: Fetch
      action: fetch:template
      input:
        url: ./content
        values:
          name: ${{ parameters.name }}
    - id: publish
      name: Publish
      action: publish:git
      input:
        repoUrl: fairway?owner=acme&repo=${{ parameters.name }}
        defaultBranch: main
";

/// Steps that also deliver to staging.
pub const DELIVER: &str = r#"    - id: deliver
      name: Deliver
      action: workload:deliver
      input:
        service: ${{ parameters.name }}
        owner: group:default/checkout
        environments: [staging]
        version: "0.1.0"
"#;
