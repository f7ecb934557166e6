//! The methods that times and versions have.

use std::rc::Rc;

use super::moment::{Moment, Month, Weekday, ZERO_SECONDS, Zone};
use super::registry::{Call, Kind};
use super::value::Value;

/// A method: its parameters, and a function whose first argument is the receiver.
pub struct Method {
    pub parameters: &'static [Kind],
    pub call: Call,
}

const fn getter(call: Call) -> Method {
    Method { parameters: &[], call }
}

/// The method of that name which values like this one have.
pub fn method(value: &Value, name: &str) -> Option<Method> {
    match value {
        Value::Time(_) => time_method(name),
        Value::Version(_) => super::version::method(name),
        Value::Duration(_) => Some(match name {
            "Hours" => getter(|_, v| Ok(Value::Float(nanoseconds(v) as f64 / 3.6e12))),
            "Minutes" => getter(|_, v| Ok(Value::Float(nanoseconds(v) as f64 / 6e10))),
            "Seconds" => getter(|_, v| Ok(Value::Float(nanoseconds(v) as f64 / 1e9))),
            "Milliseconds" => getter(|_, v| Ok(Value::Int64(nanoseconds(v) / 1_000_000))),
            "Microseconds" => getter(|_, v| Ok(Value::Int64(nanoseconds(v) / 1_000))),
            "Nanoseconds" => getter(|_, v| Ok(Value::Int64(nanoseconds(v)))),
            "String" => STRING,
            _ => return None,
        }),
        Value::Month(_) | Value::Weekday(_) if name == "String" => Some(STRING),
        _ => None,
    }
}

const STRING: Method = getter(|runtime, values| {
    runtime.text(super::print::text_of(runtime, values.first().unwrap_or(&Value::Nil))?)
});

fn nanoseconds(values: &[Value]) -> i64 {
    match values.first() {
        Some(Value::Duration(nanoseconds)) => *nanoseconds,
        _ => 0,
    }
}

/// What `read` finds in the time that the values begin with.
fn time(values: &[Value], read: fn(&Moment) -> Value) -> Value {
    match values.first() {
        Some(Value::Time(moment)) => read(moment),
        _ => Value::Nil,
    }
}

/// The same for two times.
fn times(values: &[Value], read: fn(&Moment, &Moment) -> Value) -> Value {
    match values {
        [Value::Time(left), Value::Time(right)] => read(left, right),
        _ => Value::Nil,
    }
}

const fn comparison(call: Call) -> Method {
    Method { parameters: &[Kind::Time], call }
}

fn time_method(name: &str) -> Option<Method> {
    Some(match name {
        "String" => STRING,
        "Format" => Method {
            parameters: &[Kind::Text],
            call: |runtime, values| match values {
                [Value::Time(moment), Value::Text(layout)] => {
                    runtime.meter.allocate(layout.len() * 4)?;
                    runtime.text(moment.format(layout))
                }
                _ => Ok(Value::Nil),
            },
        },
        "Add" => Method {
            parameters: &[Kind::Duration],
            call: |_, values| match values {
                [Value::Time(moment), Value::Duration(nanoseconds)] => {
                    Ok(Value::Time(Rc::new(moment.plus(*nanoseconds))))
                }
                _ => Ok(Value::Nil),
            },
        },
        "Unix" => getter(|_, v| Ok(time(v, |m| Value::Int64(m.seconds)))),
        "UnixMilli" => getter(|_, v| {
            Ok(time(v, |m| {
                Value::Int64(
                    m.seconds.saturating_mul(1000).saturating_add(i64::from(m.nanoseconds) / 1_000_000),
                )
            }))
        }),
        "UnixNano" => getter(|_, v| {
            Ok(time(v, |m| {
                Value::Int64(m.seconds.wrapping_mul(1_000_000_000).wrapping_add(i64::from(m.nanoseconds)))
            }))
        }),
        "Year" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().year)))),
        "Month" => getter(|_, v| Ok(time(v, |m| Value::Month(Month(m.civil().month))))),
        "Day" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().day.into())))),
        "Hour" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().hour.into())))),
        "Minute" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().minute.into())))),
        "Second" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().second.into())))),
        "Nanosecond" => getter(|_, v| Ok(time(v, |m| Value::Int(m.nanoseconds.into())))),
        "YearDay" => getter(|_, v| Ok(time(v, |m| Value::Int(m.civil().day_of_year.into())))),
        "Weekday" => getter(|_, v| Ok(time(v, |m| Value::Weekday(Weekday(m.civil().weekday))))),
        "UTC" => getter(|_, v| Ok(time(v, |m| Value::Time(Rc::new(m.in_zone(Zone::Utc)))))),
        "IsZero" => {
            getter(|_, v| Ok(time(v, |m| Value::Bool(m.seconds == ZERO_SECONDS && m.nanoseconds == 0))))
        }
        "Sub" => comparison(|_, v| Ok(times(v, |l, r| Value::Duration(l.since(r))))),
        "Before" => comparison(|_, v| Ok(times(v, |l, r| Value::Bool(l.since(r) < 0)))),
        "After" => comparison(|_, v| Ok(times(v, |l, r| Value::Bool(l.since(r) > 0)))),
        "Equal" => comparison(|_, v| Ok(times(v, |l, r| Value::Bool(l.since(r) == 0)))),
        _ => return None,
    })
}
