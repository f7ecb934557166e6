//! Wildcards as Kyverno has them: `*` stands for any text, `?` for one character.

/// Whether a text has a wildcard.
pub(crate) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a pattern fits a whole text. Takes time in proportion to the product of their lengths at most.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    if !has_wildcard(pattern) {
        return pattern == text;
    }
    let (mut pattern_rest, mut text_rest) = (pattern, text);
    // Where to go on after the last `*`, when what follows it did not fit.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut after_pattern = pattern_rest.chars();
        let mut after_text = text_rest.chars();
        match (after_pattern.next(), after_text.next()) {
            (Some('*'), _) => {
                pattern_rest = after_pattern.as_str();
                if pattern_rest.is_empty() {
                    return true;
                }
                retry = Some((pattern_rest, text_rest));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                (pattern_rest, text_rest) = (after_pattern.as_str(), after_text.as_str());
            }
            _ => {
                let Some((retry_pattern, retry_text)) = retry else { return false };
                let mut skipped = retry_text.chars();
                if skipped.next().is_none() {
                    return false;
                }
                (pattern_rest, text_rest) = (retry_pattern, skipped.as_str());
                retry = Some((retry_pattern, text_rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("?", "", false),
            ("??", "é1", true),
            ("*:latest", "nginx:latest", true),
            ("!*:*", "x", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!fits(&"*a".repeat(60), &format!("{}b", "a".repeat(400))));
    }
}
