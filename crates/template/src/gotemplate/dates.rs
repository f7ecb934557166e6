//! Dates, in the layouts of Go.

use std::rc::Rc;

use super::builtins::arg;
use super::layout;
use super::moment::{Moment, ZERO_SECONDS, Zone, duration_text, parse_duration};
use super::number::parse_int;
use super::registry::Kind::{Any, Text, Time};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::Value;
use crate::error::{Fault, Outcome};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("now", &[], None, |r, _| Ok(Value::Time(Rc::new(r.now()?))), "The time of the render", r#"{{ now | date "2006" }}"#, "2026"),
    function("date", &[Text, Any], None, |r, v| in_zone(r, text(v, 0), arg(v, 1), "Local"), "A date by a layout: a time, or seconds since 1970", r#"{{ date "2006-01-02" 0 }}"#, "1970-01-01"),
    function("dateInZone", &[Text, Any, Text], None, |r, v| in_zone(r, text(v, 0), arg(v, 1), text(v, 2)), "A date by a layout in a time zone", r#"{{ dateInZone "15:04 MST" 0 "Europe/Berlin" }}"#, "01:00 CET"),
    function("date_in_zone", &[Text, Any, Text], None, |r, v| in_zone(r, text(v, 0), arg(v, 1), text(v, 2)), "The same as dateInZone", r#"{{ date_in_zone "15:04" 0 "UTC" }}"#, "00:00"),
    function("htmlDate", &[Any], None, |r, v| in_zone(r, "2006-01-02", arg(v, 0), "Local"), "A date as HTML's date input has it", "{{ htmlDate 0 }}", "1970-01-01"),
    function("htmlDateInZone", &[Any, Text], None, |r, v| in_zone(r, "2006-01-02", arg(v, 0), text(v, 1)), "The same in a time zone", r#"{{ htmlDateInZone 0 "America/New_York" }}"#, "1969-12-31"),
    function("dateModify", &[Text, Time], None, modify, "A time later or earlier by a duration; a broken one changes nothing", r#"{{ toDate "2006-01-02" "2024-01-31" | dateModify "24h" | date "01-02" }}"#, "02-01"),
    function("date_modify", &[Text, Time], None, modify, "The same as dateModify", r#"{{ toDate "2006-01-02" "2024-01-31" | date_modify "-1h" | date "15:04" }}"#, "23:00"),
    function("mustDateModify", &[Text, Time], None, must_modify, "The same, with an error for a broken duration", r#"{{ toDate "2006-01-02" "2024-01-31" | mustDateModify "1h" | date "15" }}"#, "01"),
    function("must_date_modify", &[Text, Time], None, must_modify, "The same as mustDateModify", r#"{{ toDate "2006-01-02" "2024-01-31" | must_date_modify "1h" | date "15" }}"#, "01"),
    function("toDate", &[Text, Text], None, |r, v| {
        let moment = read(r, v)?.unwrap_or_else(|_| Moment::utc(ZERO_SECONDS, 0));
        Ok(Value::Time(Rc::new(moment)))
    }, "The time that a text says by a layout; the year 1 for a broken one", r#"{{ toDate "2006-01-02" "2024-02-29" | date "Mon" }}"#, "Thu"),
    function("mustToDate", &[Text, Text], None, |r, v| {
        Ok(Value::Time(Rc::new(read(r, v)?.map_err(Fault::value)?)))
    }, "The same, with an error for a broken text", r#"{{ mustToDate "2006-01-02" "2024-02-29" | unixEpoch }}"#, "1709164800"),
    function("unixEpoch", &[Time], None, |r, v| match arg(v, 0) {
        Value::Time(moment) => r.text(moment.seconds.to_string()),
        _ => Ok(Value::Nil),
    }, "Seconds since 1970", r#"{{ toDate "2006" "1971" | unixEpoch }}"#, "31536000"),
    function("ago", &[Any], None, |r, v| {
        let moment = moment(r, arg(v, 0))?;
        let nanoseconds = r.now()?.since(&moment);
        let seconds = (nanoseconds.saturating_add(500_000_000 * nanoseconds.signum())) / 1_000_000_000;
        r.text(duration_text(seconds.saturating_mul(1_000_000_000)))
    }, "How long ago a time was", "{{ now | ago }}", "0s"),
    function("duration", &[Any], None, |r, v| {
        let seconds = match arg(v, 0) {
            Value::Text(text) => parse_int(text, 10).unwrap_or(0),
            Value::Int64(number) => *number,
            _ => 0,
        };
        r.text(duration_text(seconds.wrapping_mul(1_000_000_000)))
    }, "Seconds as a duration", r#"{{ duration "95" }}"#, "1m35s"),
    function("durationRound", &[Any], None, |r, v| {
        let nanoseconds = match arg(v, 0) {
            Value::Text(text) => parse_duration(text).unwrap_or(0),
            Value::Int64(number) => *number,
            Value::Time(moment) => r.now()?.since(moment),
            _ => 0,
        };
        r.text(rounded(nanoseconds.unsigned_abs()))
    }, "A duration in its greatest unit", r#"{{ durationRound "2h10m5s" }}"#, "2h"),
];

fn read(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Result<Moment, String>> {
    runtime.meter.spend((text(values, 0).len() + text(values, 1).len()) as u64)?;
    if text(values, 0).len() > LONGEST_LAYOUT {
        return Ok(Err("the layout is too long".to_owned()));
    }
    Ok(layout::parse(text(values, 0), text(values, 1)))
}

/// Bytes of a layout; reading and writing look at each part of it several times.
const LONGEST_LAYOUT: usize = 10_000;

/// What sprig takes for a time; anything else is now.
fn moment(runtime: &Runtime<'_>, value: &Value) -> Outcome<Moment> {
    Ok(match value {
        Value::Time(moment) => (**moment).clone(),
        Value::Int(seconds) | Value::Int64(seconds) => Moment::utc(*seconds, 0),
        _ => runtime.now()?,
    })
}

fn in_zone(runtime: &Runtime<'_>, layout: &str, value: &Value, zone: &str) -> Outcome<Value> {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    if layout.len() > LONGEST_LAYOUT {
        return Err(Fault::budget("the layout of a date is too long"));
    }
    runtime.meter.allocate(layout.len() * 8)?;
    runtime.text(moment(runtime, value)?.in_zone(zone).format(layout))
}

fn modify(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    Ok(match (arg(values, 1), parse_duration(text(values, 0))) {
        (Value::Time(moment), Some(nanoseconds)) => Value::Time(Rc::new(moment.plus(nanoseconds))),
        (other, _) => other.clone(),
    })
}

fn must_modify(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    if parse_duration(text(values, 0)).is_none() {
        let quoted = super::quote::quote(text(values, 0));
        return Err(Fault::value(format!("time: invalid duration {quoted}"))
            .hint("A duration is written like 1h30m; units are h, m, s, ms, us and ns."));
    }
    modify(runtime, values)
}

fn rounded(nanoseconds: u64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
    ];
    match UNITS.iter().find(|(unit, _)| nanoseconds > *unit) {
        Some((unit, name)) => format!("{}{name}", nanoseconds / unit),
        None => "0s".to_owned(),
    }
}
