//! Expressions of the grammar, by the type that they mostly have.

use crate::dice::Dice;

/// Names that the running template has defined, beside those of the context.
#[derive(Clone, Default)]
pub struct Names {
    pub variables: Vec<String>,
    pub macros: Vec<(String, usize)>,
    pub in_loop: bool,
    pub in_macro: bool,
    pub compat: bool,
}

const TEXTS: [&str; 10] =
    ["name", "empty", "text", "unicode", "digits", "padded", "csv", "url", "deep.a.b.c", "people[0].name"];
const NUMBERS: [&str; 12] = [
    "zero",
    "one",
    "n",
    "negative",
    "half",
    "tiny",
    "huge",
    "people[1].age",
    "list.length",
    "text.length",
    "unicode.length",
    "map.b",
];
const LISTS: [&str; 8] = ["list", "numbers", "mixed", "hollow", "pairs", "people", "map['c d']", "mixed[4]"];
const RECORDS: [&str; 6] = ["map", "bare", "deep", "people[0]", "counted", "mixed[5]"];
const OTHERS: [&str; 10] =
    ["on", "off", "nothing", "missing", "missing.x", "deep.q.r", "name.q", "list.q", "n.q", "map.zz"];

/// An expression of any type.
pub fn any(dice: &mut Dice, names: &Names, depth: usize) -> String {
    match dice.below(12) {
        0..=3 => text(dice, names, depth),
        4..=5 => number(dice, names, depth),
        6 => list(dice, names, depth),
        7 => record(dice, names, depth),
        8 => condition(dice, names, depth),
        9 if !names.variables.is_empty() => {
            let index = dice.below(names.variables.len());
            names.variables[index].clone()
        }
        10 if depth > 0 => {
            let (then, condition) = (any(dice, names, depth - 1), self::condition(dice, names, depth - 1));
            if dice.one_in(3) {
                format!("({then} if {condition})")
            } else {
                format!("({then} if {condition} else {})", any(dice, names, depth - 1))
            }
        }
        _ => dice.pick(&OTHERS).to_owned(),
    }
}

fn string(dice: &mut Dice) -> String {
    dice.pick(&[
        "''",
        "'a'",
        "\"b c\"",
        "'x,y'",
        "'\\n'",
        "'it\\'s'",
        "'é😀'",
        "' pad '",
        "'<i>&amp;</i>'",
        "'10'",
        "'2.5px'",
        "'%'",
        "'{{'",
        "'a\\\\b'",
        "'Abc dEF-ghi_j'",
        "'one two three four'",
        "'&lt;'",
        "\"q\\\"q\"",
        "'0x1f'",
        "'k'",
    ])
    .to_owned()
}

/// Mostly a string.
pub fn text(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return if dice.one_in(2) { string(dice) } else { dice.pick(&TEXTS).to_owned() };
    }
    let next = depth - 1;
    match dice.below(16) {
        0 => string(dice),
        1 | 2 => dice.pick(&TEXTS).to_owned(),
        3 => format!("{} ~ {}", any(dice, names, next), any(dice, names, next)),
        4 => format!("{} + {}", text(dice, names, next), any(dice, names, next)),
        5..=8 => text_filter(dice, names, next),
        9 | 10 => text_method(dice, names, next),
        11 => format!("{}{}", wrapped(list(dice, names, next)), join(dice, names, next)),
        12 => {
            let value = any(dice, names, next);
            let indentation = dice.pick(&["", "(2)", "(0)", "('--')", "(spaces=2)"]);
            format!("{} | dump{indentation}", wrapped(value))
        }
        13 => format!("{}[{}]", wrapped(text(dice, names, next)), integer(dice)),
        14 if !names.macros.is_empty() => call(dice, names, next),
        _ => format!("({})", text(dice, names, next)),
    }
}

/// The call of a macro.
pub fn call(dice: &mut Dice, names: &Names, depth: usize) -> String {
    let index = dice.below(names.macros.len());
    let (name, parameters) = names.macros[index].clone();
    let count = dice.below(parameters + 2);
    let mut arguments: Vec<String> = (0..count).map(|_| any(dice, names, depth)).collect();
    if dice.one_in(3) {
        arguments.push(format!("{}={}", dice.pick(&["a", "b", "c", "zz"]), any(dice, names, depth)));
    }
    format!("{name}({})", arguments.join(", "))
}

