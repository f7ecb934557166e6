//! Breaking text into lines, as Python's `textwrap` does.

/// Where Python ends lines.
pub fn lines(text: &str) -> Vec<&str> {
    lines_with_ends(text).into_iter().map(|(line, _)| line).collect()
}

/// Lines with the number of bytes of what ends them.
pub fn lines_with_ends(text: &str) -> Vec<(&str, usize)> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| {
            matches!(
                c,
                '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        });
        let Some(end) = end else {
            lines.push((rest, 0));
            break;
        };
        let (line, after) = rest.split_at(end);
        let length =
            if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(0, char::len_utf8) };
        lines.push((line, length));
        rest = after.get(length..).unwrap_or_default();
    }
    lines
}

const fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

fn is_letter(c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && !c.is_numeric())
}

/// Pieces that stay whole: white space, words, and parts of words with hyphens.
fn chunks(text: &[char], break_on_hyphens: bool) -> Vec<&[char]> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let get = |index: usize| text.get(index).copied();
    let mut cut = |start: &mut usize, end: usize| {
        if end > *start {
            chunks.extend(text.get(*start..end));
            *start = end;
        }
    };
    let mut index = 0;
    while let Some(c) = get(index) {
        let before = index.checked_sub(1).and_then(get);
        if before.is_some_and(|before| is_space(before) != is_space(c)) {
            cut(&mut start, index);
        }
        if break_on_hyphens && c == '-' {
            let run = text.iter().skip(index).take_while(|c| **c == '-').count();
            let follows_word =
                before.is_some_and(|c| c == '_' || c.is_alphanumeric() || "!\"'&.,?".contains(c));
            let leads_word = get(index + run).is_some_and(|c| c == '_' || c.is_alphanumeric());
            if run >= 2 && follows_word && leads_word {
                cut(&mut start, index);
                index += run;
                cut(&mut start, index);
                continue;
            }
            let letter = |index: Option<usize>| index.and_then(get).is_some_and(is_letter);
            let back = |count: usize| index.checked_sub(count);
            let after_letters = letter(back(1)) && letter(back(2)) && back(2) >= Some(start);
            let after_initials = letter(back(1)) && back(2).and_then(get) == Some('-') && letter(back(3));
            let next = if get(index + 2) == Some('-') { index + 3 } else { index + 2 };
            let before_letters = letter(Some(index + 1)) && letter(Some(next));
            if (after_letters || after_initials) && before_letters {
                cut(&mut start, index + 1);
            }
        }
        index += 1;
    }
    cut(&mut start, text.len());
    chunks
}

/// Lines of at most `width` characters, which is at least 1.
pub fn wrap(text: &str, width: usize, break_long_words: bool, break_on_hyphens: bool) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut left: Vec<&[char]> = chunks(&characters, break_on_hyphens);
    left.reverse();
    let blank = |chunk: &[char]| chunk.iter().all(|c| c.is_whitespace());
    let mut lines: Vec<String> = Vec::new();
    while let Some(next) = left.last().copied() {
        if blank(next) && !lines.is_empty() {
            left.pop();
        }
        let mut line: Vec<&[char]> = Vec::new();
        let mut length = 0;
        while let Some(chunk) = left.last().copied().filter(|chunk| length + chunk.len() <= width) {
            line.push(chunk);
            length += chunk.len();
            left.pop();
        }
        if let Some(chunk) = left.last().copied().filter(|chunk| chunk.len() > width) {
            if break_long_words {
                let room = width - length;
                let mut end = room;
                if break_on_hyphens {
                    let hyphen = chunk.iter().take(room).rposition(|c| *c == '-').filter(|place| *place > 0);
                    if let Some(hyphen) = hyphen.filter(|place| chunk.iter().take(*place).any(|c| *c != '-'))
                    {
                        end = hyphen + 1;
                    }
                }
                let (head, tail) = chunk.split_at(end.min(chunk.len()));
                line.push(head);
                left.pop();
                left.push(tail);
            } else if line.is_empty() {
                line.push(chunk);
                left.pop();
            }
        }
        if line.last().is_some_and(|chunk| blank(chunk)) {
            line.pop();
        }
        if !line.is_empty() {
            lines.push(line.concat().into_iter().collect());
        }
    }
    lines
}
