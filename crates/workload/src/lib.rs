//! Renders Score workloads and resource classes into manifests for an environment.
//!
//! The same score, environment, classes and version give the same bytes. This room must not read files or
//! clocks, talk to a cluster or a forge, or decide whether a manifest is allowed: policies do that.

mod autoscaling;
mod builtin;
mod container;
mod deployment;
mod exposure;
mod image;
mod manifest;
mod mount;
mod naming;
mod network;
mod outputs;
mod placeholder;
pub mod quantity;
mod reader;
mod render;
mod resolve;
mod resource;
mod rule;
mod scope;
pub mod score;
mod score_container;
mod score_reader;

pub use quantity::{Quantity, QuantityError};
pub use render::{RenderRequest, RenderedWorkload, render};
pub use score::Score;
pub use score_reader::parse_score;
