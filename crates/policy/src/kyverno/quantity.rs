//! Kubernetes quantities: decimal numbers with a suffix, compared and added exactly.

use std::cmp::Ordering;

/// The most digits that are read; nothing that Kubernetes counts has more.
const MAX_DIGITS: usize = 30;
/// The most decimal places that are kept, as Kubernetes does (`n`).
const MAX_SCALE: u32 = 12;

/// How a quantity was written, which decides how a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Decimal,
    Binary,
    Exponent,
}

/// `mantissa` divided by ten to the power of `scale`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantity {
    mantissa: i128,
    scale: u32,
    style: Style,
}

fn power(base: i128, exponent: u32) -> Option<i128> {
    base.checked_pow(exponent)
}

impl Quantity {
    /// Reads for example `100m`, `1.5Gi`, `-2e3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = whole.len() + fraction.len();
        if digits == 0 || digits > MAX_DIGITS || fraction.contains('.') {
            return None;
        }
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        let (mut shift, mut style) = (0_i32, Style::Decimal);
        let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix);
        if let Some(position) = binary {
            style = Style::Binary;
            mantissa = mantissa.checked_mul(power(1024, u32::try_from(position + 1).ok()?)?)?;
        } else {
            shift = match suffix {
                "" => 0,
                "n" => -9,
                "u" => -6,
                "m" => -3,
                "k" => 3,
                "M" => 6,
                "G" => 9,
                "T" => 12,
                "P" => 15,
                "E" => 18,
                _ => {
                    style = Style::Exponent;
                    suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok().filter(|it| it.abs() <= 27)?
                }
            };
        }
        shift -= i32::try_from(fraction.len()).ok()?;
        let mut scale = 0;
        if shift >= 0 {
            mantissa = mantissa.checked_mul(power(10, shift.unsigned_abs())?)?;
        } else {
            scale = shift.unsigned_abs();
        }
        while scale > MAX_SCALE || (scale > 0 && mantissa % 10 == 0) {
            mantissa /= 10;
            scale -= 1;
        }
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale, style })
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let own = self.mantissa.checked_mul(power(10, scale - self.scale)?)?;
        let others = other.mantissa.checked_mul(power(10, scale - other.scale)?)?;
        Some((own, others, scale))
    }

    /// Exact wherever 128 bits suffice.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((own, others, _)) => own.cmp(&others),
            None => self.value().total_cmp(&other.value()),
        }
    }

    /// As a floating point number.
    pub(crate) fn value(self) -> f64 {
        self.mantissa as f64 / 10_f64.powi(self.scale.cast_signed())
    }

    fn with(self, mantissa: i128, scale: u32) -> Self {
        let mut result = Self { mantissa, scale, style: self.style };
        while result.scale > 0 && result.mantissa % 10 == 0 {
            result.mantissa /= 10;
            result.scale -= 1;
        }
        result
    }

    /// The sum, or nothing where it does not fit.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (own, others, scale) = self.aligned(other)?;
        let style = if self.mantissa == 0 { other.style } else { self.style };
        Some(Self { style, ..self.with(own.checked_add(others)?, scale) })
    }

    /// The difference, or nothing where it does not fit.
    pub(crate) fn subtract(self, other: Self) -> Option<Self> {
        self.add(Self { mantissa: -other.mantissa, ..other })
    }

    /// The product with a number, or nothing where it does not fit.
    pub(crate) fn multiply(self, factor: f64) -> Option<Self> {
        let factor = Self::parse(&format!("{factor}"))?;
        let mut result =
            self.with(self.mantissa.checked_mul(factor.mantissa)?, self.scale.checked_add(factor.scale)?);
        while result.scale > MAX_SCALE {
            result.mantissa /= 10;
            result.scale -= 1;
        }
        Some(result)
    }

    /// The quotient with a number that is not zero, rounded down to the places that both have.
    pub(crate) fn divide(self, divisor: f64) -> Option<Self> {
        let divisor = Self::parse(&format!("{divisor}"))?;
        let (own, others, scale) = self.aligned(divisor)?;
        Some(self.with(own.checked_mul(power(10, scale)?)?.checked_div(others)?, scale))
    }

    /// The remainder of two whole quantities.
    pub(crate) fn modulo(self, other: Self) -> Option<Self> {
        (self.scale == 0 && other.scale == 0)
            .then(|| self.mantissa.checked_rem(other.mantissa))?
            .map(|rest| self.with(rest, 0))
    }
}

/// As Kubernetes writes it: the largest suffix that leaves a whole number.
impl std::fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.mantissa == 0 {
            return formatter.write_str("0");
        }
        if self.style == Style::Binary && self.scale == 0 && self.mantissa.abs() >= 1024 {
            let (mut rest, mut position) = (self.mantissa, 0);
            while rest % 1024 == 0 && position < 6 {
                rest /= 1024;
                position += 1;
            }
            let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(position).copied().unwrap_or_default();
            return write!(formatter, "{rest}{suffix}");
        }
        let mut rest = self.mantissa;
        let mut exponent = -self.scale.cast_signed();
        while exponent % 3 != 0 {
            rest = rest.saturating_mul(10);
            exponent -= 1;
        }
        while rest % 1000 == 0 && exponent < 18 {
            rest /= 1000;
            exponent += 3;
        }
        if self.style == Style::Exponent {
            return if exponent == 0 {
                write!(formatter, "{rest}")
            } else {
                write!(formatter, "{rest}e{exponent}")
            };
        }
        let suffix = match exponent {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            18 => "E",
            _ => "",
        };
        write!(formatter, "{rest}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cmp::Ordering;

    use super::Quantity;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn compared_across_suffixes() {
        for (left, right, expected) in [
            ("1Gi", "1024Mi", Ordering::Equal),
            ("100m", "0.1", Ordering::Equal),
            ("1G", "1Gi", Ordering::Less),
            ("1e3", "1k", Ordering::Equal),
            ("-1", "0", Ordering::Less),
        ] {
            assert_eq!(quantity(left).compare(quantity(right)), expected, "{left} {right}");
        }
        for wrong in ["", "x", "1x", "1.2.3", "1e99", "Mi", "1 Mi", &"9".repeat(60)] {
            assert!(Quantity::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn results_are_written_as_kubernetes_does() {
        assert_eq!(quantity("512Mi").add(quantity("512Mi")).unwrap().to_string(), "1Gi");
        assert_eq!(quantity("1").subtract(quantity("100m")).unwrap().to_string(), "900m");
        assert_eq!(quantity("64Mi").multiply(2.0).unwrap().to_string(), "128Mi");
        assert_eq!(quantity("10Ki").divide(2.0).unwrap().to_string(), "5Ki");
        assert_eq!(quantity("10").modulo(quantity("4")).unwrap().to_string(), "2");
    }
}
