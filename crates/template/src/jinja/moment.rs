//! `{% now %}`: the time that the caller hands in, as arrow shows it.

use std::fmt::Write as _;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, Zoned};

use crate::error::{Fault, Outcome};
use crate::jinja::call::text;
use crate::jinja::value::Value;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
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

/// The time in a zone, shifted by `(forward, "days=1,hours=2")`, in a format of `strftime`.
pub fn now(
    now: Option<Timestamp>,
    zone: &Value,
    shift: Option<(bool, Value)>,
    format: Option<Value>,
) -> Outcome<String> {
    let Some(now) = now else {
        return Err(
            Fault::value("the time is not known here").hint("Write the date as a value that is asked for.")
        );
    };
    let name = text(Some(zone.clone()), "timezone")?.unwrap_or_default();
    let mut time = now.to_zoned(find_zone(&name)?);
    if let Some((forward, offset)) = shift {
        let offset = text(Some(offset), "offset")?.unwrap_or_default();
        time = shifted(&time, forward, &offset)?;
    }
    let format = format.map(|format| text(Some(format), "format")).transpose()?.flatten();
    Ok(strftime(&time, format.as_deref().unwrap_or("%Y-%m-%d")))
}

fn find_zone(name: &str) -> Outcome<TimeZone> {
    if matches!(name, "local" | "utc" | "UTC" | "Z") {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZoneDatabase::bundled().get(name).map_err(|_| {
        Fault::value(format!("there is no time zone '{name}'"))
            .hint("Write utc, a name such as Europe/Berlin, or a difference such as +02:00.")
    })
}

/// `+02:00`, `-0330` or `+2`
fn offset(name: &str) -> Option<Offset> {
    let (sign, digits): (i32, &str) = match name.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, name.strip_prefix('+').unwrap_or(name)),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    Offset::from_seconds(sign.checked_mul(hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?)?)
        .ok()
}

fn shifted(time: &Zoned, forward: bool, offset: &str) -> Outcome<Zoned> {
    let wrong = || {
        Fault::value(format!("\"{offset}\" is no offset")).hint(
            "Write days=1 or years=1,hours=2, with years, months, weeks, days, hours, minutes or seconds.",
        )
    };
    let mut span = Span::new();
    for part in offset.split(',') {
        let (unit, amount) = part.split_once('=').ok_or_else(wrong)?;
        let amount = amount.trim();
        let amount: f64 =
            amount.parse().ok().filter(|_| !amount.starts_with(['+', '-'])).ok_or_else(wrong)?;
        let amount = if forward { amount } else { -amount };
        let whole = || if amount.fract() == 0.0 { Ok(amount as i64) } else { Err(wrong()) };
        let seconds = |each: f64| (amount * each).round() as i64;
        span = match unit.trim() {
            "years" => span.try_years(whole()?),
            "quarters" => span.try_months(whole()?.saturating_mul(3)),
            "months" => span.try_months(i64::from(span.get_months()).saturating_add(whole()?)),
            "weeks" if amount.fract() == 0.0 => span.try_weeks(amount as i64),
            "days" if amount.fract() == 0.0 => span.try_days(amount as i64),
            "weeks" => span.try_seconds(seconds(604_800.0)),
            "days" => span.try_seconds(seconds(86_400.0)),
            "hours" if amount.fract() == 0.0 => span.try_hours(amount as i64),
            "hours" => span.try_seconds(seconds(3600.0)),
            "minutes" if amount.fract() == 0.0 => span.try_minutes(amount as i64),
            "minutes" => span.try_seconds(seconds(60.0)),
            "seconds" => span.try_seconds(seconds(1.0)),
            "microseconds" => span.try_microseconds(amount as i64),
            _ => return Err(wrong()),
        }
        .map_err(|_| wrong())?;
    }
    time.checked_add(span).map_err(|_| Fault::value("the shifted date is out of range"))
}

