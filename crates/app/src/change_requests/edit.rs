//! Edits of an entity from its page: a form whose answers become a change request to its file.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_catalog::{SourceInfo, StoredEntity};
use fairway_domain::change_request::{ChangeRequest, FieldChange};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, Entity, EntityRef, Permission};
use fairway_remote::TreeLimits;
use serde_json::{Value, json};

use super::Proposal;
use crate::sources::{Source, SourceTarget};
use crate::{App, AppError};

/// A field that the form offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditField {
    /// The field, for example `spec.owner`.
    pub field: String,
    /// What it is called in a form.
    pub label: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Its value now, lists with commas between; empty when it is absent.
    pub value: String,
    /// Values to choose from or to begin with.
    pub suggestions: Vec<String>,
    /// The value that an open change request would give it, and that request's number.
    pub pending: Option<(String, u64)>,
}

/// An entity as a form.
#[derive(Clone, Debug)]
pub struct EntityForm {
    /// The entity as it is.
    pub entity: Entity,
    /// Where its file is.
    pub repository: RepositoryRef,
    /// The branch that is read.
    pub branch: BranchName,
    /// The file.
    pub path: TreePath,
    /// The fields.
    pub fields: Vec<EditField>,
}

/// What somebody filled in: values by field, lists with commas between; an empty value takes the field away.
#[derive(Clone, Debug, Default)]
pub struct EntityEdit {
    /// The values.
    pub values: BTreeMap<String, String>,
    /// The change request's title; one is made up when empty.
    pub title: String,
    /// Why.
    pub description: String,
}

/// Fields that people edit, for which kinds (all when empty), with a label and a line of help.
const FIELDS: [(&str, &[&str], &str, &str); 9] = [
    ("metadata.title", &[], "Title", "What people call it"),
    ("metadata.description", &[], "Description", "One line: what is it for?"),
    ("metadata.tags", &[], "Tags", "In lower case, with commas between"),
    (
        "spec.owner",
        &["component", "api", "resource", "system", "domain", "template"],
        "Owner",
        "The group that answers for it",
    ),
    (
        "spec.lifecycle",
        &["component", "api"],
        "Lifecycle",
        "For example experimental, production or deprecated",
    ),
    (
        "spec.type",
        &["component", "api", "resource", "system", "group"],
        "Type",
        "For example service, website or library",
    ),
    ("spec.system", &["component", "api", "resource"], "System", "What it is part of"),
    ("spec.domain", &["system"], "Domain", "What the system is part of"),
    ("spec.parent", &["group"], "Parent", "The group above it"),
];

const MAX_VALUE: usize = 4_096;

impl App {
    /// The form of an entity whose file lies on the embedded forge.
    pub fn entity_form(&self, caller: &Caller, reference: &EntityRef) -> Result<EntityForm, AppError> {
        caller.authorise(Permission::Push)?;
        let (stored, repository, branch, path) = self.editable(reference)?;
        let view = self.view();
        let pending = self.changes_of_entity(reference);
        let kind = reference.kind();
        let fields = FIELDS
            .iter()
            .filter(|(_, kinds, _, _)| kinds.is_empty() || kinds.contains(&kind))
            .map(|(field, _, label, help)| EditField {
                field: (*field).to_owned(),
                label,
                help,
                value: shown(field_value(&stored.entity, field)),
                suggestions: suggestions(&view.catalog, kind, field),
                pending: pending.iter().find_map(|request| {
                    let change = request.fields.iter().find(|change| change.field == *field)?;
                    Some((change.after.clone().unwrap_or_default(), request.number))
                }),
            })
            .collect();
        Ok(EntityForm { entity: stored.entity.clone(), repository, branch, path, fields })
    }

