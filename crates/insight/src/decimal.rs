//! Exact arithmetic on money.

use fairway_domain::cost::Micros;

const MICRO_DIGITS: usize = 6;

/// A price out of a source, where it is a decimal number, in whole micro-units. The shortest decimal text of the
/// number is what a person wrote, so nothing is lost on the way through a float; what is finer than a millionth
/// is rounded half up. `None` for negative and absurd prices.
pub(crate) fn price(number: f64) -> Option<Micros> {
    if !(0.0..=1e9).contains(&number) {
        return None;
    }
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(MICRO_DIGITS).collect();
    let rounded = fraction.chars().nth(MICRO_DIGITS).is_some_and(|digit| digit >= '5');
    let micros: i64 = format!("{whole}{kept}").parse().ok()?;
    Some(Micros(micros + i64::from(rounded)))
}

/// `amount × price ÷ unit`, rounded half up. `None` when it does not fit.
pub(crate) fn multiply(amount: i128, price: Micros, unit: i128) -> Option<Micros> {
    let product = amount.checked_mul(i128::from(price.0))?;
    let rounded = product.checked_add(unit / 2)?.checked_div(unit)?;
    i64::try_from(rounded).ok().map(Micros)
}

#[cfg(test)]
mod tests {
    use fairway_domain::cost::Micros;

    use super::{multiply, price};

    #[test]
    fn prices_are_what_was_written() {
        for (number, micros) in [
            (18.50, 18_500_000),
            (0.1, 100_000),
            (2.4, 2_400_000),
            (0.0, 0),
            (24.0, 24_000_000),
            (0.000_000_5, 1),
            (0.1 + 0.2, 300_000),
            (1e-9, 0),
        ] {
            assert_eq!(price(number), Some(Micros(micros)), "{number}");
        }
        assert_eq!([price(-1.0), price(f64::NAN), price(1e300)], [None; 3]);
    }

    #[test]
    fn rounding_is_half_up_and_overflow_is_no_number() {
        assert_eq!(multiply(1, Micros(1), 2), Some(Micros(1)));
        assert_eq!(multiply(1, Micros(1), 3), Some(Micros(0)));
        assert_eq!(multiply(i128::MAX, Micros(2), 1), None);
    }
}
