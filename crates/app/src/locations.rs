//! Sources as Backstage knows them: registered locations with a UUID and the text that somebody registered.

use std::fmt::Write as _;
use std::time::Duration;

use fairway_catalog::{Snapshot, SourceInfo, StoredEntity};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, Digest, EntityRef, Permission};
use fairway_remote::Urgency;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::sources::{Source, SourceTarget};
use crate::{App, AppError};

/// How long somebody waits for a source to be read; it is read to its end even so.
const PATIENCE: Duration = Duration::from_secs(5);

/// How clients know a source, where that does not follow from its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredLocation {
    /// The UUID that was handed out.
    pub id: String,
    /// The address as it was registered.
    pub target: String,
}

/// A registered location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// A UUID, which stays when the target is changed.
    pub id: String,
    /// `url`, or `file` for a file of this machine.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The address as it was registered.
    pub target: String,
    /// The entity that stands for it.
    pub entity_ref: String,
    /// The source.
    #[serde(skip)]
    pub source: String,
}

/// What happens when a location is registered that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It is refused.
    Reject,
    /// It is read again.
    Refresh,
}

/// What a location would give.
#[derive(Clone, Debug)]
pub struct TriedLocation {
    /// The location as it would be.
    pub location: Location,
    /// Its entities.
    pub entities: Vec<Value>,
    /// Whether it is registered already.
    pub exists: bool,
}

/// What is found at an address that is not registered.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Catalog files that are there.
    pub existing: Vec<ExistingFile>,
    /// Entities to begin with, when there is none.
    pub generated: Vec<Value>,
}

/// A catalog file that is there.
#[derive(Clone, Debug)]
pub struct ExistingFile {
    /// Its address.
    pub target: String,
    /// Whether it is in the catalog.
    pub registered: bool,
    /// An entity in it.
    pub entity: Value,
}

