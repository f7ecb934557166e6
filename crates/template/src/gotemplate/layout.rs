//! Dates written and read by example: the layouts of Go, made of the parts of `Mon Jan 2 15:04:05 MST 2006`.

use std::rc::Rc;

use super::moment::{MONTHS, Moment, WEEKDAYS, Zone, days_in_month, days_of_date};
use super::quote::quote;

/// A part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    ZoneName,
    /// An offset: whether `Z` stands for none, whether there are colons, and how many of hours, minutes and seconds.
    Offset {
        zulu: bool,
        colons: bool,
        fields: u8,
    },
    /// A fraction of a second with its digits; nines leave trailing zeros out.
    Fraction {
        digits: usize,
        trims: bool,
        comma: bool,
    },
}

/// The parts with fixed text, longer ones before those that they begin with.
const FIXED: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Monday", Part::LongWeekday),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumberMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperHalf),
    ("pm", Part::LowerHalf),
];
/// The forms of an offset after its sign or `Z`.
const OFFSETS: &[(&str, bool, u8)] =
    &[("070000", false, 3), ("07:00:00", true, 3), ("0700", false, 2), ("07:00", true, 2), ("07", false, 1)];

/// The first part of a layout with the literal text before it and what follows it.
fn next_part(layout: &str) -> Option<(&str, Part, &str)> {
    for (index, character) in layout.char_indices() {
        let rest = layout.get(index..)?;
        let before = layout.get(..index)?;
        if character == '_' && rest.starts_with("_2006") {
            // The underscore is literal here.
            return Some((layout.get(..=index)?, Part::LongYear, rest.get(5..)?));
        }
        if let Some((text, part)) = FIXED.iter().find(|(text, _)| rest.starts_with(text)) {
            return Some((before, *part, rest.get(text.len()..)?));
        }
        let name = match rest.get(..3) {
            Some("Jan") => Some(Part::Month),
            Some("Mon") => Some(Part::Weekday),
            _ => None,
        };
        if let Some(part) = name
            && !rest.get(3..)?.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Some((before, part, rest.get(3..)?));
        }
        if matches!(character, '-' | 'Z')
            && let Some((text, colons, fields)) =
                OFFSETS.iter().find(|(text, ..)| rest.get(1..).is_some_and(|rest| rest.starts_with(text)))
        {
            let part = Part::Offset { zulu: character == 'Z', colons: *colons, fields: *fields };
            return Some((before, part, rest.get(1 + text.len()..)?));
        }
        if matches!(character, '.' | ',')
            && let Some(digit @ (b'0' | b'9')) = rest.as_bytes().get(1)
        {
            let digits = rest.bytes().skip(1).take_while(|byte| byte == digit).count();
            let after = rest.get(1 + digits..)?;
            if !after.starts_with(|c: char| c.is_ascii_digit()) {
                let part = Part::Fraction { digits, trims: *digit == b'9', comma: character == ',' };
                return Some((before, part, after));
            }
        }
    }
    None
}

