//! What holds for every page: one headline, named controls, no inline code, nothing that leaves the page's rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../examples/gallery/main.rs"]
mod gallery;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use fairway_domain::EntityRef;
use fairway_portal::{
    CatalogView, Cell, Chrome, EntityRow, FailureView, HomeView, Section, asset, asset_names, catalog,
    failure, home,
};

/// One start tag with its attributes; a reader for the HTML that the pages themselves write.
struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
    inside_label: bool,
}

fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut labels = 0_usize;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("/label") {
            labels -= 1;
        }
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap();
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut attributes = BTreeMap::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = rest.find(|c: char| c == '=' || c == '>' || c.is_whitespace()).unwrap();
            let attribute = rest[..end].to_owned();
            rest = &rest[end..];
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix("=\"") {
                let quote = after.find('"').unwrap();
                after[..quote].clone_into(&mut value);
                rest = &after[quote + 1..];
            }
            attributes.insert(attribute, value);
        }
        if name == "label" {
            labels += 1;
        }
        tags.push(Tag { name, attributes, inside_label: labels > 0 });
    }
    tags
}

#[test]
fn every_page_keeps_the_rules() {
    for (page, html) in gallery::pages() {
        assert!(html.len() < 100_000, "{page} weighs {} bytes", html.len());
        let tags = tags(&html);
        assert_eq!(tags.iter().filter(|tag| tag.name == "h1").count(), 1, "{page}: one h1");
        assert_eq!(tags.iter().filter(|tag| tag.name == "main").count(), 1, "{page}: one main");
        let mut ids = BTreeSet::new();
        for tag in &tags {
            if let Some(id) = tag.attributes.get("id") {
                assert!(ids.insert(id.clone()), "{page}: the id {id} occurs twice");
            }
        }
        let labelled: BTreeSet<&String> = tags
            .iter()
            .filter(|tag| tag.name == "label")
            .filter_map(|tag| tag.attributes.get("for"))
            .collect();
        for tag in &tags {
            let is = |name: &str| tag.attributes.get(name).map(String::as_str);
            for attribute in tag.attributes.keys() {
                assert!(
                    !attribute.starts_with("on") && attribute != "style",
                    "{page}: {} {attribute}",
                    tag.name
                );
            }
            if tag.name == "script" {
                assert!(is("src").is_some(), "{page}: inline script");
            }
            for reference in ["aria-describedby", "aria-labelledby", "list", "popovertarget"] {
                for id in is(reference).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id), "{page}: {reference} names {id}, which is not there");
                }
            }
            let is_control =
                matches!(tag.name.as_str(), "input" | "select" | "textarea") && is("type") != Some("hidden");
            if is_control {
                let named = is("aria-label").is_some()
                    || tag.inside_label
                    || tag.attributes.get("id").is_some_and(|id| labelled.contains(id));
                assert!(named, "{page}: a control without a label: {:?}", tag.attributes);
            }
            if let Some(icon) = is("href").and_then(|href| href.strip_prefix("#i-")) {
                assert!(ids.contains(&format!("i-{icon}")), "{page}: there is no icon {icon}");
            } else if let Some(href) = is("href") {
                let known = ["/", "#", "http://", "https://"].iter().any(|start| href.starts_with(start));
                assert!(known, "{page}: a link to {href}");
            }
        }
    }
}

/// What a browser that has nothing yet is sent for a file, in bytes.
fn compressed(bytes: &[u8]) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn what_pages_refer_to_is_there() {
    let hashed: BTreeSet<&str> = asset_names().map(|(_, hashed)| hashed).collect();
    for (page, html) in gallery::pages() {
        for part in html.split("/assets/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(hashed.contains(name), "{page} refers to {name}");
        }
    }
    let all: usize = hashed.iter().map(|name| compressed(asset(name).unwrap().bytes)).sum();
    assert!(all < 32_000, "the assets weigh {all} bytes");
}

#[test]
fn text_from_outside_stays_text() {
    let hostile = "\"><script>alert(1)</script>";
    let row = EntityRow {
        title: hostile.into(),
        description: Some(hostile.into()),
        entity_type: Some(hostile.into()),
        lifecycle: Some(hostile.into()),
        owner: Some(EntityRef::new("group", "default", hostile)),
        errors: 1,
        cells: vec![Cell::Text(hostile.into()), Cell::Texts(vec![hostile.into()])],
        ..EntityRow::new(EntityRef::new("component", "default", hostile), hostile)
    };
    let mut chrome = Chrome::new(hostile, Section::Home, gallery::now());
    chrome.organisation = hostile.into();
    chrome.breadcrumbs.push((hostile.into(), None));
    chrome.address = hostile.into();
    let pages = [
        home(&chrome, &HomeView { owned: vec![row.clone()], ..HomeView::default() }),
        catalog(&chrome, &CatalogView { rows: vec![row], matching: 1, total: 1, ..CatalogView::default() }),
        failure(
            &chrome,
            &FailureView { title: hostile.into(), message: hostile.into(), ..FailureView::default() },
        ),
    ];
    for html in pages {
        assert!(!html.contains("<script>"), "{html}");
    }
}
