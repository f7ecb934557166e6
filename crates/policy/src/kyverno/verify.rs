//! `verifyImages`: whether images carry their digests and are signed by those whom a rule names, told from what is
//! known of their supply chains. No registry is asked.

use serde_json::Value;

use super::attestation::{Attestation, Wanted, signed};
use super::attestor::{AttestorSet, Trust};
use super::context::Scope;
use super::image::{CONTAINER_LISTS, ImageReference};
use super::jmespath::QueryError;
use super::status::{RuleResult, Status};
use super::wildcard;
use crate::supply_chain::SignaturesOf;

/// So many images are named where more than one breaks a rule.
const TOLD: usize = 5;

/// `verifyImages` of a rule.
#[derive(Clone, Debug)]
pub(crate) struct ImageVerification(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    images: Vec<String>,
    skips: Vec<String>,
    /// Who has to have signed the image.
    attestors: Vec<AttestorSet>,
    attestations: Vec<Attestation>,
    /// Any bundle about the image counts as its signature.
    takes_bundles: bool,
    /// Why it is not evaluated at all.
    beyond: Option<&'static str>,
    verifies_digest: bool,
    is_required: bool,
}

impl Entry {
    fn read(value: &Value) -> Result<Self, QueryError> {
        let texts = |key: &str| -> Vec<String> {
            let list = value.get(key).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(true);
        let mut images = texts("imageReferences");
        images.extend(value.get("image").and_then(Value::as_str).map(str::to_owned));
        let mut attestors = AttestorSet::list(value.get("attestors"))?;
        attestors.extend(AttestorSet::shorthand(value)?);
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let has_annotations =
            value.get("annotations").and_then(Value::as_object).is_some_and(|it| !it.is_empty());
        let beyond = if kind.eq_ignore_ascii_case("notary") {
            Some("signatures of Notary are asked for, and only keyless signatures of Sigstore are known")
        } else if has_annotations {
            Some("annotations of signatures are asked for, and not known")
        } else {
            None
        };
        Ok(Self {
            images,
            skips: texts("skipImageReferences"),
            attestors,
            attestations: Attestation::list(value.get("attestations"))?,
            takes_bundles: kind.eq_ignore_ascii_case("sigstorebundle"),
            beyond,
            verifies_digest: flag("verifyDigest"),
            is_required: flag("required"),
        })
    }

    fn is_about(&self, described: &Value) -> bool {
        fits(&self.images, described) && !fits(&self.skips, described)
    }

    /// Whether an image is signed, and attested, as the entry asks for.
    fn trust<'s>(&'s self, image: &str, digest: &str, scope: &'s Scope<'s>) -> Trust {
        if self.attestors.is_empty() && self.attestations.is_empty() {
            return Trust::Given;
        }
        if let Some(beyond) = self.beyond {
            return Trust::Unknown(beyond.to_owned());
        }
        let signatures = match scope.world().source.supply_chains().signatures(image, digest) {
            SignaturesOf::Known(signatures) => signatures,
            // Keys and certificates would not be known either way, and that is the better answer.
            SignaturesOf::Nothing => &[],
            SignaturesOf::Ambiguous(count) => {
                let reason = format!("the tag stands for {count} images; deliver it by its digest");
                return Trust::Unknown(reason);
            }
        };
        let nothing = |trust: Trust| match trust {
            Trust::Unknown(_) if signatures.is_empty() && self.only_keyless() => {
                let by = if digest.is_empty() { format!("{image}@sha256:…") } else { image.to_owned() };
                Trust::Unknown(format!(
                    "nothing is known of who signed it; send its signature: fairway supply upload BUNDLE --image {by}"
                ))
            }
            trust => trust,
        };
        let wanted = if self.takes_bundles { Wanted::Bundle } else { Wanted::Signature };
        let mut unknown = None;
        let anybody = [AttestorSet::anybody()];
        let otherwise = if self.attestors.is_empty() { &anybody[..] } else { &self.attestors };
        let by_attestors = std::iter::once_with(|| signed(&self.attestors, signatures, wanted));
        let attested = self.attestations.iter().map(|it| it.judge(signatures, otherwise, scope));
        for trust in by_attestors.chain(attested) {
            match nothing(trust) {
                Trust::Given => {}
                Trust::Broken(reason) => return Trust::Broken(reason),
                Trust::Unknown(reason) => unknown = unknown.or(Some(reason)),
            }
        }
        unknown.map_or(Trust::Given, Trust::Unknown)
    }

    /// Whether all that is asked for could be known here.
    fn only_keyless(&self) -> bool {
        self.attestors.iter().all(AttestorSet::is_keyless)
            && self.attestations.iter().all(Attestation::is_keyless)
    }
}

fn text<'v>(described: &'v Value, key: &str) -> &'v str {
    described.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn fits(patterns: &[String], described: &Value) -> bool {
    patterns.iter().any(|pattern| {
        let normal = ImageReference::parse(pattern).map(|image| image.to_string());
        ["reference", "referenceWithTag"].iter().any(|key| {
            let reference = text(described, key);
            wildcard::fits(pattern, reference)
                || normal.as_ref().is_some_and(|it| wildcard::fits(it, reference))
        })
    })
}

impl ImageVerification {
    pub(crate) fn read(value: &Value) -> Result<Self, QueryError> {
        let Some(entries) = value.as_array() else {
            return Err(QueryError::Failed("verifyImages is not a list".to_owned()));
        };
        Ok(Self(entries.iter().map(Entry::read).collect::<Result<_, _>>()?))
    }

    /// Nothing where no image is one that the rule is about.
    pub(crate) fn ask<'s>(&'s self, rule: &str, scope: &'s Scope<'s>) -> Option<RuleResult> {
        let world = scope.world();
        if world.request.is_deletion() {
            return None;
        }
        let images = world.images.get_or_init(|| super::image::images(world.object()));
        let all = CONTAINER_LISTS
            .iter()
            .filter_map(|list| images.get(list).and_then(Value::as_object))
            .flat_map(|list| list.iter());
        let (mut is_concerned, mut broken, mut unknown) = (false, Vec::new(), Vec::new());
        for (name, described) in all {
            let (image, digest) = (text(described, "reference"), text(described, "digest"));
            for entry in self.0.iter().filter(|it| it.is_about(described)) {
                is_concerned = true;
                if entry.verifies_digest && digest.is_empty() {
                    broken.push(format!("the image {image} of {name} has no digest"));
                    continue;
                }
                match entry.trust(image, digest, scope) {
                    Trust::Broken(reason) => broken.push(format!("the image {image} of {name}: {reason}")),
                    Trust::Unknown(reason) if entry.is_required => {
                        unknown.push(format!("the image {image} of {name}: {reason}"));
                    }
                    Trust::Given | Trust::Unknown(_) => {}
                }
            }
        }
        let told = |mut reasons: Vec<String>| {
            reasons.dedup();
            let more = reasons.len().saturating_sub(TOLD);
            reasons.truncate(TOLD);
            if more > 0 {
                reasons.push(format!("and {more} more"));
            }
            reasons.join("; ")
        };
        if !broken.is_empty() {
            Some(RuleResult::new(rule, Status::Fail, told(broken)))
        } else if !unknown.is_empty() {
            let error = QueryError::Unavailable(told(unknown));
            Some(RuleResult::error(rule, "who signed the images", &error))
        } else {
            is_concerned.then(|| RuleResult::new(rule, Status::Pass, "the images are as the rule asks for"))
        }
    }
}
