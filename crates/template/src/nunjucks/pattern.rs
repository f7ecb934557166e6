//! JavaScript regular expressions on an engine whose time is linear in the text.
//!
//! JavaScript matches code units: half of a character counts. So the halves of characters beyond the basic plane are
//! written as characters of a private area before they are matched, and put together again behind it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use regex::{Captures, Match, Regex, RegexBuilder};

use crate::error::{Fault, Outcome};
use crate::nunjucks::pattern_syntax::translate;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::Value;

/// A compiled regular expression.
#[derive(Debug)]
pub struct Pattern {
    pub source: Rc<str>,
    pub flags: Rc<str>,
    regex: Regex,
    /// Where the next search begins, in code units, with the flags `g` and `y`.
    last_index: Cell<usize>,
}

/// A text whose characters are one code unit each.
pub struct Subject<'t> {
    text: Cow<'t, str>,
    split: bool,
}

/// The private character for half of a character.
pub fn half(unit: u16) -> char {
    char::from_u32(0x10_0000 + u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

impl<'t> Subject<'t> {
    pub fn new(text: &'t Text) -> Self {
        match text.as_str() {
            Some(plain) if plain.chars().all(|c| c.len_utf16() == 1) => {
                Self { text: Cow::Borrowed(plain), split: false }
            }
            _ => {
                let units = text.units();
                let character = |unit: &u16| char::from_u32(u32::from(*unit)).unwrap_or_else(|| half(*unit));
                Self { text: Cow::Owned(units.iter().map(character).collect()), split: true }
            }
        }
    }

    /// A part of the subject as text.
    fn part(&self, start: usize, end: usize) -> Text {
        let part = self.text.get(start..end).unwrap_or_default();
        if !self.split {
            return part.into();
        }
        let unit = |character: char| {
            let code = u32::from(character);
            u16::try_from(code).unwrap_or((code & 0xffff) as u16)
        };
        Text::from_units(&part.chars().map(unit).collect::<Vec<u16>>())
    }

    fn found(&self, found: Option<Match<'_>>) -> Option<Text> {
        found.map(|found| self.part(found.start(), found.end()))
    }

    /// How many code units there are before a byte offset.
    fn units_before(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or(0, |before| before.chars().count())
    }

    /// The byte offset of a code unit.
    fn offset(&self, units: usize) -> Option<usize> {
        self.text.char_indices().map(|(at, _)| at).chain([self.text.len()]).nth(units)
    }
}

const SIZE_LIMIT: usize = 1 << 20;

impl Pattern {
    /// Compiles a pattern; look-around and back references are refused.
    pub fn new(source: Rc<str>, flags: Rc<str>) -> Outcome<Self> {
        let translated = translate(&source);
        let regex = RegexBuilder::new(&translated)
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .nest_limit(50)
            .build();
        match regex {
            Ok(regex) => Ok(Self { source, flags, regex, last_index: Cell::new(0) }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Fault::budget(format!("the regular expression /{source}/ is too large")))
            }
            Err(_) => Err(Fault::value(format!("the regular expression /{source}/ cannot be used")).hint(
                "Look-ahead, look-behind and back references are not available; they can take endless time.",
            )),
        }
    }

    /// Whether all matches are meant.
    pub fn is_global(&self) -> bool {
        self.flags.contains('g')
    }

    fn is_sticky(&self) -> bool {
        self.flags.contains('y')
    }

    /// Where the next search begins.
    pub fn last_index(&self) -> usize {
        self.last_index.get()
    }

    /// All matches that `replace` and `match` see: the first one only without the flag `g`. Unlike the engine's own
    /// walk, an empty match may follow another one directly.
    fn matches<'s>(&'s self, subject: &'s Subject<'_>) -> impl Iterator<Item = Captures<'s>> {
        let most = if self.is_global() { usize::MAX } else { 1 };
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let start = next?;
            let captures = self.regex.captures_at(&subject.text, start)?;
            let whole = captures.get(0)?;
            if self.is_sticky() && whole.start() != start {
                return None;
            }
            let rest = subject.text.get(whole.end()..).unwrap_or_default();
            next = if whole.is_empty() {
                rest.chars().next().map(|skipped| whole.end() + skipped.len_utf8())
            } else {
                Some(whole.end())
            };
            Some(captures)
        })
        .take(most)
    }

    /// `pattern.exec(text)`: the match with its groups. With `g` or `y` the next call goes on behind it.
    pub fn execute(&self, text: &Text) -> Option<Vec<Value>> {
        let subject = Subject::new(text);
        let remembers = self.is_global() || self.is_sticky();
        let start = if remembers { self.last_index.get() } else { 0 };
        let captures = subject
            .offset(start)
            .and_then(|offset| {
                self.regex.captures_at(&subject.text, offset).map(|captures| (offset, captures))
            })
            .filter(|(offset, captures)| {
                !self.is_sticky() || captures.get(0).is_some_and(|whole| whole.start() == *offset)
            })
            .map(|(_, captures)| captures);
        if remembers {
            let end = captures.as_ref().and_then(|captures| captures.get(0)).map_or(0, |whole| whole.end());
            self.last_index.set(subject.units_before(end));
        }
        captures.map(|captures| groups(&subject, &captures))
    }

    /// `text.match(pattern)`: all matches with the flag `g`, else the first with its groups.
    pub fn find(&self, text: &Text) -> Option<Vec<Value>> {
        if !self.is_global() {
            return self.execute(text);
        }
        self.last_index.set(0);
        let subject = Subject::new(text);
        let found: Vec<Value> = self
            .matches(&subject)
            .filter_map(|captures| subject.found(captures.get(0)))
            .map(Value::String)
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// `text.matchAll(pattern)` as a list.
    pub fn find_all(&self, text: &Text) -> Vec<Value> {
        let subject = Subject::new(text);
        self.matches(&subject).map(|captures| Value::list(groups(&subject, &captures))).collect()
    }

    /// `text.search(pattern)`
    pub fn search(&self, text: &Text) -> Option<usize> {
        let subject = Subject::new(text);
        let found = self.regex.find(&subject.text).filter(|found| !self.is_sticky() || found.start() == 0);
        found.map(|found| subject.units_before(found.start()))
    }

    /// `text.replace(pattern, replacement)` with `$1`, `$&`, `$$`, `` $` ``, `$'` and `$<name>`.
    pub fn replace(&self, text: &Text, replacement: &Text) -> Text {
        self.last_index.set(0);
        let subject = Subject::new(text);
        let replacement = replacement.to_str();
        let mut parts = Vec::new();
        let mut last = 0;
        for captures in self.matches(&subject) {
            let Some(whole) = captures.get(0) else { continue };
            parts.push(subject.part(last, whole.start()));
            expand(&self.regex, &captures, &subject, &replacement, &mut parts);
            last = whole.end();
        }
        if parts.is_empty() {
            return text.clone();
        }
        parts.push(subject.part(last, subject.text.len()));
        Text::join(&parts, &"".into())
    }

    /// `text.split(pattern)`
    pub fn split(&self, text: &Text) -> Vec<Value> {
        let subject = Subject::new(text);
        if text.is_empty() {
            return if self.regex.is_match("") { Vec::new() } else { vec![Value::String(text.clone())] };
        }
        let mut parts = Vec::new();
        let mut last = 0;
        for captures in self.regex.captures_iter(&subject.text) {
            let Some(whole) = captures.get(0) else { continue };
            if whole.end() == 0 || whole.is_empty() && whole.start() >= subject.text.len() {
                continue;
            }
            parts.push(Value::String(subject.part(last, whole.start())));
            parts.extend(groups(&subject, &captures).into_iter().skip(1));
            last = whole.end();
        }
        parts.push(Value::String(subject.part(last, subject.text.len())));
        parts
    }
}

