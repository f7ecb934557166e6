//! Where the cursor stands in a question that is still being written.

/// The gap that a completion fills.
pub(super) struct Spot {
    /// The field that was named, when the cursor stands in a value.
    pub(super) field: Option<String>,
    /// `=`, or nothing.
    pub(super) sign: &'static str,
    /// What was typed of the word or value up to the cursor.
    pub(super) typed: String,
    /// Whether a quote was opened.
    pub(super) is_quoted: bool,
    /// The first character that is replaced.
    pub(super) from: usize,
    /// Behind the last one.
    pub(super) to: usize,
    /// Whether something stands before it that `or` could follow.
    pub(super) follows: bool,
    /// The rest of the question, where it can be asked without the gap; empty otherwise.
    pub(super) rest: String,
}

/// Finds the gap at a cursor, which counts characters.
pub(super) fn spot(text: &str, cursor: usize) -> Spot {
    let chars: Vec<char> = text.chars().collect();
    let cursor = cursor.min(chars.len());
    let mut term = Term::default();
    let (mut quoted, mut escaped) = (false, false);
    // What makes the rest another question without the gap.
    let mut is_plain = true;
    for (at, next) in chars.iter().copied().enumerate().take(cursor) {
        if escaped {
            escaped = false;
        } else if next == '\\' {
            escaped = true;
        } else if quoted {
            quoted = next != '"';
        } else {
            match next {
                '"' => quoted = true,
                '(' | ')' => {
                    is_plain = false;
                    term = Term::begin(at + 1);
                }
                _ if next.is_whitespace() => term = Term::begin(at + 1),
                '-' if at == term.start => term.start += 1,
                ':' if term.colon.is_none() => term.colon = Some(at),
                ',' if term.colon.is_some() => term.comma = Some(at),
                _ => {}
            }
        }
    }
    let mut to = cursor;
    let ends = |next: &char| next.is_whitespace() || matches!(next, '(' | ')' | '"');
    while let Some(next) = chars.get(to) {
        if ends(next) || term.colon.is_some() && *next == ',' {
            break;
        }
        to += 1;
    }
    if quoted && chars.get(to) == Some(&'"') {
        to += 1;
    }
    let part = |from: usize, to: usize| chars.get(from..to).unwrap_or_default().iter().collect::<String>();
    let from = term.comma.or(term.colon).map_or(term.start, |before| before + 1);
    let sign = if term.colon.is_some() && chars.get(from) == Some(&'=') && from < cursor { "=" } else { "" };
    let typed = part(from + sign.len(), cursor);
    let before = part(0, term.begin);
    // The other values of the field go with it.
    let rest_of_term = chars.get(to..).unwrap_or_default().iter();
    let end =
        to + rest_of_term.take_while(|next| !next.is_whitespace() && !matches!(next, '(' | ')')).count();
    let after = part(end, chars.len());
    let rest = format!("{before} {after}");
    let words = || rest.split_whitespace();
    let is_plain = is_plain && !words().any(|it| it.eq_ignore_ascii_case("or") || it.contains(['(', ')']));
    // A negation before the gap belongs to what will stand there.
    let rest = match rest.trim_end().rsplit_once(char::is_whitespace) {
        Some((rest, last)) if last.eq_ignore_ascii_case("not") => rest.to_owned(),
        _ => rest,
    };
    let last = before.split_whitespace().next_back();
    Spot {
        field: term.colon.map(|colon| unescaped(&part(term.start, colon))),
        sign,
        is_quoted: typed.starts_with('"') || quoted,
        typed: unescaped(typed.trim_start_matches('"')),
        from,
        to,
        follows: last.is_some_and(|last| {
            !["or", "and", "not"].iter().any(|word| last.eq_ignore_ascii_case(word)) && !last.ends_with('(')
        }),
        rest: if is_plain { rest } else { String::new() },
    }
}

#[derive(Default)]
struct Term {
    /// Its first character.
    begin: usize,
    /// The same behind dashes.
    start: usize,
    colon: Option<usize>,
    comma: Option<usize>,
}

impl Term {
    fn begin(at: usize) -> Self {
        Self { begin: at, start: at, ..Self::default() }
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        if next == '\\' {
            plain.extend(chars.next());
        } else {
            plain.push(next);
        }
    }
    plain
}
