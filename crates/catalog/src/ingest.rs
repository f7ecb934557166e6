//! From a tree of files to entities, drafts and the addresses that lead elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use fairway_domain::tree::{FileMode, Tree, TreePath};
use fairway_domain::{Diagnostic, Entity, EntityRef, SourceLocation};
use fairway_yaml::{Document, Limits, Reading, read};
use serde_json::Value;

use crate::address::{Target, matching, resolve, typed};
use crate::draft::Draft;
use crate::kind::{KIND, KindRegistry};
use crate::parallel;
use crate::placeholder::Placeholders;
use crate::rules::Rules;
use crate::validate::validate;

/// Files that one source may be made of.
const FILES: usize = 20_000;
/// Entities that one source may give.
const ENTITIES: usize = 250_000;
/// Files that are read at once; what comes of them is kept until their turn.
const TOGETHER: usize = 16;
/// Bytes that the placeholders of one source may bring in.
const EXPANSION: usize = 128 << 20;
/// Targets in other sources that one source may have.
const FOREIGN: usize = 1_000;
/// Broken documents of one file that are told one by one.
const DRAFTS: usize = 100;

/// What the entities of a source are judged by.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The kinds that are known, those that the source itself describes left out.
    pub kinds: KindRegistry,
    /// Which kinds may come from where.
    pub rules: Rules,
}

/// A target outside of the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignTarget {
    /// Its address, as `url:…` or `file:…`.
    pub address: String,
    /// Whether it may be missing.
    pub optional: bool,
    /// Where it is written.
    pub place: SourceLocation,
}

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

/// An entity as its source has it now. A clone shares its text.
#[derive(Clone, Debug, PartialEq)]
pub struct IngestedEntity {
    /// Its reference.
    pub reference: EntityRef,
    /// The entity as compact JSON, placeholders replaced. A source may give a hundred thousand of them, and trees
    /// take several times as much memory.
    text: Arc<str>,
    /// The address of its file: the source's base with the path.
    pub location: String,
    /// Its file.
    pub file: TreePath,
    /// The line that it begins in, from 1.
    pub line: usize,
}

impl IngestedEntity {
    /// The entity, placeholders replaced; parsed anew at each call.
    pub fn entity(&self) -> Entity {
        // The text was written from an entity.
        serde_json::from_str(&self.text).unwrap_or_else(|_| Entity {
            api_version: String::new(),
            kind: self.reference.kind().to_owned(),
            metadata: serde_json::Map::new(),
            spec: serde_json::Map::new(),
        })
    }
}

/// What a source holds now.
#[derive(Clone, Debug, Default)]
pub struct Ingestion {
    /// The entities, in the order in which they are reached.
    pub entities: Vec<IngestedEntity>,
    /// What is wrong, document by document.
    pub drafts: Vec<Draft>,
    /// Targets outside of the tree, sorted.
    pub foreign: Vec<ForeignTarget>,
    /// The kinds that these entities were judged by: those of the model, and those that the source describes.
    pub kinds: KindRegistry,
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
///
/// Kinds that the source describes hold for all of its entities, wherever they stand.
pub fn ingest(tree: &Tree, root: &TreePath, origin: &SourceInfo, model: &Model) -> Ingestion {
    ingest_all(tree, std::slice::from_ref(root), origin, model)
}

/// Like [`ingest`], for a source that begins with several files.
pub fn ingest_all(tree: &Tree, roots: &[TreePath], origin: &SourceInfo, model: &Model) -> Ingestion {
    let mut ingestion = read_all(tree, roots, origin, model, model.kinds.clone());
    // A kind may be described behind its first entity, so what was read before it is read again.
    let described = KindRegistry::clone(&ingestion.kinds);
    if !described.differences(&model.kinds).is_empty() {
        ingestion = read_all(tree, roots, origin, model, described);
    }
    ingestion
}

fn read_all(
    tree: &Tree,
    roots: &[TreePath],
    origin: &SourceInfo,
    model: &Model,
    kinds: KindRegistry,
) -> Ingestion {
    let mut reader = Reader {
        tree,
        origin,
        rules: &model.rules,
        kinds,
        ingestion: Ingestion::default(),
        waiting: roots.iter().cloned().collect(),
        seen: roots.iter().cloned().collect(),
        references: BTreeMap::new(),
        foreign: BTreeMap::new(),
        expansion: EXPANSION,
        is_full: false,
    };
    while !reader.waiting.is_empty() {
        let some = reader.waiting.len().min(TOGETHER);
        let files: Vec<TreePath> = reader.waiting.drain(..some).collect();
        let read = |file: TreePath| {
            let read = open(tree, &file).map(|text| read(file.as_str(), text, &Limits::default()));
            (file, read)
        };
        for (file, read) in parallel::map(files, 2, read) {
            if !reader.is_full {
                reader.take_file(&file, read);
            }
        }
    }
    let foreign = reader.foreign.into_iter();
    reader.ingestion.foreign =
        foreign.map(|(address, (optional, place))| ForeignTarget { address, optional, place }).collect();
    reader.ingestion.kinds = reader.kinds;
    reader.ingestion
}

fn unreadable(file: &TreePath, message: String) -> Box<Diagnostic> {
    let place = SourceLocation { file: file.to_string(), line: 1, column: 1 };
    Box::new(Diagnostic::error("file-unreadable", message).at(place, None))
}

/// The text of a file.
fn open<'a>(tree: &'a Tree, file: &TreePath) -> Result<&'a str, Box<Diagnostic>> {
    match tree.get(file) {
        None => Err(unreadable(file, format!("the file {file} does not exist in this source"))),
        Some(found) if found.mode == FileMode::Symlink => {
            Err(unreadable(file, format!("{file} is a symbolic link, which is not followed")))
        }
        Some(found) => fairway_yaml::decode(file.as_str(), &found.bytes),
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    origin: &'a SourceInfo,
    rules: &'a Rules,
    kinds: KindRegistry,
    ingestion: Ingestion,
    waiting: VecDeque<TreePath>,
    seen: BTreeSet<TreePath>,
    references: BTreeMap<EntityRef, SourceLocation>,
    /// Whether each may be missing, and where it is written first, by address.
    foreign: BTreeMap<String, (bool, SourceLocation)>,
    expansion: usize,
    /// Whether there is no room for more entities.
    is_full: bool,
}

