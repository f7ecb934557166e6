//! Kyverno's own tests (`kyverno-test.yaml`), read and run as its command line does. Files are handed in.
//!
//! One thing is stricter: where a failure is expected, nothing but a failure will do.

mod check;
mod expressions;
mod read;
mod values;

use serde_json::{Map, Value};

use super::engine::{Answer, Stage, Surrounding, ask};
use super::request::Request;
use super::source::Objects;
use super::status::RuleResult;
use crate::known::KnownObjects;
use crate::set::PolicyObject;
use crate::vpol::Purpose;
pub use check::{Outcome, Row};
use read::Suite;

/// Hands out files: a path gives one file, or all of a folder, each with its name and text.
pub type ReadFiles<'f> = dyn Fn(&str) -> Result<Vec<(String, String)>, String> + 'f;

/// What policies said of one object, and how they left it.
pub(crate) struct Response<'s> {
    /// The policy's name, with its namespace where it has one.
    pub(crate) policy: String,
    pub(crate) object: &'s Value,
    pub(crate) results: Vec<RuleResult>,
    pub(crate) patched: Value,
}

/// Runs a test. `file` is the path of the `kyverno-test.yaml` and `text` what is in it; other paths are looked
/// for beside it. `now` is the time that counts for functions that ask for it. The error says what cannot be
/// read.
pub fn run(file: &str, text: &str, files: &ReadFiles<'_>, now: Option<&str>) -> Result<Vec<Row>, String> {
    let suite = Suite::read(file, text, files)?;
    let outside: Vec<PolicyObject> = suite
        .outside
        .iter()
        .map(|value| PolicyObject { value: value.clone(), file: None, environment: None })
        .collect();
    let known = KnownObjects::of(&outside);
    let outside = Objects::new(&known);
    let surrounding = Surrounding { source: &outside, exceptions: &suite.exceptions, now };
    let mut responses = Vec::new();
    for object in &suite.objects {
        respond(&suite, object, surrounding, &mut responses);
    }
    Ok(check::rows(&suite, &responses))
}

fn respond<'s>(
    suite: &'s Suite,
    object: &'s Value,
    surrounding: Surrounding<'_>,
    responses: &mut Vec<Response<'s>>,
) {
    // As at admission: what is changed is what is validated.
    let mut current = object.clone();
    for stage in [Stage::Mutate, Stage::Verify, Stage::Validate, Stage::Generate] {
        let purpose = match stage {
            Stage::Mutate => Some(Purpose::Mutate),
            Stage::Validate => Some(Purpose::Validate),
            Stage::Amend | Stage::Verify | Stage::Generate => None,
        };
        if let Some(purpose) = purpose {
            expressions::respond(suite, purpose, object, &mut current, surrounding.now, responses);
        }
        for policy in &suite.policies {
            let question = suite.values.question(suite, &policy.full_name(), &current);
            let empty = Map::new();
            let request: Request<'_> = question.request(&suite.user);
            let given = |rule: &str| question.rules.get(rule).unwrap_or(&empty);
            let answers: Vec<Answer> = ask(policy, stage, &request, surrounding, |rule| {
                // A rule that was written again has the values of the one that it comes from.
                let plain = rule.strip_prefix("autogen-").map(|it| it.strip_prefix("cronjob-").unwrap_or(it));
                let own = given(rule);
                match plain {
                    Some(plain) if own.is_empty() => given(plain),
                    _ => own,
                }
            });
            if answers.is_empty() {
                continue;
            }
            let mut patched = question.object.clone();
            for answer in &answers {
                if let Some(object) = &answer.result.patched {
                    patched.clone_from(object);
                }
            }
            let results = answers.into_iter().map(|answer| answer.result).collect();
            if stage == Stage::Mutate {
                current.clone_from(&patched);
            }
            responses.push(Response { policy: policy.full_name(), object, results, patched });
        }
    }
}
