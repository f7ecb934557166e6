//! Catalog: which one is it?

use maud::{Markup, html};

use crate::address;
use crate::chrome::{Chrome, Tone};
use crate::icon::{self, icon};
use crate::measure::{count, grouped};
use crate::part::{empty, filter, headline, owner_link, state};
use crate::row::EntityRow;
use crate::shell::document;

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
    /// How many of the platform's own kinds (policies, locations, classes) are left out until somebody asks
    /// for them.
    pub hidden: usize,
    /// What is wrong with the query, when it cannot be understood.
    pub error: Option<String>,
}

impl CatalogQuery {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let lists = [
            ("kind", &self.kind),
            ("type", &self.entity_type),
            ("owner", &self.owner),
            ("lifecycle", &self.lifecycle),
            ("tag", &self.tag),
        ];
        let mut pairs: Vec<(&'static str, &str)> = lists
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())))
            .collect();
        pairs.push(("q", &self.q));
        pairs.push(("sort", &self.sort));
        pairs
    }

    /// The address that asks for this.
    pub fn address(&self) -> String {
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let mut pairs = self.pairs();
        pairs.push(("page", &page));
        address::query("/catalog", &pairs)
    }

    /// The same from the first page, with one value of a facet chosen or let go.
    #[must_use]
    pub fn toggled(&self, facet: &str, value: &str) -> Self {
        let mut query = Self { page: 1, ..self.clone() };
        let list = match facet {
            "kind" => &mut query.kind,
            "type" => &mut query.entity_type,
            "owner" => &mut query.owner,
            "lifecycle" => &mut query.lifecycle,
            _ => &mut query.tag,
        };
        if let Some(at) = list.iter().position(|chosen| chosen == value) {
            list.remove(at);
        } else {
            list.push(value.to_owned());
        }
        query
    }

    fn sorted(&self, by: &str) -> Self {
        let sort = if self.sort == by { format!("-{by}") } else { by.to_owned() };
        Self { sort, page: 1, ..self.clone() }
    }

    fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || self.pairs().iter().any(|(name, _)| !matches!(*name, "q" | "sort"))
    }
}

/// Renders the page.
pub fn catalog(chrome: &Chrome, view: &CatalogView) -> String {
    let line = html! {
        @if view.total > 0 { (count(view.total, "entity", "entities")) " that teams keep in their repositories." }
        @else { "What exists, whose it is and how it hangs together." }
        @if view.drafts > 0 {
            " " a href="/drafts" { (count(view.drafts, "file is broken", "files are broken")) } "."
        }
    };
    let actions = html! {
        a.button href="/catalog/graph" { (icon("graph")) "Graph" }
        a.button href="/sources" { (icon("location")) "Sources" }
        a.button.primary href="/create" { (icon("plus")) "Create" }
    };
    document(
        chrome,
        html! {
            (headline("Catalog", Some(&line), Some(&actions)))
            @if view.total == 0 {
                (empty("catalog", "The catalog is empty",
                    &html! { "Register a repository or folder with " code { "catalog-info.yaml" } " files, or create the first service from a golden path." },
                    Some(&html! { a.button.primary href="/sources" { "Register a source" } a.button href="/create" { "Create" } })))
            } @else {
                div.faceted { (facets(view)) div { (toolbar(view)) (results(view)) } }
            }
        },
    )
}

