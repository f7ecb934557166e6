//! The functions about time. There is no clock here: now is what the caller says it is, or unknown.

use std::borrow::Cow;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::Value;

use super::QueryError;
use super::function::Function;
use crate::kyverno::duration::Duration;

/// Nanoseconds from the year 1, from which Go counts, to 1970.
const YEAR_ONE: i128 = 62_135_596_800_000_000_000;

/// The value of a function of this kind; nothing where it is of another.
pub(crate) fn call(
    function: &Function,
    now: Option<&str>,
    values: &[Cow<'_, Value>],
) -> Result<Option<Value>, QueryError> {
    let at = |position: usize| values.get(position).map_or(&Value::Null, |value| &**value);
    let text =
        |position: usize| at(position).as_str().ok_or_else(|| function.refuses("a text", at(position)));
    let moment = |position: usize| {
        read(text(position)?).ok_or_else(|| function.refuses("a time as in RFC 3339", at(position)))
    };
    let span = |position: usize| {
        Duration::parse(text(position)?).ok_or_else(|| function.refuses("a duration", at(position)))
    };
    let current = || {
        let reason = "the time of the evaluation is not known here".to_owned();
        now.and_then(read).ok_or(QueryError::Unavailable(reason))
    };
    let difference = |from: &Zoned, to: &Zoned| {
        let nanoseconds = to.timestamp().duration_since(from.timestamp()).as_nanos();
        Value::from(Duration(i64::try_from(nanoseconds).unwrap_or(i64::MAX)).to_string())
    };
    let result = match function.name {
        "time_now" | "time_now_utc" => written(&current()?.with_time_zone(TimeZone::UTC)).into(),
        "time_since" => {
            let parsed = |position: usize| match text(0)? {
                "" => moment(position),
                layout => by_layout(layout, text(position)?)
                    .ok_or_else(|| function.refuses("a time of the given layout", at(position))),
            };
            let until = if text(2)?.is_empty() { current()? } else { parsed(2)? };
            difference(&parsed(1)?, &until)
        }
        "time_diff" => difference(&moment(0)?, &moment(1)?),
        "time_before" => (moment(0)?.timestamp() < moment(1)?.timestamp()).into(),
        "time_after" => (moment(0)?.timestamp() > moment(1)?.timestamp()).into(),
        "time_between" => {
            let subject = moment(0)?.timestamp();
            (subject > moment(1)?.timestamp() && subject < moment(2)?.timestamp()).into()
        }
        "time_add" => {
            let sum = moment(0)?.checked_add(SignedDuration::from_nanos(span(1)?.0));
            written(&sum.map_err(|error| QueryError::Failed(format!("time_add: {error}")))?).into()
        }
        "time_utc" => written(&moment(0)?.with_time_zone(TimeZone::UTC)).into(),
        "time_parse" => match text(0)?.parse::<i64>().ok().filter(|_| text(0).is_ok_and(|it| it.len() > 8)) {
            Some(_) => return Err(function.refuses("a layout", at(0))),
            None => written(
                &by_layout(text(0)?, text(1)?)
                    .ok_or_else(|| function.refuses("a layout and a time of that layout", at(1)))?,
            )
            .into(),
        },
        "time_truncate" => {
            let (subject, step) = (moment(0)?, i128::from(span(1)?.0));
            if step <= 0 {
                return Err(function.refuses("a positive duration", at(1)));
            }
            let nanoseconds = subject.timestamp().as_nanosecond();
            let cut = nanoseconds - (nanoseconds + YEAR_ONE).rem_euclid(step);
            let cut = Timestamp::from_nanosecond(cut)
                .map_err(|error| QueryError::Failed(format!("time_truncate: {error}")))?;
            written(&cut.to_zoned(subject.time_zone().clone())).into()
        }
        "time_to_cron" => {
            let subject = moment(0)?.with_time_zone(TimeZone::UTC);
            format!(
                "{} {} {} {} {}",
                subject.minute(),
                subject.hour(),
                subject.day(),
                subject.month(),
                subject.weekday().to_sunday_zero_offset()
            )
            .into()
        }
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// `Z` at the end as an offset.
fn with_offset(text: &str) -> String {
    text.strip_suffix('Z').map_or_else(|| text.to_owned(), |text| format!("{text}+00:00"))
}

/// A time as in RFC 3339, with its own offset.
fn read(text: &str) -> Option<Zoned> {
    let parsed = BrokenDownTime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", with_offset(text)).ok()?;
    let offset = parsed.offset()?;
    Some(parsed.to_timestamp().ok()?.to_zoned(offset.to_time_zone()))
}

/// As Go writes RFC 3339: whole seconds, and `Z` for no offset.
fn written(time: &Zoned) -> String {
    let text = time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    text.strip_suffix("+00:00").map(|text| format!("{text}Z")).unwrap_or(text)
}

/// A time in one of Go's layouts, which name the parts by an example (`2006-01-02 15:04:05`).
fn by_layout(layout: &str, text: &str) -> Option<Zoned> {
    const PARTS: [(&str, &str); 24] = [
        ("2006", "%Y"),
        ("January", "%B"),
        ("Jan", "%b"),
        ("Monday", "%A"),
        ("Mon", "%a"),
        ("MST", "%Z"),
        ("Z07:00", "%:z"),
        ("-07:00", "%:z"),
        ("-0700", "%z"),
        (".000000000", "%.f"),
        (".000000", "%.f"),
        (".000", "%.f"),
        (".999999999", "%.f"),
        ("01", "%m"),
        ("02", "%d"),
        ("03", "%I"),
        ("04", "%M"),
        ("05", "%S"),
        ("06", "%y"),
        ("15", "%H"),
        ("PM", "%p"),
        ("_2", "%e"),
        ("2", "%-d"),
        ("3", "%-I"),
    ];
    let (mut format, mut rest) = (String::new(), layout);
    while let Some(first) = rest.chars().next() {
        if let Some((part, code)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            format.push_str(code);
            rest = rest.get(part.len()..)?;
        } else {
            if first == '%' {
                format.push('%');
            }
            format.push(first);
            rest = rest.get(first.len_utf8()..)?;
        }
    }
    // Names of zones are not resolved: without an offset a time is taken as UTC, as Go does.
    let (format, text) = match (format.strip_suffix(" %Z"), text.rsplit_once(' ')) {
        (Some(format), Some((text, _))) => (format.to_owned(), text.to_owned()),
        _ => (format, if layout.contains("Z07:00") { with_offset(text) } else { text.to_owned() }),
    };
    let parsed = BrokenDownTime::parse(format, &text).ok()?;
    let time = parsed.to_time().unwrap_or_else(|_| jiff::civil::Time::midnight());
    let offset = parsed.offset().unwrap_or(jiff::tz::Offset::UTC);
    parsed.to_date().ok()?.to_datetime(time).to_zoned(offset.to_time_zone()).ok()
}
