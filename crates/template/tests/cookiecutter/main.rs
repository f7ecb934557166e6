//! Jinja and Cookiecutter beside the real ones from PyPI, and the promises of the algorithm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::approx_constant,
    clippy::format_collect
)]

mod cases;
mod hostile;
mod oracle;
mod projects;
mod rules;
