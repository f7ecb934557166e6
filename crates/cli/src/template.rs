//! `fairway template`: renders, explains and tests templates on files alone, without a server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Subcommand;
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Diagnostic, SourceLocation};
use fairway_remote::{TreeLimits, read_folder};
use fairway_template::{Budget, Deadline, Environment, Language, TemplateError};
use serde_json::{Map, Value};

use crate::failure::CliError;
use crate::{template_explain, template_folder, template_render, template_test};

/// The largest file of values.
const VALUES: u64 = 8 << 20;

/// Try templates out: what they render, what they use, and whether golden paths keep their promises
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway template render ./content --values values.yaml --dry-run\n  fairway template explain ./content\n  fairway template test golden-paths/"
)]
pub struct TemplateArguments {
    #[command(subcommand)]
    command: TemplateCommand,
}

/// What to do with templates.
#[derive(Debug, Subcommand)]
enum TemplateCommand {
    /// Render a folder of templates, paths and contents, into a folder
    ///
    /// Nunjucks templates see the values as `values`, as the action fetch:template shows them. Files that are there
    /// already stay, unless they are to be replaced; nothing is written when a file cannot be rendered. With jinja, a
    /// folder that has a cookiecutter.json is rendered as Cookiecutter does it, the values being the answers.
    #[command(
        after_help = "Examples:\n  fairway template render ./content --values values.yaml --out ./shop\n  fairway template render ./content --values values.yaml --out ./shop --dry-run --diff\n  fairway template render ./content --values values.json --dry-run --output json"
    )]
    Render(template_render::RenderTemplateArguments),
    /// Show which values, filters, tests and functions templates use, and where a value may be missing
    ///
    /// Ends with 1 when a template cannot be read, or uses a name that its language does not have.
    #[command(
        after_help = "Examples:\n  fairway template explain ./content\n  fairway template explain README.md --values values.yaml\n  fairway template explain ./content --output json"
    )]
    Explain(template_explain::ExplainTemplateArguments),
    /// Run the cases beside golden paths: plan each, and hold the result against what is expected
    ///
    /// A case is a folder tests/CASE beside the template.yaml, with a case.yaml that has the answers, and, where wanted,
    /// the golden tree expected/OWNER/REPOSITORY. It is planned as the portal does, in a catalog of files, and nothing
    /// happens. It passes when the plan is made and is what the case expects, when no policy denies what it makes, when
    /// there is no secret in it, and when its catalog files are valid. A template without cases is tried out with the
    /// defaults and examples of its form. Ends with 1 when a case fails.
    #[command(
        after_help = "Examples:\n  fairway template test golden-paths/\n  fairway template test golden-paths/hello --update\n  fairway template test . --policies policies/ --platform catalog/ --output junit > report.xml"
    )]
    Test(template_test::TestTemplateArguments),
}

/// Runs `fairway template`.
pub async fn template(arguments: TemplateArguments) -> Result<(), CliError> {
    match arguments.command {
        TemplateCommand::Render(arguments) => template_render::render(arguments).await,
        TemplateCommand::Explain(arguments) => template_explain::explain(arguments).await,
        TemplateCommand::Test(arguments) => template_test::test(arguments).await,
    }
}

/// The language of templates, and how it is set.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Language")]
pub struct LanguageArguments {
    /// The language of the templates: nunjucks (the default), jinja or go
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    pub language: Option<Language>,
    /// Nunjucks: {{ }} and values under `cookiecutter`, as fetch:template has it for Cookiecutter's templates
    #[arg(long)]
    pub cookiecutter_compat: bool,
    /// Nunjucks: drop the line break behind a block tag
    #[arg(long)]
    pub trim_blocks: bool,
    /// Nunjucks: drop the white space before a block tag
    #[arg(long)]
    pub lstrip_blocks: bool,
}

