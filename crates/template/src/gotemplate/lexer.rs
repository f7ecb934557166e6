//! Cuts a template into texts, delimiters and the words between them.

/// The space characters of the language.
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The lexer cannot go on; the message is in [`Token::error`].
    Error,
    End,
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    Pipe,
    LeftParenthesis,
    RightParenthesis,
    Dot,
    Field,
    Variable,
    Identifier,
    Bool,
    Number,
    Complex,
    Character,
    String,
    RawString,
    /// Any other printable ASCII character; the comma is the one that has a meaning.
    Other,
    Keyword(Keyword),
}

/// The reserved words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Keyword {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "break" => Self::Break,
            "continue" => Self::Continue,
            "define" => Self::Define,
            "else" => Self::Else,
            "end" => Self::End,
            "if" => Self::If,
            "nil" => Self::Nil,
            "range" => Self::Range,
            "template" => Self::Template,
            "with" => Self::With,
            _ => return None,
        })
    }
}

/// A piece of the template: bytes `start..end` of the source.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    pub error: Option<String>,
}

/// All tokens; the last one is an end or an error.
pub fn tokenize(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, position: 0, start: 0, depth: 0, tokens: Vec::new() };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    position: usize,
    start: usize,
    /// Open parentheses.
    depth: usize,
    tokens: Vec<Token>,
}

/// A message that ends the run.
type Step = Result<(), String>;

