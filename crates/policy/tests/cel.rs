//! The expression language as Kubernetes has it, by examples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_policy::cel::{Bindings, RuleVerdict, Rules, RulesSource, Supplied};
use serde_json::{Value, json};

fn object() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "x", "a.b/c": "y"}},
        "spec": {
            "nothing": null, "replicas": 3, "ratio": 1.5, "on": true,
            "containers": [
                {"name": "one", "image": "ghcr.io/a/one:1", "ports": [80, 443]},
                {"name": "two", "image": "two"},
            ],
        },
    })
}

fn judge_with(expression: &str, bindings: &Bindings<'_>) -> RuleVerdict {
    let validations = json!([{"expression": expression}]);
    let source =
        RulesSource { place: "p", validations: Some(&validations), kyverno: true, ..RulesSource::default() };
    let rules = Rules::compile(&source).unwrap_or_else(|problems| panic!("{expression}: {}", problems[0]));
    rules.evaluate(bindings).rules.remove(0)
}

fn judge(expression: &str) -> RuleVerdict {
    let object = object();
    let mut bindings = Bindings::default();
    bindings.set("object", &object);
    judge_with(expression, &bindings)
}

fn all_true(expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(judge(expression), RuleVerdict::Passed, "{expression}");
    }
}

fn reason(expression: &str) -> String {
    match judge(expression) {
        RuleVerdict::Error { reason } => reason,
        other => panic!("{expression}: {other:?}"),
    }
}

fn refusal(expression: &str) -> String {
    let validations = json!([{"expression": expression}]);
    let source =
        RulesSource { place: "p.yaml#spec", validations: Some(&validations), ..RulesSource::default() };
    Rules::compile(&source).expect_err(expression).remove(0).to_string()
}

#[test]
fn operators_and_literals() {
    all_true(&[
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 % 3 == -1 && 2.0 / 4.0 == 0.5",
        "1 == 1.0 && 1u == 1 && 2 > 1.5 && -1 < 1u && !(1 == '1')",
        "'a' + 'b' == 'ab' && 'a' < 'b' && [1] + [2] == [1, 2]",
        "{'a': 1, 'b': [2]} == {'b': [2], 'a': 1} && 'a' in {'a': 1} && !(3 in [1, 2])",
        "true ? true : 1 / 0 == 1",
        "!false && !!true && - -1 == 1 && -(-1) == 1",
        "r'\\d' == '\\\\d' && 'é'.size() == 1 && b'\\xff'.size() == 1",
        "[1, 2, 3][1] == 2 && {'a': 1}['a'] == 1 && [1][0u] == 1 && [1][0.0] == 1",
        "type(1) == int && type('') == string && type([]) != map && type(null) == null_type",
        "9223372036854775807 > 0 && -9223372036854775808 < 0 && 0x10 == 16",
        "// a comment\n true",
    ]);
}

#[test]
fn one_deciding_side_is_enough() {
    all_true(&[
        "true || 1 / 0 == 0",
        "1 / 0 == 0 || true",
        "!(false && 1 / 0 == 0)",
        "!(1 / 0 == 0 && false)",
    ]);
    all_true(&["[1, 0].exists(x, 1 / x == 1)", "[0, 1].exists(x, 1 / x == 1)", "![0, 1].all(x, 1 / x == 2)"]);
    assert!(reason("1 / 0 == 0 || false").contains("division by zero (1:3)"));
    assert!(reason("[0].all(x, 1 / x == 1)").contains("division by zero"));
}

