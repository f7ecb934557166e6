//! The files of a plan as trees, one for each commit, with contents or changes.

use std::collections::BTreeMap;

use fairway_domain::Digest;
use fairway_domain::plan::{Effect, FileAction, FileChange, Purpose};
use maud::{Markup, html};

use crate::icon::icon;
use crate::measure::{count, size};
use crate::part::section;
use crate::plan::{PlanContent, PlanView};
use crate::{address, code};

/// Folders deeper than this are shown as one path.
const MAX_DEPTH: usize = 12;

/// All files, commit by commit.
pub fn files(view: &PlanView) -> Markup {
    let commits: Vec<_> = view
        .plan
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit { repository, branch, files, .. } => Some((repository, branch, files)),
            _ => None,
        })
        .collect();
    if commits.is_empty() {
        return html! {};
    }
    let trees = html! {
        ul.tree data-testid="plan-files" {
            @for (index, (repository, branch, files)) in commits.iter().enumerate() {
                li {
                    details open[index == 0 || files.len() <= 20] {
                        summary {
                            (icon("repository")) strong.path { (repository) }
                            span.muted { (branch) }
                            span.size { (count(files.len(), "file", "files")) }
                        }
                        div.tree-children { (folder(view, &files.iter().map(|file| (segments(file), file)).collect::<Vec<_>>(), is_mixed(files))) }
                    }
                }
            }
        }
    };
    section("files", "Files", None, &trees)
}

fn segments(file: &FileChange) -> Vec<&str> {
    file.path.as_str().splitn(MAX_DEPTH, '/').collect()
}

/// Whether files are changed or deleted besides those that are new; only then "new" says something.
fn is_mixed(files: &[FileChange]) -> bool {
    files.iter().any(|file| file.action != FileAction::Add)
}

fn folder(view: &PlanView, entries: &[(Vec<&str>, &FileChange)], mixed: bool) -> Markup {
    let mut folders: BTreeMap<&str, Vec<(Vec<&str>, &FileChange)>> = BTreeMap::new();
    let mut here: Vec<(&str, &FileChange)> = Vec::new();
    for (parts, file) in entries {
        match parts.as_slice() {
            [] => {}
            [name] => here.push((name, file)),
            [name, rest @ ..] => folders.entry(name).or_default().push((rest.to_vec(), file)),
        }
    }
    html! {
        ul {
            @for (name, inside) in &folders {
                @let (path, inside) = collapsed(name, inside);
                li {
                    details open[entries.len() <= 60] {
                        summary { (icon("folder")) span.path { (path) } span.size { (inside.len()) } }
                        (folder(view, &inside, mixed))
                    }
                }
            }
            @for (name, file) in here { li { (leaf(view, name, file, mixed)) } }
        }
    }
}

/// A folder that holds one folder only is shown with it in one line.
fn collapsed<'a>(
    name: &str,
    inside: &[(Vec<&'a str>, &'a FileChange)],
) -> (String, Vec<(Vec<&'a str>, &'a FileChange)>) {
    let mut path = name.to_owned();
    let mut inside = inside.to_vec();
    loop {
        let first =
            inside.first().and_then(|(parts, _)| if parts.len() > 1 { parts.first().copied() } else { None });
        let Some(first) = first else { return (path, inside) };
        let same = |(parts, _): &(Vec<&str>, &FileChange)| parts.len() > 1 && parts.first() == Some(&first);
        if !inside.iter().all(same) {
            return (path, inside);
        }
        path = format!("{path}/{first}");
        inside =
            inside.into_iter().map(|(parts, file)| (parts.into_iter().skip(1).collect(), file)).collect();
    }
}

/// Changes are what a promotion or rollback is read for, so a few of them are open from the start.
fn is_opened(view: &PlanView, file: &FileChange) -> bool {
    let changes = |effect: &Effect| match effect {
        Effect::Commit { files, .. } => files.iter().filter(|file| file.action == FileAction::Change).count(),
        _ => 0,
    };
    let is_delivery = !matches!(view.plan.purpose, Purpose::Template { .. });
    is_delivery
        && file.action == FileAction::Change
        && view.plan.effects.iter().map(changes).sum::<usize>() <= 12
}

const fn action(action: FileAction) -> (&'static str, &'static str) {
    match action {
        FileAction::Add => ("add", "new"),
        FileAction::Change => ("change", "changed"),
        FileAction::Delete => ("delete", "deleted"),
    }
}

fn leaf(view: &PlanView, name: &str, file: &FileChange, mixed: bool) -> Markup {
    let (class, word) = action(file.action);
    let label = html! {
        (icon("file")) span.path { (name) } @if mixed { span.chip.(class) { (word) } }
        @if file.action != FileAction::Delete { span.size { (size(file.size)) } }
    };
    let content = |digest: &Option<Digest>| digest.as_ref().and_then(|digest| view.contents.get(digest));
    let (before, after) = (content(&file.before), content(&file.content));
    let shown = match (before, after) {
        (Some(PlanContent::Text { text: before, .. }), Some(PlanContent::Text { text: after, .. })) => {
            Some(code::diff(file.path.as_str(), before, after))
        }
        (Some(PlanContent::Text { text: before, .. }), None) if file.content.is_none() => {
            Some(code::diff(file.path.as_str(), before, ""))
        }
        (_, Some(PlanContent::Text { text, html })) => Some(code::block(text, html.as_ref(), false, &[])),
        (_, Some(PlanContent::Binary)) => Some(html! { p.muted { "Not text." } }),
        (_, Some(PlanContent::TooLarge)) => Some(html! { p.muted { "Too large to show." } }),
        _ => None,
    };
    match (shown, &file.content) {
        (Some(shown), _) => {
            html! { details.file open[is_opened(view, file)] { summary { (label) } (shown) } }
        }
        (None, Some(digest)) => {
            let url = format!("/plans/{}/files/{digest}", view.digest);
            html! { a.leaf href=(address::query(&url, &[("path", file.path.as_str())])) { (label) } }
        }
        (None, None) => html! { div.leaf { (label) } },
    }
}