    /// Writes what was filled in into the entity's file, on a branch, and asks to merge it.
    pub async fn propose_edit(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        edit: EntityEdit,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let (stored, repository, branch, path) = self.editable(reference)?;
        let changes = changes_of(&stored.entity, reference.kind(), &edit.values)?;
        if changes.is_empty() {
            return Err(AppError::Invalid {
                message: "nothing was changed".to_owned(),
                hint: Some("change a field, then propose it".to_owned()),
            });
        }
        let head = self.branch_head(&repository, &branch).await?;
        let tree = self.inner.forge.tree(&repository, head.as_str(), None, TreeLimits::default()).await?;
        let file = tree.get(&path).cloned().ok_or_else(|| AppError::NotFound {
            what: "file",
            name: format!("{repository}/{path}"),
            near: Vec::new(),
        })?;
        let text = file.text().ok_or_else(|| AppError::invalid(format!("{path} is not text")))?;
        let mut edited = text.to_owned();
        for (change, value) in &changes {
            edited = written(&edited, &path, reference, change, value.as_ref())?;
        }
        let edited = TreeFile { mode: file.mode, bytes: edited.into_bytes().into() };
        let mut after = tree;
        after.insert(path.clone(), edited.clone());
        self.must_be_valid(&stored, &path, after).await?;
        let fields: Vec<FieldChange> = changes.into_iter().map(|(change, _)| change).collect();
        let names: Vec<&str> = fields.iter().filter_map(|it| it.field.rsplit('.').next()).collect();
        let title = if edit.title.trim().is_empty() {
            format!("{}: change {}", reference.name(), names.join(", "))
        } else {
            edit.title
        };
        self.propose(
            caller,
            Proposal {
                repository,
                target: branch,
                files: vec![(path, Some(edited))],
                title,
                description: edit.description,
                branch: format!("{}-{}", reference.name(), names.join("-")),
                entity: Some(reference.clone()),
                fields,
            },
        )
        .await
    }

    /// The entity and its file, when that is Fairway's to change.
    fn editable(
        &self,
        reference: &EntityRef,
    ) -> Result<(StoredEntity, RepositoryRef, BranchName, TreePath), AppError> {
        let view = self.view();
        let found = view.catalog.get(reference).ok_or_else(|| AppError::no_entity(reference))?;
        let stored = found.stored();
        let elsewhere = || AppError::Conflict {
            message: format!(
                "{reference} comes from {}, which is not on the embedded forge",
                stored.location
            ),
            hint: Some("change the file there; the catalog reads it again by itself".to_owned()),
        };
        let source: &Source = view.sources.get(&stored.source).ok_or_else(elsewhere)?;
        let SourceTarget::Forge { repository, branch, .. } = &source.target else { return Err(elsewhere()) };
        let path = TreePath::lenient(&stored.file).map_err(|error| AppError::invalid(error.to_string()))?;
        Ok((stored, repository.clone(), branch.clone(), path))
    }

    /// Refuses an edit that would break its file, in the words of a synchronisation.
    async fn must_be_valid(
        &self,
        stored: &StoredEntity,
        path: &TreePath,
        after: fairway_domain::tree::Tree,
    ) -> Result<(), AppError> {
        let view = self.view();
        let Some(source) = view.sources.get(&stored.source) else { return Ok(()) };
        let SourceTarget::Forge { path: root, .. } = &source.target else { return Ok(()) };
        let info = SourceInfo {
            id: source.id.clone(),
            location: source.target.location(&self.inner.config),
            base: String::new(),
        };
        let model = self.model(&view, &source.id);
        let (root, path, reference) = (root.clone(), path.clone(), stored.entity.reference());
        let wrong = tokio::task::spawn_blocking(move || {
            let ingestion = fairway_catalog::ingest(&after, &root, &info, &model);
            let concerned = |draft: &fairway_catalog::Draft| {
                draft.file == path && draft.reference.as_ref().is_none_or(|it| *it == reference)
            };
            let drafts = ingestion.drafts.into_iter().filter(concerned);
            drafts.flat_map(|draft| draft.diagnostics).collect::<Vec<_>>()
        })
        .await
        .map_err(|error| AppError::Internal(format!("the check ended without an answer: {error}")))?;
        if wrong.iter().any(fairway_domain::Diagnostic::is_error) {
            return Err(AppError::Diagnostics(wrong));
        }
        Ok(())
    }
}

