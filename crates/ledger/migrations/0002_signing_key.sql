-- Private keys that tokens are signed with, by what they are for. They are not facts: the journal is read by
-- auditors, and these by nobody.
CREATE TABLE signing_key (
    purpose TEXT NOT NULL PRIMARY KEY,
    private_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
