-- One text for SQLite and Postgres: TEXT, BIGINT and BYTEA only. Moments are microseconds since 1970 in UTC.

-- The append-only journal. Everything but body, salt and erased_by is covered by hash.
CREATE TABLE journal (
    sequence BIGINT NOT NULL PRIMARY KEY,
    appended_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_text TEXT NOT NULL,
    origin TEXT NOT NULL,
    address TEXT,
    reason TEXT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT,
    salt BYTEA,
    body_digest BYTEA NOT NULL,
    erases BIGINT,
    erased_by BIGINT,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE INDEX journal_kind ON journal (kind, sequence);

CREATE INDEX journal_subject ON journal (subject, sequence);

-- One row: the end of the journal. Whoever appends locks it.
CREATE TABLE chain (
    id BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- The latest body of every subject.
CREATE TABLE state (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    appended_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
);

-- Bytes by their SHA-256.
CREATE TABLE blob (
    digest BYTEA NOT NULL PRIMARY KEY,
    bytes BYTEA NOT NULL
);

-- Work that is still to be done; a finished job has no row.
CREATE TABLE job (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    worker TEXT,
    lease_until BIGINT,
    error TEXT,
    UNIQUE (kind, subject)
);

CREATE INDEX job_run_at ON job (run_at, id);

-- Who is signed in, by the hash of the cookie's secret.
CREATE TABLE session (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX session_expires_at ON session (expires_at);
