//! Policies on the manifests of a repository that a change touches: a push, or a change request.

use std::collections::BTreeSet;
use std::sync::Arc;

use fairway_domain::finding::Finding;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::TreePath;
use fairway_policy::{KnownObjects, PolicyObject, add_lines};
use fairway_yaml::Document;

use super::delivered::is_manifest;
use super::{Compiled, worst_first};
use crate::environments::environments_of;
use crate::supply::chain::is_chain;
use crate::{App, AppError};

/// The most objects of one change that are judged.
const MAX_OBJECTS: usize = 50_000;
/// Beside changes in so many folders their other manifests are read, too.
const MAX_FOLDERS: usize = 200;
/// What the tests of policies are called by: what lies beside them is meant to be broken.
const SUITES: [&str; 3] = ["suite.yaml", "kyverno-test.yaml", "chainsaw-test.yaml"];

/// Which files are read to judge a change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Manifests that it touches, which are judged.
    pub(crate) touched: BTreeSet<TreePath>,
    /// Those in the same folders, which policies may look up.
    pub(crate) beside: BTreeSet<TreePath>,
    /// Samples of the tests of policies, which are not judged.
    pub(crate) samples: usize,
}

/// Manifests with their texts.
#[derive(Default)]
pub(crate) struct Manifests {
    /// The folders that are delivered to environments.
    pub(crate) delivered: BTreeSet<TreePath>,
    pub(crate) touched: Vec<(String, String)>,
    pub(crate) beside: Vec<(String, String)>,
}

/// What the policies say of a change.
pub(crate) struct Judgement {
    /// The worst first.
    pub(crate) findings: Vec<Finding>,
    /// How many objects were judged.
    pub(crate) objects: usize,
    /// Files that could not be judged.
    pub(crate) unread: Vec<Unread>,
}

/// A file that could not be judged.
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) reason: String,
    /// It is delivered to an environment, or was left out: in doubt it does not pass.
    pub(crate) blocks: bool,
}

/// The folder that a file is in; empty at the top.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_within(path: &str, folders: &BTreeSet<TreePath>) -> bool {
    std::iter::successors(Some(folder(path)), |it| Some(folder(it)).filter(|it| !it.is_empty()))
        .any(|it| folders.iter().any(|folder| folder.as_str() == it))
}

/// Chooses among all files of a repository, by those that a change touches. What is delivered to an environment is no
/// sample, whatever lies beside it.
pub(crate) fn select<'p>(
    changed: impl Iterator<Item = &'p TreePath>,
    all: impl Iterator<Item = &'p TreePath> + Clone,
    delivered: &BTreeSet<TreePath>,
) -> Selection {
    let suites: BTreeSet<&str> = all
        .clone()
        .filter(|path| SUITES.contains(&path.file_name()))
        .map(|path| folder(path.as_str()))
        // A suite at the top would let everything pass.
        .filter(|folder| !folder.is_empty())
        .collect();
    let is_sample = |path: &TreePath| {
        !is_within(path.as_str(), delivered)
            && std::iter::successors(Some(folder(path.as_str())), |it| {
                Some(folder(it)).filter(|it| !it.is_empty())
            })
            .any(|it| suites.contains(it))
    };
    let (samples, touched): (Vec<&TreePath>, Vec<&TreePath>) =
        changed.filter(|path| is_manifest(path)).partition(|path| is_sample(path));
    let touched: BTreeSet<TreePath> = touched.into_iter().cloned().collect();
    let folders: BTreeSet<&str> = touched.iter().map(|path| folder(path.as_str())).collect();
    let beside = match folders.len() {
        0..=MAX_FOLDERS => all
            .filter(|path| is_manifest(path) && folders.contains(folder(path.as_str())))
            .filter(|path| !touched.contains(*path))
            .cloned()
            .collect(),
        _ => BTreeSet::new(),
    };
    Selection { touched, beside, samples: samples.len() }
}

/// The documents of files that are objects, and why others cannot be read.
fn documents(files: &[(String, String)], mut unread: impl FnMut(&str, String)) -> Vec<Document> {
    let mut documents = Vec::new();
    for (path, text) in files {
        let reading = fairway_yaml::read(path, text, &fairway_yaml::Limits::default());
        if let Some(problem) = reading.diagnostics.first() {
            unread(path, problem.message.clone());
        }
        documents.extend(reading.documents.into_iter().filter(|it| it.value.get("kind").is_some()));
    }
    documents
}

