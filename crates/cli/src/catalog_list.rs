//! `fairway catalog list|query`: entities that fit a query, their number, or the values of their fields.

use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query as with_query};
use crate::column::Column;
use crate::completion::queries;
use crate::failure::CliError;
use crate::output::{OutputArguments, columns, harmless, talk};

/// As many as the server gives at once.
const AT_ONCE: u64 = 1_000;
/// What a query may be, for the help of commands that take one.
pub const GRAMMAR: &str = "\
Queries:
  orders                      a word in name, title, description, tags, type, kind or owner
  kind:component type:service both; fields are kind, type, owner, lifecycle, system, domain, tag,
                              name, title, namespace, label.KEY, annotation.KEY, spec.any.path, ...
  tag:java,go                 one of these        kind:api or kind:system   one of both, ( ) for groups
  -tag:java, not tag:java     not                 has:owner, owner:*        any value
  name:shop-*                 begins with         name:~shop                contains
  owner:me, owner:team-a      also through groups owner:=team-a             itself only
  dependsOn:orders-db         any relation        is:orphan                 broken, stale, deprecated
What a shell would read itself (brackets, stars, quotes) goes into single quotes.";

/// List entities
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog list\n  fairway catalog list kind:component owner:me -lifecycle:deprecated\n  fairway catalog list orders --kind API --output json\n\nMore about queries: fairway catalog query --help"
)]
pub struct ListArguments {
    /// What to look for: words, and fields with values
    #[arg(value_name = "QUERY", add = queries())]
    query: Vec<String>,
    /// Only this kind; can be repeated, as all of these
    #[arg(long)]
    kind: Vec<String>,
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only what this owner answers for
    #[arg(long)]
    owner: Vec<String>,
    /// Only this lifecycle
    #[arg(long)]
    lifecycle: Vec<String>,
    /// Only with this tag
    #[arg(long)]
    tag: Vec<String>,
    #[command(flatten)]
    listing: ListingArguments,
}

/// Ask the catalog: entities, how many there are, or which values their fields have
#[derive(Debug, clap::Args)]
#[command(
    after_help = format!("Examples:\n  fairway catalog query kind:component owner:me --order -changed\n  fairway catalog query 'kind:api (lifecycle:production or has:dependsOn)' --columns ref,owner,spec.type\n  fairway catalog query is:orphan --count\n  fairway catalog query kind:component --facets owner,lifecycle\n\n{GRAMMAR}")
)]
pub struct QueryArguments {
    /// What to look for: words, and fields with values
    #[arg(value_name = "QUERY", required = true, add = queries())]
    query: Vec<String>,
    #[command(flatten)]
    listing: ListingArguments,
}

