//! Names that may have been meant by one that does not exist.

/// The longest name that is compared; beyond it nobody mistypes, and the comparison costs its square.
const LONGEST: usize = 64;
/// As many names as a person looks through.
const MOST: usize = 5;

/// The names that are nearest to the one asked for, nearest first; empty when none is near.
pub(crate) fn near<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let asked: Vec<char> = asked.to_lowercase().chars().take(LONGEST).collect();
    let allowed = (asked.len() / 3).max(2);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
            // Names of very different lengths are as far apart as that.
            if letters.len().abs_diff(asked.len()) > allowed {
                return None;
            }
            let distance = distance(&asked, &letters);
            (distance <= allowed).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, left out or replaced (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, wanted) in row.iter_mut().skip(1).zip(other) {
            let replaced = diagonal + usize::from(letter != wanted);
            diagonal = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_slip_of_the_finger_is_seen_and_another_name_is_not() {
        let names = ["gift-cards", "gift-cards-db", "orders", "payments"];
        assert_eq!(near("gift-card", names), ["gift-cards"]);
        assert_eq!(near("gfit-cards", names), ["gift-cards"]);
        assert_eq!(near("Gift-Cards-Db", names), ["gift-cards-db", "gift-cards"]);
        assert!(near("warehouse", names).is_empty());
        assert!(near(&"x".repeat(10_000), names).is_empty());
    }
}
