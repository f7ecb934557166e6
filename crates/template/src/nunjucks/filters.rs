//! The registry of filters.

use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::render::Environment;
use crate::nunjucks::value::Value;
use crate::nunjucks::{
    filters_backstage as backstage, filters_list as list, filters_number as number, filters_text as text,
};

/// A filter: its input is the first argument.
pub type Builtin = fn(&mut Interpreter<'_>, &[Value]) -> Outcome<Value>;

/// What a name stands for.
pub enum Filter<'e> {
    Builtin(Builtin),
    Host(&'e crate::nunjucks::render::HostFunction),
}

/// All built-in filters, by name.
const BUILTIN: [(&str, Builtin); 48] = [
    ("abs", number::abs),
    ("batch", list::batch),
    ("capitalize", text::capitalize),
    ("center", text::center),
    ("d", list::default),
    ("default", list::default),
    ("dictsort", list::dictsort),
    ("dump", list::dump),
    ("e", text::escape),
    ("escape", text::escape),
    ("first", list::first),
    ("float", number::float),
    ("forceescape", text::force_escape),
    ("groupby", list::group_by),
    ("indent", text::indent),
    ("int", number::int),
    ("join", list::join),
    ("jsonify", list::dump),
    ("last", list::last),
    ("length", list::length),
    ("list", list::list),
    ("lower", text::lower),
    ("nl2br", text::nl2br),
    ("parseEntityRef", backstage::parse_entity_ref),
    ("parseRepoUrl", backstage::parse_repo_url),
    ("pick", backstage::pick),
    ("projectSlug", backstage::project_slug),
    ("random", list::random),
    ("reject", list::reject),
    ("rejectattr", list::reject_attribute),
    ("replace", text::replace),
    ("reverse", list::reverse),
    ("round", number::round),
    ("safe", text::safe),
    ("select", list::select),
    ("selectattr", list::select_attribute),
    ("slice", list::slice),
    ("sort", list::sort),
    ("string", text::string),
    ("striptags", text::strip_tags),
    ("sum", list::sum),
    ("title", text::title),
    ("trim", text::trim),
    ("truncate", text::truncate),
    ("upper", text::upper),
    ("urlencode", text::url_encode),
    ("urlize", text::urlize),
    ("wordcount", text::word_count),
];

/// The filter of that name; those of the host come first.
pub fn find<'e>(name: &str, environment: &'e Environment) -> Option<Filter<'e>> {
    if let Some(host) = environment.host_filter(name) {
        return Some(Filter::Host(host));
    }
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, filter)| Filter::Builtin(*filter))
}

/// All names.
pub fn names(environment: &Environment) -> impl Iterator<Item = &str> {
    BUILTIN.iter().map(|(name, _)| *name).chain(environment.host_filters())
}

/// Runs a filter.
pub fn apply(filter: &Filter<'_>, interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    match filter {
        Filter::Builtin(filter) => filter(interpreter, arguments),
        Filter::Host(filter) => {
            let arguments: Outcome<Vec<_>> = arguments
                .iter()
                .map(|value| Ok(value.to_json()?.unwrap_or(serde_json::Value::Null)))
                .collect();
            let result = filter(&arguments?).map_err(Fault::value)?;
            Value::from_json(&result, &interpreter.meter)
        }
    }
}

/// An argument, `Undefined` when it is missing.
pub fn argument(arguments: &[Value], index: usize) -> Value {
    arguments.get(index).cloned().unwrap_or(Value::Undefined)
}
