//! Sources of the catalog: what is registered, and where it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use fairway_catalog::RemovalLimit;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::run::{EffectOutcome, Run};
use fairway_domain::tree::TreePath;
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::EMBEDDED_HOST;
use crate::discovery::{DirectoryTarget, DiscoveryTarget, HostedTarget};
use crate::effects::to_value;
use crate::links::{is_link, other_parent};
use crate::locations::RegisteredLocation;
use crate::proposals::{RemovalProposal, Removals};
use crate::{App, AppConfig, AppError};

/// Where a source's root file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum SourceTarget {
    /// A file in a repository of the embedded forge; a push refreshes it.
    Forge {
        /// The repository.
        repository: RepositoryRef,
        /// The branch.
        branch: BranchName,
        /// The file.
        path: TreePath,
    },
    /// A file in a Git repository elsewhere.
    Git {
        /// The address to clone from.
        url: String,
        /// The branch, tag or commit; the default branch when absent.
        reference: Option<String>,
        /// The file.
        path: TreePath,
        /// The address as it was registered, for people.
        address: String,
    },
    /// A file on this machine, or several.
    File {
        /// Its absolute path, or a pattern such as `/srv/*/catalog-info.yaml`.
        path: String,
    },
    /// The repositories of an organisation on another forge. Each that has a catalog file becomes a source of
    /// its own, with this one as its parent.
    Discovery(DiscoveryTarget),
    /// A repository that was discovered; read through its forge's API.
    Hosted(HostedTarget),
    /// The people and teams of an organisation on another forge.
    Directory(DirectoryTarget),
}

impl SourceTarget {
    /// The repository on the embedded forge, when it is one.
    pub fn repository(&self) -> Option<&RepositoryRef> {
        match self {
            Self::Forge { repository, .. } => Some(repository),
            _ => None,
        }
    }

    /// The folder of the file, as an address to which relative addresses are resolved; ends with a slash.
    pub fn base(&self, config: &AppConfig) -> String {
        let address = self.address(config);
        address.rsplit_once('/').map_or_else(|| address.clone(), |(folder, _)| format!("{folder}/"))
    }

    /// The address of the file.
    pub fn address(&self, config: &AppConfig) -> String {
        match self {
            Self::Forge { repository, branch, path } => {
                format!("{}/repositories/{repository}/blob/{branch}/{path}", config.base_url)
            }
            Self::Git { address, .. } => address.clone(),
            Self::File { path } => path.clone(),
            Self::Discovery(target) => target.to_string(),
            Self::Hosted(target) => target.address(),
            Self::Directory(target) => target.to_string(),
        }
    }

    /// Backstage's `type:target` of the file.
    pub fn location(&self, config: &AppConfig) -> String {
        match self {
            Self::File { path } => format!("file:{path}"),
            // These carry their type already.
            Self::Discovery(_) | Self::Directory(_) => self.address(config),
            other => format!("url:{}", other.address(config)),
        }
    }

    /// Reads an address that somebody gave.
    pub fn parse(text: &str, config: &AppConfig) -> Result<Self, AppError> {
        let text = text.trim();
        let text = text.strip_prefix("url:").unwrap_or(text);
        if let Some(target) = DirectoryTarget::parse(text) {
            return Ok(Self::Directory(target?));
        }
        if let Some(target) = DiscoveryTarget::parse(text) {
            return Ok(Self::Discovery(target?));
        }
        if let Some(forge) = ForgeAddress::parse(text, config) {
            let path = forge.path.unwrap_or_else(default_path);
            return Ok(Self::Forge { repository: forge.repository, branch: forge.branch, path });
        }
        if let Some(path) = text.strip_prefix("file:").or_else(|| text.starts_with('/').then_some(text)) {
            if !config.allow_file_sources {
                return Err(AppError::Invalid {
                    message: "files of this machine are not allowed as sources here".to_owned(),
                    hint: Some("register a repository instead".to_owned()),
                });
            }
            let path = format!("/{}", path.trim_start_matches('/'));
            return Ok(Self::File { path });
        }
        let parsed = fairway_remote::parse_git_url(text)?;
        let path = match parsed.path {
            Some(path) => path,
            None => default_path(),
        };
        Ok(Self::Git { url: parsed.clone_url, reference: parsed.reference, path, address: text.to_owned() })
    }

