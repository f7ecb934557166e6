//! Whether the catalog says what is: the checks of `fairway_catalog`, with what the embedded forge shows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use fairway_catalog::{Evidence, RepositoryEvidence, Snapshot, TruthFinding, check_truth, edit_document};
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::TreePath;
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use jiff::SignedDuration;
use serde_json::json;

use crate::plans::Computed;
use crate::sources::ForgeAddress;
use crate::{App, AppError, View};

/// Findings are computed anew when the catalog changed, and after so long, since repositories change too.
const AGE: SignedDuration = SignedDuration::from_mins(5);
/// Where CODEOWNERS files are looked for, in the order of GitHub.
const CODE_OWNERS: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// Where an entity says that its source code is.
const SOURCE_LOCATION: &str = "backstage.io/source-location";

/// The findings of one catalog.
#[derive(Default)]
pub(crate) struct TruthCache {
    known: Mutex<Option<Known>>,
    looking: tokio::sync::Mutex<()>,
}

struct Known {
    catalog: Arc<Snapshot>,
    at: Timestamp,
    findings: Arc<Vec<TruthFinding>>,
}

impl TruthCache {
    /// Findings are computed anew when they are asked for next.
    pub(crate) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn get(&self, catalog: &Arc<Snapshot>, now: Timestamp) -> Option<Arc<Vec<TruthFinding>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            |known: &&Known| Arc::ptr_eq(&known.catalog, catalog) && now.duration_since(known.at) < AGE;
        known.as_ref().filter(fresh).map(|known| Arc::clone(&known.findings))
    }
}

impl App {
    /// What the catalog says and that is not so, the worst first.
    pub async fn truth(&self, caller: &Caller) -> Result<Arc<Vec<TruthFinding>>, AppError> {
        caller.authorise(Permission::Read)?;
        let cache = &self.inner.truth;
        if let Some(findings) = cache.get(&self.view().catalog, self.now()) {
            return Ok(findings);
        }
        let _one_at_a_time = cache.looking.lock().await;
        let (view, now) = (self.view(), self.now());
        if let Some(findings) = cache.get(&view.catalog, now) {
            return Ok(findings);
        }
        let evidence = self.evidence(&view).await?;
        let catalog = Arc::clone(&view.catalog);
        let findings = tokio::task::spawn_blocking(move || check_truth(&catalog, &evidence, now))
            .await
            .map_err(|error| AppError::Internal(format!("the checks ended without an answer: {error}")))?;
        let findings = Arc::new(findings);
        let known = Known { catalog: Arc::clone(&view.catalog), at: now, findings: Arc::clone(&findings) };
        *cache.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(findings)
    }

    /// Looks at the repositories of the embedded forge that entities are in, or say they are in.
    async fn evidence(&self, view: &Arc<View>) -> Result<Evidence, AppError> {
        let (app, of_view) = (self.clone(), Arc::clone(view));
        let named = tokio::task::spawn_blocking(move || app.repositories_of(&of_view))
            .await
            .map_err(|error| AppError::Internal(format!("the checks ended without an answer: {error}")))?;
        let mut evidence = Evidence { dead_links: self.inner.links.dead(), ..Evidence::default() };
        let existing: BTreeSet<RepositoryRef> =
            self.inner.forge.list().await?.into_iter().map(|info| info.repository).collect();
        let repositories: BTreeSet<&RepositoryRef> = named.iter().map(|(_, repository)| repository).collect();
        for repository in repositories {
            let mut seen =
                RepositoryEvidence { exists: existing.contains(repository), ..RepositoryEvidence::default() };
            if seen.exists {
                // An empty or broken repository gives no evidence, which is no reason to fail.
                if let Ok(commit) = self.inner.forge.commit_info(repository, "HEAD").await {
                    seen.last_commit = Some(commit.at);
                    seen.code_owners = self.code_owners(repository).await;
                }
            }
            evidence.repositories.insert(repository.to_string(), seen);
        }
        evidence.repository_of =
            named.into_iter().map(|(entity, repository)| (entity, repository.to_string())).collect();
        Ok(evidence)
    }

    async fn code_owners(&self, repository: &RepositoryRef) -> Option<(String, String)> {
        for path in CODE_OWNERS {
            let tree_path = TreePath::lenient(path).ok()?;
            if let Ok(Some(file)) = self.inner.forge.file(repository, "HEAD", &tree_path).await {
                return Some((path.to_owned(), file.text()?.to_owned()));
            }
        }
        None
    }

    /// The repository of each entity: the one that it names, or the one that its file is in.
    fn repositories_of(&self, view: &View) -> Vec<(EntityRef, RepositoryRef)> {
        let named = |found: &fairway_catalog::CatalogEntity| {
            // Reading an annotation parses the entity; most do not have this one.
            let has = found.json().windows(SOURCE_LOCATION.len()).any(|it| it == SOURCE_LOCATION.as_bytes());
            let location =
                has.then(|| found.entity().annotation(SOURCE_LOCATION).map(str::to_owned)).flatten()?;
            let address = location.trim_start_matches("url:").trim_end_matches('/');
            Some(ForgeAddress::parse(address, &self.inner.config)?.repository)
        };
        view.catalog
            .iter()
            .filter_map(|found| {
                let there = || view.sources.get(found.source())?.target.repository().cloned();
                Some((found.reference().clone(), named(found).or_else(there)?))
            })
            .collect()
    }

    /// The change of a file that mends a finding.
    pub(crate) async fn compute_mend(&self, finding: &str) -> Result<Computed, AppError> {
        let findings = self.truth(&Caller::system()).await?;
        let found = findings.iter().find(|it| it.id == finding).ok_or_else(|| AppError::NotFound {
            what: "finding",
            name: finding.to_owned(),
            near: Vec::new(),
        })?;
        let fix = found.fix.as_ref().ok_or_else(|| AppError::Conflict {
            message: "no change of a file is known that mends this".to_owned(),
            hint: Some("look at its evidence, and mend it where it is".to_owned()),
        })?;
        let mut files = std::collections::BTreeMap::new();
        let place = self.forge_file(&found.entity)?;
        let text = self.take_up(&mut files, &place).await?;
        let changed = edit_document(place.2.as_str(), &text, &found.entity, &fix.edits);
        let changed = changed.ok_or_else(|| AppError::Conflict {
            message: format!("{} does not hold {} in a form that can be changed", place.2, found.entity),
            hint: Some("mend the file yourself".to_owned()),
        })?;
        if let Some(file) = files.get_mut(&place) {
            file.text = changed;
        }
        let title = format!("{}: {}", found.entity, fix.summary);
        Ok(self.edit_plan(&found.entity, title, json!({ "finding": finding }), files, Vec::new()))
    }
}
