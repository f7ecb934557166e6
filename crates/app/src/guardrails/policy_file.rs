//! Files of policies, opened for editing and proposed as change requests where the embedded forge has them.

use std::sync::Arc;

use fairway_catalog::SourceInfo;
use fairway_domain::change_request::ChangeRequest;
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, Diagnostic, Digest, Permission};
use fairway_remote::TreeLimits;
use serde_json::Value;

use super::compiled::PolicyPlace;
use super::policy_text::PolicyFile;
use super::what_if::{WhatIf, off_thread};
use crate::change_requests::Proposal;
use crate::projection::View;
use crate::sources::SourceTarget;
use crate::{App, AppError};

/// The file that a policy is written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedPolicy {
    /// The path in its source.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// Of the text, to be handed back with a change.
    pub digest: Digest,
    /// Where it is, for people.
    pub location: String,
    /// Where a change goes; `None` when the file cannot be changed from here.
    pub home: Option<PolicyHome>,
}

/// A source of policies on the embedded forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHome {
    /// The source's identifier.
    pub source: String,
    /// Its repository.
    pub repository: RepositoryRef,
    /// The branch that is read.
    pub branch: BranchName,
    /// The folder of its policies, empty for the top.
    pub folder: String,
}

/// A changed or new file of policies.
#[derive(Clone, Debug, Default)]
pub struct PolicyEdit {
    /// The policy whose file changes; `None` for a new file.
    pub edits: Option<String>,
    /// The source that a new file belongs to, by its identifier.
    pub source: String,
    /// The path of a new file.
    pub path: String,
    /// The new text.
    pub content: String,
    /// [`OpenedPolicy::digest`] of what was changed.
    pub digest: String,
    /// The change request's title; one is made up when empty.
    pub title: String,
    /// Why.
    pub description: String,
}

fn home_of(view: &View, source: &str) -> Option<PolicyHome> {
    let SourceTarget::Forge { repository, branch, .. } = &view.sources.get(source)?.target else {
        return None;
    };
    let (repository, branch) = (repository.clone(), branch.clone());
    Some(PolicyHome { source: source.to_owned(), repository, branch, folder: String::new() })
}

fn path_of(text: &str) -> Result<TreePath, AppError> {
    text.parse().map_err(|error: fairway_domain::tree::TreePathError| AppError::invalid(error.to_string()))
}

