//! Templates that want to do harm end in an error.

use fairway_domain::tree::{Tree, TreeFile};
use fairway_template::cookiecutter::{Cookiecutter, generate};
use fairway_template::jinja::Environment;
use fairway_template::{Budget, TemplateError, TemplateErrorKind};
use serde_json::json;

fn render(source: &str) -> Result<String, TemplateError> {
    let budget = Budget { steps: 1_000_000, output: 4 << 20, memory: 32 << 20, ..Budget::default() };
    Environment::cookiecutter().with_budget(budget).render(source, "hostile", &json!({"x": "aaaaaaaaaa"}))
}

#[test]
fn work_output_and_memory_are_bounded() {
    for source in [
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ range(10**12)|list }}",
        "{{ range(10**9)|sum }}",
        "{{ 'a' * 10**10 }}",
        "{{ [0] * 10**10 }}",
        "{% set ns = namespace(x=x) %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x|length }}",
        "{% set ns = namespace(x=x) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}",
        "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}{{ i }}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set l = [] %}{% for i in range(9) %}{% set _ = l.append(l) %}{% endfor %}{{ l }}",
        "{% set l = [1] %}{% for i in range(99) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{{ 'x'.replace('', 'y' * 1000000).replace('y', 'z' * 1000000) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'a'.center(10**10) }}",
        "{{ 'a'|indent(10**10, true) }}",
        "{{ 'a'.zfill(10**10) }}",
        "{{ 'a\\t'.expandtabs(10**10) }}",
        "{{ [1]|batch(10**10, 0)|list }}",
        "{{ [1]|slice(10**10)|list }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% include 'x' %}",
    ] {
        assert!(render(source).is_err(), "{source}");
    }
}

#[test]
fn nesting_is_bounded_and_never_exhausts_the_stack() {
    let deep = |open: &str, middle: &str, close: &str, count: usize| {
        format!("{{{{ {}{middle}{} }}}}", open.repeat(count), close.repeat(count))
    };
    for source in [
        deep("(", "1", ")", 100_000),
        deep("[", "1", "]", 100_000),
        deep("{1:", "1", "}", 100_000),
        deep("-", "1", "", 100_000),
        deep("not ", "1", "", 100_000),
        deep("", "1", "+1", 100_000),
        deep("", "x", ".y", 100_000),
        deep("", "x", "|lower", 100_000),
        deep("", "x", "()", 100_000),
        "{% if 1 %}".repeat(100_000),
        format!("{}{}", "{% for i in [1] %}".repeat(5_000), "{% endfor %}".repeat(5_000)),
    ] {
        let error = render(&source).unwrap_err();
        assert!(
            matches!(error.kind, TemplateErrorKind::Budget | TemplateErrorKind::Syntax),
            "{}",
            error.message
        );
    }
    assert_eq!(render(&deep("(", "1", ")", 500)).unwrap(), "1");
}

#[test]
fn values_that_hold_each_other_are_taken_apart_at_the_end() {
    let chain =
        "{% set ns = namespace(x=[]) %}{% for i in range(50000) %}{% set ns.x = [ns.x] %}{% endfor %}ok";
    assert_eq!(render(chain).unwrap(), "ok");
    let tuples = chain.replace("[ns.x]", "(ns.x,)");
    assert_eq!(render(&tuples).unwrap(), "ok");
    let loops = "{% set ns = namespace(x=1) %}{% for i in range(20000) %}{% for y in [ns.x] %}{% set ns.x = loop %}{% endfor %}{% endfor %}ok";
    assert_eq!(render(loops).unwrap(), "ok");
}

#[test]
fn what_would_reach_python_is_not_there() {
    for source in [
        "{{ ''.__class__ }}",
        "{{ x.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ range.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ x.format.__self__ }}",
    ] {
        assert_eq!(render(source).unwrap_err().kind, TemplateErrorKind::Undefined, "{source}");
    }
}

#[test]
fn a_project_as_a_whole_is_bounded() {
    let mut template = Tree::new();
    template.insert("cookiecutter.json".parse().unwrap(), TreeFile::regular(br#"{"name": "x"}"#.as_slice()));
    for index in 0..20 {
        let path = format!("{{{{cookiecutter.name}}}}/{index}.txt");
        template.insert(path.parse().unwrap(), TreeFile::regular(b"{{ 'a' * 1000000 }}".as_slice()));
    }
    let budget = Budget { memory: 8 << 20, ..Budget::default() };
    let error = generate(&template, &mut Tree::new(), &Cookiecutter { budget, ..Cookiecutter::default() })
        .unwrap_err();
    assert_eq!(error.kind, TemplateErrorKind::Budget, "{error}");
}

#[test]
fn templates_that_nest_in_themselves_end() {
    let template: Tree = [(
        "cookiecutter.json".parse().unwrap(),
        TreeFile::regular(br#"{"templates": {"a": {"path": "."}}}"#.as_slice()),
    )]
    .into_iter()
    .collect();
    assert!(generate(&template, &mut Tree::new(), &Cookiecutter::default()).is_err());
}
