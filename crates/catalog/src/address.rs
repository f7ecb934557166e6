//! Where a reference from one file to another leads: into the same tree, or elsewhere.

use fairway_domain::tree::{Tree, TreePath};

/// Where a target leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One file of the same tree; it need not exist.
    File(TreePath),
    /// The files of the same tree that match a pattern.
    Pattern(String),
    /// Another source, as `url:…` or `file:…`.
    Foreign(String),
    /// Nowhere, and why.
    Nowhere(String),
}

/// Resolves `target`, written in `file` of a source whose files have the addresses `base` + path.
pub(crate) fn resolve(target: &str, file: &TreePath, base: &str) -> Target {
    let target = target.trim();
    let from_machine = plain(base).starts_with('/');
    let absolute = target.contains("://") || target.starts_with('/');
    let inside = if absolute { strip_base(target, base) } else { None };
    if absolute && inside.is_none() {
        if target.starts_with('/') && !from_machine {
            return Target::Nowhere("a path of the machine cannot be reached from here".to_owned());
        }
        return Target::Foreign(typed(target));
    }
    let (folder, rest) = match inside {
        Some(rest) => (None, rest),
        None => (file.parent(), target.to_owned()),
    };
    let is_pattern = rest.contains(['*', '?', '[', '{']);
    let mut parts: Vec<String> = folder
        .iter()
        .flat_map(|folder| folder.as_str().split('/'))
        .map(|part| if is_pattern { escape_pattern(part) } else { part.to_owned() })
        .collect();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Target::Nowhere(format!("\"{}\" leads out of the source", cut(target)));
                }
            }
            other => parts.push(other.to_owned()),
        }
    }
    let path = parts.join("/");
    if is_pattern {
        return Target::Pattern(path);
    }
    if target.ends_with('/') {
        return Target::Nowhere(format!(
            "\"{}\" is a folder; name a file, or use a pattern such as ./*.yaml",
            cut(target)
        ));
    }
    path.parse().map_or_else(
        |error: fairway_domain::tree::TreePathError| Target::Nowhere(error.to_string()),
        Target::File,
    )
}

/// An address without Backstage's `url:` or `file:` before it.
pub(crate) fn plain(address: &str) -> &str {
    ["url:", "file:"].iter().find_map(|kind| address.strip_prefix(kind)).unwrap_or(address)
}

/// An address with Backstage's `url:` or `file:` before it.
pub(crate) fn typed(address: &str) -> String {
    let address = plain(address);
    if address.starts_with('/') { format!("file:{address}") } else { format!("url:{address}") }
}

/// The files of `tree` that match a pattern, in path order.
pub(crate) fn matching(tree: &Tree, pattern: &str) -> Vec<TreePath> {
    tree.iter()
        .filter(|(path, _)| glob_match::glob_match(pattern, path.as_str()))
        .map(|(path, _)| path.clone())
        .collect()
}

/// The path inside the source, when an absolute address lies in it. Forges show the same file under `blob`,
/// `tree`, `raw` and `edit`.
fn strip_base(target: &str, base: &str) -> Option<String> {
    let prefix = plain(base);
    let one_view = |text: &str| {
        ["/tree/", "/raw/", "/edit/"]
            .iter()
            .fold(text.to_owned(), |text, view| text.replacen(view, "/blob/", 1))
    };
    if prefix.is_empty() {
        return None;
    }
    one_view(target).strip_prefix(&one_view(prefix)).map(|rest| rest.trim_start_matches('/').to_owned())
}

fn escape_pattern(part: &str) -> String {
    part.chars().fold(String::new(), |mut out, character| {
        if "*?[]{}!\\".contains(character) {
            out.push('\\');
        }
        out.push(character);
        out
    })
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Target, resolve};

    #[test]
    fn targets_stay_in_their_source_or_are_foreign() {
        let base = "url:https://git.example/acme/shop/blob/main/";
        let at = |target: &str| resolve(target, &"org/all.yaml".parse().unwrap(), base);
        let file = |path: &str| Target::File(path.parse().unwrap());
        assert_eq!(at("./teams.yaml"), file("org/teams.yaml"));
        assert_eq!(at("teams.yaml"), file("org/teams.yaml"));
        assert_eq!(at("../x/../y.yaml"), file("y.yaml"));
        assert_eq!(at("https://git.example/acme/shop/tree/main/a/b.yaml"), file("a/b.yaml"));
        assert_eq!(at("./**/*.yaml"), Target::Pattern("org/**/*.yaml".into()));
        assert_eq!(at("../*/c.yaml"), Target::Pattern("*/c.yaml".into()));
        let other = "https://git.example/acme/other/blob/main/x.yaml";
        assert_eq!(at(other), Target::Foreign(format!("url:{other}")));
        for bad in ["../../x.yaml", "/etc/passwd", "./folder/", ".git/config", "a\\b"] {
            assert!(matches!(at(bad), Target::Nowhere(_)), "{bad}");
        }
        let here = resolve("/srv/other.yaml", &"a.yaml".parse().unwrap(), "file:/srv/catalog/");
        assert_eq!(here, Target::Foreign("file:/srv/other.yaml".into()));
        for base in ["file:/srv/catalog/", "/srv/catalog/"] {
            let here = resolve("/srv/catalog/b.yaml", &"a.yaml".parse().unwrap(), base);
            assert_eq!(here, file("b.yaml"));
        }
    }
}
