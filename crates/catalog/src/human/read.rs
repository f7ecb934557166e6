//! Reads the text of a question.

use super::error::quoted;
use super::{HumanQuery, HumanQueryError, Wanted};

/// Characters of a question.
pub(super) const LENGTH: usize = 4_000;
/// Words, and values of fields.
const TERMS: usize = 500;
/// Brackets inside brackets, and negations of negations.
const DEPTH: usize = 32;

/// Where the name of a term and its values begin, in characters from 1.
pub(super) struct Place {
    pub(super) name: usize,
    pub(super) values: Vec<usize>,
}

/// Reads a question, and the places of its words and fields in their order.
pub(super) fn read(text: &str) -> Result<(HumanQuery, Vec<Place>), HumanQueryError> {
    let mut reader = Reader { text, chars: Vec::new(), at: 0, terms: 0, places: Vec::new() };
    if text.chars().nth(LENGTH).is_some() {
        let message = format!("the query is longer than {LENGTH} characters");
        return Err(reader.error(LENGTH, message, "ask for less at once"));
    }
    reader.chars = text.chars().collect();
    reader.skip_blank();
    if reader.peek().is_none() {
        return Ok((HumanQuery::All(Vec::new()), Vec::new()));
    }
    let query = reader.any(0)?;
    if reader.peek().is_some() {
        let hint = "take it away, open one before it, or write \\) for the character";
        return Err(reader.error(reader.at, "this bracket closes nothing", hint));
    }
    Ok((query, reader.places))
}

struct Reader<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
    terms: usize,
    places: Vec<Place>,
}

/// A piece of text with the stars that were written plainly.
struct Piece {
    text: String,
    stars: usize,
    ends_with_star: bool,
}