/// C's `strftime` in its own locale, with the flags `-`, `_` and `0` of its GNU edition.
fn strftime(time: &Zoned, format: &str) -> String {
    let mut out = String::new();
    let mut characters = format.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let flag = characters.next_if(|c| "-_0^".contains(*c));
        let Some(directive) = characters.next() else {
            out.push('%');
            break;
        };
        let mut part = String::new();
        if !directive_of(time, directive, flag, &mut part) {
            part = format!("%{}{directive}", flag.map(String::from).unwrap_or_default());
        }
        out.push_str(&if flag == Some('^') { part.to_uppercase() } else { part });
    }
    out
}

fn directive_of(time: &Zoned, directive: char, flag: Option<char>, out: &mut String) -> bool {
    let mut number = |value: i64, width: usize, pad: char| {
        let pad = match flag {
            Some('-') => None,
            Some('_') => Some(' '),
            Some('0') => Some('0'),
            _ => Some(pad),
        };
        let _ = match pad {
            None => write!(out, "{value}"),
            Some(' ') => write!(out, "{value:width$}"),
            Some(_) => write!(out, "{value:0width$}"),
        };
    };
    let date = time.date();
    let (weekday, month) = (date.weekday(), date.month());
    let weekday_index = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
    let month_index = usize::try_from(month - 1).unwrap_or(0);
    let hour12 = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    let day_of_year = i64::from(date.day_of_year());
    let iso = date.iso_week_date();
    let year = i64::from(time.year());
    match directive {
        'Y' => number(year, 1, '0'),
        'C' => number(year.div_euclid(100), 2, '0'),
        'y' => number(year.rem_euclid(100), 2, '0'),
        'm' => number(month.into(), 2, '0'),
        'd' => number(time.day().into(), 2, '0'),
        'e' => number(time.day().into(), 2, ' '),
        'j' => number(day_of_year, 3, '0'),
        'H' => number(time.hour().into(), 2, '0'),
        'k' => number(time.hour().into(), 2, ' '),
        'I' => number(hour12.into(), 2, '0'),
        'l' => number(hour12.into(), 2, ' '),
        'M' => number(time.minute().into(), 2, '0'),
        'S' => number(time.second().into(), 2, '0'),
        'f' => number(i64::from(time.subsec_nanosecond()) / 1000, 6, '0'),
        's' => number(time.timestamp().as_second(), 1, '0'),
        'u' => number(weekday.to_monday_one_offset().into(), 1, '0'),
        'w' => number(weekday.to_sunday_zero_offset().into(), 1, '0'),
        'U' => number((day_of_year + 6 - i64::from(weekday.to_sunday_zero_offset())) / 7, 2, '0'),
        'W' => number((day_of_year + 6 - i64::from(weekday.to_monday_zero_offset())) / 7, 2, '0'),
        'V' => number(iso.week().into(), 2, '0'),
        'G' => number(iso.year().into(), 1, '0'),
        'g' => number(i64::from(iso.year()).rem_euclid(100), 2, '0'),
        'A' => out.push_str(WEEKDAYS.get(weekday_index).unwrap_or(&"")),
        'a' => out.extend(WEEKDAYS.get(weekday_index).unwrap_or(&"").chars().take(3)),
        'B' => out.push_str(MONTHS.get(month_index).unwrap_or(&"")),
        'b' | 'h' => out.extend(MONTHS.get(month_index).unwrap_or(&"").chars().take(3)),
        'p' => out.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
        'P' => out.push_str(if time.hour() < 12 { "am" } else { "pm" }),
        'z' | ':' => {
            let seconds = time.offset().seconds();
            let sign = if seconds < 0 { '-' } else { '+' };
            let _ = write!(out, "{sign}{:02}{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60);
        }
        'Z' => {
            let abbreviation = time.strftime("%Z").to_string();
            out.push_str(&abbreviation);
        }
        'D' | 'x' => out.push_str(&strftime(time, "%m/%d/%y")),
        'F' => out.push_str(&strftime(time, "%Y-%m-%d")),
        'T' | 'X' => out.push_str(&strftime(time, "%H:%M:%S")),
        'R' => out.push_str(&strftime(time, "%H:%M")),
        'r' => out.push_str(&strftime(time, "%I:%M:%S %p")),
        'c' => out.push_str(&strftime(time, "%a %b %e %H:%M:%S %Y")),
        'n' => out.push('\n'),
        't' => out.push('\t'),
        '%' => out.push('%'),
        _ => return false,
    }
    true
}
