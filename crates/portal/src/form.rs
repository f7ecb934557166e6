//! The form of a golden path, page by page.

use fairway_domain::EntityRef;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::create::template_address;
use crate::field::field;
use crate::icon::icon;
use crate::measure::count;
use crate::part::{blocked, chip, entity_link, headline};
use crate::row::TemplateRow;
use crate::safe::SafeHtml;
use crate::shell::document;

/// One value that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// More, for example an owner's title.
    pub hint: Option<String>,
}

/// How a field is filled in. Text values are in [`FieldView::value`], lists in [`FieldView::values`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Textarea,
    /// A number; limits as text, so that no digit is lost.
    Number {
        /// Whole numbers only.
        integer: bool,
        /// The least.
        min: Option<String>,
        /// The greatest.
        max: Option<String>,
    },
    /// Yes or no; the value is `true` or `false`.
    Checkbox,
    /// One of a few, as a list to open.
    Select {
        /// The choices.
        options: Vec<Choice>,
    },
    /// One of a few, all in view.
    Radio {
        /// The choices.
        options: Vec<Choice>,
    },
    /// Any of a few; sent as the name repeated.
    Checkboxes {
        /// The choices.
        options: Vec<Choice>,
    },
    /// An entity; owners too.
    Entity {
        /// What the catalog offers, as references.
        options: Vec<Choice>,
        /// Whether anything else may be typed.
        arbitrary: bool,
    },
    /// A repository: sent as `<name>.host`, `<name>.owner`, `<name>.repo`; the value is
    /// `host?owner=…&repo=…`.
    Repository {
        /// The hosts to choose from.
        hosts: Vec<Choice>,
        /// The owners to choose from; empty for any.
        owners: Vec<Choice>,
    },
    /// A secret; never shown again.
    Password,
    /// An object or list, typed as YAML.
    Yaml,
    /// Not shown.
    Hidden,
}

/// One field.
#[derive(Clone, Debug)]
pub struct FieldView {
    /// The name it is sent under; also its id.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// One or two sentences below it.
    pub help: Option<String>,
    /// How it is filled in.
    pub kind: FieldKind,
    /// The value now.
    pub value: String,
    /// The values now, for lists.
    pub values: Vec<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// A regular expression for the browser.
    pub pattern: Option<String>,
    /// The fewest characters.
    pub min_length: Option<usize>,
    /// The most characters.
    pub max_length: Option<usize>,
    /// An example inside the empty field.
    pub placeholder: Option<String>,
    /// What is wrong with the value.
    pub error: Option<String>,
    /// Whether the cursor starts here.
    pub autofocus: bool,
    /// Whether it can only be read.
    pub disabled: bool,
}

impl FieldView {
    /// An empty optional text field.
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            help: None,
            kind,
            value: String::new(),
            values: Vec::new(),
            required: false,
            pattern: None,
            min_length: None,
            max_length: None,
            placeholder: None,
            error: None,
            autofocus: false,
            disabled: false,
        }
    }
}

/// One line of the review.
#[derive(Clone, Debug)]
pub struct ReviewLine {
    /// The field's label.
    pub label: String,
    /// The answer for people.
    pub value: String,
    /// The step it was given on, from 1.
    pub step: usize,
}

/// What the form shows.
#[derive(Clone, Debug)]
pub enum FormBody {
    /// The fields of the current step.
    Fields(Vec<FieldView>),
    /// All answers, before the plan is made.
    Review(Vec<ReviewLine>),
}

