//! Instants in time zones, as Go's `time.Time`.

use std::fmt;
use std::rc::Rc;

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::{OffsetName as _, Tz};

use super::layout;

/// A month, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(pub u8);

/// A day of the week; Sunday is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekday(pub u8);

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Month {
    pub fn name(self) -> &'static str {
        MONTHS.get(usize::from(self.0).wrapping_sub(1)).copied().unwrap_or("%!Month(0)")
    }
}

impl Weekday {
    pub fn name(self) -> &'static str {
        WEEKDAYS.get(usize::from(self.0)).copied().unwrap_or("%!Weekday(7)")
    }
}

/// Where a clock hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    Utc,
    /// A name, which may be empty, and seconds east of UTC.
    Fixed(Rc<str>, i32),
    Named(Tz),
}

impl Zone {
    /// The zone that Go loads by this name. `Local` is UTC, because that is where servers run.
    pub fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            name => name.parse().ok().map(Self::Named),
        }
    }
}

/// An instant and the zone that it is shown in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    pub nanoseconds: u32,
    pub zone: Zone,
}

/// The fields of a date and a time of day.
#[derive(Clone, Copy, Debug)]
pub struct Civil {
    pub year: i64,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// From 1.
    pub day_of_year: u16,
    pub weekday: u8,
}

const DAY: i64 = 86_400;
/// The instant that Go starts from: year 1.
pub const ZERO_SECONDS: i64 = -62_135_596_800;

impl Moment {
    pub const fn utc(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds, zone: Zone::Utc }
    }

    /// Seconds east of UTC, and the name of the zone at this instant.
    pub fn offset(&self) -> (i32, String) {
        match &self.zone {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed(name, offset) => (*offset, name.to_string()),
            Zone::Named(zone) => {
                let Some(instant) = DateTime::from_timestamp(self.seconds, 0) else {
                    return (0, "UTC".to_owned());
                };
                let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
                let name = offset.abbreviation().unwrap_or_default().to_owned();
                (offset.fix().local_minus_utc(), name)
            }
        }
    }

    /// The same instant elsewhere.
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// Later by nanoseconds; the ends of time stay what they are.
    pub fn plus(&self, nanoseconds: i64) -> Self {
        let sum =
            i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds) + i128::from(nanoseconds);
        Self {
            seconds: i64::try_from(sum.div_euclid(1_000_000_000)).unwrap_or(self.seconds),
            nanoseconds: u32::try_from(sum.rem_euclid(1_000_000_000)).unwrap_or_default(),
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds from `earlier` to here, kept within what a duration can hold.
    pub fn since(&self, earlier: &Self) -> i64 {
        let whole = (i128::from(self.seconds) - i128::from(earlier.seconds)) * 1_000_000_000;
        let sum = whole + i128::from(self.nanoseconds) - i128::from(earlier.nanoseconds);
        i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
    }

    /// The date and time of day that a clock there shows.
    pub fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.offset().0));
        let days = local.div_euclid(DAY);
        let rest = local.rem_euclid(DAY);
        let (year, month, day) = date_of_days(days);
        let day_of_year = days - days_of_date(year, 1, 1) + 1;
        Civil {
            year,
            month,
            day,
            hour: (rest / 3600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            day_of_year: day_of_year as u16,
            weekday: (days + 4).rem_euclid(7) as u8,
        }
    }

    /// Written by a Go layout.
    pub fn format(&self, layout: &str) -> String {
        layout::format(self, layout)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

/// Days since 1970 to year, month and day in the Gregorian calendar without end: years of 400 have a fixed length,
/// and counting them from March puts the leap day last.
pub fn date_of_days(days: i64) -> (i64, u8, u8) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

/// Days since 1970 of a date.
pub fn days_of_date(year: i64, month: u8, day: u16) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// How many days a month has.
pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Go's `time.ParseDuration`, in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0_i128;
    while !rest.is_empty() {
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(length);
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        rest = after;
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| i128::from(*scale))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || whole.len() > 19 || fraction.contains('.') {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let digits: String = fraction.chars().take(18).collect();
        let part: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        sum = sum.checked_add(whole * scale + part * scale / 10_i128.pow(digits.len() as u32))?;
    }
    i64::try_from(if negative { -sum } else { sum }).ok()
}

/// A duration as Go writes it: `1h2m3.5s`.
pub fn duration_text(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let fraction = |value: u64, unit: u64, digits: usize| {
        let rest = value % unit;
        if rest == 0 {
            return (value / unit).to_string();
        }
        let text = format!("{}.{rest:0digits$}", value / unit);
        text.trim_end_matches('0').to_owned()
    };
    let text = match magnitude {
        0 => return "0s".to_owned(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(magnitude, 1_000, 3)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(magnitude, 1_000_000, 6)),
        _ => {
            let minutes = magnitude / 60_000_000_000;
            let seconds = fraction(magnitude % 60_000_000_000, 1_000_000_000, 9);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}
