//! From a tree of files to entities, drafts and the addresses that lead elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fairway_domain::tree::{FileMode, Tree, TreePath};
use fairway_domain::{Diagnostic, Digest, Entity, EntityRef, SourceLocation, canonical};
use fairway_yaml::{Document, Limits, read};
use serde_json::Value;

use crate::address::{Target, matching, resolve};
use crate::draft::Draft;
use crate::placeholder::Placeholders;
use crate::validate::validate;

/// Files that one source may be made of.
const FILES: usize = 20_000;
/// Entities that one source may give.
const ENTITIES: usize = 250_000;
/// Bytes that the placeholders of one source may bring in.
const EXPANSION: usize = 128 << 20;
/// Broken documents of one file that are told one by one.
const DRAFTS: usize = 100;

/// What is known of a source besides its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its identifier.
    pub id: String,
    /// Backstage's `type:target` of the root file, for example `url:https://…/catalog-info.yaml`.
    pub location: String,
    /// What a path of the tree is appended to for the file's own address; ends with a slash. Backstage's `url:`
    /// or `file:` before it may be left out.
    pub base: String,
}

/// An entity as its source has it now.
#[derive(Clone, Debug, PartialEq)]
pub struct IngestedEntity {
    /// The entity, placeholders replaced.
    pub entity: Entity,
    /// The address of its file: the source's base with the path.
    pub location: String,
    /// Its file.
    pub file: TreePath,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// The digest of the entity's canonical JSON.
    pub digest: Digest,
}

/// What a source holds now.
#[derive(Clone, Debug, Default)]
pub struct Ingestion {
    /// The entities, in the order in which they are reached.
    pub entities: Vec<IngestedEntity>,
    /// What is wrong, document by document.
    pub drafts: Vec<Draft>,
    /// Targets outside of the tree, as `url:…` or `file:…`, sorted.
    pub foreign: Vec<String>,
    /// The files that were read.
    pub read: BTreeSet<TreePath>,
    /// The files that should have been read and could not be.
    pub unreadable: BTreeSet<TreePath>,
    /// The target patterns that no file matches.
    pub unmatched: BTreeSet<String>,
}

impl Ingestion {
    /// Every diagnostic, in the order of the drafts.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.drafts.iter().flat_map(|draft| &draft.diagnostics)
    }
}

/// Reads the root file and whatever its Locations lead to inside the tree: relative targets, and patterns such
/// as `./**/*.yaml`. Each file is read once. Placeholders are replaced by files of the same tree. Whatever is
/// wrong becomes a draft; the rest is not held up by it.
pub fn ingest(tree: &Tree, root: &TreePath, origin: &SourceInfo) -> Ingestion {
    ingest_all(tree, std::slice::from_ref(root), origin)
}

/// Like [`ingest`], for a source that begins with several files.
pub fn ingest_all(tree: &Tree, roots: &[TreePath], origin: &SourceInfo) -> Ingestion {
    let mut reader = Reader {
        tree,
        origin,
        ingestion: Ingestion::default(),
        waiting: roots.iter().cloned().collect(),
        seen: roots.iter().cloned().collect(),
        references: BTreeMap::new(),
        foreign: BTreeSet::new(),
        expansion: EXPANSION,
    };
    while let Some(file) = reader.waiting.pop_front() {
        reader.read_file(&file);
    }
    reader.ingestion.foreign = reader.foreign.into_iter().collect();
    reader.ingestion
}

struct Reader<'a> {
    tree: &'a Tree,
    origin: &'a SourceInfo,
    ingestion: Ingestion,
    waiting: VecDeque<TreePath>,
    seen: BTreeSet<TreePath>,
    references: BTreeMap<EntityRef, SourceLocation>,
    foreign: BTreeSet<String>,
    expansion: usize,
}

