//! What other forges tell: a genuine event makes the sources that it concerns read at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::Caller;
use fairway_remote::webhook::{is_authentic, parse};
use fairway_remote::{Provider, Urgency, WebhookEvent, WebhookHeaders};

use crate::credentials::Credential;
use crate::sources::{Source, SourceTarget};
use crate::{App, AppError};

/// What an event led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The sources that are read because of it.
    pub sources: Vec<String>,
}

impl App {
    /// Takes an event in. Whoever sends it has to know the secret of a credential for the place that it is
    /// about; then the sources there are read, as soon as the answer is on its way.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] for an event that nobody vouches for, [`AppError::Invalid`] for one that
    /// cannot be understood.
    pub async fn webhook(
        &self,
        provider: Provider,
        headers: &WebhookHeaders,
        body: &[u8],
    ) -> Result<WebhookAnswer, AppError> {
        // Nothing is done with it before its signature is known to be right.
        let event = parse(provider, headers, body);
        let concerned: Vec<Arc<Source>> = match &event {
            Some(event) => {
                let view = self.view();
                view.sources.values().filter(|source| concerns(source, provider, event)).cloned().collect()
            }
            None => Vec::new(),
        };
        let mut vouching: BTreeMap<String, bool> = BTreeMap::new();
        let mut trusted = Vec::new();
        for source in concerned {
            let Some(credential) = self.credential_of_source(&source) else { continue };
            let known = vouching.get(&credential.name).copied();
            let genuine = match known {
                Some(genuine) => genuine,
                None => self.vouches(&credential, provider, headers, body).await,
            };
            vouching.insert(credential.name.clone(), genuine);
            if genuine {
                trusted.push(source);
            }
        }
        if trusted.is_empty() && !self.anybody_vouches(&vouching, provider, headers, body).await {
            return Err(AppError::Unauthenticated(format!(
                "this event is not signed with the webhook secret of a credential for its place; send it with the secret that {} was given for this address",
                provider.title()
            )));
        }
        let Some(event) = event else {
            return Err(AppError::invalid("the event cannot be understood"));
        };
        let sources = trusted.iter().map(|source| source.id.clone()).collect();
        let app = self.clone();
        tokio::spawn(async move { app.react(trusted, event).await });
        Ok(WebhookAnswer { sources })
    }

    async fn vouches(
        &self,
        credential: &Credential,
        provider: Provider,
        headers: &WebhookHeaders,
        body: &[u8],
    ) -> bool {
        match self.webhook_secret(credential).await {
            Ok(secret) => secret.is_some_and(|secret| is_authentic(provider, headers, body, &secret)),
            Err(error) => {
                tracing::warn!(credential = credential.name, %error, "a webhook could not be judged: {error}");
                false
            }
        }
    }

    /// A ping, or an event that concerns no source, is genuine when any credential's secret fits.
    async fn anybody_vouches(
        &self,
        judged: &BTreeMap<String, bool>,
        provider: Provider,
        headers: &WebhookHeaders,
        body: &[u8],
    ) -> bool {
        let credentials: Vec<Arc<Credential>> = self.view().credentials.values().cloned().collect();
        for credential in credentials.iter().filter(|credential| !judged.contains_key(&credential.name)) {
            if self.vouches(credential, provider, headers, body).await {
                return true;
            }
        }
        false
    }

    fn credential_of_source(&self, source: &Source) -> Option<Arc<Credential>> {
        match &source.target {
            SourceTarget::Discovery(target) => self.credential_for(&target.place.host(), &target.owner),
            SourceTarget::Hosted(target) => self.credential_for(&target.place.host(), &target.repository),
            SourceTarget::Directory(target) => {
                self.credential_for(&target.place.host(), &target.organisation)
            }
            SourceTarget::Git { url, .. } => self.credential_named_for_url(url),
            SourceTarget::Forge { .. } | SourceTarget::File { .. } => None,
        }
    }

    async fn react(&self, sources: Vec<Arc<Source>>, event: WebhookEvent) {
        let system = Caller::system();
        let known: Vec<&str> = sources.iter().filter_map(|source| source.parent.as_deref()).collect();
        for source in &sources {
            let ended = match (&source.target, &event) {
                // A push to a repository that is a source already is read there.
                (SourceTarget::Discovery(_), WebhookEvent::Push { .. })
                    if known.contains(&source.id.as_str()) =>
                {
                    Ok(())
                }
                (
                    SourceTarget::Discovery(_),
                    WebhookEvent::Push { repository, .. } | WebhookEvent::Repository { repository },
                ) => self.discover_one(&system, source, repository).await,
                _ => self
                    .sync_with(&system, &source.id, crate::proposals::Removals::Judged, Urgency::Person)
                    .await
                    .map(drop),
            };
            if let Err(error) = ended {
                tracing::warn!(source = source.id, %error, "after a webhook, {} could not be read: {error}", source.target);
            }
        }
    }
}

/// Whether an event may have changed what a source gives.
fn concerns(source: &Source, provider: Provider, event: &WebhookEvent) -> bool {
    let Some(owner) = event.owner() else { return false };
    let below = |group: &str| {
        owner.eq_ignore_ascii_case(group)
            || (provider == Provider::GitLab
                && owner.get(..group.len()).is_some_and(|start| start.eq_ignore_ascii_case(group))
                && owner.as_bytes().get(group.len()) == Some(&b'/'))
    };
    match (&source.target, event) {
        (SourceTarget::Discovery(target), WebhookEvent::Push { branch, .. }) => {
            target.place.provider == provider
                && below(&target.owner)
                && target.branch.as_ref().is_none_or(|wanted| wanted == branch)
        }
        (SourceTarget::Discovery(target), WebhookEvent::Repository { .. }) => {
            target.place.provider == provider && below(&target.owner)
        }
        (SourceTarget::Hosted(target), WebhookEvent::Push { repository, branch }) => {
            target.place.provider == provider
                && target.repository.eq_ignore_ascii_case(repository)
                && target.branch == *branch
        }
        (SourceTarget::Directory(target), WebhookEvent::People { .. }) => {
            target.place.provider == provider && below(&target.organisation)
        }
        (SourceTarget::Git { url, reference, .. }, WebhookEvent::Push { repository, branch }) => {
            let path = url.strip_suffix(".git").unwrap_or(url);
            let named = path.len() > repository.len()
                && path
                    .get(path.len() - repository.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(repository))
                && path.as_bytes().get(path.len() - repository.len() - 1) == Some(&b'/');
            named && reference.as_ref().is_none_or(|wanted| wanted == branch)
        }
        _ => false,
    }
}
