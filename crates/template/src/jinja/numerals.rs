//! Numbers as C prints them, which Python's two ways of formatting share.

/// `%e`: one digit before the point, an exponent of two digits or more.
pub fn exponential(number: f64, precision: usize) -> String {
    let written = format!("{number:.precision$e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `%g`: as many digits as `precision`, without zeros at the end unless `keep_zeros`.
pub fn general(number: f64, precision: usize, keep_zeros: bool) -> String {
    if number == 0.0 && !keep_zeros {
        return if number.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let precision = precision.max(1);
    let scientific = exponential(number, precision - 1);
    let exponent: i64 =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if (-4..precision as i64).contains(&exponent) {
        let decimals = usize::try_from(precision as i64 - 1 - exponent).unwrap_or(0);
        let fixed = format!("{number:.decimals$}");
        if keep_zeros { fixed } else { trim_zeros(&fixed).to_owned() }
    } else {
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        let digits = if keep_zeros { digits } else { trim_zeros(digits) };
        format!("{digits}e{exponent}")
    }
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// `inf`, `nan` and their sign; `None` for numbers.
pub fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("nan")
    } else if number.is_infinite() {
        Some(if number > 0.0 { "inf" } else { "-inf" })
    } else {
        None
    }
}

/// Digits of a whole number without its sign.
pub fn digits(number: u128, radix: u32) -> String {
    match radix {
        2 => format!("{number:b}"),
        8 => format!("{number:o}"),
        16 => format!("{number:x}"),
        _ => number.to_string(),
    }
}

/// Separators between groups of digits before the point.
pub fn group(digits: &str, separator: char, size: usize) -> String {
    let (whole, rest) = digits.find(['.', 'e']).map_or((digits, ""), |place| digits.split_at(place));
    let length = whole.chars().count();
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (length - index).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(digit);
    }
    out.push_str(rest);
    out
}
