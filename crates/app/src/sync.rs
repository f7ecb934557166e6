//! Synchronisation: a source is read, and what changed is appended as facts.
//!
//! A source that cannot be read keeps what it gave before and says so. A file that is broken keeps the last
//! good version of its entities and shows the error beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fairway_catalog::{
    CatalogEntity, IngestedEntity, Ingestion, KindRegistry, Model, SourceInfo, StoredDraft, StoredEntity,
};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Actor, Caller, Diagnostic, EntityRef};
use fairway_remote::{GitSource, RemoteError, SourceOptions, TreeLimits, Urgency};

use crate::discovery::{directory_tree, is_pattern, read_hosted};
use crate::effects::to_value;
use crate::links::bad_links;
use crate::projection::View;
use crate::proposals::{self, Removals};
use crate::sources::{Source, SourceTarget, SyncReport};
use crate::{App, AppError};

/// So much is read from a folder of this machine: a hundred thousand entities, and room for what they refer to.
const LOCAL_BYTES: u64 = 256 * 1024 * 1024;

/// What was read from a source.
pub(crate) struct Read {
    pub(crate) tree: Tree,
    /// The files to begin with.
    pub(crate) roots: Vec<TreePath>,
    /// What a path in the tree is appended to, to give the file's address.
    pub(crate) base: String,
    revision: String,
    /// What told that there is something new to read.
    marker: Option<String>,
}

impl App {
    /// Reads a source and appends what changed; when that changes the kinds, also the sources that have entities
    /// of them. Only failures of the ledger are errors; a source that cannot be read is told in its report.
    pub(crate) async fn sync(&self, caller: &Caller, id: &str) -> Result<Source, AppError> {
        self.sync_removing(caller, id, Removals::Judged).await
    }

    /// Like [`App::sync`], with a say in what may be removed.
    pub(crate) async fn sync_removing(
        &self,
        caller: &Caller,
        id: &str,
        removals: Removals,
    ) -> Result<Source, AppError> {
        self.sync_with(caller, id, removals, Urgency::Person).await
    }

    /// Reads the sources again that have entities, or documents that are none yet, of a kind that is not what it
    /// was before.
    pub(crate) async fn follow_kinds(&self, before: &KindRegistry, cause: &str) {
        let mut read = BTreeSet::from([cause.to_owned()]);
        loop {
            let view = self.view();
            let changed = view.catalog.kinds().differences(before);
            let ids: BTreeSet<String> = sources_with(&view, &changed)
                .filter(|id| !read.contains(*id) && view.sources.contains_key(*id))
                .map(str::to_owned)
                .collect();
            if ids.is_empty() {
                return;
            }
            for id in ids {
                if let Err(error) =
                    Box::pin(self.sync_alone(&Caller::system(), &id, Removals::Judged, Urgency::Person)).await
                {
                    tracing::error!(source = id, %error, "the source {id} could not be read again: {error}");
                }
                read.insert(id);
            }
        }
    }

    /// What the entities of a source are judged by.
    pub(crate) fn model(&self, view: &View, source: &str) -> Model {
        Model { kinds: view.catalog.kinds_besides(source), rules: self.inner.config.catalog.rules.clone() }
    }

    /// Like [`App::sync`], by nobody's order: what cannot have changed is not read, and people go before.
    pub(crate) async fn sync_with(
        &self,
        caller: &Caller,
        id: &str,
        removals: Removals,
        urgency: Urgency,
    ) -> Result<Source, AppError> {
        let kinds = self.view().catalog.kinds().clone();
        let source = self.sync_alone(caller, id, removals, urgency).await?;
        self.follow_kinds(&kinds, id).await;
        self.follow_links(&source).await?;
        Ok(source)
    }

