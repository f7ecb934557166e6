//! Opening, locking and failing.

use std::sync::Arc;
use std::time::Duration;

use fairway_domain::{Clock, Digest};
use fairway_ledger::{Backend, Ledger, LedgerError, RecordQuery};
use serde_json::json;

use crate::{Place, StoppedClock, fact, fill};

fn clock() -> Arc<dyn Clock> {
    StoppedClock::new()
}

#[tokio::test]
async fn a_file_has_one_writer_and_any_number_of_readers() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    assert_eq!(ledger.backend(), Backend::Sqlite);
    fill(&ledger).await;

    let error = Ledger::open(&place.url, clock()).await.unwrap_err();
    let process = format!("in use by process {}", std::process::id());
    assert!(matches!(error, LedgerError::InUse { .. }) && error.to_string().contains(&process), "{error}");
    assert!(error.hint().unwrap().contains("Postgres"));

    let reader = Ledger::open_read_only(&place.url).await.unwrap();
    assert!(reader.verify().await.unwrap().is_intact());
    ledger.append(vec![fact("a", "b", json!(1))]).await.unwrap();
    assert_eq!(reader.head().await.unwrap(), ledger.head().await.unwrap());
    let refused = reader.append(vec![fact("a", "b", None)]).await.unwrap_err();
    assert!(matches!(refused, LedgerError::ReadOnly), "{refused}");
    let refused = reader.put_blobs(vec![Vec::new()]).await.unwrap_err();
    assert!(matches!(refused, LedgerError::ReadOnly), "{refused}");

    ledger.close().await;
    assert!(reader.verify().await.unwrap().is_intact(), "also when nobody writes");
    let ledger = Ledger::open(&place.url, clock()).await.unwrap();
    assert_eq!(ledger.head().await.unwrap().sequence, 7);
}

#[tokio::test]
async fn a_reader_works_without_a_writer() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    fill(&ledger).await;
    ledger.close().await;
    let reader = Ledger::open_read_only(&place.url).await.unwrap();
    assert!(reader.verify().await.unwrap().is_intact());
    assert_eq!(reader.count(&RecordQuery::default()).await.unwrap(), 6);
}

#[tokio::test]
async fn a_dropped_ledger_frees_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("with space & 100%.db").display());
    let ledger = Ledger::open(&url, clock()).await.unwrap();
    ledger.append(vec![fact("a", "b", json!(1))]).await.unwrap();
    drop(ledger);
    let again = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            match Ledger::open(&url, clock()).await {
                Err(LedgerError::InUse { .. }) => tokio::task::yield_now().await,
                other => break other.unwrap(),
            }
        }
    });
    assert_eq!(again.await.unwrap().head().await.unwrap().sequence, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_private_and_a_link_leads_to_the_same_lock() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let ledger = Ledger::open(&format!("sqlite:{}", file.display()), clock()).await.unwrap();
    ledger.append(vec![fact("a", "b", json!(1))]).await.unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let error = Ledger::open(&format!("sqlite:{}", link.display()), clock()).await.unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_ledger_in_memory_forgets_everything() {
    let ledger = Ledger::open("sqlite::memory:", clock()).await.unwrap();
    let other = Ledger::open("sqlite::memory:", clock()).await.unwrap();
    fill(&ledger).await;
    assert!(ledger.verify().await.unwrap().is_intact());
    assert_eq!((ledger.head().await.unwrap().sequence, other.head().await.unwrap().sequence), (6, 0));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "these are notes, and no database at all\n".repeat(100)).unwrap();
    let addresses = [
        format!("sqlite:{}", file.display()),
        format!("sqlite:{}/x.db", file.display()),
        "postgres://ada:secret@127.0.0.1:1/fairway".to_owned(),
        "redis://localhost".to_owned(),
    ];
    for address in addresses {
        let error = Ledger::open(&address, clock()).await.unwrap_err();
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        Ledger::open_read_only(&address).await.unwrap_err();
    }
    let missing = format!("sqlite:{}/missing.db", folder.path().display());
    let error = Ledger::open_read_only(&missing).await.unwrap_err();
    assert!(matches!(error, LedgerError::File { .. }), "{error}");
    assert!(!folder.path().join("missing.db").exists());
}

#[tokio::test]
async fn an_empty_postgres_database_is_no_ledger_to_read() {
    let Some(place) = Place::postgres().await else { return };
    let error = Ledger::open_read_only(&place.url).await.unwrap_err();
    assert!(error.hint().unwrap().contains("no ledger"), "{error}");
    let ledger = place.open().await;
    assert_eq!(ledger.backend(), Backend::Postgres);
    fill(&ledger).await;
    let reader = Ledger::open_read_only(&place.url).await.unwrap();
    assert!(reader.verify().await.unwrap().is_intact());
}

/// Handlers of the server run on any thread; an `await` in here that pins one would stop them from compiling.
#[tokio::test]
async fn every_call_can_be_made_from_any_task() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    let ledger = send(Ledger::open("sqlite::memory:", clock())).await.unwrap();
    let digest = Digest::of(b"");
    send(ledger.append(vec![fact("a", "b", json!(1))])).await.unwrap();
    send(ledger.erase(1, fact("c", "d", None))).await.unwrap();
    send(ledger.state("a", "b")).await.unwrap();
    send(ledger.states("a")).await.unwrap();
    send(ledger.records(&RecordQuery::default())).await.unwrap();
    send(ledger.count(&RecordQuery::default())).await.unwrap();
    send(ledger.head()).await.unwrap();
    send(ledger.put_blobs(vec![Vec::new()])).await.unwrap();
    send(ledger.blob(&digest)).await.unwrap();
    send(ledger.claim("me", jiff::SignedDuration::from_secs(1))).await.unwrap();
    send(ledger.session(&digest)).await.unwrap();
    assert!(send(ledger.verify()).await.unwrap().is_intact());
    send(ledger.close()).await;
}