    /// Reads an address that a run is to register. Whoever may write or fill in a template decides on it, so
    /// files of this machine, which only an administrator may register, are none.
    pub fn for_run(text: &str, config: &AppConfig) -> Result<Self, AppError> {
        match Self::parse(text, config)? {
            Self::File { path } => Err(AppError::Invalid {
                message: format!("a golden path cannot register {path}, a file of this machine"),
                hint: Some("register the catalog file of a repository".to_owned()),
            }),
            Self::Discovery(_) | Self::Directory(_) => Err(AppError::Invalid {
                message: "one catalog file is registered here, not an organisation".to_owned(),
                hint: Some("register the organisation on the page of the sources".to_owned()),
            }),
            target => Ok(target),
        }
    }

    /// The stable identifier of a source with this target.
    pub fn id(&self) -> String {
        let text = match self {
            Self::Forge { repository, branch, path } => format!("forge:{repository}:{branch}:{path}"),
            Self::Git { url, reference, path, .. } => {
                format!("git:{url}:{}:{path}", reference.as_deref().unwrap_or_default())
            }
            Self::File { path } => format!("file:{path}"),
            Self::Discovery(target) => target.to_string(),
            Self::Hosted(target) => target.address(),
            Self::Directory(target) => target.to_string(),
        };
        Digest::of(text.as_bytes()).short()
    }
}

impl fmt::Display for SourceTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forge { repository, path, .. } => write!(formatter, "{repository}/{path}"),
            Self::Git { address, .. } => formatter.write_str(address),
            Self::File { path } => formatter.write_str(path),
            Self::Discovery(target) => target.fmt(formatter),
            Self::Hosted(target) => formatter.write_str(&target.address()),
            Self::Directory(target) => target.fmt(formatter),
        }
    }
}

fn default_path() -> TreePath {
    // A literal that the type accepts; the fallback cannot be reached.
    TreePath::lenient("catalog-info.yaml").unwrap_or_else(|_| unreachable!("catalog-info.yaml is a path"))
}

/// A place on the embedded forge, as an address of the portal or of a host that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeAddress {
    /// The repository.
    pub repository: RepositoryRef,
    /// The branch; `main` when the address names none.
    pub branch: BranchName,
    /// The file or folder; `None` for the top.
    pub path: Option<TreePath>,
}

impl ForgeAddress {
    /// Reads `<base>/repositories/<owner>/<name>[/(blob|tree)/<branch>[/<path>]]`, `<base>/git/<owner>/<name>.git`
    /// and `https://<host>/<owner>/<name>…` for the hosts that mean the embedded forge.
    pub fn parse(text: &str, config: &AppConfig) -> Option<Self> {
        let rest = std::iter::once(&config.base_url)
            .chain(&config.former_base_urls)
            .find_map(|base| text.strip_prefix(base.as_str()).filter(|rest| rest.starts_with('/')))
            .and_then(|rest| rest.strip_prefix("/repositories/").or_else(|| rest.strip_prefix("/git/")))
            .or_else(|| {
                let (_, rest) = text.split_once("://")?;
                let (host, rest) = rest.split_once('/')?;
                (host == EMBEDDED_HOST || config.forge_hosts.iter().any(|known| known == host))
                    .then_some(rest)
            })?;
        let mut parts = rest.trim_end_matches('/').split('/');
        let (owner, name) = (parts.next()?, parts.next()?);
        let repository = RepositoryRef::new(owner, name.strip_suffix(".git").unwrap_or(name)).ok()?;
        let Some(view) = parts.next() else {
            return Some(Self { repository, branch: BranchName::main(), path: None });
        };
        if !matches!(view, "blob" | "tree") {
            return None;
        }
        let branch = parts.next()?.parse().ok()?;
        let path: Vec<&str> = parts.collect();
        let path = if path.is_empty() { None } else { Some(TreePath::lenient(&path.join("/")).ok()?) };
        Some(Self { repository, branch, path })
    }
}

/// How the last synchronisation went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    /// When it ended.
    pub at: Timestamp,
    /// The commit or digest that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How many entities came from it.
    pub entities: usize,
    /// How many files are broken.
    pub broken: usize,
    /// Why nothing could be read; what was known stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Addresses that it points to and that are read as sources of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<String>,
    /// Those of them that may be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<String>,
    /// When it was last read without failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// What told that there is something new to read; the same again means that there is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

/// A source of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Its identifier.
    pub id: String,
    /// Where it is.
    pub target: SourceTarget,
    /// Who registered it.
    pub registered_by: EntityRef,
    /// When.
    pub registered_at: Timestamp,
    /// The run that registered it, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How the last synchronisation went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<SyncReport>,
    /// How Backstage's clients know it, where that does not follow from the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<RegisteredLocation>,
    /// The source that discovered it or points to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Since when its parent does not find it any more; what it gave stays until somebody removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
    /// How often it is looked at, in seconds; the usual interval of its kind when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u64>,
    /// Since when nobody but a person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// What a person has to decide on: a removal that looks like a mistake, or one that was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<RemovalProposal>,
    /// From where on its removals look like a mistake; the usual limit when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal_limit: Option<RemovalLimit>,
}

