//! Quantiles of measured durations.

use std::time::Duration;

/// The value below which the share `quantile` (0 to 1) of the durations lies, by the nearest-rank method: the
/// smallest measured value that is at least as large as that share of all. Zero for none.
pub fn quantile(durations: &[Duration], quantile: f64) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::quantile;

    #[test]
    fn the_nearest_rank_is_a_measured_value() {
        let durations: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&durations, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&durations, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&durations, 1.0), Duration::from_millis(100));
        assert_eq!(quantile(&[Duration::from_millis(7)], 0.0), Duration::from_millis(7));
        assert_eq!(quantile(&[], 0.99), Duration::ZERO);
    }
}
