//! `fetch:template`: Nunjucks on a tree of files, with the options of Backstage's action.

use fairway_domain::tree::{Tree, TreePath};
use serde_json::{Value as Json, json};

use crate::budget::Budget;
use crate::error::{TemplateError, TemplateErrorKind};
use crate::nunjucks::Environment;
use crate::tree::{Destination, Treatment, TreeReport, path_error, render_tree};

/// The options of one run.
#[derive(Clone, Debug, Default)]
pub struct FetchTemplate {
    /// What the template calls `values`, or `cookiecutter` with `cookiecutter_compat`.
    pub values: Json,
    /// Globs of files that are copied with their contents as they are; their paths are rendered. A glob behind `!` takes
    /// files out again.
    pub copy_without_templating: Vec<String>,
    /// Globs of files that are copied as they are, paths and all. Not together with `copy_without_templating`.
    pub copy_without_render: Vec<String>,
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
    /// The limits of each file; the whole tree may take sixteen times the work and the output of one.
    pub budget: Budget,
}

/// Renders `template` into `workspace`. On an error the workspace is as it was.
pub fn fetch_template(
    template: &Tree,
    workspace: &mut Tree,
    options: &FetchTemplate,
) -> Result<TreeReport, TemplateError> {
    let extension = extension(options)?;
    let destination =
        Destination { folder: target(options)?, replace: options.replace, budget: &options.budget };
    let environment = environment(options);
    let root = if options.cookiecutter_compat { "cookiecutter" } else { "values" };
    let context = json!({ root: options.values });
    let treat = |path: &TreePath| {
        if let Some(extension) = &extension {
            let stripped = without_extension(path.as_str(), extension);
            return Treatment {
                path: stripped.unwrap_or(path.as_str()).to_owned(),
                renders_path: true,
                renders_contents: stripped.is_some(),
            };
        }
        let untouched = is_matched(path, &options.copy_without_render);
        Treatment {
            path: path.as_str().to_owned(),
            renders_path: !untouched,
            renders_contents: !untouched && !is_matched(path, &options.copy_without_templating),
        }
    };
    render_tree(template, workspace, &destination, treat, |source, name| {
        environment.render(source, name, &context)
    })
}

fn environment(options: &FetchTemplate) -> Environment {
    if options.cookiecutter_compat { Environment::cookiecutter_compat() } else { Environment::backstage() }
        .with_trim_blocks(options.trim_blocks)
        .with_lstrip_blocks(options.lstrip_blocks)
        .with_strict_undefined(options.strict_undefined)
        .with_budget(options.budget.for_tree())
}

fn contradiction(left: &str, right: &str) -> TemplateError {
    TemplateError {
        kind: TemplateErrorKind::Options,
        ..path_error(
            "fetch:template",
            format!("{left} and {right} cannot be used together"),
            "Remove one of the two from the step's input.",
        )
    }
}

fn extension(options: &FetchTemplate) -> Result<Option<String>, TemplateError> {
    let (templating, render) =
        (!options.copy_without_templating.is_empty(), !options.copy_without_render.is_empty());
    if templating && render {
        return Err(contradiction("copyWithoutTemplating", "copyWithoutRender"));
    }
    let Some(extension) = options.template_file_extension.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    for (given, name) in [
        (templating, "copyWithoutTemplating"),
        (render, "copyWithoutRender"),
        (options.cookiecutter_compat, "cookiecutterCompat"),
    ] {
        if given {
            return Err(contradiction("templateFileExtension", name));
        }
    }
    Ok(Some(if extension.starts_with('.') { extension.to_owned() } else { format!(".{extension}") }))
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

/// The path without the extension, when its last part has more than that and ends with it.
fn without_extension<'p>(path: &'p str, extension: &str) -> Option<&'p str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let dot = name.rfind('.').filter(|dot| *dot > 0)?;
    if name.get(dot..) == Some(extension) { path.strip_suffix(extension) } else { None }
}

/// Whether one of the globs names the file or a folder above it, and none behind `!` does.
fn is_matched(path: &TreePath, globs: &[String]) -> bool {
    let matches = |glob: &str| {
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let folder = glob.trim_end_matches('/');
        glob_match::glob_match(glob, path.as_str())
            || glob_match::glob_match(&format!("{folder}/**"), path.as_str())
    };
    globs.iter().any(|glob| !glob.starts_with('!') && matches(glob))
        && !globs.iter().filter_map(|glob| glob.strip_prefix('!')).any(matches)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
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
    fn the_old_way_of_copying_leaves_paths_alone_too() {
        let template =
            tree(&[("raw/${{ values.x }}.txt", "${{ 1 }}"), ("raw/in/b", "${{ 1 }}"), ("c", "${{ 1 }}")]);
        let run = |templating: &[&str], render: &[&str]| {
            let options = FetchTemplate {
                values: json!({"x": "a"}),
                copy_without_templating: templating.iter().map(|glob| (*glob).to_owned()).collect(),
                copy_without_render: render.iter().map(|glob| (*glob).to_owned()).collect(),
                ..FetchTemplate::default()
            };
            let mut workspace = Tree::new();
            fetch_template(&template, &mut workspace, &options).map(|_| listing(&workspace))
        };
        assert_eq!(run(&["raw/**"], &[]).unwrap(), ["c=1", "raw/a.txt=${{ 1 }}", "raw/in/b=${{ 1 }}"]);
        let both = ["c=1", "raw/${{ values.x }}.txt=${{ 1 }}", "raw/in/b=${{ 1 }}"];
        assert_eq!(run(&[], &["raw"]).unwrap(), both);
        assert_eq!(run(&["raw/**", "!raw/in/**"], &[]).unwrap(), ["c=1", "raw/a.txt=${{ 1 }}", "raw/in/b=1"]);
        assert_eq!(run(&["a"], &["b"]).unwrap_err().kind, TemplateErrorKind::Options);
    }

    #[test]
    fn the_report_names_every_file_and_its_digest_repeats() {
        let template =
            tree(&[("a", "${{ values.x }}"), ("b", "new"), ("{% if values.no %}c{% endif %}", "")]);
        let run = |x: &str| {
            let mut workspace = tree(&[("b", "old"), ("other", "")]);
            let options = FetchTemplate { values: json!({"x": x}), ..FetchTemplate::default() };
            fetch_template(&template, &mut workspace, &options).unwrap()
        };
        let report = run("1");
        let names = |paths: &[TreePath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            (names(&report.written), names(&report.kept)),
            (vec!["a".to_owned()], vec!["b".to_owned()])
        );
        assert_eq!(names(&report.skipped), ["{% if values.no %}c{% endif %}"]);
        assert_eq!(report.digest, run("1").digest);
        assert_ne!(report.digest, run("2").digest);
    }

    #[test]
    fn a_tree_is_bounded_as_a_whole() {
        let work = "{% for i in range(900) %}{% set x = i %}{% endfor %}";
        let files: Vec<(String, &str)> = (0..200).map(|index| (format!("f{index}"), work)).collect();
        let template = tree(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
        let mut options = FetchTemplate::default();
        assert!(fetch_template(&template, &mut Tree::new(), &options).is_ok());
        options.budget.steps = 12_000;
        let error = fetch_template(&template, &mut Tree::new(), &options).unwrap_err();
        assert_eq!(error.kind, TemplateErrorKind::Budget, "{error}");
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
