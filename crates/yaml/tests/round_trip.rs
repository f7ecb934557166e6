//! What is written is read back unchanged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fairway_yaml::{Limits, read, write, write_documents};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 :#\\-_./'\"\n\t{}\\[\\],&*!|>%@`?=~+]{0,20}",
        2 => prop::collection::vec("[ a-z#:\t-]{0,6}", 0..6).prop_map(|lines| lines.join("\n")),
        2 => any::<String>(),
        1 => prop::sample::select(vec![
            "yes", "No", "on", "y", "null", "~", "true", "0123", "0o17", "0x1F", "1_000", "1e3", ".inf", "-.INF", ".NaN",
            "2020-01-01", "12:30:45", "<<", "---", "--- a", "...", "- a", "? a", ": a", "\u{feff}a", "\u{85}", "a\r\nb",
            "\u{2028}", "a\u{0}b", "\n", "\n\n", "a\n", "a\n\n", " a\nb", "a\n b\n", "#", "a #b", "a: b", "a:", "é\nü\n",
        ]).prop_map(str::to_owned),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Value::Number)),
        texts().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let keys = prop_oneof![9 => texts(), 1 => "[a-z]{100,1500}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((keys, inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn write_then_read_is_the_identity(value in values()) {
        prop_assume!(!value.is_null());
        let text = write(&value);
        let reading = read("f", &text, &Limits::default());
        prop_assert_eq!(&reading.diagnostics, &vec![], "{}", text);
        prop_assert_eq!(&reading.documents[0].value, &value, "{}", text);
        prop_assert_eq!(write(&value), text);
    }

    #[test]
    fn several_documents_stay_apart(list in prop::collection::vec(values(), 1..4)) {
        let text = write_documents(&list);
        let reading = read("f", &text, &Limits::default());
        prop_assert_eq!(&reading.diagnostics, &vec![], "{}", text);
        let found: Vec<Value> = reading.documents.into_iter().map(|document| document.value).collect();
        let expected: Vec<Value> = list.into_iter().filter(|value| !value.is_null()).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }

    #[test]
    fn nothing_panics(text in "[ a-z:\\-\n\t{}\\[\\],&*!|>'\"#?%<0-9]{0,200}") {
        let reading = read("f", &text, &Limits::default());
        for document in &reading.documents {
            let _ = document.location("/a/0/b");
        }
    }
}
