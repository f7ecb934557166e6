//! Synchronisation: a source is read, and what changed is appended as facts.
//!
//! A source that cannot be read keeps what it gave before and says so. A file that is broken keeps the last
//! good version of its entities and shows the error beside it.

use std::collections::BTreeMap;
use std::path::Path;

use fairway_catalog::{IngestedEntity, Ingestion, SourceInfo, StoredDraft, StoredEntity};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Caller, Diagnostic, EntityRef};
use fairway_remote::{GitSource, SourceOptions, TreeLimits};

use crate::effects::to_value;
use crate::projection::View;
use crate::sources::{Source, SourceTarget, SyncReport};
use crate::{App, AppError};

/// What was read from a source.
pub(crate) struct Read {
    pub(crate) tree: Tree,
    pub(crate) root: TreePath,
    /// What a path in the tree is appended to, to give the file's address.
    pub(crate) base: String,
    revision: String,
}

impl App {
    /// Reads a source and appends what changed. Only failures of the ledger are errors; a source that cannot
    /// be read is told in its report.
    pub(crate) async fn sync(&self, caller: &Caller, id: &str, accept: bool) -> Result<Source, AppError> {
        let _one_at_a_time = self.inner.syncing.lock().await;
        let view = self.view();
        let Some(source) = view.sources.get(id).map(|source| Source::clone(source)) else {
            return Err(AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() });
        };
        let now = self.now();
        let last_success = source.last.as_ref().and_then(|last| last.last_success);
        match self.read_source(&source).await {
            Ok(read) => {
                let info = SourceInfo {
                    id: id.to_owned(),
                    location: source.target.location(&self.inner.config),
                    base: read.base.clone(),
                };
                let (tree, root) = (read.tree, read.root);
                let ingestion = tokio::task::spawn_blocking({
                    let info = info.clone();
                    move || fairway_catalog::ingest(&tree, &root, &info)
                })
                .await
                .map_err(|error| AppError::Internal(format!("reading ended without an answer: {error}")))?;
                self.record(caller, source, &view, &info, &ingestion, read.revision, accept).await
            }
            Err(error @ AppError::Ledger(_)) => Err(error),
            Err(error) => {
                let previous = source.last.clone();
                let report = SyncReport {
                    at: now,
                    revision: previous.as_ref().and_then(|last| last.revision.clone()),
                    entities: previous.as_ref().map_or(0, |last| last.entities),
                    broken: previous.as_ref().map_or(0, |last| last.broken),
                    failure: Some(error.to_string()),
                    foreign: previous.as_ref().map(|last| last.foreign.clone()).unwrap_or_default(),
                    last_success,
                };
                // The same failure again is not news.
                if previous.is_some_and(|last| last.failure == report.failure) {
                    return Ok(source);
                }
                let source = Source { last: Some(report), ..source };
                self.append(vec![source_fact(caller, &source)?]).await?;
                Ok(source)
            }
        }
    }

    pub(crate) async fn read_source(&self, source: &Source) -> Result<Read, AppError> {
        let limits = TreeLimits::default();
        match &source.target {
            SourceTarget::Forge { repository, branch, path } => {
                let head = self
                    .inner
                    .forge
                    .head(repository, branch)
                    .await?
                    .ok_or_else(|| AppError::invalid(format!("{repository} has no branch {branch}")))?;
                let tree = self.inner.forge.tree(repository, head.as_str(), None, limits).await?;
                let base = format!("{}/repositories/{repository}/blob/{branch}/", self.inner.config.base_url);
                require(&tree, path, &repository.to_string())?;
                Ok(Read { tree, root: path.clone(), base, revision: head.to_string() })
            }
            SourceTarget::Git { url, reference, path, address } => {
                crate::reach::check(url).await?;
                let cache = self.inner.config.data.join("cache");
                let (commit, tree) =
                    GitSource::fetch(url, reference.as_deref(), &cache, &SourceOptions::default()).await?;
                require(&tree, path, url)?;
                let base = match address.strip_suffix(path.as_str()) {
                    Some(base) => base.to_owned(),
                    None => format!(
                        "{}/blob/{}/",
                        url.trim_end_matches(".git"),
                        reference.as_deref().unwrap_or("HEAD")
                    ),
                };
                Ok(Read { tree, root: path.clone(), base, revision: commit.to_string() })
            }
            SourceTarget::File { path } => {
                let (folder, name) = path
                    .rsplit_once('/')
                    .ok_or_else(|| AppError::invalid(format!("{path} is not an absolute path")))?;
                let folder = if folder.is_empty() { "/" } else { folder };
                let tree = fairway_remote::read_folder(Path::new(folder), limits).await?;
                let root = TreePath::lenient(name).map_err(|error| AppError::invalid(error.to_string()))?;
                require(&tree, &root, folder)?;
                let revision = tree.digest().to_string();
                Ok(Read { tree, root, base: format!("{folder}/"), revision })
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call site, and a struct would only rename the arguments"
    )]
    async fn record(
        &self,
        caller: &Caller,
        source: Source,
        view: &View,
        info: &SourceInfo,
        ingestion: &Ingestion,
        revision: String,
        accept: bool,
    ) -> Result<Source, AppError> {
        let now = self.now();
        let before: Vec<StoredEntity> = view
            .entities
            .values()
            .filter(|stored| stored.source == info.id)
            .map(|stored| StoredEntity::clone(stored))
            .collect();
        let change = fairway_catalog::diff(&before, ingestion);
        let held = change.suspicious && !accept;
        let mut facts = Vec::new();
        let mut conflicts: Vec<StoredDraft> = Vec::new();
        for ingested in change.added.iter().chain(&change.changed) {
            let reference = ingested.entity.reference();
            let known = view.entities.get(&reference.to_string());
            if let Some(other) = known.filter(|known| known.source != info.id) {
                conflicts.push(conflict(info, ingested, other, now));
                continue;
            }
            let stored = StoredEntity {
                entity: ingested.entity.clone(),
                source: info.id.clone(),
                location: prefixed(&ingested.location),
                origin_location: info.location.clone(),
                file: ingested.file.to_string(),
                line: ingested.line,
                uid: known.map_or_else(|| uuid::Uuid::new_v4().to_string(), |known| known.uid.clone()),
                first_seen: known.map_or(now, |known| known.first_seen),
                last_seen: now,
                errors: Vec::new(),
            };
            facts.push(NewFact::by(caller, kind::ENTITY, reference.to_string(), Some(to_value(&stored)?)));
        }
        for broken in change.broken.iter().filter(|broken| !broken.known) {
            let key = broken.reference.to_string();
            if let Some(known) = view.entities.get(&key) {
                let stored =
                    StoredEntity { errors: broken.diagnostics.clone(), ..StoredEntity::clone(known) };
                facts.push(NewFact::by(caller, kind::ENTITY, key, Some(to_value(&stored)?)));
            }
        }
        if !held {
            for reference in &change.removed {
                facts.push(NewFact::by(caller, kind::ENTITY, reference.to_string(), None));
            }
        }
        let broken = ingestion.drafts.len() + conflicts.len();
        self.record_drafts(caller, view, info, ingestion, conflicts, &mut facts)?;
        let failure = held.then(|| {
            format!(
                "{} of {} entities would be removed; nothing was removed. Refresh with \"accept\" if that is right",
                change.removed.len(),
                before.len()
            )
        });
        let report = SyncReport {
            at: now,
            revision: Some(revision),
            entities: ingestion.entities.len(),
            broken,
            last_success: if held {
                source.last.as_ref().and_then(|last| last.last_success)
            } else {
                Some(now)
            },
            failure,
            foreign: ingestion.foreign.clone(),
        };
        let news = source.last.as_ref().is_none_or(|last| {
            last.revision != report.revision || last.failure != report.failure || last.broken != report.broken
        });
        let source = Source { last: Some(report), ..source };
        if news || !facts.is_empty() {
            facts.push(source_fact(caller, &source)?);
        }
        self.append(facts).await?;
        Ok(source)
    }

    fn record_drafts(
        &self,
        caller: &Caller,
        view: &View,
        info: &SourceInfo,
        ingestion: &Ingestion,
        conflicts: Vec<StoredDraft>,
        facts: &mut Vec<NewFact>,
    ) -> Result<(), AppError> {
        let now = self.now();
        let read = ingestion.drafts.iter().map(|draft| StoredDraft::new(draft, info, now));
        let mut drafts: BTreeMap<String, StoredDraft> = BTreeMap::new();
        let mut positions: BTreeMap<String, usize> = BTreeMap::new();
        for draft in read.chain(conflicts) {
            let position = positions.entry(draft.file.clone()).or_default();
            let subject = format!("{}:{}:{position}", info.id, draft.file);
            *position += 1;
            drafts.insert(subject, draft);
        }
        for (subject, known) in view.drafts.iter().filter(|(_, known)| known.source == info.id) {
            match drafts.get_mut(subject) {
                // A draft that is still there has been broken since it was first seen.
                Some(draft) => draft.first_seen = known.first_seen,
                None => facts.push(NewFact::by(caller, kind::DRAFT, subject.clone(), None)),
            }
        }
        for (subject, draft) in drafts {
            if view.drafts.get(&subject).is_none_or(|known| **known != draft) {
                facts.push(NewFact::by(caller, kind::DRAFT, subject, Some(to_value(&draft)?)));
            }
        }
        Ok(())
    }
}

