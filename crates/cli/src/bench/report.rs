//! Measured figures beside their bars.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::bench::statistic::quantile;
use crate::output::table;

/// The unit of rates.
const RATE: &str = "1/s";

/// One measured figure. Whether it is within its bar is decided by its worst part (p99, or the value).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// `s`, `ms`, `MiB`, `MB`, `kB` or `1/s`.
    pub unit: &'static str,
    /// How many measurements there are.
    pub n: usize,
    /// The median, or the value.
    pub p50: f64,
    /// The 99th percentile by nearest rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// What it should not exceed; what a rate should reach.
    pub bar: f64,
    /// Whether it is so.
    pub within: bool,
}

impl Figure {
    /// Seconds.
    pub fn time(name: &str, durations: &[Duration], bar: f64) -> Self {
        Self::durations(name, durations, "s", 1.0, bar)
    }

    /// Milliseconds.
    pub fn milliseconds(name: &str, durations: &[Duration], bar: f64) -> Self {
        Self::durations(name, durations, "ms", 1000.0, bar)
    }

    fn durations(name: &str, durations: &[Duration], unit: &'static str, factor: f64, bar: f64) -> Self {
        let of = |share: f64| quantile(durations, share).as_secs_f64() * factor;
        let (p50, p99) = (of(0.5), of(0.99));
        Self { name: name.to_owned(), unit, n: durations.len(), p50, p99: Some(p99), bar, within: p99 <= bar }
    }

    /// Milliseconds whose quantiles are known.
    pub fn quantiles(name: &str, n: usize, p50: Duration, p99: Duration, bar: f64) -> Self {
        let (p50, p99) = (p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3);
        Self { name: name.to_owned(), unit: "ms", n, p50, p99: Some(p99), bar, within: p99 <= bar }
    }

    /// How many a second; the bar is to be reached.
    pub fn rate(name: &str, rate: f64, bar: f64) -> Self {
        Self { name: name.to_owned(), unit: RATE, n: 1, p50: rate, p99: None, bar, within: rate >= bar }
    }

    /// Megabytes, of 1,000,000 bytes.
    pub fn megabytes(name: &str, bytes: u64, bar: f64) -> Self {
        Self::value(name, bytes as f64 / 1e6, "MB", bar)
    }

    /// Kilobytes, of 1,000 bytes.
    pub fn kilobytes(name: &str, bytes: u64, bar: f64) -> Self {
        Self::value(name, bytes as f64 / 1e3, "kB", bar)
    }

    fn value(name: &str, value: f64, unit: &'static str, bar: f64) -> Self {
        Self { name: name.to_owned(), unit, n: 1, p50: value, p99: None, bar, within: value <= bar }
    }
}

/// All figures, in the order they were measured.
#[derive(Default)]
pub struct Report {
    /// The figures.
    pub figures: Vec<Figure>,
    unknown: Vec<String>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds a resident size, or that the system does not tell.
    pub fn add_memory(&mut self, name: &str, bytes: Option<u64>) {
        self.add_memory_within(name, bytes, 80.0);
    }

    /// Adds a resident size with its bar in MiB, or that the system does not tell.
    pub fn add_memory_within(&mut self, name: &str, bytes: Option<u64>, bar: f64) {
        match bytes {
            Some(bytes) => self.add(Figure::value(name, bytes as f64 / 1_048_576.0, "MiB", bar)),
            None => self.unknown.push(name.to_owned()),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let number = |value: f64, unit: &str| {
            if unit == "s" { format!("{value:.3}") } else { format!("{value:.1}") }
        };
        let rows = self.figures.iter().map(|it| {
            let p99 = it.p99.map(|value| number(value, it.unit)).unwrap_or_default();
            let (sign, missed) = if it.unit == RATE { ('≥', "BELOW") } else { ('≤', "ABOVE") };
            let verdict = if it.within { "within" } else { missed };
            let bar = format!("{sign} {} {}", it.bar, it.unit);
            [
                it.name.clone(),
                number(it.p50, it.unit),
                p99,
                it.unit.to_owned(),
                it.n.to_string(),
                bar,
                verdict.to_owned(),
            ]
        });
        let mut text = table(["measured", "p50", "p99", "unit", "n", "bar", ""], rows.collect(), "nothing");
        for name in &self.unknown {
            let _ = write!(text, "\n{name}: this system does not tell");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Figure;

    #[test]
    fn the_worst_part_decides() {
        let durations: Vec<Duration> = [1, 2, 30].map(Duration::from_millis).to_vec();
        let figure = Figure::milliseconds("page", &durations, 20.0);
        assert!(!figure.within && figure.p50 < 3.0);
        assert!(Figure::megabytes("binary", 59_000_000, 60.0).within);
    }
}
