//! What expressions come to, by the grammar of the language and by Kyverno's documentation of its functions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Budget, Operand, QueryError, Surroundings, evaluate, parse};

struct Root<'v> {
    value: &'v Value,
    budget: Budget,
}

impl<'v> Surroundings<'v> for Root<'v> {
    fn field(&self, name: &str) -> Result<Operand<'v>, QueryError> {
        self.value.get(name).map(Operand::borrowed).ok_or_else(|| QueryError::NotFound(name.to_owned()))
    }

    fn request_field(&self, name: &str) -> Result<Operand<'v>, QueryError> {
        Err(QueryError::NotFound(name.to_owned()))
    }

    fn whole(&self) -> Result<Value, QueryError> {
        Ok(self.value.clone())
    }

    fn whole_request(&self) -> Result<Value, QueryError> {
        Ok(Value::Null)
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn now(&self) -> Option<&str> {
        Some("2024-03-01T12:00:00Z")
    }
}

fn result(expression: &str, value: &Value) -> Result<Value, QueryError> {
    let node = parse(expression)?;
    evaluate(&node, &Root { value, budget: Budget::new() }).map(Cow::into_owned)
}

fn document() -> Value {
    json!({
        "a": {"b": {"c": 1}, "list": [1, 2, 3, 4]},
        "people": [
            {"name": "ada", "age": 36, "tags": ["x", "y"]},
            {"name": "bob", "age": 20, "tags": ["z"]},
            {"name": "eve", "tags": []},
        ],
        "by-name": {"one": {"n": 1}, "two": {"n": 2}},
        "empty": [], "null": null, "text": "Hello",
    })
}

#[test]
fn the_language() {
    let document = document();
    for (expression, expected) in [
        ("a.b.c", json!(1)),
        ("\"by-name\".one.n", json!(1)),
        ("a.list[0]", json!(1)),
        ("a.list[-1]", json!(4)),
        ("a.list[1:3]", json!([2, 3])),
        ("a.list[::-1]", json!([4, 3, 2, 1])),
        ("text[1:3]", json!("el")),
        ("people[*].name", json!(["ada", "bob", "eve"])),
        ("people[].tags[]", json!(["x", "y", "z"])),
        ("people[?age > `30`].name", json!(["ada"])),
        ("people[?age == `20`] | [0].name", json!("bob")),
        ("people[?contains(tags, 'x')].name | [0]", json!("ada")),
        ("\"by-name\".*.n", json!([1, 2])),
        ("people[*].[name, age]", json!([["ada", 36], ["bob", 20], ["eve", null]])),
        ("people[*].{n: name}[0]", json!({"n": "ada"})),
        ("people[*].{n: name} | [0]", json!({"n": "ada"})),
        ("missing || 'default'", json!("default")),
        ("a.missing.deep || empty || text", json!("Hello")),
        ("!empty && a.b.c == `1`", json!(true)),
        ("null || `false`", json!(false)),
        ("length(people) > `2`", json!(true)),
        ("people[?!age].name", json!(["eve"])),
        ("a.list | length(@)", json!(4)),
        ("let $x = a.b.c in a.list[?@ > $x]", json!([2, 3, 4])),
        ("a.b.c + `2` * `3`", json!(7)),
        ("`[1, 2]`[0]", json!(1)),
        ("'it\\'s'", json!("it's")),
        ("@.text", json!("Hello")),
        ("people[].{n: name, t: tags[0]}[] | [1]", json!({"n": "bob", "t": "z"})),
        ("sort_by(people[?age], &age)[0].name", json!("bob")),
        ("map(&length(tags), people)", json!([2, 1, 0])),
        ("max_by(people[?age], &age).name", json!("ada")),
    ] {
        assert_eq!(result(expression, &document), Ok(expected), "{expression}");
    }
}

