//! Many callers at once, and several replicas.

use std::sync::Arc;
use std::time::Duration;

use fairway_domain::fact::Record;
use fairway_ledger::{Ledger, Verification};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::{Place, fact};

const TASKS: usize = 100;
const FACTS: usize = 100;

crate::on_both!(a_hundred_tasks_append_a_hundred_facts_each);

async fn append_all(ledgers: Vec<Ledger>) {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let ledger = ledgers[task % ledgers.len()].clone();
            tokio::spawn(async move {
                for number in 0..FACTS / 10 {
                    let batch: Vec<_> = (0..10)
                        .map(|part| fact("load", &format!("{task}"), json!({"number": number, "part": part})))
                        .collect();
                    let bodies: Vec<_> = batch.iter().map(|fact| fact.body.clone()).collect();
                    let records = ledger.append(batch).await.unwrap();
                    let own: Vec<_> = records.iter().map(|record| record.body.clone()).collect();
                    assert_eq!(own, bodies, "each caller gets its own answer");
                    assert!(records.windows(2).all(|pair| pair[1].sequence == pair[0].sequence + 1));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Every record from `first` on, in order, once.
async fn expect_all(mut follower: Receiver<Arc<Record>>, first: i64, last: i64) {
    for sequence in first..=last {
        let record = timeout(Duration::from_mins(1), follower.recv()).await.expect("in time").unwrap();
        assert_eq!(record.sequence, sequence);
    }
}

async fn a_hundred_tasks_append_a_hundred_facts_each(place: Place) {
    let one = place.open().await;
    let mut ledgers = vec![one.clone()];
    if place.postgres.is_some() {
        ledgers.push(place.open().await);
    }
    let followers: Vec<_> = ledgers.iter().map(Ledger::follow).collect();
    append_all(ledgers).await;
    let all = (TASKS * FACTS) as i64;
    for follower in followers {
        expect_all(follower, 1, all).await;
    }
    let head = one.head().await.unwrap();
    assert_eq!(head.sequence, all);
    assert_eq!(one.verify().await.unwrap(), Verification::Intact { records: all, blobs: 0, head });
    assert_eq!(one.states("load").await.unwrap().len(), TASKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_catches_up_after_a_lost_connection() {
    let Some(place) = Place::postgres().await else { return };
    let (one, two) = (place.open().await, place.open().await);
    let follower = two.follow();
    one.append(vec![fact("a", "1", None)]).await.unwrap();
    place.postgres.as_ref().unwrap().cut_connections().await;
    // The pool notices the lost connections when it uses them.
    let mut appended = 1;
    for _ in 0..20 {
        appended += i64::from(one.append(vec![fact("a", "2", None)]).await.is_ok());
    }
    assert!(appended > 1);
    let last = one.head().await.unwrap().sequence;
    assert_eq!(last, appended, "a failed append leaves nothing");
    expect_all(follower, 1, last).await;
    assert!(two.verify().await.unwrap().is_intact());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_without_records_before_it_starts_at_the_next_one() {
    for place in [Some(Place::sqlite()), Place::postgres().await].into_iter().flatten() {
        let ledger = place.open().await;
        ledger.append(vec![fact("a", "1", None)]).await.unwrap();
        let follower = ledger.follow();
        ledger.append(vec![fact("a", "2", None), fact("a", "3", None)]).await.unwrap();
        let mut follower = follower;
        let mut last = 0;
        while last < 3 {
            let record = timeout(Duration::from_mins(1), follower.recv()).await.expect("in time").unwrap();
            assert!(record.sequence > last);
            last = record.sequence;
        }
    }
}
