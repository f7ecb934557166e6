//! What a template uses, found without rendering it.

use std::collections::BTreeMap;

use super::node::{Control, Node, Operand, OperandKind, Pipeline, Program};
use crate::explanation::{Explanation, Places, VariableUse};

/// Functions that are asked because a value may be missing.
const ASKING: [&str; 9] = ["and", "coalesce", "default", "dig", "empty", "hasKey", "not", "or", "ternary"];

/// The fields of the data and the functions that a program uses. What `range`, `with` and `define` make of the dot is
/// not followed; fields of `$` are those of the data everywhere.
pub fn explain(program: &Program, main: &str, source: &str) -> Explanation {
    let mut walk = Walk::default();
    for (name, nodes) in &program.templates {
        walk.at_root = &**name == main;
        walk.nodes(nodes);
    }
    let places = Places::new(source);
    let variables = walk.fields.into_iter().map(|(path, (all, risks))| VariableUse {
        path,
        places: places.all(all),
        risks: places.all(risks),
    });
    let names: Vec<String> = walk.functions.keys().cloned().collect();
    Explanation {
        variables: variables.collect(),
        functions: places.names(walk.functions, || Box::new(names.iter().map(String::as_str))),
        ..Explanation::default()
    }
}

#[derive(Default)]
struct Walk {
    /// Path to where it is read, and where nothing provides for its absence.
    fields: BTreeMap<String, (Vec<usize>, Vec<usize>)>,
    functions: BTreeMap<String, Vec<usize>>,
    /// Whether the dot is the data.
    at_root: bool,
    asking: bool,
    /// Fields that a condition around has found.
    present: Vec<String>,
}

impl Walk {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(..) | Node::Break | Node::Continue => {}
                Node::Action(pipeline) => self.pipeline(pipeline),
                Node::Template { pipeline, .. } => {
                    if let Some(pipeline) = pipeline {
                        self.pipeline(pipeline);
                    }
                }
                Node::If(control) => self.control(control, true),
                Node::With(control) | Node::Range(control) => self.control(control, false),
            }
        }
    }

    fn control(&mut self, control: &Control, keeps_dot: bool) {
        let (asking, at_root, count) = (self.asking, self.at_root, self.present.len());
        self.asking = true;
        self.pipeline(&control.pipeline);
        self.asking = asking;
        if let [command] = control.pipeline.commands.as_slice()
            && command.arguments.is_empty()
        {
            self.present.extend(path(&command.first, at_root));
        }
        self.at_root = at_root && keeps_dot;
        self.nodes(&control.body);
        self.at_root = at_root;
        self.present.truncate(count);
        if let Some(otherwise) = &control.otherwise {
            self.nodes(otherwise);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        let asks = |operand: &Operand| matches!(&operand.kind, OperandKind::Function(function) if ASKING.contains(&function.name));
        let asking = self.asking;
        self.asking = asking || pipeline.commands.iter().any(|command| asks(&command.first));
        for command in &pipeline.commands {
            self.operand(&command.first);
            command.arguments.iter().for_each(|argument| self.operand(argument));
        }
        self.asking = asking;
    }

    fn operand(&mut self, operand: &Operand) {
        match &operand.kind {
            OperandKind::Function(function) => {
                self.functions.entry(function.name.to_owned()).or_default().push(operand.position);
            }
            OperandKind::Chain(inner, _) => self.operand(inner),
            OperandKind::Pipeline(pipeline) => self.pipeline(pipeline),
            _ => {
                if let Some(path) = path(operand, self.at_root) {
                    let holds = |present: &String| {
                        let rest = present.strip_prefix(path.as_str());
                        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                    };
                    let is_asked = self.asking || self.present.iter().any(holds);
                    let (all, risks) = self.fields.entry(path).or_default();
                    all.push(operand.position);
                    risks.extend((!is_asked).then_some(operand.position));
                }
            }
        }
    }
}

/// The field of the data that an operand reads.
fn path(operand: &Operand, at_root: bool) -> Option<String> {
    let names = match &operand.kind {
        OperandKind::Field(names) if at_root => names,
        OperandKind::Variable(variable, names) if &**variable == "$" && !names.is_empty() => names,
        _ => return None,
    };
    Some(names.iter().flat_map(|name| [".", name]).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::gotemplate::GoTemplate;

    #[test]
    fn fields_of_the_data_are_found_with_what_may_be_missing() {
        let source = "{{ .a.b }}{{ if .c }}{{ .c | upper }}{{ end }}{{ .d | default \"x\" }}\
                      {{ range .list }}{{ .own }}{{ $.e }}{{ end }}{{ define \"t\" }}{{ .own }}{{ end }}";
        let found = GoTemplate::argo_cd().explain(source, "main").unwrap();
        let all: Vec<(&str, bool)> =
            found.variables.iter().map(|it| (it.path.as_str(), !it.risks.is_empty())).collect();
        assert_eq!(all, [(".a.b", true), (".c", false), (".d", false), (".e", true), (".list", false)]);
        let functions: Vec<&str> = found.functions.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(functions, ["default", "upper"]);
    }
}