/// Writes a moment.
pub fn format(moment: &Moment, layout: &str) -> String {
    let civil = moment.civil();
    let (offset, zone) = moment.offset();
    let mut out = String::with_capacity(layout.len() + 10);
    let mut rest = layout;
    let hour12 = if civil.hour.is_multiple_of(12) { 12 } else { civil.hour % 12 };
    let month = MONTHS.get(usize::from(civil.month) - 1).copied().unwrap_or_default();
    let weekday = WEEKDAYS.get(usize::from(civil.weekday)).copied().unwrap_or_default();
    while let Some((before, part, after)) = next_part(rest) {
        out.push_str(before);
        rest = after;
        let text = match part {
            Part::LongMonth => month.to_owned(),
            Part::Month => month.chars().take(3).collect(),
            Part::NumberMonth => civil.month.to_string(),
            Part::ZeroMonth => format!("{:02}", civil.month),
            Part::LongWeekday => weekday.to_owned(),
            Part::Weekday => weekday.chars().take(3).collect(),
            Part::Day => civil.day.to_string(),
            Part::UnderDay => format!("{:>2}", civil.day),
            Part::ZeroDay => format!("{:02}", civil.day),
            Part::UnderYearDay => format!("{:>3}", civil.day_of_year),
            Part::ZeroYearDay => format!("{:03}", civil.day_of_year),
            Part::Hour => format!("{:02}", civil.hour),
            Part::Hour12 => hour12.to_string(),
            Part::ZeroHour12 => format!("{hour12:02}"),
            Part::Minute => civil.minute.to_string(),
            Part::ZeroMinute => format!("{:02}", civil.minute),
            Part::Second => civil.second.to_string(),
            Part::ZeroSecond => format!("{:02}", civil.second),
            Part::LongYear if civil.year < 0 => format!("-{:04}", -civil.year),
            Part::LongYear => format!("{:04}", civil.year),
            Part::Year => format!("{:02}", civil.year.rem_euclid(100)),
            Part::UpperHalf => if civil.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            Part::LowerHalf => if civil.hour >= 12 { "pm" } else { "am" }.to_owned(),
            Part::ZoneName if zone.is_empty() => offset_text(offset, false, 2),
            Part::ZoneName => zone.clone(),
            Part::Offset { zulu: true, .. } if offset == 0 => "Z".to_owned(),
            Part::Offset { colons, fields, .. } => offset_text(offset, colons, fields),
            Part::Fraction { digits, trims, comma } => {
                fraction_text(moment.nanoseconds, digits, trims, comma)
            }
        };
        out.push_str(&text);
    }
    out.push_str(rest);
    out
}

fn offset_text(offset: i32, colons: bool, fields: u8) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let seconds = offset.unsigned_abs();
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    let parts: Vec<String> =
        parts.iter().take(usize::from(fields)).map(|part| format!("{part:02}")).collect();
    format!("{sign}{}", parts.join(if colons { ":" } else { "" }))
}

fn fraction_text(nanoseconds: u32, digits: usize, trims: bool, comma: bool) -> String {
    let all = format!("{nanoseconds:09}");
    let mut text: String = all.chars().chain(std::iter::repeat('0')).take(digits.min(9)).collect();
    if trims {
        text.truncate(text.trim_end_matches('0').len());
        if text.is_empty() {
            return text;
        }
    }
    format!("{}{text}", if comma { ',' } else { '.' })
}

/// What was read so far.
struct Reading {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    day_of_year: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanoseconds: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    zone: Option<String>,
    utc: bool,
}

/// Reads a moment that was written by a layout. Times without a zone are in UTC.
pub fn parse(layout: &str, value: &str) -> Result<Moment, String> {
    let refused = |element: &str, rest: &str| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(value),
            quote(layout),
            quote(rest),
            quote(element)
        )
    };
    let out_of_range = |what: &str| format!("parsing time {}: {what} out of range", quote(value));
    let mut reading = Reading {
        year: 0,
        month: None,
        day: None,
        day_of_year: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanoseconds: 0,
        afternoon: None,
        offset: None,
        zone: None,
        utc: false,
    };
    let mut layout_rest = layout;
    let mut rest = value;
    while let Some((before, part, after)) = next_part(layout_rest) {
        rest = skip_literal(before, rest).ok_or_else(|| refused(before, rest))?;
        let element_length = layout_rest.len() - before.len() - after.len();
        let element = layout_rest.get(before.len()..before.len() + element_length).unwrap_or_default();
        let followed_by_fraction = matches!(next_part(after), Some(("", Part::Fraction { .. }, _)));
        rest = read_part(part, rest, followed_by_fraction, &mut reading)
            .map_err(|what| what.map_or_else(|| refused(element, rest), out_of_range))?;
        layout_rest = after;
    }
    rest = skip_literal(layout_rest, rest).ok_or_else(|| refused(layout_rest, rest))?;
    if !rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(value), quote(rest)));
    }
    assemble(&reading).map_err(out_of_range)
}

