//! Environments: what runs where, and what may move?

use fairway_domain::delivery::{DeliveryKind, Deployment};
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::entity_overview::delivery_word;
use crate::icon::icon;
use crate::measure::{ago, count};
use crate::part::{blocked, chip, empty, filter, headline, owner_link, section};
use crate::shell::document;

/// An environment as a column.
#[derive(Clone, Debug)]
pub struct EnvironmentHead {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One line.
    pub description: Option<String>,
    /// Whether it is production.
    pub production: bool,
    /// The environment that versions come from.
    pub promotes_from: Option<String>,
    /// Where its manifests are committed.
    pub repository: Option<RepositoryRef>,
    /// The folder in it.
    pub path: String,
    /// Its domain.
    pub domain: Option<String>,
    /// Its entity.
    pub entity: EntityRef,
}

/// One version in one environment.
#[derive(Clone, Debug)]
pub struct DeploymentCell {
    /// The version.
    pub version: String,
    /// Since when.
    pub at: Timestamp,
    /// Why it came.
    pub kind: DeliveryKind,
    /// The run that brought it.
    pub run: String,
    /// The version to go back to, when there is one.
    pub previous: Option<String>,
    /// How many findings its manifests have.
    pub findings: usize,
}

/// One service across the environments.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
    /// Whose.
    pub owner: Option<EntityRef>,
    /// What is where, one for each environment in the order of [`EnvironmentsView::environments`].
    pub cells: Vec<Option<DeploymentCell>>,
}

/// The page `/environments`.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentsView {
    /// The environments in promotion order.
    pub environments: Vec<EnvironmentHead>,
    /// The services.
    pub services: Vec<ServiceRow>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
    /// What was typed in the filter, `?q=`.
    pub q: String,
}

/// The page `/environments/{name}`.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    /// The environment.
    pub environment: EnvironmentHead,
    /// Every environment, in promotion order.
    pub chain: Vec<EnvironmentHead>,
    /// What is there now, and the version that may come here from the environment before. A service that
    /// may come here for the first time has no cell.
    pub deployments: Vec<(ServiceInEnvironment, Option<DeploymentCell>, Option<String>)>,
    /// What happened, newest first.
    pub history: Vec<Deployment>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
}

/// The service of a row on an environment's page.
#[derive(Clone, Debug)]
pub struct ServiceInEnvironment {
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
    /// Whose.
    pub owner: Option<EntityRef>,
}

/// The page `/environments/services/{service}`.
#[derive(Clone, Debug)]
pub struct ServiceHistoryView {
    /// The environments in promotion order.
    pub environments: Vec<EnvironmentHead>,
    /// The service now.
    pub service: ServiceRow,
    /// What happened, newest first.
    pub history: Vec<Deployment>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn environments(chrome: &Chrome, view: &EnvironmentsView) -> String {
    let movable = view
        .services
        .iter()
        .filter(|row| {
            view.environments
                .iter()
                .enumerate()
                .any(|(at, _)| promotable(&view.environments, row, at).is_some())
        })
        .count();
    let line = html! {
        @if movable > 0 { (count(movable, "service has", "services have")) " a version that may move on. " }
        "A promotion or rollback is a plan first; nothing moves before you apply it."
    };
    document(
        chrome,
        html! {
            (headline("Environments", Some(&line), None))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            @if view.environments.is_empty() {
                (empty("environment", "No environments yet",
                    &html! { "An environment is an entity of kind " code { "Environment" } " in a registered source: its order, domain and the repository of its manifests." },
                    Some(&html! { a.button.primary href="/sources" { "Register a source" } })))
            } @else {
                div.toolbar { (filter("/environments", &view.q, "Filter services", "Service or owner", &[])) }
                @if view.services.is_empty() {
                    (empty("deploy", "Nothing is deployed yet", &html! { "Create a service from a golden path; it is rendered for every environment that you choose." },
                        Some(&html! { a.button.primary href="/create" { "Create a service" } })))
                } @else { (matrix(&view.environments, &view.services, view.blocked.is_none(), chrome.now)) }
            }
        },
    )
}

/// The version that may come to the environment at `at`: what the one before it has and it does not.
fn promotable<'a>(environments: &[EnvironmentHead], row: &'a ServiceRow, at: usize) -> Option<&'a str> {
    let from = environments.get(at)?.promotes_from.as_deref()?;
    let before = environments.iter().position(|environment| environment.name == from)?;
    let there = row.cells.get(before)?.as_ref()?;
    let here = row.cells.get(at)?.as_ref();
    here.is_none_or(|here| here.version != there.version).then_some(there.version.as_str())
}

