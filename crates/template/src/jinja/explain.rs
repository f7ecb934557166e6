//! What a template uses, found without rendering it.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{
    CallArguments, Definition, Expression, ExpressionKind, FilterCall, Statement, StatementKind, Target,
    Template,
};
use super::lexer::normalize_newlines;
use super::parser::parse;
use super::render::Environment;
use super::{filters, globals, predicates};
use crate::error::TemplateError;
use crate::explanation::{Explanation, Places, VariableUse};

/// Names that tags bring along.
const BROUGHT: [&str; 6] = ["loop", "caller", "varargs", "kwargs", "self", "super"];

/// How deep a template may be nested to be explained; what is deeper is an error.
const DEPTH: usize = 50;

/// Reads a template and lists what it uses. Variables that are undefined fail in Jinja as Cookiecutter has it, so each
/// use is a risk for which neither `default` nor a question with `is defined` provides.
pub fn explain(source: &str, name: &str, environment: &Environment) -> Result<Explanation, TemplateError> {
    let text = normalize_newlines(source);
    let template =
        parse(environment, &text, name, DEPTH).map_err(|fault| TemplateError::locate(*fault, &text, name))?;
    let mut walk = Walk { own: own_names(&template), ..Walk::default() };
    walk.statements(&template.body);
    for block in template.blocks.values() {
        walk.statements(&block.body);
    }
    let places = Places::new(&text);
    let variables = walk.variables.into_iter().map(|(path, (all, risks))| VariableUse {
        path,
        places: places.all(all),
        risks: places.all(risks),
    });
    Ok(Explanation {
        variables: variables.collect(),
        filters: places.names(walk.filters, || Box::new(filters::names())),
        tests: places.names(walk.tests, || Box::new(predicates::names())),
        functions: places.names(walk.functions, || Box::new(globals::names())),
    })
}

/// Names that the template gives a value itself, anywhere.
fn own_names(template: &Template) -> BTreeSet<String> {
    let mut own: BTreeSet<String> = BROUGHT.iter().map(|name| (*name).to_owned()).collect();
    collect(&template.body, &mut own);
    for block in template.blocks.values() {
        collect(&block.body, &mut own);
    }
    own
}

fn collect(statements: &[Statement], own: &mut BTreeSet<String>) {
    for statement in statements {
        match &statement.kind {
            StatementKind::If { branches, otherwise } => {
                for (_, body) in branches {
                    collect(body, own);
                }
                collect(otherwise, own);
            }
            StatementKind::For(of) => {
                target(&of.target, own);
                collect(&of.body, own);
                collect(&of.otherwise, own);
            }
            StatementKind::Set { target: of, .. } => target(of, own),
            StatementKind::SetBlock { target: of, body, .. } => {
                target(of, own);
                collect(body, own);
            }
            StatementKind::With { targets, body } => {
                for (of, _) in targets {
                    target(of, own);
                }
                collect(body, own);
            }
            StatementKind::Macro(definition) | StatementKind::Call { definition, .. } => {
                own.insert(definition.name.to_string());
                own.extend(definition.parameters.iter().map(|(name, _)| name.to_string()));
                collect(&definition.body, own);
            }
            StatementKind::Filter { body, .. } | StatementKind::Autoescape { body, .. } => collect(body, own),
            StatementKind::Block(block) => collect(&block.body, own),
            StatementKind::Import { target, .. } => drop(own.insert(target.to_string())),
            StatementKind::From { names, .. } => own.extend(names.iter().map(|(_, name)| name.to_string())),
            StatementKind::Data(_)
            | StatementKind::Output(_)
            | StatementKind::Extends(_)
            | StatementKind::Include { .. }
            | StatementKind::Do(_)
            | StatementKind::Now(_)
            | StatementKind::Break
            | StatementKind::Continue => {}
        }
    }
}

fn target(of: &Target, own: &mut BTreeSet<String>) {
    match of {
        Target::Name(name) => drop(own.insert(name.to_string())),
        Target::Tuple(parts) => parts.iter().for_each(|part| target(part, own)),
        Target::Namespace(..) => {}
    }
}

