//! Text as JavaScript counts it: in UTF-16 code units.
//!
//! Almost all text is valid Unicode and kept as UTF-8. Taking a string apart can leave half of a surrogate
//! pair, which UTF-8 cannot hold; only such text is kept as code units.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

/// A string value of a template.
#[derive(Clone, Debug)]
pub enum Text {
    /// Valid Unicode.
    Plain(Rc<str>),
    /// Code units with at least one lone surrogate.
    Wide(Rc<[u16]>),
}

impl Text {
    /// Text from code units.
    pub fn from_units(units: &[u16]) -> Self {
        String::from_utf16(units).map_or_else(|_| Self::Wide(units.into()), Self::from)
    }

    /// The text as UTF-8, when it is valid.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Wide(_) => None,
        }
    }

    /// The text as UTF-8, with U+FFFD for each lone surrogate.
    pub fn to_str(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Wide(units) => Cow::Owned(String::from_utf16_lossy(units)),
        }
    }

    /// The text as a shared UTF-8 string, with U+FFFD for each lone surrogate.
    pub fn to_shared(&self) -> Rc<str> {
        match self {
            Self::Plain(text) => Rc::clone(text),
            Self::Wide(units) => String::from_utf16_lossy(units).into(),
        }
    }

    /// All code units.
    pub fn units(&self) -> Cow<'_, [u16]> {
        match self {
            Self::Plain(text) => Cow::Owned(text.encode_utf16().collect()),
            Self::Wide(units) => Cow::Borrowed(units),
        }
    }

    /// The text, when every character is one byte, so that bytes and code units have the same index.
    fn ascii(&self) -> Option<&str> {
        self.as_str().filter(|text| text.is_ascii())
    }

    /// How many code units there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(text) if text.is_ascii() => text.len(),
            Self::Plain(text) => text.chars().map(char::len_utf16).sum(),
            Self::Wide(units) => units.len(),
        }
    }

    /// How many bytes it takes in memory.
    pub fn size(&self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Wide(units) => units.len() * 2,
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// The code units from `start` up to `end`; both are cut to the length.
    pub fn slice(&self, start: usize, end: usize) -> Self {
        if let Some(text) = self.ascii() {
            let end = end.min(text.len());
            return text.get(start.min(end)..end).unwrap_or_default().into();
        }
        let units = self.units();
        let end = end.min(units.len());
        Self::from_units(units.get(start.min(end)..end).unwrap_or_default())
    }

    /// The single code unit at `index`.
    pub fn unit(&self, index: usize) -> Option<Self> {
        match self.ascii() {
            Some(text) => text.get(index..=index).map(Self::from),
            None => self.units().get(index).map(|unit| Self::from_units(&[*unit])),
        }
    }

    /// The index of the first `needle` at or after `from`.
    pub fn find(&self, needle: &Self, from: usize) -> Option<usize> {
        if let (Some(text), Some(needle)) = (self.ascii(), needle.as_str()) {
            return text.get(from..)?.find(needle).map(|index| index + from);
        }
        let (units, needle) = (self.units(), needle.units());
        if needle.is_empty() {
            return (from <= units.len()).then_some(from);
        }
        units.get(from..)?.windows(needle.len()).position(|window| window == &*needle).map(|at| at + from)
    }

    /// The index of the last `needle` that begins at or before `limit`.
    pub fn find_last(&self, needle: &Self, limit: usize) -> Option<usize> {
        let (units, needle) = (self.units(), needle.units());
        let last = units.len().checked_sub(needle.len())?.min(limit);
        (0..=last).rev().find(|&at| units.get(at..at + needle.len()) == Some(&*needle))
    }

    /// This text with `other` behind it.
    pub fn concat(&self, other: &Self) -> Self {
        match (self, other) {
            _ if self.is_empty() => other.clone(),
            _ if other.is_empty() => self.clone(),
            (Self::Plain(left), Self::Plain(right)) => {
                let mut text = String::with_capacity(left.len() + right.len());
                text.push_str(left);
                text.push_str(right);
                text.into()
            }
            _ => {
                let mut units = self.units().into_owned();
                units.extend_from_slice(&other.units());
                Self::from_units(&units)
            }
        }
    }

    /// All texts with `separator` between them.
    pub fn join(parts: &[Self], separator: &Self) -> Self {
        if let Some(separator) = separator.as_str()
            && let Some(parts) = parts.iter().map(Self::as_str).collect::<Option<Vec<&str>>>()
        {
            return parts.join(separator).into();
        }
        let mut units = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                units.extend_from_slice(&separator.units());
            }
            units.extend_from_slice(&part.units());
        }
        Self::from_units(&units)
    }

    /// The text with every character replaced, as for the change of case. Halves of characters stay what they are.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let Self::Wide(units) = self else { return change(&self.to_str()).into() };
        let stand_in = |unit: u16| char::from_u32(0x10_0000 + u32::from(unit)).unwrap_or_default();
        let text: String = char::decode_utf16(units.iter().copied())
            .map(|character| character.unwrap_or_else(|half| stand_in(half.unpaired_surrogate())))
            .collect();
        let mut changed = Vec::with_capacity(units.len());
        for character in change(&text).chars() {
            match u32::from(character) {
                code @ 0x10_d800..=0x10_dfff => changed.push((code & 0xffff) as u16),
                _ => changed.extend_from_slice(character.encode_utf16(&mut [0; 2])),
            }
        }
        Self::from_units(&changed)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text.into())
    }
}

impl From<Rc<str>> for Text {
    fn from(text: Rc<str>) -> Self {
        Self::Plain(text)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(left), Self::Plain(right)) => left == right,
            (Self::Wide(left), Self::Wide(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    /// By code units, as JavaScript does.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Plain(left), Self::Plain(right)) => {
                if left.is_ascii() || right.is_ascii() {
                    left.cmp(right)
                } else {
                    left.encode_utf16().cmp(right.encode_utf16())
                }
            }
            _ => self.units().cmp(&other.units()),
        }
    }
}

/// Whether JavaScript's `\s` and `trim` take the character for white space.
pub const fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Text;

    #[test]
    fn halves_of_a_pair_find_together_again() {
        let smile = Text::from("😀x");
        assert_eq!(smile.len(), 3);
        let (high, low) = (smile.unit(0).unwrap(), smile.unit(1).unwrap());
        assert!(high.as_str().is_none());
        assert_eq!(high.concat(&low), Text::from("😀"));
        assert_eq!(smile.slice(2, 9), Text::from("x"));
        assert_eq!(smile.find(&"x".into(), 0), Some(2));
    }

    #[test]
    fn order_is_by_code_units() {
        assert!(Text::from("\u{1f600}") < Text::from("\u{ff5e}"));
    }
}
