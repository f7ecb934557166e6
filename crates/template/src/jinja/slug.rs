//! `slugify`, as python-slugify 9 has it by default.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, count, flag, integer, text};
use crate::jinja::entities;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::printing::text_of;
use crate::jinja::value::{Heap, Value};

const DASH: &str = "-";
/// How large a pattern may become when it is compiled.
const LARGEST_PATTERN: usize = 1 << 20;

pub fn slugify(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let names = [
        "entities",
        "decimal",
        "hexadecimal",
        "max_length",
        "word_boundary",
        "separator",
        "save_order",
        "stopwords",
        "regex_pattern",
        "lowercase",
        "replacements",
        "allow_unicode",
    ];
    let [
        named,
        decimal,
        hexadecimal,
        longest,
        boundary,
        separator,
        in_order,
        stopwords,
        pattern,
        lowercase,
        replacements,
        unicode,
    ] = arguments.bind("slugify", names)?;
    let heap = &interpreter.heap;
    let Some(source) = value.defined()?.as_text() else {
        return Err(Fault::value(format!("text must be str, bytes or bytearray, not {}", value.type_name()))
            .hint("Add |string before."));
    };
    let replacements = pairs(replacements.as_ref(), heap)?;
    let unicode = flag(unicode.as_ref(), false)?;
    let lowercase = flag(lowercase.as_ref(), true)?;
    let mut slug = source.to_owned();
    for (old, new) in &replacements {
        slug = replace(&slug, old, new, heap)?;
    }
    slug = collapse(&slug, |c| c == '\'', DASH);
    slug = if unicode { slug.nfkc().collect() } else { transliterate(&slug.nfkd().collect::<String>()) };
    heap.meter.allocate(slug.len())?;
    if flag(named.as_ref(), true)? {
        slug = decode(&slug, |entity| (!entity.starts_with('#')).then(|| entities::named(entity)).flatten());
    }
    if flag(decimal.as_ref(), true)? {
        slug = decode(&slug, |entity| {
            entity.strip_prefix('#').filter(|d| digits(d)).and_then(|_| entities::decode(entity))
        });
    }
    if flag(hexadecimal.as_ref(), true)? {
        slug = decode(&slug, |entity| entity.strip_prefix("#x").and_then(|_| entities::decode(entity)));
    }
    slug = if unicode { slug.nfkc().collect() } else { slug.nfkd().collect() };
    if lowercase {
        slug = slug.to_lowercase();
    }
    slug = slug.replace('\'', "");
    slug = without_commas(&slug);
    slug = match text(pattern, "regex_pattern")?.filter(|pattern| !pattern.is_empty()) {
        Some(pattern) => {
            let pattern = regex::RegexBuilder::new(&pattern)
                .size_limit(LARGEST_PATTERN)
                .build()
                .map_err(|error| Fault::value(format!("regex_pattern is not a pattern: {error}")))?;
            heap.meter.spend(slug.len() as u64)?;
            pattern.replace_all(&slug, DASH).into_owned()
        }
        None if unicode => collapse(&slug, |c| !c.is_alphanumeric(), DASH),
        None => collapse(&slug, |c| c != '-' && !c.is_ascii_alphanumeric(), DASH),
    };
    let dashed = collapse(&slug, |c| c == '-', DASH);
    slug = dashed.trim_matches('-').into();
    if let Some(stopwords) = &stopwords {
        let mut excluded = Vec::new();
        for word in heap.items(stopwords)? {
            let word = text_of(&word, heap)?;
            excluded.push(if lowercase { word.to_lowercase() } else { word });
        }
        if !excluded.is_empty() {
            heap.meter.spend((excluded.len() * slug.len()) as u64 / 16)?;
            let kept: Vec<&str> =
                slug.split('-').filter(|word| !excluded.iter().any(|stop| stop == word)).collect();
            slug = kept.join(DASH);
        }
    }
    for (old, new) in &replacements {
        slug = replace(&slug, old, new, heap)?;
    }
    if integer(longest.as_ref(), "max_length", 0)? > 0 {
        let longest = count(longest.as_ref(), "max_length", 0)?;
        slug = truncate(&slug, longest, flag(boundary.as_ref(), false)?, flag(in_order.as_ref(), false)?);
    }
    match text(separator, "separator")? {
        Some(separator) => heap.text(replace(&slug, DASH, &separator, heap)?),
        None => heap.text(slug),
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn pairs(value: Option<&Value>, heap: &Heap) -> Outcome<Vec<(String, String)>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let mut pairs = Vec::new();
    for pair in heap.items(value)? {
        match heap.items(&pair)?.as_slice() {
            [old, new] => pairs.push((text_of(old, heap)?, text_of(new, heap)?)),
            _ => return Err(Fault::value("replacements are pairs of an old and a new text")),
        }
    }
    Ok(pairs)
}

/// Replaces, and pays for what comes out.
pub fn replace(text: &str, old: &str, new: &str, heap: &Heap) -> Outcome<String> {
    heap.meter.spend(text.len() as u64 / 16)?;
    let times = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    heap.meter.allocate(text.len().saturating_add(times.saturating_mul(new.len())))?;
    Ok(text.replace(old, new))
}

/// Each run of such characters becomes one replacement.
fn collapse(text: &str, is_such: impl Fn(char) -> bool, replacement: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let such = is_such(c);
        if !such {
            out.push(c);
        } else if !in_run {
            out.push_str(replacement);
        }
        in_run = such;
    }
    out
}

