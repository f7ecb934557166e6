//! The target of YAML streams and of the entities in them.

use fairway_catalog::{KindRegistry, validate};
use fairway_yaml::{Limits, Reading, decode, read, write_documents};
use serde_json::Value;

/// Every byte is read or told with a place; what was read is written and read as the same.
pub fn yaml(data: &[u8]) {
    let Ok(text) = decode("fuzz", data) else { return };
    let limits = Limits { bytes: 64 << 10, documents: 100, depth: 60, nodes: 20_000 };
    let reading = read("fuzz", text, &limits);
    let lines = text.split('\n').count() + text.matches('\r').count();
    for diagnostic in &reading.diagnostics {
        let place = diagnostic.location.as_ref().expect("what is wrong has a place");
        assert!((1..=lines + 1).contains(&place.line) && place.column >= 1, "{diagnostic}");
    }
    assert_eq!(reading.diagnostics, read("fuzz", text, &limits).diagnostics);
    let kinds = KindRegistry::default();
    for document in &reading.documents {
        // Valid or not, it ends.
        let _ = validate(document, &kinds);
    }
    let values = |reading: Reading| reading.documents.into_iter().map(|it| it.value).collect::<Vec<Value>>();
    let values = values(reading);
    let written = write_documents(&values);
    let again = read("fuzz", &written, &Limits::default());
    assert_eq!(again.diagnostics, [], "{written}");
    let again: Vec<Value> = again.documents.into_iter().map(|it| it.value).collect();
    assert_eq!(again, values.into_iter().filter(|value| !value.is_null()).collect::<Vec<_>>(), "{written}");
}
