//! Cases of Go text/template as Argo CD has it: a template, its options and values, and what Go printed.
//!
//! An error has to be an error; how many of them have Go's place and words as well is reported. The engine that
//! made the cases had sprig's functions without those that Argo CD adds, so they are withheld where it missed them.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fairway_template::TemplateError;
use fairway_template::gotemplate::GoTemplate;
use serde_json::Value as Json;

/// How many differences are shown.
const SHOWN: u32 = 20;
/// What the engine of the cases did not have.
const ADDED_BY_ARGO_CD: [&str; 4] = ["slugify", "toYaml", "fromYaml", "fromYamlArray"];
/// The name that the templates had there.
const NAME: &str = "x";

/// Runs the files; `true` when every case passed.
#[expect(clippy::print_stdout, reason = "the report of the chore")]
pub fn run(files: &[&str]) -> Result<bool> {
    let (mut passed, mut failed) = (0_u32, 0_u32);
    let (mut errors, mut same_errors, mut withheld) = (0_u32, 0_u32, 0_u32);
    let mut time = Duration::ZERO;
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case: Json =
                serde_json::from_str(line).with_context(|| format!("reading {file}, line {}", index + 1))?;
            let expected_error = case.get("error").and_then(Json::as_str);
            let missing = missing_functions(expected_error);
            withheld += u32::from(!missing.is_empty());
            let start = Instant::now();
            let answer = render(&case, &missing);
            time += start.elapsed();
            let right = match (&answer, expected_error) {
                (Err(error), Some(expected)) => {
                    errors += 1;
                    same_errors += u32::from(is_same(error, expected));
                    true
                }
                (Ok(text), None) => case.get("expected").and_then(Json::as_str) == Some(text),
                _ => false,
            };
            if right {
                passed += 1;
                continue;
            }
            failed += 1;
            if failed <= SHOWN {
                println!("{file}:{}: {}", index + 1, case.get("tmpl").unwrap_or(&Json::Null));
                println!("  go       {}", case.get("expected").or(case.get("error")).unwrap_or(&Json::Null));
                match &answer {
                    Ok(text) => println!("  fairway  {}", Json::from(text.as_str())),
                    Err(error) => println!("  fairway  {error}"),
                }
            }
        }
    }
    let count = (passed + failed).max(1);
    println!("mean {:.1} µs per case", time.as_secs_f64() * 1e6 / f64::from(count));
    println!("{same_errors} of {errors} errors have the place and the words that Go gives them");
    println!("{withheld} cases want an error because sprig alone lacks {}", ADDED_BY_ARGO_CD.join(", "));
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// The functions that the expected error says are missing.
fn missing_functions(error: Option<&str>) -> Vec<&'static str> {
    let is_missing =
        |name: &&str| error.is_some_and(|error| error.ends_with(&format!("function \"{name}\" not defined")));
    ADDED_BY_ARGO_CD.into_iter().filter(is_missing).collect()
}

fn render(case: &Json, missing: &[&str]) -> Result<String, TemplateError> {
    let mut engine =
        GoTemplate::argo_cd().without_functions(missing).with_time(1_700_000_000, 0).with_seed([7; 32]);
    for option in case.get("options").and_then(Json::as_array).into_iter().flatten() {
        engine = engine.with_option(option.as_str().unwrap_or_default())?;
    }
    engine.render(
        case.get("tmpl").and_then(Json::as_str).unwrap_or_default(),
        NAME,
        case.get("ctx").unwrap_or(&Json::Null),
    )
}

/// Whether Go's `template: x:1:3: executing "x" at <…>: message` says the same. Its columns count bytes from 0,
/// and its errors of syntax have none.
fn is_same(error: &TemplateError, expected: &str) -> bool {
    let place = match expected.split_once(": executing ") {
        Some((place, _)) => place == format!("template: {NAME}:{}:{}", error.line, error.column - 1),
        None => expected.starts_with(&format!("template: {NAME}:{}:", error.line)),
    };
    place && expected.ends_with(&format!(": {}", error.message))
}
