//! One field of a form: its label, control, help and error, tied together for screen readers.

use maud::{Markup, html};

use crate::form::{Choice, FieldKind, FieldView};
use crate::icon::icon;

/// Entities that are listed in a picker; more are typed.
const MAX_OPTIONS: usize = 1_000;

/// The field.
pub fn field(view: &FieldView) -> Markup {
    if view.kind == FieldKind::Hidden {
        return html! { input type="hidden" name=(view.name) value=(view.value); };
    }
    let grouped = matches!(
        view.kind,
        FieldKind::Radio { .. } | FieldKind::Checkboxes { .. } | FieldKind::Repository { .. }
    );
    html! {
        div.field.invalid[view.error.is_some()] {
            @if grouped {
                fieldset aria-describedby=[described_by(view)] {
                    legend { (view.label) (optional(view)) }
                    (control(view))
                }
            } @else if view.kind == FieldKind::Checkbox {
                (control(view))
            } @else {
                label for=(view.name) { (view.label) (optional(view)) }
                (control(view))
            }
            (notes(view))
        }
    }
}

fn optional(view: &FieldView) -> Markup {
    html! { @if !view.required { span.optional { "optional" } } }
}

fn notes(view: &FieldView) -> Markup {
    html! {
        @if let Some(error) = &view.error { p.error id={ (view.name) "-error" } { (icon("failed")) (error) } }
        @if let Some(help) = &view.help { p.help id={ (view.name) "-help" } { (help) } }
    }
}