fn integer(dice: &mut Dice) -> String {
    dice.pick(&["0", "1", "2", "3", "5", "-1", "-2", "10", "100"]).to_owned()
}

/// Parentheses where they are needed to go on.
fn wrapped(expression: String) -> String {
    if expression.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
        expression
    } else {
        format!("({expression})")
    }
}

fn join(dice: &mut Dice, names: &Names, depth: usize) -> String {
    match dice.below(4) {
        0 => " | join".to_owned(),
        1 => " | join('-', 'name')".to_owned(),
        _ => format!(" | join({})", text(dice, names, depth.min(1))),
    }
}

fn text_filter(dice: &mut Dice, names: &Names, depth: usize) -> String {
    let input = if dice.one_in(6) { any(dice, names, depth) } else { text(dice, names, depth) };
    let filter = match dice.below(36) {
        0 => "upper".to_owned(),
        1 => "lower".to_owned(),
        2 => "capitalize".to_owned(),
        3 => "title".to_owned(),
        4 => "trim".to_owned(),
        5 => format!("replace({}, {})", text(dice, names, 0), text(dice, names, 0)),
        6 => format!("replace({}, {}, {})", string(dice), string(dice), integer(dice)),
        7 => dice
            .pick(&[
                "replace(r/[aeiou]/g, '*')",
                "replace(r/a/i, '$&$&')",
                "replace(r/(\\w)(\\w)/g, '$2$1')",
                "replace('', '.')",
                "replace(1, 2)",
            ])
            .to_owned(),
        8 => dice
            .pick(&["indent", "indent(2)", "indent(3, true)", "indent(1, false)", "indent(width=2)"])
            .to_owned(),
        9 => format!(
            "truncate({})",
            dice.pick(&[
                "5",
                "10, true",
                "10, false, '…'",
                "3, true, ''",
                "100",
                "0",
                "12, killwords=true",
                "length=7",
                "4, end='!'"
            ])
        ),
        10 => dice.pick(&["center", "center(20)", "center(3)", "center(width=9)"]).to_owned(),
        11 => "escape".to_owned(),
        12 => "e".to_owned(),
        13 => "safe".to_owned(),
        14 => "forceescape".to_owned(),
        15 => "nl2br".to_owned(),
        16 => dice.pick(&["striptags", "striptags(true)", "striptags(preserve_linebreaks=true)"]).to_owned(),
        17 => "urlencode".to_owned(),
        18 => dice
            .pick(&["urlize", "urlize(5)", "urlize(10, true)", "urlize(nofollow=true)", "urlize(0)"])
            .to_owned(),
        19 => "wordcount".to_owned(),
        20 => "string".to_owned(),
        21 => "length".to_owned(),
        22 => "reverse".to_owned(),
        23 => "first".to_owned(),
        24 => "last".to_owned(),
        25 => format!("default({})", any(dice, names, 0)),
        26 => format!("default({}, true)", any(dice, names, 0)),
        27 => format!("d({}, boolean=true)", string(dice)),
        28 => "list | join('|')".to_owned(),
        29 => dice.pick(&["int", "int(5)", "int(0, 16)", "int(base=2)"]).to_owned(),
        30 => dice.pick(&["float", "float(1.5)", "float(default=2)"]).to_owned(),
        31 => "trim | upper | lower".to_owned(),
        32 => "escape | safe".to_owned(),
        33 => "safe | escape".to_owned(),
        34 => "abs".to_owned(),
        _ => "upper | length".to_owned(),
    };
    format!("{} | {filter}", wrapped(input))
}

