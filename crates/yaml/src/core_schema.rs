//! What a scalar is: the core schema of YAML 1.2 (specification §10.3.2).

use serde_json::{Number, Value};

/// The value of a plain scalar without a tag.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// The value of a scalar with a tag of the core schema; `None` when the text is no such thing. Tags outside
/// the core schema leave a text.
pub(crate) fn resolve_tagged(text: &str, tag: Option<&str>) -> Option<Value> {
    match tag {
        Some("null") => resolve(text).is_null().then_some(Value::Null),
        Some("bool") => Some(resolve(text)).filter(Value::is_boolean),
        Some("int") => number(text).filter(|number| !number.is_f64()).map(Value::Number),
        Some("float") => {
            number(text).and_then(|number| Number::from_f64(number.as_f64()?)).map(Value::Number)
        }
        Some("map" | "seq") => None,
        _ => Some(Value::String(text.to_owned())),
    }
}

/// Whether some reader, of YAML 1.1 or 1.2, takes a plain `text` for something else than a text.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "<<" | "="
    );
    // Numbers in every notation of either version: octal, sexagesimal, dates, infinities.
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'))
        && (lower.trim_start_matches(['+', '-']) == ".inf"
            || lower == ".nan"
            || text.chars().all(|c| {
                c.is_ascii_hexdigit()
                    || matches!(c, '.' | ':' | '_' | '+' | '-' | 'x' | 'o' | 'T' | 'Z' | ',')
            }));
    word || numeric || number(text).is_some()
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    if !whole.is_empty() && rest.is_empty() {
        let plain = text.strip_prefix('+').unwrap_or(text);
        return match (plain.parse::<i64>(), plain.parse::<u64>()) {
            (Ok(number), _) => Some(number.into()),
            (_, Ok(number)) => Some(number.into()),
            _ => Number::from_f64(plain.parse().ok()?),
        };
    }
    let (fraction, exponent) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent_is_fine = exponent.is_empty()
        || exponent
            .strip_prefix(['e', 'E'])
            .map(|power| digits(power.strip_prefix(['-', '+']).unwrap_or(power)))
            .is_some_and(|(power, rest)| !power.is_empty() && rest.is_empty());
    if exponent_is_fine { Number::from_f64(text.parse().ok()?) } else { None }
}

fn radix(digits: &str, base: u32) -> Option<Number> {
    // `from_str_radix` would take a sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, base).ok().map(Number::from)
}

/// Splits `text` after its leading decimal digits.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn scalars_are_what_the_core_schema_says() {
        let rows: &[(&str, Value)] = &[
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("nULL", json!("nULL")),
            ("True", json!(true)),
            ("tRUE", json!("tRUE")),
            ("yes", json!("yes")),
            ("No", json!("No")),
            ("on", json!("on")),
            ("0123", json!(123)),
            ("+12", json!(12)),
            ("-7", json!(-7)),
            ("0o14", json!(12)),
            ("0xFf", json!(255)),
            ("0b11", json!("0b11")),
            ("1_000", json!("1_000")),
            ("12:30", json!("12:30")),
            ("2020-01-01", json!("2020-01-01")),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("-1.5E-2", json!(-0.015)),
            (".", json!(".")),
            ("e3", json!("e3")),
            ("1e", json!("1e")),
            ("1.2.3", json!("1.2.3")),
            ("18446744073709551615", json!(u64::MAX)),
            ("--1", json!("--1")),
            ("0x", json!("0x")),
            (".inf", json!(".inf")),
        ];
        for (text, value) in rows {
            assert_eq!(&super::resolve(text), value, "{text}");
        }
    }

    #[test]
    fn tags_decide() {
        assert_eq!(super::resolve_tagged("12", Some("str")), Some(json!("12")));
        assert_eq!(super::resolve_tagged("12", Some("float")), Some(json!(12.0)));
        assert_eq!(super::resolve_tagged("x", Some("int")), None);
        assert_eq!(super::resolve_tagged("12", None), Some(json!("12")));
    }
}
