//! What the fuzzer does with its bytes: one function for each target.
//!
//! A target must hold for all bytes: it panics when a promise is broken. It must not read
//! anything but its bytes, so that a finding can be repeated.

#![forbid(unsafe_code)]

mod company;
mod fetch_template;
mod filter;
mod gotemplate;
mod input;
mod jinja;
mod nunjucks;
mod query;
mod reference;
mod yaml;

pub use fetch_template::fetch_template;
pub use filter::filter;
pub use gotemplate::gotemplate;
pub use input::{Input, check};
pub use jinja::jinja;
pub use nunjucks::nunjucks;
pub use query::query;
pub use reference::reference;
pub use yaml::yaml;

/// What the fuzzer calls.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 8] = [
    ("gotemplate", gotemplate),
    ("jinja", jinja),
    ("nunjucks", nunjucks),
    ("fetch_template", fetch_template),
    ("reference", reference),
    ("filter", filter),
    ("query", query),
    ("yaml", yaml),
];
