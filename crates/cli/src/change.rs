//! `fairway change`: change requests on the embedded forge.

use fairway_domain::change_request::{ChangeRequest, ChangeState};
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query, segment};
use crate::failure::CliError;
use crate::output::{OutputArguments, harmless, table};
use crate::runs::clock;

/// List, open, review and merge change requests
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway change list\n  fairway change open acme/catalog --source fix-owner --title \"Checkout owns it\"\n  fairway change approve acme/catalog#3\n  fairway change merge acme/catalog#3"
)]
pub struct ChangeArguments {
    #[command(subcommand)]
    command: ChangeCommand,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum ChangeCommand {
    /// List change requests, the newest first
    #[command(
        after_help = "Examples:\n  fairway change list\n  fairway change list acme/catalog --state all"
    )]
    List {
        /// One repository only, as owner/name
        #[arg(value_name = "REPOSITORY")]
        repository: Option<String>,
        /// open, merged or closed
        #[arg(long, default_value = "open", value_parser = ["open", "merged", "closed", "all"])]
        state: String,
        #[command(flatten)]
        common: Common,
    },
    /// Show one: what it changes, what the checks say, what is in the way
    #[command(after_help = "Examples:\n  fairway change show acme/catalog#3")]
    Show(One),
    /// Open one for a branch that was pushed
    #[command(
        after_help = "Examples:\n  fairway change open acme/catalog --source fix-owner --title \"Checkout owns it\""
    )]
    Open {
        /// The repository, as owner/name
        repository: String,
        /// The branch with the change
        #[arg(long, value_name = "BRANCH")]
        source: String,
        /// Where it should go; the default branch when absent
        #[arg(long, value_name = "BRANCH")]
        target: Option<String>,
        /// One line
        #[arg(long)]
        title: String,
        /// More, in Markdown
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        common: Common,
    },
    /// Say something about it, in Markdown
    #[command(after_help = "Examples:\n  fairway change comment acme/catalog#3 --message \"Why not both?\"")]
    Comment(Said),
    /// Approve what stands there now
    #[command(after_help = "Examples:\n  fairway change approve acme/catalog#3")]
    Approve(Reviewed),
    /// Ask for changes, which stands in the way of a merge
    #[command(
        after_help = "Examples:\n  fairway change request-changes acme/catalog#3 --message \"Tests are missing\""
    )]
    RequestChanges(Said),
    /// Merge it; refused while something is in the way
    #[command(after_help = "Examples:\n  fairway change merge acme/catalog#3")]
    Merge(One),
    /// Give it up, without a merge
    #[command(after_help = "Examples:\n  fairway change close acme/catalog#3")]
    Close(One),
    /// Take it up again
    #[command(after_help = "Examples:\n  fairway change reopen acme/catalog#3")]
    Reopen(One),
}

#[derive(Clone, Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

#[derive(Clone, Debug, clap::Args)]
struct One {
    /// The change request, as owner/name#number
    #[arg(value_name = "CHANGE")]
    change: Id,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Args)]
struct Said {
    /// The change request, as owner/name#number
    #[arg(value_name = "CHANGE")]
    change: Id,
    /// What to say, in Markdown
    #[arg(long, short)]
    message: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Args)]
struct Reviewed {
    /// The change request, as owner/name#number
    #[arg(value_name = "CHANGE")]
    change: Id,
    /// What to say, in Markdown
    #[arg(long, short, default_value = "")]
    message: String,
    #[command(flatten)]
    common: Common,
}

/// `owner/name#number`.
#[derive(Clone, Debug)]
struct Id {
    owner: String,
    name: String,
    number: u64,
}

impl std::str::FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (repository, number) = text.split_once('#')?;
            let (owner, name) = repository.split_once('/')?;
            Some(Self { owner: owner.to_owned(), name: name.to_owned(), number: number.parse().ok()? })
        };
        parse().ok_or_else(|| "expected owner/name#number, for example acme/catalog#3".to_owned())
    }
}

impl Id {
    fn path(&self) -> String {
        let (owner, name) = (segment(&self.owner), segment(&self.name));
        format!("/api/v1/repositories/{owner}/{name}/change-requests/{}", self.number)
    }
}

