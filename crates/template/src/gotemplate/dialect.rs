//! RE2's regular expressions in the dialect of the crate that runs them.
//!
//! The differences: in RE2 `\d`, `\w`, `\s` and `\b` know ASCII only, a brace that counts nothing is itself, sets
//! have no operators and no sets within them, and `\Q…\E` quotes.

/// The same expression for the `regex` crate.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        rest = match character {
            '\\' => escape(rest, after, &mut out)?,
            '[' => set(rest, &mut out)?,
            '{' => brace(after, &mut out)?,
            '}' => literal('}', after, &mut out),
            '(' => group(rest, after, &mut out)?,
            other => {
                out.push(other);
                after
            }
        };
    }
    Ok(out)
}

fn literal<'p>(character: char, after: &'p str, out: &mut String) -> &'p str {
    if !character.is_alphanumeric()
        && character.is_ascii()
        && !character.is_ascii_control()
        && character != ' '
        && !matches!(character, '<' | '>')
    {
        out.push('\\');
    }
    out.push(character);
    after
}

fn escape<'p>(rest: &'p str, after: &'p str, out: &mut String) -> Result<&'p str, String> {
    let Some(character) = after.chars().next() else {
        return Err("trailing backslash at end of expression: ``".to_owned());
    };
    let next = after.get(character.len_utf8()..).unwrap_or_default();
    let class = match character {
        'Q' => {
            let (quoted, after) = next.split_once("\\E").unwrap_or((next, ""));
            for character in quoted.chars() {
                literal(character, "", out);
            }
            return Ok(after);
        }
        'E' => return Ok(next),
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'b' => r"(?-u:\b)",
        'B' => r"(?-u:\B)",
        'A' | 'z' | 'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'p' | 'P' | 'x' => {
            out.push('\\');
            out.push(character);
            return Ok(next);
        }
        '0'..='7' => return octal(rest, after, out),
        c if c.is_ascii_alphanumeric() || !c.is_ascii() => {
            return Err(format!("invalid escape sequence: `\\{c}`"));
        }
        c => return Ok(literal(c, next, out)),
    };
    out.push_str(class);
    Ok(next)
}

/// `\0`, `\07`, `\012`, and `\123` with three digits.
fn octal<'p>(rest: &'p str, digits: &'p str, out: &mut String) -> Result<&'p str, String> {
    let length = digits.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let number = digits.get(..length).unwrap_or_default();
    if !number.starts_with('0') && length < 2 {
        return Err(format!("invalid escape sequence: `{}`", rest.get(..2).unwrap_or(rest)));
    }
    let value = u32::from_str_radix(number, 8).unwrap_or(0);
    out.push_str(&format!("\\x{{{value:x}}}"));
    Ok(digits.get(length..).unwrap_or_default())
}

/// A count if it is one, else a literal brace.
fn brace<'p>(after: &'p str, out: &mut String) -> Result<&'p str, String> {
    let count = after.split_once('}').filter(|(inner, _)| {
        let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        !least.is_empty() && digits(least) && digits(most)
    });
    let Some((inner, rest)) = count else { return Ok(literal('{', after, out)) };
    let too_large = inner
        .split(',')
        .filter(|bound| !bound.is_empty())
        .any(|bound| bound.parse::<u32>().map_or(true, |bound| bound > 1000));
    if too_large {
        return Err(format!("invalid repeat count: `{{{inner}}}`"));
    }
    out.push_str(&format!("{{{inner}}}"));
    Ok(rest)
}

/// Groups are written the same; only flags that RE2 does not have are refused.
fn group<'p>(rest: &'p str, after: &'p str, out: &mut String) -> Result<&'p str, String> {
    out.push('(');
    let Some(inner) = after.strip_prefix('?') else { return Ok(after) };
    if inner.starts_with("P<") || inner.starts_with('<') {
        return Ok(after);
    }
    let length = inner.find([':', ')']).unwrap_or(inner.len());
    let flags = inner.get(..length).unwrap_or_default();
    if !flags.chars().all(|c| "imsU-".contains(c)) {
        let shown: String = rest.chars().take(3).collect();
        return Err(format!("invalid or unsupported Perl syntax: `{shown}`"));
    }
    Ok(after)
}

/// A set in brackets, with everything escaped that only the crate would give a meaning.
fn set<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, String> {
    let missing = || format!("missing closing ]: `{rest}`");
    let mut inner = rest.get(1..).unwrap_or_default();
    out.push('[');
    if let Some(after) = inner.strip_prefix('^') {
        out.push('^');
        inner = after;
    }
    let mut first = true;
    loop {
        let Some(character) = inner.chars().next() else { return Err(missing()) };
        let after = inner.get(character.len_utf8()..).unwrap_or_default();
        inner = match character {
            ']' if !first => {
                out.push(']');
                return Ok(after);
            }
            '[' if after.starts_with(':') && after.contains(":]") => {
                let (name, after) = after.split_once(":]").unwrap_or((after, ""));
                out.push_str(&format!("[{name}:]"));
                after
            }
            '\\' => match after.chars().next() {
                Some('b' | 'B' | 'A' | 'z' | 'Q' | 'E') => {
                    let shown: String = inner.chars().take(2).collect();
                    return Err(format!("invalid escape sequence: `{shown}`"));
                }
                _ => escape(inner, after, out)?,
            },
            '-' => {
                // A hyphen at an end is itself; two in a row are an operator for the crate.
                if first || after.starts_with(']') || after.starts_with('-') {
                    out.push('\\');
                }
                out.push('-');
                after
            }
            other => {
                if matches!(other, '[' | ']' | '&' | '~' | '^') {
                    out.push('\\');
                }
                out.push(other);
                after
            }
        };
        first = false;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::translate;

    #[test]
    fn only_what_differs_is_rewritten() {
        for (go, rust) in [
            (r"^v(\d+)\.x$", r"^v([0-9]+)\.x$"),
            (r"[\w.-]+", r"[[0-9A-Za-z_].\-]+"),
            (r"a{2,3}{x}", r"a{2,3}\{x\}"),
            (r"[[a&&b]", r"[\[a\&\&b]"),
            (r"\Qa.b\Ec", r"a\.bc"),
            (r"[^]a]", r"[^\]a]"),
            (r"[[:alpha:]-]", r"[[:alpha:]\-]"),
            (r"(?P<n>a)(?i:b)", r"(?P<n>a)(?i:b)"),
            (r"\bé\b", r"(?-u:\b)é(?-u:\b)"),
        ] {
            assert_eq!(translate(go).unwrap(), rust);
        }
        for broken in [r"(?=a)", r"\y", r"[a", r"a{1001}", "\\"] {
            assert!(translate(broken).is_err(), "{broken}");
        }
    }
}
