//! `verifyImages`, as far as it can be done without a registry: which images a rule is about, and whether they
//! carry the digest that it asks for.

use serde_json::Value;

use super::context::Scope;
use super::image::{CONTAINER_LISTS, ImageReference};
use super::jmespath::QueryError;
use super::status::{RuleResult, Status};
use super::wildcard;

/// `verifyImages` of a rule.
#[derive(Clone, Debug)]
pub(crate) struct ImageVerification(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    images: Vec<String>,
    skips: Vec<String>,
    /// It asks for signatures or attestations.
    has_attestors: bool,
    verifies_digest: bool,
    is_required: bool,
}

impl ImageVerification {
    pub(crate) fn read(value: &Value) -> Result<Self, QueryError> {
        let Some(entries) = value.as_array() else {
            return Err(QueryError::Failed("verifyImages is not a list".to_owned()));
        };
        let entry = |value: &Value| {
            let texts = |key: &str| -> Vec<String> {
                let list = value.get(key).and_then(Value::as_array);
                list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(true);
            let has = |key: &str| value.get(key).is_some_and(|it| !it.is_null());
            let mut images = texts("imageReferences");
            images.extend(value.get("image").and_then(Value::as_str).map(str::to_owned));
            Entry {
                images,
                skips: texts("skipImageReferences"),
                has_attestors: ["attestors", "attestations", "key", "issuer", "subject", "roots"]
                    .iter()
                    .any(|key| has(key)),
                verifies_digest: flag("verifyDigest"),
                is_required: flag("required"),
            }
        };
        Ok(Self(entries.iter().map(entry).collect()))
    }

    /// Nothing where no image is one that the rule is about.
    pub(crate) fn ask<'s>(&'s self, rule: &str, scope: &'s Scope<'s>) -> Option<RuleResult> {
        let world = scope.world();
        if world.request.is_deletion() {
            return None;
        }
        let images = world.images.get_or_init(|| super::image::images(world.object()));
        let mut is_concerned = false;
        for list in CONTAINER_LISTS {
            for (name, described) in images.get(list).and_then(Value::as_object).into_iter().flatten() {
                let reference = |key: &str| described.get(key).and_then(Value::as_str).unwrap_or_default();
                let fits = |patterns: &[String]| {
                    patterns.iter().any(|pattern| {
                        let normal = ImageReference::parse(pattern).map(|image| image.to_string());
                        ["reference", "referenceWithTag"].iter().any(|key| {
                            wildcard::fits(pattern, reference(key))
                                || normal.as_ref().is_some_and(|it| wildcard::fits(it, reference(key)))
                        })
                    })
                };
                for entry in &self.0 {
                    if !fits(&entry.images) || fits(&entry.skips) {
                        continue;
                    }
                    is_concerned = true;
                    let image = reference("reference");
                    if entry.verifies_digest && reference("digest").is_empty() {
                        let message = format!("the image {image} of {name} has no digest");
                        return Some(RuleResult::new(rule, Status::Fail, message));
                    }
                    if entry.has_attestors && entry.is_required {
                        let reason = format!("the signatures of {image} are not verified here");
                        let error = QueryError::Unavailable(reason);
                        return Some(RuleResult::error(rule, "the images", &error));
                    }
                }
            }
        }
        is_concerned.then(|| RuleResult::new(rule, Status::Pass, "the images carry their digests"))
    }
}
