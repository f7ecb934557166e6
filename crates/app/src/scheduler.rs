//! When sources are read: each in its own time, people first, failures ever more rarely, and nothing while nothing
//! can have changed.
//!
//! What a forge or the embedded forge tells by an event is not asked for. What is asked for costs little when
//! nothing changed: a folder is looked at and not read, a repository is asked for its head, a forge for whatever
//! is newer than what it answered last.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fairway_domain::{Caller, Timestamp};
use fairway_remote::Urgency;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::App;
use crate::discovery::Memory;
use crate::sources::{Source, SourceTarget};

/// How many sources are read at once by nobody's order.
const AT_ONCE: usize = 4;
/// The longest sleep, so that a new source is not overlooked for long.
const SLEEP: Duration = Duration::from_secs(30);
/// The first wait after a failure; each further one doubles it, up to the source's interval or an hour.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
const LONGEST_AFTER_FAILURE: Duration = Duration::from_hours(1);
/// After a start, sources are read within this time, not all at once.
const SPREAD: Duration = Duration::from_secs(20);
/// The shortest interval that can be asked for, on this machine and elsewhere.
pub const SHORTEST_HERE: Duration = Duration::from_secs(5);
/// The shortest interval for sources on other machines.
pub const SHORTEST_ELSEWHERE: Duration = Duration::from_mins(1);
/// The longest interval that can be asked for.
pub const LONGEST: Duration = Duration::from_hours(24 * 7);

/// When a source was looked at and will be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// When it was last looked at, whether or not there was anything new.
    pub checked_at: Option<Timestamp>,
    /// When it is looked at next without anybody asking; `None` when only events and people ask.
    pub next_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is being read now.
    pub running: bool,
}

/// When sources are read, and how that went; in memory, as the facts say the rest.
#[derive(Default)]
pub(crate) struct Scheduler {
    paces: Mutex<BTreeMap<String, Pace>>,
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    memory: Mutex<Memory>,
    wake: tokio::sync::Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A part between 0 and 1 that differs each time, so that many sources do not come at once.
fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() % 1_000) as f64 / 1_000.0
}

/// Nine to eleven tenths.
fn about(time: Duration) -> Duration {
    time.mul_f64(0.9 + chance() * 0.2)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(now)
}

impl SourceTarget {
    /// How often it is looked at unless somebody decided otherwise; `None` when events tell about changes.
    pub const fn usual_interval(&self) -> Option<Duration> {
        match self {
            Self::Forge { .. } | Self::Hosted(_) => None,
            Self::File { .. } => Some(Duration::from_secs(10)),
            Self::Git { .. } => Some(Duration::from_mins(5)),
            Self::Discovery(_) => Some(Duration::from_mins(30)),
            Self::Directory(_) => Some(Duration::from_hours(1)),
        }
    }
}

impl Source {
    /// How often it is looked at by nobody's order.
    pub fn interval(&self) -> Option<Duration> {
        if self.paused_at.is_some() {
            return None;
        }
        let usual = self.target.usual_interval();
        usual.map(|usual| self.interval_seconds.map_or(usual, Duration::from_secs))
    }

    /// When a source is looked at again after a failure.
    fn patience(&self, failures: u32) -> Option<Duration> {
        if self.paused_at.is_some() || matches!(self.target, SourceTarget::Forge { .. }) {
            return None;
        }
        let longest = self.interval().unwrap_or(LONGEST_AFTER_FAILURE).max(AFTER_FAILURE);
        let wait = AFTER_FAILURE.saturating_mul(1 << failures.saturating_sub(1).min(12));
        Some(wait.min(longest.min(LONGEST_AFTER_FAILURE)))
    }
}

