//! Pages: how long the server takes, and what a browser has to load.

use std::collections::BTreeSet;
use std::time::Instant;

use fairway_remote::ApiClient;
use serde_json::Value;

use crate::bench::report::Figure;
use crate::failure::CliError;

/// The names and addresses of the main pages; the entity is the first component of the catalog.
pub async fn pages(client: &ApiClient) -> Result<Vec<(&'static str, String)>, CliError> {
    let answer: Value = client.get("/api/v1/catalog/entities?kind=Component&limit=1").await?;
    let component = answer.pointer("/items/0/metadata/name").and_then(Value::as_str).unwrap_or_default();
    Ok(vec![
        ("home", "/".to_owned()),
        ("catalog", "/catalog".to_owned()),
        ("entity", format!("/catalog/default/component/{component}")),
        ("graph", "/catalog/graph".to_owned()),
        ("create", "/create".to_owned()),
        ("form", "/create/default/python-fastapi-service".to_owned()),
        ("environments", "/environments".to_owned()),
        ("guardrails", "/guardrails".to_owned()),
        ("repositories", "/repositories".to_owned()),
        ("audit", "/audit".to_owned()),
    ])
}

/// What browsers say that they can decompress.
const ENCODINGS: &str = "gzip, deflate, br, zstd";

/// The time from request to the last byte, over a connection that is open.
pub async fn time(client: &ApiClient, name: &str, path: &str, runs: u32) -> Result<Figure, CliError> {
    client.bytes(path, Some(ENCODINGS)).await?;
    let mut durations = Vec::new();
    for _ in 0..runs {
        let began = Instant::now();
        client.bytes(path, Some(ENCODINGS)).await?;
        durations.push(began.elapsed());
    }
    Ok(Figure::milliseconds(&format!("page {name}"), &durations, 20.0))
}

/// What a browser that has nothing yet loads for a page: the HTML and every asset that it names, compressed as
/// they are served.
pub async fn weight(client: &ApiClient, name: &str, path: &str) -> Result<Figure, CliError> {
    let html = client.bytes(path, None).await?;
    let mut bytes = client.bytes(path, Some(ENCODINGS)).await?.len();
    for asset in assets(&String::from_utf8_lossy(&html)) {
        bytes += client.bytes(&asset, Some(ENCODINGS)).await?.len();
    }
    Ok(Figure::kilobytes(&format!("page {name}, cold"), bytes as u64, 100.0))
}

/// The addresses of the assets that a page names, each once.
fn assets(html: &str) -> BTreeSet<String> {
    let named = html.match_indices("/assets/").filter_map(|(at, _)| {
        // Only as the value of an attribute, which the page's own templates always quote.
        html.get(..at)?.chars().next_back().filter(|quote| *quote == '"')?;
        html.get(at..)?.split(['"', '#', '?']).next().map(str::to_owned)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::assets;

    #[test]
    fn every_asset_is_counted_once() {
        let html = "<link href=\"/assets/a.css\"><script src=\"/assets/b.js\"></script><use href=\"/assets/i.svg#x\"><use href=\"/assets/i.svg#y\"> text /assets/no.css";
        let found: Vec<String> = assets(html).into_iter().collect();
        assert_eq!(found, ["/assets/a.css", "/assets/b.js", "/assets/i.svg"]);
    }
}
