//! Requests as API servers send them, answered as the policies' own tools would.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use fairway_domain::finding::{Enforcement, Finding};
use fairway_policy::{
    Admission, AdmissionError, AdmissionMode, AdmissionRequest, AdmissionSettings, FailurePolicy,
    KnownObjects, PolicyDocument, PolicyObject, PolicySet, admission_review,
};
use serde_json::{Value, json};

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/admission/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn set(documents: &[Value]) -> PolicySet {
    let documents =
        documents.iter().map(|value| PolicyDocument { value: value.clone(), file: None }).collect();
    let (set, problems) = PolicySet::compile(documents);
    assert_eq!(problems, []);
    set
}

fn ask(set: &PolicySet, review: Value) -> Admission {
    let known = KnownObjects::of(&[]);
    set.admit(&AdmissionRequest::read(review).unwrap(), &known).decide(AdmissionSettings::default())
}

fn template(kind: &str, rego: &str) -> Value {
    json!({
        "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
        "metadata": {"name": kind.to_lowercase()},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    })
}

fn constraint(kind: &str, action: &str, kinds: &[&str]) -> Value {
    json!({
        "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": {"name": "it"},
        "spec": {"enforcementAction": action, "match": {"kinds": [{"apiGroups": ["*"], "kinds": kinds}]}},
    })
}

/// A policy that finds every request it is about, and says what it sees of it.
fn seen_by_rego(kinds: &[&str]) -> PolicySet {
    let rego = r#"package seen
violation[{"msg": msg}] {
  review := input.review
  now := object.get(review, "object", null)
  before := object.get(review, "oldObject", null)
  msg := sprintf("%v %v %v%v by %v dry=%v object=%v old=%v", [
    review.operation, review.kind.kind, review.resource.resource, object.get(review, "subResource", ""),
    review.userInfo.username, review.dryRun, now != null, before != null,
  ])
}"#;
    set(&[template("Seen", rego), constraint("Seen", "deny", kinds)])
}

fn messages(admission: &Admission) -> Vec<&str> {
    admission.findings.iter().map(|it| it.message.as_str()).collect()
}

#[test]
fn gatekeeper_sees_the_request() {
    let set = seen_by_rego(&["Pod", "Deployment", "Scale", "PodExecOptions"]);
    for (name, expected) in [
        ("create-pod", "CREATE Pod pods by ada@acme.example dry=false object=true old=false"),
        ("dry-run-pod", "CREATE Pod pods by ada@acme.example dry=true object=true old=false"),
        (
            "update-deployment",
            "UPDATE Deployment deployments by ada@acme.example dry=false object=true old=true",
        ),
        // What is deleted stands for the object, too.
        (
            "delete-deployment",
            "DELETE Deployment deployments by ada@acme.example dry=false object=true old=true",
        ),
        (
            "update-pod-ephemeralcontainers",
            "UPDATE Pod podsephemeralcontainers by ada@acme.example dry=false object=true old=true",
        ),
        (
            "update-deployment-scale",
            "UPDATE Scale deploymentsscale by ada@acme.example dry=false object=true old=true",
        ),
        (
            "connect-pod-exec",
            "CONNECT PodExecOptions podsexec by ada@acme.example dry=false object=true old=false",
        ),
    ] {
        let admission = ask(&set, fixture(name));
        assert_eq!(messages(&admission), [expected], "{name}");
        assert!(!admission.allowed && admission.code == 403);
        assert_eq!(admission.message, format!("[Seen/it] {expected}"));
    }
    // No constraint is about namespaces.
    assert!(ask(&set, fixture("create-namespace")).allowed);
    // An object without a name has that of the request, or none; it has the request's namespace in any case.
    let exec = ask(&set, fixture("connect-pod-exec"));
    let object = &exec.findings[0].object;
    assert_eq!((object.name.as_str(), object.namespace.as_str()), ("checkout-6d5f7c9b8-x2k4p", "payments"));
}

fn admission_policy(
    resources: &[&str],
    operations: &[&str],
    expression: &str,
    actions: &[&str],
) -> [Value; 2] {
    [
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "vap"},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["*"], "apiVersions": ["*"], "operations": operations, "resources": resources,
                }]},
                "matchConditions": [{"name": "people", "expression": "!request.userInfo.username.startsWith('system:')"}],
                "validations": [{"expression": expression, "messageExpression": "request.operation + ' by ' + request.userInfo.username"}],
                "auditAnnotations": [{"key": "who", "valueExpression": "request.userInfo.username"}],
            },
        }),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "bound"},
            "spec": {"policyName": "vap", "validationActions": actions},
        }),
    ]
}

