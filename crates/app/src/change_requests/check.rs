//! What Fairway itself can say about a change before it is merged.

use std::collections::BTreeSet;

use fairway_catalog::{Model, SourceInfo};
use fairway_domain::Diagnostic;
use fairway_domain::change_request::ChangeRequest;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{Tree, TreePath};
use fairway_remote::TreeLimits;

use crate::guardrails::{Manifests, Unread, select};
use crate::sources::SourceTarget;
use crate::{App, AppError};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// Nothing is wrong.
    Passed,
    /// There are remarks that stop nobody.
    Warned,
    /// It must not be merged like this.
    Failed,
}

/// One check of a change.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub status: CheckStatus,
    /// One line.
    pub summary: String,
    /// What is wrong, with places.
    pub diagnostics: Vec<Diagnostic>,
}

impl App {
    /// Runs every check that applies to the change's newest commit.
    pub(super) async fn checks_of(&self, request: &ChangeRequest) -> Result<Vec<Check>, AppError> {
        let forge = &self.inner.forge;
        let (before, after) = tokio::join!(
            self.tree_at(request, request.target.as_str()),
            forge.tree(&request.repository, request.head.as_str(), None, TreeLimits::default()),
        );
        let (before, after) = (before?, after?);
        let mut checks = self.catalog_checks(request, &before, &after).await?;
        checks.extend(self.policy_check(&request.repository, &before, &after).await?);
        Ok(checks)
    }

    async fn tree_at(&self, request: &ChangeRequest, revision: &str) -> Result<Tree, AppError> {
        Ok(self.inner.forge.tree(&request.repository, revision, None, TreeLimits::default()).await?)
    }

    /// The catalog files of the repository are read as a synchronisation would read them after the merge. What was
    /// broken before is not this change's fault.
    async fn catalog_checks(
        &self,
        request: &ChangeRequest,
        before: &Tree,
        after: &Tree,
    ) -> Result<Vec<Check>, AppError> {
        let view = self.view();
        let roots: Vec<(SourceInfo, TreePath, Model)> = view
            .sources
            .values()
            .filter_map(|source| match &source.target {
                SourceTarget::Forge { repository, branch, path }
                    if *repository == request.repository && *branch == request.target =>
                {
                    let info = SourceInfo {
                        id: source.id.clone(),
                        location: source.target.location(&self.inner.config),
                        base: String::new(),
                    };
                    let model = self.model(&view, &source.id);
                    Some((info, path.clone(), model))
                }
                _ => None,
            })
            .collect();
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        let (before, after) = (before.clone(), after.clone());
        let found = tokio::task::spawn_blocking(move || {
            let errors =
                |tree: &Tree, info: &SourceInfo, root: &TreePath, model: &Model| -> Vec<Diagnostic> {
                    if tree.get(root).is_none() {
                        let gone = Diagnostic::error("catalog-file-missing", format!("{root} is gone"));
                        return vec![gone.with_hint("remove the source from the catalog first")];
                    }
                    let ingestion = fairway_catalog::ingest(tree, root, info, model);
                    ingestion.drafts.into_iter().flat_map(|draft| draft.diagnostics).collect()
                };
            let mut fresh = Vec::new();
            for (info, root, model) in &roots {
                let known = errors(&before, info, root, model);
                let told = |diagnostic: &Diagnostic| {
                    known.iter().any(|it| it.code == diagnostic.code && it.message == diagnostic.message)
                };
                fresh.extend(errors(&after, info, root, model).into_iter().filter(|it| !told(it)));
            }
            fresh
        })
        .await
        .map_err(|error| AppError::Internal(format!("the check ended without an answer: {error}")))?;
        Ok(vec![check("Catalog files", "every entity is valid", found)])
    }

    /// The manifests that the change touches, held against the policies.
    async fn policy_check(
        &self,
        repository: &RepositoryRef,
        before: &Tree,
        after: &Tree,
    ) -> Result<Option<Check>, AppError> {
        let changed: Vec<&TreePath> = after
            .iter()
            .filter(|(path, file)| before.get(path).is_none_or(|known| known.bytes != file.bytes))
            .map(|(path, _)| path)
            .collect();
        let all: Vec<&TreePath> = after.iter().map(|(path, _)| path).collect();
        let delivered = self.delivery_folders(repository);
        let selection = select(changed.into_iter(), all.iter().copied(), &delivered);
        let texts = |paths: &BTreeSet<TreePath>| -> Vec<(String, String)> {
            let text = |path: &TreePath| Some((path.to_string(), after.get(path)?.text()?.to_owned()));
            paths.iter().filter_map(text).collect()
        };
        let manifests =
            Manifests { touched: texts(&selection.touched), beside: texts(&selection.beside), delivered };
        let judgement = self.judge_manifests(manifests).await?;
        Ok(judgement.map(|judgement| {
            let unread = judgement.unread.into_iter().map(|Unread { path, reason, blocks }| {
                let message = format!("{path} was not held against the policies: {reason}");
                if blocks {
                    Diagnostic::error("policy", message)
                } else {
                    Diagnostic::warning("policy", message)
                }
            });
            let told = judgement.findings.into_iter().map(|finding| {
                let waived =
                    finding.waiver.as_ref().map(|it| format!(" (waived until {}: {})", it.until, it.reason));
                let message =
                    format!("{}: {}{}", finding.policy, finding.message, waived.unwrap_or_default());
                let diagnostic = if finding.blocks() {
                    Diagnostic::error("policy", message)
                } else {
                    Diagnostic::warning("policy", message)
                };
                match finding.fix {
                    Some(fix) => diagnostic.with_hint(fix),
                    None => diagnostic,
                }
            });
            check("Guardrails", "nothing is against the policies", told.chain(unread).collect())
        }))
    }
}

fn check(name: &'static str, well: &str, diagnostics: Vec<Diagnostic>) -> Check {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let (status, summary) = match (errors, diagnostics.len()) {
        (0, 0) => (CheckStatus::Passed, well.to_owned()),
        (0, 1) => (CheckStatus::Warned, "1 remark".to_owned()),
        (0, remarks) => (CheckStatus::Warned, format!("{remarks} remarks")),
        (1, _) => (CheckStatus::Failed, "1 error".to_owned()),
        (errors, _) => (CheckStatus::Failed, format!("{errors} errors")),
    };
    Check { name, status, summary, diagnostics }
}
