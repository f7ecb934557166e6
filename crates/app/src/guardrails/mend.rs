//! Findings about what is delivered, mended by a change request.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use fairway_domain::change_request::ChangeRequest;
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, Diagnostic, Permission};
use fairway_policy::{KnownObjects, Mending, PolicyObject, PolicySet};

use super::compiled::{Compiled, CompiledUnit};
use super::what_if::{WhatIf, off_thread};
use super::{info_of, worst_first};
use crate::change_requests::Proposal;
use crate::environments::service_entity;
use crate::projection::View;
use crate::{App, AppError};

/// How often files are mended and judged again.
const MOST_ROUNDS: usize = 20;

/// Which findings are to be mended.
#[derive(Clone, Debug, Default)]
pub struct MendRequest {
    /// The service, by name.
    pub service: String,
    /// The environment, by name.
    pub environment: String,
    /// Only findings of this policy, or of one of its rules.
    pub policy: Option<String>,
    /// By the policies as they would be after this change, and only by those that it is about.
    pub change: Option<WhatIf>,
}

/// Policies that are asked.
enum Judges {
    InForce(Arc<Compiled>),
    Changed(Vec<Arc<CompiledUnit>>),
}

impl Judges {
    fn sets(&self) -> Vec<&PolicySet> {
        match self {
            Self::InForce(compiled) => vec![&compiled.set],
            Self::Changed(units) => units.iter().map(|unit| &unit.set).collect(),
        }
    }
}

impl App {
    /// Opens a change request that mends, in the files that are delivered, what policies find and know how to mend.
    ///
    /// # Errors
    /// When nothing is delivered there, or nothing of it can be mended mechanically.
    pub async fn mend_findings(
        &self,
        caller: &Caller,
        request: MendRequest,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let view = self.view();
        let judges = self.judges(&view, &request).await?;
        let delivered = self.everything_delivered(&view).await?;
        let placed = delivered
            .placements
            .iter()
            .filter(|it| *it.service == *request.service && *it.environment == *request.environment);
        let paths: BTreeSet<&str> = placed.map(|it| &*it.file).collect();
        let repository = delivered.repositories.get(request.environment.as_str());
        let Some(repository) = repository.filter(|_| !paths.is_empty()) else {
            return Err(AppError::NotFound {
                what: "delivered service",
                name: format!("{} in {}", request.service, request.environment),
                near: Vec::new(),
            });
        };
        let mending = Mending::new(self.texts(repository, &paths).await?);
        let (app, seen, asked) = (self.clone(), Arc::clone(&view), request.clone());
        let mending = off_thread(move || app.mended(&seen, &judges, &asked, mending)).await?;
        if mending.count() == 0 {
            return Err(AppError::Conflict {
                message: "none of these findings comes with what mends it".to_owned(),
                hint: Some("read the policy's own words about it".to_owned()),
            });
        }
        self.propose(caller, proposal(&view, repository, &request, &mending)?).await
    }

    async fn judges(&self, view: &Arc<View>, request: &MendRequest) -> Result<Judges, AppError> {
        let Some(change) = request.change.clone() else { return Ok(Judges::InForce(self.policies(view))) };
        let (app, seen) = (self.clone(), Arc::clone(view));
        let change = off_thread(move || app.change(&seen, &change)).await??;
        if !change.is_readable || change.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(AppError::Diagnostics(change.diagnostics));
        }
        Ok(Judges::Changed(change.pairs.into_iter().filter_map(|(_, after)| after).collect()))
    }

    async fn texts(
        &self,
        repository: &RepositoryRef,
        paths: &BTreeSet<&str>,
    ) -> Result<Vec<(String, String)>, AppError> {
        let mut texts = Vec::new();
        for path in paths {
            let Ok(tree_path) = path.parse::<TreePath>() else { continue };
            let file = self.inner.forge.file(repository, BranchName::main().as_str(), &tree_path).await?;
            if let Some(text) = file.as_ref().and_then(TreeFile::text) {
                texts.push(((*path).to_owned(), text.to_owned()));
            }
        }
        Ok(texts)
    }

    /// Mends and judges again until nothing is left that can be mended.
    fn mended(&self, view: &View, judges: &Judges, request: &MendRequest, mut mending: Mending) -> Mending {
        for _ in 0..MOST_ROUNDS {
            let objects: Vec<PolicyObject> =
                mending.files().flat_map(|(path, text)| objects(path, text, &request.environment)).collect();
            let known = KnownObjects::of(&objects);
            let mut findings = Vec::new();
            for set in judges.sets() {
                let is_asked = |rule: &str| match &request.policy {
                    Some(policy) => {
                        rule == policy
                            || info_of(set.policies(), rule).is_some_and(|info| info.name == *policy)
                    }
                    None => true,
                };
                let found = set.evaluate_among(&objects, &known);
                findings.extend(found.into_iter().filter(|finding| is_asked(&finding.rule)));
            }
            self.waive(view, &mut findings);
            worst_first(&mut findings);
            if mending.apply(&findings) == 0 {
                break;
            }
        }
        mending
    }
}

fn objects(path: &str, text: &str, environment: &str) -> Vec<PolicyObject> {
    let reading = fairway_yaml::read(path, text, &fairway_yaml::Limits::default());
    let listed = |document: &fairway_yaml::Document| {
        PolicyObject::listed(&document.value, Some(path), Some(environment))
    };
    reading.documents.iter().flat_map(listed).collect()
}

fn proposal(
    view: &View,
    repository: &RepositoryRef,
    request: &MendRequest,
    mending: &Mending,
) -> Result<Proposal, AppError> {
    let MendRequest { service, environment, .. } = request;
    let files = mending.changed().map(|(path, text)| {
        let path = path.parse().map_err(|_| AppError::invalid(format!("{path} is no path")))?;
        Ok((path, Some(TreeFile::regular(text.as_bytes().to_vec()))))
    });
    let files = files.collect::<Result<Vec<_>, AppError>>()?;
    let count = match mending.count() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut description = String::from("What the policies know how to mend:\n\n");
    for (rule, count) in mending.rules() {
        let _ = writeln!(description, "* `{rule}`: {count}");
    }
    description.push_str(
        "\nThese manifests are rendered. The next deployment writes them anew, so make the same change in the service's \
         own `score.yaml` or overrides, too.\n",
    );
    Ok(Proposal {
        repository: repository.clone(),
        target: BranchName::main(),
        files,
        title: format!("Mend {count} about {service} in {environment}"),
        description,
        branch: format!("mend-{service}-{environment}"),
        entity: service_entity(view, service),
        fields: Vec::new(),
    })
}
