//! Catalog: which one is it?

use crate::chrome::Chrome;
use crate::row::EntityRow;

/// What was asked for in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogQuery {
    /// `?kind=`, possibly several.
    pub kind: Vec<String>,
    /// `?type=`
    pub entity_type: Vec<String>,
    /// `?owner=`
    pub owner: Vec<String>,
    /// `?lifecycle=`
    pub lifecycle: Vec<String>,
    /// `?tag=`
    pub tag: Vec<String>,
    /// `?q=`, full text.
    pub q: String,
    /// `?sort=`: `name`, `-name`, `kind`, `owner`, `type`, `lifecycle`; empty for the usual order.
    pub sort: String,
    /// `?page=`, from 1.
    pub page: usize,
}

/// One value of a facet.
#[derive(Clone, Debug)]
pub struct FacetOption {
    /// As in the address.
    pub value: String,
    /// For people.
    pub label: String,
    /// How many entities have it, given the other facets.
    pub count: usize,
    /// Whether it is chosen.
    pub selected: bool,
}

/// A field that the list can be narrowed by.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The name in the address: `kind`, `type`, `owner`, `lifecycle`, `tag`.
    pub name: String,
    /// For people.
    pub label: String,
    /// Its values, most frequent first.
    pub options: Vec<FacetOption>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct CatalogView {
    /// What was asked for.
    pub query: CatalogQuery,
    /// This page's rows.
    pub rows: Vec<EntityRow>,
    /// How many match.
    pub matching: usize,
    /// How many there are.
    pub total: usize,
    /// Rows per page.
    pub per_page: usize,
    /// What can be narrowed by.
    pub facets: Vec<Facet>,
    /// How many files are broken now.
    pub drafts: usize,
    /// What is wrong with the query, when it cannot be understood.
    pub error: Option<String>,
}

/// Renders the page.
pub fn catalog(chrome: &Chrome, _view: &CatalogView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
