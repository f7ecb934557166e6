//! Built-in functions of OPA that make much out of little, with a bound: the interpreter has them without one, and looks
//! at neither the clock nor the memory while it is inside.

use std::fmt::Write as _;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use regorus::{Extension, Value};

use crate::builtins::{BuiltinError, MAX_ITEMS, MAX_TEXT, bounded_text, whole};
use crate::cel::pattern;

type Function = fn(&[Value]) -> Result<Value, BuiltinError>;

/// The functions, with how many arguments they take.
const FUNCTIONS: [(&str, u8, Function); 13] = [
    ("numbers.range_step", 3, range_step),
    ("net.cidr_expand", 1, cidr_expand),
    ("strings.replace_n", 2, replace_n),
    ("regex.replace", 3, regex_replace),
    ("hex.encode", 1, |it| encoded("hex.encode", it, |text| text.iter().copied().fold(String::new(), hex))),
    ("base64.encode", 1, |it| encoded("base64.encode", it, |text| STANDARD.encode(text))),
    ("base64url.encode", 1, |it| encoded("base64url.encode", it, |text| URL_SAFE.encode(text))),
    ("base64url.encode_no_pad", 1, |it| {
        encoded("base64url.encode_no_pad", it, |text| URL_SAFE_NO_PAD.encode(text))
    }),
    ("urlquery.encode", 1, |it| {
        encoded("urlquery.encode", it, |text| text.iter().copied().fold(String::new(), query))
    }),
    ("json.marshal", 1, marshal),
    ("bits.lsh", 2, shift_left),
    ("graph.reachable_paths", 2, |_| Err(BuiltinError::Refused { function: "graph.reachable_paths" })),
    ("yaml.marshal", 1, |_| Err(BuiltinError::Refused { function: "yaml.marshal" })),
];

/// The functions as an engine takes them.
pub(crate) fn functions() -> impl Iterator<Item = (&'static str, u8, Box<dyn Extension>)> {
    FUNCTIONS.into_iter().map(|(name, arguments, function)| {
        let call: Box<dyn Extension> = Box::new(move |it: Vec<Value>| Ok(function(&it)?));
        (name, arguments, call)
    })
}

fn hex(mut text: String, byte: u8) -> String {
    let _ = write!(text, "{byte:02x}");
    text
}