fn assemble(reading: &Reading) -> Result<Moment, &'static str> {
    let hour = match (reading.afternoon, reading.hour) {
        (Some(true), hour) if hour < 12 => hour + 12,
        (Some(false), 12) => 0,
        (_, hour) => hour,
    };
    let days = if let Some(day) = reading.day_of_year {
        let leap = days_in_month(reading.year, 2) == 29;
        if day < 1 || day > if leap { 366 } else { 365 } {
            return Err("day-of-year");
        }
        days_of_date(reading.year, 1, 1) + i64::from(day) - 1
    } else {
        let (month, day) = (reading.month.unwrap_or(1), reading.day.unwrap_or(1));
        if day < 1 || day > days_in_month(reading.year, month) {
            return Err("day");
        }
        days_of_date(reading.year, month, u16::from(day))
    };
    let local =
        days * 86_400 + i64::from(hour) * 3600 + i64::from(reading.minute) * 60 + i64::from(reading.second);
    let (offset, zone) = match (reading.offset, &reading.zone) {
        _ if reading.utc => (0, Zone::Utc),
        (None | Some(0), None) => (0, Zone::Utc),
        (Some(offset), name) => (offset, Zone::Fixed(Rc::from(name.as_deref().unwrap_or_default()), offset)),
        (None, Some(name)) => {
            // Go knows the offset of abbreviations of its own zone only; others keep their name and count as UTC.
            let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0);
            (hours * 3600, Zone::Fixed(Rc::from(name.as_str()), hours * 3600))
        }
    };
    Ok(Moment { seconds: local - i64::from(offset), nanoseconds: reading.nanoseconds, zone })
}

/// Steps over the literal text of a layout; a space there stands for any number of them.
fn skip_literal<'v>(literal: &str, value: &'v str) -> Option<&'v str> {
    let mut literal = literal;
    let mut value = value;
    while let Some(character) = literal.chars().next() {
        if character == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(character)?;
        literal = literal.get(character.len_utf8()..)?;
    }
    Some(value)
}

/// What did not fit: nothing readable, or a number out of its range.
type Misfit = Option<&'static str>;

