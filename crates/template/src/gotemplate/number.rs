//! Numbers as Go reads and prints them.

use super::node::Number;
use super::quote::{quote, unquote_constant};

/// A constant of a template.
pub fn parse_constant(text: &str) -> Result<Number, String> {
    if text.starts_with('\'') {
        let character =
            unquote_constant(text).ok_or_else(|| format!("malformed character constant: {text}"))?;
        let value = i64::from(u32::from(character));
        return Ok(Number { int: Some(value), float: value as f64, is_float: false, overflows: false });
    }
    if text.ends_with('i') {
        return Err(format!("complex numbers are not supported: {text}"));
    }
    if let Some(int) = parse_int(text, 0) {
        return Ok(Number { int: Some(int), float: int as f64, is_float: false, overflows: false });
    }
    if let Some(unsigned) = parse_uint(text, 0) {
        return Ok(Number { int: None, float: unsigned as f64, is_float: false, overflows: true });
    }
    let Some(float) = parse_float(text) else {
        return Err(format!("illegal number syntax: {}", quote(text)));
    };
    let is_hexadecimal = text.trim_start_matches(['+', '-']).to_ascii_lowercase().starts_with("0x");
    let marks: &[char] = if is_hexadecimal { &['.', 'p', 'P'] } else { &['.', 'e', 'E', 'p', 'P'] };
    if !text.contains(marks) {
        return Err(format!("integer overflow: {}", quote(text)));
    }
    #[expect(clippy::float_cmp, reason = "whether the number is whole")]
    let int = (float.abs() < 9.3e18 && (float as i64) as f64 == float).then_some(float as i64);
    Ok(Number { int, float, is_float: true, overflows: false })
}

/// Go's `strconv.ParseInt` for 64 bits; base 0 reads prefixes and underscores.
pub fn parse_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits, base)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

fn parse_uint(text: &str, base: u32) -> Option<u64> {
    if text.is_empty() || text.starts_with(['+', '-']) {
        return None;
    }
    if base != 0 {
        return text.chars().all(|c| c.is_digit(base)).then(|| u64::from_str_radix(text, base).ok())?;
    }
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.contains("__") || digits.ends_with('_') || (radix == 10 && digits.starts_with('_')) {
        return None;
    }
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// Go's `strconv.ParseFloat` for 64 bits: decimal and hexadecimal, infinities and NaN; too large is `None`.
pub fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let lower = unsigned.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if let Some(hexadecimal) = lower.strip_prefix("0x") {
        return parse_hexadecimal(hexadecimal).map(|value| sign * value);
    }
    let valid = lower.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && lower.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-'));
    if !valid {
        return None;
    }
    let value: f64 = lower.parse().ok()?;
    value.is_finite().then_some(sign * value)
}

/// `1.8p3`: the exponent counts powers of two.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 13 {
        return None;
    }
    let digits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    Some(digits as f64 * 2_f64.powi(exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?))
}

/// The shortest digits that read back as `value`, and the place of the decimal point: `0.d₁d₂… × 10^point`.
fn shortest(value: f64) -> (String, i32) {
    digits_of(&format!("{:e}", value.abs()))
}

fn digits_of(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0').to_owned();
    let point = if digits.is_empty() { 0 } else { exponent.parse::<i32>().unwrap_or(0) + 1 };
    (digits, point)
}

/// Digits behind the point after which every float has zeros only.
const MOST_DIGITS: usize = 1100;
/// The power of ten from which the shortest form is written with an exponent.
const SHORTEST_LIMIT: i32 = 6;

/// Go's `strconv.FormatFloat` for the verbs `e`, `f` and `g`; no precision asks for the shortest digits.
pub fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{}Inf", if sign.is_empty() { "+" } else { sign });
    }
    let magnitude = value.abs();
    let body = match (verb, precision) {
        ('e', Some(precision)) => {
            let exact = precision.min(MOST_DIGITS);
            let text = with_exponent(&format!("{magnitude:.exact$e}"));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
            format!("{mantissa}{}e{exponent}", "0".repeat(precision - exact))
        }
        ('e', None) => with_exponent(&format!("{magnitude:e}")),
        ('f', Some(precision)) => {
            let exact = precision.min(MOST_DIGITS);
            format!("{magnitude:.exact$}{}", "0".repeat(precision - exact))
        }
        ('f', None) => format!("{magnitude}"),
        (_, precision) => general(magnitude, precision),
    };
    format!("{sign}{body}")
}

