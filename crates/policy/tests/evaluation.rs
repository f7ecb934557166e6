//! What a set of policies says about broken policies, broken rules and endless ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::finding::{Enforcement, Finding, Outcome, Severity};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Value, json};

fn template(kind: &str, rego: &str) -> PolicyDocument {
    let value = json!({
        "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
        "metadata": {"name": kind.to_lowercase(), "annotations": {
            "fairway.dev/title": "A title", "fairway.dev/why": "Because", "fairway.dev/fix": "Do that",
            "fairway.dev/severity": "high",
        }},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    });
    PolicyDocument { value, file: Some(format!("{kind}.yaml")) }
}

fn constraint(kind: &str, spec: &Value) -> PolicyDocument {
    let value = json!({
        "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": {"name": "it"}, "spec": spec,
    });
    PolicyDocument { value, file: Some(format!("{kind}.yaml")) }
}

fn pod(name: &str) -> PolicyObject {
    let value = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "x:1"}]},
    });
    PolicyObject { value, file: Some("pod.yaml".into()), environment: Some("staging".into()) }
}

fn findings(rego: &str) -> Vec<Finding> {
    let (set, problems) = PolicySet::compile(vec![template("Rule", rego), constraint("Rule", &json!({}))]);
    assert_eq!(problems, []);
    set.evaluate(&[pod("a")])
}

#[test]
fn a_finding_says_what_where_why_and_how() {
    let rego = "package rule\nviolation[{\"msg\": msg}] {\n  c := input.review.object.spec.containers[_]\n  msg := sprintf(\"container <%v> breaks %v\", [c.name, input.parameters.rule])\n}\n";
    let spec = json!({"enforcementAction": "warn", "parameters": {"rule": "it"}, "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}});
    let (set, problems) = PolicySet::compile(vec![constraint("Rule", &spec), template("Rule", rego)]);
    assert_eq!(problems, []);
    assert_eq!(set.policies()[0].name, "Rule/it");
    let found = set.evaluate(&[pod("a")]);
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(finding.message, "container <web> breaks it");
    assert_eq!(finding.path.as_deref(), Some("spec.containers[0]"));
    assert_eq!((finding.enforcement, finding.severity), (Enforcement::Warn, Severity::High));
    assert_eq!((finding.why.as_deref(), finding.fix.as_deref()), (Some("Because"), Some("Do that")));
    assert_eq!(finding.object.environment.as_deref(), Some("staging"));
    assert!(!finding.blocks());
}

#[test]
fn a_broken_policy_is_reported_and_never_passes() {
    let broken = template("Broken", "package broken\n\nviolation[{\"msg\": msg}] {\n  msg := \"open\n}\n");
    let good = template("Good", "package good\nviolation[{\"msg\": \"no\"}] { true }\n");
    let documents = vec![
        broken,
        constraint("Broken", &json!({})),
        good,
        constraint("Good", &json!({})),
        constraint("Lost", &json!({})),
    ];
    let (set, problems) = PolicySet::compile(documents);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let place = problems[0].location.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("Broken.yaml#spec.targets[0].rego", 4), "{}", problems[0]);
    assert!(problems[1].message.contains("no ConstraintTemplate defines the kind Lost"), "{}", problems[1]);
    let found = set.evaluate(&[pod("a")]);
    let outcomes: Vec<(&str, bool)> =
        found.iter().map(|it| (it.rule.as_str(), it.outcome == Outcome::Violation)).collect();
    assert_eq!(outcomes.len(), 3);
    for expected in [("Broken/it", false), ("Good/it", true), ("Lost/it", false)] {
        assert!(outcomes.contains(&expected), "{outcomes:?}");
    }
    assert!(found.iter().all(Finding::blocks));
}

#[test]
fn rules_that_cannot_be_told_are_not_passed() {
    for rego in [
        "package rule\nx = 1 { true }\nx = 2 { true }\nviolation[{\"msg\": \"m\"}] { x == 1 }",
        "package rule\nviolation = true { true }",
    ] {
        let found = findings(rego);
        assert!(matches!(found[0].outcome, Outcome::NotEvaluated { .. }), "{rego}: {found:?}");
    }
}

#[test]
fn unknown_functions_and_missing_rules_are_found_while_compiling() {
    for rego in [
        "package rule\nviolation[{\"msg\": \"m\"}] { no.such.function(1) }",
        "package rule\nviolations[{\"msg\": \"m\"}] { true }",
        "package rule\nviolation[{\"msg\": msg}] { true }",
        "package rule\nf(x) = y { y := f(x) }\nviolation[{\"msg\": \"m\"}] { f(1) }",
    ] {
        let (set, problems) =
            PolicySet::compile(vec![template("Rule", rego), constraint("Rule", &json!({}))]);
        let found = set.evaluate(&[pod("a")]);
        assert!(!problems.is_empty() || !matches!(found[0].outcome, Outcome::Violation), "{rego}");
    }
}

#[test]
fn an_endless_policy_is_stopped() {
    let numbers = "package rule\nviolation[{\"msg\": \"m\"}] {\n  r := numbers.range(1, 3000)\n  count([1 | x := r[_]; y := r[_]; z := r[_]; x + y + z < 0]) > 0\n}";
    let (set, problems) = PolicySet::compile(vec![template("Rule", numbers), constraint("Rule", &json!({}))]);
    assert_eq!(problems, []);
    let objects: Vec<PolicyObject> = (0..50).map(|index| pod(&format!("pod-{index}"))).collect();
    let found = set.evaluate(&objects);
    assert_eq!(found.len(), 50);
    assert!(found.iter().all(|finding| finding.message.contains("did not come to an end")), "{:?}", found[0]);
}

#[test]
fn a_hostile_source_does_not_bring_the_process_down() {
    // 16 bytes, doubled 40 times.
    let mut doubling =
        "package rule\na = \"xxxxxxxxxxxxxxxx\" { true }\nviolation[{\"msg\": a39}] { true }\n".to_owned();
    for step in 0..40 {
        let before = if step == 0 { "a".to_owned() } else { format!("a{}", step - 1) };
        doubling
            .push_str(&["a", &step.to_string(), " = concat(\"\", [x, x]) { x := ", &before, " }\n"].concat());
    }
    for rego in [
        format!(
            "package rule\nviolation[{{\"msg\": \"m\"}}] {{ {}1{} == 1 }}",
            "(".repeat(900),
            ")".repeat(900)
        ),
        format!(
            "package rule\nviolation[{{\"msg\": \"m\"}}] {{ x := {}{} }}",
            "[\n".repeat(5000),
            "]\n".repeat(5000)
        ),
        "package rule\nviolation[{\"msg\": \"m\"}] { numbers.range(1, 100000000000) }".to_owned(),
        doubling,
        "\u{0}".to_owned(),
        String::new(),
    ] {
        let (set, _) = PolicySet::compile(vec![template("Rule", &rego), constraint("Rule", &json!({}))]);
        let found = set.evaluate(&[pod("a")]);
        assert!(found.iter().all(|finding| finding.outcome != Outcome::Violation), "{found:?}");
        assert!(!found.is_empty(), "{}", rego.chars().take(80).collect::<String>());
    }
}

#[test]
fn the_inventory_holds_the_other_objects() {
    let rego = "package rule\nviolation[{\"msg\": msg}] {\n  other := data.inventory.namespace[_][\"v1\"][\"Pod\"][name]\n  name != input.review.object.metadata.name\n  msg := name\n}\n";
    let (set, _) = PolicySet::compile(vec![template("Rule", rego), constraint("Rule", &json!({}))]);
    let messages: Vec<String> =
        set.evaluate(&[pod("a"), pod("b")]).into_iter().map(|finding| finding.message).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages.contains(&"a".to_owned()) && messages.contains(&"b".to_owned()));
}

