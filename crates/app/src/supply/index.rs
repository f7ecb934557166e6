//! What the fleet is made of, in memory: each component and vulnerability once, with where it is. Only documents that are
//! new are read; the rest stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fairway_domain::Digest;
use fairway_supply::{Component, Evidence, Purl, Vulnerability};
use tokio::sync::Mutex;

use super::StoredEvidence;
use crate::{App, AppError};

/// How many documents are read together.
const TOGETHER: usize = 64;

/// What was read last. Locked while it is brought up to date.
#[derive(Default)]
pub struct SupplyIndexCell(Mutex<Arc<SupplyIndex>>);

/// Components and vulnerabilities of all evidence.
#[derive(Clone, Default)]
pub struct SupplyIndex {
    documents: BTreeMap<String, Document>,
    components: Table<Component>,
    weaknesses: Table<Weakness>,
    /// Names in small letters, also their last part and the package URL without version, to components.
    names: BTreeMap<Arc<str>, BTreeSet<u32>>,
}

/// What of one document is asked about.
#[derive(Clone)]
struct Document {
    digest: Digest,
    components: Arc<[u32]>,
    weaknesses: Arc<[u32]>,
}

/// Equal values once, by number.
#[derive(Clone)]
struct Table<T> {
    numbers: BTreeMap<Arc<T>, u32>,
    values: Vec<Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), values: Vec::new() }
    }
}

impl<T: Ord> Table<T> {
    /// The number of a value, and whether it is new.
    fn number(&mut self, value: T) -> (u32, bool) {
        if let Some(number) = self.numbers.get(&value) {
            return (*number, false);
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let value = Arc::new(value);
        self.values.push(Arc::clone(&value));
        self.numbers.insert(value, number);
        (number, true)
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize).map(AsRef::as_ref)
    }
}

/// A vulnerability with an order, so that equal ones are kept once.
#[derive(Clone)]
struct Weakness(Vulnerability);

impl Weakness {
    fn key(&self) -> (&str, &str, &str, Option<&str>, Option<&str>) {
        let it = &self.0;
        (&it.id, &it.package, &it.version, it.purl.as_deref(), it.fixed.as_deref())
    }

    fn rest(&self) -> (Option<fairway_domain::finding::Severity>, u64, &str) {
        (self.0.severity, self.0.cvss.unwrap_or_default().to_bits(), &self.0.title)
    }
}

impl Ord for Weakness {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key()).then_with(|| self.rest().cmp(&other.rest()))
    }
}

impl PartialOrd for Weakness {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Weakness {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Weakness {}

impl SupplyIndex {
    fn take_in(&mut self, key: String, digest: Digest, evidence: Evidence) {
        let mut components = Vec::with_capacity(evidence.components.len());
        for component in evidence.components {
            let names = names_of(&component);
            let (number, is_new) = self.components.number(component);
            if is_new {
                for name in names {
                    self.names.entry(name.into()).or_default().insert(number);
                }
            }
            components.push(number);
        }
        let weaknesses = evidence.vulnerabilities.into_iter();
        let weaknesses: Vec<u32> = weaknesses.map(|it| self.weaknesses.number(Weakness(it)).0).collect();
        components.sort_unstable();
        self.documents
            .insert(key, Document { digest, components: components.into(), weaknesses: weaknesses.into() });
    }

    /// The vulnerabilities that the document of a fact names.
    pub(crate) fn vulnerabilities_of(&self, key: &str) -> impl Iterator<Item = &Vulnerability> {
        let numbers = self.documents.get(key).map(|it| Arc::clone(&it.weaknesses));
        let numbers: Vec<u32> = numbers.iter().flat_map(|it| it.iter().copied()).collect();
        numbers.into_iter().filter_map(|number| Some(&self.weaknesses.get(number)?.0))
    }

    /// The components of a name: the full one, its last part, or a package URL without version.
    pub(crate) fn named(&self, name: &str) -> Vec<(u32, &Component)> {
        let numbers = self.names.get(name.trim().to_lowercase().as_str());
        numbers
            .into_iter()
            .flatten()
            .filter_map(|number| Some((*number, self.components.get(*number)?)))
            .collect()
    }

    /// Names that begin like a name, for somebody who mistyped.
    pub(crate) fn near(&self, name: &str) -> Vec<String> {
        let name = name.trim().to_lowercase();
        let start: String = name.chars().take(3).collect();
        let names = self.names.range(Arc::<str>::from(start.as_str())..).map(|(name, _)| name.as_ref());
        let names = names.take_while(|known| known.starts_with(&start)).take(2_000);
        fairway_domain::near_names(&name, names).into_iter().map(str::to_owned).collect()
    }

    /// The facts whose documents have one of the components.
    pub(crate) fn documents_with(&self, numbers: &BTreeSet<u32>) -> Vec<(&str, Vec<u32>)> {
        let with = |document: &Document| -> Vec<u32> {
            numbers.iter().copied().filter(|it| document.components.binary_search(it).is_ok()).collect()
        };
        let documents = self.documents.iter().map(|(key, document)| (key.as_str(), with(document)));
        documents.filter(|(_, found)| !found.is_empty()).collect()
    }
}

fn names_of(component: &Component) -> BTreeSet<String> {
    let name = component.name.to_lowercase();
    let mut names = BTreeSet::new();
    names.extend(name.rsplit(['/', ':']).next().map(str::to_owned));
    if let Some(purl) = component.purl.as_deref().and_then(Purl::parse) {
        names.insert(format!("pkg:{}/{}", purl.kind, purl.full_name()).to_lowercase());
        names.insert(purl.full_name().to_lowercase());
    }
    names.insert(name);
    names.remove("");
    names
}

impl App {
    /// What the fleet is made of now.
    pub(crate) async fn supply_index(&self) -> Result<Arc<SupplyIndex>, AppError> {
        let view = self.view();
        let mut known = self.inner.supply.0.lock().await;
        let is_known = |(key, it): &(&String, &Arc<StoredEvidence>)| {
            known.documents.get(*key).is_some_and(|document| document.digest == it.document)
        };
        let fresh: Vec<(String, Arc<StoredEvidence>)> = view
            .evidence
            .iter()
            .filter(|it| !is_known(it))
            .map(|(key, it)| (key.clone(), Arc::clone(it)))
            .collect();
        let gone: Vec<String> =
            known.documents.keys().filter(|key| !view.evidence.contains_key(*key)).cloned().collect();
        if fresh.is_empty() && gone.is_empty() {
            return Ok(Arc::clone(&known));
        }
        let index = Arc::make_mut(&mut known);
        for key in gone {
            index.documents.remove(&key);
        }
        for part in fresh.chunks(TOGETHER) {
            let mut documents = Vec::with_capacity(part.len());
            for (key, stored) in part {
                let bytes = self.inner.ledger.blob(&stored.document).await?.unwrap_or_default();
                documents.push((key.clone(), stored.document, stored.reduced, bytes));
            }
            let read = tokio::task::spawn_blocking(move || {
                let read = |(key, digest, reduced, bytes): (String, Digest, bool, Vec<u8>)| {
                    let evidence = if reduced {
                        serde_json::from_slice(&bytes).ok()
                    } else {
                        fairway_supply::read(&bytes).ok()
                    };
                    Some((key, digest, evidence?))
                };
                documents.into_iter().filter_map(read).collect::<Vec<_>>()
            });
            let read = read
                .await
                .map_err(|error| AppError::Internal(format!("reading evidence ended early: {error}")))?;
            for (key, digest, evidence) in read {
                index.take_in(key, digest, evidence);
            }
        }
        Ok(Arc::clone(&known))
    }
}
