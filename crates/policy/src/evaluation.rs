//! Policies over objects: one after another, and many at once on all cores.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use fairway_domain::finding::Finding;
use serde_json::Value;

use crate::gatekeeper::{Borrowed, Part};
use crate::known::{Around, KnownObjects};
use crate::kyverno::Objects;
use crate::review::Review;
use crate::set::{PolicyObject, PolicySet};

/// So many objects are evaluated on the caller's own thread: others would not be worth starting.
const SMALL: usize = 32;
/// How many objects a thread takes at a time.
const PORTION: usize = 16;
/// The stack of a thread; evaluation walks nested expressions.
const STACK: usize = 8 << 20;

/// Whether nobody waits for an evaluation any more.
pub type IsOver<'e> = &'e (dyn Fn() -> bool + Sync);

fn never() -> bool {
    false
}

/// When policies are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Of an object that lies somewhere.
    Rest,
    /// Of a request to a cluster.
    Admission,
}

/// What a policy leaves of one object.
#[derive(Default)]
pub(crate) struct Harvest {
    pub(crate) findings: Vec<Finding>,
    /// What policies ask to be written down: the policy, the key and the value.
    pub(crate) annotations: Vec<(String, String, String)>,
}

/// What one thread evaluates with.
pub(crate) struct Evaluator<'e> {
    set: &'e PolicySet,
    known: &'e KnownObjects<'e>,
    gatekeeper: Borrowed<'e>,
    cluster: Objects<'e>,
}

impl<'e> Evaluator<'e> {
    pub(crate) fn new(
        set: &'e PolicySet,
        known: &'e KnownObjects<'e>,
        gave_up: &'e [AtomicBool],
        is_over: IsOver<'e>,
    ) -> Self {
        let gatekeeper = Borrowed::new(&set.gatekeeper, known, gave_up, is_over);
        Self { set, known, gatekeeper, cluster: Objects::new(known) }
    }

    /// Asks every policy about one object; of Gatekeeper's those of a part.
    pub(crate) fn evaluate(
        &mut self,
        review: &Review<'_>,
        namespace: Option<&Value>,
        occasion: Occasion,
        part: Part,
        harvest: &mut Harvest,
    ) {
        let at_admission = occasion == Occasion::Admission;
        let around = Around { known: self.known, namespace };
        self.gatekeeper.evaluate(review, around, part, &mut harvest.findings);
        self.set.kyverno.evaluate(review, around, &self.cluster, at_admission, harvest);
        self.set.admission.evaluate(review, around, harvest);
        self.set.cel.evaluate(review, around, at_admission, harvest);
    }
}

/// How many threads can work at once. The system is asked once: it reads several files for the answer.
fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, std::num::NonZero::get));
    *CORES
}

/// From so many policies in Rego on, a second thread takes half of them for one request: half the time counts more
/// there than what starting it costs.
const MANY: usize = 24;

impl PolicySet {
    /// Asks every policy of one request, with a second thread where there are many.
    pub(crate) fn review(
        &self,
        review: &Review<'_>,
        namespace: Option<&Value>,
        known: &KnownObjects<'_>,
    ) -> Harvest {
        let gave_up = self.gatekeeper.marks();
        let mut harvest = Harvest::default();
        let mut ask = |part: Part| {
            let mut evaluator = Evaluator::new(self, known, &gave_up, &never);
            evaluator.evaluate(review, namespace, Occasion::Admission, part, &mut harvest);
        };
        let is_shared = self.gatekeeper.len() >= MANY && cores() > 1;
        if !is_shared {
            ask(Part::ALL);
            return harvest;
        }
        let half = |findings: &mut Vec<Finding>| {
            let around = Around { known, namespace };
            let part = Part { number: 1, of: 2 };
            Borrowed::new(&self.gatekeeper, known, &gave_up, &never).evaluate(review, around, part, findings);
        };
        let mut others = Vec::new();
        let is_done = thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || half(&mut others));
            ask(Part { number: 0, of: 2 });
            thread.map(|thread| {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            })
        });
        // Where no thread can be had, this one does the rest.
        if is_done.is_err() {
            half(&mut others);
        }
        harvest.findings.append(&mut others);
        harvest
    }

    /// Evaluates every policy on every object that it is about, on all cores. All objects together are what policies
    /// may look up. The strictest findings come first.
    pub fn evaluate(&self, objects: &[PolicyObject]) -> Vec<Finding> {
        self.evaluate_among(objects, &KnownObjects::of(objects))
    }

    /// Evaluates every policy on some objects, where others are known: the same findings as those that an evaluation
    /// of all known objects has of these.
    pub fn evaluate_among(&self, objects: &[PolicyObject], known: &KnownObjects<'_>) -> Vec<Finding> {
        self.evaluate_until(objects, known, &never)
    }

    /// The same, until somebody says that it is over: what is found then is not all that there is.
    pub fn evaluate_until(
        &self,
        objects: &[PolicyObject],
        known: &KnownObjects<'_>,
        is_over: IsOver<'_>,
    ) -> Vec<Finding> {
        let gave_up = self.gatekeeper.marks();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut evaluator = Evaluator::new(self, known, &gave_up, is_over);
            let mut harvest = Harvest::default();
            loop {
                let begin = next.fetch_add(PORTION, Ordering::Relaxed);
                let Some(rest) = objects.get(begin..).filter(|rest| !rest.is_empty()) else { break };
                for object in rest.iter().take(PORTION) {
                    if is_over() {
                        return harvest.findings;
                    }
                    let review = Review::new(object);
                    evaluator.evaluate(&review, None, Occasion::Rest, Part::ALL, &mut harvest);
                }
            }
            harvest.findings
        };
        let others = match objects.len() {
            0..=SMALL => 0,
            _ => cores().saturating_sub(1),
        };
        let mut findings = thread::scope(|scope| {
            // Where no thread can be had, those that there are do all the work.
            let threads: Vec<_> = (0..others)
                .map_while(|_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok())
                .collect();
            let mut findings = work();
            for thread in threads {
                match thread.join() {
                    Ok(more) => findings.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            findings
        });
        in_order(&mut findings);
        findings
    }

    /// Frees what was kept for further evaluations with the same known objects.
    pub fn let_go(&self) {
        self.gatekeeper.let_go();
    }

    /// Whether some policy may look at other objects than the one that it is asked about.
    pub fn looks_at_others(&self) -> bool {
        self.gatekeeper.reads_inventory() || !self.kyverno.is_empty() || !self.admission.is_empty()
    }
}

/// The strictest first, each once, in an order that does not depend on how the work was shared.
pub(crate) fn in_order(findings: &mut Vec<Finding>) {
    findings.sort_unstable_by(|one, two| {
        (two.enforcement, two.severity).cmp(&(one.enforcement, one.severity)).then_with(|| one.cmp(two))
    });
    findings.dedup();
}
