//! Catalog: which one is it?

use maud::{Markup, html};

use crate::catalog_query::CatalogQuery;
use crate::chrome::Chrome;
use crate::icon::{self, icon};
use crate::measure::{count, grouped};
use crate::part::{empty, headline};
use crate::row::EntityRow;
use crate::shell::document;
use crate::{address, catalog_table};

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

/// A column of the table.
#[derive(Clone, Debug)]
pub struct ColumnView {
    /// Its name, or the path of its field.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// The order that its heading asks for.
    pub sort: Option<String>,
    /// Whether it is shown.
    pub shown: bool,
}

/// A question that somebody keeps.
#[derive(Clone, Debug)]
pub struct SavedViewRow {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether everybody sees it.
    pub shared: bool,
    /// Whether this person may remove it.
    pub removable: bool,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct CatalogView {
    /// What was asked for.
    pub query: CatalogQuery,
    /// What one chosen kind is called when there are several of it.
    pub title: Option<String>,
    /// This page's rows; each has a cell for every shown column.
    pub rows: Vec<EntityRow>,
    /// The columns beside name and health: those that are shown first, in their order.
    pub columns: Vec<ColumnView>,
    /// For which kind the columns are chosen; empty for lists of several.
    pub columns_of: String,
    /// How many match.
    pub matching: usize,
    /// How many there are.
    pub total: usize,
    /// Rows per page.
    pub per_page: usize,
    /// What can be narrowed by.
    pub facets: Vec<Facet>,
    /// The person's views and the shared ones.
    pub views: Vec<SavedViewRow>,
    /// Whether this person may share a view.
    pub may_share: bool,
    /// How many files are broken now.
    pub drafts: usize,
    /// How many of the platform's own kinds (policies, locations, classes) are left out until somebody asks
    /// for them.
    pub hidden: usize,
    /// What is wrong with the query, when it cannot be understood.
    pub error: Option<String>,
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
            (headline(view.title.as_deref().unwrap_or("Catalog"), Some(&line), Some(&actions)))
            @if view.total == 0 {
                (empty("catalog", "The catalog is empty",
                    &html! { "Register a repository or folder with " code { "catalog-info.yaml" } " files, or create the first service from a golden path." },
                    Some(&html! { a.button.primary href="/sources" { "Register a source" } a.button href="/create" { "Create" } })))
            } @else {
                div.faceted {
                    nav.facets #facets aria-label="Narrow the list" { (facets(view)) }
                    div {
                        (shelves(view))
                        (toolbar(view))
                        div #rows data-rows { (catalog_table::results(chrome.now, view)) }
                    }
                }
            }
        },
    )
}

/// The rows alone, with the icons that they use, for a page that asks again as somebody types.
pub fn catalog_rows(chrome: &Chrome, view: &CatalogView) -> String {
    fragment(chrome, catalog_table::results(chrome.now, view))
}

/// The facets alone.
pub fn catalog_facets(chrome: &Chrome, view: &CatalogView) -> String {
    fragment(chrome, facets(view))
}

fn fragment(chrome: &Chrome, content: Markup) -> String {
    let content = match &chrome.at {
        Some(at) => crate::history::at_moment(&content.0, at),
        None => content.0,
    };
    let symbols = icon::symbols(&content, false).into_string();
    symbols + &content
}

/// Everything, one's own, what one marked or looked at, and the saved views.
fn shelves(view: &CatalogView) -> Markup {
    let here = if view.query.view.is_empty() { view.query.shelf.as_str() } else { "view" };
    let shelf = |name: &str, words: &str| {
        let url = address::query("/catalog", &[("shelf", name)]);
        html! { a href=(url) aria-current=[(here == name).then_some("page")] { (words) } }
    };
    html! {
        div.shelves {
            nav.segments aria-label="Views" {
                (shelf("", "All")) (shelf("mine", "Yours")) (shelf("starred", "Starred")) (shelf("recent", "Recent"))
                @for saved in &view.views {
                    a href=(address::query("/catalog", &[("view", &saved.id)])) title=(if saved.shared { "Shared with everybody" } else { "Only you see it" })
                        aria-current=[(saved.id == view.query.view).then_some("page")] { (saved.name) }
                }
            }
            (save(view))
        }
    }
}

fn save(view: &CatalogView) -> Markup {
    let current = view.views.iter().find(|saved| saved.id == view.query.view);
    html! {
        details.menu-choice {
            summary.button.quiet { (icon("plus")) "Save view" }
            div.menu-panel {
                form.form action="/catalog/views" method="post" {
                    input type="hidden" name="question" value=(view.query.question()) data-question;
                    div.field {
                        label for="view-name" { "Name" }
                        input #view-name name="name" type="text" required maxlength="60" autocomplete="off" value=(current.map_or("", |it| it.name.as_str()));
                    }
                    label.choice { input type="checkbox" name="shared" value="true" disabled[!view.may_share]; span { "Everybody sees it" } }
                    button.button.primary type="submit" { "Save" }
                }
                @if let Some(current) = current.filter(|it| it.removable) {
                    form action={ "/catalog/views/" (address::encode(&current.id)) "/remove" } method="post" {
                        button.button.danger type="submit" { "Remove “" (current.name) "”" }
                    }
                }
            }
        }
    }
}

fn facets(view: &CatalogView) -> Markup {
    html! {
        details {
            summary.button.facets-open { (icon("list")) "Narrow the list" }
            @for facet in view.facets.iter().filter(|facet| !facet.options.is_empty()) {
                div.facet {
                    h2 { (facet.label) }
                    ul { @for option in facet.options.iter().take(8) { (facet_option(view, facet, option)) } }
                    @if facet.options.len() > 8 {
                        details {
                            summary { (grouped(facet.options.len() - 8)) " more" }
                            ul { @for option in facet.options.iter().skip(8).take(60) { (facet_option(view, facet, option)) } }
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
    let pairs = view.query.pairs();
    let kept = pairs.iter().filter(|(name, value)| *name != "q" && !value.is_empty());
    html! {
        div.toolbar {
            form.filter action="/catalog" method="get" role="search" aria-label="Filter the catalog" {
                @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
                (icon("search"))
                input #q type="search" name="q" value=(view.query.q) maxlength="500" autocomplete="off" spellcheck="false"
                    placeholder="orders, or kind:api owner:me -lifecycle:deprecated" aria-label="Filter the catalog"
                    aria-describedby="q-error" data-filter data-instant;
                p.error #q-error role="alert" { @if let Some(error) = &view.error { (error) } }
            }
            (column_choice(view))
        }
    }
}

fn column_choice(view: &CatalogView) -> Markup {
    html! {
        details.menu-choice.at-wide {
            summary.button { (icon("list")) "Columns" }
            div.menu-panel {
                form action="/catalog/columns" method="post" {
                    input type="hidden" name="kind" value=(view.columns_of);
                    input type="hidden" name="return_to" value=(view.query.address()) data-here;
                    fieldset {
                        legend.hidden { "Columns" }
                        @for column in &view.columns {
                            label.choice { input type="checkbox" name="column" value=(column.name) checked[column.shown]; span { (column.title) } }
                        }
                    }
                    div.actions {
                        button.button.primary type="submit" { "Show these" }
                        button.button type="submit" name="usual" value="true" { "The usual" }
                    }
                }
            }
        }
    }
}