#[test]
fn fields_as_kubernetes_has_them() {
    all_true(&[
        "object.spec.replicas == 3 && object.spec.ratio > 1 && object.metadata.labels['a.b/c'] == 'y'",
        "has(object.spec.on) && !has(object.spec.off) && has(object.spec.nothing)",
        "!has(object.spec.nothing.deeper)",
        "object.spec.containers.all(c, c.image.contains('one') || c.name == 'two')",
        "object.metadata.labels.exists(k, k == 'app') && object.spec.containers.size() == 2",
        "oldObject == null",
        "object.spec.?missing.?deeper.orValue('none') == 'none' && object.spec.?replicas.orValue(1) == 3",
        "object.metadata.?labels[?'app'].orValue('') == 'x' && !object.?spec.?x.hasValue()",
        "object.spec.replicas.orValue(1) == 3",
        "object.spec.containers[?5] == optional.none() && [?object.spec.?x, 1] == [1]",
        "{?'a': object.spec.?x} == {} && object.spec.?on.optMap(x, !x).value() == false",
        "optional.of(1).or(optional.of(2)).value() == 1 && optional.ofNonZeroValue('').or(optional.of('z')).value() == 'z'",
        "object.spec.`replicas` == 3",
    ]);
    assert!(reason("object.spec.missing == 1").contains("no such key: missing"));
    assert!(reason("object.spec.containers[9].name == ''").contains("index out of bounds: 9"));
    assert!(reason("object.spec.on.x == 1").contains("bool has no field"));
    assert!(reason("object.spec.replicas + 'x' == ''").contains("no such overload: +(int, string)"));
    assert!(reason("object.spec.replicas").contains("neither true nor false"));
}

#[test]
fn loops() {
    all_true(&[
        "[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6]",
        "[1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2, 2].exists_one(x, x == 1) && ![2, 2].existsOne(x, x == 2)",
        "[[1, 2], [3]].all(x, x.all(y, y in [1, 2, 3] && size(x) > 0))",
        "[5, 6].all(i, v, v == i + 5) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
        "[1, 2].transformList(i, v, i + v) == [1, 3] && {'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
        "[1, 2].transformList(i, v, i > 0, v) == [2]",
        "{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}",
        "cel.bind(x, 'ab', x + x) == 'abab'",
        "[{'n': 2}, {'n': 1}].sortBy(x, x.n)[0].n == 1",
        "{'b': 1, 'a': 2}.map(k, k).sort() == ['a', 'b']",
    ]);
}

#[test]
fn texts_and_lists() {
    all_true(&[
        "'Hello'.lowerAscii() == 'hello' && ' x '.trim() == 'x' && 'abc'.substring(1) == 'bc' && 'abc'.charAt(1) == 'b'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ''.split(',') == ['']",
        "'aXbX'.replace('X', '-') == 'a-b-' && 'aXbX'.replace('X', '-', 1) == 'a-bX' && ['a', 'b'].join('-') == 'a-b'",
        "'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.indexOf('l', 3) == 3 && 'x'.indexOf('y') == -1",
        "'abc'.reverse() == 'cba' && strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]', 1) == ['1']",
        "'abc'.matches('^a.c$') && !'abc'.matches('^b') && matches('abc', 'b')",
        "'%s is %d, %.2f, %x, %%'.format(['a', 3, 1.0, 255]) == 'a is 3, 1.00, ff, %' && '%s'.format([[1, 'b']]) == '[1, b]'",
        "[3, 1, 2].max() == 3 && [3, 1].min() == 1 && [1, 2].sum() == 3 && [1, 2].isSorted() && ![2, 1].isSorted()",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1, 1].distinct() == [1] && [[1], [2]].flatten() == [1, 2]",
        "[1, 2, 3].slice(1, 2) == [2] && lists.range(3) == [0, 1, 2] && [1].first().value() == 1",
        "sets.contains([1, 2], [1]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2]) && !sets.intersects([], [1])",
        "base64.decode('YQ==') == b'a' && base64.encode(b'a') == 'YQ==' && jsonpatch.escapeKey('a/~b') == 'a~1~0b'",
        "math.greatest(1, 2.5) == 2.5 && math.least([3, 2]) == 2 && math.ceil(1.2) == 2.0 && math.abs(-1) == 1",
        "string(1.5) == '1.5' && string(1.0) == '1' && int('7') == 7 && double('1') == 1.0 && bool('true') && string(true) == 'true'",
    ]);
}

