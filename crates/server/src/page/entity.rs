//! `/catalog/{namespace}/{kind}/{name}`: is it well, whose is it, what next?

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fairway_app::guardrails::service_of;
use fairway_app::waivers::WaiverFilter;
use fairway_app::{AppError, View};
use fairway_catalog::{CatalogEntity, TruthFinding};
use fairway_docs::{ApiFormat, api_document};
use fairway_domain::change_request::{ChangeRequest, FieldChange};
use fairway_domain::repository::RepositoryRef;
use fairway_domain::run::Run;
use fairway_domain::{Caller, Entity, EntityRef, Permission};
use fairway_portal::change_request::change_address;
use fairway_portal::entity::{DeployedVersion, EntityDeployment, Provenance, RelatedEntity, RelationGroup};
use fairway_portal::row::{Link, RunRow};
use fairway_portal::supply::EntitySupplyView;
use fairway_portal::{DefinitionView, EntityTab, EntityView, GraphView, PendingChange, SafeHtml, Section};
use fairway_portal::{HistoryView, Notice, Tone, WaiverRow};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::environment::promotable;
use crate::page::graph::around;
use crate::page::history::history_view;
use crate::page::moment::{as_of, dated};
use crate::page::readme::readme;
use crate::page::row::{clone_url, entity_url, icon_of};
use crate::page::supply::entity_supply;
use crate::page::team::team as team_of;
use crate::page::waiver::row as waiver_row;
use crate::page::{Page, chrome, highlighted, html, markdown_in, off_thread, shelf};
use crate::pairs::Pairs;
use crate::state::ServerState;

fn relations(view: &View, found: &CatalogEntity) -> Vec<RelationGroup> {
    let mut groups: BTreeMap<String, Vec<RelatedEntity>> = BTreeMap::new();
    for relation in found.relations() {
        let target = view.catalog.get(&relation.target);
        groups.entry(relation.relation_type.to_string()).or_default().push(RelatedEntity {
            reference: relation.target.clone(),
            title: target.map_or_else(|| relation.target.name().to_owned(), |it| it.title().to_owned()),
            description: target.and_then(|it| it.description()).map(str::to_owned),
            missing: target.is_none(),
        });
    }
    groups.into_iter().map(|(relation, entities)| RelationGroup { relation, entities }).collect()
}

fn links(entity: &Entity) -> Vec<Link> {
    let listed = entity.metadata.get("links").and_then(serde_json::Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(|link| {
            let url = link.get("url")?.as_str()?;
            // Anything else (javascript:, data:) is text that somebody wrote, not a place to go.
            let safe =
                url.starts_with("https://") || url.starts_with("http://") || url.starts_with("mailto:");
            safe.then(|| Link {
                title: link.get("title").and_then(|title| title.as_str()).unwrap_or(url).to_owned(),
                url: url.to_owned(),
                icon: link.get("icon").and_then(|icon| icon.as_str()).map(str::to_owned),
            })
        })
        .collect()
}

fn deployments(state: &ServerState, caller: &Caller, name: &str) -> Result<Vec<EntityDeployment>, AppError> {
    let view = state.app.view();
    let matrix = state.app.matrix(caller)?;
    let from = |position: usize| {
        let environment = matrix.environments.get(position)?.spec.promotes_from.as_deref()?;
        let before = matrix.environments.iter().find(|it| it.name == environment)?;
        Some((promotable(&matrix, name, position)?, before.title.clone()))
    };
    let promotions: Vec<_> = (0..matrix.environments.len()).map(from).collect();
    Ok(matrix
        .environments
        .into_iter()
        .zip(promotions)
        .map(|(environment, promotable)| EntityDeployment {
            promotable,
            deployed: view.deployments.get(&format!("{name}/{}", environment.name)).map(|deployment| {
                DeployedVersion {
                    version: deployment.intent.version.clone(),
                    at: deployment.at,
                    kind: deployment.intent.kind,
                    run: deployment.run.clone(),
                }
            }),
            environment: environment.name,
            title: environment.title,
            production: environment.spec.production,
        })
        .collect())
}

fn pending_change(change: &ChangeRequest) -> PendingChange {
    let value = |field: &FieldChange| (field.field.clone(), field.after.clone().unwrap_or_default());
    PendingChange {
        url: change_address(change),
        number: change.number,
        title: change.title.clone(),
        fields: change.fields.iter().map(value).collect(),
    }
}

/// The language of an API's definition, as a file name that highlighting knows.
fn definition_file(entity: &Entity) -> &'static str {
    match entity.spec_text("type").unwrap_or_default() {
        "graphql" => "definition.graphql",
        "grpc" => "definition.proto",
        _ if entity.spec_text("definition").is_some_and(|text| text.trim_start().starts_with('{')) => {
            "definition.json"
        }
        _ => "definition.yaml",
    }
}

