//! What lies around some entities, or everything from far away: the graph that people walk through.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fairway_domain::EntityRef;

use crate::evaluate::Condition;
use crate::graph::GraphEdge;
use crate::predicate::{Field, Predicate};
use crate::snapshot::Snapshot;

/// Entities that one walk looks at before it stops.
const WALKED: usize = 4_000;
/// Parts of a system whose relations are drawn as those of the system.
const PARTS: usize = 2_000;
/// What people see from far away, besides systems.
const FROM_AFAR: [&str; 3] = ["component", "api", "resource"];

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExploreDirection {
    /// Both ways along every relation.
    #[default]
    Both,
    /// To what something needs.
    Needs,
    /// To what breaks when something does.
    Breaks,
}

impl ExploreDirection {
    /// The relations of a dependency in this direction; none where all count.
    const fn relations(self) -> &'static [&'static str] {
        match self {
            Self::Both => &[],
            Self::Needs => &["dependsOn", "consumesApi", "apiProvidedBy"],
            Self::Breaks => &["dependencyOf", "apiConsumedBy", "providesApi"],
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Exploration {
    /// Where the walk begins; everything from far away when empty.
    pub roots: Vec<EntityRef>,
    /// How many steps it goes.
    pub depth: usize,
    /// Which way.
    pub direction: ExploreDirection,
    /// The relations to follow by the names that graphs draw; all when empty. Without any, a walk that went up to an
    /// owner or a whole does not come down again on another side.
    pub relations: Vec<String>,
    /// The kinds to show, in lower case; all when empty. Others are walked through.
    pub kinds: Vec<String>,
    /// Whether a system stands for its parts.
    pub collapsed: bool,
    /// Systems that are taken apart all the same.
    pub open: BTreeSet<EntityRef>,
    /// How many entities to show.
    pub limit: usize,
}

/// An entity in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExploredNode {
    /// Which.
    pub reference: EntityRef,
    /// Its kind in its own case; in lower case when it does not exist.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Whether it is only referred to.
    pub missing: bool,
    /// How many steps it is away from the nearest root.
    pub distance: usize,
    /// Whether the way to it began with a relation that runs from the root to its target.
    pub forward: bool,
    /// The shown entity before it on the way from the root.
    pub through: Option<EntityRef>,
    /// What it is part of: its system; a system's domain.
    pub whole: Option<EntityRef>,
    /// How many parts it stands for.
    pub parts: usize,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// The nearest first, then by reference.
    pub nodes: Vec<ExploredNode>,
    /// The relations between them, each once and in the direction in which it is drawn.
    pub edges: Vec<GraphEdge>,
    /// How many entities were left out because there are too many.
    pub omitted: usize,
}

/// How something was reached.
struct Reached {
    distance: usize,
    forward: bool,
    through: Option<EntityRef>,
    upwards: bool,
}

/// A relation that leads away from something.
struct Step<'a> {
    target: EntityRef,
    name: &'a str,
    forward: bool,
}

struct Walk<'a> {
    snapshot: &'a Snapshot,
    asked: &'a Exploration,
}

impl Snapshot {
    /// What lies around the roots; without roots the systems with the most parts, and what is part of none.
    pub fn explore(&self, asked: &Exploration) -> Explored {
        let walk = Walk { snapshot: self, asked };
        let mut omitted = 0;
        let reached = if asked.roots.is_empty() {
            walk.seen_from_afar(&mut omitted)
        } else {
            walk.around_roots(&mut omitted)
        };
        let mut nodes: Vec<ExploredNode> =
            reached.iter().map(|(reference, reached)| walk.node(reference, reached)).collect();
        nodes.sort_by(|one, other| (one.distance, &one.reference).cmp(&(other.distance, &other.reference)));
        let mut edges = BTreeSet::new();
        for reference in reached.keys() {
            for step in walk.steps(reference) {
                if step.forward && reached.contains_key(&step.target) {
                    let (from, to) = (reference.clone(), step.target);
                    edges.insert(GraphEdge { from, to, relation: step.name.to_owned() });
                } else if reached.contains_key(&step.target) {
                    let (from, to) = (step.target, reference.clone());
                    edges.insert(GraphEdge { from, to, relation: step.name.to_owned() });
                }
            }
        }
        Explored { nodes, edges: edges.into_iter().collect(), omitted }
    }
}

