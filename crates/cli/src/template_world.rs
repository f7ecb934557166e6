//! The world as a test of a template sees it: a folder of this machine, the entities of a few files, no network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Entity, EntityRef};
use fairway_remote::{TreeLimits, read_folder};
use fairway_scaffold::{World, WorldError};
use tokio::runtime::Handle;

/// Where the installation of a test is reached. The name is reserved, so that nobody takes it for a real one.
pub const BASE_URL: &str = "https://fairway.example";

/// See the module. Lives on a thread that may block.
pub struct FolderWorld<'a> {
    /// The folder that templates may read files of, without links on the way.
    pub root: PathBuf,
    /// The entities of the catalog.
    pub entities: &'a BTreeMap<EntityRef, Entity>,
    /// The repositories that are there already.
    pub existing: &'a BTreeSet<RepositoryRef>,
    /// The hosts that the embedded forge answers for.
    pub hosts: &'a [String],
    /// What reads folders.
    pub runtime: Handle,
}

impl FolderWorld<'_> {
    /// The place of an address, without links on the way; the place is inside of the root.
    fn place(&self, base: &str, url: &str) -> Result<PathBuf, WorldError> {
        let address = url.to_owned();
        let missing = || WorldError::NotFound { address: url.to_owned() };
        if url.starts_with(BASE_URL) {
            return Err(missing());
        }
        if url.contains("://") {
            let reason = "a test reads files of this machine only".to_owned();
            return Err(WorldError::Unavailable { address, reason });
        }
        let outside = || WorldError::Refused {
            address: url.to_owned(),
            reason: format!("it is outside of {}", self.root.display()),
        };
        let mut place = PathBuf::from(base);
        for part in Path::new(url).components() {
            match part {
                Component::Normal(name) => place.push(name),
                Component::CurDir => {}
                Component::ParentDir => {
                    place.pop();
                }
                Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
            if !place.starts_with(&self.root) {
                return Err(outside());
            }
        }
        let real = place.canonicalize().map_err(|_| missing())?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(outside()) }
    }

    fn read(&self, folder: &Path, url: &str) -> Result<Tree, WorldError> {
        self.runtime
            .block_on(read_folder(folder, TreeLimits::default()))
            .map_err(|error| WorldError::Unavailable { address: url.to_owned(), reason: error.to_string() })
    }
}

impl World for FolderWorld<'_> {
    fn fetch(&self, base: &str, url: &str) -> Result<Tree, WorldError> {
        let place = self.place(base, url)?;
        let tree = if place.is_dir() { self.read(&place, url)? } else { Tree::new() };
        if tree.is_empty() {
            return Err(WorldError::NotFound { address: url.to_owned() });
        }
        Ok(tree)
    }

    fn fetch_file(&self, base: &str, url: &str) -> Result<TreeFile, WorldError> {
        let missing = || WorldError::NotFound { address: url.to_owned() };
        let place = self.place(base, url)?;
        let name = place.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
        let name = TreePath::lenient(name).map_err(|_| missing())?;
        let tree = self.read(place.parent().ok_or_else(missing)?, url)?;
        tree.get(&name).cloned().ok_or_else(missing)
    }

    fn entity(&self, reference: &EntityRef) -> Option<Entity> {
        self.entities.get(reference).cloned()
    }

    fn entities(&self, kind: &str) -> Vec<Entity> {
        let of_kind = self.entities.values().filter(|entity| entity.kind.eq_ignore_ascii_case(kind));
        of_kind.cloned().collect()
    }

    fn repository_exists(&self, repository: &RepositoryRef) -> bool {
        self.existing.contains(repository)
    }

    fn forge_hosts(&self) -> &[String] {
        self.hosts
    }

    fn base_url(&self) -> &'static str {
        BASE_URL
    }
}
