//! Source text in a page: numbered lines, marks, quoted errors, diffs.

use std::collections::BTreeMap;

use fairway_domain::{Diagnostic, DiagnosticSeverity};
use maud::{Markup, PreEscaped, html};
use similar::{ChangeTag, TextDiff};

use crate::icon::icon;
use crate::safe::SafeHtml;

/// The most lines that a diff of two texts looks at; beyond it both are named as too large.
const MAX_DIFF_LINES: usize = 5_000;

/// Text as numbered lines. `html` has one line per line of `text`. With `anchors` each line is a target
/// (`#L12`), so use it once on a page. `marks` are messages below lines.
pub fn block(text: &str, html: Option<&SafeHtml>, anchors: bool, marks: &[(usize, String)]) -> Markup {
    let mut by_line: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (line, message) in marks {
        by_line.entry(*line).or_default().push(message);
    }
    let line = |number: usize, content: Markup| {
        html! {
            @if anchors {
                span.line.marked[by_line.contains_key(&number)] id={ "L" (number) } {
                    // Not in the tab order: a file has hundreds of lines, and a pointer finds them.
                    a.number href={ "#L" (number) } tabindex="-1" aria-label={ "Line " (number) } data-n=(number) {}
                    (content) "\n"
                }
            } @else { span.line.marked[by_line.contains_key(&number)] { (content) "\n" } }
            @for message in by_line.get(&number).into_iter().flatten() {
                span.line-note { (icon("failed")) (message) "\n" }
            }
        }
    };
    html! {
        div.code.anchored[anchors] tabindex="0" role="region" aria-label="Source" {
            pre { code {
                @match html {
                    Some(html) => @for (index, content) in html.as_str().lines().enumerate() {
                        (line(index + 1, PreEscaped(content.to_owned())))
                    },
                    None => @for (index, content) in text.lines().enumerate() {
                        (line(index + 1, html! { (content) }))
                    },
                }
            } }
        }
    }
}

/// What is wrong with some input: message, place, the quoted line with a caret, the next step.
pub fn diagnostic(diagnostic: &Diagnostic, url: Option<&str>) -> Markup {
    let (class, drawing, word) = match diagnostic.severity {
        DiagnosticSeverity::Error => ("bad", "failed", "Error"),
        DiagnosticSeverity::Warning => ("warn", "warning", "Warning"),
        DiagnosticSeverity::Note => ("info", "info", "Note"),
    };
    html! {
        div.diagnostic.(class) {
            p.diagnostic-message { (icon(drawing)) span.hidden { (word) ": " } strong { (diagnostic.message) } }
            @if let Some(location) = &diagnostic.location {
                p.diagnostic-place {
                    @match url {
                        Some(url) => a.mono href=(url) { (location) },
                        None => span.mono { (location) },
                    }
                    " " span.chip.mono { (diagnostic.code) }
                }
                @if let Some(line) = &diagnostic.source_line {
                    (quote(line, location.line, location.column))
                }
            }
            @if let Some(hint) = &diagnostic.hint { p.diagnostic-hint { (icon("arrow")) (hint) } }
        }
    }
}

fn quote(line: &str, number: usize, column: usize) -> Markup {
    // A very long line is shown around the column, so that the caret stays in view.
    let from = column.saturating_sub(1).saturating_sub(120);
    let shown: String = line.chars().skip(from).take(240).collect();
    let blank = |character: char| if character == '\t' { '\t' } else { ' ' };
    let before: String = shown.chars().take(column.saturating_sub(1 + from)).map(blank).collect();
    html! {
        pre.quote { code {
            span.quote-number { (number) } (shown) "\n"
            span.quote-number aria-hidden="true" {} (before) span.caret { "^" }
        } }
    }
}

