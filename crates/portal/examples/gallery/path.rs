//! Create, form, plan, run.

use std::collections::BTreeMap;

use fairway_domain::cost::{CostEstimate, CostLine, Micros};
use fairway_domain::delivery::{DeliveryKind, DeploymentIntent};
use fairway_domain::finding::{Enforcement, Finding, ObjectRef, Outcome, Severity};
use fairway_domain::plan::{
    Effect, FileAction, FileChange, OutputLink, Plan, PlannedResource, Purpose, RenderedEnvironment,
};
use fairway_domain::repository::BranchName;
use fairway_domain::run::{EffectOutcome, EffectStatus, Run, RunEffect, RunLine, RunStatus};
use fairway_domain::tree::FileMode;
use fairway_domain::{Actor, Digest, Origin};
use fairway_portal::*;
use serde_json::json;

use super::knowledge::{run_row, template};
use super::{before, chrome, reference};

pub fn findings() -> Vec<Finding> {
    let object = |name: &str| ObjectRef {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        namespace: "checkout".into(),
        name: name.into(),
        file: Some("staging/orders-api/deployment.yaml".into()),
        environment: Some("staging".into()),
        service: Some(name.into()),
    };
    vec![
        Finding {
            policy: "Containers have limits".into(),
            rule: "K8sContainerLimits/container-limits".into(),
            severity: Severity::High,
            enforcement: Enforcement::Deny,
            outcome: Outcome::Violation,
            object: object("orders-api"),
            path: Some("spec.template.spec.containers[0].resources.limits.memory".into()),
            message: "container <orders-api> has no memory limit".into(),
            why: Some("One service that leaks can take every other on its node down.".into()),
            fix: Some(
                "Add resources.limits.memory to the container in score.yaml, for example 256Mi.".into(),
            ),
            waiver: None,
            docs: None,
            line: Some(31),
            patch: Vec::new(),
        },
        Finding {
            policy: "Images come from the company's registry".into(),
            rule: "K8sAllowedRepos/registry".into(),
            severity: Severity::Medium,
            enforcement: Enforcement::Warn,
            outcome: Outcome::Violation,
            object: object("orders-api"),
            path: None,
            message: "container <sidecar> has the image docker.io/library/busybox:1.36".into(),
            why: None,
            fix: Some("Use the mirror registry.acme.example/mirror/busybox:1.36.".into()),
            waiver: None,
            docs: None,
            line: None,
            patch: Vec::new(),
        },
    ]
}

fn file(path: &str, size: u64, action: FileAction) -> FileChange {
    FileChange {
        path: path.parse().unwrap(),
        action,
        mode: FileMode::Regular,
        content: Some(Digest::of(path.as_bytes())),
        size,
        before: (action == FileAction::Change).then(|| Digest::of(b"before")),
    }
}

