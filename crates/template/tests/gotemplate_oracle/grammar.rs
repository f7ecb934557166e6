//! Templates that nobody wrote, most of which mean something.

use crate::dice::Dice;

const FIELDS: [&str; 24] = [
    ".name",
    ".empty",
    ".text",
    ".unicode",
    ".one",
    ".n",
    ".half",
    ".tiny",
    ".huge",
    ".million",
    ".on",
    ".off",
    ".nothing",
    ".list",
    ".numbers",
    ".mixed",
    ".hollow",
    ".map",
    ".bare",
    ".deep.a.b",
    ".deep",
    ".missing",
    ".missing.x",
    ".nothing.x",
];
const LISTS: [&str; 7] = [".list", ".numbers", ".mixed", ".hollow", ".missing", ".map", ".deep"];
const TEXTS: [&str; 8] =
    [r#""a""#, r#""""#, r#""x y""#, "`r\\aw`", r#""\t\"q\u00e9""#, r#""<b>&'""#, r#""été""#, r#""a\\b""#];
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-2",
    "3.0",
    "2.5",
    "1e3",
    "0x1F",
    "'a'",
    "1_000",
    "7",
    "1e-7",
    "123456789.0",
    "0b11",
    "0o17",
    "'\\n'",
    "+4",
];
const WORDS: [&str; 8] = ["a", " b ", "\n", "  x\n  ", "<p>", "}", "é", "- "];

/// A whole template.
pub fn template(dice: &mut Dice) -> String {
    let mut out = String::new();
    if dice.one_in(4) {
        out.push_str("{{ define \"part\" }}[{{ . }}{{ if $ }}y{{ end }}]{{ end }}");
    }
    let mut scope = Scope { variables: Vec::new(), part: !out.is_empty() };
    nodes(dice, &mut scope, 3, &mut out);
    if dice.one_in(25) {
        break_it(dice, &mut out);
    }
    out
}

struct Scope {
    variables: Vec<String>,
    part: bool,
}

/// Takes a character away, so that syntax errors are met too.
fn break_it(dice: &mut Dice, out: &mut String) {
    let characters: Vec<char> = out.chars().collect();
    let gone = dice.below(characters.len().max(1));
    *out = characters.into_iter().enumerate().filter(|(index, _)| *index != gone).map(|(_, c)| c).collect();
}

fn open(dice: &mut Dice) -> &'static str {
    if dice.one_in(6) { "{{- " } else { "{{ " }
}

fn close(dice: &mut Dice) -> &'static str {
    if dice.one_in(6) { " -}}" } else { " }}" }
}

fn action(dice: &mut Dice, out: &mut String, inner: &str) {
    out.push_str(open(dice));
    out.push_str(inner);
    out.push_str(close(dice));
}

fn nodes(dice: &mut Dice, scope: &mut Scope, depth: usize, out: &mut String) {
    let known = scope.variables.len();
    for _ in 0..=dice.below(3) {
        node(dice, scope, depth, out);
    }
    scope.variables.truncate(known);
}

fn node(dice: &mut Dice, scope: &mut Scope, depth: usize, out: &mut String) {
    let kind = if depth == 0 { dice.below(5) } else { dice.below(14) };
    match kind {
        0 => out.push_str(dice.pick(&WORDS)),
        1..=3 => {
            let inner = pipeline(dice, scope, 2);
            action(dice, out, &inner);
        }
        4 => {
            let name = format!("$v{}", dice.below(3));
            let value = pipeline(dice, scope, 1);
            if scope.variables.contains(&name) && dice.one_in(2) {
                action(dice, out, &format!("{name} = {value}"));
            } else {
                action(dice, out, &format!("{name} := {value}"));
                scope.variables.push(name);
            }
        }
        5..=7 => {
            let condition = pipeline(dice, scope, 1);
            action(dice, out, &format!("if {condition}"));
            nodes(dice, scope, depth - 1, out);
            if dice.one_in(3) {
                let other = pipeline(dice, scope, 1);
                action(dice, out, &format!("else if {other}"));
                nodes(dice, scope, depth - 1, out);
            }
            if dice.one_in(2) {
                action(dice, out, "else");
                nodes(dice, scope, depth - 1, out);
            }
            action(dice, out, "end");
        }
        8..=10 => {
            let list = if dice.one_in(40) { operand(dice, scope, 1) } else { dice.pick(&LISTS).to_owned() };
            let known = scope.variables.len();
            let head = match dice.below(3) {
                0 => list,
                1 => {
                    scope.variables.push("$e".to_owned());
                    format!("$e := {list}")
                }
                _ => {
                    scope.variables.extend(["$i".to_owned(), "$e".to_owned()]);
                    format!("$i, $e := {list}")
                }
            };
            action(dice, out, &format!("range {head}"));
            nodes(dice, scope, depth - 1, out);
            if dice.one_in(4) {
                let condition = pipeline(dice, scope, 1);
                let jump = dice.pick(&["break", "continue"]);
                action(dice, out, &format!("if {condition}"));
                action(dice, out, jump);
                action(dice, out, "end");
                out.push_str(dice.pick(&WORDS));
            }
            scope.variables.truncate(known);
            if dice.one_in(3) {
                action(dice, out, "else");
                out.push_str(dice.pick(&WORDS));
            }
            action(dice, out, "end");
        }
        11 => {
            let value = pipeline(dice, scope, 1);
            action(dice, out, &format!("with {value}"));
            nodes(dice, scope, depth - 1, out);
            action(dice, out, "end");
        }
        12 if scope.part => {
            let value = pipeline(dice, scope, 1);
            action(dice, out, &format!("template \"part\" {value}"));
        }
        12 => out.push_str("{{/* nothing */}}"),
        _ => {
            let value = operand(dice, scope, 1);
            let name = dice.below(1_000_000);
            action(dice, out, &format!("block \"b{name}\" {value}"));
            let mut inner = Scope { variables: Vec::new(), part: false };
            nodes(dice, &mut inner, depth - 1, out);
            action(dice, out, "end");
        }
    }
}

