//! Templates that are written to harm: every one of them is an error, quickly and in bounded memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_template::gotemplate::GoTemplate;
use fairway_template::{Budget, TemplateErrorKind};
use serde_json::json;

fn kind(source: &str) -> TemplateErrorKind {
    let engine = GoTemplate::argo_cd().with_seed([1; 32]).with_time(0, 0);
    let data = json!({"l": [1, 2], "s": "text"});
    engine.render(source, "hostile", &data).map_err(|error| error.kind).expect_err(source)
}

#[test]
fn a_budget_ends_what_would_not_end() {
    let sources = [
        "{{ until 1000000000 }}",
        "{{ untilStep 0 9223372036854775807 1 }}",
        "{{ seq 1 2000000000 }}",
        "{{ range 1000000000000 }}{{ end }}",
        "{{ repeat 1000000000 \"x\" }}",
        "{{ repeat 9223372036854775807 \"xy\" }}",
        "{{ indent 1000000000 \"a\\nb\" }}",
        "{{ randAscii 1000000000 }}",
        "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}",
        "{{ $x := \"xxxxxxxxxx\" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range until 100000 }}{{ $x = list $x }}{{ end }}{{ $x }}",
        "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ toJson $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ toYaml $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ deepCopy $d }}",
        "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $e := dict }}{{ $_ := set $e \"d\" $e }}{{ deepEqual $d $e }}",
        "{{ replace \"\" (repeat 10000 \"x\") (repeat 100000 \"y\") }}",
        "{{ regexReplaceAll \"\" (repeat 100000 \"y\") (repeat 10000 \"x\") }}",
        "{{ range until 1000 }}{{ printf \"%1000000d\" 1 }}{{ end }}",
        "{{ range until 1000000 }}{{ regexMatch (print \"(a|b)*\" .) \"x\" }}{{ end }}",
    ];
    for source in sources {
        assert_eq!(kind(source), TemplateErrorKind::Budget, "{source}");
    }
}

#[test]
fn a_large_regular_expression_is_refused() {
    for source in [
        "{{ mustRegexMatch \"(((a{100}){100}){100}){100}\" \"a\" }}",
        "{{ mustRegexMatch (repeat 100000 \"(\") \"a\" }}",
        "{{ mustRegexMatch \"(?=a)\" \"a\" }}",
        "{{ mustRegexMatch \"a{2000}\" \"a\" }}",
    ] {
        kind(source);
    }
}

#[test]
fn chains_of_dicts_are_freed_without_recursion() {
    let source = "{{ $first := dict }}{{ $last := $first }}{{ range until 200000 }}{{ $next := dict }}\
                  {{ $_ := set $last \"n\" $next }}{{ $last = $next }}{{ end }}ok";
    let budget = Budget { steps: 50_000_000, ..Budget::default() };
    let engine = GoTemplate::argo_cd().with_budget(budget);
    assert_eq!(engine.render(source, "chain", &json!({})).unwrap(), "ok");
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    for (open, close) in
        [("{{ if 1 }}", "{{ end }}"), ("{{ range 1 }}", "{{ end }}"), ("{{ with 1 }}{{ else }}", "{{ end }}")]
    {
        let source = format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(kind(&source), TemplateErrorKind::Budget, "{open}");
    }
    let parentheses = format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(kind(&parentheses), TemplateErrorKind::Budget);
    let ladder = format!("{{{{ if 0 }}}}{}{{{{ end }}}}", "{{ else if 0 }}".repeat(20_000));
    assert_eq!(kind(&ladder), TemplateErrorKind::Budget);
    // What people write nests deeper than the small stack allows, and works.
    let fair = format!("{}x{}", "{{ if 1 }}".repeat(400), "{{ end }}".repeat(400));
    assert_eq!(GoTemplate::argo_cd().render(&fair, "fair", &json!({})).unwrap(), "x");
}

#[test]
fn a_long_template_takes_time_in_proportion() {
    // Each of these would take minutes if names or definitions were looked for one after the other.
    let mut variables = String::new();
    for index in 0..20_000 {
        variables.push_str(&["{{ $v", &index.to_string(), " := 1 }}"].concat());
    }
    let uses = format!("{variables}{{{{ if 0 }}}}{}{{{{ end }}}}", "{{ $v0 }}".repeat(20_000));
    let definitions = format!(
        "{{{{ define \"a\" }}}}{}x{{{{ end }}}}{}",
        " ".repeat(200_000),
        "{{ define \"a\" }}{{ end }}".repeat(20_000)
    );
    for source in [uses, definitions] {
        GoTemplate::argo_cd().render(&source, "long", &json!({})).unwrap();
    }
    let looked_up = format!("{variables}{}", "{{ $v0 }}".repeat(20_000));
    assert_eq!(kind(&looked_up), TemplateErrorKind::Budget);
}

#[test]
fn odd_arguments_are_errors() {
    for source in [
        "{{ substr 5 2 .s }}",
        "{{ substr 9 9 .s }}",
        "{{ slice .l 5 9 }}",
        "{{ slice .l 2 1 }}",
        "{{ index .l -1 }}",
        "{{ index .l 2 }}",
        "{{ repeat -1 .s }}",
        "{{ indent -1 .s }}",
        "{{ div 1 0 }}",
        "{{ mod 1 0 }}",
        "{{ divf 1 0 }}",
        "{{ chunk 0 .l }}",
        "{{ randInt 5 5 }}",
        "{{ randBytes -1 }}",
        "{{ first .none }}",
        "{{ dig \"a\" .l }}",
        "{{ semver \"x\" }}",
        "{{ mustToDate \"2006\" \"x\" }}",
        "{{ urlParse \"%zz\" }}",
        "{{ 1.foo }}",
        "{{ (index .l 0).foo }}",
        "{{ 0x }}",
        "{{ '\\ud800' }}",
        "{{ \"\\q\" }}",
        "{{ genCA \"a\" 1 }}",
    ] {
        kind(source);
    }
    for harmless in [
        "{{ div -9223372036854775808 -1 }}",
        "{{ trunc -9223372036854775808 .s }}",
        "{{ abbrev 9223372036854775807 .s }}",
        "{{ round 1 999999 }}",
        "{{ wrap -5 .s }}",
        "{{ date \"2006\" 9223372036854775807 }}",
        "{{ printf \"%*d %[9]d %\" 5 1 }}",
        "{{ duration \"9223372036854775807\" }}",
        "{{ printf \"%.100000f %.70000e %.70000g %.70000x\" 1.5 1.5 1.5 1.5 | len }}",
        "{{ abbrevboth -9223372036854775808 10 (repeat 20 .s) }}",
    ] {
        GoTemplate::argo_cd()
            .render(harmless, "t", &json!({"s": "text"}))
            .unwrap_or_else(|error| panic!("{harmless}: {error}"));
    }
}
