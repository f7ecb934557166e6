//! What tests of policies come to, whoever's form they are written in.

use serde::Serialize;

/// One case of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// The file that holds the test.
    pub file: String,
    /// The test, or the policy that is tested.
    pub test: String,
    /// The case.
    pub case: String,
    /// What came of it.
    pub outcome: TestOutcome,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum TestOutcome {
    /// It is as it should be.
    Passed,
    /// It is not, or cannot be told.
    Failed {
        /// Why.
        reason: String,
    },
    /// The test asks not to be run.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// How many cases passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TestCounts {
    /// As they should be.
    pub passed: usize,
    /// Not as they should be.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
}

impl TestCounts {
    /// Counts cases.
    pub fn of(cases: &[TestCase]) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.outcome {
                TestOutcome::Passed => counts.passed += 1,
                TestOutcome::Failed { .. } => counts.failed += 1,
                TestOutcome::Skipped { .. } => counts.skipped += 1,
            }
        }
        counts
    }
}

/// The cases as JUnit's XML, which build servers read; one suite for each file.
pub fn junit(cases: &[TestCase]) -> String {
    let mut files: Vec<&str> = cases.iter().map(|case| case.file.as_str()).collect();
    files.dedup();
    let all = TestCounts::of(cases);
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        format!(
            "<testsuites tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
            cases.len(),
            all.failed,
            all.skipped
        ),
    ];
    for file in files {
        let own: Vec<&TestCase> = cases.iter().filter(|case| case.file == file).collect();
        let failed = own.iter().filter(|case| matches!(case.outcome, TestOutcome::Failed { .. })).count();
        let skipped = own.iter().filter(|case| matches!(case.outcome, TestOutcome::Skipped { .. })).count();
        let (name, tests) = (escaped(file), own.len());
        lines.push(format!(
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" skipped=\"{skipped}\">"
        ));
        for case in own {
            let (test, name) = (escaped(&case.test), escaped(&case.case));
            let inner = match &case.outcome {
                TestOutcome::Passed => String::new(),
                TestOutcome::Failed { reason } => format!("<failure message=\"{}\"/>", escaped(reason)),
                TestOutcome::Skipped { reason } => format!("<skipped message=\"{}\"/>", escaped(reason)),
            };
            lines.push(format!("    <testcase classname=\"{test}\" name=\"{name}\">{inner}</testcase>"));
        }
        lines.push("  </testsuite>".to_owned());
    }
    lines.push("</testsuites>".to_owned());
    lines.join("\n")
}

/// A text inside an attribute; characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{TestCase, TestOutcome, junit};

    #[test]
    fn junit_counts_and_escapes() {
        let case = |name: &str, outcome: TestOutcome| TestCase {
            file: "a/suite.yaml".into(),
            test: "t".into(),
            case: name.into(),
            outcome,
        };
        let text = junit(&[
            case("good", TestOutcome::Passed),
            case("<bad>", TestOutcome::Failed { reason: "1 < 2\n\"x\"\u{1b}".into() }),
            case("off", TestOutcome::Skipped { reason: "the test is skipped".into() }),
        ]);
        assert!(text.contains("<testsuites tests=\"3\" failures=\"1\" skipped=\"1\">"), "{text}");
        assert!(
            text.contains("name=\"&lt;bad&gt;\"><failure message=\"1 &lt; 2&#10;&quot;x&quot;\"/>"),
            "{text}"
        );
    }
}