impl Reader<'_> {
    fn read_file(&mut self, file: &TreePath) {
        let text = match self.tree.get(file) {
            None => Err(format!("the file {file} does not exist in this source")),
            Some(found) if found.mode == FileMode::Symlink => {
                Err(format!("{file} is a symbolic link, which is not followed"))
            }
            Some(found) => found.text().ok_or_else(|| format!("{file} is not UTF-8 text; save it as UTF-8")),
        };
        let text = match text {
            Ok(text) => text,
            Err(message) => {
                let diagnostic = Diagnostic::error("file-unreadable", message)
                    .at(SourceLocation { file: file.to_string(), line: 1, column: 1 }, None);
                self.ingestion.unreadable.insert(file.clone());
                self.ingestion.drafts.push(Draft::of_text(file, 1, "", vec![diagnostic]));
                return;
            }
        };
        self.ingestion.read.insert(file.clone());
        let reading = read(file.as_str(), text, &Limits::default());
        let before = self.ingestion.drafts.len();
        for broken in reading.broken {
            let draft = Draft::of_text(file, broken.line, &broken.text, broken.diagnostics);
            self.ingestion.drafts.push(draft);
        }
        for document in reading.documents {
            self.read_document(file, document);
        }
        self.summarise(file, before);
    }

    /// A file that is broken all over is told once and not thousands of times.
    fn summarise(&mut self, file: &TreePath, before: usize) {
        let found = self.ingestion.drafts.len() - before;
        if found <= DRAFTS {
            return;
        }
        let rest = self.ingestion.drafts.split_off(before + DRAFTS);
        let line = rest.first().map_or(1, |draft| draft.line);
        let message = format!("{} more documents of this file are broken", rest.len());
        let place = SourceLocation { file: file.to_string(), line, column: 1 };
        let diagnostic = Diagnostic::error("file-broken", message)
            .at(place, None)
            .with_hint("mend the ones above first; it may be one mistake");
        self.ingestion.unreadable.insert(file.clone());
        self.ingestion.drafts.push(Draft::of_text(file, line, "", vec![diagnostic]));
    }

    fn read_document(&mut self, file: &TreePath, mut document: Document) {
        let line = document.line();
        let mut placeholders =
            Placeholders { tree: self.tree, file, base: &self.origin.base, budget: &mut self.expansion };
        let entity = placeholders.expand(&document).and_then(|value| {
            document.value = value;
            validate(&document)
        });
        let entity = match entity {
            Ok(entity) => entity,
            Err(diagnostics) => {
                let draft = Draft::of_value(file, line, &document.value, document.text(), diagnostics);
                self.ingestion.drafts.push(draft);
                return;
            }
        };
        let reference = entity.reference();
        let place = document.location("/metadata/name");
        if let Some(first) = self.references.get(&reference) {
            let message =
                format!("the entity {reference} is defined a second time; it stands first at {first}");
            let diagnostic = document
                .diagnostic("/metadata/name", "entity-conflict", message)
                .with_hint("rename or remove one of them");
            self.complain(file, &document, vec![diagnostic]);
            return;
        }
        if self.ingestion.entities.len() >= ENTITIES {
            let message = format!("the source gives more than {ENTITIES} entities");
            let diagnostic = document.diagnostic("", "source-limit", message);
            self.complain(file, &document, vec![diagnostic]);
            self.waiting.clear();
            return;
        }
        self.references.insert(reference, place);
        if entity.kind == "Location" {
            self.follow(file, &document, &entity);
        }
        let digest = canonical::digest(&entity).unwrap_or_else(|| Digest::of(document.text().as_bytes()));
        let location = format!("{}{file}", self.origin.base);
        self.ingestion.entities.push(IngestedEntity { entity, location, file: file.clone(), line, digest });
    }

    /// Queues what a Location leads to.
    fn follow(&mut self, file: &TreePath, document: &Document, entity: &Entity) {
        let optional = entity.spec_text("presence") == Some("optional");
        let single = entity.spec_text("target").map(|target| ("/spec/target".to_owned(), target));
        let several = entity.spec.get("targets").and_then(Value::as_array).into_iter().flatten().enumerate();
        let several =
            several.filter_map(|(index, target)| Some((format!("/spec/targets/{index}"), target.as_str()?)));
        let mut diagnostics = Vec::new();
        for (pointer, target) in single.into_iter().chain(several) {
            let found = match resolve(target, file, &self.origin.base) {
                Target::File(path) if self.tree.get(&path).is_some() => Ok(vec![path]),
                Target::File(path) => {
                    self.ingestion.unreadable.insert(path.clone());
                    Err(format!("the target {path} does not exist in this source"))
                }
                Target::Pattern(pattern) => match matching(self.tree, &pattern) {
                    none if none.is_empty() => {
                        self.ingestion.unmatched.insert(pattern);
                        Err(format!("the target {target} matches no file of this source"))
                    }
                    some => Ok(some),
                },
                Target::Foreign(address) => {
                    self.foreign.insert(address);
                    Ok(Vec::new())
                }
                Target::Nowhere(reason) => {
                    diagnostics.push(document.diagnostic(&pointer, "location-target", reason));
                    Ok(Vec::new())
                }
            };
            match found {
                Ok(paths) => {
                    for path in paths {
                        if self.seen.len() >= FILES {
                            let message = format!("the source is made of more than {FILES} files");
                            diagnostics.push(document.diagnostic(&pointer, "source-limit", message));
                            break;
                        }
                        if self.seen.insert(path.clone()) {
                            self.waiting.push_back(path);
                        }
                    }
                }
                Err(message) if !optional => {
                    let hint = "correct the target, or set presence: optional";
                    diagnostics
                        .push(document.diagnostic(&pointer, "location-target", message).with_hint(hint));
                }
                Err(_) => {}
            }
        }
        if !diagnostics.is_empty() {
            self.complain(file, document, diagnostics);
        }
    }

    fn complain(&mut self, file: &TreePath, document: &Document, diagnostics: Vec<Diagnostic>) {
        let draft = Draft::of_value(file, document.line(), &document.value, document.text(), diagnostics);
        self.ingestion.drafts.push(draft);
    }
}