fn facets(view: &CatalogView) -> Markup {
    html! {
        nav.facets aria-label="Narrow the list" {
            details {
                summary.button.facets-open { (icon("list")) "Narrow the list" }
                @for facet in view.facets.iter().filter(|facet| !facet.options.is_empty()) {
                    div.facet {
                        h2 { (facet.label) }
                        ul { @for option in facet.options.iter().take(8) { (facet_option(view, facet, option)) } }
                        @if facet.options.len() > 8 {
                            details {
                                summary { (facet.options.len() - 8) " more" }
                                ul { @for option in facet.options.iter().skip(8).take(60) { (facet_option(view, facet, option)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn facet_option(view: &CatalogView, facet: &Facet, option: &FacetOption) -> Markup {
    let url = view.query.toggled(&facet.name, &option.value).address();
    html! {
        li {
            a href=(url) aria-current=[option.selected.then_some("true")] title=(option.label) {
                span { (option.label) }
                @if option.selected { (icon("close")) } @else { span.of { (grouped(option.count)) } }
            }
        }
    }
}

fn toolbar(view: &CatalogView) -> Markup {
    let kept: Vec<(&str, &str)> = view.query.pairs().into_iter().filter(|(name, _)| *name != "q").collect();
    html! {
        div.toolbar {
            (filter("/catalog", &view.query.q, "Filter the catalog", "Name, description, owner, tag", &kept))
            span.muted role="status" {
                @if view.query.is_narrowed() { (grouped(view.matching)) " of " (grouped(view.total)) }
                @else { (count(view.matching, "entity", "entities")) }
            }
            @if view.hidden > 0 {
                a href="/catalog?kind=any" title="Policies, locations, environments and classes" { (grouped(view.hidden)) " more of the platform's own" }
            }
            @if view.query.is_narrowed() { a.button.quiet href="/catalog" { (icon("close")) "Clear" } }
        }
    }
}

fn results(view: &CatalogView) -> Markup {
    if let Some(error) = &view.error {
        return empty(
            "warning",
            "The query cannot be read",
            &html! { (error) },
            Some(&html! { a.button href="/catalog" { "Start over" } }),
        );
    }
    if view.rows.is_empty() {
        return empty(
            "search",
            "Nothing matches",
            &html! { "No entity has all of this. Let go of a filter, or search everything instead." },
            Some(&html! {
                a.button href="/catalog" { "Clear filters" }
                @if !view.query.q.is_empty() {
                    a.button href=(address::query("/search", &[("q", &view.query.q)])) { "Search everything" }
                }
            }),
        );
    }
    html! { (table(view)) (pages(view)) }
}

fn table(view: &CatalogView) -> Markup {
    let column = |by: &str, text: &str| {
        let url = view.query.sorted(by).address();
        let direction = match view.query.sort.as_str() {
            sort if sort == by => Some("ascending"),
            sort if sort.strip_prefix('-') == Some(by) => Some("descending"),
            _ => None,
        };
        (
            direction,
            html! {
                a href=(url) {
                    (text)
                    @match direction { Some("ascending") => (icon("up")), Some(_) => (icon("down")), None => {} }
                }
            },
        )
    };
    let (name, kind, owner, lifecycle) = (
        column("name", "Name"),
        column("type", "Type"),
        column("owner", "Owner"),
        column("lifecycle", "Lifecycle"),
    );
    html! {
        table.table aria-label="Entities" data-testid="catalog" {
            thead { tr {
                th.grow scope="col" aria-sort=[name.0] { (name.1) }
                th.fit.at-medium scope="col" aria-sort=[kind.0] { (kind.1) }
                th.fit.at-wide scope="col" aria-sort=[owner.0] { (owner.1) }
                th.fit.at-wide scope="col" aria-sort=[lifecycle.0] { (lifecycle.1) }
                th.fit scope="col" { "Health" }
            } }
            tbody {
                @for row in &view.rows {
                    tr data-row {
                        td.grow { div.name-line { (name_cell(row)) @if let Some(text) = &row.description { span.sub { (text) } } } }
                        td.fit.at-medium.sub {
                            span.capped title=(row.entity_type.as_deref().unwrap_or(&row.kind)) {
                                (row.kind) @if let Some(entity_type) = &row.entity_type { " · " (entity_type) }
                            }
                        }
                        td.fit.at-wide { @match &row.owner { Some(owner) => (owner_link(Some(owner))), None => span.muted { "–" } } }
                        td.fit.at-wide.sub { (row.lifecycle.as_deref().unwrap_or("–")) }
                        td.fit { (health(row)) }
                    }
                }
            }
        }
    }
}

fn pages(view: &CatalogView) -> Markup {
    let page = view.query.page.max(1);
    let last = view.matching.div_ceil(view.per_page.max(1)).max(1);
    let at = |page: usize| CatalogQuery { page, ..view.query.clone() }.address();
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages" {
                span.muted { "Page " (grouped(page)) " of " (grouped(last)) }
                @if page > 1 { a.button href=(at(page - 1)) rel="prev" { (icon("back")) "Previous" } }
                @if page < last { a.button href=(at(page + 1)) rel="next" { "Next" (icon("arrow")) } }
            }
        }
    }
}

/// An entity's name as the link of its row.
pub fn name_cell(row: &EntityRow) -> Markup {
    html! {
        a.entity.name href=(address::entity(&row.reference)) title=(row.reference) {
            (icon(icon::of_kind(&row.kind))) span { (row.title) }
        }
    }
}

/// Whether anything is wrong with an entity, in icon and word.
pub fn health(row: &EntityRow) -> Markup {
    let here = address::entity(&row.reference);
    html! {
        @if row.errors > 0 {
            a href={ (here) "?tab=errors" } { (state(Tone::Bad, &count(row.errors, "error", "errors"))) }
        } @else if row.findings > 0 {
            a href=(here) { (state(Tone::Warning, &count(row.findings, "finding", "findings"))) }
        } @else {
            (state(Tone::Good, "Good"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CatalogQuery;

    #[test]
    fn a_facet_is_chosen_and_let_go_from_the_first_page() {
        let query = CatalogQuery { page: 3, q: "a b".into(), ..CatalogQuery::default() };
        let chosen = query.toggled("type", "service");
        assert_eq!(chosen.address(), "/catalog?type=service&q=a%20b");
        assert_eq!(chosen.toggled("type", "service").address(), "/catalog?q=a%20b");
    }
}