fn text_method(dice: &mut Dice, names: &Names, depth: usize) -> String {
    let receiver = wrapped(text(dice, names, depth));
    let small = |dice: &mut Dice| integer(dice);
    match dice.below(26) {
        0 => format!("{receiver}.toUpperCase()"),
        1 => format!("{receiver}.toLowerCase()"),
        2 => format!("{receiver}.trim()"),
        3 => format!(
            "{receiver}.split({})",
            dice.pick(&["','", "''", "' '", "'a'", "", "',', 2", "r/[, ]/", "r/(a)/g", "'zz'"])
        ),
        4 => format!("{receiver}.split({})[{}]", dice.pick(&["','", "' '", "''"]), small(dice)),
        5 => format!("{receiver}.slice({})", small(dice)),
        6 => format!("{receiver}.slice({}, {})", small(dice), small(dice)),
        7 => format!("{receiver}.substring({}, {})", small(dice), small(dice)),
        8 => format!("{receiver}.substr({}, {})", small(dice), small(dice)),
        9 => format!("{receiver}.charAt({})", small(dice)),
        10 => format!("{receiver}.charCodeAt({})", small(dice)),
        11 => format!("{receiver}.indexOf({})", text(dice, names, 0)),
        12 => format!("{receiver}.lastIndexOf({})", text(dice, names, 0)),
        13 => format!("{receiver}.includes({})", text(dice, names, 0)),
        14 => format!("{receiver}.startsWith({})", text(dice, names, 0)),
        15 => format!("{receiver}.endsWith({}, {})", text(dice, names, 0), small(dice)),
        16 => format!("{receiver}.replace({}, {})", text(dice, names, 0), text(dice, names, 0)),
        17 => format!(
            "{receiver}.replace({}, {})",
            dice.pick(&["r/[a-z]+/g", "r/o/", "r/\\s+/g", "r/(.)(.)/", "r/$/", "r/x*/g"]),
            string(dice)
        ),
        18 => {
            format!("{receiver}.replaceAll({}, {})", dice.pick(&["'a'", "''", "' '", "r/a/g"]), string(dice))
        }
        19 => format!("{receiver}.repeat({})", dice.pick(&["0", "1", "2", "3", "half"])),
        20 => format!(
            "{receiver}.padStart({}, {})",
            dice.pick(&["5", "0", "12"]),
            dice.pick(&["'0'", "'ab'", "''"])
        ),
        21 => format!("{receiver}.padEnd({})", dice.pick(&["5", "0", "12, '-'"])),
        22 => format!("{receiver}.concat({}, {})", any(dice, names, 0), string(dice)),
        23 => format!("{receiver}.at({})", small(dice)),
        24 => format!(
            "{receiver}.match({})",
            dice.pick(&["r/[a-z]+/", "r/[a-z]+/g", "r/zzz/", "'a'", "r/(a)(b)?/"])
        ),
        _ => format!("{receiver}.search({})", dice.pick(&["r/[A-Z]/", "'b'", "r/zzz/"])),
    }
}

/// Mostly a number.
pub fn number(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return match dice.below(3) {
            0 => dice.pick(&NUMBERS).to_owned(),
            1 => integer(dice),
            _ => dice
                .pick(&["0.1", "1.5", "1000000", "0.000001", "12345678901234567890", "3.0", "007"])
                .to_owned(),
        };
    }
    let next = depth - 1;
    match dice.below(12) {
        0 => dice.pick(&NUMBERS).to_owned(),
        1..=4 => {
            let operator = dice.pick(&["+", "-", "*", "/", "//", "%", "**"]);
            let operand = |dice: &mut Dice| {
                if dice.one_in(5) { any(dice, names, next) } else { number(dice, names, next) }
            };
            let (left, right) = (operand(dice), operand(dice));
            // Powers grow too fast to be nested.
            let right =
                if operator == "**" { dice.pick(&["2", "3", "0.5", "-1", "0"]).to_owned() } else { right };
            format!("{left} {operator} {right}")
        }
        5 => format!("{}{}", dice.pick(&["-", "+", "- "]), wrapped(number(dice, names, next))),
        6 => format!(
            "{} | {}",
            wrapped(any(dice, names, next)),
            dice.pick(&[
                "abs",
                "int",
                "float",
                "round",
                "round(1)",
                "round(2, 'floor')",
                "round(0, 'ceil')",
                "length",
                "int | abs",
                "round(precision=1)",
                "round(method='ceil')"
            ])
        ),
        7 => format!(
            "{} | sum{}",
            wrapped(list(dice, names, next)),
            dice.pick(&["", "('age')", "(start=2)", "('age', 10)"])
        ),
        8 => format!(
            "{}.{}",
            wrapped(number(dice, names, next)),
            dice.pick(&[
                "toFixed(1)",
                "toFixed()",
                "toString()",
                "toString(2)",
                "toString(16)",
                "toPrecision(3)",
                "toExponential(2)"
            ])
        ),
        9 if names.in_loop => dice
            .pick(&["loop.index", "loop.index0", "loop.revindex", "loop.revindex0", "loop.length"])
            .to_owned(),
        10 => format!("{}.length", wrapped(any(dice, names, next))),
        _ => format!("({})", number(dice, names, next)),
    }
}

