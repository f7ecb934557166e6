//! Material for MkDocs' admonitions, rewritten as HTML blocks around Markdown.
//!
//! `!!! note "Title"` and `??? note` (folded; `???+` open) with the content indented by four spaces.

use std::fmt::Write as _;

use crate::highlight::escape;

/// The deepest nesting that is rewritten.
const MAX_DEPTH: usize = 8;

struct Opening<'a> {
    indent: usize,
    folded: Option<bool>,
    kind: &'a str,
    title: Option<String>,
}

/// Rewrites admonitions; everything else stays as it is.
pub fn rewrite(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 256);
    let lines: Vec<&str> = text.lines().collect();
    rewrite_lines(&lines, 0, &mut output);
    output
}

fn rewrite_lines(lines: &[&str], depth: usize, output: &mut String) {
    let mut fence: Option<&str> = None;
    let mut rest = lines;
    while let Some((line, following)) = rest.split_first() {
        rest = following;
        let trimmed = line.trim_start();
        match fence {
            Some(mark) if trimmed.starts_with(mark) => fence = None,
            None if trimmed.starts_with("```") => fence = Some("```"),
            None if trimmed.starts_with("~~~") => fence = Some("~~~"),
            _ => {}
        }
        let opening = if fence.is_none() && depth < MAX_DEPTH { parse(line) } else { None };
        let Some(opening) = opening else {
            output.push_str(line);
            output.push('\n');
            continue;
        };
        let inside = |line: &&&str| line.trim().is_empty() || indent(line) >= opening.indent + 4;
        let length = rest.iter().take_while(inside).count();
        let (body, after) = rest.split_at(length);
        rest = after;
        let body: Vec<&str> = body.iter().map(|line| line.get(opening.indent + 4..).unwrap_or("")).collect();
        open(&opening, output);
        rewrite_lines(&body, depth + 1, output);
        output.push_str(if opening.folded.is_some() { "\n</details>\n\n" } else { "\n</div>\n\n" });
    }
}

fn open(opening: &Opening<'_>, output: &mut String) {
    let kind = opening.kind;
    let mut title = String::new();
    if let Some(given) = &opening.title {
        escape(given, &mut title);
    } else {
        let mut letters = kind.chars();
        title.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        title.push_str(letters.as_str());
    }
    let class = format!("class=\"admonition {kind}\"");
    let heading = "class=\"admonition-title\"";
    // Writing to a String cannot fail.
    let _ = match opening.folded {
        Some(folded) => {
            let state = if folded { "" } else { " open" };
            write!(output, "\n<details {class}{state}><summary {heading}>{title}</summary>\n\n")
        }
        None if title.is_empty() => write!(output, "\n<div {class}>\n\n"),
        None => write!(output, "\n<div {class}><p {heading}>{title}</p>\n\n"),
    };
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn parse(line: &str) -> Option<Opening<'_>> {
    let trimmed = line.trim_start_matches(' ');
    let (folded, rest) = if let Some(rest) = trimmed.strip_prefix("!!!") {
        (None, rest)
    } else if let Some(rest) = trimmed.strip_prefix("???+") {
        (Some(false), rest)
    } else {
        (Some(true), trimmed.strip_prefix("???")?)
    };
    let rest = rest.strip_prefix(' ')?.trim();
    let (kind, title) = rest.split_once(' ').unwrap_or((rest, ""));
    let known =
        !kind.is_empty() && kind.len() <= 30 && kind.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    // `!!! note inline end "Title"`: the words between place it and do not matter here.
    let title = title.find('"').and_then(|at| title.get(at + 1..)?.strip_suffix('"')).map(ToOwned::to_owned);
    known.then(|| Opening { indent: indent(line), folded, kind, title })
}
