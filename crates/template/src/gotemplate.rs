//! Go's text/template with the functions that Argo CD gives ApplicationSets: sprig's, without those that see the
//! environment or the network, and `normalize`, `slugify`, `toYaml`, `fromYaml` and `fromYamlArray`.
//!
//! Values keep Go's types, because functions accept some of them only; every number of the data is a float, as Go
//! reads JSON. What depends on the time or on chance is computed from what the caller passes in, and is an error
//! where nothing was. Dictionaries list their keys sorted where Go's order is random.

#![expect(clippy::unnecessary_wraps, reason = "all functions have one signature")]
#![expect(clippy::format_push_string, reason = "escapes are rare, and writing to a text cannot fail")]
#![expect(clippy::similar_names, reason = "start, stop and step of a row of numbers")]

use std::collections::BTreeSet;
use std::thread;

use serde_json::Value as Json;

mod arithmetic;
mod builtins;
mod constraint;
mod conversions;
mod dates;
mod defaults;
mod dialect;
mod dictionaries;
mod encodings;
mod evaluate;
mod execute;
mod explain;
mod json;
mod layout;
mod lexer;
mod lists;
mod member;
mod moment;
mod node;
mod number;
mod parser;
mod paths;
mod print;
mod quote;
mod random;
mod reflection;
mod regexes;
mod registry;
mod runtime;
mod secrets;
mod strings;
mod urls;
mod value;
mod version;
mod words;
mod yaml;
mod yaml_text;

use crate::budget::{Budget, DEEP_STACK, Meter, SHALLOW};
use crate::error::{Fault, Outcome, TemplateError};
use crate::explanation::Explanation;
use crate::reference::Entry;
use execute::State;
use moment::Moment;
use parser::Functions;
use random::Random;
use registry::Function;
use runtime::Runtime;
use value::Value;

/// What a key that a dictionary does not have stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// Nothing, which is printed as `<no value>`.
    #[default]
    Default,
    /// The zero value of the dictionary's type.
    Zero,
    /// An error.
    Error,
}

/// How templates are rendered.
#[derive(Clone)]
pub struct GoTemplate {
    extended: bool,
    withheld: BTreeSet<String>,
    missing_key: MissingKey,
    budget: Budget,
    now: Option<(i64, u32)>,
    random: Option<Random>,
}

impl GoTemplate {
    /// The language with the functions of Argo CD's ApplicationSets.
    pub fn argo_cd() -> Self {
        Self { extended: true, ..Self::plain() }
    }

    /// The language with its own functions only.
    pub fn plain() -> Self {
        Self {
            extended: false,
            withheld: BTreeSet::new(),
            missing_key: MissingKey::Default,
            budget: Budget::default(),
            now: None,
            random: None,
        }
    }

    /// The same without some functions, whose names are unknown then.
    #[must_use]
    pub fn without_functions(mut self, names: &[&str]) -> Self {
        self.withheld.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// The same with another meaning of missing keys.
    #[must_use]
    pub fn with_missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// The same with an option as `goTemplateOptions` lists it: `missingkey=default`, `invalid`, `zero` or `error`.
    pub fn with_option(self, option: &str) -> Result<Self, TemplateError> {
        let missing_key = match option {
            "missingkey=default" | "missingkey=invalid" => MissingKey::Default,
            "missingkey=zero" => MissingKey::Zero,
            "missingkey=error" => MissingKey::Error,
            _ => {
                let fault = Fault::new(
                    crate::TemplateErrorKind::Options,
                    format!("unrecognized option {}", quote::quote(option)),
                );
                let fault = fault.hint("It is missingkey=default, missingkey=zero or missingkey=error.");
                return Err(TemplateError::locate(*fault, "", "goTemplateOptions"));
            }
        };
        Ok(self.with_missing_key(missing_key))
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// The same with a clock that stands at so many seconds and nanoseconds since 1970.
    #[must_use]
    pub fn with_time(mut self, seconds: i64, nanoseconds: u32) -> Self {
        self.now = Some((seconds, nanoseconds));
        self
    }

    /// The same with random values drawn from a seed; they are as secret as the seed is.
    #[must_use]
    pub fn with_seed(mut self, seed: [u8; 32]) -> Self {
        self.random = Some(Random::new(seed));
        self
    }

    /// Renders `source`, the template `name`, with `data` as its dot.
    pub fn render(&self, source: &str, name: &str, data: &Json) -> Result<String, TemplateError> {
        if !source.contains("{{") && source.len() <= self.budget.output {
            return Ok(source.to_owned());
        }
        self.run(source, name, |depth| {
            let program = parser::parse(source, name, self, depth)?;
            let meter = Meter::new(&self.budget, depth);
            let now = self.now.map(|(seconds, nanoseconds)| Moment::utc(seconds, nanoseconds));
            let runtime = Runtime::new(&meter, now, self.random.clone());
            let dot = Value::of_json(data, &mut |map| runtime.adopt(map));
            State::new(runtime, self.missing_key, source, &program).render(name, &dot)
        })
    }

    /// Says what is wrong with `source` without rendering it.
    pub fn check(&self, source: &str, name: &str) -> Result<(), TemplateError> {
        self.run(source, name, |depth| parser::parse(source, name, self, depth).map(|_| ()))
    }

    /// What `source` uses: fields of the data and functions, with their places.
    pub fn explain(&self, source: &str, name: &str) -> Result<Explanation, TemplateError> {
        self.run(source, name, |depth| {
            parser::parse(source, name, self, depth).map(|program| explain::explain(&program, name, source))
        })
    }

    /// Renders every text in a JSON value, keys too, as Argo CD renders an ApplicationSet's template.
    pub fn render_json(&self, value: &Json, name: &str, data: &Json) -> Result<Json, TemplateError> {
        Ok(match value {
            Json::String(source) => Json::String(self.render(source, name, data)?),
            Json::Array(items) => {
                let items: Result<Vec<Json>, TemplateError> =
                    items.iter().map(|item| self.render_json(item, name, data)).collect();
                Json::Array(items?)
            }
            Json::Object(members) => {
                let mut rendered = serde_json::Map::new();
                for (key, member) in members {
                    rendered.insert(self.render(key, name, data)?, self.render_json(member, name, data)?);
                }
                Json::Object(rendered)
            }
            other => other.clone(),
        })
    }

    /// Works on the stack at hand, and again on a large one when that is not deep enough. Rendering has no
    /// effects, so doing it twice is doing it once.
    fn run<T: Send>(
        &self,
        source: &str,
        name: &str,
        attempt: impl Fn(usize) -> Outcome<T> + Sync,
    ) -> Result<T, TemplateError> {
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
}

impl Functions for GoTemplate {
    fn find(&self, name: &str) -> Option<&'static Function> {
        if self.withheld.contains(name) {
            return None;
        }
        registry::find(name, self.extended)
    }

    fn names(&self) -> Vec<&'static str> {
        registry::names(self.extended).filter(|name| !self.withheld.contains(*name)).collect()
    }
}

/// All functions by subject, with what they do and an example, for reference pages.
pub fn reference() -> Vec<(&'static str, Vec<Entry>)> {
    registry::reference()
}
