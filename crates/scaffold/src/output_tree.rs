//! What a plan leaves behind, as trees of files.

use std::collections::BTreeMap;

use fairway_domain::Digest;
use fairway_domain::plan::{Effect, FileAction, Plan};
use fairway_domain::tree::{Tree, TreeFile};

/// The files that each repository gets by a plan, by `owner/name`: what all commits to it come to together. A
/// repository that is created and gets nothing is an empty tree. `None` when a content is missing.
pub fn output_trees(plan: &Plan, contents: &BTreeMap<Digest, Vec<u8>>) -> Option<BTreeMap<String, Tree>> {
    let mut trees: BTreeMap<String, Tree> = BTreeMap::new();
    for effect in &plan.effects {
        match effect {
            Effect::CreateRepository { repository, .. } => {
                trees.entry(repository.to_string()).or_default();
            }
            Effect::Commit { repository, files, .. } => {
                let tree = trees.entry(repository.to_string()).or_default();
                for file in files {
                    if file.action == FileAction::Delete {
                        tree.remove(&file.path);
                        continue;
                    }
                    let bytes = contents.get(&file.content?)?;
                    tree.insert(
                        file.path.clone(),
                        TreeFile { mode: file.mode, bytes: bytes.as_slice().into() },
                    );
                }
            }
            _ => {}
        }
    }
    Some(trees)
}
