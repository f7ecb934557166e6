//! References that lead nowhere, as far as a folder of files can tell.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::tree::Tree;
use fairway_domain::{Diagnostic, Entity, EntityRef};
use fairway_yaml::{Document, Limits, read};

use crate::ingest::IngestedEntity;
use crate::kind::KindRegistry;
use crate::relation::references;

/// Warnings for references to what these entities do not hold, each with its place. Other sources may hold it, so
/// only kinds are looked at that the entities have more of in the same namespace: a component whose team is
/// described elsewhere is told nothing, one that misspells its neighbour is.
pub fn loose_references(tree: &Tree, entities: &[IngestedEntity], kinds: &KindRegistry) -> Vec<Diagnostic> {
    let known: BTreeSet<EntityRef> = entities.iter().map(|it| it.reference.clone()).collect();
    let populated: BTreeSet<(&str, &str)> = known.iter().map(|it| (it.kind(), it.namespace())).collect();
    let mut documents: BTreeMap<&str, Vec<Document>> = BTreeMap::new();
    let mut found = Vec::new();
    for ingested in entities {
        let entity = ingested.entity();
        for reference in references(kinds, &entity) {
            let Ok(target) = &reference.target else { continue };
            if known.contains(target) || !populated.contains(&(target.kind(), target.namespace())) {
                continue;
            }
            let file = ingested.file.as_str();
            let documents = documents.entry(file).or_insert_with(|| {
                let text = tree.get(&ingested.file).and_then(|file| file.text()).unwrap_or_default();
                read(file, text, &Limits::default()).documents
            });
            let message = format!("{target} is not among these files");
            let document = documents.iter().find(|document| document.line() == ingested.line);
            let diagnostic = match document {
                Some(document) => {
                    let pointer = written_at(document, &entity, &reference.pointer);
                    document.diagnostic(&pointer, "entity-reference-loose", message)
                }
                None => Diagnostic::error("entity-reference-loose", message),
            };
            let mut diagnostic = diagnostic.with_hint("correct the name, or describe it");
            diagnostic.severity = fairway_domain::DiagnosticSeverity::Warning;
            found.push(diagnostic);
        }
    }
    found
}

/// Where the file has the text that stands at `pointer` in the entity, whose lists are sorted.
fn written_at(document: &Document, entity: &Entity, pointer: &str) -> String {
    let text = entity.spec_pointer(pointer.strip_prefix("/spec").unwrap_or(pointer));
    let list = pointer.rsplit_once('/').map_or("", |(list, _)| list);
    let items = document.value.pointer(list).and_then(|list| list.as_array());
    match items.and_then(|items| items.iter().position(|item| Some(item) == text)) {
        Some(index) => format!("{list}/{index}"),
        None => pointer.to_owned(),
    }
}
