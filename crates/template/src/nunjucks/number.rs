//! Numbers as JavaScript writes and reads them.

use crate::nunjucks::text::is_space;

/// The shortest text that reads back as the same number (ECMA-262, Number::toString).
pub fn print(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return (number as i64).to_string();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = digits.len() as i32;
    let sign = if number < 0.0 { "-" } else { "" };
    let body = if count <= point && point <= 21 {
        format!("{digits}{}", "0".repeat((point - count).unsigned_abs() as usize))
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(point.unsigned_abs() as usize);
        format!("{whole}.{fraction}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else {
        let exponent = point - 1;
        let direction = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{direction}{}", exponent.abs())
    };
    format!("{sign}{body}")
}

/// `toString(radix)`: as many digits behind the point as tell the number from its neighbours, as V8 gives them.
pub fn print_radix(number: f64, radix: u32) -> String {
    if radix == 10 || !number.is_finite() {
        return print(number);
    }
    let base = f64::from(radix);
    let absolute = number.abs();
    let mut whole = absolute.floor();
    let mut fraction = absolute - whole;
    // Half of the distance to the next number, in the unit of the digit at hand.
    let mut precision = (0.5 * (absolute.next_up() - absolute)).max(0.0_f64.next_up());
    let mut decimals: Vec<u32> = Vec::new();
    while fraction >= precision {
        fraction *= base;
        precision *= base;
        let digit = fraction as u32;
        decimals.push(digit);
        fraction -= f64::from(digit);
        let rounds_up = fraction > 0.5 || (fraction >= 0.5 && digit % 2 == 1);
        if rounds_up && fraction + precision > 1.0 {
            while decimals.pop_if(|last| *last + 1 == radix).is_some() {}
            match decimals.last_mut() {
                Some(last) => *last += 1,
                None => whole += 1.0,
            }
            break;
        }
    }
    let mut digits: Vec<u32> = Vec::new();
    // Beyond 53 bits there is nothing to tell digits apart by.
    while whole / base >= 9_007_199_254_740_992.0 {
        whole /= base;
        digits.push(0);
    }
    loop {
        let digit = whole % base;
        digits.push(digit as u32);
        whole = (whole - digit) / base;
        if whole < 1.0 {
            break;
        }
    }
    let digit = |value: &u32| char::from_digit(*value, radix).unwrap_or('0');
    let sign = if number < 0.0 { "-" } else { "" };
    let whole: String = digits.iter().rev().map(digit).collect();
    let decimals: String = decimals.iter().map(digit).collect();
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{decimals}")
}

/// The number rounded to `count` digits, halves away from zero, with the exponent of the first.
fn round_digits(number: f64, count: usize) -> (String, i32) {
    // No number has more digits than this, so it is exact.
    let exact = format!("{:.800e}", number.abs());
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let mut exponent = exponent.parse::<i32>().unwrap_or(0);
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let up = digits.get(count).is_some_and(|digit| *digit >= b'5');
    let mut kept: Vec<u8> = digits.into_iter().take(count).collect();
    if up && !carry(&mut kept) {
        kept.insert(0, b'1');
        kept.truncate(count);
        exponent += 1;
    }
    (kept.into_iter().map(char::from).collect(), exponent)
}

/// Adds one to the last digit; `false` when the sum needs one digit more.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return true;
        }
    }
    false
}

fn scientific(number: f64, digits: &str, exponent: i32) -> String {
    let sign = if number < 0.0 { "-" } else { "" };
    let direction = if exponent < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(digits.len().min(1));
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e{direction}{}", exponent.abs())
}

/// `toPrecision(count)`
pub fn print_precision(number: f64, count: usize) -> String {
    if !number.is_finite() {
        return print(number);
    }
    let (digits, exponent) = round_digits(number, count);
    if exponent < -6 || exponent >= count as i32 {
        return scientific(number, &digits, exponent);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let (whole, fraction) = digits.split_at((exponent as usize + 1).min(digits.len()));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// `toExponential(decimals)`; without it, as many as are needed.
pub fn print_exponential(number: f64, decimals: Option<usize>) -> String {
    if !number.is_finite() {
        return print(number);
    }
    let (digits, exponent) = if let Some(decimals) = decimals {
        round_digits(number, decimals + 1)
    } else {
        let shortest = format!("{:e}", number.abs());
        let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
    };
    scientific(number, &digits, exponent)
}

/// `toFixed(digits)`: exact, and halves away from zero.
pub fn print_fixed(number: f64, digits: usize) -> String {
    if !number.is_finite() || number.abs() >= 1e21 {
        return print(number);
    }
    let exact = format!("{:.1100}", number.abs());
    let (whole, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    let up = fraction.as_bytes().get(digits).is_some_and(|digit| *digit >= b'5');
    let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes().take(digits)).collect();
    if up && !carry(&mut kept) {
        kept.insert(0, b'1');
    }
    let split = kept.len().saturating_sub(digits);
    let (whole, fraction) = kept.split_at(split);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let sign = if number < 0.0 { "-" } else { "" };
    let dot = if digits > 0 { "." } else { "" };
    format!("{sign}{}{dot}{}", text(whole), text(fraction))
}

/// What `Number(text)` gives; `NaN` for text that is no number.
pub fn read(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return if digits.is_empty() { f64::NAN } else { read_digits(digits, radix).unwrap_or(f64::NAN) };
        }
    }
    if text.strip_prefix(['+', '-']).unwrap_or(text) == "Infinity" {
        return if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return text.parse().unwrap_or(f64::NAN);
    }
    f64::NAN
}

