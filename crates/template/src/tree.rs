//! `fetch:template`: renders a tree of files into another.
//!
//! Paths are rendered like contents. A file whose rendered path has an empty segment is left out, which is how
//! templates make files optional. Binary files and symbolic links are copied as they are.

use std::collections::BTreeSet;

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use serde_json::{Value as Json, json};

use crate::error::{TemplateError, TemplateErrorKind};
use crate::nunjucks::Environment;

/// The options of one run.
#[derive(Clone, Debug, Default)]
pub struct FetchTemplate {
    /// What the template calls `values`, or `cookiecutter` with `cookiecutter_compat`.
    pub values: Json,
    /// Globs of files that are copied with their contents as they are; their paths are rendered.
    pub copy_without_templating: Vec<String>,
    /// `{{ }}` and the ways of Cookiecutter.
    pub cookiecutter_compat: bool,
    /// When given, only files with this extension are rendered, and lose it.
    pub template_file_extension: Option<String>,
    /// Whether files that are there already are replaced; otherwise they stay.
    pub replace: bool,
    /// Drops the line break behind block tags.
    pub trim_blocks: bool,
    /// Drops white space before block tags.
    pub lstrip_blocks: bool,
    /// Makes printing an undefined value an error.
    pub strict_undefined: bool,
    /// The folder of the workspace to render into.
    pub target_path: Option<String>,
}

/// Renders `template` into `workspace`. On an error the workspace is as it was.
pub fn fetch_template(
    template: &Tree,
    workspace: &mut Tree,
    options: &FetchTemplate,
) -> Result<(), TemplateError> {
    let extension = extension(options)?;
    let target = target(options)?;
    let environment = if options.cookiecutter_compat {
        Environment::cookiecutter_compat()
    } else {
        Environment::backstage()
    }
    .with_trim_blocks(options.trim_blocks)
    .with_lstrip_blocks(options.lstrip_blocks)
    .with_strict_undefined(options.strict_undefined);
    let root = if options.cookiecutter_compat { "cookiecutter" } else { "values" };
    let context = json!({ root: options.values });
    let mut places = Places::of(workspace);
    let mut written = Vec::new();
    for (path, file) in template.iter() {
        let mut rendered = environment.render(path.as_str(), path.as_str(), &context)?;
        let mut templated = !is_copied(path, &options.copy_without_templating);
        if let Some(extension) = &extension {
            templated = has_extension(&rendered, extension);
            if templated {
                rendered.truncate(rendered.len() - extension.len());
            }
        }
        if rendered.is_empty()
            || rendered.starts_with('/')
            || rendered.ends_with('/')
            || rendered.contains("//")
        {
            continue;
        }
        let output = TreePath::lenient(&rendered).map_err(|error| {
            path_error(path.as_str(), error.to_string(), "Check the values that the path is made of.")
        })?;
        let output = target.as_ref().map_or_else(|| output.clone(), |folder| output.below(folder));
        if places.files.contains(&output) && !options.replace {
            continue;
        }
        places.claim(path, &output)?;
        let text = if templated && file.mode != FileMode::Symlink { file.text() } else { None };
        let bytes = match text {
            Some(text) => environment.render(text, path.as_str(), &context)?.into_bytes().into(),
            None => file.bytes.clone(),
        };
        written.push((output, TreeFile { mode: file.mode, bytes }));
    }
    for (path, file) in written {
        workspace.insert(path, file);
    }
    Ok(())
}

/// The files and folders that are there, as each must not become the other.
struct Places {
    files: BTreeSet<TreePath>,
    folders: BTreeSet<TreePath>,
}

impl Places {
    fn of(tree: &Tree) -> Self {
        let mut places = Self { files: BTreeSet::new(), folders: BTreeSet::new() };
        for (path, _) in tree.iter() {
            places.add(path);
        }
        places
    }

    fn add(&mut self, path: &TreePath) {
        self.files.insert(path.clone());
        let mut folder = path.parent();
        while let Some(current) = folder {
            folder = current.parent();
            if !self.folders.insert(current) {
                break;
            }
        }
    }

    fn claim(&mut self, source: &TreePath, output: &TreePath) -> Result<(), TemplateError> {
        let hint = "Rename one of the two.";
        if self.folders.contains(output) {
            let message = format!("\"{output}\" is a folder already, it cannot become a file");
            return Err(path_error(source.as_str(), message, hint));
        }
        let mut folder = output.parent();
        while let Some(current) = folder {
            if self.files.contains(&current) {
                let message = format!("\"{current}\" is a file, \"{output}\" cannot lie in it");
                return Err(path_error(source.as_str(), message, hint));
            }
            folder = current.parent();
        }
        self.add(output);
        Ok(())
    }
}

fn extension(options: &FetchTemplate) -> Result<Option<String>, TemplateError> {
    let Some(extension) = options.template_file_extension.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let conflict = if !options.copy_without_templating.is_empty() {
        Some("copyWithoutTemplating")
    } else if options.cookiecutter_compat {
        Some("cookiecutterCompat")
    } else {
        None
    };
    match conflict {
        Some(other) => Err(TemplateError {
            kind: TemplateErrorKind::Options,
            ..path_error(
                "fetch:template",
                format!("templateFileExtension and {other} cannot be used together"),
                "Remove one of the two from the step's input.",
            )
        }),
        None if extension.starts_with('.') => Ok(Some(extension.to_owned())),
        None => Ok(Some(format!(".{extension}"))),
    }
}

fn target(options: &FetchTemplate) -> Result<Option<TreePath>, TemplateError> {
    let Some(path) = options.target_path.as_deref() else { return Ok(None) };
    if path.split('/').all(|part| part.is_empty() || part == ".") && !path.starts_with('/') {
        return Ok(None);
    }
    TreePath::lenient(path).map(Some).map_err(|error| {
        path_error("fetch:template", error.to_string(), "Give targetPath as a path below the workspace.")
    })
}

