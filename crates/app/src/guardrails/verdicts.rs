//! What policies say about objects, kept for as long as neither changes, and asked for on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fairway_domain::Digest;
use fairway_domain::finding::Finding;
use fairway_policy::{KnownObjects, OtherObjects, PolicyObject, PolicySet};

use super::compiled::{Compiled, CompiledUnit};
use super::delivered::Delivered;
use super::object::StoredObject;

/// Objects that are looked at together.
const BATCH: usize = 128;
/// From so many policies on that have seen nothing yet, all policies are asked at once.
const TOGETHER: usize = 3;
/// Verdicts of so many units that are not in force are kept: what somebody edits.
const EDITED: usize = 24;
/// The stack of a thread; evaluation walks nested expressions.
const STACK: usize = 8 << 20;
/// Objects that a policy compares are held parsed; more than this many bytes of them are not.
const COMPARED_BYTES: usize = 96 * 1024 * 1024;

/// Ends an evaluation early.
pub(crate) struct Stop {
    cancelled: AtomicBool,
    deadline: Option<Instant>,
}

impl Stop {
    /// Goes on to the end.
    pub(crate) const fn never() -> Self {
        Self { cancelled: AtomicBool::new(false), deadline: None }
    }

    /// Ends when the time is over.
    pub(crate) fn after(time: Duration) -> Self {
        Self { cancelled: AtomicBool::new(false), deadline: Instant::now().checked_add(time) }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_cancelled() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// What one unit says about the objects that it was asked about.
#[derive(Default)]
pub(crate) struct Verdicts {
    /// Numbers of the objects, one bit each.
    asked: Vec<u64>,
    /// Findings by the number of the object; where they lie is not in them.
    pub(crate) findings: BTreeMap<u32, Vec<Finding>>,
    /// The other objects that the findings depend on.
    beside: Option<Digest>,
}

impl Verdicts {
    pub(crate) fn has(&self, number: u32) -> bool {
        let word = self.asked.get(number as usize / 64).copied().unwrap_or(0);
        word & (1 << (number % 64)) != 0
    }

    fn put(&mut self, number: u32, findings: Vec<Finding>) {
        let at = number as usize / 64;
        if self.asked.len() <= at {
            self.asked.resize(at + 1, 0);
        }
        if let Some(word) = self.asked.get_mut(at) {
            *word |= 1 << (number % 64);
        }
        if findings.is_empty() {
            self.findings.remove(&number);
        } else {
            self.findings.insert(number, findings);
        }
    }

    fn is_fresh(&self) -> bool {
        self.asked.is_empty()
    }
}

/// The verdicts of units, by what their documents say.
#[derive(Default)]
pub(crate) struct VerdictCache {
    units: Mutex<Units>,
}

#[derive(Default)]
struct Units {
    by_digest: BTreeMap<Digest, Arc<Mutex<Verdicts>>>,
    /// Those of units that are not in force, the one used last at the end.
    edited: Vec<Digest>,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl VerdictCache {
    /// The verdicts of a unit, empty when it was never asked.
    pub(crate) fn of(&self, unit: &CompiledUnit) -> Arc<Mutex<Verdicts>> {
        let mut units = locked(&self.units);
        let digest = unit.unit.digest;
        units.edited.retain(|it| *it != digest);
        units.edited.push(digest);
        Arc::clone(units.by_digest.entry(digest).or_default())
    }

    /// Forgets units that are neither in force nor were edited lately.
    pub(crate) fn keep_units(&self, in_force: &Compiled) {
        let mut units = locked(&self.units);
        let in_force: BTreeSet<Digest> = in_force.units.iter().map(|unit| unit.unit.digest).collect();
        units.edited.retain(|it| !in_force.contains(it));
        let surplus = units.edited.len().saturating_sub(EDITED);
        units.edited.drain(..surplus);
        let edited: BTreeSet<Digest> = units.edited.iter().copied().collect();
        units.by_digest.retain(|digest, _| in_force.contains(digest) || edited.contains(digest));
    }

    /// Forgets findings about objects that are not there any more.
    pub(crate) fn keep_only(&self, left: &BTreeSet<u32>) {
        for verdicts in locked(&self.units).by_digest.values() {
            locked(verdicts).findings.retain(|number, _| left.contains(number));
        }
    }
}

/// Objects that units are asked about.
struct Batch<'b> {
    set: &'b PolicySet,
    units: &'b [Arc<CompiledUnit>],
    objects: Vec<&'b Arc<StoredObject>>,
    /// What the units look at besides, as a position in a list.
    beside: Option<usize>,
}

impl VerdictCache {
    /// Asks units about everything that is delivered, as far as it is not known already. Whether it came to the end.
    /// `together` makes one set of those of the units whose verdicts need nothing but the object, for as long as this takes.
    pub(crate) fn bring_up(
        &self,
        units: &[Arc<CompiledUnit>],
        together: Option<&dyn Fn() -> PolicySet>,
        delivered: &Delivered,
        stop: &Stop,
    ) -> bool {
        let alone = |unit: &&Arc<CompiledUnit>| *unit.unit.other_objects() == OtherObjects::None;
        let fresh = units.iter().filter(alone).filter(|unit| locked(&self.of(unit)).is_fresh()).count();
        let is_worth_it = fresh >= TOGETHER && !delivered.objects.is_empty();
        let together: Option<PolicySet> = together.filter(|_| is_worth_it).map(|make| make());
        let mut batches: Vec<Batch<'_>> = Vec::new();
        let mut known: Vec<KnownObjects<'static>> = Vec::new();
        if let Some(set) = &together {
            let concerned: Vec<&Arc<StoredObject>> = delivered
                .objects
                .values()
                .filter(|object| units.iter().filter(alone).any(|unit| unit.unit.may_concern(&object.kind)))
                .collect();
            for objects in concerned.chunks(BATCH) {
                batches.push(Batch { set, units, objects: objects.to_vec(), beside: None });
            }
        }
        for unit in units {
            if together.is_some() && alone(&unit) {
                continue;
            }
            let verdicts = self.of(unit);
            let mut verdicts = locked(&verdicts);
            let beside = beside_of(unit, delivered);
            let digest = beside.as_ref().map(|objects| digest_of(objects));
            if verdicts.beside != digest {
                *verdicts = Verdicts { beside: digest, ..Verdicts::default() };
            }
            let missing: Vec<&Arc<StoredObject>> = delivered
                .objects
                .values()
                .filter(|object| unit.unit.may_concern(&object.kind) && !verdicts.has(object.number))
                .collect();
            if missing.is_empty() {
                continue;
            }
            let beside = match beside {
                None => None,
                Some(objects) if weight_of(&objects) > COMPARED_BYTES => {
                    let reason = "it compares more objects than are held in memory at once";
                    for object in missing {
                        verdicts.put(object.number, unit.not_evaluated(object, reason));
                    }
                    continue;
                }
                Some(objects) => {
                    let objects = objects.iter().map(|object| numbered(object)).collect();
                    known.push(KnownObjects::lasting(Arc::new(objects)));
                    known.len().checked_sub(1)
                }
            };
            for objects in missing.chunks(BATCH) {
                let units = std::slice::from_ref(unit);
                batches.push(Batch { set: &unit.set, units, objects: objects.to_vec(), beside });
            }
        }
        self.run(&batches, &known, stop)
    }

    fn run(&self, batches: &[Batch<'_>], known: &[KnownObjects<'static>], stop: &Stop) -> bool {
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let work = || {
            while !stop.is_over() {
                let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                if self.ask(batch, batch.beside.and_then(|position| known.get(position)), stop) {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(batches.len());
        std::thread::scope(|scope| {
            let started = (0..threads)
                .filter_map(|_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok());
            // Where no thread can be had, this one does all the work.
            if started.count() == 0 {
                work();
            }
        });
        // The programs hold what they looked at besides.
        batches.iter().filter(|batch| batch.beside.is_some()).for_each(|batch| batch.set.let_go());
        done.load(Ordering::Relaxed) == batches.len()
    }

    /// Whether it came to the end.
    fn ask(&self, batch: &Batch<'_>, known: Option<&KnownObjects<'static>>, stop: &Stop) -> bool {
        let Batch { set, units, objects, .. } = batch;
        let asked: Vec<PolicyObject> = objects.iter().map(|object| numbered(object)).collect();
        let is_over = || stop.is_over();
        let findings = match known {
            Some(known) => set.evaluate_until(&asked, known, &is_over),
            None => set.evaluate_until(&asked, &KnownObjects::of(&asked), &is_over),
        };
        // What was found until then is not all that there is, so nothing of it is kept.
        if stop.is_over() {
            return false;
        }
        let mut by_unit: BTreeMap<(usize, u32), Vec<Finding>> = BTreeMap::new();
        for finding in findings {
            let unit = units.iter().position(|unit| unit.has_rule(&finding.rule));
            let number = finding.object.file.as_ref().and_then(|number| number.parse().ok());
            if let (Some(unit), Some(number)) = (unit, number) {
                by_unit.entry((unit, number)).or_default().push(finding);
            }
        }
        for (position, unit) in units.iter().enumerate() {
            // Asked together are only those that need nothing but the object.
            if units.len() > 1 && *unit.unit.other_objects() != OtherObjects::None {
                continue;
            }
            let verdicts = self.of(unit);
            let mut verdicts = locked(&verdicts);
            for object in objects.iter().filter(|object| unit.unit.may_concern(&object.kind)) {
                verdicts.put(object.number, by_unit.remove(&(position, object.number)).unwrap_or_default());
            }
        }
        true
    }
}

/// The number goes along in the place of the file, and comes back with the finding.
fn numbered(object: &StoredObject) -> PolicyObject {
    PolicyObject { value: object.value(), file: Some(object.number.to_string()), environment: None }
}

/// What a unit looks at besides the objects that it is about, in the order of the places; `None` when it looks at
/// nothing.
pub(crate) fn beside_of<'d>(
    unit: &CompiledUnit,
    delivered: &'d Delivered,
) -> Option<Vec<&'d Arc<StoredObject>>> {
    let others = unit.unit.other_objects();
    if *others == OtherObjects::None {
        return None;
    }
    let reads = |object: &StoredObject| {
        others.include(&object.kind)
            || (*others != OtherObjects::Namespaces && unit.unit.may_concern(&object.kind))
    };
    let placements = delivered.placements.iter().filter(|placement| placement.may_be_looked_up());
    let objects = placements.map(|placement| &placement.object).chain(&delivered.beside);
    Some(objects.filter(|object| reads(object)).collect())
}

fn digest_of(objects: &[&Arc<StoredObject>]) -> Digest {
    let numbers: Vec<u8> = objects.iter().flat_map(|object| object.number.to_le_bytes()).collect();
    Digest::of(&numbers)
}

pub(crate) fn weight_of(objects: &[&Arc<StoredObject>]) -> usize {
    objects.iter().map(|object| object.weight()).sum()
}
