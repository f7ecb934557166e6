//! The example organisation that a first start installs, embedded in the binary.

use fairway_app::example::ExampleRepository;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};

use crate::failure::CliError;

struct EmbeddedFile {
    path: &'static str,
    executable: bool,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The repositories of the example organisation: its catalog, its golden paths and its guardrails.
pub fn repositories() -> Result<Vec<ExampleRepository>, CliError> {
    [
        ("catalog", "Everything that Acme builds and runs", ACME),
        ("golden-paths", "The recommended ways to make a new service", TEMPLATES),
        ("policies", "What must and must not be in a manifest", POLICIES),
    ]
    .into_iter()
    .map(|(name, description, files)| {
        let repository = RepositoryRef::new("acme", name).map_err(|error| broken(&error))?;
        Ok(ExampleRepository { repository, description: description.to_owned(), files: tree(files)? })
    })
    .collect()
}

/// The files of the example organisation's catalog, with its environments and resource classes.
pub fn catalog() -> Result<Tree, CliError> {
    tree(ACME)
}

/// The files of the policies that ship with Fairway.
pub fn policies() -> Result<Tree, CliError> {
    tree(POLICIES)
}

fn tree(files: &[EmbeddedFile]) -> Result<Tree, CliError> {
    files
        .iter()
        .map(|file| {
            let path: TreePath = file.path.parse().map_err(|error| broken(&error))?;
            let mode = if file.executable { FileMode::Executable } else { FileMode::Regular };
            Ok((path, TreeFile { mode, bytes: file.bytes.into() }))
        })
        .collect()
}

fn broken(error: &dyn std::fmt::Display) -> CliError {
    CliError::failed(format!("the embedded example organisation is broken: {error}"), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn every_repository_can_be_registered_and_holds_no_litter() {
        for repository in super::repositories().unwrap() {
            assert!(repository.files.get_text("catalog-info.yaml").is_some(), "{}", repository.repository);
            for (path, _) in repository.files.iter() {
                assert!(
                    !path.as_str().contains("__pycache__") && !path.as_str().contains("node_modules"),
                    "{path}"
                );
            }
        }
    }
}