fn read_part<'v>(
    part: Part,
    value: &'v str,
    followed_by_fraction: bool,
    reading: &mut Reading,
) -> Result<&'v str, Misfit> {
    let bounded = |number: u16, least: u16, most: u16, what: &'static str| {
        if (least..=most).contains(&number) { Ok(number as u8) } else { Err(Some(what)) }
    };
    match part {
        Part::Year => {
            let (number, rest) = digits(value, 2, 2)?;
            reading.year = if number >= 69 { 1900 } else { 2000 } + i64::from(number);
            Ok(rest)
        }
        Part::LongYear => {
            let (number, rest) = digits(value, 4, 4)?;
            reading.year = i64::from(number);
            Ok(rest)
        }
        Part::Month | Part::LongMonth => {
            let (index, rest) = name(&MONTHS, value, part == Part::LongMonth)?;
            reading.month = Some(index as u8 + 1);
            Ok(rest)
        }
        Part::NumberMonth | Part::ZeroMonth => {
            let (number, rest) = digits(value, if part == Part::ZeroMonth { 2 } else { 1 }, 2)?;
            reading.month = Some(bounded(number, 1, 12, "month")?);
            Ok(rest)
        }
        Part::Weekday | Part::LongWeekday => Ok(name(&WEEKDAYS, value, part == Part::LongWeekday)?.1),
        Part::Day | Part::UnderDay | Part::ZeroDay => {
            let value = if part == Part::UnderDay { value.strip_prefix(' ').unwrap_or(value) } else { value };
            let (number, rest) = digits(value, if part == Part::ZeroDay { 2 } else { 1 }, 2)?;
            reading.day = Some(number as u8);
            Ok(rest)
        }
        Part::UnderYearDay | Part::ZeroYearDay => {
            let mut trimmed = value;
            if part == Part::UnderYearDay {
                for _ in 0..2 {
                    trimmed = trimmed.strip_prefix(' ').unwrap_or(trimmed);
                }
            }
            let length = 3 - (value.len() - trimmed.len());
            let (number, rest) = digits(trimmed, length, length)?;
            reading.day_of_year = Some(number);
            Ok(rest)
        }
        Part::Hour => {
            let (number, rest) = digits(value, 1, 2)?;
            reading.hour = bounded(number, 0, 23, "hour")?;
            Ok(rest)
        }
        Part::Hour12 | Part::ZeroHour12 => {
            let (number, rest) = digits(value, if part == Part::ZeroHour12 { 2 } else { 1 }, 2)?;
            reading.hour = bounded(number, 0, 12, "hour")?;
            Ok(rest)
        }
        Part::Minute | Part::ZeroMinute => {
            let (number, rest) = digits(value, if part == Part::ZeroMinute { 2 } else { 1 }, 2)?;
            reading.minute = bounded(number, 0, 59, "minute")?;
            Ok(rest)
        }
        Part::Second | Part::ZeroSecond => {
            let (number, rest) = digits(value, if part == Part::ZeroSecond { 2 } else { 1 }, 2)?;
            reading.second = bounded(number, 0, 59, "second")?;
            // A fraction is read even where the layout has none.
            let is_fraction = rest.starts_with(['.', ','])
                && rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            if is_fraction && !followed_by_fraction {
                return read_fraction(rest, None, reading);
            }
            Ok(rest)
        }
        Part::UpperHalf | Part::LowerHalf => {
            let (morning, afternoon) = if part == Part::UpperHalf { ("AM", "PM") } else { ("am", "pm") };
            if let Some(rest) = value.strip_prefix(afternoon) {
                reading.afternoon = Some(true);
                return Ok(rest);
            }
            reading.afternoon = Some(false);
            value.strip_prefix(morning).ok_or(None)
        }
        Part::Offset { zulu, colons, fields } => {
            if zulu && let Some(rest) = value.strip_prefix('Z') {
                reading.utc = true;
                return Ok(rest);
            }
            read_offset(value, colons, fields, reading)
        }
        Part::ZoneName => {
            if let Some(rest) = value.strip_prefix("UTC") {
                reading.utc = true;
                return Ok(rest);
            }
            let length = zone_name_length(value).ok_or(None)?;
            let (zone, rest) = value.split_at(length);
            reading.zone = Some(zone.to_owned());
            Ok(rest)
        }
        Part::Fraction { digits, trims: false, .. } => read_fraction(value, Some(digits), reading),
        Part::Fraction { trims: true, .. } => {
            let is_fraction = value.starts_with(['.', ','])
                && value.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            if is_fraction { read_fraction(value, None, reading) } else { Ok(value) }
        }
    }
}

/// Between `least` and `most` leading digits as a number.
fn digits(value: &str, least: usize, most: usize) -> Result<(u16, &str), Misfit> {
    let length = value.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return Err(None);
    }
    let (number, rest) = value.split_at(length);
    Ok((number.parse().map_err(|_| None)?, rest))
}

/// The name that the value begins with, whatever its case: its index, and what follows.
fn name<'v>(names: &[&str], value: &'v str, long: bool) -> Result<(usize, &'v str), Misfit> {
    for (index, name) in names.iter().enumerate() {
        let length = if long { name.len() } else { 3 };
        if let (Some(name), Some(start)) = (name.get(..length), value.get(..length))
            && start.eq_ignore_ascii_case(name)
        {
            return Ok((index, value.get(length..).unwrap_or_default()));
        }
    }
    Err(None)
}