impl Scheduler {
    /// The one reading of a source that may happen now.
    pub(crate) async fn turn(&self, id: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = lock(&self.turns);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(id.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    pub(crate) fn pace(&self, id: &str) -> Pace {
        lock(&self.paces).get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn forget(&self, id: &str) {
        lock(&self.paces).remove(id);
    }

    pub(crate) fn began(&self, id: &str) {
        lock(&self.paces).entry(id.to_owned()).or_default().running = true;
    }

    /// A reading ended; `wait` is what the other side asked for.
    pub(crate) fn ended(&self, source: &Source, failed: bool, wait: Option<Duration>, now: Timestamp) {
        let mut paces = lock(&self.paces);
        let pace = paces.entry(source.id.clone()).or_default();
        pace.running = false;
        pace.checked_at = Some(now);
        pace.failures = if failed { pace.failures.saturating_add(1) } else { 0 };
        let interval = if failed { source.patience(pace.failures) } else { source.interval() };
        pace.next_at = interval.map(|interval| later(now, about(interval).max(wait.unwrap_or_default())));
    }

    pub(crate) fn is_barren(&self, parent: &str, repository: &str, marker: &str) -> bool {
        lock(&self.memory).is_barren(parent, repository, marker)
    }

    pub(crate) fn note_barren(&self, parent: &str, repository: &str, marker: &str) {
        lock(&self.memory).note_barren(parent, repository, marker);
    }

    pub(crate) fn forget_barren(&self, parent: &str) {
        lock(&self.memory).forget_barren(parent);
    }

    /// What a listing says of a source that is about to be read.
    pub(crate) fn expect(&self, id: &str, marker: &str) {
        lock(&self.memory).expect(id, marker);
    }

    pub(crate) fn expected(&self, id: &str) -> Option<String> {
        lock(&self.memory).expected(id)
    }

    /// The source's interval or pause changed: it is thought about anew.
    pub(crate) fn reconsider(&self, source: &Source, now: Timestamp) {
        let mut paces = lock(&self.paces);
        let pace = paces.entry(source.id.clone()).or_default();
        pace.next_at = source.interval().map(|interval| later(now, about(interval)));
        self.wake.notify_one();
    }

    /// The source is read as soon as there is a place for it.
    pub(crate) fn hurry(&self, id: &str, now: Timestamp) {
        lock(&self.paces).entry(id.to_owned()).or_default().next_at = Some(now);
        self.wake.notify_one();
    }

    /// The sources whose time has come, and how long to sleep until the next one's.
    fn due<'a>(
        &self,
        sources: impl Iterator<Item = &'a Arc<Source>>,
        now: Timestamp,
    ) -> (Vec<String>, Duration) {
        let mut paces = lock(&self.paces);
        let mut due = Vec::new();
        let mut nearest = later(now, SLEEP);
        for source in sources {
            let pace = paces.entry(source.id.clone()).or_default();
            if pace.checked_at.is_none() && pace.next_at.is_none() && !pace.running {
                let failing = source.last.as_ref().is_some_and(|last| last.failure.is_some());
                let interval = source.interval().or_else(|| source.patience(1).filter(|_| failing));
                pace.next_at = interval.map(|it| later(now, it.min(SPREAD).mul_f64(chance())));
            }
            match pace.next_at {
                Some(next) if next <= now && !pace.running => {
                    pace.running = true;
                    due.push(source.id.clone());
                }
                Some(next) if !pace.running => nearest = nearest.min(next),
                _ => {}
            }
        }
        let wait = Duration::try_from(nearest.duration_since(now)).unwrap_or_default();
        (due, wait.max(Duration::from_millis(50)))
    }
}

impl App {
    /// When a source was and will be looked at.
    pub fn source_pace(&self, id: &str) -> Pace {
        self.inner.scheduler.pace(id)
    }

    /// Reads the sources whose time has come, again and again, until the process ends.
    pub async fn schedule_sources(&self) {
        let mut working: JoinSet<()> = JoinSet::new();
        let mut waiting: std::collections::VecDeque<String> = std::collections::VecDeque::new();
        loop {
            let (due, sleep) = self.inner.scheduler.due(self.view().sources.values(), self.now());
            waiting.extend(due);
            while working.len() < AT_ONCE {
                let Some(id) = waiting.pop_front() else { break };
                let app = self.clone();
                working.spawn(async move {
                    let ended = app
                        .sync_with(
                            &Caller::system(),
                            &id,
                            crate::proposals::Removals::Judged,
                            Urgency::Polling,
                        )
                        .await;
                    if let Err(error) = ended {
                        tracing::warn!(source = id, %error, "the source {id} could not be read: {error}");
                        app.inner.scheduler.forget(&id);
                    }
                });
            }
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.inner.scheduler.wake.notified() => {}
                Some(_) = working.join_next() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::time::Duration;

    use fairway_domain::{EntityRef, Timestamp};

    use super::{LONGEST_AFTER_FAILURE, Scheduler, later};
    use crate::sources::{Source, SourceTarget};

    fn source(path: &str) -> Source {
        let target = if path.starts_with('/') {
            SourceTarget::File { path: path.to_owned() }
        } else {
            SourceTarget::Git {
                url: path.to_owned(),
                reference: None,
                path: "catalog-info.yaml".parse().unwrap(),
                address: path.to_owned(),
            }
        };
        Source::new(target, EntityRef::new("user", "default", "ada"), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_source_is_read_in_its_interval_and_after_failures_ever_more_rarely() {
        let scheduler = Scheduler::default();
        let source = Arc::new(source("https://git.example/acme/shop"));
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let wait = |failed: bool, asked: Option<Duration>| {
            scheduler.ended(&source, failed, asked, now);
            let next = scheduler.pace(&source.id).next_at.unwrap();
            Duration::try_from(next.duration_since(now)).unwrap()
        };
        assert!((270..=330).contains(&wait(false, None).as_secs()), "five minutes, about");
        let failing: Vec<u64> = (0..5).map(|_| wait(true, None).as_secs()).collect();
        for (seconds, expected) in failing.iter().zip([30, 60, 120, 240, 300]) {
            assert!((expected * 9 / 10 - 1..=expected * 11 / 10).contains(seconds), "{failing:?}");
        }
        assert_eq!(wait(true, Some(Duration::from_hours(1))), LONGEST_AFTER_FAILURE, "as the host asked");
        let again = later(now, Duration::from_mins(59));
        assert!(scheduler.due([&source].into_iter(), again).0.is_empty());
        let (due, _) = scheduler.due([&source].into_iter(), later(now, Duration::from_hours(1)));
        assert_eq!(due.first(), Some(&source.id));
        assert!(
            scheduler.due([&source].into_iter(), later(now, Duration::from_hours(2))).0.is_empty(),
            "it runs"
        );
    }

    #[test]
    fn a_paused_source_is_left_alone() {
        let scheduler = Scheduler::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let paused = Arc::new(Source { paused_at: Some(now), ..source("/srv/catalog-info.yaml") });
        scheduler.ended(&paused, true, None, now);
        let (due, sleep) = scheduler.due([&paused].into_iter(), later(now, Duration::from_hours(9)));
        assert!(due.is_empty() && sleep >= Duration::from_secs(29), "{sleep:?}");
    }
}
