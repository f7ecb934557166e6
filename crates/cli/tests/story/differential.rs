//! One verdict everywhere: 500 manifests, sound and broken in many ways, under every policy that ships, by the plan of a
//! golden path, its test without a server, the plan of a version, a check of files with and without a server, a pushed
//! branch, a promotion, the admission to a cluster, and the audit of everything delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::admission::Cluster;
use crate::command::{copy_folder, fairway, git};
use crate::server::{PATIENCE, Server, Start, pause};

/// How many manifests are compared.
const MANIFESTS: usize = 500;
/// How many of them each resource of the workload brings.
const EACH: usize = 10;
const SERVICE: &str = "bundle";

/// What a finding says, without where the object was read.
type Verdict = [String; 7];

fn verdict(finding: &Value) -> Verdict {
    let text = |pointer: &str| match finding.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    [
        text("/rule"),
        text("/enforcement"),
        text("/object/kind"),
        text("/object/namespace"),
        text("/object/name"),
        text("/path"),
        text("/message"),
    ]
}

fn verdicts(findings: &Value) -> BTreeSet<Verdict> {
    findings.as_array().unwrap().iter().map(verdict).collect()
}

#[track_caller]
fn same(place: &str, found: &BTreeSet<Verdict>, expected: &BTreeSet<Verdict>) {
    let more: Vec<&Verdict> = found.difference(expected).take(5).collect();
    let less: Vec<&Verdict> = expected.difference(found).take(5).collect();
    assert!(
        more.is_empty() && less.is_empty(),
        "{place}: {} findings, {} expected\nmore: {more:#?}\nless: {less:#?}",
        found.len(),
        expected.len()
    );
}

/// A catalog whose one golden path makes a service that brings all manifests along, as resources of its workload.
async fn write_catalog(folder: &Path) {
    let generated = folder.join("generated");
    let count = MANIFESTS.to_string();
    fairway(&["bench", "policy", "--manifests", &count, "--write", generated.to_str().unwrap()]).await.ok();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&generated).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), MANIFESTS);
    let mut classes = String::new();
    let mut resources = String::new();
    for (number, part) in files.chunks(EACH).enumerate() {
        let _ = write!(
            classes,
            "---\napiVersion: fairway.dev/v1\nkind: ResourceClass\nmetadata: {{name: part-{number}}}\nspec:\n  \
             owner: group:default/payments\n  type: part-{number}\n  provider: files\n  manifests:\n"
        );
        for file in part {
            for (line, text) in std::fs::read_to_string(file).unwrap().lines().enumerate() {
                let _ = writeln!(classes, "    {} {text}", if line == 0 { "-" } else { " " });
            }
        }
        let _ = writeln!(resources, "  part-{number}: {{type: part-{number}}}");
    }
    let content = folder.join("content");
    std::fs::create_dir_all(&content).unwrap();
    std::fs::write(
        content.join("score.yaml"),
        format!(
            "apiVersion: score.dev/v1b1\nmetadata: {{name: {SERVICE}}}\nservice: {{ports: {{web: {{port: 80, targetPort: \
             8080}}}}}}\ncontainers:\n  main:\n    image: .\n    livenessProbe: {{httpGet: {{path: /live, port: 8080}}}}\n    \
             readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}\nresources:\n{resources}"
        ),
    )
    .unwrap();
    std::fs::write(
        content.join("catalog-info.yaml"),
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {SERVICE}}}\nspec: {{type: service, \
             lifecycle: production, owner: payments}}\n"
        ),
    )
    .unwrap();
    // The same golden path with a case, and with the catalog that the case is planned in.
    let tested = folder.join("tested");
    let catalog = tested.join("tests/all/catalog");
    std::fs::create_dir_all(&catalog).unwrap();
    copy_folder(&content, &tested.join("content"));
    std::fs::write(tested.join("template.yaml"), TEMPLATE).unwrap();
    std::fs::write(
        tested.join("tests/all/case.yaml"),
        "expect: {repositories: [acme/bundle, platform/environments]}\n",
    )
    .unwrap();
    std::fs::write(catalog.join("classes.yaml"), &classes).unwrap();
    std::fs::write(catalog.join("catalog-info.yaml"), CATALOG.replace(", ./template.yaml", "")).unwrap();
    std::fs::write(folder.join("classes.yaml"), classes).unwrap();
    std::fs::write(folder.join("template.yaml"), TEMPLATE).unwrap();
    std::fs::write(folder.join("catalog-info.yaml"), CATALOG).unwrap();
}

