//! What a change of policies would do: asked on the command line and from the editor, proposed, merged, and come true.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::command::{fairway, git};
use crate::server::{Server, Start};

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: require-cost-centre}
spec:
  validationFailureAction: Enforce
  rules:
    - name: cost-centre
      match: {any: [{resources: {kinds: [Deployment, Service]}}]}
      validate:
        message: nobody pays
        pattern: {metadata: {labels: {acme.example/cost-centre: '?*'}}}
";

fn question(content: &str) -> Value {
    json!({"files": [{"path": "require-cost-centre.yaml", "content": content}]})
}

async fn form(server: &Server, path: &str, fields: &[(&str, &str)]) -> crate::server::Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client
        .post(server.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    server.send(request).await
}

/// What findings say, without whose they are, which the list of findings adds.
fn identities<'a>(findings: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    findings
        .filter(|it| it["rule"].as_str().unwrap().contains("require-cost-centre"))
        .map(|it| {
            let mut said = it.clone();
            for added in ["id", "service", "entity", "owner", "since", "docs"] {
                said.as_object_mut().unwrap().shift_remove(added);
            }
            said.to_string()
        })
        .collect()
}

#[tokio::test]
async fn what_the_editor_foresees_is_what_the_fleet_finds_after_the_merge() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service"});
    server.post("/api/v1/services", &request).await.expect(201);
    let nothing = server.get("/api/v1/findings").await.expect(200);
    assert_eq!(identities(nothing["items"].as_array().unwrap().iter()), BTreeSet::new());

    // Who would fail today, and who would have been blocked.
    let report = server.post("/api/v1/policies/what-if", &question(POLICY)).await.expect(200);
    let today = &report["today"];
    assert_eq!(today["counts"], json!({"new": 4, "solved": 0, "same": 0, "blocking": 4}), "{report:#}");
    assert_eq!(today["services"][0]["service"], "gift-cards");
    assert_eq!(today["services"][0]["owner"], "group:default/checkout");
    assert_eq!(today["services"][0]["environments"], json!(["production", "staging"]));
    assert_eq!(report["past"]["blocked"], 1);
    assert_eq!(report["past"]["latest"][0]["applied"], true);
    assert_eq!(report["past"]["latest"][0]["kind"], "plan");
    let foreseen = identities(today["findings"].as_array().unwrap().iter().map(|it| &it["finding"]));
    assert_eq!(foreseen.len(), 4);

    // The same on the command line; a broken file is said at its line, and is no answer.
    let file = folder.path().join("policy.yaml");
    std::fs::write(&file, POLICY).unwrap();
    let asked = ["policy", "what-if", file.to_str().unwrap(), "--url", &server.url("")];
    let told = fairway(&asked).await.ok();
    assert!(told.out.contains("4 new, 0 solved, 0 the same"), "{}", told.out);
    assert!(told.out.contains("1 of 1 plans, deployments and pushes"), "{}", told.out);
    std::fs::write(&file, POLICY.replace("spec:", "spec: [")).unwrap();
    let told = fairway(&asked).await.with_code(1);
    assert!(told.out.contains("policy.yaml:"), "{}", told.out);

    // One object by itself.
    let mut one = question(POLICY);
    one["object"] = json!({"text": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"});
    let report = server.post("/api/v1/policies/what-if", &one).await.expect(200);
    assert_eq!(report["object"]["findings"][0]["message"], "nobody pays", "{report:#}");

    // From the editor: first looked at, then proposed.
    let page = server.get("/policies/new").await;
    assert!(page.text.contains("data-what-if") && page.text.contains("acme/policies"), "{}", page.text);
    let source = page.text.split("name=\"source\"").nth(1).unwrap();
    let source = source.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("path", "require-cost-centre.yaml"), ("content", POLICY), ("source", source.as_str())];
    let drawn = form(&server, "/policies/what-if", &fields).await;
    assert!(drawn.text.contains("data-service=\"gift-cards\""), "{}", drawn.text);
    let without_script =
        form(&server, "/policies/edit", &[&fields[..], &[("action", "evaluate")]].concat()).await;
    assert!(without_script.text.contains("data-service=\"gift-cards\""), "{}", without_script.text);

    let unread =
        [("path", "other/place.yaml"), ("content", POLICY), ("source", source.as_str()), ("action", "save")];
    let refused = form(&server, "/policies/edit", &unread).await;
    assert_eq!(refused.status, 409, "nothing names this file: {}", refused.text);
    let saved = form(&server, "/policies/edit", &[&fields[..], &[("action", "save")]].concat()).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let change = saved.header("location").unwrap().to_owned();
    let number = change.rsplit('/').next().unwrap().to_owned();
    let merged = fairway(&["change", "merge", &format!("acme/policies#{number}"), "--url", &server.url("")])
        .await
        .ok();
    assert!(merged.out.contains("merged as"), "{}", merged.out);

    // Now it is in force, and finds what was foreseen.
    let found = server.get("/api/v1/findings").await.expect(200);
    assert_eq!(identities(found["items"].as_array().unwrap().iter()), foreseen);

    // An edit of the file in force says what would be solved; who opened an older text is told.
    let policy = "ClusterPolicy/require-cost-centre";
    let page = server.get("/policies/edit?policy=ClusterPolicy%2Frequire-cost-centre").await;
    let digest =
        page.text.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let narrower = POLICY.replace("[Deployment, Service]", "[Deployment]");
    let mut edited = question(&narrower);
    edited["edits"] = policy.into();
    let report = server.post("/api/v1/policies/what-if", &edited).await.expect(200);
    assert_eq!(
        report["today"]["counts"],
        json!({"new": 0, "solved": 2, "same": 2, "blocking": 2}),
        "{report:#}"
    );
    assert_eq!(report["past"]["blocked"], 0, "it is blocked already");
    let fields =
        [("policy", policy), ("content", narrower.as_str()), ("digest", "sha256:0"), ("action", "save")];
    assert_eq!(form(&server, "/policies/edit", &fields).await.status, 409);
    let fields =
        [("policy", policy), ("content", narrower.as_str()), ("digest", digest.as_str()), ("action", "save")];
    assert_eq!(form(&server, "/policies/edit", &fields).await.status, 303);
}

