//! The last step of every Markdown rendering: what is not known to be harmless is dropped.

use std::borrow::Cow;

use ammonia::Builder;

use crate::markdown::MarkdownOptions;

/// Ids that documents may set; everything else could be taken for a part of the page.
const ID_PREFIXES: [&str; 2] = ["doc-", "fn"];

/// Cleans HTML, and leads relative links and images to where the options say.
pub fn clean(html: &str, options: &MarkdownOptions) -> String {
    let options = options.clone();
    let mut builder = Builder::default();
    builder
        .add_tags(["input"])
        .add_tag_attributes("input", ["type", "checked", "disabled"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("a", ["aria-label"])
        .add_generic_attributes(["id", "class"])
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| filter(&options, element, attribute, value));
    builder.clean(html).to_string()
}

fn filter<'v>(
    options: &MarkdownOptions,
    element: &str,
    attribute: &str,
    value: &'v str,
) -> Option<Cow<'v, str>> {
    match (element, attribute) {
        (_, "id") => ID_PREFIXES.iter().any(|prefix| value.starts_with(prefix)).then_some(value.into()),
        (_, "class") => {
            let kept: Vec<&str> = value.split_whitespace().filter(|class| is_known(class)).collect();
            (!kept.is_empty()).then(|| kept.join(" ").into())
        }
        ("input", "type") => (value == "checkbox").then_some(value.into()),
        ("a", "href") => Some(match value.strip_prefix('#') {
            Some(anchor) if !ID_PREFIXES.iter().any(|prefix| anchor.starts_with(prefix)) => {
                format!("#doc-{anchor}").into()
            }
            _ => resolve(options.link_base.as_deref(), value),
        }),
        ("img", "src") => Some(resolve(options.image_base.as_deref(), value)),
        _ => Some(value.into()),
    }
}

fn is_known(class: &str) -> bool {
    const KINDS: [&str; 24] = [
        "admonition",
        "admonition-title",
        "note",
        "abstract",
        "info",
        "tip",
        "hint",
        "important",
        "success",
        "question",
        "warning",
        "caution",
        "attention",
        "failure",
        "danger",
        "error",
        "bug",
        "example",
        "quote",
        "footnotes",
        "footnote-ref",
        "anchor",
        "task-list-item",
        "contains-task-list",
    ];
    KINDS.contains(&class)
        || ["hl-", "language-", "markdown-alert", "footnote-backref"]
            .iter()
            .any(|prefix| class.starts_with(prefix))
}

/// Puts a relative address below `base` (which ends with a slash), and walks its `..` without leaving the
/// repository's own pages.
fn resolve<'v>(base: Option<&str>, value: &'v str) -> Cow<'v, str> {
    let Some(base) = base else { return value.into() };
    let end = value.find(['/', '?', '#']).unwrap_or(value.len());
    let has_scheme = value.get(..end).is_some_and(|head| head.contains(':'));
    if value.is_empty() || value.starts_with(['/', '#']) || has_scheme {
        return value.into();
    }
    let split = value.find(['?', '#']).unwrap_or(value.len());
    let (path, tail) = value.split_at(split);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{base}{}{tail}", parts.join("/")).into()
}