/// What to give of the entities that fit.
#[derive(Debug, clap::Args)]
struct ListingArguments {
    /// Order by these fields; a dash before a name for backwards
    #[arg(long, value_name = "FIELD", value_delimiter = ',', allow_hyphen_values = true)]
    order: Vec<String>,
    /// Show these fields: ref, title, owner, tag, label.KEY, spec.path, dependsOn
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    columns: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "COUNT", conflicts_with = "all")]
    limit: u64,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Only how many there are
    #[arg(long, conflicts_with_all = ["all", "facets"])]
    count: bool,
    /// Only the values of these fields, and how many entities have each
    #[arg(long, value_name = "FIELD", value_delimiter = ',', conflicts_with = "all")]
    facets: Vec<String>,
    /// As of a moment: 2026-03-01T12:00:00Z, 2026-03-01, 7d, or #1234 for a record
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway catalog list`.
pub async fn list(arguments: ListArguments) -> Result<(), CliError> {
    let mut asked = Asked::new(&arguments.query, arguments.listing.at.as_deref());
    let several = [
        ("kind", arguments.kind),
        ("type", arguments.types),
        ("owner", arguments.owner),
        ("lifecycle", arguments.lifecycle),
        ("tag", arguments.tag),
    ];
    for (name, values) in several {
        asked.pairs.extend(values.into_iter().map(|value| (name, value)));
    }
    show(asked, arguments.listing).await
}

/// Runs `fairway catalog query`.
pub async fn query(arguments: QueryArguments) -> Result<(), CliError> {
    show(Asked::new(&arguments.query, arguments.listing.at.as_deref()), arguments.listing).await
}

async fn show(mut asked: Asked, listing: ListingArguments) -> Result<(), CliError> {
    let client = listing.connection.client()?;
    let output = listing.output;
    if listing.count {
        let total = asked.page(&client, 0, None).await?.total;
        return output.print(&json!({ "total": total }), || total.to_string());
    }
    if !listing.facets.is_empty() {
        asked.pairs.extend(listing.facets.into_iter().map(|field| ("facet", field)));
        let page = asked.page(&client, 0, None).await?;
        let answer = json!({"total": page.total, "facets": page.facets});
        return output.print(&answer, || facets_text(&page.facets));
    }
    let shown = if listing.columns.is_empty() { Column::usual() } else { Column::all(&listing.columns)? };
    asked.pairs.extend(listing.order.into_iter().map(|field| ("order", field)));
    let (items, total) = asked.items(&client, if listing.all { u64::MAX } else { listing.limit }).await?;
    let answer = json!({"items": items, "total": total});
    let nothing = total == 0;
    output.print(&answer, || {
        if nothing {
            return "Nothing in the catalog is like that.".to_owned();
        }
        let header: Vec<&str> = shown.iter().map(Column::name).collect();
        columns(&header, items.iter().map(|item| shown.iter().map(|column| column.text(item)).collect()))
    })?;
    if output.is_table() {
        if nothing {
            talk(&next_step(&client, &asked).await);
        } else if total > items.len() as u64 {
            talk(&format!("{} of {total} entities; --limit or --all shows more", items.len()));
        }
    }
    Ok(())
}

/// What somebody can do who found nothing.
async fn next_step(client: &ApiClient, asked: &Asked) -> String {
    let everything = Asked::new(&[], asked.at());
    match everything.page(client, 0, None).await {
        Ok(page) if page.total == 0 => {
            "The catalog is empty. Register a source: fairway catalog register ADDRESS".to_owned()
        }
        _ if asked.has_query() => {
            "Look at the values that there are, for example: fairway catalog list --facets kind,owner,lifecycle"
                .to_owned()
        }
        _ => "See everything with: fairway catalog list".to_owned(),
    }
}

fn facets_text(facets: &[Value]) -> String {
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parts = facets.iter().map(|facet| {
        let values = facet.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
        let field = text(facet, "field");
        if values.is_empty() {
            return format!("None of them has the field {}.", harmless(&field));
        }
        let count = |value: &Value| value.get("count").and_then(Value::as_u64).unwrap_or(0).to_string();
        columns(
            &[field.as_str(), "count"],
            values.iter().map(|value| vec![text(value, "value"), count(value)]),
        )
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A question to the server.
pub struct Asked {
    pairs: Vec<(&'static str, String)>,
}

/// A part of the answer.
struct Page {
    items: Vec<Value>,
    total: u64,
    facets: Vec<Value>,
    next: Option<String>,
}

impl Asked {
    /// The words of a query as they stand on the command line.
    pub fn new(words: &[String], at: Option<&str>) -> Self {
        let mut pairs = vec![("q", words.join(" "))];
        pairs.extend(at.map(|at| ("at", at.to_owned())));
        Self { pairs }
    }

    /// The same with another parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.pairs.push((name, value.to_owned()));
        self
    }

    fn at(&self) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| *name == "at").map(|(_, value)| value.as_str())
    }

    fn has_query(&self) -> bool {
        self.pairs.iter().any(|(name, value)| *name != "at" && !value.trim().is_empty())
    }

    async fn page(&self, client: &ApiClient, limit: u64, cursor: Option<&str>) -> Result<Page, CliError> {
        let limit = limit.to_string();
        let mut pairs: Vec<(&str, Option<&str>)> =
            self.pairs.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
        pairs.extend([("limit", Some(limit.as_str())), ("cursor", cursor)]);
        let mut answer: Value = client.get(&with_query("/api/v1/catalog/entities", &pairs)).await?;
        let mut list = |name: &str| match answer.get_mut(name).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let (items, facets) = (list("items"), list("facets"));
        Ok(Page {
            items,
            facets,
            total: answer.get("total").and_then(Value::as_u64).unwrap_or(0),
            next: answer.get("nextCursor").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// At most so many entities, and how many there are.
    pub async fn items(&self, client: &ApiClient, limit: u64) -> Result<(Vec<Value>, u64), CliError> {
        let mut page = self.page(client, limit.min(AT_ONCE), None).await?;
        let (mut items, total) = (std::mem::take(&mut page.items), page.total);
        while let Some(cursor) = page.next.take() {
            let missing = limit.saturating_sub(items.len() as u64);
            if missing == 0 {
                break;
            }
            page = self.page(client, missing.min(AT_ONCE), Some(&cursor)).await?;
            items.append(&mut page.items);
        }
        Ok((items, total))
    }
}

/// The command line with `-field:value` as `not field:value` where a command takes a query: a dash would begin an
/// option.
pub fn with_negations(mut arguments: Vec<String>) -> Vec<String> {
    let takes_query = matches!(
        arguments.get(1..3),
        Some([catalog, command]) if catalog == "catalog" && matches!(command.as_str(), "list" | "query" | "export")
    );
    if !takes_query {
        return arguments;
    }
    let tail = arguments.split_off(3);
    for argument in tail {
        let is_negation = argument.strip_prefix('-').is_some_and(|rest| {
            let name = rest.split([':', '(']).next().unwrap_or_default();
            rest.starts_with('(') || !rest.starts_with('-') && name.len() > 1 && name.len() < rest.len()
        });
        match argument.strip_prefix('-').filter(|_| is_negation) {
            Some(rest) => arguments.extend(["not".to_owned(), rest.to_owned()]),
            None => arguments.push(argument),
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::with_negations;

    #[test]
    fn a_negated_field_is_no_option() {
        let written = |text: &str| with_negations(text.split(' ').map(str::to_owned).collect()).join(" ");
        assert_eq!(
            written("fairway catalog list -owner:me -(a -o json --kind=x -x"),
            "fairway catalog list not owner:me not (a -o json --kind=x -x"
        );
        assert_eq!(written("fairway catalog get -owner:me"), "fairway catalog get -owner:me");
    }
}
