//! What an action works with while its step is planned.

use std::collections::BTreeMap;

use fairway_domain::plan::{Effect, FileAction, FileChange, RenderedEnvironment};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use fairway_domain::{Digest, EntityRef};

use crate::error::ActionError;
use crate::integrity;
use crate::template::Template;
use crate::world::World;

/// A repository that this plan creates.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRepository {
    /// Which.
    pub repository: RepositoryRef,
    /// Its default branch.
    pub branch: BranchName,
    /// The files of its first commit.
    pub tree: Tree,
    /// The address below which its files are seen, with a slash at the end.
    pub contents_url: String,
    /// The position of its first commit in the plan's effects.
    pub commit: usize,
}

/// The state of a plan in the making, lent to one action at a time.
pub struct StepContext<'a> {
    /// The files as the steps so far left them.
    pub workspace: &'a mut Tree,
    /// What may be looked at.
    pub world: &'a dyn World,
    /// The template.
    pub template: &'a Template,
    /// The address of the template's folder.
    pub template_base: &'a str,
    /// The effects so far; an action adds its own at the end.
    pub effects: &'a mut Vec<Effect>,
    /// The bytes that effects refer to by digest.
    pub contents: &'a mut BTreeMap<Digest, Vec<u8>>,
    /// What the step says while it is planned.
    pub log: &'a mut Vec<String>,
    /// What the person should know before they say yes.
    pub warnings: &'a mut Vec<String>,
    /// What each environment gets.
    pub environments: &'a mut Vec<RenderedEnvironment>,
    /// The repositories that the plan creates, in order.
    pub repositories: &'a mut Vec<PlannedRepository>,
    /// The digests of everything that was fetched; they are part of the plan's purpose.
    pub fetched: &'a mut Vec<Digest>,
    /// The run's identifier, made from template and inputs.
    pub task_id: &'a str,
    /// The step's identifier.
    pub step_id: &'a str,
    /// Whoever asks.
    pub user: &'a EntityRef,
    /// Whether careless templates are errors.
    pub strict: bool,
}

impl StepContext<'_> {
    /// The folder at an address relative to the template, or at one of its own. Links in it stay inside.
    pub fn fetch(&mut self, url: &str) -> Result<Tree, ActionError> {
        check_address(url).map_err(|error| error.at_field("url"))?;
        let at_url = |error: ActionError| error.at_field("url");
        let tree = self.world.fetch(self.template_base, url).map_err(|error| at_url(error.into()))?;
        integrity::check_links(&tree).map_err(at_url)?;
        self.fetched.push(tree.digest());
        Ok(tree)
    }

    /// The file at an address, as [`Self::fetch`].
    pub fn fetch_file(&mut self, url: &str) -> Result<TreeFile, ActionError> {
        check_address(url).map_err(|error| error.at_field("url"))?;
        let file = self.world.fetch_file(self.template_base, url)?;
        if file.mode == FileMode::Symlink {
            return Err(ActionError::new(format!("{url} is a symbolic link; links are not followed")));
        }
        self.fetched.push(Digest::of(&file.bytes));
        Ok(file)
    }

    /// A file of the workspace as text.
    pub fn read(&self, path: &str) -> Result<&str, ActionError> {
        let path = path_in_workspace(path)?;
        let Some(file) = self.workspace.get(&path) else {
            let names: Vec<&str> = self.workspace.iter().map(|(path, _)| path.as_str()).collect();
            let error = ActionError::new(format!("the workspace has no file {path}"));
            return Err(match crate::near::suggestion(path.as_str(), names) {
                Some(suggestion) => error.with_hint(suggestion),
                None => error.with_hint("a step before this one has to write it"),
            });
        };
        if file.mode == FileMode::Symlink {
            return Err(ActionError::new(format!("{path} is a symbolic link; links are not followed")));
        }
        file.text().ok_or_else(|| ActionError::new(format!("{path} is no UTF-8 text")))
    }

    /// Keeps bytes beside the plan; effects name them by the digest.
    pub fn keep(&mut self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.contents.entry(digest).or_insert_with(|| bytes.to_vec());
        digest
    }

    /// What a commit does that turns one tree into another, in path order; the new contents are kept.
    pub fn changes(&mut self, before: &Tree, after: &Tree) -> Vec<FileChange> {
        let mut changes: BTreeMap<TreePath, FileChange> = BTreeMap::new();
        for (path, file) in after.iter() {
            let old = before.get(path);
            if old == Some(file) {
                continue;
            }
            let change = FileChange {
                path: path.clone(),
                action: if old.is_some() { FileAction::Change } else { FileAction::Add },
                mode: file.mode,
                content: Some(self.keep(&file.bytes)),
                size: file.bytes.len() as u64,
                before: old.map(|old| Digest::of(&old.bytes)),
            };
            changes.insert(path.clone(), change);
        }
        for (path, old) in before.iter().filter(|(path, _)| after.get(path).is_none()) {
            let change = FileChange {
                path: path.clone(),
                action: FileAction::Delete,
                mode: old.mode,
                content: None,
                size: 0,
                before: Some(Digest::of(&old.bytes)),
            };
            changes.insert(path.clone(), change);
        }
        changes.into_values().collect()
    }

    /// The repository that the plan published last.
    pub fn published(&self) -> Option<&PlannedRepository> {
        self.repositories.last()
    }
}

/// The mark that stands for the name of the first commit to a repository, until apply knows it.
pub fn pending_commit(repository: &RepositoryRef) -> String {
    format!("${{pending:commit:{repository}}}")
}

/// A path of the workspace; absolute ones and those that climb out are errors.
pub fn path_in_workspace(text: &str) -> Result<TreePath, ActionError> {
    TreePath::lenient(text).map_err(|error| {
        ActionError::from(error).with_hint("paths are relative to the workspace, which they cannot leave")
    })
}

/// A folder of the workspace; `None` is the workspace itself.
pub fn folder_in_workspace(text: Option<&str>) -> Result<Option<TreePath>, ActionError> {
    match text {
        None => Ok(None),
        Some(text)
            if !text.starts_with('/') && text.split('/').all(|part| part.is_empty() || part == ".") =>
        {
            Ok(None)
        }
        Some(text) => path_in_workspace(text).map(Some),
    }
}

fn check_address(url: &str) -> Result<(), ActionError> {
    let local = url.starts_with(['/', '\\']) || url.to_ascii_lowercase().starts_with("file:");
    if local || url.trim().is_empty() || url.chars().any(char::is_control) {
        let shown: String = url.chars().take(200).collect();
        return Err(ActionError::new(format!("\"{shown}\" may not be fetched"))
            .with_hint("use a path relative to the template's folder such as ./content, or the full address of a repository folder"));
    }
    Ok(())
}
