//! The real nunjucks and this one print the same for templates that nobody wrote.
//!
//! The templates come from a grammar with a fixed seed; `FAIRWAY_SEED` and `FAIRWAY_COUNT` ask for others. The oracle is
//! installed by `scripts/setup-tests.sh`; where it is missing the test is skipped, unless `FAIRWAY_ORACLES` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod dice;
mod expression;
mod statement;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fairway_template::Environment;
use serde_json::{Value as Json, json};

use dice::Dice;

/// How many templates are compared.
const COUNT: u64 = 2_000;
/// How many differences are shown.
const SHOWN: usize = 15;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/nunjucks")
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What the templates may refer to: values of every type, and names that look like machinery.
fn context() -> Json {
    json!({
        "name": "my-App", "empty": "", "text": "The quick  brown <b>fox</b>\n\tjumps & runs\r\nover 2 \"lazy\" dogs's",
        "unicode": "é😀ß 日本", "digits": "42", "padded": "  x y  ", "csv": "a,b,,c", "url": "see https://a.b/c?d=e, www.x.org (a@b.co)",
        "zero": 0, "one": 1, "n": 7, "negative": -3, "half": 2.5, "tiny": 1e-7, "huge": 1e21, "on": true, "off": false,
        "nothing": null,
        "list": ["b", "a", "C", "a"], "numbers": [3, 1, 2, 10], "mixed": [1, "1", true, null, [2, [3]], {"k": "v"}], "hollow": [],
        "pairs": [["x", 1], ["y", 2]],
        "people": [{"name": "Ann", "age": 31, "admin": true, "city": {"code": "B"}},
                   {"name": "bob", "age": 7, "admin": false, "city": {"code": "A"}},
                   {"name": "Cy", "age": 31, "city": {"code": "B"}}],
        "map": {"b": 1, "a": "x", "10": "ten", "2": "two", "c d": [1]}, "bare": {}, "deep": {"a": {"b": {"c": "end"}}},
        "counted": {"length": 2, "0": "p", "1": "q"},
    })
}

fn environment(case: &Json) -> Environment {
    let flag = |name: &str| case[name].as_bool().unwrap_or(false);
    if flag("compat") { Environment::cookiecutter_compat() } else { Environment::backstage() }
        .with_trim_blocks(flag("trim"))
        .with_lstrip_blocks(flag("lstrip"))
}

/// The original writes JavaScript that cannot run for some sound templates, such as a `switch` without text between its
/// cases inside of a `set`, does not find a block inside of a `set`, and
/// forgets which macros a capture defined. What those mean is not known.
fn is_broken(answer: &Json) -> bool {
    let error = answer["error"].as_str().unwrap_or_default();
    ["SyntaxError: missing )", "SyntaxError: Illegal break", "unknown block", "macro_t_"]
        .iter()
        .any(|text| error.contains(text))
}

/// What the real one says to each case.
fn ask(cases: &[Json]) -> Vec<Json> {
    let mut child = Command::new("node")
        .arg("render.mjs")
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut input = child.stdin.take().unwrap();
    let text = cases.iter().map(Json::to_string).collect::<Vec<String>>().join("\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn generated_templates_print_what_the_real_nunjucks_prints() {
    if !folder().join("node_modules/nunjucks").is_dir() {
        assert!(std::env::var_os("FAIRWAY_ORACLES").is_none(), "run scripts/setup-tests.sh");
        eprintln!("skipped: the oracle is not installed; run scripts/setup-tests.sh");
        return;
    }
    let seed = number("FAIRWAY_SEED", 20_261_121);
    let cases: Vec<Json> = (0..number("FAIRWAY_COUNT", COUNT))
        .map(|index| {
            let mut dice = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(index));
            let compat = dice.one_in(4);
            let source = statement::template(&mut dice, compat);
            json!({"src": source, "ctx": context(), "compat": compat, "trim": dice.one_in(5), "lstrip": dice.one_in(5)})
        })
        .collect();
    let answers = ask(&cases);
    assert_eq!(answers.len(), cases.len());
    let mut printed = 0_usize;
    let mut differences = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let source = case["src"].as_str().unwrap();
        let ours = environment(case).render(source, "t", &case["ctx"]);
        let same = match (&ours, answer["out"].as_str()) {
            (Ok(ours), Some(theirs)) => {
                printed += 1;
                ours == theirs
            }
            (Err(_), None) => true,
            (Ok(_), None) => is_broken(answer),
            _ => false,
        };
        if !same {
            differences.push(format!(
                "{} {source:?}\n  nunjucks {answer}\n  fairway  {}",
                ["compat", "trim", "lstrip"]
                    .map(|name| if case[name] == true { name } else { "-" })
                    .join(" "),
                ours.map_or_else(|error| error.to_string(), |text| format!("{text:?}"))
            ));
        }
    }
    eprintln!("{printed} of {} templates are printed, the others fail on both sides", cases.len());
    assert!(
        differences.is_empty(),
        "{} templates differ:\n{}",
        differences.len(),
        differences[..differences.len().min(number("FAIRWAY_SHOWN", SHOWN as u64) as usize)].join("\n")
    );
    assert!(printed * 10 > cases.len() * 6, "most templates must mean something, {printed} do");
}
