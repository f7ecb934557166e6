//! How many requests a forge still takes, as its answers tell.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;

/// A wait longer than this is not believed.
const LONGEST: Duration = Duration::from_hours(1);
/// How long to leave a forge alone that limits and does not say for how long.
const UNSAID: Duration = Duration::from_mins(1);
/// The share of the budget, in per cent, that is kept for people.
const KEPT_FOR_PEOPLE: u64 = 10;

/// The state of the budget for one host and credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// How many requests the host allows in a period, when it told.
    pub limit: Option<u64>,
    /// How many of them are left.
    pub remaining: Option<u64>,
    /// When the period ends.
    pub resets_at: Option<SystemTime>,
    /// Until when the host asked to be left alone.
    pub blocked_until: Option<SystemTime>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Answers that said that nothing changed; most hosts do not count them.
    pub unchanged: u64,
    /// How often in a row the host asked for patience without saying how long.
    pub(super) strikes: u32,
}

impl Budget {
    /// How long to wait before another request; zero when there is no need. Polling leaves a part of the budget
    /// to people.
    pub(super) fn wait(&self, polling: bool, now: SystemTime) -> Option<(Duration, &'static str)> {
        if let Some(wait) = self.blocked_until.and_then(|until| until.duration_since(now).ok())
            && !wait.is_zero()
        {
            return Some((wait.min(LONGEST), "it asked for patience"));
        }
        let wait = self.resets_at?.duration_since(now).ok().filter(|wait| !wait.is_zero())?;
        let remaining = self.remaining?;
        let kept = self.limit.map_or(0, |limit| limit * KEPT_FOR_PEOPLE / 100);
        if remaining == 0 {
            return Some((wait.min(LONGEST), "the budget of requests is spent"));
        }
        (polling && remaining <= kept)
            .then(|| (wait.min(LONGEST), "what is left of the budget is kept for people"))
    }

    /// Takes in what an answer says: GitHub's `x-ratelimit-*`, GitLab's `RateLimit-*`, and `Retry-After`.
    pub(super) fn note(&mut self, status: u16, headers: &HeaderMap, secondary: bool, now: SystemTime) {
        self.sent += 1;
        if status == 304 {
            self.unchanged += 1;
        }
        let number = |names: [&str; 2]| {
            names.iter().find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse::<u64>().ok())
        };
        if let Some(limit) = number(["x-ratelimit-limit", "ratelimit-limit"]) {
            self.limit = Some(limit);
        }
        if let Some(remaining) = number(["x-ratelimit-remaining", "ratelimit-remaining"]) {
            self.remaining = Some(remaining);
        }
        if let Some(reset) = number(["x-ratelimit-reset", "ratelimit-reset"]) {
            self.resets_at = Some(UNIX_EPOCH + Duration::from_secs(reset.min(1 << 40)));
        }
        let exhausted = self.remaining == Some(0);
        let limited = status == 429 || (status == 403 && (secondary || exhausted));
        let asked = headers
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse::<u64>().ok());
        if limited {
            // Each time without a word about how long, twice as long as the time before.
            let unsaid = UNSAID.saturating_mul(1 << self.strikes.min(6));
            let wait = match (asked, exhausted.then_some(self.resets_at).flatten()) {
                (Some(seconds), _) => Duration::from_secs(seconds),
                (None, Some(reset)) => reset.duration_since(now).unwrap_or(unsaid),
                (None, None) => unsaid,
            };
            self.strikes += u32::from(asked.is_none());
            self.blocked_until = Some(now + wait.min(LONGEST));
        } else if status == 503
            && let Some(seconds) = asked
        {
            self.blocked_until = Some(now + Duration::from_secs(seconds).min(LONGEST));
        } else if status < 400 {
            self.strikes = 0;
            self.blocked_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::Budget;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(500_000)
    }

    #[test]
    fn polling_stops_before_people_do() {
        let mut budget = Budget::default();
        let told = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "500"),
            ("x-ratelimit-reset", "1800000600"),
        ];
        budget.note(200, &headers(&told), false, now());
        assert_eq!(budget.wait(true, now()).unwrap().0, Duration::from_mins(10));
        assert_eq!(budget.wait(false, now()), None);
        budget.note(200, &headers(&[("x-ratelimit-remaining", "0")]), false, now());
        assert!(budget.wait(false, now()).is_some());
        assert_eq!(budget.wait(true, now() + Duration::from_mins(11)), None);
    }

    #[test]
    fn a_limit_without_a_word_about_how_long_waits_longer_each_time() {
        let mut budget = Budget::default();
        let waits: Vec<u64> = (0..3)
            .map(|_| {
                budget.note(403, &headers(&[]), true, now());
                budget.wait(false, now()).unwrap().0.as_secs()
            })
            .collect();
        assert_eq!(waits, [60, 120, 240]);
        budget.note(200, &headers(&[]), false, now());
        assert_eq!(budget.wait(false, now()), None);
        budget.note(429, &headers(&[("retry-after", "7")]), false, now());
        assert_eq!(budget.wait(false, now()).unwrap().0, Duration::from_secs(7));
        budget.note(429, &headers(&[("retry-after", "99999999999")]), false, now());
        assert_eq!(budget.wait(false, now()).unwrap().0, Duration::from_hours(1), "nobody waits for ever");
    }

    #[test]
    fn a_refusal_that_is_no_limit_blocks_nothing() {
        let mut budget = Budget::default();
        budget.note(403, &headers(&[]), false, now());
        budget.note(404, &headers(&[]), false, now());
        assert_eq!(budget.wait(true, now()), None);
    }
}
