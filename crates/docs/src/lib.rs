//! Turns Markdown and source files into safe HTML, and API definitions into documents.
//!
//! Input is hostile: whatever HTML comes out has been through a sanitiser or was escaped, sizes are bounded, and
//! nothing is fetched. This room must not read files, the network or a clock.

mod admonition;
mod api_document;
mod highlight;
mod markdown;
mod sanitise;

pub use api_document::{
    ApiDocument, ApiFormat, ApiServer, Field, Message, NamedSchema, Operation, OperationGroup, Parameter,
    Schema, TypeName, api_document, operation_anchor, schema_anchor,
};
pub use highlight::{MAX_HIGHLIGHTED, highlight, highlight_language};
pub use markdown::{Heading, Html, MAX_MARKDOWN, MarkdownOptions, markdown};
