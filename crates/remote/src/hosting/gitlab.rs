//! GitLab's REST API, version 4. <https://docs.gitlab.com/api/rest/>

use fairway_domain::tree::TreePath;
use serde::Deserialize;

use super::answers::{TreeEntry, or_default, said};
use super::exchange::Exchange;
use super::{
    Directory, DirectoryGroup, DirectoryUser, FILES, HostedRepository, PEOPLE, REPOSITORIES, Urgency, segment,
};
use crate::RemoteError;

#[derive(Deserialize)]
struct Project {
    id: u64,
    path_with_namespace: String,
    path: String,
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    topics: Vec<String>,
    #[serde(default)]
    last_activity_at: Option<String>,
    #[serde(default, rename = "forked_from_project")]
    origin: Option<serde_json::Value>,
    web_url: String,
}

impl From<Project> for HostedRepository {
    fn from(found: Project) -> Self {
        Self {
            id: found.id.to_string(),
            full_name: found.path_with_namespace,
            name: found.path,
            default_branch: said(found.default_branch),
            archived: found.archived,
            fork: found.origin.is_some_and(|from| !from.is_null()),
            visibility: found.visibility.unwrap_or_else(|| "private".to_owned()),
            topics: found.topics,
            pushed: found.last_activity_at.unwrap_or_default(),
            web_url: found.web_url,
        }
    }
}

pub(super) async fn repositories(
    exchange: &Exchange,
    owner: &str,
    urgency: Urgency,
) -> Result<Vec<HostedRepository>, RemoteError> {
    let owner = segment(owner);
    let path = format!(
        "/groups/{owner}/projects?include_subgroups=true&with_shared=false&per_page=100&order_by=id&sort=asc"
    );
    let found: Vec<Project> = match exchange.list(&path, REPOSITORIES, urgency).await {
        Err(RemoteError::Hosting { status: 404, .. }) => {
            let path = format!("/users/{owner}/projects?per_page=100&order_by=id&sort=asc");
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
    let found: Project = exchange.json(&format!("/projects/{}", segment(full_name)), urgency).await?;
    Ok(found.into())
}

pub(super) async fn file(
    exchange: &Exchange,
    full_name: &str,
    reference: &str,
    path: &TreePath,
    urgency: Urgency,
) -> Result<Vec<u8>, RemoteError> {
    let (name, path, reference) = (segment(full_name), segment(path.as_str()), segment(reference));
    let path = format!("/projects/{name}/repository/files/{path}/raw?ref={reference}");
    exchange.bytes(&path, "*/*", urgency).await
}

pub(super) async fn paths(
    exchange: &Exchange,
    full_name: &str,
    reference: &str,
    urgency: Urgency,
) -> Result<Vec<TreePath>, RemoteError> {
    let path = format!(
        "/projects/{}/repository/tree?ref={}&recursive=true&per_page=100&pagination=keyset",
        segment(full_name),
        segment(reference)
    );
    let entries: Vec<TreeEntry> = exchange.list(&path, FILES, urgency).await?;
    Ok(entries.into_iter().filter_map(TreeEntry::file).collect())
}

#[derive(Deserialize)]
struct Group {
    id: u64,
    path: String,
    full_path: String,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parent_id: Option<u64>,
}

#[derive(Deserialize)]
struct Member {
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    avatar_url: Option<String>,
    #[serde(default)]
    public_email: Option<String>,
}

impl Member {
    fn is_active(&self) -> bool {
        self.state.as_deref().is_none_or(|state| state == "active")
    }
}

pub(super) async fn directory(
    exchange: &Exchange,
    organisation: &str,
    urgency: Urgency,
) -> Result<Directory, RemoteError> {
    let place = format!("/groups/{}", segment(organisation));
    let top: Group = exchange.json(&format!("{place}?with_projects=false"), urgency).await?;
    let people: Vec<Member> =
        exchange.list(&format!("{place}/members/all?per_page=100"), PEOPLE, urgency).await?;
    let below: Vec<Group> =
        exchange.list(&format!("{place}/descendant_groups?per_page=100"), PEOPLE, urgency).await?;
    // The part below the organisation, so that two groups of the same name in different places stay apart.
    let slug = |group: &Group| {
        let rest = group.full_path.strip_prefix(&top.full_path).unwrap_or(&group.full_path);
        rest.trim_start_matches('/').replace('/', "-")
    };
    let mut users = std::collections::BTreeMap::new();
    let mut keep = |member: Member| {
        let login = member.username.clone();
        users.entry(login.clone()).or_insert_with(|| DirectoryUser {
            login,
            name: said(member.name),
            email: said(member.public_email),
            picture: said(member.avatar_url),
        });
    };
    let mut groups = Vec::with_capacity(below.len());
    for group in &below {
        let path = format!("/groups/{}/members?per_page=100", group.id);
        let members: Vec<Member> = exchange.list(&path, PEOPLE, urgency).await?;
        let active = members.into_iter().filter(Member::is_active);
        let logins = active.map(|member| {
            let login = member.username.clone();
            keep(member);
            login
        });
        let logins = logins.collect();
        let parent = below.iter().find(|other| Some(other.id) == group.parent_id);
        groups.push(DirectoryGroup {
            slug: slug(group),
            name: if group.name.is_empty() { group.path.clone() } else { group.name.clone() },
            description: said(group.description.clone()),
            parent: parent.map(slug),
            members: logins,
        });
    }
    people.into_iter().filter(Member::is_active).for_each(&mut keep);
    Ok(Directory { title: said(Some(top.name)), users: users.into_values().collect(), groups })
}
