//! What a change of policies would do, held against what it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, dead_code)]

#[path = "../catalog/office.rs"]
mod office;

use std::collections::BTreeSet;

use fairway_app::guardrails::{
    FindingChange, FindingFilter, PolicyChange, PolicyFile, WaiverFate, WhatIf, WhatIfReport,
};
use fairway_app::waivers::{Breadth, WaiverEnd, WaiverRequest, WaiverSubject};
use fairway_domain::finding::Finding;
use fairway_domain::repository::BranchName;
use fairway_domain::tree::TreeFile;
use fairway_remote::{CommitRequest, NewRepository};
use office::{Office, admin, member, repository};

const WORLD: &str = "
apiVersion: fairway.dev/v1
kind: Environment
metadata: {name: staging}
spec: {owner: 'group:default/platform', order: 10, delivery: {repository: acme/delivered, path: staging}, namespace: shop, domain: s.example, registry: r.example}
---
apiVersion: fairway.dev/v1
kind: Environment
metadata: {name: production}
spec: {owner: 'group:default/platform', order: 20, delivery: {repository: acme/delivered, path: production}, namespace: shop, domain: p.example, registry: r.example}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders}
spec: {type: service, lifecycle: production, owner: platform}
";

/// In Gatekeeper's words, with parameters.
fn labels(label: &str, action: &str) -> String {
    format!(
        "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: k8slabels}}
spec:
  crd: {{spec: {{names: {{kind: K8sLabels}}}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package labels

        violation[{{\"msg\": msg}}] {{
          not input.review.object.metadata.labels[input.parameters.label]
          msg := sprintf(\"%v has no %v\", [input.review.object.metadata.name, input.parameters.label])
        }}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sLabels
metadata: {{name: who}}
spec:
  enforcementAction: {action}
  match: {{kinds: [{{apiGroups: ['*'], kinds: [Deployment, Service]}}]}}
  parameters: {{label: {label}}}
"
    )
}

/// Compares objects: no two ingresses of one host.
const UNIQUE: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: uniquehost}
spec:
  crd: {spec: {names: {kind: UniqueHost}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package unique

        violation[{\"msg\": msg}] {
          host := input.review.object.spec.rules[_].host
          other := data.inventory.namespace[_][_][\"Ingress\"][name]
          other.spec.rules[_].host == host
          name != input.review.object.metadata.name
          msg := sprintf(\"%v is taken by %v\", [host, name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: UniqueHost
metadata: {name: hosts}
spec: {match: {kinds: [{apiGroups: [networking.k8s.io], kinds: [Ingress]}]}}
";

/// By the labels of namespaces, in Kubernetes' words.
const REPLICAS: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
    namespaceSelector: {matchLabels: {tier: gold}}
  validations: [{expression: 'object.spec.replicas > 1', message: too few}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: replicas}
spec: {policyName: replicas, validationActions: [Warn]}
";

/// In Kyverno's words.
const IMAGES: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: images}
spec:
  validationFailureAction: Enforce
  rules:
    - name: no-latest
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: say which version, pattern: {spec: {containers: [{image: '!*:latest'}]}}}
";

fn service(name: &str, index: usize) -> String {
    let team = if index.is_multiple_of(2) { "\n  labels: {team: a}" } else { "" };
    let tag = if index.is_multiple_of(3) { "latest" } else { "1.0" };
    let host = index / 2;
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop{team}
spec: {{replicas: {replicas}, template: {{spec: {{containers: [{{name: main, image: 'r/{name}:{tag}'}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop, labels: {{owner: x}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: shop}}
spec: {{rules: [{{host: h{host}.example}}]}}
",
        replicas = index % 3
    )
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: gold}}\n";

async fn deliver(office: &Office, files: Vec<(String, Option<String>)>) {
    let repository = repository("delivered");
    if !office.forge.exists(&repository).await.unwrap() {
        let new = NewRepository {
            repository: repository.clone(),
            description: String::new(),
            default_branch: BranchName::main(),
            created_by: "test".to_owned(),
        };
        office.forge.create(&new).await.unwrap();
    }
    let request = CommitRequest {
        repository: repository.clone(),
        branch: BranchName::main(),
        parent: office.forge.head(&repository, &BranchName::main()).await.unwrap(),
        message: "Deliver".to_owned(),
        author_name: "Eve".to_owned(),
        author_email: "eve@acme.test".to_owned(),
        at: office.app.now(),
        changes: files
            .into_iter()
            .map(|(path, text)| {
                (path.parse().unwrap(), text.map(|text| TreeFile::regular(text.into_bytes())))
            })
            .collect(),
    };
    office.forge.commit(&request).await.unwrap();
}

async fn office(policies: &str) -> Office {
    let office = Office::open().await;
    office.write(WORLD).await;
    office.write_to("policies", "catalog-info.yaml", policies).await;
    let mut files = vec![("production/platform/namespace.yaml".to_owned(), Some(NAMESPACE.to_owned()))];
    for (index, name) in ["orders", "stock", "cart", "mail"].iter().enumerate() {
        for environment in ["staging", "production"] {
            files.push((format!("{environment}/{name}/all.yaml"), Some(service(name, index))));
        }
    }
    deliver(&office, files).await;
    office
}

fn ask(content: &str) -> WhatIf {
    let file = PolicyFile { path: "policies.yaml".to_owned(), content: content.to_owned() };
    WhatIf { files: vec![file], listed: 10_000, past: true, ..WhatIf::default() }
}

/// The findings that would be there, of the policies that change.
fn foreseen(report: &WhatIfReport) -> BTreeSet<Finding> {
    assert!(report.evaluated && report.complete && report.today.left_off == 0, "{report:#?}");
    let stay = report.today.findings.iter().filter(|it| it.change != FindingChange::Solved);
    stay.map(|it| it.finding.clone()).collect()
}

/// The findings that are there, of the policies that changed.
async fn found(office: &Office, report: &WhatIfReport) -> BTreeSet<Finding> {
    let fleet = office.app.fleet(&member()).await.unwrap();
    let of = |finding: &&Finding| report.policies.iter().any(|policy| finding.rule.starts_with(&policy.name));
    fleet.findings.iter().filter(of).cloned().collect()
}

#[tokio::test]
async fn what_is_foreseen_is_what_comes() {
    let office = office("").await;
    let mut text = String::new();
    for (step, policy) in [
        labels("team", "deny"),
        labels("owner", "warn"),
        UNIQUE.to_owned(),
        REPLICAS.to_owned(),
        IMAGES.to_owned(),
        IMAGES.replace("latest", "1.0"),
        labels("owner", "deny"),
    ]
    .into_iter()
    .enumerate()
    {
        let report = office.app.what_if(&member(), ask(&policy)).await.unwrap();
        assert_eq!(report.diagnostics, [], "step {step}");
        let foreseen = foreseen(&report);
        assert!(!foreseen.is_empty(), "step {step} finds something: {report:#?}");
        let before = found(&office, &report).await;
        let new = report.today.counts.new;
        assert!(new > 0 || step == 6, "step {step}");
        assert_eq!(before.len(), report.today.counts.same + report.today.counts.solved, "step {step}");

        // The same policies, now in force.
        let kind = policy.lines().find(|line| line.starts_with("metadata")).unwrap().to_owned();
        let mut parts: Vec<&str> = text.split("===\n").filter(|part| !part.is_empty()).collect();
        parts.retain(|part| !part.contains(&kind));
        parts.push(&policy);
        text = parts.join("===\n");
        office.write_to("policies", "catalog-info.yaml", &text.replace("===\n", "---\n")).await;
        assert_eq!(found(&office, &report).await, foreseen, "step {step}");
    }
    // What is delivered anew is seen without reading everything again, and nothing is left of what is gone.
    deliver(
        &office,
        vec![
            ("staging/new/all.yaml".to_owned(), Some(service("new", 3))),
            ("staging/orders/all.yaml".to_owned(), None),
        ],
    )
    .await;
    let fleet = office.app.fleet(&member()).await.unwrap();
    assert_eq!(fleet.objects, 4 * 2 * 3 + 1);
    let (set, problems) = fairway_policy::PolicySet::compile(
        fairway_yaml::read("p.yaml", &text.replace("===\n", "---\n"), &fairway_yaml::Limits::default())
            .documents
            .into_iter()
            .map(|document| fairway_policy::PolicyDocument { value: document.value, file: None })
            .collect(),
    );
    assert_eq!(problems, []);
    let mut objects = Vec::new();
    for (environment, names) in
        [("staging", ["cart", "mail", "new", "stock"]), ("production", ["cart", "mail", "orders", "stock"])]
    {
        for name in names {
            let index = ["orders", "stock", "cart", "mail"].iter().position(|it| it == &name).unwrap_or(3);
            objects.push((environment, format!("{environment}/{name}/all.yaml"), service(name, index)));
        }
    }
    objects.push(("production", "production/platform/namespace.yaml".to_owned(), NAMESPACE.to_owned()));
    let objects: Vec<fairway_policy::PolicyObject> = objects
        .into_iter()
        .flat_map(|(environment, file, text)| {
            let reading = fairway_yaml::read(&file, &text, &fairway_yaml::Limits::default());
            reading.documents.into_iter().map(move |document| fairway_policy::PolicyObject {
                value: document.value,
                file: Some(file.clone()),
                environment: Some(environment.to_owned()),
            })
        })
        .collect();
    let together: BTreeSet<Finding> = set.evaluate(&objects).into_iter().collect();
    assert_eq!(fleet.findings.iter().cloned().collect::<BTreeSet<_>>(), together);
}

#[tokio::test]
async fn a_change_is_counted_by_service_owner_and_environment() {
    let office = office(&labels("team", "warn")).await;
    let report = office.app.what_if(&member(), ask(&labels("owner", "deny"))).await.unwrap();
    let today = &report.today;
    // Services have an owner, deployments do not. Half of the deployments had a team, and no service had.
    assert_eq!(
        (today.counts.new, today.counts.solved, today.counts.same),
        (2 * 2, 4 * 2, 2 * 2),
        "{today:#?}"
    );
    assert_eq!(today.counts.blocking, 4 * 2);
    assert_eq!(report.policies.len(), 1);
    assert_eq!(report.policies[0].change, PolicyChange::Changed);
    let orders = today.services.iter().find(|it| it.service == "orders").unwrap();
    assert_eq!(orders.owner.as_ref().unwrap().to_string(), "group:default/platform");
    assert_eq!(orders.environments.iter().collect::<Vec<_>>(), ["production", "staging"]);
    assert_eq!(today.owners.iter().map(|it| it.services).sum::<usize>(), 4);
    assert_eq!(today.environments[0].name, "production");

    // A policy that goes takes its findings along.
    let gone = WhatIf { removed: vec!["K8sLabels/who".to_owned()], listed: 3, ..WhatIf::default() };
    let report = office.app.what_if(&member(), gone).await.unwrap();
    assert_eq!((report.today.counts.new, report.today.counts.solved), (0, 2 * (4 + 2)));
    assert_eq!((report.today.findings.len(), report.today.left_off), (3, 9));
    let unknown = WhatIf { removed: vec!["K8sLabels/what".to_owned()], ..WhatIf::default() };
    assert!(office.app.what_if(&member(), unknown).await.is_err());
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_line() {
    let office = office("").await;
    let broken = labels("owner", "deny").replace("msg := sprintf", "msg := = sprintf");
    let report = office.app.what_if(&member(), ask(&broken)).await.unwrap();
    let places: Vec<String> =
        report.diagnostics.iter().map(|it| it.location.as_ref().unwrap().to_string()).collect();
    let line = broken.lines().position(|line| line.contains("msg := =")).unwrap() + 1;
    assert!(places[0].starts_with(&format!("policies.yaml:{line}:")), "{places:?}");
    assert_eq!(report.diagnostics[0].source_line.as_deref(), broken.lines().nth(line - 1));

    let unreadable = "a: [\n".to_owned() + &broken;
    let report = office.app.what_if(&member(), ask(&unreadable)).await.unwrap();
    assert!(!report.evaluated && report.diagnostics.iter().any(fairway_domain::Diagnostic::is_error));
    assert_eq!(report.today.findings, []);
}

#[tokio::test]
async fn a_newer_question_ends_the_one_before() {
    let office = office("").await;
    let question = || WhatIf { session: Some("editor".to_owned()), ..ask(&labels("team", "deny")) };
    let caller = member();
    let (one, two) =
        tokio::join!(office.app.what_if(&caller, question()), office.app.what_if(&caller, question()));
    assert!(two.is_ok() && one.is_err_and(|error| error.to_string().contains("newer")));
}

#[tokio::test]
async fn a_waiver_lapses_with_its_policy_or_is_not_needed_any_more() {
    let text = labels("team", "deny").replace(
        "metadata: {name: k8slabels}",
        "metadata: {name: k8slabels, annotations: {fairway.dev/waiver-four-eyes: 'off'}}",
    );
    let office = office(&text).await;
    let filter = FindingFilter { service: Some("stock".to_owned()), ..FindingFilter::default() };
    let found = office.app.findings(&member(), &filter).await.unwrap();
    let finding = found.iter().find(|it| it.finding.object.kind == "Deployment").unwrap().id.clone();
    let subject =
        WaiverSubject::Finding { finding, plan: None, breadth: Breadth::Object, environments: None };
    let request = WaiverRequest {
        subject,
        reason: "the vendor mends it in March".to_owned(),
        end: WaiverEnd::Days(30),
    };
    let waiver = office.app.request_waiver(&admin(), request).await.unwrap().waiver.id;
    office.app.approve_waiver(&admin(), &waiver, None).await.unwrap();

    // It holds as long as its policy finds what it covers.
    let same = office.app.what_if(&member(), ask(&text)).await.unwrap();
    assert_eq!(same.waivers, []);
    assert_eq!(same.today.counts.blocking + 1, same.today.counts.same, "what is waived does not block");
    assert_eq!(same.today.findings.iter().filter(|it| it.finding.waiver.is_some()).count(), 1);

    let gone = WhatIf { removed: vec!["K8sLabels/who".to_owned()], ..WhatIf::default() };
    let gone = office.app.what_if(&member(), gone).await.unwrap();
    assert_eq!((gone.waivers[0].id.as_str(), gone.waivers[0].fate), (waiver.as_str(), WaiverFate::Unneeded));

    let renamed = WhatIf {
        removed: vec!["K8sLabels/who".to_owned()],
        ..ask(&text.replace("metadata: {name: who}", "metadata: {name: whom}"))
    };
    let renamed = office.app.what_if(&member(), renamed).await.unwrap();
    assert_eq!((renamed.waivers.len(), renamed.waivers[0].fate), (1, WaiverFate::Lapses));
}