fn plan_sample(with_findings: bool) -> Plan {
    let repository = "acme/orders-api".parse().unwrap();
    let files = [
        ".ci/build.yaml",
        ".fairway/origin.yaml",
        "Dockerfile",
        "README.md",
        "catalog-info.yaml",
        "docs/index.md",
        "docs/runbook.md",
        "mkdocs.yml",
        "pyproject.toml",
        "score.yaml",
        "src/orders_api/__init__.py",
        "src/orders_api/main.py",
        "src/orders_api/metrics.py",
        "tests/test_health.py",
    ];
    let manifests = |environment: &str| {
        ["deployment.yaml", "network-policy.yaml", "service.yaml"]
            .map(|name| file(&format!("{environment}/orders-api/{name}"), 900, FileAction::Add))
            .to_vec()
    };
    let deployment = |environment: &str| Effect::RecordDeployment {
        deployment: DeploymentIntent {
            service: "orders-api".into(),
            environment: environment.into(),
            version: "0.1.0".into(),
            images: vec!["registry.acme.example/acme/orders-api:0.1.0".into()],
            source: None,
            source_commit: None,
            manifests: Digest::of(b"m"),
            kind: DeliveryKind::Deploy,
            replaces: None,
        },
    };
    let commit = |repository: &str, message: &str, files| Effect::Commit {
        repository: repository.parse().unwrap(),
        branch: BranchName::main(),
        base: None,
        rebase: true,
        message: message.into(),
        files,
    };
    let rendered = |environment: &str, size: &str| RenderedEnvironment {
        environment: environment.into(),
        service: "orders-api".into(),
        version: "0.1.0".into(),
        namespace: format!("checkout-{environment}"),
        files: manifests(environment),
        resources: vec![PlannedResource {
            name: "db".into(),
            resource_type: "postgres".into(),
            class: "postgres".into(),
            provider: "cloudnative-pg".into(),
            size: Some(size.into()),
        }],
    };
    Plan {
        format: Plan::FORMAT,
        purpose: Purpose::Template {
            template: reference("template:default/python-service"),
            digest: Digest::of(b"t"),
        },
        title: "Create orders-api".into(),
        owner: Some(reference("group:default/checkout")),
        inputs: json!({"name": "orders-api", "owner": "group:default/checkout", "database": "postgresql"}),
        steps: vec![],
        effects: vec![
            Effect::CreateRepository {
                repository,
                description: "Takes orders".into(),
                default_branch: BranchName::main(),
            },
            commit(
                "acme/orders-api",
                "Create orders-api from python-service",
                files.map(|path| file(path, 1_200, FileAction::Add)).to_vec(),
            ),
            Effect::RegisterLocation {
                target: "http://127.0.0.1:7007/repositories/acme/orders-api/blob/main/catalog-info.yaml"
                    .into(),
                entities: vec![
                    reference("component:default/orders-api"),
                    reference("api:default/orders-api"),
                ],
                optional: false,
            },
            commit("platform/environments", "Deploy orders-api 0.1.0 to staging", manifests("staging")),
            deployment("staging"),
            commit(
                "platform/environments",
                "Deploy orders-api 0.1.0 to production",
                [
                    manifests("production"),
                    vec![file("production/kustomization.yaml", 300, FileAction::Change)],
                ]
                .concat(),
            ),
            deployment("production"),
        ],
        environments: vec![rendered("staging", "small"), rendered("production", "medium")],
        findings: if with_findings { findings() } else { vec![] },
        policies_evaluated: 11,
        cost: Some(CostEstimate {
            currency: "EUR".into(),
            monthly: Micros(212_400_000),
            lines: vec![
                CostLine {
                    environment: "staging".into(),
                    item: "postgres db".into(),
                    basis: "class postgres-cloudnative-pg, size small".into(),
                    monthly: Micros(24_000_000),
                },
                CostLine {
                    environment: "production".into(),
                    item: "postgres db".into(),
                    basis: "class postgres-cloudnative-pg, size medium".into(),
                    monthly: Micros(180_000_000),
                },
                CostLine {
                    environment: "production".into(),
                    item: "containers".into(),
                    basis: "2 × (0.1 CPU, 0.125 GiB)".into(),
                    monthly: Micros(8_400_000),
                },
            ],
            unpriced: vec!["network traffic".into()],
        }),
        links: vec![],
        texts: vec![],
        warnings: if with_findings {
            vec![
                "The step “notify” has an input that could not be rendered; it is sent as it is written."
                    .into(),
            ]
        } else {
            vec![]
        },
    }
}

fn plan_view(blocked: bool) -> PlanView {
    let plan = plan_sample(blocked);
    let digest = plan.digest();
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders-api\n";
    let mut contents = BTreeMap::new();
    for effect in &plan.effects {
        if let Effect::Commit { files, .. } = effect {
            for file in files.iter().filter(|file| file.path.as_str() != "README.md") {
                contents.insert(
                    file.content.unwrap(),
                    PlanContent::Text { text: format!("{text}  file: {}\n", file.path), html: None },
                );
            }
        }
    }
    contents.insert(
        Digest::of(b"before"),
        PlanContent::Text {
            text: "apiVersion: apps/v1\nkind: Kustomization\nmetadata:\n  name: orders-api\n".into(),
            html: None,
        },
    );
    PlanView {
        plan,
        digest,
        contents,
        blocked: blocked.then(|| {
            "1 finding blocks this plan. Mend it in the template or the answers, and make the plan again."
                .into()
        }),
        run: None,
        made_at: Some(before(20)),
        made_by: Some("ada".into()),
        edit_url: Some("/create/default/python-service".into()),
    }
}

fn promotion() -> PlanView {
    let mut view = plan_view(false);
    view.plan.title = "Promote orders-api 1.5.0 to production".into();
    view.plan.purpose = Purpose::Promotion {
        service: "orders-api".into(),
        from: "staging".into(),
        to: "production".into(),
        version: "1.5.0".into(),
    };
    view.plan.effects.drain(..5);
    view.plan.environments.remove(0);
    view.digest = view.plan.digest();
    view
}

