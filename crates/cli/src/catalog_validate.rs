//! `fairway catalog validate`: what the catalog would say about files, without a server.

use std::path::{Path, PathBuf};

use fairway_catalog::{Model, SourceInfo, ingest};
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Diagnostic, SourceLocation};
use fairway_remote::{RemoteError, TreeLimits, read_files, read_folder};
use fairway_scaffold::Template;
use serde_json::json;

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless};

const USUAL: &str = "catalog-info.yaml";

/// What was found in some files.
#[derive(Default)]
struct Report {
    entities: Vec<String>,
    files: usize,
    diagnostics: Vec<Diagnostic>,
}

/// Checks files and folders; ends with 1 when something is wrong.
pub async fn validate(paths: &[PathBuf], output: OutputArguments) -> Result<(), CliError> {
    let mut report = Report::default();
    for path in paths {
        check(path, &mut report).await?;
    }
    let wrong = report.diagnostics.iter().filter(|it| it.is_error()).count();
    let answer = json!({"entities": report.entities, "files": report.files, "diagnostics": report.diagnostics, "valid": wrong == 0});
    output.print(&answer, || {
        let mut parts: Vec<String> = report.diagnostics.iter().map(ToString::to_string).collect();
        let entities = match report.entities.len() {
            1 => "1 entity".to_owned(),
            count => format!("{count} entities"),
        };
        let verdict = if wrong == 0 { "all right".to_owned() } else { counted(wrong, "error") };
        parts.push(format!("{entities} in {}: {verdict}", counted(report.files, "file")));
        harmless(&parts.join("\n\n"))
    })?;
    if wrong == 0 { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

async fn check(path: &Path, report: &mut Report) -> Result<(), CliError> {
    let unreadable = |error: std::io::Error| {
        CliError::usage(
            format!("{} cannot be read: {error}", path.display()),
            Some("name files or folders that exist"),
        )
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if kind.is_dir() {
        let tree = tree_of(path).await?;
        let roots = roots_of(&tree);
        if roots.is_empty() {
            return Err(CliError::usage(
                format!("{} holds no {USUAL}", path.display()),
                Some("name the files to check"),
            ));
        }
        for root in roots {
            examine(&tree, &root, path, report);
        }
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
    examine(&tree, &root, shown, report);
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

/// The file at the top, or every one of that name further down.
fn roots_of(tree: &Tree) -> Vec<TreePath> {
    let usual: Vec<TreePath> =
        tree.iter().map(|(path, _)| path.clone()).filter(|path| path.file_name() == USUAL).collect();
    match usual.iter().find(|path| path.as_str() == USUAL) {
        Some(top) => vec![top.clone()],
        None => usual,
    }
}

fn examine(tree: &Tree, root: &TreePath, folder: &Path, report: &mut Report) {
    let base = format!("{}/", folder.display());
    let info = SourceInfo {
        id: "local".to_owned(),
        location: format!("file:{base}{root}"),
        base: format!("file:{base}"),
    };
    let ingestion = ingest(tree, root, &info, &Model::default());
    let named = |file: &str| if base == "./" { file.to_owned() } else { format!("{base}{file}") };
    for diagnostic in ingestion.diagnostics() {
        let mut diagnostic = diagnostic.clone();
        if let Some(location) = &mut diagnostic.location {
            location.file = named(&location.file);
        }
        report.diagnostics.push(diagnostic);
    }
    for found in &ingestion.entities {
        report.entities.push(found.reference.to_string());
        if found.reference.kind() != "template" {
            continue;
        }
        let place = SourceLocation { file: named(found.file.as_str()), line: found.line, column: 1 };
        let complaints = match Template::parse(&found.entity()) {
            Ok(template) => template.warnings,
            Err(problems) => problems,
        };
        report.diagnostics.extend(complaints.into_iter().map(|it| match it.location {
            Some(_) => it,
            None => it.at(place.clone(), None),
        }));
    }
    report.files += ingestion.read.len();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
            &"a/catalog-info.yaml".parse().unwrap(),
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
    }
}
