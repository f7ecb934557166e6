//! Text to tokens, with Jinja's rules for white space around tags.

use std::rc::Rc;

use crate::error::{Fault, Outcome};

/// Delimiters and what happens to white space beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `{%`
    pub block_start: String,
    /// `%}`
    pub block_end: String,
    /// `{{`
    pub variable_start: String,
    /// `}}`
    pub variable_end: String,
    /// `{#`
    pub comment_start: String,
    /// `#}`
    pub comment_end: String,
    /// Drops the line break behind a block tag or a comment.
    pub trim_blocks: bool,
    /// Drops white space between the start of a line and a block tag or a comment.
    pub lstrip_blocks: bool,
    /// Keeps a single line break at the very end.
    pub keep_trailing_newline: bool,
    /// What line breaks become.
    pub newline_sequence: String,
}

impl Default for Syntax {
    fn default() -> Self {
        Self {
            block_start: "{%".to_owned(),
            block_end: "%}".to_owned(),
            variable_start: "{{".to_owned(),
            variable_end: "}}".to_owned(),
            comment_start: "{#".to_owned(),
            comment_end: "#}".to_owned(),
            trim_blocks: false,
            lstrip_blocks: false,
            keep_trailing_newline: false,
            newline_sequence: "\n".to_owned(),
        }
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Data(String),
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name(Rc<str>),
    Text(String),
    Integer(i128),
    Float(f64),
    Operator(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Byte offset in the source.
    pub position: usize,
}

const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

#[derive(Clone, Copy, PartialEq)]
enum Delimiter {
    Block,
    Variable,
    Comment,
}

/// Line breaks as Python reads them: all are `\n`.
pub fn normalize_newlines(source: &str) -> std::borrow::Cow<'_, str> {
    if source.contains('\r') {
        source.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        source.into()
    }
}

/// The tokens of a source whose line breaks are normalized.
pub fn tokenize(source: &str, syntax: &Syntax) -> Outcome<Vec<Token>> {
    let source =
        if syntax.keep_trailing_newline { source } else { source.strip_suffix('\n').unwrap_or(source) };
    let mut lexer =
        Lexer { source, syntax, position: 0, tokens: Vec::new(), next: [None; 3], searched: [false; 3] };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'s> {
    source: &'s str,
    syntax: &'s Syntax,
    position: usize,
    tokens: Vec<Token>,
    /// Where each delimiter comes next, so that one that never comes is searched for only once.
    next: [Option<usize>; 3],
    searched: [bool; 3],
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, position: usize) {
        self.tokens.push(Token { kind, position });
    }

    fn run(&mut self) -> Outcome<()> {
        while let Some((found, delimiter)) = self.find_delimiter() {
            let start = match delimiter {
                Delimiter::Block => &self.syntax.block_start,
                Delimiter::Variable => &self.syntax.variable_start,
                Delimiter::Comment => &self.syntax.comment_start,
            };
            let data_start = self.position;
            self.position = found + start.len();
            let sign = self.take_sign();
            self.push_data(data_start, found, sign, delimiter != Delimiter::Variable);
            match delimiter {
                Delimiter::Block => {
                    if !self.raw(found)? {
                        self.push(Kind::BlockBegin, found);
                        self.inside(found, true)?;
                    }
                }
                Delimiter::Variable => {
                    self.push(Kind::VariableBegin, found);
                    self.inside(found, false)?;
                }
                Delimiter::Comment => self.comment(found)?,
            }
        }
        let (start, end) = (self.position, self.source.len());
        self.push_data(start, end, None, false);
        self.push(Kind::End, end);
        Ok(())
    }

    /// The nearest delimiter, the longest where several begin at one place.
    fn find_delimiter(&mut self) -> Option<(usize, Delimiter)> {
        let starts = [
            (&self.syntax.block_start, Delimiter::Block),
            (&self.syntax.variable_start, Delimiter::Variable),
            (&self.syntax.comment_start, Delimiter::Comment),
        ];
        let mut best: Option<(usize, usize, Delimiter)> = None;
        for (((start, delimiter), next), searched) in
            starts.iter().zip(&mut self.next).zip(&mut self.searched)
        {
            if !*searched || next.is_some_and(|found| found < self.position) {
                *searched = true;
                let rest = self.source.get(self.position..).unwrap_or_default();
                *next = rest.find(start.as_str()).map(|found| found + self.position);
            }
            if let Some(found) = *next {
                let better = best.is_none_or(|(place, length, _)| {
                    found < place || (found == place && start.len() > length)
                });
                if better {
                    best = Some((found, start.len(), *delimiter));
                }
            }
        }
        best.map(|(found, _, delimiter)| (found, delimiter))
    }

    fn take_sign(&mut self) -> Option<char> {
        let sign = self.rest().chars().next().filter(|c| matches!(c, '-' | '+'))?;
        self.position += 1;
        Some(sign)
    }

