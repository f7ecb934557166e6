//! The text rules of the Score schema and of Kubernetes names, without regular expressions.

fn is_lower_alphanumeric(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

fn is_bounded_word(text: &str, inner: impl Fn(char) -> bool, edge: impl Fn(char) -> bool) -> bool {
    (2..=63).contains(&text.len())
        && text.chars().all(inner)
        && text.starts_with(&edge)
        && text.ends_with(&edge)
}

/// `^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`: names of workloads, containers, ports and resources.
pub(crate) fn is_score_name(text: &str) -> bool {
    is_bounded_word(text, |c| is_lower_alphanumeric(c) || c == '-', is_lower_alphanumeric)
}

/// The same with capitals: resource types and classes.
pub(crate) fn is_resource_word(text: &str) -> bool {
    is_bounded_word(text, |c| c.is_ascii_alphanumeric() || c == '-', |c: char| c.is_ascii_alphanumeric())
}

/// Resource identifiers: labels of `a-z0-9` and inner hyphens, joined by dots, 2 to 63 characters.
pub(crate) fn is_resource_id(text: &str) -> bool {
    (2..=63).contains(&text.len())
        && text.split('.').all(|label| {
            label.starts_with(is_lower_alphanumeric)
                && label.ends_with(is_lower_alphanumeric)
                && label.chars().all(|c| is_lower_alphanumeric(c) || c == '-')
        })
}

/// Annotation keys with an optional prefix.
pub(crate) fn is_annotation_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    (2..=316).contains(&text.len())
        && prefix.is_none_or(|prefix| prefix.split('.').all(is_score_name))
        && is_bounded_word(
            name,
            |c| c.is_ascii_alphanumeric() || "._-".contains(c),
            |c: char| c.is_ascii_alphanumeric(),
        )
}

/// `^(0\.\d+|[1-9]\d*(\.\d+)?)(K|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`
pub(crate) fn is_memory(text: &str) -> bool {
    let number = text.strip_suffix('i').map_or(text, |rest| {
        // The "i" belongs to a unit only; without one before it the text stays wrong.
        if rest.ends_with(['K', 'M', 'G', 'T', 'P', 'E']) { rest } else { text }
    });
    let number = number.strip_suffix(['K', 'M', 'G', 'T', 'P', 'E']).unwrap_or(number);
    match number.split_once('.') {
        Some((whole, fraction)) => is_whole(whole, true) && is_digits(fraction),
        None => is_whole(number, false),
    }
}

fn is_whole(text: &str, zero: bool) -> bool {
    is_digits(text) && (!text.starts_with('0') || (zero && text == "0"))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// `^\d+(?:m|\.\d+)?$`
pub(crate) fn is_cpu(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(text.strip_suffix('m').unwrap_or(text)),
    }
}

/// `^0?[0-7]{3}$`, as the number it stands for.
pub(crate) fn parse_mode(text: &str) -> Option<u32> {
    let digits = if text.len() == 4 { text.strip_prefix('0')? } else { text };
    (digits.len() == 3 && digits.chars().all(|c| c.is_digit(8)))
        .then(|| u32::from_str_radix(digits, 8).ok())
        .flatten()
}

/// `^[A-Za-z0-9_-]+$`
pub(crate) fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// RFC 1123 label: what a namespace may be called.
pub(crate) fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| is_lower_alphanumeric(c) || c == '-')
        && text.starts_with(is_lower_alphanumeric)
        && text.ends_with(is_lower_alphanumeric)
}

/// RFC 1035 label: what a Service may be called.
pub(crate) fn is_service_name(text: &str) -> bool {
    is_dns_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// RFC 1123 subdomain: what most objects and hosts may be called.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.split('.').all(is_dns_label)
}

/// What a path of an HTTP route may hold; white space, quotes and control characters it may not.
pub(crate) fn is_route_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= 1024
        && !text.contains("//")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:@".contains(c))
}

/// What Kubernetes accepts as the name of an environment variable in every supported version.
pub(crate) fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.starts_with("..")
        && text != "."
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{is_annotation_key, is_cpu, is_memory, is_resource_id, is_score_name, parse_mode};

    #[test]
    fn quantities_follow_the_patterns_of_the_schema() {
        for good in ["1", "0.5", "128M", "1.5Gi", "10Ki", "10.25"] {
            assert!(is_memory(good), "{good}");
        }
        for bad in ["0", "01", "1i", "1k", "", "Mi", "1.", ".5", "0.", "1 Mi", "00.5", "-1"] {
            assert!(!is_memory(bad), "{bad}");
        }
        for good in ["0", "1", "125m", "0.24"] {
            assert!(is_cpu(good), "{good}");
        }
        for bad in ["", "m", "1.", ".5", "0.5m", "1k", "1.2.3"] {
            assert!(!is_cpu(bad), "{bad}");
        }
    }

    #[test]
    fn names_follow_the_patterns_of_the_schema() {
        assert!(is_score_name("a1") && is_score_name(&"a".repeat(63)));
        for bad in ["a", "-a", "a-", "A1", "a_b", &"a".repeat(64)] {
            assert!(!is_score_name(bad), "{bad}");
        }
        assert!(is_resource_id("shared.db-1.x") && !is_resource_id("a..b") && !is_resource_id("a-.b"));
        assert!(is_annotation_key("prefix.com/Another-Key_Annotation.2") && is_annotation_key("tags"));
        assert!(!is_annotation_key("x") && !is_annotation_key("a/b/c") && !is_annotation_key("Up.com/key"));
        assert_eq!(parse_mode("0600"), Some(0o600));
        assert_eq!(parse_mode("755"), Some(0o755));
        for bad in ["0888", "60", "07777", "1600"] {
            assert_eq!(parse_mode(bad), None, "{bad}");
        }
    }
}
