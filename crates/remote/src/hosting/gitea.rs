//! The REST API of Gitea and Forgejo, version 1. <https://docs.gitea.com/api/>

use fairway_domain::tree::TreePath;
use serde::Deserialize;

use super::answers::{TreeEntry, or_default, said};
use super::exchange::Exchange;
use super::{
    Directory, DirectoryGroup, DirectoryUser, FILES, HostedRepository, PEOPLE, REPOSITORIES, Urgency,
    segment, segments,
};
use crate::RemoteError;

/// Pages of a tree; each has up to a thousand entries.
const TREE_PAGES: usize = 200;

#[derive(Deserialize)]
struct Repository {
    id: u64,
    full_name: String,
    name: String,
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    fork: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    internal: bool,
    #[serde(default)]
    empty: bool,
    #[serde(default, deserialize_with = "or_default")]
    topics: Vec<String>,
    #[serde(default)]
    updated_at: Option<String>,
    html_url: String,
}

impl From<Repository> for HostedRepository {
    fn from(found: Repository) -> Self {
        let visibility = match (found.private, found.internal) {
            (true, _) => "private",
            (false, true) => "internal",
            (false, false) => "public",
        };
        Self {
            id: found.id.to_string(),
            full_name: found.full_name,
            name: found.name,
            default_branch: said(found.default_branch).filter(|_| !found.empty),
            archived: found.archived,
            fork: found.fork,
            visibility: visibility.to_owned(),
            topics: found.topics,
            pushed: found.updated_at.unwrap_or_default(),
            web_url: found.html_url,
        }
    }
}

pub(super) async fn repositories(
    exchange: &Exchange,
    owner: &str,
    urgency: Urgency,
) -> Result<Vec<HostedRepository>, RemoteError> {
    let owner = segment(owner);
    let found: Vec<Repository> =
        match exchange.list(&format!("/orgs/{owner}/repos?limit=50"), REPOSITORIES, urgency).await {
            Err(RemoteError::Hosting { status: 404, .. }) => {
                exchange.list(&format!("/users/{owner}/repos?limit=50"), REPOSITORIES, urgency).await?
            }
            found => found?,
        };
    Ok(found.into_iter().map(Into::into).collect())
}

pub(super) async fn repository(
    exchange: &Exchange,
    full_name: &str,
    urgency: Urgency,
) -> Result<HostedRepository, RemoteError> {
    let found: Repository = exchange.json(&format!("/repos/{}", segments(full_name)), urgency).await?;
    Ok(found.into())
}

pub(super) async fn file(
    exchange: &Exchange,
    full_name: &str,
    reference: &str,
    path: &TreePath,
    urgency: Urgency,
) -> Result<Vec<u8>, RemoteError> {
    let (name, path, reference) = (segments(full_name), segments(path.as_str()), segment(reference));
    exchange.bytes(&format!("/repos/{name}/raw/{path}?ref={reference}"), "*/*", urgency).await
}

#[derive(Deserialize)]
struct TreeAnswer {
    #[serde(default, deserialize_with = "or_default")]
    tree: Vec<TreeEntry>,
    #[serde(default)]
    truncated: bool,
}

pub(super) async fn paths(
    exchange: &Exchange,
    full_name: &str,
    reference: &str,
    urgency: Urgency,
) -> Result<Vec<TreePath>, RemoteError> {
    let place = format!("/repos/{}/git/trees/{}", segments(full_name), segment(reference));
    let mut found = Vec::new();
    for page in 1..=TREE_PAGES {
        let path = format!("{place}?recursive=true&per_page=1000&page={page}");
        let answer: TreeAnswer = exchange.json(&path, urgency).await?;
        let more = answer.truncated && !answer.tree.is_empty();
        found.extend(answer.tree.into_iter().filter_map(TreeEntry::file));
        if !more {
            return Ok(found);
        }
        if found.len() > FILES {
            break;
        }
    }
    let limit = format!("{FILES} files");
    Err(RemoteError::TooLarge { doing: "list the files of", on: full_name.to_owned(), limit })
}

#[derive(Deserialize)]
struct Organisation {
    #[serde(default)]
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    login: String,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
    name: String,
    #[serde(default)]
    description: Option<String>,
}

pub(super) async fn directory(
    exchange: &Exchange,
    organisation: &str,
    urgency: Urgency,
) -> Result<Directory, RemoteError> {
    let place = format!("/orgs/{}", segment(organisation));
    let about: Organisation = exchange.json(&place, urgency).await?;
    let members: Vec<Member> = exchange.list(&format!("{place}/members?limit=50"), PEOPLE, urgency).await?;
    let teams: Vec<Team> = exchange.list(&format!("{place}/teams?limit=50"), PEOPLE, urgency).await?;
    let mut groups = Vec::with_capacity(teams.len());
    for team in teams {
        let path = format!("/teams/{}/members?limit=50", team.id);
        let members: Vec<Member> = exchange.list(&path, PEOPLE, urgency).await?;
        groups.push(DirectoryGroup {
            slug: team.name.to_lowercase(),
            name: team.name,
            description: said(team.description),
            parent: None,
            members: members.into_iter().map(|member| member.login).collect(),
        });
    }
    let users = members
        .into_iter()
        .map(|member| DirectoryUser {
            login: member.login,
            name: said(member.full_name),
            email: said(member.email),
            picture: said(member.avatar_url),
        })
        .collect();
    Ok(Directory { title: said(about.full_name), users, groups })
}
