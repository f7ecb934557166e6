//! Runs acceptance cases: each line of a file has a template, its values, and what the reference engines print.

use anyhow::{Result, bail};

mod cookiecutter;
mod gotemplate;
mod nunjucks;

/// The languages that have cases.
pub const LANGUAGES: &str = "cookiecutter, gotemplate, nunjucks";

/// Runs the files of a language; `true` when every case passed.
pub fn run(language: &str, files: &[&str]) -> Result<bool> {
    match language {
        "cookiecutter" => cookiecutter::run(files),
        "gotemplate" => gotemplate::run(files),
        "nunjucks" => nunjucks::run(files),
        other => bail!("there are no cases of \"{other}\"; the languages are {LANGUAGES}"),
    }
}
