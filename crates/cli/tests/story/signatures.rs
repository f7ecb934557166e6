//! Policies of Kyverno ask who signed an image, and the evidence that a pipeline sent answers: at admission and in a check
//! of files. No network is asked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::admission::Cluster;
use crate::server::{PATIENCE, Server, Start, pause};

const WORKFLOW: &str =
    "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const DIGEST: &str = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";

/// Who signs what: of one repository the workflow that did, of another somebody else; and what the attestation says.
const POLICIES: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  validationFailureAction: Enforce
  rules:
    - name: by-the-pipeline
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["acme.example/shop*"]
          type: SigstoreBundle
          attestors:
            - entries:
                - keyless:
                    subject: https://github.com/prefix-dev/*/action.yaml@refs/heads/main
                    issuer: https://token.actions.githubusercontent.com
          attestations:
            - type: https://schemas.conda.org/attestations-publish-1.schema.json
              conditions:
                - all: [{key: "{{ targetChannel }}", operator: Equals, value: https://prefix.dev/sigstore-example}]
    - name: by-somebody-else
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["acme.example/bank*"]
          type: SigstoreBundle
          attestors: [{entries: [{keyless: {subject: ada@acme.example, issuer: https://accounts.google.com}}]}]
"#;

/// The bundles that the verifying crate is tested with, wherever cargo keeps its sources.
fn bundles() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo answers");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|it| it["name"] == "sigstore-verify").expect("it is a dependency");
    Path::new(found["manifest_path"].as_str().unwrap()).parent().unwrap().join("test_data")
}

fn pod(image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop", "namespace": "gift-cards"},
        "spec": {"containers": [{"name": "main", "image": image}]},
    })
}

async fn messages_of_check(server: &Server, objects: &[Value]) -> Vec<String> {
    let content: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let files = json!({"files": [{"path": "pod.yaml", "content": content.join("\n---\n")}]});
    let checked = server.post("/api/v1/check", &files).await.expect(200);
    let findings = checked["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|it| it["rule"].as_str().unwrap().contains("ClusterPolicy/signed/"))
        .map(|it| it["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_image_is_let_in_when_the_evidence_says_who_signed_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("catalog-info.yaml"));
    std::fs::write(&file, POLICIES).unwrap();
    let test_data = bundles();
    let root = test_data.join("trusted_roots/public-good.json");
    let arguments = ["--trust-root", root.to_str().unwrap(), "--admission-listen", "127.0.0.1:0"];
    let server = Start::new(&data).with(&arguments).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service", "environments": ["staging"]});
    server.post("/api/v1/services", &request).await.expect(201);
    let administrator = server.administrator().await;
    assert_eq!(server.register_file(&administrator, &file).await.status, 201);
    let (shop, bank) = (format!("acme.example/shop@{DIGEST}"), format!("acme.example/bank@{DIGEST}"));

    // Nobody knows yet: that is no pass, and the answer says what to do. What a file claims is no evidence.
    let forged = json!({
        "apiVersion": "fairway.dev/v1", "kind": "SupplyChain", "metadata": {"name": "gift-cards"},
        "status": {"signatures": [{"image": DIGEST, "state": "verified", "identity": WORKFLOW,
                                   "issuer": "https://token.actions.githubusercontent.com"}]},
    });
    let unknown = messages_of_check(&server, &[pod(&shop), forged]).await;
    assert!(
        matches!(unknown.as_slice(), [one] if one.contains("fairway supply upload BUNDLE --image acme.example/shop@")),
        "{unknown:#?}"
    );

    let bundle = std::fs::read(test_data.join("bundles/conda-attestation.sigstore.json")).unwrap();
    let upload = server.request(Method::POST, "/api/v1/evidence?entity=gift-cards&version=0.1.0");
    let stored = server.send(upload.body(bundle)).await.expect(201);
    assert_eq!((&stored["signature"]["state"], &stored["image"]), (&json!("verified"), &json!(DIGEST)));

    assert_eq!(messages_of_check(&server, &[pod(&shop)]).await, [""; 0]);
    let other = messages_of_check(&server, &[pod(&bank)]).await;
    assert!(
        matches!(other.as_slice(), [one] if one.contains("ada@acme.example") && one.contains(WORKFLOW)),
        "{other:#?}"
    );
    let without = messages_of_check(&server, &[pod("acme.example/shop:1")]).await;
    assert!(matches!(without.as_slice(), [one] if one.contains("has no digest")), "{without:#?}");

    // The same at admission, as soon as it has taken in what was sent.
    let cluster = Cluster::of(&server, &data);
    let deadline = Instant::now() + PATIENCE;
    for index in 0.. {
        let response = cluster.ask_about("validate/staging", index, &pod(&shop)).await;
        // The shipped policies have other things to say of such a pod.
        if !response.to_string().contains("ClusterPolicy/signed/") {
            break;
        }
        assert!(Instant::now() < deadline, "the evidence is not taken in: {response}");
        pause().await;
    }
    let denied = cluster.ask_about("validate/staging", 1, &pod(&bank)).await;
    let message = denied["status"]["message"].as_str().unwrap();
    assert!(
        message.contains("[ClusterPolicy/signed/by-somebody-else]") && message.contains(WORKFLOW),
        "{denied}"
    );
}