    fn push_data(&mut self, start: usize, end: usize, sign: Option<char>, strippable: bool) {
        let mut text = self.source.get(start..end).unwrap_or_default();
        if sign == Some('-') {
            text = text.trim_end();
        } else if sign.is_none() && strippable && self.syntax.lstrip_blocks {
            let line = text.rfind('\n').map_or(0, |place| place + 1);
            let starts_line =
                line > 0 || start == 0 || self.source.get(..start).is_some_and(|t| t.ends_with('\n'));
            let indent = text.get(line..).unwrap_or_default();
            if starts_line && !indent.is_empty() && indent.trim().is_empty() {
                text = text.get(..line).unwrap_or_default();
            }
        }
        if !text.is_empty() {
            let text = if self.syntax.newline_sequence == "\n" {
                text.to_owned()
            } else {
                text.replace('\n', &self.syntax.newline_sequence)
            };
            self.push(Kind::Data(text), start);
        }
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    /// The end of a tag if it is next: with `-` it eats white space, with `+` it keeps the line break.
    fn take_end(&mut self, end: &str, is_block: bool, trims: bool) -> bool {
        let rest = self.rest();
        let plain = |text: &str| text.strip_prefix(end).map(str::len);
        if let Some(left) = rest.strip_prefix('-').and_then(plain) {
            self.position = self.source.len() - left;
            self.skip_space();
            true
        } else if let Some(left) = rest.strip_prefix('+').filter(|_| is_block).and_then(plain) {
            self.position = self.source.len() - left;
            true
        } else if let Some(left) = plain(rest) {
            self.position = self.source.len() - left;
            if trims && self.syntax.trim_blocks && self.rest().starts_with('\n') {
                self.position += 1;
            }
            true
        } else {
            false
        }
    }

    fn comment(&mut self, start: usize) -> Outcome<()> {
        let end = &self.syntax.comment_end;
        let Some(found) = self.rest().find(end.as_str()) else {
            return Err(Fault::syntax("this comment is never closed", start)
                .hint(format!("Close it with \"{end}\".")));
        };
        let place = self.position + found;
        let before = self.source.get(self.position..place).and_then(|text| text.chars().next_back());
        self.position = if matches!(before, Some('-' | '+')) { place - 1 } else { place };
        self.take_end(end, true, true);
        Ok(())
    }

    /// Takes `raw %}…{% endraw %}` after the start of a block, if it is that.
    fn raw(&mut self, start: usize) -> Outcome<bool> {
        let rest = self.rest().trim_start();
        let Some(rest) = rest.strip_prefix("raw") else { return Ok(false) };
        let rest = rest.trim_start();
        let end = &self.syntax.block_end;
        let (after, eats) = match (rest.strip_prefix(end.as_str()), rest.strip_prefix('-')) {
            (Some(after), _) => (after, false),
            (None, Some(signed)) => match signed.strip_prefix(end.as_str()) {
                Some(after) => (after, true),
                None => return Ok(false),
            },
            (None, None) => return Ok(false),
        };
        self.position = self.source.len() - after.len();
        if eats {
            self.skip_space();
        }
        let content = self.position;
        let mut search = content;
        loop {
            let Some(found) = self
                .source
                .get(search..)
                .and_then(|rest| rest.find(self.syntax.block_start.as_str()))
                .map(|found| found + search)
            else {
                return Err(Fault::syntax("this raw block is never closed", start)
                    .hint("Close it with \"{% endraw %}\"."));
            };
            self.position = found + self.syntax.block_start.len();
            let sign = self.take_sign();
            self.skip_space();
            if self.rest().starts_with("endraw") {
                self.position += "endraw".len();
                self.skip_space();
                if self.take_end(end, true, true) {
                    self.push_data(content, found, sign, true);
                    return Ok(true);
                }
            }
            search = found + self.syntax.block_start.len();
        }
    }

    /// The inside of a tag up to its end.
    fn inside(&mut self, start: usize, is_block: bool) -> Outcome<()> {
        let end = if is_block { &self.syntax.block_end } else { &self.syntax.variable_end };
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            let position = self.position;
            if open.is_empty() && self.take_end(end, is_block, is_block) {
                self.push(if is_block { Kind::BlockEnd } else { Kind::VariableEnd }, position);
                return Ok(());
            }
            let Some(next) = self.rest().chars().next() else {
                let message =
                    if is_block { "this tag is never closed" } else { "this output is never closed" };
                return Err(Fault::syntax(message, start).hint(format!("Close it with \"{end}\".")));
            };
            if next.is_whitespace() {
                self.skip_space();
            } else if next.is_ascii_digit() {
                self.number()?;
            } else if next == '_' || next.is_alphabetic() {
                let rest = self.rest();
                let length = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
                let name: Rc<str> = rest.get(..length).unwrap_or_default().into();
                self.position += length;
                self.push(Kind::Name(name), position);
            } else if next == '"' || next == '\'' {
                self.text(next)?;
            } else {
                self.operator(next, &mut open)?;
            }
        }
    }

