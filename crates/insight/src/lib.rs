//! Turns facts and manifests into numbers with evidence, such as the monthly cost of a plan.
//!
//! Every number says how it came about, and what is unknown is named, never counted as nothing. This room must
//! not fetch prices or measurements, and computes money in whole micro-units, never in floats.

pub mod cost;
mod decimal;
mod footprint;
