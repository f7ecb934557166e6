//! Capitals and small letters, and names made of words.

/// One character as a capital, where that is one character too.
fn upper_character(character: char) -> char {
    let mut mapped = character.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

fn lower_character(character: char) -> char {
    // The dotted capital I has a dot above as a second character elsewhere, and none in Go.
    character.to_lowercase().next().unwrap_or(character)
}

pub fn upper(text: &str) -> String {
    text.chars().map(upper_character).collect()
}

pub fn lower(text: &str) -> String {
    text.chars().map(lower_character).collect()
}

/// Go's `strings.Title`: a capital after everything that is no letter, digit or underscore.
pub fn title(text: &str) -> String {
    let mut after_separator = true;
    text.chars()
        .map(|character| {
            let mapped = if after_separator { upper_character(character) } else { character };
            after_separator = if character.is_ascii() {
                !(character.is_ascii_alphanumeric() || character == '_')
            } else {
                !character.is_alphanumeric() && character.is_whitespace()
            };
            mapped
        })
        .collect()
}

/// A small letter at the start of every word.
pub fn untitle(text: &str) -> String {
    let mut after_space = true;
    text.chars()
        .map(|character| {
            if character.is_whitespace() {
                after_space = true;
                return character;
            }
            let mapped = if after_space { lower_character(character) } else { character };
            after_space = false;
            mapped
        })
        .collect()
}

pub fn swap_case(text: &str) -> String {
    text.chars()
        .map(
            |character| {
                if character.is_uppercase() { lower_character(character) } else { upper_character(character) }
            },
        )
        .collect()
}

fn is_connector(character: char) -> bool {
    matches!(character, '-' | '_') || character.is_whitespace()
}

/// Words at spaces, underscores and hyphens, each with one capital. Connectors at the ends and double ones stay.
pub fn pascal_case(text: &str) -> String {
    let mut characters = text.chars();
    let mut out = String::with_capacity(text.len());
    let mut in_capitals = false;
    let mut before = None;
    for character in characters.by_ref() {
        if !is_connector(character) {
            in_capitals = character.is_uppercase();
            before = Some(upper_character(character));
            break;
        }
        out.push(character);
    }
    let Some(mut before) = before else { return out };
    for character in characters {
        let mut character = character;
        if is_connector(character) && is_connector(before) {
            out.push(before);
            before = character;
            continue;
        }
        if is_connector(before) {
            in_capitals = character.is_uppercase();
            character = upper_character(character);
        } else {
            // The rest of a word in capitals becomes small.
            if in_capitals && character.is_uppercase() {
                character = lower_character(character);
            } else {
                in_capitals = false;
            }
            out.push(before);
        }
        before = character;
    }
    out.push(before);
    out
}

/// What a run of characters is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Number,
    /// Begins with a capital.
    Capital,
    Small,
    Connector,
    Punctuation,
    Other,
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic()
}

fn is_punctuation(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_punctuation() && !"$+<=>^`|~".contains(character);
    }
    matches!(character, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}')
}

/// The runs of a name: `HTTPServer2xx` has `HTTP`, `Server`, `2` and `xx`.
fn runs(text: &str) -> Vec<(Run, &str)> {
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = match first {
            c if is_connector(c) => Run::Connector,
            c if is_punctuation(c) => Run::Punctuation,
            c if c.is_uppercase() => Run::Capital,
            c if is_letter(c) => Run::Small,
            c if c.is_numeric() => Run::Number,
            _ => Run::Other,
        };
        let small = |c: char| is_letter(c) && !c.is_uppercase();
        let take = |test: &dyn Fn(char) -> bool| rest.find(|c| !test(c)).unwrap_or(rest.len());
        let length = match run {
            Run::Connector => take(&is_connector),
            Run::Punctuation => take(&is_punctuation),
            Run::Small => take(&small),
            Run::Number => take(&|c| c.is_numeric()),
            Run::Other => {
                take(&|c| !(is_connector(c) || is_letter(c) || c.is_numeric() || is_punctuation(c)))
            }
            Run::Capital => capital_run(rest, first),
        };
        let (word, after) = rest.split_at(length.max(first.len_utf8()));
        runs.push((run, word));
        rest = after;
    }
    runs
}

/// Capitals up to the one that begins the next word, or one capital with the small letters after it.
fn capital_run(text: &str, first: char) -> usize {
    let capitals = text.find(|c: char| !c.is_uppercase()).unwrap_or(text.len());
    if capitals > first.len_utf8() {
        let next_is_letter = text.get(capitals..).is_some_and(|rest| rest.starts_with(is_letter));
        let last = text.get(..capitals).and_then(|word| word.chars().next_back()).map_or(0, char::len_utf8);
        return if next_is_letter { capitals - last } else { capitals };
    }
    let tail = text.get(capitals..).unwrap_or_default();
    capitals + tail.find(|c: char| !is_letter(c) || c.is_uppercase()).unwrap_or(tail.len())
}

/// The words of a name in small letters with a connector between them. A number belongs to the word before it,
/// unless small letters follow it.
pub fn separated(text: &str, connector: char) -> String {
    let runs = runs(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut position = 0;
    let get = |index: usize| runs.get(index).copied();
    let put = |out: &mut String, (run, word): (Run, &str)| match run {
        Run::Connector => out.extend(word.chars().map(|_| connector)),
        Run::Capital => out.push_str(&lower(word)),
        _ => out.push_str(word),
    };
    let joins = |run: Option<(Run, &str)>| {
        matches!(run, Some((Run::Number | Run::Capital | Run::Small | Run::Other, _)))
    };
    while let Some(current) = get(position) {
        put(&mut out, current);
        position += 1;
        match current.0 {
            Run::Connector | Run::Punctuation => continue,
            Run::Number => {
                while let Some(next @ (Run::Small | Run::Number, _)) = get(position) {
                    put(&mut out, next);
                    position += 1;
                }
            }
            _ => {
                if let Some(number @ (Run::Number, _)) = get(position) {
                    let small_follows = matches!(get(position + 1), Some((Run::Small, _)));
                    if small_follows || get(position + 1).is_none() {
                        // A number at the very end stays with its word as well.
                        if small_follows {
                            out.push(connector);
                        }
                        put(&mut out, number);
                        position += 1;
                        while let Some(next @ (Run::Small | Run::Number, _)) = get(position) {
                            put(&mut out, next);
                            position += 1;
                        }
                    } else {
                        put(&mut out, number);
                        position += 1;
                    }
                }
            }
        }
        if joins(get(position)) {
            out.push(connector);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{pascal_case, separated, title};

    #[test]
    fn names_are_cut_into_words() {
        for (name, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("GO-PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("foo", "foo"),
            ("abc123", "abc123"),
            ("_a__B_", "_a__b_"),
        ] {
            assert_eq!(separated(name, '_'), snake, "{name}");
        }
    }

    #[test]
    fn names_get_capitals() {
        for (name, pascal) in [
            ("some_words", "SomeWords"),
            ("http_server", "HttpServer"),
            ("_complex__case_", "_Complex_Case_"),
            ("some words", "SomeWords"),
            ("GOLANG_IS_GREAT", "GolangIsGreat"),
            ("a", "A"),
        ] {
            assert_eq!(pascal_case(name), pascal, "{name}");
        }
        assert_eq!(title("foo-bar_baz's"), "Foo-Bar_baz'S");
    }
}
