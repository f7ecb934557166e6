//! One client for each forge and credential, so that its budget is counted once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fairway_domain::Digest;
use fairway_remote::{Budget, HostingClient, HostingPlace};

use crate::{App, AppError};

/// Clients that are kept; far more than a platform has forges.
const KEPT: usize = 200;

/// The clients, by forge and credential.
#[derive(Default)]
pub(crate) struct Clients {
    kept: Mutex<BTreeMap<Key, HostingClient>>,
}

/// The forge, the credential's name, and the digest of its secret, which changes when the secret does.
type Key = (HostingPlace, Option<String>, Option<String>);

impl App {
    /// The client for an organisation of a forge, with the credential that its place has.
    pub(crate) async fn hosting_client(
        &self,
        place: &HostingPlace,
        owner: &str,
    ) -> Result<HostingClient, AppError> {
        let found = self.token_for(&place.host(), owner).await?;
        let (name, token) = found.map_or((None, None), |(name, token)| (Some(name), Some(token)));
        let digest = token.as_ref().map(|token| Digest::of(token.expose().as_bytes()).short());
        let key: Key = (place.clone(), name, digest);
        let mut kept = self.inner.hosting.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept.get(&key) {
            return Ok(client.clone());
        }
        // A secret that was changed leaves its client behind.
        kept.retain(|known, _| (&known.0, &known.1) != (&key.0, &key.1));
        if kept.len() >= KEPT {
            kept.pop_first();
        }
        // A token is for the host that its place names; an API elsewhere does not get it.
        let api_is_meant = place.api.as_deref().is_none_or(|api| same_host(api, &place.web));
        let token = token.filter(|_| api_is_meant);
        let client = HostingClient::new(place, token, self.inner.reach.clone())?;
        kept.insert(key, client.clone());
        Ok(client)
    }

    /// The budget of the forge that an organisation is on, when it has been talked to.
    pub(crate) fn hosting_budget(&self, place: &HostingPlace, owner: &str) -> Option<Budget> {
        let name = self.credential_for(&place.host(), owner).map(|credential| credential.name.clone());
        let kept = self.inner.hosting.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(key, _)| key.0 == *place && key.1 == name);
        found.map(|(_, client)| client.budget())
    }
}

/// Whether an API is on the forge's host and port, or on a host below it such as `api.github.com`.
fn same_host(api: &str, web: &str) -> bool {
    let parse = |text: &str| url::Url::parse(text).ok();
    let (Some(api), Some(web)) = (parse(api), parse(web)) else { return false };
    let (Some(api_host), Some(web_host)) = (api.host_str(), web.host_str()) else { return false };
    let below = api_host.ends_with(&format!(".{web_host}")) && api.port().is_none();
    api.scheme() == web.scheme()
        && (below || (api_host == web_host && api.port_or_known_default() == web.port_or_known_default()))
}
