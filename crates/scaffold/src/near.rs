//! Names that somebody may have meant.

/// Names longer than this are compared by their beginning.
const COMPARED: usize = 64;

/// The names most like `wanted`, best first, at most three.
pub(crate) fn similar<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(COMPARED).collect();
    // Two letters swapped count as two changes.
    let allowed = (wanted.len() / 3).max(if wanted.len() > 3 { 2 } else { 1 });
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| {
            (distance(&wanted, &name.to_lowercase().chars().take(COMPARED).collect::<Vec<_>>()), name)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// "did you mean a or b?", when there is anything alike.
pub(crate) fn suggestion<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names = similar(wanted, names);
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

/// The Levenshtein distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.iter().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let best = (diagonal + usize::from(a != b)).min(before + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            before = best;
        }
    }
    row.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn typing_errors_find_their_name() {
        let names = ["fetch:template", "fetch:plain", "publish:git", "publish:github"];
        assert_eq!(similar("fetch:templte", names), ["fetch:template"]);
        assert_eq!(similar("publish:gti", names), ["publish:git"]);
        assert!(similar("run:yeoman", names).is_empty());
    }
}
