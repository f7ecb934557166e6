//! Reading as of a moment that is over: every entity, list, facet and graph as they were.

use std::sync::{Arc, Mutex, PoisonError};

use fairway_domain::fact::kind;
use fairway_domain::{Caller, Permission, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use serde::Serialize;

use crate::audit::ERASURE;
use crate::projection::{RESOURCE, View};
use crate::{App, AppError};

/// What a view of the past is folded from: what pages about the catalog show.
const KINDS: [&str; 6] = [kind::ENTITY, kind::DRAFT, kind::SOURCE, kind::RUN, kind::DEPLOYMENT, RESOURCE];
/// Views of the past that are kept, as long as they hold no more entities than [`KEPT_ENTITIES`] together.
const KEPT: usize = 4;
const KEPT_ENTITIES: usize = 100_000;
/// The longest text of a moment that is looked at.
const LONGEST: usize = 64;

/// A moment that was asked for, and where the journal stood then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// As it was asked for; the same text leads to it again where it is a point in time.
    pub asked: String,
    /// The point in time.
    pub at: Timestamp,
    /// The last record up to it.
    pub sequence: i64,
}

/// What was known at a moment, or what is known now.
#[derive(Clone)]
pub struct AsOf {
    /// What was known.
    pub view: Arc<View>,
    /// The moment; `None` for now.
    pub moment: Option<Moment>,
}

/// The last change that a view of the past holds, and the last erasure when it was folded.
type Key = (i64, i64);

/// Views of the past, the one used last at the end.
#[derive(Default)]
pub(crate) struct PastViews {
    kept: Mutex<Vec<(Key, Arc<View>)>>,
    /// One at a time is folded: it takes memory, and whoever asks for the same waits for it.
    folding: tokio::sync::Mutex<()>,
}

impl PastViews {
    fn get(&self, key: Key) -> Option<Arc<View>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let position = kept.iter().position(|(known, _)| *known == key)?;
        let found = kept.remove(position);
        let view = Arc::clone(&found.1);
        kept.push(found);
        Some(view)
    }

    fn put(&self, key: Key, view: &Arc<View>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Something was erased since: it must not be read from memory either.
        kept.retain(|(known, _)| known.1 == key.1);
        kept.push((key, Arc::clone(view)));
        let entities =
            |kept: &[(Key, Arc<View>)]| kept.iter().map(|(_, view)| view.catalog.len()).sum::<usize>();
        while kept.len() > KEPT || (kept.len() > 1 && entities(&kept) > KEPT_ENTITIES) {
            kept.remove(0);
        }
    }
}

impl App {
    /// What was known at a moment: RFC 3339 (`2026-03-01T12:00:00Z`), a date (`2026-03-01`, as that day ended in
    /// UTC), an age (`90m`, `12h`, `7d`, `2w`) or a record of the journal (`#1234`). Without a moment, what is
    /// known now.
    ///
    /// # Errors
    ///
    /// When the text is no moment, or one that is not over yet.
    pub async fn as_of(&self, caller: &Caller, asked: Option<&str>) -> Result<AsOf, AppError> {
        caller.authorise(Permission::Read)?;
        let now = self.view();
        let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
            return Ok(AsOf { view: now, moment: None });
        };
        let moment = self.moment(asked).await?;
        let ledger = &self.inner.ledger;
        let last = ledger.last_change(&KINDS, moment.sequence).await?;
        if moment.sequence >= now.sequence || last == ledger.last_change(&KINDS, now.sequence).await? {
            return Ok(AsOf { view: now, moment: Some(moment) });
        }
        let key = (last, ledger.last_change(&[ERASURE], i64::MAX).await?);
        if let Some(view) = self.inner.past.get(key) {
            return Ok(AsOf { view, moment: Some(moment) });
        }
        let _one_at_a_time = self.inner.past.folding.lock().await;
        if let Some(view) = self.inner.past.get(key) {
            return Ok(AsOf { view, moment: Some(moment) });
        }
        let view = Arc::new(View::at(ledger, &KINDS, last).await?);
        self.inner.past.put(key, &view);
        Ok(AsOf { view, moment: Some(moment) })
    }

    /// Where the journal stood at a moment, in the words of [`App::as_of`].
    pub(crate) async fn moment(&self, asked: &str) -> Result<Moment, AppError> {
        let now = self.now();
        let moment = |at, sequence| Moment { asked: asked.to_owned(), at, sequence };
        if let Some(number) = asked.strip_prefix('#') {
            let sequence: i64 = number.parse().ok().filter(|it| *it >= 0).ok_or_else(|| wrong(asked))?;
            let query = fairway_ledger::RecordQuery {
                before: Some(sequence.saturating_add(1)),
                limit: 1,
                ..fairway_ledger::RecordQuery::default()
            };
            let record = self.inner.ledger.records(&query).await?.into_iter().next();
            return Ok(moment(record.map_or(Timestamp::UNIX_EPOCH, |it| it.at), sequence));
        }
        let at = parse(asked, now)?;
        Ok(moment(at, self.inner.ledger.sequence_at(at).await?))
    }
}

/// The point in time that a text means at `now`.
fn parse(asked: &str, now: Timestamp) -> Result<Timestamp, AppError> {
    if asked.len() > LONGEST {
        return Err(wrong(&asked.chars().take(LONGEST).collect::<String>()));
    }
    let at = if let Some(age) = age(asked) {
        now.checked_sub(age).map_err(|_| wrong(asked))?
    } else if let Ok(at) = asked.parse::<Timestamp>() {
        at
    } else {
        let date: Date = asked.parse().map_err(|_| wrong(asked))?;
        let end = date.checked_add(1.day()).and_then(|next| next.to_zoned(TimeZone::UTC));
        let end = end.map_err(|_| wrong(asked))?.timestamp();
        let end = end.checked_sub(SignedDuration::from_micros(1)).map_err(|_| wrong(asked))?;
        // Today is not over; what is known of it is what is known now.
        if date == now.to_zoned(TimeZone::UTC).date() { end.min(now) } else { end }
    };
    if at > now {
        return Err(AppError::Invalid {
            message: format!("\"{asked}\" lies in the future"),
            hint: Some("ask for a moment that is over".to_owned()),
        });
    }
    Ok(at)
}

fn age(asked: &str) -> Option<SignedDuration> {
    let unit = asked.chars().last()?;
    let number: u32 = asked.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(i64::from(number) * seconds))
}

fn wrong(asked: &str) -> AppError {
    AppError::Invalid {
        message: format!("\"{asked}\" is no moment"),
        hint: Some(
            "write 2026-03-01T12:00:00Z, 2026-03-01 (the end of that day), an age such as 90m, 12h, 7d or 2w, or \
             #1234 for a record of the journal"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::parse;

    #[test]
    fn a_moment_is_a_time_a_date_or_an_age() {
        let now = "2026-03-08T12:00:00Z".parse().unwrap();
        let rows = [
            ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z"),
            ("2026-03-01", "2026-03-01T23:59:59.999999Z"),
            ("2026-03-08", "2026-03-08T12:00:00Z"),
            ("7d", "2026-03-01T12:00:00Z"),
            ("90m", "2026-03-08T10:30:00Z"),
            ("2w", "2026-02-22T12:00:00Z"),
        ];
        for (asked, expected) in rows {
            assert_eq!(parse(asked, now).unwrap().to_string(), expected, "{asked}");
        }
        for asked in
            ["yesterday", "7", "d", "-7d", "2026-13-01", "4294967295w", "2026-03-09", "7é", &"9".repeat(99)]
        {
            assert!(parse(asked, now).is_err(), "{asked}");
        }
    }
}
