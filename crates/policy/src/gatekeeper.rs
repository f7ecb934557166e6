//! Gatekeeper's policies: constraints with the programs of their templates.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use fairway_domain::finding::Finding;
use serde_json::Value;

use crate::admission_policy::NamespaceObjects as _;
use crate::cel_template::CelTemplate;
use crate::constraint::Constraint;
use crate::evaluation::IsOver;
use crate::finding::{Words, not_evaluated};
use crate::known::{Around, KnownObjects};
use crate::locate::locate;
use crate::matching::{Matching, matches};
use crate::patch::PatchTemplate;
use crate::program_pool::{LentProgram, ProgramPool};
use crate::rego::Verdict;
use crate::review::Review;
use crate::set::PolicyInfo;
use crate::template::{Code, Template};

/// The most findings of one policy about one object.
const MAX_FINDINGS: usize = 100;

struct Policy {
    constraint: Constraint,
    /// Its template, or why it has none that works.
    template: Result<Engine, String>,
    parameters: regorus::Value,
    info: PolicyInfo,
}

/// Where the program of a template stands.
#[derive(Clone)]
enum Engine {
    /// A position among the programs in Rego.
    Rego(usize),
    Cel(Box<CelTemplate>),
}

/// Constraints and templates, compiled together.
#[derive(Default)]
pub(crate) struct GatekeeperPolicies {
    pools: Vec<ProgramPool>,
    policies: Vec<Policy>,
}

/// A part of the policies: each `of`-th, beginning with one of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: usize,
    pub(crate) of: usize,
}

impl Part {
    /// All policies.
    pub(crate) const ALL: Self = Self { number: 0, of: 1 };
}

/// What one thread evaluates with: programs that are its own as long as it works.
pub(crate) struct Borrowed<'p> {
    policies: &'p GatekeeperPolicies,
    known: &'p KnownObjects<'p>,
    programs: Vec<Option<LentProgram>>,
    /// For each policy whether an evaluation did not end: the others of this policy are not even begun.
    gave_up: &'p [AtomicBool],
    is_over: IsOver<'p>,
}

impl GatekeeperPolicies {
    /// Puts constraints and templates together.
    pub(crate) fn assemble(templates: &BTreeMap<String, Template>, constraints: Vec<Constraint>) -> Self {
        let mut set = Self::default();
        let mut engines: BTreeMap<&str, Engine> = BTreeMap::new();
        for (kind, template) in templates {
            let engine = match &template.code {
                Ok(Code::Rego(program)) => {
                    set.pools.push(ProgramPool::new((**program).clone()));
                    Engine::Rego(set.pools.len() - 1)
                }
                Ok(Code::Cel(template)) => Engine::Cel(template.clone()),
                Err(_) => continue,
            };
            engines.insert(kind, engine);
        }
        for constraint in constraints {
            let template = templates.get(&constraint.kind);
            let info = info(&constraint, template);
            let template = match template.map(|template| &template.code) {
                None => Err(format!("no ConstraintTemplate defines the kind {}", constraint.kind)),
                Some(Err(reason)) => Err(format!("its template does not compile: {reason}")),
                Some(Ok(_)) => engines
                    .get(constraint.kind.as_str())
                    .cloned()
                    .ok_or_else(|| format!("no ConstraintTemplate defines the kind {}", constraint.kind)),
            };
            let parameters = regorus::Value::from(constraint.parameters.clone());
            set.policies.push(Policy { constraint, template, parameters, info });
        }
        set
    }

    /// What the policies are.
    pub(crate) fn infos(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.policies.iter().map(|policy| &policy.info)
    }

    /// One mark for each policy, which the threads of one evaluation share.
    pub(crate) fn marks(&self) -> Vec<AtomicBool> {
        self.policies.iter().map(|_| AtomicBool::new(false)).collect()
    }

    /// Drops the programs that wait for further evaluations.
    pub(crate) fn let_go(&self) {
        self.pools.iter().for_each(ProgramPool::let_go);
    }

    /// How many policies there are.
    pub(crate) fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether some policy looks at other objects.
    pub(crate) fn reads_inventory(&self) -> bool {
        self.pools.iter().any(ProgramPool::reads_inventory)
    }
}

fn info(constraint: &Constraint, template: Option<&Template>) -> PolicyInfo {
    let own = constraint.explanation.clone();
    let words = match template {
        Some(template) => own.or(&template.explanation),
        None => own,
    };
    PolicyInfo {
        title: words.title.clone().unwrap_or_else(|| constraint.kind.clone()),
        enforcement: constraint.enforcement,
        template: template.map_or_else(|| constraint.kind.to_lowercase(), |template| template.name.clone()),
        constraint: constraint.name.clone(),
        file: constraint.file.clone(),
        ..words.info(constraint.rule())
    }
}