/// The page `/create/{namespace}/{name}`. Posts to itself with `step` (from 1; the review is the step after
/// the last) and `action` = `next`, `back` or `plan`.
#[derive(Clone, Debug)]
pub struct FormView {
    /// The golden path.
    pub template: TemplateRow,
    /// The steps' titles; the review is added by the page.
    pub steps: Vec<String>,
    /// The current step, from 1; `steps.len() + 1` is the review.
    pub step: usize,
    /// The current step's description, rendered from Markdown.
    pub description: Option<SafeHtml>,
    /// What is shown.
    pub body: FormBody,
    /// Answers of the other steps, carried along as hidden fields.
    pub carried: Vec<(String, String)>,
    /// What is wrong with the form as a whole (a plan that failed, for example).
    pub errors: Vec<String>,
    /// Who keeps the golden path.
    pub owner: Option<EntityRef>,
    /// Why this person may not make a plan.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn form(chrome: &Chrome, view: &FormView) -> String {
    let here = template_address(&view.template.reference);
    let line = html! { (view.template.description.as_deref().unwrap_or_default()) };
    let actions = html! {
        a.button href=(address::entity(&view.template.reference)) { (icon("template")) "About this path" }
    };
    let reviewing = matches!(view.body, FormBody::Review(_));
    document(
        chrome,
        html! {
            (headline(&view.template.title, Some(&line), Some(&actions)))
            (stepper(view))
            @if !view.errors.is_empty() { (complaint(&view.errors)) }
            div.split {
            form.form #create action=(here) method="post" novalidate[reviewing] data-testid="create-form" {
                input type="hidden" name="step" value=(view.step);
                @for (name, value) in &view.carried { input type="hidden" name=(name) value=(value); }
                @if let Some(description) = &view.description { div.prose { (description) } }
                @match &view.body {
                    FormBody::Fields(fields) => { @for one in fields { (field(one)) } }
                    FormBody::Review(lines) => (review(lines, &here)),
                }
                (buttons(view))
            }
            (about(view))
            }
        },
    )
}

/// What this is, and that nothing happens by itself.
fn about(view: &FormView) -> Markup {
    let template = &view.template;
    html! {
        aside.panel.sticky.at-wide aria-label="What happens next" {
            h2 { "What happens next" }
            ol.next-steps {
                li { strong { "You answer. " } "Nothing is kept until you make the plan." }
                li { strong { "Fairway plans. " } "You see every file, commit, cost and finding." }
                li { strong { "You apply. " } "Only then does anything happen, and it can be undone." }
            }
            dl.facts {
                @if let Some(owner) = &view.owner { div { dt { "Kept by" } dd { (entity_link(owner, owner.name())) } } }
                div { dt { "Used" } dd { (count(template.runs, "time", "times")) } }
                @if !template.tags.is_empty() { div { dt { "Tags" } dd { span.chips { @for tag in &template.tags { (chip(tag)) } } } } }
            }
        }
    }
}

fn stepper(view: &FormView) -> Markup {
    let titles = view.steps.iter().map(String::as_str).chain(["Review"]);
    html! {
        ol.steps aria-label="Steps" {
            @for (index, title) in titles.enumerate() {
                li.past[index + 1 < view.step] aria-current=[(index + 1 == view.step).then_some("step")] {
                    (title)
                    @if index + 1 < view.step { span.hidden { " (done)" } }
                }
            }
        }
    }
}

fn complaint(errors: &[String]) -> Markup {
    html! {
        div.notice.bad role="alert" data-testid="form-errors" {
            (icon("failed"))
            div { @for error in errors { p { (error) } } }
        }
    }
}

fn review(lines: &[ReviewLine], here: &str) -> Markup {
    html! {
        p.lead { "Next, the plan is made from these answers. It shows every file, commit and registration; nothing happens before you apply it." }
        dl.review {
            @for line in lines {
                div {
                    dt { (line.label) }
                    dd { @if line.value.is_empty() { span.muted { "–" } } @else { (line.value) } }
                }
            }
        }
        @if lines.is_empty() { p.muted { "This path asks nothing. " a href=(here) { "Back to the start" } } }
    }
}

fn buttons(view: &FormView) -> Markup {
    let reviewing = matches!(view.body, FormBody::Review(_));
    html! {
        div.form-actions {
            // Enter in a field presses the first submit button in the document, which has to go forward.
            @if reviewing {
                @if let Some(reason) = &view.blocked {
                    (blocked(reason))
                } @else {
                    button.button.primary #plan type="submit" name="action" value="plan" autofocus { "Make the plan" (icon("arrow")) }
                }
            } @else {
                button.button.primary #next type="submit" name="action" value="next" {
                    @if view.step == view.steps.len() { "Review" } @else { "Next" } (icon("arrow"))
                }
            }
            @if view.step > 1 {
                button.button #back type="submit" name="action" value="back" formnovalidate { (icon("back")) "Back" }
            }
            a.button.quiet.push href="/create" { "Cancel" }
        }
    }
}
