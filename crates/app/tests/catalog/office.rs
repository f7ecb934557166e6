//! One application with one repository that is a source.

use std::path::PathBuf;
use std::sync::Arc;

use fairway_app::clock::SystemClock;
use fairway_app::{App, AppConfig, access};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{FileMode, TreeFile};
use fairway_domain::{Caller, Origin, Role};
use fairway_remote::{CommitRequest, Forge, NewRepository};

pub(crate) const BASE: &str = "http://127.0.0.1:7007";

pub(crate) fn member() -> Caller {
    access::guest(Origin::Portal, Some("127.0.0.1".to_owned()))
}

pub(crate) fn admin() -> Caller {
    Caller { role: Role::Admin, ..member() }
}

pub(crate) fn repository(name: &str) -> RepositoryRef {
    RepositoryRef::new("acme", name).unwrap()
}

/// One document.
pub(crate) fn component(name: &str, owner: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: service\n  \
         lifecycle: production\n  owner: {owner}\n"
    )
}

pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) forge: Forge,
    folder: tempfile::TempDir,
}

impl Office {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data: PathBuf = folder.path().join("data");
        let app = App::open(AppConfig::new(&data, BASE), Arc::new(SystemClock)).await.unwrap();
        let forge = Forge::open(&data.join("repositories")).await.unwrap();
        Self { app, forge, folder }
    }

    /// Pushes the catalog file of the repository `office`, which is a source from the first time on.
    pub(crate) async fn write(&self, text: &str) -> String {
        self.write_to("office", "catalog-info.yaml", text).await
    }

    /// Pushes a file of a repository, which is a source from the first time on.
    pub(crate) async fn write_to(&self, name: &str, path: &str, text: &str) -> String {
        let repository = repository(name);
        let new = !self.forge.exists(&repository).await.unwrap();
        if new {
            let new = NewRepository {
                repository: repository.clone(),
                description: String::new(),
                default_branch: BranchName::main(),
                created_by: "test".to_owned(),
            };
            self.forge.create(&new).await.unwrap();
        }
        let file = TreeFile { mode: FileMode::Regular, bytes: text.as_bytes().to_vec().into() };
        let request = CommitRequest {
            repository: repository.clone(),
            branch: BranchName::main(),
            parent: self.forge.head(&repository, &BranchName::main()).await.unwrap(),
            message: "Change".to_owned(),
            author_name: "Eve".to_owned(),
            author_email: "eve@acme.test".to_owned(),
            at: self.app.now(),
            changes: vec![(path.parse().unwrap(), Some(file))],
        };
        let commit = self.forge.commit(&request).await.unwrap();
        if new {
            self.app.register_source(&member(), &format!("{BASE}/git/{repository}.git")).await.unwrap();
        } else {
            self.app.refresh_repository(&member(), &repository).await;
        }
        commit.to_string()
    }

    /// A file of the repository `office`, as it is now.
    pub(crate) async fn read(&self, path: &str) -> String {
        let file = self.forge.file(&repository("office"), "main", &path.parse().unwrap()).await.unwrap();
        String::from_utf8(file.unwrap().bytes.to_vec()).unwrap()
    }

    /// Registers a file of this machine.
    pub(crate) async fn write_file_source(&self, text: &str) {
        let path = self.folder.path().join("catalog-info.yaml");
        std::fs::write(&path, text).unwrap();
        self.app.register_source(&admin(), &path.display().to_string()).await.unwrap();
    }
}
