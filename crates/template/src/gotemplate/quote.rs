//! Quoted texts as Go writes and reads them.

use super::value::text_of_bytes;

/// A text in double quotes with everything unprintable escaped.
pub fn quote(text: &str) -> String {
    quote_with(text, '"', false)
}

/// The same with another quote, or with everything outside ASCII escaped too.
pub fn quote_with(text: &str, quote: char, ascii_only: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c.is_ascii() || !ascii_only) && is_printable(c) => out.push(c),
            c if u32::from(c) < 0x80 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push(quote);
    out
}

/// Whether Go prints the character as it is.
pub fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        c if c.is_control() || c.is_whitespace() => false,
        // Marks and joiners are printable for Go, while the standard library escapes what extends a grapheme.
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' => true,
        c => c.is_alphanumeric() || c.escape_debug().len() == 1,
    }
}

/// What a quoted token of a template says, or `None` where it is not well formed.
pub fn unquote(token: &str) -> Option<String> {
    let quote = token.chars().next()?;
    let inner = token.get(1..token.len().checked_sub(1)?)?;
    if !token.ends_with(quote) {
        return None;
    }
    if quote == '`' {
        return Some(inner.replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        rest = unquote_character(rest, quote, &mut bytes)?;
    }
    Some(text_of_bytes(&bytes))
}

/// The value of a character constant.
pub fn unquote_constant(token: &str) -> Option<char> {
    let inner = token.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut bytes = Vec::new();
    let rest = unquote_character(inner, '\'', &mut bytes)?;
    if !rest.is_empty() {
        return None;
    }
    match bytes.as_slice() {
        [byte] => Some(char::from(*byte)),
        bytes => std::str::from_utf8(bytes).ok()?.chars().next(),
    }
}

fn unquote_character<'a>(text: &'a str, quote: char, out: &mut Vec<u8>) -> Option<&'a str> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first == quote || first == '\n' {
        return None;
    }
    if first != '\\' {
        out.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
        return Some(characters.as_str());
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let simple = match escape {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => c as u8,
        'x' => return numeric(rest, 2, 16, false, out),
        'u' => return numeric(rest, 4, 16, true, out),
        'U' => return numeric(rest, 8, 16, true, out),
        '0'..='7' => return numeric(text.get(1..)?, 3, 8, false, out),
        _ => return None,
    };
    out.push(simple);
    Some(rest)
}

fn numeric<'a>(
    text: &'a str,
    digits: usize,
    radix: u32,
    is_character: bool,
    out: &mut Vec<u8>,
) -> Option<&'a str> {
    let number = text.get(..digits)?;
    if !number.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = u32::from_str_radix(number, radix).ok()?;
    if is_character {
        out.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(value).ok()?);
    }
    text.get(digits..)
}