impl Reader<'_> {
    fn take_file(&mut self, file: &TreePath, read: Result<Reading, Box<Diagnostic>>) {
        let reading = match read {
            Ok(reading) => reading,
            Err(diagnostic) => {
                self.ingestion.unreadable.insert(file.clone());
                self.ingestion.drafts.push(Draft::of_text(file, 1, "", vec![*diagnostic]));
                return;
            }
        };
        self.ingestion.read.insert(file.clone());
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
            if let Some(value) = value {
                document.value = value;
            }
            validate(&document, &self.kinds)
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
        if !self.rules.allow(&entity, &self.origin.location) {
            let message = format!(
                "NotAllowedError: Entity {reference} at {}{file}, originated at {}, is not of an allowed kind for that location",
                typed(&self.origin.base),
                typed(&self.origin.location)
            );
            let diagnostic = document.diagnostic("/kind", "entity-not-allowed", message).with_hint(
                "whoever runs the platform decides in its catalog rules which kinds may come from where",
            );
            self.complain(file, &document, vec![diagnostic]);
            return;
        }
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
            self.is_full = true;
            return;
        }
        self.references.insert(reference, place);
        if entity.kind == "Location" {
            self.follow(file, &document, &entity);
        }
        if entity.kind == KIND {
            // It was judged a moment ago, so this cannot fail.
            let _ = self.kinds.describe(&entity);
        }
        let location = format!("{}{file}", self.origin.base);
        let text = serde_json::to_string(&entity).unwrap_or_default().into();
        let reference = entity.reference();
        self.ingestion.entities.push(IngestedEntity { reference, text, location, file: file.clone(), line });
    }

    /// Queues what a Location leads to.
    fn follow(&mut self, file: &TreePath, document: &Document, entity: &Entity) {
        let own = if typed(&self.origin.base).starts_with("file:") { "file" } else { "url" };
        let written = entity.spec_text("type").unwrap_or(own);
        // Whoever reads files of this machine may point to addresses; the other way round is not safe.
        if written != "url" && written != own {
            let allowed = if own == "file" { "[\"file\",\"url\"]" } else { "[\"url\"]" };
            let message = format!("Registered locations must be of an allowed type {allowed}");
            let diagnostic = document
                .diagnostic("/spec/type", "location-type", message)
                .with_hint("leave the type out, and write targets relative to this file or as addresses");
            return self.complain(file, document, vec![diagnostic]);
        }
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
                    self.want(address, optional, document.location(&pointer));
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

    /// Notes a target elsewhere; it may be missing when everything that points to it says so.
    fn want(&mut self, address: String, optional: bool, place: SourceLocation) {
        if self.foreign.len() < FOREIGN || self.foreign.contains_key(&address) {
            let known = self.foreign.entry(address).or_insert((optional, place));
            known.0 &= optional;
        }
    }

    fn complain(&mut self, file: &TreePath, document: &Document, diagnostics: Vec<Diagnostic>) {
        let draft = Draft::of_value(file, document.line(), &document.value, document.text(), diagnostics);
        self.ingestion.drafts.push(draft);
    }
}
