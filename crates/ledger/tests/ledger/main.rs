//! The story of the ledger, told on SQLite and on Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod concurrency;
mod jobs;
mod opening;
mod story;
mod tampering;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use fairway_domain::fact::NewFact;
use fairway_domain::{Actor, Caller, Clock, EntityRef, Origin, Timestamp};
use fairway_ledger::Ledger;
use fairway_ledger::testing::TestDatabase;
use serde_json::{Value, json};

/// A clock that stands still until it is told to move.
struct StoppedClock(AtomicI64);

impl StoppedClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_123_456)))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A database to tell the story on; it goes away with this value.
struct Place {
    url: String,
    clock: Arc<StoppedClock>,
    _folder: Option<tempfile::TempDir>,
    postgres: Option<TestDatabase>,
    opened: Mutex<Vec<Ledger>>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("deep/down/fairway.db").display());
        Self {
            url,
            clock: StoppedClock::new(),
            _folder: Some(folder),
            postgres: None,
            opened: Mutex::default(),
        }
    }

    async fn postgres() -> Option<Self> {
        let database = TestDatabase::create().await?;
        Some(Self {
            url: database.url().to_owned(),
            clock: StoppedClock::new(),
            _folder: None,
            postgres: Some(database),
            opened: Mutex::default(),
        })
    }

    fn moment(&self) -> Timestamp {
        self.clock.now()
    }

    async fn open(&self) -> Ledger {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let ledger = Ledger::open(&self.url, clock).await.unwrap();
        self.opened.lock().unwrap().push(ledger.clone());
        ledger
    }
}

/// Tells the same story on both databases.
#[macro_export]
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(place) = $crate::Place::postgres().await {
                    super::$story(place).await;
                }
            })+
        }
    };
}

fn fact(kind: &str, subject: &str, body: impl Into<Option<Value>>) -> NewFact {
    NewFact::by(&Caller::system(), kind, subject, body.into())
}

fn person(name: &str) -> Actor {
    Actor::User { reference: EntityRef::new("user", "default", name) }
}

/// Six records with everything that a record can have, one of them erased, and a blob.
async fn fill(ledger: &Ledger) {
    let ada = NewFact {
        actor: person("ada"),
        origin: Origin::Portal,
        address: Some("192.0.2.7".to_owned()),
        reason: Some("first service".to_owned()),
        ..fact("catalog.entity", "component:default/shop", json!({"b": 1, "a": [true, null, "ü\u{0}"]}))
    };
    ledger.append(vec![ada, fact("plan", "one", json!({"email": "ada@acme.example"}))]).await.unwrap();
    ledger.append(vec![fact("catalog.entity", "component:default/shop", json!({"b": 2}))]).await.unwrap();
    ledger.append(vec![fact("run", "r1", json!(null)), fact("run", "r1", None)]).await.unwrap();
    ledger.erase(2, fact("erasure", "2", json!({"why": "asked for"}))).await.unwrap();
    ledger.put_blobs(vec![b"hello".to_vec(), Vec::new()]).await.unwrap();
}