/// The file with one field changed in the document that is this entity.
fn written(
    text: &str,
    path: &TreePath,
    reference: &EntityRef,
    change: &FieldChange,
    value: Option<&Value>,
) -> Result<String, AppError> {
    let reading = fairway_yaml::read(path.as_str(), text, &fairway_yaml::Limits::default());
    let is_it = |document: &&fairway_yaml::Document| {
        let text = |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str);
        let named = EntityRef::new(
            text("/kind").unwrap_or_default(),
            text("/metadata/namespace").unwrap_or("default"),
            text("/metadata/name").unwrap_or_default(),
        );
        named == *reference
    };
    let document = reading.documents.iter().find(is_it).ok_or_else(|| AppError::Conflict {
        message: format!("{path} no longer describes {reference}"),
        hint: Some("refresh the source, then edit again".to_owned()),
    })?;
    let keys: Vec<&str> = change.field.split('.').collect();
    fairway_yaml::set(text, document.index, &keys, value).ok_or_else(|| AppError::Conflict {
        message: format!("{} cannot be written into {path}", change.field),
        hint: Some("edit the file itself".to_owned()),
    })
}

fn field_value<'a>(entity: &'a Entity, field: &str) -> Option<&'a Value> {
    match field.split_once('.')? {
        ("metadata", key) => entity.metadata.get(key),
        ("spec", key) => entity.spec.get(key),
        _ => None,
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

type Changes = Vec<(FieldChange, Option<Value>)>;

/// What differs from the entity, as fields with their new values.
fn changes_of(entity: &Entity, kind: &str, values: &BTreeMap<String, String>) -> Result<Changes, AppError> {
    let mut changes = Vec::new();
    for (field, text) in values {
        let offered = FIELDS
            .iter()
            .any(|(known, kinds, _, _)| known == field && (kinds.is_empty() || kinds.contains(&kind)));
        if !offered {
            return Err(AppError::Invalid {
                message: format!("{field} is not a field that can be edited here"),
                hint: Some("edit the file itself".to_owned()),
            });
        }
        if text.len() > MAX_VALUE {
            return Err(AppError::invalid(format!("{field} has more than {MAX_VALUE} bytes")));
        }
        let before = shown(field_value(entity, field));
        let text = text.trim().replace("\r\n", "\n");
        let value = if text.is_empty() {
            None
        } else if field == "metadata.tags" {
            let tags: Vec<&str> = text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
            Some(json!(tags))
        } else {
            Some(json!(text))
        };
        let after = shown(value.as_ref());
        if after != before {
            let some = |text: String| (!text.is_empty()).then_some(text);
            changes.push((
                FieldChange { field: field.clone(), before: some(before), after: some(after) },
                value,
            ));
        }
    }
    Ok(changes)
}

/// What others of the kind have in this field; for references, what there is to refer to.
fn suggestions(catalog: &fairway_catalog::Snapshot, kind: &str, field: &str) -> Vec<String> {
    const MOST: usize = 300;
    let names = |kind: &str| {
        let found = catalog.of_kind(kind).take(MOST);
        found
            .map(|entity| {
                let reference = entity.reference();
                if reference.namespace() == "default" {
                    reference.name().to_owned()
                } else {
                    reference.to_string()
                }
            })
            .collect()
    };
    match field {
        "spec.owner" | "spec.parent" => names("group"),
        "spec.system" => names("system"),
        "spec.domain" => names("domain"),
        "spec.lifecycle" | "spec.type" => {
            let values: std::collections::BTreeSet<String> = catalog
                .of_kind(kind)
                .map(|entity| shown(field_value(&entity.entity(), field)))
                .filter(|value| !value.is_empty())
                .collect();
            values.into_iter().take(MOST).collect()
        }
        _ => Vec::new(),
    }
}
