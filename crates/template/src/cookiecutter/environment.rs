//! Jinja as a template asks for it: `_jinja2_env_vars` and `_extensions`.

use serde_json::{Map, Value as Json};

use crate::cookiecutter::{Cookiecutter, refuse};
use crate::error::{TemplateError, TemplateErrorKind};
use crate::jinja::{Environment, Syntax};

/// Extensions that Cookiecutter always has, or that would change nothing.
const BUILT_IN: [&str; 7] = [
    "cookiecutter.extensions.JsonifyExtension",
    "cookiecutter.extensions.RandomStringExtension",
    "cookiecutter.extensions.SlugifyExtension",
    "cookiecutter.extensions.TimeExtension",
    "cookiecutter.extensions.UUIDExtension",
    "jinja2_time.TimeExtension",
    "jinja2_time.jinja2_time.TimeExtension",
];

/// The environment for a template with these variables.
pub fn environment(
    variables: &Map<String, Json>,
    options: &Cookiecutter,
    file: &str,
) -> Result<Environment, TemplateError> {
    let mut environment = Environment::cookiecutter()
        .with_syntax(syntax(variables.get("_jinja2_env_vars"), file)?)
        .with_budget(options.budget.clone());
    if let Some(now) = options.now {
        environment = environment.with_now(now);
    }
    if let Some(random) = options.random.clone() {
        environment = environment.with_random(move || random());
    }
    let extensions = match variables.get("_extensions") {
        None | Some(Json::Null) => &Vec::new(),
        Some(Json::Array(extensions)) => extensions,
        Some(_) => {
            return Err(refuse(
                TemplateErrorKind::Options,
                file,
                "\"_extensions\" has to be a list of names".to_owned(),
                "Write [\"jinja2.ext.do\"], for example.",
            ));
        }
    };
    let mut unknown = Vec::new();
    for extension in extensions {
        match extension.as_str().unwrap_or_default() {
            "jinja2.ext.do" => environment = environment.with_do_tag(true),
            "jinja2.ext.loopcontrols" => environment = environment.with_loop_controls(true),
            name if BUILT_IN.contains(&name) => {}
            _ => unknown.push(extension.to_string()),
        }
    }
    if !unknown.is_empty() && !options.ignore_extensions {
        return Err(refuse(
            TemplateErrorKind::Options,
            file,
            format!("the template needs Python code that is not run here: {}", unknown.join(", ")),
            "Remove it from \"_extensions\" and write what it does in Jinja, or run the template with its extensions left out.",
        ));
    }
    Ok(environment)
}

fn syntax(settings: Option<&Json>, file: &str) -> Result<Syntax, TemplateError> {
    let mut syntax = Syntax { keep_trailing_newline: true, ..Syntax::default() };
    let settings = match settings {
        None | Some(Json::Null) => return Ok(syntax),
        Some(Json::Object(settings)) => settings,
        Some(other) => return Err(wrong(file, "", other)),
    };
    for (name, value) in settings {
        let text = |slot: &mut String| match value.as_str().filter(|text| !text.is_empty()) {
            Some(text) => {
                text.clone_into(slot);
                Ok(())
            }
            None => Err(wrong(file, name, value)),
        };
        match name.as_str() {
            "block_start_string" => text(&mut syntax.block_start)?,
            "block_end_string" => text(&mut syntax.block_end)?,
            "variable_start_string" => text(&mut syntax.variable_start)?,
            "variable_end_string" => text(&mut syntax.variable_end)?,
            "comment_start_string" => text(&mut syntax.comment_start)?,
            "comment_end_string" => text(&mut syntax.comment_end)?,
            "newline_sequence" if matches!(value.as_str(), Some("\n" | "\r\n" | "\r")) => {
                text(&mut syntax.newline_sequence)?;
            }
            "trim_blocks" => syntax.trim_blocks = truth(value),
            "lstrip_blocks" => syntax.lstrip_blocks = truth(value),
            // These change how fast Jinja is, not what it prints.
            "optimized" | "cache_size" | "auto_reload" => {}
            _ => return Err(wrong(file, name, value)),
        }
    }
    Ok(syntax)
}

/// Python's truth of a JSON value.
pub fn truth(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
    }
}

fn wrong(file: &str, name: &str, value: &Json) -> TemplateError {
    refuse(
        TemplateErrorKind::Options,
        file,
        format!("\"_jinja2_env_vars\" cannot have \"{name}\": {value}"),
        "Delimiters, newline_sequence, trim_blocks and lstrip_blocks can be set.",
    )
}
