//! Editing an entity: a form whose answers become a change request.

use fairway_domain::EntityRef;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::part::headline;
use crate::shell::document;

/// A field of the form.
#[derive(Clone, Debug)]
pub struct EditFieldView {
    /// The field, for example `spec.owner`.
    pub field: String,
    /// Its label.
    pub label: String,
    /// One line of help.
    pub help: String,
    /// The value in the form.
    pub value: String,
    /// Values to choose from.
    pub suggestions: Vec<String>,
    /// The value that an open change request would give it, with that request's number and address.
    pub pending: Option<(String, u64, String)>,
}

/// The page `/catalog/{namespace}/{kind}/{name}/edit`.
#[derive(Clone, Debug)]
pub struct EntityEditView {
    /// Which entity.
    pub reference: EntityRef,
    /// What people call it.
    pub title: String,
    /// The fields.
    pub fields: Vec<EditFieldView>,
    /// The file that is changed, and its address.
    pub file: (String, String),
    /// Why, as typed.
    pub description: String,
    /// What is wrong with what was sent, as quoted errors or sentences.
    pub errors: Vec<String>,
}

/// Renders the page.
pub fn entity_edit(chrome: &Chrome, view: &EntityEditView) -> String {
    let here = format!("{}/edit", address::entity(&view.reference));
    let line = html! {
        "Your answers are written into " a.mono href=(view.file.1) { (view.file.0) }
        " on a branch, and a change request asks to merge them. Comments in the file stay."
    };
    document(
        chrome,
        html! {
            (headline(&format!("Edit {}", view.title), Some(&line), None))
            @if !view.errors.is_empty() {
                div.notice.bad role="alert" { (icon("failed")) div { @for error in &view.errors { p { (error) } } } }
            }
            form.form action=(here) method="post" {
                @for (index, field) in view.fields.iter().enumerate() { (self::field(index, field)) }
                div.field {
                    label for="description" { "Why" }
                    textarea #description name="description" rows="3" placeholder="For those who review it" { (view.description) }
                }
                div.actions {
                    button.button.primary type="submit" { "Propose the change" }
                    a.button href=(address::entity(&view.reference)) { "Cancel" }
                }
            }
        },
    )
}

fn field(index: usize, field: &EditFieldView) -> Markup {
    let id = format!("edit-{index}");
    let list = format!("{id}-list");
    let offers = !field.suggestions.is_empty();
    html! {
        div.field {
            label for=(id) { (field.label) }
            input id=(id) name=(field.field) value=(field.value) autocomplete="off" list=[offers.then_some(&list)] aria-describedby={ (id) "-help" };
            @if offers { datalist id=(list) { @for value in &field.suggestions { option value=(value) {} } } }
            p.help id={ (id) "-help" } {
                (field.help)
                @if let Some((value, number, url)) = &field.pending {
                    " · " a href=(url) { "#" (number) } " would make it " strong { @if value.is_empty() { "empty" } @else { (value) } }
                }
            }
        }
    }
}
