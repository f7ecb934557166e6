//! `fairway catalog graph`: what something needs, what breaks when it does, and what needs each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::Value;

use crate::catalog_history::path_of;
use crate::client::{ConnectionArguments, query};
use crate::completion::{kinds, references};
use crate::failure::CliError;
use crate::output::{data, harmless, talk};

/// How a graph is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For people.
    #[default]
    #[value(alias = "table")]
    Tree,
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
}

/// Show what something needs, or what breaks when it does
///
/// Dependencies run along dependsOn, and along APIs from what consumes them to what provides them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog graph orders\n  fairway catalog graph resource:orders-db --breaks --kind component\n  fairway catalog graph orders --depth 2 --output mermaid\n  fairway catalog graph --cycles"
)]
pub struct GraphArguments {
    /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
    #[arg(required_unless_present = "cycles", add = references())]
    entity: Option<String>,
    /// What breaks when it does, in place of what it needs
    #[arg(long)]
    breaks: bool,
    /// At most so many steps away
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// Show only this kind; can be repeated. What lies between is still gone through
    #[arg(long, add = kinds())]
    kind: Vec<String>,
    /// Only what needs each other: with the entity, or anywhere when none is given
    #[arg(long, conflicts_with_all = ["breaks", "depth", "kind"])]
    cycles: bool,
    /// As of a moment: 2026-03-01T12:00:00Z, 2026-03-01, 7d, or #1234 for a record
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// How the graph is printed on standard output
    #[arg(
        long,
        short = 'o',
        value_enum,
        default_value_t,
        env = "FAIRWAY_OUTPUT",
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    output: GraphFormat,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway catalog graph`.
pub async fn graph(arguments: GraphArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let at = ("at", arguments.at.as_deref());
    if arguments.cycles && matches!(arguments.output, GraphFormat::Dot | GraphFormat::Mermaid) {
        let hint = "take --output tree, json or yaml";
        return Err(CliError::usage("circles are not drawn", Some(hint)));
    }
    let Some(entity) = &arguments.entity else {
        let answer: Value = client.get(&query("/api/v1/catalog/cycles", &[at])).await?;
        let groups: Vec<Vec<String>> = list(&answer, "items").iter().map(texts).collect();
        return print(arguments.output, &answer, || circles_text(&groups));
    };
    let depth = arguments.depth.map(|depth| depth.to_string());
    let mut pairs = vec![
        ("direction", Some(if arguments.breaks { "breaks" } else { "needs" })),
        ("depth", depth.as_deref()),
        at,
    ];
    pairs.extend(arguments.kind.iter().map(|kind| ("only", Some(kind.as_str()))));
    let answer: Value = client.get(&query(&format!("{}/graph", path_of(entity)?), &pairs)).await?;
    if arguments.cycles {
        let circle = texts(answer.get("cycle").unwrap_or(&Value::Null));
        let groups = if circle.is_empty() { Vec::new() } else { vec![circle] };
        return print(arguments.output, &serde_json::json!({ "items": groups }), || circles_text(&groups));
    }
    print(arguments.output, &answer, || match arguments.output {
        GraphFormat::Dot => dot(&answer),
        GraphFormat::Mermaid => mermaid(&answer),
        _ => tree(&answer, arguments.breaks),
    })?;
    if arguments.output == GraphFormat::Tree {
        let circle = texts(answer.get("cycle").unwrap_or(&Value::Null));
        if !circle.is_empty() {
            talk(&format!("It is in a circle of {} that need each other; --cycles shows it", circle.len()));
        }
        if answer.get("truncated").and_then(Value::as_bool) == Some(true) {
            talk("There is more than can be shown; --depth and --kind show less at once");
        }
    }
    Ok(())
}

fn print(format: GraphFormat, answer: &Value, text: impl FnOnce() -> String) -> Result<(), CliError> {
    match format {
        GraphFormat::Json => data(&serde_json::to_string_pretty(answer).unwrap_or_default()),
        GraphFormat::Yaml => data(&fairway_yaml::write(answer)),
        GraphFormat::Tree | GraphFormat::Dot | GraphFormat::Mermaid => data(&text()),
    }
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn circles_text(groups: &[Vec<String>]) -> String {
    if groups.is_empty() {
        return "Nothing needs itself, directly or through others.".to_owned();
    }
    let group = |group: &Vec<String>| match group.as_slice() {
        [one] => format!("{one} needs itself"),
        several => format!("{} need each other:\n  {}", several.len(), several.join("\n  ")),
    };
    harmless(&groups.iter().map(group).collect::<Vec<_>>().join("\n"))
}

/// Each thing below what it was reached through first.
fn tree(answer: &Value, breaks: bool) -> String {
    let nodes = list(answer, "nodes");
    let root = answer.get("root").map(|it| text(it, "reference")).unwrap_or_default();
    if nodes.is_empty() {
        let what = if breaks { "Nothing needs" } else { "There is nothing that is needed by" };
        return harmless(&format!("{what} {root}."));
    }
    let mut below: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for node in &nodes {
        below.entry(text(node, "through")).or_default().push(node);
    }
    let mut lines = root.to_owned();
    // What is still to be written: the things below one, and what stands before their lines.
    let mut open = vec![(below.remove(root).unwrap_or_default().into_iter(), String::new())];
    while let Some((rest, before)) = open.last_mut() {
        let Some(node) = rest.next() else {
            open.pop();
            continue;
        };
        let is_last = rest.len() == 0;
        let missing = node.get("missing").and_then(Value::as_bool) == Some(true);
        let reference = text(node, "reference");
        let title = match text(node, "title") {
            _ if missing => "  (is not in the catalog)".to_owned(),
            title if reference.ends_with(&format!("/{title}")) => String::new(),
            title => format!("  {title}"),
        };
        let _ = write!(lines, "\n{before}{}{reference}{title}", if is_last { "└── " } else { "├── " });
        let inner = format!("{before}{}", if is_last { "    " } else { "│   " });
        open.push((below.remove(reference).unwrap_or_default().into_iter(), inner));
    }
    harmless(&lines)
}

/// Every node of the answer with its name: the root first.
fn named(answer: &Value) -> Vec<(String, String)> {
    let root = answer.get("root").cloned().unwrap_or_default();
    let all = std::iter::once(root).chain(list(answer, "nodes"));
    let name = |node: Value| {
        let missing = node.get("missing").and_then(Value::as_bool) == Some(true);
        let what = if missing { "missing" } else { text(&node, "kind") };
        (text(&node, "reference").to_owned(), format!("{} ({what})", text(&node, "title")))
    };
    all.map(name).collect()
}

/// <https://graphviz.org/doc/info/lang.html>
fn dot(answer: &Value) -> String {
    let quoted = |text: &str| format!("\"{}\"", harmless(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut lines = "digraph catalog {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (reference, name) in named(answer) {
        let _ = writeln!(lines, "  {} [label={}];", quoted(&reference), quoted(&name));
    }
    for edge in list(answer, "edges") {
        let (from, to) = (quoted(text(&edge, "from")), quoted(text(&edge, "to")));
        let _ = writeln!(lines, "  {from} -> {to} [label={}];", quoted(text(&edge, "relation")));
    }
    lines.push('}');
    lines
}

/// <https://mermaid.js.org/syntax/flowchart.html>
fn mermaid(answer: &Value) -> String {
    // Entities of HTML stand for what would end the text.
    let quoted = |text: &str| {
        let text = harmless(text).replace('&', "&amp;").replace('"', "&quot;");
        format!("\"{}\"", text.replace('<', "&lt;").replace('>', "&gt;").replace('\n', " "))
    };
    let mut lines = "flowchart LR\n".to_owned();
    let mut numbers = BTreeMap::new();
    for (number, (reference, name)) in named(answer).into_iter().enumerate() {
        let _ = writeln!(lines, "  n{number}[{}]", quoted(&name));
        numbers.insert(reference, number);
    }
    for edge in list(answer, "edges") {
        let number = |end: &str| numbers.get(text(&edge, end));
        if let (Some(from), Some(to)) = (number("from"), number("to")) {
            let _ = writeln!(lines, "  n{from} -->|{}| n{to}", quoted(text(&edge, "relation")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{dot, mermaid, tree};

    fn answer() -> Value {
        let node = |name: &str, through: &str, title: &str| json!({"reference": format!("component:default/{name}"), "through": format!("component:default/{through}"), "title": title, "kind": "Component", "missing": name == "gone"});
        json!({
            "root": {"reference": "component:default/web", "kind": "Component", "title": "web"},
            "nodes": [node("a", "web", "A \"quoted\" title"), node("b", "web", "b"), node("c", "a", "c"), node("gone", "c", "gone")],
            "edges": [{"from": "component:default/web", "to": "component:default/a", "relation": "dependsOn"}],
        })
    }

    #[test]
    fn a_tree_shows_what_comes_through_what() {
        assert_eq!(
            tree(&answer(), false),
            "\
component:default/web
├── component:default/a  A \"quoted\" title
│   └── component:default/c
│       └── component:default/gone  (is not in the catalog)
└── component:default/b"
        );
        let nothing = json!({"root": {"reference": "component:default/x"}, "nodes": []});
        assert_eq!(tree(&nothing, true), "Nothing needs component:default/x.");
    }

    #[test]
    fn a_title_cannot_leave_its_place_in_a_drawing() {
        let drawn = dot(&answer());
        assert!(
            drawn.contains(r#""component:default/a" [label="A \"quoted\" title (Component)"];"#),
            "{drawn}"
        );
        assert!(drawn.contains(r#""component:default/web" -> "component:default/a" [label="dependsOn"];"#));
        let drawn = mermaid(&answer());
        assert!(drawn.contains(r#"n1["A &quot;quoted&quot; title (Component)"]"#), "{drawn}");
        assert!(drawn.contains(r#"n0 -->|"dependsOn"| n1"#));
    }
}
