//! Rows and addresses that several pages share.

use fairway_app::View;
use fairway_catalog::CatalogEntity;
use fairway_domain::{Caller, EntityRef, Timestamp};
use fairway_portal::row::{EntityRow, TemplateRow};
use fairway_scaffold::Template;

use crate::state::ServerState;

/// The address of an entity's page.
pub(crate) fn entity_url(reference: &EntityRef) -> String {
    format!("/catalog/{}/{}/{}", reference.namespace(), reference.kind(), reference.name())
}

/// The row of an entity.
pub(crate) fn entity_row(found: &CatalogEntity) -> EntityRow {
    EntityRow {
        title: found.title().to_owned(),
        description: found.description().map(str::to_owned),
        entity_type: found.entity_type().map(str::to_owned),
        lifecycle: found.lifecycle().map(str::to_owned),
        owner: found.owner().cloned(),
        errors: found.errors().len(),
        ..EntityRow::new(found.reference().clone(), found.kind())
    }
}

/// The drawing for a kind, as its description has it.
pub(crate) fn icon_of(view: &View, kind: &str) -> &'static str {
    let described = view.catalog.kinds().get(kind).and_then(|kind| kind.presentation.icon.as_deref());
    fairway_portal::icon::named(described, kind)
}

/// As of when an entity is shown, when its source cannot be read now.
pub(crate) fn stale_since(view: &View, found: &CatalogEntity) -> Option<Timestamp> {
    let last = view.sources.get(found.source())?.last.as_ref()?;
    last.failure.as_ref()?;
    Some(last.last_success.unwrap_or_else(|| found.last_seen()))
}

/// The row of a template, with how often it was walked.
pub(crate) fn template_row(view: &View, template: &Template) -> TemplateRow {
    TemplateRow {
        reference: template.reference.clone(),
        title: template.title.clone(),
        description: template.description.clone(),
        template_type: template.template_type.clone(),
        owner: template.owner.clone(),
        tags: template.tags.iter().filter(|tag| *tag != "recommended").cloned().collect(),
        recommended: template.tags.iter().any(|tag| tag == "recommended"),
        runs: view.runs.values().filter(|run| run.template.as_ref() == Some(&template.reference)).count(),
    }
}

/// Why a caller may not change things, when they may not.
pub(crate) fn blocked(caller: &Caller, permission: fairway_domain::Permission) -> Option<String> {
    caller.authorise(permission).err().map(|forbidden| forbidden.to_string())
}

/// The address that git clones from.
pub(crate) fn clone_url(
    state: &ServerState,
    repository: &fairway_domain::repository::RepositoryRef,
) -> String {
    format!("{}/git/{repository}.git", state.app.config().base_url)
}
