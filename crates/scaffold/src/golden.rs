//! Golden trees: the files that a plan should leave behind, beside those that it does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use similar::TextDiff;

use crate::origin;
use crate::template_case::Golden;

/// Files whose differences are shown.
const FILES: usize = 20;
/// Lines of one file's difference that are shown.
const LINES: usize = 40;
/// Characters of one line that are shown.
const CHARACTERS: usize = 300;
/// A file with more lines than this is only named.
const COMPARED: usize = 20_000;
/// Lines around a difference.
const CONTEXT: usize = 2;

/// The one tree that is compared: `owner/name/path` for every file of the repositories that are. The file
/// `.fairway/origin.yaml` is left out: its digests change with every word of the template.
pub fn golden_tree(outputs: &BTreeMap<String, Tree>, golden: &Golden) -> Tree {
    let chosen = |name: &str| match golden {
        Golden::WhenThere | Golden::All => true,
        Golden::Only(names) => names.contains(name),
        Golden::Never => false,
    };
    let mut tree = Tree::new();
    for (name, files) in outputs.iter().filter(|(name, _)| chosen(name)) {
        let Ok(folder) = name.parse::<TreePath>() else { continue };
        for (path, file) in files.iter().filter(|(path, _)| path.as_str() != origin::PATH) {
            tree.insert(path.below(&folder), file.clone());
        }
    }
    tree
}

/// What differs between the golden tree and what is planned, file by file; `None` when nothing does. Bounded,
/// whatever the trees are.
pub fn tree_difference(golden: &Tree, planned: &Tree) -> Option<String> {
    let mut paths: Vec<&TreePath> = golden.iter().chain(planned.iter()).map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    let differing: Vec<&TreePath> =
        paths.into_iter().filter(|path| golden.get(path) != planned.get(path)).collect();
    if differing.is_empty() {
        return None;
    }
    let mut text = String::new();
    for path in differing.iter().take(FILES) {
        let part = match (golden.get(path), planned.get(path)) {
            (Some(_), None) => format!("{path} is no longer made\n"),
            (None, Some(file)) => {
                format!("{path} is new\n{}", lines(&TreeFile::regular(Vec::new()), file))
            }
            (Some(before), Some(after)) => format!("{path} differs\n{}", lines(before, after)),
            (None, None) => String::new(),
        };
        text.push_str(&part);
    }
    if differing.len() > FILES {
        let _ = writeln!(text, "… and {} more files", differing.len() - FILES);
    }
    Some(text.trim_end().to_owned())
}

fn lines(before: &TreeFile, after: &TreeFile) -> String {
    let mut text = String::new();
    if before.mode != after.mode && !before.bytes.is_empty() {
        let _ = writeln!(text, "  {} before, {} now", word(before.mode), word(after.mode));
    }
    let (Some(old), Some(new)) = (before.text(), after.text()) else {
        return text + "  is not text\n";
    };
    if old.lines().count() + new.lines().count() > COMPARED {
        return text + "  has too many lines to show\n";
    }
    let comparison = TextDiff::from_lines(old, new);
    let shown = comparison.unified_diff().context_radius(CONTEXT).to_string();
    for line in shown.lines().take(LINES) {
        let line: String = line.chars().take(CHARACTERS).collect();
        let _ = writeln!(text, "  {line}");
    }
    let count = shown.lines().count();
    if count > LINES {
        let _ = writeln!(text, "  … and {} more lines", count - LINES);
    }
    text
}

const fn word(mode: FileMode) -> &'static str {
    match mode {
        FileMode::Regular => "an ordinary file",
        FileMode::Executable => "executable",
        FileMode::Symlink => "a link",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use fairway_domain::tree::{FileMode, Tree, TreeFile};

    use super::{golden_tree, tree_difference};
    use crate::template_case::Golden;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
    }

    #[test]
    fn a_difference_is_told_file_by_file() {
        let golden = tree(&[("a/b/README.md", "one\ntwo\nthree\n"), ("a/b/gone", "x"), ("a/b/same", "y")]);
        assert_eq!(tree_difference(&golden, &golden), None);
        let mut planned =
            tree(&[("a/b/README.md", "one\n2\nthree\n"), ("a/b/new", "n\n"), ("a/b/same", "y")]);
        assert_eq!(
            tree_difference(&golden, &planned).unwrap(),
            "a/b/README.md differs\n  @@ -1,3 +1,3 @@\n   one\n  -two\n  +2\n   three\n\
             a/b/gone is no longer made\na/b/new is new\n  @@ -0,0 +1 @@\n  +n"
        );
        planned = golden.clone();
        let mode = TreeFile { mode: FileMode::Executable, bytes: b"y".as_slice().into() };
        planned.insert("a/b/same".parse().unwrap(), mode);
        let told = tree_difference(&golden, &planned).unwrap();
        assert_eq!(told, "a/b/same differs\n  an ordinary file before, executable now");
    }

    #[test]
    fn a_difference_is_bounded() {
        let long = "x\n".repeat(5_000);
        let many: Vec<(String, &str)> = (0..500).map(|at| (format!("a/b/{at}"), long.as_str())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let told = tree_difference(&Tree::new(), &tree(&many)).unwrap();
        assert!(told.lines().count() < 1_000 && told.ends_with("… and 480 more files"), "{told}");
    }

    #[test]
    fn only_chosen_repositories_are_compared_and_never_the_record_of_origin() {
        let outputs: BTreeMap<String, Tree> = [
            ("acme/shop".to_owned(), tree(&[("a", "1"), (".fairway/origin.yaml", "digest")])),
            ("acme/other".to_owned(), tree(&[("b", "2")])),
        ]
        .into();
        let names = |golden: &Golden| -> Vec<String> {
            golden_tree(&outputs, golden).iter().map(|(path, _)| path.to_string()).collect()
        };
        assert_eq!(names(&Golden::All), ["acme/other/b", "acme/shop/a"]);
        assert_eq!(names(&Golden::Only(["acme/shop".to_owned()].into())), ["acme/shop/a"]);
        assert!(names(&Golden::Never).is_empty());
    }
}
