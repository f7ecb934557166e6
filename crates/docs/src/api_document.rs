//! API definitions as documents: what an OpenAPI, AsyncAPI, GraphQL or gRPC definition offers, in one shape.
//!
//! Specifications: OpenAPI 2.0, 3.0 and 3.1; AsyncAPI 2.x and 3.x; GraphQL's schema language (October 2021);
//! Protocol Buffers' `.proto` files.

mod asyncapi;
mod graphql;
mod openapi;
mod protobuf;
mod schema;
mod tree;

use fairway_domain::{Diagnostic, SourceLocation};

/// The most bytes of a definition that are read.
pub const MAX_DEFINITION: usize = 8 << 20;

/// The most operations, and the most schemas, that a document holds; [`ApiDocument::left_out`] counts the rest.
pub const MAX_ENTRIES: usize = 2_000;

/// What language a definition is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiFormat {
    /// OpenAPI, Swagger included.
    OpenApi,
    /// AsyncAPI.
    AsyncApi,
    /// GraphQL's schema language.
    GraphQl,
    /// Protocol Buffers with services.
    Grpc,
}

impl ApiFormat {
    /// The format of a Backstage API's `spec.type`; `None` for types that have no document of this shape.
    pub fn of_type(api_type: &str) -> Option<Self> {
        Some(match api_type.to_ascii_lowercase().as_str() {
            "openapi" | "swagger" => Self::OpenApi,
            "asyncapi" => Self::AsyncApi,
            "graphql" => Self::GraphQl,
            "grpc" | "protobuf" | "proto" => Self::Grpc,
            _ => return None,
        })
    }

    /// Its name, as its makers write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::OpenApi => "OpenAPI",
            Self::AsyncApi => "AsyncAPI",
            Self::GraphQl => "GraphQL",
            Self::Grpc => "gRPC",
        }
    }
}

/// A definition that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiDocument {
    /// The language.
    pub format: ApiFormat,
    /// The language's version, for example `3.1.0`; empty where definitions do not say.
    pub format_version: String,
    /// The API's title; empty where it has none.
    pub title: String,
    /// The API's own version; empty where it has none.
    pub version: String,
    /// Markdown.
    pub description: String,
    /// Where it is served.
    pub servers: Vec<ApiServer>,
    /// What can be called, grouped by tag, channel, root type or service, in the definition's order.
    pub groups: Vec<OperationGroup>,
    /// The types that have a name.
    pub schemas: Vec<NamedSchema>,
    /// How many operations and schemas were left out because there are too many.
    pub left_out: usize,
}

/// An address that serves the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiServer {
    /// The address, with its variables in braces.
    pub url: String,
    /// What it is.
    pub description: String,
}

/// Operations that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationGroup {
    /// A tag, a channel, `Query`, a service; empty when the definition does not group.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// The operations.
    pub operations: Vec<Operation>,
}

/// Something that can be called, sent or received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// `GET`, `send`, `query`, `rpc` …
    pub verb: String,
    /// A path, a channel's address, or a name.
    pub name: String,
    /// One line.
    pub summary: String,
    /// Markdown.
    pub description: String,
    /// Whether callers should leave it.
    pub deprecated: bool,
    /// The ways to be let in, by name; empty for none.
    pub security: Vec<String>,
    /// Parameters and arguments.
    pub parameters: Vec<Parameter>,
    /// What goes in.
    pub requests: Vec<Message>,
    /// What comes out.
    pub responses: Vec<Message>,
}

impl Operation {
    /// What it does, in one line; empty when nothing is said.
    pub fn line(&self) -> &str {
        if self.summary.is_empty() {
            self.description.lines().next().unwrap_or_default()
        } else {
            &self.summary
        }
    }
}

/// The place of an operation on a page, by its number from 1 over all groups.
pub fn operation_anchor(number: usize) -> String {
    format!("operation-{number}")
}

/// The place of a named schema on a page, by its number from 0.
pub fn schema_anchor(number: usize) -> String {
    format!("schema-{number}")
}

/// A parameter or argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// `path`, `query`, `header`, `cookie`, `argument`.
    pub place: String,
    /// Whether it must be given.
    pub required: bool,
    /// Its type.
    pub type_name: TypeName,
    /// Bounds and defaults in words.
    pub constraints: String,
    /// One line or more of Markdown.
    pub description: String,
}

/// A body that goes in or comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A status code, a message's name, `stream`; empty when there is but one.
    pub name: String,
    /// The media type, where there is one.
    pub media_type: String,
    /// Markdown.
    pub description: String,
    /// What it looks like.
    pub schema: Schema,
}

/// A type in words, and the named schema it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeName {
    /// For example `array of Order`.
    pub text: String,
    /// The [`NamedSchema`] that it speaks of.
    pub target: Option<String>,
}

/// A type, flattened into rows that a table shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The type itself.
    pub type_name: TypeName,
    /// Its fields, those of inner objects below them.
    pub fields: Vec<Field>,
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// How deep inside it is, from 0.
    pub depth: usize,
    /// The name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// Whether it must be there.
    pub required: bool,
    /// Whether callers should leave it.
    pub deprecated: bool,
    /// Bounds, values and defaults in words.
    pub constraints: String,
    /// Markdown.
    pub description: String,
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSchema {
    /// The name, unique in the document.
    pub name: String,
    /// `object`, `enum`, `interface`, `message` …
    pub sort: String,
    /// Markdown.
    pub description: String,
    /// What it looks like.
    pub schema: Schema,
}

/// Reads a definition. The error says where it stops being one.
pub fn api_document(format: ApiFormat, definition: &str) -> Result<ApiDocument, Box<Diagnostic>> {
    if definition.len() > MAX_DEFINITION {
        let message = format!("the definition has {} bytes; {MAX_DEFINITION} are read", definition.len());
        return Err(Box::new(Diagnostic::error("definition-too-large", message)));
    }
    let mut document = match format {
        ApiFormat::OpenApi => openapi::read(definition),
        ApiFormat::AsyncApi => asyncapi::read(definition),
        ApiFormat::GraphQl => graphql::read(definition),
        ApiFormat::Grpc => protobuf::read(definition),
    }?;
    bound(&mut document);
    Ok(document)
}

/// Keeps the first entries, and says how many there were more.
fn bound(document: &mut ApiDocument) {
    let mut room = MAX_ENTRIES;
    for group in &mut document.groups {
        let kept = group.operations.len().min(room);
        document.left_out += group.operations.len() - kept;
        group.operations.truncate(kept);
        room -= kept;
    }
    document.left_out += document.schemas.len().saturating_sub(MAX_ENTRIES);
    document.schemas.truncate(MAX_ENTRIES);
    document.groups.retain(|group| !group.operations.is_empty());
}

/// An error at a byte of the text, with its line quoted.
fn diagnostic_at(text: &str, byte: usize, code: &str, message: String) -> Box<Diagnostic> {
    let byte = (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (before, after) = text.split_at(byte);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    let end = byte + after.find('\n').unwrap_or(after.len());
    let quoted = text.get(start..end).unwrap_or_default().chars().take(300).collect();
    let place = SourceLocation { file: "definition".to_owned(), line, column };
    Box::new(Diagnostic::error(code, message).at(place, Some(quoted)))
}

#[cfg(test)]
mod tests;
