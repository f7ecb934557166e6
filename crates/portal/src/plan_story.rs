//! A plan in words.

use fairway_domain::EntityRef;
use fairway_domain::plan::{Effect, Plan, Purpose};
use fairway_domain::repository::RepositoryRef;
use maud::{Markup, html};

use crate::measure::{count, size};
use crate::part::entity_link;

/// What will happen, in one paragraph.
pub fn story(plan: &Plan) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut commits: CommitCounts<'_> = Vec::new();
    let mut deployments: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut registered: Vec<String> = Vec::new();
    let mut messages = 0;
    for effect in &plan.effects {
        match effect {
            Effect::CreateRepository { repository, .. } => {
                parts.push(format!("creates the repository {repository}"));
            }
            Effect::Commit { files, repository, .. } => {
                match commits.iter_mut().find(|(known, _)| *known == repository) {
                    Some((_, count)) => *count += files.len(),
                    None => commits.push((repository, files.len())),
                }
            }
            Effect::RegisterLocation { entities, .. } => {
                registered.extend(entities.iter().map(named));
            }
            Effect::RecordDeployment { deployment } => {
                match deployments.iter_mut().find(|(version, _)| *version == deployment.version) {
                    Some((_, environments)) => environments.push(&deployment.environment),
                    None => deployments.push((&deployment.version, vec![&deployment.environment])),
                }
            }
            Effect::Notify { .. } => messages += 1,
            Effect::Wait { .. } => {}
        }
    }
    parts.extend(
        commits
            .iter()
            .map(|(repository, files)| format!("commits {} to {repository}", count(*files, "file", "files"))),
    );
    match registered.len() {
        0 => {}
        1..=4 => {
            let names: Vec<&str> = registered.iter().map(String::as_str).collect();
            parts.push(format!("registers {} in the catalog", joined(&names)));
        }
        many => parts.push(format!("registers {many} entities in the catalog")),
    }
    parts.extend(
        deployments
            .iter()
            .map(|(version, environments)| format!("puts version {version} into {}", joined(environments))),
    );
    if messages > 0 {
        parts.push(format!("sends {}", count(messages, "message", "messages")));
    }
    if parts.is_empty() {
        return "Applying this changes nothing.".to_owned();
    }
    let ending = match &plan.purpose {
        Purpose::Rollback { version, environment, .. } => {
            format!(" After it, {environment} has version {version} again.")
        }
        _ if !commits.is_empty() => {
            " It can be undone afterwards, as long as nobody has built on it.".to_owned()
        }
        _ => String::new(),
    };
    let texts: Vec<&str> = parts.iter().map(String::as_str).collect();
    format!("Applying this {}.{ending}", joined_clauses(&texts))
}

/// `the component orders-api`.
fn named(entity: &EntityRef) -> String {
    let kind = if entity.kind() == "api" { "API" } else { entity.kind() };
    format!("the {kind} {}", entity.name())
}

/// Files by repository, in the order of the plan.
type CommitCounts<'a> = Vec<(&'a RepositoryRef, usize)>;

/// Clauses that may hold an "and" themselves are told apart by a comma.
fn joined_clauses(parts: &[&str]) -> String {
    match parts {
        [first @ .., last] if parts.len() > 2 => format!("{}, and {last}", first.join(", ")),
        _ => joined(parts),
    }
}

fn joined(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The icon of an effect.
pub const fn effect_icon(effect: &Effect) -> &'static str {
    match effect {
        Effect::CreateRepository { .. } => "repository",
        Effect::Commit { .. } => "commit",
        Effect::RegisterLocation { .. } => "catalog",
        Effect::RecordDeployment { .. } => "environment",
        Effect::Notify { .. } => "message",
        Effect::Wait { .. } => "clock",
    }
}

/// More on an effect, for those who want it.
pub fn effect_detail(effect: &Effect) -> Option<Markup> {
    Some(match effect {
        Effect::CreateRepository { description, default_branch, .. } => {
            html! { @if !description.is_empty() { (description) " · " } "branch " (default_branch) }
        }
        Effect::Commit { message, files, base, .. } => html! {
            "“" (message.lines().next().unwrap_or_default()) "” · " (size(files.iter().map(|file| file.size).sum()))
            @if let Some(base) = base { " · on " span.mono { (base.short()) } }
        },
        Effect::RegisterLocation { target, entities, .. } => html! {
            @for entity in entities { (entity_link(entity, entity.name())) " " }
            @if entities.is_empty() { span.mono { (target) } } @else { span.mono title=(target) { "from " (target.rsplit('/').next().unwrap_or(target)) } }
        },
        Effect::RecordDeployment { deployment } => html! {
            @if let Some(before) = &deployment.replaces { "Replaces " (before) " · " }
            @for (index, image) in deployment.images.iter().enumerate() { @if index > 0 { ", " } span.mono { (image) } }
        },
        Effect::Notify { recipients, info, .. } => html! {
            @if recipients.is_empty() { "To everybody" } @else { "To " @for (index, recipient) in recipients.iter().enumerate() { @if index > 0 { ", " } (recipient.name()) } }
            @if let Some(info) = info { " · " (info) }
        },
        Effect::Wait { .. } => return None,
    })
}
