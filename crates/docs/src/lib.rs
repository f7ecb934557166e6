//! Turns Markdown and source files into safe HTML.
//!
//! Input is hostile: whatever comes out has been through a sanitiser or was escaped, sizes are bounded, and
//! nothing is fetched. This room must not read files, the network or a clock.

mod admonition;
mod highlight;
mod markdown;
mod sanitise;

pub use highlight::{MAX_HIGHLIGHTED, highlight, highlight_language};
pub use markdown::{Heading, Html, MAX_MARKDOWN, MarkdownOptions, markdown};