    async fn sync_alone(
        &self,
        caller: &Caller,
        id: &str,
        removals: Removals,
        urgency: Urgency,
    ) -> Result<Source, AppError> {
        // One reading of a source at a time; slow forges hold up nobody else.
        let _turn = self.inner.scheduler.turn(id).await;
        let source = self.known_source(id)?;
        self.inner.scheduler.began(id);
        let read = match &source.target {
            // What is paused waits for a person.
            _ if source.paused_at.is_some() && caller.actor == Actor::System => Ok(source.clone()),
            SourceTarget::Discovery(target) => {
                let found = self.discover(caller, &source, target, urgency).await;
                match found {
                    Ok(report) => self.record_report(caller, id, report).await,
                    Err(error) => Err(error),
                }
            }
            _ => match self.read_source(&source, urgency).await {
                Ok(Some(read)) => self.record_read(caller, id, read, removals).await,
                Ok(None) => Ok(source.clone()),
                Err(error) => Err(error),
            },
        };
        let wait = match &read {
            Err(AppError::Remote(RemoteError::RateLimited { wait, .. })) => Some(*wait),
            _ => None,
        };
        let ended = match read {
            Ok(source) => Ok(source),
            Err(error @ (AppError::Ledger(_) | AppError::NotFound { .. })) => Err(error),
            Err(error) => self.record_failure(caller, id, &error).await,
        };
        let failed = ended.as_ref().map_or(true, |source| {
            wait.is_some() || source.last.as_ref().is_some_and(|last| last.failure.is_some())
        });
        let subject = ended.as_ref().unwrap_or(&source);
        self.inner.scheduler.ended(subject, failed, wait, self.now());
        ended
    }

