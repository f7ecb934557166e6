//! Which letters of a text a question found.

use std::ops::Range;

use crate::analysis::{normalised, words};
use crate::distance::{begins_almost, forgiven};
use crate::language::{Language, stem_in_text};
use crate::question::{Question, Word};

/// Shortest letters that are marked inside a word and not at its beginning.
const SHORTEST_INSIDE: usize = 3;
/// Words of a text that are looked at.
const MOST_WORDS: usize = 2_000;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its letters, as they stand in the text.
    pub text: String,
    /// Whether the question found it.
    pub marked: bool,
}

/// Marks what a question found. One for all texts of an answer.
#[derive(Clone, Debug)]
pub struct Highlighter {
    words: Vec<Word>,
    joined: Vec<String>,
}

impl Highlighter {
    /// For a question.
    pub fn new(text: &str) -> Self {
        let question = Question::read(text);
        let mut joined: Vec<String> =
            question.groups.iter().filter_map(|group| Some(group.joined.as_ref()?.plain.clone())).collect();
        if question.groups.len() > 1 {
            joined.push(question.whole);
        }
        let words: Vec<Word> = question.groups.into_iter().flat_map(|group| group.words).collect();
        // `ordersapi` may stand as `orders-api` in the text.
        joined.extend(
            words.iter().filter(|word| word.letters() > SHORTEST_INSIDE).map(|word| word.plain.clone()),
        );
        Self { words, joined }
    }

    /// The text in pieces, cut to about `longest` letters around the first that is marked. The pieces follow one
    /// another without gaps; an ellipsis stands for what is left out.
    pub fn pieces(&self, text: &str, longest: usize) -> Vec<Piece> {
        let marks = self.marks(text);
        let from = marks.first().map_or(0, |mark| mark.start);
        let window = window(text, from, longest);
        let mut pieces = Vec::new();
        let mut add = |range: Range<usize>, marked| {
            if let Some(part) = text.get(range).filter(|part| !part.is_empty()) {
                pieces.push(Piece { text: part.to_owned(), marked });
            }
        };
        let mut at = window.start;
        for mark in marks {
            let mark = mark.start.max(at)..mark.end.min(window.end);
            if mark.is_empty() {
                continue;
            }
            add(at..mark.start, false);
            at = mark.end;
            add(mark, true);
        }
        add(at..window.end, false);
        let ellipsis = || Piece { text: "…".to_owned(), marked: false };
        if window.start > 0 {
            pieces.insert(0, ellipsis());
        }
        if window.end < text.len() {
            pieces.push(ellipsis());
        }
        pieces
    }

