//! The words and signs of an expression.

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(u64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
    End,
}

/// What is wrong with a source, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into() }
    }
}

/// The signs, longer ones before their beginnings.
const SIGNS: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}", "=", "|",
];

/// Splits a source; each token comes with the byte where it begins.
pub(crate) fn tokens(source: &str) -> Result<Vec<(Token, usize)>, Problem> {
    let mut reader = Reader { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        reader.skip_space();
        let start = reader.at;
        let Some(next) = reader.peek() else {
            tokens.push((Token::End, start));
            return Ok(tokens);
        };
        let token = if next.is_ascii_digit() || (next == '.' && reader.second().is_ascii_digit()) {
            reader.number()?
        } else if let Some(prefix) = reader.quoted_prefix() {
            reader.quoted(&prefix)?
        } else if next.is_ascii_alphabetic() || next == '_' {
            Token::Name(reader.take_while(|next| next.is_ascii_alphanumeric() || next == '_').to_owned())
        } else if next == '`' {
            reader.at += 1;
            let name = reader.take_while(|next| next != '`' && next != '\n').to_owned();
            if reader.peek() != Some('`') || name.is_empty() {
                return Err(Problem::new(start, "a quoted name (`) has no end"));
            }
            reader.at += 1;
            Token::Name(name)
        } else if let Some(sign) = SIGNS.iter().find(|sign| reader.rest().starts_with(**sign)) {
            reader.at += sign.len();
            Token::Sign(sign)
        } else {
            return Err(Problem::new(start, format!("\"{next}\" is not part of the language")));
        };
        tokens.push((token, start));
    }
}

struct Prefix {
    raw: bool,
    bytes: bool,
    quote: &'static str,
    length: usize,
}

struct Reader<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Reader<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> char {
        self.rest().chars().nth(1).unwrap_or(' ')
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|next| !wanted(next)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|next| next != '\n');
        }
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let out_of_range = || Problem::new(start, "the number is out of range");
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.at += 2;
            let digits = self.take_while(|next| next.is_ascii_hexdigit());
            let number = u64::from_str_radix(digits, 16).map_err(|_| out_of_range())?;
            return Ok(self.integer(number));
        }
        self.take_while(|next| next.is_ascii_digit());
        let mut double = false;
        if self.peek() == Some('.') && self.second().is_ascii_digit() {
            self.at += 1;
            self.take_while(|next| next.is_ascii_digit());
            double = true;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let before = self.at;
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.take_while(|next| next.is_ascii_digit()).is_empty() {
                self.at = before;
            } else {
                double = true;
            }
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        if double {
            return text.parse().map(Token::Double).map_err(|_| out_of_range());
        }
        let number = text.parse().map_err(|_| out_of_range())?;
        Ok(self.integer(number))
    }

    fn integer(&mut self, number: u64) -> Token {
        if matches!(self.peek(), Some('u' | 'U')) {
            self.at += 1;
            return Token::Uint(number);
        }
        Token::Int(number)
    }

    fn quoted_prefix(&self) -> Option<Prefix> {
        let rest = self.rest();
        let letters: String = rest.chars().take_while(|next| "rRbB".contains(*next)).take(3).collect();
        if letters.len() > 2 {
            return None;
        }
        let after = rest.get(letters.len()..)?;
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| after.starts_with(*quote))?;
        let letters = letters.to_lowercase();
        Some(Prefix {
            raw: letters.contains('r'),
            bytes: letters.contains('b'),
            quote,
            length: letters.len() + quote.len(),
        })
    }

    fn quoted(&mut self, prefix: &Prefix) -> Result<Token, Problem> {
        let start = self.at;
        self.at += prefix.length;
        let mut bytes = Vec::new();
        loop {
            if self.rest().starts_with(prefix.quote) {
                self.at += prefix.quote.len();
                break;
            }
            let Some(next) = self.peek() else { return Err(Problem::new(start, "the text has no end")) };
            if next == '\n' && prefix.quote.len() == 1 {
                return Err(Problem::new(start, "the text has no end on its line"));
            }
            self.at += next.len_utf8();
            if next == '\\' && !prefix.raw {
                self.escape(prefix.bytes, &mut bytes)?;
            } else if next == '\\' && prefix.raw {
                // In a raw text a quote after a backslash still ends the text.
                bytes.push(b'\\');
            } else {
                let mut buffer = [0; 4];
                bytes.extend_from_slice(next.encode_utf8(&mut buffer).as_bytes());
            }
        }
        if prefix.bytes {
            return Ok(Token::Bytes(bytes));
        }
        String::from_utf8(bytes).map(Token::String).map_err(|_| Problem::new(start, "the text is not UTF-8"))
    }

    fn escape(&mut self, is_bytes: bool, out: &mut Vec<u8>) -> Result<(), Problem> {
        let start = self.at.saturating_sub(1);
        let unknown = || Problem::new(start, "this escape does not exist");
        let next = self.peek().ok_or_else(unknown)?;
        self.at += next.len_utf8();
        let simple = match next {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'v' => Some('\u{b}'),
            '\\' | '\'' | '"' | '`' | '?' => Some(next),
            _ => None,
        };
        let character = match (simple, next) {
            (Some(character), _) => character,
            (None, 'x' | 'X' | 'u' | 'U' | '0'..='3') => {
                let (radix, count) = match next {
                    'x' | 'X' => (16, 2),
                    'u' => (16, 4),
                    'U' => (16, 8),
                    _ => {
                        self.at -= 1;
                        (8, 3)
                    }
                };
                let digits = self.rest().get(..count).ok_or_else(unknown)?;
                let code = u32::from_str_radix(digits, radix).map_err(|_| unknown())?;
                self.at += count;
                if let (true, true, Ok(byte)) = (is_bytes, !matches!(next, 'u' | 'U'), u8::try_from(code)) {
                    out.push(byte);
                    return Ok(());
                }
                char::from_u32(code).ok_or_else(unknown)?
            }
            _ => return Err(unknown()),
        };
        let mut buffer = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Token, tokens};

    fn only(source: &str) -> Token {
        let mut tokens = tokens(source).unwrap();
        assert_eq!(tokens.len(), 2, "{source}");
        tokens.remove(0).0
    }

    #[test]
    fn literals() {
        assert_eq!(only("0x1F"), Token::Int(31));
        assert_eq!(only("7u"), Token::Uint(7));
        assert_eq!(only("1.5e3"), Token::Double(1500.0));
        assert_eq!(only(r"'a\n\x41\u00e9\101'"), Token::String("a\nAéA".into()));
        assert_eq!(only(r"r'\d+'"), Token::String("\\d+".into()));
        assert_eq!(only("'''a\n'b'''"), Token::String("a\n'b".into()));
        assert_eq!(only(r#"b"\xff""#), Token::Bytes(vec![0xff]));
        assert_eq!(only("`foo.bar/baz`"), Token::Name("foo.bar/baz".into()));
    }

    #[test]
    fn what_is_not_a_token() {
        for source in ["'a", "'\n'", "'\\q'", "#", "99999999999999999999", "`x"] {
            assert!(tokens(source).is_err(), "{source}");
        }
        assert_eq!(tokens("// only a comment").unwrap().len(), 1);
    }
}
