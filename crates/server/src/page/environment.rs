//! `/environments`: what runs where, and what may move?

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use fairway_app::AppError;
use fairway_app::environments::{Matrix, Row};
use fairway_app::plans::PlanRequest;
use fairway_domain::environment::Environment;
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::environment::{DeploymentCell, ServiceInEnvironment};
use fairway_portal::{
    EnvironmentHead, EnvironmentView, EnvironmentsView, Section, ServiceHistoryView, ServiceRow,
};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::near::near;
use crate::page::row::blocked;
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;
use fairway_app::guardrails::service_of;

fn head(state: &ServerState, environment: &Environment) -> EnvironmentHead {
    let entity = EntityRef::new("environment", "default", &environment.name);
    let view = state.app.view();
    EnvironmentHead {
        name: environment.name.clone(),
        title: environment.title.clone(),
        description: view.catalog.get(&entity).and_then(|found| found.description().map(str::to_owned)),
        production: environment.spec.production,
        promotes_from: environment.spec.promotes_from.clone(),
        repository: Some(environment.spec.delivery.repository.clone()),
        path: environment.spec.delivery.path.to_string(),
        domain: Some(environment.spec.domain.clone()),
        entity,
    }
}

async fn matrix(
    state: &ServerState,
    caller: &Caller,
) -> Result<(Vec<EnvironmentHead>, Vec<ServiceRow>, Matrix), AppError> {
    let matrix = state.app.matrix(caller)?;
    let fleet = state.app.fleet(caller).await?;
    let heads: Vec<EnvironmentHead> =
        matrix.environments.iter().map(|environment| head(state, environment)).collect();
    let row = |row: &Row| ServiceRow {
        service: row.service.clone(),
        entity: row.entity.clone(),
        owner: row.owner.clone(),
        cells: row
            .cells
            .iter()
            .map(|cell| {
                let deployment = cell.deployment.as_ref()?;
                let intent = &deployment.intent;
                let findings = fleet
                    .findings
                    .iter()
                    .filter(|finding| {
                        finding.waiver.is_none()
                            && service_of(finding) == intent.service
                            && finding.object.environment.as_deref() == Some(intent.environment.as_str())
                    })
                    .count();
                Some(DeploymentCell {
                    version: intent.version.clone(),
                    at: deployment.at,
                    kind: intent.kind,
                    run: deployment.run.clone(),
                    previous: if cell.can_roll_back { intent.replaces.clone() } else { None },
                    findings,
                })
            })
            .collect(),
    };
    let rows = matrix.rows.iter().map(row).collect();
    Ok((heads, rows, matrix))
}

/// The version that may come to the environment at a position, as the use case sees it.
pub(crate) fn promotable(matrix: &Matrix, service: &str, position: usize) -> Option<String> {
    let row = matrix.rows.iter().find(|row| row.service == service)?;
    let from = row.cells.get(position)?.promotable_from.as_deref()?;
    let before = matrix.environments.iter().position(|environment| environment.name == from)?;
    Some(row.cells.get(before)?.deployment.as_ref()?.intent.version.clone())
}

pub(crate) async fn environments(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let q = Pairs::of_query(&uri).get("q").unwrap_or_default().to_lowercase();
    let (heads, mut services, _) = matrix(&state, &caller).await.or_page(&state, &uri, &caller)?;
    services.retain(|row| {
        q.is_empty()
            || row.service.to_lowercase().contains(&q)
            || row.owner.as_ref().is_some_and(|owner| owner.name().contains(&q))
    });
    let view =
        EnvironmentsView { environments: heads, services, blocked: blocked(&caller, Permission::Deliver), q };
    let chrome = chrome(&state, &caller, &uri, "Environments", Section::Environments).followed(None);
    Ok(html(fairway_portal::environments(&chrome, &view)))
}

pub(crate) async fn environment(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(name): Path<String>,
    uri: Uri,
) -> Page {
    let (heads, services, matrix) = matrix(&state, &caller).await.or_page(&state, &uri, &caller)?;
    let position = heads.iter().position(|head| head.name == name);
    let found = position.and_then(|position| Some((position, heads.get(position)?.clone())));
    let (position, environment) = found
        .ok_or_else(|| AppError::NotFound {
            what: "environment",
            name: name.clone(),
            near: heads.iter().map(|head| head.name.clone()).collect(),
        })
        .or_page(&state, &uri, &caller)?;
    let mut history = Vec::new();
    for service in &services {
        let of_service = state.app.deployments_of(&caller, &service.service, Some(&name)).await;
        history.extend(of_service.or_page(&state, &uri, &caller)?);
    }
    history.sort_by_key(|deployment| std::cmp::Reverse(deployment.at));
    history.truncate(50);
    let deployments = services
        .into_iter()
        .filter_map(|row| {
            let next = promotable(&matrix, &row.service, position);
            let cell = row.cells.into_iter().nth(position).flatten();
            let service = ServiceInEnvironment { service: row.service, entity: row.entity, owner: row.owner };
            (cell.is_some() || next.is_some()).then_some((service, cell, next))
        })
        .collect();
    let chrome = chrome(&state, &caller, &uri, &environment.title, Section::Environments);
    let view = EnvironmentView {
        environment,
        chain: heads,
        deployments,
        history,
        blocked: blocked(&caller, Permission::Deliver),
    };
    Ok(html(fairway_portal::environment(&chrome, &view)))
}

pub(crate) async fn service(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(name): Path<String>,
    uri: Uri,
) -> Page {
    let (heads, services, _) = matrix(&state, &caller).await.or_page(&state, &uri, &caller)?;
    let names: Vec<String> = services.iter().map(|row| row.service.clone()).collect();
    let service = services
        .into_iter()
        .find(|row| row.service == name)
        .ok_or_else(|| AppError::NotFound {
            what: "delivered service",
            name: name.clone(),
            near: near(&name, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect(),
        })
        .or_page(&state, &uri, &caller)?;
    let history = state.app.deployments_of(&caller, &name, None).await.or_page(&state, &uri, &caller)?;
    let title = format!("Deployments of {name}");
    let chrome = chrome(&state, &caller, &uri, &title, Section::Environments);
    let view = ServiceHistoryView {
        environments: heads,
        service,
        history,
        blocked: blocked(&caller, Permission::Deliver),
    };
    Ok(html(fairway_portal::service_history(&chrome, &view)))
}

async fn plan(state: &ServerState, caller: &Caller, uri: &Uri, request: PlanRequest) -> Page {
    let stored = state.app.plan(caller, request).await.or_page(state, uri, caller)?;
    Ok(Redirect::to(&format!("/plans/{}", stored.plan.digest())).into_response())
}

pub(crate) async fn promote(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let text = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let request = PlanRequest::Promote { service: text("service"), to: text("to") };
    plan(&state, &caller, &uri, request).await
}

pub(crate) async fn roll_back(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let text = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let request = PlanRequest::Rollback {
        service: text("service"),
        environment: text("environment"),
        version: pairs.get("version").map(str::to_owned),
    };
    plan(&state, &caller, &uri, request).await
}
