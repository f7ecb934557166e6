//! The pages of `docs/reference` that are made from the code, so that they cannot say anything else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

mod actions;
mod command_line;
mod policies;
mod rest;
mod table;
mod templates;

/// Where the pages go.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference")
}

/// Every generated file: its name and its text.
fn pages() -> Result<Vec<(&'static str, String)>> {
    let document = rest::document()?;
    Ok(vec![
        ("actions.md", actions::page()),
        ("command-line.md", command_line::page()),
        ("openapi.json", rest::json(&document)?),
        ("policies.md", policies::page()?),
        ("rest.md", rest::page(&document)),
        ("templates.md", templates::page()),
    ])
}

/// Writes the pages that differ, and names them.
#[expect(clippy::print_stdout, reason = "the report of the chore")]
pub fn write() -> Result<bool> {
    for (name, text) in pages()? {
        let path = folder().join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("docs/reference/{name}");
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    #[test]
    fn the_committed_pages_are_what_the_code_says() {
        for (name, text) in super::pages().unwrap() {
            let there = std::fs::read_to_string(super::folder().join(name)).unwrap_or_default();
            assert!(
                there == text,
                "docs/reference/{name} is stale; run `cargo xtask reference` and commit it"
            );
        }
    }
}
