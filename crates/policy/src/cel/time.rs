//! Points in time and lengths of time.

use jiff::tz::TimeZone;

use super::convert::short;
use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload, not_known};
use super::value::Value;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp {
    /// Since 1970.
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
}

const SECOND: i64 = 1_000_000_000;
/// The years 1 to 9999, beyond which there is no timestamp.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl Timestamp {
    fn read(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Self::new(time.as_nanosecond())
    }

    fn new(nanoseconds: i128) -> Option<Self> {
        let second = i128::from(SECOND);
        let seconds = i64::try_from(nanoseconds.div_euclid(second)).ok()?;
        let nanoseconds = u32::try_from(nanoseconds.rem_euclid(second)).ok()?;
        RANGE.contains(&seconds).then_some(Self { seconds, nanoseconds })
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds)
    }

    /// The time after a length, which may be negative.
    pub(crate) fn plus(self, nanoseconds: i64) -> Option<Self> {
        Self::new(self.total() + i128::from(nanoseconds))
    }

    /// The length since another time.
    pub(crate) fn since(self, other: &Self) -> Option<i64> {
        i64::try_from(self.total() - other.total()).ok()
    }

    fn zoned(self, zone: TimeZone) -> Option<jiff::Zoned> {
        let time = jiff::Timestamp::new(self.seconds, i32::try_from(self.nanoseconds).ok()?).ok()?;
        Some(time.to_zoned(zone))
    }

    /// As RFC 3339 writes it.
    pub(crate) fn written(self) -> String {
        jiff::Timestamp::new(self.seconds, i32::try_from(self.nanoseconds).unwrap_or_default())
            .map(|time| time.to_string())
            .unwrap_or_default()
    }
}

/// Reads a length such as `1h30m` or `-1.5s`.
pub(crate) fn read_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    let mut some = false;
    while !rest.is_empty() {
        let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let end = tail.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || whole.len() > 19 {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let kept: String = fraction.chars().take(12).collect();
        let parts: i128 = format!("{kept:0<12}").parse().ok()?;
        total += whole * unit + parts * unit / 1_000_000_000_000;
        some = true;
        rest = tail;
    }
    if !some {
        return None;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A length in seconds, as `string()` writes it.
pub(crate) fn write_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (seconds, rest) =
        (nanoseconds.unsigned_abs() / 1_000_000_000, nanoseconds.unsigned_abs() % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}

/// `timestamp(text)`.
pub(crate) fn timestamp<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let range = || error("the time is out of range");
    match arguments {
        [Value::Timestamp(time)] => Ok(Value::Timestamp(*time)),
        [Value::Int(seconds)] => {
            Timestamp::new(i128::from(*seconds) * i128::from(SECOND)).map(Value::Timestamp).ok_or_else(range)
        }
        [Value::String(text)] => Timestamp::read(text)
            .map(Value::Timestamp)
            .ok_or_else(|| error(format!("\"{}\" is not a time such as 2024-01-31T10:00:00Z", short(text)))),
        _ => Err(no_overload("timestamp", arguments)),
    }
}

/// `duration(text)`.
pub(crate) fn duration<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Duration(length)] => Ok(Value::Duration(*length)),
        [Value::Int(seconds)] => seconds
            .checked_mul(SECOND)
            .map(Value::Duration)
            .ok_or_else(|| error("the duration is out of range")),
        [Value::String(text)] => read_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| error(format!("\"{}\" is not a duration such as 1h30m", short(text)))),
        _ => Err(no_overload("duration", arguments)),
    }
}

/// `time.now()`: the time that was supplied.
pub(crate) fn now<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let _ = arguments;
    let seconds = evaluator.bindings.supplied.now.ok_or_else(|| not_known("the time is not given here"))?;
    Timestamp::new(i128::from(seconds) * i128::from(SECOND))
        .map(Value::Timestamp)
        .ok_or_else(|| error("the time is out of range"))
}

