//! Runs case files of Cookiecutter: each line has a template, its values, and what the real Cookiecutter renders.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fairway_template::TemplateError;
use fairway_template::jinja::{Environment, Syntax};
use serde_json::Value as Json;

/// How many differences are shown.
const SHOWN: u32 = 10;

/// Runs the files; `true` when every case passed.
#[expect(clippy::print_stdout, reason = "the report of the chore")]
pub fn run(files: &[&str]) -> Result<bool> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = jiff::Timestamp::from_second(i64::try_from(now.as_secs())?)?;
    let (mut passed, mut failed) = (0_u32, 0_u32);
    let mut time = Duration::ZERO;
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case: Json =
                serde_json::from_str(line).with_context(|| format!("reading {file}, line {}", index + 1))?;
            let start = Instant::now();
            let answer = render(&case, now);
            time += start.elapsed();
            let right = match &answer {
                Ok(text) => case.get("nj").and_then(Json::as_str) == Some(text),
                Err(_) => case.get("nj_err").is_some_and(Json::is_string),
            };
            if right {
                passed += 1;
                continue;
            }
            failed += 1;
            if failed <= SHOWN {
                let field = |name: &str| shorten(&case.get(name).unwrap_or(&Json::Null).to_string());
                println!("{file}:{}: {}", index + 1, field("src"));
                println!(
                    "  cookiecutter {}",
                    field(if case.get("nj").is_some_and(Json::is_string) { "nj" } else { "nj_err" })
                );
                match &answer {
                    Ok(text) => {
                        println!("  fairway      {}", shorten(&Json::from(text.as_str()).to_string()));
                    }
                    Err(error) => println!("  fairway      {error}"),
                }
            }
        }
    }
    let count = (passed + failed).max(1);
    println!("mean {:.1} µs per case", time.as_secs_f64() * 1e6 / f64::from(count));
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn render(case: &Json, now: jiff::Timestamp) -> Result<String, TemplateError> {
    let flag = |name: &str| case.get(name).and_then(Json::as_bool).unwrap_or(false);
    let syntax = Syntax {
        trim_blocks: flag("trim"),
        lstrip_blocks: flag("lstrip"),
        keep_trailing_newline: true,
        ..Syntax::default()
    };
    Environment::cookiecutter().with_syntax(syntax).with_now(now).render(
        case.get("src").and_then(Json::as_str).unwrap_or_default(),
        "case",
        case.get("ctx").unwrap_or(&Json::Null),
    )
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 1500 {
        text.to_owned()
    } else {
        text.chars().take(1500).chain(['…']).collect()
    }
}
