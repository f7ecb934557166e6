//! GitHub's REST API, version 2022-11-28. <https://docs.github.com/rest>

use fairway_domain::tree::TreePath;
use serde::Deserialize;

use super::answers::{TreeEntry, or_default, said};
use super::exchange::Exchange;
use super::{
    Directory, DirectoryGroup, DirectoryUser, HostedRepository, PEOPLE, REPOSITORIES, Urgency, segment,
    segments,
};
use crate::RemoteError;

const RAW: &str = "application/vnd.github.raw+json";

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
    visibility: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    topics: Vec<String>,
    #[serde(default)]
    pushed_at: Option<String>,
    html_url: String,
}

impl From<Repository> for HostedRepository {
    fn from(found: Repository) -> Self {
        let visibility = if found.private { "private" } else { "public" };
        Self {
            id: found.id.to_string(),
            name: found.name,
            default_branch: said(found.default_branch),
            archived: found.archived,
            fork: found.fork,
            visibility: found.visibility.unwrap_or_else(|| visibility.to_owned()),
            topics: found.topics,
            pushed: found.pushed_at.unwrap_or_default(),
            web_url: found.html_url,
            full_name: found.full_name,
        }
    }
}

pub(super) async fn repositories(
    exchange: &Exchange,
    owner: &str,
    urgency: Urgency,
) -> Result<Vec<HostedRepository>, RemoteError> {
    let owner = segment(owner);
    let path = format!("/orgs/{owner}/repos?per_page=100&type=all&sort=full_name");
    let found: Vec<Repository> = match exchange.list(&path, REPOSITORIES, urgency).await {
        // A person's account is no organisation.
        Err(RemoteError::Hosting { status: 404, .. }) => {
            let path = format!("/users/{owner}/repos?per_page=100&type=owner&sort=full_name");
            exchange.list(&path, REPOSITORIES, urgency).await?
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
    exchange.bytes(&format!("/repos/{name}/contents/{path}?ref={reference}"), RAW, urgency).await
}

#[derive(Deserialize)]
struct TreeAnswer {
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
    let path = format!("/repos/{}/git/trees/{}?recursive=1", segments(full_name), segment(reference));
    let answer: TreeAnswer = exchange.json(&path, urgency).await?;
    if answer.truncated {
        let limit = format!("{} files", answer.tree.len());
        return Err(RemoteError::TooLarge { doing: "list the files of", on: full_name.to_owned(), limit });
    }
    Ok(answer.tree.into_iter().filter_map(TreeEntry::file).collect())
}

#[derive(Deserialize)]
struct Organisation {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    login: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parent: Option<TeamName>,
}

#[derive(Deserialize)]
struct TeamName {
    slug: String,
}

pub(super) async fn directory(
    exchange: &Exchange,
    organisation: &str,
    urgency: Urgency,
) -> Result<Directory, RemoteError> {
    let place = format!("/orgs/{}", segment(organisation));
    let about: Organisation = exchange.json(&place, urgency).await?;
    let members: Vec<Member> =
        exchange.list(&format!("{place}/members?per_page=100"), PEOPLE, urgency).await?;
    let teams: Vec<Team> = exchange.list(&format!("{place}/teams?per_page=100"), PEOPLE, urgency).await?;
    let mut groups = Vec::with_capacity(teams.len());
    for team in teams {
        let path = format!("{place}/teams/{}/members?per_page=100", segment(&team.slug));
        let members: Vec<Member> = exchange.list(&path, PEOPLE, urgency).await?;
        groups.push(DirectoryGroup {
            slug: team.slug,
            name: team.name,
            description: said(team.description),
            parent: team.parent.map(|parent| parent.slug),
            members: members.into_iter().map(|member| member.login).collect(),
        });
    }
    let users = members
        .into_iter()
        .map(|member| DirectoryUser {
            login: member.login,
            name: said(member.name),
            email: said(member.email),
            picture: said(member.avatar_url),
        })
        .collect();
    Ok(Directory { title: said(about.name), users, groups })
}