impl Reader<'_> {
    fn error(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> HumanQueryError {
        HumanQueryError::new(self.text, at + 1, message, hint)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Whether a term ends before the character at a place.
    fn ends_at(&self, at: usize) -> bool {
        self.chars.get(at).is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'))
    }

    /// The keyword that comes next.
    fn keyword(&self) -> Option<&'static str> {
        ["or", "and", "not"].into_iter().find(|word| {
            let length = word.len();
            let written = self.chars.get(self.at..self.at + length);
            written.is_some_and(|it| {
                it.iter().zip(word.chars()).all(|(one, two)| one.eq_ignore_ascii_case(&two))
            }) && self.ends_at(self.at + length)
        })
    }

    fn any(&mut self, depth: usize) -> Result<HumanQuery, HumanQueryError> {
        let mut options = vec![self.all(depth)?];
        while self.keyword() == Some("or") {
            self.at += "or".len();
            options.push(self.all(depth)?);
        }
        Ok(HumanQuery::any(options))
    }

    fn all(&mut self, depth: usize) -> Result<HumanQuery, HumanQueryError> {
        let mut parts = Vec::new();
        let mut is_open = true;
        loop {
            self.skip_blank();
            let keyword = self.keyword();
            match (self.peek(), keyword) {
                (None | Some(')'), _) | (_, Some("or")) => break,
                (_, Some("and")) if !parts.is_empty() && !is_open => {
                    self.at += "and".len();
                    is_open = true;
                    continue;
                }
                (_, Some("and")) => break,
                _ => {}
            }
            parts.push(self.one(depth)?);
            is_open = false;
        }
        if is_open {
            let found = match (self.peek(), self.keyword()) {
                (_, Some(word)) => format!("\"{word}\""),
                (Some(_), None) => "the bracket".to_owned(),
                (None, None) => "the end".to_owned(),
            };
            let message = format!("a word or a field is missing before {found}");
            return Err(self.error(
                self.at,
                message,
                "write for example: kind:component or kind:api; \"or\", \"and\" and \"not\" as words go into quotes",
            ));
        }
        Ok(HumanQuery::all(parts))
    }

    fn one(&mut self, depth: usize) -> Result<HumanQuery, HumanQueryError> {
        if depth > DEPTH {
            let message = format!("the query is nested more than {DEPTH} levels deep");
            return Err(self.error(self.at, message, "take brackets and negations away"));
        }
        if self.peek() == Some('-')
            && (!self.ends_at(self.at + 1) || self.chars.get(self.at + 1) == Some(&'('))
        {
            self.at += 1;
            return Ok(HumanQuery::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.keyword() == Some("not") {
            let start = self.at;
            self.at += "not".len();
            self.skip_blank();
            if matches!(self.peek(), None | Some(')')) || matches!(self.keyword(), Some("or" | "and")) {
                let hint =
                    "write what is not wanted, for example: not lifecycle:deprecated; or \"not\" in quotes";
                return Err(self.error(start, "nothing follows \"not\"", hint));
            }
            return Ok(HumanQuery::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.peek() != Some('(') {
            return self.term();
        }
        let start = self.at;
        self.at += 1;
        let inner = self.any(depth + 1)?;
        if self.peek() != Some(')') {
            let hint = "close it with ), or write \\( for the character";
            return Err(self.error(start, "this bracket is not closed", hint));
        }
        self.at += 1;
        Ok(inner)
    }

    fn count(&mut self) -> Result<(), HumanQueryError> {
        self.terms += 1;
        if self.terms > TERMS {
            let message = format!("the query has more than {TERMS} words and values");
            return Err(self.error(self.at, message, "ask for less at once"));
        }
        Ok(())
    }

    /// A text, or a field with its values.
    fn term(&mut self) -> Result<HumanQuery, HumanQueryError> {
        self.count()?;
        let start = self.at;
        self.places.push(Place { name: start + 1, values: Vec::new() });
        if self.peek() == Some('"') {
            return Ok(HumanQuery::Text(self.quoted()?));
        }
        let Piece { text: name, .. } = self.piece(&[':', '"'])?;
        if self.peek() != Some(':') {
            return Ok(HumanQuery::Text(name));
        }
        if name.is_empty() {
            let hint = "write for example kind:component, or \\: for the character";
            return Err(self.error(start, "a colon needs a field before it", hint));
        }
        self.at += 1;
        let mut values = Vec::new();
        loop {
            values.push(self.wanted(&name, start)?);
            if self.peek() != Some(',') {
                break;
            }
            self.count()?;
            self.at += 1;
        }
        match self.peek() {
            Some('"') => {
                let hint = "put the whole value into quotes, with \\\" for a quote inside";
                Err(self.error(self.at, "a quote stands in the middle of a value", hint))
            }
            Some('(') => {
                let hint = "put the value into quotes, or write a space before the bracket";
                Err(self.error(self.at, "a bracket stands in the middle of a value", hint))
            }
            Some(next) if !next.is_whitespace() && next != ')' => {
                let hint = "write a space after the closing quote";
                Err(self.error(self.at, "something follows a closing quote", hint))
            }
            _ => Ok(HumanQuery::Field { name, values }),
        }
    }

    fn wanted(&mut self, name: &str, start: usize) -> Result<Wanted, HumanQueryError> {
        let begin = self.at;
        if let Some(place) = self.places.last_mut() {
            place.values.push(begin + 1);
        }
        let sign = self.peek().filter(|it| matches!(it, '=' | '~'));
        if sign.is_some() {
            self.at += 1;
        }
        let is_quoted = self.peek() == Some('"');
        let piece = if is_quoted {
            let text = self.quoted()?;
            let ends_with_star = self.peek() == Some('*');
            if ends_with_star {
                self.at += 1;
            }
            Piece { text, stars: usize::from(ends_with_star), ends_with_star }
        } else {
            self.piece(&[',', '"'])?
        };
        let Piece { mut text, stars, ends_with_star } = piece;
        if text.is_empty() && !is_quoted {
            let shown = quoted(name);
            // A quote or bracket that stands here is told about by who reads the term.
            let hint = match self.peek() {
                Some(next) if next.is_whitespace() => {
                    format!("write the value without a space before it, or {shown}:* for any value")
                }
                _ => format!("write a value, or {shown}:* for any value"),
            };
            let at = if self.peek() == Some(',') || begin > start + shown.chars().count() + 1 {
                begin
            } else {
                start
            };
            return Err(self.error(at, format!("a value is missing in \"{shown}:\""), hint));
        }
        let is_star = !is_quoted && stars == 1 && text == "*";
        match sign {
            None if is_star => Ok(Wanted::Anything),
            None if stars == 0 => Ok(Wanted::Value(text)),
            None if stars == 1 && ends_with_star => {
                if !is_quoted {
                    text.pop();
                }
                Ok(Wanted::Prefix(text))
            }
            Some('=') if stars == 0 => Ok(Wanted::Exactly(text)),
            Some('~') if stars == 0 => Ok(Wanted::Part(text)),
            _ => {
                let part = quoted(text.trim_matches('*'));
                let hint = format!(
                    "write {part}* for what begins with it, ~{part} for what contains it, or \\* for the character"
                );
                Err(self.error(begin, "a star can only stand at the end of a value", hint))
            }
        }
    }

    /// Plain characters up to a blank, a bracket, or one of `ends`; a backslash takes the next one as it is.
    fn piece(&mut self, ends: &[char]) -> Result<Piece, HumanQueryError> {
        let mut piece = Piece { text: String::new(), stars: 0, ends_with_star: false };
        while let Some(next) = self.peek() {
            if next.is_whitespace() || matches!(next, '(' | ')') || ends.contains(&next) {
                break;
            }
            self.at += 1;
            piece.ends_with_star = next == '*';
            if next == '\\' {
                piece.text.push(self.escaped()?);
            } else {
                piece.stars += usize::from(next == '*');
                piece.text.push(next);
            }
        }
        Ok(piece)
    }

    fn escaped(&mut self) -> Result<char, HumanQueryError> {
        let Some(next) = self.peek() else {
            let hint = "write \\\\ for a backslash";
            return Err(self.error(self.at.saturating_sub(1), "nothing follows the backslash", hint));
        };
        self.at += 1;
        Ok(next)
    }

    fn quoted(&mut self) -> Result<String, HumanQueryError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else {
                let hint = "close it with another \", or write \\\" for the character";
                return Err(self.error(start, "this quote is not closed", hint));
            };
            self.at += 1;
            match next {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                _ => text.push(next),
            }
        }
    }
}
