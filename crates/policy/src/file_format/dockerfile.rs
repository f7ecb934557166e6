//! The instructions of a Dockerfile, in the structure that conftest gives its policies: `Cmd`, `SubCmd`, `JSON`,
//! `Flags`, `Value` and `Stage` of each. <https://docs.docker.com/reference/dockerfile/>

use serde_json::{Value, json};

use super::{Lines, Unreadable};

/// The instructions that there are.
const INSTRUCTIONS: [&str; 18] = [
    "add",
    "arg",
    "cmd",
    "copy",
    "entrypoint",
    "env",
    "expose",
    "from",
    "healthcheck",
    "label",
    "maintainer",
    "onbuild",
    "run",
    "shell",
    "stopsignal",
    "user",
    "volume",
    "workdir",
];
/// How many levels of ONBUILD are followed; Docker allows one.
const MAX_DEPTH: usize = 1;

/// A line of instructions with its continuations taken in.
struct Line {
    number: usize,
    offset: usize,
    text: String,
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<(Value, Lines), Unreadable> {
    let mut commands = Vec::new();
    let mut lines = Lines::new();
    let mut stage: Option<usize> = None;
    for found in logical_lines(text) {
        let number = u32::try_from(found.number).unwrap_or(u32::MAX);
        let place = format!("/{}", commands.len());
        if let Some(comment) = found.text.strip_prefix('#') {
            lines.insert(place, number);
            let value = [comment.trim().to_owned()];
            commands.push(command("comment", "", false, &[], &value, stage.unwrap_or(0)));
            continue;
        }
        let (name, rest) = split_word(&found.text);
        let name = name.to_lowercase();
        let wrong = |message: String| Unreadable { offset: found.offset, message };
        if name == "from" {
            stage = Some(stage.map_or(0, |stage| stage + 1));
        }
        let parsed = instruction(&name, rest, 0).map_err(wrong)?;
        lines.insert(place, number);
        let Parsed { sub, json, flags, value } = parsed;
        commands.push(command(&name, &sub, json, &flags, &value, stage.unwrap_or(0)));
    }
    if !commands.iter().any(|command| command.get("Cmd").is_some_and(|name| name != "comment")) {
        return Err(Unreadable {
            offset: 0,
            message: "there is no instruction in the Dockerfile".to_owned(),
        });
    }
    Ok((Value::Array(commands), lines))
}

fn command(name: &str, sub: &str, json: bool, flags: &[String], value: &[String], stage: usize) -> Value {
    json!({"Cmd": name, "SubCmd": sub, "JSON": json, "Flags": flags, "Value": value, "Stage": stage})
}

struct Parsed {
    sub: String,
    json: bool,
    flags: Vec<String>,
    value: Vec<String>,
}

fn instruction(name: &str, rest: &str, depth: usize) -> Result<Parsed, String> {
    if !INSTRUCTIONS.contains(&name) {
        return Err(format!(
            "\"{}\" is no instruction of a Dockerfile",
            name.chars().take(40).collect::<String>()
        ));
    }
    if rest.is_empty() && name != "shell" {
        return Err(format!("{} says nothing", name.to_uppercase()));
    }
    if name == "onbuild" {
        let (inner, rest) = split_word(rest);
        if depth >= MAX_DEPTH {
            return Err("ONBUILD cannot stand inside of ONBUILD".to_owned());
        }
        let inner = inner.to_lowercase();
        let parsed = instruction(&inner, rest, depth + 1)?;
        return Ok(Parsed { sub: inner, ..parsed });
    }
    let (flags, rest) = flags(rest);
    let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let list = || serde_json::from_str::<Vec<String>>(rest).ok();
    let (json, value) = match name {
        "add" | "copy" | "volume" => list().map_or_else(|| (false, words(rest)), |list| (true, list)),
        "cmd" | "entrypoint" | "run" | "shell" => {
            list().map_or_else(|| (false, vec![rest.to_owned()]), |list| (true, list))
        }
        "env" | "label" => (false, pairs(rest)),
        "arg" => (false, quoted_words(rest)),
        "from" | "expose" => (false, words(rest)),
        "healthcheck" => {
            let (kind, rest) = split_word(rest);
            let mut value = vec![kind.to_uppercase()];
            let list = serde_json::from_str::<Vec<String>>(rest).ok();
            let json = list.is_some();
            value.extend(
                list.unwrap_or_else(|| if rest.is_empty() { Vec::new() } else { vec![rest.to_owned()] }),
            );
            (json, value)
        }
        _ => (false, vec![rest.to_owned()]),
    };
    Ok(Parsed { sub: String::new(), json, flags, value })
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// The words `--…` before the arguments.
fn flags(text: &str) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    while rest.starts_with("--") {
        let (word, behind) = split_word(rest);
        if word == "--" {
            return (found, behind);
        }
        found.push(word.to_owned());
        rest = behind;
    }
    (found, rest)
}

/// `A=1 B="2 3"`, or the old form `A 1 2`: name, value and the sign between them, one after the other.
fn pairs(text: &str) -> Vec<String> {
    let words = quoted_words(text);
    if words.first().is_some_and(|word| !word.contains('=')) {
        let (name, value) = split_word(text);
        return vec![name.to_owned(), value.to_owned(), String::new()];
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        [name.to_owned(), value.to_owned(), "=".to_owned()]
    };
    words.iter().flat_map(pair).collect()
}

/// Words, where quotes and backslashes keep spaces in. Quotes stay, as Docker leaves them to the shell.
fn quoted_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) if quote != Some('\'') => {
                word.push(character);
                word.extend(characters.next());
                continue;
            }
            (' ' | '\t', None) => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            ('"' | '\'', None) => quote = Some(character),
            (same, Some(open)) if same == open => quote = None,
            _ => {}
        }
        word.push(character);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Instructions and comments, continued lines joined, texts of heredocs left out.