#[test]
fn kubernetes_own_policies_see_operation_subresource_and_user() {
    let fewer = admission_policy(
        &["deployments/scale"],
        &["UPDATE"],
        "object.spec.replicas <= oldObject.spec.replicas * 2",
        &["Deny", "Audit"],
    );
    let scaled = set(&fewer);
    let admission = ask(&scaled, fixture("update-deployment-scale"));
    assert_eq!(admission.message, "[ValidatingAdmissionPolicy/vap/bound] UPDATE by ada@acme.example");
    assert_eq!(admission.audit_annotations["vap.who"], "ada@acme.example");
    assert!(ask(&scaled, fixture("update-deployment")).allowed, "a subresource is not the resource");

    let kept = set(&admission_policy(&["*"], &["DELETE"], "object == null && oldObject == null", &["Warn"]));
    let admission = ask(&kept, fixture("delete-deployment"));
    assert!(admission.allowed);
    assert_eq!(admission.warnings, ["[ValidatingAdmissionPolicy/vap/bound] DELETE by ada@acme.example"]);
    assert!(ask(&kept, fixture("update-deployment")).warnings.is_empty(), "the policy is about deletions");

    let nobody = set(&admission_policy(&["pods"], &["CREATE"], "false", &["Deny"]));
    assert!(!ask(&nobody, fixture("create-pod")).allowed);
    assert!(
        ask(&nobody, fixture("create-generated-pod")).allowed,
        "a match condition leaves controllers alone"
    );
}

#[test]
fn what_cannot_be_evaluated_follows_the_failure_policy_and_is_said() {
    let unknown = set(&admission_policy(
        &["pods"],
        &["CREATE"],
        "authorizer.path('/x').check('get').allowed()",
        &["Deny"],
    ));
    let request = AdmissionRequest::read(fixture("create-pod")).unwrap();
    let known = KnownObjects::of(&[]);
    let decide = |failure| {
        let settings = AdmissionSettings { failure, ..AdmissionSettings::default() };
        unknown.admit(&request, &known).decide(settings)
    };
    let refused = decide(FailurePolicy::Fail);
    assert!(!refused.allowed && refused.message.contains("could not be evaluated"), "{}", refused.message);
    let let_in = decide(FailurePolicy::Ignore);
    assert!(let_in.allowed && let_in.warnings[0].contains("could not be evaluated"));
    assert!(
        let_in.audit_annotations["not-evaluated"].contains("authorizer"),
        "{:?}",
        let_in.audit_annotations
    );
}

#[test]
fn audit_refuses_nothing_and_says_what_it_would() {
    let set = seen_by_rego(&["Pod"]);
    let request = AdmissionRequest::read(fixture("create-pod")).unwrap();
    let settings = AdmissionSettings { mode: AdmissionMode::Audit, ..AdmissionSettings::default() };
    let admission = set.admit(&request, &KnownObjects::of(&[])).decide(settings);
    assert!(admission.allowed && admission.would_deny);
    assert!(admission.warnings[0].starts_with("would be denied: [Seen/it]"));
    assert!(admission.audit_annotations.contains_key("would-be-denied"));
}

fn kyverno(rule: &Value, spec: &Value) -> Value {
    let mut policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "kyverno"},
        "spec": {"validationFailureAction": "Enforce", "rules": [rule]},
    });
    for (key, value) in spec.as_object().unwrap() {
        policy["spec"][key] = value.clone();
    }
    policy
}

fn denial(matching: &Value, exclude: &Value) -> Value {
    json!({
        "name": "no", "match": {"any": [matching]}, "exclude": {"any": [exclude]},
        "validate": {"message": "{{request.operation}} by {{request.userInfo.username}}", "deny": {}},
    })
}