#[derive(Default)]
struct Walk {
    own: BTreeSet<String>,
    /// Path to where it is read, and where nothing provides for its absence.
    variables: BTreeMap<String, (Vec<usize>, Vec<usize>)>,
    filters: BTreeMap<String, Vec<usize>>,
    tests: BTreeMap<String, Vec<usize>>,
    functions: BTreeMap<String, Vec<usize>>,
    /// Paths that a condition around has found to be defined.
    present: Vec<String>,
}

impl Walk {
    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.statement(&statement.kind);
        }
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Output(it) | StatementKind::Do(it) | StatementKind::Extends(it) => {
                self.expression(it);
            }
            StatementKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.expression(condition);
                    self.within(condition, |walk| walk.statements(body));
                }
                self.statements(otherwise);
            }
            StatementKind::For(of) => {
                self.expression(&of.iterable);
                self.optional(of.condition.as_ref());
                self.statements(&of.body);
                self.statements(&of.otherwise);
            }
            StatementKind::Set { value, .. } => self.expression(value),
            StatementKind::SetBlock { filters, body, .. } | StatementKind::Filter { filters, body } => {
                for filter in filters {
                    self.filter(filter);
                }
                self.statements(body);
            }
            StatementKind::With { targets, body } => {
                for (_, value) in targets {
                    self.expression(value);
                }
                self.statements(body);
            }
            StatementKind::Macro(definition) => self.definition(definition),
            StatementKind::Call { definition, call } => {
                self.expression(call);
                self.definition(definition);
            }
            StatementKind::Autoescape { on, body } => {
                self.expression(on);
                self.statements(body);
            }
            StatementKind::Include { template, .. }
            | StatementKind::Import { template, .. }
            | StatementKind::From { template, .. } => self.expression(template),
            StatementKind::Now(now) => {
                self.expression(&now.zone);
                self.optional(now.shift.as_ref().map(|(_, shift)| shift));
                self.optional(now.format.as_ref());
            }
            // Blocks are walked by their names, wherever they stand.
            StatementKind::Data(_)
            | StatementKind::Block(_)
            | StatementKind::Break
            | StatementKind::Continue => {}
        }
    }

    fn definition(&mut self, definition: &Definition) {
        definition.parameters.iter().for_each(|(_, default)| self.optional(default.as_ref()));
        self.statements(&definition.body);
    }

    fn optional(&mut self, it: Option<&Expression>) {
        if let Some(it) = it {
            self.expression(it);
        }
    }

    /// Walks what is only reached when a condition holds.
    fn within(&mut self, condition: &Expression, inside: impl FnOnce(&mut Self)) {
        let count = self.present.len();
        found_by(condition, &mut self.present);
        inside(self);
        self.present.truncate(count);
    }

    fn expression(&mut self, it: &Expression) {
        if let Some(path) = path(it) {
            return self.variable(path, it.position, false);
        }
        match &it.kind {
            ExpressionKind::Name(_)
            | ExpressionKind::None
            | ExpressionKind::Bool(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Text(_) => {}
            ExpressionKind::List(items)
            | ExpressionKind::Tuple(items)
            | ExpressionKind::Concatenate(items) => {
                for item in items {
                    self.expression(item);
                }
            }
            ExpressionKind::Map(entries) => {
                for (key, value) in entries {
                    self.expression(key);
                    self.expression(value);
                }
            }
            ExpressionKind::Attribute(of, _)
            | ExpressionKind::Not(of)
            | ExpressionKind::Negative(of)
            | ExpressionKind::Positive(of) => {
                self.expression(of);
            }
            ExpressionKind::Item(of, key) => {
                self.expression(of);
                self.expression(key);
            }
            ExpressionKind::Slice(of, bounds) => {
                self.expression(of);
                bounds.iter().flatten().for_each(|bound| self.expression(bound));
            }
            ExpressionKind::Call(of, arguments) => {
                match &of.kind {
                    ExpressionKind::Name(name) if globals::names().any(|known| known == &**name) => {
                        self.functions.entry(name.to_string()).or_default().push(of.position);
                    }
                    // A method is called on the value before it.
                    ExpressionKind::Attribute(value, _) => self.expression(value),
                    _ => self.expression(of),
                }
                self.arguments(arguments);
            }
            ExpressionKind::Filter(of, filter) => {
                self.asked(of, matches!(&*filter.name, "default" | "d"));
                self.filter(filter);
            }
            ExpressionKind::Test(of, test) => {
                self.asked(of, matches!(&*test.name, "defined" | "undefined"));
                self.tests.entry(test.name.to_string()).or_default().push(test.position);
                self.arguments(&test.arguments);
            }
            ExpressionKind::Binary(_, left, right) | ExpressionKind::Or(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::And(left, right) => {
                self.expression(left);
                self.within(left, |walk| walk.expression(right));
            }
            ExpressionKind::Compare(left, others) => {
                self.expression(left);
                for (_, other) in others {
                    self.expression(other);
                }
            }
            ExpressionKind::Condition { test, then, otherwise } => {
                self.expression(test);
                self.within(test, |walk| walk.expression(then));
                self.optional(otherwise.as_deref());
            }
        }
    }

    fn arguments(&mut self, arguments: &CallArguments) {
        arguments.positional.iter().for_each(|argument| self.expression(argument));
        arguments.named.iter().for_each(|(_, argument)| self.expression(argument));
        self.optional(arguments.spread.as_deref());
        self.optional(arguments.spread_named.as_deref());
    }

    fn filter(&mut self, filter: &FilterCall) {
        self.filters.entry(filter.name.to_string()).or_default().push(filter.position);
        self.arguments(&filter.arguments);
    }

    /// A value that a filter or test may ask for.
    fn asked(&mut self, of: &Expression, provides: bool) {
        match path(of).filter(|_| provides) {
            Some(path) => self.variable(path, of.position, true),
            None => self.expression(of),
        }
    }

    fn variable(&mut self, path: String, position: usize, provided: bool) {
        let root = path.split('.').next().unwrap_or_default();
        if self.own.contains(root) || globals::names().any(|known| known == root) {
            return;
        }
        let provided = provided || self.present.contains(&path);
        let (all, risks) = self.variables.entry(path).or_default();
        all.push(position);
        if !provided {
            risks.push(position);
        }
    }
}

/// The plain path of a name with attributes or constant keys.
fn path(it: &Expression) -> Option<String> {
    match &it.kind {
        ExpressionKind::Name(name) => Some(name.to_string()),
        ExpressionKind::Attribute(of, name) => Some(format!("{}.{name}", path(of)?)),
        ExpressionKind::Item(of, key) => match &key.kind {
            ExpressionKind::Text(key) => Some(format!("{}.{key}", path(of)?)),
            _ => None,
        },
        _ => None,
    }
}

/// The paths that are defined when a condition holds.
fn found_by(condition: &Expression, present: &mut Vec<String>) {
    match &condition.kind {
        ExpressionKind::Test(of, test) if &*test.name == "defined" => present.extend(path(of)),
        ExpressionKind::And(left, right) => {
            found_by(left, present);
            found_by(right, present);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Environment, explain};

    #[test]
    fn what_may_be_missing_is_a_risk_unless_it_is_asked_for() {
        let source = "{{ cookiecutter.name }}{{ cookiecutter.port|default(80) }}\n{% if a.b is defined and a.b %}{{ a.b|upper }}{% endif %}\n{% for x in cookiecutter['all'] %}{{ x }}{{ loop.index }}{% endfor %}{{ range(3)|list }}{{ q is odd }}";
        let found = explain(source, "t", &Environment::cookiecutter()).unwrap();
        let risks: Vec<(&str, usize)> =
            found.variables.iter().map(|it| (it.path.as_str(), it.risks.len())).collect();
        let expected = [
            ("a.b", 0),
            ("cookiecutter.all", 1),
            ("cookiecutter.name", 1),
            ("cookiecutter.port", 0),
            ("q", 1),
        ];
        assert_eq!(risks, expected);
        let names = |uses: &[crate::explanation::NameUse]| -> Vec<String> {
            uses.iter().map(|it| it.name.clone()).collect()
        };
        assert_eq!(names(&found.filters), ["default", "list", "upper"]);
        assert_eq!(names(&found.tests), ["defined", "odd"]);
        assert_eq!(names(&found.functions), ["range"]);
    }
}
