//! Ranges of versions: `>=1.2 <2`, `^1.2`, `~1.2.3`, `1.x`, `1.2 - 1.4`, with `||` between alternatives.

use std::cmp::Ordering;

use super::quote::quote;
use super::version::{Version, are_identifiers};

/// One comparison.
pub struct Constraint {
    operator: &'static str,
    version: Version,
    /// Whether the minor number is left open, and the patch number with it.
    open_minor: bool,
    /// Whether just the patch number is left open.
    open_patch: bool,
    /// Whether any part is left open.
    open: bool,
}

/// Alternatives, within each of which every comparison has to hold.
pub type Constraints = Vec<Vec<Constraint>>;

/// The operators, longer ones before those that they begin with.
const OPERATORS: [(&str, &str); 11] = [
    ("!=", "!="),
    (">=", ">="),
    ("=>", ">="),
    ("<=", "<="),
    ("=<", "<="),
    ("~>", "~"),
    ("=", "="),
    (">", ">"),
    ("<", "<"),
    ("~", "~"),
    ("^", "^"),
];

/// Reads a range.
pub fn parse(text: &str) -> Result<Constraints, String> {
    text.split("||").map(parse_alternative).collect()
}

fn parse_alternative(text: &str) -> Result<Vec<Constraint>, String> {
    let improper = || format!("improper constraint: {}", quote(text));
    let mut constraints = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (found, operator) =
            OPERATORS.iter().find(|(text, _)| rest.starts_with(text)).unwrap_or(&("", "="));
        rest = rest.get(found.len()..).unwrap_or_default().trim_start();
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        let (version, after) = rest.split_at(end);
        let constraint = read(operator, version).ok_or_else(improper)?;
        let after_spaces = after.trim_start();
        // `1.2 - 1.4` has spaces on both sides of the hyphen.
        let range = after_spaces
            .strip_prefix('-')
            .filter(|rest| after_spaces.len() < after.len() && rest.starts_with(char::is_whitespace));
        if found.is_empty()
            && let Some(upper) = range
        {
            let upper = upper.trim_start();
            let end = upper.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(upper.len());
            let (version, after) = upper.split_at(end);
            constraints.push(Constraint { operator: ">=", ..constraint });
            constraints.push(read("<=", version).ok_or_else(improper)?);
            rest = after;
        } else {
            constraints.push(constraint);
            rest = after;
        }
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            return Ok(constraints);
        }
        rest = trimmed.strip_prefix(',').unwrap_or(trimmed).trim_start();
        if rest.is_empty() {
            return Err(improper());
        }
    }
}

