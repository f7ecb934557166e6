//! The reader of `kyverno-test.yaml`: each part of a test does what it does on Kyverno's command line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_policy::kyverno::suite::Outcome::{self, Excluded, Passed};
use fairway_policy::kyverno::suite::run;

/// Runs a test over files that are given as name and text; the results as they come out.
fn outcomes(test: &str, files: &[(&str, &str)]) -> Vec<Outcome> {
    let read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| vec![((*name).to_owned(), (*text).to_owned())])
            .ok_or("no such file".to_owned())
    };
    let rows = run("t/kyverno-test.yaml", test, &read, None).unwrap();
    rows.into_iter().map(|row| row.outcome).collect()
}

const PODS: &str = "
{apiVersion: v1, kind: Pod, metadata: {name: good, labels: {app: x}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: bad}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: kube-system}}
";

const LABELS: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  rules:
  - name: r
    match: {any: [{resources: {kinds: [Pod]}}]}
    exclude: {any: [{resources: {namespaces: [kube-system]}}]}
    validate: {pattern: {metadata: {labels: {app: '?*'}}}}
";

#[test]
fn rows_pass_only_for_what_they_expect() {
    let test = "
policies: [../p.yaml]
resources: [pods.yaml, gone.yaml]
results:
- {policy: p, rule: r, kind: Pod, resources: [good, default/bad], result: pass}
- {policy: p, rule: r, kind: Pod, resource: bad, status: fail}
- {policy: p, rule: r, kind: Pod, resources: [other], result: skip}
- {policy: p, rule: r, kind: Pod, resources: [other], result: fail}
- {policy: q, rule: r, kind: Pod, resources: [good], result: pass}
- {policy: p, rule: r, kind: Pod, resources: [lost], result: pass}
";
    let found = outcomes(test, &[("p.yaml", LABELS), ("t/pods.yaml", PODS)]);
    assert_eq!(found[0], Passed);
    assert!(
        matches!(&found[1], Outcome::Failed(why) if why.contains("expected pass, found fail")),
        "{:?}",
        found[1]
    );
    assert_eq!(found[2], Passed);
    assert_eq!(found[3], Excluded);
    assert!(matches!(found[4], Outcome::Failed(_)) && matches!(found[5], Outcome::Failed(_)));
    assert!(matches!(&found[6], Outcome::MissingInput(why) if why.contains("t/gone.yaml")));
}

#[test]
fn values_users_namespaces_and_exceptions_count() {
    let policy = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p, annotations: {policies.kyverno.io/scored: 'false'}}
spec:
  rules:
  - name: map
    match: {any: [{resources: {kinds: [Pod]}}]}
    context: [{name: settings, configMap: {name: s, namespace: d}}]
    validate: {deny: {conditions: {any: [{key: '{{ settings.data.allowed }}', operator: NotEquals, value: '{{ request.object.metadata.name }}'}]}}}
  - name: user
    match: {any: [{resources: {kinds: [Pod], operations: [UPDATE]}, subjects: [{kind: User, name: ada}]}]}
    validate: {deny: {conditions: {all: [{key: '{{ request.userInfo.username }}', operator: Equals, value: ada}]}}}
  - name: space
    match: {any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {team: a}}}}]}
    validate: {deny: {}}
  - name: lifted
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate: {deny: {}}
";
    let values = "
kind: Values
policies:
- name: p
  resources: [{name: bad, values: {request.operation: UPDATE}}]
  rules: [{name: map, values: {settings.data.allowed: good}}]
namespaceSelector: [{name: kube-system, labels: {team: a}}]
";
    let exception = "
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e}
spec:
  exceptions: [{policyName: p, ruleNames: [lifted]}]
  match: {any: [{resources: {kinds: [Pod], names: [good]}}]}
";
    let test = "
