//! Diagnostics as SARIF 2.1.0, which code hosts show beside the lines that they are about.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fairway_domain::{Diagnostic, DiagnosticSeverity};
use serde_json::{Value, json};

/// One run of a tool.
pub fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|it| it.code.as_str()).collect();
    let rules: Vec<Value> =
        codes.iter().map(|code| json!({"id": code, "shortDescription": {"text": words(code)}})).collect();
    let results: Vec<Value> = diagnostics.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "fairway",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/fairway-dev/fairway",
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.severity {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Warning => "warning",
        DiagnosticSeverity::Note => "note",
    };
    let text = match &diagnostic.hint {
        Some(hint) => format!("{}\n{hint}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let locations: Vec<Value> = diagnostic
        .location
        .iter()
        .map(|place| {
            let mut region = json!({"startLine": place.line, "startColumn": place.column});
            if let (Some(line), Value::Object(region)) = (&diagnostic.source_line, &mut region) {
                region.insert("snippet".to_owned(), json!({"text": line}));
            }
            json!({"physicalLocation": {"artifactLocation": {"uri": uri(&place.file)}, "region": region}})
        })
        .collect();
    json!({"ruleId": diagnostic.code, "level": level, "message": {"text": text}, "locations": locations})
}

/// A path as a relative address (RFC 3986): what does not belong into one is escaped.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `entity-schema` as words.
fn words(code: &str) -> String {
    code.replace('-', " ")
}

#[cfg(test)]
mod tests {
    use fairway_domain::{Diagnostic, SourceLocation};

    use super::sarif;

    #[test]
    fn a_diagnostic_is_a_result_with_its_place() {
        let place = SourceLocation { file: "./my folder/catalog-info.yaml".into(), line: 3, column: 5 };
        let wrong = Diagnostic::error("entity-schema", "no owner")
            .at(place, Some("spec:".into()))
            .with_hint("add one");
        let log = sarif(&[wrong, Diagnostic::warning("entity-reference-loose", "who?")]);
        let results =
            log.pointer("/runs/0/results").and_then(|it| it.as_array()).cloned().unwrap_or_default();
        assert_eq!(results.len(), 2);
        let first = results.first().cloned().unwrap_or_default();
        assert_eq!(first.pointer("/level").and_then(|it| it.as_str()), Some("error"));
        let place = first.pointer("/locations/0/physicalLocation").cloned().unwrap_or_default();
        assert_eq!(
            place,
            serde_json::json!({
                "artifactLocation": {"uri": "my%20folder/catalog-info.yaml"},
                "region": {"startLine": 3, "startColumn": 5, "snippet": {"text": "spec:"}},
            })
        );
        assert_eq!(
            log.pointer("/runs/0/tool/driver/rules/1/id").and_then(|it| it.as_str()),
            Some("entity-schema")
        );
    }
}
