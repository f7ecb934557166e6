//! What a caller sees.

use fairway_domain::fact::NewFact;
use fairway_domain::{Actor, Digest, EntityRef};
use fairway_ledger::{Head, LedgerError, RecordQuery, Verification};
use serde_json::json;

use crate::{Place, fact, fill, person};

crate::on_both!(
    facts_become_records_and_state,
    questions_find_records,
    the_past_is_read_as_it_was,
    an_erased_body_is_gone_and_the_chain_still_holds,
    blobs_are_kept_once,
    what_cannot_be_stored_is_refused,
    everything_survives_a_restart,
    what_waits_is_written_before_the_ledger_closes,
);

async fn facts_become_records_and_state(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.head().await.unwrap(), Head::EMPTY);
    assert_eq!(ledger.append(Vec::new()).await.unwrap(), Vec::new());

    fill(&ledger).await;

    let records =
        ledger.records(&RecordQuery { oldest_first: true, ..RecordQuery::default() }).await.unwrap();
    let sequences: Vec<i64> = records.iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6]);
    let first = &records[0];
    assert_eq!((first.actor.clone(), first.address.as_deref()), (person("ada"), Some("192.0.2.7")));
    assert_eq!(first.reason.as_deref(), Some("first service"));
    assert_eq!(first.body, Some(json!({"b": 1, "a": [true, null, "ü\u{0}"]})));
    assert_eq!(first.body.as_ref().unwrap().to_string().find('b'), Some(2), "the order of keys is kept");
    assert_eq!(first.previous, Head::EMPTY.hash);
    assert_eq!(records[3].body, Some(json!(null)));
    assert_eq!((records[4].body.clone(), records[4].erased), (None, false));
    assert!(records.windows(2).all(|pair| pair[1].previous == pair[0].hash));

    let head = ledger.head().await.unwrap();
    assert_eq!(head, Head { sequence: 6, hash: records[5].hash });
    let state = ledger.state("catalog.entity", "component:default/shop").await.unwrap().unwrap();
    assert_eq!((state.sequence, state.body, state.at), (3, json!({"b": 2}), records[2].at));
    assert_eq!(ledger.state("run", "r1").await.unwrap(), None, "what is gone has no state");
    assert_eq!(ledger.state("run", "\0").await.unwrap(), None);
    assert_eq!(ledger.verify().await.unwrap(), Verification::Intact { records: 6, blobs: 2, head });

    let subjects = ["b", "B", "a-c", "a b", "ä"];
    ledger.append(subjects.iter().map(|subject| fact("order", subject, json!(1))).collect()).await.unwrap();
    let states = ledger.states("order").await.unwrap();
    let found: Vec<&str> = states.iter().map(|state| state.subject.as_str()).collect();
    assert_eq!(found, ["B", "a b", "a-c", "b", "ä"]);
}

async fn questions_find_records(place: Place) {
    let ledger = place.open().await;
    let token = Actor::Token {
        id: "FW7".to_owned(),
        name: "100% CI".to_owned(),
        owner: EntityRef::new("user", "default", "grace"),
    };
    let by = |actor: Actor, kind: &str, subject: &str| NewFact { actor, ..fact(kind, subject, json!({})) };
    let facts = vec![
        by(person("ada"), "catalog.entity", "x"),
        by(person("grace"), "catalog.source", "x"),
        by(token, "catalogue", "y"),
        by(Actor::System, "run", "x"),
    ];
    ledger.append(facts).await.unwrap();

    let cases: Vec<(RecordQuery, &[i64])> = vec![
        (RecordQuery::default(), &[4, 3, 2, 1]),
        (RecordQuery { limit: 2, ..RecordQuery::default() }, &[4, 3]),
        (RecordQuery { oldest_first: true, after: Some(1), limit: 2, ..RecordQuery::default() }, &[2, 3]),
        (RecordQuery { before: Some(3), ..RecordQuery::default() }, &[2, 1]),
        (RecordQuery { kinds: vec!["run".into(), "catalogue".into()], ..RecordQuery::default() }, &[4, 3]),
        (RecordQuery { kind_prefix: Some("catalog.".into()), ..RecordQuery::default() }, &[2, 1]),
        (RecordQuery { kind_prefix: Some("CATALOG.".into()), ..RecordQuery::default() }, &[]),
        (
            RecordQuery {
                kind_prefix: Some(String::new()),
                subject: Some("x".into()),
                ..RecordQuery::default()
            },
            &[4, 2, 1],
        ),
        (RecordQuery { actor: Some("GRACE".into()), ..RecordQuery::default() }, &[3, 2]),
        (RecordQuery { actor: Some("user:default/a".into()), ..RecordQuery::default() }, &[1]),
        (RecordQuery { actor: Some("100% c".into()), ..RecordQuery::default() }, &[3]),
        (RecordQuery { actor: Some("fw7".into()), ..RecordQuery::default() }, &[3]),
        (RecordQuery { actor: Some("%".into()), ..RecordQuery::default() }, &[3]),
        (RecordQuery { actor: Some("_".into()), ..RecordQuery::default() }, &[]),
        (RecordQuery { subject: Some("' OR 1=1 --\0".into()), ..RecordQuery::default() }, &[]),
    ];
    for (query, expected) in cases {
        let records = ledger.records(&query).await.unwrap();
        let found: Vec<i64> = records.iter().map(|record| record.sequence).collect();
        assert_eq!(found, expected, "{query:?}");
        if query.limit == 100 {
            assert_eq!(ledger.count(&query).await.unwrap(), expected.len() as i64, "{query:?}");
        }
    }
    let none = RecordQuery { limit: 0, ..RecordQuery::default() };
    assert_eq!((ledger.records(&none).await.unwrap().len(), ledger.count(&none).await.unwrap()), (0, 4));
}

