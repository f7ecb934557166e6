//! The project: rendered names, rendered contents, and what is copied.

use std::collections::BTreeSet;
use std::sync::Arc;

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use serde_json::Value as Json;

use crate::cookiecutter::context::{answer, context, newlines, patterns};
use crate::cookiecutter::environment::environment;
use crate::cookiecutter::hooks::{Hook, Hooks, Stage};
use crate::cookiecutter::source::{Source, Target, follow, resolve, template_folder};
use crate::cookiecutter::{Cookiecutter, binary, glob, hooks, newline, refuse};
use crate::error::{TemplateError, TemplateErrorKind};
use crate::jinja::Environment;

/// What came out.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The project's folder in the workspace.
    pub project: TreePath,
    /// All variables with their values, as the templates saw them.
    pub context: Json,
    /// The template's hooks in the order that they run in; empty unless they were asked for.
    pub hooks: Vec<Hook>,
}

/// Renders the template into the workspace. On an error the workspace is as it was.
pub fn generate(
    template: &Tree,
    workspace: &mut Tree,
    options: &Cookiecutter,
) -> Result<Generated, TemplateError> {
    let source = resolve(template, options)?;
    let file = source.file();
    let environment = environment(&source.variables, options, &file)?;
    let known = answer(&environment, &source.variables, &file)?;
    let repository = match &source.folder {
        Some(folder) => format!("{}/{folder}", options.repository),
        None => options.repository.clone(),
    };
    let template = if source.folder == options.directory { &options.template } else { &repository };
    let context = context(&source.variables, known, options, template, &repository);
    let folder = template_folder(&source, &environment)?;
    let environment = with_loader(environment, &source.tree, &folder);
    let project = project_folder(&environment, &folder, &context, options)?;
    let mut writer = Writer {
        files: source.tree.subtree(Some(&folder)),
        source: &source,
        folder: &folder,
        environment: &environment,
        context: &context,
        options,
        patterns: patterns(context.get("cookiecutter").unwrap_or(&Json::Null)),
        newlines: newlines(context.get("cookiecutter").unwrap_or(&Json::Null), &file)?,
        project: &project,
        folders: folders_of(workspace),
        output: workspace.clone(),
        written: 0,
    };
    if writer.folders.contains(project.as_str()) && !options.overwrite {
        return Err(refuse(
            TemplateErrorKind::Path,
            folder.as_str(),
            format!("the folder \"{project}\" is there already"),
            "Give the project another name, or allow to overwrite it.",
        ));
    }
    writer.make_folder(&project, folder.as_str())?;
    writer.walk("")?;
    let output = writer.output;
    let hooks = if options.hooks == Hooks::Return {
        render_hooks(&source, &environment, &context)?
    } else {
        Vec::new()
    };
    *workspace = output;
    Ok(Generated { project, context, hooks })
}

/// Templates are found in the rendered folder, and in `templates` beside it.
fn with_loader(environment: Environment, tree: &Tree, folder: &TreePath) -> Environment {
    let own = tree.subtree(Some(folder));
    let shared = TreePath::lenient("templates").ok().map(|path| tree.subtree(Some(&path)));
    let trees: Arc<[Tree]> = std::iter::once(own).chain(shared).collect();
    environment.with_loader(move |name| {
        let name = name.trim_start_matches('/');
        let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        trees.iter().find_map(|tree| tree.get_text(&parts.join("/")).map(str::to_owned))
    })
}

fn project_folder(
    environment: &Environment,
    folder: &TreePath,
    context: &Json,
    options: &Cookiecutter,
) -> Result<TreePath, TemplateError> {
    let rendered = environment.render(folder.as_str(), folder.as_str(), context)?;
    let project = TreePath::lenient(&rendered).map_err(|error| {
        refuse(
            TemplateErrorKind::Path,
            folder.as_str(),
            format!("\"{rendered}\" cannot be the name of the project's folder: {error}"),
            "Check the values that the name is made of.",
        )
    })?;
    Ok(options.target.as_ref().map_or_else(|| project.clone(), |target| project.below(target)))
}

