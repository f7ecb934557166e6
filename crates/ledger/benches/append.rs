//! How fast facts come into the journal, and are verified: `cargo bench -p fairway-ledger`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use fairway_domain::fact::NewFact;
use fairway_domain::{Caller, Clock, Timestamp};
use fairway_ledger::Ledger;
use tokio::runtime::Runtime;

const FACTS: usize = 100_000;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

fn facts(count: usize) -> Vec<NewFact> {
    let body = serde_json::json!({"kind": "Component", "spec": {"type": "service", "owner": "group:default/platform"}});
    (0..count)
        .map(|number| {
            let subject = format!("component:default/service-{number}");
            NewFact::by(&Caller::system(), "catalog.entity", subject, Some(body.clone()))
        })
        .collect()
}

async fn fill(ledger: &Ledger, facts: &[NewFact], batch: usize) {
    for batch in facts.chunks(batch) {
        ledger.append(batch.to_vec()).await.unwrap();
    }
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 3, sample_size = 1)]
fn append(bencher: Bencher<'_, '_>, batch: usize) {
    let runtime = Runtime::new().unwrap();
    let facts = facts(FACTS);
    bencher
        .counter(ItemsCount::new(FACTS))
        .with_inputs(|| {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("fairway.db").display());
            (runtime.block_on(Ledger::open(&url, Arc::new(Fixed))).unwrap(), folder)
        })
        .bench_refs(|(ledger, _folder)| runtime.block_on(fill(ledger, &facts, batch)));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn verify(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("fairway.db").display());
    let ledger = runtime.block_on(Ledger::open(&url, Arc::new(Fixed))).unwrap();
    runtime.block_on(fill(&ledger, &facts(FACTS), 10_000));
    bencher
        .counter(ItemsCount::new(FACTS))
        .bench_local(|| assert!(runtime.block_on(ledger.verify()).unwrap().is_intact()));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn open(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("fairway.db").display());
    bencher.bench_local(|| {
        runtime.block_on(async {
            let ledger = Ledger::open(&url, Arc::new(Fixed)).await.unwrap();
            ledger.close().await;
        });
    });
}

fn main() {
    divan::main();
}