fn groups(subject: &Subject<'_>, captures: &Captures<'_>) -> Vec<Value> {
    captures.iter().map(|group| subject.found(group).map_or(Value::Undefined, Value::String)).collect()
}

/// `text.replace(old, replacement)` with plain text to look for; all places or the first.
pub fn replace_plain(text: &Text, old: &Text, replacement: &Text, all: bool) -> Text {
    let (subject, old) = (Subject::new(text), Subject::new(old));
    let replacement = replacement.to_str();
    let most = if all { usize::MAX } else { 1 };
    let mut parts = Vec::new();
    let mut last = 0;
    for (start, found) in subject.text.match_indices(&*old.text).take(most) {
        let end = start + found.len();
        parts.push(subject.part(last, start));
        expand_plain(&subject, start..end, &replacement, &mut parts);
        last = end;
    }
    if parts.is_empty() {
        return text.clone();
    }
    parts.push(subject.part(last, subject.text.len()));
    Text::join(&parts, &"".into())
}

fn expand_plain(subject: &Subject<'_>, found: Range<usize>, replacement: &str, parts: &mut Vec<Text>) {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        parts.push(before.into());
        let (part, used) = match after.as_bytes().first() {
            Some(b'$') => ("$".into(), 1),
            Some(b'&') => (subject.part(found.start, found.end), 1),
            Some(b'`') => (subject.part(0, found.start), 1),
            Some(b'\'') => (subject.part(found.end, subject.text.len()), 1),
            _ => ("$".into(), 0),
        };
        parts.push(part);
        rest = after.get(used..).unwrap_or_default();
    }
    parts.push(rest.into());
}