fn source_fact(caller: &Caller, source: &Source) -> Result<NewFact, AppError> {
    Ok(NewFact::by(caller, kind::SOURCE, source.id.clone(), Some(to_value(source)?)))
}

fn require(tree: &Tree, path: &TreePath, place: &str) -> Result<(), AppError> {
    if tree.get(path).is_some() {
        return Ok(());
    }
    Err(AppError::invalid(format!("{place} has no file {path}")))
}

/// Backstage's `type:target` spelling of a file's address.
fn prefixed(address: &str) -> String {
    if address.starts_with('/') { format!("file:{address}") } else { format!("url:{address}") }
}

/// Two sources give the same entity: the first keeps it, and the second is told.
fn conflict(
    info: &SourceInfo,
    ingested: &IngestedEntity,
    other: &StoredEntity,
    now: fairway_domain::Timestamp,
) -> StoredDraft {
    let reference: EntityRef = ingested.entity.reference();
    let place =
        fairway_domain::SourceLocation { file: ingested.file.to_string(), line: ingested.line, column: 1 };
    let diagnostic =
        Diagnostic::error("entity-conflict", format!("{reference} is already defined by {}", other.location))
            .at(place, None)
            .with_hint("rename one of the two, or remove one of the sources");
    StoredDraft {
        source: info.id.clone(),
        location: ingested.location.clone(),
        file: ingested.file.to_string(),
        line: ingested.line,
        reference: None,
        owner: ingested.entity.owner(),
        diagnostics: vec![diagnostic],
        source_text: None,
        first_seen: now,
    }
}