policies: [p.yaml]
resources: [pods.yaml]
variables: values.yaml
userinfo: user.yaml
exceptions: [e.yaml]
results:
- {policy: p, rule: map, kind: Pod, resources: [good], result: pass}
- {policy: p, rule: map, kind: Pod, resources: [bad], result: warn}
- {policy: p, rule: user, kind: Pod, resources: [bad], result: warn}
- {policy: p, rule: user, kind: Pod, resources: [good], result: skip}
- {policy: p, rule: space, kind: Pod, resources: [other], result: warn}
- {policy: p, rule: lifted, kind: Pod, resources: [good], result: skip}
- {policy: p, rule: lifted, kind: Pod, resources: [bad], result: warn}
";
    let found = outcomes(
        test,
        &[
            ("t/p.yaml", policy),
            ("t/pods.yaml", PODS),
            ("t/values.yaml", values),
            ("t/user.yaml", "{kind: UserInfo, userInfo: {username: ada}}"),
            ("t/e.yaml", exception),
        ],
    );
    assert_eq!(found, [Passed, Passed, Passed, Excluded, Passed, Passed, Passed]);
}

#[test]
fn what_is_changed_and_made_is_held_against_files() {
    let policy = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  rules:
  - name: own
    match: {any: [{resources: {kinds: [Pod]}}]}
    mutate: {patchStrategicMerge: {metadata: {labels: {+(app): added}}}}
  - name: others
    match: {any: [{resources: {kinds: [Namespace]}}]}
    mutate:
      targets: [{apiVersion: v1, kind: ConfigMap, namespace: d, name: 's*', preconditions: {all: [{key: '{{ target.data.keep }}', operator: Equals, value: 'no'}]}}]
      patchesJson6902: |-
        - {op: add, path: /data/from, value: '{{ request.object.metadata.name }}'}
  - name: made
    match: {any: [{resources: {kinds: [Namespace]}}]}
    generate: {apiVersion: v1, kind: ConfigMap, name: new, namespace: '{{ request.object.metadata.name }}', data: {data: {a: '1'}}}
  - name: cloned
    match: {any: [{resources: {kinds: [Namespace]}}]}
    generate: {namespace: '{{ request.object.metadata.name }}', cloneList: {namespace: d, kinds: [v1/ConfigMap], selector: {matchLabels: {clone: yes please}}}}
";
    let test = "
policies: [p.yaml]
resources: [pods.yaml, space.yaml]
targetResources: [maps.yaml]
results:
- {policy: p, rule: own, kind: Pod, resources: [bad], patchedResource: bad-patched.yaml, result: pass}
- {policy: p, rule: own, kind: Pod, resources: [good], result: skip}
- {policy: p, rule: others, kind: Namespace, resources: [n], patchedResources: map-patched.yaml, result: pass}
- {policy: p, rule: made, kind: Namespace, resources: [n], generatedResource: made.yaml, result: pass}
- {policy: p, rule: cloned, kind: Namespace, resources: [n], generatedResource: cloned.yaml, result: pass}
- {policy: p, rule: made, kind: Namespace, resources: [n], generatedResource: wrong.yaml, result: pass}
";
    let maps = "
{apiVersion: v1, kind: ConfigMap, metadata: {name: s1, namespace: d, labels: {clone: yes please}}, data: {keep: 'no'}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: s2, namespace: d}, data: {keep: 'yes'}}
";
    let found = outcomes(
        test,
        &[
            ("t/p.yaml", policy),
            ("t/pods.yaml", PODS),
            ("t/space.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: n}}"),
            ("t/maps.yaml", maps),
            (
                "t/bad-patched.yaml",
                "{apiVersion: v1, kind: Pod, metadata: {name: bad, labels: {app: added}}}",
            ),
            (
                "t/map-patched.yaml",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: s1, namespace: d, labels: {clone: yes please}}, data: {keep: 'no', from: n}}",
            ),
            (
                "t/made.yaml",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: new, namespace: n}, data: {a: '1'}}",
            ),
            (
                "t/cloned.yaml",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: s1, namespace: n, labels: {clone: yes please}}, data: {keep: 'no'}}",
            ),
            (
                "t/wrong.yaml",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: new, namespace: n}, data: {a: '2'}}",
            ),
        ],
    );
    assert_eq!(found[..5], [Passed, Passed, Passed, Passed, Passed]);
    assert_eq!(found[5], Outcome::Failed("the generated object: .data.a is \"1\", not \"2\"".to_owned()));
}
