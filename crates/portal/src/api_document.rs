//! The definition of an API as people read it: what can be called, with what, and what comes back.

use std::collections::BTreeMap;

use fairway_docs::{
    ApiDocument, ApiFormat, Field, MarkdownOptions, Message, NamedSchema, Operation, OperationGroup,
    Parameter, Schema, TypeName, markdown, operation_anchor, schema_anchor,
};
use fairway_domain::{Diagnostic, EntityRef};
use maud::{Markup, PreEscaped, html};

use crate::icon::icon;
use crate::measure::{count, grouped};
use crate::part::{copyable, section};
use crate::safe::SafeHtml;
use crate::{address, code};

/// Up to this many operations and schemas are on the page with everything they hold; of a larger document only
/// the one that is asked for is.
const MAX_WHOLE: usize = 120;

/// The definition as a document, or why it is none.
#[derive(Clone, Debug, Default)]
pub enum DefinitionView {
    /// The tab is not open.
    #[default]
    Unread,
    /// What was understood, and which entry of a large one is open, `?show=`.
    Document(Box<ApiDocument>, String),
    /// The source, highlighted: as there is no document of its type, or as it was asked for instead of one.
    Source {
        /// The source.
        html: SafeHtml,
        /// Whether it can be read as a document, too.
        readable: bool,
    },
    /// The source, and where it stops being a definition of its type.
    Broken(SafeHtml, Box<Diagnostic>),
}

/// What names lead to while the page is written.
struct Page<'a> {
    /// The address of the tab.
    here: String,
    /// The place of each named schema.
    places: BTreeMap<&'a str, usize>,
    /// The word for what goes in.
    takes: &'static str,
    /// The only entry that is written out; `None` for all.
    only: Option<&'a str>,
}

impl<'a> Page<'a> {
    fn new(reference: &EntityRef, document: &'a ApiDocument, show: &'a str) -> Self {
        let operations: usize = document.groups.iter().map(|group| group.operations.len()).sum();
        let whole = operations + document.schemas.len() <= MAX_WHOLE;
        let places =
            document.schemas.iter().enumerate().map(|(index, it)| (it.name.as_str(), index)).collect();
        Self {
            here: format!("{}?tab=api", address::entity(reference)),
            places,
            takes: if document.format == ApiFormat::AsyncApi { "Message" } else { "Takes" },
            only: (!whole).then_some(show),
        }
    }

    fn schema_id(&self, name: &str) -> Option<String> {
        Some(schema_anchor(*self.places.get(name)?))
    }

    fn link(&self, id: &str) -> String {
        if self.only.is_some() { format!("{}&show={id}#{id}", self.here) } else { format!("#{id}") }
    }

    /// An entry that opens; of a large document, one that leads to itself.
    fn entry(&self, id: &str, summary: &Markup, body: impl FnOnce() -> Markup) -> Markup {
        let mark = html! { span.api-mark aria-hidden="true" { (icon("right")) } };
        match self.only {
            None => {
                html! { details.api-entry id=(id) { summary { (mark) (summary) } div.api-body { (body()) } } }
            }
            Some(show) if show == id => {
                html! { details.api-entry id=(id) open { summary { (mark) (summary) } div.api-body { (body()) } } }
            }
            Some(_) => html! { a.api-entry.api-closed id=(id) href=(self.link(id)) { (summary) } },
        }
    }

    fn type_name(&self, it: &TypeName) -> Markup {
        let id = it.target.as_deref().and_then(|target| self.schema_id(target));
        html! {
            @match id {
                Some(id) => a.mono href=(self.link(&id)) { (it.text) },
                None => span.mono { (it.text) },
            }
        }
    }
}

/// The tab.
pub fn definition(reference: &EntityRef, text: &str, view: &DefinitionView) -> Markup {
    let here = format!("{}?tab=api", address::entity(reference));
    let source = |html: &SafeHtml| code::block(text, (!html.as_str().is_empty()).then_some(html), true, &[]);
    match view {
        DefinitionView::Unread => html! {},
        DefinitionView::Source { html, readable } => html! {
            @if *readable { p.lead { "As it is written. " a href=(here) { "Read it as a document" } } }
            (source(html))
        },
        DefinitionView::Broken(html, diagnostic) => html! {
            div.banner role="alert" {
                p { "This definition cannot be read as a document." }
                (code::diagnostic(diagnostic, None))
            }
            (source(html))
        },
        DefinitionView::Document(document, show) => whole(&Page::new(reference, document, show), document),
    }
}

fn whole(page: &Page<'_>, document: &ApiDocument) -> Markup {
    let operations: usize = document.groups.iter().map(|group| group.operations.len()).sum();
    let mut number = 0;
    html! {
        div.api-head {
            p.meta {
                span { span.chip.tone.info { (document.format.title()) " " (document.format_version) } }
                @if !document.version.is_empty() { span { span.muted { "Version" } (document.version) } }
                @if !document.title.is_empty() { span { span.muted { "Title" } (document.title) } }
                span { (count(operations, "operation", "operations")) }
                span { (count(document.schemas.len(), "schema", "schemas")) }
            }
            a.button href={ (page.here) "&as=source" } { (icon("file")) "Source" }
        }
        @if document.left_out > 0 {
            p.notice.warn { (icon("warning")) span { "This definition is very large: " (grouped(document.left_out)) " entries are not listed. The source has all of them." } }
        }
        (prose(&document.description))
        @if !document.servers.is_empty() {
            ul.api-servers {
                @for server in &document.servers {
                    li { (copyable("Address", &server.url)) @if !server.description.is_empty() { span.muted { (server.description) } } }
                }
            }
        }
        @if document.groups.is_empty() && document.schemas.is_empty() {
            p.lead { "The definition is understood, and offers no operation and no schema." }
        }
        @for (index, group) in document.groups.iter().enumerate() {
            (self::group(page, group, index, &mut number))
        }
        @if !document.schemas.is_empty() {
            (section("schemas", "Schemas", None, &html! {
                div.api-list { @for (index, schema) in document.schemas.iter().enumerate() { (named(page, schema, index)) } }
            }))
        }
    }
}