impl App {
    /// The file of a policy, as it is now.
    pub async fn open_policy(&self, caller: &Caller, policy: &str) -> Result<OpenedPolicy, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let place = compiled.place_of(policy)?;
        let source = view.sources.get(&place.source);
        let location = source.map_or_else(String::new, |source| source.target.location(&self.inner.config));
        let home = home_of(&view, &place.source);
        let text = if let Some(home) = &home {
            self.policy_text(home, &path_of(&place.file)?).await?.unwrap_or_default()
        } else {
            let written = compiled.documents.iter().filter(|(_, there)| *there == place);
            let values: Vec<Value> = written.map(|(document, _)| document.value.clone()).collect();
            fairway_yaml::write_documents(&values)
        };
        let digest = Digest::of(text.as_bytes());
        Ok(OpenedPolicy { path: place.file, text, digest, location, home })
    }

    /// Where a new policy can be written: sources on the embedded forge, those that hold policies first.
    pub fn policy_homes(&self, caller: &Caller) -> Result<Vec<PolicyHome>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let mut homes: Vec<(bool, PolicyHome)> = view
            .sources
            .keys()
            .filter_map(|source| {
                let mut home = home_of(&view, source)?;
                let held = compiled.documents.iter().find(|(_, place)| place.source == *source);
                if let Some((_, place)) = held {
                    home.folder =
                        place.file.rsplit_once('/').map_or_else(String::new, |(it, _)| it.to_owned());
                }
                Some((held.is_none(), home))
            })
            .collect();
        homes.sort_by(|one, two| (one.0, &one.1.repository).cmp(&(two.0, &two.1.repository)));
        Ok(homes.into_iter().map(|(_, home)| home).collect())
    }

    /// Proposes a changed or new file of policies as a change request.
    ///
    /// # Errors
    ///
    /// When the file is not on the embedded forge, changed meanwhile, is broken, or would not be read there.
    pub async fn propose_policy(
        &self,
        caller: &Caller,
        edit: PolicyEdit,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let place = match &edit.edits {
            Some(policy) => compiled.place_of(policy)?,
            None => PolicyPlace { source: edit.source.clone(), file: edit.path.trim().to_owned() },
        };
        let path = path_of(&place.file)?;
        let home = home_of(&view, &place.source).ok_or_else(|| AppError::Conflict {
            message: format!("{path} is not in a repository on the embedded forge"),
            hint: Some("change the file where it is; the catalog follows".to_owned()),
        })?;
        let content = edit.content.replace("\r\n", "\n");
        let known = self.policy_text(&home, &path).await?;
        match (&known, &edit.edits) {
            (Some(_), None) => {
                return Err(AppError::Conflict {
                    message: format!("{} has a file {path} already", home.repository),
                    hint: Some("choose another path, or edit that file".to_owned()),
                });
            }
            (Some(text), Some(_)) if *text == content => {
                return Err(AppError::invalid("nothing was changed"));
            }
            (Some(text), Some(_)) if Digest::of(text.as_bytes()).to_string() != edit.digest => {
                return Err(AppError::Conflict {
                    message: format!("{path} was changed by somebody else meanwhile"),
                    hint: Some("open it again, and make the change there".to_owned()),
                });
            }
            _ => {}
        }
        let file = PolicyFile { path: path.to_string(), content: content.clone() };
        let question = WhatIf { files: vec![file], edits: edit.edits.clone(), ..WhatIf::default() };
        let app = self.clone();
        let change = off_thread(move || app.change(&view, &question)).await??;
        if change.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(AppError::Diagnostics(change.diagnostics));
        }
        let names: Vec<String> = change.policies.iter().map(|policy| policy.name.clone()).collect();
        if names.is_empty() && edit.edits.is_none() {
            return Err(AppError::invalid("there is no policy in this file"));
        }
        let written = TreeFile::regular(content.into_bytes());
        self.must_be_read(&place, &home, &path, &written).await?;
        let stem = path.file_name().rsplit_once('.').map_or(path.file_name(), |(stem, _)| stem).to_owned();
        let title = match (edit.title.trim(), known.is_some()) {
            ("", true) => format!("Change the policies of {path}"),
            ("", false) => format!("Add {}", names.join(", ")).chars().take(150).collect(),
            (title, _) => title.to_owned(),
        };
        let proposal = Proposal {
            repository: home.repository,
            target: home.branch,
            files: vec![(path, Some(written))],
            title,
            description: edit.description,
            branch: format!("policy-{stem}"),
            entity: None,
            fields: Vec::new(),
        };
        self.propose(caller, proposal).await
    }

    async fn policy_text(&self, home: &PolicyHome, path: &TreePath) -> Result<Option<String>, AppError> {
        let file = self.inner.forge.file(&home.repository, home.branch.as_str(), path).await?;
        let Some(file) = file else { return Ok(None) };
        let text = file.text().map(str::to_owned);
        text.map(Some).ok_or_else(|| AppError::invalid(format!("{}/{path} is not UTF-8", home.repository)))
    }

    /// Refuses a file that its source would not read, or not without errors.
    async fn must_be_read(
        &self,
        place: &PolicyPlace,
        home: &PolicyHome,
        path: &TreePath,
        written: &TreeFile,
    ) -> Result<(), AppError> {
        let view = self.view();
        let Some(source) = view.sources.get(&place.source) else { return Ok(()) };
        let SourceTarget::Forge { path: root, .. } = &source.target else { return Ok(()) };
        let limits = TreeLimits::default();
        let forge = &self.inner.forge;
        let mut after = forge.tree(&home.repository, home.branch.as_str(), None, limits).await?;
        after.insert(path.clone(), written.clone());
        let location = source.target.location(&self.inner.config);
        let info = SourceInfo { id: source.id.clone(), location, base: String::new() };
        let (model, root, path) = (self.model(&view, &source.id), root.clone(), path.clone());
        off_thread(move || {
            let ingestion = fairway_catalog::ingest(&after, &root, &info, &model);
            if !ingestion.read.contains(&path) {
                return Err(AppError::Conflict {
                    message: format!(
                        "the source reads {root} and what it names, and nothing there names {path}"
                    ),
                    hint: Some(format!(
                        "choose a path that a target in {root} names, or add one there first"
                    )),
                });
            }
            let drafts = ingestion.drafts.into_iter().filter(|draft| draft.file == path);
            let wrong: Vec<Diagnostic> = drafts.flat_map(|draft| draft.diagnostics).collect();
            if wrong.iter().any(Diagnostic::is_error) { Err(AppError::Diagnostics(wrong)) } else { Ok(()) }
        })
        .await?
    }
}
