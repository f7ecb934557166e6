//! Changes that people make to entities here: an earlier version comes back, an entity gets another name. Where
//! the entity's file is on the embedded forge, the change is a plan with a commit; the catalog follows the file.

use std::collections::BTreeMap;

use fairway_catalog::{FORMERLY, FieldChange, FieldEdit, StoredEntity, append_document, edit_document};
use fairway_catalog::{
    edits_between, field_changes, former_names, references_to, renamed_text, text_changes,
};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::plan::{Effect, FileAction, FileChange, OutputLink, Plan, PlannedStep, Purpose};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, Digest, EntityRef, Permission};
use serde::Serialize;
use serde_json::{Value, json};

use crate::effects::to_value;
use crate::history::{Standing, Version, readable};
use crate::plans::{Computed, PlanRequest};
use crate::projection::View;
use crate::sources::SourceTarget;
use crate::{App, AppError};

/// References to a renamed entity that one plan rewrites; the others keep leading to it by its old name.
const REWRITTEN: usize = 500;

/// What bringing an earlier version back comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restoration {
    /// The entity.
    pub entity: EntityRef,
    /// The version that would come back.
    pub version: Version,
    /// The record that stands now, to hand to [`App::restore`]; absent when there never was one.
    pub expected: Option<i64>,
    /// The fields that would change.
    pub changes: Vec<FieldChange>,
    /// The change as YAML, in the unified format.
    pub text: String,
    /// What follows, for people.
    pub consequences: Vec<String>,
    /// Whether a plan can change the entity's file instead, so that the change stays.
    pub editable: bool,
    /// What stands now, as YAML.
    #[serde(skip)]
    pub before: String,
    /// What would stand, as YAML.
    #[serde(skip)]
    pub after: String,
}

/// A file of the embedded forge.
pub(crate) type Place = (RepositoryRef, BranchName, TreePath);

/// What a file held, and what it is to hold.
pub(crate) struct EditedFile {
    before: Option<TreeFile>,
    pub(crate) text: String,
}

/// The request for another name: `[NAMESPACE/]NAME`, or a reference of the same kind.
pub fn rename_request(entity: EntityRef, to: &str) -> Result<PlanRequest, AppError> {
    let new = EntityRef::parse(to.trim(), Some(entity.kind()), entity.namespace())
        .map_err(|error| AppError::invalid(error.to_string()))?;
    if new.kind() != entity.kind() {
        return Err(AppError::Invalid {
            message: format!("{entity} cannot become a {}", new.kind()),
            hint: Some("a rename keeps the kind".to_owned()),
        });
    }
    for part in [new.name(), new.namespace()] {
        check_name(part)?;
    }
    if new == entity {
        return Err(AppError::invalid(format!("{entity} has this name already")));
    }
    Ok(PlanRequest::Rename { entity, to: new })
}

/// The rule for names in the catalog's model: letters and digits, separated by one of `-_.`, at most 63.
fn check_name(name: &str) -> Result<(), AppError> {
    let parts_are_good = name
        .split(['-', '_', '.'])
        .all(|part| !part.is_empty() && part.chars().all(|it| it.is_ascii_alphanumeric()));
    if name.len() <= 63 && parts_are_good {
        return Ok(());
    }
    Err(AppError::Invalid {
        message: format!("\"{}\" is no name", name.chars().take(80).collect::<String>()),
        hint: Some(
            "use letters and digits, separated by one '-', '_' or '.', at most 63 characters".to_owned(),
        ),
    })
}

