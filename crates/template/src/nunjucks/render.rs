//! The public entry: an environment and its renders.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use serde_json::Value as Json;

use crate::budget::{Budget, DEEP_STACK, Meter, SHALLOW};
use crate::error::{Fault, Outcome, TemplateError};
use crate::nunjucks::ast::{Statement, Template};
use crate::nunjucks::evaluate::{Interpreter, Scope};
use crate::nunjucks::lexer::Syntax;
use crate::nunjucks::parser::parse;

/// A function of the host: arguments in, a value or a message out. What is undefined comes as null.
pub type HostFunction = Arc<dyn Fn(&[Json]) -> Result<Json, String> + Send + Sync>;

/// How templates are rendered: delimiters, strictness, functions and filters of the host, and a budget.
/// Built once, then only read.
#[derive(Clone)]
pub struct Environment {
    syntax: Syntax,
    compatible: bool,
    strict: bool,
    functions: BTreeMap<String, HostFunction>,
    filters: BTreeMap<String, HostFunction>,
    random: Option<Arc<dyn Fn() -> f64 + Send + Sync>>,
    budget: Budget,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("syntax", &self.syntax)
            .field("strict", &self.strict)
            .field("functions", &self.functions.keys())
            .field("filters", &self.filters.keys())
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Backstage's own settings: `${{ }}`, blocks `{% %}`, nothing escaped.
    pub fn backstage() -> Self {
        let syntax =
            Syntax { variable_start: "${{", variable_end: "}}", trim_blocks: false, lstrip_blocks: false };
        Self {
            syntax,
            compatible: false,
            strict: false,
            functions: BTreeMap::new(),
            filters: BTreeMap::new(),
            random: None,
            budget: Budget::default(),
        }
    }

    /// Backstage's `cookiecutterCompat`: `{{ }}`, `True`, `False` and `None`, and Python's methods of lists and
    /// dictionaries.
    pub fn cookiecutter_compat() -> Self {
        let mut environment = Self::backstage();
        environment.syntax.variable_start = "{{";
        environment.compatible = true;
        environment
    }

    /// Whether the line break behind a block tag is dropped.
    #[must_use]
    pub const fn with_trim_blocks(mut self, trim: bool) -> Self {
        self.syntax.trim_blocks = trim;
        self
    }

    /// Whether white space before a block tag on its line is dropped.
    #[must_use]
    pub const fn with_lstrip_blocks(mut self, strip: bool) -> Self {
        self.syntax.lstrip_blocks = strip;
        self
    }

    /// Whether printing, joining or filtering an undefined value is an error instead of nothing or "undefined".
    /// Asking for it in a condition or giving it a `default` is none.
    #[must_use]
    pub const fn with_strict_undefined(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Adds a function that templates can call; a variable of the same name hides it.
    #[must_use]
    pub fn with_function(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[Json]) -> Result<Json, String> + Send + Sync + 'static,
    ) -> Self {
        self.functions.insert(name.into(), Arc::new(function));
        self
    }

    /// Adds a filter, which gets its input as the first argument; it replaces a built-in one of the same name.
    #[must_use]
    pub fn with_filter(
        mut self,
        name: impl Into<String>,
        filter: impl Fn(&[Json]) -> Result<Json, String> + Send + Sync + 'static,
    ) -> Self {
        self.filters.insert(name.into(), Arc::new(filter));
        self
    }

    /// Gives the filter `random` its source: numbers from 0 up to, without, 1. Without it the filter fails.
    #[must_use]
    pub fn with_random(mut self, draw: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.random = Some(Arc::new(draw));
        self
    }

    /// Replaces the limits of each render.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Renders `source` to text. `name` is what errors call it, usually its path.
    pub fn render(&self, source: &str, name: &str, context: &Json) -> Result<String, TemplateError> {
        if self.is_plain(source) {
            return Ok(source.to_owned());
        }
        self.run(source, name, |template, meter| self.print(&template, source, context, meter))
    }

    /// Renders `source` to a value: one that is exactly one expression keeps the type of that expression's value,
    /// all other text is a string. An undefined value is `None`.
    pub fn render_value(
        &self,
        source: &str,
        name: &str,
        context: &Json,
    ) -> Result<Option<Json>, TemplateError> {
        if self.is_plain(source) {
            return Ok(Some(Json::String(source.to_owned())));
        }
        self.run(source, name, |template, meter| {
            let [Statement::Output(expression)] = template.body.as_slice() else {
                return self.print(&template, source, context, meter).map(|text| Some(Json::String(text)));
            };
            let mut interpreter =
                Interpreter::new(self, source, context, &template.blocks, template.uses_loop, meter);
            let scope = Scope::root(template.slots);
            let result = match interpreter.peek(expression, &scope) {
                Some(json) => Ok(Some(json.clone())),
                None => interpreter.evaluate(expression, &scope).and_then(|value| {
                    if value.is_undefined() && self.strict {
                        return Err(interpreter.undefined(expression, &scope));
                    }
                    value.to_json()
                }),
            };
            scope.close();
            result
        })
    }

