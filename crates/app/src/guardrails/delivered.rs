//! Everything that is delivered to environments, as objects in memory. What a repository holds is read again only
//! where its files changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use fairway_domain::{Diagnostic, Digest};
use fairway_policy::{PolicyObject, listed_objects};

use super::object::{ObjectStore, StoredObject, is_object};
use crate::environments::environments_of;
use crate::projection::View;
use crate::supply::chain::{SUPPLY_CHAIN, SupplyChain};
use crate::{App, AppError};

/// So many files are read together.
const FILES_AT_ONCE: usize = 2_048;
/// What they may weigh together.
const BYTES_AT_ONCE: u64 = 256 * 1024 * 1024;
/// The most files of one repository, and what all its objects may weigh.
const MAX_FILES: usize = 1_000_000;
const MAX_BYTES: usize = 1024 * 1024 * 1024;

/// An object in its place.
pub(crate) struct Placement {
    pub(crate) object: Arc<StoredObject>,
    /// From the top of the environment's repository.
    pub(crate) file: Arc<str>,
    pub(crate) environment: Arc<str>,
    /// The folder below that of the environment; empty where there is none.
    pub(crate) service: Arc<str>,
    /// Whether it is told by the platform, rather than read in a repository.
    pub(crate) is_told: bool,
}

impl Placement {
    /// Whether policies may look it up. What is known of supply chains is told by the platform: in a repository anybody
    /// could write that an image is signed.
    pub(crate) fn may_be_looked_up(&self) -> bool {
        self.is_told || *self.object.kind != *SUPPLY_CHAIN
    }
}

/// What is delivered at some moment.
#[derive(Default)]
pub(crate) struct Delivered {
    /// In the order of the environments, then of the files, then as in the file.
    pub(crate) placements: Vec<Placement>,
    /// Each object once, by its number.
    pub(crate) objects: BTreeMap<u32, Arc<StoredObject>>,
    /// Where an object is, as positions among the placements.
    pub(crate) places: BTreeMap<u32, Vec<u32>>,
    /// What policies may look up, and are not asked about.
    pub(crate) beside: Vec<Arc<StoredObject>>,
    /// Files that cannot be read.
    pub(crate) unreadable: Vec<Diagnostic>,
    /// The repository of each environment.
    pub(crate) repositories: BTreeMap<Arc<str>, RepositoryRef>,
    /// Differs when anything of this differs.
    pub(crate) key: Option<Digest>,
}

/// What was read, and from which commits.
#[derive(Default)]
pub(crate) struct Readings {
    repositories: BTreeMap<RepositoryRef, Reading>,
    last: Arc<Delivered>,
}

struct Reading {
    head: Option<CommitId>,
    /// Where environments are in it.
    folders: BTreeSet<TreePath>,
    files: BTreeMap<TreePath, File>,
}

#[derive(Clone, Default)]
struct File {
    objects: Vec<Arc<StoredObject>>,
    unreadable: Vec<Diagnostic>,
}

/// Whether a file holds manifests, by its name.
pub(crate) fn is_manifest(path: &TreePath) -> bool {
    path.file_name()
        .rsplit_once('.')
        .is_some_and(|(_, end)| ["yaml", "yml", "json"].iter().any(|it| end.eq_ignore_ascii_case(it)))
}

/// The objects in the text of a file.
pub(crate) fn objects_in(
    store: &ObjectStore,
    path: &TreePath,
    bytes: &[u8],
) -> (Vec<Arc<StoredObject>>, Vec<Diagnostic>) {
    let text = match fairway_yaml::decode(path.as_str(), bytes) {
        Ok(text) => text,
        Err(diagnostic) => return (Vec::new(), vec![*diagnostic]),
    };
    let reading = fairway_yaml::read(path.as_str(), text, &fairway_yaml::Limits::default());
    let values = reading.documents.into_iter().flat_map(|document| listed_objects(document.value));
    (values.filter(is_object).map(|value| store.take_in(&value)).collect(), reading.diagnostics)
}

