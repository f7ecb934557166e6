//! Targets of Locations that lie in other repositories: each becomes a source of its own below the source that
//! points to it, with a page, a schedule and errors of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fairway_catalog::{ForeignTarget, SourceInfo, StoredDraft};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, Diagnostic, Timestamp};
use fairway_remote::Urgency;

use crate::effects::to_value;
use crate::projection::View;
use crate::proposals::Removals;
use crate::sources::{Source, SourceTarget};
use crate::{App, AppConfig, AppError};

/// Links that may follow each other.
const DEPTH: usize = 8;
/// Links that one source may have.
const LINKS: usize = 200;
/// Entities that go with a link that is taken out of a file; a link with more stays until somebody agrees.
const ENTITIES: usize = 5;

impl SourceTarget {
    /// Reads the address of a Location's target. Only a file of this machine may lead to another one.
    fn for_link(address: &str, from: &Self, config: &AppConfig) -> Result<Self, AppError> {
        match Self::parse(address, config)? {
            target @ Self::File { .. } if matches!(from, Self::File { .. }) => Ok(target),
            Self::File { .. } => {
                Err(AppError::invalid("Registered locations must be of an allowed type [\"url\"]"))
            }
            Self::Discovery(_) | Self::Directory(_) => {
                Err(AppError::invalid("a Location leads to one catalog file, not to an organisation"))
            }
            target => Ok(target),
        }
    }
}

/// Drafts for targets that no source can be made of.
pub(crate) fn bad_links(
    source: &Source,
    foreign: &[ForeignTarget],
    info: &SourceInfo,
    config: &AppConfig,
    now: Timestamp,
) -> Vec<StoredDraft> {
    let reason = |index: usize, target: &ForeignTarget| {
        if index >= LINKS {
            return Some(format!("the source leads to more than {LINKS} others"));
        }
        SourceTarget::for_link(&target.address, &source.target, config).err().map(|error| error.to_string())
    };
    let complaints = foreign.iter().enumerate();
    complaints
        .filter_map(|(index, target)| Some((target, reason(index, target)?)))
        .map(|(target, message)| StoredDraft {
            conflict: None,
            source: info.id.clone(),
            location: format!("{}{}", info.base, target.place.file),
            file: target.place.file.clone(),
            line: target.place.line,
            reference: None,
            owner: None,
            diagnostics: vec![
                Diagnostic::error("location-target", format!("{}: {message}", target.address))
                    .at(target.place.clone(), None),
            ],
            source_text: None,
            first_seen: now,
        })
        .collect()
}

/// How many links lead to a source.
fn depth(view: &View, source: &Source) -> usize {
    let mut parent = source.parent.as_ref();
    let mut seen = BTreeSet::new();
    while let Some(found) = parent.and_then(|id| view.sources.get(id)).filter(|found| seen.insert(&found.id))
    {
        parent = found.parent.as_ref();
    }
    seen.len()
}

/// The sources that this one points to, by identifier.
fn wanted(source: &Source, config: &AppConfig) -> BTreeMap<String, SourceTarget> {
    let foreign = source.last.iter().flat_map(|last| &last.foreign).take(LINKS);
    let targets = foreign.filter_map(|address| SourceTarget::for_link(address, &source.target, config).ok());
    targets.map(|target| (target.id(), target)).filter(|(id, _)| *id != source.id).collect()
}

/// Whether a source exists only because another one points to it.
pub(crate) fn is_link(view: &View, source: &Source) -> bool {
    let parent = source.parent.as_ref().and_then(|id| view.sources.get(id));
    parent.is_some_and(|parent| {
        !matches!(parent.target, SourceTarget::Discovery(_) | SourceTarget::Directory(_))
    })
}

/// Another source that points to `link`, none of `besides`.
pub(crate) fn other_parent(
    view: &View,
    config: &AppConfig,
    link: &str,
    besides: &BTreeSet<&str>,
) -> Option<String> {
    let others = view.sources.values().filter(|source| !besides.contains(source.id.as_str()));
    others.filter(|source| wanted(source, config).contains_key(link)).map(|source| source.id.clone()).next()
}

impl App {
    /// Makes the sources below one what its Locations say now. Sources that are registered stay what they are.
    pub(crate) async fn follow_links(&self, source: &Source) -> Result<(), AppError> {
        let healthy = source.last.as_ref().is_some_and(|last| last.failure.is_none());
        if !healthy || matches!(source.target, SourceTarget::Discovery(_) | SourceTarget::Directory(_)) {
            return Ok(());
        }
        let system = Caller::system();
        let wanted = wanted(source, &self.inner.config);
        let view = self.view();
        let children: Vec<Arc<Source>> = view
            .sources
            .values()
            .filter(|child| child.parent.as_deref() == Some(&source.id))
            .cloned()
            .collect();
        for child in children {
            if wanted.contains_key(&child.id) {
                if child.missing_since.is_some() {
                    self.put(&system, Source { missing_since: None, ..Source::clone(&child) }).await?;
                }
            } else {
                self.drop_link(&system, &view, &child).await?;
            }
        }
        if depth(&view, source) >= DEPTH {
            tracing::warn!(
                source = source.id,
                "links of {} are not followed: {DEPTH} lead to it",
                source.target
            );
            return Ok(());
        }
        for (id, target) in wanted {
            if self.view().sources.contains_key(&id) {
                continue;
            }
            let link = Source::new(target, source.registered_by.clone(), self.now());
            self.put(&system, Source { parent: Some(source.id.clone()), ..link }).await?;
            Box::pin(self.sync_with(&system, &id, Removals::Judged, Urgency::Polling)).await?;
            self.settle_link(&system, source, &id).await?;
        }
        Ok(())
    }

    /// A target that may be missing, and is, leaves nothing behind.
    async fn settle_link(&self, caller: &Caller, parent: &Source, id: &str) -> Result<(), AppError> {
        let view = self.view();
        let Some(link) = view.sources.get(id) else { return Ok(()) };
        let config = &self.inner.config;
        let leads_here = |address: &String| {
            SourceTarget::for_link(address, &parent.target, config).is_ok_and(|target| target.id() == id)
        };
        let optional = parent.last.as_ref().is_some_and(|last| last.optional.iter().any(leads_here));
        if optional && link.last.as_ref().is_some_and(|last| last.failure.is_some()) {
            self.remove_source_facts(caller, id).await?;
        }
        Ok(())
    }

    /// Takes a link out that its parent does not have any more; one with many entities waits for a person.
    async fn drop_link(&self, caller: &Caller, view: &View, link: &Source) -> Result<(), AppError> {
        if let Some(other) =
            other_parent(view, &self.inner.config, &link.id, &BTreeSet::from([link.id.as_str()]))
        {
            return self.put(caller, Source { parent: Some(other), ..link.clone() }).await;
        }
        if view.catalog.of_source(&link.id).count() <= ENTITIES {
            return Box::pin(self.remove_source_facts(caller, &link.id)).await;
        }
        if link.missing_since.is_none() {
            return self.put(caller, Source { missing_since: Some(self.now()), ..link.clone() }).await;
        }
        Ok(())
    }

    pub(crate) async fn put(&self, caller: &Caller, source: Source) -> Result<(), AppError> {
        let body = to_value(&source)?;
        self.append(vec![NewFact::by(caller, kind::SOURCE, source.id, Some(body))]).await?;
        Ok(())
    }
}