    fn known_source(&self, id: &str) -> Result<Source, AppError> {
        let view = self.view();
        let known = view.sources.get(id).map(|source| Source::clone(source));
        known.ok_or_else(|| AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() })
    }

    /// Appends what a reading changes.
    async fn record_read(
        &self,
        caller: &Caller,
        id: &str,
        read: Read,
        removals: Removals,
    ) -> Result<Source, AppError> {
        let source = self.known_source(id)?;
        let info = SourceInfo {
            id: id.to_owned(),
            location: source.target.location(&self.inner.config),
            base: read.base.clone(),
        };
        let (tree, roots) = (read.tree, read.roots);
        let model = self.model(&self.view(), id);
        let ingestion = tokio::task::spawn_blocking({
            let info = info.clone();
            move || fairway_catalog::ingest_all(&tree, &roots, &info, &model)
        })
        .await
        .map_err(|error| AppError::Internal(format!("reading ended without an answer: {error}")))?;
        let _one_at_a_time = self.inner.syncing.lock().await;
        // It may have been changed or taken out meanwhile.
        let view = self.view();
        let source = self.known_source(id)?;
        let read = (read.revision, read.marker);
        self.record(caller, source, &view, &info, &ingestion, read, removals).await
    }

    /// Appends how a source fared that gives no entities itself.
    async fn record_report(&self, caller: &Caller, id: &str, report: SyncReport) -> Result<Source, AppError> {
        let source = self.known_source(id)?;
        let news = source.last.as_ref().is_none_or(|last| {
            (&last.revision, &last.failure, last.entities, last.broken)
                != (&report.revision, &report.failure, report.entities, report.broken)
        });
        let source = Source { last: Some(report), ..source };
        if news {
            self.append(vec![source_fact(caller, &source)?]).await?;
        }
        Ok(source)
    }

    /// Appends that a source could not be read. What it gave stays.
    async fn record_failure(&self, caller: &Caller, id: &str, error: &AppError) -> Result<Source, AppError> {
        let failure = match error {
            // How long the wait is differs each time, which is no news.
            AppError::Remote(RemoteError::RateLimited { host, .. }) => {
                format!("{host} takes no more requests for now; what was read stays as it was")
            }
            error => error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}")),
        };
        let source = self.known_source(id)?;
        let previous = source.last.clone();
        // The same failure again is not news.
        if previous.as_ref().is_some_and(|last| last.failure.as_ref() == Some(&failure)) {
            return Ok(source);
        }
        let report = match previous {
            Some(last) => SyncReport { at: self.now(), failure: Some(failure), ..last },
            None => SyncReport {
                at: self.now(),
                revision: None,
                entities: 0,
                broken: 0,
                failure: Some(failure),
                foreign: Vec::new(),
                optional: Vec::new(),
                last_success: None,
                marker: None,
            },
        };
        let source = Source { last: Some(report), ..source };
        self.append(vec![source_fact(caller, &source)?]).await?;
        Ok(source)
    }

    /// Reads the files of a source; `None` when nobody asked and nothing can have changed.
    pub(crate) async fn read_source(
        &self,
        source: &Source,
        urgency: Urgency,
    ) -> Result<Option<Read>, AppError> {
        let limits = TreeLimits::default();
        // Only what was read well may be left unread.
        let last = source.last.as_ref().filter(|last| last.failure.is_none());
        let polling = urgency == Urgency::Polling;
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
                let roots = roots(&tree, path, &repository.to_string())?;
                Ok(Some(Read { tree, roots, base, revision: head.to_string(), marker: None }))
            }
            SourceTarget::Git { url, reference, path, address } => {
                self.inner.reach.check(url).await?;
                let options =
                    SourceOptions { credential: self.git_credential(url).await?, ..SourceOptions::default() };
                if let Some(known) = last.and_then(|last| last.revision.as_deref()).filter(|_| polling) {
                    let head = GitSource::head(url, reference.as_deref(), &options).await?;
                    if head.is_some_and(|head| head.as_str() == known) {
                        return Ok(None);
                    }
                }
                let cache = self.inner.config.data.join("cache");
                let (commit, tree) = GitSource::fetch(url, reference.as_deref(), &cache, &options).await?;
                let roots = roots(&tree, path, url)?;
                let base = match address.strip_suffix(path.as_str()) {
                    Some(base) => base.to_owned(),
                    None => format!(
                        "{}/blob/{}/",
                        url.trim_end_matches(".git"),
                        reference.as_deref().unwrap_or("HEAD")
                    ),
                };
                Ok(Some(Read { tree, roots, base, revision: commit.to_string(), marker: None }))
            }
            SourceTarget::File { path } => {
                let limits = TreeLimits { bytes: LOCAL_BYTES, ..limits };
                let (folder, name) = folder_of(path)?;
                let marker = fairway_remote::folder_fingerprint(Path::new(folder), limits).await?.to_string();
                if polling && last.is_some_and(|last| last.marker.as_ref() == Some(&marker)) {
                    return Ok(None);
                }
                let tree = fairway_remote::read_folder(Path::new(folder), limits).await?;
                let path = TreePath::lenient(name).map_err(|error| AppError::invalid(error.to_string()))?;
                let roots = roots(&tree, &path, folder)?;
                let revision = tree.digest().to_string();
                let base = format!("{}/", folder.trim_end_matches('/'));
                Ok(Some(Read { tree, roots, base, revision, marker: Some(marker) }))
            }
            SourceTarget::Hosted(target) => {
                let marker = self.inner.scheduler.expected(&source.id);
                let owner = target.repository.rsplit_once('/').map_or("", |(owner, _)| owner);
                let client = self.hosting_client(&target.place, owner).await?;
                let contents = read_hosted(&client, target, urgency).await?;
                if contents.roots.is_empty() {
                    let message = format!("{} has no file {}", target.repository, target.path);
                    return Err(AppError::invalid(message));
                }
                let revision = contents.tree.digest().to_string();
                let (tree, roots) = (contents.tree, contents.roots);
                Ok(Some(Read { tree, roots, base: target.base(), revision, marker }))
            }
            SourceTarget::Directory(target) => {
                let client = self.hosting_client(&target.place, &target.organisation).await?;
                let directory = client.directory(&target.organisation, urgency).await?;
                if directory.users.is_empty() {
                    return Err(AppError::invalid(format!(
                        "{} lists no people in {}; what was known stays",
                        target.place.host(),
                        target.organisation
                    )));
                }
                let (tree, root) = directory_tree(target, &directory)?;
                let base = format!("{}/{}/", target.place.web, target.organisation);
                let revision = tree.digest().to_string();
                Ok(Some(Read { tree, roots: vec![root], base, revision, marker: None }))
            }
            // Read by listing; it has no files of its own.
            SourceTarget::Discovery(_) => Ok(None),
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
        (revision, marker): (String, Option<String>),
        removals: Removals,
    ) -> Result<Source, AppError> {
        let now = self.now();
        let before: Vec<CatalogEntity> = view.catalog.of_source(&info.id).cloned().collect();
        let change = fairway_catalog::diff(&before, ingestion);
        let limit = source.removal_limit.unwrap_or_default();
        let decided = proposals::decide(
            &change.removed,
            before.len(),
            limit,
            source.proposal.as_ref(),
            &removals,
            (now, &revision),
        );
        let held = decided.proposal.as_ref().is_some_and(|proposal| proposal.rejected.is_none());
        let mut facts = Vec::new();
        let mut conflicts: Vec<StoredDraft> =
            bad_links(&source, &ingestion.foreign, info, &self.inner.config, now);
        let mut given: Vec<(IngestedEntity, Option<CatalogEntity>)> = Vec::new();
        for ingested in change.added.into_iter().chain(change.changed) {
            let known = view.catalog.get(&ingested.reference);
            if let Some(other) = known.filter(|known| known.source() != info.id) {
                conflicts.push(conflict(info, &ingested, other, now));
                continue;
            }
            // What was renamed is the same thing under another name.
            let same = known.or_else(|| renamed_from(view, &change.removed, &ingested));
            given.push((ingested, same.cloned()));
        }
        for broken in change.broken.iter().filter(|broken| !broken.known) {
            if let Some(known) = view.catalog.get(&broken.reference) {
                let stored = StoredEntity { errors: broken.diagnostics.clone(), ..known.stored() };
                let key = broken.reference.to_string();
                facts.push(NewFact::by(caller, kind::ENTITY, key, Some(to_value(&stored)?)));
            }
        }
        let keep = self.inner.config.catalog.keep_orphans;
        for reference in &decided.removed {
            let orphan = view.catalog.get(reference).filter(|_| keep);
            let orphan = orphan.map(|known| StoredEntity { orphan: true, ..known.stored() });
            let body = orphan.map(|orphan| to_value(&orphan)).transpose()?;
            facts.push(NewFact::by(caller, kind::ENTITY, reference.to_string(), body));
        }
        // What was kept under other settings goes with the next look at its source.
        for reference in change.orphans.iter().filter(|_| !keep) {
            facts.push(NewFact::by(caller, kind::ENTITY, reference.to_string(), None));
        }
        let broken = ingestion.drafts.len() + conflicts.len();
        self.record_drafts(caller, view, info, ingestion, conflicts, &mut facts)?;
        let failure = decided.proposal.as_ref().filter(|_| held).map(|proposal| {
            format!(
                "{} of {} entities would be removed; nothing of it was removed. Accept or reject it",
                proposal.total, proposal.known
            )
        });
        let report = SyncReport {
            at: now,
            revision: Some(revision.clone()),
            entities: ingestion.entities.len(),
            broken,
            last_success: if held {
                source.last.as_ref().and_then(|last| last.last_success)
            } else {
                Some(now)
            },
            failure,
            foreign: ingestion.foreign.iter().map(|target| target.address.clone()).collect(),
            optional: ingestion
                .foreign
                .iter()
                .filter(|target| target.optional)
                .map(|target| target.address.clone())
                .collect(),
            marker,
        };
        let news = source.last.as_ref().is_none_or(|last| {
            last.revision != report.revision
                || last.marker != report.marker
                || last.failure != report.failure
                || last.foreign != report.foreign
                || last.optional != report.optional
                || last.broken != report.broken
        }) || source.proposal != decided.proposal;
        let source = Source { last: Some(report), proposal: decided.proposal, ..source };
        if news || !facts.is_empty() || !given.is_empty() {
            facts.push(source_fact(caller, &source)?);
        }
        let (caller, info) = (caller.clone(), info.clone());
        let given = given.into_iter().map(move |(ingested, known)| {
            let known = known.as_ref();
            let stored = StoredEntity {
                entity: ingested.entity(),
                source: info.id.clone(),
                location: prefixed(&ingested.location),
                origin_location: info.location.clone(),
                file: ingested.file.to_string(),
                line: ingested.line,
                uid: known.map_or_else(|| uuid::Uuid::new_v4().to_string(), |known| known.uid().to_owned()),
                first_seen: known.map_or(now, CatalogEntity::first_seen),
                last_seen: now,
                revision: Some(revision.clone()),
                errors: Vec::new(),
                orphan: false,
            };
            let subject = ingested.reference.to_string();
            Ok(NewFact::by(&caller, kind::ENTITY, subject, Some(to_value(&stored)?)))
        });
        // What says that the source was read comes last: a reading that is interrupted is taken up again.
        self.append_parts(given.chain(facts.into_iter().map(Ok))).await?;
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

/// The sources with entities of these kinds, good or not.
fn sources_with<'a>(view: &'a View, kinds: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    let is = |reference: &EntityRef| kinds.contains(reference.kind());
    let entities = view.catalog.iter().filter(move |entity| is(entity.reference()));
    let drafts = view.drafts.values().filter(move |draft| draft.reference.as_ref().is_some_and(is));
    let entities = entities.map(CatalogEntity::source);
    entities.chain(drafts.map(|draft| draft.source.as_str())).filter(|_| !kinds.is_empty())
}

