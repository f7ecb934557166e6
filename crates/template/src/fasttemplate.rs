//! The older templates of ApplicationSets: `{{ name }}` is replaced, and nothing else happens.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::error::{Fault, TemplateError};

/// Replaces every tag whose name is a parameter; other tags stay as they are, with their spaces. A text without a
/// whole tag in any line is no template; in a template, a tag that is not closed is an error.
pub fn render(
    source: &str,
    name: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<String, TemplateError> {
    let has_tag = |line: &str| line.split_once("{{").is_some_and(|(_, after)| after.contains("}}"));
    if !source.split('\n').any(has_tag) {
        return Ok(source.to_owned());
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((tag, behind)) = after.split_once("}}") else {
            let fault = Fault::syntax("a tag is not closed", source.len() - after.len() - 2);
            return Err(TemplateError::locate(*fault.hint("Write }} at its end."), source, name));
        };
        out.push_str(before);
        if let Some(value) = parameters.get(tag.trim()) {
            out.push_str(value);
        } else {
            out.push_str("{{");
            out.push_str(tag);
            out.push_str("}}");
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// Renders every text in a JSON value, keys too.
pub fn render_json(
    value: &Json,
    name: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<Json, TemplateError> {
    Ok(match value {
        Json::String(source) => Json::String(render(source, name, parameters)?),
        Json::Array(items) => {
            let items: Result<Vec<Json>, TemplateError> =
                items.iter().map(|item| render_json(item, name, parameters)).collect();
            Json::Array(items?)
        }
        Json::Object(members) => {
            let mut rendered = serde_json::Map::new();
            for (key, member) in members {
                rendered.insert(render(key, name, parameters)?, render_json(member, name, parameters)?);
            }
            Json::Object(rendered)
        }
        other => other.clone(),
    })
}

/// The parameters of a generator as these templates name them: `metadata.labels.app`, `path[0]`. What is neither
/// a text, a number nor a truth value has no name.
pub fn flatten(parameters: &Json) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    flatten_into("", parameters, &mut flat, LEVELS);
    flat
}

/// How deep parameters may nest.
const LEVELS: usize = 100;

fn flatten_into(name: &str, value: &Json, flat: &mut BTreeMap<String, String>, levels: usize) {
    let Some(levels) = levels.checked_sub(1) else { return };
    match value {
        Json::Object(members) => {
            for (key, member) in members {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten_into(&name, member, flat, levels);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten_into(&format!("{name}[{index}]"), item, flat, levels);
            }
        }
        Json::String(text) => {
            flat.insert(name.to_owned(), text.clone());
        }
        Json::Number(_) | Json::Bool(_) => {
            flat.insert(name.to_owned(), value.to_string());
        }
        Json::Null => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{flatten, render, render_json};

    #[test]
    fn known_tags_are_replaced_and_others_stay() {
        let parameters =
            flatten(&json!({"cluster": "dev", "path": ["a", "b"], "metadata": {"labels": {"x.y/z": 1}}}));
        for (source, text) in [
            ("{{cluster}}-app", "dev-app"),
            ("{{ cluster }}", "dev"),
            ("{{ path[1] }}/{{metadata.labels.x.y/z}}", "b/1"),
            ("{{ unknown }}", "{{ unknown }}"),
            ("{{ .cluster }}", "{{ .cluster }}"),
            ("{{cluster", "{{cluster"),
            ("}}{{cluster}}", "}}dev"),
        ] {
            assert_eq!(render(source, "name", &parameters).unwrap(), text, "{source}");
        }
        assert_eq!(
            render_json(&json!({"{{cluster}}": ["{{cluster}}", 1]}), "spec", &parameters).unwrap(),
            json!({"dev": ["dev", 1]})
        );
        let error = render("{{cluster}}\n{{cluster}", "name", &parameters).unwrap_err();
        assert_eq!((error.line, error.column), (2, 1));
    }
}
