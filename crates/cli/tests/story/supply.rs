//! What a pipeline sends of a service, what the platform then answers, and secrets that never come into a repository.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::command::{commit_and_push, fairway, git};
use crate::server::{Answer, Server, Start};

async fn with_service(folder: &Path) -> Server {
    let server = Start::new(&folder.join("data")).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service", "environments": ["staging"]});
    server.post("/api/v1/services", &request).await.expect(201);
    server
}

async fn upload(server: &Server, query: &str, document: &Value) -> Answer {
    let request = server.request(Method::POST, &format!("/api/v1/evidence?{query}"));
    server.send(request.body(document.to_string())).await
}

/// A token-shaped text, made here so that the repository holds none.
fn token() -> String {
    let digits = "a1B2c3D4e5F6g7H8i9";
    format!("gh{}_{digits}{digits}", "p")
}

#[tokio::test]
async fn a_push_that_brings_a_secret_is_refused_with_its_place_and_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let pushing = server.token(&["read", "push"]).await;
    let address = server.clone_address("acme/gift-cards", Some(&pushing));
    git(folder.path(), &["clone", "--quiet", &address]).await.ok();
    let copy = folder.path().join("gift-cards");
    let head = git(&copy, &["rev-parse", "origin/main"]).await.ok().out;

    std::fs::write(copy.join("deploy.sh"), format!("#!/bin/sh\nexport GITHUB_TOKEN={}\n", token())).unwrap();
    commit_and_push(&copy, "Deploy from here").await;
    // Taking it out in a later commit is not enough: the history would have it.
    std::fs::write(copy.join("deploy.sh"), "#!/bin/sh\n").unwrap();
    let refused = commit_and_push(&copy, "Take it out").await;
    assert_ne!(refused.code, Some(0));
    for part in [
        "Fairway refuses this push",
        "deploy.sh:2:21 a GitHub token (40 characters",
        "pre-receive hook declined",
    ] {
        assert!(refused.err.contains(part), "{part} is not in {}", refused.err);
    }
    assert!(!refused.err.contains(&token()), "what was found is never shown");
    assert!(!server.log().contains(&token()));
    let now = git(&copy, &["ls-remote", "origin", "refs/heads/main"]).await.ok().out;
    assert!(now.starts_with(head.trim()), "the branch did not move");

    // With a reason it may come, and who reads the repository reads the reason.
    git(&copy, &["reset", "--hard", "--quiet", "origin/main"]).await.ok();
    let allowed = format!("# fairway:allow-secret made up for the parser's tests\ntoken = \"{}\"\n", token());
    std::fs::write(copy.join("fixture.toml"), allowed).unwrap();
    commit_and_push(&copy, "A fixture").await.ok();
}

#[tokio::test]
async fn the_scanner_says_where_and_never_what() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("app.py"), format!("x = 1\nTOKEN = '{}'\n", token())).unwrap();
    std::fs::write(folder.path().join("image.bin"), b"\0\x01").unwrap();
    for format in ["table", "json", "yaml", "sarif"] {
        let ended = fairway(&["secrets", "scan", place, "--output", format]).await.with_code(1);
        assert!(ended.out.contains("app.py") && ended.out.contains("GitHub token"), "{}", ended.out);
        assert!(!ended.out.contains(&token()) && !ended.err.contains(&token()));
    }
    let report: Value =
        serde_json::from_str(&fairway(&["secrets", "scan", place, "-o", "json"]).await.with_code(1).out)
            .unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["length"]),
        (&json!(2), &json!(10), &json!(40))
    );

    std::fs::create_dir(folder.path().join(".fairway")).unwrap();
    let list = format!(
        "allow:\n  - fingerprint: \"{}\"\n    reason: made up\n",
        finding["fingerprint"].as_str().unwrap()
    );
    std::fs::write(folder.path().join(".fairway/secrets.yaml"), list).unwrap();
    let ended = fairway(&["secrets", "scan", place]).await.with_code(0);
    assert!(ended.out.contains("1 allowed"), "{}", ended.out);
}

