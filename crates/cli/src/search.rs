//! `fairway search`: everything that people look for, by words.

use serde_json::Value;

use crate::client::{ConnectionArguments, query};
use crate::failure::CliError;
use crate::output::{OutputArguments, Paint, painted_pieces, talk};

/// Find entities, and operations and schemas of APIs, by words
///
/// Words are found whole, by their beginning, by letters inside, in other forms (English, Russian, Turkish) and with a
/// typing error or two. What you and your groups own comes before others that fit equally.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway search orders\n  fairway search 'paymnet service' --kind Component\n  fairway search 'POST /orders' --document api --output json"
)]
pub struct SearchArguments {
    /// The words, with values that they name: orders kind:api owner:me
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Only documents of this type: software-catalog for entities, api for operations and schemas
    #[arg(long, value_name = "TYPE")]
    document: Vec<String>,
    /// Only this kind; can be repeated, as all of these
    #[arg(long)]
    kind: Vec<String>,
    /// Only this type
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only what this owner answers for; a group when no kind is given
    #[arg(long)]
    owner: Vec<String>,
    /// Only this lifecycle
    #[arg(long)]
    lifecycle: Vec<String>,
    /// At most this many, 100 at the most
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
    /// Leave out this many
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    offset: u32,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway search`.
pub async fn search(arguments: SearchArguments) -> Result<(), CliError> {
    let text = arguments.text.join(" ");
    let (limit, offset) = (arguments.limit.to_string(), arguments.offset.to_string());
    let mut pairs =
        vec![("q", Some(text.as_str())), ("limit", Some(limit.as_str())), ("offset", Some(offset.as_str()))];
    let several = [
        ("document", &arguments.document),
        ("kind", &arguments.kind),
        ("type", &arguments.types),
        ("owner", &arguments.owner),
        ("lifecycle", &arguments.lifecycle),
    ];
    for (name, values) in several {
        pairs.extend(values.iter().map(|value| (name, Some(value.as_str()))));
    }
    let answer: Value = arguments.connection.client()?.get(&query("/api/v1/search", &pairs)).await?;
    if !arguments.output.is_table() {
        return arguments.output.print(&answer, String::new);
    }
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (items, near) = (list("items"), list("near"));
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default();
    let shown = if items.is_empty() { &near } else { &items };
    if total == 0 {
        talk(if near.is_empty() {
            "Nothing was found."
        } else {
            "Nothing was found. Did you mean one of these?"
        });
    }
    if !shown.is_empty() {
        let lines: Vec<_> = shown.iter().flat_map(lines).collect();
        painted_pieces(lines.iter().map(Vec::as_slice))?;
    }
    if total > u64::from(arguments.offset) + items.len() as u64 && !items.is_empty() {
        talk(&format!("{} of {total}; --offset and --limit show more", items.len()));
    }
    Ok(())
}

/// What a hit is, and what it says, with what the words found in bold.
fn lines(item: &Value) -> Vec<Vec<(Paint, String)>> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let pieces = |name: &str| {
        let pieces = item.pointer(&format!("/marks/{name}")).and_then(Value::as_array);
        let piece = |piece: &Value| {
            let marked = piece.get("marked").and_then(Value::as_bool).unwrap_or_default();
            let paint = if marked { Paint::Bold } else { Paint::Plain };
            // A line is a hit or its description: theirs would look like another hit.
            let text = piece.get("text").and_then(Value::as_str).unwrap_or_default();
            (paint, text.replace(['\n', '\r', '\t'], " "))
        };
        pieces.into_iter().flatten().map(piece).collect::<Vec<_>>()
    };
    let plain = |text: String| (Paint::Plain, text);
    let mut first = pieces("title");
    first.push(plain("  ".to_owned()));
    first.push((Paint::Cyan, text("entity").to_owned()));
    let about: Vec<&str> =
        ["kind", "type", "lifecycle", "owner"].map(text).into_iter().filter(|it| !it.is_empty()).collect();
    let mut lines = vec![first, vec![plain(format!("    {}", about.join(" · ")))]];
    let description = pieces("description");
    if !description.is_empty() {
        lines.push(std::iter::once(plain("    ".to_owned())).chain(description).collect());
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use serde_json::json;

    use super::lines;
    use crate::output::Paint;

    #[test]
    fn what_was_found_stands_out_and_a_description_stays_one_line() {
        let item = json!({"entity": "api:default/orders", "kind": "API", "type": "openapi", "owner": "",
            "marks": {"title": [{"text": "Orders", "marked": true}, {"text": " API", "marked": false}],
                      "description": [{"text": "one\ntwo", "marked": false}]}});
        let lines = lines(&item);
        assert_eq!(lines[0][0], (Paint::Bold, "Orders".to_owned()));
        let plain: Vec<String> =
            lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
        assert_eq!(plain, ["Orders API  api:default/orders", "    API · openapi", "    one two"]);
    }
}