fn general(magnitude: f64, precision: Option<usize>) -> String {
    let (digits, point, threshold) = match precision {
        None => {
            let (digits, point) = shortest(magnitude);
            (digits, point, SHORTEST_LIMIT)
        }
        Some(precision) => {
            let precision = precision.clamp(1, MOST_DIGITS);
            let (digits, point) = digits_of(&format!("{magnitude:.*e}", precision - 1));
            let mut threshold = precision;
            if threshold > digits.len() && i32::try_from(digits.len()).unwrap_or(i32::MAX) >= point {
                threshold = digits.len();
            }
            (digits, point, i32::try_from(threshold).unwrap_or(i32::MAX))
        }
    };
    let exponent = point - 1;
    if digits.is_empty() {
        return "0".to_owned();
    }
    if exponent < -4 || exponent >= threshold {
        let decimals = digits.len() - 1;
        return with_exponent(&format!("{magnitude:.decimals$e}"));
    }
    let decimals = usize::try_from(i32::try_from(digits.len()).unwrap_or(i32::MAX) - point).unwrap_or(0);
    match precision {
        // Digits beyond the precision were cut already; zeros stand in for them.
        Some(_) if decimals == 0 => {
            let zeros = usize::try_from(point).unwrap_or(0).saturating_sub(digits.len());
            format!("{digits}{}", "0".repeat(zeros))
        }
        _ => format!("{magnitude:.decimals$}"),
    }
}

/// Rust's `1e6` as Go's `1e+06`.
fn with_exponent(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// The bits of a finite float: its mantissa, and the power of two that it is multiplied with.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// `%b`: the mantissa and the exponent as they are.
pub fn binary_float(value: f64) -> String {
    if !value.is_finite() {
        return format_float(value, 'g', None);
    }
    let (mantissa, exponent) = parts(value);
    format!("{}{mantissa}p{exponent:+}", if value.is_sign_negative() { "-" } else { "" })
}

/// `%x`: a hexadecimal mantissa and the exponent of two; no precision asks for all digits.
pub fn hexadecimal_float(value: f64, precision: Option<usize>) -> String {
    if !value.is_finite() {
        return format_float(value, 'g', None);
    }
    let (mut mantissa, mut exponent) = parts(value);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros().cast_signed() - 11;
        mantissa <<= shift;
        exponent += 52 - shift;
    }
    // One digit before the point, thirteen behind it.
    if let Some(precision) = precision.filter(|precision| *precision < 13) {
        let cut = 52 - 4 * precision;
        let rest = mantissa & ((1 << cut) - 1);
        let half = 1 << (cut - 1);
        mantissa >>= cut;
        if rest > half || (rest == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= cut;
        if mantissa >> 53 == 1 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let all = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let fraction = match precision {
        None => all.trim_end_matches('0').to_owned(),
        Some(precision) => all.chars().chain(std::iter::repeat('0')).take(precision).collect(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x{}{point}{fraction}p{direction}{:02}", mantissa >> 52, exponent.unsigned_abs())
}

/// A float as `%v` prints it.
pub fn print_float(value: f64) -> String {
    format_float(value, 'g', None)
}

/// A float as JSON has it.
pub fn json_float(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format_float(value, 'e', None);
        // `e-09` is written `e-9`.
        return match text.split_once("e-0") {
            Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
            None => text,
        };
    }
    format_float(value, 'f', None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::{format_float, json_float, parse_constant, parse_float, parse_int, print_float};

    #[test]
    fn floats_print_as_in_go() {
        for (value, text) in [
            (3.0, "3"),
            (2.5, "2.5"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1e21, "1e+21"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (100_000.0, "100000"),
        ] {
            assert_eq!(print_float(value), text);
        }
        assert_eq!(format_float(1234.5678, 'g', Some(6)), "1234.57");
        assert_eq!(format_float(1_234_567.0, 'g', Some(3)), "1.23e+06");
        assert_eq!(format_float(100_000.0, 'g', Some(8)), "100000");
        assert_eq!(json_float(1e-9), "1e-9");
        assert_eq!(json_float(1e6), "1000000");
    }

    #[test]
    fn constants_take_the_types_that_they_can() {
        assert_eq!(parse_constant("1_000").unwrap().int, Some(1000));
        assert_eq!(parse_constant("1e3").unwrap().int, Some(1000));
        assert!(parse_constant("1e3").unwrap().is_float);
        assert!(parse_constant("9223372036854775808").unwrap().overflows);
        assert!(parse_constant("08").is_err());
        assert_eq!(parse_int("0x1F", 0), Some(31));
        assert_eq!(parse_int("1__0", 0), None);
        assert_eq!(parse_float("0x1.8p1"), Some(3.0));
    }
}
