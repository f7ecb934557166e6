//! The history of an entity: its versions, what differs between two of them, and who set each field.

use fairway_catalog::{FieldBlame, FieldChange, Known, StoredEntity, field_changes, text_changes};
use fairway_domain::fact::{Record, kind};
use fairway_domain::{Actor, Caller, EntityRef, Origin, Permission, Timestamp};
use fairway_ledger::RecordQuery;
use serde::{Deserialize as _, Serialize};

use crate::{App, AppError};

/// As many versions are looked at for a blame; what stands for longer is told as "at the latest".
const BLAMED: usize = 1_000;
/// At most as many versions are listed at once.
const LISTED: usize = 200;

/// What a record of an entity's history says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was this.
    Present,
    /// It was gone.
    Gone,
    /// What it was has been erased, and stays so.
    Erased,
    /// It was something that this version of Fairway cannot read.
    Unreadable,
}

/// One version of an entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The record.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who made it so.
    pub actor: Actor,
    /// Through which face.
    pub origin: Origin,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it says.
    pub standing: Standing,
    /// The identifier of the source it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The file in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The commit or digest of the source it was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How many errors stood beside it.
    pub errors: usize,
    /// The fields that it changed against the version before; empty where that one is not known.
    pub changes: Vec<FieldChange>,
    /// What the ledger holds of it.
    #[serde(skip)]
    pub stored: Option<StoredEntity>,
}

impl Version {
    /// The entity as one JSON object.
    pub fn value(&self) -> Option<serde_json::Value> {
        self.stored.as_ref().map(|stored| stored.entity.to_value())
    }

