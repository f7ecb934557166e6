//! The formats of names, keys and values in an entity's envelope, as Backstage's validators have them.

/// Sequences of letters and digits separated by any of `-_.`, 1 to 63 characters.
pub(crate) fn is_object_name(text: &str) -> bool {
    is_within(text, 63)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.ends_with(|last: char| last.is_ascii_alphanumeric())
}

/// Sequences of lower-case letters and digits separated by dashes, 1 to 63 characters.
pub(crate) fn is_dns_label(text: &str) -> bool {
    is_within(text, 63)
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// DNS labels separated by dots, 1 to 253 characters.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    is_within(text, 253) && text.split('.').all(is_dns_label)
}

/// `[prefix/]version`, the prefix a DNS subdomain, the version letters and digits.
pub(crate) fn is_api_version(text: &str) -> bool {
    let is_version = |text: &str| is_within(text, 63) && text.chars().all(|c| c.is_ascii_alphanumeric());
    is_prefixed(text, is_version)
}

/// A letter, then letters and digits, 1 to 63 characters.
pub(crate) fn is_kind(text: &str) -> bool {
    is_within(text, 63)
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `[prefix/]name`, the prefix a DNS subdomain: the keys of labels and annotations.
pub(crate) fn is_prefixed_name(text: &str) -> bool {
    is_prefixed(text, is_object_name)
}

/// Nothing, or what may be a name.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_object_name(text)
}

/// Sequences of lower-case letters, digits, `:`, `+` and `#` separated by single dashes, 1 to 63 characters.
pub(crate) fn is_tag(text: &str) -> bool {
    is_within(text, 63)
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '+' | '#'))
        })
}

fn is_prefixed(text: &str, is_name: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_name(name),
        None => is_name(text),
    }
}

fn is_within(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most
}