fn logical_lines(text: &str) -> Vec<Line> {
    let mut escape = '\\';
    let mut found = Vec::new();
    let mut open: Option<Line> = None;
    let mut awaited: Vec<String> = Vec::new();
    let mut directives = true;
    let mut offset = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        if let Some(end) = awaited.first() {
            if line.trim_start_matches('\t') == end {
                awaited.remove(0);
            }
            continue;
        }
        let trimmed = line.trim();
        if trimmed.is_empty() {
            directives = false;
            continue;
        }
        if let Some(comment) = trimmed.strip_prefix('#') {
            let directive =
                comment.split_once('=').map(|(name, value)| (name.trim().to_lowercase(), value.trim()));
            match directive {
                Some((name, "`")) if directives && name == "escape" => escape = '`',
                Some((name, _)) if directives && ["syntax", "escape", "check"].contains(&name.as_str()) => {}
                // Inside of a continued instruction comments are passed over.
                _ if open.is_some() => {}
                _ => {
                    directives = false;
                    found.push(Line { number: index + 1, offset: start, text: trimmed.to_owned() });
                }
            }
            continue;
        }
        directives = false;
        let (part, continues) = match trimmed.strip_suffix(escape) {
            Some(part) => (part, true),
            None => (trimmed, false),
        };
        let line = open.get_or_insert_with(|| Line { number: index + 1, offset: start, text: String::new() });
        line.text.push_str(part);
        if !continues {
            let line = open.take();
            awaited = line.as_ref().map(|line| heredocs(&line.text)).unwrap_or_default();
            found.extend(line);
        }
    }
    found.extend(open);
    found
}

/// The words that end the heredocs of an instruction.
fn heredocs(text: &str) -> Vec<String> {
    let (name, rest) = split_word(text);
    if !["run", "copy", "add"].contains(&name.to_lowercase().as_str()) {
        return Vec::new();
    }
    let ends = rest.split_whitespace().filter_map(|word| {
        let end = word.strip_prefix("<<")?.trim_start_matches('-').trim_matches(['"', '\'']);
        let is_name = !end.is_empty() && end.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        is_name.then(|| end.to_owned())
    });
    ends.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use crate::file_format::read_file;

    #[test]
    fn instructions_have_their_own_arguments() {
        let text = "# syntax=docker/dockerfile:1\n# The build\nFROM --platform=linux/amd64 golang:1.26 AS build\n\nENV A=1 B=\"2 3\"\nENV OLD one two\nRUN apt-get update && \\\n    # why\n    apt-get install -y curl\nCOPY --from=x [\"a b\", \"/\"]\nRUN <<EOF\nFROM nothing\nEOF\nFROM scratch\nUSER 65532:65532\nENTRYPOINT [\"/service\"]\nONBUILD ADD . /x\nHEALTHCHECK --interval=5s CMD curl localhost\n";
        let (documents, problems) = read_file("Dockerfile", text);
        assert_eq!(problems, []);
        let row = |index: usize| {
            let it = &documents[0].value[index];
            (
                it["Cmd"].as_str().unwrap().to_owned(),
                it["Flags"].clone(),
                it["Value"].clone(),
                it["Stage"].as_u64().unwrap(),
            )
        };
        let rows = [
            ("comment", json!([]), json!(["The build"]), 0),
            ("from", json!(["--platform=linux/amd64"]), json!(["golang:1.26", "AS", "build"]), 0),
            ("env", json!([]), json!(["A", "1", "=", "B", "\"2 3\"", "="]), 0),
            ("env", json!([]), json!(["OLD", "one two", ""]), 0),
            ("run", json!([]), json!(["apt-get update && apt-get install -y curl"]), 0),
            ("copy", json!(["--from=x"]), json!(["a b", "/"]), 0),
            ("run", json!([]), json!(["<<EOF"]), 0),
            ("from", json!([]), json!(["scratch"]), 1),
            ("user", json!([]), json!(["65532:65532"]), 1),
            ("entrypoint", json!([]), json!(["/service"]), 1),
            ("onbuild", json!([]), json!([".", "/x"]), 1),
            ("healthcheck", json!(["--interval=5s"]), json!(["CMD", "curl localhost"]), 1),
        ];
        for (index, (name, flags, value, stage)) in rows.into_iter().enumerate() {
            assert_eq!(row(index), (name.to_owned(), flags, value, stage));
        }
        assert_eq!(documents[0].value[9]["JSON"], json!(true));
        assert_eq!(documents[0].value[10]["SubCmd"], json!("add"));
        assert_eq!(documents[0].line("[4].Value"), Some(7));
    }
}