/// Mostly a list.
pub fn list(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return if dice.one_in(3) {
            dice.pick(&["[]", "[1, 2, 3]", "['x', 'y']", "[[1], [2]]", "[none, true]", "range(4)"]).to_owned()
        } else {
            dice.pick(&LISTS).to_owned()
        };
    }
    let next = depth - 1;
    match dice.below(10) {
        0 => dice.pick(&LISTS).to_owned(),
        1 => {
            let items: Vec<String> = (0..dice.below(4)).map(|_| any(dice, names, next)).collect();
            format!("[{}]", items.join(", "))
        }
        2 => dice
            .pick(&[
                "range(5)",
                "range(2, 6)",
                "range(0, 10, 3)",
                "range(5, 0, -2)",
                "range(0)",
                "range(n)",
                "range(1, half)",
                "range('3')",
            ])
            .to_owned(),
        3..=6 => {
            let input = if dice.one_in(6) { any(dice, names, next) } else { list(dice, names, next) };
            format!("{} | {}", wrapped(input), list_filter(dice, names))
        }
        7 => format!(
            "{} | {}",
            wrapped(record(dice, names, next)),
            dice.pick(&[
                "dictsort",
                "dictsort(true)",
                "dictsort(false, 'value')",
                "list",
                "dictsort(by='value')",
                "dictsort(case_sensitive=true)",
                "length"
            ])
        ),
        8 => {
            // A slice of anything but a list has no end in the original.
            let slices = names.compat && dice.one_in(3);
            let receiver = wrapped(list(dice, names, if slices { 0 } else { next }));
            if slices {
                let (from, to) =
                    (dice.pick(&["", "0", "1", "-2", "3"]), dice.pick(&["", "2", "-1", "9", "-9"]));
                let step = dice.pick(&["", ":", ":1", ":2", ":-1", ":-2"]);
                return format!("{receiver}[{from}:{to}{step}]");
            }

            match dice.below(9) {
                0 => format!("{receiver}.slice({})", integer(dice)),
                1 => format!("{receiver}.slice({}, {})", integer(dice), integer(dice)),
                2 => format!("{receiver}.concat({}, {})", list(dice, names, 0), any(dice, names, 0)),
                3 => format!("{receiver}.join({})", dice.pick(&["", "'-'", "''"])),
                4 => format!("{receiver}.indexOf({})", any(dice, names, 0)),
                5 => format!("{receiver}.includes({})", any(dice, names, 0)),
                8 if names.compat => format!(
                    "{receiver}.{}",
                    dice.pick(&[
                        "count('a')",
                        "index('a')",
                        "pop()",
                        "find('a')",
                        "append('z')",
                        "insert(1, 'q')",
                        "remove('a')"
                    ])
                ),
                _ => format!(
                    "{receiver}.{}",
                    dice.pick(&[
                        "flat()",
                        "splice(1, 1)",
                        "toSpliced(0, 1, 9)",
                        "fill(0, 1)",
                        "with(0, 7)",
                        "toSorted()",
                        "copyWithin(0, 1)",
                        "lastIndexOf('a')",
                        "at(-1)",
                        "toString()",
                        "reverse()",
                        "sort()"
                    ])
                ),
            }
        }
        _ => format!("({})", list(dice, names, next)),
    }
}

