//! Semantic versions and ranges of them: `>=1.2.0 <2.0.0 || 3.x`.

use std::cmp::Ordering;

/// A version by the rules of semver.org; build metadata does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    numbers: [u64; 3],
    pre: Vec<String>,
}

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (text, _) = text.split_once('+').unwrap_or((text, ""));
        let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut parts = core.split('.');
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let part = parts.next()?;
            if part.len() > 1 && part.starts_with('0') {
                return None;
            }
            *number = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
        }
        if parts.next().is_some() || pre.is_some_and(|pre| pre.split('.').any(str::is_empty)) {
            return None;
        }
        Some(Self {
            numbers,
            pre: pre.map_or_else(Vec::new, |pre| pre.split('.').map(str::to_owned).collect()),
        })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let pre = || match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => {
                for (own, others) in self.pre.iter().zip(&other.pre) {
                    let order = match (own.parse::<u64>(), others.parse::<u64>()) {
                        (Ok(own), Ok(others)) => own.cmp(&others),
                        (Ok(_), Err(_)) => Ordering::Less,
                        (Err(_), Ok(_)) => Ordering::Greater,
                        _ => own.cmp(others),
                    };
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                self.pre.len().cmp(&other.pre.len())
            }
        };
        self.numbers.cmp(&other.numbers).then_with(pre)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether a version is in a range. Nothing when the range cannot be read; a version that cannot be read is
/// 0.0.0, as Kyverno has it.
pub(crate) fn in_range(version: &str, range: &str) -> Option<bool> {
    let version = Version::parse(version).unwrap_or(Version { numbers: [0; 3], pre: Vec::new() });
    let mut inside = false;
    for alternative in range.split("||") {
        // An operator may stand apart from its version.
        let mut all = true;
        let mut operator = String::new();
        let mut any = false;
        for word in alternative.split_whitespace() {
            let at = word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len());
            let (sign, number) = word.split_at_checked(at)?;
            operator.push_str(sign);
            if number.is_empty() {
                continue;
            }
            all &= holds(&version, &operator, number)?;
            any = true;
            operator.clear();
        }
        if !any || !operator.is_empty() {
            return None;
        }
        inside |= all;
    }
    Some(inside)
}

fn holds(version: &Version, operator: &str, wanted: &str) -> Option<bool> {
    let parts: Vec<&str> = wanted.split('.').collect();
    let is_any = |part: &&&str| matches!(**part, "x" | "X" | "*");
    if parts.iter().any(|part| is_any(&part)) {
        let mut low = [0_u64; 3];
        let fixed = parts.iter().position(|part| is_any(&part))?;
        for (place, part) in low.iter_mut().zip(parts.iter().take(fixed)) {
            *place = part.parse().ok()?;
        }
        let mut high = low;
        let last = high.get_mut(fixed.checked_sub(1)?)?;
        *last = last.checked_add(1)?;
        let (low, high) =
            (Version { numbers: low, pre: Vec::new() }, Version { numbers: high, pre: Vec::new() });
        return Some(match operator {
            "" | "=" | "==" => *version >= low && *version < high,
            "!" | "!=" => *version < low || *version >= high,
            ">" => *version >= high,
            ">=" => *version >= low,
            "<" => *version < low,
            "<=" => *version < high,
            _ => return None,
        });
    }
    let wanted = Version::parse(wanted)?;
    Some(match operator {
        "" | "=" | "==" => *version == wanted,
        "!" | "!=" => *version != wanted,
        ">" => *version > wanted,
        ">=" => *version >= wanted,
        "<" => *version < wanted,
        "<=" => *version <= wanted,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Version, in_range};

    #[test]
    fn ranges() {
        for (version, range, expected) in [
            ("1.2.3", ">=1.0.0 <2.0.0", Some(true)),
            ("2.0.0", ">=1.0.0 <2.0.0", Some(false)),
            ("3.5.1", "<1.0.0 || 3.x", Some(true)),
            ("1.2.0", "1.2.x", Some(true)),
            ("1.2.3", "!1.2.3", Some(false)),
            ("1.2.3", "> 1.2.0", Some(true)),
            ("1.0.0-beta.2", "<1.0.0", Some(true)),
            ("1.2.3", "nonsense", None),
            ("1.2.3", "", None),
        ] {
            assert_eq!(in_range(version, range), expected, "{version} in {range}");
        }
        assert!(Version::parse("1.0.0-alpha.9") < Version::parse("1.0.0-alpha.10"));
        assert!(Version::parse("1.0").is_none());
    }
}
