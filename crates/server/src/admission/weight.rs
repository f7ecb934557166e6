//! How much a text of JSON becomes when it is read.

/// How many values a text holds at most, without reading it: a value takes many times the two bytes of `[]`.
pub(crate) fn values(text: &[u8]) -> usize {
    let (mut count, mut in_text, mut is_escaped) = (1, false, false);
    for byte in text {
        match (in_text, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b',' | b'[' | b'{') => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_are_counted_and_texts_are_not_looked_into() {
        assert_eq!(values(b"[[],[],[]]"), 7);
        assert_eq!(values(br#"{"a": "x,[{\"y\",", "b": 1}"#), 3);
        assert_eq!(values(b""), 1);
    }
}