#[test]
fn libraries_of_kubernetes() {
    all_true(&[
        "quantity('1Gi').isGreaterThan(quantity('500Mi')) && quantity('1000m') == quantity('1') && !isQuantity('x')",
        "quantity('50k').add(20).compareTo(quantity('50020')) == 0 && quantity('2').asInteger() == 2",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && !isSemver('1.2') && semver('v1.2', true).major() == 1",
        "ip('192.168.0.1').family() == 4 && ip('::1').isLoopback() && !isIP('1.2.3') && ip.isCanonical('127.0.0.1')",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('11.0.0.0/16') && isCIDR('::/0')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8",
        "url('https://a.b:80/p/q?x=1').getHost() == 'a.b:80' && url('https://a.b/p').getEscapedPath() == '/p' && !isURL('a b')",
        "url('https://a/?x=1&x=2').getQuery()['x'] == ['1', '2'] && url('https://a.b:80/').getHostname() == 'a.b'",
        "!format.dns1123Label().validate('web').hasValue() && format.named('dns1123Label').value().validate('A').hasValue()",
        "duration('1h30m').getMinutes() == 90 && string(duration('90s')) == '90s' && duration('1h') < duration('90m')",
        "timestamp('2024-02-29T10:00:00Z').getMonth() == 1 && timestamp('2024-01-01T23:00:00Z').getDate('+02:00') == 2",
        "timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')",
        "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')",
        "image('nginx').registry() == 'docker.io' && image('a.b/c:1').tag() == '1' && !isImage('A')",
        "parseServiceAccount('system:serviceaccount:ns:sa').Namespace == 'ns' && parseServiceAccount('joe').Name == ''",
    ]);
}

#[test]
fn what_is_not_known_is_not_guessed() {
    assert!(
        reason("authorizer.group('apps').resource('pods').check('get').allowed()")
            .contains("authorizer is not known")
    );
    assert!(reason("resource.Get('v1', 'configmaps', 'a', 'b').data.x == ''").contains("are not given here"));
    assert!(reason("http.Get('https://a') == null").contains("asks other servers"));
    assert!(reason("time.now() > timestamp('2024-01-01T00:00:00Z')").contains("the time is not given"));
    all_true(&["true || authorizer.group('').resource('pods').check('get').allowed()"]);

    let resources = [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "a"}, "data": {"x": "1"}}),
    ];
    let images = json!({"docker.io/redis:6": {"config": {"created": "2020-05-01T03:15:12-07:00"}}});
    let mut bindings = Bindings::default();
    bindings.supply(Supplied {
        resources: Some(&resources),
        images: images.as_object(),
        global_context: None,
        now: Some(1_700_000_000),
    });
    for expression in [
        "resource.Get('v1', 'configmaps', 'a', 'b').data.x == '1'",
        "resource.List('v1', 'configmaps', 'a').items.size() == 1 && resource.List('v1', 'secrets').items == []",
        "timestamp(image.GetMetadata('redis:6').config.created) < time.now()",
    ] {
        assert_eq!(judge_with(expression, &bindings), RuleVerdict::Passed, "{expression}");
    }
}

#[test]
fn mistakes_are_found_before_any_object_comes() {
    let text = refusal("object.spec.all(c,\n  c.image.startsWith(missing))");
    assert!(text.contains("undeclared reference to \"missing\""), "{text}");
    assert!(text.contains("p.yaml#spec.validations[0].expression:2:22"), "{text}");
    assert!(text.contains("2 |   c.image.startsWith(missing))"), "{text}");
    for (expression, expected) in [
        ("object.", "the name of a field"),
        ("(1", "\")\" is expected"),
        ("1 +", "a value is expected"),
        ("'a", "no end"),
        ("foo(1)", "undeclared reference to the function \"foo\""),
        ("'a'.startsWith()", "does not take 0 arguments"),
        ("has(1)", "has() takes a field"),
        ("variables.x", "undefined field \"x\""),
        ("'a'.matches('(')", "regular expression"),
        ("[1].all(true, 1)", "the name of a variable"),
        ("images == 1", "undeclared reference"),
        ("Foo{a: 1}", "the type \"Foo\""),
        ("namespace", "a word of the language"),
        ("1 2", "the end or an operator"),
    ] {
        assert!(refusal(expression).contains(expected), "{expression}: {}", refusal(expression));
    }
}

