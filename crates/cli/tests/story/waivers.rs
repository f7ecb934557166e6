//! A policy stands in the way of a new service, and somebody lets it pass for a while.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::command::fairway;
use crate::server::{Answer, PATIENCE, Server, Start, pause};

const POLICY: &str = r#"apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: storycostcentre
  annotations:
    fairway.dev/title: Every workload says who pays
    fairway.dev/fix: Add the label acme.example/cost-centre.
    fairway.dev/waiver-approvers: user:default/ada
    fairway.dev/waiver-maximum-days: "30"
spec:
  crd: {spec: {names: {kind: StoryCostCentre}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package story.costcentre
        violation[{"msg": msg, "details": {"path": "metadata.labels"}}] {
          not input.review.object.metadata.labels["acme.example/cost-centre"]
          msg := sprintf("%v has no cost centre", [input.review.object.metadata.name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: StoryCostCentre
metadata: {name: who-pays}
spec:
  match:
    kinds: [{apiGroups: [apps], kinds: [Deployment]}]
"#;

async fn plan(server: &Server) -> Value {
    let inputs =
        json!({"name": "gift-cards", "description": "Sells gift cards", "owner": "group:default/checkout"});
    server.plan("go-service", &inputs).await
}

async fn as_ada(server: &Server, cookie: &str, path: &str, body: &Value) -> Answer {
    server.send(server.request(Method::POST, path).header("cookie", cookie).json(body)).await
}

#[tokio::test]
async fn a_waiver_lets_a_plan_pass_until_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let url = server.url("");
    let ada = server.administrator().await;
    let file = folder.path().join("policy.yaml");
    std::fs::write(&file, POLICY).unwrap();
    server.register_file(&ada, &file).await.expect(201);

    let blocked = plan(&server).await;
    assert_eq!(blocked["blocked"], true, "{:#}", blocked["plan"]["findings"]);
    let (digest, finding) = (blocked["digest"].as_str().unwrap(), blocked["findingIds"][0].as_str().unwrap());

    // The guest is of the team that will own it, and asks; nobody decides on what they asked for themselves.
    let request =
        ["policy", "waive", "request", finding, "--plan", digest, "--breadth", "service", "--everywhere"];
    let reason = ["--reason", "Finance names the cost centre in March"];
    let too_long = [&request[..], &reason, &["--days", "31", "--url", &url]].concat();
    assert!(fairway(&too_long).await.with_code(2).err.contains("at most 30 days"));
    let asking = [&request[..], &reason, &["--days", "30", "--url", &url, "--output", "json"]].concat();
    let asked: Value = serde_json::from_str(&fairway(&asking).await.ok().out).unwrap();
    let id = asked["id"].as_str().unwrap();
    assert_eq!(asked["standing"], "requested");
    let refused = server.post(&format!("/api/v1/waivers/{id}/approve"), &json!({})).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(refused.message().contains("its approvers are user:default/ada"), "{}", refused.text);
    assert_eq!(plan(&server).await["digest"], blocked["digest"], "asking changes nothing");

    let approved =
        as_ada(&server, &ada, &format!("/api/v1/waivers/{id}/approve"), &json!({})).await.expect(200);
    assert_eq!(approved["standing"], "active");
    let listed = fairway(&["policy", "waive", "list", "--standing", "active", "--url", &url]).await.ok();
    assert!(listed.out.contains(id) && listed.out.contains("everything of gift-cards"), "{}", listed.out);

    // The plan that was blocked stays what it was; a new one shows the finding, and passes.
    let old = server.post(&format!("/api/v1/plans/{digest}/apply"), &json!({})).await;
    assert_eq!(old.status, 409, "{}", old.text);
    let passing = plan(&server).await;
    assert_eq!(passing["blocked"], false);
    let findings = passing["plan"]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "staging and production");
    assert!(findings.iter().all(|finding| finding["waiver"]["id"] == id), "{findings:#?}");
    server.complete(&passing).await;

    // Delivered, it is still seen, by whose it is and since when.
    let deadline = Instant::now() + PATIENCE;
    let items = loop {
        let answer =
            server.get("/api/v1/findings?owner=group:default/checkout&waived=true").await.expect(200);
        let items = answer["items"].as_array().unwrap().clone();
        if items.len() == 2 && items.iter().all(|item| item["since"].is_string()) {
            break items;
        }
        assert!(Instant::now() < deadline, "the fleet is not audited: {answer:#}");
        pause().await;
    };
    assert_eq!(items[0]["service"], "gift-cards");
    fairway(&["findings", "--url", &url]).await.ok();
    let policies = server.get("/api/v1/policies").await.expect(200);
    let policy =
        policies["items"].as_array().unwrap().iter().find(|it| it["constraint"] == "who-pays").unwrap();
    assert_eq!(policy["counts"], json!({"open": 0, "waived": 2, "notEvaluated": 0}));
    assert_eq!((&policy["language"], &policy["waivers"]["maximumDays"]), (&json!("Rego"), &json!(30)));

    fairway(&["policy", "waive", "revoke", id, "--reason", "Finance was quick", "--url", &url]).await.ok();
    let ended = fairway(&["findings", "--waived", "false", "--url", &url]).await.with_code(1);
    assert!(ended.out.contains("has no cost centre"), "{}", ended.out);
    let audit = server.get(&format!("/api/v1/audit?kind=guardrail.waiver&subject={id}")).await.expect(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), 3, "asked, approved, taken back");
}
