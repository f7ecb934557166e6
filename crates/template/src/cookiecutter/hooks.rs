//! Programs that a template wants to be run around it.

use fairway_domain::tree::{Tree, TreePath};

/// What happens to hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hooks {
    /// A template with hooks is an error that names them.
    #[default]
    Refuse,
    /// They are left out, as with Cookiecutter's `--accept-hooks no`. What they would have changed stays.
    Skip,
    /// They are handed back, for the caller to run.
    Return,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before anything is read from the template, in a copy of it. Not rendered.
    PrePrompt,
    /// Before files are made, in the project's empty folder.
    PreGenerate,
    /// When all files are there, in the project's folder.
    PostGenerate,
}

impl Stage {
    /// All stages in their order, with the names of their files.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::PrePrompt, "pre_prompt"),
        (Self::PreGenerate, "pre_gen_project"),
        (Self::PostGenerate, "post_gen_project"),
    ];
}

/// A hook, ready to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When.
    pub stage: Stage,
    /// Its file in the template.
    pub path: TreePath,
    /// The program, rendered. Files that end in `.py` are for Python, the others say in their first line what for.
    pub script: String,
}

/// The files of hooks with their stages, in the order that they run in.
pub fn find(template: &Tree) -> Vec<(Stage, TreePath)> {
    let mut found: Vec<(Stage, TreePath)> = template
        .iter()
        .filter_map(|(path, _)| {
            let name = path.as_str().strip_prefix("hooks/")?;
            if name.contains('/') || name.ends_with('~') {
                return None;
            }
            let stem =
                name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(name, |(stem, _)| stem);
            let (stage, _) = Stage::ALL.iter().find(|(_, known)| *known == stem)?;
            Some((*stage, path.clone()))
        })
        .collect();
    found.sort();
    found
}