/// A version in which parts may be missing or an `x`.
fn read(operator: &'static str, text: &str) -> Option<Constraint> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (core, suffix) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
    let parts: Vec<&str> = core.split('.').collect();
    let is_open = |part: Option<&&str>| part.is_none_or(|part| matches!(*part, "x" | "X" | "*"));
    let is_known = |part: &str| {
        matches!(part, "x" | "X" | "*")
            || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if parts.len() > 3 || !parts.iter().all(|part| is_known(part)) {
        return None;
    }
    let (prerelease, metadata) = suffix.split_once('+').unwrap_or((suffix, ""));
    if !metadata.is_empty() && !are_identifiers(metadata) {
        return None;
    }
    let part = |index: usize| parts.get(index).copied().unwrap_or("0");
    let (core, open_minor, open_patch, open) = if is_open(parts.first()) {
        ("0.0.0".to_owned(), false, false, true)
    } else if is_open(parts.get(1)) {
        (format!("{}.0.0", part(0)), true, false, true)
    } else if is_open(parts.get(2)) {
        (format!("{}.{}.0", part(0), part(1)), false, true, true)
    } else {
        (core.to_owned(), false, false, false)
    };
    let version = Version::parse(&format!("{core}{prerelease}")).ok()?;
    Some(Constraint { operator, version, open_minor, open_patch, open })
}

/// Whether a version satisfies one of the alternatives. A prerelease is admitted only where the alternative
/// names one.
pub fn admits(constraints: &Constraints, version: &Version) -> bool {
    constraints.iter().any(|alternative| {
        let names_prerelease = alternative.iter().any(|it| !it.version.prerelease.is_empty());
        (version.prerelease.is_empty() || names_prerelease)
            && alternative.iter().all(|constraint| constraint.admits(version))
    })
}

impl Constraint {
    fn admits(&self, version: &Version) -> bool {
        let bound = &self.version;
        let order = version.compare(bound);
        match self.operator {
            "!=" => self.differs(version),
            ">" if !self.open => order == Ordering::Greater,
            ">" if version.major != bound.major => version.major > bound.major,
            ">" if self.open_minor => false,
            ">" if self.open_patch => version.minor > bound.minor,
            ">" => order == Ordering::Greater,
            "<" => order == Ordering::Less,
            ">=" => order != Ordering::Less,
            "<=" if !self.open => order != Ordering::Greater,
            "<=" => {
                version.major < bound.major
                    || (version.major == bound.major && (self.open_minor || version.minor <= bound.minor))
            }
            "^" => order != Ordering::Less && self.admits_caret(version),
            "=" if !self.open => order == Ordering::Equal,
            // An equals sign with an open part is a tilde.
            _ => order != Ordering::Less && self.admits_tilde(version),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let bound = &self.version;
        if !self.open {
            return version.compare(bound) != Ordering::Equal;
        }
        if bound.major != version.major || (bound.minor != version.minor && !self.open_minor) {
            return true;
        }
        if self.open_minor {
            return false;
        }
        if self.open_patch {
            return bound.prerelease != version.prerelease;
        }
        version.compare(bound) != Ordering::Equal
    }

    fn admits_tilde(&self, version: &Version) -> bool {
        let bound = &self.version;
        let any =
            (bound.major, bound.minor, bound.patch) == (0, 0, 0) && !self.open_minor && !self.open_patch;
        any || (version.major == bound.major && (self.open_minor || version.minor == bound.minor))
    }

    fn admits_caret(&self, version: &Version) -> bool {
        let bound = &self.version;
        if bound.major > 0 || self.open_minor {
            return version.major == bound.major;
        }
        // `^*` admits everything.
        if self.open && !self.open_patch {
            return true;
        }
        if version.major > 0 {
            return false;
        }
        if bound.minor > 0 || self.open_patch {
            return version.minor == bound.minor;
        }
        version.minor == 0 && version.patch == bound.patch
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{admits, parse};
    use crate::gotemplate::version::Version;

    #[test]
    fn ranges_admit_what_they_say() {
        for (range, version, expected) in [
            ("^1.2", "1.3.0", true),
            ("^1.2", "2.0.0", false),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("1.2.x", "1.2.7", true),
            ("1.x", "2.0.0", false),
            ("*", "9.9.9", true),
            (">=1.2, <2.0", "1.9.0", true),
            (">= 1.2 < 2.0", "2.0.0", false),
            (">1", "1.9.0", false),
            ("<=1.2", "1.2.9", true),
            ("1.2 - 1.4", "1.4.5", true),
            ("1.2 - 1.4.0", "1.4.5", false),
            ("<1.0 || >=2.0", "2.1.0", true),
            ("!=1.2.x", "1.3.0", true),
            ("!=1.2.3", "1.2.3", false),
            ("=1.2.3", "v1.2.3+meta", true),
            (">=1.2.3", "1.3.0-beta", false),
            (">=1.2.3-0", "1.3.0-beta", true),
            ("^1.29.0-0", "1.30.1-gke.5", true),
        ] {
            let version = Version::parse(version).unwrap();
            assert_eq!(admits(&parse(range).unwrap(), &version), expected, "{range} {version}");
        }
        for broken in ["", "a", ">", "1.2.3.4", "1.2 3 -", ">1.0<2.0"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