/// Whether a group has a name; only then `$<name>` means it.
fn has_names(pattern: &Regex) -> bool {
    pattern.capture_names().any(|name| name.is_some())
}

fn expand(
    pattern: &Regex,
    captures: &Captures<'_>,
    subject: &Subject<'_>,
    replacement: &str,
    parts: &mut Vec<Text>,
) {
    let Some(whole) = captures.get(0) else { return };
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        parts.push(before.into());
        let after = from.get(1..).unwrap_or_default();
        let group = |digits: usize| {
            let digits = after.get(..digits)?.parse::<usize>().ok()?;
            (1..captures.len()).contains(&digits).then_some(digits)
        };
        let empty = || Text::from("");
        let (text, used) = match after.as_bytes().first() {
            Some(b'$') => ("$".into(), 1),
            Some(b'&') => (subject.part(whole.start(), whole.end()), 1),
            Some(b'`') => (subject.part(0, whole.start()), 1),
            Some(b'\'') => (subject.part(whole.end(), subject.text.len()), 1),
            Some(b'<') if has_names(pattern) && after.contains('>') => {
                let name = after.get(1..).and_then(|name| name.split('>').next()).unwrap_or_default();
                (subject.found(captures.name(name)).unwrap_or_else(empty), name.len() + 2)
            }
            _ => match group(2).map(|index| (index, 2)).or_else(|| group(1).map(|index| (index, 1))) {
                Some((index, used)) => (subject.found(captures.get(index)).unwrap_or_else(empty), used),
                None => ("$".into(), 0),
            },
        };
        parts.push(text);
        rest = after.get(used..).unwrap_or_default();
    }
    parts.push(rest.into());
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}/{}", self.source, self.flags)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Pattern;

    fn replace(source: &str, flags: &str, text: &str, replacement: &str) -> String {
        let pattern = Pattern::new(source.into(), flags.into()).unwrap();
        pattern.replace(&text.into(), &replacement.into()).to_str().into_owned()
    }

    #[test]
    fn javascript_patterns_mean_the_same() {
        assert_eq!(replace(r"[^\w-]", "g", "a b/c-d_e", "-"), "a-b-c-d_e");
        assert_eq!(replace(r"(\d+)-(\d+)", "", "10-20 30-40", "$2-$1 $$ [$&]"), "20-10 $ [10-20] 30-40");
        assert_eq!(replace(r"a{x}", "", "a{x}", "ok"), "ok");
        assert_eq!(replace(r"[[a]", "g", "[a]", ""), "]");
        assert_eq!(replace(r"^x$", "gm", "x\nx", "y"), "y\ny");
        assert_eq!(replace(r"\/", "g", "a/b", "."), "a.b");
        assert_eq!(replace(r"a", "y", "ba", "x"), "ba");
        assert_eq!(replace(r"(?<l>.)b", "", "ab", "$<l>$<q>"), "a");
    }

    #[test]
    fn half_a_character_counts() {
        assert_eq!(replace("(.)(.)", "", "a\u{1f600}b", "$2$1"), "\u{fffd}a\u{fffd}b");
        assert_eq!(replace("^..$", "", "\u{1f600}", "2"), "2");
        assert_eq!(replace("\u{1f600}|b", "g", "\u{1f600}ab\u{10d83d}", "-"), "-a-\u{10d83d}");
    }

    #[test]
    fn endless_patterns_are_refused() {
        assert!(Pattern::new(r"(a)\1".into(), "".into()).is_err());
        assert!(Pattern::new(r"(?=a)".into(), "".into()).is_err());
        assert!(Pattern::new("(((((a{1000}){1000}){1000})".into(), "".into()).is_err());
    }
}
