//! Finding a template in a tree: its `cookiecutter.json`, nested templates, and the folder that is rendered.

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use serde_json::{Map, Value as Json};

use crate::cookiecutter::context::{apply_answers, render};
use crate::cookiecutter::environment::environment;
use crate::cookiecutter::hooks::Hooks;
use crate::cookiecutter::{Cookiecutter, hooks, refuse};
use crate::error::{TemplateError, TemplateErrorKind};
use crate::jinja::Environment;

/// The file that makes a folder a template.
pub const CONFIGURATION: &str = "cookiecutter.json";
/// How deep templates may nest.
const DEEPEST: usize = 16;
/// How many links are followed to a file.
const LONGEST_CHAIN: usize = 32;

/// A template that was found.
pub struct Source {
    /// Its folder as a tree.
    pub tree: Tree,
    /// The folder inside of the whole, for errors and `_repo_dir`.
    pub folder: Option<TreePath>,
    /// Its variables with the answers, `__prompts__` left out.
    pub variables: Map<String, Json>,
    /// Texts for people, by variable.
    pub prompts: Map<String, Json>,
}

impl Source {
    /// What errors call `cookiecutter.json`.
    pub fn file(&self) -> String {
        file_in(self.folder.as_ref())
    }
}

fn file_in(folder: Option<&TreePath>) -> String {
    folder.map_or_else(|| CONFIGURATION.to_owned(), |folder| format!("{folder}/{CONFIGURATION}"))
}

/// Which template a choice of templates leaves to be made.
pub enum Found {
    Template(Source),
    /// The choice has no answer; with the default that is taken without asking.
    Nested {
        name: &'static str,
        options: Vec<(String, String)>,
        next: Option<TreePath>,
    },
}

/// Reads the template at a folder of the tree, without going into nested ones.
pub fn read(tree: &Tree, folder: Option<&TreePath>, options: &Cookiecutter) -> Result<Found, TemplateError> {
    let file = file_in(folder);
    let part = tree.subtree(folder);
    let Some(text) = part.get_text(CONFIGURATION) else {
        return Err(refuse(
            TemplateErrorKind::Path,
            &file,
            "there is no cookiecutter.json".to_owned(),
            "Name the folder that it lies in.",
        ));
    };
    let mut variables: Map<String, Json> = serde_json::from_str(text).map_err(|error| TemplateError {
        name: file.clone(),
        line: error.line().max(1),
        column: error.column().max(1),
        source_line: text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default().to_owned(),
        message: format!("this is not JSON: {error}"),
        hint: Some("It has to be one object, with a default for each variable.".to_owned()),
        kind: TemplateErrorKind::Syntax,
    })?;
    variables.extend(options.variables.clone());
    let picked = options.answers.get("templates").and_then(Json::as_str).map(str::to_owned);
    let mut answers = options.answers.clone();
    if picked.is_some() {
        answers.remove("templates");
    }
    apply_answers(&mut variables, &answers, false, &file)?;
    let prompts = match variables.shift_remove("__prompts__") {
        Some(Json::Object(prompts)) => prompts,
        _ => Map::new(),
    };
    if variables.contains_key("templates") || variables.contains_key("template") {
        return nested(&variables, picked, folder, options, &file);
    }
    Ok(Found::Template(Source { tree: part, folder: folder.cloned(), variables, prompts }))
}

/// Follows nested templates to the one that is rendered.
pub fn resolve(tree: &Tree, options: &Cookiecutter) -> Result<Source, TemplateError> {
    let mut folder = options.directory.clone();
    for _ in 0..DEEPEST {
        if options.hooks == Hooks::Refuse {
            refuse_hooks(&tree.subtree(folder.as_ref()), &file_in(folder.as_ref()))?;
        }
        match read(tree, folder.as_ref(), options)? {
            Found::Template(source) => return Ok(source),
            Found::Nested { next, .. } => folder = next,
        }
    }
    Err(refuse(
        TemplateErrorKind::Budget,
        &file_in(folder.as_ref()),
        format!("templates are nested more than {DEEPEST} deep"),
        "Check whether one of them leads back to itself.",
    ))
}

fn refuse_hooks(tree: &Tree, file: &str) -> Result<(), TemplateError> {
    let found = hooks::find(tree);
    if found.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
    Err(refuse(
        TemplateErrorKind::Options,
        file,
        format!("the template wants to run programs: {}", names.join(", ")),
        "They are not run here. Do what they do in the template itself, or render it with its hooks left out.",
    ))
}