fn render_hooks(
    source: &Source,
    environment: &Environment,
    context: &Json,
) -> Result<Vec<Hook>, TemplateError> {
    let mut rendered = Vec::new();
    for (stage, path) in hooks::find(&source.tree) {
        let Some(text) = source.tree.get(&path).and_then(TreeFile::text) else {
            return Err(refuse(
                TemplateErrorKind::Options,
                path.as_str(),
                "this hook is not a text".to_owned(),
                "Hooks are scripts.",
            ));
        };
        let script = if stage == Stage::PrePrompt {
            text.to_owned()
        } else {
            environment.render(text, path.as_str(), context)?
        };
        rendered.push(Hook { stage, path, script });
    }
    Ok(rendered)
}

/// The folders that files of a tree lie in.
fn folders_of(tree: &Tree) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (path, _) in tree.iter() {
        let mut folder = path.parent();
        while let Some(current) = folder {
            folder = current.parent();
            if !folders.insert(current.as_str().to_owned()) {
                break;
            }
        }
    }
    folders
}

struct Writer<'a> {
    source: &'a Source,
    /// The rendered folder of the template, and what lies in it.
    folder: &'a TreePath,
    files: Tree,
    environment: &'a Environment,
    context: &'a Json,
    options: &'a Cookiecutter,
    patterns: Vec<&'a str>,
    newlines: Option<&'a str>,
    project: &'a TreePath,
    folders: BTreeSet<String>,
    output: Tree,
    written: usize,
}

