//! The catalog's policies, compiled and kept as long as their sources do not change.

use std::sync::Arc;

use fairway_catalog::CatalogEntity;
use fairway_domain::{Diagnostic, Digest, canonical};
use fairway_policy::{PolicyDocument, PolicySet};
use serde_json::Value;

use crate::App;
use crate::projection::View;

/// Compiled policies, kept as long as their sources do not change.
pub(crate) struct Compiled {
    pub(crate) set: PolicySet,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

fn is_policy(found: &CatalogEntity) -> bool {
    fairway_catalog::is_policy(found.api_version())
}

impl App {
    pub(crate) fn policies(&self, view: &View) -> Arc<Compiled> {
        let documents: Vec<PolicyDocument> = view
            .catalog
            .iter()
            .filter(|found| is_policy(found))
            .map(|found| PolicyDocument {
                value: found.entity().to_value(),
                file: Some(found.file().to_owned()),
            })
            .collect();
        let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        let key = canonical::digest(&values).unwrap_or_else(|| Digest::of(b""));
        let mut cached =
            self.inner.findings.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((known, compiled)) = cached.as_ref()
            && *known == key
        {
            return Arc::clone(compiled);
        }
        let (set, diagnostics) = PolicySet::compile(documents);
        let compiled = Arc::new(Compiled { set, diagnostics });
        *cached = Some((key, Arc::clone(&compiled)));
        compiled
    }
}
