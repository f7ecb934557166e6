//! Writes every page with sample data (typical, empty, overfull, error) into a folder, for looking at.
//!
//! `cargo run -p fairway-portal --example gallery -- <folder>`, then serve the folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    dead_code,
    clippy::wildcard_imports,
    clippy::unnecessary_wraps,
    clippy::manual_is_multiple_of
)]

mod company;
mod delivery;
mod editor;
mod forge;
mod knowledge;
mod path;

use std::fs;
use std::path::Path;

use fairway_domain::{EntityRef, Role, Timestamp};
use fairway_portal::{CallerView, Chrome, Section, asset, asset_names};

/// The moment that all samples are seen at.
pub fn now() -> Timestamp {
    "2026-11-21T09:30:00Z".parse().unwrap()
}

/// Some seconds before [`now`].
pub fn before(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - seconds).unwrap()
}

/// A reference from its text.
pub fn reference(text: &str) -> EntityRef {
    text.parse().unwrap()
}

/// The shell of a signed-in member.
pub fn chrome(title: &str, active: Section, crumbs: &[(&str, &str)]) -> Chrome {
    let mut chrome = Chrome::new(title, active, now());
    chrome.organisation = "Acme".into();
    chrome.caller = CallerView {
        name: "ada".into(),
        role: Role::Member,
        guest: false,
        signed_in: true,
        url: Some("/catalog/default/user/ada".into()),
    };
    chrome.running = 1;
    chrome.breadcrumbs = crumbs
        .iter()
        .map(|(text, url)| ((*text).to_owned(), (!url.is_empty()).then(|| (*url).to_owned())))
        .collect();
    chrome
}

/// Every page by name.
pub fn pages() -> Vec<(&'static str, String)> {
    let mut pages = knowledge::pages();
    pages.extend(company::pages());
    pages.extend(path::pages());
    pages.extend(delivery::pages());
    pages.extend(editor::pages());
    pages.extend(forge::pages());
    pages
}

fn main() {
    let folder = std::env::args().nth(1).expect("usage: gallery <folder>");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets")).unwrap();
    for (_, hashed) in asset_names() {
        fs::write(folder.join("assets").join(hashed), asset(hashed).unwrap().bytes).unwrap();
    }
    for (name, html) in &pages() {
        fs::write(folder.join(format!("{name}.html")), html).unwrap();
        let dark = html.replacen("<html lang", "<html data-theme=\"dark\" lang", 1);
        fs::write(folder.join(format!("{name}.dark.html")), dark).unwrap();
        println!("{name}: {} kB", html.len() / 1000);
    }
}