impl Walk<'_> {
    /// Whether a system stands for its parts.
    fn is_collapsed(&self, reference: &EntityRef) -> bool {
        self.asked.collapsed
            && reference.kind() == "system"
            && !self.asked.open.contains(reference)
            && !self.asked.roots.contains(reference)
    }

    /// What is shown for an entity: itself, or its system.
    fn shown(&self, reference: &EntityRef) -> EntityRef {
        if self.asked.collapsed
            && !self.asked.roots.contains(reference)
            && let Some(system) = self.snapshot.get(reference).and_then(|found| found.system())
            && self.is_collapsed(system)
            && self.snapshot.get(system).is_some()
        {
            return system.clone();
        }
        reference.clone()
    }

    fn parts(&self, system: &EntityRef) -> impl Iterator<Item = &EntityRef> {
        let relations = self.snapshot.relations_of(system).iter();
        relations.filter(|relation| relation.relation_type == "hasPart").map(|relation| &relation.target)
    }

    /// The relations of what is shown: its own, and those of the parts that it stands for.
    fn steps(&self, shown: &EntityRef) -> Vec<Step<'_>> {
        let parts: Vec<&EntityRef> =
            if self.is_collapsed(shown) { self.parts(shown).take(PARTS).collect() } else { Vec::new() };
        let kinds = self.snapshot.kinds();
        let mut steps = Vec::new();
        let mut known = BTreeSet::new();
        let own = std::iter::once(shown);
        for relation in own.chain(parts).flat_map(|reference| self.snapshot.relations_of(reference)) {
            let directed = self.asked.direction.relations();
            if !directed.is_empty() && !directed.contains(&relation.relation_type.as_str()) {
                continue;
            }
            let (name, forward) = kinds.drawn(&relation.relation_type);
            if !self.asked.relations.is_empty() && !self.asked.relations.iter().any(|it| it == name) {
                continue;
            }
            let target = self.shown(&relation.target);
            if target != *shown && known.insert((target.clone(), name, forward)) {
                steps.push(Step { target, name, forward });
            }
        }
        steps
    }

    fn is_wanted(&self, reference: &EntityRef) -> bool {
        self.asked.kinds.is_empty()
            || self.asked.roots.contains(reference)
            || self.asked.kinds.iter().any(|kind| kind == reference.kind())
    }

    fn around_roots(&self, omitted: &mut usize) -> BTreeMap<EntityRef, Reached> {
        let mut seen: BTreeSet<EntityRef> = self.asked.roots.iter().cloned().collect();
        let mut reached = BTreeMap::new();
        let mut waiting = VecDeque::new();
        for root in &seen {
            let at = Reached { distance: 0, forward: true, through: None, upwards: false };
            waiting.push_back((root.clone(), at));
        }
        while let Some((reference, at)) = waiting.pop_front() {
            if at.distance < self.asked.depth && seen.len() < WALKED {
                let wanted = self.is_wanted(&reference);
                let mut steps = self.steps(&reference);
                steps.sort_by(|one, other| (&one.target, !one.forward).cmp(&(&other.target, !other.forward)));
                for step in steps {
                    let up = step.forward && is_upwards(step.name);
                    let comes_down = at.upwards && !up && self.asked.relations.is_empty();
                    if comes_down || !seen.insert(step.target.clone()) {
                        continue;
                    }
                    let next = Reached {
                        distance: at.distance + 1,
                        forward: if at.distance == 0 { step.forward } else { at.forward },
                        through: if wanted { Some(reference.clone()) } else { at.through.clone() },
                        upwards: up,
                    };
                    waiting.push_back((step.target, next));
                }
            }
            if !self.is_wanted(&reference) {
                continue;
            }
            if reached.len() < self.asked.limit {
                reached.insert(reference, at);
            } else {
                *omitted += 1;
            }
        }
        reached
    }

    fn seen_from_afar(&self, omitted: &mut usize) -> BTreeMap<EntityRef, Reached> {
        let mut systems: Vec<(usize, &EntityRef)> = self
            .snapshot
            .of_kind("system")
            .map(|system| (self.parts(system.reference()).count(), system.reference()))
            .collect();
        systems.sort_by(|(one, one_ref), (other, other_ref)| (other, one_ref).cmp(&(one, other_ref)));
        let mut shown: Vec<EntityRef> = Vec::new();
        for (_, system) in systems {
            if self.is_collapsed(system) {
                shown.push(system.clone());
            } else {
                shown.extend(self.parts(system).filter(|part| self.snapshot.get(part).is_some()).cloned());
            }
        }
        // What is part of no system stands for itself.
        let loose = Predicate::In(Field::new("kind"), FROM_AFAR.map(str::to_owned).to_vec())
            .and(Predicate::Not(Box::new(Predicate::Exists(Field::new("relations.partOf")))));
        let matches = self.snapshot.matches(&Condition::All(vec![Condition::new(self.snapshot, &loose)]));
        let loose = matches.iter().flat_map(|it| {
            it.found
                .iter()
                .filter_map(|document| it.segment.entity(document))
                .map(|it| it.reference().clone())
        });
        let mut loose: Vec<EntityRef> = loose.collect();
        loose.sort();
        shown.extend(loose);
        shown.retain(|reference| self.is_wanted(reference));
        *omitted = shown.len().saturating_sub(self.asked.limit);
        shown.truncate(self.asked.limit);
        let far = || Reached { distance: 0, forward: true, through: None, upwards: false };
        shown.into_iter().map(|reference| (reference, far())).collect()
    }

    fn node(&self, reference: &EntityRef, reached: &Reached) -> ExploredNode {
        let found = self.snapshot.get(reference);
        let part_of = |kind: &str| found?.targets("partOf").find(|it| it.kind() == kind).cloned();
        ExploredNode {
            kind: found.map_or_else(|| reference.kind().to_owned(), |it| it.kind().to_owned()),
            title: found.map_or_else(|| reference.name().to_owned(), |it| it.title().to_owned()),
            missing: found.is_none(),
            distance: reached.distance,
            forward: reached.forward,
            through: reached.through.clone(),
            whole: part_of(if reference.kind() == "system" { "domain" } else { "system" }),
            parts: if self.is_collapsed(reference) { self.parts(reference).count() } else { 0 },
            reference: reference.clone(),
        }
    }
}

/// Whether a relation leads from a part to its whole, or to whom it belongs.
fn is_upwards(relation: &str) -> bool {
    matches!(relation, "ownedBy" | "partOf" | "childOf" | "memberOf")
}
