//! The example organisation: repositories on the embedded forge, registered as sources.

use fairway_domain::Caller;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{Tree, TreePath};
use fairway_remote::{CommitRequest, NewRepository, RemoteError};
use serde_json::json;

use crate::{App, AppError};

const SETUP: &str = "example-organisation";

/// A repository of the example organisation.
pub struct ExampleRepository {
    /// Its name.
    pub repository: RepositoryRef,
    /// One line for people.
    pub description: String,
    /// Its files; a `catalog-info.yaml` at the top is registered.
    pub files: Tree,
}

impl App {
    /// Whether anything was ever put here. Only an empty Fairway gets the example organisation.
    pub async fn is_fresh(&self) -> Result<bool, AppError> {
        let known = self.inner.ledger.state(kind::SETUP, SETUP).await?;
        Ok(known.is_none() && self.view().sources.is_empty() && self.view().runs.is_empty())
    }

    /// Puts the example organisation in. Can be repeated after an interruption.
    pub async fn install_example(&self, repositories: Vec<ExampleRepository>) -> Result<(), AppError> {
        let caller = Caller {
            reason: Some("the example organisation of a first start".to_owned()),
            ..Caller::system()
        };
        let names: Vec<RepositoryRef> =
            repositories.iter().map(|example| example.repository.clone()).collect();
        let top = TreePath::lenient("catalog-info.yaml").ok();
        let registered: Vec<RepositoryRef> = repositories
            .iter()
            .filter(|example| top.as_ref().is_some_and(|top| example.files.get(top).is_some()))
            .map(|example| example.repository.clone())
            .collect();
        let put = repositories.into_iter().map(|example| self.put_example(example));
        futures::future::try_join_all(put).await?;
        for name in &registered {
            let address =
                format!("{}/repositories/{name}/blob/main/catalog-info.yaml", self.inner.config.base_url);
            self.register_source(&caller, &address).await?;
        }
        let body = json!({"repositories": names});
        self.append(vec![NewFact::by(&caller, kind::SETUP, SETUP, Some(body))]).await?;
        Ok(())
    }

    async fn put_example(&self, example: ExampleRepository) -> Result<(), AppError> {
        let forge = &self.inner.forge;
        let new = NewRepository {
            repository: example.repository.clone(),
            description: example.description,
            default_branch: BranchName::main(),
            created_by: SETUP.to_owned(),
        };
        match forge.create(&new).await {
            Ok(()) | Err(RemoteError::RepositoryExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if forge.head(&example.repository, &BranchName::main()).await?.is_some() {
            return Ok(());
        }
        let request = CommitRequest {
            repository: example.repository,
            branch: BranchName::main(),
            parent: None,
            message: "The example organisation".to_owned(),
            author_name: "Fairway".to_owned(),
            author_email: "fairway@users.noreply.fairway.dev".to_owned(),
            at: self.now(),
            changes: example.files.into_iter().map(|(path, file)| (path, Some(file))).collect(),
        };
        match forge.commit(&request).await {
            Ok(_) | Err(RemoteError::BranchMoved { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