#[tokio::test]
async fn where_a_library_is_and_what_is_weak_is_known_after_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let page = "/catalog/default/component/gift-cards?tab=supply-chain";
    assert!(server.get(page).await.text.contains("fairway supply upload"), "the empty page says how");

    let image = format!("sha256:{}", "a".repeat(64));
    let sbom = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            {"bom-ref": "a", "group": "org.apache.logging.log4j", "name": "log4j-core", "version": "2.14.1",
             "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"},
            {"name": "serde", "version": "1.0.229", "purl": "pkg:cargo/serde@1.0.229"}
        ],
        "vulnerabilities": [{"id": "CVE-2021-44228", "affects": [{"ref": "a"}],
                             "ratings": [{"score": 10.0, "severity": "critical", "method": "CVSSv31"}]}]
    });
    let stored = upload(&server, "entity=gift-cards&version=0.1.0", &sbom).await.expect(201);
    assert_eq!((&stored["components"], &stored["vulnerabilities"]["critical"]), (&json!(2), &json!(1)));
    assert_eq!(upload(&server, "entity=nobody", &sbom).await.status, 404);
    assert_eq!(upload(&server, "", &sbom).await.status, 400, "nobody knows what it is about");
    assert_eq!(upload(&server, "entity=gift-cards", &json!({"a": 1})).await.status, 400);

    let places = server.get("/api/v1/components?name=log4j-core&version=%3C2.17.1").await.expect(200);
    let place = &places["items"][0];
    assert_eq!(place["entity"], "component:default/gift-cards", "{places:#}");
    assert_eq!(place["environments"], json!(["staging"]), "version 0.1.0 is delivered to staging");
    assert_eq!(place["owner"], "group:default/checkout");
    let none = server.get("/api/v1/components?name=log4j-core&version=%3E2.17").await.expect(200);
    assert_eq!(none["items"], json!([]));
    let near = server.get("/api/v1/components?name=log4j-cor").await;
    assert!(near.status == 404 && near.text.contains("log4j-core"), "{}", near.text);

    let ended = fairway(&["supply", "where", "pkg:cargo/serde@1.*", "--url", &server.url("")]).await.ok();
    assert!(ended.out.contains("1.0.229") && ended.out.contains("gift-cards"), "{}", ended.out);
    let weak = server.get("/api/v1/vulnerabilities?severity=high&owner=checkout").await.expect(200);
    assert_eq!((&weak["total"], &weak["items"][0]["ageDays"]), (&json!(1), &json!(0)));
    assert_eq!(server.get("/api/v1/vulnerabilities?olderThanDays=1").await.expect(200)["total"], 0);

    // A scan by another tool about the same image keeps since when it is known.
    let trivy = json!({"SchemaVersion": 2, "ArtifactName": "gift-cards", "Results": [{"Target": "app", "Vulnerabilities": [
        {"VulnerabilityID": "CVE-2021-44228", "PkgName": "org.apache.logging.log4j/log4j-core",
         "InstalledVersion": "2.14.1", "Severity": "CRITICAL", "FixedVersion": "2.17.1"}]}]});
    let scanned =
        upload(&server, &format!("entity=gift-cards&version=0.1.0&image={image}"), &trivy).await.expect(201);
    let known = scanned["firstSeen"].as_object().unwrap();
    assert_eq!(known.values().collect::<Vec<_>>(), [&stored["receivedAt"]], "{scanned:#}");

    for (address, part) in [
        (page, "CVE-2021-44228"),
        ("/guardrails/supply-chain?name=log4j-core", "org.apache.logging.log4j/log4j-core"),
        ("/guardrails/supply-chain?name=log4j-core&version=%3C", "needs a version behind it"),
    ] {
        let answer = server.get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        assert!(answer.text.contains(part), "{address} does not say {part}");
    }
    let document = server.get(&format!("/api/v1/evidence/{}", stored["document"].as_str().unwrap())).await;
    assert_eq!(document.json(), sbom);
}

#[tokio::test]
async fn a_scan_that_quotes_a_secret_is_kept_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let scan = json!({"SchemaVersion": 2, "ArtifactName": ".", "Results": [{"Target": ".env", "Secrets": [
        {"RuleID": "github-pat", "Title": "GitHub token", "Severity": "CRITICAL", "StartLine": 1, "Match": token()}]}]});
    let stored = upload(&server, "entity=gift-cards", &scan).await.expect(201);
    assert_eq!((&stored["reduced"], &stored["results"]["critical"]), (&json!(true), &json!(1)));
    let document = server.get(&format!("/api/v1/evidence/{}", stored["document"].as_str().unwrap())).await;
    assert!(document.text.contains("github-pat") && !document.text.contains(&token()));
}