fn described_by(view: &FieldView) -> Option<String> {
    let mut ids = Vec::new();
    if view.error.is_some() {
        ids.push(format!("{}-error", view.name));
    }
    if view.help.is_some() {
        ids.push(format!("{}-help", view.name));
    }
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn control(view: &FieldView) -> Markup {
    match &view.kind {
        FieldKind::Text => text(view, "text", None),
        FieldKind::Password => text(view, "password", None),
        FieldKind::Number { integer, min, max } => number(view, *integer, min.as_deref(), max.as_deref()),
        FieldKind::Textarea => textarea(view, false),
        FieldKind::Yaml => textarea(view, true),
        FieldKind::Checkbox => checkbox(view),
        FieldKind::Select { options } => select(view, options),
        FieldKind::Radio { options } => choices(view, options, "radio"),
        FieldKind::Checkboxes { options } => choices(view, options, "checkbox"),
        FieldKind::Entity { options, arbitrary } => {
            if *arbitrary || options.len() > 30 {
                entity(view, options)
            } else {
                select(view, options)
            }
        }
        FieldKind::Repository { hosts, owners } => repository(view, hosts, owners),
        FieldKind::Hidden => html! {},
    }
}

fn text(view: &FieldView, kind: &str, list: Option<&str>) -> Markup {
    // What was typed as a secret is not written back into the page.
    let value = if kind == "password" { "" } else { view.value.as_str() };
    html! {
        input id=(view.name) name=(view.name) type=(kind) value=(value) list=[list]
            required[view.required] pattern=[view.pattern.as_deref()] minlength=[view.min_length] maxlength=[view.max_length]
            placeholder=[view.placeholder.as_deref()] autofocus[view.autofocus] readonly[view.disabled]
            autocomplete="off" spellcheck="false" title=[view.pattern.as_ref().and(view.help.as_deref())]
            aria-invalid=[view.error.as_ref().map(|_| "true")] aria-describedby=[described_by(view)];
    }
}

fn number(view: &FieldView, integer: bool, min: Option<&str>, max: Option<&str>) -> Markup {
    html! {
        input id=(view.name) name=(view.name) type="number" value=(view.value) min=[min] max=[max]
            step=(if integer { "1" } else { "any" }) required[view.required] autofocus[view.autofocus] readonly[view.disabled]
            placeholder=[view.placeholder.as_deref()] aria-invalid=[view.error.as_ref().map(|_| "true")]
            aria-describedby=[described_by(view)];
    }
}

fn textarea(view: &FieldView, mono: bool) -> Markup {
    html! {
        textarea.mono[mono] id=(view.name) name=(view.name) required[view.required] autofocus[view.autofocus]
            readonly[view.disabled] minlength=[view.min_length] maxlength=[view.max_length]
            placeholder=[view.placeholder.as_deref()] spellcheck=(if mono { "false" } else { "true" })
            aria-invalid=[view.error.as_ref().map(|_| "true")] aria-describedby=[described_by(view)] {
            // A browser drops the first line break after the tag.
            "\n" (view.value)
        }
    }
}

fn checkbox(view: &FieldView) -> Markup {
    html! {
        label.choice.sole for=(view.name) {
            input id=(view.name) name=(view.name) type="checkbox" value="true" checked[view.value == "true"]
                disabled[view.disabled] autofocus[view.autofocus] aria-describedby=[described_by(view)];
            span { (view.label) }
        }
    }
}

fn select(view: &FieldView, options: &[Choice]) -> Markup {
    let chosen = options.iter().any(|choice| choice.value == view.value);
    html! {
        select id=(view.name) name=(view.name) required[view.required] disabled[view.disabled] autofocus[view.autofocus]
            aria-invalid=[view.error.as_ref().map(|_| "true")] aria-describedby=[described_by(view)] {
            @if !view.required || !chosen {
                option value="" selected[!chosen] { @if view.required { "Choose" } @else { "None" } }
            }
            // What was chosen and is not offered any more stays in view instead of changing by itself.
            @if !chosen && !view.value.is_empty() { option value=(view.value) selected { (view.value) " (not offered)" } }
            @for choice in options.iter().take(MAX_OPTIONS) {
                option value=(choice.value) selected[choice.value == view.value] {
                    (choice.label) @if let Some(hint) = &choice.hint { " – " (hint) }
                }
            }
        }
        @if view.disabled { input type="hidden" name=(view.name) value=(view.value); }
    }
}

fn choices(view: &FieldView, options: &[Choice], kind: &str) -> Markup {
    let is_checked = |choice: &Choice| {
        if kind == "radio" { choice.value == view.value } else { view.values.contains(&choice.value) }
    };
    html! {
        div.choices {
            @for (index, choice) in options.iter().take(MAX_OPTIONS).enumerate() {
                @let id = if index == 0 { view.name.clone() } else { format!("{}-{index}", view.name) };
                label.choice for=(id) {
                    input id=(id) name=(view.name) type=(kind) value=(choice.value) checked[is_checked(choice)]
                        required[kind == "radio" && view.required] disabled[view.disabled] autofocus[view.autofocus && index == 0];
                    span { (choice.label) @if let Some(hint) = &choice.hint { " " span.muted { (hint) } } }
                }
            }
        }
    }
}

fn entity(view: &FieldView, options: &[Choice]) -> Markup {
    let list = format!("{}-options", view.name);
    html! {
        (text(view, "text", Some(&list)))
        datalist id=(list) {
            @for choice in options.iter().take(MAX_OPTIONS) { option value=(choice.value) { (choice.label) } }
        }
    }
}

/// The three parts of `host?owner=…&repo=…`.
fn repository_parts(value: &str) -> (String, String, String) {
    let (host, query) = value.split_once('?').unwrap_or((value, ""));
    let part = |wanted: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    (host.to_owned(), part("owner"), part("repo"))
}

fn repository(view: &FieldView, hosts: &[Choice], owners: &[Choice]) -> Markup {
    let (host, owner, repo) = repository_parts(&view.value);
    let name = &view.name;
    let pick = |part: &str, options: &[Choice], value: &str| {
        html! {
            select id={ (name) "." (part) } name={ (name) "." (part) } required[view.required] {
                @for choice in options { option value=(choice.value) selected[choice.value == value] { (choice.label) } }
            }
        }
    };
    let typed = |part: &str, value: &str, focus: bool| {
        html! {
            input id={ (name) "." (part) } name={ (name) "." (part) } type="text" value=(value) required[view.required]
                autofocus[focus] autocomplete="off" spellcheck="false" aria-describedby=[described_by(view)];
        }
    };
    html! {
        div.joined {
            label for={ (name) ".host" } { span { "Host" } (pick("host", hosts, &host)) }
            label for={ (name) ".owner" } {
                span { "Owner" }
                @if owners.is_empty() { (typed("owner", &owner, false)) } @else { (pick("owner", owners, &owner)) }
            }
            label for={ (name) ".repo" } { span { "Repository" } (typed("repo", &repo, view.autofocus)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{field, repository_parts};
    use crate::form::{Choice, FieldKind, FieldView};

    fn choice(value: &str) -> Choice {
        Choice { value: value.into(), label: value.into(), hint: None }
    }

    #[test]
    fn an_error_is_tied_to_its_control() {
        let view =
            FieldView { error: Some("Too short".into()), ..FieldView::new("name", "Name", FieldKind::Text) };
        let html = field(&view).into_string();
        assert!(html.contains("id=\"name\"") && html.contains("aria-describedby=\"name-error\""));
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("id=\"name-error\""));
    }

    #[test]
    fn a_value_that_is_not_offered_any_more_stays_in_view() {
        let kind = FieldKind::Select { options: vec![choice("a")] };
        let view = FieldView { value: "gone".into(), required: true, ..FieldView::new("x", "X", kind) };
        assert!(field(&view).into_string().contains("gone (not offered)"));
    }

    #[test]
    fn a_secret_is_not_written_back() {
        let view = FieldView { value: "hunter2".into(), ..FieldView::new("x", "X", FieldKind::Password) };
        assert!(!field(&view).into_string().contains("hunter2"));
    }

    #[test]
    fn a_repository_comes_apart() {
        let parts = repository_parts("fairway?owner=acme&repo=orders");
        assert_eq!(parts, ("fairway".into(), "acme".into(), "orders".into()));
    }
}