fn nested(
    variables: &Map<String, Json>,
    picked: Option<String>,
    folder: Option<&TreePath>,
    options: &Cookiecutter,
    file: &str,
) -> Result<Found, TemplateError> {
    let wrong = |message: String| {
        refuse(
            TemplateErrorKind::Options,
            file,
            message,
            "\"templates\" is an object of names with {\"path\": …}, \"template\" a list of texts that end in (path).",
        )
    };
    let (name, choices, path) = match variables.get("templates") {
        Some(Json::Object(templates)) if !templates.is_empty() => {
            let choices: Vec<(String, String)> =
                templates.iter().map(|(key, about)| (key.clone(), label(key, about))).collect();
            let key = picked.or_else(|| choices.first().map(|(key, _)| key.clone())).unwrap_or_default();
            let about = templates.get(&key).ok_or_else(|| {
                let known: Vec<&str> = templates.keys().map(String::as_str).collect();
                wrong(format!("there is no template \"{key}\" among {}", known.join(", ")))
            })?;
            let path = about.get("path").and_then(Json::as_str).map(str::to_owned);
            ("templates", choices, path.ok_or_else(|| wrong(format!("the template \"{key}\" has no path")))?)
        }
        _ => {
            let listed = variables.get("template").and_then(Json::as_array);
            let environment: Environment = environment(variables, options, file)?;
            let mut choices = Vec::new();
            for choice in listed.into_iter().flatten() {
                let choice = render(&environment, choice, &format!("{file}#template"), &Map::new())?;
                choices.extend(choice.as_str().map(|choice| (choice.to_owned(), choice.to_owned())));
            }
            let (first, _) =
                choices.first().ok_or_else(|| wrong("there is no nested template".to_owned()))?;
            let inner =
                first.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(path, _)| path);
            let path = inner.filter(|path| !path.is_empty()).map(str::to_owned);
            let message = format!("\"{first}\" names no folder");
            ("template", choices, path.ok_or_else(|| wrong(message))?)
        }
    };
    let next = match folder_of(&path, folder) {
        Place::Root => None,
        Place::Below(next) => Some(next),
        Place::Outside => return Err(wrong(format!("\"{path}\" is no folder of the template"))),
    };
    Ok(Found::Nested { name, options: choices, next })
}

fn label(key: &str, about: &Json) -> String {
    let text = |field: &str| about.get(field).and_then(Json::as_str).unwrap_or(key).to_owned();
    let (title, description) = (text("title"), text("description"));
    if title == description { title } else { format!("{title} ({description})") }
}

/// Where a path leads.
enum Place {
    Root,
    Below(TreePath),
    Outside,
}

/// A relative path below a folder. `.` is the folder itself.
fn folder_of(path: &str, folder: Option<&TreePath>) -> Place {
    if path.starts_with('/') {
        return Place::Outside;
    }
    let mut parts: Vec<&str> = folder.map(|folder| folder.as_str().split('/').collect()).unwrap_or_default();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Place::Outside;
                }
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return Place::Root;
    }
    TreePath::lenient(&parts.join("/")).map_or(Place::Outside, Place::Below)
}

/// The folder that is rendered: the first whose name has `cookiecutter` in the delimiters of a variable.
pub fn template_folder(source: &Source, environment: &Environment) -> Result<TreePath, TemplateError> {
    let syntax = environment.syntax();
    let found = source.tree.iter().find_map(|(path, _)| {
        let (name, _) = path.as_str().split_once('/')?;
        let is_template = name.contains("cookiecutter")
            && name.contains(&syntax.variable_start)
            && name.contains(&syntax.variable_end);
        is_template.then(|| TreePath::lenient(name).ok()).flatten()
    });
    found.ok_or_else(|| {
        refuse(
            TemplateErrorKind::Path,
            &source.file(),
            "there is no folder to render".to_owned(),
            "Put the files into a folder that is named {{cookiecutter.project_slug}} or the like.",
        )
    })
}

/// What a link leads to: a file, or a folder.
pub enum Target {
    File(TreeFile),
    Folder(Option<TreePath>),
}

/// Follows a link inside of the template; `None` where it leads out or nowhere.
pub fn follow(tree: &Tree, path: &TreePath, file: &TreeFile) -> Option<Target> {
    let (mut path, mut file) = (path.clone(), file.clone());
    for _ in 0..LONGEST_CHAIN {
        if file.mode != FileMode::Symlink {
            return Some(Target::File(file));
        }
        let target = match folder_of(file.text()?, path.parent().as_ref()) {
            Place::Root => return Some(Target::Folder(None)),
            Place::Below(target) => target,
            Place::Outside => return None,
        };
        match tree.get(&target) {
            Some(next) => {
                file = next.clone();
                path = target;
            }
            None if !tree.subtree(Some(&target)).is_empty() => return Some(Target::Folder(Some(target))),
            None => return None,
        }
    }
    None
}
