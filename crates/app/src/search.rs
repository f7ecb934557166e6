//! Searching for documents, for whoever asks in words and wants pages of answers.

use fairway_catalog::{CatalogEntity, Query, Snapshot};
use fairway_domain::{Caller, Permission};
use serde::Serialize;

use crate::{App, AppError};

/// Hits that are looked at before filters; a search that finds more is not precise enough to page through.
const HITS: usize = 10_000;

/// The type of the documents that entities are.
pub const CATALOG_DOCUMENTS: &str = "software-catalog";
/// The type of the pages of documentation.
pub const DOCUMENTATION: &str = "techdocs";

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct DocumentSearch {
    /// Words; empty for everything.
    pub term: String,
    /// Types of documents; empty for all.
    pub types: Vec<String>,
    /// Fields of documents with the values that they may have.
    pub filters: Vec<(String, Vec<String>)>,
    /// How many are left out at the beginning.
    pub offset: usize,
    /// At most this many.
    pub limit: usize,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// What people call it.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Its page in Backstage's front end and in the portal, from the root.
    pub location: String,
    /// The type of a component, `other` when it has none.
    pub component_type: String,
    /// The same again, under the name that newer clients read.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The namespace.
    pub namespace: String,
    /// The kind in its own case.
    pub kind: String,
    /// The lifecycle, empty when it has none.
    pub lifecycle: String,
    /// Who owns it, empty when nobody does.
    pub owner: String,
}

/// A page of documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentPage {
    /// The documents, best first.
    pub items: Vec<Document>,
    /// How many there are in all.
    pub total: usize,
}

impl App {
    /// Documents that hold the words, best first.
    pub fn search_documents(
        &self,
        caller: &Caller,
        search: &DocumentSearch,
    ) -> Result<DocumentPage, AppError> {
        caller.authorise(Permission::Read)?;
        for name in &search.types {
            if name != CATALOG_DOCUMENTS && name != DOCUMENTATION {
                return Err(AppError::invalid(format!("there are no documents of the type \"{name}\"")));
            }
        }
        if !search.types.is_empty() && !search.types.iter().any(|name| name == CATALOG_DOCUMENTS) {
            return Ok(DocumentPage::default());
        }
        let view = self.view();
        let found = found(&view.catalog, &search.term);
        let fitting: Vec<&CatalogEntity> = found
            .into_iter()
            .filter(|entity| search.filters.iter().all(|filter| fits(entity, filter)))
            .collect();
        let total = fitting.len();
        let page = fitting.into_iter().skip(search.offset).take(search.limit);
        Ok(DocumentPage { items: page.map(document).collect(), total })
    }
}

fn found<'a>(catalog: &'a Snapshot, term: &str) -> Vec<&'a CatalogEntity> {
    if term.trim().is_empty() {
        return catalog.query(&Query { limit: usize::MAX, ..Query::default() }).items;
    }
    // A word before a colon names a kind in the portal; here it is a word like others.
    let words = term.replace(':', " ");
    catalog.search(&words, HITS).iter().filter_map(|hit| catalog.get(&hit.reference)).collect()
}

fn fits(entity: &CatalogEntity, (name, values): &(String, Vec<String>)) -> bool {
    let owner;
    let field = match name.as_str() {
        "kind" => entity.kind(),
        "namespace" => entity.reference().namespace(),
        "type" | "componentType" => entity.entity_type().unwrap_or("other"),
        "lifecycle" => entity.lifecycle().unwrap_or_default(),
        "owner" => {
            owner = entity.owner().map(ToString::to_string).unwrap_or_default();
            &owner
        }
        "title" => entity.title(),
        _ => return false,
    };
    values.iter().any(|value| value.eq_ignore_ascii_case(field))
}

fn document(entity: &CatalogEntity) -> Document {
    let own = entity.entity();
    let spec = |field: &str| own.spec_text(field).unwrap_or_default().to_owned();
    let profile = |at: &str| own.spec_pointer(at).and_then(|value| value.as_str());
    let parts = [own.description(), profile("/profile/displayName"), profile("/profile/email")];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let kind_type = match spec("type") {
        none if none.is_empty() => "other".to_owned(),
        some => some,
    };
    let reference = entity.reference();
    Document {
        title: own.metadata_text("title").unwrap_or_else(|| own.name()).to_owned(),
        text: parts.join(" : "),
        location: format!("/catalog/{}/{}/{}", reference.namespace(), reference.kind(), reference.name()),
        component_type: kind_type.clone(),
        entity_type: kind_type,
        namespace: reference.namespace().to_owned(),
        kind: own.kind.clone(),
        lifecycle: spec("lifecycle"),
        owner: entity.owner().map(ToString::to_string).unwrap_or_default(),
    }
}