/// `1,000` is `1000`.
fn without_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        if c == ',' && before.is_numeric() && characters.peek().is_some_and(|next| next.is_numeric()) {
            before = c;
            continue;
        }
        out.push(c);
        before = c;
    }
    out
}

/// `&…;` by a rule; what it does not know stays.
fn decode(text: &str, rule: impl Fn(&str) -> Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('&') {
        let (before, entity) = rest.split_at(place);
        out.push_str(before);
        let end = entity.char_indices().take(40).find(|(_, c)| *c == ';').map(|(index, _)| index);
        let decoded = end.and_then(|end| Some((rule(entity.get(1..end)?)?, end)));
        if let Some((c, end)) = decoded {
            out.push(c);
            rest = entity.get(end + 1..).unwrap_or_default();
        } else {
            out.push('&');
            rest = entity.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// Letters of all scripts in ASCII. The tables are those of Text::Unidecode; what its Python edition leaves out or
/// has otherwise stands here.
fn transliterate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push_str(match c as u32 {
            0x80..=0x9f | 0x2e5..=0x2eb | 0xfdf0..=0xfdfb | 0x1_0000.. => "",
            0x2ef..=0x2ff
            | 0x3f4..=0x3f9
            | 0x3fc..=0x3ff
            | 0x6ff
            | 0xaf0
            | 0xaf1
            | 0xaf9
            | 0x13f5..=0x13ff
            | 0x1efa..=0x1eff
            | 0x25f8..=0x25ff
            | 0x30ff
            | 0x33ff
            | 0xfdfc
            | 0xfdfd => "[?]",
            0x25f4..=0x25f7 => "#",
            _ => unidecode::unidecode_char(c),
        });
    }
    out
}

fn truncate(slug: &str, longest: usize, word_boundary: bool, in_order: bool) -> String {
    let slug = slug.trim_matches('-');
    let length = |text: &str| text.chars().count();
    if length(slug) < longest {
        return slug.to_owned();
    }
    let cut = || slug.chars().take(longest).collect::<String>();
    if !word_boundary {
        return cut().trim_matches('-').to_owned();
    }
    if !slug.contains('-') {
        return cut();
    }
    let mut out = String::new();
    let mut taken = 0;
    for word in slug.split('-').filter(|word| !word.is_empty()) {
        let next = taken + length(word);
        if next < longest {
            out.push_str(word);
            out.push('-');
            taken = next + 1;
        } else if next == longest {
            out.push_str(word);
            break;
        } else if in_order {
            break;
        }
    }
    if out.is_empty() {
        out = cut();
    }
    out.trim_matches('-').to_owned()
}