fn list_filter(dice: &mut Dice, names: &Names) -> String {
    match dice.below(22) {
        0 => dice
            .pick(&[
                "sort",
                "sort(true)",
                "sort(false, true)",
                "sort(reverse=true)",
                "sort(case_sensitive=true)",
                "sort(attribute='name')",
                "sort(false, false, 'age')",
                "sort(attribute='city.code')",
            ])
            .to_owned(),
        1 => "reverse".to_owned(),
        2 => dice.pick(&["batch(2)", "batch(2, '-')", "batch(10, 0)", "batch(1)"]).to_owned(),
        3 => dice.pick(&["slice(2)", "slice(3, '-')", "slice(1)", "slice(10)"]).to_owned(),
        4 => "first".to_owned(),
        5 => "last".to_owned(),
        6 => "length".to_owned(),
        7 => "list".to_owned(),
        8 => dice
            .pick(&["groupby('age')", "groupby('admin')", "groupby('city.code')", "groupby('zz')"])
            .to_owned(),
        9 => dice
            .pick(&["selectattr('admin')", "rejectattr('admin')", "selectattr('name')", "rejectattr('city')"])
            .to_owned(),
        10 => dice
            .pick(&["select('odd')", "select('string')", "select('defined')", "select('gt', 2)", "select"])
            .to_owned(),
        11 => dice
            .pick(&["reject('even')", "reject('number')", "reject('undefined')", "reject('lt', 2)"])
            .to_owned(),
        12 => "sum".to_owned(),
        13 => "sum('age')".to_owned(),
        14 => "join(', ')".to_owned(),
        15 => "join('; ', 'name')".to_owned(),
        16 => "dump".to_owned(),
        17 => "string".to_owned(),
        18 => "urlencode".to_owned(),
        19 => format!("default({})", list(dice, names, 0)),
        20 => "jsonify".to_owned(),
        _ => "sort | join | upper".to_owned(),
    }
}

/// Mostly an object.
pub fn record(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if depth == 0 || dice.one_in(2) {
        return dice.pick(&RECORDS).to_owned();
    }
    if names.compat && dice.one_in(3) {
        return format!(
            "{}.{}",
            dice.pick(&RECORDS),
            dice.pick(&[
                "items()",
                "keys()",
                "values()",
                "get('a')",
                "get('zz', 5)",
                "has_key('a')",
                "pop('a')",
                "pop('zz', 1)",
                "setdefault('q', 2)",
                "popitem()",
                "iteritems()"
            ])
        );
    }
    let pairs: Vec<String> = (0..dice.below(4))
        .map(|_| {
            let key = dice.pick(&["a", "'b c'", "x", "\"1\"", "name", "'zz'"]);
            format!("{key}: {}", any(dice, names, depth - 1))
        })
        .collect();
    // Two closing braces in a row would end the output for the original.
    format!("{{{} }}", pairs.join(", "))
}

/// Mostly a truth value.
pub fn condition(dice: &mut Dice, names: &Names, depth: usize) -> String {
    if depth == 0 {
        return dice
            .pick(&["on", "off", "true", "false", "nothing", "missing", "empty", "none", "zero", "n", "name"])
            .to_owned();
    }
    let next = depth - 1;
    match dice.below(12) {
        0..=2 => {
            let operator = dice.pick(&["==", "!=", "===", "!==", "<", ">", "<=", ">="]);
            format!("{} {operator} {}", any(dice, names, next), any(dice, names, next))
        }
        3 => format!("{} {} {}", any(dice, names, next), dice.pick(&["and", "or"]), any(dice, names, next)),
        4 => format!("not {}", any(dice, names, next)),
        5 => {
            let place = match dice.below(3) {
                0 => text(dice, names, next),
                1 => record(dice, names, 0),
                _ => list(dice, names, next),
            };
            format!("{} {} {}", any(dice, names, next), dice.pick(&["in", "not in"]), wrapped(place))
        }
        6..=8 => {
            let test = match dice.below(10) {
                0 => format!("divisibleby({})", dice.pick(&["2", "3", "0"])),
                1 => format!(
                    "{}({})",
                    dice.pick(&[
                        "eq",
                        "equalto",
                        "sameas",
                        "ne",
                        "lt",
                        "lessthan",
                        "le",
                        "gt",
                        "greaterthan",
                        "ge"
                    ]),
                    any(dice, names, 0)
                ),
                _ => dice
                    .pick(&[
                        "defined",
                        "undefined",
                        "even",
                        "odd",
                        "string",
                        "number",
                        "mapping",
                        "iterable",
                        "callable",
                        "escaped",
                        "falsy",
                        "truthy",
                        "lower",
                        "upper",
                        "null",
                        "none",
                    ])
                    .to_owned(),
            };
            format!("{} {} {test}", wrapped(any(dice, names, next)), dice.pick(&["is", "is", "is not"]))
        }
        9 if names.in_loop => dice.pick(&["loop.first", "loop.last", "loop.index > 1"]).to_owned(),
        10 => any(dice, names, next),
        _ => format!("({})", condition(dice, names, next)),
    }
}
