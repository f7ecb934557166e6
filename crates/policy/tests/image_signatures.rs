//! `verifyImages` held against what objects `SupplyChain` say of images: what is signed by whom a rule names passes, what
//! somebody else signed does not, and what nobody knows about is never taken for signed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::finding::{Finding, Outcome};
use fairway_policy::{OtherObjects, PolicyDocument, PolicyObject, PolicySet, PolicyUnit};
use serde_json::{Value, json};

const BUILD: &str = "https://github.com/acme/shop/.github/workflows/build.yaml@refs/heads/main";
const SCAN: &str = "https://github.com/acme/scan/.github/workflows/scan.yaml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
const SCANNED: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

fn digest() -> String {
    format!("sha256:{}", "a1".repeat(32))
}

fn by(identity: &str, predicate_type: &str) -> Value {
    json!({
        "image": digest(), "version": "1.4.0", "state": "verified", "identity": identity, "issuer": GITHUB,
        "predicateType": predicate_type,
    })
}

fn scanned(result: &str) -> Value {
    let mut signature = by(SCAN, SCANNED);
    signature["predicate"] = json!({"scanner": {"result": result}});
    signature
}

fn refused() -> Value {
    json!({"image": digest(), "state": "refused", "reason": "the signature does not fit: other bytes"})
}

fn object(value: Value) -> PolicyObject {
    PolicyObject { value, file: None, environment: None }
}

fn chain(signatures: &[Value]) -> PolicyObject {
    object(json!({
        "apiVersion": "fairway.dev/v1", "kind": "SupplyChain", "metadata": {"name": "shop", "namespace": "staging"},
        "spec": {"version": "1.4.0", "images": ["acme.example/shop:1.4.0"]},
        "status": {"signatures": signatures},
    }))
}

fn deployment(image: &str) -> PolicyObject {
    let pod = json!({"spec": {"containers": [{"name": "main", "image": image}]}});
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"template": pod},
    }))
}

fn policy(entry: &Value) -> PolicyDocument {
    let mut verification = json!({"imageReferences": ["acme.example/*"]});
    for (key, value) in entry.as_object().unwrap() {
        verification[key] = value.clone();
    }
    let rule = json!({
        "name": "signed", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "verifyImages": [verification],
    });
    let value = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "images"},
        "spec": {"validationFailureAction": "Enforce", "rules": [rule]},
    });
    PolicyDocument { value, file: None }
}

fn findings(entry: &Value, objects: &[PolicyObject]) -> Vec<Finding> {
    let (set, problems) = PolicySet::compile(vec![policy(entry)]);
    assert_eq!(problems, [], "{entry}");
    set.evaluate(objects)
}

/// `passes`, or `violation: …`, or `unknown: …`.
fn verdict(entry: &Value, image: &str, signatures: &[Value]) -> String {
    match findings(entry, &[deployment(image), chain(signatures)]).as_slice() {
        [] => "passes".to_owned(),
        [Finding { outcome: Outcome::Violation, message, .. }] => format!("violation: {message}"),
        [Finding { outcome: Outcome::NotEvaluated { reason }, .. }] => format!("unknown: {reason}"),
        several => panic!("{several:#?}"),
    }
}

fn keyless(subject: &str) -> Value {
    json!({"keyless": {"subject": subject, "issuer": GITHUB}})
}

fn all_of(entries: &Value) -> Value {
    json!({"attestors": [{"entries": entries}]})
}