fn read_fraction<'v>(
    value: &'v str,
    digits: Option<usize>,
    reading: &mut Reading,
) -> Result<&'v str, Misfit> {
    let inner = value.strip_prefix(['.', ',']).ok_or(None)?;
    let there = inner.bytes().take_while(u8::is_ascii_digit).count();
    let length = digits.unwrap_or(there);
    if there < length || length == 0 {
        return Err(None);
    }
    let (number, rest) = inner.split_at(length);
    let nine: String = number.chars().chain(std::iter::repeat('0')).take(9).collect();
    reading.nanoseconds = nine.parse().map_err(|_| None)?;
    Ok(rest)
}

fn read_offset<'v>(
    value: &'v str,
    colons: bool,
    fields: u8,
    reading: &mut Reading,
) -> Result<&'v str, Misfit> {
    let sign = match value.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(None),
    };
    let mut rest = value.get(1..).unwrap_or_default();
    let mut seconds = 0;
    for field in 0..fields {
        if field > 0 && colons {
            rest = rest.strip_prefix(':').ok_or(None)?;
        }
        let (number, after) = digits(rest, 2, 2)?;
        if number > if field == 0 { 24 } else { 60 } {
            return Err(Some(if field == 0 { "time zone offset hour" } else { "time zone offset minute" }));
        }
        seconds += i32::from(number) * [3600, 60, 1].get(usize::from(field)).copied().unwrap_or(0);
        rest = after;
    }
    reading.offset = Some(sign * seconds);
    Ok(rest)
}

/// How long the abbreviation of a zone is that the value begins with.
fn zone_name_length(value: &str) -> Option<usize> {
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    let signed = |text: &str| {
        let inner = text.strip_prefix(['+', '-'])?;
        let length = inner.bytes().take_while(u8::is_ascii_digit).count();
        let hours: u32 = inner.get(..length)?.parse().ok()?;
        (hours < 24).then_some(length + 1)
    };
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed(rest).unwrap_or(0));
    }
    if value.starts_with(['+', '-']) {
        return signed(value);
    }
    match value.bytes().take(6).take_while(u8::is_ascii_uppercase).count() {
        3 => Some(3),
        4 if value.get(3..4) == Some("T") || value.starts_with("WITA") => Some(4),
        5 if value.get(4..5) == Some("T") => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::moment::{Moment, Zone};
    use super::{format, parse};

    #[test]
    fn every_part_of_a_layout_is_written() {
        let moment = Moment::utc(1_136_239_445, 120_000_000);
        for (layout, text) in [
            ("Mon Jan _2 15:04:05 MST 2006", "Mon Jan  2 22:04:05 UTC 2006"),
            ("Monday, 02-January-06 3:4:5.000 pm Z07:00", "Monday, 02-January-06 10:4:5.120 pm Z"),
            ("2006-002 .999999 -07:00", "2006-002 .12 +00:00"),
            ("Januar Month", "Januar Month"),
        ] {
            assert_eq!(format(&moment, layout), text, "{layout}");
        }
        let berlin = moment.in_zone(Zone::load("Europe/Berlin").unwrap());
        assert_eq!(format(&berlin, "15:04 MST -0700"), "23:04 CET +0100");
    }

    #[test]
    fn what_is_written_can_be_read() {
        for (layout, text) in [
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T23:59:58+02:00"),
            ("02 Jan 06 15:04 MST", "29 Feb 24 23:59 UTC"),
            ("2006-01-02 03:04:05.000 PM", "2024-12-31 11:59:58.120 PM"),
            ("Monday, January 2 2006", "Thursday, February 29 2024"),
        ] {
            assert_eq!(parse(layout, text).unwrap().format(layout), text);
        }
        assert_eq!(
            parse("2006-01-02", "2023-02-29").unwrap_err(),
            "parsing time \"2023-02-29\": day out of range"
        );
        assert!(parse("2006-01-02", "soon").unwrap_err().contains("cannot parse \"soon\" as \"2006\""));
    }
}
