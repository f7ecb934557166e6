//! Splits a template into text and the tokens of its tags, one token at a time.
//!
//! The parser drives it, because `raw` reads the source past the tokens.

use std::borrow::Cow;

use crate::error::{Fault, Outcome};
use crate::nunjucks::text::is_space;

/// How a template is marked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    pub variable_start: &'static str,
    pub variable_end: &'static str,
    /// Drops the line break behind a block tag.
    pub trim_blocks: bool,
    /// Drops the white space before a block tag on its line.
    pub lstrip_blocks: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Token<'s> {
    /// Text between tags: a range of the source.
    Data(usize, usize),
    Comment {
        trims_before: bool,
        trims_after: bool,
    },
    BlockStart {
        trims: bool,
    },
    BlockEnd {
        trims: bool,
    },
    VariableStart {
        trims: bool,
    },
    VariableEnd {
        trims: bool,
    },
    String(Cow<'s, str>),
    Pattern(&'s str, &'s str),
    /// Brackets, commas, operators.
    Mark(&'static str),
    Integer(f64),
    Float(f64),
    Bool(bool),
    Null,
    Symbol(&'s str),
}

impl Token<'_> {
    /// The token as an error names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Data(..) => "text".to_owned(),
            Self::Comment { .. } => "a comment".to_owned(),
            Self::BlockStart { .. } => "\"{%\"".to_owned(),
            Self::BlockEnd { .. } => "\"%}\"".to_owned(),
            Self::VariableStart { .. } => "the start of an expression".to_owned(),
            Self::VariableEnd { .. } => "the end of the expression".to_owned(),
            Self::String(_) => "a string".to_owned(),
            Self::Pattern(..) => "a regular expression".to_owned(),
            Self::Mark(mark) => format!("\"{mark}\""),
            Self::Integer(_) | Self::Float(_) => "a number".to_owned(),
            Self::Bool(value) => format!("\"{value}\""),
            Self::Null => "\"null\"".to_owned(),
            Self::Symbol(name) => format!("\"{}\"", name.chars().take(60).collect::<String>()),
        }
    }
}

const BLOCK_START: &str = "{%";
const COMMENT_START: &str = "{#";
const COMMENT_END: &str = "#}";
/// Longest first.
const MARKS: [&str; 29] = [
    "===", "!==", "==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", ",", ":", "~", "|", "%",
    "*", "-", "+", "/", "#", ".", "<", ">", "=", "!",
];

const fn is_code_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'%'
            | b'*'
            | b'-'
            | b'+'
            | b'~'
            | b'/'
            | b'#'
            | b','
            | b':'
            | b'|'
            | b'.'
            | b'<'
            | b'>'
            | b'='
            | b'!'
    )
}

pub struct Lexer<'s> {
    pub source: &'s str,
    pub syntax: Syntax,
    /// Byte offset of what comes next.
    pub index: usize,
    in_code: bool,
    /// How many `{` of objects are open, so that `}}` can close two of them.
    braces: usize,
}