#[test]
fn hostile_expressions_come_to_an_end() {
    for nested in ["(", "[", "-(", "!(", "object.size(", "{1:"] {
        assert!(refusal(&nested.repeat(5000)).contains("nests deeper"), "{nested}");
    }
    assert!(refusal(&format!("object{}", ".a".repeat(5000))).contains("nests deeper"));
    assert!(refusal(&format!("1{} == 1", " + 1".repeat(5000))).contains("nests deeper"));
    assert!(refusal(&" ".repeat(100_000)).contains("longer than"));
    assert!(refusal("'a'.matches('(a{1000}){1000}')").contains("regular expression"));
    for bomb in [
        "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))",
        "lists.range(100000000).size() > 0",
        "lists.range(40).map(x, 'aaaaaaaaaaaaaaaa').join('').split('').map(x, lists.range(900)).flatten().sort().distinct().size() > 0",
        "cel.bind(a, lists.range(30000), a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + a == a)",
    ] {
        assert!(reason(bomb).contains("more steps than it may"), "{bomb}: {}", reason(bomb));
    }
    let mut doubled = "x".to_owned();
    for _ in 0..25 {
        doubled = format!("cel.bind(x, x + x, {doubled})");
    }
    assert!(reason(&format!("cel.bind(x, 'aaaaaaaaaaaaaaaa', {doubled}).size() > 0")).contains("than"));
    let many: Vec<Value> = (0..200)
        .map(|at| json!({"name": format!("v{at}"), "expression": if at == 0 { "1".to_owned() } else { format!("variables.v{} + 1", at - 1) }}))
        .collect();
    let (variables, validations) = (Value::from(many), json!([{"expression": "variables.v199 == 200"}]));
    let source = RulesSource {
        variables: Some(&variables),
        validations: Some(&validations),
        ..RulesSource::default()
    };
    let rules = Rules::compile(&source).unwrap();
    assert!(
        matches!(&rules.evaluate(&Bindings::default()).rules[0], RuleVerdict::Error { reason } if reason.contains("nests deeper"))
    );
}

#[test]
fn conditions_variables_messages_and_annotations() {
    let spec = json!({
        "matchConditions": [{"name": "is-web", "expression": "object.metadata.name == 'web'"}],
        "variables": [
            {"name": "names", "expression": "object.spec.containers.map(c, c.name)"},
            {"name": "broken", "expression": "object.nothing.here"},
            {"name": "joined", "expression": "variables.names.join(',')"},
        ],
        "validations": [
            {"expression": "variables.joined == 'one,two'"},
            {"expression": "size(variables.names) > 2", "message": "too few", "messageExpression": "'only ' + variables.joined"},
            {"expression": "size(variables.names) > 2", "message": " written ", "messageExpression": "variables.broken"},
            {"expression": "  size(variables.names) > 2  "},
            {"expression": "variables.broken == 1"},
        ],
        "auditAnnotations": [{"key": "names", "valueExpression": "variables.joined"}, {"key": "none", "valueExpression": "null"}],
    });
    let source = RulesSource {
        place: "p",
        match_conditions: spec.get("matchConditions"),
        variables: spec.get("variables"),
        validations: spec.get("validations"),
        audit_annotations: spec.get("auditAnnotations"),
        ..RulesSource::default()
    };
    let rules = Rules::compile(&source).unwrap();
    let mut object = object();
    let verdicts = {
        let mut bindings = Bindings::default();
        bindings.set("object", &object);
        rules.evaluate(&bindings)
    };
    let failed = |message: &str| RuleVerdict::Failed { message: message.to_owned() };
    assert_eq!(
        verdicts.rules[..4],
        [
            RuleVerdict::Passed,
            failed("only one,two"),
            failed("written"),
            failed("failed expression: size(variables.names) > 2"),
        ]
    );
    assert!(
        matches!(&verdicts.rules[4], RuleVerdict::Error { reason } if reason.contains("variables.broken: no such key: nothing"))
    );
    assert_eq!(verdicts.audit_annotations, [("names".to_owned(), "one,two".to_owned())]);

    object["metadata"]["name"] = json!("other");
    let mut bindings = Bindings::default();
    bindings.set("object", &object);
    assert_eq!(rules.evaluate(&bindings).rules[0], RuleVerdict::Skipped { condition: "is-web".to_owned() });
}
