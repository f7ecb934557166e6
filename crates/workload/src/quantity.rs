//! Kubernetes quantities, exactly: whole billionths, as Kubernetes itself keeps them, never floats.
//!
//! The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a signed decimal number and a suffix out of
//! `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei` or a decimal exponent. What is finer than a billionth is rounded
//! away from zero.

use std::fmt;
use std::str::FromStr;

const NANO: i128 = 1_000_000_000;
const MAX_DIGITS: usize = 27;

/// An amount of processor (cores), memory or storage (bytes) or of anything counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    nanos: i128,
}

/// A text that is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a quantity; expected a number with an optional suffix, such as 250m, 0.5, 128Mi or 2G"
)]
pub struct QuantityError(String);

impl Quantity {
    /// Billionths of the unit.
    pub const fn nanos(self) -> i128 {
        self.nanos
    }

    /// The sum, held at the limits of the type.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos) }
    }

    /// So many times the amount, held at the limits of the type.
    #[must_use]
    pub const fn times(self, count: i128) -> Self {
        Self { nanos: self.nanos.saturating_mul(count) }
    }

    /// Whether it is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.nanos > 0
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).map(|nanos| Self { nanos }).ok_or_else(|| QuantityError(text.chars().take(60).collect()))
    }
}

fn parse(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty())
        || whole.len() + fraction.len() > MAX_DIGITS
        || fraction.contains('.')
    {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (factor, exponent) = suffix_of(suffix)?;
    // value = digits × factor × 10^(exponent + 9 − fraction digits), in billionths
    let scaled = digits.checked_mul(factor)?;
    let power = exponent + 9 - i32::try_from(fraction.len()).ok()?;
    let nanos = if scaled == 0 {
        0
    } else if power >= 0 {
        scaled.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
    } else {
        let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
        scaled / divisor + i128::from(scaled % divisor != 0)
    };
    Some(if negative { -nanos } else { nanos })
}

/// The binary factor and the decimal exponent of a suffix.
fn suffix_of(suffix: &str) -> Option<(i128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        other => {
            let exponent = other.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || digits.len() > 2 || !digits.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            (1, exponent.parse().ok()?)
        }
    })
}

/// The plain number, without a suffix.
impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let nanos = self.nanos.unsigned_abs();
        let (whole, rest) = (nanos / NANO.unsigned_abs(), nanos % NANO.unsigned_abs());
        if rest == 0 {
            return write!(formatter, "{sign}{whole}");
        }
        let fraction = format!("{rest:09}");
        write!(formatter, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Quantity;

    #[test]
    fn every_suffix_is_exact() {
        for (text, expected) in [
            ("0", "0"),
            ("250m", "0.25"),
            ("0.5", "0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1.5Gi", "1610612736"),
            ("128M", "128000000"),
            ("1E", "1000000000000000000"),
            ("1E3", "1000"),
            ("12e6", "12000000"),
            ("1e-3", "0.001"),
            ("100u", "0.0001"),
            ("3n", "0.000000003"),
            ("0.1n", "0.000000001"),
            ("-2Ki", "-2048"),
            ("7Ei", "8070450532247928832"),
        ] {
            assert_eq!(text.parse::<Quantity>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "m", "1K", "1ki", "1.2.3", "1 Gi", "one", "1e", "1e999", "--1", "1i", ".", "0x10"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
        assert!("9".repeat(40).parse::<Quantity>().is_err());
        assert!("999999999999999999999999999Ei".parse::<Quantity>().is_err());
    }
}
