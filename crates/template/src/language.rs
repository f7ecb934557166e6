//! The template languages behind one door, for callers that are told which one by a person.

use fairway_domain::tree::{Tree, TreePath};
use serde_json::Value as Json;

use crate::budget::Budget;
use crate::error::TemplateError;
use crate::explanation::Explanation;
use crate::nunjucks::{self, Environment};
use crate::reference::Entry;
use crate::tree::{Destination, Treatment, TreeReport, render_tree};

/// A template language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Nunjucks, as Backstage's scaffolder runs it.
    #[default]
    Nunjucks,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Nunjucks];

    /// The name that people type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nunjucks => "nunjucks",
        }
    }

    /// The tags, filters, tests, functions and methods of the language, with examples.
    pub fn reference(self) -> Vec<Entry> {
        match self {
            Self::Nunjucks => nunjucks::reference(),
        }
    }

    /// Renders one text. The members of `values` are the names that it sees.
    pub fn render(
        self,
        source: &str,
        name: &str,
        values: &Json,
        budget: &Budget,
    ) -> Result<String, TemplateError> {
        match self {
            Self::Nunjucks => {
                Environment::backstage().with_budget(budget.clone()).render(source, name, values)
            }
        }
    }

    /// What a text uses, found without rendering it.
    pub fn explain(self, source: &str, name: &str) -> Result<Explanation, TemplateError> {
        match self {
            Self::Nunjucks => nunjucks::explain(source, name, &Environment::backstage()),
        }
    }

    /// Renders a tree, paths and contents, below `workspace`. On an error the workspace is as it was.
    pub fn render_tree(
        self,
        template: &Tree,
        workspace: &mut Tree,
        values: &Json,
        replace: bool,
        budget: &Budget,
    ) -> Result<TreeReport, TemplateError> {
        let destination = Destination { folder: None, replace, budget };
        let budget = budget.for_tree();
        let treat = |path: &TreePath| Treatment {
            path: path.to_string(),
            renders_path: true,
            renders_contents: true,
        };
        render_tree(template, workspace, &destination, treat, |source, name| {
            self.render(source, name, values, &budget)
        })
    }
}