/// The name of the entity that stands for a location.
fn generated_name(kind: &str, target: &str) -> String {
    let text = format!("{kind}:{target}");
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    digest.as_ref().iter().fold(String::from("generated-"), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// A UUID that follows from a source's identifier.
fn derived_id(source: &str) -> String {
    let digest = Digest::of(format!("location:{source}").as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Whether somebody registered the file of a source; what discovers files by itself is no location.
fn is_registered(source: &Source) -> bool {
    matches!(source.target, SourceTarget::Forge { .. } | SourceTarget::Git { .. } | SourceTarget::File { .. })
}

fn exists(target: &str) -> AppError {
    AppError::Conflict {
        message: format!("Location url:{target} already exists"),
        hint: Some("refresh the one that exists".to_owned()),
    }
}

impl App {
    fn location_of_source(&self, source: &Source) -> Location {
        let typed = source.target.location(&self.inner.config);
        let (kind, address) = match typed.strip_prefix("file:") {
            Some(path) => ("file", path),
            None => ("url", typed.strip_prefix("url:").unwrap_or(&typed)),
        };
        let known = source.location.as_ref();
        Location {
            id: known.map_or_else(|| derived_id(&source.id), |known| known.id.clone()),
            kind,
            target: known.map_or_else(|| address.to_owned(), |known| known.target.clone()),
            entity_ref: format!("location:default/{}", generated_name(kind, address)),
            source: source.id.clone(),
        }
    }

    /// The registered locations, by identifier.
    pub fn locations(&self, caller: &Caller) -> Result<Vec<Location>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let registered = view.sources.values().filter(|source| is_registered(source));
        let mut locations: Vec<Location> = registered.map(|source| self.location_of_source(source)).collect();
        locations.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(locations)
    }

    /// A registered location.
    pub fn location(&self, caller: &Caller, id: &str) -> Result<Location, AppError> {
        let found = self.locations(caller)?.into_iter().find(|location| location.id == id);
        found.ok_or_else(|| AppError::NotFound { what: "location", name: id.to_owned(), near: Vec::new() })
    }

    /// The registered location that an entity comes from.
    pub fn location_of(&self, caller: &Caller, entity: &EntityRef) -> Result<Location, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let found = view.catalog.get(entity).ok_or_else(|| AppError::no_entity(entity))?;
        let source = view.sources.get(found.source()).filter(|source| is_registered(source));
        let source = source.ok_or_else(|| AppError::no_entity(entity))?;
        Ok(self.location_of_source(source))
    }

    /// Registers a location. It stays registered when it cannot be read yet, and then says so on its page.
    pub async fn add_location(
        &self,
        caller: &Caller,
        target: &str,
        conflict: OnConflict,
    ) -> Result<Location, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let parsed = SourceTarget::for_run(target, &self.inner.config)?;
        let known = self.view().sources.get(&parsed.id()).cloned();
        let source = match known {
            Some(_) if conflict == OnConflict::Reject => return Err(exists(target)),
            Some(known) => Source::clone(&known),
            None => {
                let registered =
                    RegisteredLocation { id: derived_id(&parsed.id()), target: target.to_owned() };
                self.put_location(caller, parsed, registered).await?
            }
        };
        self.sync_soon(caller, &source.id).await?;
        Ok(self.location_of_source(&source))
    }

    async fn put_location(
        &self,
        caller: &Caller,
        target: SourceTarget,
        location: RegisteredLocation,
    ) -> Result<Source, AppError> {
        let (mut source, _) = self.put_source(caller, target, None).await?;
        source.location = Some(location);
        let body = crate::effects::to_value(&source)?;
        self.append(vec![NewFact::by(caller, kind::SOURCE, source.id.clone(), Some(body))]).await?;
        Ok(source)
    }

    /// Points a location elsewhere. Its identifier stays; what the old address gave goes once the new one was
    /// read. An address that cannot be read changes nothing.
    pub async fn change_location(
        &self,
        caller: &Caller,
        id: &str,
        target: &str,
    ) -> Result<Location, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let old = self.location(caller, id)?;
        let parsed = SourceTarget::for_run(target, &self.inner.config)?;
        let registered = RegisteredLocation { id: old.id.clone(), target: target.to_owned() };
        if parsed.id() == old.source {
            let source = self.put_location(caller, parsed, registered).await?;
            return Ok(self.location_of_source(&source));
        }
        if self.view().sources.contains_key(&parsed.id()) {
            return Err(exists(target));
        }
        let source = self.put_location(caller, parsed, registered).await?;
        let read = self.sync(caller, &source.id).await?;
        if let Some(failure) = read.last.and_then(|last| last.failure) {
            self.remove_source_facts(caller, &source.id).await?;
            return Err(AppError::invalid(failure));
        }
        self.remove_source_facts(caller, &old.source).await?;
        // What both addresses have was held by the old one until now.
        let source = self.sync(caller, &source.id).await?;
        Ok(self.location_of_source(&source))
    }

    /// Takes a location out, with the entities that only it gives.
    pub async fn remove_location(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        let location = self.location(caller, id)?;
        self.remove_source(caller, &location.source).await
    }

    /// Reads a location without registering it.
    pub async fn try_location(&self, caller: &Caller, target: &str) -> Result<TriedLocation, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let source = self.unregistered(caller, target)?;
        let (info, read) = self.read_unregistered(&source).await?;
        let now = self.now();
        let base = info.clone();
        let model = self.model(&self.view(), &source.id);
        let ingestion = tokio::task::spawn_blocking(move || {
            fairway_catalog::ingest_all(&read.tree, &read.roots, &base, &model)
        })
        .await
        .map_err(|error| AppError::Internal(format!("reading ended without an answer: {error}")))?;
        let broken: Vec<_> = ingestion.diagnostics().cloned().collect();
        if !broken.is_empty() {
            return Err(AppError::Diagnostics(broken));
        }
        let stored = ingestion.entities.iter().map(|ingested| StoredEntity {
            entity: ingested.entity(),
            source: info.id.clone(),
            location: ingested.location.clone(),
            origin_location: info.location.clone(),
            file: ingested.file.to_string(),
            line: ingested.line,
            uid: String::new(),
            first_seen: now,
            last_seen: now,
            revision: None,
            errors: Vec::new(),
            orphan: false,
        });
        let snapshot = Snapshot::build(stored.collect(), Vec::new());
        let entities = snapshot.iter().map(|entity| processed(entity.to_backstage_json())).collect();
        let exists = self.view().sources.contains_key(&source.id);
        let location = Location {
            id: format!("url:{target}"),
            target: target.to_owned(),
            ..self.location_of_source(&source)
        };
        Ok(TriedLocation { location, entities, exists })
    }

    /// What is at an address: catalog files, or an entity to begin with where there is none or where it cannot
    /// be read.
    pub async fn analyze_location(
        &self,
        caller: &Caller,
        target: &str,
        filename: Option<&str>,
    ) -> Result<Analysis, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let address = url::Url::parse(target)
            .map_err(|_| AppError::invalid("The given location.target is not a URL"))?;
        let source = self.unregistered(caller, target)?;
        let filename = filename.unwrap_or("catalog-info.yaml").to_owned();
        let mut analysis = Analysis::default();
        if let Ok((info, read)) = self.read_unregistered(&source).await {
            let model = self.model(&self.view(), &source.id);
            let found = tokio::task::spawn_blocking(move || {
                let files: Vec<_> = read.tree.iter().map(|(path, _)| path.clone()).collect();
                let named =
                    files.into_iter().filter(|path| path.as_str().rsplit('/').next() == Some(&filename));
                let mut found = Vec::new();
                for file in named.take(100) {
                    let ingestion = fairway_catalog::ingest(&read.tree, &file, &info, &model);
                    found.extend(ingestion.entities.into_iter().filter(|ingested| ingested.file == file));
                }
                found
            });
            let found = found
                .await
                .map_err(|error| AppError::Internal(format!("reading ended without an answer: {error}")))?;
            let view = self.view();
            for ingested in found {
                let known = view.catalog.get(&ingested.reference);
                let at = format!("url:{}", ingested.location);
                let registered = known.is_some_and(|known| known.location() == at);
                let entity = json!(ingested.entity());
                analysis.existing.push(ExistingFile { target: ingested.location, registered, entity });
            }
        }
        if analysis.existing.is_empty() {
            analysis.generated.push(beginning(&address));
        }
        Ok(analysis)
    }

    fn unregistered(&self, caller: &Caller, target: &str) -> Result<Source, AppError> {
        let target = SourceTarget::for_run(target, &self.inner.config)?;
        Ok(Source::new(target, caller.actor.user(), self.now()))
    }

    async fn read_unregistered(&self, source: &Source) -> Result<(SourceInfo, crate::sync::Read), AppError> {
        let read = self.read_source(source, Urgency::Person).await?;
        // Whoever asks gets an answer; only polling leaves unread what did not change.
        let read = read.ok_or_else(|| AppError::Internal("the source was not read".to_owned()))?;
        let location = source.target.location(&self.inner.config);
        Ok((SourceInfo { id: source.id.clone(), location, base: read.base.clone() }, read))
    }

    /// Reads the source of an entity again.
    pub async fn refresh_entity(&self, caller: &Caller, entity: &EntityRef) -> Result<(), AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let view = self.view();
        let found = view.catalog.get(entity).ok_or_else(|| AppError::no_entity(entity))?;
        self.sync_soon(caller, found.source()).await
    }

    /// Takes one entity out. It comes back when its source is read again and still has it.
    pub async fn remove_entity(&self, caller: &Caller, uid: &str) -> Result<(), AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let _one_at_a_time = self.inner.syncing.lock().await;
        let view = self.view();
        let Some(found) = view.catalog.by_uid(uid) else { return Ok(()) };
        self.append(vec![NewFact::by(caller, kind::ENTITY, found.reference().to_string(), None)]).await?;
        Ok(())
    }

    /// Reads a source and waits a little for it.
    async fn sync_soon(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        let (app, caller, id) = (self.clone(), caller.clone(), id.to_owned());
        let reading = tokio::spawn(async move { app.sync(&caller, &id).await.map(drop) });
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(AppError::Internal(format!("reading ended without an answer: {error}"))),
            Err(_) => Ok(()),
        }
    }
}

