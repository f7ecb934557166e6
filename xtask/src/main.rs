//! Chores of the project that are code: `cargo xtask reference` writes the generated pages of `docs/reference`,
//! `cargo xtask figures FILE.json` puts measured figures into the README, and `cargo xtask cases LANGUAGE FILE.jsonl…`
//! runs acceptance cases.

use std::process::ExitCode;

mod cases;
mod figures;
mod reference;

const USAGE: &str = "usage: cargo xtask reference
       cargo xtask figures FILE.json
       cargo xtask cases LANGUAGE FILE.jsonl…";

#[expect(clippy::print_stderr, reason = "the chores talk to the person who runs them")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["cases", language, files @ ..] if !files.is_empty() => cases::run(language, files),
        ["figures", file] => figures::run(file),
        ["reference"] => reference::write(),
        _ => Err(anyhow::anyhow!(USAGE)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}