impl App {
    /// Everything that is delivered now.
    pub(crate) async fn everything_delivered(&self, view: &View) -> Result<Arc<Delivered>, AppError> {
        let environments = environments_of(view);
        let mut folders: BTreeMap<RepositoryRef, BTreeSet<TreePath>> = BTreeMap::new();
        for environment in &environments {
            let delivery = &environment.spec.delivery;
            folders.entry(delivery.repository.clone()).or_default().insert(delivery.path.clone());
        }
        let mut readings = self.inner.findings.readings.lock().await;
        let mut key = Vec::new();
        for (repository, folders) in &folders {
            let head = if self.inner.forge.exists(repository).await? {
                self.inner.forge.head(repository, &BranchName::main()).await?
            } else {
                None
            };
            let known = readings.repositories.remove(repository).filter(|known| known.folders == *folders);
            let reading = match known {
                Some(known) if known.head == head => known,
                known => self.read_delivered(repository, head, folders, known).await?,
            };
            key.push(format!("{repository}@{:?}", reading.head));
            readings.repositories.insert(repository.clone(), reading);
        }
        readings.repositories.retain(|repository, _| folders.contains_key(repository));
        for environment in &environments {
            let delivery = &environment.spec.delivery;
            key.push(format!("{}={}/{}", environment.name, delivery.repository, delivery.path));
        }
        let chains = {
            let mut described = self.inner.findings.described_chains.lock().await;
            self.known_supply_chains(view, &mut described).await?
        };
        key.extend(chains.iter().map(|chain| chain.object.to_string()));
        let key = Some(Digest::of(key.join("\n").as_bytes()));
        if readings.last.key == key {
            return Ok(Arc::clone(&readings.last));
        }
        let mut delivered = Delivered { key, ..Delivered::default() };
        for environment in &environments {
            let delivery = &environment.spec.delivery;
            let name: Arc<str> = environment.name.as_str().into();
            delivered.repositories.insert(Arc::clone(&name), delivery.repository.clone());
            if let Some(reading) = readings.repositories.get(&delivery.repository) {
                delivered.place(&name, &delivery.path, reading);
            }
        }
        for chain in chains.iter() {
            let store = &self.inner.findings.store;
            if chain.is_delivered {
                delivered.place_chain(store, chain);
            } else {
                delivered.beside.push(store.take_in(&chain.object));
            }
        }
        readings.last = Arc::new(delivered);
        // What was delivered before is given up here, unless an evaluation still looks at it.
        let left = self.inner.findings.store.sweep();
        self.inner.findings.verdicts.keep_only(&left);
        Ok(Arc::clone(&readings.last))
    }

    async fn read_delivered(
        &self,
        repository: &RepositoryRef,
        head: Option<CommitId>,
        folders: &BTreeSet<TreePath>,
        known: Option<Reading>,
    ) -> Result<Reading, AppError> {
        let forge = &self.inner.forge;
        let mut reading = Reading { head: head.clone(), folders: folders.clone(), files: BTreeMap::new() };
        let Some(head) = head else { return Ok(reading) };
        let inside = |path: &TreePath| {
            is_manifest(path) && folders.iter().any(|folder| path.strip_prefix(folder).is_some())
        };
        let mut wanted: Vec<(TreePath, String)> = Vec::new();
        match known.and_then(|known| Some((known.head?, known.files))) {
            Some((from, files)) => {
                reading.files = files;
                for file in forge.changed_files(repository, &from, &head).await? {
                    reading.files.remove(&file.path);
                    if let Some(content) = file.content.filter(|_| inside(&file.path)) {
                        wanted.push((file.path, content));
                    }
                }
            }
            None => {
                for folder in folders {
                    let files = forge.listed_files(repository, &head, Some(folder)).await?;
                    wanted.extend(
                        files.into_iter().filter(|it| inside(&it.path)).map(|it| (it.path, it.content)),
                    );
                }
            }
        }
        wanted.sort();
        wanted.dedup();
        if reading.files.len() + wanted.len() > MAX_FILES {
            return Err(AppError::invalid(format!("{repository} holds more than {MAX_FILES} manifests")));
        }
        let mut weight = 0;
        for files in wanted.chunks(FILES_AT_ONCE) {
            let names: Vec<String> = files.iter().map(|(_, content)| content.clone()).collect();
            let contents = forge.contents(repository, &names, BYTES_AT_ONCE).await?;
            let paths: Vec<TreePath> = files.iter().map(|(path, _)| path.clone()).collect();
            let app = self.clone();
            let read = tokio::task::spawn_blocking(move || app.parse(&paths, &contents))
                .await
                .map_err(|error| AppError::Internal(format!("reading manifests ended early: {error}")))?;
            weight += read.iter().flat_map(|(_, file)| &file.objects).map(|it| it.weight()).sum::<usize>();
            if weight > MAX_BYTES {
                return Err(AppError::invalid(format!(
                    "the manifests of {repository} weigh more than 1 GiB"
                )));
            }
            reading.files.extend(read);
        }
        Ok(reading)
    }

