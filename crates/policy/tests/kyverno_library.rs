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
    let (mut rows, mut excluded, mut wrong) = (0, 0, Vec::new());
    let (mut others, mut missing) = (0, 0);
    for file in &files {
        let place = file.parent().unwrap().parent().unwrap().strip_prefix(&folder).unwrap().display();
        let text = std::fs::read_to_string(file).unwrap();
        let found = run(&file.display().to_string(), &text, &read, Some(NOW))
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        for row in found {
            match &row.outcome {
                Outcome::OtherLanguage(_) => others += 1,
                Outcome::MissingInput(_) => missing += 1,
                outcome => {
                    rows += 1;
                    excluded += usize::from(*outcome == Outcome::Excluded);
                    if !row.has_passed() {
                        wrong.push(format!(
                            "{place}: {} {}/{}: {outcome:?}",
                            row.rule, row.kind, row.resource
                        ));
                    }
                }
            }
        }
    }
    let passed = rows - wrong.len();
    eprintln!("{passed} of {rows} rows pass, {excluded} of them because no rule speaks of the object");
    eprintln!(
        "{others} rows are about policies in other languages, {missing} about objects in files not there"
    );
    for line in &wrong {
        eprintln!("{line}");
    }
    assert!(rows > 0 && passed * 1000 >= rows * 995, "{passed} of {rows} rows pass");
}
