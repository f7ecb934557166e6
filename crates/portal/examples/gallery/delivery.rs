//! Environments, guardrails, audit, access, platform.

use fairway_domain::Permission;
use fairway_domain::delivery::{DeliveryKind, Deployment, DeploymentIntent};
use fairway_domain::finding::{Enforcement, Severity};
use fairway_domain::{Digest, Secret};
use fairway_portal::environment::{DeploymentCell, ServiceInEnvironment};
use fairway_portal::*;

use super::knowledge::{record, source_rows, yaml};
use super::path::findings;
use super::{before, chrome, reference};

fn head(name: &str, title: &str, from: Option<&str>) -> EnvironmentHead {
    EnvironmentHead {
        name: name.into(),
        title: title.into(),
        description: Some("Where every change is seen first".into()),
        production: name == "production",
        promotes_from: from.map(Into::into),
        repository: Some("platform/environments".parse().unwrap()),
        path: name.into(),
        domain: Some(format!("{name}.acme.example")),
        entity: reference(&format!("environment:default/{name}")),
    }
}

fn cell(version: &str, kind: DeliveryKind, ago: i64, previous: Option<&str>) -> Option<DeploymentCell> {
    Some(DeploymentCell {
        version: version.into(),
        at: before(ago),
        kind,
        run: "r".into(),
        previous: previous.map(Into::into),
        findings: usize::from(version == "2.0.1"),
    })
}

fn heads() -> Vec<EnvironmentHead> {
    vec![head("staging", "Staging", None), head("production", "Production", Some("staging"))]
}

fn service(name: &str, cells: Vec<Option<DeploymentCell>>) -> ServiceRow {
    ServiceRow {
        service: name.into(),
        entity: Some(reference(&format!("component:default/{name}"))),
        owner: Some(reference("group:default/checkout")),
        cells,
    }
}

fn services() -> Vec<ServiceRow> {
    use DeliveryKind::{Deploy, Promotion, Rollback};
    vec![
        service(
            "basket",
            vec![cell("1.4.0", Deploy, 7_200, Some("1.3.9")), cell("1.4.0", Promotion, 3_600, Some("1.3.9"))],
        ),
        service(
            "orders-api",
            vec![cell("1.5.0", Deploy, 600, Some("1.4.2")), cell("1.4.2", Promotion, 400_000, Some("1.4.1"))],
        ),
        service("invoice-mailer", vec![cell("0.1.0", Deploy, 60, None), None]),
        service(
            "storefront",
            vec![
                cell("2.1.0", Deploy, 90_000, Some("2.0.1")),
                cell("2.0.1", Rollback, 80_000, Some("2.1.0")),
            ],
        ),
    ]
}

fn history() -> Vec<Deployment> {
    (0..6)
        .map(|index| Deployment {
            intent: DeploymentIntent {
                service: "orders-api".into(),
                environment: if index % 2 == 0 { "production".into() } else { "staging".into() },
                version: format!("1.{}.0", 6 - index),
                images: vec![],
                source: None,
                source_commit: None,
                manifests: Digest::of(b"m"),
                kind: if index % 2 == 0 { DeliveryKind::Promotion } else { DeliveryKind::Deploy },
                replaces: Some(format!("1.{}.0", 5 - index)),
            },
            at: before(3_600 * (index + 1)),
            run: "r".into(),
            commit: "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678".parse().unwrap(),
            undone: index == 3,
        })
        .collect()
}

fn guardrails_view() -> GuardrailsView {
    let policy = |title: &str, findings: usize, enforcement| PolicyRow {
        name: format!("K8s/{title}"),
        title: title.into(),
        why: Some("One service that leaks can take every other on its node down.".into()),
        fix: Some("Add limits to the container in score.yaml.".into()),
        severity: Severity::High,
        enforcement,
        file: Some("policies/limits.yaml".into()),
        findings,
    };
    GuardrailsView {
        findings: findings()
            .into_iter()
            .map(|finding| FindingRow {
                finding,
                service: "orders-api".into(),
                entity: Some(reference("component:default/orders-api")),
            })
            .collect(),
        total: 2,
        policies: vec![
            policy("Containers have limits", 1, Enforcement::Deny),
            policy("Images come from the company's registry", 1, Enforcement::Warn),
            policy("Containers do not run as root", 0, Enforcement::Deny),
        ],
        objects: 84,
        services: 9,
        service_names: vec!["orders-api".into()],
        ..GuardrailsView::default()
    }
}