/// As Go's `url.QueryEscape`.
fn query(mut text: String, byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
        b' ' => text.push('+'),
        _ => {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn encoded(
    function: &'static str,
    arguments: &[Value],
    encode: impl Fn(&[u8]) -> String,
) -> Result<Value, BuiltinError> {
    let [Value::String(text)] = arguments else {
        return Err(BuiltinError::Operand { function, expected: "a string" });
    };
    if text.len() > MAX_TEXT {
        return Err(BuiltinError::TooLarge { function });
    }
    bounded_text(function, encode(text.as_bytes()))
}

fn marshal(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "json.marshal";
    let [value] = arguments else { return Err(BuiltinError::Operand { function, expected: "a value" }) };
    let text = serde_json::to_string(value)
        .map_err(|_| BuiltinError::Operand { function, expected: "a value that JSON has" })?;
    bounded_text(function, text)
}

/// Every `step`-th whole number from one to another, both counted.
fn range_step(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "numbers.range_step";
    let numbers: Option<Vec<i64>> = arguments.iter().map(whole).collect();
    let Some(&[first, last, step]) = numbers.as_deref() else {
        return Err(BuiltinError::Operand { function, expected: "three whole numbers" });
    };
    let Some(step) = u64::try_from(step).ok().filter(|step| *step > 0) else {
        return Err(BuiltinError::Operand { function, expected: "a step above zero" });
    };
    let steps = first.abs_diff(last) / step;
    if steps >= MAX_ITEMS as u64 {
        return Err(BuiltinError::TooLarge { function });
    }
    let (first, step) = (i128::from(first), i128::from(step) * if first <= last { 1 } else { -1 });
    Ok(Value::from((0..=steps).map(|at| Value::from(first + i128::from(at) * step)).collect::<Vec<_>>()))
}

/// All addresses of a network.
fn cidr_expand(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "net.cidr_expand";
    let expected = "a network such as 10.0.0.0/24";
    let read = |text: &str| {
        let (address, length) = text.split_once('/')?;
        Some((address.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?))
    };
    let network = match arguments {
        [Value::String(text)] => read(text),
        _ => None,
    };
    let (address, length) = network.ok_or(BuiltinError::Operand { function, expected })?;
    let (bits, number) = match address {
        IpAddr::V4(address) => (32, u128::from(address.to_bits())),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    let free = bits_left(bits, length).ok_or(BuiltinError::Operand { function, expected })?;
    let count = 1_u128.checked_shl(free).filter(|count| *count <= MAX_ITEMS as u128);
    let count = count.ok_or(BuiltinError::TooLarge { function })?;
    let first = number & !(count - 1);
    let name = |number: u128| match address {
        IpAddr::V4(_) => std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap_or_default()).to_string(),
        IpAddr::V6(_) => std::net::Ipv6Addr::from_bits(number).to_string(),
    };
    Ok(Value::from((first..=first + (count - 1)).map(|it| Value::from(name(it))).collect::<Vec<_>>()))
}

fn bits_left(bits: u32, length: u32) -> Option<u32> {
    bits.checked_sub(length)
}

fn replace_n(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "strings.replace_n";
    let expected = "an object of strings, and a string";
    let [Value::Object(patterns), Value::String(text)] = arguments else {
        return Err(BuiltinError::Operand { function, expected });
    };
    let mut text = text.to_string();
    for (old, new) in patterns.iter() {
        let (Value::String(old), Value::String(new)) = (old, new) else {
            return Err(BuiltinError::Operand { function, expected });
        };
        let count = text.matches(old.as_ref()).count();
        if text.len().saturating_add(count.saturating_mul(new.len())) > MAX_TEXT {
            return Err(BuiltinError::TooLarge { function });
        }
        text = text.replace(old.as_ref(), new);
    }
    bounded_text(function, text)
}

fn regex_replace(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "regex.replace";
    let [Value::String(text), Value::String(searched), Value::String(replacement)] = arguments else {
        return Err(BuiltinError::Operand { function, expected: "three strings" });
    };
    // What is no pattern has no value, as in OPA's own tests.
    let Ok(searched) = pattern(searched) else { return Ok(Value::Undefined) };
    let mut replaced = String::new();
    let mut end = 0;
    for found in searched.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        replaced.push_str(text.get(end..whole.start()).unwrap_or_default());
        found.expand(replacement, &mut replaced);
        end = whole.end();
        if replaced.len() > MAX_TEXT {
            return Err(BuiltinError::TooLarge { function });
        }
    }
    replaced.push_str(text.get(end..).unwrap_or_default());
    bounded_text(function, replaced)
}

fn shift_left(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "bits.lsh";
    let numbers: Option<Vec<i64>> = arguments.iter().map(whole).collect();
    let Some(&[number, by]) = numbers.as_deref() else {
        return Err(BuiltinError::Operand { function, expected: "two whole numbers" });
    };
    let by = u32::try_from(by)
        .map_err(|_| BuiltinError::Operand { function, expected: "a number of bits that is not negative" })?;
    let fits = by < 64;
    let shifted = fits.then(|| i128::from(number) << by).ok_or(BuiltinError::TooLarge { function })?;
    Ok(Value::from(shifted))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use regorus::Engine;

    use crate::builtins::register;

    /// The value of an expression, or what is wrong with it.
    fn value(expression: &str) -> String {
        let mut engine = Engine::new();
        register(&mut engine).unwrap();
        engine.add_policy("a".to_owned(), format!("package a\nvalue := {expression}")).unwrap();
        match engine.eval_rule("data.a.value".to_owned()) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn they_answer_as_opa_does() {
        for (expression, expected) in [
            ("numbers.range_step(1, 10, 3)", "[1,4,7,10]"),
            ("numbers.range_step(4, 1, 2)", "[4,2]"),
            ("net.cidr_expand(\"10.0.0.6/30\")", r#"["10.0.0.4","10.0.0.5","10.0.0.6","10.0.0.7"]"#),
            ("count(net.cidr_expand(\"::1/120\"))", "256"),
            (r#"strings.replace_n({"a": "b", "x": ""}, "axa")"#, r#""bb""#),
            (r#"regex.replace("a-1 b-2", "([a-z])-([0-9])", "$2$1")"#, r#""1a 2b""#),
            (r#"regex.replace("abc", "(", "x")"#, "\"<undefined>\""),
            (r#"hex.encode("Aö")"#, r#""41c3b6""#),
            (r#"base64.encode("a?>")"#, r#""YT8+""#),
            (r#"base64url.encode("a?>b")"#, r#""YT8-Yg==""#),
            (r#"base64url.encode_no_pad("a?>b")"#, r#""YT8-Yg""#),
            (r#"urlquery.encode("a b&ö")"#, r#""a+b%26%C3%B6""#),
            (r#"json.marshal({"b": [1, "x"], "a": null})"#, r#""{\"a\":null,\"b\":[1,\"x\"]}""#),
            ("bits.lsh(3, 4)", "48"),
        ] {
            assert_eq!(value(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_would_be_too_much_is_refused() {
        let doubled = |function: &str| {
            let chain = (0..30).fold(r#""aaaaaaaa""#.to_owned(), |it, _| format!("{function}({it})"));
            value(&chain)
        };
        let long = r#"concat("", [x | x := "aaaaaaaaaa"; numbers.range(1, 50000)[_]])"#;
        for (what, said) in [
            ("range_step", value("numbers.range_step(1, 1000000000, 1)")),
            ("a step of nothing", value("numbers.range_step(1, 2, 0)")),
            ("cidr_expand", value("net.cidr_expand(\"0.0.0.0/0\")")),
            ("cidr_expand of version 6", value("net.cidr_expand(\"::/0\")")),
            ("hex", doubled("hex.encode")),
            ("json", doubled("json.marshal")),
            ("bits", value("bits.lsh(1, 1000000000)")),
            ("paths", value("graph.reachable_paths({}, {})")),
            ("replace_n", value(&format!(r#"strings.replace_n({{"a": "bbbbbbbbbb"}}, {long})"#))),
            ("regex", value(&format!(r#"regex.replace({long}, "a", "bbbbbbbbbb")"#))),
        ] {
            assert!(said.len() < 2_000, "{what}: {} bytes", said.len());
            assert!(
                ["larger than a policy may make", "a step above zero", "is not available"]
                    .iter()
                    .any(|it| said.contains(it))
                    || said.contains("undefined"),
                "{what}: {said}"
            );
        }
    }
}