/// Runs `fairway change`.
pub async fn change(arguments: ChangeArguments) -> Result<(), CliError> {
    match arguments.command {
        ChangeCommand::List { repository, state, common } => {
            let state = (state != "all").then_some(state);
            let pairs = [("state", state.as_deref()), ("repository", repository.as_deref())];
            let client = common.connection.client()?;
            let answer: Value = client.get(&query("/api/v1/change-requests", &pairs)).await?;
            common.output.print(&answer, || list(&answer))
        }
        ChangeCommand::Show(One { change, common }) => {
            let client = common.connection.client()?;
            let answer: Value = client.get(&change.path()).await?;
            common.output.print(&answer, || details(&answer))
        }
        ChangeCommand::Open { repository, source, target, title, description, common } => {
            let Some((owner, name)) = repository.split_once('/') else {
                let message = format!("\"{repository}\" is not a repository");
                return Err(CliError::usage(message, Some("write it as owner/name")));
            };
            let path = format!("/api/v1/repositories/{}/{}/change-requests", segment(owner), segment(name));
            let body =
                json!({"source": source, "target": target, "title": title, "description": description});
            send(&common, &path, &body).await
        }
        ChangeCommand::Comment(Said { change, message, common }) => {
            send(&common, &format!("{}/comments", change.path()), &json!({"text": message})).await
        }
        ChangeCommand::Approve(Reviewed { change, message, common }) => {
            review(&common, &change, "approve", &message).await
        }
        ChangeCommand::RequestChanges(Said { change, message, common }) => {
            review(&common, &change, "request-changes", &message).await
        }
        ChangeCommand::Merge(One { change, common }) => {
            let client = common.connection.client()?;
            let commit = newest(&client, &change).await?;
            let path = format!("{}/merge", change.path());
            let answer: Value = client.post(&path, &json!({"commit": commit})).await?;
            common.output.print(&answer, || line(&answer))
        }
        ChangeCommand::Close(One { change, common }) => set_open(&common, &change, false).await,
        ChangeCommand::Reopen(One { change, common }) => set_open(&common, &change, true).await,
    }
}

async fn send(common: &Common, path: &str, body: &Value) -> Result<(), CliError> {
    let client = common.connection.client()?;
    let answer: Value = client.post(path, body).await?;
    common.output.print(&answer, || line(&answer))
}

async fn review(common: &Common, change: &Id, verdict: &str, text: &str) -> Result<(), CliError> {
    let client = common.connection.client()?;
    let commit = newest(&client, change).await?;
    let body = json!({"verdict": verdict, "text": text, "commit": commit});
    let answer: Value = client.post(&format!("{}/reviews", change.path()), &body).await?;
    common.output.print(&answer, || line(&answer))
}

async fn set_open(common: &Common, change: &Id, open: bool) -> Result<(), CliError> {
    let client = common.connection.client()?;
    let answer: Value = client.put(&format!("{}/open", change.path()), &json!({"open": open})).await?;
    common.output.print(&answer, || line(&answer))
}

/// The commit that is decided on: what is there when the command begins, and nothing that comes meanwhile.
async fn newest(client: &ApiClient, change: &Id) -> Result<Value, CliError> {
    let answer: Value = client.get(&change.path()).await?;
    Ok(answer.pointer("/changeRequest/head").cloned().unwrap_or_default())
}

fn read(value: &Value) -> Option<ChangeRequest> {
    serde_json::from_value(value.clone()).ok()
}

fn line(answer: &Value) -> String {
    match read(answer) {
        Some(request) => {
            let state = match &request.state {
                ChangeState::Merged { commit, .. } => format!("merged as {}", commit.short()),
                other => other.word().to_owned(),
            };
            harmless(&format!("{} {state}: {}", request.id(), request.title))
        }
        None => String::new(),
    }
}

fn list(answer: &Value) -> String {
    let items = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows = items.iter().filter_map(read).map(|request| {
        [
            request.id(),
            request.state.word().to_owned(),
            request.title.clone(),
            request.author.name().to_owned(),
            clock(request.updated_at),
        ]
    });
    table(["CHANGE", "STATE", "TITLE", "AUTHOR", "CHANGED"], rows.collect(), "No change requests.")
}

fn details(answer: &Value) -> String {
    let Some(request) = answer.get("changeRequest").and_then(read) else { return String::new() };
    let mut lines = vec![
        format!("{}  {} ({})", request.id(), request.title, request.state.word()),
        format!("{} asks to merge {} into {}", request.author.name(), request.source, request.target),
    ];
    if !request.description.is_empty() {
        lines.extend([String::new(), request.description.clone()]);
    }
    let each = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    lines.push(String::new());
    for file in each("files") {
        let count = |key: &str| file.get(key).and_then(Value::as_u64).unwrap_or_default();
        lines.push(format!("  {}  +{} -{}", text(&file, "path"), count("added"), count("removed")));
    }
    for review in request.standing_reviews() {
        lines.push(format!("{} says {} at {}", review.author.name(), review.verdict, review.commit.short()));
    }
    for check in each("checks") {
        lines.push(format!(
            "{}: {} ({})",
            text(&check, "name"),
            text(&check, "status"),
            text(&check, "summary")
        ));
    }
    if request.is_open() {
        let obstacles = each("obstacles");
        if obstacles.is_empty() {
            lines.push("Nothing is in the way of a merge.".to_owned());
        }
        let said = obstacles.iter().filter_map(Value::as_str);
        lines.extend(said.map(|obstacle| format!("In the way: {obstacle}")));
    }
    harmless(&lines.join("\n"))
}
