//! Keeps the hash-chained journal, the latest state by key, blobs, jobs, sessions and tokens in SQLite or Postgres.