    fn new(record: Record) -> Self {
        let stored = record.body.as_ref().map(StoredEntity::deserialize);
        let standing = match &stored {
            Some(Ok(_)) => Standing::Present,
            Some(Err(_)) => Standing::Unreadable,
            None if record.erased => Standing::Erased,
            None => Standing::Gone,
        };
        let stored = stored.and_then(Result::ok);
        Self {
            sequence: record.sequence,
            at: record.at,
            actor: record.actor,
            origin: record.origin,
            reason: record.reason,
            standing,
            source: stored.as_ref().map(|it| it.source.clone()),
            file: stored.as_ref().map(|it| it.file.clone()),
            revision: stored.as_ref().and_then(|it| it.revision.clone()),
            errors: stored.as_ref().map_or(0, |it| it.errors.len()),
            changes: Vec::new(),
            stored,
        }
    }
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityDifference {
    /// The earlier one; `None` when there was none.
    pub from: Option<Version>,
    /// The later one.
    pub to: Version,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// The difference of the two as YAML, in the unified format.
    pub text: String,
    /// The earlier one as YAML.
    #[serde(skip)]
    pub before: String,
    /// The later one as YAML.
    #[serde(skip)]
    pub after: String,
}

/// A field of an entity and the version that set it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlamedField {
    /// The field.
    #[serde(flatten)]
    pub field: FieldBlame,
    /// The record that set it.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From which revision of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl App {
    /// The versions of an entity, newest first, from before the record `before`.
    pub async fn versions(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Version>, AppError> {
        caller.authorise(Permission::Read)?;
        let limit = limit.clamp(1, LISTED);
        // One more, so that the last one listed can be compared too.
        let mut versions = self.read_versions(reference, before, limit + 1).await?;
        for index in 0..versions.len() {
            let earlier = versions.get(index + 1).and_then(Version::value);
            let later = versions.get(index).and_then(Version::value);
            if let (Some(earlier), Some(later)) = (earlier, later)
                && let Some(version) = versions.get_mut(index)
            {
                version.changes = field_changes(&earlier, &later);
            }
        }
        versions.truncate(limit);
        Ok(versions)
    }

    /// What differs between the versions that stood at two moments, in the words of [`App::as_of`]. Without `to`,
    /// the latest; without `from`, the one before `to`.
    pub async fn entity_difference(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<EntityDifference, AppError> {
        caller.authorise(Permission::Read)?;
        let to = self.version_at(reference, to).await?;
        let to = to.ok_or_else(|| AppError::no_entity(reference))?;
        let from = match from {
            Some(_) => self.version_at(reference, from).await?,
            None => self.read_versions(reference, Some(to.sequence), 1).await?.into_iter().next(),
        };
        for version in from.iter().chain([&to]) {
            readable(reference, version)?;
        }
        let (earlier, later) = (from.as_ref().and_then(Version::value), to.value());
        let text =
            |value: &Option<serde_json::Value>| value.as_ref().map(fairway_yaml::write).unwrap_or_default();
        let (before, after) = (text(&earlier), text(&later));
        let none = serde_json::Value::Object(serde_json::Map::new());
        Ok(EntityDifference {
            from,
            to,
            changes: field_changes(earlier.as_ref().unwrap_or(&none), later.as_ref().unwrap_or(&none)),
            text: text_changes(&before, &after),
            before,
            after,
        })
    }

    /// For each field of the entity as it stood at a moment: who set it, when, and from which revision.
    pub async fn entity_blame(
        &self,
        caller: &Caller,
        reference: &EntityRef,
        at: Option<&str>,
    ) -> Result<Vec<BlamedField>, AppError> {
        caller.authorise(Permission::Read)?;
        let before = match at {
            Some(at) => Some(self.moment(at).await?.sequence.saturating_add(1)),
            None => None,
        };
        let mut versions = self.read_versions(reference, before, BLAMED).await?;
        versions.reverse();
        match versions.last() {
            Some(last) if last.standing != Standing::Gone => readable(reference, last)?,
            _ => return Err(AppError::no_entity(reference)),
        }
        let values: Vec<(Standing, Option<serde_json::Value>)> =
            versions.iter().map(|it| (it.standing, it.value())).collect();
        let known: Vec<Known<'_>> = values
            .iter()
            .map(|(standing, value)| match (standing, value) {
                (_, Some(value)) => Known::Value(value),
                (Standing::Gone, None) => Known::Gone,
                (_, None) => Known::Erased,
            })
            .collect();
        let fields = fairway_catalog::blame(&known, versions.len() < BLAMED);
        Ok(fields
            .into_iter()
            .filter_map(|field| {
                let version = versions.get(field.version)?;
                Some(BlamedField {
                    sequence: version.sequence,
                    at: version.at,
                    actor: version.actor.clone(),
                    revision: version.revision.clone(),
                    field,
                })
            })
            .collect())
    }

    /// The version that stood at a moment; the latest without one.
    pub(crate) async fn version_at(
        &self,
        reference: &EntityRef,
        at: Option<&str>,
    ) -> Result<Option<Version>, AppError> {
        let before = match at {
            Some(at) => Some(self.moment(at).await?.sequence.saturating_add(1)),
            None => None,
        };
        Ok(self.read_versions(reference, before, 1).await?.into_iter().next())
    }

    pub(crate) async fn read_versions(
        &self,
        reference: &EntityRef,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Version>, AppError> {
        let query = RecordQuery {
            kinds: vec![kind::ENTITY.to_owned()],
            subject: Some(reference.to_string()),
            before,
            limit,
            ..RecordQuery::default()
        };
        Ok(self.inner.ledger.records(&query).await?.into_iter().map(Version::new).collect())
    }
}

/// Refuses a version whose content is not known any more.
pub(crate) fn readable(reference: &EntityRef, version: &Version) -> Result<(), AppError> {
    let why = match version.standing {
        Standing::Present | Standing::Gone => return Ok(()),
        Standing::Erased => "has been erased and cannot come back",
        Standing::Unreadable => "was written by another version of Fairway and cannot be read",
    };
    Err(AppError::Conflict {
        message: format!("record {} of {reference} {why}", version.sequence),
        hint: Some("choose another version".to_owned()),
    })
}