#[test]
fn the_functions() {
    let nothing = json!({});
    for (expression, expected) in [
        ("add('1Gi', '512Mi')", json!("1536Mi")),
        // `30m` would be a quantity.
        ("subtract('1h', '30s')", json!("59m30s")),
        ("multiply('2h', `2`)", json!("4h0m0s")),
        ("divide('1Gi', '256Mi')", json!(4)),
        ("divide(`7`, `2`)", json!(3.5)),
        ("modulo(`7`, `4`)", json!(3)),
        ("round(`2.71928`, `2`)", json!(2.72)),
        ("sum(`[1, 2, 3]`)", json!(6)),
        ("base64_decode(base64_encode('abc'))", json!("abc")),
        ("compare('a', 'b')", json!(-1)),
        ("equal_fold('Ab', 'aB')", json!(true)),
        ("image_normalize('nginx')", json!("docker.io/nginx:latest")),
        ("items(`{\"a\": 1}`, 'k', 'v')", json!([{"k": "a", "v": 1}])),
        ("items(`[7]`, 'k', 'v')", json!([{"k": 0, "v": 7}])),
        ("label_match(`{\"a\": \"b\"}`, `{\"a\": \"b\", \"c\": \"d\"}`)", json!(true)),
        ("lookup(`{\"a\": 1}`, 'a')", json!(1)),
        ("object_from_lists(`[\"a\", \"b\"]`, `[1]`)", json!({"a": 1, "b": null})),
        ("parse_json('{\"a\": [1]}').a[0]", json!(1)),
        ("parse_yaml('a: {b: 2}').a.b", json!(2)),
        ("path_canonicalize('/a//b/../c/./')", json!("/a/c")),
        ("pattern_match('a-*', 'a-b')", json!(true)),
        ("regex_match('^v[0-9]+$', 'v12')", json!(true)),
        ("regex_match('^[0-9]+$', `12`)", json!(true)),
        ("regex_replace_all('([a-z])(\\d)', 'a1 b2', '${2}${1}')", json!("1a 2b")),
        ("regex_replace_all_literal('a', 'banana', '$0')", json!("b$0n$0n$0")),
        ("replace('a-a-a', '-', '+', `1`)", json!("a+a-a")),
        ("replace_all('a-a-a', '-', '')", json!("aaa")),
        ("semver_compare('1.2.3', '>=1.0.0 <2.0.0')", json!(true)),
        ("split('a,b', ',')", json!(["a", "b"])),
        ("to_boolean('TRUE')", json!(true)),
        ("to_lower(to_upper('aB'))", json!("ab")),
        ("trim('--a--', '-')", json!("a")),
        ("trim_prefix('v1', 'v')", json!("1")),
        ("truncate('abcdef', `3`)", json!("abc")),
        ("sha256('') | truncate(@, `8`)", json!("e3b0c442")),
        ("time_add('2024-01-31T00:00:00Z', '24h')", json!("2024-02-01T00:00:00Z")),
        ("time_after('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z')", json!(true)),
        ("time_between('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-03T00:00:00Z')", json!(true)),
        ("time_diff('2024-01-01T00:00:00Z', '2024-01-01T01:30:00+01:00')", json!("30m0s")),
        ("time_parse('2006-01-02', '2024-05-06')", json!("2024-05-06T00:00:00Z")),
        ("time_parse('02 Jan 06 15:04 MST', '06 May 24 07:08 UTC')", json!("2024-05-06T07:08:00Z")),
        ("time_since('', '2024-03-01T10:00:00Z', '')", json!("2h0m0s")),
        ("time_now_utc()", json!("2024-03-01T12:00:00Z")),
        ("time_to_cron('2024-03-01T12:34:00Z')", json!("34 12 1 3 5")),
        ("time_truncate('2024-03-01T12:34:56Z', '1h')", json!("2024-03-01T12:00:00Z")),
        ("time_utc('2024-03-01T12:00:00+02:00')", json!("2024-03-01T10:00:00Z")),
    ] {
        assert_eq!(result(expression, &nothing), Ok(expected), "{expression}");
    }
}

#[test]
fn what_is_missing_is_not_null() {
    let document = document();
    assert_eq!(result("a.missing", &document), Err(QueryError::NotFound("missing".to_owned())));
    assert_eq!(result("null", &document), Ok(json!(null)));
    assert!(matches!(result("length(a.missing)", &document), Err(QueryError::Failed(_))));
    assert!(matches!(result("random('x')", &document), Err(QueryError::Unavailable(_))));
}

#[test]
fn errors_say_where() {
    for (expression, column, words) in [
        ("a.", 3, "after the dot"),
        ("a b", 3, "expected the end"),
        ("length()", 1, "takes 1 arguments"),
        ("no_such(@)", 1, "no function"),
        ("a[", 3, "expected"),
        ("'open", 1, "not closed"),
        ("a ? b", 3, "expected the end"),
        ("regex_match('(', a)", 1, "regular expression"),
    ] {
        let Err(QueryError::Syntax { column: found, message, .. }) = parse(expression) else {
            unreachable!("{expression}")
        };
        assert!(found == column && message.contains(words), "{expression}: {found} {message}");
    }
}

#[test]
fn nothing_grows_without_bound() {
    let pairs = " | [@, @]".repeat(30);
    let nested = format!("{}@{}", "[".repeat(30), "]".repeat(30));
    for expression in [
        format!("@{pairs}"),
        format!("{nested}{}", " | [@, @, @, @, @, @, @, @]".repeat(12)),
        "a.list".to_owned() + &" | map(&[@, @], @)".repeat(30),
        "a.list".to_owned() + &" | zip(@, @, @, @)".repeat(30),
        "text".to_owned() + &" | join(@, `[\"a\", \"b\", \"c\", \"d\"]`)".repeat(30),
        "text".to_owned() + &" | replace_all(@, 'l', 'llllllllllllllll')".repeat(30),
    ] {
        assert_eq!(result(&expression, &document()), Err(QueryError::Exhausted), "{expression}");
    }
    for deep in
        ["(".repeat(5000), "!".repeat(5000), "a.".repeat(5000) + "a", "a[0]".repeat(3000), "&".repeat(900)]
    {
        assert!(matches!(parse(&deep), Err(QueryError::Syntax { .. })));
    }
}
