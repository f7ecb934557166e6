//! What streams give, and what people are told about bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Write as _;

use fairway_yaml::{Limits, Reading, read};
use serde_json::{Value, json};

fn values(text: &str) -> Vec<Value> {
    let reading = read("f.yaml", text, &Limits::default());
    assert_eq!(reading.diagnostics, [], "{text}");
    reading.documents.into_iter().map(|document| document.value).collect()
}

fn complaint(text: &str) -> (String, usize, usize) {
    let reading = read("f.yaml", text, &Limits::default());
    let diagnostic = reading.diagnostics.first().unwrap_or_else(|| panic!("no complaint about {text:?}"));
    let location = diagnostic.location.clone().unwrap();
    assert!(diagnostic.source_line.is_some());
    (diagnostic.code.clone(), location.line, location.column)
}

#[test]
fn empty_documents_are_skipped_and_keep_their_place() {
    let reading = read("f", "---\n# nothing\n---\na: 1\n---\n~\n---\nb: 2\n...\n", &Limits::default());
    assert_eq!(reading.diagnostics, []);
    let found: Vec<_> =
        reading.documents.iter().map(|document| (document.index, document.value.clone())).collect();
    assert_eq!(found, [(1, json!({"a": 1})), (3, json!({"b": 2}))]);
    assert_eq!(reading.documents[1].text(), "b: 2\n");
    assert!(values("").is_empty());
    assert!(values("# only a comment\n").is_empty());
    assert_eq!(values("\u{feff}a: 1"), [json!({"a": 1})]);
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "base: &b {x: 1, y: [1]}\nother: &o {y: 9, z: 3}\nuse: *b\none: {<<: *b, x: 2}\ntwo:\n  <<: [*b, *o]\n  w: 0\nquoted: {\"<<\": 1}\n*b : never\n";
    let reading = read("f", text, &Limits::default());
    assert_eq!(reading.diagnostics[0].code, "yaml-complex-key");
    let text = text.replace("*b : never\n", "name: &n key\nmap: {*n : 1}\n");
    assert_eq!(
        values(&text)[0],
        json!({
            "base": {"x": 1, "y": [1]}, "other": {"y": 9, "z": 3}, "use": {"x": 1, "y": [1]},
            "one": {"x": 2, "y": [1]}, "two": {"w": 0, "x": 1, "y": [1], "z": 3},
            "quoted": {"<<": 1}, "name": "key", "map": {"key": 1},
        })
    );
}

#[test]
fn keys_are_texts_as_javascript_makes_them() {
    assert_eq!(
        values("1: a\n0x10: b\n1.5: c\ntrue: d\n~: e\nyes: f\n2.0: g\n"),
        [json!({"1": "a", "16": "b", "1.5": "c", "true": "d", "": "e", "yes": "f", "2": "g"})]
    );
}

#[test]
fn one_broken_document_does_not_hide_the_others() {
    let text = "a: 1\n---\nb: [1\n---\nc: 3\n---\nd: 1\nd: 2\n---\ne: \"x\n---\nf: 6\n";
    let Reading { documents, diagnostics, broken } = read("f", text, &Limits::default());
    let good: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    assert_eq!(good, [json!({"a": 1}), json!({"c": 3}), json!({"f": 6})]);
    let lines: Vec<_> = broken.iter().map(|document| (document.index, document.line)).collect();
    assert_eq!(lines, [(1, 2), (3, 6), (4, 9)]);
    assert_eq!(broken[1].text, "---\nd: 1\nd: 2\n");
    assert_eq!(diagnostics.len(), 3);
}

#[test]
fn errors_name_the_place() {
    let rows = [
        ("a: 1\nb:\n\tc: 2\n", "yaml-tab", 3),
        ("a: 1\n b: 2\n", "yaml-syntax", 2),
        ("a: b: c\n", "yaml-syntax", 1),
        ("a: @x\n", "yaml-syntax", 1),
        ("a: {{ name }}\n", "yaml-complex-key", 1),
        ("? [a]\n: 1\n", "yaml-complex-key", 1),
        ("a: *nobody\n", "yaml-alias", 1),
        ("a: &x [*x]\n", "yaml-alias", 1),
        ("a: !!int x\n", "yaml-tag", 1),
        ("a: {<<: 1}\n", "yaml-merge", 1),
        ("a: \"open\nb: 1\n", "yaml-syntax", 0),
    ];
    for (text, code, line) in rows {
        let (found, at, _) = complaint(text);
        assert_eq!(found, code, "{text:?}");
        assert!(line == 0 || at == line, "{text:?} at {at}");
    }
}

#[test]
fn duplicate_keys_name_both_places() {
    let reading = read("f", "a:\n  x: 1\n  y: 2\n  x: 3\n", &Limits::default());
    let shown = reading.diagnostics[0].to_string();
    assert_eq!(
        shown,
        "error: the key \"x\" stands here a second time; it stands first in line 2, column 3\n  --> f:4:3\n  |\n4 |   x: 3\n  |   ^\n  = keep one of the two"
    );
}

#[test]
fn bombs_and_giants_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{list}]").unwrap();
    }
    assert_eq!(complaint(&laughs).0, "yaml-limit");

    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..2000 {
        writeln!(tower, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert_eq!(complaint(&tower).0, "yaml-limit");

    let fat = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(100));
    assert_eq!(complaint(&fat).0, "yaml-limit");
    assert_eq!(complaint(&"[".repeat(100_000)).0, "yaml-limit");
    assert_eq!(complaint(&"- ".repeat(1000)).0, "yaml-limit");
    assert_eq!(complaint(&"a: 1\n".repeat(4 << 20)).0, "yaml-limit");

    let few = Limits { documents: 2, ..Limits::default() };
    let reading = read("f", "a: 1\n---\na: 2\n---\na: 3\n---\na: 4\n", &few);
    assert_eq!(reading.documents.len(), 2);
    assert_eq!(reading.diagnostics.len(), 1);
}

#[test]
fn garbage_ends_in_diagnostics() {
    for text in
        ["\0\u{1}\u{2}", "%", "---\n...\n---\n...", "]", "&", "*", "!", "- - -\n-", "{a: b", "? ", ": :", "'"]
    {
        let _ = read("f", text, &Limits::default());
    }
    let nested = "a:\n".repeat(10) + "  - [}\n---\nok: true\n";
    assert_eq!(read("f", &nested, &Limits::default()).documents.len(), 1);
}
