-- What was known at a moment is read from this index alone, before the bodies are: of each subject the last record
-- of a kind up to a sequence.
DROP INDEX journal_kind;

CREATE INDEX journal_kind ON journal (kind, sequence, subject);