fn path_error(name: &str, message: String, hint: &str) -> TemplateError {
    TemplateError {
        name: name.to_owned(),
        line: 1,
        column: 1,
        source_line: String::new(),
        message,
        hint: Some(hint.to_owned()),
        kind: TemplateErrorKind::Path,
    }
}

/// Whether the file's name has more than the extension, and that.
fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.len() > extension.len() && name.ends_with(extension))
}

/// Whether one of the globs names the file or a folder above it.
fn is_copied(path: &TreePath, globs: &[String]) -> bool {
    globs.iter().any(|glob| {
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let folder = glob.trim_end_matches('/');
        glob_match::glob_match(glob, path.as_str())
            || glob_match::glob_match(&format!("{folder}/**"), path.as_str())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::tree::{FileMode, Tree, TreeFile};
    use serde_json::json;

    use super::{FetchTemplate, fetch_template};
    use crate::TemplateErrorKind;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| (path.parse().unwrap(), TreeFile::regular(text.as_bytes()))).collect()
    }

    fn listing(tree: &Tree) -> Vec<String> {
        tree.iter().map(|(path, file)| format!("{path}={}", file.text().unwrap_or("?"))).collect()
    }

    #[test]
    fn paths_and_contents_are_rendered_and_empty_names_are_skipped() {
        let template = tree(&[
            ("${{ values.name }}/README.md", "# ${{ values.name }}\n"),
            ("{% if values.db %}db{% endif %}/schema.sql", "x"),
            ("charts/app.yaml", "{{ .Values.x }} ${{ values.name }}"),
            ("raw/{{ keep }}.txt", "${{ values.name }}"),
        ]);
        let mut workspace = tree(&[("charts/app.yaml", "old")]);
        let options = FetchTemplate {
            values: json!({"name": "shop"}),
            copy_without_templating: vec!["raw".to_owned()],
            ..FetchTemplate::default()
        };
        fetch_template(&template, &mut workspace, &options).unwrap();
        assert_eq!(
            listing(&workspace),
            ["charts/app.yaml=old", "raw/{{ keep }}.txt=${{ values.name }}", "shop/README.md=# shop\n"]
        );
    }

    #[test]
    fn escaping_paths_are_refused_and_nothing_is_written() {
        let template = tree(&[("a.txt", "a"), ("${{ values.name }}.txt", "x")]);
        for name in ["../x", "a/../../x", ".git/hooks/x"] {
            let mut workspace = Tree::new();
            let options = FetchTemplate { values: json!({"name": name}), ..FetchTemplate::default() };
            let error = fetch_template(&template, &mut workspace, &options).unwrap_err();
            assert_eq!(error.kind, TemplateErrorKind::Path, "{error}");
            assert!(workspace.is_empty());
        }
        let options = FetchTemplate { target_path: Some("../out".to_owned()), ..FetchTemplate::default() };
        assert!(fetch_template(&template, &mut Tree::new(), &options).is_err());
    }

    #[test]
    fn extensions_select_what_is_rendered_and_are_dropped() {
        let template =
            tree(&[("a.yaml.njk", "${{ values.x }}"), ("b.yaml", "${{ values.x }}"), (".njk", "${{ 1 }}")]);
        let mut workspace = Tree::new();
        let options = FetchTemplate {
            values: json!({"x": 1}),
            template_file_extension: Some("njk".to_owned()),
            target_path: Some("./out/".to_owned()),
            ..FetchTemplate::default()
        };
        fetch_template(&template, &mut workspace, &options).unwrap();
        assert_eq!(listing(&workspace), ["out/.njk=${{ 1 }}", "out/a.yaml=1", "out/b.yaml=${{ values.x }}"]);
        let conflict = FetchTemplate { cookiecutter_compat: true, ..options };
        assert_eq!(
            fetch_template(&template, &mut workspace, &conflict).unwrap_err().kind,
            TemplateErrorKind::Options
        );
    }

    #[test]
    fn modes_links_and_binaries_survive() {
        let file = |mode, bytes: &[u8]| TreeFile { mode, bytes: bytes.into() };
        let template: Tree = [
            ("run.sh".parse().unwrap(), file(FileMode::Executable, b"echo {{ cookiecutter.name }}")),
            ("link".parse().unwrap(), file(FileMode::Symlink, b"{{ cookiecutter.name }}")),
            ("logo.png".parse().unwrap(), file(FileMode::Regular, b"\x89PNG\0{{ cookiecutter.name }}")),
        ]
        .into_iter()
        .collect();
        let mut workspace = Tree::new();
        let options = FetchTemplate {
            values: json!({"name": "shop"}),
            cookiecutter_compat: true,
            ..FetchTemplate::default()
        };
        fetch_template(&template, &mut workspace, &options).unwrap();
        let get = |path: &str| workspace.get(&path.parse().unwrap()).unwrap().clone();
        assert_eq!(get("run.sh"), file(FileMode::Executable, b"echo shop"));
        assert_eq!(get("link"), file(FileMode::Symlink, b"{{ cookiecutter.name }}"));
        assert_eq!(get("logo.png"), file(FileMode::Regular, b"\x89PNG\0{{ cookiecutter.name }}"));
    }

    #[test]
    fn a_file_cannot_lie_in_a_file() {
        let template = tree(&[("a", "1"), ("${{ values.x }}/b", "2")]);
        let options = FetchTemplate { values: json!({"x": "a"}), ..FetchTemplate::default() };
        assert!(fetch_template(&template, &mut Tree::new(), &options).is_err());
    }
}
