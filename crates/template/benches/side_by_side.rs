//! Fairway beside nunjucks in Node, on the same file: `make bench-templates`.
//!
//! Both parse and render every case of the corpus, as the scaffolder does; the mean of ten rounds after a warm-up counts.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fairway_template::Environment;
use serde_json::Value as Json;

const ROUNDS: u32 = 10;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("FAIRWAY_CASES").map_or_else(|| root.join("../shared/cases"), PathBuf::from);
    let file = folder.join("templates/nunjucks/corpus.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there; set FAIRWAY_CASES", file.display());
        return;
    };
    let cases: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ours = fairway(&cases);
    println!("{} templates of {}, parsed and rendered", cases.len(), file.display());
    println!("{:<24} {:>14} {:>14}", "", "µs per template", "templates/s");
    let row = |name: &str, mean: f64| println!("{name:<24} {mean:>15.1} {:>14.0}", 1e6 / mean);
    row("Fairway", ours);
    let oracle = root.join("tests/oracle/nunjucks");
    let output = Command::new("node")
        .args(["render.mjs", "--time"])
        .arg(file.canonicalize().unwrap())
        .arg(ROUNDS.to_string())
        .current_dir(oracle)
        .output();
    match output.ok().filter(|output| output.status.success()) {
        Some(output) => {
            let theirs: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
            row("nunjucks 3.2.4 in Node", theirs);
            println!("Fairway is {:.1} times as fast.", theirs / ours);
        }
        None => println!("nunjucks is not installed; run scripts/setup-tests.sh"),
    }
}

/// The mean time of a case in microseconds.
fn fairway(cases: &[Json]) -> f64 {
    let mut total = 0.0;
    for round in 0..=ROUNDS {
        let start = Instant::now();
        for case in cases {
            let flag = |name: &str| case.get(name).and_then(Json::as_bool).unwrap_or(false);
            let environment =
                if flag("compat") { Environment::cookiecutter_compat() } else { Environment::backstage() }
                    .with_trim_blocks(flag("trim"))
                    .with_lstrip_blocks(flag("lstrip"));
            let source = case.get("src").and_then(Json::as_str).unwrap_or_default();
            let _ = std::hint::black_box(environment.render(
                source,
                "case",
                case.get("ctx").unwrap_or(&Json::Null),
            ));
        }
        if round > 0 {
            total += start.elapsed().as_secs_f64();
        }
    }
    total * 1e6 / f64::from(ROUNDS) / cases.len() as f64
}
