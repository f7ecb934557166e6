//! Real bundles, from the sources of the crate that verifies them: they hold offline with the trust root that is given,
//! and what is tampered with, signed by somebody else or trusted by nobody is refused, each with its reason.
#![allow(
    clippy::format_collect,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use fairway_supply::{
    Artefact, ExpectedText, PublicKey, Refusal, TrustRoot, VerifiedSignature, Verifying, verify,
};
use serde_json::Value;

const WORKFLOW: &str =
    "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The test data of the verifying crate, wherever cargo keeps its sources.
static DATA: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo answers");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found =
        packages.iter().find(|it| it["name"] == "sigstore-verify").expect("the crate is a dependency");
    PathBuf::from(found["manifest_path"].as_str().unwrap()).parent().unwrap().join("test_data")
});

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(DATA.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

fn root(name: &str) -> TrustRoot {
    TrustRoot::read(&text(name)).unwrap()
}

fn public_good() -> TrustRoot {
    root("trusted_roots/public-good.json")
}

/// The public Sigstore with its timestamping authority, as the verifying crate has it.
fn with_timestamping() -> TrustRoot {
    TrustRoot::read(sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT).unwrap()
}

fn by(identity: &str, issuer: &str) -> Verifying {
    let exact = |text: &str| Some(ExpectedText::Exact(text.to_owned()));
    Verifying::Keyless { identity: exact(identity), issuer: exact(issuer) }
}

fn package(artefact: Artefact<'_>, verifying: &Verifying) -> Result<VerifiedSignature, Refusal> {
    verify(artefact, &text("bundles/conda-attestation.sigstore.json"), &public_good(), verifying)
}

#[test]
fn a_keyless_bundle_holds_offline_with_the_root_that_is_given() {
    let artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    let verified = package(Artefact::Bytes(&artefact), &by(WORKFLOW, GITHUB)).unwrap();
    assert_eq!(verified.identity.as_deref(), Some(WORKFLOW));
    assert_eq!(verified.issuer.as_deref(), Some(GITHUB));
    assert_eq!(verified.source.as_deref(), Some("https://github.com/prefix-dev/sigstore-example"));
    assert_eq!(verified.commit.as_deref(), Some("193b5bd7d3985809503963ae400594ea16df31cf"));
    assert!(verified.signed_at.is_some());
    let all = verified.checked.join("; ");
    for part in
        ["this artefact", "authority in the trust root", "certificate log", "transparency log", "issuer"]
    {
        assert!(all.contains(part), "{part} is not in: {all}");
    }
}

#[test]
fn tampered_bytes_are_refused() {
    let mut artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    artefact[0] ^= 1;
    let refusal = package(Artefact::Bytes(&artefact), &by(WORKFLOW, GITHUB)).unwrap_err();
    assert_eq!(refusal.code(), "artefact-differs", "{refusal}");
}

#[test]
fn another_identity_and_another_issuer_are_refused() {
    let artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    let other = "https://github.com/evil/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let refusal = package(Artefact::Bytes(&artefact), &by(other, GITHUB)).unwrap_err();
    assert_eq!(refusal, Refusal::OtherIdentity { expected: other.to_owned(), found: WORKFLOW.to_owned() });
    let refusal =
        package(Artefact::Bytes(&artefact), &by(WORKFLOW, "https://accounts.google.com")).unwrap_err();
    assert_eq!(refusal.code(), "other-issuer", "{refusal}");
}

#[test]
fn another_root_is_refused() {
    let artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    let bundle = text("bundles/conda-attestation.sigstore.json");
    let other = root("trusted_roots/scaffolding.json");
    let refusal = verify(Artefact::Bytes(&artefact), &bundle, &other, &by(WORKFLOW, GITHUB)).unwrap_err();
    assert_eq!(refusal.code(), "not-trusted", "{refusal}");

    // The log is known, and the certificate's authority is not.
    let mut mixed: Value = serde_json::from_str(&text("trusted_roots/public-good.json")).unwrap();
    let scaffolding: Value = serde_json::from_str(&text("trusted_roots/scaffolding.json")).unwrap();
    mixed["certificateAuthorities"] = scaffolding["certificateAuthorities"].clone();
    let mixed = TrustRoot::read(&mixed.to_string()).unwrap();
    let refusal = verify(Artefact::Bytes(&artefact), &bundle, &mixed, &by(WORKFLOW, GITHUB)).unwrap_err();
    assert_eq!(refusal.code(), "not-trusted", "{refusal}");
}

#[test]
fn a_bundle_that_was_tampered_with_is_refused_wherever_it_was() {
    let artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    let bundle: Value = serde_json::from_str(&text("bundles/conda-attestation.sigstore.json")).unwrap();
    let root = public_good();
    let entry = "/verificationMaterial/tlogEntries/0";
    for pointer in [
        "/dsseEnvelope/payload".to_owned(),
        "/dsseEnvelope/signatures/0/sig".to_owned(),
        "/verificationMaterial/certificate/rawBytes".to_owned(),
        format!("{entry}/inclusionPromise/signedEntryTimestamp"),
        format!("{entry}/inclusionProof/rootHash"),
        format!("{entry}/inclusionProof/hashes/0"),
        format!("{entry}/canonicalizedBody"),
    ] {
        let mut changed = bundle.clone();
        let value = changed.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer} is in the bundle"));
        let old = value.as_str().unwrap().to_owned();
        // One character in the middle becomes another.
        let middle = old.len() / 2;
        let letter = if &old[middle..=middle] == "A" { "B" } else { "A" };
        *value = format!("{}{letter}{}", &old[..middle], &old[middle + 1..]).into();
        let result = verify(Artefact::Bytes(&artefact), &changed.to_string(), &root, &by(WORKFLOW, GITHUB));
        assert!(result.is_err(), "{pointer} may be changed");
    }
}

