//! Typing errors.

/// Longest word that is compared with errors in mind: what is longer was pasted, not typed.
const LONGEST: usize = 32;

/// How many letters may be wrong in a word of this many letters.
pub(crate) fn forgiven(letters: usize) -> u8 {
    match letters {
        4..=7 => 1,
        8..=LONGEST => 2,
        _ => 0,
    }
}

/// How many letters may be wrong in a word that nothing was found for.
pub(crate) fn forgiven_at_last(letters: usize) -> u8 {
    match letters {
        3 => 1,
        4..=LONGEST => 2,
        _ => 0,
    }
}

/// Whether `text` begins with `word` after at most `errors` letters are added, dropped, changed, or swapped with the
/// next one. (Optimal string alignment; Ukkonen's band is not needed, words are short.)
pub(crate) fn begins_almost(text: &str, word: &str, errors: u8) -> bool {
    let word: Vec<char> = word.chars().collect();
    let text: Vec<char> = text.chars().take(word.len() + usize::from(errors)).collect();
    // Distances of the word's beginnings, by length, to the text's beginning that ends before this letter.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    let mut best = at(&last, word.len());
    for (row, letter) in text.iter().enumerate() {
        let mut next = Vec::with_capacity(last.len());
        next.push(row + 1);
        for (column, wanted) in word.iter().enumerate() {
            let changed = at(&last, column) + usize::from(letter != wanted);
            let mut smallest = changed.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let swapped = row > 0
                && column > 0
                && text.get(row - 1) == Some(wanted)
                && word.get(column - 1) == Some(letter);
            if swapped {
                smallest = smallest.min(at(&before_last, column - 1) + 1);
            }
            next.push(smallest);
        }
        best = best.min(at(&next, word.len()));
        before_last = std::mem::replace(&mut last, next);
    }
    best <= usize::from(errors)
}

#[cfg(test)]
mod tests {
    use super::begins_almost;

    #[test]
    fn a_typing_error_is_forgiven() {
        for word in ["orders", "ordrs", "ordders", "orxers", "odrers", "orde", "ordesr", "rders"] {
            assert!(begins_almost("orders-api", word, 1), "{word}");
        }
        for word in ["oxxers", "ordxxs", "orders-b-c"] {
            assert!(!begins_almost("orders-api", word, 1), "{word}");
        }
        assert!(begins_almost("payments", "paimentz", 2) && !begins_almost("payments", "paimentz", 1));
    }
}
