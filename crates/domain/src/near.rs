//! Names that may have been meant by one that does not exist.

/// The known names nearest to a misspelt one, best first, at most three.
pub fn near_names<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = match wanted.chars().count() {
        0..=2 => 1,
        3..=6 => 2,
        _ => 3,
    };
    let mut near: Vec<(usize, &str)> = known
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit * 4 && name.len() <= 100)
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Edit distance where swapping two neighbours is one step.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(100).flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().take(100).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, column) + usize::from(a != b))
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(b)
                && right.get(column - 1) == Some(a)
                && a != b;
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::near_names;

    #[test]
    fn a_swap_is_one_mistake() {
        assert_eq!(near_names("nmae", ["name", "owner", "system"].into_iter()), ["name"]);
        assert!(near_names("zzz", ["name"].into_iter()).is_empty());
    }
}