fn group(page: &Page<'_>, group: &OperationGroup, index: usize, number: &mut usize) -> Markup {
    let title = if group.name.is_empty() { "Operations" } else { &group.name };
    let content = html! {
        (prose(&group.description))
        div.api-list {
            @for operation in &group.operations {
                (self::operation(page, operation, { *number += 1; *number }))
            }
        }
    };
    section(&format!("group-{index}"), title, None, &content)
}

/// The tone of a verb: what reads, what adds, what changes, what takes away.
fn verb_tone(verb: &str) -> &'static str {
    match verb {
        "GET" | "HEAD" | "OPTIONS" | "query" | "subscribe" | "receive" => "info",
        "POST" | "send" | "publish" | "rpc" => "good",
        "PUT" | "PATCH" | "mutation" => "warn",
        "DELETE" => "bad",
        _ => "quiet",
    }
}

fn operation(page: &Page<'_>, it: &Operation, number: usize) -> Markup {
    let id = operation_anchor(number);
    let line = it.line();
    let summary = html! {
        span.chip.tone.verb.(verb_tone(&it.verb)) { (it.verb) }
        code.api-name { (it.name) }
        span.api-summary { (line) }
        @if it.deprecated { span.chip.tone.warn { "deprecated" } }
    };
    page.entry(&id, &summary, || {
        html! {
            @if it.description != line { (prose(&it.description)) }
            @if !it.security.is_empty() { p { span.muted { "Needs " } (it.security.join(" or ")) } }
            @if !it.parameters.is_empty() { (parameters(page, &it.parameters)) }
            @for message in &it.requests { (self::message(page, page.takes, message)) }
            @for message in &it.responses { (self::message(page, "Gives", message)) }
        }
    })
}

fn parameters(page: &Page<'_>, listed: &[Parameter]) -> Markup {
    html! {
        div.scroll { table.table.api-table {
            caption.hidden { "Parameters" }
            thead { tr { th { "Parameter" } th { "In" } th { "Type" } th { "Description" } } }
            tbody {
                @for it in listed {
                    tr {
                        th scope="row" { code { (it.name) } (required(it.required)) }
                        td { (it.place) }
                        td { (page.type_name(&it.type_name)) }
                        td { (said(&it.constraints, &it.description)) }
                    }
                }
            }
        } }
    }
}

fn message(page: &Page<'_>, word: &str, it: &Message) -> Markup {
    html! {
        div.api-message {
            h4 {
                (word) " "
                @if !it.name.is_empty() { span.mono { (it.name) } " " }
                @if !it.schema.type_name.text.is_empty() { (page.type_name(&it.schema.type_name)) }
                @if !it.media_type.is_empty() { " " span.muted.mono { (it.media_type) } }
            }
            (prose(&it.description))
            (fields(page, &it.schema))
        }
    }
}

fn fields(page: &Page<'_>, schema: &Schema) -> Markup {
    if schema.fields.is_empty() {
        return html! {};
    }
    let typed = schema.fields.iter().any(|field| !field.type_name.text.is_empty());
    html! {
        div.scroll { table.table.api-table {
            caption.hidden { "Fields" }
            thead { tr { th { (if typed { "Field" } else { "Value" }) } @if typed { th { "Type" } } th { "Description" } } }
            tbody { @for field in &schema.fields { (row(page, field, typed)) } }
        } }
    }
}

fn row(page: &Page<'_>, it: &Field, typed: bool) -> Markup {
    html! {
        tr {
            th scope="row" {
                span.api-depth aria-hidden="true" { @for _ in 0..it.depth { "\u{2003}" } }
                code { (it.name) } (required(it.required))
                @if it.deprecated { " " span.chip.tone.warn { "deprecated" } }
            }
            @if typed { td { (page.type_name(&it.type_name)) } }
            td { (said(&it.constraints, &it.description)) }
        }
    }
}

fn named(page: &Page<'_>, it: &NamedSchema, index: usize) -> Markup {
    let id = schema_anchor(index);
    let summary = html! {
        span.chip.verb { (if it.sort.is_empty() { "schema" } else { &it.sort }) }
        code.api-name { (it.name) }
        span.api-summary { (it.description.lines().next().unwrap_or_default()) }
    };
    page.entry(&id, &summary, || {
        html! {
            (prose(&it.description))
            @if !["", "object"].contains(&it.schema.type_name.text.as_str()) { p { (page.type_name(&it.schema.type_name)) } }
            (fields(page, &it.schema))
        }
    })
}

fn required(is: bool) -> Markup {
    html! { @if is { " " span.api-required title="Must be given" { "required" } } }
}

fn said(constraints: &str, description: &str) -> Markup {
    html! {
        @if !description.is_empty() { (inline(description)) }
        @if !constraints.is_empty() { div.muted { (constraints) } }
    }
}

/// Markdown as blocks; nothing when there is none.
fn prose(text: &str) -> Markup {
    html! { @if !text.trim().is_empty() { div.prose { (inline(text)) } } }
}

/// Text that is mostly one plain line is not taken through the Markdown renderer.
fn inline(text: &str) -> Markup {
    let marks = |letter: char| "\n*_`[<>#&~|\\!".contains(letter);
    if text.trim().contains(marks) || text.contains("://") {
        PreEscaped(markdown(text, &MarkdownOptions::default()).html)
    } else {
        html! { p { (text.trim()) } }
    }
}
