//! Runs case files of Nunjucks: each line has a template, a context, and what the reference engines print.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fairway_template::{Environment, TemplateError};
use serde_json::Value as Json;

/// How many differences are shown.
const SHOWN: u32 = 10;

/// Runs the files; `true` when every case passed.
#[expect(clippy::print_stdout, reason = "the report of the chore")]
pub fn run(files: &[&str]) -> Result<bool> {
    let (mut passed, mut failed) = (0_u32, 0_u32);
    let mut time = Duration::ZERO;
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case: Json =
                serde_json::from_str(line).with_context(|| format!("reading {file}, line {}", index + 1))?;
            let start = Instant::now();
            let answer = render(&case);
            time += start.elapsed();
            if is_right(&case, &answer) {
                passed += 1;
                continue;
            }
            failed += 1;
            if failed <= SHOWN {
                println!(
                    "{file}:{}: {}",
                    index + 1,
                    shorten(case.get("src").and_then(Json::as_str).unwrap_or_default())
                );
                for key in ["nj", "nj_err", "njs", "njs_err"] {
                    if let Some(expected) = case.get(key) {
                        println!("  {key:<8} {}", shorten(&expected.to_string()));
                    }
                }
                match &answer {
                    Ok(text) => println!("  fairway  {}", shorten(&Json::from(text.as_str()).to_string())),
                    Err(error) => println!("  fairway  {error}"),
                }
            }
        }
    }
    let count = (passed + failed).max(1);
    println!("mean {:.1} µs per case", time.as_secs_f64() * 1e6 / f64::from(count));
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn render(case: &Json) -> Result<String, TemplateError> {
    let flag = |name: &str| case.get(name).and_then(Json::as_bool).unwrap_or(false);
    let environment =
        if flag("compat") { Environment::cookiecutter_compat() } else { Environment::backstage() };
    environment.with_trim_blocks(flag("trim")).with_lstrip_blocks(flag("lstrip")).render(
        case.get("src").and_then(Json::as_str).unwrap_or_default(),
        "case",
        case.get("ctx").unwrap_or(&Json::Null),
    )
}

/// Right is what either engine says; where one fails, failing is right too.
fn is_right(case: &Json, answer: &Result<String, TemplateError>) -> bool {
    match answer {
        Ok(text) => ["nj", "njs"].iter().any(|key| case.get(*key).and_then(Json::as_str) == Some(text)),
        Err(_) => ["nj_err", "njs_err"].iter().any(|key| case.get(*key).is_some()),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 1500 {
        text.to_owned()
    } else {
        text.chars().take(1500).chain(['…']).collect()
    }
}
