//! Searching for documents, for whoever asks in words and wants pages of answers.

use std::sync::Arc;

use fairway_catalog::{CatalogEntity, Snapshot};
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_domain::{Caller, EntityRef, Permission};
pub use fairway_search::{Facet, Piece};
use fairway_search::{Highlighter, SearchError, SearchHit, SearchRequest};
use serde::Serialize;

use crate::search_document::{OPERATION, SCHEMA};
use crate::{App, AppError};

/// Letters of a description that are shown with a hit.
const SHOWN: usize = 180;

/// The type of the documents that entities are.
pub const CATALOG_DOCUMENTS: &str = "software-catalog";
/// The type of the operations and schemas of APIs.
pub const API_DOCUMENTS: &str = "api";
/// The type of the pages of documentation.
pub const DOCUMENTATION: &str = "techdocs";

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct DocumentSearch {
    /// What a person typed, with values that it names: `kind:api orders`, `owner:me`; a word at its beginning that is a
    /// kind, `operation` or `schema` before a colon names the kind, too. Empty for everything.
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

/// A document that was found.
#[derive(Clone, Debug)]
pub struct FoundDocument {
    /// The entity that it is, or that it is a part of.
    pub reference: EntityRef,
    /// Its type, for example [`CATALOG_DOCUMENTS`].
    pub document_type: &'static str,
    /// The document.
    pub document: Document,
    /// Its title, with what the words found in it.
    pub title: Vec<Piece>,
    /// Its description, cut around what the words found in it; empty when it has none.
    pub description: Vec<Piece>,
}

/// A page of documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentPage {
    /// The documents, best first.
    pub items: Vec<FoundDocument>,
    /// How many there are in all.
    pub total: usize,
    /// What they can be narrowed down by.
    pub facets: Vec<Facet>,
    /// When there are none: the few that come nearest.
    pub near: Vec<FoundDocument>,
}

impl App {
    /// Documents that hold the words, best first: what the caller and their groups own, and what many people starred,
    /// before others that fit equally. What was appended before the call is found, unless the index is still being filled.
    pub async fn search_documents(
        &self,
        caller: &Caller,
        search: &DocumentSearch,
    ) -> Result<DocumentPage, AppError> {
        caller.authorise(Permission::Read)?;
        for name in &search.types {
            if ![CATALOG_DOCUMENTS, API_DOCUMENTS, DOCUMENTATION].contains(&name.as_str()) {
                return Err(AppError::invalid(format!("there are no documents of the type \"{name}\"")));
            }
        }
        let view = self.view();
        let index = self.inner.catalog_index.at(view.sequence).await;
        let user = caller.actor.user();
        let owners = view.catalog.groups_of(&user).into_iter().chain([user]);
        let owners: Vec<String> = owners.map(|owner| owner.to_string()).collect();
        let (text, mut filters) = question(&view.catalog, &owners, &search.term);
        if !search.types.is_empty() {
            filters.push(("document".to_owned(), search.types.clone()));
        }
        for (name, values) in &search.filters {
            let Some(name) = attribute(name, values) else { return Ok(DocumentPage::default()) };
            let in_full = |value: &String| if name == "owner" { owner(value) } else { value.clone() };
            filters.push((name.to_owned(), values.iter().map(in_full).collect()));
        }
        let request = SearchRequest {
            owners,
            text,
            filters,
            usage: crate::stars::starred(&view),
            offset: search.offset,
            limit: search.limit,
        };
        // The newest catalog: the index may be ahead of the one that was waited for.
        let catalog = Arc::clone(&self.view().catalog);
        let answered = tokio::task::spawn_blocking(move || {
            let answer = index.search(&request)?;
            let marks = Highlighter::new(&request.text);
            let shown =
                |hits: &[SearchHit]| hits.iter().filter_map(|hit| found(&catalog, &marks, hit)).collect();
            Ok(DocumentPage {
                items: shown(&answer.hits),
                near: shown(&answer.near),
                total: answer.total,
                facets: answer.facets,
            })
        });
        let ended = |error: tokio::task::JoinError| AppError::Internal(format!("the search ended: {error}"));
        answered.await.map_err(ended)?.map_err(|error: SearchError| AppError::Internal(error.to_string()))
    }
}

