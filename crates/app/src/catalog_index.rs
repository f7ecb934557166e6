//! Keeps the search index in step with the catalog.
//!
//! One task follows the projection. It compares the catalog that is in the index with the newest one and hands over
//! what differs, so a push costs what it changes, and whatever was published meanwhile is caught up with in one step.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use fairway_catalog::{CatalogEntity, Snapshot};
use fairway_search::{SearchError, SearchIndex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::AppError;
use crate::projection::View;
use crate::search_document::documents;

/// How long a question waits for what its asker may have just written.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long after a change the index is given rest: its merges have ended by then.
const REST: Duration = Duration::from_secs(5);

/// The search index over the catalog.
pub(crate) struct CatalogIndex {
    index: Arc<SearchIndex>,
    reached: watch::Receiver<i64>,
    task: JoinHandle<()>,
}

impl Drop for CatalogIndex {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl CatalogIndex {
    /// Begins to follow: `changes` says that `view` holds another one.
    pub(crate) fn start(view: Arc<ArcSwap<View>>, changes: watch::Receiver<i64>) -> Result<Self, AppError> {
        let index = Arc::new(SearchIndex::new().map_err(|error| AppError::Internal(error.to_string()))?);
        let (sender, reached) = watch::channel(i64::MIN);
        let task = tokio::spawn(follow(Arc::clone(&index), view, changes, sender));
        Ok(Self { index, reached, task })
    }

    /// The index, once it holds what the record with this number brought. An index that is still being filled
    /// answers from what it has: nobody waits longer than half a second.
    pub(crate) async fn at(&self, sequence: i64) -> Arc<SearchIndex> {
        let mut reached = self.reached.clone();
        // Whether it came in time or the follower ended: the answer is made from what is there.
        let _ = tokio::time::timeout(PATIENCE, reached.wait_for(|reached| *reached >= sequence)).await;
        Arc::clone(&self.index)
    }
}

async fn follow(
    index: Arc<SearchIndex>,
    view: Arc<ArcSwap<View>>,
    mut changes: watch::Receiver<i64>,
    reached: watch::Sender<i64>,
) {
    let mut indexed = Arc::new(Snapshot::default());
    let mut settled = true;
    loop {
        changes.mark_unchanged();
        let (sequence, catalog) = {
            let view = view.load();
            (view.sequence, Arc::clone(&view.catalog))
        };
        if !Arc::ptr_eq(&indexed, &catalog) {
            let (index, before, after) = (Arc::clone(&index), indexed, Arc::clone(&catalog));
            match tokio::task::spawn_blocking(move || bring_up(&index, &before, &after)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "search does not show the newest catalog: {error}"),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => return,
            }
            indexed = catalog;
            settled = false;
        }
        reached.send_replace(sequence);
        if !settled {
            match tokio::time::timeout(REST, changes.changed()).await {
                Ok(Ok(())) => continue,
                Ok(Err(_)) => return,
                Err(_) => settle(&index),
            }
            settled = true;
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn settle(index: &SearchIndex) {
    if let Err(error) = index.settle() {
        tracing::warn!(%error, "search keeps more memory than it needs: {error}");
    }
}

/// Makes the index of the catalog `before` one of the catalog `after`.
fn bring_up(index: &SearchIndex, before: &Snapshot, after: &Snapshot) -> Result<(), SearchError> {
    let (changed, removed) = difference(before, after);
    if changed.is_empty() && removed.is_empty() {
        return Ok(());
    }
    index.apply(changed.into_iter().flat_map(documents), &removed)
}

/// The entities of `after` that `before` does not have like this, and the references that are no more.
fn difference<'a>(before: &Snapshot, after: &'a Snapshot) -> (Vec<&'a CatalogEntity>, Vec<String>) {
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return (changed, removed),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.reference().cmp(other.reference()),
        };
        let was = if order.is_le() { old.next() } else { None };
        let is = if order.is_ge() { new.next() } else { None };
        match (was, is) {
            (Some(was), None) => removed.push(was.reference().to_string()),
            (was, Some(is)) if was.is_none_or(|was| was.etag() != is.etag()) => changed.push(is),
            _ => {}
        }
    }
}
