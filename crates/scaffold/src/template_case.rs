//! A case of a template's tests: what is answered, and what has to come of it.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::TreePath;
use fairway_domain::{Diagnostic, EntityRef};
use fairway_yaml::Document;
use serde_json::{Map, Value, json};

use crate::near;

/// The name of the file that describes a case.
pub const CASE_FILE: &str = "case.yaml";
/// The word for programs on everything that is wrong with a case.
pub(crate) const CODE: &str = "template-case";
/// Whoever asks, when a case does not say.
const USER: &str = "user:default/guest";

const KEYS: [&str; 6] = ["template", "values", "user", "existing", "skip", "expect"];
const EXPECTED: [&str; 5] = ["error", "repositories", "files", "golden", "unreadable"];

/// What a file of the result has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileExpectation {
    /// It is there.
    There,
    /// It is not there.
    Absent,
    /// It is there, and each of these texts is in it.
    Holds(Vec<String>),
}

/// Which repositories are compared with the golden tree beside the case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Golden {
    /// All of them, when there is such a tree.
    #[default]
    WhenThere,
    /// All of them.
    All,
    /// These.
    Only(BTreeSet<String>),
    /// None.
    Never,
}

/// What has to come of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Texts of the errors that have to be given, each error by one of them; without any, a plan has to be made.
    pub errors: Vec<String>,
    /// The repositories that are created or committed to, all of them, as `owner/name`.
    pub repositories: Option<BTreeSet<String>>,
    /// Files by `owner/name/path`.
    pub files: BTreeMap<String, FileExpectation>,
    /// What is compared with the golden tree.
    pub golden: Golden,
    /// Patterns of files that may be unreadable as what their names say, for example the templates of a chart.
    pub unreadable: Vec<String>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct TemplateCase {
    /// Its name, that of its folder.
    pub name: String,
    /// Which template, where a file holds several.
    pub template: Option<String>,
    /// The answers.
    pub values: Value,
    /// Whoever asks.
    pub user: EntityRef,
    /// Repositories that are there already.
    pub existing: BTreeSet<RepositoryRef>,
    /// Why it is not to be run.
    pub skip: Option<String>,
    /// What has to come of it.
    pub expect: Expectation,
    /// Where it is written.
    pub source: Document,
}

impl TemplateCase {
    /// A case with these answers, which expects a plan.
    pub fn of_values(name: &str, file: &str, values: Value) -> Self {
        Self {
            name: name.to_owned(),
            template: None,
            values,
            user: guest(),
            existing: BTreeSet::new(),
            skip: None,
            expect: Expectation::default(),
            source: Document::of_value(file, json!({})),
        }
    }

    /// Reads the text of a [`CASE_FILE`]. Everything that is wrong is told, with its place: a key that is not
    /// known is an error, as a case that expects nothing by a mistake would always pass.
    pub fn read(name: &str, file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
        if reading.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(reading.diagnostics);
        }
        let mut documents = reading.documents.into_iter();
        let source = match (documents.next(), documents.next()) {
            (None, _) => Document::of_value(file, json!({})),
            (Some(document), None) => document,
            (Some(_), Some(second)) => {
                return Err(vec![second.diagnostic("", CODE, "a case is one document")]);
            }
        };
        let mut reader = Reader { source: &source, problems: Vec::new() };
        let empty = Map::new();
        let all = reader.object("", &source.value, &KEYS).unwrap_or(&empty);
        let expect = match all.get("expect") {
            Some(expect) => reader.expectation(expect),
            None => Expectation::default(),
        };
        let values = match all.get("values") {
            None | Some(Value::Null) => json!({}),
            Some(values @ Value::Object(_)) => values.clone(),
            Some(_) => {
                reader.wrong("/values", "values must be an object of field names and answers");
                json!({})
            }
        };
        let user = reader.text(all, "user").and_then(|text| {
            let user = EntityRef::parse(text, Some("user"), "default");
            user.map_err(|error| reader.wrong("/user", &error.to_string())).ok()
        });
        let mut existing = BTreeSet::new();
        for (pointer, text) in reader.texts("/existing", all.get("existing")) {
            existing.extend(reader.repository(&pointer, &text));
        }
        let (skip, template) = (reader.text(all, "skip"), reader.text(all, "template"));
        let (skip, template) = (skip.map(str::to_owned), template.map(str::to_owned));
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        let user = user.unwrap_or_else(guest);
        Ok(Self { name: name.to_owned(), template, values, user, existing, skip, expect, source })
    }

    /// An error at a place of the case.
    pub(crate) fn wrong(&self, pointer: &str, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(pointer, CODE, message)
    }
}

fn guest() -> EntityRef {
    EntityRef::parse(USER, None, "default").unwrap_or_else(|_| EntityRef::new("user", "default", "guest"))
}

