//! One source of Rego: its package, its rules, and what it names elsewhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::RegoFile;
use super::metadata::{Scope, annotations};
use crate::explanation::Explanation;
use crate::rego::{Source, is_version_one};
use crate::token::{Kind, Token, tokens};

/// A source, looked at but not compiled.
pub(super) struct Module {
    pub(super) path: String,
    pub(super) package: String,
    /// Whether it holds tests, by its name.
    pub(super) is_test: bool,
    /// What it names below `data`, by dotted paths.
    pub(super) references: BTreeSet<String>,
    text: String,
    version_one: bool,
    /// The names of what begins at the beginning of a line, in order.
    heads: Vec<String>,
}

impl Module {
    /// `None` for a source without a package.
    pub(super) fn read(file: &RegoFile) -> Option<Self> {
        let tokens: Vec<Token<'_>> = tokens(&file.text).into_iter().filter(Token::counts).collect();
        let (first, rest) = tokens.split_first()?;
        if first.text != "package" {
            return None;
        }
        let package = dotted(rest)?;
        let mut references = BTreeSet::new();
        let mut heads: Vec<String> = Vec::new();
        for (index, token) in tokens.iter().enumerate().skip(1) {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before));
            let after_dot = before.is_some_and(|before| before.text == ".");
            if token.text == "data" && !after_dot {
                let path = tokens.get(index + 1..).and_then(|rest| dotted(rest.strip_prefix_dot()?));
                references.extend(path);
            }
            let is_head = token.kind == Kind::Word && token.column == 1;
            if is_head && !["import", "package", "else"].contains(&token.text) {
                let name = match tokens.get(index + 1) {
                    Some(next) if token.text == "default" => next.text,
                    _ => token.text,
                };
                if !heads.iter().any(|known| known == name) {
                    heads.push(name.to_owned());
                }
            }
        }
        Some(Self {
            path: file.path.clone(),
            package,
            is_test: file.path.ends_with("_test.rego"),
            references,
            version_one: is_version_one(&file.text),
            text: file.text.clone(),
            heads,
        })
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source { place: self.path.clone(), text: &self.text, version_one: self.version_one }
    }

    /// The rules that find something.
    pub(super) fn rules(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().map(String::as_str).filter(|name| {
            ["deny", "violation", "warn"].iter().any(|word| {
                name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        })
    }

    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.heads.iter().any(|head| head == name)
    }

    /// The names of the tests.
    pub(super) fn tests(&self) -> impl Iterator<Item = &str> {
        let is_test = |name: &&str| name.starts_with("test_") || name.starts_with("todo_test_");
        self.heads.iter().map(String::as_str).filter(is_test)
    }

    /// Whether a path below `data` leads to this package, into it, or to what holds it.
    pub(super) fn is_named_by(&self, reference: &str) -> bool {
        let inside = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        inside(&self.package, reference) || inside(reference, &self.package)
    }

    /// What the annotations (`# METADATA`) say of a rule, and of the package where the rule is silent.
    pub(super) fn explanation(&self, rule: &str) -> Explanation {
        let found = annotations(&self.path, &self.text);
        let of = |wanted: &dyn Fn(&Scope) -> bool| {
            found
                .iter()
                .find(|(scope, _)| wanted(scope))
                .map(|(_, words)| Explanation::of_metadata(words))
                .unwrap_or_default()
        };
        of(&|scope| matches!(scope, Scope::Rule(name) if name == rule))
            .or(&of(&|scope| *scope == Scope::Package))
    }
}

trait AfterDot<'t, 'a> {
    /// The tokens after a dot at the beginning.
    fn strip_prefix_dot(&self) -> Option<&'t [Token<'a>]>;
}

impl<'t, 'a> AfterDot<'t, 'a> for &'t [Token<'a>] {
    fn strip_prefix_dot(&self) -> Option<&'t [Token<'a>]> {
        let (first, rest) = self.split_first()?;
        (first.text == ".").then_some(rest)
    }
}

/// The dotted path that tokens begin with; parts may stand in brackets as texts.
fn dotted(tokens: &[Token<'_>]) -> Option<String> {
    let mut path = tokens.first().filter(|token| token.kind == Kind::Word)?.text.to_owned();
    let mut rest = tokens.get(1..).unwrap_or_default();
    while let [dot, word, behind @ ..] = rest {
        if dot.text != "." || word.kind != Kind::Word {
            break;
        }
        path.push('.');
        path.push_str(word.text);
        rest = behind;
    }
    Some(path)
}

impl Explanation {
    /// The words of OPA's annotations: `title`, `description`, `related_resources`, and `custom` for the rest.
    fn of_metadata(words: &Value) -> Self {
        let text =
            |pointer: &str| words.pointer(pointer).and_then(Value::as_str).map(|it| it.trim().to_owned());
        let related = words.pointer("/related_resources/0");
        let controls = words.pointer("/custom/controls").and_then(Value::as_array);
        Self {
            title: text("/title"),
            why: text("/custom/why").or_else(|| text("/description")),
            example: text("/custom/example"),
            fix: text("/custom/fix"),
            docs: text("/custom/docs")
                .or_else(|| related?.get("ref").or(related)?.as_str().map(str::to_owned)),
            controls: controls.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            severity: text("/custom/severity")
                .and_then(|word| serde_json::from_value(word.to_lowercase().into()).ok()),
            patch: words.pointer("/custom/patch").and_then(|it| crate::patch::PatchTemplate::of(it).ok()),
        }
    }
}
