//! What planning may look at.

use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{Tree, TreeFile};
use fairway_domain::{Entity, EntityRef};

use crate::error::WorldError;

/// The world as a plan sees it. It can be read and not changed; the same question gets the same answer for as
/// long as one plan is made.
pub trait World {
    /// The folder at `url`: relative to `base`, which is the address of the template's folder, or an address
    /// of its own. A relative address that leaves the template's source is refused.
    fn fetch(&self, base: &str, url: &str) -> Result<Tree, WorldError>;

    /// The file at `url`, as [`World::fetch`].
    fn fetch_file(&self, base: &str, url: &str) -> Result<TreeFile, WorldError>;

    /// An entity of the catalog.
    fn entity(&self, reference: &EntityRef) -> Option<Entity>;

    /// Every entity of a kind, by reference. A world without a catalog has none.
    fn entities(&self, kind: &str) -> Vec<Entity> {
        let _ = kind;
        Vec::new()
    }

    /// Whether the embedded forge has the repository.
    fn repository_exists(&self, repository: &RepositoryRef) -> bool;

    /// The hosts that the embedded forge answers for: `fairway`, and those that it stands in for.
    fn forge_hosts(&self) -> &[String];

    /// Where this installation is reached, without a slash at the end.
    fn base_url(&self) -> &str;

    /// The setting that lets the embedded forge stand in for another host, as the operator writes it.
    fn forge_host_setting(&self) -> &'static str {
        "--forge-host"
    }
}
