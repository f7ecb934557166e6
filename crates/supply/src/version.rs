//! Versions of packages: their order, and ranges of them.

use std::cmp::Ordering;

/// The order of versions of any kind: numbers as numbers, words as words, a pre-release (`-rc1`) before its release,
/// what is after `+` left out. Not each ecosystem's own order to the letter, but the same wherever versions are numbers
/// with dots.
pub fn compare_versions(one: &str, two: &str) -> Ordering {
    let (one, two) = (parts(one), parts(two));
    for index in 0..one.len().max(two.len()) {
        let order = match (one.get(index), two.get(index)) {
            (Some(one), Some(two)) => one.cmp(two),
            // 1.0 is 1.0.0, and later than 1.0-rc1.
            (Some(rest), None) => rest.against_nothing(),
            (None, Some(rest)) => rest.against_nothing().reverse(),
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u128),
}

impl Part {
    fn against_nothing(&self) -> Ordering {
        match self {
            Self::Number(0) => Ordering::Equal,
            Self::Number(_) => Ordering::Greater,
            Self::Word(word) if matches!(word.as_str(), "final" | "ga" | "release") => Ordering::Equal,
            Self::Word(word) if matches!(word.as_str(), "sp" | "p" | "patch" | "post" | "r") => {
                Ordering::Greater
            }
            Self::Word(_) => Ordering::Less,
        }
    }
}

fn parts(version: &str) -> Vec<Part> {
    let version = version.trim();
    let version = version
        .strip_prefix(['v', 'V'])
        .filter(|it| it.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(version);
    let version = version.split('+').next().unwrap_or(version);
    let mut parts = Vec::new();
    let mut word = String::new();
    let mut flush = |word: &mut String| {
        if !word.is_empty() {
            let part = match word.parse::<u128>() {
                Ok(number) => Part::Number(number),
                Err(_) => Part::Word(std::mem::take(word).to_ascii_lowercase()),
            };
            word.clear();
            parts.push(part);
        }
    };
    for c in version.chars().take(256) {
        let digit = c.is_ascii_digit();
        let turn = word.chars().last().is_some_and(|last| last.is_ascii_digit() != digit);
        if !c.is_ascii_alphanumeric() {
            flush(&mut word);
            continue;
        }
        if turn {
            flush(&mut word);
        }
        word.push(c);
    }
    flush(&mut word);
    parts
}

/// Which versions somebody asks for: `>=1.2 <2`, `1.2.3`, `<2.17.1`, `1.2.*`, several with blanks or commas between,
/// all of which have to hold; `||` between ranges of which one has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange(Vec<Vec<Bound>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bound {
    relation: Relation,
    version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    Equal,
    Not,
    AtLeast,
    More,
    Begins,
}

impl VersionRange {
    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > 500 {
            return Err("the range of versions is longer than 500 characters".to_owned());
        }
        let mut choices = Vec::new();
        for choice in text.split("||") {
            let mut bounds = Vec::new();
            // `>= 1.2` is `>=1.2`.
            let mut waiting = String::new();
            for word in choice.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
                waiting.push_str(word);
                if word.trim_start_matches(['<', '>', '=', '!', '^', '~']).is_empty() {
                    continue;
                }
                bounds.extend(Self::bounds(&std::mem::take(&mut waiting))?);
            }
            if !waiting.is_empty() {
                return Err(format!("\"{waiting}\" needs a version behind it"));
            }
            if bounds.is_empty() {
                return Err("the range of versions is empty; try <2.17.1 or 1.2.*".to_owned());
            }
            choices.push(bounds);
        }
        Ok(Self(choices))
    }

    fn bounds(word: &str) -> Result<Vec<Bound>, String> {
        const WORDS: [(&str, Relation); 7] = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("!=", Relation::Not),
            ("==", Relation::Equal),
            ("<", Relation::Less),
            (">", Relation::More),
            ("=", Relation::Equal),
        ];
        let bound = |relation, version: &str| Bound { relation, version: version.to_owned() };
        if word == "*" {
            return Ok(vec![bound(Relation::Begins, "")]);
        }
        for (mark, keeps) in [('^', 1), ('~', 2)] {
            let Some(version) = word.strip_prefix(mark) else { continue };
            let numbers: Vec<&str> = version.split('.').collect();
            // ^0.2.3 keeps 0.2, as what begins with 0 promises less.
            let zeros = numbers.iter().take_while(|number| **number == "0").count();
            let keeps = if mark == '^' { keeps.max(zeros + 1) } else { keeps };
            let prefix: Vec<&str> = numbers.into_iter().take(keeps).collect();
            return Ok(vec![bound(Relation::AtLeast, version), bound(Relation::Begins, &prefix.join("."))]);
        }
        let (relation, version) = WORDS
            .iter()
            .find_map(|(mark, relation)| Some((*relation, word.strip_prefix(mark)?)))
            .unwrap_or((Relation::Equal, word));
        if version.is_empty() || version.contains(['<', '>', '=', '!']) {
            return Err(format!("\"{word}\" is no range of versions; try <2.17.1, >=1.2 or 1.2.*"));
        }
        match version.strip_suffix(".*").or_else(|| version.strip_suffix(".x")) {
            Some(prefix) if relation == Relation::Equal => Ok(vec![bound(Relation::Begins, prefix)]),
            _ => Ok(vec![bound(relation, version)]),
        }
    }

    /// Whether a version is in it.
    pub fn holds(&self, version: &str) -> bool {
        let fits = |bound: &Bound| {
            let order = compare_versions(version, &bound.version);
            match bound.relation {
                Relation::Less => order.is_lt(),
                Relation::AtMost => order.is_le(),
                Relation::Equal => order.is_eq(),
                Relation::Not => order.is_ne(),
                Relation::AtLeast => order.is_ge(),
                Relation::More => order.is_gt(),
                Relation::Begins => parts(version).starts_with(&parts(&bound.version)),
            }
        };
        self.0.iter().any(|bounds| bounds.iter().all(fits))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{VersionRange, compare_versions};

    #[test]
    fn versions_have_the_order_of_releases() {
        let rising = [
            "0.9",
            "1.0-alpha",
            "1.0-rc1",
            "1.0.0",
            "1.0.1",
            "1.2",
            "1.10",
            "2.0.0-beta.2",
            "v2.0.0",
            "2.0.1",
        ];
        for pair in rising.windows(2) {
            let [one, two] = pair else { continue };
            assert!(compare_versions(one, two).is_lt(), "{one} < {two}");
        }
        assert!(compare_versions("1.0", "1.0.0").is_eq() && compare_versions("1.0+b1", "v1.0").is_eq());
        assert!(compare_versions("99999999999999999999999999999999999999999999", "1").is_ne());
    }

    #[test]
    fn ranges_hold_what_they_say() {
        for (range, inside, outside) in [
            ("<2.17.1", "2.14.1", "2.17.1"),
            (">=1.2, <2", "1.9.9", "2.0"),
            (">= 1.2 < 2", "1.2.0", "1.1"),
            ("1.2.*", "1.2.30", "1.20.1"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("1.2.3 || >3", "3.1", "2.0"),
            ("*", "anything", ""),
        ] {
            let range = VersionRange::parse(range).unwrap();
            assert!(range.holds(inside), "{range:?} {inside}");
            assert!(outside.is_empty() || !range.holds(outside), "{range:?} {outside}");
        }
        for wrong in ["", "<", ">=", "1 ||", "<>3"] {
            assert!(VersionRange::parse(wrong).is_err(), "{wrong}");
        }
    }
}
