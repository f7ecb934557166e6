//! Environments, guardrails, audit, access, platform.

use fairway_domain::Permission;
use fairway_domain::delivery::{DeliveryKind, Deployment, DeploymentIntent};
use fairway_domain::finding::{Enforcement, Severity};
use fairway_domain::waiver::{Waiver, WaiverDecision, WaiverScope};
use fairway_domain::{Digest, Secret};
use fairway_portal::environment::{DeploymentCell, ServiceInEnvironment};
use fairway_portal::policy::{ExemptionRow, TrendPoint};
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

fn finding_rows() -> Vec<FindingRow> {
    let row = |finding| FindingRow {
        finding,
        service: "orders-api".into(),
        entity: Some(reference("component:default/orders-api")),
        since: Some(before(86_400 * 12)),
    };
    let mut rows: Vec<FindingRow> = findings().into_iter().map(row).collect();
    if let Some(last) = rows.last_mut() {
        last.finding.waiver = Some(waiver(WaiverDecision::Approved, 10).note());
    }
    rows
}

fn guardrails_view() -> GuardrailsView {
    let choice = |name, every, options: &[&str]| FindingChoice {
        name,
        label: every,
        every,
        chosen: String::new(),
        options: options.iter().map(|it| ((*it).to_owned(), (*it).to_owned())).collect(),
    };
    GuardrailsView {
        groups: vec![FindingGroup {
            title: "orders-api".into(),
            entity: Some(reference("component:default/orders-api")),
            url: "/guardrails?service=orders-api".into(),
            total: 2,
            findings: finding_rows(),
        }],
        matching: 2,
        blocking: 1,
        waived: 1,
        total: 2,
        policies: 3,
        objects: 84,
        services: 9,
        choices: vec![
            choice("policy", "Every policy", &["K8sContainerLimits/container-limits"]),
            choice("service", "Every service", &["orders-api"]),
            choice("severity", "Every severity", &["critical", "high", "medium", "low"]),
        ],
        ..GuardrailsView::default()
    }
}

fn waiver(decision: WaiverDecision, days: i64) -> Waiver {
    Waiver {
        id: format!("w-{days}{WAIVER_ID}"),
        scope: WaiverScope {
            policy: "K8sContainerLimits/container-limits".into(),
            kind: Some("Deployment".into()),
            namespace: Some("checkout".into()),
            name: Some("orders-api".into()),
            service: Some("orders-api".into()),
            environments: vec!["staging".into()],
            path: None,
        },
        title: "Containers have limits".into(),
        entity: Some(reference("component:default/orders-api")),
        owner: Some(reference("group:default/checkout")),
        message: "container <orders-api> has no memory limit".into(),
        reason: "The vendor's sidecar needs more than a limit could say before version 3, in May.".into(),
        until: before(-86_400 * days),
        requested_by: reference("user:default/nina.kowalska"),
        requested_at: before(86_400 * 3),
        decision,
        decided: None,
        revoked: None,
        warned: vec![],
    }
}

const WAIVER_ID: &str = "k3j9x2";

fn waiver_row(decision: WaiverDecision, days: i64, may_decide: bool) -> WaiverRow {
    let waiver = waiver(decision, days);
    let standing = waiver.standing(before(0));
    let is_open = waiver.is_open() && days > 0;
    WaiverRow {
        policy: waiver.scope.policy.clone(),
        standing,
        is_open,
        approvers: vec![reference("group:default/security")],
        may_decide,
        may_revoke: is_open && !may_decide,
        waiver,
    }
}

fn waivers_view() -> WaiversView {
    WaiversView {
        waivers: vec![
            waiver_row(WaiverDecision::Requested, 30, true),
            waiver_row(WaiverDecision::Requested, 31, false),
            waiver_row(WaiverDecision::Approved, 9, false),
            waiver_row(WaiverDecision::Approved, 60, false),
            waiver_row(WaiverDecision::Rejected, 40, false),
            waiver_row(WaiverDecision::Approved, -4, false),
        ],
        about: None,
    }
}

fn policy_row(title: &str, counts: (usize, usize, usize), enforcement: Enforcement) -> PolicyRow {
    let point = |day: usize| TrendPoint {
        day: format!("2026-11-{:02}", day + 1),
        counts: (day > 4).then(|| (counts.0 + (20 - day) / 3, day / 6, 0)),
    };
    PolicyRow {
        name: format!("K8s/{title}"),
        title: title.into(),
        language: "Rego",
        severity: Severity::High,
        enforcement,
        counts,
        trend: (0..20).map(point).collect(),
    }
}

fn policies_view() -> PoliciesView {
    PoliciesView {
        policies: vec![
            policy_row("Containers have limits", (1, 3, 0), Enforcement::Deny),
            policy_row("Images come from the company's registry", (12, 0, 1), Enforcement::Warn),
            policy_row("Containers do not run as root", (0, 0, 0), Enforcement::Deny),
        ],
        broken: 1,
    }
}

fn policy_view(tab: PolicyTab) -> PolicyView {
    PolicyView {
        policy: policy_row("Containers have limits", (1, 3, 0), Enforcement::Deny),
        tab,
        why: Some("One service that leaks can take every other on its node down.".into()),
        fix: Some("Add limits to the container in score.yaml.".into()),
        example: None,
        docs: Some("https://acme.example/policies/limits".into()),
        controls: vec!["CIS-K8s 5.2.1".into(), "NSA 4".into()],
        file: Some("policies/limits.yaml".into()),
        approvers: vec![reference("group:default/security")],
        maximum_days: 60,
        exemptions: vec![ExemptionRow {
            by: "excludedNamespaces".into(),
            what: "Everything in kube-system".into(),
            entity: reference("k8scontainerlimits:default/container-limits"),
        }],
        sources: vec![],
        findings: finding_rows(),
        waivers: vec![waiver_row(WaiverDecision::Approved, 9, false)],
    }
}

fn waiver_form_view() -> WaiverFormView {
    WaiverFormView {
        finding: findings().remove(0),
        service: "orders-api".into(),
        plan: None,
        maximum_days: 60,
        approvers: vec![reference("group:default/security")],
        breadth: "object".into(),
        everywhere: false,
        reason: "soon".into(),
        days: "30".into(),
        error: Some("a waiver needs a reason of 10 to 1000 characters".into()),
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
        ("waivers", waivers(&guard, &waivers_view())),
        ("waivers-empty", waivers(&guard, &WaiversView::default())),
        ("waiver-form", waiver_form(&guard, &waiver_form_view())),
        ("policies", policies(&guard, &policies_view())),
        ("policies-empty", policies(&guard, &PoliciesView::default())),
        ("policy", policy(&guard, &policy_view(PolicyTab::Docs))),
        ("policy-findings", policy(&guard, &policy_view(PolicyTab::Findings))),
        ("policy-trend", policy(&guard, &policy_view(PolicyTab::Trend))),
        ("policy-waivers", policy(&guard, &policy_view(PolicyTab::Waivers))),
        (
            "guardrails-good",
            guardrails(
                &guard,
                &GuardrailsView {
                    groups: vec![],
                    matching: 0,
                    blocking: 0,
                    waived: 0,
                    total: 0,
                    ..guardrails_view()
                },
            ),
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
