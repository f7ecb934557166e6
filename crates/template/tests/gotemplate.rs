//! The language of Go's templates and the functions of Argo CD.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use fairway_template::gotemplate::{GoTemplate, MissingKey, reference};
use serde_json::{Value as Json, json};

fn engine() -> GoTemplate {
    GoTemplate::argo_cd().with_time(1_783_000_000, 0).with_seed([1; 32])
}

fn render(source: &str) -> String {
    render_with(source, &json!({"n": 3, "name": "app", "m": {"a": "1"}, "l": ["a", "b"], "nul": null}))
}

fn render_with(source: &str, data: &Json) -> String {
    engine().render(source, "t", data).unwrap_or_else(|error| panic!("{source}\n{error}"))
}

fn error(source: &str) -> String {
    let data = json!({"n": 3, "name": "app", "m": {"a": "1"}, "nul": null});
    let error = engine().render(source, "t", &data).expect_err(source);
    format!("{}:{}: {}", error.line, error.column, error.message)
}

#[test]
fn every_example_of_a_function_prints_what_its_documentation_says() {
    let mut names = BTreeSet::new();
    for (subject, entries) in reference() {
        for entry in entries {
            // sprig has a `slice` of its own.
            assert!(names.insert((subject == "Lists", entry.name)), "{} is there twice", entry.name);
            assert!(!entry.meaning.is_empty() && !entry.meaning.ends_with('.'), "{}", entry.name);
            assert!(entry.usage.starts_with(entry.name), "{}", entry.usage);
            for example in entry.examples {
                assert!(example.template.contains(entry.name), "{} is not in its example", entry.name);
                assert_eq!(render(example.template), example.output, "{}", example.template);
            }
        }
    }
    assert!(names.len() > 220, "{}", names.len());
}

