//! Which values of the context a template refers to, and what else it uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::TemplateError;
use crate::explanation::{Explanation, Places, VariableUse};
use crate::nunjucks::render::Environment;
use crate::nunjucks::uses::{Read, Uses};
use crate::nunjucks::{filters, globals, predicates};

/// The paths, such as `values.name`, that `source` reads from its context, sorted and each once. Names that the
/// template defines itself are left out; of a method call the receiver is named.
pub fn referenced_variables(
    source: &str,
    name: &str,
    env: &Environment,
) -> Result<Vec<String>, TemplateError> {
    env.parse(source, name, |template| {
        let uses = Uses::of(template);
        reads(&uses, env).map(|read| read.path.clone()).collect::<BTreeSet<String>>()
    })
    .map(|paths| paths.into_iter().collect())
}

/// What `source` uses: values of the context, filters, tests and functions, with their places.
pub fn explain(source: &str, name: &str, env: &Environment) -> Result<Explanation, TemplateError> {
    env.parse(source, name, |template| {
        let uses = Uses::of(template);
        let places = Places::new(source);
        let mut variables: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for read in reads(&uses, env) {
            let (all, risks) = variables.entry(read.path.clone()).or_default();
            all.push(read.position);
            risks.extend((!read.is_asked).then_some(read.position));
        }
        let mut functions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for read in uses.reads.iter().filter(|read| !uses.defined.contains(&read.root)) {
            if is_function(&read.root, env) {
                functions.entry(read.root.clone()).or_default().push(read.position);
            }
        }
        Explanation {
            variables: variables
                .into_iter()
                .map(|(path, (all, risks))| VariableUse {
                    path,
                    places: places.all(all),
                    risks: places.all(risks),
                })
                .collect(),
            filters: places.names(uses.filters.clone(), || Box::new(filters::names(env))),
            tests: places.names(uses.tests.clone(), || Box::new(predicates::NAMES.into_iter())),
            functions: places
                .names(functions, || Box::new(globals::NAMES.into_iter().chain(env.function_names()))),
        }
    })
}

fn is_function(name: &str, env: &Environment) -> bool {
    globals::NAMES.contains(&name) || env.function_names().any(|known| known == name)
}

/// The reads that reach the context.
fn reads<'u>(uses: &'u Uses, env: &'u Environment) -> impl Iterator<Item = &'u Read> {
    uses.reads.iter().filter(move |read| {
        let root = read.root.as_str();
        let is_own = uses.defined.contains(root)
            || matches!(root, "loop" | "caller" | "undefined")
            || is_function(root, env)
            || env.is_jinja_compatible() && matches!(root, "True" | "False" | "None");
        !is_own
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{explain, referenced_variables};
    use crate::Environment;

    #[test]
    fn names_what_the_context_must_have() {
        let source = "${{ values.name | upper }}{% for item in values.items %}${{ item.a ~ loop.index }}\
                      {% set x = steps['fetch-base'].output.url %}${{ x }}{% endfor %}${{ values.csv.split(',')[0] }}";
        let found = referenced_variables(source, "t", &Environment::backstage()).unwrap();
        assert_eq!(found, ["steps['fetch-base'].output.url", "values.csv", "values.items", "values.name"]);
    }

    #[test]
    fn a_risk_is_a_value_that_nothing_provides_for() {
        let risks = |source: &str| -> Vec<String> {
            let found = explain(source, "t", &Environment::backstage()).unwrap();
            found.variables.into_iter().filter(|it| !it.risks.is_empty()).map(|it| it.path).collect()
        };
        assert_eq!(risks("${{ a }}${{ b | default('x') }}${{ c or 'x' }}${{ d if d else e }}"), ["a", "e"]);
        assert_eq!(
            risks("{% if a.b and a.c is defined %}${{ a.b ~ a.c ~ a.d ~ a }}{% endif %}${{ a.b }}"),
            ["a.b", "a.d"]
        );
        assert_eq!(risks("{% if not a %}${{ a }}{% else %}${{ a }}{% endif %}"), ["a"]);
        assert_eq!(risks("{% for x in a %}${{ x }}${{ b | upper }}{% endfor %}"), ["b"]);
        assert!(
            risks("{% if a %}{% if b %}${{ a ~ b }}{% endif %}{% endif %}${{ a | d(1) | upper }}").is_empty()
        );
    }

    #[test]
    fn names_are_known_or_have_near_ones() {
        let source = "${{ a | uper }}\n${{ range(2) | join if a is defind }}";
        let found = explain(source, "t", &Environment::backstage()).unwrap();
        let [join, upper] = found.filters.as_slice() else { unreachable!() };
        assert!(join.is_known && !upper.is_known);
        assert_eq!(
            (upper.near.join(","), upper.places[0].line, upper.places[0].column),
            ("upper".into(), 1, 9)
        );
        assert_eq!((found.tests[0].near.join(","), found.tests[0].places[0].line), ("defined".into(), 2));
        assert_eq!(found.functions[0].name, "range");
    }
}
