//! What a plan renders for environments, as policies see it.

use std::collections::BTreeMap;

use fairway_domain::finding::Finding;
use fairway_domain::plan::RenderedEnvironment;
use fairway_domain::{Diagnostic, Digest};
use fairway_policy::{KnownObjects, PolicyObject, PolicySet, add_lines};
use fairway_yaml::Document;

use crate::supply::chain::is_chain;

/// The manifests of an environment.
pub struct RenderedDocuments<'p> {
    /// The environment.
    pub rendered: &'p RenderedEnvironment,
    /// Its manifests, in the order of the files.
    pub documents: Vec<Document>,
}

/// Reads what a plan renders; contents that are missing are left out.
pub fn rendered_documents<'p>(
    environments: &'p [RenderedEnvironment],
    contents: &BTreeMap<Digest, Vec<u8>>,
) -> Result<Vec<RenderedDocuments<'p>>, Vec<Diagnostic>> {
    let mut all = Vec::new();
    for rendered in environments {
        let mut documents = Vec::new();
        for file in &rendered.files {
            let Some(bytes) = file.content.as_ref().and_then(|digest| contents.get(digest)) else {
                continue;
            };
            let text = String::from_utf8_lossy(bytes);
            let reading = fairway_yaml::read(file.path.as_str(), &text, &fairway_yaml::Limits::default());
            if !reading.diagnostics.is_empty() {
                return Err(reading.diagnostics);
            }
            documents.extend(reading.documents);
        }
        all.push(RenderedDocuments { rendered, documents });
    }
    Ok(all)
}

/// What policies say about it. All environments of a plan are looked at together, as they are delivered together;
/// `chains` is what is known of supply chains, of which what is rendered proves nothing.
pub fn rendered_findings(
    policies: &PolicySet,
    all: &[RenderedDocuments<'_>],
    chains: Vec<PolicyObject>,
) -> Vec<Finding> {
    let objects = |it: &RenderedDocuments<'_>| -> Vec<PolicyObject> {
        let of = |document: &Document| {
            PolicyObject::listed(&document.value, Some(document.file()), Some(&it.rendered.environment))
        };
        it.documents.iter().flat_map(of).collect()
    };
    let objects: Vec<PolicyObject> = all.iter().flat_map(objects).collect();
    let mut known = chains;
    known.extend(objects.iter().filter(|it| !is_chain(&it.value)).cloned());
    let mut findings = policies.evaluate_among(&objects, &KnownObjects::of(&known));
    add_lines(&mut findings, all.iter().flat_map(|it| &it.documents));
    findings
}