#[test]
fn functions_of_rego_zero_are_there() {
    let found = findings(
        "package rule\nviolation[{\"msg\": \"m\"}] {\n  any([false, true])\n  not all([false, true])\n  re_match(\"^p[a-z]+$\", \"pod\")\n  sprintf(\"%v %v\", [1]) == \"1 %!v(MISSING)\"\n}",
    );
    assert_eq!(found.len(), 1);
    let new = template("New", "");
    let mut value = new.value;
    value["spec"]["targets"][0] = json!({"target": "admission.k8s.gatekeeper.sh", "code": [
        {"engine": "K8sNativeValidation", "source": {}},
        {"engine": "Rego", "source": {"version": "v1", "rego": "package new\nimport data.lib.words\nviolation contains {\"msg\": words.no} if { true }", "libs": ["package lib.words\nno := \"never\""]}},
    ]});
    let (set, problems) =
        PolicySet::compile(vec![PolicyDocument { value, file: None }, constraint("New", &json!({}))]);
    assert_eq!(problems, []);
    assert_eq!(set.evaluate(&[pod("a")])[0].message, "never");
}

#[test]
fn a_set_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<PolicySet>();
}

#[test]
fn what_the_bounds_allow_fits_the_stack_of_a_thread() {
    for expression in [
        format!("{}1{}", "(".repeat(58), ")".repeat(58)),
        format!("{}1{}", "[".repeat(16), "]".repeat(16)),
        format!("{}1{}", "{1: ".repeat(16), "}".repeat(16)),
        format!("{}1", "1\n+ ".repeat(390)),
        format!("input{}", ".a".repeat(390)),
        format!("input{}", "[0]".repeat(390)),
        format!("{}1", "count([1])\n+ ".repeat(380)),
    ] {
        let rego =
            format!("package rule\nviolation[{{\"msg\": \"m\"}}] {{ x := {expression}; x == \"never\" }}");
        // Whether the interpreter accepts it is its own choice; coming back is ours.
        let (set, _) = PolicySet::compile(vec![template("Rule", &rego), constraint("Rule", &json!({}))]);
        set.evaluate(&[pod("a")]);
    }
}
