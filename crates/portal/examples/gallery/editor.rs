//! The policy editor.

use fairway_domain::{Diagnostic, SourceLocation};
use fairway_portal::policy_editor::{
    ChangeCounts, ChangeOfFinding, PastBlockRow, PastView, PolicyHomeView, ServiceChangeRow,
};
use fairway_portal::*;

use super::path::findings;
use super::{before, chrome, reference};

const TEXT: &str = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: require-cost-centre\n";

fn verdict() -> PolicyVerdictView {
    let counts = ChangeCounts { new: 1_204, solved: 3, same: 40, blocking: 12 };
    let services = (0..40).map(|index| ServiceChangeRow {
        service: if index == 3 { "a".repeat(63) } else { format!("orders-{index}") },
        entity: (index < 3).then(|| reference("component:default/orders-api")),
        owner: (index != 1).then(|| reference("group:default/checkout")),
        environments: vec!["production".into(), "staging".into()],
        counts: ChangeCounts { new: index, solved: index % 2, same: 1, blocking: 0 },
        findings: findings().into_iter().map(|finding| (ChangeOfFinding::New, finding)).collect(),
        mended_in: if index % 2 == 0 { vec!["production".into(), "staging".into()] } else { Vec::new() },
    });
    let past = |title: &str, url: Option<&str>| PastBlockRow {
        at: before(90_000),
        by: "ada".into(),
        what: "Applied plan".into(),
        title: title.into(),
        url: url.map(Into::into),
        message: "the label acme.example/cost-centre is missing".into(),
    };
    PolicyVerdictView {
        asked: true,
        content: TEXT.into(),
        path: "require-cost-centre.yaml".into(),
        evaluated: true,
        complete: true,
        policies: vec![(
            "ClusterPolicy/require-cost-centre".into(),
            "Every workload says who pays".into(),
            "new",
        )],
        objects: 80_204,
        counts,
        services: services.collect(),
        services_in_all: 900,
        past: Some(PastView {
            since: before(90 * 86_400),
            events: 312,
            blocked: 9,
            people: 4,
            latest: vec![past("Create gift-cards", Some("/plans/x")), past("Push to acme/orders", None)],
            unreadable: 1,
            complete: false,
        }),
        waivers: vec![(
            "Containers have limits".into(),
            Some(reference("component:default/orders-api")),
            "is not needed any more",
        )],
        fixable: (12, 4),
        offers: vec![("x".into(), "Deployment orders in production".into())],
        object: "x".into(),
        chosen: Some(("Deployment orders".into(), findings(), Vec::new())),
        ..PolicyVerdictView::default()
    }
}

pub fn pages() -> Vec<(&'static str, String)> {
    let guard =
        chrome("New policy", Section::Guardrails, &[("Guardrails", "/guardrails"), ("New policy", "")]);
    let view = PolicyEditorView {
        path: "require-cost-centre.yaml".into(),
        content: TEXT.into(),
        homes: vec![PolicyHomeView { source: "s".into(), name: "acme/policies (main)".into() }],
        source: "s".into(),
        session: "page-1".into(),
        find: "orders".into(),
        object: "x".into(),
        verdict: verdict(),
        ..PolicyEditorView::default()
    };
    let place = SourceLocation { file: "require-cost-centre.yaml".into(), line: 3, column: 1 };
    let wrong = Diagnostic::error("yaml-syntax", "a key is missing").at(place, Some("metadata:".into()));
    let broken = PolicyEditorView {
        policy: Some("ClusterPolicy/require-cost-centre".into()),
        location: Some(("https://forge.example/policies".into(), String::new())),
        blocked: Some("This file comes from elsewhere: change it there, the catalog follows".into()),
        error: Some("the file was changed by somebody else meanwhile; open it again".into()),
        verdict: PolicyVerdictView {
            asked: true,
            content: TEXT.into(),
            path: "require-cost-centre.yaml".into(),
            diagnostics: vec![wrong],
            ..PolicyVerdictView::default()
        },
        ..view.clone()
    };
    let empty = PolicyEditorView {
        verdict: PolicyVerdictView::default(),
        object: String::new(),
        find: String::new(),
        ..view.clone()
    };
    vec![
        ("policy-editor", policy_editor(&guard, &view)),
        ("policy-editor-empty", policy_editor(&guard, &empty)),
        ("policy-editor-broken", policy_editor(&guard, &broken)),
    ]
}