struct Reader<'a> {
    source: &'a Document,
    problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn wrong(&mut self, pointer: &str, message: &str) {
        self.problems.push(self.source.diagnostic(pointer, CODE, message));
    }

    /// An object that has these keys at the most.
    fn object(
        &mut self,
        pointer: &str,
        value: &'a Value,
        known: &'static [&'static str],
    ) -> Option<&'a Map<String, Value>> {
        let Value::Object(members) = value else {
            self.wrong(pointer, &format!("this must be an object with {}", known.join(", ")));
            return None;
        };
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            let shown: String = key.chars().take(100).collect();
            let problem = self.source.diagnostic(
                &format!("{pointer}/{}", escaped(key)),
                CODE,
                format!("there is no key \"{shown}\" here"),
            );
            let hint = near::suggestion(key, known.iter().copied())
                .unwrap_or_else(|| format!("the keys are {}", known.join(", ")));
            self.problems.push(problem.with_hint(hint));
        }
        Some(members)
    }

    fn text(&mut self, members: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
        match members.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            Some(_) => {
                self.wrong(&format!("/{key}"), &format!("{key} must be a text"));
                None
            }
        }
    }

    /// A text or a list of texts, each with its place.
    fn texts(&mut self, pointer: &str, value: Option<&Value>) -> Vec<(String, String)> {
        let items: Vec<(String, &Value)> = match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)).collect()
            }
            Some(one) => vec![(pointer.to_owned(), one)],
        };
        let mut texts = Vec::new();
        for (place, item) in items {
            match item.as_str().filter(|text| !text.is_empty()) {
                Some(text) => texts.push((place, text.to_owned())),
                None => self.wrong(&place, "this must be a text that is not empty"),
            }
        }
        texts
    }

    fn repository(&mut self, pointer: &str, text: &str) -> Option<RepositoryRef> {
        text.parse()
            .map_err(|error: fairway_domain::repository::RepositoryRefError| {
                self.wrong(pointer, &error.to_string());
            })
            .ok()
    }

    fn repositories(&mut self, pointer: &str, value: &Value) -> BTreeSet<String> {
        let texts = self.texts(pointer, Some(value));
        texts.iter().filter_map(|(at, text)| Some(self.repository(at, text)?.to_string())).collect()
    }

    fn expectation(&mut self, value: &'a Value) -> Expectation {
        let Some(members) = self.object("/expect", value, &EXPECTED) else { return Expectation::default() };
        let plain = |texts: Vec<(String, String)>| texts.into_iter().map(|(_, text)| text).collect();
        let expectation = Expectation {
            errors: plain(self.texts("/expect/error", members.get("error"))),
            repositories: members.get("repositories").map(|it| self.repositories("/expect/repositories", it)),
            files: members.get("files").map(|it| self.files(it)).unwrap_or_default(),
            golden: match members.get("golden") {
                None | Some(Value::Null) => Golden::WhenThere,
                Some(Value::Bool(true)) => Golden::All,
                Some(Value::Bool(false)) => Golden::Never,
                Some(only) => Golden::Only(self.repositories("/expect/golden", only)),
            },
            unreadable: plain(self.texts("/expect/unreadable", members.get("unreadable"))),
        };
        let says_more = ["repositories", "files", "golden", "unreadable"];
        if let Some(key) = says_more.into_iter().find(|key| members.contains_key(*key))
            && !expectation.errors.is_empty()
        {
            let message = format!("where an error is expected there is nothing to compare with {key}");
            self.wrong(&format!("/expect/{key}"), &message);
        }
        expectation
    }

    fn files(&mut self, value: &Value) -> BTreeMap<String, FileExpectation> {
        let Value::Object(members) = value else {
            self.wrong("/expect/files", "files must be an object of owner/name/path and what is in the file");
            return BTreeMap::new();
        };
        let mut files = BTreeMap::new();
        for (path, wanted) in members {
            let pointer = format!("/expect/files/{}", escaped(path));
            if path.parse::<TreePath>().is_err() || path.split('/').count() < 3 {
                self.wrong(
                    &pointer,
                    "a file is named by its repository and path, as in owner/name/README.md",
                );
                continue;
            }
            let wanted = match wanted {
                Value::Null | Value::Bool(true) => FileExpectation::There,
                Value::Bool(false) => FileExpectation::Absent,
                texts => {
                    let texts = self.texts(&pointer, Some(texts));
                    FileExpectation::Holds(texts.into_iter().map(|(_, text)| text).collect())
                }
            };
            files.insert(path.clone(), wanted);
        }
        files
    }
}

/// A key as one step of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{FileExpectation, Golden, TemplateCase};

    fn read(text: &str) -> Result<TemplateCase, Vec<String>> {
        TemplateCase::read("small", "tests/small/case.yaml", text).map_err(|problems| {
            problems
                .iter()
                .map(|it| {
                    let place = it.location.as_ref().unwrap();
                    let hint = it.hint.as_deref().unwrap_or_default();
                    format!("{}:{} {} {hint}", place.line, place.column, it.message)
                })
                .collect()
        })
    }

    #[test]
    fn a_case_says_what_is_answered_and_what_comes_of_it() {
        let case = read(
            "values: {name: shop}\nuser: nina\nexisting: [acme/taken]\nexpect:\n  repositories: [acme/shop]\n  files:\n    \
             acme/shop/README.md: [Shop, hello]\n    acme/shop/db.sql: false\n  golden: [acme/shop]\n",
        )
        .unwrap();
        assert_eq!(case.user.to_string(), "user:default/nina");
        assert_eq!(case.expect.files["acme/shop/db.sql"], FileExpectation::Absent);
        assert!(matches!(case.expect.golden, Golden::Only(only) if only.contains("acme/shop")));
        let empty = read("# nothing to answer\n").unwrap();
        assert_eq!(
            (empty.user.to_string().as_str(), empty.expect.golden),
            ("user:default/guest", Golden::WhenThere)
        );
    }

    #[test]
    fn what_is_misspelt_is_an_error_with_its_place() {
        let problems = read(
            "value: {}\nexisting: no-repository\nexpect:\n  eror: x\n  files: {README.md: true}\n  error: y\nuser: [a]\n",
        )
        .unwrap_err();
        let wanted = [
            "1:1 there is no key \"value\" here did you mean values?",
            "4:9 there is no key \"eror\" here did you mean error?",
            "5:22 a file is named by its repository and path",
            "5:3 where an error is expected there is nothing to compare with files",
            "7:1 user must be a text",
            "2:11 \"no-repository\" is not a repository",
        ];
        for (problem, wanted) in problems.iter().zip(wanted) {
            assert!(problem.starts_with(wanted), "{problem}\n{wanted}");
        }
        assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    }
}