#[test]
fn kyverno_matches_operations_subresources_and_who_asks() {
    let nothing = json!({"resources": {"names": ["nothing"]}});
    let about = |kinds: &[&str], operations: &[&str]| json!({"resources": {"kinds": kinds, "operations": operations}});
    let denied = |policy: Value, name: &str| !ask(&set(&[policy]), fixture(name)).allowed;
    let plain = |matching: Value| kyverno(&denial(&matching, &nothing), &json!({}));
    assert!(denied(plain(about(&["Pod"], &["CREATE"])), "create-pod"));
    assert!(!denied(plain(about(&["Pod"], &["DELETE"])), "create-pod"));
    assert!(denied(plain(about(&["Deployment"], &["DELETE"])), "delete-deployment"));
    assert!(denied(plain(about(&["Deployment/scale"], &["UPDATE"])), "update-deployment-scale"));
    assert!(!denied(plain(about(&["Deployment"], &["UPDATE"])), "update-deployment-scale"));
    assert!(denied(plain(about(&["Pod/exec"], &["CONNECT"])), "connect-pod-exec"));
    assert!(denied(plain(about(&["Pod"], &["UPDATE"])), "update-pod-ephemeralcontainers"));
    let by = |who: Value| kyverno(&denial(&about(&["Pod"], &["CREATE"]), &who), &json!({}));
    let subjects = |name: &str| json!({"subjects": [{"kind": "Group", "name": name}]});
    assert!(!denied(by(subjects("acme:payments")), "create-pod"), "the team is exempt");
    assert!(denied(by(subjects("acme:payments")), "create-generated-pod"));
    let controller =
        json!({"subjects": [{"kind": "ServiceAccount", "namespace": "kube-system", "name": "*"}]});
    assert!(!denied(by(controller), "create-generated-pod"));
    let not_asked = kyverno(&denial(&about(&["Pod"], &["CREATE"]), &nothing), &json!({"admission": false}));
    assert!(!denied(not_asked, "create-pod"));
}

#[test]
fn roles_that_nobody_knows_are_no_exemption_and_matter_only_where_a_rule_is_broken() {
    let exempt = json!({"clusterRoles": ["cluster-admin"]});
    let rule = denial(&json!({"resources": {"kinds": ["Pod"]}}), &exempt);
    let policies = set(&[kyverno(&rule, &json!({}))]);
    let admission = ask(&policies, fixture("create-pod"));
    assert!(!admission.allowed);
    assert!(
        admission.message.contains("the roles of ada@acme.example are known to the cluster only"),
        "{}",
        admission.message
    );
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": "acme:payments"}],
    });
    let objects = [PolicyObject { value: binding, file: None, environment: None }];
    let request = AdmissionRequest::read(fixture("create-pod")).unwrap();
    assert!(policies.admit(&request, &KnownObjects::of(&objects)).findings.is_empty());
    let kept = json!({
        "name": "named", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "exclude": {"any": [exempt]},
        "validate": {"message": "m", "pattern": {"metadata": {"labels": {"run": "debug"}}}},
    });
    assert!(ask(&set(&[kyverno(&kept, &json!({}))]), fixture("create-pod")).findings.is_empty());
}

#[test]
fn the_supplied_namespace_is_the_one_that_selectors_look_at() {
    let mut only = constraint("Seen", "deny", &["Pod"]);
    only["spec"]["match"]["namespaceSelector"] = json!({"matchLabels": {"team": "payments"}});
    let rego = "package seen\nviolation[{\"msg\": \"no\"}] { true }";
    let set = set(&[template("Seen", rego), only]);
    let known = KnownObjects::of(&[]);
    let asked = |team: Option<&str>| {
        let namespace = team.map(|team| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments", "labels": {"team": team}}})
        });
        let request = AdmissionRequest::read(fixture("create-pod")).unwrap().in_namespace(namespace);
        let findings = set.admit(&request, &known).findings;
        findings.into_iter().map(|it| it.message).collect::<Vec<String>>()
    };
    assert_eq!(asked(Some("payments")), ["no"]);
    assert_eq!(asked(Some("web")), Vec::<String>::new());
    assert!(asked(None)[0].contains("those of payments are not known here"), "never a pass");
}

#[test]
fn what_is_known_lastingly_is_looked_up_by_each_request() {
    let rego = r#"package unique
violation[{"msg": msg}] {
  other := data.inventory.namespace[namespace]["v1"]["Pod"][name]
  other.metadata.labels.run == input.review.object.metadata.labels.run
  msg := sprintf("%v/%v has the label", [namespace, name])
}"#;
    let set = set(&[template("Unique", rego), constraint("Unique", "deny", &["Pod"])]);
    let pod = |name: &str| {
        let value = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "other", "labels": {"run": "debug"}}});
        PolicyObject { value, file: None, environment: None }
    };
    let request = AdmissionRequest::read(fixture("create-pod")).unwrap();
    let found = |known: &KnownObjects<'_>| -> Vec<String> {
        set.admit(&request, known).findings.into_iter().map(|it| it.message).collect()
    };
    let first = KnownObjects::lasting(Arc::new(vec![pod("a")]));
    let second = KnownObjects::lasting(Arc::new(vec![pod("b"), pod("c")]));
    for _ in 0..2 {
        assert_eq!(found(&first), ["other/a has the label"]);
        assert_eq!(found(&second), ["other/b has the label", "other/c has the label"]);
        assert_eq!(found(&KnownObjects::of(&[])), Vec::<String>::new());
    }
}

