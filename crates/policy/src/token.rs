//! The words and signs of a Rego source, with strings and comments kept whole. Just enough to look at a source
//! before the interpreter reads it.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Text,
    Comment,
    Space,
    Newline,
    Sign,
}

/// A piece of the source; all pieces together are the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

impl Token<'_> {
    /// Whether it is neither white space nor a comment.
    pub(crate) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Newline | Kind::Comment)
    }

    /// The character of a sign.
    pub(crate) fn sign(&self) -> Option<char> {
        (self.kind == Kind::Sign).then(|| self.text.chars().next()).flatten()
    }
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Splits a source.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    let (mut line, mut column) = (1, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = measure(rest, first);
        let (text, tail) = rest.split_at(length);
        found.push(Token { kind, text, line, column });
        for character in text.chars() {
            (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        rest = tail;
    }
    found
}

fn measure(text: &str, first: char) -> (Kind, usize) {
    let until = |end: Option<usize>| end.unwrap_or(text.len());
    match first {
        '\n' => (Kind::Newline, 1),
        '#' => (Kind::Comment, until(text.find('\n'))),
        '`' => (Kind::Text, until(text.match_indices('`').nth(1).map(|(at, _)| at + 1))),
        '"' => {
            let mut escaped = false;
            let end = text.char_indices().skip(1).find(|(_, character)| {
                let ends = !escaped && (*character == '"' || *character == '\n');
                escaped = !escaped && *character == '\\';
                ends
            });
            (Kind::Text, until(end.map(|(at, _)| at + 1)))
        }
        first if is_word(first) => (Kind::Word, until(text.find(|character| !is_word(character)))),
        first if first.is_whitespace() => (Kind::Space, first.len_utf8()),
        other => (Kind::Sign, other.len_utf8()),
    }
}
