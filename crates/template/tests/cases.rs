//! The acceptance cases of the language, where they lie beside the project.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::PathBuf;

use fairway_template::Environment;
use serde_json::Value as Json;

fn cases(file: &str) -> Option<Vec<Json>> {
    let folder = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let path = folder.join("templates/nunjucks").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there; set FAIRWAY_CASES", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect())
}

fn check(file: &str) {
    let mut wrong = Vec::new();
    for case in cases(file).unwrap_or_default() {
        let compatible = case["compat"].as_bool().unwrap_or(false);
        let environment =
            if compatible { Environment::cookiecutter_compat() } else { Environment::backstage() }
                .with_trim_blocks(case["trim"].as_bool().unwrap_or(false))
                .with_lstrip_blocks(case["lstrip"].as_bool().unwrap_or(false));
        let source = case["src"].as_str().unwrap();
        let right = match environment.render(source, "case", &case["ctx"]) {
            Ok(text) => case["nj"] == text.as_str() || case["njs"] == text.as_str(),
            Err(_) => case["nj_err"].is_string() || case["njs_err"].is_string(),
        };
        if !right {
            wrong.push(source.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{} cases differ, the first: {}", wrong.len(), wrong[0]);
}

#[test]
fn the_language_is_that_of_nunjucks() {
    check("conformance.jsonl");
}

#[test]
fn constructs_behave_like_one_of_the_reference_engines() {
    check("probes.jsonl");
}

#[test]
fn templates_in_the_wild_render_byte_for_byte() {
    check("corpus.jsonl");
}
