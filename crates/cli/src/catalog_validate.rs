//! `fairway catalog validate`: what the catalog would say about files, without a server.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fairway_catalog::{IngestedEntity, Model, SourceInfo, ingest_all, loose_references};
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Diagnostic, SourceLocation};
use fairway_remote::{RemoteError, TreeLimits, read_files, read_folder};
use fairway_scaffold::Template;
use serde_json::json;

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{counted, data, harmless};
use crate::sarif::sarif;

const USUAL: &str = "catalog-info.yaml";

/// How the report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
    /// For code hosts, which show it beside the lines.
    Sarif,
}

/// What was found in some files.
#[derive(Default)]
struct Report {
    entities: Vec<String>,
    files: usize,
    diagnostics: Vec<Diagnostic>,
}

/// Checks files, folders and patterns; ends with 1 when something is wrong. Warnings are no error.
pub async fn validate(paths: &[PathBuf], format: ReportFormat) -> Result<(), CliError> {
    let mut report = Report::default();
    for path in paths {
        check(path, &mut report).await?;
    }
    let wrong = report.diagnostics.iter().filter(|it| it.is_error()).count();
    let answer = json!({"entities": report.entities, "files": report.files, "diagnostics": report.diagnostics, "valid": wrong == 0});
    match format {
        ReportFormat::Table => data(&text(&report, wrong))?,
        ReportFormat::Json => data(&serde_json::to_string_pretty(&answer).unwrap_or_default())?,
        ReportFormat::Yaml => data(&fairway_yaml::write(&answer))?,
        ReportFormat::Sarif => {
            data(&serde_json::to_string_pretty(&sarif(&report.diagnostics)).unwrap_or_default())?;
        }
    }
    if wrong == 0 { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

fn text(report: &Report, wrong: usize) -> String {
    let mut parts: Vec<String> = report.diagnostics.iter().map(ToString::to_string).collect();
    let entities = match report.entities.len() {
        1 => "1 entity".to_owned(),
        count => format!("{count} entities"),
    };
    let warnings = report.diagnostics.len() - wrong;
    let verdict = match (wrong, warnings) {
        (0, 0) => "all right".to_owned(),
        (0, _) => format!("all right, with {}", counted(warnings, "warning")),
        (_, 0) => counted(wrong, "error"),
        _ => format!("{}, {}", counted(wrong, "error"), counted(warnings, "warning")),
    };
    parts.push(format!("{entities} in {}: {verdict}", counted(report.files, "file")));
    harmless(&parts.join("\n\n"))
}

async fn check(path: &Path, report: &mut Report) -> Result<(), CliError> {
    let unreadable = |error: std::io::Error| {
        CliError::usage(
            format!("{} cannot be read: {error}", path.display()),
            Some("name files, folders or patterns that lead to files"),
        )
    };
    let kind = match std::fs::metadata(path) {
        Err(_) if path.to_string_lossy().contains(['*', '?', '[', '{']) => {
            return check_pattern(path, report).await;
        }
        other => other.map_err(unreadable)?,
    };
    if kind.is_dir() {
        let tree = tree_of(path).await?;
        let roots = roots_of(&tree);
        if roots.is_empty() {
            return Err(CliError::usage(
                format!("{} holds no {USUAL} and no other file with entities", path.display()),
                Some("name the files to check"),
            ));
        }
        examine(&tree, &roots, path, report);
        return Ok(());
    }
    let full = std::path::absolute(path).map_err(unreadable)?;
    let (Some(folder), Some(name)) = (full.parent(), full.file_name().and_then(|name| name.to_str())) else {
        return Err(CliError::usage(format!("{} is no file", path.display()), None));
    };
    let root: TreePath = name
        .parse()
        .map_err(|error: fairway_domain::tree::TreePathError| CliError::usage(error.to_string(), None))?;
    // What the file leads to lies beside it. A folder that cannot be somebody's repository is not needed.
    let tree = match tree_of(folder).await {
        Ok(tree) => tree,
        Err(_) => [(root.clone(), TreeFile::regular(std::fs::read(&full).map_err(unreadable)?))]
            .into_iter()
            .collect(),
    };
    let shown = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    examine(&tree, &[root], shown, report);
    Ok(())
}

/// Checks the files that a pattern leads to, together: kinds that one of them describes hold for the others.
async fn check_pattern(pattern: &Path, report: &mut Report) -> Result<(), CliError> {
    // The folder above the first part with a wildcard is what the files have in common.
    let fixed: PathBuf = pattern
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let folder = if fixed.as_os_str().is_empty() { PathBuf::from(".") } else { fixed.clone() };
    let tree = tree_of(&folder).await?;
    let inside = pattern.strip_prefix(&fixed).unwrap_or(pattern).to_string_lossy().into_owned();
    let matches = |path: &&TreePath| glob_match::glob_match(&inside, path.as_str());
    let roots: Vec<TreePath> = tree.iter().map(|(path, _)| path).filter(matches).cloned().collect();
    if roots.is_empty() {
        return Err(CliError::usage(format!("{} matches no file", pattern.display()), None));
    }
    examine(&tree, &roots, &folder, report);
    Ok(())
}

/// The files of a folder; of a very large one, those that entities can be in or lead to.
async fn tree_of(folder: &Path) -> Result<Tree, CliError> {
    match read_folder(folder, TreeLimits::default()).await {
        Err(RemoteError::TooLarge { .. }) => {}
        other => return Ok(other?),
    }
    let mut tree = Tree::new();
    for extension in ["yaml", "yml", "json", "md", "graphql", "proto"] {
        let pattern = folder.join("**").join(format!("*.{extension}"));
        for (path, file) in read_files(&pattern.display().to_string(), TreeLimits::default()).await? {
            let inside =
                path.strip_prefix(folder).ok().and_then(|path| TreePath::lenient(path.to_str()?).ok());
            if let Some(inside) = inside {
                tree.insert(inside, file);
            }
        }
    }
    Ok(tree)
}

/// The file at the top, or every one of that name further down; where there is none, every file with entities.
pub fn roots_of(tree: &Tree) -> Vec<TreePath> {
    let paths = || tree.iter().map(|(path, _)| path);
    let usual: Vec<TreePath> = paths().filter(|path| path.file_name() == USUAL).cloned().collect();
    if let Some(top) = usual.iter().find(|path| path.as_str() == USUAL) {
        return vec![top.clone()];
    }
    if !usual.is_empty() {
        return usual;
    }
    let is_yaml = |path: &str| {
        let extension = Path::new(path).extension();
        extension.is_some_and(|it| it.eq_ignore_ascii_case("yaml") || it.eq_ignore_ascii_case("yml"))
    };
    tree.iter()
        .filter(|(path, file)| {
            let text = file.text().unwrap_or_default();
            let has = |key: &str| text.lines().any(|line| line.starts_with(key));
            is_yaml(path.as_str()) && has("apiVersion:") && has("kind:") && has("metadata:")
        })
        .map(|(path, _)| path.clone())
        .collect()
}

fn examine(tree: &Tree, roots: &[TreePath], folder: &Path, report: &mut Report) {
    let base = format!("{}/", folder.display());
    let info = SourceInfo {
        id: "local".to_owned(),
        location: format!("file:{base}{}", roots.first().map(TreePath::as_str).unwrap_or_default()),
        base: format!("file:{base}"),
    };
    let ingestion = ingest_all(tree, roots, &info, &Model::default());
    let mut diagnostics: Vec<Diagnostic> = ingestion.diagnostics().cloned().collect();
    diagnostics.extend(loose_references(tree, &ingestion.entities, &ingestion.kinds));
    diagnostics.extend(ingestion.entities.iter().flat_map(check_template));
    for mut diagnostic in diagnostics {
        if let Some(location) = &mut diagnostic.location
            && base != "./"
        {
            location.file = format!("{base}{}", location.file);
        }
        report.diagnostics.push(diagnostic);
    }
    report.entities.extend(ingestion.entities.iter().map(|found| found.reference.to_string()));
    report.files += ingestion.read.len();
}

/// What is wrong with a golden path beyond its fields.
fn check_template(found: &IngestedEntity) -> Vec<Diagnostic> {
    if found.reference.kind() != "template" {
        return Vec::new();
    }
    let place = SourceLocation { file: found.file.to_string(), line: found.line, column: 1 };
    let complaints = match Template::parse(&found.entity()) {
        Ok(template) => template.warnings,
        Err(problems) => problems,
    };
    let placed = |it: Diagnostic| if it.location.is_some() { it } else { it.at(place.clone(), None) };
    complaints.into_iter().map(placed).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::path::Path;

    use fairway_domain::tree::{Tree, TreeFile};

    use super::{Report, examine, roots_of};

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
    }

    #[test]
    fn a_mistake_is_shown_with_the_path_that_the_person_gave() {
        let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\nspec: {type: service, lifecycle: production}\n";
        let mut report = Report::default();
        examine(
            &tree(&[("a/catalog-info.yaml", text)]),
            &["a/catalog-info.yaml".parse().unwrap()],
            Path::new("../shop"),
            &mut report,
        );
        let first = report.diagnostics.first().unwrap().to_string();
        assert!(first.contains("owner") && first.contains("--> ../shop/a/catalog-info.yaml:4:"), "{first}");
    }

    #[test]
    fn the_file_at_the_top_leads_to_the_others() {
        let both = tree(&[("catalog-info.yaml", ""), ("a/catalog-info.yaml", "")]);
        assert_eq!(roots_of(&both).len(), 1);
        let below = tree(&[("a/catalog-info.yaml", ""), ("b/catalog-info.yaml", "")]);
        assert_eq!(roots_of(&below).len(), 2);
        let entity = "apiVersion: a/v1\nkind: X\nmetadata: {name: x}\n";
        let others = tree(&[("a/x.yaml", entity), ("b/values.yaml", "kind: [\n"), ("c.txt", entity)]);
        assert_eq!(roots_of(&others), ["a/x.yaml".parse().unwrap()]);
    }

    #[test]
    fn a_neighbour_that_is_not_there_is_a_warning_and_a_team_of_others_is_not() {
        let component = |name: &str, needs: &str| {
            format!(
                "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec:\n  type: service\n  lifecycle: production\n  owner: team-a\n  dependsOn:\n    - resource:x\n    - component:{needs}\n"
            )
        };
        let text = format!("{}{}", component("shop", "cart"), component("cart", "shpo"));
        let mut report = Report::default();
        let root = "catalog-info.yaml".parse().unwrap();
        examine(&tree(&[("catalog-info.yaml", &text)]), &[root], Path::new("."), &mut report);
        let [only] = report.diagnostics.as_slice() else { panic!("{:?}", report.diagnostics) };
        assert!(!only.is_error());
        assert!(
            only.to_string().contains("component:default/shpo")
                && only.to_string().contains("catalog-info.yaml:22:7"),
            "{only}"
        );
    }
}
