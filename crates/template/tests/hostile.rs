//! Templates that mean harm end in an error: no panic, no hang, no unbounded memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fairway_template::{Budget, Deadline, Environment, TemplateErrorKind};
use serde_json::{Value as Json, json};

fn fails(source: &str) -> TemplateErrorKind {
    let start = Instant::now();
    let error = Environment::backstage()
        .with_budget(Budget { steps: 500_000, ..Budget::default() })
        .render(source, "evil.txt", &json!({"values": {"name": "x"}}))
        .expect_err(&source.chars().take(80).collect::<String>());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}: {source:.80}", start.elapsed());
    error.kind
}

#[test]
fn work_output_and_memory_are_bounded() {
    for source in [
        "${{ range(1e9) }}${{ range(999999999) }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        "{% set s = 'xxxxxxxx' %}{% for i in range(60) %}{% set s = s ~ s %}{% endfor %}${{ s }}",
        "{% for i in range(100000) %}{% filter indent(1000) %}aaaaaaaaa\n\n\n\n\n\n\n\n\n\n{% endfilter %}{% endfor %}",
        "${{ 'x'.repeat(9999999999) }}",
        "${{ 'x'.padStart(9999999999) }}",
        "${{ 'x' | indent(9999999999, true) }}",
        "${{ 'x' | center(9999999999) }}",
        "${{ [1] | batch(9999999999, 'x') }}",
        "${{ [1] | slice(9999999999) }}",
        "${{ {length: 9999999999} | reverse }}",
        "${{ 'a'.split('').join('x'.repeat(99999999)) }}${{ 'a'.repeat(99999999) | replace('', 'bbbbbbb') }}",
        "${{ true[0::1] }}",
    ] {
        assert_eq!(fails(source), TemplateErrorKind::Budget, "{source}");
    }
}

#[test]
fn time_is_bounded_by_the_clock_of_the_caller() {
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let deadline = Deadline::new(move || counter.fetch_add(1, Ordering::Relaxed) >= 3);
    let environment =
        Environment::backstage().with_budget(Budget { deadline: Some(deadline), ..Budget::default() });
    let source = "{% for a in range(99999) %}${{ a }}{% endfor %}";
    let error = environment.render(source, "t", &Json::Null).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (TemplateErrorKind::Budget, "rendering takes too long"));
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[test]
fn recursion_and_nesting_are_bounded() {
    assert_eq!(fails("{% macro f() %}${{ f() }}{% endmacro %}${{ f() }}"), TemplateErrorKind::Budget);
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(50_000), close.repeat(50_000))
    };
    for source in [
        format!("${{{{ {} }}}}", deep("(", "1", ")")),
        format!("${{{{ {} }}}}", deep("[", "1", "]")),
        format!("${{{{ {} }}}}", deep("{a:", "1", "}")),
        format!("${{{{ {} }}}}", deep("-", "1", "")),
        format!("${{{{ {} }}}}", deep("not ", "1", "")),
        format!("${{{{ {} }}}}", deep("1 + ", "1", "")),
        format!("${{{{ x{} }}}}", deep(".a", "", "")),
        format!("${{{{ x{} }}}}", deep("|e", "", "")),
        format!("${{{{ x{} }}}}", deep("()", "", "")),
        format!("${{{{ {} }}}}", deep("a or ", "b", "")),
        deep("{% if 1 %}", "", "{% endif %}"),
        deep("{% if 1 %}{% else %}", "", "{% endif %}"),
        deep("{% for a in b %}", "", "{% endfor %}"),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(50_000)),
    ] {
        assert_eq!(fails(&source), TemplateErrorKind::Budget, "{source:.40}");
    }
}

#[test]
fn pair_loops_do_not_multiply_without_end() {
    let mut source = String::new();
    for _ in 0..40 {
        source.push_str("{% for a, b in x %}");
    }
    source.push_str("${{ a }}");
    source.push_str(&"{% endfor %}".repeat(40));
    assert_eq!(fails(&source), TemplateErrorKind::Budget);
}

