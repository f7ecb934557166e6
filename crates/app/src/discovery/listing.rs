//! Discovery at work: an organisation's repositories are listed, and each with a catalog file is a source.
//!
//! A listing that fails, is empty or lacks many repositories changes nothing. A repository that is not listed any
//! more is asked for by name; what it gave stays, with the reason beside it, until somebody removes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, Digest};
use fairway_remote::{HostedRepository, HostingClient, Urgency};
use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};

use super::{DiscoveryTarget, read_hosted};
use crate::effects::to_value;
use crate::sources::{Source, SourceTarget, SyncReport};
use crate::{App, AppError};

/// How many repositories are read at once.
const AT_ONCE: usize = 6;
/// As many repositories missing at once look like a mistake…
const MANY: usize = 50;
/// …and so does a larger share, in per cent, of at least so many.
const SHARE: usize = 20;
const FEW: usize = 5;

impl App {
    /// Lists the repositories and reads those that are new or were pushed to.
    pub(crate) async fn discover(
        &self,
        caller: &Caller,
        source: &Source,
        target: &DiscoveryTarget,
        urgency: Urgency,
    ) -> Result<SyncReport, AppError> {
        let client = self.hosting_client(&target.place, &target.owner).await?;
        let listed = client.repositories(&target.owner, urgency).await?;
        let known = self.children(&source.id);
        let wanted: Vec<&HostedRepository> =
            listed.iter().filter(|repository| target.leaves_out(repository).is_none()).collect();
        let missing: Vec<Arc<Source>> = known
            .iter()
            .filter(|child| child.missing_since.is_none())
            .filter(|child| !wanted.iter().any(|repository| is_of(child, repository)))
            .cloned()
            .collect();
        let present = known.iter().filter(|child| child.missing_since.is_none()).count();
        let many = missing.len() > MANY
            || (missing.len() >= FEW && missing.len() * 100 > present * SHARE)
            || (wanted.is_empty() && present > 0);
        if many {
            return Err(AppError::invalid(format!(
                "{} lists {} repositories, and {} of the {present} known ones are not among them; everything stays as it was",
                target.place.host(),
                wanted.len(),
                missing.len(),
            )));
        }
        let mut reading: Vec<BoxFuture<'_, Result<(), AppError>>> = Vec::with_capacity(wanted.len());
        for repository in wanted {
            reading.push(Box::pin(self.consider(caller, source, target, &client, repository, urgency)));
        }
        let ended: Vec<Result<(), AppError>> =
            stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
        for child in missing {
            self.look_for(caller, source, target, &client, &child, urgency).await?;
        }
        // One repository that cannot be read says so on its own page; a budget that is spent concerns them all.
        let limited = ended.into_iter().find_map(Result::err);
        if let Some(error) = limited {
            return Err(error);
        }
        Ok(self.summary(&source.id, format!("{} repositories", listed.len())))
    }

    /// Something happened to one repository: it is read, or looked for.
    pub(crate) async fn discover_one(
        &self,
        caller: &Caller,
        source: &Source,
        full_name: &str,
    ) -> Result<(), AppError> {
        let SourceTarget::Discovery(target) = &source.target else { return Ok(()) };
        self.inner.scheduler.forget_barren(&source.id);
        let client = self.hosting_client(&target.place, &target.owner).await?;
        let found = client.repository(full_name, Urgency::Person).await?;
        let meant = found.as_ref().filter(|repository| target.leaves_out(repository).is_none());
        if let Some(repository) = meant {
            return self.consider(caller, source, target, &client, repository, Urgency::Person).await;
        }
        let known = self.children(&source.id).into_iter().find(|child| names(child, full_name));
        match known {
            Some(child) => self.look_for(caller, source, target, &client, &child, Urgency::Person).await,
            None => Ok(()),
        }
    }

    /// The sources that a source discovered.
    pub fn children(&self, id: &str) -> Vec<Arc<Source>> {
        let view = self.view();
        view.sources.values().filter(|source| source.parent.as_deref() == Some(id)).cloned().collect()
    }

    /// Reads a repository when it is new or was pushed to. A repository without a catalog file is none.
    async fn consider(
        &self,
        caller: &Caller,
        parent: &Source,
        target: &DiscoveryTarget,
        client: &HostingClient,
        repository: &HostedRepository,
        urgency: Urgency,
    ) -> Result<(), AppError> {
        let Some(hosted) = target.hosted(repository) else { return Ok(()) };
        let known = self.children(&parent.id).into_iter().find(|child| is_of(child, repository));
        let marker = format!("{} {} {}", repository.pushed, hosted.branch, hosted.repository);
        let Some(known) = known else {
            if self.inner.scheduler.is_barren(&parent.id, &repository.id, &marker) {
                return Ok(());
            }
            // Only repositories that have something to say become sources.
            if read_hosted(client, &hosted, urgency).await?.roots.is_empty() {
                self.inner.scheduler.note_barren(&parent.id, &repository.id, &marker);
                return Ok(());
            }
            let text = format!("hosted:{}:{}", parent.id, repository.id);
            let id = Digest::of(text.as_bytes()).short();
            let by = parent.registered_by.clone();
            let child = Source {
                id: id.clone(),
                parent: Some(parent.id.clone()),
                ..Source::new(SourceTarget::Hosted(hosted), by, self.now())
            };
            self.append(vec![NewFact::by(caller, kind::SOURCE, id.clone(), Some(to_value(&child)?))]).await?;
            return self.read_child(caller, &id, &marker, urgency).await;
        };
        let moved = !matches!(&known.target, SourceTarget::Hosted(before) if *before == hosted);
        if moved || known.missing_since.is_some() {
            // It was renamed, has another branch, or is back: it stays the same source.
            let child =
                Source { target: SourceTarget::Hosted(hosted), missing_since: None, ..Source::clone(&known) };
            self.append(vec![NewFact::by(caller, kind::SOURCE, child.id.clone(), Some(to_value(&child)?))])
                .await?;
        }
        let last = known.last.as_ref();
        let fresh =
            last.is_some_and(|last| last.failure.is_none() && last.marker.as_deref() == Some(&marker));
        if fresh && !moved && known.missing_since.is_none() {
            return Ok(());
        }
        self.read_child(caller, &known.id, &marker, urgency).await
    }

