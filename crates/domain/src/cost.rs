//! Money, and the monthly cost of things. Amounts are whole micro-units (1 EUR = 1,000,000), never floats.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in millionths of the currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// The sum, held at the limits of the type.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Two decimals, rounded half away from zero.
impl fmt::Display for Micros {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        write!(formatter, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

/// One line of an estimate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostLine {
    /// For example `staging`.
    pub environment: String,
    /// What costs, for example `containers` or `postgres db`.
    pub item: String,
    /// How it was computed, for people.
    pub basis: String,
    /// Per month.
    pub monthly: Micros,
}

/// An estimate per month, which is the sum of its lines. What has no price is named, not counted as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostEstimate {
    /// ISO 4217 code.
    pub currency: String,
    /// The sum of the lines.
    pub monthly: Micros,
    /// What it is made of.
    pub lines: Vec<CostLine>,
    /// What no price is known for.
    pub unpriced: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::Micros;

    #[test]
    fn prints_two_decimals() {
        assert_eq!(Micros(18_505_000).to_string(), "18.51");
        assert_eq!(Micros(-1_000_000).to_string(), "-1.00");
        assert_eq!(Micros(-1).to_string(), "0.00");
    }
}
