//! What planning may look at: a still picture of the catalog, and the forge's files. Read only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Entity, EntityRef};
use fairway_remote::{SourceOptions, TreeLimits};
use fairway_scaffold::{World, WorldError};
use tokio::runtime::Handle;

use crate::config::EMBEDDED_HOST;
use crate::projection::View;
use crate::sources::{ForgeAddress, SourceTarget};
use crate::{App, AppError};

/// The world as one plan sees it. Lives on a thread that may block.
pub(crate) struct AppWorld {
    app: App,
    view: Arc<View>,
    runtime: Handle,
    hosts: Vec<String>,
    /// Each branch is resolved once, so that one plan sees one state of it.
    heads: Mutex<HashMap<String, Option<CommitId>>>,
}

impl AppWorld {
    pub(crate) fn new(app: App, view: Arc<View>) -> Self {
        let mut hosts = vec![EMBEDDED_HOST.to_owned()];
        hosts.extend(app.inner.config.forge_hosts.iter().cloned());
        Self { app, view, runtime: Handle::current(), hosts, heads: Mutex::new(HashMap::new()) }
    }

    fn head(&self, address: &ForgeAddress) -> Result<CommitId, WorldError> {
        let key = format!("{}@{}", address.repository, address.branch);
        let mut heads = self.heads.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let head = if let Some(head) = heads.get(&key) {
            head.clone()
        } else {
            let forge = &self.app.inner.forge;
            let head = self
                .runtime
                .block_on(forge.head(&address.repository, &address.branch))
                .map_err(|error| unavailable(&key, &error))?;
            heads.insert(key, head.clone());
            head
        };
        head.ok_or_else(|| WorldError::NotFound {
            address: format!("{}, branch {}", address.repository, address.branch),
        })
    }

    fn folder(&self, address: &ForgeAddress) -> Result<Tree, WorldError> {
        let head = self.head(address)?;
        let forge = &self.app.inner.forge;
        self.runtime
            .block_on(forge.tree(
                &address.repository,
                head.as_str(),
                address.path.as_ref(),
                TreeLimits::default(),
            ))
            .map_err(|error| unavailable(&address.repository.to_string(), &error))
    }

    fn resolve(&self, base: &str, url: &str) -> Result<Place, WorldError> {
        let address = join(base, url)?;
        if let Some(forge) = ForgeAddress::parse(&address, &self.app.inner.config) {
            return Ok(Place::Forge(forge));
        }
        if let Some(path) =
            address.strip_prefix("file:").or_else(|| address.starts_with('/').then_some(address.as_str()))
        {
            // A file address counts only inside a folder that was registered as a source by somebody who may.
            let path = format!("/{}", path.trim_start_matches('/'));
            return Ok(Place::File(path));
        }
        Ok(Place::Git(address))
    }
}

enum Place {
    Forge(ForgeAddress),
    File(String),
    Git(String),
}

impl World for AppWorld {
    fn fetch(&self, base: &str, url: &str) -> Result<Tree, WorldError> {
        let tree = match self.resolve(base, url)? {
            Place::Forge(address) => self.folder(&address)?,
            Place::File(path) => {
                let path = self.allow_file(base, &path)?;
                let read = fairway_remote::read_folder(&path, TreeLimits::default());
                self.runtime.block_on(read).map_err(|error| unavailable(url, &error))?
            }
            Place::Git(address) => self.git(&address)?.0,
        };
        if tree.is_empty() {
            return Err(WorldError::NotFound { address: url.to_owned() });
        }
        Ok(tree)
    }

    fn fetch_file(&self, base: &str, url: &str) -> Result<TreeFile, WorldError> {
        let missing = || WorldError::NotFound { address: url.to_owned() };
        match self.resolve(base, url)? {
            Place::Forge(address) => {
                let head = self.head(&address)?;
                let path = address.path.ok_or_else(missing)?;
                self.runtime
                    .block_on(self.app.inner.forge.file(&address.repository, head.as_str(), &path))
                    .map_err(|error| unavailable(url, &error))?
                    .ok_or_else(missing)
            }
            Place::File(path) => {
                let path = self.allow_file(base, &path)?;
                let folder = path.parent().ok_or_else(missing)?;
                let read = fairway_remote::read_folder(folder, TreeLimits::default());
                let tree = self.runtime.block_on(read).map_err(|error| unavailable(url, &error))?;
                let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
                let name = TreePath::lenient(name).map_err(|error| unavailable(url, &error))?;
                tree.get(&name).cloned().ok_or_else(missing)
            }
            Place::Git(address) => {
                let (tree, path) = self.git(&address)?;
                path.and_then(|path| tree.get(&path).cloned()).ok_or_else(missing)
            }
        }
    }

