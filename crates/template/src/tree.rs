//! Renders a tree of files into another, in any language: paths like contents.
//!
//! A file whose rendered path has an empty segment is left out, which is how templates make files optional. Binary files
//! and symbolic links are copied as they are. Nothing leaves the workspace, and nothing is written when a file fails.

use std::collections::BTreeSet;

use fairway_domain::Digest;
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};

use crate::budget::Budget;
use crate::error::{TemplateError, TemplateErrorKind};

/// How many times the work and the output of one file a whole tree may take.
pub const FILES: u64 = 16;

/// What rendering a tree did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeReport {
    /// The digest of the files that were written: the same input has the same.
    pub digest: Digest,
    /// The files of the workspace that were written.
    pub written: Vec<TreePath>,
    /// The files of the workspace that were there already and stayed as they were.
    pub kept: Vec<TreePath>,
    /// The files of the template that were left out, as their rendered path has an empty segment.
    pub skipped: Vec<TreePath>,
}

/// How one file of the template is treated.
pub struct Treatment {
    /// The template of the path.
    pub path: String,
    /// Whether the path is one; else it stays as it is.
    pub renders_path: bool,
    /// Whether the contents are a template.
    pub renders_contents: bool,
}

/// Where a tree goes.
pub struct Destination<'o> {
    /// The folder of the workspace.
    pub folder: Option<TreePath>,
    /// Whether files that are there already are replaced; otherwise they stay.
    pub replace: bool,
    /// The limits of one file.
    pub budget: &'o Budget,
}

/// Renders `template` into `workspace`. On an error the workspace is as it was.
pub fn render_tree(
    template: &Tree,
    workspace: &mut Tree,
    destination: &Destination<'_>,
    treat: impl Fn(&TreePath) -> Treatment,
    render: impl Fn(&str, &str) -> Result<String, TemplateError>,
) -> Result<TreeReport, TemplateError> {
    let mut places = Places::of(workspace);
    let mut files = Vec::new();
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    let mut rest = (destination.budget.output as u64).saturating_mul(FILES);
    for (path, file) in template.iter() {
        let treatment = treat(path);
        let rendered =
            if treatment.renders_path { render(&treatment.path, path.as_str())? } else { treatment.path };
        let Some(output) = place(path, &rendered, destination.folder.as_ref())? else {
            skipped.push(path.clone());
            continue;
        };
        if places.files.contains(&output) && !destination.replace {
            kept.push(output);
            continue;
        }
        places.claim(path, &output)?;
        let is_template = treatment.renders_contents && file.mode != FileMode::Symlink;
        let bytes = match file.text().filter(|_| is_template) {
            Some(text) => {
                let text = render(text, path.as_str())?;
                rest = rest.checked_sub(text.len() as u64).ok_or_else(|| TemplateError {
                    kind: TemplateErrorKind::Budget,
                    ..path_error(path.as_str(), "the files together are too large".to_owned(), "Render less.")
                })?;
                text.into_bytes().into()
            }
            None => file.bytes.clone(),
        };
        files.push((output, TreeFile { mode: file.mode, bytes }));
    }
    let digest = files.iter().cloned().collect::<Tree>().digest();
    let mut written = Vec::with_capacity(files.len());
    for (path, file) in files {
        written.push(path.clone());
        workspace.insert(path, file);
    }
    written.sort();
    written.dedup();
    Ok(TreeReport { digest, written, kept, skipped })
}

/// Where a rendered path leads; `None` for one with an empty segment.
fn place(
    path: &TreePath,
    rendered: &str,
    folder: Option<&TreePath>,
) -> Result<Option<TreePath>, TemplateError> {
    let is_skipped = rendered.is_empty()
        || rendered.starts_with('/')
        || rendered.ends_with('/')
        || rendered.contains("//");
    if is_skipped {
        return Ok(None);
    }
    let output = TreePath::lenient(rendered).map_err(|error| {
        path_error(path.as_str(), error.to_string(), "Check the values that the path is made of.")
    })?;
    Ok(Some(folder.map_or_else(|| output.clone(), |folder| output.below(folder))))
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

/// A fault of a path.
pub fn path_error(name: &str, message: String, hint: &str) -> TemplateError {
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
