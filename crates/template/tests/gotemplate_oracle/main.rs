//! Go itself and this engine print the same for templates that nobody wrote, and fail at the same places.
//!
//! The templates come from a grammar with a fixed seed; `FAIRWAY_SEED` and `FAIRWAY_COUNT` ask for others. Go is
//! installed by `scripts/setup-tests.sh`; where it is missing the test is skipped, unless `FAIRWAY_ORACLES` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "../oracle/dice.rs"]
mod dice;
mod grammar;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fairway_template::TemplateError;
use fairway_template::gotemplate::GoTemplate;
use serde_json::{Value as Json, json};

use dice::Dice;

/// How many templates are compared.
const COUNT: u64 = 2_000;
/// How many differences are shown.
const SHOWN: u64 = 15;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/gotemplate")
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn data() -> Json {
    json!({
        "name": "my-App", "empty": "", "text": "The <b>fox</b>\n\tsays \"hi\" & runs", "unicode": "é😀ß 日本",
        "one": 1, "n": 7, "half": 2.5, "tiny": 1e-7, "huge": 1e21, "million": 1_000_000, "on": true, "off": false,
        "nothing": null, "list": ["b", "a", "C"], "numbers": [3, 1.5, -2], "hollow": [], "bare": {},
        "mixed": [1, "1", true, null, [2, [3]], {"k": "v"}], "map": {"b": 1, "a": "x", "10": "ten"},
        "deep": {"a": {"b": {"a": "end"}}},
    })
}

/// What Go says to each case, or `None` where there is no Go.
fn ask(cases: &[Json]) -> Option<Vec<Json>> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gotemplate-oracle");
    let built =
        Command::new("go").args(["build", "-o"]).arg(&program).arg("main.go").current_dir(folder()).output();
    let built = built.ok()?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut child =
        Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().unwrap();
    let text = cases.iter().map(Json::to_string).collect::<Vec<String>>().join("\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Whether Go refuses only because it is older than the language at hand: loops over whole numbers are new.
fn is_outdated(theirs: &str) -> bool {
    theirs.rsplit_once("range can't iterate over ").is_some_and(|(_, value)| value.parse::<i64>().is_ok())
}

/// Whether an error is at the place that Go names: line and column for an execution, the line for syntax.
fn is_same_place(ours: &TemplateError, theirs: &str) -> bool {
    let mut parts = theirs.trim_start_matches("template: t:").split(':');
    let line = parts.next().and_then(|line| line.parse::<usize>().ok());
    let column = parts.next().and_then(|column| column.parse::<usize>().ok());
    let bytes = ours.source_line.chars().take(ours.column - 1).map(char::len_utf8).sum::<usize>();
    match (line, column) {
        (Some(line), Some(column)) => line == ours.line && column == bytes,
        _ => true,
    }
}

#[test]
fn generated_templates_print_what_go_prints() {
    let seed = number("FAIRWAY_SEED", 20_261_121);
    let cases: Vec<Json> = (0..number("FAIRWAY_COUNT", COUNT))
        .map(|index| {
            let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(index));
            let option = dice.pick(&["default", "default", "default", "zero", "error"]);
            json!({"template": grammar::template(&mut dice), "data": data(), "option": format!("missingkey={option}")})
        })
        .collect();
    let Some(answers) = ask(&cases) else {
        assert!(std::env::var_os("FAIRWAY_ORACLES").is_none(), "run scripts/setup-tests.sh");
        eprintln!("skipped: Go is not installed; run scripts/setup-tests.sh");
        return;
    };
    assert_eq!(answers.len(), cases.len());
    let mut printed = 0_usize;
    let mut differences = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let engine = GoTemplate::plain().with_option(case["option"].as_str().unwrap()).unwrap();
        let ours = engine.render(case["template"].as_str().unwrap(), "t", &case["data"]);
        let theirs = answer["error"].as_str().unwrap();
        let same = match &ours {
            _ if is_outdated(theirs) => true,
            Ok(ours) => {
                printed += 1;
                theirs.is_empty() && answer["output"] == **ours
            }
            Err(error) => !theirs.is_empty() && is_same_place(error, theirs),
        };
        if !same {
            differences.push(format!(
                "{} {}\n  go      {answer}\n  fairway {}",
                case["option"],
                case["template"],
                ours.map_or_else(|error| error.to_string(), |text| format!("{text:?}"))
            ));
        }
    }
    eprintln!("{printed} of {} templates are printed, the others fail on both sides", cases.len());
    assert!(
        differences.is_empty(),
        "{} templates differ:\n{}",
        differences.len(),
        differences[..differences.len().min(number("FAIRWAY_SHOWN", SHOWN) as usize)].join("\n")
    );
    assert!(printed * 10 > cases.len() * 3, "many templates must mean something, {printed} do");
}