async fn an_erased_body_is_gone_and_the_chain_still_holds(place: Place) {
    let ledger = place.open().await;
    fill(&ledger).await;
    assert_eq!(ledger.state("plan", "one").await.unwrap(), None);
    let record =
        ledger.records(&RecordQuery { subject: Some("one".into()), ..RecordQuery::default() }).await.unwrap();
    assert_eq!((record[0].erased, record[0].body.clone()), (true, None));

    let by = || fact("erasure", "x", json!({}));
    let again = ledger.erase(2, by()).await.unwrap_err();
    assert!(matches!(again, LedgerError::NothingToErase { sequence: 2, .. }), "{again}");
    let gone = ledger.erase(5, by()).await.unwrap_err();
    assert!(matches!(gone, LedgerError::NothingToErase { sequence: 5, .. }), "{gone}");
    let missing = ledger.erase(7, by()).await.unwrap_err();
    assert!(matches!(missing, LedgerError::NotFound { sequence: 7 }), "{missing}");
    assert_eq!(ledger.head().await.unwrap().sequence, 6, "a refused erasure leaves no fact");

    // An older body goes without a change of the latest one, and an erasure's own body can go too.
    ledger.erase(1, by()).await.unwrap();
    ledger.erase(6, by()).await.unwrap();
    assert_eq!(ledger.state("catalog.entity", "component:default/shop").await.unwrap().unwrap().sequence, 3);
    assert!(ledger.verify().await.unwrap().is_intact());

    if let Some(path) = place.url.strip_prefix("sqlite:") {
        ledger.close().await;
        let folder = std::path::Path::new(path).parent().unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(16).any(|window| window == b"ada@acme.example");
            assert!(!found, "the erased body is still in {}", file.display());
        }
    }
}

async fn blobs_are_kept_once(place: Place) {
    let ledger = place.open().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number * 31) as u8).collect();
    let blobs = vec![b"one".to_vec(), large.clone(), b"one".to_vec(), Vec::new()];
    let digests = ledger.put_blobs(blobs).await.unwrap();
    assert_eq!(digests, [b"one".as_slice(), &large, b"one", b""].map(Digest::of));
    assert_eq!(ledger.put_blobs(vec![b"one".to_vec()]).await.unwrap(), [digests[0]]);
    assert_eq!(ledger.put_blobs(Vec::new()).await.unwrap(), []);
    assert_eq!(ledger.blob(&digests[1]).await.unwrap(), Some(large));
    assert_eq!(ledger.blob(&digests[3]).await.unwrap(), Some(Vec::new()));
    assert_eq!(ledger.blob(&Digest::of(b"two")).await.unwrap(), None);
    assert_eq!(
        ledger.verify().await.unwrap(),
        Verification::Intact { records: 0, blobs: 3, head: Head::EMPTY }
    );
}

