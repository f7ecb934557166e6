//! Text to the terms that stand in the index.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::language::{Language, stem_in_text};

/// Letters of a word that are looked at; what is longer is no word that people type.
pub(crate) const LONGEST_WORD: usize = 64;
/// Letters of a name or title that letters inside are found in.
const LONGEST_NAME: usize = 128;
/// Letters that stand together in the index to find letters inside a word.
pub(crate) const GRAM: usize = 3;

/// A text in lower case without accents, the Turkish ı and i being one letter: what is compared everywhere.
pub fn normalised(text: &str) -> String {
    // Most of what is read; nothing of the rest is so short.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut result = String::with_capacity(text.len());
    for character in text.nfkd().filter(|character| !is_combining_mark(*character)) {
        for lower in character.to_lowercase() {
            match lower {
                'ı' => result.push('i'),
                'ł' => result.push('l'),
                'ø' => result.push('o'),
                'đ' => result.push('d'),
                'ß' => result.push_str("ss"),
                'æ' => result.push_str("ae"),
                'œ' => result.push_str("oe"),
                other => result.push(other),
            }
        }
    }
    result
}

/// The letters and digits of a text, [`normalised`]: `Orders-API` is `ordersapi`.
pub(crate) fn joined(text: &str) -> String {
    let mut letters = normalised(text);
    letters.retain(char::is_alphanumeric);
    letters
}

/// The beginning of what [`joined`] gives, as long as it is looked at when whole names are compared.
pub(crate) fn whole(text: &str) -> String {
    joined(text).chars().take(LONGEST_WORD).collect()
}

/// The term of words that are one name. It begins with a character that no word has, so that looking for words by
/// their beginning does not walk over every name that there is.
pub(crate) fn compound(joined: &str) -> String {
    format!("={joined}")
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Stretches of a text whose characters `belong`.
fn stretches(text: &str, belongs: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = None;
    for (at, character) in text.char_indices() {
        match (belongs(character), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                found.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    found.extend(begin.map(|from| from..text.len()));
    found
}

/// Words that are one name, such as `orders-api` or `acme.orders_api`.
pub(crate) fn compounds(text: &str) -> impl Iterator<Item = &str> {
    stretches(text, |character| in_word(character) || matches!(character, '-' | '_' | '.'))
        .into_iter()
        .filter_map(|range| text.get(range))
        .map(|compound| compound.trim_matches(|character| matches!(character, '-' | '_' | '.')))
        .filter(|compound| !compound.is_empty())
}

/// The words of a text, with where they stand; `ordersApi` is one word.
pub(crate) fn words(text: &str) -> Vec<Range<usize>> {
    stretches(text, in_word)
}

/// The words inside a word: `OrdersAPIClient` is `Orders`, `API` and `Client`.
pub(crate) fn parts(word: &str) -> Vec<&str> {
    if !word.chars().any(char::is_uppercase) {
        return vec![word];
    }
    let mut found = Vec::new();
    let mut begin = 0;
    let characters: Vec<(usize, char)> = word.char_indices().collect();
    for window in characters.windows(2) {
        let [(_, before), (at, character)] = window else { continue };
        let next = word.get(*at..).and_then(|rest| rest.chars().nth(1));
        let rises = before.is_lowercase() && character.is_uppercase();
        let ends_capitals =
            before.is_uppercase() && character.is_uppercase() && next.is_some_and(char::is_lowercase);
        if rises || ends_capitals {
            found.extend(word.get(begin..*at));
            begin = *at;
        }
    }
    found.extend(word.get(begin..));
    found
}

/// The words of a compound, words inside words included.
pub(crate) fn words_of_compound(compound: &str) -> Vec<&str> {
    words(compound).into_iter().filter_map(|range| compound.get(range)).flat_map(parts).collect()
}

fn fits(term: &str) -> bool {
    !term.is_empty() && (term.len() <= LONGEST_WORD || term.chars().nth(LONGEST_WORD).is_none())
}

/// The beginning of a text, at most this many bytes of it.
pub(crate) fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// What a field's text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Analyser {
    /// The words and whole compounds.
    Name,
    /// The words, their stems, and whole compounds.
    Text,
    /// Every three letters that stand together.
    Infix,
}

impl Analyser {
    /// The name under which the index knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Text => "text",
            Self::Infix => "infix",
        }
    }
}

/// The terms of a text, one behind the other in one string: a text has hundreds, and none lives long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    text: String,
    ends: Vec<usize>,
    next: usize,
    token: Token,
}

impl Terms {
    /// What is longer than a word is left out.
    fn push(&mut self, term: &str) {
        if fits(term) {
            self.text.push_str(term);
            self.ends.push(self.text.len());
        }
    }
}

