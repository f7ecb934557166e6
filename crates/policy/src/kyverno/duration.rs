//! Durations as Go writes them: `1h30m`, `1.5s`, `100ms`.

/// Nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration(pub(crate) i64);

const SECOND: i64 = 1_000_000_000;

impl Duration {
    /// Whole seconds and their fraction.
    pub(crate) fn of_seconds(seconds: f64) -> Self {
        // A cast saturates.
        Self((seconds * SECOND as f64) as i64)
    }

    /// In seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// Reads a duration; `0` alone needs no unit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sign, mut rest) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, after) = rest.split_at_checked(end)?;
            let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, next) = after.split_at_checked(unit_end)?;
            let unit: i64 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => SECOND,
                "m" => 60 * SECOND,
                "h" => 3_600 * SECOND,
                _ => return None,
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
            let part = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse::<f64>().ok()? };
            total = total.checked_add(whole.checked_mul(unit)?)?.checked_add((part * unit as f64) as i64)?;
            rest = next;
        }
        Some(Self(sign * total))
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.0.unsigned_abs();
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        let with_fraction = |value: u64, unit: u64| {
            let (whole, rest) = (value / unit, value % unit);
            if rest == 0 {
                return whole.to_string();
            }
            let places = unit.ilog10() as usize;
            format!("{whole}.{}", format!("{rest:0places$}").trim_end_matches('0'))
        };
        match total {
            0 => formatter.write_str("0s"),
            1..1_000 => write!(formatter, "{total}ns"),
            1_000..1_000_000 => write!(formatter, "{}µs", with_fraction(total, 1_000)),
            1_000_000..1_000_000_000 => write!(formatter, "{}ms", with_fraction(total, 1_000_000)),
            _ => {
                let minutes = total / (60 * SECOND.unsigned_abs());
                let seconds = with_fraction(total % (60 * SECOND.unsigned_abs()), SECOND.unsigned_abs());
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(formatter, "{seconds}s"),
                    (0, minutes) => write!(formatter, "{minutes}m{seconds}s"),
                    (hours, minutes) => write!(formatter, "{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn read_and_written() {
        for (text, written) in [
            ("1h", "1h0m0s"),
            ("90s", "1m30s"),
            ("1.5h", "1h30m0s"),
            ("-2m", "-2m0s"),
            ("100ms", "100ms"),
            ("1500ms", "1.5s"),
            ("0", "0s"),
        ] {
            assert_eq!(Duration::parse(text).map(|it| it.to_string()).as_deref(), Some(written));
        }
        for wrong in ["", "1", "h", "1d", ".s", "1h-", "99999999999999999999h"] {
            assert_eq!(Duration::parse(wrong), None, "{wrong}");
        }
    }
}
