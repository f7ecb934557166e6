//! Whether what came of a case is what the case expects.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use fairway_domain::tree::{Tree, TreeFile, TreePath};

use crate::template_case::{CODE, FileExpectation, Golden, TemplateCase, escaped};
use crate::validate::FieldError;

/// What speaks against a case whose plan was made, with the files of each repository by `owner/name`. The golden
/// tree, policies and secrets are for others to look at.
pub fn unmet(case: &TemplateCase, outputs: &BTreeMap<String, Tree>) -> Vec<Diagnostic> {
    let expect = &case.expect;
    if !expect.errors.is_empty() {
        return vec![case.wrong("/expect/error", "an error is expected, and a plan was made")];
    }
    let mut problems = Vec::new();
    let names = || outputs.keys().cloned().collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &expect.repositories {
        let made: BTreeSet<String> = outputs.keys().cloned().collect();
        if *wanted != made {
            let list = |of: &BTreeSet<String>| {
                let all = of.iter().cloned().collect::<Vec<_>>().join(", ");
                if all.is_empty() { "none".to_owned() } else { all }
            };
            let message = format!("the repositories are {}, expected {}", list(&made), list(wanted));
            problems.push(case.wrong("/expect/repositories", message));
        }
    }
    if let Golden::Only(wanted) = &expect.golden {
        for name in wanted.iter().filter(|name| !outputs.contains_key(*name)) {
            let message = format!("{name} is not among the repositories, which are {}", names());
            problems.push(case.wrong("/expect/golden", message));
        }
    }
    for (path, wanted) in &expect.files {
        let pointer = format!("/expect/files/{}", escaped(path));
        let mut complain = |message: String| problems.push(case.wrong(&pointer, message));
        match (found(outputs, path), wanted) {
            (None, FileExpectation::Absent) | (Some(_), FileExpectation::There) => {}
            (Some(_), FileExpectation::Absent) => complain(format!("{path} is there, and should not be")),
            (None, _) => complain(format!("{path} is not among the files; the repositories are {}", names())),
            (Some(file), FileExpectation::Holds(wanted)) => {
                let Some(text) = file.text() else {
                    complain(format!("{path} is no text"));
                    continue;
                };
                for missing in wanted.iter().filter(|wanted| !text.contains(wanted.as_str())) {
                    complain(format!("{path} does not hold the text \"{missing}\""));
                }
            }
        }
    }
    problems
}

/// The file at `owner/name/path`.
fn found<'a>(outputs: &'a BTreeMap<String, Tree>, path: &str) -> Option<&'a TreeFile> {
    let (at, _) = path.match_indices('/').nth(1)?;
    let (repository, inside) = (path.get(..at)?, path.get(at + 1..)?);
    let inside = inside.parse::<TreePath>().ok()?;
    outputs.get(repository)?.get(&inside)
}

/// What speaks against a case whose plan was not made: each error that is not expected, and each expectation that
/// no error meets.
pub fn unexpected(case: &TemplateCase, errors: &[Diagnostic]) -> Vec<Diagnostic> {
    let expected = &case.expect.errors;
    let meets = |error: &Diagnostic, wanted: &String| error.message.contains(wanted.as_str());
    let mut problems: Vec<Diagnostic> =
        errors.iter().filter(|error| !expected.iter().any(|wanted| meets(error, wanted))).cloned().collect();
    for (at, wanted) in expected.iter().enumerate() {
        if !errors.iter().any(|error| meets(error, wanted)) {
            let listed = case.source.value.pointer("/expect/error/0").is_some();
            let pointer = if listed { format!("/expect/error/{at}") } else { "/expect/error".to_owned() };
            problems.push(case.wrong(&pointer, format!("no error says \"{wanted}\"")));
        }
    }
    problems
}

/// What is wrong with the answers of a case, where they are written.
pub fn wrong_answers(case: &TemplateCase, errors: &[FieldError]) -> Vec<Diagnostic> {
    errors
        .iter()
        .map(|error| {
            let steps = error.field.split('.').filter(|step| !step.is_empty());
            let steps = steps.map(|step| escaped(&step.replace("~1", ".").replace("~0", "~")));
            let pointer = steps.fold("/values".to_owned(), |pointer, step| pointer + "/" + &step);
            let diagnostic = case.source.diagnostic(&pointer, CODE, error.message.clone());
            Diagnostic { code: "answers".to_owned(), ..diagnostic }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use fairway_domain::Diagnostic;
    use fairway_domain::tree::{Tree, TreeFile};

    use super::{unexpected, unmet, wrong_answers};
    use crate::template_case::TemplateCase;
    use crate::validate::FieldError;

    fn case(text: &str) -> TemplateCase {
        TemplateCase::read("small", "case.yaml", text).unwrap()
    }

    fn told(problems: &[Diagnostic]) -> Vec<String> {
        let line = |it: &Diagnostic| it.location.as_ref().map_or(0, |place| place.line);
        problems.iter().map(|it| format!("{}: {}", line(it), it.message)).collect()
    }

    #[test]
    fn files_and_repositories_are_held_against_what_is_expected() {
        let file = |text: &str| TreeFile::regular(text.as_bytes());
        let tree: Tree = [("README.md".parse().unwrap(), file("# Shop\n"))].into_iter().collect();
        let outputs: BTreeMap<String, Tree> = [("acme/shop".to_owned(), tree)].into();
        let good = "expect:\n  repositories: [acme/shop]\n  files:\n    acme/shop/README.md: Shop\n    acme/shop/x: false\n";
        assert!(unmet(&case(good), &outputs).is_empty());
        let bad = "expect:\n  repositories: [acme/cart]\n  files:\n    acme/shop/README.md: [Shop, Cart]\n    acme/cart/a: true\n";
        assert_eq!(
            told(&unmet(&case(bad), &outputs)),
            [
                "2: the repositories are acme/shop, expected acme/cart",
                "5: acme/cart/a is not among the files; the repositories are acme/shop",
                "4: acme/shop/README.md does not hold the text \"Cart\"",
            ]
        );
        let error = case("expect: {error: Name}\n");
        assert_eq!(told(&unmet(&error, &outputs)), ["1: an error is expected, and a plan was made"]);
    }

    #[test]
    fn errors_have_to_be_those_that_are_expected_and_no_others() {
        let case = case("values:\n  name: x\nexpect:\n  error: Name is too short\n");
        let wrong = |field: &str, message: &str| FieldError { field: field.into(), message: message.into() };
        let errors =
            wrong_answers(&case, &[wrong("name", "Name is too short"), wrong("owner", "Owner is required")]);
        assert_eq!(told(&errors), ["2: Name is too short", "1: Owner is required"]);
        assert_eq!(told(&unexpected(&case, &errors)), ["1: Owner is required"]);
        let other = wrong_answers(&case, &[wrong("name", "Name is taken")]);
        assert_eq!(
            told(&unexpected(&case, &other)),
            ["2: Name is taken", "4: no error says \"Name is too short\""]
        );
    }
}
