//! How random a text is.

/// Shannon's entropy in bits a byte: 0 for `aaaa`, 4 for well mixed hexadecimal digits, near 6 for base64.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = text.len().max(1) as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether one byte, or a count up or down, goes on for `limit` bytes: nobody's random generator does that.
pub(crate) fn has_run(text: &[u8], limit: usize) -> bool {
    let mut same = 1_usize;
    let mut rising = 1_usize;
    let mut falling = 1_usize;
    for pair in text.windows(2) {
        let (Some(&one), Some(&two)) = (pair.first(), pair.get(1)) else { continue };
        same = if one == two { same + 1 } else { 1 };
        rising = if one.checked_add(1) == Some(two) { rising + 1 } else { 1 };
        falling = if two.checked_add(1) == Some(one) { falling + 1 } else { 1 };
        if same >= limit || rising >= limit || falling >= limit {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{entropy, has_run};

    #[test]
    fn entropy_tells_words_from_noise() {
        assert!(entropy(b"aaaaaaaa").abs() < 1e-9);
        assert!(entropy(b"abababab") < 1.01);
        assert!(entropy(b"0123456789abcdef") > 3.99);
    }

    #[test]
    fn runs_and_counts_are_seen() {
        assert!(has_run(b"x-aaaaaa", 6) && has_run(b"k123456", 6) && has_run(b"987654", 6));
        assert!(!has_run(b"a1b2c3d4e5f6", 4));
    }
}