const CATALOG: &str = r"
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: differential}
spec: {targets: [./classes.yaml, ./template.yaml]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team, children: []}
---
apiVersion: fairway.dev/v1
kind: Environment
metadata: {name: staging}
spec:
  owner: group:default/payments
  order: 10
  delivery: {repository: platform/environments, path: staging}
  namespace: payments
  domain: staging.acme.example
  registry: registry.acme.example
  resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 256Mi, cpu: 500m}}
---
apiVersion: fairway.dev/v1
kind: Environment
metadata: {name: production}
spec:
  owner: group:default/payments
  order: 20
  promotesFrom: staging
  production: true
  delivery: {repository: platform/environments, path: production}
  namespace: payments
  domain: acme.example
  registry: registry.acme.example
  replicas: {min: 2, max: 4}
  resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 256Mi, cpu: 500m}}
";

const TEMPLATE: &str = r#"
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: bundle}
spec:
  owner: group:default/payments
  type: service
  parameters: []
  steps:
    - {id: fetch, name: Files, action: "fetch:template", input: {url: ./content, values: {}}}
    - id: publish
      name: Repository
      action: publish:git
      input: {repoUrl: "fairway?owner=acme&repo=bundle", defaultBranch: main}
    - id: register
      name: Catalog
      action: catalog:register
      input: {repoContentsUrl: "${{ steps.publish.output.repoContentsUrl }}", catalogInfoPath: /catalog-info.yaml}
    - id: deliver
      name: Environments
      action: workload:deliver
      input: {scorePath: score.yaml, service: bundle, owner: "group:default/payments", environments: [staging, production], version: 0.1.0}
"#;

/// The policies that ship, as a source; its identifier.
async fn register_policies(server: &Server, administrator: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/catalog-info.yaml");
    let source = server.register_file(administrator, &file.canonicalize().unwrap()).await.expect(201);
    assert_eq!(source["last"]["broken"], 0, "{source:#}");
    source["id"].as_str().unwrap().to_owned()
}

/// What a check of an environment's files finds, and each object with its file.
async fn checked(server: &Server, folder: &Path, environment: &str) -> BTreeSet<Verdict> {
    let mut files = Vec::new();
    for (path, content) in files_of(folder, environment) {
        files.push(json!({"path": path, "content": content}));
    }
    let answer = server.post("/api/v1/check", &json!({"files": files})).await.expect(200);
    assert_eq!(answer["diagnostics"], json!([]));
    verdicts(&answer["findings"])
}