#[test]
fn mutations_come_as_one_patch_that_the_answer_carries() {
    let rules = kyverno(
        &json!({
            "name": "pull", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "mutate": {"patchStrategicMerge": {
                "metadata": {"labels": {"+(team)": "payments"}},
                "spec": {"containers": [{"(name)": "*", "imagePullPolicy": "IfNotPresent"}]},
            }},
        }),
        &json!({}),
    );
    let expressions = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy", "metadata": {"name": "mutating"},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
            }]},
            "matchConditions": [{"name": "labelled", "expression": "object.metadata.labels.team == 'payments'"}],
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression":
                "[JSONPatch{op: 'add', path: '/metadata/labels/cost', value: '4711'}]"}}],
        },
    });
    let set = set(&[rules, expressions]);
    let known = KnownObjects::of(&[]);
    let mutate = |name: &str| set.mutate(&AdmissionRequest::read(fixture(name)).unwrap(), &known);
    let admission = mutate("create-pod").decide(AdmissionSettings::default());
    assert_eq!(
        Value::Array(admission.patch.clone()),
        json!([
            {"op": "add", "path": "/metadata/labels/team", "value": "payments"},
            {"op": "add", "path": "/metadata/labels/cost", "value": "4711"},
            {"op": "replace", "path": "/spec/containers/0/imagePullPolicy", "value": "IfNotPresent"},
        ])
    );
    let review = admission_review("u", &admission);
    assert_eq!(review["response"]["patchType"], "JSONPatch");
    assert_eq!((&review["response"]["uid"], &review["response"]["allowed"]), (&json!("u"), &json!(true)));
    assert!(mutate("delete-deployment").patch.is_empty());
    assert!(mutate("connect-pod-exec").patch.is_empty());
}

#[test]
fn what_is_no_review_is_refused_with_the_reason() {
    let reason = |value: Value| AdmissionRequest::read(value).unwrap_err().to_string();
    let with = |pointer: &str, value: Value| {
        let mut review = fixture("create-pod");
        *review.pointer_mut(pointer).unwrap() = value;
        reason(review)
    };
    assert!(matches!(
        AdmissionRequest::read(json!({"kind": "Pod", "apiVersion": "v1"})),
        Err(AdmissionError::NotAReview { .. })
    ));
    assert!(
        with("/apiVersion", json!("admission.k8s.io/v1beta1")).contains("admission.k8s.io/v1 was expected")
    );
    assert_eq!(with("/request", Value::Null), "request is missing");
    assert!(with("/request/uid", json!("")).starts_with("request.uid"));
    assert!(with("/request/operation", json!("PATCH")).contains("PATCH"));
    assert!(with("/request/object", Value::Null).starts_with("request.object"));
    assert!(with("/request/kind", json!({})).starts_with("request.kind"));
}

#[test]
fn an_object_that_does_not_say_what_it_is_is_of_the_requests_kind() {
    let mut review = fixture("create-pod");
    let object = review.pointer_mut("/request/object").unwrap().as_object_mut().unwrap();
    object.remove("kind");
    object.remove("apiVersion");
    assert!(!ask(&seen_by_rego(&["Pod"]), review).allowed);
}

#[test]
fn many_objects_give_the_same_findings_however_the_work_is_shared() {
    let set = seen_by_rego(&["Pod"]);
    let objects: Vec<PolicyObject> = (0..500)
        .map(|index| {
            let mut value = fixture("create-pod");
            value["request"]["object"]["metadata"]["name"] = json!(format!("pod-{index}"));
            PolicyObject { value, file: None, environment: None }
        })
        .collect();
    let findings = set.evaluate(&objects);
    assert_eq!(findings.len(), 500);
    assert!(findings.iter().all(|it: &Finding| it.enforcement == Enforcement::Deny));
    assert_eq!(findings, set.evaluate(&objects));
    let known = KnownObjects::of(&objects);
    let one_by_one: usize = objects.chunks(1).map(|it| set.evaluate_among(it, &known).len()).sum();
    assert_eq!(one_by_one, 500);
}

#[test]
fn many_policies_are_all_asked_of_one_request() {
    let rego = "package seen\nviolation[{\"msg\": input.parameters.name}] { true }";
    let mut documents = vec![template("Seen", rego)];
    for index in 0..61 {
        let mut one = constraint("Seen", "deny", &["Pod"]);
        one["metadata"]["name"] = json!(format!("c{index:02}"));
        one["spec"]["parameters"] = json!({"name": format!("m{index:02}")});
        documents.push(one);
    }
    let set = set(&documents);
    let expected: Vec<String> = (0..61).map(|index| format!("m{index:02}")).collect();
    for _ in 0..20 {
        assert_eq!(messages(&ask(&set, fixture("create-pod"))), expected);
    }
}