pub fn pages() -> Vec<(&'static str, String)> {
    let environments_chrome = chrome("Environments", Section::Environments, &[]);
    let inner =
        chrome("Staging", Section::Environments, &[("Environments", "/environments"), ("Staging", "")]);
    let guard = chrome("Guardrails", Section::Guardrails, &[]);
    let audit_chrome = chrome("Audit", Section::Audit, &[]);
    let matrix =
        EnvironmentsView { environments: heads(), services: services(), ..EnvironmentsView::default() };
    let audit_view = AuditView {
        records: (1..30).map(record).collect(),
        kinds: vec!["run".into(), "plan".into()],
        total: 1_204,
        older: Some("/audit?before=1".into()),
        verification: Some(Verification::Intact { records: 1_204, head: Some(Digest::of(b"h")) }),
        ..AuditView::default()
    };
    let broken = AuditView {
        verification: Some(Verification::Broken {
            sequence: 812,
            message: "its body was changed after it was written".into(),
        }),
        ..audit_view.clone()
    };
    let token = TokenRow {
        id: "t1".into(),
        name: "laptop".into(),
        owner: "ada".into(),
        scopes: Some(vec![Permission::Read, Permission::Push]),
        created_at: before(86_400 * 20),
        expires_at: Some(before(-86_400 * 10)),
        used_at: Some(before(300)),
    };
    let tokens_view = TokensView {
        tokens: vec![token],
        issued: Some(IssuedToken {
            name: "laptop".into(),
            secret: Secret::new("fwy_1234567890abcdefghijklmnop".into()),
        }),
        grantable: vec![Permission::Read, Permission::Create, Permission::Deliver, Permission::Push],
        base_url: "http://127.0.0.1:7007".into(),
        ..TokensView::default()
    };
    let platform_view = PlatformView {
        version: "0.1.0".into(),
        started_at: before(86_400),
        memory: Some(61_000_000),
        storage: "SQLite (embedded)".into(),
        data: Some("/var/lib/fairway".into()),
        records: 1_204,
        entities: 41,
        repositories: 6,
        policies: 11,
        sources: source_rows(),
        links: vec![
            Link { title: "API reference".into(), url: "/api/v1/openapi.json".into(), icon: None },
            Link { title: "Metrics".into(), url: "/metrics".into(), icon: None },
        ],
        facts: vec![("Forge".into(), "embedded, git 2.47".into())],
    };
    vec![
        ("environments", environments(&environments_chrome, &matrix)),
        (
            "environments-empty",
            environments(
                &environments_chrome,
                &EnvironmentsView { environments: heads(), ..EnvironmentsView::default() },
            ),
        ),
        (
            "environment",
            environment(
                &inner,
                &EnvironmentView {
                    environment: head("staging", "Staging", None),
                    chain: heads(),
                    deployments: services()
                        .into_iter()
                        .filter_map(|row| {
                            let cell = row.cells.into_iter().next()??;
                            Some((
                                ServiceInEnvironment {
                                    service: row.service,
                                    entity: row.entity,
                                    owner: row.owner,
                                },
                                Some(cell),
                                None,
                            ))
                        })
                        .collect(),
                    history: history(),
                    blocked: None,
                },
            ),
        ),
        (
            "service-history",
            service_history(
                &inner,
                &ServiceHistoryView {
                    environments: heads(),
                    service: services().remove(1),
                    history: history(),
                    blocked: Some("Your role \"reader\" may not deliver".into()),
                },
            ),
        ),
        ("guardrails", guardrails(&guard, &guardrails_view())),
        (
            "guardrails-good",
            guardrails(&guard, &GuardrailsView { findings: vec![], total: 0, ..guardrails_view() }),
        ),
        ("audit", audit(&audit_chrome, &audit_view)),
        ("audit-broken", audit(&audit_chrome, &broken)),
        ("record", self::record_page()),
        ("tokens", tokens(&chrome("Tokens", Section::Elsewhere, &[]), &tokens_view)),
        (
            "sign-in",
            sign_in(
                &chrome("Sign in", Section::Elsewhere, &[]),
                &SignInView {
                    return_to: "/".into(),
                    error: Some("That is neither a token nor the admin code.".into()),
                    guest_allowed: true,
                },
            ),
        ),
        ("platform", platform(&chrome("Platform", Section::Platform, &[]), &platform_view)),
    ]
}

fn record_page() -> String {
    let chrome = chrome("Record 7", Section::Audit, &[("Audit", "/audit"), ("Record 7", "")]);
    fairway_portal::record(
        &chrome,
        &RecordView {
            record: record(7),
            body: Some(yaml()),
            subject_url: Some("/catalog".into()),
            has_next: true,
        },
    )
}