fn files_of(folder: &Path, environment: &str) -> BTreeMap<String, String> {
    let folder = folder.join("environments").join(environment).join(SERVICE);
    std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The findings of a plan for one environment; all are for it where that is all it renders.
fn planned(plan: &Value, environment: &str) -> BTreeSet<Verdict> {
    let findings = plan.pointer("/plan/findings").or_else(|| plan.get("findings")).unwrap();
    let own = findings.as_array().unwrap().iter().filter(|it| it["object"]["environment"] == environment);
    own.map(verdict).collect()
}

#[tokio::test]
async fn five_hundred_manifests_have_one_verdict_at_every_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_catalog(folder.path()).await;
    let server =
        Start::new(&data).with(&["--no-example", "--admission-listen", "127.0.0.1:0"]).server().await;
    let administrator = server.administrator().await;
    let source =
        server.register_file(&administrator, &folder.path().join("catalog-info.yaml")).await.expect(201);
    assert_eq!(source["last"]["broken"], 0, "{source:#}");

    // The golden path is held against the policies; then everything is delivered as if there were none yet.
    let policies = register_policies(&server, &administrator).await;
    let golden = server.plan("bundle", &json!({})).await;
    assert_eq!(golden["blocked"], true);
    let request = server.request(reqwest::Method::DELETE, &format!("/api/v1/sources/{policies}"));
    assert!(server.send(request.header("cookie", &administrator)).await.status < 300);
    let free = server.plan("bundle", &json!({})).await;
    server.complete(&free).await;
    let deploy = json!({"service": SERVICE, "environment": "staging", "version": "0.2.0"});
    let plan = server.post("/api/v1/deployments", &deploy).await.expect(200);
    server.complete(&plan).await;
    let address = server.clone_address("platform/environments", None);
    git(folder.path(), &["clone", "--quiet", &address]).await.ok();
    register_policies(&server, &administrator).await;

    let staging = checked(&server, folder.path(), "staging").await;
    let production = checked(&server, folder.path(), "production").await;
    assert!(staging.len() > MANIFESTS, "the manifests are broken in many ways: {}", staging.len());
    same("the plan of the golden path, staging", &planned(&golden, "staging"), &staging);
    same("the plan of the golden path, production", &planned(&golden, "production"), &production);
    let tested = folder.path().join("tested");
    let ended =
        fairway(&["template", "test", tested.to_str().unwrap(), "--output", "json"]).await.with_code(1);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let case = &report["cases"][0];
    same("the test of the golden path, staging", &planned(case, "staging"), &staging);
    same("the test of the golden path, production", &planned(case, "production"), &production);
    let deploy = json!({"service": SERVICE, "environment": "staging", "version": "0.3.0"});
    let plan = server.post("/api/v1/deployments", &deploy).await.expect(200);
    same("the plan of a version", &planned(&plan, "staging"), &staging);
    let promotion = json!({"service": SERVICE, "to": "production"});
    let plan = server.post("/api/v1/promotions", &promotion).await.expect(200);
    same("a promotion", &planned(&plan, "production"), &production);
    by_the_command_line(&server, folder.path(), &staging).await;
    let fleet = server.get("/api/v1/findings?environment=staging").await.expect(200);
    let items: Vec<Value> = fleet["items"].as_array().unwrap().clone();
    let found: BTreeSet<Verdict> =
        items.iter().map(|item| verdict(item.get("finding").unwrap_or(item))).collect();
    same("everything delivered", &found, &staging);
    by_a_push(&server, folder.path(), &staging).await;
    by_a_cluster(&server, &data, folder.path(), &staging).await;
}

/// `fairway check`, by the server's policies and by those of a folder.
async fn by_the_command_line(server: &Server, folder: &Path, expected: &BTreeSet<Verdict>) {
    let manifests = folder.join("environments/staging").join(SERVICE);
    let manifests = manifests.to_str().unwrap();
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    for arguments in [["--url", &server.url("")], ["--policies", policies.to_str().unwrap()]] {
        let mut command = vec!["check", manifests, "--output", "json"];
        command.extend(arguments);
        let ended = fairway(&command).await.with_code(1);
        let answer: Value = serde_json::from_str(&ended.out).unwrap();
        same(&format!("fairway check {}", arguments[0]), &verdicts(&answer["findings"]), expected);
    }
}

