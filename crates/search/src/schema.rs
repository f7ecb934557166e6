//! The fields of the index.

use tantivy::schema::{
    FAST, Field, IndexRecordOption, NumericOptions, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{TantivyDocument, Term};

use crate::analysis::{Analyser, FieldTokenizer, beginning, joined, whole};
use crate::document::SearchDocument;
use crate::request::FACETS;

/// Names of the columns that answers are ordered by.
pub(crate) const ID: &str = "id";
pub(crate) const OWNER: &str = "owner";
pub(crate) const WEIGHT: &str = "weight";
pub(crate) const LENGTH: &str = "length";
pub(crate) const WHOLE_NAME: &str = "whole_name";
pub(crate) const WHOLE_TITLE: &str = "whole_title";

/// Bytes of each field that are read; more is not prose.
const NAME: usize = 512;
const DESCRIPTION: usize = 16_384;
const BODY: usize = 262_144;
/// Bytes of a part's description that are handed back.
const SHOWN: usize = 512;
const LABELS: usize = 64;

/// The fields of the index.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    id: Field,
    key: Field,
    weight: Field,
    length: Field,
    facets: Vec<Field>,
    filter: Field,
    whole_name: Field,
    whole_title: Field,
    pub(crate) shown_title: Field,
    pub(crate) shown_description: Field,
    pub(crate) name: Field,
    pub(crate) title: Field,
    pub(crate) infix: Field,
    pub(crate) labels: Field,
    pub(crate) description: Field,
    pub(crate) body: Field,
}

/// Only which documents hold a term is kept: scores come from where a word stands, not from how often.
fn analysed(analyser: Analyser) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(analyser.name())
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing)
}

fn column() -> TextOptions {
    TextOptions::from(FAST)
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let number = || NumericOptions::default() | FAST;
        Self {
            id: schema.add_text_field(ID, column()),
            key: schema.add_text_field("key", STRING),
            weight: schema.add_u64_field(WEIGHT, number()),
            length: schema.add_u64_field(LENGTH, number()),
            facets: FACETS.iter().map(|name| schema.add_text_field(name, column())).collect(),
            filter: schema.add_text_field("filter", STRING),
            whole_name: schema.add_text_field(WHOLE_NAME, column()),
            whole_title: schema.add_text_field(WHOLE_TITLE, column()),
            shown_title: schema.add_text_field("shown_title", STORED),
            shown_description: schema.add_text_field("shown_description", STORED),
            name: schema.add_text_field("name", analysed(Analyser::Name)),
            title: schema.add_text_field("title", analysed(Analyser::Text)),
            infix: schema.add_text_field("infix", analysed(Analyser::Infix)),
            labels: schema.add_text_field("labels", analysed(Analyser::Text)),
            description: schema.add_text_field("description", analysed(Analyser::Text)),
            body: schema.add_text_field("body", analysed(Analyser::Text)),
            schema: schema.build(),
        }
    }

    pub(crate) fn analysers() -> TokenizerManager {
        let manager = TokenizerManager::default();
        for analyser in [Analyser::Name, Analyser::Text, Analyser::Infix] {
            manager.register(analyser.name(), TextAnalyzer::builder(FieldTokenizer::new(analyser)).build());
        }
        manager
    }

    /// The term that only the document with this identifier and its parts have.
    pub(crate) fn identity(&self, id: &str) -> Term {
        Term::from_field_text(self.key, id)
    }

    /// The term of all documents that have this value.
    pub(crate) fn attribute(&self, name: &str, value: &str) -> Term {
        Term::from_field_text(self.filter, &format!("{name}={}", value.to_lowercase()))
    }

    pub(crate) fn document(&self, source: &SearchDocument) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(self.id, &source.id);
        document.add_u64(self.weight, source.weight.min(SearchDocument::HIGHEST_WEIGHT).into());
        self.add_attributes(&mut document, source);
        let title = beginning(&source.title, NAME);
        if source.part_of.is_empty() {
            document.add_text(self.key, &source.id);
            self.add_name(&mut document, beginning(&source.name, NAME), title);
        } else {
            document.add_text(self.key, &source.part_of);
            document.add_u64(self.length, title.chars().count() as u64);
            document.add_text(self.shown_title, title);
            document.add_text(self.shown_description, beginning(&source.description, SHOWN));
        }
        if !title.is_empty() && title != source.name {
            document.add_text(self.title, title);
        }
        for label in source.labels.iter().filter(|label| !label.is_empty()).take(LABELS) {
            document.add_text(self.labels, beginning(label, NAME));
        }
        for (field, text, bytes) in
            [(self.description, &source.description, DESCRIPTION), (self.body, &source.body, BODY)]
        {
            if !text.is_empty() {
                document.add_text(field, beginning(text, bytes));
            }
        }
        document
    }

    fn add_attributes(&self, document: &mut TantivyDocument, source: &SearchDocument) {
        for (name, value) in source.attributes.iter().filter(|(_, value)| !value.is_empty()) {
            let value = beginning(value, NAME);
            document.add_text(self.filter, format!("{name}={}", value.to_lowercase()));
            let facet = FACETS.iter().position(|facet| facet == name);
            if let Some(field) = facet.and_then(|facet| self.facets.get(facet)) {
                document.add_text(*field, value);
            }
        }
    }

    fn add_name(&self, document: &mut TantivyDocument, name: &str, title: &str) {
        let (whole_name, whole_title) = (whole(name), whole(title));
        document.add_u64(self.length, joined(name).chars().count() as u64);
        for field in [self.name, self.infix] {
            document.add_text(field, name);
        }
        // A title that is the name in other letters says nothing new.
        if !whole_title.is_empty() && whole_title != whole_name {
            document.add_text(self.whole_title, whole_title);
            document.add_text(self.infix, title);
        }
        if !whole_name.is_empty() {
            document.add_text(self.whole_name, whole_name);
        }
    }
}
