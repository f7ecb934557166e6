//! Looks whether the web addresses that entities name still lead somewhere: once a day, each host at its own pace.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fairway_catalog::DeadLink;
use fairway_domain::{Caller, Permission};
use fairway_remote::LinkProbe;
use futures::StreamExt;

use crate::{App, AppError};

/// After the start the catalog is left in peace for so long.
const FIRST: Duration = Duration::from_mins(10);
const EVERY: Duration = Duration::from_hours(24);
/// Addresses in one round; with more, the others are looked at in the next ones.
const MOST: usize = 20_000;
/// Addresses of one host in one round.
const OF_A_HOST: usize = 1_000;
/// Hosts at once.
const HOSTS: usize = 8;
/// Between two questions to one host.
const PAUSE: Duration = Duration::from_millis(200);

/// What was found in the last round. It is seen again after a restart, so it is kept nowhere else.
#[derive(Default)]
pub(crate) struct LinkCache {
    dead: Mutex<Arc<BTreeMap<String, DeadLink>>>,
    looking: tokio::sync::Mutex<()>,
}

impl LinkCache {
    pub(crate) fn dead(&self) -> Arc<BTreeMap<String, DeadLink>> {
        Arc::clone(&self.dead.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRound {
    /// Addresses that were looked at.
    pub looked_at: usize,
    /// Those that lead nowhere.
    pub dead: usize,
    /// Those of which nothing is known, since nobody answered or they may not be reached.
    pub unknown: usize,
}

impl App {
    /// Looks at the addresses again and again, until the process ends.
    pub async fn watch_links(&self) {
        tokio::time::sleep(FIRST).await;
        loop {
            let round = self.look_at_links().await;
            tracing::info!(
                looked_at = round.looked_at,
                dead = round.dead,
                unknown = round.unknown,
                "addresses were looked at"
            );
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Looks at every address now. What leads nowhere is a finding of the catalog.
    pub async fn check_links(&self, caller: &Caller) -> Result<LinkRound, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        Ok(self.look_at_links().await)
    }

    async fn look_at_links(&self) -> LinkRound {
        let _one_at_a_time = self.inner.links.looking.lock().await;
        let catalog = Arc::clone(&self.view().catalog);
        let links = tokio::task::spawn_blocking(move || fairway_catalog::links(&catalog)).await;
        let mut by_host: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for link in links.unwrap_or_default().into_iter().take(MOST) {
            let host = link.split('/').nth(2).unwrap_or_default().to_ascii_lowercase();
            let of_host = by_host.entry(host).or_default();
            if of_host.len() < OF_A_HOST {
                of_host.push(link);
            }
        }
        let before = self.inner.links.dead();
        let rounds = by_host.into_values().map(|links| self.look_at_host(links, &before));
        let found: Vec<(LinkRound, BTreeMap<String, DeadLink>)> =
            futures::stream::iter(rounds).buffer_unordered(HOSTS).collect().await;
        let mut round = LinkRound { looked_at: 0, dead: 0, unknown: 0 };
        let mut dead = BTreeMap::new();
        for (of_host, dead_there) in found {
            round.looked_at += of_host.looked_at;
            round.unknown += of_host.unknown;
            dead.extend(dead_there);
        }
        round.dead = dead.len();
        *self.inner.links.dead.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(dead);
        self.inner.truth.forget();
        round
    }

    async fn look_at_host(
        &self,
        links: Vec<String>,
        before: &BTreeMap<String, DeadLink>,
    ) -> (LinkRound, BTreeMap<String, DeadLink>) {
        let mut round = LinkRound { looked_at: links.len(), dead: 0, unknown: 0 };
        let mut dead = BTreeMap::new();
        // Making a client costs more than a question.
        let probe = links.first().map(|first| LinkProbe::new(first, &self.inner.reach));
        for (index, link) in links.into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let now = self.now();
            let asked = match &probe {
                Some(Ok(probe)) => probe.missing(&link).await.map_err(|error| error.to_string()),
                Some(Err(error)) => Err(error.to_string()),
                None => continue,
            };
            match asked {
                Ok(None) => {}
                Ok(Some(status)) => {
                    let since = before.get(&link).map_or(now, |known| known.since);
                    dead.insert(link, DeadLink { status, since, seen: now });
                }
                Err(error) => {
                    tracing::debug!(%link, %error, "an address does not answer: {error}");
                    round.unknown += 1;
                    // What was known stands until somebody says otherwise.
                    dead.extend(before.get(&link).map(|known| (link.clone(), known.clone())));
                }
            }
        }
        (round, dead)
    }
}