/// The definition as a document where its type has one, and as source otherwise or when asked for.
fn definition_view(entity: &Entity, as_source: bool, show: String) -> DefinitionView {
    let Some(text) = entity.spec_text("definition") else { return DefinitionView::default() };
    let source = || code(definition_file(entity), text);
    match ApiFormat::of_type(entity.spec_text("type").unwrap_or_default()) {
        None => DefinitionView::Source { html: source(), readable: false },
        Some(_) if as_source => DefinitionView::Source { html: source(), readable: true },
        Some(format) => match api_document(format, text) {
            Ok(document) => DefinitionView::Document(Box::new(document), show),
            Err(diagnostic) => DefinitionView::Broken(source(), diagnostic),
        },
    }
}

/// Text as HTML lines, highlighted where possible.
pub(crate) fn code(file: &str, text: &str) -> SafeHtml {
    highlighted(file, text).unwrap_or_else(|| SafeHtml::vouched(crate::page::escaped(text)))
}

fn repository(view: &View, found: &CatalogEntity) -> Option<RepositoryRef> {
    view.sources.get(found.source())?.target.repository().cloned()
}

fn last_run(view: &View, reference: &EntityRef, found: &CatalogEntity) -> Option<Run> {
    let made = view.sources.get(found.source()).and_then(|source| source.run.clone());
    let deployed = view
        .deployments
        .values()
        .filter(|deployment| deployment.intent.service == reference.name())
        .map(|deployment| deployment.run.clone());
    deployed.chain(made).max().and_then(|id| view.runs.get(&id)).map(|run| Run::clone(run))
}