const STAGES: [&str; 7] = ["print", "html", "js", "urlquery", "not", "printf \"%v|%q\" 1", "println"];
const ODD_STAGES: [&str; 3] = ["len", "eq 1", "index .list"];
const COMPARED: [(&str, &str); 9] = [
    (".name", "\"my-App\""),
    (".one", "1.0"),
    (".n", ".half"),
    ("1", "2"),
    (".on", "true"),
    (".nothing", "nil"),
    ("\"a\"", ".empty"),
    ("(len .list)", "3"),
    ("'a'", "97"),
];
const COUNTED: [&str; 6] = [".list", ".name", ".map", ".hollow", "(print .n)", ".text"];
const INDEXED: [&str; 8] = [
    ".list 0",
    ".list 1",
    ".map \"a\"",
    ".map \"none\"",
    ".mixed 4 1",
    ".name 2",
    ".deep \"a\" \"b\"",
    ".numbers 2",
];

fn pipeline(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    let mut out = command(dice, scope, depth);
    while dice.one_in(5) {
        out.push_str(" | ");
        out.push_str(if dice.one_in(12) { dice.pick(&ODD_STAGES) } else { dice.pick(&STAGES) });
    }
    out
}

fn operand(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    match dice.below(12) {
        0..=4 => dice.pick(&FIELDS).to_owned(),
        5 => dice.pick(&TEXTS).to_owned(),
        6 => dice.pick(&NUMBERS).to_owned(),
        7 if dice.one_in(6) => "nil".to_owned(),
        7 => dice.pick(&["true", "false", ".", "$", "$.name", "$.missing"]).to_owned(),
        8 | 9 if !scope.variables.is_empty() => {
            let index = dice.below(scope.variables.len());
            let field = if dice.one_in(15) { dice.pick(&[".x", ".a.b"]) } else { "" };
            format!("{}{field}", scope.variables[index])
        }
        _ if depth > 0 => {
            let inner = pipeline(dice, scope, depth - 1);
            let field = if dice.one_in(15) { ".a" } else { "" };
            format!("({inner}){field}")
        }
        _ => dice.pick(&FIELDS).to_owned(),
    }
}

fn command(dice: &mut Dice, scope: &Scope, depth: usize) -> String {
    let one = |dice: &mut Dice| operand(dice, scope, depth.saturating_sub(1));
    let odd = dice.one_in(15);
    match dice.below(15) {
        0..=3 => one(dice),
        4 => dice.pick(&FIELDS).to_owned(),
        5 if odd => format!("index {} {}", one(dice), dice.pick(&["0", "9", "\"a\"", ".n"])),
        5 => format!("index {}", dice.pick(&INDEXED)),
        6 => format!(
            "slice {} {}",
            dice.pick(&[".name", ".list", ".numbers", ".text"]),
            dice.pick(&["1", "0 2", "1 1", "1 2", if odd { "2 1" } else { "3" }])
        ),
        7 if odd => format!("len {}", one(dice)),
        7 => format!("len {}", dice.pick(&COUNTED)),
        8 => {
            let (left, right) = if odd {
                (one(dice), one(dice))
            } else {
                let (left, right) = dice.pick(&COMPARED);
                (left.to_owned(), right.to_owned())
            };
            let operator = if right == "true" || right == "nil" {
                "ne"
            } else {
                dice.pick(&["eq", "ne", "lt", "le", "gt", "ge"])
            };
            format!("{operator} {left} {right}")
        }
        9 => format!("{} {} {}", dice.pick(&["and", "or"]), one(dice), one(dice)),
        10 => format!("not {}", one(dice)),
        11 => format!(
            "{} {} {}",
            dice.pick(&["print", "println", "html", "js", "urlquery"]),
            one(dice),
            one(dice)
        ),
        _ if odd => format!("{} {}", one(dice), one(dice)),
        _ => {
            let (format, count) = format(dice);
            let mut out = format!("printf \"{format}\"");
            for _ in 0..count {
                out.push(' ');
                out.push_str(&one(dice));
            }
            out
        }
    }
}

/// A format, and how many arguments it mostly has.
fn format(dice: &mut Dice) -> (String, usize) {
    let mut out = String::new();
    let count = 1 + dice.below(2);
    for _ in 0..count {
        out.push_str(dice.pick(&["", " ", "x"]));
        out.push('%');
        for _ in 0..dice.below(3) {
            out.push_str(dice.pick(&["-", "+", "0", " ", "#"]));
        }
        out.push_str(dice.pick(&["", "", "5", "12"]));
        out.push_str(dice.pick(&["", "", ".2", ".0", "."]));
        out.push_str(dice.pick(&[
            "v", "s", "d", "q", "x", "X", "t", "T", "f", "e", "g", "c", "U", "b", "o", "O", "%", "!", "z",
        ]));
    }
    (out, if dice.one_in(6) { dice.below(4) } else { count })
}