#[test]
fn what_depends_on_time_or_chance_is_an_error_without_them() {
    for source in ["{{ now }}", "{{ randAlphaNum 5 }}", "{{ uuidv4 }}", "{{ shuffle \"ab\" }}"] {
        let error = GoTemplate::argo_cd().render(source, "t", &json!({})).expect_err(source);
        assert!(error.hint.is_some(), "{error}");
    }
    let drawn = |seed: u8| {
        GoTemplate::argo_cd().with_seed([seed; 32]).render("{{ randAlphaNum 20 }}", "t", &json!({})).unwrap()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn the_environment_and_the_network_cannot_be_named() {
    for name in ["env", "expandenv", "getHostByName"] {
        assert!(error(&format!("{{{{ {name} \"HOME\" }}}}")).contains("not defined"), "{name}");
    }
}

#[test]
fn constants_take_the_type_of_the_parameter_and_values_do_not() {
    assert_eq!(render("{{ trunc 1 .name }}"), "a");
    assert_eq!(error("{{ trunc .n .name }}"), "1:10: wrong type for value; expected int; got float64");
    assert_eq!(render("{{ trunc (int .n) .name }}"), "app");
    assert_eq!(error("{{ upper .missing }}"), "1:10: invalid value; expected string");
    assert_eq!(
        error("{{ eq .n 3 }}"),
        "1:4: error calling eq: incompatible types for comparison: float64 and int"
    );
    assert_eq!(render("{{ eq (int .n) 3 }} {{ printf \"%T %v\" .n .n }}"), "true float64 3");
}

#[test]
fn a_missing_key_is_what_the_option_says() {
    let data = json!({"m": {}, "nul": null});
    let with = |missing_key| GoTemplate::argo_cd().with_missing_key(missing_key);
    assert_eq!(with(MissingKey::Default).render("{{ .x.y }}", "t", &data).unwrap(), "<no value>");
    assert!(with(MissingKey::Zero).render("{{ .x.y }}", "t", &data).is_err());
    let error = with(MissingKey::Error).render("a\n{{ .m.x }}", "t", &data).unwrap_err();
    assert_eq!(error.to_string(), "t:2:6: map has no entry for key \"x\"\n  {{ .m.x }}\n       ^");
    assert!(with(MissingKey::Default).render("{{ .nul.y }}", "t", &data).is_err());
    assert!(GoTemplate::argo_cd().with_option("missingkey=bogus").is_err());
}

#[test]
fn a_misspelt_name_is_answered_with_the_right_one() {
    let fault = |source: &str, data: &Json| {
        let engine = GoTemplate::argo_cd().with_missing_key(MissingKey::Error);
        engine.render(source, "t", data).expect_err(source).hint.unwrap_or_default()
    };
    assert!(fault("{{ uper 1 }}", &json!({})).contains("upper"));
    assert!(fault("{{ .nmae }}", &json!({"name": 1})).contains("name"));
    assert!(fault("{{ template \"heder\" }}{{ define \"header\" }}{{ end }}", &json!({})).contains("header"));
    assert!(fault("{{ clusterName }}", &json!({})).contains(".clusterName"));
}

#[test]
fn loops_take_lists_dicts_and_numbers() {
    for (source, text) in [
        ("{{ range $i, $e := .l }}{{ $i }}{{ $e }};{{ end }}", "0a;1b;"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ range $k, $v := .m }}{{ $k }}={{ $v }}{{ end }}", "a=1"),
        ("{{ range .none }}{{ else }}none{{ end }}", "none"),
        ("{{ range .l }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
        ("{{ with .none }}{{ else with .name }}{{ . }}{{ end }}", "app"),
        ("{{ $x := 1 }}{{ range .l }}{{ $x = add $x 1 }}{{ end }}{{ $x }}", "3"),
        ("{{ $x := 0 }}{{ range $x = .l }}{{ end }}{{ $x }}", "b"),
    ] {
        assert_eq!(render(source), text, "{source}");
    }
}

#[test]
fn dicts_are_shared_and_merged_as_sprig_does() {
    for (source, text) in [
        ("{{ $d := dict }}{{ $e := $d }}{{ $_ := set $e \"a\" 1 }}{{ $d }}", "map[a:1]"),
        ("{{ merge (dict \"a\" \"\" \"b\" 0) (dict \"a\" \"x\" \"b\" 1) }}", "map[a:x b:1]"),
        (
            "{{ mergeOverwrite (dict \"a\" (dict \"b\" 1 \"c\" 2)) (dict \"a\" (dict \"b\" 3)) }}",
            "map[a:map[b:3 c:2]]",
        ),
        ("{{ dig \"a\" \"x\" \"none\" (dict \"a\" (dict \"b\" 1)) }}", "none"),
        ("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"self\" $d }}{{ len $d }}", "2"),
    ] {
        assert_eq!(render(source), text, "{source}");
    }
    assert!(error("{{ set .none \"a\" 1 }}").contains("assignment to entry in nil map"));
}

#[test]
fn yaml_is_written_as_kubernetes_tools_write_it() {
    let data = json!({"v": {
        "b10": 1, "b2": 1.5, "empty": {}, "list": [1, {"a": "x", "b": []}, ["y"]], "none": null,
        "text": "a\nb\n", "yes": "yes", "colon": "a: b", "big": 1e21, "whole": 1_000_000
    }});
    assert_eq!(
        render_with("{{ toYaml .v }}", &data),
        "b2: 1.5\nb10: 1\nbig: 1e+21\ncolon: 'a: b'\nempty: {}\nlist:\n- 1\n- a: x\n  b: []\n- - \"y\"\nnone: null\n\
         text: |\n  a\n  b\nwhole: 1000000\n\"yes\": \"yes\""
    );
    assert_eq!(render_with("{{ (toYaml .v | fromYaml).text }}", &data), "a\nb\n");
    assert!(error("{{ fromYaml \"[1]\" }}").contains("map[string]interface {}"));
    assert!(error("{{ fromYaml \"a: [\" }}").contains("not YAML"));
}

#[test]
fn every_text_of_a_template_is_rendered_keys_too() {
    let rendered = engine()
        .render_json(&json!({"{{ .name }}": ["{{ .n }}", 1, null]}), "spec", &json!({"n": 3, "name": "app"}))
        .unwrap();
    assert_eq!(rendered, json!({"app": ["3", 1, null]}));
}
