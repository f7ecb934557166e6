//! What the rooms that render rely on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_template::{Environment, TemplateErrorKind};
use serde_json::{Value as Json, json};

#[test]
fn a_sole_expression_keeps_its_type() {
    let environment = Environment::backstage();
    let context = json!({"p": {"n": 3, "f": 2.5, "list": [1, {"a": null}], "t": true, "nothing": null}});
    for (source, value) in [
        ("${{ p.n }}", Some(json!(3))),
        ("${{ p.n + 1 }}", Some(json!(4))),
        ("${{ p.f }}", Some(json!(2.5))),
        ("${{ p.list }}", Some(json!([1, {"a": null}]))),
        ("${{ p.t }}", Some(json!(true))),
        ("${{ p.nothing }}", Some(Json::Null)),
        ("${{ p.missing }}", None),
        ("${{ p.missing.x }}", None),
        ("${{ {a: p.n, b: p.missing} }}", Some(json!({"a": 3}))),
        (" ${{ p.n }}", Some(json!(" 3"))),
        ("${{ p.n }}${{ p.n }}", Some(json!("33"))),
        ("{% if p.t %}3{% endif %}", Some(json!("3"))),
        ("plain", Some(json!("plain"))),
        ("", Some(json!(""))),
        ("${{ 'x' | safe }}", Some(json!("x"))),
    ] {
        assert_eq!(environment.render_value(source, "t", &context).unwrap(), value, "{source}");
    }
}

#[test]
fn json_is_rendered_through_and_undefined_members_go() {
    let value =
        json!({"a": "${{ x }}", "${{ key }}": ["${{ x }}", "${{ no }}", 1, null], "gone": "${{ no }}"});
    let rendered = Environment::backstage().render_json(&value, "t", &json!({"x": {"y": 1}})).unwrap();
    assert_eq!(rendered, json!({"a": {"y": 1}, "${{ key }}": [{"y": 1}, null, 1, null]}));
}

#[test]
fn host_functions_and_filters_are_called() {
    let environment = Environment::backstage()
        .with_function("always", |_| Ok(Json::Bool(true)))
        .with_function("refuse", |_| Err("not today".to_owned()))
        .with_filter("yaml", |arguments| Ok(json!(format!("yaml:{}", arguments[0]))));
    let render = |source: &str| environment.render_value(source, "t", &json!({"x": [1]}));
    assert_eq!(render("${{ always() }}").unwrap(), Some(json!(true)));
    assert_eq!(render("${{ x | yaml }}").unwrap(), Some(json!("yaml:[1]")));
    assert_eq!(render("${{ refuse() }}").unwrap_err().message, "refuse() failed: not today");
}

#[test]
fn strictness_names_what_was_meant() {
    let environment = Environment::backstage().with_strict_undefined(true);
    let context = json!({"values": {"name": "shop", "owner": "a", "nothing": null}});
    let error = environment.render("x\n  ${{ values.nmae }}", "a/b.md", &context).unwrap_err();
    assert_eq!(error.kind, TemplateErrorKind::Undefined);
    assert_eq!((error.line, error.column), (2, 13));
    assert_eq!(error.message, "values.nmae is not defined; did you mean values.name?");
    let error = environment.render("${{ vlaues.name }}", "t", &context).unwrap_err();
    assert_eq!(error.message, "vlaues.name is not defined");
    for silent in ["${{ 'a' ~ values.nmae }}", "${{ values.nmae | upper }}"] {
        assert_eq!(environment.render(silent, "t", &context).unwrap_err().kind, TemplateErrorKind::Undefined);
    }
    assert!(environment.render_value("${{ values.nmae }}", "t", &context).is_err());
    for fine in [
        "${{ values.nothing }}",
        "${{ values.x | default('d') }}",
        "{% if values.x %}{% endif %}",
        "${{ 'a' if values.x }}",
    ] {
        environment.render(fine, "t", &context).expect(fine);
    }
}

#[test]
fn errors_say_what_to_do() {
    let error =
        Environment::backstage().render("a\n${{ values.x | uper }}", "t.md", &Json::Null).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.md:2:16: there is no filter \"uper\"\n  ${{ values.x | uper }}\n                 ^\nDid you mean upper?"
    );
}

#[test]
fn javascript_reads_the_operators() {
    let context = json!({"n": 3, "s": "5"});
    for (source, text) in [
        ("${{ not n == 3 }}", "false"),
        ("${{ 'a' + 2 - 3 }}", "NaN"),
        ("${{ '1' ~ 1 + 2 }}", "112"),
        ("${{ 7 // 5 % 3 }}", "1"),
        ("${{ 2 * 7 % 4 }}", "2"),
        ("${{ s * '2' }}", "10"),
        ("${{ [] + {} }}", "[object Object]"),
        ("${{ '' == 0 }}${{ null == undefined }}${{ null == 0 }}", "truetruefalse"),
        ("${{ [1,[2,3]] }}", "1,2,3"),
        ("${{ 'a.b.a'.replace('a', '$&$$') }}|${{ 'a.b.a'.replaceAll('a', 'x') }}", "a$.b.a|x.b.x"),
        ("${{ n in [1,3] }}${{ 'x' not in {x: 1} }}", "truefalse"),
    ] {
        assert_eq!(Environment::backstage().render(source, "t", &context).unwrap(), text, "{source}");
    }
}

#[test]
fn white_space_is_controlled() {
    let source = "a\n  {% if true %}\n  b\n  {% endif %}\nc\n";
    let environment = || Environment::backstage();
    let context = Json::Null;
    assert_eq!(environment().render(source, "t", &context).unwrap(), "a\n  \n  b\n  \nc\n");
    assert_eq!(
        environment().with_trim_blocks(true).render(source, "t", &context).unwrap(),
        "a\n    b\n  c\n"
    );
    let both = environment().with_trim_blocks(true).with_lstrip_blocks(true);
    assert_eq!(both.render(source, "t", &context).unwrap(), "a\n  b\nc\n");
    assert_eq!(environment().render("a {%- if 1 -%} b {%- endif -%} c", "t", &context).unwrap(), "abc");
}

#[test]
fn backstage_filters_take_references_apart() {
    let environment = Environment::backstage();
    let context = json!({"url": "github.com?owner=acme&repo=my%20app", "ref": "group:default/team", "o": {"a": [{"b": 1}]}});
    for (source, value) in [
        ("${{ url | parseRepoUrl }}", json!({"host": "github.com", "owner": "acme", "repo": "my app"})),
        ("${{ url | projectSlug }}", json!("acme/my app")),
        ("${{ ref | parseEntityRef }}", json!({"kind": "group", "namespace": "default", "name": "team"})),
        (
            "${{ 'x' | parseEntityRef({defaultKind: 'component'}) }}",
            json!({"kind": "component", "namespace": "default", "name": "x"}),
        ),
        ("${{ ref | parseEntityRef | pick('name') }}", json!("team")),
        ("${{ o | pick('a[0].b') }}", json!(1)),
    ] {
        assert_eq!(environment.render_value(source, "t", &context).unwrap(), Some(value), "{source}");
    }
    assert!(environment.render("${{ 'x' | parseEntityRef }}", "t", &context).is_err());
}
