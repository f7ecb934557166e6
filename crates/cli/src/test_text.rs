//! What tests came to, line by line.

use fairway_policy::{TestCase, TestCounts, TestOutcome};

use crate::output::Paint;

/// What failed, in the order of the tests, and then what was skipped, with the reason of each. What passed is shown
/// where somebody asks for it, or where there is something to note about it.
pub fn lines<'a>(
    cases: impl Iterator<Item = (&'a TestCase, &'a [String])>,
    counts: TestCounts,
    verbose: bool,
) -> Vec<(Paint, String)> {
    let mut lines = Vec::new();
    let mut place = ("", "");
    let is_skipped = |(case, _): &(&TestCase, &[String])| matches!(case.outcome, TestOutcome::Skipped { .. });
    let (skipped, run): (Vec<_>, Vec<_>) = cases.partition(is_skipped);
    let indented = |text: &str| text.replace('\n', "\n        ");
    for (case, notes) in run.into_iter().chain(skipped) {
        let (paint, text) = match &case.outcome {
            TestOutcome::Passed if !verbose && notes.is_empty() => continue,
            TestOutcome::Passed => (Paint::Green, format!("  pass  {}", case.case)),
            TestOutcome::Failed { reason } => {
                (Paint::Red, format!("  FAIL  {}\n        {}", case.case, indented(reason)))
            }
            TestOutcome::Skipped { reason } => (Paint::Yellow, format!("  skip  {} ({reason})", case.case)),
        };
        if place != (case.file.as_str(), case.test.as_str()) {
            place = (&case.file, &case.test);
            lines.push((Paint::Bold, format!("{} {}", case.file, case.test)));
        }
        lines.push((paint, text));
        lines.extend(notes.iter().map(|note| (Paint::Yellow, format!("        {}", indented(note)))));
    }
    let TestCounts { passed, failed, skipped } = counts;
    let paint = if failed > 0 { Paint::Red } else { Paint::Green };
    lines.push((paint, format!("{passed} passed, {failed} failed, {skipped} skipped")));
    lines
}