#[test]
fn an_image_is_signed_by_whom_a_rule_names_or_it_is_not() {
    let (image, tag) =
        (format!("acme.example/shop:1.4.0@{}", digest()), "acme.example/shop:1.4.0".to_owned());
    let build = all_of(&json!([keyless(BUILD)]));
    let other_issuer = json!({"keyless": {"subject": BUILD, "issuer": "https://accounts.google.com"}});
    let key = json!({"keys": {"publicKeys": "-----BEGIN PUBLIC KEY-----"}});
    let nobody = "https://github.com/nobody/*";
    let of_two = |count: u32, second: &str| json!({"attestors": [{"count": count, "entries": [keyless(BUILD), keyless(second)]}]});
    let without_digest = |mut entry: Value| {
        entry["verifyDigest"] = json!(false);
        entry
    };
    let signed = [by(BUILD, SIGNED)];
    for (case, entry, image, signatures, expected) in [
        ("the right one", build.clone(), &image, &signed[..], "passes"),
        (
            "wildcards",
            all_of(&json!([keyless("https://github.com/acme/*@refs/heads/ma?n")])),
            &image,
            &signed,
            "passes",
        ),
        (
            "patterns",
            all_of(
                &json!([{"keyless": {"subjectRegExp": "^https://github\\.com/acme/", "issuerRegExp": "githubusercontent"}}]),
            ),
            &image,
            &signed,
            "passes",
        ),
        ("the short form", json!({"subject": BUILD, "issuer": GITHUB}), &image, &signed, "passes"),
        (
            "another identity",
            all_of(&json!([keyless(nobody)])),
            &image,
            &signed,
            "violation: .. is by https://github.com/acme/shop",
        ),
        (
            "another issuer",
            all_of(&json!([other_issuer])),
            &image,
            &signed,
            "violation: .. https://accounts.google.com",
        ),
        (
            "refused",
            build.clone(),
            &image,
            &[refused()],
            "violation: .. does not hold: the signature does not fit",
        ),
        (
            "a refused one beside one that holds",
            build.clone(),
            &image,
            &[refused(), by(BUILD, SIGNED)],
            "passes",
        ),
        (
            "nothing known",
            build.clone(),
            &image,
            &[],
            "unknown: .. fairway supply upload BUNDLE --image acme.example/shop@sha256:a1",
        ),
        (
            "not verified",
            build.clone(),
            &image,
            &[
                json!({"image": digest(), "state": "not-verified", "reason": "the platform has no trust root"}),
            ],
            "unknown: .. the platform has no trust root",
        ),
        (
            "an attestation is no signature",
            build.clone(),
            &image,
            &[by(BUILD, SCANNED)],
            "unknown: .. no signature is known, only",
        ),
        (
            "unless any bundle will do",
            json!({"type": "SigstoreBundle", "attestors": [{"entries": [keyless(BUILD)]}]}),
            &image,
            &[by(BUILD, SCANNED)],
            "passes",
        ),
        ("no digest", build.clone(), &tag, &signed, "violation: .. has no digest"),
        ("the tag of the service's image", without_digest(build.clone()), &tag, &signed, "passes"),
        (
            "a tag of another version",
            without_digest(build.clone()),
            &"acme.example/shop:1.5.0".to_owned(),
            &signed,
            "unknown: ",
        ),
        ("one of two", of_two(1, nobody), &image, &signed, "passes"),
        ("two of two", of_two(2, nobody), &image, &signed, "violation: .. 1 of 2 wanted attestors"),
        ("two of two signed", of_two(2, SCAN), &image, &[by(BUILD, SIGNED), by(SCAN, SIGNED)], "passes"),
        ("a key", all_of(&json!([key])), &image, &signed, "unknown: .. a public key is asked for"),
        (
            "one of an identity and a key",
            json!({"attestors": [{"count": 1, "entries": [key, keyless(BUILD)]}]}),
            &image,
            &signed,
            "passes",
        ),
        (
            "extensions of the certificate",
            all_of(
                &json!([{"keyless": {"subject": BUILD, "issuer": GITHUB, "additionalExtensions": {"a": "b"}}}]),
            ),
            &image,
            &signed,
            "unknown: .. extensions of the certificate",
        ),
        ("attestors without entries", all_of(&json!([])), &image, &signed, "unknown: .. name nobody"),
        ("an image of others", build.clone(), &"elsewhere.example/shop:1".to_owned(), &[], "passes"),
        (
            "not required",
            json!({"required": false, "attestors": [{"entries": [keyless(BUILD)]}]}),
            &image,
            &[],
            "passes",
        ),
    ] {
        let found = verdict(&entry, image, signatures);
        let fits = match expected.split_once(" .. ") {
            Some((begin, part)) => found.starts_with(begin) && found.contains(part),
            None => found.starts_with(expected),
        };
        assert!(fits, "{case}: {found}");
    }
}

#[test]
fn what_is_attested_has_to_meet_the_conditions() {
    let image = format!("acme.example/shop@{}", digest());
    let clean = json!([{"all": [{"key": "{{ scanner.result }}", "operator": "Equals", "value": "clean"}]}]);
    let attested = |conditions: &Value| {
        json!({"attestations": [{
            "type": SCANNED, "attestors": [{"entries": [keyless(SCAN)]}], "conditions": conditions,
        }]})
    };
    let mut large = scanned("clean");
    large.as_object_mut().unwrap().remove("predicate");
    let by_another =
        json!({"attestations": [{"type": SCANNED, "attestors": [{"entries": [keyless(BUILD)]}]}]});
    for (case, entry, signatures, expected) in [
        ("met", attested(&clean), vec![scanned("clean")], "passes"),
        ("not met", attested(&clean), vec![scanned("dirty")], "does not meet the conditions"),
        (
            "not met by each",
            attested(&clean),
            vec![scanned("clean"), scanned("dirty")],
            "does not meet the conditions",
        ),
        ("no conditions", attested(&Value::Null), vec![scanned("dirty")], "passes"),
        ("too large to be told", attested(&clean), vec![large], "unknown: "),
        ("by another", by_another, vec![scanned("clean")], "violation: "),
        ("of another kind", attested(&clean), vec![by(SCAN, SIGNED)], "unknown: "),
    ] {
        let found = verdict(&entry, &image, &signatures);
        assert!(found.contains(expected), "{case}: {found}");
    }
}

#[test]
fn what_a_request_brings_along_is_no_evidence() {
    let image = format!("acme.example/shop@{}", digest());
    let entry = all_of(&json!([keyless(BUILD)]));
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"operation": "CREATE", "object": chain(&[by(BUILD, SIGNED)]).value},
    });
    let found = findings(&entry, &[deployment(&image), object(review)]);
    assert!(
        matches!(found.as_slice(), [Finding { outcome: Outcome::NotEvaluated { .. }, .. }]),
        "{found:#?}"
    );
}

#[test]
fn such_a_policy_depends_on_supply_chains() {
    let units = PolicyUnit::divide(&[policy(&all_of(&json!([keyless(BUILD)])))]);
    let [unit] = units.as_slice() else { panic!("{units:#?}") };
    assert!(
        matches!(unit.other_objects(), OtherObjects::Kinds(_)) && unit.other_objects().include("SupplyChain")
    );
}

#[test]
fn attestors_that_make_no_sense_are_told_when_the_policy_is_read() {
    for (attestors, expected) in [
        (json!([{"count": 2, "entries": [keyless(BUILD)]}]), "between 1 and 1"),
        (json!([{"entries": [{}]}]), "none of keyless"),
        (json!([{"entries": [{"keyless": {"subjectRegExp": "("}}]}]), "regular expression"),
    ] {
        let (_, problems) = PolicySet::compile(vec![policy(&json!({"attestors": attestors}))]);
        assert!(problems.iter().any(|it| it.message.contains(expected)), "{problems:#?}");
    }
}
