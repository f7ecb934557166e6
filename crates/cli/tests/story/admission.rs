//! Clusters ask over TLS before they store an object: with the requests that API servers send, of the policies that
//! are in the catalog, and what they are told is on record once.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

use crate::command::fairway;
use crate::server::{Answer, PATIENCE, Server, Start, pause, try_send};

const POLICIES: &str = r#"
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: acmeprivileged}
spec:
  crd: {spec: {names: {kind: AcmePrivileged}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package acme.privileged
        containers[c] { c := input.review.object.spec.containers[_] }
        containers[c] { c := input.review.object.spec.ephemeralContainers[_] }
        violation[{"msg": msg}] {
          c := containers[_]
          c.securityContext.privileged
          msg := sprintf("%v is privileged", [c.name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: AcmePrivileged
metadata: {name: nobody-is}
spec: {match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: keep}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: ["*"], operations: [DELETE], resources: [deployments]}
  validations:
    - expression: "!has(oldObject.metadata.labels) || !('acme.example/cost-centre' in oldObject.metadata.labels)"
      message: somebody pays for it
  auditAnnotations:
    - {key: who, valueExpression: request.userInfo.username}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: keep}
spec: {policyName: keep, validationActions: [Deny]}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: shells}
spec:
  validationFailureAction: Audit
  rules:
    - name: no-shell
      match: {any: [{resources: {kinds: [Pod/exec], operations: [CONNECT]}}]}
      validate: {message: "a shell in {{request.name}}", deny: {}}
    - name: team
      match: {any: [{resources: {kinds: [Pod], operations: [CREATE]}}]}
      mutate: {patchStrategicMerge: {metadata: {labels: {"+(team)": payments}}}}
"#;

fn fixture(name: &str) -> Value {
    let path = format!("{}/../policy/tests/admission/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A cluster that trusts the authority of a data folder.
pub struct Cluster {
    client: Client,
    address: String,
}

impl Cluster {
    pub fn of(server: &Server, data: &Path) -> Self {
        let authority = std::fs::read(data.join("admission/authority.pem")).unwrap();
        let authority = Certificate::from_pem(&authority).unwrap();
        let client = Client::builder().tls_certs_only([authority]).build().unwrap();
        Self { client, address: server.admission.clone().unwrap() }
    }

    async fn send(&self, question: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.post(format!("{}/admission/{question}?timeout=10s", self.address));
        try_send(request.header("content-type", "application/json").body(body)).await.unwrap()
    }

    /// The response to a fixture; it must be one.
    async fn ask(&self, question: &str, name: &str) -> Value {
        let review = fixture(name);
        let answer = self.send(question, review.to_string()).await.expect(200);
        assert_eq!(
            (&answer["apiVersion"], &answer["kind"]),
            (&json!("admission.k8s.io/v1"), &json!("AdmissionReview"))
        );
        assert_eq!(answer["response"]["uid"], review["request"]["uid"]);
        answer["response"].clone()
    }

    /// The response to a request to create an object.
    pub async fn ask_about(&self, question: &str, index: usize, object: &Value) -> Value {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let version = text("/apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = match text("/kind").to_lowercase() {
            kind if kind.ends_with('s') => format!("{kind}es"),
            kind => match kind.strip_suffix('y') {
                Some(stem) => format!("{stem}ies"),
                None => format!("{kind}s"),
            },
        };
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": format!("00000000-0000-4000-8000-{index:012}"), "operation": "CREATE",
                "kind": {"group": group, "version": version, "kind": text("/kind")},
                "resource": {"group": group, "version": version, "resource": resource},
                "name": text("/metadata/name"), "namespace": text("/metadata/namespace"),
                "userInfo": {"username": "ada@acme.example"}, "object": object, "oldObject": null,
            },
        });
        self.send(question, review.to_string()).await.expect(200)["response"].clone()
    }

    async fn until_denied(&self, name: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let response = self.ask("validate", name).await;
            if response["allowed"] == false {
                return response;
            }
            assert!(Instant::now() < deadline, "the policies are not asked: {response}");
            pause().await;
        }
    }
}

