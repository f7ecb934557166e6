//! Addresses that entities name and that lead nowhere any more.

use std::collections::BTreeSet;

use fairway_domain::finding::Severity;
use serde_json::Value;

use super::{Evidence, Found, TruthCheck, TruthFinding, finding};
use crate::entity::CatalogEntity;
use crate::envelope::escape;
use crate::snapshot::Snapshot;

/// The longest address that is looked at.
const MAX_ADDRESS: usize = 2_048;

pub(super) fn check(snapshot: &Snapshot, evidence: &Evidence) -> Vec<TruthFinding> {
    if evidence.dead_links.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for entity in snapshot.iter() {
        for (path, address) in links_of(entity) {
            let Some(dead) = evidence.dead_links.get(&address) else { continue };
            let found = Found {
                check: TruthCheck::DeadLink,
                severity: Severity::Low,
                entity: entity.reference(),
                path: Some(path),
                message: format!("{address} leads nowhere"),
                evidence: vec![format!("its server answered {} at {}", dead.status, dead.seen)],
                fix: None,
            };
            findings.push(TruthFinding { since: dead.since, ..finding(snapshot, found) });
        }
    }
    findings
}

/// The web addresses in an entity's annotations and links, as its source has them, with their JSON pointers.
fn links_of(entity: &CatalogEntity) -> Vec<(String, String)> {
    // Reading an entity's tree costs; most have no address but those that were added to it.
    if !entity.base().contains("://") {
        return Vec::new();
    }
    let source = entity.entity();
    let annotations = source.metadata.get("annotations").and_then(Value::as_object).into_iter().flatten();
    let annotations = annotations.filter_map(|(key, value)| {
        Some((format!("/metadata/annotations/{}", escape(key)), web_address(value.as_str()?)?))
    });
    let links = source.metadata.get("links").and_then(Value::as_array).into_iter().flatten().enumerate();
    let links = links.filter_map(|(index, link)| {
        Some((format!("/metadata/links/{index}/url"), web_address(link.get("url")?.as_str()?)?))
    });
    annotations.chain(links).collect()
}

/// A text that is an address as a whole, also with the word before it that Backstage's annotations have.
fn web_address(text: &str) -> Option<String> {
    let address = text.trim().strip_prefix("url:").unwrap_or(text.trim());
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    (is_web && address.len() <= MAX_ADDRESS && !address.contains(char::is_whitespace))
        .then(|| address.to_owned())
}

/// Every web address in the annotations and links of the catalog's entities, sorted.
pub fn links(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot.iter().flat_map(links_of).map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use super::web_address;

    #[test]
    fn only_whole_web_addresses_are_links() {
        for (text, address) in [
            ("https://wiki.example/a", Some("https://wiki.example/a")),
            (" url:https://git.example/a/ ", Some("https://git.example/a/")),
            ("http://old.example", Some("http://old.example")),
            ("see https://wiki.example", None),
            ("https://a.example https://b.example", None),
            ("dir:.", None),
            ("ftp://files.example", None),
        ] {
            assert_eq!(web_address(text).as_deref(), address, "{text}");
        }
    }
}