    fn parse(&self, paths: &[TreePath], contents: &[Option<Vec<u8>>]) -> Vec<(TreePath, File)> {
        let files: Vec<(&TreePath, &Vec<u8>)> = paths
            .iter()
            .zip(contents)
            .filter_map(|(path, content)| Some((path, content.as_ref()?)))
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = files.len().div_ceil(threads).max(64);
        std::thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(share)
                .map(|files| {
                    scope.spawn(move || {
                        let read = files.iter().map(|(path, bytes)| {
                            let (objects, unreadable) = objects_in(&self.inner.findings.store, path, bytes);
                            ((*path).clone(), File { objects, unreadable })
                        });
                        read.collect::<Vec<_>>()
                    })
                })
                .collect();
            // A thread that panicked has said so; its files are missing like files that cannot be read.
            workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
        })
    }
}

impl Delivered {
    fn place(&mut self, environment: &Arc<str>, folder: &TreePath, reading: &Reading) {
        let mut service: Arc<str> = "".into();
        for (path, file) in &reading.files {
            let Some(inside) = path.strip_prefix(folder) else { continue };
            let name = inside.as_str().split_once('/').map_or("", |(service, _)| service);
            if *service != *name {
                service = name.into();
            }
            self.unreadable.extend(file.unreadable.iter().cloned());
            let path: Arc<str> = path.as_str().into();
            for object in &file.objects {
                let position = u32::try_from(self.placements.len()).unwrap_or(u32::MAX);
                self.places.entry(object.number).or_default().push(position);
                self.objects.entry(object.number).or_insert_with(|| Arc::clone(object));
                self.placements.push(Placement {
                    object: Arc::clone(object),
                    file: Arc::clone(&path),
                    environment: Arc::clone(environment),
                    service: Arc::clone(&service),
                    is_told: false,
                });
            }
        }
    }

    /// What is known of a supply chain stands beside the manifests, so that policies judge it with them.
    fn place_chain(&mut self, store: &ObjectStore, chain: &SupplyChain) {
        let object = store.take_in(&chain.object);
        let position = u32::try_from(self.placements.len()).unwrap_or(u32::MAX);
        self.places.entry(object.number).or_default().push(position);
        self.objects.entry(object.number).or_insert_with(|| Arc::clone(&object));
        self.placements.push(Placement {
            object,
            file: format!("{SUPPLY_CHAIN}/{}", chain.service).into(),
            environment: chain.environment.as_str().into(),
            service: chain.service.as_str().into(),
            is_told: true,
        });
    }

    /// What the platform tells of supply chains.
    pub(crate) fn supply_chains(&self) -> Vec<PolicyObject> {
        let told = self.placements.iter().filter(|placement| placement.is_told);
        let told = told.map(|placement| (&placement.object, Some(placement.environment.to_string())));
        told.chain(self.beside.iter().map(|object| (object, None)))
            .map(|(object, environment)| PolicyObject { value: object.value(), file: None, environment })
            .collect()
    }

    /// Where an object is.
    pub(crate) fn places_of(&self, number: u32) -> impl Iterator<Item = &Placement> {
        let positions = self.places.get(&number).into_iter().flatten();
        positions.filter_map(|position| self.placements.get(*position as usize))
    }
}