    fn operator(&mut self, next: char, open: &mut Vec<&'static str>) -> Outcome<()> {
        let position = self.position;
        let Some(operator) = OPERATORS.iter().find(|operator| self.rest().starts_with(**operator)) else {
            return Err(Fault::syntax(format!("unexpected character \"{next}\""), position)
                .hint("Put text into quotes, or wrap what is not for Jinja into {% raw %}…{% endraw %}."));
        };
        match *operator {
            "(" => open.push(")"),
            "[" => open.push("]"),
            "{" => open.push("}"),
            ")" | "]" | "}" => match open.pop() {
                Some(expected) if expected == *operator => {}
                Some(expected) => {
                    return Err(Fault::syntax(
                        format!("unexpected \"{operator}\", \"{expected}\" comes first"),
                        position,
                    ));
                }
                None => return Err(Fault::syntax(format!("unexpected \"{operator}\""), position)),
            },
            _ => {}
        }
        self.position += operator.len();
        self.push(Kind::Operator(operator), position);
        Ok(())
    }

    fn number(&mut self) -> Outcome<()> {
        let position = self.position;
        let rest = self.rest();
        let digits = |text: &str| {
            text.find(|c: char| !c.is_ascii_digit() && c != '_')
                .map_or(text, |end| text.get(..end).unwrap_or_default())
                .trim_end_matches('_')
                .len()
        };
        let after_dot = self.source.get(..position).is_some_and(|before| before.ends_with('.'));
        for (prefixes, radix) in [(["0x", "0X"], 16), (["0b", "0B"], 2), (["0o", "0O"], 8)] {
            let Some(body) = prefixes.iter().find_map(|prefix| rest.strip_prefix(prefix)) else { continue };
            let end = body.find(|c: char| !c.is_digit(radix) && c != '_').unwrap_or(body.len());
            let body = body.get(..end).unwrap_or_default();
            let value = i128::from_str_radix(&body.replace('_', ""), radix).ok();
            let value = value.ok_or_else(|| Fault::syntax("this is not a number", position))?;
            self.position += 2 + end;
            self.push(Kind::Integer(value), position);
            return Ok(());
        }
        let whole = digits(rest);
        let mut length = whole;
        let tail = |length: usize| rest.get(length..).unwrap_or_default();
        if !after_dot {
            if let Some(fraction) = tail(length).strip_prefix('.')
                && fraction.starts_with(|c: char| c.is_ascii_digit())
            {
                length += 1 + digits(fraction);
            }
            if let Some(exponent) = tail(length).strip_prefix(['e', 'E']) {
                let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if unsigned.starts_with(|c: char| c.is_ascii_digit()) {
                    length += 1 + (exponent.len() - unsigned.len()) + digits(unsigned);
                }
            }
        }
        let written = rest.get(..length).unwrap_or_default().replace('_', "");
        self.position += length;
        let kind = if length > whole {
            written.parse().map(Kind::Float).ok()
        } else {
            written.parse().map(Kind::Integer).ok()
        };
        let kind = kind.ok_or_else(|| {
            Fault::syntax("this number is too large", position).hint("Write it as text, in quotes.")
        })?;
        self.push(kind, position);
        Ok(())
    }

    fn text(&mut self, quote: char) -> Outcome<()> {
        let position = self.position;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, c)) = characters.next() {
            if c == quote {
                self.position += offset + 1;
                self.push(Kind::Text(text), position);
                return Ok(());
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some((_, escape)) = characters.next() else { break };
            let simple = match escape {
                '\n' => continue,
                '\\' | '\'' | '"' => Some(escape),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'a' => Some('\u{7}'),
                'b' => Some('\u{8}'),
                'f' => Some('\u{c}'),
                'v' => Some('\u{b}'),
                _ => None,
            };
            if let Some(simple) = simple {
                text.push(simple);
                continue;
            }
            let (radix, most, exact) = match escape {
                'x' => (16, 2, true),
                'u' => (16, 4, true),
                'U' => (16, 8, true),
                '0'..='7' => (8, 2, false),
                'N' => {
                    return Err(Fault::syntax("characters by name are not offered here", position + offset)
                        .hint("Write the character itself, or \\u and its four hexadecimal digits."));
                }
                other => {
                    text.push('\\');
                    text.push(other);
                    continue;
                }
            };
            let mut code = escape.to_digit(8).filter(|_| !exact).unwrap_or(0);
            let mut count = 0;
            while count < most
                && let Some(digit) = characters.peek().and_then(|(_, c)| c.to_digit(radix))
            {
                code = code * radix + digit;
                count += 1;
                characters.next();
            }
            let decoded = char::from_u32(code).filter(|_| !exact || count == most);
            text.push(decoded.ok_or_else(|| {
                Fault::syntax("this escape stands for no character", position + offset)
                    .hint("Write \\\\ for a backslash itself.")
            })?);
        }
        Err(Fault::syntax("this text is never closed", position)
            .hint(format!("Close it with {quote}, in the same tag.")))
    }
}