const PATCHING: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: require-cost-centre
  annotations:
    fairway.dev/patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels/acme.example~1cost-centre\", \"value\": \"retail\"}]'
spec:
  rules:
    - name: cost-centre
      match: {any: [{resources: {kinds: [Deployment, Service]}}]}
      validate:
        message: nobody pays
        pattern: {metadata: {labels: {acme.example/cost-centre: '?*'}}}
";

#[tokio::test]
async fn what_policies_know_how_to_mend_is_mended_by_a_change_request() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Start::new(&folder.path().join("data")).with(&["--policies-in-pushes", "warn"]).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service"});
    server.post("/api/v1/services", &request).await.expect(201);
    let token = server.token(&["read", "push"]).await;
    let address = server.clone_address("platform/environments", Some(&token));
    git(folder.path(), &["clone", "--quiet", &address]).await.ok();
    let copy = folder.path().join("environments");
    let file = copy.join("production/gift-cards/deployment.yaml");
    let sound = std::fs::read_to_string(&file).unwrap();
    let loose = sound
        .replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true # for now")
        .replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false");
    std::fs::write(&file, loose).unwrap();
    git(&copy, &["commit", "--quiet", "--all", "-m", "Loosen"]).await.ok();
    let pushed = git(&copy, &["push", "--quiet", "origin", "main"]).await.ok();
    assert!(
        pushed.err.contains("The policies have 2 findings on main, 2 of them blocking"),
        "{}",
        pushed.err
    );

    // One policy's findings, then those of all that is left.
    let found = server.get("/api/v1/findings").await.expect(200);
    let rule = found["items"][0]["rule"].as_str().unwrap();
    let one = json!({"service": "gift-cards", "environment": "production", "policy": rule});
    let opened = server.post("/api/v1/findings/mend", &one).await.expect(201);
    assert_eq!(opened["title"], "Mend 1 finding about gift-cards in production");
    let all = json!({"service": "gift-cards", "environment": "production"});
    let opened = server.post("/api/v1/findings/mend", &all).await.expect(201);
    assert_eq!(opened["title"], "Mend 2 findings about gift-cards in production");
    let path = format!("/api/v1/repositories/platform/environments/change-requests/{}", opened["number"]);
    let details = server.get(&path).await.expect(200);
    assert_eq!(details["checks"][0]["status"], "passed", "{details:#}");
    server.post(&format!("{path}/merge"), &json!({})).await.expect(200);
    assert_eq!(server.get("/api/v1/findings").await.expect(200)["total"], 0);
    git(&copy, &["pull", "--quiet", "--rebase"]).await.ok();
    let mended = std::fs::read_to_string(&file).unwrap();
    assert!(mended.contains("allowPrivilegeEscalation: false # for now"), "{mended}");

    // Nothing is left, and nothing is there for somebody else.
    let refused = server.post("/api/v1/findings/mend", &all).await;
    assert!(refused.message().contains("none of these findings"), "{}", refused.message());
    let nobody = json!({"service": "nobody", "environment": "production"});
    server.post("/api/v1/findings/mend", &nobody).await.expect(404);

    // What a policy would find that is not in force yet.
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, PATCHING).unwrap();
    let (url, policy) = (server.url(""), policy.to_str().unwrap());
    let asked =
        ["policy", "mend", "--service", "gift-cards", "--environment", "staging", policy, "--url", &url];
    let told = fairway(&asked).await.ok();
    assert!(
        told.out.starts_with("Mend 2 findings about gift-cards in staging is change request 3"),
        "{}",
        told.out
    );
}