impl Writer<'_> {
    /// Renders a folder of the template, given with a slash at its end: copied folders first, then its own files, then
    /// the folders in it.
    fn walk(&mut self, prefix: &str) -> Result<(), TemplateError> {
        let mut files = Vec::new();
        let mut folders: Vec<String> = Vec::new();
        let linked = |file: &TreeFile| file.mode == FileMode::Symlink;
        for (path, file) in self.files.iter() {
            let Some(rest) = path.as_str().strip_prefix(prefix) else { continue };
            match rest.split_once('/') {
                Some((name, _)) if folders.last().is_none_or(|last| last != name) => {
                    folders.push(name.to_owned());
                }
                Some(_) => {}
                None if linked(file) && matches!(self.follow(path, file), Some(Target::Folder(_))) => {
                    folders.push(rest.to_owned());
                }
                None => files.push((path.clone(), file.clone())),
            }
        }
        folders.sort();
        folders.dedup();
        let (copied, rendered): (Vec<String>, Vec<String>) =
            folders.into_iter().map(|name| format!("{prefix}{name}")).partition(|path| self.is_copied(path));
        for folder in &copied {
            self.copy_folder(folder)?;
        }
        for folder in &rendered {
            let output = self.output_path(folder, true)?;
            if let Some(output) = output {
                self.make_folder(&output, folder)?;
            }
        }
        for (path, file) in files {
            self.file(&path, &file)?;
        }
        for folder in rendered {
            self.walk(&format!("{folder}/"))?;
        }
        Ok(())
    }

    fn is_copied(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| glob::matches(pattern, path))
    }

    /// What a link of the rendered folder leads to, which may lie outside of that folder.
    fn follow(&self, path: &TreePath, file: &TreeFile) -> Option<Target> {
        follow(&self.source.tree, &path.below(self.folder), file)
    }

    /// Where something of the template goes; `None` for the project's folder or one that is there.
    fn output_path(&self, path: &str, is_folder: bool) -> Result<Option<TreePath>, TemplateError> {
        let rendered = self.environment.render(path, path, self.context)?;
        let here = rendered.trim_start_matches("./");
        if here.is_empty() || here == "." || here.ends_with('/') {
            return if is_folder { Err(exists(path, self.project)) } else { Ok(None) };
        }
        let joined =
            if rendered.starts_with('/') { Err(None) } else { TreePath::lenient(&rendered).map_err(Some) };
        let output = joined.map_err(|error| {
            let why = error.map_or_else(|| "it begins with a slash".to_owned(), |error| error.to_string());
            refuse(
                TemplateErrorKind::Path,
                path,
                format!("\"{rendered}\" cannot be a path in the project: {why}"),
                "Check the values that the path is made of; a folder cannot be left out by an empty name.",
            )
        })?;
        Ok(Some(output.below(self.project)))
    }

    fn make_folder(&mut self, output: &TreePath, path: &str) -> Result<(), TemplateError> {
        if self.output.get(output).is_some() {
            return Err(in_the_way(path, output));
        }
        if self.folders.contains(output.as_str()) && !self.options.overwrite {
            return Err(exists(path, output));
        }
        let mut folder = Some(output.clone());
        while let Some(current) = folder {
            folder = current.parent();
            self.folders.insert(current.as_str().to_owned());
        }
        Ok(())
    }

    fn copy_folder(&mut self, folder: &str) -> Result<(), TemplateError> {
        let Some(output) = self.output_path(folder, true)? else { return Ok(()) };
        let inside = format!("{output}/");
        let old: Vec<TreePath> = self
            .output
            .iter()
            .filter(|(path, _)| path.as_str().starts_with(&inside))
            .map(|(path, _)| path.clone())
            .collect();
        for path in old {
            self.output.remove(&path);
        }
        let lenient = |text: &str| TreePath::lenient(text).ok();
        let root = match lenient(folder).and_then(|path| Some((path.clone(), self.files.get(&path)?.clone())))
        {
            Some((path, link)) => match self.follow(&path, &link) {
                Some(Target::Folder(target)) => target,
                _ => return Ok(()),
            },
            None => lenient(folder).map(|path| path.below(self.folder)),
        };
        let copied: Vec<(TreePath, TreeFile)> = self
            .source
            .tree
            .subtree(root.as_ref())
            .iter()
            .map(|(path, file)| (path.clone(), file.clone()))
            .collect();
        for (path, file) in copied {
            let place = root.as_ref().map_or_else(|| path.clone(), |root| path.below(root));
            let file = match follow(&self.source.tree, &place, &file) {
                Some(Target::File(file)) => file,
                Some(Target::Folder(_)) => continue,
                None => return Err(dangling(place.as_str(), &file)),
            };
            self.insert(path.below(&output), file, folder)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &TreePath, file: &TreeFile) -> Result<(), TemplateError> {
        let name = path.as_str();
        let copied = self.is_copied(name);
        let Some(output) = self.output_path(name, false)? else { return Ok(()) };
        if self.folders.contains(output.as_str()) {
            return if copied { Err(in_the_way(name, &output)) } else { Ok(()) };
        }
        if !copied && self.options.skip_existing && self.output.get(&output).is_some() {
            return Ok(());
        }
        let file = match self.follow(path, file) {
            Some(Target::File(file)) => file,
            Some(Target::Folder(_)) => return Ok(()),
            None => return Err(dangling(name, file)),
        };
        if copied || binary::is_binary(name, &file.bytes) {
            return self.insert(output, file, name);
        }
        let text = file.text().unwrap_or_default();
        let rendered = self.environment.render(text, name, self.context)?;
        let ending = self.newlines.unwrap_or_else(|| newline::detect(text));
        let bytes = newline::write(rendered, ending).into_bytes().into();
        self.insert(output, TreeFile { mode: file.mode, bytes }, name)
    }

    fn insert(&mut self, output: TreePath, file: TreeFile, path: &str) -> Result<(), TemplateError> {
        self.written = self.written.saturating_add(file.bytes.len());
        if self.written > self.options.budget.memory {
            return Err(refuse(
                TemplateErrorKind::Budget,
                path,
                "the project becomes too large".to_owned(),
                "Look for a file that prints more than it should.",
            ));
        }
        let mut folder = output.parent();
        while let Some(current) = folder {
            if self.output.get(&current).is_some() {
                return Err(in_the_way(path, &current));
            }
            folder = current.parent();
            self.folders.insert(current.as_str().to_owned());
        }
        self.output.insert(output, file);
        Ok(())
    }
}

fn exists(path: &str, output: &TreePath) -> TemplateError {
    refuse(
        TemplateErrorKind::Path,
        path,
        format!("the folder \"{output}\" is there already"),
        "Two folders of the template get the same name, or an empty one. Rename one, or allow to overwrite.",
    )
}

fn in_the_way(path: &str, output: &TreePath) -> TemplateError {
    refuse(
        TemplateErrorKind::Path,
        path,
        format!("\"{output}\" is a file, and cannot be a folder too"),
        "Rename one of the two.",
    )
}

fn dangling(path: &str, file: &TreeFile) -> TemplateError {
    refuse(
        TemplateErrorKind::Path,
        path,
        format!("this link leads to \"{}\", which is not in the template", file.text().unwrap_or("?")),
        "Links of a template have to lead to its own files.",
    )
}