    /// Boxed, since reading a source may lead here again.
    fn read_child<'a>(
        &'a self,
        caller: &'a Caller,
        id: &'a str,
        marker: &'a str,
        urgency: Urgency,
    ) -> BoxFuture<'a, Result<(), AppError>> {
        self.inner.scheduler.expect(id, marker);
        Box::pin(async move {
            // What is wrong with one repository is told on its own page.
            match self.sync_with(caller, id, crate::proposals::Removals::Judged, urgency).await {
                Ok(_) | Err(AppError::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    /// A known repository is not listed any more: why?
    async fn look_for(
        &self,
        caller: &Caller,
        parent: &Source,
        target: &DiscoveryTarget,
        client: &HostingClient,
        child: &Arc<Source>,
        urgency: Urgency,
    ) -> Result<(), AppError> {
        let SourceTarget::Hosted(hosted) = &child.target else { return Ok(()) };
        let reason = match client.repository(&hosted.repository, urgency).await? {
            None => format!(
                "{} has no repository {} any more, or does not show it",
                target.place.host(),
                hosted.repository
            ),
            Some(found) => match target.leaves_out(&found) {
                Some(reason) => format!("{} is not discovered any more: {reason}", hosted.repository),
                None if found.full_name == hosted.repository => return Ok(()),
                None => return self.rename(caller, parent, target, child, &found).await,
            },
        };
        let now = self.now();
        let previous = child.last.clone();
        let report = SyncReport {
            at: now,
            failure: Some(format!("{reason}; what it gave stays until somebody removes it")),
            ..previous.unwrap_or_else(|| empty_report(now))
        };
        let gone = Source { missing_since: Some(now), last: Some(report), ..Source::clone(child) };
        self.append(vec![NewFact::by(caller, kind::SOURCE, gone.id.clone(), Some(to_value(&gone)?))]).await?;
        Ok(())
    }

    /// The forge led from an old name to a new one.
    async fn rename(
        &self,
        caller: &Caller,
        parent: &Source,
        target: &DiscoveryTarget,
        child: &Arc<Source>,
        found: &HostedRepository,
    ) -> Result<(), AppError> {
        // Where the new name is discovered on its own, the old one would give everything twice.
        let taken = self.children(&parent.id).iter().any(|other| other.id != child.id && is_of(other, found));
        let Some(hosted) = target.hosted(found).filter(|_| !taken) else { return Ok(()) };
        let renamed = Source { target: SourceTarget::Hosted(hosted), ..Source::clone(child) };
        let body = to_value(&renamed)?;
        self.append(vec![NewFact::by(caller, kind::SOURCE, renamed.id.clone(), Some(body))]).await?;
        Ok(())
    }

    /// What the discovered sources gave together.
    fn summary(&self, id: &str, revision: String) -> SyncReport {
        let now = self.now();
        let children = self.children(id);
        let sum = |count: fn(&SyncReport) -> usize| {
            children.iter().filter_map(|child| child.last.as_ref()).map(count).sum()
        };
        SyncReport {
            revision: Some(revision),
            entities: sum(|last| last.entities),
            broken: sum(|last| last.broken),
            last_success: Some(now),
            ..empty_report(now)
        }
    }
}

fn empty_report(now: fairway_domain::Timestamp) -> SyncReport {
    SyncReport {
        at: now,
        revision: None,
        entities: 0,
        broken: 0,
        failure: None,
        foreign: Vec::new(),
        optional: Vec::new(),
        last_success: None,
        marker: None,
    }
}

/// Whether a source is this repository, by the forge's own identifier, which survives renaming.
fn is_of(child: &Source, repository: &HostedRepository) -> bool {
    matches!(&child.target, SourceTarget::Hosted(hosted) if hosted.repository_id == repository.id)
}

fn names(child: &Source, full_name: &str) -> bool {
    matches!(&child.target, SourceTarget::Hosted(hosted) if hosted.repository.eq_ignore_ascii_case(full_name))
}

/// What is remembered between listings and need not outlive the process.
#[derive(Default)]
pub(crate) struct Memory {
    /// Repositories without a catalog file, by parent and repository, with what the listing said then.
    barren: BTreeMap<(String, String), String>,
    /// What the listing says of a source that is about to be read.
    expected: BTreeMap<String, String>,
}

impl Memory {
    pub(crate) fn is_barren(&self, parent: &str, repository: &str, marker: &str) -> bool {
        let key = (parent.to_owned(), repository.to_owned());
        self.barren.get(&key).is_some_and(|known| known == marker)
    }

    pub(crate) fn note_barren(&mut self, parent: &str, repository: &str, marker: &str) {
        self.barren.insert((parent.to_owned(), repository.to_owned()), marker.to_owned());
    }

    pub(crate) fn forget_barren(&mut self, parent: &str) {
        self.barren.retain(|(known, _), _| known != parent);
    }

    pub(crate) fn expect(&mut self, id: &str, marker: &str) {
        self.expected.insert(id.to_owned(), marker.to_owned());
    }

    pub(crate) fn expected(&mut self, id: &str) -> Option<String> {
        self.expected.remove(id)
    }
}
