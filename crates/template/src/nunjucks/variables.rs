//! Which values of the context a template refers to.

use std::collections::BTreeSet;

use crate::error::TemplateError;
use crate::nunjucks::ast::{Body, Expression, Kind, Macro, Statement, Template};
use crate::nunjucks::execute::describe;
use crate::nunjucks::globals;
use crate::nunjucks::render::Environment;
use crate::nunjucks::value::Value;

/// The paths, such as `values.name`, that `source` reads from its context, sorted and each once. Names that the
/// template defines itself are left out; of a method call the receiver is named.
pub fn referenced_variables(
    source: &str,
    name: &str,
    env: &Environment,
) -> Result<Vec<String>, TemplateError> {
    env.parse(source, name, |template| {
        let mut finder = Finder::default();
        finder.template(template);
        let Finder { defined, found } = finder;
        let known = |root: &str| {
            defined.contains(root)
                || matches!(root, "loop" | "caller" | "undefined")
                || globals::NAMES.contains(&root)
                || env.function_names().any(|name| name == root)
                || env.is_jinja_compatible() && matches!(root, "True" | "False" | "None")
        };
        found.into_iter().filter(|(root, _)| !known(root)).map(|(_, path)| path).collect::<BTreeSet<String>>()
    })
    .map(|paths| paths.into_iter().collect())
}

#[derive(Default)]
struct Finder {
    defined: BTreeSet<String>,
    /// Root and whole path.
    found: Vec<(String, String)>,
}

impl Finder {
    fn template(&mut self, template: &Template) {
        self.body(&template.body);
        for block in &template.blocks {
            self.body(&block.body);
        }
    }

    fn define(&mut self, name: &str) {
        self.defined.insert(name.to_owned());
    }

    fn body(&mut self, body: &Body) {
        for statement in body {
            match statement {
                Statement::Text(..) | Statement::Block(..) => {}
                Statement::Output(expression) => self.expression(expression),
                Statement::If { condition, then, otherwise } => {
                    self.expression(condition);
                    self.body(then);
                    if let Some(body) = otherwise {
                        self.body(body);
                    }
                }
                Statement::For(node) => {
                    node.targets.iter().for_each(|target| self.define(&target.name));
                    self.expression(&node.iterable);
                    self.body(&node.body);
                    if let Some(body) = &node.otherwise {
                        self.body(body);
                    }
                }
                Statement::Set(set) => {
                    set.targets.iter().for_each(|target| self.define(&target.name));
                    self.expression(&set.value);
                }
                Statement::Macro(definition, _) => {
                    self.define(&definition.name);
                    self.definition(definition);
                }
                Statement::Switch(switch) => {
                    self.expression(&switch.value);
                    for (condition, body) in &switch.cases {
                        self.expression(condition);
                        self.body(body);
                    }
                    if let Some(body) = &switch.otherwise {
                        self.body(body);
                    }
                }
            }
        }
    }

    fn definition(&mut self, definition: &Macro) {
        definition.parameters.iter().for_each(|name| self.define(name));
        for (name, default) in &definition.keywords {
            self.define(name);
            self.expression(default);
        }
        self.body(&definition.body);
    }

    fn expressions(&mut self, expressions: &[Expression]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            Kind::Literal(_) | Kind::Pattern(..) => {}
            Kind::Symbol(symbol) => self.found.push((symbol.name.to_string(), symbol.name.to_string())),
            Kind::Member(target, key) => {
                if let (Some(root), Kind::Literal(Value::String(_))) = (root(target), &key.kind) {
                    self.found.extend(describe(expression).map(|path| (root, path)));
                } else {
                    self.expression(target);
                    self.expression(key);
                }
            }
            Kind::Call(target, arguments) => {
                match &target.kind {
                    Kind::Member(receiver, key) => {
                        self.expression(receiver);
                        self.expression(key);
                    }
                    _ => self.expression(target),
                }
                self.expressions(arguments);
            }
            Kind::Group(items) | Kind::List(items) | Kind::Filter(_, items) => self.expressions(items),
            Kind::Record(pairs) | Kind::Keywords(pairs) => {
                for (_, value) in pairs {
                    self.expression(value);
                }
            }
            Kind::Capture(body) => self.body(body),
            Kind::Caller(definition) => self.definition(definition),
            Kind::Slice(target, parts) => {
                self.expression(target);
                parts.iter().flatten().for_each(|part| self.expression(part));
            }
            Kind::Conditional { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                if let Some(other) = otherwise {
                    self.expression(other);
                }
            }
            Kind::Is { value, arguments, .. } => {
                self.expression(value);
                self.expressions(arguments);
            }
            Kind::In(left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right)
            | Kind::Binary(_, left, right)
            | Kind::Power(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Kind::Not(inner) | Kind::Floor(inner) | Kind::Negate(inner) | Kind::Plus(inner) => {
                self.expression(inner);
            }
        }
    }
}

/// The first name of a chain of plain names.
fn root(expression: &Expression) -> Option<String> {
    match &expression.kind {
        Kind::Symbol(symbol) => Some(symbol.name.to_string()),
        Kind::Member(target, key) if matches!(key.kind, Kind::Literal(Value::String(_))) => root(target),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::referenced_variables;
    use crate::Environment;

    #[test]
    fn names_what_the_context_must_have() {
        let source = "${{ values.name | upper }}{% for item in values.items %}${{ item.a ~ loop.index }}\
                      {% set x = steps['fetch-base'].output.url %}${{ x }}{% endfor %}${{ values.csv.split(',')[0] }}";
        let found = referenced_variables(source, "t", &Environment::backstage()).unwrap();
        assert_eq!(found, ["steps['fetch-base'].output.url", "values.csv", "values.items", "values.name"]);
    }
}