    /// What is found, sorted and apart.
    fn marks(&self, text: &str) -> Vec<Range<usize>> {
        if self.words.is_empty() {
            return Vec::new();
        }
        let latin = Language::of_latin(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        let words: Vec<Range<usize>> = words(text).into_iter().take(MOST_WORDS).collect();
        for range in &words {
            if let Some(word) = text.get(range.clone()) {
                let inside = self.marks_in(word, latin).into_iter();
                marks.extend(inside.map(|it| range.start + it.start..range.start + it.end));
            }
        }
        marks.extend(self.across(text, &words));
        marks.sort_by_key(|mark| (mark.start, mark.end));
        let mut apart: Vec<Range<usize>> = Vec::new();
        for mark in marks {
            match apart.last_mut() {
                Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
                _ => apart.push(mark),
            }
        }
        apart
    }

    /// Places in one word.
    fn marks_in(&self, text: &str, latin: Language) -> Vec<Range<usize>> {
        let letters = Letters::of(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for word in &self.words {
            let inside = letters.normal.match_indices(word.plain.as_str()).map(|(at, _)| at);
            let fitting = inside.filter(|at| *at == 0 || word.letters() >= SHORTEST_INSIDE);
            marks.extend(fitting.filter_map(|at| letters.source(at..at + word.plain.len())));
        }
        if !marks.is_empty() {
            return marks;
        }
        let stem = stem_in_text(text, latin);
        let fits = |word: &Word| {
            let errors = forgiven(word.letters());
            word.stems.contains(&stem) || (errors > 0 && begins_almost(&letters.normal, &word.plain, errors))
        };
        Some(0..text.len()).filter(|_| self.words.iter().any(fits)).into_iter().collect()
    }

    /// Places over several words that only `-`, `_`, `.` or nothing keeps apart.
    fn across(&self, text: &str, words: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut marks = Vec::new();
        for (place, first) in words.iter().enumerate() {
            let mut all = String::new();
            let mut end = first.start;
            for word in words.iter().skip(place).take(8) {
                let between = text.get(end..word.start).unwrap_or_default();
                if !all.is_empty() && between.chars().any(|it| !matches!(it, '-' | '_' | '.' | ' ')) {
                    break;
                }
                all.push_str(&normalised(text.get(word.clone()).unwrap_or_default()));
                end = word.end;
                if self.joined.contains(&all) {
                    marks.push(first.start..end);
                }
            }
        }
        marks
    }
}

/// A word, normalised, with where each byte came from.
struct Letters {
    normal: String,
    /// For each byte of `normal`: the letter of the word that it came from.
    from: Vec<Range<usize>>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut normal = String::new();
        let mut from = Vec::new();
        for (at, character) in text.char_indices() {
            let letter = normalised(character.encode_utf8(&mut [0; 4]));
            from.extend(std::iter::repeat_n(at..at + character.len_utf8(), letter.len()));
            normal.push_str(&letter);
        }
        Self { normal, from }
    }

    fn source(&self, range: Range<usize>) -> Option<Range<usize>> {
        let first = self.from.get(range.start)?;
        let last = self.from.get(range.end.checked_sub(1)?)?;
        Some(first.start..last.end)
    }
}

/// About `longest` letters of the text with the place `at` in the first third, cut between words where there are any.
fn window(text: &str, at: usize, longest: usize) -> Range<usize> {
    let total = text.chars().count();
    if total <= longest {
        return 0..text.len();
    }
    let before = text.get(..at).map_or(0, |before| before.chars().count());
    let from = before.saturating_sub(longest / 3).min(total - longest);
    let place = |letters: usize| text.char_indices().nth(letters).map_or(text.len(), |(at, _)| at);
    let (start, end) = (place(from), place(from + longest));
    let begin = if start == 0 {
        0
    } else {
        let cut = text.get(start..at.max(start)).and_then(|part| part.find(' '));
        cut.map_or(start, |space| start + space + 1)
    };
    let cut = text.get(at.max(begin)..end).and_then(|part| part.rfind(' '));
    let end = match cut {
        Some(space) if end < text.len() && space > 0 => at.max(begin) + space,
        _ => end,
    };
    begin..end
}

#[cfg(test)]
mod tests {
    use super::{Highlighter, Piece};

    fn marked(question: &str, text: &str) -> String {
        marked_in(question, text, 200)
    }

    fn marked_in(question: &str, text: &str, longest: usize) -> String {
        let show = |piece: Piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text };
        Highlighter::new(question).pieces(text, longest).into_iter().map(show).collect()
    }

    #[test]
    fn what_was_found_is_marked() {
        assert_eq!(marked("ord", "orders-api takes orders"), "[ord]ers-api takes [ord]ers");
        assert_eq!(marked("ordersapi", "the orders-api"), "the [orders-api]");
        assert_eq!(marked("front", "Storefront"), "Store[front]");
        assert_eq!(marked("deploying", "All deployments."), "All [deployments].");
        assert_eq!(marked("paymnets", "payments of a week"), "[payments] of a week");
        assert_eq!(marked("odeme", "Ödeme servisi"), "[Ödeme] servisi");
        assert_eq!(marked("ışık", "IŞIK"), "[IŞIK]");
        assert_eq!(marked("платежами", "приём платежей"), "приём [платежей]");
        assert_eq!(marked("<b>", "a <b> & b"), "a <[b]> & [b]");
        assert_eq!(marked("***", "nothing"), "nothing");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_mark() {
        let text = format!("{} needle {}", "hay ".repeat(50).trim(), "straw ".repeat(50).trim());
        let shown = marked_in("needle", &text, 40);
        assert!(
            shown.starts_with("…hay") && shown.contains("[needle]") && shown.ends_with("straw…"),
            "{shown}"
        );
        assert!(shown.chars().count() < 46);
        assert_eq!(marked_in("x", "ééééé", 3), "ééé…");
    }
}
