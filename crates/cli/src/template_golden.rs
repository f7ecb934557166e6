//! The golden tree of a case: compared with what is planned, or written anew.

use std::fs;
use std::path::Path;

use fairway_domain::tree::Tree;
use fairway_remote::{TreeLimits, read_folder};
use fairway_scaffold::{Golden, tree_difference};
use tokio::runtime::Handle;

use crate::template_folder::{ChangeKind, Target};

/// What speaks against the files that are planned, if anything does.
pub fn compare(expected: &Path, golden: &Golden, planned: &Tree, runtime: &Handle) -> Option<String> {
    if matches!(golden, Golden::Never) || matches!(golden, Golden::WhenThere) && !expected.is_dir() {
        return None;
    }
    let shown = expected.display();
    if !expected.is_dir() {
        return Some(format!("there is no golden tree {shown} yet; --update writes it"));
    }
    match runtime.block_on(read_folder(expected, TreeLimits::default())) {
        Err(error) => Some(format!("the golden tree cannot be read: {error}")),
        Ok(tree) => tree_difference(&tree, planned)
            .map(|text| format!("the files are not those of {shown} (--update accepts them):\n{text}")),
    }
}

/// Makes the golden tree what is planned, and says what that changed. Nothing outside of the folder is touched.
pub fn update(expected: &Path, planned: &Tree, runtime: &Handle) -> Result<Vec<String>, String> {
    let before = match fs::symlink_metadata(expected) {
        Ok(kind) if kind.is_dir() => runtime
            .block_on(read_folder(expected, TreeLimits::default()))
            .map_err(|error| format!("the golden tree cannot be read: {error}"))?,
        Ok(_) => return Err(format!("{} is in the way of the golden tree", expected.display())),
        Err(_) if planned.is_empty() => return Ok(Vec::new()),
        Err(_) => Tree::new(),
    };
    let target = Target::new(Some(expected));
    let changes = target.compare(planned, true).map_err(|error| error.text())?;
    target.write(&changes).map_err(|error| error.text())?;
    let mut told: Vec<String> = changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Unchanged)
        .map(|change| format!("{} {}", change.kind.word(), expected.join(change.path.as_str()).display()))
        .collect();
    for (path, _) in before.iter().filter(|(path, _)| planned.get(path).is_none()) {
        let place = expected.join(path.as_str());
        fs::remove_file(&place).map_err(|error| format!("{} cannot be removed: {error}", place.display()))?;
        told.push(format!("removed {}", place.display()));
        let mut folder = place.parent();
        // A folder that still holds something stays.
        while let Some(empty) = folder.filter(|it| *it != expected && fs::remove_dir(it).is_ok()) {
            folder = empty.parent();
        }
    }
    Ok(told)
}
