//! Streams: one document after another, the healthy ones kept whatever the others do.

use std::sync::Arc;

use fairway_domain::Diagnostic;
use granit_parser::{Event, Parser};
use serde_json::Value;

use crate::compose::{Composer, Outcome};
use crate::document::Document;
use crate::explain::explain;
use crate::limits::Limits;
use crate::source::{Mark, Source};

/// What a stream held.
#[derive(Debug, Default)]
pub struct Reading {
    /// The documents that could be read; empty ones are left out.
    pub documents: Vec<Document>,
    /// Everything that is wrong, in stream order.
    pub diagnostics: Vec<Diagnostic>,
    /// The documents that could not be read.
    pub broken: Vec<BrokenDocument>,
}

/// A document that could not be read.
#[derive(Clone, Debug)]
pub struct BrokenDocument {
    /// Its position among the stream's documents, from 0.
    pub index: usize,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What is wrong with it; also part of [`Reading::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads every document of `text`. A document with an error is reported and left out, and reading goes on
/// with the next one; only a crossed limit ends the stream. `file` is the name that diagnostics show.
pub fn read(file: &str, text: &str, limits: &Limits) -> Reading {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits.bytes {
        let head: String = text.chars().take(4096).collect();
        let message = format!("the file has {} bytes, the limit is {}", text.len(), limits.bytes);
        let source = Source::new(file, &head);
        let location = source.location(Mark { line: 1, column: 1 });
        let diagnostic = Diagnostic::error("yaml-limit", message)
            .at(location, source.quoted(1))
            .with_hint("split the file");
        let broken = BrokenDocument { index: 0, line: 1, text: head, diagnostics: vec![diagnostic.clone()] };
        return Reading { documents: Vec::new(), diagnostics: vec![diagnostic], broken: vec![broken] };
    }
    let source = Arc::new(Source::new(file, text));
    Stream::new(source, limits).run(text)
}

struct Stream<'a> {
    source: Arc<Source>,
    limits: &'a Limits,
    composer: Composer<'a>,
    reading: Reading,
    index: usize,
    first_line: usize,
}

impl<'a> Stream<'a> {
    fn new(source: Arc<Source>, limits: &'a Limits) -> Self {
        let composer = Composer::new(Arc::clone(&source), limits);
        Self { source, limits, composer, reading: Reading::default(), index: 0, first_line: 1 }
    }

    fn run(mut self, text: &str) -> Reading {
        let mut options = granit_parser::options! {
            emit_unresolved_aliases: true,
            flow_nesting_limit: self.limits.depth,
            block_nesting_limit: self.limits.depth,
        };
        options.set_emit_comments(false);
        let mut parser = Parser::new_from_str_with_options(text, options);
        while let Some(next) = parser.next_event() {
            let go_on = match next {
                Ok((Event::DocumentStart(..), span)) => {
                    self.first_line = Mark::from(span.start).line as usize;
                    self.composer.begin();
                    self.within_documents(span.start.into())
                }
                Ok((Event::DocumentEnd, _)) => {
                    self.finish();
                    true
                }
                Ok((event, span)) => match self.composer.take(event, &span) {
                    Outcome::GoOn => true,
                    Outcome::LimitCrossed => {
                        self.finish();
                        false
                    }
                    Outcome::TooDeep => {
                        self.finish();
                        parser.proceed_next_document().unwrap_or(false)
                    }
                },
                Err(error) => {
                    let explanation = explain(&error, self.limits);
                    self.composer.report(
                        (*error.marker()).into(),
                        explanation.code,
                        explanation.message,
                        explanation.hint,
                    );
                    self.finish();
                    parser.proceed_next_document().unwrap_or(false)
                        && self.within_documents((*error.marker()).into())
                }
            };
            if !go_on {
                break;
            }
        }
        self.reading
    }

    /// Takes what the composer holds and makes it a document, a broken one, or nothing when it is empty.
    fn finish(&mut self) {
        let (value, spots, diagnostics) = self.composer.end();
        let index = self.index;
        self.index += 1;
        if !diagnostics.is_empty() {
            let end = self.source.document_end(self.first_line);
            let text = self.source.lines(self.first_line, end).to_owned();
            self.reading.diagnostics.extend(diagnostics.iter().cloned());
            self.reading.broken.push(BrokenDocument { index, line: self.first_line, text, diagnostics });
            self.first_line = end;
        } else if let Some(value) = value.filter(|value| *value != Value::Null) {
            let source = Arc::clone(&self.source);
            self.reading.documents.push(Document::new(value, index, source, spots, self.first_line));
        }
    }

    fn within_documents(&mut self, mark: Mark) -> bool {
        if self.index < self.limits.documents {
            return true;
        }
        let message = format!("the file has more than {} documents", self.limits.documents);
        self.composer.report(mark, "yaml-limit", message, Some("split the file"));
        self.finish();
        false
    }
}