fn read_digits(digits: &str, radix: u32) -> Option<f64> {
    digits.chars().try_fold(0.0, |sum, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)))
}

/// What `parseFloat(text)` gives: the number at the start.
pub fn read_prefix(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned.starts_with("Infinity") {
        return sign * f64::INFINITY;
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    let mut end = whole;
    let mut fraction = 0;
    if let Some(rest) = unsigned.get(whole..).and_then(|rest| rest.strip_prefix('.')) {
        fraction = digits(rest);
        if whole + fraction > 0 {
            end = whole + 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return f64::NAN;
    }
    if let Some(rest) = unsigned.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
        let signed = usize::from(rest.starts_with(['+', '-']));
        let count = digits(rest.get(signed..).unwrap_or_default());
        if count > 0 {
            end += 1 + signed + count;
        }
    }
    sign * unsigned.get(..end).and_then(|number| number.parse::<f64>().ok()).unwrap_or(f64::NAN)
}

/// What `parseInt(text, radix)` gives; a radix of 0 means 10, or 16 after `0x`.
pub fn read_integer(text: &str, radix: u32) -> f64 {
    let text = text.trim_start_matches(is_space);
    let mut digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut radix = radix;
    if (radix == 0 || radix == 16)
        && let Some(rest) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))
    {
        digits = rest;
        radix = 16;
    }
    let radix = if radix == 0 { 10 } else { radix };
    if !(2..=36).contains(&radix) {
        return f64::NAN;
    }
    let count = digits.chars().take_while(|c| c.is_digit(radix)).count();
    let digits = digits.get(..count).unwrap_or_default();
    if digits.is_empty() {
        return f64::NAN;
    }
    let value = if radix == 10 {
        digits.parse().unwrap_or(f64::NAN)
    } else {
        read_digits(digits, radix).unwrap_or(f64::NAN)
    };
    if text.starts_with('-') { -value } else { value }
}

/// ToInt32, as `parseInt` reads its radix.
pub fn wrap_to_i32(number: f64) -> i32 {
    if !number.is_finite() {
        return 0;
    }
    let wrapped = number.trunc().rem_euclid(4_294_967_296.0);
    (wrapped as u32).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::{
        print, print_exponential, print_fixed, print_precision, print_radix, read, read_integer, read_prefix,
    };

    #[test]
    fn prints_like_javascript() {
        let cases = [
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-1.5e-7, "-1.5e-7"),
            (0.000_001, "0.000001"),
            (-0.0, "0"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (20.0 / 3.0, "6.666666666666667"),
        ];
        for (number, text) in cases {
            assert_eq!(print(number), text);
        }
        assert_eq!(print_fixed(2.5, 0), "3");
        assert_eq!(print_fixed(1.005, 2), "1.00");
        assert_eq!(print_fixed(9.99, 1), "10.0");
        assert_eq!(print_fixed(-1.5, 2), "-1.50");
        assert_eq!(print_radix(0.1, 2), "0.0001100110011001100110011001100110011001100110011001101");
        assert_eq!(
            (print_radix(-255.5, 16), print_radix(1e21, 36)),
            ("-ff.8".into(), "5v1j4f4ds7c000".into())
        );
        assert_eq!((print_precision(2.5, 1), print_precision(1e21, 3)), ("3".into(), "1.00e+21".into()));
        assert_eq!(
            (print_precision(0.000_123, 2), print_precision(99.99, 3)),
            ("0.00012".into(), "100".into())
        );
        assert_eq!(
            (print_exponential(12345.0, None), print_exponential(0.0, Some(2))),
            ("1.2345e+4".into(), "0.00e+0".into())
        );
    }

    #[test]
    fn reads_like_javascript() {
        assert!(read("inf").is_nan() && read("1x").is_nan() && read("--1").is_nan());
        assert!((read(" 0x1F\n") - 31.0).abs() < 1e-9 && read("").abs() < 1e-9);
        assert!((read_prefix("3.5e1px") - 35.0).abs() < 1e-9 && read_prefix(".").is_nan());
        assert!((read_integer("101", 2) - 5.0).abs() < 1e-9 && read_integer("z", 10).is_nan());
    }
}
