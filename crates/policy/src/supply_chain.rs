//! What objects `fairway.dev/v1` `SupplyChain` say of images: who signed them, and what is attested of them. Whether a
//! signature holds was found out by whoever made the objects; nothing is verified here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kyverno::ImageReference;

/// The version of the objects.
const VERSION: &str = "fairway.dev/v1";
/// Their kind.
pub(crate) const KIND: &str = "SupplyChain";
/// The most signatures of one image that are looked at.
const MAX_SIGNATURES: usize = 1_000;

/// Whether a signature holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    Verified,
    /// It does not, and why.
    Refused(String),
    /// Nobody could say, and why.
    NotVerified(String),
}

/// A signature over an image or over what is attested of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Signature {
    pub(crate) standing: Standing,
    /// Who signed.
    pub(crate) identity: String,
    /// Who vouched for that.
    pub(crate) issuer: String,
    /// What kind of thing is attested; empty where nobody says.
    pub(crate) predicate_type: String,
    /// What is attested, where it is there.
    pub(crate) predicate: Option<Value>,
    /// The document that it is from, where that is said.
    document: String,
}

impl Signature {
    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let standing = match text("state").as_str() {
            "verified" => Standing::Verified,
            "refused" => Standing::Refused(text("reason")),
            "not-verified" => Standing::NotVerified(text("reason")),
            _ => return None,
        };
        Some(Self {
            standing,
            identity: text("identity"),
            issuer: text("issuer"),
            predicate_type: text("predicateType"),
            predicate: value.get("predicate").filter(|it| !it.is_null()).cloned(),
            document: text("document"),
        })
    }

    /// The same signature, told by another object.
    fn is_same(&self, other: &Self) -> bool {
        if self.document.is_empty() {
            self == other
        } else {
            self.document == other.document && self.standing == other.standing
        }
    }
}

/// Which signatures an image has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SignaturesOf<'s> {
    Known(&'s [Signature]),
    Nothing,
    /// The tag stands for so many images.
    Ambiguous(usize),
}

/// Signatures by the image that they are about.
#[derive(Debug, Default)]
pub(crate) struct SupplyChains {
    by_digest: BTreeMap<String, Vec<Signature>>,
    /// What is known to be behind references without a digest.
    by_reference: BTreeMap<String, BTreeSet<String>>,
}

impl SupplyChains {
    /// Takes what objects say; those of other kinds say nothing.
    pub(crate) fn of<'o>(objects: impl Iterator<Item = &'o Value>) -> Self {
        let mut chains = Self::default();
        for object in objects {
            let is = |key: &str, wanted: &str| object.get(key).and_then(Value::as_str) == Some(wanted);
            if is("kind", KIND) && is("apiVersion", VERSION) {
                chains.take(object);
            }
        }
        chains
    }

    fn take(&mut self, object: &Value) {
        let list = |pointer: &str| object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let mut of_version = BTreeSet::new();
        let version = object.pointer("/spec/version").and_then(Value::as_str);
        for value in list("/status/signatures") {
            let (Some(image), Some(signature)) =
                (value.get("image").and_then(Value::as_str), Signature::read(value))
            else {
                continue;
            };
            if version.is_some() && value.get("version").and_then(Value::as_str) == version {
                of_version.insert(image.to_owned());
            }
            let known = self.by_digest.entry(image.to_owned()).or_default();
            if let Some(same) = known.iter_mut().find(|it| it.is_same(&signature)) {
                // One object may have room for what another leaves out.
                same.predicate = same.predicate.take().or(signature.predicate);
            } else if known.len() < MAX_SIGNATURES {
                known.push(signature);
            }
        }
        let mut tagged = list("/spec/images")
            .filter_map(Value::as_str)
            .filter_map(ImageReference::parse)
            .filter(|image| image.digest.is_none());
        // Of two images with tags nobody could say which of them a digest is of.
        if let (Some(image), None) = (tagged.next(), tagged.next()) {
            self.by_reference.entry(image.to_string()).or_default().append(&mut of_version);
        }
    }

    /// The signatures of an image, by its digest, or where it has none by its reference.
    pub(crate) fn signatures(&self, reference: &str, digest: &str) -> SignaturesOf<'_> {
        let digest = match self.by_reference.get(reference).filter(|_| digest.is_empty()) {
            None => digest,
            Some(digests) if digests.len() > 1 => return SignaturesOf::Ambiguous(digests.len()),
            Some(digests) => digests.first().map(String::as_str).unwrap_or_default(),
        };
        match self.by_digest.get(digest) {
            Some(signatures) if !signatures.is_empty() => SignaturesOf::Known(signatures),
            _ => SignaturesOf::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use serde_json::{Value, json};

    use super::{SignaturesOf, SupplyChains};

    const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

    fn chain(version: &str, images: &Value, signatures: &Value) -> Value {
        json!({
            "apiVersion": "fairway.dev/v1", "kind": "SupplyChain", "metadata": {"name": "shop"},
            "spec": {"version": version, "images": images}, "status": {"signatures": signatures},
        })
    }

    #[test]
    fn a_tag_stands_for_the_one_digest_that_was_sent_with_its_version() {
        let signed =
            |image: &str, version: &str| json!({"image": image, "version": version, "state": "verified"});
        for (images, signatures, expected) in [
            (json!(["acme.example/shop:1"]), json!([signed(ONE, "1")]), "known"),
            (json!(["acme.example/shop:1"]), json!([signed(ONE, "0")]), "nothing"),
            (json!(["acme.example/shop:1"]), json!([signed(ONE, "1"), signed(TWO, "1")]), "ambiguous"),
            (json!(["acme.example/shop:1", "acme.example/proxy:1"]), json!([signed(ONE, "1")]), "nothing"),
        ] {
            let objects = [chain("1", &images, &signatures)];
            let chains = SupplyChains::of(objects.iter());
            let found = match chains.signatures("acme.example/shop:1", "") {
                SignaturesOf::Known(_) => "known",
                SignaturesOf::Nothing => "nothing",
                SignaturesOf::Ambiguous(_) => "ambiguous",
            };
            assert_eq!(found, expected, "{images} {signatures}");
        }
    }

    #[test]
    fn what_one_object_leaves_out_another_may_say() {
        let without = json!({"image": ONE, "state": "verified", "document": "d"});
        let with = json!({"image": ONE, "state": "verified", "document": "d", "predicate": {"a": 1}});
        let objects = [chain("1", &json!([]), &json!([without])), chain("2", &json!([]), &json!([with]))];
        let chains = SupplyChains::of(objects.iter());
        let SignaturesOf::Known([only]) = chains.signatures("", ONE) else { panic!("{chains:?}") };
        assert_eq!(only.predicate, Some(json!({"a": 1})));
    }
}