fn objects(documents: &[Document]) -> Vec<PolicyObject> {
    let objects = |document: &Document| PolicyObject::listed(&document.value, Some(document.file()), None);
    documents.iter().flat_map(objects).collect()
}

fn judge(compiled: &Compiled, manifests: &Manifests, chains: Vec<PolicyObject>) -> Judgement {
    let mut unread = Vec::new();
    let judged = documents(&manifests.touched, |path, reason| {
        let blocks = is_within(path, &manifests.delivered);
        unread.push(Unread { path: path.to_owned(), reason, blocks });
    });
    let mut asked = objects(&judged);
    let left: BTreeSet<String> =
        asked.drain(asked.len().min(MAX_OBJECTS)..).filter_map(|object| object.file).collect();
    unread.extend(left.into_iter().map(|path| {
        let reason = format!("a change may bring {MAX_OBJECTS} objects");
        Unread { path, reason, blocks: true }
    }));
    // What cannot be read beside the change is somebody else's matter.
    let beside = documents(&manifests.beside, |_, _| {});
    let mut known = chains;
    known.extend(asked.iter().cloned().chain(objects(&beside)).filter(|it| !is_chain(&it.value)));
    let mut findings = compiled.set.evaluate_among(&asked, &KnownObjects::of(&known));
    add_lines(&mut findings, &judged);
    Judgement { findings, objects: asked.len(), unread }
}

impl App {
    /// The folders of a repository that are delivered to environments.
    pub(crate) fn delivery_folders(&self, repository: &RepositoryRef) -> BTreeSet<TreePath> {
        let environments = environments_of(&self.view());
        let deliveries = environments.into_iter().map(|environment| environment.spec.delivery);
        deliveries.filter(|it| it.repository == *repository).map(|it| it.path).collect()
    }

    /// What the policies in force say about manifests of a repository, waivers counted. `None` where there is no policy
    /// or nothing that one could be about.
    pub(crate) async fn judge_manifests(&self, manifests: Manifests) -> Result<Option<Judgement>, AppError> {
        let view = self.view();
        let compiled: Arc<Compiled> = self.policies(&view);
        if manifests.touched.is_empty() || compiled.set.is_empty() {
            return Ok(None);
        }
        let chains = self.looked_up_chains(&view).await?;
        let work = tokio::task::spawn_blocking(move || judge(&compiled, &manifests, chains));
        let mut judgement = work
            .await
            .map_err(|error| AppError::Internal(format!("the policies ended without an answer: {error}")))?;
        if judgement.objects == 0 && judgement.unread.is_empty() {
            return Ok(None);
        }
        self.waive(&view, &mut judgement.findings);
        worst_first(&mut judgement.findings);
        Ok(Some(judgement))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn paths(names: &[&str]) -> Vec<TreePath> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn manifests_are_judged_with_those_in_the_same_folder_beside_them() {
        let all = paths(&["deploy/app.yaml", "deploy/network.yml", "deploy/notes.md", "other/app.yaml"]);
        let changed = paths(&["deploy/app.yaml", "deploy/notes.md"]);
        let found = select(changed.iter(), all.iter(), &BTreeSet::new());
        assert_eq!(found.touched, paths(&["deploy/app.yaml"]).into_iter().collect());
        assert_eq!(found.beside, paths(&["deploy/network.yml"]).into_iter().collect());
        assert_eq!(found.samples, 0);
    }

    #[test]
    fn samples_of_the_tests_of_policies_are_meant_to_be_broken() {
        let all = paths(&[
            "labels/suite.yaml",
            "labels/samples/bad.yaml",
            "app.yaml",
            "kyverno-test.yaml",
            "x/y.yaml",
        ]);
        let found = select(all.iter(), all.iter(), &BTreeSet::new());
        // A suite at the top does not let everything pass.
        assert_eq!(
            found.touched,
            paths(&["app.yaml", "kyverno-test.yaml", "x/y.yaml"]).into_iter().collect()
        );
        assert_eq!(found.samples, 2);
        // What is delivered is none, whatever somebody puts beside it.
        let found = select(all.iter(), all.iter(), &paths(&["labels"]).into_iter().collect());
        assert_eq!((found.touched.len(), found.samples), (5, 0));
    }
}