pub(crate) async fn entity(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    caller.authorise(Permission::Read).or_page(&state, &uri, &caller)?;
    let reference = EntityRef::new(&kind, &namespace, &name);
    let as_of = as_of(&state, &caller, &uri).await?;
    let past = as_of.moment.is_some();
    let view = std::sync::Arc::clone(&as_of.view);
    if let (None, Some(now)) = (view.catalog.get(&reference), view.catalog.renamed(&reference)) {
        return Ok(moved(now, &uri));
    }
    let found = view
        .catalog
        .get(&reference)
        .cloned()
        .ok_or_else(|| AppError::absent(&view.catalog, &reference))
        .or_page(&state, &uri, &caller)?;
    let asked = Pairs::of_query(&uri);
    let tab = EntityTab::parse(asked.get("tab").unwrap_or_default());
    let as_source = asked.get("as") == Some("source");
    let show = asked.get("show").unwrap_or_default().to_owned();
    let is_component = reference.kind() == "component";
    let deployments = if is_component && !past {
        deployments(&state, &caller, reference.name()).or_page(&state, &uri, &caller)?
    } else {
        Vec::new()
    };
    let findings = if is_component && !past {
        let fleet = state.app.fleet(&caller).await.or_page(&state, &uri, &caller)?;
        fleet.findings.iter().filter(|finding| service_of(finding) == reference.name()).cloned().collect()
    } else {
        Vec::new()
    };
    let of_entity = WaiverFilter { entity: Some(reference.clone()), ..WaiverFilter::default() };
    let waivers: Vec<WaiverRow> = if is_component && !past {
        let all = state.app.waivers(&caller, &of_entity).or_page(&state, &uri, &caller)?;
        all.into_iter().map(waiver_row).filter(|waiver| waiver.is_open).collect()
    } else {
        Vec::new()
    };
    let history = if tab == EntityTab::History {
        history_view(&state, &caller, &reference, &uri).await.or_page(&state, &uri, &caller)?
    } else {
        HistoryView::default()
    };
    let supply = if tab == EntityTab::Supply && !past {
        entity_supply(&state, &caller, &reference).await.or_page(&state, &uri, &caller)?
    } else {
        EntitySupplyView::default()
    };
    let repository = repository(&view, &found);
    let entity = Entity::clone(&found.entity());
    let owner_title =
        entity.owner().and_then(|owner| view.catalog.get(&owner).map(|it| it.title().to_owned()));
    let last_run = last_run(&view, &reference, &found).as_ref().map(RunRow::from);
    let mut diagnostics = found.errors().to_vec();
    for draft in view.catalog.drafts_for(&reference) {
        for diagnostic in &draft.diagnostics {
            if !diagnostics.contains(diagnostic) {
                diagnostics.push(diagnostic.clone());
            }
        }
    }
    let last_good_at = (!diagnostics.is_empty()).then_some(found.last_seen());
    let provenance = Provenance {
        target: view
            .sources
            .get(found.source())
            .map_or_else(|| found.source().to_owned(), |it| it.target.to_string()),
        url: found.location().strip_prefix("url:").map(|url| local(&state, url)),
        path: found.file().to_owned(),
        seen_at: Some(found.last_seen()),
        source: Some(found.source().to_owned()),
    };
    let chrome = chrome(&state, &caller, &uri, entity.title(), Section::Catalog).followed(Some(&reference));
    let mut chrome = dated(chrome, &as_of, &uri);
    let mut team = None;
    let mut starred = None;
    if past {
        team = team_of(&state.app, &view, &found, &[]).filter(|_| tab == EntityTab::Overview);
    } else {
        let truth = state.app.truth(&caller).await.or_page(&state, &uri, &caller)?;
        chrome.notices.extend(truth_notice(&reference, &truth));
        chrome.seen = Some(reference.clone());
        starred = Some(state.app.stars(&caller).or_page(&state, &uri, &caller)?.contains(&reference));
        if tab == EntityTab::Overview {
            team = team_of(&state.app, &view, &found, &truth);
        }
    }
    let readme =
        if tab == EntityTab::Overview && !past { readme(&state, &caller, &view, &found).await } else { None };
    let may_deliver = caller.may(Permission::Deliver);
    let pending =
        state.app.changes_of_entity(&reference).iter().map(|change| pending_change(change)).collect();
    let editable = repository.is_some() && caller.may(Permission::Push);
    let clone_url = repository.as_ref().map(|repository| clone_url(&state, repository));
    let relations = relations(&view, &found);
    let links = links(&entity);
    let icon = icon_of(&view, &entity.kind);
    let seen = chrome.seen.clone();
    let page = off_thread(move || {
        // Only the tab in view is highlighted or laid out.
        let definition = if tab == EntityTab::Api {
            definition_view(&entity, as_source, show)
        } else {
            DefinitionView::default()
        };
        let yaml = if tab == EntityTab::Yaml {
            code("entity.yaml", &fairway_yaml::write(&found.to_backstage_json()))
        } else {
            SafeHtml::default()
        };
        let graph = if tab == EntityTab::Overview { around(&view, &reference) } else { GraphView::default() };
        let readme = readme.map(|it| markdown_in(&it.text, &it.repository, it.branch.as_str(), &it.folder));
        let data = EntityView {
            entity,
            tab,
            owner_title,
            relations,
            graph,
            links,
            deployments,
            last_run,
            diagnostics,
            last_good_at,
            provenance,
            repository,
            clone_url,
            findings,
            waivers,
            definition,
            yaml,
            history,
            supply,
            readme,
            team,
            icon,
            starred,
            pending,
            editable,
            may_deliver,
        };
        fairway_portal::entity(&chrome, &data)
    })
    .await;
    let mut response = html(page.or_page(&state, &uri, &caller)?);
    if let Some(seen) = seen {
        shelf::note(&headers, &mut response, &seen);
    }
    Ok(response)
}

/// An address of this portal without its host, so that links stay on the address that the reader uses.
pub(crate) fn local(state: &ServerState, url: &str) -> String {
    url.strip_prefix(&state.app.config().base_url).unwrap_or(url).to_owned()
}

/// What is not as the entity says, in one line.
fn truth_notice(reference: &EntityRef, all: &[TruthFinding]) -> Option<Notice> {
    let mut about = all.iter().filter(|found| found.entity == *reference);
    let first = about.next()?;
    let more = match about.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(Notice {
        tone: Tone::Warning,
        message: format!("{}{more}", first.message),
        action: Some(("Findings".to_owned(), format!("/catalog/findings?entity={reference}"))),
    })
}

/// An old address leads to the page under the new name, for good.
fn moved(now: &EntityRef, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{}{query}", entity_url(now));
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
}