impl Iterator for Terms {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.advance().then(|| self.token.text.clone())
    }
}

/// Stems that a tokenizer remembers: words of prose come again and again.
const REMEMBERED: usize = 4_096;

/// Makes terms of the texts of a field.
#[derive(Clone, Debug)]
pub(crate) struct FieldTokenizer {
    analyser: Analyser,
    stems: HashMap<String, String>,
    stems_of: Language,
}

impl FieldTokenizer {
    pub(crate) fn new(analyser: Analyser) -> Self {
        Self { analyser, stems: HashMap::new(), stems_of: Language::English }
    }

    /// The terms of a text. Some may come more than once.
    pub(crate) fn terms(&mut self, text: &str) -> Terms {
        let mut terms = Terms::default();
        match self.analyser {
            Analyser::Infix => {
                for gram in grams(&joined(text)) {
                    terms.push(gram);
                }
            }
            Analyser::Name => self.words(text, None, &mut terms),
            Analyser::Text => self.words(text, Some(Language::of_latin(text)), &mut terms),
        }
        terms
    }

    fn words(&mut self, text: &str, stemmed: Option<Language>, terms: &mut Terms) {
        for together in compounds(text) {
            let words = words_of_compound(together);
            if words.len() > 1 && fits(together) {
                terms.push(&compound(&joined(together)));
            }
            // What is longer than a word is encoded data: nobody looks for it, and stemming it takes long.
            for word in words.into_iter().filter(|word| fits(word)) {
                let plain = normalised(word);
                if let Some(language) = stemmed {
                    let stem = self.stem(word, language);
                    if stem != plain {
                        terms.push(stem);
                    }
                }
                terms.push(&plain);
            }
        }
    }

    fn stem(&mut self, word: &str, latin: Language) -> &str {
        if self.stems_of != latin || (self.stems.len() >= REMEMBERED && !self.stems.contains_key(word)) {
            self.stems.clear();
            self.stems_of = latin;
        }
        self.stems.entry(word.to_owned()).or_insert_with(|| stem_in_text(word, latin))
    }
}

/// Every three letters of a text that stand together.
pub(crate) fn grams(joined: &str) -> impl Iterator<Item = &str> {
    let begins = joined.char_indices().map(|(at, _)| at);
    let ends = begins.clone().skip(GRAM).chain([joined.len()]);
    begins.zip(ends).take(LONGEST_NAME).filter_map(|(begin, end)| joined.get(begin..end)).filter(is_gram)
}

/// A text of two letters has none.
fn is_gram(text: &&str) -> bool {
    text.len() >= GRAM && text.chars().nth(GRAM - 1).is_some()
}

impl Tokenizer for FieldTokenizer {
    type TokenStream<'a> = Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Terms {
        self.terms(text)
    }
}

impl TokenStream for Terms {
    fn advance(&mut self) -> bool {
        let begin = self.next.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let Some(term) = self.ends.get(self.next).and_then(|end| self.text.get(begin..*end)) else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(term);
        self.token.position = self.token.position.wrapping_add(1);
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::{Analyser, FieldTokenizer, joined, normalised, words_of_compound};

    #[test]
    fn letters_are_compared_without_case_and_accents() {
        for (text, expected) in [
            ("ÖDEME", "odeme"),
            ("IŞIK", "isik"),
            ("ışık", "isik"),
            ("İstanbul", "istanbul"),
            ("Ёлка", "елка"),
            ("e\u{301}te\u{301}", "ete"),
            ("Ｆｕｌｌ", "full"),
            ("Straße", "strasse"),
        ] {
            assert_eq!(normalised(text), expected, "{text}");
        }
        assert_eq!(joined("Orders-API v2"), "ordersapiv2");
    }

    #[test]
    fn names_are_split_where_a_word_begins() {
        for (name, expected) in [
            ("orders-api", vec!["orders", "api"]),
            ("OrdersAPIClient", vec!["Orders", "API", "Client"]),
            ("orders_db.v2", vec!["orders", "db", "v2"]),
            ("k8s", vec!["k8s"]),
            ("ЗаказыСервис", vec!["Заказы", "Сервис"]),
        ] {
            assert_eq!(words_of_compound(name), expected, "{name}");
        }
    }

    #[test]
    fn a_text_is_found_by_words_stems_and_compounds() {
        let terms: Vec<String> =
            FieldTokenizer::new(Analyser::Text).terms("Takes orders from web-shop.").collect();
        for term in ["takes", "take", "orders", "order", "=webshop", "web", "shop"] {
            assert!(terms.iter().any(|it| it == term), "{term} in {terms:?}");
        }
        let terms: Vec<String> = FieldTokenizer::new(Analyser::Infix).terms("Ab-cd").collect();
        assert_eq!(terms, ["abc", "bcd"]);
    }
}