#[tokio::test]
async fn a_cluster_asks_the_policies_of_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("catalog-info.yaml");
    std::fs::write(&file, POLICIES).unwrap();
    let start = || Start::new(&data).with(&["--no-example", "--admission-listen", "127.0.0.1:0"]);
    let server = start().server().await;
    let administrator = server.administrator().await;
    let cluster = Cluster::of(&server, &data);
    assert_eq!(cluster.ask("validate", "create-pod").await["allowed"], true, "there is no policy yet");
    assert_eq!(server.register_file(&administrator, &file).await.status, 201);

    let denied = cluster.until_denied("create-pod").await;
    assert_eq!(denied["status"]["code"], 403);
    assert_eq!(denied["status"]["message"], "[AcmePrivileged/nobody-is] debug is privileged");
    assert_eq!(cluster.ask("validate", "dry-run-pod").await["allowed"], false);
    assert_eq!(cluster.ask("validate", "create-generated-pod").await["allowed"], true);
    assert_eq!(cluster.ask("validate", "create-namespace").await["allowed"], true);
    assert_eq!(cluster.ask("validate", "update-deployment").await["allowed"], true);
    assert_eq!(cluster.ask("validate", "update-deployment-scale").await["allowed"], true);
    let debugged = cluster.ask("validate", "update-pod-ephemeralcontainers").await;
    assert_eq!(debugged["status"]["message"], "[AcmePrivileged/nobody-is] debugger-8xq2t is privileged");
    let deleted = cluster.ask("validate", "delete-deployment").await;
    assert_eq!(deleted["allowed"], false);
    assert_eq!(deleted["auditAnnotations"]["keep.who"], "ada@acme.example");
    let shell = cluster.ask("validate", "connect-pod-exec").await;
    assert_eq!(shell["allowed"], true);
    assert_eq!(
        shell["warnings"],
        json!(["[ClusterPolicy/shells/no-shell] a shell in checkout-6d5f7c9b8-x2k4p"])
    );
    let changed = cluster.ask("mutate", "create-pod").await;
    let patch = base64::engine::general_purpose::STANDARD.decode(changed["patch"].as_str().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&patch).unwrap(),
        json!([{"op": "add", "path": "/metadata/labels/team", "value": "payments"}])
    );
    assert!(cluster.ask("mutate", "delete-deployment").await["patch"].is_null());

    malformed(&cluster).await;
    let stranger = Client::new().post(format!("{}/admission/validate", cluster.address));
    assert!(try_send(stranger.body("{}")).await.is_err(), "nobody else vouches for the certificate");
    let figures = server.get("/metrics").await.text;
    let counted =
        r#"fairway_admission_requests_total{webhook="validate",operation="DELETE",decision="denied"} 1"#;
    assert!(figures.contains(counted), "{figures}");
    server.stop().await;
    on_record(&start().with(&["--admission-mode", "audit"]).server().await, &data).await;
}

/// What is no review is refused with the reason, and does no harm.
async fn malformed(cluster: &Cluster) {
    let mut old = fixture("create-pod");
    old["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let mut nothing = fixture("create-pod");
    nothing["request"]["object"] = Value::Null;
    for (body, reason) in [
        ("{".to_owned(), "the body is no JSON"),
        ("[".repeat(100_000), "the body is no JSON"),
        (old.to_string(), "an AdmissionReview of admission.k8s.io/v1 was expected"),
        (nothing.to_string(), "request.object is missing"),
    ] {
        let answer = cluster.send("validate", body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.message().contains(reason), "{}", answer.text);
    }
    let mut large = fixture("create-pod");
    large["request"]["object"]["metadata"]["annotations"] = json!({"x": "y".repeat(9 << 20)});
    let request = cluster.client.post(format!("{}/admission/validate", cluster.address));
    // The connection may be closed while the rest is still on its way.
    if let Ok(answer) = try_send(request.body(large.to_string())).await {
        assert_eq!(answer.status, 413);
    }
}

/// Each policy and object is on record once for its hour, and dry runs are not; audit refuses nothing.
async fn on_record(server: &Server, data: &Path) {
    let records = server.get("/api/v1/audit?kind=guardrail.admission&limit=1000").await.expect(200);
    let mut seen: Vec<String> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let body = &record["body"];
            let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            format!("{} {} {} x{}", text("/decision"), text("/rule"), text("/object/name"), body["count"])
        })
        .collect();
    seen.sort();
    // The first pod was asked about until it was refused, then once more by a dry run.
    assert_eq!(
        seen,
        [
            "denied AcmePrivileged/nobody-is checkout-6d5f7c9b8-x2k4p x1",
            "denied AcmePrivileged/nobody-is debug x1",
            "denied ValidatingAdmissionPolicy/keep/keep checkout x1",
            "warned ClusterPolicy/shells/no-shell checkout-6d5f7c9b8-x2k4p x1",
        ]
    );
    let cluster = Cluster::of(server, data);
    let audited = cluster.ask("validate", "create-pod").await;
    assert_eq!(audited["allowed"], true);
    assert_eq!(
        audited["warnings"],
        json!(["would be denied: [AcmePrivileged/nobody-is] debug is privileged"])
    );
}

#[tokio::test]
async fn what_a_cluster_is_given_names_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let service = ["admission", "manifest", "--data", data, "--service", "platform/fairway:8443"];
    let written = fairway(&service).await.ok().out;
    let authority = std::fs::read(folder.path().join("admission/authority.pem")).unwrap();
    let bundle = base64::engine::general_purpose::STANDARD.encode(authority);
    assert_eq!(written.matches(&bundle).count(), 2, "{written}");
    for expected in [
        "kind: ValidatingWebhookConfiguration",
        "kind: MutatingWebhookConfiguration",
        "path: /admission/validate",
        "failurePolicy: Ignore",
        "sideEffects: NoneOnDryRun",
        "- kube-system",
        "- platform",
        "- pods/exec",
    ] {
        assert!(written.contains(expected), "{expected}:\n{written}");
    }
    let again = fairway(&service).await.ok().out;
    assert_eq!(written, again, "the authority is made once");
    let address = ["admission", "manifest", "--data", data, "--url", "https://fairway.example.com:8443"];
    let by_address = fairway(&address).await.ok().out;
    assert!(by_address.contains("https://fairway.example.com:8443/admission/validate"), "{by_address}");
    fairway(&["admission", "manifest", "--data", data, "--url", "http://x"]).await.with_code(2);
    let key = folder.path().join("admission/authority-key.pem");
    fairway(&["admission", "manifest", "--authority", key.to_str().unwrap()]).await.with_code(2);
}