fn column_head(environment: &EnvironmentHead) -> Markup {
    html! {
        th scope="col" {
            a href={ "/environments/" (address::encode(&environment.name)) } { (environment.title) }
            @if environment.production && !environment.title.eq_ignore_ascii_case("production") { " " (chip("production")) }
            br;
            @match &environment.promotes_from { Some(from) => { "from " (from) } None => "first" }
        }
    }
}

fn matrix(
    environments: &[EnvironmentHead],
    services: &[ServiceRow],
    may_move: bool,
    now: Timestamp,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Services by environment" {
            table.table.matrix data-testid="matrix" {
                thead { tr { th scope="col" { "Service" } @for environment in environments { (column_head(environment)) } } }
                tbody {
                    @for row in services {
                        tr data-row {
                            th scope="row" {
                                a.name href={ "/environments/services/" (address::encode(&row.service)) } { (row.service) }
                                @if let Some(owner) = &row.owner { br; span.sub { (owner.name()) } }
                            }
                            @for (at, environment) in environments.iter().enumerate() {
                                td data-label=(environment.title) { (matrix_cell(environments, row, at, environment, may_move, now)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn matrix_cell(
    environments: &[EnvironmentHead],
    row: &ServiceRow,
    at: usize,
    environment: &EnvironmentHead,
    may_move: bool,
    now: Timestamp,
) -> Markup {
    let cell = row.cells.get(at).and_then(Option::as_ref);
    let next = promotable(environments, row, at);
    html! {
        div.cell {
            div {
                @match cell {
                    Some(cell) => {
                        span.version { (cell.version) }
                        @if cell.findings > 0 { " " (findings_link(&row.service, cell.findings)) }
                        div.sub { a href=(address::run(&cell.run)) { (delivery_word(cell.kind)) } " " (ago(now, cell.at)) }
                    }
                    None => { span.muted { "–" } div.sub { "not here yet" } }
                }
            }
            @if may_move { (moves(&row.service, environment, next, cell)) }
        }
    }
}

fn findings_link(service: &str, findings: usize) -> Markup {
    html! { a.count.warn href=(address::query("/guardrails", &[("service", service)])) { (count(findings, "finding", "findings")) } }
}

fn moves(
    service: &str,
    environment: &EnvironmentHead,
    next: Option<&str>,
    cell: Option<&DeploymentCell>,
) -> Markup {
    let previous = cell.and_then(|cell| cell.previous.as_deref());
    html! {
        div.moves {
            @if let Some(next) = next {
                form action="/environments/promote" method="post" {
                    input type="hidden" name="service" value=(service);
                    input type="hidden" name="to" value=(environment.name);
                    button.button.small type="submit" title="You see the plan before anything moves" {
                        (icon("promote")) "Promote " span.version-word { (next) } span.hidden { " of " (service) " to " (environment.title) }
                    }
                }
            }
            @if let Some(previous) = previous {
                form action="/environments/rollback" method="post" {
                    input type="hidden" name="service" value=(service);
                    input type="hidden" name="environment" value=(environment.name);
                    button.button.small.quiet type="submit" title={ "Back to " (previous) }
                        aria-label={ "Roll back " (service) " in " (environment.title) " to " (previous) } { (icon("rollback")) "Roll back" }
                }
            }
        }
    }
}

/// Renders the page.
pub fn environment(chrome: &Chrome, view: &EnvironmentView) -> String {
    let head = &view.environment;
    let line = html! { (head.description.as_deref().unwrap_or("No description yet.")) };
    let actions = html! {
        @if let Some(repository) = &head.repository {
            a.button href=(address::folder(repository, "main", &head.path)) { (icon("repository")) "Manifests" }
        }
        a.button href=(address::entity(&head.entity)) { (icon("environment")) "Its entity" }
    };
    document(
        chrome,
        html! {
            (headline(&head.title, Some(&line), Some(&actions)))
            ol.chain aria-label="Promotion order" {
                @for stage in &view.chain {
                    li.stage {
                        p.stage-name {
                            @if stage.name == head.name { strong { (stage.title) } } @else { a href={ "/environments/" (address::encode(&stage.name)) } { (stage.title) } }
                            @if stage.production && !stage.title.eq_ignore_ascii_case("production") { (chip("production")) }
                        }
                        p { @match &stage.domain { Some(domain) => span.mono { (domain) }, None => "no domain" } }
                    }
                }
            }
            (section("here", "What is here", None, &here(view, chrome.now)))
            (section("history", "What happened", None, &history(&view.history, &view.chain, chrome.now, true)))
        },
    )
}

fn here(view: &EnvironmentView, now: Timestamp) -> Markup {
    if view.deployments.is_empty() {
        return empty(
            "deploy",
            "Nothing is here yet",
            &html! { "Deploy or promote a service, and it is listed with its version and age." },
            None,
        );
    }
    html! {
        table.table aria-label="Services" {
            thead { tr { th scope="col" { "Service" } th.fit scope="col" { "Version" } th.fit.at-medium scope="col" { "Since" } th.at-wide scope="col" { "Owner" } th.fit scope="col" { span.hidden { "Actions" } } } }
            tbody {
                @for (service, cell, next) in &view.deployments {
                    tr data-row {
                        td {
                            a.name href={ "/environments/services/" (address::encode(&service.service)) } { (service.service) }
                            @if let Some(cell) = cell && cell.findings > 0 { " " (findings_link(&service.service, cell.findings)) }
                        }
                        td.fit.mono { @match cell { Some(cell) => (cell.version), None => span.muted { "–" } } }
                        td.fit.at-medium.sub { @match cell { Some(cell) => { (delivery_word(cell.kind)) " " (ago(now, cell.at)) } None => "not here yet" } }
                        td.at-wide { (owner_link(service.owner.as_ref())) }
                        td.fit { @if view.blocked.is_none() { (moves(&service.service, &view.environment, next.as_deref(), cell.as_ref())) } }
                    }
                }
            }
        }
    }
}

fn history(
    history: &[Deployment],
    environments: &[EnvironmentHead],
    now: Timestamp,
    with_service: bool,
) -> Markup {
    let repository_of =
        |name: &str| environments.iter().find(|environment| environment.name == name)?.repository.as_ref();
    if history.is_empty() {
        return html! { p.muted { "Nothing yet." } };
    }
    html! {
        table.table aria-label="History" {
            thead { tr {
                th.fit scope="col" { "When" } th scope="col" { @if with_service { "Service" } @else { "Environment" } }
                th.fit scope="col" { "Version" } th.fit.at-medium scope="col" { "What" } th.fit.at-wide scope="col" { "Commit" }
            } }
            tbody {
                @for deployment in history {
                    @let intent = &deployment.intent;
                    tr data-row {
                        td.fit.sub { a href=(address::run(&deployment.run)) { (ago(now, deployment.at)) } }
                        td { @if with_service { a.name href={ "/environments/services/" (address::encode(&intent.service)) } { (intent.service) } } @else { (intent.environment) } }
                        td.fit.mono { @if let Some(before) = &intent.replaces { span.sub { (before) " → " } } (intent.version) }
                        td.fit.at-medium { (delivery_word(intent.kind)) @if deployment.undone { " " (chip("undone")) } }
                        td.fit.at-wide.mono.sub {
                            @match repository_of(&intent.environment) {
                                Some(repository) => a href=(address::commit(repository, deployment.commit.as_str())) { (deployment.commit.short()) },
                                None => (deployment.commit.short()),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Renders the page.
pub fn service_history(chrome: &Chrome, view: &ServiceHistoryView) -> String {
    let row = &view.service;
    let line = html! { "What runs where, what may move, and what happened." };
    let actions = html! { @if let Some(entity) = &row.entity { a.button href=(address::entity(entity)) { (icon("component")) "Its page" } } };
    document(
        chrome,
        html! {
            (headline(&row.service, Some(&line), Some(&actions)))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            (matrix(&view.environments, std::slice::from_ref(row), view.blocked.is_none(), chrome.now))
            (section("history", "What happened", None, &history(&view.history, &view.environments, chrome.now, false)))
        },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::delivery::DeliveryKind;
    use fairway_domain::{EntityRef, Timestamp};

    use super::{DeploymentCell, EnvironmentHead, ServiceRow, promotable};

    fn head(name: &str, from: Option<&str>) -> EnvironmentHead {
        EnvironmentHead {
            name: name.into(),
            title: name.into(),
            description: None,
            production: false,
            promotes_from: from.map(Into::into),
            repository: None,
            path: String::new(),
            domain: None,
            entity: EntityRef::new("environment", "default", name),
        }
    }

    fn cell(version: &str) -> DeploymentCell {
        let at = Timestamp::from_second(0).unwrap();
        let kind = DeliveryKind::Deploy;
        DeploymentCell { version: version.into(), at, kind, run: "r".into(), previous: None, findings: 0 }
    }

    #[test]
    fn only_a_version_that_differs_from_the_environment_before_may_move() {
        let environments = [head("staging", None), head("production", Some("staging"))];
        let row = |cells| ServiceRow { service: "orders".into(), entity: None, owner: None, cells };
        assert_eq!(promotable(&environments, &row(vec![Some(cell("2")), Some(cell("1"))]), 1), Some("2"));
        assert_eq!(promotable(&environments, &row(vec![Some(cell("2")), None]), 1), Some("2"));
        assert_eq!(promotable(&environments, &row(vec![Some(cell("2")), Some(cell("2"))]), 1), None);
        assert_eq!(promotable(&environments, &row(vec![Some(cell("2")), Some(cell("1"))]), 0), None);
        assert_eq!(promotable(&environments, &row(vec![None, Some(cell("1"))]), 1), None);
    }
}
