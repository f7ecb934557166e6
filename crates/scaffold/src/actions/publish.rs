//! `publish:git` and `publish:github`: a new repository on the embedded forge with the workspace as its
//! first commit.

use fairway_domain::plan::Effect;
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::Tree;
use serde_json::{Value, json};

use super::input::{required_text, text};
use crate::action::{Action, ActionExample};
use crate::context::{PlannedRepository, StepContext, folder_in_workspace, pending_commit};
use crate::error::ActionError;
use crate::integrity;
use crate::repo_url::RepoUrl;

/// The settings that have a meaning here; what else a template sets is named in the log.
const HONOURED: [&str; 7] =
    ["repoUrl", "description", "defaultBranch", "sourcePath", "gitCommitMessage", "allowedHosts", "token"];

/// Publishes to the embedded forge under its own name.
pub(super) struct PublishGit;

/// Publishes to the embedded forge where it stands in for GitHub.
pub(super) struct PublishGithub;

fn schema() -> Value {
    json!({"type": "object", "required": ["repoUrl"], "properties": {
        "repoUrl": {"type": "string", "title": "Repository location", "description": "host?owner=…&repo=…, as RepoUrlPicker gives it"},
        "description": {"type": "string", "title": "Repository description"},
        "defaultBranch": {"type": "string", "title": "Default branch", "description": "main by default"},
        "sourcePath": {"type": "string", "title": "Source path", "description": "The folder of the workspace to publish; all of it by default"},
        "gitCommitMessage": {"type": "string", "title": "Commit message"},
        "token": {"type": "string", "description": "Not used"}
    }})
}

fn output() -> Value {
    json!({"type": "object", "required": ["remoteUrl", "repoContentsUrl", "commitHash"], "properties": {
        "remoteUrl": {"type": "string", "description": "The address to clone"},
        "repoContentsUrl": {"type": "string", "description": "The address below which files are seen, with a slash at the end"},
        "commitHash": {"type": "string", "description": "The first commit; known once the plan is applied"}
    }})
}

impl Action for PublishGit {
    fn id(&self) -> &'static str {
        "publish:git"
    }

    fn description(&self) -> &'static str {
        "Creates a repository on the embedded forge and commits the workspace to it."
    }

    fn input_schema(&self) -> Value {
        schema()
    }

    fn output_schema(&self) -> Value {
        output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Publishes the workspace as acme/<name>",
            input: json!({"repoUrl": "fairway?owner=acme&repo=${{ parameters.name }}", "defaultBranch": "main"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        publish(input, context)
    }
}

impl Action for PublishGithub {
    fn id(&self) -> &'static str {
        "publish:github"
    }

    fn description(&self) -> &'static str {
        "Creates a repository and commits the workspace to it. The embedded forge stands in for GitHub when the \
         operator says so."
    }

    fn input_schema(&self) -> Value {
        schema()
    }

    fn output_schema(&self) -> Value {
        output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Publishes to where the form says",
            input: json!({"repoUrl": "${{ parameters.repoUrl }}", "description": "This is ${{ parameters.name }}"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        publish(input, context)
    }
}

fn find_repository(input: &Value, context: &StepContext<'_>) -> Result<RepositoryRef, ActionError> {
    let url = RepoUrl::parse(required_text(input, "repoUrl"))
        .map_err(|error| ActionError::new(error.to_string()))?;
    if !context.world.forge_hosts().iter().any(|host| host.eq_ignore_ascii_case(&url.host)) {
        let setting = context.world.forge_host_setting();
        return Err(ActionError::new(format!("nothing here publishes to {}", url.host)).with_hint(format!(
            "let the embedded forge stand in for it with `{setting} {}`, or publish to one of {}",
            url.host,
            context.world.forge_hosts().join(", ")
        )));
    }
    let (Some(owner), Some(name)) = (&url.owner, &url.repo) else {
        return Err(ActionError::new(format!(
            "the repository address \"{url}\" names no owner or no repository"
        ))
        .with_hint("write it as host?owner=…&repo=…"));
    };
    let repository = RepositoryRef::new(owner, name).map_err(|error| ActionError::new(error.to_string()))?;
    let planned = context.repositories.iter().any(|planned| same(&planned.repository, &repository));
    if planned {
        return Err(ActionError::new(format!(
            "an earlier step of this plan creates the repository {repository} already"
        )));
    }
    if context.world.repository_exists(&repository) {
        return Err(ActionError::new(format!("the repository {repository} exists already"))
            .with_hint("choose another name, or delete the repository first; nothing was changed"));
    }
    Ok(repository)
}

/// Forges tell names apart without regard to upper and lower case, and so do many file systems.
fn same(left: &RepositoryRef, right: &RepositoryRef) -> bool {
    left.owner().eq_ignore_ascii_case(right.owner()) && left.name().eq_ignore_ascii_case(right.name())
}

fn publish(input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
    let repository = find_repository(input, context).map_err(|error| error.at_field("repoUrl"))?;
    let branch = match text(input, "defaultBranch") {
        Some(name) => name
            .parse::<BranchName>()
            .map_err(|error| ActionError::new(error.to_string()).at_field("defaultBranch"))?,
        None => BranchName::main(),
    };
    let folder =
        folder_in_workspace(text(input, "sourcePath")).map_err(|error| error.at_field("sourcePath"))?;
    let tree = context.workspace.subtree(folder.as_ref());
    if tree.is_empty() {
        let place = folder.map_or_else(|| "the workspace".to_owned(), |folder| folder.to_string());
        return Err(ActionError::new(format!("there is nothing to publish in {place}"))
            .with_hint("a step before this one has to fetch or write files"));
    }
    integrity::check(&tree)?;
    let ignored: Vec<&str> = input
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .map(String::as_str)
        .filter(|key| !HONOURED.contains(key))
        .collect();
    if !ignored.is_empty() {
        context.log.push(format!("The embedded forge has no use for {}", ignored.join(", ")));
    }
    let message = match text(input, "gitCommitMessage") {
        Some(message) => message.to_owned(),
        None => format!("Create {} from {}", repository.name(), context.template.title),
    };
    context.effects.push(Effect::CreateRepository {
        repository: repository.clone(),
        description: text(input, "description").unwrap_or_default().to_owned(),
        default_branch: branch.clone(),
    });
    let files = context.changes(&Tree::new(), &tree);
    context.log.push(format!("{} files for {repository}, branch {branch}", files.len()));
    let commit = context.effects.len();
    context.effects.push(Effect::Commit {
        repository: repository.clone(),
        branch: branch.clone(),
        base: None,
        rebase: false,
        message,
        files,
    });
    let base = context.world.base_url().trim_end_matches('/');
    let contents_url = format!("{base}/repositories/{repository}/blob/{branch}/");
    let output = json!({
        "remoteUrl": format!("{base}/git/{repository}.git"),
        "repoContentsUrl": contents_url,
        "commitHash": pending_commit(&repository),
    });
    context.repositories.push(PlannedRepository { repository, branch, tree, contents_url, commit });
    Ok(output)
}
