//! Jobs, sessions and signing keys.

use fairway_domain::{Clock as _, Digest, Role, Secret};
use fairway_ledger::{Ledger, NewJob, StoredSession};
use jiff::SignedDuration;
use serde_json::json;

use crate::{Place, person};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

crate::on_both!(
    one_worker_holds_a_job,
    an_open_job_is_not_added_twice,
    many_workers_share_the_work,
    sessions_come_and_go,
    the_first_signing_key_counts_for_everybody,
);

fn job(place: &Place, subject: &str, in_seconds: i64) -> NewJob {
    NewJob {
        kind: "run".to_owned(),
        subject: subject.to_owned(),
        payload: json!({"subject": subject}),
        run_at: place.clock.now() + SignedDuration::from_secs(in_seconds),
    }
}

async fn one_worker_holds_a_job(place: Place) {
    let ledger = place.open().await;
    assert_eq!(
        (ledger.claim("one", LEASE).await.unwrap(), ledger.next_job_at().await.unwrap()),
        (None, None)
    );
    ledger.enqueue(job(&place, "later", 10)).await.unwrap();
    assert_eq!(ledger.claim("one", LEASE).await.unwrap(), None, "it is not due");
    assert_eq!(ledger.next_job_at().await.unwrap(), Some(place.clock.now() + SignedDuration::from_secs(10)));

    place.clock.pass(10);
    let first = ledger.claim("one", LEASE).await.unwrap().unwrap();
    assert_eq!(
        (first.subject.as_str(), first.attempt, &first.payload),
        ("later", 1, &json!({"subject": "later"}))
    );
    assert_eq!(ledger.claim("two", LEASE).await.unwrap(), None, "it is held");
    place.clock.pass(20);
    assert!(ledger.extend(&first.id, LEASE).await.unwrap());
    place.clock.pass(20);
    assert_eq!(ledger.claim("two", LEASE).await.unwrap(), None, "the lease was extended");
    assert_eq!(ledger.next_job_at().await.unwrap(), Some(place.clock.now() + SignedDuration::from_secs(10)));

    place.clock.pass(10);
    let second = ledger.claim("two", LEASE).await.unwrap().unwrap();
    assert_eq!(second.attempt, 2);
    assert!(!ledger.extend(&first.id, LEASE).await.unwrap(), "the first worker lost it");
    assert!(!ledger.finish(&first.id).await.unwrap());
    assert!(!ledger.retry_at(&first.id, place.clock.now(), "late").await.unwrap());

    let again = place.clock.now() + SignedDuration::from_secs(5);
    assert!(ledger.retry_at(&second.id, again, "the forge was away\0").await.unwrap());
    assert_eq!(ledger.claim("two", LEASE).await.unwrap(), None);
    place.clock.pass(5);
    let third = ledger.claim("two", LEASE).await.unwrap().unwrap();
    assert_eq!((third.attempt, third.error.as_deref()), (3, Some("the forge was away ")));
    assert!(ledger.finish(&third.id).await.unwrap());
    assert_eq!(ledger.next_job_at().await.unwrap(), None);
}

async fn an_open_job_is_not_added_twice(place: Place) {
    let ledger = place.open().await;
    let first = ledger.enqueue(job(&place, "x", 60)).await.unwrap();
    assert_eq!(ledger.enqueue(job(&place, "x", 90)).await.unwrap(), first);
    assert_eq!(ledger.enqueue(job(&place, "x", 0)).await.unwrap(), first, "the earlier moment counts");
    let held = ledger.claim("one", LEASE).await.unwrap().unwrap();
    assert_eq!(held.id.to_string(), first.to_string());
    assert_eq!(ledger.enqueue(job(&place, "x", 0)).await.unwrap(), first);
    assert_eq!(ledger.claim("two", LEASE).await.unwrap(), None);
    assert!(ledger.finish(&held.id).await.unwrap());
    assert_ne!(ledger.enqueue(job(&place, "x", 0)).await.unwrap(), first);
}

async fn many_workers_share_the_work(place: Place) {
    let ledger = place.open().await;
    for number in 0..40 {
        ledger.enqueue(job(&place, &format!("{number:02}"), -number)).await.unwrap();
    }
    let work = |ledger: Ledger, worker: String| async move {
        let mut done = Vec::new();
        while let Some(job) = ledger.claim(&worker, LEASE).await.unwrap() {
            assert!(ledger.finish(&job.id).await.unwrap());
            done.push(job.subject);
        }
        done
    };
    let workers: Vec<_> = (0..4).map(|n| tokio::spawn(work(ledger.clone(), n.to_string()))).collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    done.sort();
    let expected: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    assert_eq!(done, expected, "every job once");
}

async fn sessions_come_and_go(place: Place) {
    let ledger = place.open().await;
    let now = place.clock.now();
    let session = |secret: &str, seconds| StoredSession {
        id_hash: Digest::of(secret.as_bytes()),
        actor: person("ada"),
        role: Role::Member,
        created_at: now,
        expires_at: now + SignedDuration::from_secs(seconds),
    };
    let (short, long) = (session("short", 10), session("long", 100));
    ledger.put_session(short.clone()).await.unwrap();
    ledger.put_session(long.clone()).await.unwrap();
    assert_eq!(ledger.session(&short.id_hash).await.unwrap(), Some(short.clone()));
    assert_eq!(ledger.session(&Digest::of(b"other")).await.unwrap(), None);

    place.clock.pass(10);
    assert_eq!(ledger.session(&short.id_hash).await.unwrap(), None, "it has expired");
    assert_eq!(ledger.delete_expired_sessions().await.unwrap(), 1);
    let promoted = StoredSession { role: Role::Admin, ..long };
    ledger.put_session(promoted.clone()).await.unwrap();
    assert_eq!(ledger.session(&promoted.id_hash).await.unwrap(), Some(promoted.clone()));
    assert!(ledger.delete_session(&promoted.id_hash).await.unwrap());
    assert!(!ledger.delete_session(&promoted.id_hash).await.unwrap());
    assert_eq!(ledger.session(&promoted.id_hash).await.unwrap(), None);
}

async fn the_first_signing_key_counts_for_everybody(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.signing_key("identity").await.unwrap(), None);
    let (first, second) = (Secret::new(vec![1, 2, 3]), Secret::new(vec![4, 5, 6]));
    assert_eq!(ledger.keep_signing_key("identity", &first).await.unwrap(), first);
    assert_eq!(ledger.keep_signing_key("identity", &second).await.unwrap(), first);
    assert_eq!(ledger.signing_key("identity").await.unwrap(), Some(first));
    assert_eq!(ledger.signing_key("something else").await.unwrap(), None);
}
