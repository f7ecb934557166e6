//! The catalog over time, told by an office that keeps its entities in one file of the embedded forge.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod edits;
mod history;
mod model;
mod office;
mod search;
mod shelf;
mod truth;