fn source_fact(caller: &Caller, source: &Source) -> Result<NewFact, AppError> {
    Ok(NewFact::by(caller, kind::SOURCE, source.id.clone(), Some(to_value(source)?)))
}

/// The files that a source begins with: the one that is named, or all that fit the pattern.
fn roots(tree: &Tree, path: &TreePath, place: &str) -> Result<Vec<TreePath>, AppError> {
    if tree.get(path).is_some() {
        return Ok(vec![path.clone()]);
    }
    let found: Vec<TreePath> = tree
        .iter()
        .filter(|(known, _)| {
            is_pattern(path.as_str()) && glob_match::glob_match(path.as_str(), known.as_str())
        })
        .map(|(known, _)| known.clone())
        .collect();
    if found.is_empty() {
        return Err(AppError::invalid(format!("{place} has no file {path}")));
    }
    Ok(found)
}

/// The folder to read, and what to look for in it: the part of a path before its first pattern, and the rest.
fn folder_of(path: &str) -> Result<(&str, &str), AppError> {
    let fixed = path.find(['*', '?', '[', '{']).unwrap_or(path.len());
    let split = path.get(..fixed).and_then(|fixed| fixed.rfind('/'));
    let parts = split.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?)));
    let (folder, name) = parts.ok_or_else(|| AppError::invalid(format!("{path} is not an absolute path")))?;
    Ok((if folder.is_empty() { "/" } else { folder }, name))
}