impl Source {
    /// A source that has not been read yet.
    pub fn new(target: SourceTarget, registered_by: EntityRef, registered_at: Timestamp) -> Self {
        Self {
            id: target.id(),
            target,
            registered_by,
            registered_at,
            run: None,
            last: None,
            location: None,
            parent: None,
            missing_since: None,
            interval_seconds: None,
            paused_at: None,
            proposal: None,
            removal_limit: None,
        }
    }
}

impl App {
    /// The sources, those with trouble first.
    pub fn sources(&self, caller: &Caller) -> Result<Vec<Source>, AppError> {
        caller.authorise(Permission::Read)?;
        let mut sources: Vec<Source> = self.view().sources.values().map(|it| Source::clone(it)).collect();
        let troubled = |source: &Source| {
            source.last.as_ref().is_some_and(|last| last.failure.is_some() || last.broken > 0)
        };
        sources.sort_by_key(|source| (!troubled(source), source.target.to_string()));
        Ok(sources)
    }

    /// Registers a source and reads it at once. Registering it again reads it again.
    pub async fn register_source(&self, caller: &Caller, target: &str) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let target = SourceTarget::parse(target, &self.inner.config)?;
        // Whoever registers a file of this machine sees what is in it.
        if matches!(target, SourceTarget::File { .. }) {
            caller.authorise(Permission::Administer)?;
        }
        let (source, existed) = self.put_source(caller, target, None).await?;
        // What was there because something pointed to it now stays by itself.
        if existed && is_link(&self.view(), &source) {
            let registered_by = caller.actor.user();
            let own = Source { parent: None, missing_since: None, registered_by, ..source.clone() };
            self.put(caller, own).await?;
        }
        let synced = self.sync(caller, &source.id).await?;
        // A new address that cannot be read is refused, so that a typing error does not stay as a source.
        if let (false, Some(failure)) = (existed, synced.last.as_ref().and_then(|last| last.failure.clone()))
        {
            self.append(vec![NewFact::by(caller, kind::SOURCE, source.id.clone(), None)]).await?;
            return Err(AppError::Invalid {
                message: failure,
                hint: Some("check the address, and that its catalog-info.yaml exists".to_owned()),
            });
        }
        Ok(synced)
    }

    pub(crate) async fn put_source(
        &self,
        caller: &Caller,
        target: SourceTarget,
        run: Option<&str>,
    ) -> Result<(Source, bool), AppError> {
        let id = target.id();
        if let Some(known) = self.view().sources.get(&id) {
            return Ok((Source::clone(known), true));
        }
        let run = run.map(str::to_owned);
        let source = Source { run, ..Source::new(target, caller.actor.user(), self.now()) };
        self.append(vec![NewFact::by(caller, kind::SOURCE, id, Some(to_value(&source)?))]).await?;
        Ok((source, false))
    }

    /// Registers a location as the effect of a run.
    pub(crate) async fn register_for_run(
        &self,
        caller: &Caller,
        run: &Run,
        address: &str,
        optional: bool,
    ) -> Result<EffectOutcome, AppError> {
        let target = SourceTarget::for_run(address, &self.inner.config)?;
        let (source, known) = self.put_source(caller, target, Some(&run.id)).await?;
        let existed = known && source.run.as_deref() != Some(run.id.as_str());
        let synced = self.sync(caller, &source.id).await?;
        let failure = synced.last.as_ref().and_then(|last| last.failure.clone());
        if let Some(failure) = failure.filter(|_| !optional) {
            if !existed {
                self.remove_source_facts(caller, &source.id).await?;
            }
            return Err(AppError::invalid(failure));
        }
        Ok(EffectOutcome { identifier: Some(source.id), existed, ..EffectOutcome::default() })
    }

    /// Reads a source again. `accept` also carries out a removal that looks like a mistake.
    pub async fn refresh_source(&self, caller: &Caller, id: &str, accept: bool) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let missing = |source: &&Arc<Source>| {
            source.missing_since.is_some() && (source.id == id || source.parent.as_deref() == Some(id))
        };
        if accept {
            let gone: Vec<String> =
                self.view().sources.values().filter(missing).map(|source| source.id.clone()).collect();
            for gone in &gone {
                self.remove_source_facts(caller, gone).await?;
            }
            if gone.iter().any(|gone| gone == id) {
                return Err(AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() });
            }
        }
        let removals = if accept { Removals::All } else { Removals::Judged };
        self.sync_removing(caller, id, removals).await
    }

    /// Takes a source out, with the entities that only it gives.
    pub async fn remove_source(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        if !self.view().sources.contains_key(id) {
            return Err(AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() });
        }
        self.remove_source_facts(caller, id).await
    }

    pub(crate) async fn remove_source_facts(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        let kinds = self.view().catalog.kinds().clone();
        self.forget_source(caller, id).await?;
        self.follow_kinds(&kinds, id).await;
        Ok(())
    }

    async fn forget_source(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        let _one_at_a_time = self.inner.syncing.lock().await;
        let view = self.view();
        let mut ids = family(&view.sources, id);
        let mut facts = Vec::new();
        // What another source points to as well goes on below that one.
        let shared: Vec<(Source, String)> = ids
            .iter()
            .filter(|child| **child != id)
            .filter_map(|child| {
                let link = view.sources.get(*child).filter(|link| is_link(&view, link))?;
                let other = other_parent(&view, &self.inner.config, child, &ids)?;
                Some((Source::clone(link), other))
            })
            .collect();
        for (link, other) in &shared {
            for kept in family(&view.sources, &link.id) {
                ids.remove(kept);
            }
            let link = Source { parent: Some(other.clone()), ..link.clone() };
            facts.push(NewFact::by(caller, kind::SOURCE, link.id.clone(), Some(to_value(&link)?)));
        }
        for found in view.catalog.iter().filter(|found| ids.contains(found.source())) {
            facts.push(NewFact::by(caller, kind::ENTITY, found.reference().to_string(), None));
        }
        for (subject, draft) in view.drafts.iter() {
            if ids.contains(draft.source.as_str()) {
                facts.push(NewFact::by(caller, kind::DRAFT, subject.clone(), None));
            }
        }
        facts.extend(ids.iter().map(|id| NewFact::by(caller, kind::SOURCE, *id, None)));
        self.append(facts).await?;
        for id in ids {
            self.inner.scheduler.forget(id);
        }
        Ok(())
    }

    /// Something was pushed: the sources in that repository are read again, and what changes is the pusher's
    /// doing.
    pub async fn refresh_repository(&self, caller: &Caller, repository: &RepositoryRef) {
        let ids: Vec<String> = self
            .view()
            .sources
            .values()
            .filter(|source| source.target.repository() == Some(repository))
            .map(|source| source.id.clone())
            .collect();
        for id in ids {
            if let Err(error) = self.sync(caller, &id).await {
                tracing::error!(%repository, %error, "{repository} could not be read again: {error}");
            }
        }
    }
}