/// What a question may name values of, as it may in the catalog's own questions: `kind:api owner:me`.
const NAMED: [&str; 5] = ["kind", "type", "lifecycle", "namespace", "owner"];

/// The words of a question, and what it names: `kind:api orders`, or with its beginning a kind, `api:orders` and
/// `component:default/orders`. `me` stands for the asker and their groups.
fn question(catalog: &Snapshot, asker: &[String], term: &str) -> (String, Vec<(String, Vec<String>)>) {
    let mut filters = Vec::new();
    let mut words = Vec::new();
    for word in term.split_whitespace() {
        let named = word.split_once(':').and_then(|(name, values)| {
            let name = NAMED.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
            (!values.is_empty()).then_some((name, values))
        });
        match named {
            Some((name, values)) => {
                let values = values.split(',').flat_map(|value| match name {
                    "owner" if value == "me" => asker.to_vec(),
                    "owner" => vec![owner(value)],
                    _ => vec![value.to_owned()],
                });
                filters.push((name.to_owned(), values.collect()));
            }
            None => words.push(word),
        }
    }
    let text = words.join(" ");
    let named = |name: &str, value: &str| (name.to_owned(), vec![value.trim().to_lowercase()]);
    if let Some((kind, rest)) = text.split_once(':')
        && (is_kind_of_part(kind.trim()) || catalog.of_kind(kind.trim()).next().is_some())
    {
        filters.push(named("kind", kind));
        return match rest.split_once('/') {
            Some((namespace, name)) if !namespace.trim().is_empty() => {
                filters.push(named("namespace", namespace));
                (name.to_owned(), filters)
            }
            _ => (rest.to_owned(), filters),
        };
    }
    (text, filters)
}

/// An owner in full; a group when nothing else is said. What is no reference is nobody's name.
fn owner(text: &str) -> String {
    EntityRef::parse(text, Some("group"), DEFAULT_NAMESPACE)
        .map_or_else(|_| text.to_owned(), |owner| owner.to_string())
}

fn is_kind_of_part(kind: &str) -> bool {
    [OPERATION, SCHEMA].iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// The attribute of the index that a field of a document is.
fn attribute(field: &str, values: &[String]) -> Option<&'static str> {
    Some(match field {
        "kind" => "kind",
        "namespace" => "namespace",
        // What has no type is of the type `other` in Backstage's documents.
        "type" if values.iter().all(|value| !value.eq_ignore_ascii_case("other")) => "type",
        "type" | "componentType" => "componentType",
        "lifecycle" => "lifecycle",
        "owner" => "owner",
        "title" => "title",
        _ => return None,
    })
}

/// What is shown of a hit; nothing when it was removed meanwhile.
fn found(catalog: &Snapshot, marks: &Highlighter, hit: &SearchHit) -> Option<FoundDocument> {
    let (id, anchor) = hit.id.split_once('#').unwrap_or((&hit.id, ""));
    let entity = catalog.get(&id.parse().ok()?)?;
    let reference = entity.reference().clone();
    let Some(part) = &hit.part else {
        return Some(FoundDocument {
            reference,
            document_type: CATALOG_DOCUMENTS,
            document: document(entity),
            title: marks.pieces(entity.title(), SHOWN),
            description: entity.description().map(|text| marks.pieces(text, SHOWN)).unwrap_or_default(),
        });
    };
    // Which API it belongs to is half of what tells one from another.
    let whole = entity.title();
    let text =
        if part.description.is_empty() { whole.to_owned() } else { format!("{whole}: {}", part.description) };
    let kind = if anchor.starts_with("operation") { OPERATION } else { SCHEMA };
    let own = document(entity);
    let document = Document {
        title: part.title.clone(),
        location: format!("{}?tab=api&show={anchor}#{anchor}", own.location),
        kind: kind.to_owned(),
        text: text.clone(),
        ..own
    };
    Some(FoundDocument {
        reference,
        document_type: API_DOCUMENTS,
        document,
        title: marks.pieces(&part.title, SHOWN),
        description: marks.pieces(&text, SHOWN),
    })
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
