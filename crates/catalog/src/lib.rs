//! Reads, validates and stitches entities into an indexed snapshot that answers questions.
