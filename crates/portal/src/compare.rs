//! Compare: what is different between a few entities?

use maud::html;

use crate::catalog_table::name_cell;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::count;
use crate::part::{empty, headline};
use crate::row::EntityRow;
use crate::shell::document;

/// One field of all of them.
#[derive(Clone, Debug)]
pub struct CompareLine {
    /// Its path.
    pub field: String,
    /// What each has.
    pub values: Vec<Option<String>>,
    /// Whether they are not all the same.
    pub differs: bool,
}

/// The page `/catalog/compare`.
#[derive(Clone, Debug, Default)]
pub struct ComparePageView {
    /// The entities.
    pub entities: Vec<EntityRow>,
    /// Their fields.
    pub lines: Vec<CompareLine>,
}

/// Renders the page.
pub fn compare(chrome: &Chrome, view: &ComparePageView) -> String {
    let (different, same): (Vec<&CompareLine>, Vec<&CompareLine>) =
        view.lines.iter().partition(|line| line.differs);
    let line = html! {
        (count(different.len(), "field is", "fields are")) " different, " (count(same.len(), "is", "are")) " the same."
    };
    let actions = html! { a.button href="/catalog" { (icon("list")) "Catalog" } };
    let table = |lines: &[&CompareLine], label: &str| {
        html! {
            div.scroll tabindex="0" role="region" aria-label=(label) {
                table.table.compare aria-label=(label) {
                    thead { tr {
                        th scope="col" { "Field" }
                        @for row in &view.entities { th scope="col" { (name_cell(row)) } }
                    } }
                    tbody {
                        @for line in lines {
                            tr {
                                th scope="row" { span.mono { (line.field) } }
                                @for value in &line.values {
                                    td { @match value { Some(value) => (value), None => span.muted { "–" } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    document(
        chrome,
        html! {
            (headline("Compare", Some(&line), Some(&actions)))
            @if view.entities.is_empty() {
                (empty("diff", "Nothing to compare", &html! { "Choose rows in the catalog, with " kbd { "x" } " or a click, and compare them." },
                    Some(&html! { a.button.primary href="/catalog" { "Catalog" } })))
            } @else {
                (table(&different, "What is different"))
                @if !same.is_empty() {
                    details.section { summary { (count(same.len(), "field", "fields")) " of the same value" } (table(&same, "What is the same")) }
                }
            }
        },
    )
}
