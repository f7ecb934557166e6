//! The template languages behind one door, for callers that are told which one by a person.

use fairway_domain::tree::{Tree, TreePath};
use serde_json::Value as Json;

use crate::budget::Budget;
use crate::error::TemplateError;
use crate::explanation::Explanation;
use crate::gotemplate::{self, GoTemplate, MissingKey};
use crate::jinja;
use crate::nunjucks::{self, Environment};
use crate::reference::Entry;
use crate::tree::{Destination, Treatment, TreeReport, render_tree};

/// A template language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Nunjucks, as Backstage's scaffolder runs it.
    #[default]
    Nunjucks,
    /// Jinja, as Cookiecutter runs it.
    Jinja,
    /// Go's text/template with the functions of Argo CD's ApplicationSets.
    Go,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nunjucks, Self::Jinja, Self::Go];

    /// The name that people type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nunjucks => "nunjucks",
            Self::Jinja => "jinja",
            Self::Go => "go",
        }
    }

    /// What the language offers by subject, with examples.
    pub fn reference(self) -> Vec<(&'static str, Vec<Entry>)> {
        match self {
            Self::Nunjucks => nunjucks::reference(),
            Self::Jinja => jinja::reference(),
            Self::Go => gotemplate::reference(),
        }
    }

    /// Renders one text. The members of `values` are the names that it sees; in Go they are the fields of the dot. With
    /// `strict`, printing a value that is missing is an error.
    pub fn render(
        self,
        source: &str,
        name: &str,
        values: &Json,
        strict: bool,
        budget: &Budget,
    ) -> Result<String, TemplateError> {
        match self {
            Self::Nunjucks => Environment::backstage()
                .with_strict_undefined(strict)
                .with_budget(budget.clone())
                .render(source, name, values),
            // What is missing is an error there in any case.
            Self::Jinja => {
                jinja::Environment::cookiecutter().with_budget(budget.clone()).render(source, name, values)
            }
            Self::Go => {
                let missing = if strict { MissingKey::Error } else { MissingKey::Default };
                GoTemplate::argo_cd()
                    .with_missing_key(missing)
                    .with_budget(budget.clone())
                    .render(source, name, values)
            }
        }
    }

    /// What a text uses, found without rendering it.
    pub fn explain(self, source: &str, name: &str) -> Result<Explanation, TemplateError> {
        match self {
            Self::Nunjucks => nunjucks::explain(source, name, &Environment::backstage()),
            Self::Jinja => jinja::explain(source, name, &jinja::Environment::cookiecutter()),
            Self::Go => GoTemplate::argo_cd().explain(source, name),
        }
    }

    /// Renders a tree, paths and contents, into `workspace`, whose files are replaced. On an error it is as it was.
    pub fn render_tree(
        self,
        template: &Tree,
        workspace: &mut Tree,
        values: &Json,
        strict: bool,
        budget: &Budget,
    ) -> Result<TreeReport, TemplateError> {
        let destination = Destination { folder: None, replace: true, budget };
        let budget = budget.for_tree();
        let treat = |path: &TreePath| Treatment {
            path: path.to_string(),
            renders_path: true,
            renders_contents: true,
        };
        render_tree(template, workspace, &destination, treat, |source, name| {
            self.render(source, name, values, strict, &budget)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::Language;
    use crate::{Budget, TemplateError};

    #[test]
    fn text_without_delimiters_is_itself_in_every_language() {
        // A stream of characters that is the same every time, with all marks that delimiters are made of.
        let marks: Vec<char> = "ab \n\r\t{}%#$-é😀\\'\"`.|".chars().collect();
        let mut state = 7_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize
        };
        let mut checked = 0;
        for _ in 0..2_000 {
            let text: String = (0..next() % 40).filter_map(|_| marks.get(next() % marks.len())).collect();
            if ["{{", "{%", "{#", "#}"].iter().any(|delimiter| text.contains(delimiter)) {
                continue;
            }
            checked += 1;
            for language in Language::ALL {
                let rendered = language.render(&text, "t", &json!({}), true, &Budget::default());
                // Jinja ends every line with its `newline_sequence`, whatever ended it before.
                let expected = match language {
                    Language::Jinja => text.replace("\r\n", "\n").replace('\r', "\n"),
                    Language::Nunjucks | Language::Go => text.clone(),
                };
                assert_eq!(rendered.as_deref(), Ok(expected.as_str()), "{}", language.name());
            }
        }
        assert!(checked > 1_000);
    }

    #[test]
    fn every_example_of_every_language_prints_what_it_says() {
        let mut wrong = Vec::new();
        for language in Language::ALL {
            for (_, entries) in language.reference() {
                for (entry, example) in
                    entries.iter().flat_map(|entry| entry.examples.iter().map(move |it| (entry, it)))
                {
                    let values = if example.values.is_empty() { "{}" } else { example.values };
                    let values = serde_json::from_str(values).unwrap();
                    let printed =
                        language.render(example.template, entry.name, &values, false, &Budget::default());
                    // Where there is no time and no chance, what needs them fails; their own tests pass them in.
                    let needs_host = |error: &TemplateError| error.message.contains("where there is none");
                    if printed.as_deref() != Ok(example.output) && !printed.as_ref().is_err_and(needs_host) {
                        wrong.push(format!("{} {}: {printed:?}", language.name(), entry.name));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
