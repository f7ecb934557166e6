//! Times, sizes and counts as people read them.

use fairway_domain::Timestamp;
use maud::{Markup, html};

/// `4 min ago`, with the absolute time on hover.
pub fn ago(now: Timestamp, at: Timestamp) -> Markup {
    html! { time datetime=(at) title=(absolute(at)) { (relative(now, at)) } }
}

/// `2026-11-21 08:30:12 UTC`.
pub fn absolute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `08:30:12`.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// The distance in the largest unit that fits; the date beyond a month.
pub fn relative(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let distance = seconds.unsigned_abs();
    let amount = match distance {
        0..45 => return if seconds >= 0 { "just now".into() } else { "in a moment".into() },
        45..5_400 => format!("{} min", (distance + 30) / 60),
        5_400..129_600 => format!("{} h", (distance + 1_800) / 3_600),
        129_600..2_592_000 => format!("{} d", (distance + 43_200) / 86_400),
        _ => return at.strftime("%-d %b %Y").to_string(),
    };
    if seconds >= 0 { format!("{amount} ago") } else { format!("in {amount}") }
}

/// The time between two moments: `340 ms`, `2.1 s`, `3 min 4 s`.
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = (to.as_millisecond() - from.as_millisecond()).max(0);
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{:.1} s", milliseconds as f64 / 1_000.0),
        60_000..3_600_000 => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1_000 % 60),
        3_600_000..172_800_000 => {
            format!("{} h {} min", milliseconds / 3_600_000, milliseconds / 60_000 % 60)
        }
        _ => format!("{} d", milliseconds / 86_400_000),
    }
}

/// `812 B`, `4.2 kB`, `1.3 MB`; decimal units.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1_000.0),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1_000_000.0),
        _ => format!("{:.1} GB", bytes as f64 / 1_000_000_000.0),
    }
}

/// `1 file`, `2 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// Digits in groups of three with a thin space between.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::Timestamp;

    use super::{duration, grouped, relative, size};

    #[test]
    fn distances_use_the_largest_unit_that_fits() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let at = |ago: i64| relative(now, Timestamp::from_second(1_800_000_000 - ago).unwrap());
        assert_eq!(at(3), "just now");
        assert_eq!(at(60), "1 min ago");
        assert_eq!(at(89 * 60), "89 min ago");
        assert_eq!(at(2 * 3600), "2 h ago");
        assert_eq!(at(3 * 86_400), "3 d ago");
        assert_eq!(at(-3 * 86_400), "in 3 d");
        assert_eq!(at(400 * 86_400), "11 Dec 2025");
    }

    #[test]
    fn sizes_and_counts_carry_units_and_groups() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(4_200), "4.2 kB");
        assert_eq!(grouped(9_999), "9999");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        let at = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
        assert_eq!(duration(at(0), at(340)), "340 ms");
        assert_eq!(duration(at(0), at(184_000)), "3 min 4 s");
    }
}