impl App {
    /// What bringing back the version of record `sequence` would change, and what its source would do about it.
    pub async fn restoration(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        sequence: i64,
    ) -> Result<Restoration, AppError> {
        caller.authorise(Permission::Read)?;
        let version = self.version_of(reference, sequence).await?;
        let current = self.version_at(reference, None).await?;
        let now = current.as_ref().and_then(Version::value);
        let then = version.value().unwrap_or_default();
        let yaml = |value: &Value| fairway_yaml::write(value);
        let (before, after) = (now.as_ref().map(yaml).unwrap_or_default(), yaml(&then));
        let view = self.view();
        let editable = place_of(&view, reference, &version).is_ok();
        let source = current.as_ref().and_then(|it| it.source.as_ref()).or(version.source.as_ref());
        let mut consequences = Vec::new();
        if let Some(source) = source.and_then(|id| view.sources.get(id)) {
            consequences.push(if now.is_some() {
                format!(
                    "The next time {} is read and its file changed or is looked at anew, the file's version comes back",
                    source.target
                )
            } else {
                format!("{} does not have this entity any more; the next read removes it again", source.target)
            });
            if editable {
                consequences.push("Change the file instead, so that it stays".to_owned());
            }
        }
        let none = json!({});
        Ok(Restoration {
            entity: reference.clone(),
            expected: current.map(|it| it.sequence),
            changes: field_changes(now.as_ref().unwrap_or(&none), &then),
            text: text_changes(&before, &after),
            consequences,
            editable,
            version,
            before,
            after,
        })
    }