/// An entity that is not in the catalog has no identifier, no version and no relations yet.
fn processed(mut entity: Value) -> Value {
    if let Value::Object(fields) = &mut entity {
        fields.remove("relations");
        if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
            metadata.remove("uid");
            metadata.remove("etag");
        }
    }
    entity
}

/// A component to begin with, named after its repository.
fn beginning(address: &url::Url) -> Value {
    let parts: Vec<&str> = address
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .take_while(|part| !matches!(*part, "-" | "blob" | "tree" | "src"))
        .collect();
    let parts = match parts.split_first() {
        Some((&("repositories" | "git"), rest)) if rest.len() >= 2 => rest.to_vec(),
        _ => parts,
    };
    let name = parts.last().copied().unwrap_or("unnamed").trim_end_matches(".git");
    let host = address.host_str().unwrap_or_default();
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), name.into());
    if parts.len() >= 2 && (host == "github.com" || host == "gitlab.com") {
        let slug = parts.join("/");
        let annotation = format!("{host}/project-slug");
        metadata.insert("annotations".to_owned(), json!({annotation: slug.trim_end_matches(".git")}));
    }
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown"},
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::{beginning, derived_id, generated_name};

    #[test]
    fn names_and_identifiers_follow_from_the_address() {
        // printf 'url:https://github.com/acme/shop' | sha1sum
        let name = generated_name("url", "https://github.com/acme/shop");
        assert_eq!(name, "generated-b99d0f7acc927da4c9e4a300ad960738c52347d0");
        assert_eq!(derived_id("a"), derived_id("a"));
        assert_ne!(derived_id("a"), derived_id("b"));
        assert!(uuid::Uuid::parse_str(&derived_id("a")).is_ok());
    }

    #[test]
    fn a_component_to_begin_with_is_named_after_its_repository() {
        let at = |text: &str| beginning(&text.parse().unwrap());
        let github = at("https://github.com/acme/shop/blob/main/a.yaml");
        assert_eq!(github["metadata"]["name"], "shop");
        assert_eq!(github["metadata"]["annotations"]["github.com/project-slug"], "acme/shop");
        let own = at("http://127.0.0.1:7007/repositories/acme/shop");
        assert_eq!(own["metadata"], serde_json::json!({"name": "shop"}));
    }
}