    /// Renders every string in a JSON value; keys stay as they are. Members of objects whose value is undefined
    /// are dropped, in lists and alone it becomes null.
    pub fn render_json(&self, value: &Json, name: &str, context: &Json) -> Result<Json, TemplateError> {
        Ok(self.render_part(value, name, context)?.unwrap_or(Json::Null))
    }

    fn render_part(&self, value: &Json, name: &str, context: &Json) -> Result<Option<Json>, TemplateError> {
        Ok(Some(match value {
            Json::String(source) => return self.render_value(source, name, context),
            Json::Array(items) => {
                let items: Result<Vec<Json>, TemplateError> = items
                    .iter()
                    .map(|item| Ok(self.render_part(item, name, context)?.unwrap_or(Json::Null)))
                    .collect();
                Json::Array(items?)
            }
            Json::Object(members) => {
                let mut rendered = serde_json::Map::new();
                for (key, member) in members {
                    if let Some(member) = self.render_part(member, name, context)? {
                        rendered.insert(key.clone(), member);
                    }
                }
                Json::Object(rendered)
            }
            other => other.clone(),
        }))
    }

    /// Parses `source` without rendering it.
    pub(crate) fn parse<T: Send>(
        &self,
        source: &str,
        name: &str,
        read: impl Fn(&Template) -> T + Sync,
    ) -> Result<T, TemplateError> {
        self.run(source, name, |template, _| Ok(read(&template)))
    }

    /// Whether nothing in `source` is markup, so that it renders to itself.
    fn is_plain(&self, source: &str) -> bool {
        !(source.contains("{%")
            || source.contains("{#")
            || source.contains("#}")
            || source.contains(self.syntax.variable_start))
    }

    fn print(&self, template: &Template, source: &str, context: &Json, meter: Meter) -> Outcome<String> {
        let mut interpreter =
            Interpreter::new(self, source, context, &template.blocks, template.uses_loop, meter);
        let scope = Scope::root(template.slots);
        let mut out = String::with_capacity(source.len());
        let result = interpreter.execute(&template.body, &scope, &mut out);
        scope.close();
        result.map(|()| out)
    }

    /// Parses and works on the stack at hand, and again on a large one when that is not deep enough. Rendering
    /// has no effects, so doing it twice is doing it once.
    fn run<T: Send>(
        &self,
        source: &str,
        name: &str,
        work: impl Fn(Template, Meter) -> Outcome<T> + Sync,
    ) -> Result<T, TemplateError> {
        let attempt = |depth: usize| -> Outcome<T> {
            let template = parse(source, &self.syntax, depth)?;
            work(template, Meter::new(&self.budget, depth))
        };
        let shallow = SHALLOW.min(self.budget.depth);
        let result = match attempt(shallow) {
            Err(fault) if fault.too_deep && self.budget.depth > shallow => thread::scope(|threads| {
                thread::Builder::new()
                    .stack_size(DEEP_STACK)
                    .spawn_scoped(threads, || attempt(self.budget.depth))
                    .ok()
                    .and_then(|thread| thread.join().ok())
                    .unwrap_or(Err(fault))
            }),
            result => result,
        };
        result.map_err(|fault: Box<Fault>| TemplateError::locate(*fault, source, name))
    }

    pub(crate) const fn is_jinja_compatible(&self) -> bool {
        self.compatible
    }

    pub(crate) const fn is_strict(&self) -> bool {
        self.strict
    }

    pub(crate) fn function(&self, name: &str) -> Option<&HostFunction> {
        self.functions.get(name)
    }

    pub(crate) fn host_filter(&self, name: &str) -> Option<&HostFunction> {
        self.filters.get(name)
    }

    pub(crate) fn host_filters(&self) -> impl Iterator<Item = &str> {
        self.filters.keys().map(String::as_str)
    }

    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    pub(crate) fn random(&self) -> Option<&(dyn Fn() -> f64 + Send + Sync)> {
        self.random.as_deref()
    }
}
