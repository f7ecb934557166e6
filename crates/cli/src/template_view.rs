//! How rendered files are shown: as a tree with a mark for each, and as lines that change.

use similar::{ChangeTag, TextDiff};

use crate::failure::CliError;
use crate::output::{Paint, painted};
use crate::template_folder::{Change, ChangeKind};

/// A file with more lines is only named.
const LINES: usize = 5_000;

/// The files by folder: `+` new, `~` changed, `=` unchanged, `!` there already and kept.
pub fn tree(changes: &[Change]) -> Result<(), CliError> {
    let mut lines = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for change in changes {
        let (mark, paint) = match change.kind {
            ChangeKind::New => ('+', Paint::Green),
            ChangeKind::Changed => ('~', Paint::Yellow),
            ChangeKind::Unchanged => ('=', Paint::Plain),
            ChangeKind::Kept => ('!', Paint::Cyan),
        };
        let parts: Vec<&str> = change.path.as_str().split('/').collect();
        let (name, folders) = parts.split_last().unwrap_or((&"", &[]));
        let common = open.iter().zip(folders).take_while(|(left, right)| left == right).count();
        open.truncate(common);
        for folder in folders.iter().skip(common) {
            lines.push((Paint::Plain, format!("  {}{folder}/", "  ".repeat(open.len()))));
            open.push(folder);
        }
        lines.push((paint, format!("{mark} {}{name}", "  ".repeat(open.len()))));
    }
    painted(&lines)
}

/// The lines of new and changed files that come and go.
pub fn diff(changes: &[Change]) -> Result<(), CliError> {
    let mut lines = Vec::new();
    for change in changes.iter().filter(|change| matches!(change.kind, ChangeKind::New | ChangeKind::Changed))
    {
        lines.push((Paint::Plain, String::new()));
        lines.push((Paint::Bold, format!("{} {}", change.kind.word(), change.path)));
        let before = change.before.as_ref().map_or(Some(""), |file| file.text());
        let (Some(before), Some(after)) = (before, change.file.text()) else {
            lines.push((Paint::Plain, "  is not text".to_owned()));
            continue;
        };
        if before.lines().count() + after.lines().count() > LINES {
            lines.push((Paint::Plain, "  has too many lines to show".to_owned()));
            continue;
        }
        if before == after {
            lines.push((Paint::Plain, "  another mode, the same content".to_owned()));
        }
        let comparison = TextDiff::from_lines(before, after);
        for group in comparison.grouped_ops(3) {
            if let (Some(first), Some(last)) = (group.first(), group.last()) {
                let (old, new) = (
                    first.old_range().start..last.old_range().end,
                    first.new_range().start..last.new_range().end,
                );
                let place =
                    format!("@@ -{},{} +{},{} @@", old.start + 1, old.len(), new.start + 1, new.len());
                lines.push((Paint::Cyan, place));
            }
            for line in group.iter().flat_map(|operation| comparison.iter_changes(operation)) {
                let (sign, paint) = match line.tag() {
                    ChangeTag::Delete => ('-', Paint::Red),
                    ChangeTag::Insert => ('+', Paint::Green),
                    ChangeTag::Equal => (' ', Paint::Plain),
                };
                lines.push((paint, format!("{sign}{}", line.value().trim_end_matches(['\n', '\r']))));
            }
        }
    }
    painted(&lines)
}
