//! The README of a component or template, which its page shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fairway_app::sources::SourceTarget;
use fairway_app::{AppError, View};
use fairway_catalog::CatalogEntity;
use fairway_domain::Caller;
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::TreePath;

use crate::state::ServerState;

/// Bytes of a README that a page shows; a longer one is read in its repository.
const LARGEST: usize = 64 * 1024;
/// READMEs that are kept, or known not to be there.
const KEPT: usize = 128;

/// A README, and where its relative links start from.
pub(crate) struct Readme {
    pub(crate) text: Arc<str>,
    pub(crate) repository: RepositoryRef,
    pub(crate) branch: BranchName,
    pub(crate) folder: String,
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn has_readme(kind: &str) -> bool {
    matches!(kind, "Component" | "Template")
}

/// The README beside the file of a component or template, at the commit that the catalog was read from.
pub(crate) async fn readme(
    state: &ServerState,
    caller: &Caller,
    view: &View,
    found: &CatalogEntity,
) -> Option<Readme> {
    if !has_readme(found.kind()) {
        return None;
    }
    let source = view.sources.get(found.source())?;
    let SourceTarget::Forge { repository, branch, .. } = &source.target else { return None };
    let folder = folder_of(found.file());
    // Where several share a folder, its README is about none of them.
    let sharing = view.catalog.iter().filter(|other| {
        other.source() == found.source() && has_readme(other.kind()) && folder_of(other.file()) == folder
    });
    if sharing.take(2).count() > 1 {
        return None;
    }
    let path = if folder.is_empty() { "README.md".to_owned() } else { format!("{folder}/README.md") };
    let path = TreePath::lenient(&path).ok()?;
    let revision = source.last.as_ref()?.revision.as_deref()?;
    let key = format!("{repository} {revision} {path}");
    let text = if let Some(known) = state.readmes.get(&key) {
        known
    } else {
        // Asking git costs a process, which is most of what the page costs.
        let text: Option<Arc<str>> = match state.app.file(caller, repository, revision, &path).await {
            Ok(file) if file.bytes.len() <= LARGEST => file.text().map(Arc::from),
            Ok(_) | Err(AppError::NotFound { .. }) => None,
            // A failure says nothing about what the commit holds, so it is not remembered.
            Err(_) => return None,
        };
        state.readmes.put(key, text.clone());
        text
    };
    Some(Readme {
        text: text?,
        repository: repository.clone(),
        branch: branch.clone(),
        folder: folder.to_owned(),
    })
}

/// READMEs by repository, commit and path. What a commit holds never changes, so nothing here grows stale.
#[derive(Default)]
pub(crate) struct ReadmeCache(Mutex<BTreeMap<String, Option<Arc<str>>>>);

impl ReadmeCache {
    #[expect(clippy::option_option, reason = "not asked for yet is not the same as not there")]
    fn get(&self, key: &str) -> Option<Option<Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: String, text: Option<Arc<str>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, text);
    }
}
