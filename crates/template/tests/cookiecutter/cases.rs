//! The acceptance cases: what the real Cookiecutter rendered from templates in the wild.

use std::path::PathBuf;

use fairway_template::jinja::{Environment, Syntax};
use serde_json::Value as Json;

#[test]
fn templates_in_the_wild_render_byte_for_byte() {
    let folder = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let path = folder.join("templates/cookiecutter/cases.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there; set FAIRWAY_CASES", path.display());
        return;
    };
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).expect("a case is JSON");
        let source = case["src"].as_str().unwrap();
        if source.contains("{% now") {
            continue;
        }
        let flag = |name: &str| case[name].as_bool().unwrap_or(false);
        let syntax = Syntax {
            trim_blocks: flag("trim"),
            lstrip_blocks: flag("lstrip"),
            keep_trailing_newline: true,
            ..Syntax::default()
        };
        let answer = Environment::cookiecutter().with_syntax(syntax).render(source, "case", &case["ctx"]);
        let right = match &answer {
            Ok(text) => case["nj"] == text.as_str(),
            Err(_) => case["nj_err"].is_string(),
        };
        if !right {
            wrong.push(format!("{source}\n{answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ, the first: {}", wrong.len(), wrong[0]);
}
