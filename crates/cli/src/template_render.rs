//! `fairway template render`: a folder of templates into a folder, with a view of what changes.

use std::path::PathBuf;
use std::sync::Arc;

use fairway_domain::tree::{FileMode, Tree};
use fairway_template::cookiecutter::{Cookiecutter, generate};
use fairway_template::{Budget, FetchTemplate, Language, TreeReport, fetch_template};
use serde_json::{Value, json};

use crate::failure::CliError;
use crate::output::{OutputArguments, counted, talk};
use crate::template::{LanguageArguments, budget, diagnostic, read_templates, read_values};
use crate::template_folder::{Change, Target};
use crate::template_view::{diff, tree};

/// What to render, and where to.
#[derive(Clone, Debug, clap::Args)]
pub struct RenderTemplateArguments {
    /// The folder of templates, or one template
    #[arg(value_name = "DIR")]
    templates: PathBuf,
    /// The values, in a file of YAML or JSON
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// The folder to render into
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Show the lines that change
    #[arg(long)]
    diff: bool,
    /// Replace files that are there already
    #[arg(long)]
    replace: bool,
    /// End with an error where a value that is printed is missing
    #[arg(long)]
    strict: bool,
    /// Nunjucks: files that are copied with their contents as they are; may be given several times
    #[arg(long, value_name = "GLOB")]
    copy_without_templating: Vec<String>,
    /// Nunjucks: render only files with this extension, and drop it
    #[arg(long, value_name = "EXTENSION")]
    template_file_extension: Option<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    #[command(flatten)]
    language: LanguageArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `fairway template render`.
pub async fn render(arguments: RenderTemplateArguments) -> Result<(), CliError> {
    let templates = read_templates(&arguments.templates).await?;
    let values = read_values(arguments.values.as_ref())?;
    let language = arguments.language.chosen()?;
    let (rendered, report) = rendered(&arguments, language, &templates, values)?;
    let target = Target::new(arguments.out.as_deref());
    let changes = target.compare(&rendered, arguments.replace)?;
    if !arguments.dry_run {
        target.write(&changes)?;
    }
    show(&arguments, language, &changes, &report)?;
    if arguments.output.is_table() {
        let count = |wanted: &[&str]| changes.iter().filter(|it| wanted.contains(&it.kind.word())).count();
        let written = counted(count(&["new", "changed"]), "file");
        let verb = if arguments.dry_run { "would be written" } else { "written" };
        let place = arguments.out.as_ref().map_or(String::new(), |out| format!(" to {}", out.display()));
        talk(&format!(
            "{written} {verb}{place}, {} unchanged, {} kept, {} left out",
            count(&["unchanged"]),
            count(&["kept"]),
            report.skipped.len()
        ));
    }
    Ok(())
}

fn rendered(
    arguments: &RenderTemplateArguments,
    language: Language,
    templates: &Tree,
    values: Value,
) -> Result<(Tree, TreeReport), CliError> {
    let mut workspace = Tree::new();
    let budget = budget(arguments.timeout);
    let report = if language == Language::Nunjucks {
        let options = FetchTemplate {
            values,
            copy_without_templating: arguments.copy_without_templating.clone(),
            copy_without_render: Vec::new(),
            cookiecutter_compat: arguments.language.cookiecutter_compat,
            template_file_extension: arguments.template_file_extension.clone(),
            replace: true,
            trim_blocks: arguments.language.trim_blocks,
            lstrip_blocks: arguments.language.lstrip_blocks,
            strict_undefined: arguments.strict,
            target_path: None,
            budget,
        };
        fetch_template(templates, &mut workspace, &options)
    } else {
        if !arguments.copy_without_templating.is_empty() || arguments.template_file_extension.is_some() {
            return Err(CliError::usage(
                format!("{} has no such settings", language.name()),
                Some("leave --copy-without-templating and --template-file-extension out"),
            ));
        }
        match cookiecutter(language, templates, &values, &budget) {
            Some(options) => generate(templates, &mut workspace, &options).map(|_| TreeReport {
                digest: workspace.digest(),
                written: workspace.iter().map(|(path, _)| path.clone()).collect(),
                kept: Vec::new(),
                skipped: Vec::new(),
            }),
            None => language.render_tree(templates, &mut workspace, &values, arguments.strict, &budget),
        }
    };
    let report = report.map_err(|error| CliError::Diagnostics(vec![diagnostic(&error)]))?;
    Ok((workspace, report))
}

/// How Cookiecutter is asked, when the folder is a template of it. Answers may stand below `cookiecutter`, as in a
/// replay file of Cookiecutter's.
fn cookiecutter(
    language: Language,
    templates: &Tree,
    values: &Value,
    budget: &Budget,
) -> Option<Cookiecutter> {
    templates.get_text("cookiecutter.json").filter(|_| language == Language::Jinja)?;
    let answers = values.get("cookiecutter").unwrap_or(values);
    Some(Cookiecutter {
        answers: answers.as_object().cloned().unwrap_or_default(),
        output: ".".to_owned(),
        template: ".".to_owned(),
        repository: ".".to_owned(),
        now: Some(jiff::Timestamp::now()),
        random: Some(Arc::new(|| uuid::Uuid::new_v4().as_u64_pair().0)),
        budget: budget.clone(),
        ..Cookiecutter::default()
    })
}

fn show(
    arguments: &RenderTemplateArguments,
    language: Language,
    changes: &[Change],
    report: &TreeReport,
) -> Result<(), CliError> {
    if arguments.output.is_table() {
        tree(changes)?;
        return if arguments.diff { diff(changes) } else { Ok(()) };
    }
    let files: Vec<Value> = changes
        .iter()
        .map(|change| {
            let mode = match change.file.mode {
                FileMode::Regular => "regular",
                FileMode::Executable => "executable",
                FileMode::Symlink => "symlink",
            };
            json!({"path": change.path, "change": change.kind.word(), "mode": mode, "bytes": change.file.bytes.len()})
        })
        .collect();
    let answer = json!({
        "language": language.name(),
        "out": arguments.out,
        "dryRun": arguments.dry_run,
        "digest": report.digest.to_string(),
        "files": files,
        "skipped": report.skipped,
    });
    arguments.output.print(&answer, String::new)
}