impl LanguageArguments {
    /// The language, once its settings are those of it.
    pub fn chosen(&self) -> Result<Language, CliError> {
        let is_set = self.cookiecutter_compat || self.trim_blocks || self.lstrip_blocks;
        let language = self.language.unwrap_or_default();
        if is_set && language != Language::Nunjucks {
            return Err(CliError::usage(
                format!("{} has no such settings", language.name()),
                Some("leave --cookiecutter-compat, --trim-blocks and --lstrip-blocks out"),
            ));
        }
        Ok(language)
    }

    /// Nunjucks as it is set.
    pub fn nunjucks(&self) -> Environment {
        if self.cookiecutter_compat { Environment::cookiecutter_compat() } else { Environment::backstage() }
            .with_trim_blocks(self.trim_blocks)
            .with_lstrip_blocks(self.lstrip_blocks)
    }
}

fn language(name: &str) -> Result<Language, String> {
    Language::ALL.into_iter().find(|language| language.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Language::ALL.into_iter().map(Language::name).collect();
        format!("the languages are {}", names.join(", "))
    })
}

/// A folder as it is, or one file alone.
pub async fn read_templates(path: &Path) -> Result<Tree, CliError> {
    let kind = std::fs::metadata(path).map_err(|error| {
        CliError::usage(
            format!("{} cannot be read: {error}", path.display()),
            Some("name a file or a folder that exists"),
        )
    })?;
    if kind.is_dir() {
        return Ok(read_folder(path, TreeLimits::default()).await?);
    }
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<TreePath>().ok());
    let Some(name) = name.filter(|_| kind.is_file() && kind.len() <= TreeLimits::default().bytes) else {
        return Err(CliError::usage(
            format!("{} is no file that can be a template", path.display()),
            Some("name a file of text, or a folder"),
        ));
    };
    let file =
        template_folder::read(path, &kind).map_err(|error| template_folder::failed(path, "read", &error))?;
    Ok(std::iter::once((name, file)).collect())
}

/// The text of a file that is not too large, or what is wrong with it.
pub fn read_text(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(VALUES + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// The values in a file of YAML or JSON, an object; none without a file.
pub fn read_values(path: Option<&PathBuf>) -> Result<Value, CliError> {
    let Some(path) = path else { return Ok(Value::Object(Map::new())) };
    let text = read_text(path)
        .map_err(|reason| CliError::usage(reason, Some("name a file of YAML or JSON with --values")))?;
    let limits = fairway_yaml::Limits { bytes: VALUES as usize, ..fairway_yaml::Limits::default() };
    let reading = fairway_yaml::read(&path.display().to_string(), &text, &limits);
    let errors: Vec<Diagnostic> = reading.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    if !errors.is_empty() {
        return Err(CliError::Diagnostics(errors));
    }
    let mut documents = reading.documents.into_iter().map(|document| document.value);
    match (documents.next(), documents.next()) {
        (None, _) => Ok(Value::Object(Map::new())),
        (Some(values @ Value::Object(_)), None) => Ok(values),
        _ => Err(CliError::usage(
            format!("{} is not one object with the values by name", path.display()),
            Some("write it as lines of `name: value`"),
        )),
    }
}

/// Limits that end after so many seconds.
pub fn budget(seconds: u64) -> Budget {
    let end = Instant::now().checked_add(Duration::from_secs(seconds));
    let deadline = Deadline::new(move || end.is_some_and(|end| Instant::now() > end));
    Budget { deadline: Some(deadline), ..Budget::default() }
}

/// The error of a template as the command line shows it.
pub fn diagnostic(error: &TemplateError) -> Diagnostic {
    let location = SourceLocation { file: error.name.clone(), line: error.line, column: error.column };
    let line = Some(error.source_line.clone()).filter(|line| !line.is_empty());
    let diagnostic = Diagnostic::error("template", error.message.clone()).at(location, line);
    match &error.hint {
        Some(hint) => diagnostic.with_hint(hint.clone()),
        None => diagnostic,
    }
}