impl Lexer<'_> {
    fn run(&mut self) {
        loop {
            match self.lex_text() {
                Ok(true) => {}
                Ok(false) => {
                    self.emit(TokenKind::End);
                    return;
                }
                Err(message) => {
                    self.emit(TokenKind::Error);
                    if let Some(token) = self.tokens.last_mut() {
                        token.error = Some(message);
                    }
                    return;
                }
            }
        }
    }

    fn rest(&self) -> &str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += character.len_utf8();
        Some(character)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let taken = self.peek().is_some_and(|c| valid.contains(c));
        if taken {
            self.next();
        }
        taken
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn emit(&mut self, kind: TokenKind) {
        self.tokens.push(Token { kind, start: self.start, end: self.position, error: None });
        self.start = self.position;
    }

    /// Text up to the next action, and that action; `false` at the end.
    fn lex_text(&mut self) -> Result<bool, String> {
        let Some(length) = self.rest().find("{{") else {
            self.position = self.source.len();
            if self.position > self.start {
                self.emit(TokenKind::Text);
            }
            return Ok(false);
        };
        let delimiter = self.position + length;
        let after = self.source.get(delimiter + 2..).unwrap_or_default();
        let trims = has_left_trim_marker(after);
        self.position = delimiter;
        if trims {
            let text = self.source.get(self.start..delimiter).unwrap_or_default();
            self.position = self.start + text.trim_end_matches(SPACES).len();
        }
        if self.position > self.start {
            self.emit(TokenKind::Text);
        }
        self.start = delimiter;
        let marker = if trims { 2 } else { 0 };
        if after.get(marker..).is_some_and(|rest| rest.starts_with("/*")) {
            self.position = delimiter + 2 + marker;
            self.start = self.position;
            self.skip_comment()?;
            return Ok(true);
        }
        self.position = delimiter + 2;
        self.emit(TokenKind::LeftDelimiter);
        self.position += marker;
        self.start = self.position;
        self.depth = 0;
        self.lex_action()?;
        Ok(true)
    }

    fn skip_comment(&mut self) -> Step {
        let body = self.source.get(self.position + 2..).unwrap_or_default();
        let Some(length) = body.find("*/") else { return Err("unclosed comment".to_owned()) };
        self.position += 2 + length + 2;
        let Some(trims) = self.at_right_delimiter() else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.finish_action(trims);
        self.start = self.position;
        Ok(())
    }

    /// Whether the action ends here, and whether it trims what follows.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim_marker(rest) && rest.get(2..).is_some_and(|rest| rest.starts_with("}}")) {
            return Some(true);
        }
        rest.starts_with("}}").then_some(false)
    }

    /// Steps over the closing delimiter and what it trims.
    fn finish_action(&mut self, trims: bool) {
        self.position += if trims { 4 } else { 2 };
        if trims {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_start_matches(SPACES).len();
        }
    }

    fn lex_action(&mut self) -> Step {
        loop {
            if let Some(trims) = self.at_right_delimiter() {
                if self.depth > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                if trims {
                    self.start += 2;
                }
                self.position = self.start + 2;
                self.emit(TokenKind::RightDelimiter);
                if trims {
                    let rest = self.rest();
                    self.position += rest.len() - rest.trim_start_matches(SPACES).len();
                    self.start = self.position;
                }
                return Ok(());
            }
            self.lex_word()?;
        }
    }

    fn lex_word(&mut self) -> Step {
        let Some(character) = self.next() else { return Err("unclosed action".to_owned()) };
        match character {
            c if SPACES.contains(&c) => self.lex_space(),
            '=' => self.emit(TokenKind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".to_owned());
                }
                self.emit(TokenKind::Declare);
            }
            '|' => self.emit(TokenKind::Pipe),
            '"' => self.lex_quoted('"', TokenKind::String, "unterminated quoted string")?,
            '\'' => self.lex_quoted('\'', TokenKind::Character, "unterminated character constant")?,
            '`' => {
                let Some(length) = self.rest().find('`') else {
                    self.position = self.source.len();
                    return Err("unterminated raw quoted string".to_owned());
                };
                self.position += length + 1;
                self.emit(TokenKind::RawString);
            }
            '$' => self.lex_name(TokenKind::Variable, TokenKind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.lex_name(TokenKind::Dot, TokenKind::Field)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position = self.start;
                self.lex_number()?;
            }
            c if is_alphanumeric(c) => self.lex_identifier()?,
            '(' => {
                self.emit(TokenKind::LeftParenthesis);
                self.depth += 1;
            }
            ')' => {
                self.emit(TokenKind::RightParenthesis);
                if self.depth == 0 {
                    return Err(format!("unexpected right paren {}", describe(Some(')'))));
                }
                self.depth -= 1;
            }
            c if c.is_ascii() && !c.is_ascii_control() => self.emit(TokenKind::Other),
            c => return Err(format!("unrecognized character in action: {}", describe(Some(c)))),
        }
        Ok(())
    }

    /// A run of spaces; the last one may belong to a trimming delimiter.
    fn lex_space(&mut self) {
        while self.peek().is_some_and(|c| SPACES.contains(&c)) {
            self.next();
        }
        let last = self.position - 1;
        let rest = self.source.get(last..).unwrap_or_default();
        if has_right_trim_marker(rest) && rest.get(2..).is_some_and(|rest| rest.starts_with("}}")) {
            self.position = last;
            if self.position == self.start {
                return;
            }
        }
        self.emit(TokenKind::Space);
    }

    fn lex_quoted(&mut self, quote: char, kind: TokenKind, unterminated: &str) -> Step {
        loop {
            match self.next() {
                Some('\\') if self.peek().is_some_and(|c| c != '\n') => {
                    self.next();
                }
                None | Some('\\' | '\n') => return Err(unterminated.to_owned()),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    /// The name after a dot or a dollar sign; `bare` when there is none.
    fn lex_name(&mut self, bare: TokenKind, named: TokenKind) -> Step {
        if self.at_terminator() {
            self.emit(bare);
            return Ok(());
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        self.require_terminator()?;
        self.emit(named);
        Ok(())
    }

    fn lex_identifier(&mut self) -> Step {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        self.require_terminator()?;
        let word = self.source.get(self.start..self.position).unwrap_or_default();
        let kind = match Keyword::of(word) {
            Some(keyword) => TokenKind::Keyword(keyword),
            None if word == "true" || word == "false" => TokenKind::Bool,
            None => TokenKind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with("}}"),
        }
    }

    fn require_terminator(&self) -> Step {
        if self.at_terminator() { Ok(()) } else { Err(format!("bad character {}", describe(self.peek()))) }
    }

    fn lex_number(&mut self) -> Step {
        let mut kind = TokenKind::Number;
        let mut good = self.scan_number();
        if good && matches!(self.peek(), Some('+' | '-')) {
            kind = TokenKind::Complex;
            good = self.scan_number()
                && self.source.get(..self.position).is_some_and(|read| read.ends_with('i'));
        }
        if !good {
            let read = self.source.get(self.start..self.position).unwrap_or_default();
            return Err(format!("bad number syntax: {}", super::quote::quote(read)));
        }
        self.emit(kind);
        Ok(())
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if !exponent.is_empty() && self.accept(exponent) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

fn has_left_trim_marker(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACES))
}

fn has_right_trim_marker(text: &str) -> bool {
    text.strip_prefix(SPACES).is_some_and(|rest| rest.starts_with('-'))
}

fn is_alphanumeric(character: char) -> bool {
    character == '_' || character.is_alphabetic() || character.is_numeric()
}

/// A character as Go's `%#U` shows it.
fn describe(character: Option<char>) -> String {
    match character {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if c.is_control() => format!("U+{:04X}", u32::from(c)),
        Some(c) => format!("U+{:04X} '{c}'", u32::from(c)),
    }
}