/// `time.truncate(time, length)`: the last multiple of a length before a time.
pub(crate) fn truncate<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::Timestamp(time), Value::Duration(length)] = arguments else {
        return Err(no_overload("time.truncate", arguments));
    };
    if *length <= 0 {
        return Ok(Value::Timestamp(*time));
    }
    // Go counts from the year 1.
    let start = i128::from(*RANGE.start()) * i128::from(SECOND);
    let total = time.total() - start;
    Timestamp::new(start + total - total.rem_euclid(i128::from(*length)))
        .map(Value::Timestamp)
        .ok_or_else(|| error("the time is out of range"))
}

fn zone(text: &str) -> Result<TimeZone, Fault> {
    let unknown = || error(format!("unknown time zone \"{}\"", short(text)));
    if text.is_empty() || text == "UTC" {
        return Ok(TimeZone::UTC);
    }
    let first = text.chars().next().unwrap_or_default();
    if first.is_ascii_digit() || matches!(first, '+' | '-') {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(unknown)?;
        let number = |part: &str| part.parse::<i32>().ok().filter(|number| (0..60).contains(number));
        let (Some(hours), Some(minutes)) = (number(hours), number(minutes)) else { return Err(unknown()) };
        let offset =
            jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| unknown())?;
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(text).map_err(|_| unknown())
}

fn part<'d>(
    name: &str,
    arguments: &[Value<'d>],
    of_duration: Option<i64>,
    of_time: fn(&jiff::Zoned) -> i64,
) -> Outcome<'d> {
    let (time, zone) = match arguments {
        [Value::Duration(_)] => {
            return of_duration.map(Value::Int).ok_or_else(|| no_overload(name, arguments));
        }
        [Value::Timestamp(time)] => (time, TimeZone::UTC),
        [Value::Timestamp(time), Value::String(text)] => (time, zone(text)?),
        _ => return Err(no_overload(name, arguments)),
    };
    let zoned = time.zoned(zone).ok_or_else(|| error("the time is out of range"))?;
    Ok(Value::Int(of_time(&zoned)))
}

fn length(arguments: &[Value<'_>], unit: i64) -> Option<i64> {
    match arguments {
        [Value::Duration(length)] => Some(length / unit),
        _ => None,
    }
}

macro_rules! time_part {
    ($name:ident, $word:literal, $documentation:literal, $duration:expr, $time:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let of_duration: fn(&[Value<'_>]) -> Option<i64> = $duration;
            part($word, arguments, of_duration(arguments), $time)
        }
    };
}

time_part!(full_year, "getFullYear", "`time.getFullYear()`", |_| None, |time| i64::from(time.year()));
time_part!(month, "getMonth", "`time.getMonth()`, from 0", |_| None, |time| i64::from(time.month()) - 1);
time_part!(date, "getDate", "`time.getDate()`, from 1", |_| None, |time| i64::from(time.day()));
time_part!(day_of_month, "getDayOfMonth", "`time.getDayOfMonth()`, from 0", |_| None, |time| {
    i64::from(time.day()) - 1
});
time_part!(day_of_week, "getDayOfWeek", "`time.getDayOfWeek()`, from Sunday as 0", |_| None, |time| {
    i64::from(time.weekday().to_sunday_zero_offset())
});
time_part!(day_of_year, "getDayOfYear", "`time.getDayOfYear()`, from 0", |_| None, |time| {
    i64::from(time.day_of_year()) - 1
});
time_part!(
    hours,
    "getHours",
    "`getHours()` of a time or a duration",
    |arguments| length(arguments, 3600 * SECOND),
    |time| i64::from(time.hour())
);
time_part!(
    minutes,
    "getMinutes",
    "`getMinutes()` of a time or a duration",
    |arguments| length(arguments, 60 * SECOND),
    |time| i64::from(time.minute())
);
time_part!(
    seconds,
    "getSeconds",
    "`getSeconds()` of a time or a duration",
    |arguments| length(arguments, SECOND),
    |time| i64::from(time.second())
);
time_part!(
    milliseconds,
    "getMilliseconds",
    "`getMilliseconds()` of a time or a duration",
    |arguments| length(arguments, 1_000_000),
    |time| i64::from(time.millisecond())
);