#[test]
fn values_that_hold_themselves_cannot_be_built() {
    let environment = Environment::cookiecutter_compat();
    for source in [
        "{% set a = [] %}{{ a.append(a) }}",
        "{% set a = [] %}{% set b = {x: a} %}{{ a.append([b]) }}",
        "{% set d = {} %}{{ d.update({y: d}) }}",
        "{% set d = {} %}{{ d.setdefault('k', [d]) }}",
        "{% set a = [] %}{{ a.append(cycler(a)) }}",
    ] {
        let error = environment.render(source, "t", &Json::Null).expect_err(source);
        assert!(error.message.contains("into itself"), "{error}");
    }
}

#[test]
fn deep_values_are_printed_or_refused_and_dropped() {
    let source = "{% for i in range(100000) %}{% set a = [a] %}{% if loop.last %}${{ a | dump }}{% endif %}{% endfor %}";
    assert_eq!(fails(source), TemplateErrorKind::Budget);
    let source = "{% for i in range(100000) %}{% set a = {f: a.f} %}{% endfor %}done";
    assert_eq!(Environment::backstage().render(source, "t", &Json::Null).unwrap(), "done");
}

#[test]
fn there_is_no_way_to_the_machinery() {
    for source in [
        "${{ values.constructor }}",
        "${{ values.name.constructor.constructor('return 1')() }}",
        "${{ values.__proto__ }}",
        "${{ [].join.constructor }}",
        "${{ range.prototype }}",
    ] {
        assert_eq!(fails(source), TemplateErrorKind::Value, "{source}");
    }
    let text = Environment::backstage().render(
        "${{ toString }}|${{ 'constructor' in values }}",
        "t",
        &json!({"values": {}}),
    );
    assert_eq!(text.unwrap(), "|false");
}

#[test]
fn half_finished_templates_are_errors_with_a_place() {
    for source in [
        "a ${{",
        "a ${{ x",
        "a {%",
        "a {% if",
        "a {% if x %}",
        "a {% for x in y %}b",
        "a {# x",
        "a #} b",
        "${{ 'x }}",
        "${{ r/x }}",
        "{% raw %}x",
        "{% macro f( %}",
        "{% call f %}",
        "{% set %}",
        "{% endif %}",
        "${{ }}",
        "${{ x | }}",
        "${{ x. }}",
        "${{ x[ }}",
        "${{ {a} }}",
        "{% switch x %}",
        "{% block a %}{% endblock %}{% block a %}{% endblock %}",
        "{% include 'x' %}",
        "{% unknown %}",
        "${{ x | unknown }}",
        "${{ x is unknown }}",
    ] {
        let error = Environment::backstage().render(source, "t.txt", &Json::Null).expect_err(source);
        assert!(error.to_string().starts_with("t.txt:1:"), "{error}");
        assert!(error.column >= 1 && error.source_line == source, "{error:?}");
    }
}

#[test]
fn every_prefix_of_a_template_ends() {
    let source = "{%- macro f(a, b=[1, {c: 2}]) -%}${{ a | indent(2) ~ b[0:1] }}{% endmacro %}{# c #}\n\
        {% for k, v in values %}${{ f(k, b=v) if k is defined and not v == r/a+/g else -1.5 ** 2 }}{% else %}é😀\
        {% endfor %}{% call(x) f('q') %}{% raw %}${{{% endraw %}{% endcall %}{% set z %}w{% endset %}\
        {% switch z %}{% case 'w' %}1{% default %}2{% endswitch %}{% filter upper %}${{ z }}{% endfilter %}";
    let context = json!({"values": {"a": [1], "b": "😀"}});
    for environment in [Environment::backstage(), Environment::cookiecutter_compat().with_trim_blocks(true)] {
        for (end, _) in source.char_indices() {
            let _ = environment.render(&source[..end], "t", &context);
            let _ = environment.render(&source[end..], "t", &context);
        }
    }
}

#[test]
fn text_without_markup_is_itself() {
    for text in ["", "a\r\nb\n", "{{ x }} { % $ {", "\u{feff}ü😀\0", "%} }} -%}"] {
        assert_eq!(Environment::backstage().render(text, "t", &Json::Null).unwrap(), text);
    }
}

#[test]
fn a_large_template_takes_linear_time() {
    let line = "text of a line that is rather long, as lines are, and ends ${{ values.name }}{% if values.a %}x{% endif %}\n";
    let source = line.repeat(10_000);
    let start = Instant::now();
    let text = Environment::backstage().render(&source, "t", &json!({"values": {"name": "n"}})).unwrap();
    assert_eq!(text.lines().count(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
