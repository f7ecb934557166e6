//! Policies on what a plan renders, and on given files.

use std::collections::BTreeMap;

use fairway_domain::finding::Finding;
use fairway_domain::plan::RenderedEnvironment;
use fairway_domain::{Caller, Diagnostic, Digest, Permission};
use fairway_policy::{PolicyObject, add_lines};
use serde_json::Value;

use super::rendered::{RenderedDocuments, rendered_documents, rendered_findings};
use super::worst_first;
use crate::environments::{classes_of, environments_of};
use crate::projection::View;
use crate::releases::Checked;
use crate::{App, AppError};

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
    /// Findings and cost of what a plan renders.
    pub(crate) fn check_environments(
        &self,
        view: &View,
        environments: &[RenderedEnvironment],
        contents: &BTreeMap<Digest, Vec<u8>>,
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
        let mut findings = rendered_findings(&compiled.set, &all);
        self.waive(view, &mut findings);
        worst_first(&mut findings);
        Ok(Checked {
            findings,
            policies: u32::try_from(compiled.set.policies().len()).unwrap_or(u32::MAX),
            cost: fairway_insight::cost::total(&estimates),
        })
    }

    /// What the policies say about given manifests, for `fairway check` and CI.
    pub fn check(&self, caller: &Caller, files: &[(String, String)]) -> Result<Checks, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let mut objects = Vec::new();
        let mut documents = Vec::new();
        let mut diagnostics = Vec::new();
        for (file, text) in files {
            let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
            diagnostics.extend(reading.diagnostics);
            objects.extend(reading.documents.iter().map(|document| PolicyObject {
                value: document.value.clone(),
                file: Some(file.clone()),
                environment: None,
            }));
            documents.extend(reading.documents);
        }
        let mut findings = compiled.set.evaluate(&objects);
        add_lines(&mut findings, &documents);
        self.waive(&view, &mut findings);
        worst_first(&mut findings);
        Ok(Checks { findings, diagnostics, objects: objects.len(), policies: compiled.set.policies().len() })
    }
}
