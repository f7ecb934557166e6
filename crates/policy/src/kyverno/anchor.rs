//! Anchors: what the keys of a pattern say beside their name.

/// What stands before the brackets of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// `(key)`: the rest counts only where this holds.
    Condition,
    /// `<(key)`: the whole rule counts only where this holds.
    Global,
    /// `=(key)`: holds where the key is missing.
    Equality,
    /// `^(key)`: at least one item of the list.
    Existence,
    /// `X(key)`: the key must be missing.
    Negation,
    /// `+(key)`: added where the key is missing.
    AddIfNotPresent,
}

/// The anchor and the name of a key.
pub(crate) fn split(key: &str) -> (Option<Anchor>, &str) {
    let Some(inner) = key.strip_suffix(')') else { return (None, key) };
    let Some((sign, name)) = inner.split_once('(') else { return (None, key) };
    let anchor = match sign {
        "" => Anchor::Condition,
        "<" => Anchor::Global,
        "=" => Anchor::Equality,
        "^" => Anchor::Existence,
        "X" => Anchor::Negation,
        "+" => Anchor::AddIfNotPresent,
        _ => return (None, key),
    };
    if name.is_empty() { (None, key) } else { (Some(anchor), name) }
}