/// What an entity was before it got its name, among those that are gone.
fn renamed_from<'a>(
    view: &'a View,
    gone: &[EntityRef],
    ingested: &IngestedEntity,
) -> Option<&'a CatalogEntity> {
    if gone.is_empty() {
        return None;
    }
    let former = fairway_catalog::former_names(&ingested.entity()).into_iter();
    former.filter(|former| gone.contains(former)).find_map(|former| view.catalog.get(&former))
}

/// Backstage's `type:target` spelling of a file's address.
fn prefixed(address: &str) -> String {
    if address.starts_with('/') { format!("file:{address}") } else { format!("url:{address}") }
}

/// Two sources give the same entity: the first keeps it, and the second is told.
fn conflict(
    info: &SourceInfo,
    ingested: &IngestedEntity,
    other: &CatalogEntity,
    now: fairway_domain::Timestamp,
) -> StoredDraft {
    let reference = &ingested.reference;
    let place =
        fairway_domain::SourceLocation { file: ingested.file.to_string(), line: ingested.line, column: 1 };
    let diagnostic = Diagnostic::error(
        "entity-conflict",
        format!("{reference} is already defined by {}", other.location()),
    )
    .at(place, None)
    .with_hint("rename one of the two, or remove one of the sources");
    StoredDraft {
        source: info.id.clone(),
        location: ingested.location.clone(),
        file: ingested.file.to_string(),
        line: ingested.line,
        reference: None,
        owner: ingested.entity().owner(),
        diagnostics: vec![diagnostic],
        source_text: None,
        first_seen: now,
        conflict: Some(reference.clone()),
    }
}
