//! Says in words what a simple regular expression asks for.

use std::iter::Peekable;
use std::str::Chars;

/// A set of ASCII characters.
type Set = u128;

const LOWER: Set = span('a', 'z');
const UPPER: Set = span('A', 'Z');
const DIGITS: Set = span('0', '9');

const fn span(from: char, to: char) -> Set {
    let mut set = 0;
    let mut code = from as u32;
    while code <= to as u32 && code < 128 {
        set |= 1 << code;
        code += 1;
    }
    set
}

/// One part of the expression: which characters, how many.
#[derive(Clone, Copy)]
struct Part {
    set: Set,
    least: usize,
    most: Option<usize>,
}

/// What comes after "must", for expressions of the form `^[…][…]{2,5}(-[…]+)*$`; `None` for others.
pub(crate) fn describe(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let parts = parse(&mut inner.chars().peekable(), false)?;
    let all = parts.iter().fold(0, |all, part| all | part.set);
    let mut sentences = Vec::new();
    let begin = leading(parts.iter());
    let end = leading(parts.iter().rev());
    if begin != all {
        sentences.push(format!("begin with {}", words(begin, "a ", " or ")?));
    }
    sentences.push(format!("hold only {}", words(all, "", " and ")?));
    if end != all {
        sentences.push(format!("end with {}", words(end, "a ", " or ")?));
    }
    let least: usize = parts.iter().map(|part| part.least).sum();
    let most = parts.iter().try_fold(0_usize, |sum, part| Some(sum.saturating_add(part.most?)));
    match most {
        Some(most) if most == least => sentences.push(format!("be {least} characters long")),
        Some(most) => sentences.push(format!("be {least} to {most} characters long")),
        None if least > 1 => sentences.push(format!("be at least {least} characters long")),
        None => {}
    }
    Some(match sentences.split_last() {
        Some((only, [])) => only.clone(),
        Some((final_one, others)) => format!("{} and {final_one}", others.join(", ")),
        None => return None,
    })
}

/// The characters that may come first.
fn leading<'a>(parts: impl Iterator<Item = &'a Part>) -> Set {
    let mut set = 0;
    for part in parts {
        set |= part.set;
        if part.least > 0 {
            break;
        }
    }
    set
}

fn parse(text: &mut Peekable<Chars<'_>>, nested: bool) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some(character) = text.next() {
        let set = match character {
            ')' if nested => return Some(parts),
            '(' => {
                if text.peek() == Some(&'?') {
                    text.next();
                    (text.next()? == ':').then_some(())?;
                }
                let inner = parse(text, true)?;
                let (least, most) = quantifier(text)?;
                if (least, most) == (1, Some(1)) {
                    parts.extend(inner);
                } else {
                    // What an optional group begins and ends with is told apart from the whole only roughly:
                    // its parts count as optional, one after another.
                    parts.extend(inner.into_iter().map(|part| Part {
                        least: part.least * least,
                        most: part.most.zip(most).map(|(one, times)| one.saturating_mul(times)),
                        ..part
                    }));
                }
                continue;
            }
            '[' => class(text)?,
            '\\' => escaped(text.next()?)?,
            '.' | '|' | ')' | '^' | '$' | '*' | '+' | '?' | '{' | '}' | ']' => return None,
            plain => one(plain)?,
        };
        let (least, most) = quantifier(text)?;
        parts.push(Part { set, least, most });
    }
    (!nested && !parts.is_empty()).then_some(parts)
}

fn one(character: char) -> Option<Set> {
    character.is_ascii_graphic().then(|| 1 << (character as u32))
}

fn escaped(character: char) -> Option<Set> {
    match character {
        'd' => Some(DIGITS),
        'w' => Some(LOWER | UPPER | DIGITS | 1 << ('_' as u32)),
        other if other.is_ascii_punctuation() => one(other),
        _ => None,
    }
}

fn class(text: &mut Peekable<Chars<'_>>) -> Option<Set> {
    let mut set = 0;
    let mut before: Option<char> = None;
    loop {
        match text.next()? {
            '^' if set == 0 && before.is_none() => return None,
            ']' => return Some(set),
            '\\' => {
                set |= escaped(text.next()?)?;
                before = None;
            }
            '-' if before.is_some() && text.peek().is_some_and(|next| *next != ']') => {
                set |= span(before.take()?, text.next().filter(char::is_ascii)?);
            }
            plain => {
                set |= one(plain)?;
                before = Some(plain);
            }
        }
    }
}

fn quantifier(text: &mut Peekable<Chars<'_>>) -> Option<(usize, Option<usize>)> {
    let found = match text.peek() {
        Some('*') => (0, None),
        Some('+') => (1, None),
        Some('?') => (0, Some(1)),
        Some('{') => {
            text.next();
            let mut counts = String::new();
            loop {
                match text.next()? {
                    '}' => break,
                    character => counts.push(character),
                }
            }
            let (least, most) = match counts.split_once(',') {
                None => (counts.parse().ok()?, Some(counts.parse().ok()?)),
                Some((least, "")) => (least.parse().ok()?, None),
                Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            };
            return Some((least, most));
        }
        _ => return Some((1, Some(1))),
    };
    text.next();
    Some(found)
}

fn words(set: Set, article: &str, joint: &str) -> Option<String> {
    let plural = article.is_empty();
    let noun = |singular: &str| if plural { format!("{singular}s") } else { format!("{article}{singular}") };
    let mut names = Vec::new();
    let mut rest = set;
    if set & (LOWER | UPPER) == LOWER | UPPER {
        names.push(noun("letter"));
        rest &= !(LOWER | UPPER);
    } else if set & LOWER == LOWER {
        names.push(noun("lower-case letter"));
        rest &= !LOWER;
    } else if set & UPPER == UPPER {
        names.push(noun("capital letter"));
        rest &= !UPPER;
    }
    if rest & DIGITS == DIGITS {
        names.push(noun("digit"));
        rest &= !DIGITS;
    }
    if rest & (LOWER | UPPER | DIGITS) != 0 && rest.count_ones() > 3 {
        return None;
    }
    names.extend(
        (0_u8..128).filter(|code| rest & (1 << code) != 0).map(|code| format!("\"{}\"", code as char)),
    );
    match names.split_last()? {
        (last, []) => Some(last.clone()),
        (last, first) => Some(format!("{}{joint}{last}", first.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn simple_patterns_are_told_in_words() {
        let told = |pattern| describe(pattern).unwrap_or_default();
        assert_eq!(
            told("^[a-z][a-z0-9-]{1,40}[a-z0-9]$"),
            "begin with a lower-case letter, hold only lower-case letters, digits and \"-\", end with a lower-case letter or a digit and be 3 to 42 characters long"
        );
        assert_eq!(told(r"^\d+$"), "hold only digits");
        assert_eq!(
            told("^([a-zA-Z][a-zA-Z0-9]*)(-[a-zA-Z0-9]+)*$"),
            "begin with a letter and hold only letters, digits and \"-\""
        );
        assert_eq!(told("^[A-Z]{3}$"), "hold only capital letters and be 3 characters long");
    }

    #[test]
    fn what_cannot_be_told_is_left_alone() {
        for pattern in
            ["abc", "^(?!x)a$", "^[^a]$", "^a|b$", "^.*$", "^[a-f0-9]+$", "^[", "^(a$", "^a{x}$", "^$"]
        {
            assert_eq!(describe(pattern), None, "{pattern}");
        }
    }
}