impl<'s> Lexer<'s> {
    pub const fn new(source: &'s str, syntax: Syntax) -> Self {
        Self { source, syntax, index: 0, in_code: false, braces: 0 }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.index..).unwrap_or_default()
    }

    fn byte(&self, index: usize) -> Option<u8> {
        self.source.as_bytes().get(index).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.index += text.len();
        }
        found
    }

    /// The next token with its place, `None` at the end.
    pub fn next(&mut self) -> Outcome<Option<(Token<'s>, usize)>> {
        if self.in_code {
            return self.next_in_code();
        }
        let start = self.index;
        if start >= self.source.len() {
            return Ok(None);
        }
        if self.take(BLOCK_START) {
            self.enter_code();
            return Ok(Some((Token::BlockStart { trims: self.take("-") }, start)));
        }
        if self.take(self.syntax.variable_start) {
            self.enter_code();
            return Ok(Some((Token::VariableStart { trims: self.take("-") }, start)));
        }
        if self.take(COMMENT_START) {
            let Some(length) = self.rest().find(COMMENT_END) else {
                return Err(Fault::syntax("the comment is never closed", start).hint("Close it with \"#}\"."));
            };
            let trims_before = self.byte(start + 2) == Some(b'-');
            self.index += length + COMMENT_END.len();
            let trims_after = self.byte(self.index - 3) == Some(b'-');
            return Ok(Some((Token::Comment { trims_before, trims_after }, start)));
        }
        self.next_data(start)
    }

    const fn enter_code(&mut self) {
        self.in_code = true;
        self.braces = 0;
    }

    fn next_data(&mut self, start: usize) -> Outcome<Option<(Token<'s>, usize)>> {
        let bytes = self.source.as_bytes();
        let mut index = start;
        let variable = self.syntax.variable_start.as_bytes();
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'{' | b'$' => {
                    let here = bytes.get(index..).unwrap_or_default();
                    if here.starts_with(b"{%") || here.starts_with(b"{#") || here.starts_with(variable) {
                        break;
                    }
                }
                b'#' if bytes.get(index + 1) == Some(&b'}') => {
                    return Err(Fault::syntax("\"#}\" closes no comment", index)
                        .hint("Write it inside {% raw %}…{% endraw %} where it is meant as text."));
                }
                _ => {}
            }
            index += 1;
        }
        self.index = index;
        let mut end = index;
        if self.syntax.lstrip_blocks && self.rest().starts_with(BLOCK_START) {
            let data = self.source.get(start..index).unwrap_or_default();
            let line = data.rfind('\n').map_or(0, |at| at + 1);
            let at_line_start = line > 0 || start == 0 || self.byte(start - 1) == Some(b'\n');
            let before_tag = data.get(line..).unwrap_or_default();
            if at_line_start && !before_tag.is_empty() && before_tag.chars().all(is_space) {
                end = start + line;
                if end == start {
                    return self.next();
                }
            }
        }
        Ok(Some((Token::Data(start, end), start)))
    }

    fn next_in_code(&mut self) -> Outcome<Option<(Token<'s>, usize)>> {
        loop {
            match self.byte(self.index) {
                Some(byte) if is_code_space(byte) => self.index += 1,
                Some(0xc2) if self.byte(self.index + 1) == Some(0xa0) => self.index += 2,
                _ => break,
            }
        }
        let start = self.index;
        let Some(byte) = self.byte(start) else { return Ok(None) };
        let token = if byte == b'"' || byte == b'\'' {
            self.string(byte)?
        } else if let Some(end) = self.end_of_tag() {
            end
        } else if byte == b'r' && self.byte(start + 1) == Some(b'/') {
            self.pattern()?
        } else if is_delimiter(byte) {
            let rest = self.rest();
            let mark = MARKS.into_iter().find(|mark| rest.starts_with(mark)).unwrap_or("!");
            self.index += mark.len();
            match mark {
                "{" => self.braces += 1,
                "}" => self.braces = self.braces.saturating_sub(1),
                _ => {}
            }
            Token::Mark(mark)
        } else {
            self.word()
        };
        Ok(Some((token, start)))
    }

    fn end_of_tag(&mut self) -> Option<Token<'s>> {
        let rest = self.rest();
        let trims = rest.starts_with('-');
        let after = if trims { rest.get(1..)? } else { rest };
        let dash = usize::from(trims);
        if after.starts_with("%}") {
            self.index += dash + 2;
            self.in_code = false;
            if self.syntax.trim_blocks && !self.take("\r\n") {
                self.take("\n");
            }
            return Some(Token::BlockEnd { trims });
        }
        if after.starts_with(self.syntax.variable_end) && self.braces == 0 {
            self.index += dash + self.syntax.variable_end.len();
            self.in_code = false;
            return Some(Token::VariableEnd { trims });
        }
        None
    }

    fn string(&mut self, quote: u8) -> Outcome<Token<'s>> {
        let start = self.index;
        let body = start + 1;
        let bytes = self.source.as_bytes();
        let mut index = body;
        let mut escaped = false;
        loop {
            match bytes.get(index) {
                None => {
                    return Err(Fault::syntax("the string is never closed", start)
                        .hint("Close it with the same quote."));
                }
                Some(b'\\') => {
                    escaped = true;
                    index += 2;
                }
                Some(byte) if *byte == quote => break,
                Some(_) => index += 1,
            }
        }
        self.index = index + 1;
        let raw = self.source.get(body..index).unwrap_or_default();
        if !escaped {
            return Ok(Token::String(Cow::Borrowed(raw)));
        }
        let mut text = String::with_capacity(raw.len());
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            if character != '\\' {
                text.push(character);
                continue;
            }
            match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(other) => text.push(other),
                None => {}
            }
        }
        Ok(Token::String(Cow::Owned(text)))
    }

    fn pattern(&mut self) -> Outcome<Token<'s>> {
        let start = self.index;
        let body = start + 2;
        let bytes = self.source.as_bytes();
        let mut index = body;
        loop {
            match bytes.get(index) {
                None => return Err(Fault::syntax("the regular expression is never closed", start)),
                Some(b'/') if bytes.get(index - 1) != Some(&b'\\') => break,
                Some(_) => index += 1,
            }
        }
        let flags_start = index + 1;
        let mut flags_end = flags_start;
        while bytes.get(flags_end).is_some_and(|b| matches!(b, b'g' | b'i' | b'm' | b'y')) {
            flags_end += 1;
        }
        self.index = flags_end;
        let part = |from: usize, to: usize| self.source.get(from..to).unwrap_or_default();
        Ok(Token::Pattern(part(body, index), part(flags_start, flags_end)))
    }

    fn word(&mut self) -> Token<'s> {
        let bytes = self.source.as_bytes();
        let start = self.index;
        let mut end = start;
        while let Some(&byte) = bytes.get(end) {
            let no_break = byte == 0xc2 && bytes.get(end + 1) == Some(&0xa0);
            if is_code_space(byte) || is_delimiter(byte) || no_break {
                break;
            }
            end += 1;
        }
        self.index = end;
        let word = self.source.get(start..end).unwrap_or_default();
        match word {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "none" | "null" => Token::Null,
            _ if word.bytes().all(|b| b.is_ascii_digit()) => {
                if self.byte(end) != Some(b'.') {
                    return Token::Integer(word.parse().unwrap_or(f64::NAN));
                }
                let mut end = end + 1;
                while bytes.get(end).is_some_and(u8::is_ascii_digit) {
                    end += 1;
                }
                self.index = end;
                let number = self.source.get(start..end).unwrap_or_default();
                Token::Float(number.parse().unwrap_or(f64::NAN))
            }
            _ => Token::Symbol(word),
        }
    }

    /// Reads on behind the tag `name` up to its closing tag, counting nested ones; gives the range of the content.
    pub fn raw(&mut self, name: &str) -> Option<(usize, usize)> {
        let start = self.index;
        let closing = format!("end{name}");
        let mut level = 1_usize;
        let mut at = start;
        loop {
            let tag = at + self.source.get(at..)?.find(BLOCK_START)?;
            at = tag + BLOCK_START.len();
            let rest = self.source.get(at..)?.trim_start_matches(is_space);
            let (word, opens) = match (rest.strip_prefix(closing.as_str()), rest.strip_prefix(name)) {
                (Some(after), _) => (after, false),
                (None, Some(after)) => (after, true),
                (None, None) => continue,
            };
            let Some(after) = word.trim_start_matches(is_space).strip_prefix("%}") else { continue };
            at = self.source.len() - after.len();
            level = if opens { level + 1 } else { level - 1 };
            if level == 0 {
                self.index = at;
                return Some((start, tag));
            }
        }
    }
}