    fn entity(&self, reference: &EntityRef) -> Option<Entity> {
        self.view.catalog.get(reference).map(|found| Entity::clone(&found.entity()))
    }

    fn entities(&self, kind: &str) -> Vec<Entity> {
        self.view.catalog.of_kind(kind).map(|found| Entity::clone(&found.entity())).collect()
    }

    fn repository_exists(&self, repository: &RepositoryRef) -> bool {
        self.runtime.block_on(self.app.inner.forge.exists(repository)).unwrap_or(false)
    }

    fn forge_hosts(&self) -> &[String] {
        &self.hosts
    }

    fn base_url(&self) -> &str {
        &self.app.inner.config.base_url
    }
}

impl AppWorld {
    /// Files of this machine are read only by a template that comes from a folder which an administrator
    /// registered, and only below that folder. Gives the path without links and `..`, which is what was checked.
    fn allow_file(&self, base: &str, path: &str) -> Result<PathBuf, WorldError> {
        let base = Path::new(base.strip_prefix("file:").unwrap_or(base));
        let refused = || WorldError::Refused {
            address: path.to_owned(),
            reason: "it is outside the template's source".to_owned(),
        };
        if !self.app.inner.config.allow_file_sources || !base.is_absolute() {
            return Err(refused());
        }
        let Ok(real) = Path::new(path).canonicalize() else {
            let plain = Path::new(path).starts_with(base) && !path.split('/').any(|part| part == "..");
            return Err(if plain { WorldError::NotFound { address: path.to_owned() } } else { refused() });
        };
        let base = base.canonicalize().map_err(|_| refused())?;
        let mut roots = self.view.sources.values().filter_map(|source| match &source.target {
            SourceTarget::File { path } => Path::new(path).parent()?.canonicalize().ok(),
            _ => None,
        });
        if roots.any(|root| base.starts_with(&root) && real.starts_with(&root)) {
            return Ok(real);
        }
        Err(refused())
    }

    fn git(&self, address: &str) -> Result<(Tree, Option<TreePath>), WorldError> {
        let fetch = async {
            let parsed = fairway_remote::parse_git_url(address)?;
            self.app.inner.reach.check(&parsed.clone_url).await?;
            let cache = self.app.inner.config.data.join("cache");
            let (_, tree) = fairway_remote::GitSource::fetch(
                &parsed.clone_url,
                parsed.reference.as_deref(),
                &cache,
                &SourceOptions::default(),
            )
            .await?;
            Ok::<_, AppError>((tree, parsed.path))
        };
        let (tree, path) = self.runtime.block_on(fetch).map_err(|error| unavailable(address, &error))?;
        let folder = tree.subtree(path.as_ref());
        Ok(if folder.is_empty() { (tree, path) } else { (folder, None) })
    }
}

fn unavailable(address: &str, error: &dyn std::error::Error) -> WorldError {
    WorldError::Unavailable { address: address.to_owned(), reason: error.to_string() }
}

/// Resolves a relative address against a folder's; an absolute one stays.
fn join(base: &str, url: &str) -> Result<String, WorldError> {
    if url.contains("://") || url.starts_with("file:") {
        return Ok(url.to_owned());
    }
    if url.starts_with('/') {
        return Err(WorldError::Refused {
            address: url.to_owned(),
            reason: "it is absolute; use one relative to the template".to_owned(),
        });
    }
    let (scheme, rest) = match base.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), base),
    };
    let mut parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    for part in url.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.len() <= 1 {
                    return Err(WorldError::Refused {
                        address: url.to_owned(),
                        reason: format!("it leaves {base}"),
                    });
                }
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Ok(format!("{scheme}{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::join;

    #[test]
    fn relative_addresses_are_resolved_against_the_templates_folder() {
        let base = "http://h/repositories/a/b/blob/main/python/";
        assert_eq!(join(base, "./content").unwrap(), "http://h/repositories/a/b/blob/main/python/content");
        assert_eq!(join(base, "../shared").unwrap(), "http://h/repositories/a/b/blob/main/shared");
        assert_eq!(join(base, "https://x/y").unwrap(), "https://x/y");
        assert!(join(base, "/etc").is_err());
    }
}
