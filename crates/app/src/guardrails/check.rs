//! Policies on what a plan renders, and on given files.

use std::collections::BTreeMap;

use fairway_domain::finding::Finding;
use fairway_domain::plan::RenderedEnvironment;
use fairway_domain::{Caller, Diagnostic, Digest, Permission};
use fairway_policy::{KnownObjects, PolicyObject, add_lines};
use serde_json::Value;

use super::rendered::{RenderedDocuments, rendered_documents, rendered_findings};
use super::worst_first;
use crate::environments::{classes_of, environments_of};
use crate::projection::View;
use crate::releases::Checked;
use crate::supply::chain::is_chain;
use crate::{App, AppError};

/// The most objects that one request is answered about.
const MAX_CHECKED: usize = 5_000;

/// What a check of files came to.
pub struct Checks {
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// Files that cannot be read.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many policies were asked.
    pub policies: usize,
}

impl App {
    /// Findings and cost of what a plan renders. `chain` is what is known of the supply chain of a version that is about
    /// to be delivered.
    pub(crate) async fn check_environments(
        &self,
        view: &View,
        environments: &[RenderedEnvironment],
        contents: &BTreeMap<Digest, Vec<u8>>,
        chain: Option<&PolicyObject>,
    ) -> Result<Checked, AppError> {
        let compiled = self.policies(view);
        let known = environments_of(view);
        let classes = classes_of(view);
        let all = rendered_documents(environments, contents).map_err(AppError::Diagnostics)?;
        let mut estimates = Vec::new();
        for RenderedDocuments { rendered, documents } in &all {
            let environment = known.iter().find(|environment| environment.name == rendered.environment);
            if let Some(environment) = environment {
                let values: Vec<Value> = documents.iter().map(|document| document.value.clone()).collect();
                estimates.extend(fairway_insight::cost::estimate(
                    environment,
                    &values,
                    &rendered.resources,
                    &classes,
                ));
            }
        }
        let mut beside = self.looked_up_chains(view).await?;
        beside.extend(chain.cloned());
        let mut findings = rendered_findings(&compiled.set, &all, beside);
        self.waive(view, &mut findings);
        worst_first(&mut findings);
        Ok(Checked {
            findings,
            policies: u32::try_from(compiled.set.policies().len()).unwrap_or(u32::MAX),
            cost: fairway_insight::cost::total(&estimates),
        })
    }

    /// What the policies say about given manifests, for `fairway check` and CI.
    pub async fn check(&self, caller: &Caller, files: Vec<(String, String)>) -> Result<Checks, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let chains = self.looked_up_chains(&view).await?;
        let app = self.clone();
        tokio::task::spawn_blocking(move || app.check_beside(&view, &files, chains))
            .await
            .map_err(|error| AppError::Internal(format!("the check ended without an answer: {error}")))?
    }

    fn check_beside(
        &self,
        view: &View,
        files: &[(String, String)],
        chains: Vec<PolicyObject>,
    ) -> Result<Checks, AppError> {
        let compiled = self.policies(view);
        let mut objects = Vec::new();
        let mut documents = Vec::new();
        let mut diagnostics = Vec::new();
        for (file, text) in files {
            let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
            diagnostics.extend(reading.diagnostics);
            for document in &reading.documents {
                objects.extend(PolicyObject::listed(&document.value, Some(file), None));
            }
            documents.extend(reading.documents);
        }
        if objects.len() > MAX_CHECKED {
            let count = objects.len();
            return Err(AppError::invalid(format!(
                "{count} objects are more than the {MAX_CHECKED} that one request may ask about; send fewer files at once"
            )));
        }
        let mut beside = chains;
        beside.extend(objects.iter().filter(|it| !is_chain(&it.value)).cloned());
        let mut findings = compiled.set.evaluate_among(&objects, &KnownObjects::of(&beside));
        add_lines(&mut findings, &documents);
        self.waive(view, &mut findings);
        worst_first(&mut findings);
        Ok(Checks { findings, diagnostics, objects: objects.len(), policies: compiled.set.policies().len() })
    }
}
