//! Paths with slashes; the ones of the operating system are the same here.

use super::registry::Kind::Text;
use super::registry::{Function, function};
use super::strings::text;
use super::value::Value;

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("base", &[Text], None, |r, v| r.text(base(text(v, 0))), "The last part of a path", r#"{{ base "a/b.c" }}"#, "b.c"),
    function("dir", &[Text], None, |r, v| r.text(dir(text(v, 0))), "A path without its last part", r#"{{ dir "a/b" }}"#, "a"),
    function("ext", &[Text], None, |r, v| r.text(extension(text(v, 0))), "The extension of a path", r#"{{ ext "a.b" }}"#, ".b"),
    function("clean", &[Text], None, |r, v| r.text(clean(text(v, 0))), "The shortest form of a path", r#"{{ clean "a//b/../c" }}"#, "a/c"),
    function("isAbs", &[Text], None, |_, v| Ok(Value::Bool(text(v, 0).starts_with('/'))), "Whether a path begins at the root", r#"{{ isAbs "/a" }}"#, "true"),
    function("osBase", &[Text], None, |r, v| r.text(base(text(v, 0))), "The same as base", r#"{{ osBase "/a/b" }}"#, "b"),
    function("osDir", &[Text], None, |r, v| r.text(dir(text(v, 0))), "The same as dir", r#"{{ osDir "/a/b" }}"#, "/a"),
    function("osExt", &[Text], None, |r, v| r.text(extension(text(v, 0))), "The same as ext", r#"{{ osExt "/a.b" }}"#, ".b"),
    function("osClean", &[Text], None, |r, v| r.text(clean(text(v, 0))), "The same as clean", r#"{{ osClean "/a/../b" }}"#, "/b"),
    function("osIsAbs", &[Text], None, |_, v| Ok(Value::Bool(text(v, 0).starts_with('/'))), "The same as isAbs", r#"{{ osIsAbs "a" }}"#, "false"),
];

fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

fn dir(path: &str) -> String {
    let start = path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default();
    clean(start)
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').and_then(|dot| name.get(dot..)).unwrap_or_default()
}

fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}
