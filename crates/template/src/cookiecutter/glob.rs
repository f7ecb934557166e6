//! Shell patterns as Python's `fnmatch` reads them: `*` matches slashes too.

/// Whether the whole name matches.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at_pattern, mut at_name) = (0, 0);
    // Where the last star was, and how much it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at_name < name.len() {
        let Some(c) = name.get(at_name) else { break };
        let next = match pattern.get(at_pattern) {
            Some('*') => {
                star = Some((at_pattern + 1, at_name));
                at_pattern += 1;
                continue;
            }
            Some('?') => Some(at_pattern + 1),
            Some('[') => match set(&pattern, at_pattern) {
                Some((members, end)) => contains(members, *c).then_some(end),
                None => (*c == '[').then_some(at_pattern + 1),
            },
            Some(other) => (other == c).then_some(at_pattern + 1),
            None => None,
        };
        match (next, star) {
            (Some(next), _) => {
                at_pattern = next;
                at_name += 1;
            }
            (None, Some((after, taken))) => {
                at_pattern = after;
                at_name = taken + 1;
                star = Some((after, taken + 1));
            }
            (None, None) => return false,
        }
    }
    pattern.iter().skip(at_pattern).all(|c| *c == '*')
}

/// The inside of `[…]` that begins at `start`, and where it is over. A bracket that is first is a member.
fn set(pattern: &[char], start: usize) -> Option<(&[char], usize)> {
    let first = start + 1 + usize::from(pattern.get(start + 1) == Some(&'!'));
    let end = pattern.iter().enumerate().skip(first + 1).find(|(_, c)| **c == ']')?.0;
    Some((pattern.get(start + 1..end)?, end + 1))
}

fn contains(members: &[char], c: char) -> bool {
    let (negated, mut rest) = match members.split_first() {
        Some(('!', rest)) => (true, rest),
        _ => (false, members),
    };
    let mut found = false;
    while let Some((first, more)) = rest.split_first() {
        if let ['-', last, after @ ..] = more {
            found |= (*first..=*last).contains(&c);
            rest = after;
        } else {
            found |= *first == c;
            rest = more;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_cross_folders_and_sets_may_be_negated() {
        for (pattern, name) in [
            ("*.html", "a/b.html"),
            ("docs/*", "docs/a/b"),
            ("?.t[xy]t", "a.txt"),
            ("[!a]b", "cb"),
            ("[]]", "]"),
            ("[a-c]1", "b1"),
            ("a[", "a["),
            ("*a*b*", "xxaxxbxx"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("*.html", "a.htm"), ("docs", "docs/a"), ("[!a]b", "ab"), ("A", "a"), ("a", "")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
