//! A plan in words.

use fairway_domain::plan::{Effect, Plan, Purpose};
use maud::{Markup, html};

use crate::measure::{count, size};
use crate::part::entity_link;

/// What will happen, in one paragraph.
pub fn story(plan: &Plan) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut files = 0;
    for effect in &plan.effects {
        match effect {
            Effect::CreateRepository { repository, .. } => {
                parts.push(format!("creates the repository {repository}"))
            }
            Effect::Commit { files: changed, repository, .. } => {
                files += changed.len();
                let text = format!("commits {} to {repository}", count(changed.len(), "file", "files"));
                if !parts.contains(&text) {
                    parts.push(text);
                }
            }
            Effect::RegisterLocation { entities, .. } => {
                let names: Vec<&str> = entities.iter().map(fairway_domain::EntityRef::name).collect();
                parts.push(match names.len() {
                    0 => "registers a location in the catalog".to_owned(),
                    1..=3 => format!("registers {} in the catalog", joined(&names)),
                    many => format!("registers {many} entities in the catalog"),
                });
            }
            Effect::RecordDeployment { deployment } => {
                parts.push(format!("puts version {} into {}", deployment.version, deployment.environment));
            }
            Effect::Notify { .. } => parts.push("sends a message".to_owned()),
            Effect::Wait { .. } => {}
        }
    }
    if parts.is_empty() {
        return "Applying this changes nothing.".to_owned();
    }
    let texts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let ending = match &plan.purpose {
        Purpose::Rollback { version, environment, .. } => {
            format!(" After it, {environment} has version {version} again.")
        }
        _ if files > 0 => {
            " Every step can be undone afterwards, as long as nobody has built on it.".to_owned()
        }
        _ => String::new(),
    };
    format!("Applying this {}.{ending}", joined(&texts))
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
            span.mono { (target) }
            @if !entities.is_empty() { br; @for entity in entities { (entity_link(entity, &entity.to_string())) " " } }
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
