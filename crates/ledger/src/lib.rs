//! Keeps the append-only, hash-chained journal, the latest state by key, blobs, durable jobs and sessions, in
//! SQLite or Postgres.
//!
//! This room is the only one that speaks SQL. It must not know what a fact means: it never looks into a body,
//! never decides who may do what, and never reads the system clock (the [`Clock`](fairway_domain::Clock) is
//! handed in).
//!
//! # How an append works
//!
//! One task per process writes. It takes every batch that waits, links the facts to the chain and commits them
//! in one transaction (group commit); each caller gets the answer to its own batch. The transaction first locks
//! the one row of the table `chain`, so that several replicas on Postgres take turns and the sequence has no
//! gaps. On SQLite the file belongs to one process at a time, and every commit is flushed to the disk
//! (`synchronous=FULL`): in WAL mode `NORMAL` may lose the last commits when the power fails, and a journal that
//! forgets what it confirmed is no audit log. Group commit pays for that flush once per transaction.
//!
//! # The hash
//!
//! `hash = SHA-256("fairway.record.v1\n" ‖ sequence ‖ at ‖ actor ‖ actor_text ‖ origin ‖ address ‖ reason ‖ kind
//! ‖ subject ‖ body_digest ‖ erases ‖ previous)`, where
//!
//! * a number (`sequence`, `at` in microseconds since 1970) is eight bytes, big-endian;
//! * a text is its length in bytes (eight bytes, big-endian) and its UTF-8 bytes; `actor` is the JSON as stored,
//!   `actor_text` the lower-case text that searches look into;
//! * an optional field (`address`, `reason`, `erases`) is one byte `0` when absent, or one byte `1` and the field;
//! * `body_digest`, and `previous` (the hash of the record before; 32 zero bytes for the first) are 32 bytes.
//!
//! Lengths come first, so no field can run into the next one.
//!
//! `body_digest = SHA-256("fairway.body.v1\n" ‖ salt ‖ body)`, where `salt` is 16 random bytes and `body` is one
//! byte `0` for "gone", or one byte `1` and the JSON text as stored, with its length before it. The salt is
//! erased with the body, so nobody can find a short body again by trying.
//!
//! The hash chain shows every change within the journal and, through the row in `chain`, a journal that was cut
//! off at the end. Someone who can write the database can replace all of it with another chain that is sound in
//! itself; against that, note the [`Head`] somewhere else from time to time.

mod blob;
mod database;
mod entry;
mod error;
mod fact;
mod follower;
mod job;
mod ledger;
mod location;
mod lock;
mod moment;
mod query;
mod session;
mod signing_key;
mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod verification;
mod writer;

pub use error::LedgerError;
pub use job::{Job, JobId, NewJob};
pub use ledger::{Head, Ledger};
pub use location::Backend;
pub use query::RecordQuery;
pub use session::StoredSession;
pub use state::{State, StateText, StateTexts};
pub use verification::Verification;
