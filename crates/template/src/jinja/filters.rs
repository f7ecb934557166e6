//! The registry of filters.

use crate::error::{Fault, Outcome};
use crate::jinja::call::Arguments;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::parser;
use crate::jinja::value::Value;
use crate::jinja::{
    filters_list as list, filters_number as number, filters_select as select, filters_text as text, slug, web,
};

/// A filter with its name.
pub struct Filter {
    pub name: &'static str,
    pub run: fn(&mut Interpreter<'_>, Value, Arguments) -> Outcome<Value>,
}

macro_rules! filters {
    ($($name:literal => $run:path,)*) => {
        &[$(Filter { name: $name, run: $run }),*]
    };
}

/// All filters, sorted by name.
pub const FILTERS: &[Filter] = filters! {
    "abs" => number::abs,
    "attr" => list::attribute,
    "batch" => list::batch,
    "capitalize" => text::capitalize,
    "center" => text::center,
    "count" => list::length,
    "d" => list::default,
    "default" => list::default,
    "dictsort" => list::dictsort,
    "e" => web::escaped,
    "escape" => web::escaped,
    "filesizeformat" => number::file_size,
    "first" => list::first,
    "float" => number::float,
    "forceescape" => web::force_escape,
    "format" => text::format,
    "groupby" => select::group_by,
    "indent" => text::indent,
    "int" => number::int,
    "items" => list::items,
    "join" => list::join,
    "jsonify" => text::jsonify,
    "last" => list::last,
    "length" => list::length,
    "list" => list::list,
    "lower" => text::lower,
    "map" => select::map,
    "max" => list::max,
    "min" => list::min,
    "pprint" => text::pretty,
    "random" => list::random,
    "reject" => select::reject,
    "rejectattr" => select::reject_attribute,
    "replace" => text::replace,
    "reverse" => list::reverse,
    "round" => number::round,
    "safe" => web::mark_safe,
    "select" => select::select,
    "selectattr" => select::select_attribute,
    "slice" => list::slice,
    "slugify" => slug::slugify,
    "sort" => list::sort,
    "string" => text::string,
    "striptags" => web::strip_tags,
    "sum" => select::sum,
    "title" => text::title,
    "tojson" => text::to_json,
    "trim" => text::trim,
    "truncate" => text::truncate,
    "unique" => list::unique,
    "upper" => text::upper,
    "urlencode" => web::url_encode,
    "urlize" => web::urlize,
    "wordcount" => text::word_count,
    "wordwrap" => text::word_wrap,
    "xmlattr" => web::xml_attributes,
};

/// The filter of that name.
pub fn find(name: &str) -> Option<&'static Filter> {
    let index = FILTERS.binary_search_by(|filter| filter.name.cmp(name)).ok()?;
    FILTERS.get(index)
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|filter| filter.name)
}

/// The fault of a filter that is not there.
pub fn unknown(name: &str) -> Box<Fault> {
    parser::unknown("filter", name, names())
}