    /// Brings an earlier version back as a new fact. Where that has consequences, `expected` says that the caller
    /// looked at [`App::restoration`].
    ///
    /// # Errors
    ///
    /// When the version was erased or says that the entity was gone, nothing would change, consequences were not
    /// looked at, or another version came meanwhile.
    pub async fn restore(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        sequence: i64,
        expected: Option<i64>,
    ) -> Result<Version, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let _one_at_a_time = self.inner.syncing.lock().await;
        let restoration = self.restoration(caller, reference, sequence).await?;
        if restoration.changes.is_empty() {
            return Err(AppError::Conflict {
                message: format!("{reference} is as it was in record {sequence} already"),
                hint: None,
            });
        }
        if expected != restoration.expected && (expected.is_some() || !restoration.consequences.is_empty()) {
            return Err(AppError::Conflict {
                message: match expected {
                    Some(_) => format!("{reference} has another version by now"),
                    None => restoration.consequences.join(". "),
                },
                hint: restoration
                    .expected
                    .map(|now| format!("look at what would change, and confirm it with the record {now}")),
            });
        }
        let stored = restoration.version.stored.ok_or_else(|| AppError::no_entity(reference))?;
        let uid = self.view().catalog.get(reference).map_or(stored.uid, |known| known.uid().to_owned());
        let stored = StoredEntity { uid, last_seen: self.now(), errors: Vec::new(), ..stored };
        let mut fact = NewFact::by(caller, kind::ENTITY, reference.to_string(), Some(to_value(&stored)?));
        fact.reason.get_or_insert_with(|| format!("restored from record {sequence}"));
        self.append(vec![fact]).await?;
        self.version_at(reference, None).await?.ok_or_else(|| AppError::no_entity(reference))
    }

    /// The version of exactly this record, which says what the entity was.
    async fn version_of(&self, reference: &EntityRef, sequence: i64) -> Result<Version, AppError> {
        let found = self.read_versions(reference, Some(sequence.saturating_add(1)), 1).await?;
        let version = found.into_iter().next().filter(|it| it.sequence == sequence).ok_or_else(|| {
            AppError::NotFound { what: "version", name: format!("{reference} #{sequence}"), near: Vec::new() }
        })?;
        readable(reference, &version)?;
        if version.standing == Standing::Gone {
            return Err(AppError::invalid(format!("record {sequence} says that {reference} was gone")));
        }
        Ok(version)
    }

    pub(crate) async fn compute_restore(
        &self,
        entity: &EntityRef,
        sequence: i64,
    ) -> Result<Computed, AppError> {
        let version = self.version_of(entity, sequence).await?;
        let then = version.value().unwrap_or_default();
        let view = self.view();
        let place = place_of(&view, entity, &version)?;
        let mut files = BTreeMap::new();
        let text = self.take_up(&mut files, &place).await?;
        let now = match view.catalog.get(entity) {
            Some(_) => self.version_at(entity, None).await?.and_then(|it| it.value()),
            None => None,
        };
        let changed = match now {
            Some(now) => edit_document(place.2.as_str(), &text, entity, &edits_between(&now, &then)),
            None => Some(append_document(&text, &then)),
        };
        let changed = changed.ok_or_else(|| AppError::Conflict {
            message: format!("{} does not hold {entity} in a form that can be changed", place.2),
            hint: Some("it is the same already, or the file is broken; edit the file yourself".to_owned()),
        })?;
        if let Some(file) = files.get_mut(&place) {
            file.text = changed;
        }
        let title = format!("Bring {entity} back to record {sequence}");
        let inputs = json!({"entity": entity, "sequence": sequence});
        Ok(self.edit_plan(entity, title, inputs, files, Vec::new()))
    }

    pub(crate) async fn compute_rename(
        &self,
        old: &EntityRef,
        new: &EntityRef,
    ) -> Result<Computed, AppError> {
        let view = self.view();
        let found = view.catalog.get(old).ok_or_else(|| AppError::no_entity(old))?;
        if let Some(taken) = view.catalog.get(new) {
            return Err(AppError::Conflict {
                message: format!("{new} exists already, in {}", taken.location()),
                hint: Some("choose another name".to_owned()),
            });
        }
        let place = forge_place(&view, found.source(), found.file())
            .ok_or_else(|| elsewhere(old, found.location()))?;
        let entity = found.entity();
        let mut files = BTreeMap::new();
        let mut warnings = Vec::new();
        let mut neighbours: Vec<EntityRef> =
            view.catalog.relations_of(old).iter().map(|relation| relation.target.clone()).collect();
        neighbours.sort();
        neighbours.dedup();
        let mut rewritten = 0;
        for neighbour in neighbours.iter().filter_map(|it| view.catalog.get(it)) {
            // The version that the ledger has, whose lists are in the order of the file.
            let stored = self.version_at(neighbour.reference(), None).await?.and_then(|it| it.stored);
            let Some(stored) = stored else { continue };
            let edits: Vec<FieldEdit> = references_to(view.catalog.kinds(), &stored.entity, old)
                .into_iter()
                .map(|(path, text)| FieldEdit::set(path, renamed_text(&text, old, new)))
                .collect();
            if edits.is_empty() {
                continue;
            }
            let there = forge_place(&view, neighbour.source(), neighbour.file());
            let changed = match &there {
                Some(there) if rewritten < REWRITTEN => {
                    let text = self.take_up(&mut files, there).await?;
                    edit_document(there.2.as_str(), &text, neighbour.reference(), &edits)
                }
                _ => None,
            };
            match (changed, there.and_then(|there| files.get_mut(&there))) {
                (Some(changed), Some(file)) => {
                    file.text = changed;
                    rewritten += 1;
                }
                _ => warnings.push(format!(
                    "{} keeps the old name in {}; it leads to the new one",
                    neighbour.reference(),
                    neighbour.location()
                )),
            }
        }
        let mut former = vec![old.clone()];
        former.extend(former_names(&entity).into_iter().filter(|it| it != new));
        let former: Vec<String> = former.iter().map(ToString::to_string).collect();
        let mut edits = vec![
            FieldEdit::set("/metadata/name", new.name()),
            FieldEdit::set(
                format!("/metadata/annotations/{}", FORMERLY.replace('/', "~1")),
                former.join(","),
            ),
        ];
        if new.namespace() != old.namespace() {
            edits.push(FieldEdit::set("/metadata/namespace", new.namespace()));
        }
        let text = self.take_up(&mut files, &place).await?;
        let changed =
            edit_document(place.2.as_str(), &text, old, &edits).ok_or_else(|| AppError::Conflict {
                message: format!("{} does not hold {old} in a form that can be changed", place.2),
                hint: Some(
                    "mend the file, or rename the entity there and add the annotation yourself".to_owned(),
                ),
            })?;
        if let Some(file) = files.get_mut(&place) {
            file.text = changed;
        }
        let title = format!("Rename {old} to {new}");
        Ok(self.edit_plan(old, title, json!({"entity": old, "to": new}), files, warnings))
    }

    /// The file of an entity on the embedded forge.
    pub(crate) fn forge_file(&self, reference: &EntityRef) -> Result<Place, AppError> {
        let view = self.view();
        let found = view.catalog.get(reference).ok_or_else(|| AppError::no_entity(reference))?;
        forge_place(&view, found.source(), found.file()).ok_or_else(|| elsewhere(reference, found.location()))
    }

    /// The text of a file, as edited so far.
    pub(crate) async fn take_up(
        &self,
        files: &mut BTreeMap<Place, EditedFile>,
        place: &Place,
    ) -> Result<String, AppError> {
        if let Some(file) = files.get(place) {
            return Ok(file.text.clone());
        }
        let (repository, branch, path) = place;
        let before = self.inner.forge.file(repository, branch.as_str(), path).await?;
        let text = match &before {
            Some(file) => String::from_utf8(file.bytes.to_vec()).map_err(|_| AppError::Conflict {
                message: format!("{repository}/{path} is not UTF-8"),
                hint: Some("mend the file first".to_owned()),
            })?,
            None => String::new(),
        };
        files.insert(place.clone(), EditedFile { before, text: text.clone() });
        Ok(text)
    }

    pub(crate) fn edit_plan(
        &self,
        entity: &EntityRef,
        title: String,
        inputs: Value,
        files: BTreeMap<Place, EditedFile>,
        warnings: Vec<String>,
    ) -> Computed {
        let mut contents = BTreeMap::new();
        let mut commits: BTreeMap<(RepositoryRef, BranchName), Vec<FileChange>> = BTreeMap::new();
        for ((repository, branch, path), EditedFile { before, text }) in files {
            let after = text.into_bytes();
            if before.as_ref().is_some_and(|before| before.bytes[..] == after[..]) {
                continue;
            }
            let change = FileChange {
                path,
                action: if before.is_some() { FileAction::Change } else { FileAction::Add },
                mode: before.as_ref().map_or(fairway_domain::tree::FileMode::Regular, |it| it.mode),
                content: Some(Digest::of(&after)),
                size: after.len() as u64,
                before: before.as_ref().map(|it| Digest::of(&it.bytes)),
            };
            contents.insert(Digest::of(&after), after);
            if let Some(before) = before {
                contents.insert(Digest::of(&before.bytes), before.bytes.to_vec());
            }
            commits.entry((repository, branch)).or_default().push(change);
        }
        let effects: Vec<Effect> = commits
            .into_iter()
            .map(|((repository, branch), files)| Effect::Commit {
                repository,
                branch,
                base: None,
                rebase: true,
                message: title.clone(),
                files,
            })
            .collect();
        let plan = Plan {
            format: Plan::FORMAT,
            purpose: Purpose::Edit { entity: entity.clone() },
            title: title.clone(),
            owner: self.view().catalog.get(entity).and_then(|it| it.owner().cloned()),
            inputs,
            steps: vec![PlannedStep {
                id: "edit".to_owned(),
                name: title,
                action: "catalog:edit".to_owned(),
                skipped: None,
                effects: (0..effects.len()).collect(),
                log: Vec::new(),
            }],
            effects,
            environments: Vec::new(),
            findings: Vec::new(),
            policies_evaluated: 0,
            cost: None,
            links: vec![OutputLink {
                title: "The entity".to_owned(),
                url: Some(format!(
                    "{}/catalog/{}/{}/{}",
                    self.inner.config.base_url,
                    entity.namespace(),
                    entity.kind(),
                    entity.name()
                )),
                entity_ref: None,
                icon: None,
            }],
            texts: Vec::new(),
            warnings,
        };
        Computed { plan, contents }
    }
}

/// Where the file of an entity is, when a plan can change it: as it is now, or as it was in `version`.
fn place_of(view: &View, reference: &EntityRef, version: &Version) -> Result<Place, AppError> {
    let (source, file) = match view.catalog.get(reference) {
        Some(found) => (Some(found.source()), Some(found.file())),
        None => (version.source.as_deref(), version.file.as_deref()),
    };
    source
        .zip(file)
        .and_then(|(source, file)| forge_place(view, source, file))
        .ok_or_else(|| elsewhere(reference, source.unwrap_or("no source")))
}

fn forge_place(view: &View, source: &str, file: &str) -> Option<Place> {
    let SourceTarget::Forge { repository, branch, .. } = &view.sources.get(source)?.target else {
        return None;
    };
    Some((repository.clone(), branch.clone(), file.parse().ok()?))
}

fn elsewhere(reference: &EntityRef, place: &str) -> AppError {
    AppError::Conflict {
        message: format!("the file of {reference} is not on the embedded forge ({place})"),
        hint: Some("change the file where it is; the catalog follows".to_owned()),
    }
}
