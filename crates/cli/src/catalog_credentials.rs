//! `fairway catalog credentials`: what other forges are read with.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::client::{ConnectionArguments, segment};
use crate::failure::CliError;
use crate::output::{OutputArguments, table, talk};

/// Tend the credentials that other forges are read with
///
/// A credential says where a secret is and which places may see it. The secret itself is in a variable or a file
/// of the server, or in its data folder.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog credentials put acme --place github.com/acme --secret env:GITHUB_TOKEN --webhook env:GITHUB_WEBHOOK_SECRET\n  fairway catalog credentials put deploy-key --place git.example --ssh-key --secret file:/run/secrets/key --known-hosts known_hosts\n  fairway catalog credentials put acme --place github.com/acme --secret stored < token.txt"
)]
pub struct CredentialsArguments {
    #[command(subcommand)]
    command: CredentialsCommand,
}

#[derive(Debug, Subcommand)]
enum CredentialsCommand {
    /// List the credentials; never a secret
    #[command(after_help = "Examples:\n  fairway catalog credentials list")]
    List {
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Make or replace a credential
    #[command(
        after_help = "Examples:\n  fairway catalog credentials put acme --place github.com/acme --secret env:GITHUB_TOKEN"
    )]
    Put {
        /// Its name
        name: String,
        /// A host, with a path that narrows it; can be repeated
        #[arg(long = "place", required = true, value_name = "HOST[/PATH]")]
        places: Vec<String>,
        /// Where the secret is: env:NAME, file:/path, or stored (it is then read from standard input)
        #[arg(long, value_name = "HANDLE")]
        secret: String,
        /// The user for git over HTTP, where the host wants to know
        #[arg(long)]
        user: Option<String>,
        /// The secret is a private key for SSH
        #[arg(long)]
        ssh_key: bool,
        /// A file with the keys of the hosts, for SSH
        #[arg(long, requires = "ssh_key", value_name = "FILE")]
        known_hosts: Option<PathBuf>,
        /// Where the secret is that webhooks are signed with: env:NAME or file:/path
        #[arg(long, value_name = "HANDLE")]
        webhook: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Forget a credential, and its secret where the server kept it
    #[command(after_help = "Examples:\n  fairway catalog credentials remove acme")]
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
}

/// Runs `fairway catalog credentials`.
pub async fn credentials(arguments: CredentialsArguments) -> Result<(), CliError> {
    match arguments.command {
        CredentialsCommand::List { output, connection } => {
            let answer: Value = connection.client()?.get("/api/v1/credentials").await?;
            let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            show(&answer, &items, output)
        }
        CredentialsCommand::Put {
            name,
            places,
            secret,
            user,
            ssh_key,
            known_hosts,
            webhook,
            output,
            connection,
        } => {
            let mut body = Map::new();
            if secret == "stored" {
                let mut value = String::new();
                std::io::stdin().take(64 * 1024).read_to_string(&mut value).map_err(|error| {
                    CliError::failed(format!("the secret cannot be read from standard input: {error}"), None)
                })?;
                body.insert("value".to_owned(), json!(value));
            }
            if let Some(file) = known_hosts {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    CliError::usage(format!("{} cannot be read: {error}", file.display()), None)
                })?;
                body.insert("knownHosts".to_owned(), json!(text));
            }
            let fields = [("user", json!(user)), ("webhook", json!(webhook))];
            body.extend(
                fields.into_iter().filter(|(_, it)| !it.is_null()).map(|(name, it)| (name.to_owned(), it)),
            );
            body.insert("secret".to_owned(), json!(secret));
            body.insert("places".to_owned(), json!(places));
            body.insert("sshKey".to_owned(), json!(ssh_key));
            let path = format!("/api/v1/credentials/{}", segment(&name));
            let answer: Value = connection.client()?.put(&path, &body).await?;
            show(&answer, std::slice::from_ref(&answer), output)
        }
        CredentialsCommand::Remove { name, connection } => {
            connection.client()?.delete::<()>(&format!("/api/v1/credentials/{}", segment(&name))).await?;
            talk(&format!("The credential {name} is forgotten."));
            Ok(())
        }
    }
}

fn show(answer: &Value, items: &[Value], output: OutputArguments) -> Result<(), CliError> {
    let rows = items.iter().map(|item| {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let places = item.get("places").and_then(Value::as_array).into_iter().flatten();
        let places: Vec<&str> = places.filter_map(Value::as_str).collect();
        let form = item.pointer("/form/type").and_then(Value::as_str).unwrap_or_default().to_owned();
        [text("name"), form, text("secret"), text("webhook"), places.join(", ")]
    });
    let rows = rows.collect();
    output.print(answer, || {
        table(["name", "form", "secret", "webhook secret", "places"], rows, "There are no credentials yet.")
    })
}