/// A source, those that it discovered or points to, and so on.
pub(crate) fn family<'a>(sources: &'a BTreeMap<String, Arc<Source>>, id: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([id]);
    let mut waiting = vec![id];
    while let Some(parent) = waiting.pop() {
        let children = sources.values().filter(|source| source.parent.as_deref() == Some(parent));
        waiting.extend(children.map(|source| source.id.as_str()).filter(|child| found.insert(child)));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{ForgeAddress, SourceTarget};
    use crate::AppConfig;

    fn config() -> AppConfig {
        let mut config = AppConfig::new("/tmp/none", "http://127.0.0.1:7007/");
        config.forge_hosts = vec!["github.com".to_owned()];
        config
    }

    #[test]
    fn addresses_of_the_portal_and_of_configured_hosts_mean_the_embedded_forge() {
        for text in [
            "http://127.0.0.1:7007/repositories/acme/shop/blob/main/a/catalog-info.yaml",
            "https://github.com/acme/shop/blob/main/a/catalog-info.yaml",
        ] {
            let address = ForgeAddress::parse(text, &config()).unwrap();
            assert_eq!(address.repository.to_string(), "acme/shop");
            assert_eq!(address.path.unwrap().as_str(), "a/catalog-info.yaml");
        }
        assert!(ForgeAddress::parse("https://gitlab.com/acme/shop", &config()).is_none());
        assert!(
            ForgeAddress::parse("http://127.0.0.1:7007/repositories/../x/blob/main/y", &config()).is_none()
        );
    }

    #[test]
    fn an_address_without_a_path_means_its_catalog_info() {
        let target = SourceTarget::parse("http://127.0.0.1:7007/git/acme/shop.git", &config()).unwrap();
        assert_eq!(
            target.address(&config()),
            "http://127.0.0.1:7007/repositories/acme/shop/blob/main/catalog-info.yaml"
        );
        assert_eq!(target.base(&config()), "http://127.0.0.1:7007/repositories/acme/shop/blob/main/");
    }
}
