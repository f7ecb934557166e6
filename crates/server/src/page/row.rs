//! Rows and addresses that several pages share.

use fairway_app::View;
use fairway_catalog::CatalogEntity;
use fairway_domain::{Caller, EntityRef};
use fairway_portal::row::{EntityRow, TemplateRow};
use fairway_scaffold::Template;

use crate::state::ServerState;

/// The address of an entity's page.
pub(crate) fn entity_url(reference: &EntityRef) -> String {
    format!("/catalog/{}/{}/{}", reference.namespace(), reference.kind(), reference.name())
}

/// The row of an entity.
pub(crate) fn entity_row(found: &CatalogEntity) -> EntityRow {
    let entity = found.entity();
    EntityRow {
        reference: entity.reference(),
        kind: entity.kind.clone(),
        title: entity.title().to_owned(),
        description: entity.description().map(str::to_owned),
        entity_type: entity.spec_text("type").map(str::to_owned),
        lifecycle: entity.spec_text("lifecycle").map(str::to_owned),
        owner: entity.owner(),
        system: entity
            .spec_text("system")
            .and_then(|system| EntityRef::parse(system, Some("system"), entity.namespace()).ok()),
        tags: entity.tags().map(str::to_owned).collect(),
        errors: found.errors().len(),
        findings: 0,
    }
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