/// A branch that brings the files: its push and its change request say what each of them is found to be.
async fn by_a_push(server: &Server, folder: &Path, expected: &BTreeSet<Verdict>) {
    let token = server.token(&["read", "push"]).await;
    let address = server.clone_address("acme/bundle", Some(&token));
    git(folder, &["clone", "--quiet", &address]).await.ok();
    let copy = folder.join("bundle");
    let deploy = copy.join("deploy");
    std::fs::create_dir_all(&deploy).unwrap();
    for (name, content) in files_of(folder, "staging") {
        std::fs::write(deploy.join(name), content).unwrap();
    }
    git(&copy, &["checkout", "--quiet", "-b", "manifests"]).await.ok();
    git(&copy, &["add", "."]).await.ok();
    let author = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.example"];
    git(&copy, &[&author[..], &["commit", "--quiet", "-m", "Manifests"]].concat()).await.ok();
    // Another branch may go on, and whoever pushes is told; the default branch is closed.
    let pushed = git(&copy, &["push", "--quiet", "origin", "manifests"]).await.ok();
    let told = format!("The policies have {} findings on manifests", expected.len());
    assert!(pushed.err.contains(&told), "{told}\n{}", pushed.err);
    let refused = git(&copy, &["push", "--quiet", "origin", "manifests:main"]).await;
    let told = format!("Fairway refuses this push to main: the policies have {} findings", expected.len());
    assert!(refused.code != Some(0) && refused.err.contains(&told), "{told}\n{}", refused.err);
    let path = "/api/v1/repositories/acme/bundle/change-requests";
    let opened = server.post(path, &json!({"source": "manifests", "title": "Manifests"})).await.expect(201);
    let details = server.get(&format!("{path}/{}", opened["number"])).await.expect(200);
    let checks = details["checks"].as_array().unwrap();
    let guardrails = checks.iter().find(|check| check["name"] == "Guardrails").unwrap();
    // It says the policy's title and the message; which objects they are about is told by the files.
    let mut found: Vec<String> = guardrails["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["message"].as_str().unwrap().split_once(": ").unwrap().1.to_owned())
        .collect();
    found.sort();
    let mut wanted: Vec<String> = expected.iter().map(|verdict| verdict[6].clone()).collect();
    wanted.sort();
    assert_eq!(found.len(), wanted.len(), "a push");
    assert!(found == wanted, "a push: the messages differ");
}

/// Each object, as a cluster would ask about it.
async fn by_a_cluster(server: &Server, data: &Path, folder: &Path, expected: &BTreeSet<Verdict>) {
    let cluster = Cluster::of(server, data);
    let mut by_object: BTreeMap<[String; 3], Vec<&Verdict>> = BTreeMap::new();
    for verdict in expected {
        by_object
            .entry([verdict[2].clone(), verdict[3].clone(), verdict[4].clone()])
            .or_default()
            .push(verdict);
    }
    let objects: Vec<Value> = files_of(folder, "staging")
        .iter()
        .flat_map(|(name, text)| {
            let reading = fairway_yaml::read(name, text, &fairway_yaml::Limits::default());
            reading.documents.into_iter().map(|document| document.value)
        })
        .collect();
    assert!(objects.len() >= MANIFESTS, "{}", objects.len());
    // What is delivered is taken in from time to time.
    let deadline = Instant::now() + PATIENCE;
    loop {
        match differing(&cluster, &objects, &by_object).await {
            None => break,
            Some(difference) => assert!(Instant::now() < deadline, "admission: {difference}"),
        }
        pause().await;
    }
}

/// The first object whose verdict at admission is another.
async fn differing(
    cluster: &Cluster,
    objects: &[Value],
    expected: &BTreeMap<[String; 3], Vec<&Verdict>>,
) -> Option<String> {
    for (index, object) in objects.iter().enumerate() {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let key = [text("/kind"), text("/metadata/namespace"), text("/metadata/name")].map(str::to_owned);
        let own = expected.get(&key).map(Vec::as_slice).unwrap_or_default();
        let line = |verdict: &&Verdict| {
            let message = verdict[6].split_whitespace().collect::<Vec<_>>().join(" ");
            format!("[{}] {message}", verdict[0])
        };
        let with = |enforcement: &str| -> BTreeSet<String> {
            own.iter().copied().filter(|verdict| verdict[1] == enforcement).map(|it| line(&it)).collect()
        };
        let response = cluster.ask_about("validate/staging", index, object).await;
        let denied: BTreeSet<String> = response
            .pointer("/status/message")
            .and_then(Value::as_str)
            .into_iter()
            .flat_map(str::lines)
            .map(str::to_owned)
            .collect();
        let warned: BTreeSet<String> = response["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        let recorded = response.pointer("/auditAnnotations/recorded").is_some();
        // A message names 20 findings, a warning has 256 characters.
        let shortened = |lines: &BTreeSet<String>| -> BTreeSet<String> {
            lines.iter().map(|it| it.chars().take(200).collect()).collect()
        };
        let (wanted, wanted_warnings) = (with("deny"), with("warn"));
        let is_same = response["allowed"] == wanted.is_empty()
            && (wanted.len() > 20 || shortened(&denied) == shortened(&wanted))
            && shortened(&warned) == shortened(&wanted_warnings)
            && recorded != with("dryrun").is_empty();
        if !is_same {
            return Some(format!("{key:?}: {response:#}\nexpected {wanted:#?}, warned {wanted_warnings:#?}"));
        }
    }
    None
}