fn run_sample(status: RunStatus) -> RunView {
    let plan = plan_sample(false);
    let done = match status {
        RunStatus::Running | RunStatus::Failed => 3,
        _ => plan.effects.len(),
    };
    let effects = (0..plan.effects.len())
        .map(|index| {
            let at = before(20 - i64::try_from(index).unwrap());
            let status = match index.cmp(&done) {
                std::cmp::Ordering::Less => EffectStatus::Done {
                    outcome: EffectOutcome {
                        commit: (index == 1).then(|| "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap()),
                        ..EffectOutcome::default()
                    },
                },
                std::cmp::Ordering::Equal if status == RunStatus::Failed => EffectStatus::Failed {
                    message: "The branch main of platform/environments moved while this run was under way, and staging/orders-api/deployment.yaml was changed by somebody else. Make the plan again.".into(),
                },
                std::cmp::Ordering::Equal => EffectStatus::Began,
                std::cmp::Ordering::Greater => EffectStatus::Pending,
            };
            RunEffect { began_at: (index <= done).then_some(at), ended_at: (index < done).then_some(at), status }
        })
        .collect();
    RunView {
        run: Run {
            id: "01900000-0000-7000-8000-000000000001".into(),
            plan: plan.digest(),
            title: plan.title.clone(),
            template: None,
            owner: None,
            actor: Actor::User { reference: reference("user:default/ada") },
            origin: Origin::Portal,
            reason: Some("The new checkout".into()),
            started_at: before(20),
            ended_at: status.is_settled().then(|| before(17)),
            status,
            effects,
            log: (0..8)
                .map(|index| RunLine {
                    at: before(20 - index),
                    step: Some("fetch".into()),
                    message: format!("Fetched the template: {index} of 8 files"),
                })
                .collect(),
            links: vec![
                OutputLink {
                    title: "Open in the catalog".into(),
                    url: None,
                    entity_ref: Some(reference("component:default/orders-api")),
                    icon: None,
                },
                OutputLink {
                    title: "Repository".into(),
                    url: Some("/repositories/acme/orders-api".into()),
                    entity_ref: None,
                    icon: None,
                },
            ],
            texts: vec![],
            resumed: u32::from(status == RunStatus::Failed),
        },
        plan: Some(plan),
        texts: vec![(
            "Next".into(),
            SafeHtml::vouched("<p>Clone it and run <code>make test</code>.</p>".into()),
        )],
        undo_blocked: None,
    }
}

fn choice(value: &str, label: &str, hint: Option<&str>) -> Choice {
    Choice { value: value.into(), label: label.into(), hint: hint.map(Into::into) }
}

fn form_view(step: usize, wrong: bool) -> FormView {
    let teams = vec![
        choice("group:default/checkout", "checkout", Some("Checkout")),
        choice("group:default/payments", "payments", Some("Payments")),
    ];
    let name = FieldView {
        required: true,
        help: Some(
            "Also the repository's and the component's name. Small letters, digits and hyphens.".into(),
        ),
        autofocus: true,
        value: if wrong { "Orders API".into() } else { String::new() },
        error: wrong
            .then(|| "Name must begin with a small letter and hold small letters, digits and hyphens".into()),
        placeholder: Some("orders-api".into()),
        ..FieldView::new("name", "Name", FieldKind::Text)
    };
    let fields = match step {
        1 => vec![
            name,
            FieldView { required: true, ..FieldView::new("description", "Description", FieldKind::Textarea) },
            FieldView {
                required: true,
                value: "group:default/checkout".into(),
                help: Some("The team that is called when it breaks.".into()),
                ..FieldView::new("owner", "Owner", FieldKind::Entity { options: teams, arbitrary: false })
            },
            FieldView::new(
                "system",
                "System",
                FieldKind::Entity {
                    options: vec![choice("system:default/ordering", "ordering", None)],
                    arbitrary: true,
                },
            ),
        ],
        _ => vec![
            FieldView {
                required: true,
                value: "none".into(),
                ..FieldView::new(
                    "database",
                    "Database",
                    FieldKind::Radio {
                        options: vec![
                            choice("none", "None", None),
                            choice("postgresql", "PostgreSQL", Some("CloudNativePG, backed up daily")),
                            choice("redis", "Redis", None),
                        ],
                    },
                )
            },
            FieldView {
                required: true,
                values: vec!["staging".into(), "production".into()],
                ..FieldView::new(
                    "environments",
                    "Environments",
                    FieldKind::Checkboxes {
                        options: vec![
                            choice("staging", "Staging", None),
                            choice("production", "Production", None),
                        ],
                    },
                )
            },
            FieldView {
                value: "true".into(),
                help: Some("Traces are sent to the collector of the environment.".into()),
                ..FieldView::new("tracing", "Send traces", FieldKind::Checkbox)
            },
            FieldView {
                required: true,
                value: "3".into(),
                ..FieldView::new(
                    "replicas",
                    "Replicas",
                    FieldKind::Number { integer: true, min: Some("1".into()), max: Some("10".into()) },
                )
            },
            FieldView {
                required: true,
                value: "fairway?owner=acme&repo=orders-api".into(),
                ..FieldView::new(
                    "repoUrl",
                    "Repository",
                    FieldKind::Repository {
                        hosts: vec![choice("fairway", "This Fairway", None)],
                        owners: vec![],
                    },
                )
            },
            FieldView {
                value: "team: checkout\n".into(),
                help: Some("Labels for every object, as YAML.".into()),
                ..FieldView::new("labels", "Labels", FieldKind::Yaml)
            },
        ],
    };
    let line = |label: &str, value: &str| ReviewLine { label: label.into(), value: value.into(), step: 1 };
    FormView {
        template: template("python-service", "Python service", true),
        steps: vec!["About the service".into(), "What it needs".into()],
        step,
        description: None,
        body: if step == 3 {
            FormBody::Review(vec![
                line("Name", "orders-api"),
                line("Description", "Takes orders"),
                line("Owner", "group:default/checkout"),
                line("System", ""),
                line("Database", "PostgreSQL"),
            ])
        } else {
            FormBody::Fields(fields)
        },
        carried: vec![],
        errors: if wrong { vec!["One answer needs another look.".into()] } else { vec![] },
        owner: None,
        blocked: None,
    }
}

pub fn pages() -> Vec<(&'static str, String)> {
    let create_chrome = chrome("Create", Section::Create, &[]);
    let form_chrome =
        chrome("Python service", Section::Create, &[("Create", "/create"), ("Python service", "")]);
    let plan_chrome = chrome("Create orders-api", Section::Create, &[("Create", "/create"), ("Plan", "")]);
    let run_chrome =
        chrome("Create orders-api", Section::Runs, &[("Runs", "/runs"), ("Create orders-api", "")]);
    let gallery = CreateView {
        templates: vec![
            template("python-service", "Python service", true),
            template("node-service", "Node.js service", false),
            template("go-service", "Go service", false),
            template("rust-service", "Rust service", false),
            template("static-site", "Static site", false),
        ],
        ..CreateView::default()
    };
    let item = |summary: &str, undone: Option<&str>, kept: Option<&str>| UndoItem {
        summary: summary.into(),
        undone: undone.map(Into::into),
        kept: kept.map(Into::into),
    };
    let undo_view = UndoView {
        id: "r".into(),
        title: "Create orders-api".into(),
        items: vec![
            item(
                "Send the message \"orders-api is ready\"",
                None,
                Some("A message that was sent cannot be taken back"),
            ),
            item(
                "Commit 3 files to platform/environments, branch main",
                Some("A new commit removes the 3 files"),
                None,
            ),
            item(
                "Create the repository acme/orders-api",
                Some("The repository is deleted; nobody has pushed to it since"),
                None,
            ),
        ],
        blocked: None,
    };
    let runs_view = RunsView {
        runs: [
            RunStatus::Running,
            RunStatus::Completed,
            RunStatus::Failed,
            RunStatus::Undoing,
            RunStatus::Undone,
        ]
        .into_iter()
        .enumerate()
        .map(|(index, status)| run_row("Create orders-api", status, 100 * i64::try_from(index).unwrap() + 5))
        .collect(),
        older: Some("/runs?page=2".into()),
        ..RunsView::default()
    };
    vec![
        ("create", create(&create_chrome, &gallery)),
        ("create-empty", create(&create_chrome, &CreateView::default())),
        ("form-1", form(&form_chrome, &form_view(1, false))),
        ("form-error", form(&form_chrome, &form_view(1, true))),
        ("form-2", form(&form_chrome, &form_view(2, false))),
        ("form-review", form(&form_chrome, &form_view(3, false))),
        ("plan", plan(&plan_chrome, &plan_view(false))),
        ("plan-blocked", plan(&plan_chrome, &plan_view(true))),
        ("plan-promotion", plan(&plan_chrome, &promotion())),
        ("runs", runs(&run_chrome, &runs_view)),
        ("run-live", run(&run_chrome, &run_sample(RunStatus::Running))),
        ("run-done", run(&run_chrome, &run_sample(RunStatus::Completed))),
        ("run-failed", run(&run_chrome, &run_sample(RunStatus::Failed))),
        ("undo", undo(&run_chrome, &undo_view)),
    ]
}
