//! `templates.md`: what the template languages offer, from their registries.

use fairway_template::{Entry, Language};

use super::table::{code, table};

const BEGINNING: &str = "# Template languages

<!-- Made by `cargo xtask reference` from the registries of the languages. Change the code, not this page. -->

What templates can use, by language. Every example on this page is run as a test. See
[Templates](../guide/templates.md) for trying templates out.

";

/// The page.
pub fn page() -> String {
    let mut text = vec![BEGINNING.to_owned()];
    for language in Language::ALL {
        text.push(format!("## {}\n\n{}\n", title(language), introduction(language)));
        for (subject, entries) in language.reference() {
            let rows: Vec<[String; 4]> = entries.iter().map(row).collect();
            text.push(format!("\n### {}: {subject}\n\n", title(language)));
            text.push(table(["how it is written", "what it does", "example", "prints"], &rows));
        }
        text.push("\n".to_owned());
    }
    format!("{}\n", text.concat().trim_end())
}

const fn title(language: Language) -> &'static str {
    match language {
        Language::Nunjucks => "Nunjucks",
        Language::Jinja => "Jinja",
        Language::Go => "Go text/template",
    }
}

const fn introduction(language: Language) -> &'static str {
    match language {
        Language::Nunjucks => {
            "The language of golden paths: what nunjucks 3.2.4 does, with the settings and filters of Backstage's \
             scaffolder. Values are printed by `${{ }}`; `{{ }}` stays as it is. Values and operators are those of \
             JavaScript: an empty list counts as true, and `'1' + 2` is `12`. A template cannot load other templates: \
             `include`, `import` and `extends` are errors."
        }
        Language::Jinja => {
            "The language of Cookiecutter's templates: what Jinja2 3.1 does, with the settings and extensions of \
             Cookiecutter 2.7. Values and operators are those of Python, and printing a value that is missing is an \
             error. The time and random values are there only where the caller passes them in; hooks and Python \
             extensions are refused by name."
        }
        Language::Go => {
            "The language of Argo CD's ApplicationSets: Go's text/template with the functions that Argo CD has. The \
             time and random values are there only where the caller passes them in."
        }
    }
}

fn row(entry: &Entry) -> [String; 4] {
    let shown = |text: &str| code(&text.replace('\n', "\\n"));
    let (example, output) = entry.examples.first().map_or((String::new(), String::new()), |example| {
        let values =
            if example.values.is_empty() { String::new() } else { format!(" with {}", code(example.values)) };
        (format!("{}{values}", shown(example.template)), shown(example.output))
    });
    [code(entry.usage), entry.meaning.to_owned(), example, output]
}
