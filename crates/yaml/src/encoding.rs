//! From bytes to text: what is no UTF-8 is named, with its place.

use fairway_domain::{Diagnostic, SourceLocation};

/// Bytes of a line that a diagnostic quotes.
const QUOTED: usize = 400;

/// The text of a file, or why it has none: another encoding, or a NUL. A byte order mark of UTF-8 is kept.
pub fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    let hint = "save the file as UTF-8";
    if let Some(name) = wide_encoding(bytes) {
        let message = format!("the file is {name}, not UTF-8");
        return Err(Box::new(at(file, &[], 0, message).with_hint(hint)));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let place = error.valid_up_to();
            let byte = bytes.get(place).copied().unwrap_or_default();
            let message = match error.error_len() {
                None => "the file ends in the middle of a character".to_owned(),
                Some(_) => format!(
                    "the byte 0x{byte:02x} is not UTF-8; the file seems to be Latin-1 or Windows-1252"
                ),
            };
            return Err(Box::new(at(file, bytes, place, message).with_hint(hint)));
        }
    };
    match text.find('\0') {
        None => Ok(text),
        Some(place) => {
            let diagnostic = at(file, bytes, place, "a NUL character stands in the text".to_owned());
            Err(Box::new(diagnostic.with_hint("remove it; a file with NUL characters is not a text")))
        }
    }
}

/// The encodings with more than one byte for each character, by their marks, or by the NULs of English text.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [_, 0, 0, 0, ..] => Some("UTF-32 (little endian)"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] => Some("UTF-32 (big endian)"),
        [0xff, 0xfe, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] => Some("UTF-16 (big endian)"),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some("UTF-16 (little endian)"),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some("UTF-16 (big endian)"),
        _ => None,
    }
}

fn at(file: &str, bytes: &[u8], place: usize, message: String) -> Diagnostic {
    let before = bytes.get(..place).unwrap_or_default();
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
    let rest = bytes.get(start..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()).min(QUOTED);
    let quoted = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).replace('\0', "\u{fffd}");
    let location = SourceLocation { file: file.to_owned(), line, column };
    let quoted = (!quoted.is_empty()).then(|| quoted.trim_end_matches('\r').to_owned());
    Diagnostic::error("yaml-encoding", message).at(location, quoted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::decode;

    #[test]
    fn other_encodings_are_named_with_their_place() {
        let utf16 = |little: bool, mark: bool| -> Vec<u8> {
            let text = if mark { "\u{feff}kind: Component\n" } else { "kind: Component\n" };
            let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let rows: [(Vec<u8>, &str, (usize, usize)); 8] = [
            (utf16(true, true), "UTF-16 (little endian)", (1, 1)),
            (utf16(false, true), "UTF-16 (big endian)", (1, 1)),
            (utf16(true, false), "UTF-16 (little endian)", (1, 1)),
            (utf16(false, false), "UTF-16 (big endian)", (1, 1)),
            (vec![0xff, 0xfe, 0, 0, b'a', 0, 0, 0], "UTF-32", (1, 1)),
            (b"kind: Component\ntitle: \xc3\xa9 caf\xe9\n".to_vec(), "0xe9", (2, 13)),
            (b"a: \xc3".to_vec(), "middle of a character", (1, 4)),
            (b"a: 1\nbb: x\0y\n".to_vec(), "NUL", (2, 6)),
        ];
        for (bytes, expected, place) in rows {
            let found = decode("c.yaml", &bytes).unwrap_err();
            let location = found.location.clone().unwrap();
            assert!(found.message.contains(expected), "{found}");
            assert_eq!((location.line, location.column), place, "{found}");
            assert!(found.hint.is_some());
        }
        assert_eq!(decode("c.yaml", "\u{feff}a: é".as_bytes()).unwrap(), "\u{feff}a: é");
    }

    #[test]
    fn the_line_is_quoted_as_far_as_it_can_be_read() {
        let shown = decode("c.yaml", b"a: 1\r\nb: caf\xe9\r\n").unwrap_err().to_string();
        assert!(shown.contains("2 | b: caf\u{fffd}\n"), "{shown}");
    }
}
