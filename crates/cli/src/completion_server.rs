//! What a shell offers that only the server knows: entities, kinds, and the fields and values of queries.

use std::time::Duration;

use clap::Parser as _;
use serde_json::Value;

use crate::client::{ConnectionArguments, query};
use crate::column::reference;

/// Longer, and whoever presses the key believes that nothing comes.
const PATIENCE: Duration = Duration::from_millis(1_500);
const MOST: &str = "50";

/// The options of the connection alone.
#[derive(Debug, clap::Parser)]
#[command(no_binary_name = true)]
struct Connection {
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Where the command that is being written would go: what stands in it, or else the environment.
fn connection() -> Option<ConnectionArguments> {
    let words: Vec<String> = std::env::args().skip_while(|word| word != "--").skip(1).collect();
    let mut given = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match word.as_str() {
            "--url" | "--token" => given.extend(words.get(index..index + 2).unwrap_or_default().to_vec()),
            _ if word.starts_with("--url=") || word.starts_with("--token=") => given.push(word.clone()),
            _ => {}
        }
    }
    Connection::try_parse_from(given).ok().map(|it| it.connection)
}

/// Asks the server; nothing when it does not answer soon.
fn ask(path: &str) -> Option<Value> {
    let client = connection()?.client().ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, client.get::<Value>(path)).await });
    answer.ok()?.ok()
}

fn items(path: &str) -> Vec<Value> {
    match ask(path).as_mut().and_then(|answer| answer.get_mut("items")).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// What a shell takes as it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|it| it.is_alphanumeric() || "-_.:/,@=+%".contains(it))
}

/// What completes a query, with what it is.
pub fn queries(typed: &str) -> Vec<(String, String)> {
    let found = items(&query("/api/v1/catalog/complete", &[("q", Some(typed))]));
    let candidate = |item: &Value| {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let from = item.get("from")?.as_u64()?;
        let before: String = typed.chars().take(usize::try_from(from).ok()?).collect();
        let count = item.get("count").and_then(Value::as_u64).map(|count| format!(" ({count})"));
        let help = format!("{}{}", text("label")?, count.unwrap_or_default());
        Some((format!("{before}{}", text("insert")?.trim_end()), help))
    };
    found.iter().filter_map(candidate).filter(|(text, _)| is_plain(text)).collect()
}

/// The kinds that there are entities of.
pub fn kinds(typed: &str) -> Vec<(String, String)> {
    let written = queries(&format!("kind:{typed}")).into_iter();
    written.filter_map(|(text, help)| Some((text.strip_prefix("kind:")?.to_owned(), help))).collect()
}

/// References that begin with what was typed; the kind may be left out of components.
pub fn references(typed: &str) -> Vec<(String, String)> {
    let (kind, rest) = match typed.split_once(':') {
        Some((kind, rest)) => (Some(kind), rest),
        None => (None, typed),
    };
    let (namespace, name) = match rest.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, rest),
    };
    let exactly = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let asked = format!(
        "kind:{} namespace:{} name:{}*",
        exactly(kind.unwrap_or("component")),
        exactly(namespace.unwrap_or("default")),
        exactly(name)
    );
    let found = items(&query("/api/v1/catalog/entities", &[("q", Some(&asked)), ("limit", Some(MOST))]));
    let before = typed.get(..typed.len() - name.len()).unwrap_or_default();
    let mut all: Vec<(String, String)> = found
        .iter()
        .map(|entity| {
            let title = entity.pointer("/metadata/title").and_then(Value::as_str).unwrap_or_default();
            (format!("{before}{}", reference(entity).name()), title.to_owned())
        })
        .collect();
    if kind.is_none() && namespace.is_none() {
        all.extend(kinds(typed).into_iter().map(|(kind, help)| (format!("{}:", kind.to_lowercase()), help)));
    }
    all.retain(|(text, _)| text.starts_with(typed) && is_plain(text));
    all
}
