//! What the fuzzer does with its bytes: one function for each target.
//!
//! A target must hold for all bytes: it panics when a promise of the template languages is broken. It must not read
//! anything but its bytes, so that a finding can be repeated.

#![forbid(unsafe_code)]

mod fetch_template;
mod gotemplate;
mod input;
mod jinja;
mod nunjucks;

pub use fetch_template::fetch_template;
pub use gotemplate::gotemplate;
pub use input::{Input, check};
pub use jinja::jinja;
pub use nunjucks::nunjucks;

/// What the fuzzer calls.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Target); 4] = [
    ("gotemplate", gotemplate),
    ("jinja", jinja),
    ("nunjucks", nunjucks),
    ("fetch_template", fetch_template),
];
