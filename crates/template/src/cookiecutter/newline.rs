//! How a file ends its lines, and writing it back so.

/// How much is read until the first line is over; what that much has seen counts.
const CHUNK: usize = 8192;

/// The line ending that the file's beginning shows; of several, a lone carriage return and then a line feed win.
pub fn detect(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    let mut end = CHUNK;
    while end < bytes.len() && !bytes.iter().take(end).any(|byte| matches!(byte, b'\n' | b'\r')) {
        end += CHUNK;
    }
    let seen = bytes.get(..end.min(bytes.len())).unwrap_or_default();
    let (mut carriage, mut feed, mut both) = (false, false, false);
    let mut rest = seen.iter().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\r' if rest.next_if_eq(&&b'\n').is_some() => both = true,
            // What follows a carriage return at the end of what was read is not known yet.
            b'\r' if rest.peek().is_none() && seen.len() < bytes.len() => {}
            b'\r' => carriage = true,
            b'\n' => feed = true,
            _ => {}
        }
    }
    if carriage {
        "\r"
    } else if feed || !both {
        "\n"
    } else {
        "\r\n"
    }
}

/// The text with that line ending.
pub fn write(text: String, ending: &str) -> String {
    if matches!(ending, "\n" | "") { text } else { text.replace('\n', ending) }
}

#[cfg(test)]
mod tests {
    use super::{detect, write};

    #[test]
    fn a_file_keeps_its_line_endings() {
        assert_eq!(detect("a\r\nb\r\n"), "\r\n");
        assert_eq!(detect("a\nb"), "\n");
        assert_eq!(detect("no line"), "\n");
        assert_eq!(detect("a\r\nb\n"), "\n");
        assert_eq!(detect("a\rb\n"), "\r");
        assert_eq!(write("a\nb\n".to_owned(), "\r\n"), "a\r\nb\r\n");
    }
}
