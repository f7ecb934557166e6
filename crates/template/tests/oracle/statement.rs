//! Templates of the grammar.

use crate::dice::Dice;
use crate::expression::{Names, any, call, condition, list, record, text};

/// A whole template.
pub fn template(dice: &mut Dice, compat: bool) -> String {
    let mut names = Names { compat, ..Names::default() };
    let depth = 1 + dice.below(3);
    body(dice, &mut names, depth)
}

fn body(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let count = 1 + dice.below(if depth > 1 { 4 } else { 2 });
    (0..count).map(|_| statement(dice, names, depth)).collect()
}

/// A body whose names end with it.
fn inner(dice: &mut Dice, names: &Names, depth: usize, change: impl Fn(&mut Names)) -> String {
    let mut names = names.clone();
    change(&mut names);
    body(dice, &mut names, depth.saturating_sub(1))
}

fn words(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "a", "b\n", "\n", "  ", "\n  ", "x y\n\n", "\t", "é", "}", "{", "$", "#", "\r\n", " - ", "%", "'",
    ])
}

fn tag(dice: &mut Dice, content: &str) -> String {
    let open = if dice.one_in(8) { "{%-" } else { "{%" };
    let close = if dice.one_in(8) { "-%}" } else { "%}" };
    format!("{open} {content} {close}")
}

fn output(dice: &mut Dice, names: &Names, expression: &str) -> String {
    let start = if names.compat { "{{" } else { "${{" };
    let open = if dice.one_in(10) { "-" } else { "" };
    let close = if dice.one_in(10) { "-" } else { "" };
    format!("{start}{open} {expression} {close}}}}}")
}

fn statement(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    if depth == 0 {
        return if dice.one_in(2) { words(dice).to_owned() } else { printed(dice, names, 1) };
    }
    match dice.below(22) {
        0..=2 => words(dice).to_owned(),
        3..=8 => printed(dice, names, depth + 1),
        9 | 10 => branches(dice, names, depth),
        11..=13 => repetition(dice, names, depth),
        14 | 15 => assignment(dice, names, depth),
        16 => definition(dice, names, depth),
        17 => match dice.below(4) {
            0 => "{# note #}".to_owned(),
            1 => "{#- note -#}".to_owned(),
            2 => format!("{}${{{{ x }}}}{{% if %}}{}", tag(dice, "raw"), "{% endraw %}"),
            _ => format!("{{% verbatim %}}{}{{{{ y }}}}{{% endverbatim %}}", words(dice)),
        },
        18 => choice(dice, names, depth),
        19 => {
            let filter =
                dice.pick(&["upper", "trim", "indent(2)", "replace('a', 'b')", "title", "length", "escape"]);
            let body = inner(dice, names, depth, |_| {});
            format!("{}{body}{}", tag(dice, &format!("filter {filter}")), tag(dice, "endfilter"))
        }
        20 if !names.macros.is_empty() => {
            let called = call(dice, names, 1);
            let parameters = dice.pick(&["", "(q)", "(q, r='d')"]);
            let body = inner(dice, names, depth, |names| names.variables.push("q".to_owned()));
            format!("{}{body}{}", tag(dice, &format!("call{parameters} {called}")), tag(dice, "endcall"))
        }
        21 if dice.one_in(3) => {
            let name = format!("block{}", dice.below(1000));
            let body = inner(dice, names, depth, |_| {});
            format!("{}{body}{}", tag(dice, &format!("block {name}")), tag(dice, "endblock"))
        }
        _ => printed(dice, names, depth),
    }
}

fn printed(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if names.in_macro && dice.one_in(6) {
        let called = dice.pick(&["caller()", "caller('w')", "caller(1, 2)"]);
        return format!("{}{}{}", "{% if caller %}", output(dice, names, called), "{% endif %}");
    }
    let expression = any(dice, names, depth);
    output(dice, names, &expression)
}

fn branches(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let mut parts = vec![{
        let condition = condition(dice, names, 2);
        tag(dice, &format!("if {condition}"))
    }];
    parts.push(inner(dice, names, depth, |_| {}));
    for _ in 0..dice.below(2) {
        let condition = condition(dice, names, 1);
        let word = dice.pick(&["elif", "elseif"]);
        parts.push(tag(dice, &format!("{word} {condition}")));
        parts.push(inner(dice, names, depth, |_| {}));
    }
    if dice.one_in(2) {
        parts.push(tag(dice, "else"));
        parts.push(inner(dice, names, depth, |_| {}));
    }
    parts.push(tag(dice, "endif"));
    parts.concat()
}

fn repetition(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let targets = dice.pick(&["i", "i", "x", "k, v", "k, v", "a, b, c", "name"]);
    let over = match dice.below(8) {
        0..=3 => list(dice, names, 1),
        4 | 5 => record(dice, names, 1),
        6 => text(dice, names, 0),
        _ => any(dice, names, 1),
    };
    let mut parts = vec![tag(dice, &format!("for {targets} in {over}"))];
    parts.push(inner(dice, names, depth, |names| {
        names.in_loop = true;
        names.variables.extend(targets.split(", ").map(str::to_owned));
    }));
    if dice.one_in(3) {
        parts.push(tag(dice, "else"));
        parts.push(inner(dice, names, depth, |_| {}));
    }
    parts.push(tag(dice, "endfor"));
    parts.concat()
}

fn assignment(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let target = dice.pick(&["x", "y", "z", "x, y", "name", "i"]);
    let text = if dice.one_in(4) {
        let body = inner(dice, names, depth, |_| {});
        format!("{}{body}{}", tag(dice, &format!("set {target}")), tag(dice, "endset"))
    } else {
        let value = any(dice, names, 2);
        tag(dice, &format!("set {target} = {value}"))
    };
    names.variables.extend(target.split(", ").map(str::to_owned));
    text
}

fn definition(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let name = dice.pick(&["f", "g", "h"]);
    let (parameters, count) = dice.pick(&[
        ("", 0),
        ("a", 1),
        ("a, b", 2),
        ("a, b='B'", 2),
        ("a='A', b=[1]", 2),
        ("a, b=2, c=name", 3),
        ("a, b=a", 2),
    ]);
    let body = inner(dice, names, depth, |names| {
        names.in_macro = true;
        names.in_loop = false;
        names.macros.clear();
        names.variables.extend(["a", "b", "c"].map(str::to_owned));
    });
    names.macros.push((name.to_owned(), count));
    format!("{}{body}{}", tag(dice, &format!("macro {name}({parameters})")), tag(dice, "endmacro"))
}

fn choice(dice: &mut Dice, names: &mut Names, depth: usize) -> String {
    let value = any(dice, names, 1);
    let mut parts = vec![tag(dice, &format!("switch {value}")), "\n".to_owned()];
    for _ in 0..=dice.below(3) {
        let case = any(dice, names, 0);
        parts.push(tag(dice, &format!("case {case}")));
        if !dice.one_in(4) {
            parts.push(inner(dice, names, depth, |_| {}));
        }
    }
    if dice.one_in(2) {
        parts.push(tag(dice, "default"));
        parts.push(inner(dice, names, depth, |_| {}));
    }
    parts.push(tag(dice, "endswitch"));
    parts.concat()
}