#[test]
fn an_attestation_needs_the_digest_only() {
    let bundle: Value = serde_json::from_str(&text("bundles/conda-attestation.sigstore.json")).unwrap();
    let statement = bundle.pointer("/dsseEnvelope/payload").unwrap().as_str().unwrap();
    let statement: Value = serde_json::from_slice(&decode(statement)).unwrap();
    let digest = statement.pointer("/subject/0/digest/sha256").unwrap().as_str().unwrap();
    assert!(package(Artefact::Digest(&format!("sha256:{digest}")), &by(WORKFLOW, GITHUB)).is_ok());
    let other = format!("sha256:{}", "0".repeat(64));
    let refusal = package(Artefact::Digest(&other), &by(WORKFLOW, GITHUB)).unwrap_err();
    assert_eq!(refusal.code(), "artefact-differs", "{refusal}");
}

#[test]
fn a_signature_over_a_file_holds_with_the_file() {
    let root = with_timestamping();
    let (artefact, bundle) =
        (bytes("bundles/cosign-v3-blob.txt"), text("bundles/cosign-v3-blob.sigstore.json"));
    let anybody = Verifying::Keyless { identity: None, issuer: None };
    let verified = verify(Artefact::Bytes(&artefact), &bundle, &root, &anybody).unwrap();
    assert!(verified.identity.is_some());
    let refusal = verify(Artefact::Bytes(&artefact), &bundle, &public_good(), &anybody).unwrap_err();
    assert_eq!(refusal.code(), "time-unproven", "this root has another timestamping authority: {refusal}");
    let mut other = artefact.clone();
    other.push(b'!');
    let refusal = verify(Artefact::Bytes(&other), &bundle, &root, &anybody).unwrap_err();
    assert_eq!(refusal.code(), "artefact-differs", "{refusal}");
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    let digest = decode(bundle.pointer("/messageSignature/messageDigest/digest").unwrap().as_str().unwrap());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("sha256:{digest}");
    let refusal = verify(Artefact::Digest(&digest), &bundle.to_string(), &root, &anybody).unwrap_err();
    assert_eq!(refusal.code(), "unsupported", "{refusal}");
}

#[test]
fn a_signature_of_a_key_holds_with_that_key_only() {
    let root = with_timestamping();
    let (artefact, bundle) = (bytes("managed-key/artifact.txt"), text("managed-key/bundle.sigstore.json"));
    let key = PublicKey::from_pem(&text("managed-key/key.pub")).unwrap();
    let with = |key: PublicKey| Verifying::Key { key, ignore_log: false };
    verify(Artefact::Bytes(&artefact), &bundle, &root, &with(key)).unwrap();
    let other = another_key();
    let refusal = verify(Artefact::Bytes(&artefact), &bundle, &root, &with(other)).unwrap_err();
    assert_eq!(refusal.code(), "signature-invalid", "{refusal}");
    assert_eq!(PublicKey::from_pem("no key").unwrap_err().code(), "unreadable");
}

#[test]
fn identities_may_be_patterns() {
    let artefact = bytes("bundles/signed-package-2.1.0-hb0f4dca_0.conda");
    for (identity, holds) in [
        (ExpectedText::Wildcard("https://github.com/prefix-dev/*".to_owned()), true),
        (ExpectedText::Wildcard("https://github.com/prefix/*".to_owned()), false),
        (ExpectedText::pattern(r"https://github\.com/prefix-dev/.+@refs/heads/main").unwrap(), true),
        (ExpectedText::pattern("prefix-dev").unwrap(), false),
    ] {
        let verifying = Verifying::Keyless { identity: Some(identity.clone()), issuer: None };
        assert_eq!(package(Artefact::Bytes(&artefact), &verifying).is_ok(), holds, "{identity}");
    }
}

#[test]
fn what_is_no_bundle_is_told_so() {
    let root = public_good();
    let anybody = Verifying::Keyless { identity: None, issuer: None };
    for broken in ["", "{}", "[1]", "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}"] {
        let refusal = verify(Artefact::Bytes(b"x"), broken, &root, &anybody).unwrap_err();
        assert_eq!(refusal.code(), "unreadable", "{broken}: {refusal}");
    }
    assert_eq!(TrustRoot::read("{}").err().map(|it| it.code()), Some("unreadable"));
}

fn decode(base64: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
}

/// The key of another Sigstore: the log's own, of the same kind.
fn another_key() -> PublicKey {
    let root: Value = serde_json::from_str(&text("trusted_roots/public-good.json")).unwrap();
    let key = root.pointer("/tlogs/0/publicKey/rawBytes").unwrap().as_str().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
    PublicKey::from_pem(&pem).unwrap()
}
