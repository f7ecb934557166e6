//! Names that fit where they go.

use fairway_domain::Digest;

/// The longest DNS label, label value and volume name.
const LABEL: usize = 63;

/// `text` as a DNS label of at most 63 characters. A text that had to be changed ends with a part of its
/// digest, so that two different texts never share a label.
pub(crate) fn dns_label(text: &str) -> String {
    let mut label: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    label = label.trim_matches('-').to_owned();
    if label == text && label.len() <= LABEL && !label.is_empty() {
        return label;
    }
    let digest = short_digest(text.as_bytes());
    label.truncate(LABEL - digest.len() - 1);
    let stem = label.trim_end_matches('-');
    if stem.is_empty() { format!("x-{digest}") } else { format!("{stem}-{digest}") }
}

/// `text` as a label's value: other characters become `_`, ends are trimmed, at most 63 characters.
pub(crate) fn label_value(text: &str) -> String {
    let value: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .take(LABEL)
        .collect();
    value.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// Eight hexadecimal digits of a digest: names things by their content.
pub(crate) fn short_digest(bytes: &[u8]) -> String {
    Digest::of(bytes).hex().chars().take(8).collect()
}

/// `HorizontalPodAutoscaler` as `horizontal-pod-autoscaler`, `HTTPRoute` as `http-route`.
pub(crate) fn kebab_case(kind: &str) -> String {
    let characters: Vec<char> = kind.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut text = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| characters.get(before));
        let begins = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase()
                    || characters.get(index + 1).is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            text.push('-');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{dns_label, kebab_case, label_value};

    #[test]
    fn changed_names_stay_apart() {
        assert_eq!(dns_label("volume-data"), "volume-data");
        assert_ne!(dns_label("a_b"), dns_label("a.b"));
        let long = dns_label(&"a".repeat(80));
        assert!(long.len() <= 63 && long != dns_label(&"a".repeat(81)));
        assert!(dns_label("///").starts_with("x-"));
    }

    #[test]
    fn spellings() {
        assert_eq!(kebab_case("HorizontalPodAutoscaler"), "horizontal-pod-autoscaler");
        assert_eq!(kebab_case("HTTPRoute"), "http-route");
        assert_eq!(kebab_case("Cluster"), "cluster");
        assert_eq!(label_value("1.0.0+build.5"), "1.0.0_build.5");
        assert_eq!(label_value("-x_"), "x");
    }
}