async fn what_cannot_be_stored_is_refused(place: Place) {
    let ledger = place.open().await;
    let good = fact("kind", "subject", json!("\u{0}"));
    let bad = [
        fact("", "subject", None),
        fact("kind", "a\0b", None),
        fact(&"k".repeat(129), "subject", None),
        fact("kind", &"s".repeat(2_049), None),
        NewFact { reason: Some("r".repeat(20_000)), ..good.clone() },
        NewFact { address: Some("\0".into()), ..good.clone() },
        fact("kind", "subject", json!("b".repeat(17 * 1024 * 1024))),
    ];
    for bad in bad {
        let error = ledger.append(vec![good.clone(), bad]).await.unwrap_err();
        assert!(matches!(error, LedgerError::Refused { .. }), "{error}");
    }
    assert_eq!(ledger.head().await.unwrap().sequence, 0, "a batch is all or nothing");
    let largest = fact(&"k".repeat(128), &"é%7_".repeat(409), json!(1));
    ledger.append(vec![good, largest]).await.unwrap();
    assert!(ledger.verify().await.unwrap().is_intact());
}

async fn everything_survives_a_restart(place: Place) {
    let ledger = place.open().await;
    fill(&ledger).await;
    let before = (ledger.head().await.unwrap(), ledger.records(&RecordQuery::default()).await.unwrap());
    ledger.close().await;
    let closed = ledger.append(vec![fact("a", "b", None)]).await.unwrap_err();
    assert!(matches!(closed, LedgerError::Closed), "{closed}");

    let ledger = place.open().await;
    assert_eq!(
        (ledger.head().await.unwrap(), ledger.records(&RecordQuery::default()).await.unwrap()),
        before
    );
    let next = ledger.append(vec![fact("a", "b", None)]).await.unwrap();
    assert_eq!((next[0].sequence, next[0].previous), (7, before.0.hash));
    assert!(ledger.verify().await.unwrap().is_intact());
}

async fn what_waits_is_written_before_the_ledger_closes(place: Place) {
    let ledger = place.open().await;
    let appends: Vec<_> = (0..200)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(
                async move { ledger.append(vec![fact("load", &number.to_string(), json!(1))]).await },
            )
        })
        .collect();
    ledger.append(vec![fact("load", "first", json!(1))]).await.unwrap();
    ledger.close().await;
    let mut written = 1;
    for append in appends {
        match append.await.unwrap() {
            Ok(records) => written += records.len() as i64,
            Err(error) => assert!(matches!(error, LedgerError::Closed), "{error}"),
        }
    }
    assert_eq!(place.open().await.head().await.unwrap().sequence, written);
}

async fn the_past_is_read_as_it_was(place: Place) {
    let ledger = place.open().await;
    let begin = place.moment();
    let mut taken = Vec::new();
    let steps = [
        vec![fact("k", "a", json!(1)), fact("k", "b", json!(1)), fact("other", "a", json!(9))],
        vec![fact("k", "a", json!(2)), fact("k", "c", json!(1)), fact("k", "c", json!(2))],
        vec![fact("k", "b", None)],
        vec![fact("other", "a", None)],
    ];
    for step in steps {
        place.clock.pass(60);
        let sequence = ledger.append(step).await.unwrap().last().unwrap().sequence;
        taken.push((sequence, place.moment(), ledger.states("k").await.unwrap()));
    }
    for (sequence, moment, states) in &taken {
        assert_eq!(ledger.sequence_at(*moment).await.unwrap(), *sequence);
        assert_eq!(ledger.states_at("k", *sequence).await.unwrap(), *states, "at {sequence}");
    }
    assert_eq!(ledger.sequence_at(begin).await.unwrap(), 0);
    assert_eq!(ledger.states_at("k", 0).await.unwrap(), Vec::new());
    let last = taken[3].0;
    assert_eq!(ledger.last_change(&["k"], last).await.unwrap(), taken[2].0);
    assert_eq!(ledger.last_change(&["k", "other"], last).await.unwrap(), last);
    assert_eq!(ledger.last_change(&["none"], last).await.unwrap(), 0);

    ledger.erase(1, fact("erasure", "1", json!({}))).await.unwrap();
    let subjects: Vec<String> =
        ledger.states_at("k", taken[0].0).await.unwrap().into_iter().map(|state| state.subject).collect();
    assert_eq!(subjects, ["b"], "what was erased is not known any more");
}