/// The changes from one text to another, with three lines around each.
pub fn diff(path: &str, before: &str, after: &str) -> Markup {
    if before.lines().count().max(after.lines().count()) > MAX_DIFF_LINES {
        return html! { p.muted { "Too many lines to compare here." } };
    }
    let diff = TextDiff::from_lines(before, after);
    html! {
        div.code.diff tabindex="0" role="region" aria-label={ "Changes of " (path) } { pre { code {
            @for (index, group) in diff.grouped_ops(3).iter().enumerate() {
                @if index > 0 { span.line.hunk { "⋯\n" } }
                @for operation in group {
                    @for change in diff.iter_changes(operation) {
                        (diff_line(match change.tag() {
                            ChangeTag::Delete => '-',
                            ChangeTag::Insert => '+',
                            ChangeTag::Equal => ' ',
                        }, change.old_index().map(|at| at + 1), change.new_index().map(|at| at + 1), change.value().trim_end_matches(['\n', '\r'])))
                    }
                }
            }
        } } }
    }
}

/// A unified patch of one file as it came from git.
pub fn patch(path: &str, text: &str) -> Markup {
    let (mut old, mut new) = (0, 0);
    let numbered = text.lines().map(|line| {
        let sign = line.chars().next().unwrap_or('\\');
        let mut numbers = (None, None);
        match sign {
            '@' => (old, new) = starts(line),
            '-' => numbers.0 = Some(next(&mut old)),
            '+' => numbers.1 = Some(next(&mut new)),
            ' ' => numbers = (Some(next(&mut old)), Some(next(&mut new))),
            _ => {}
        }
        (sign, numbers, line)
    });
    html! {
        div.code.diff tabindex="0" role="region" aria-label={ "Changes of " (path) } { pre { code {
            @for (sign, (old, new), line) in numbered {
                @match sign {
                    '+' | '-' | ' ' => (diff_line(sign, old, new, line.get(1..).unwrap_or_default())),
                    _ => span.line.hunk { (line) "\n" },
                }
            }
        } } }
    }
}

/// Counts a line and gives its number.
fn next(line: &mut usize) -> usize {
    let number = *line;
    *line = number.saturating_add(1);
    number
}

/// The first lines of a hunk before and after: `@@ -12,5 +14,6 @@`.
fn starts(header: &str) -> (usize, usize) {
    let start = |sign: char| {
        let (_, after) = header.split_once(sign)?;
        after.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
    };
    (start('-').unwrap_or(1), start('+').unwrap_or(1))
}

fn diff_line(sign: char, old: Option<usize>, new: Option<usize>, text: &str) -> Markup {
    let class = match sign {
        '+' => "added",
        '-' => "removed",
        _ => "same",
    };
    // Numbers are drawn by the style, so that copying takes the text alone.
    html! { span.line.(class) { span.at data-n=[old] {} span.at data-n=[new] {} span.sign { (sign) } (text) "\n" } }
}

#[cfg(test)]
mod tests {
    use super::{diff, patch, quote};

    #[test]
    fn the_caret_stays_in_view_on_a_very_long_line() {
        let line = format!("{}x{}", " ".repeat(5_000), " ".repeat(5_000));
        let html = quote(&line, 1, 5_001).into_string();
        assert!(html.len() < 1_000);
        assert!(html.contains('x') && html.contains('^'));
    }

    #[test]
    fn lines_of_a_change_have_their_numbers_before_and_after() {
        let html = patch("x", "@@ -12,3 +14,3 @@ fn main()\n a\n-b\n+c\n+d").into_string();
        let numbers: Vec<&str> =
            html.split("data-n=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(numbers, ["12", "14", "13", "15", "16"]);
    }

    #[test]
    fn changes_are_escaped_and_signed() {
        let html = diff("x", "a\nb\n", "a\n<c>\n").into_string();
        assert!(html.contains("removed") && html.contains("&lt;c&gt;"));
        assert!(patch("x", "@@ -1 +1 @@\n-a\n+<b>").into_string().contains("&lt;b&gt;"));
    }
}
