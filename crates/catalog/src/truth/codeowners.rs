//! CODEOWNERS files: who owns a path. The last line that matches counts.
//!
//! The rules are those that GitHub documents: `#` begins a comment, a pattern with a slash inside or before is
//! anchored at the top, one that ends with a slash means everything below, and a line without owners takes
//! ownership away. Sections and negation, which only other forges have, are passed over.

/// As many lines are looked at.
const LINES: usize = 5_000;

/// The owners of a path, as written (`@acme/team`, `@ada`, `ada@acme.example`).
pub fn owners_of(text: &str, path: &str) -> Vec<String> {
    let mut owners = Vec::new();
    for line in text.lines().take(LINES) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with(['#', '[', '!', '^']) {
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(pattern) = words.next() else { continue };
        if matches(pattern, path) {
            owners = words.map(str::to_owned).collect();
        }
    }
    owners
}

fn matches(pattern: &str, path: &str) -> bool {
    let folder = pattern.ends_with('/');
    let bare = pattern.trim_start_matches('/').trim_end_matches('/');
    if bare.is_empty() || bare == "*" || bare == "**" {
        // One star at the top means every path.
        return !pattern.starts_with('/') || bare != "*" || !path.contains('/');
    }
    let anchored = pattern.trim_end_matches('/').contains('/');
    let prefix = if anchored { "" } else { "**/" };
    let below = glob_match::glob_match(&format!("{prefix}{bare}/**"), path);
    below || (!folder && glob_match::glob_match(&format!("{prefix}{bare}"), path))
}

#[cfg(test)]
mod tests {
    use super::owners_of;

    #[test]
    fn the_last_line_that_matches_counts() {
        let text = "# who\n*  @acme/all\n*.yaml @ada # data\n/apps/ @acme/apps\napps/shop/** @acme/shop @eve\ndocs/\n[section] @x\n";
        let rows = [
            ("src/main.rs", "@acme/all"),
            ("deep/catalog-info.yaml", "@ada"),
            ("apps/cart/catalog-info.yaml", "@acme/apps"),
            ("apps/shop/x/catalog-info.yaml", "@acme/shop @eve"),
            ("docs/a.md", ""),
            ("other/docs/a.md", ""),
            ("other/apps/x", "@acme/all"),
        ];
        for (path, owners) in rows {
            assert_eq!(owners_of(text, path).join(" "), owners, "{path}");
        }
    }
}
