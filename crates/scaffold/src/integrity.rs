//! Trees that a file system could hold, and whose links stay inside.

use fairway_domain::tree::{FileMode, Tree, TreePath};

use crate::error::ActionError;

/// The most files a workspace holds.
const MOST_FILES: usize = 20_000;

/// The most bytes a workspace holds.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Checks that no symbolic link leads out of the tree.
pub(crate) fn check_links(tree: &Tree) -> Result<(), ActionError> {
    for (path, file) in tree.iter() {
        if file.mode == FileMode::Symlink {
            let target = file.text().unwrap_or_default();
            if !stays_inside(path, target) {
                let target: String = target.chars().take(200).collect();
                return Err(ActionError::new(format!(
                    "the symbolic link {path} leads out of its folder, to \"{target}\""
                ))
                .with_hint("link to a file of the same tree with a relative path, or copy the file"));
            }
        }
    }
    Ok(())
}

fn stays_inside(link: &TreePath, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.contains(['\\', '\0']) {
        return false;
    }
    let mut depth = link.as_str().matches('/').count();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            segment if segment.eq_ignore_ascii_case(".git") => return false,
            _ => depth += 1,
        }
    }
    true
}

/// Checks that nothing is a file and a folder at once, that links stay inside and that the size is bounded.
pub(crate) fn check(tree: &Tree) -> Result<(), ActionError> {
    if tree.len() > MOST_FILES || tree.size() > MOST_BYTES {
        return Err(ActionError::new(format!(
            "the workspace has {} files and {} MiB, at most {MOST_FILES} files and {} MiB",
            tree.len(),
            tree.size() >> 20,
            MOST_BYTES >> 20
        )));
    }
    for (path, _) in tree.iter() {
        let mut folder = path.parent();
        while let Some(parent) = folder {
            if tree.get(&parent).is_some() {
                return Err(ActionError::new(format!("{parent} is a file, so {path} cannot be below it")));
            }
            folder = parent.parent();
        }
    }
    check_links(tree)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::tree::{FileMode, Tree, TreeFile};

    use super::check;

    fn tree(files: &[(&str, &str, FileMode)]) -> Tree {
        files
            .iter()
            .map(|(path, text, mode)| {
                (path.parse().unwrap(), TreeFile { mode: *mode, ..TreeFile::regular(text.as_bytes()) })
            })
            .collect()
    }

    #[test]
    fn links_stay_inside_and_files_are_not_folders() {
        let link = |path, target| tree(&[(path, target, FileMode::Symlink)]);
        for (path, target) in [("a/b", "../c"), ("a", "b/../c"), ("a/b/c", "../../d/./e")] {
            assert!(check(&link(path, target)).is_ok(), "{path} -> {target}");
        }
        for (path, target) in [
            ("a", "../b"),
            ("a", "/etc/passwd"),
            ("a/b", "../../c"),
            ("a", "x/../../y"),
            ("a", ".git/config"),
        ] {
            assert!(check(&link(path, target)).is_err(), "{path} -> {target}");
        }
        let both = tree(&[("a", "", FileMode::Regular), ("a/b", "", FileMode::Regular)]);
        assert!(check(&both).unwrap_err().message.contains("a is a file"));
    }
}