impl<'p> Borrowed<'p> {
    pub(crate) fn new(
        policies: &'p GatekeeperPolicies,
        known: &'p KnownObjects<'p>,
        gave_up: &'p [AtomicBool],
        is_over: IsOver<'p>,
    ) -> Self {
        let programs = policies.pools.iter().map(|_| None).collect();
        Self { policies, known, programs, gave_up, is_over }
    }

    /// What the policies find in an object: those of one part of several that the policies are dealt out to.
    pub(crate) fn evaluate(
        &mut self,
        review: &Review<'_>,
        around: Around<'_>,
        part: Part,
        findings: &mut Vec<Finding>,
    ) {
        let mut input = None;
        let dealt = self.policies.policies.iter().enumerate().skip(part.number).step_by(part.of.max(1));
        for (position, policy) in dealt {
            if (self.is_over)() {
                return;
            }
            let unknown = match matches(&policy.constraint.criteria, review, &around) {
                Matching::No => continue,
                Matching::Yes => None,
                Matching::Unknown(reason) => Some(reason),
            };
            let gave_up = self.gave_up.get(position);
            let verdict = match (&policy.template, unknown) {
                (_, Some(reason)) => Verdict::Failed(reason),
                (Err(reason), None) => Verdict::Failed(reason.clone()),
                (Ok(_), None) if gave_up.is_some_and(|it| it.load(Ordering::Relaxed)) => Verdict::TimedOut,
                (Ok(Engine::Cel(template)), None) => {
                    let namespace = around.object(&review.reference.namespace);
                    for verdict in template.evaluate(review, namespace, &policy.constraint.document) {
                        findings.extend(findings_of(verdict, &policy.info, review));
                    }
                    continue;
                }
                (Ok(Engine::Rego(position)), None) => {
                    let input = input.get_or_insert_with(|| review.input());
                    let input = question(input, &policy.parameters);
                    match self.program(*position) {
                        Ok(lent) => lent.program.evaluate(input),
                        Err(reason) => Verdict::Failed(reason),
                    }
                }
            };
            if let (Verdict::TimedOut, Some(gave_up)) = (&verdict, gave_up) {
                gave_up.store(true, Ordering::Relaxed);
            }
            findings.extend(findings_of(verdict, &policy.info, review));
        }
    }

    fn program(&mut self, position: usize) -> Result<&mut LentProgram, String> {
        let missing = || "the program is missing".to_owned();
        let pool = self.policies.pools.get(position).ok_or_else(missing)?;
        let place = self.programs.get_mut(position).ok_or_else(missing)?;
        match place {
            Some(lent) => Ok(lent),
            None => Ok(place.insert(pool.lend(self.known)?)),
        }
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        for (pool, program) in self.policies.pools.iter().zip(&mut self.programs) {
            if let Some(program) = program.take() {
                pool.take_back(program, self.known);
            }
        }
    }
}

/// `input`: the review and the parameters.
fn question(review: &regorus::Value, parameters: &regorus::Value) -> regorus::Value {
    let members = [("review", review), ("parameters", parameters)];
    let map: BTreeMap<regorus::Value, regorus::Value> =
        members.into_iter().map(|(key, value)| (regorus::Value::from(key), value.clone())).collect();
    regorus::Value::from(map)
}

fn findings_of(verdict: Verdict, info: &PolicyInfo, review: &Review<'_>) -> Vec<Finding> {
    let words = Words { info, review, enforcement: info.enforcement };
    let not_evaluated = |reason: String| vec![not_evaluated(words, reason)];
    match verdict {
        Verdict::Failed(reason) => not_evaluated(reason),
        Verdict::TimedOut => not_evaluated("the policy did not come to an end within its time".to_owned()),
        Verdict::Violations(violations) => violations
            .iter()
            .take(MAX_FINDINGS)
            .map(|violation| {
                let message = match violation.get("msg") {
                    Some(Value::String(message)) => message.clone(),
                    Some(other) => other.to_string(),
                    None => violation.to_string(),
                };
                let details = violation.get("details");
                let path = locate(review.object, details, &message);
                let own = details.and_then(|details| details.get("patch"));
                let own = own.and_then(|patch| PatchTemplate::of(patch).ok());
                words.violation(&message, path, own.as_ref())
            })
            .collect(),
    }
}
