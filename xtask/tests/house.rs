//! The plan of the house, held against the workspace: dependencies point down only, and the heavy third
//! parties stay behind their doors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The rooms from the roof to the ground, as `ARCHITECTURE.md` draws them. A room may use rooms below it only.
const ROOMS: [&str; 18] = [
    "cli", "server", "portal", "app", "catalog", "search", "scaffold", "insight", "workload", "policy",
    "supply", "secrets", "docs", "template", "ledger", "remote", "yaml", "domain",
];

/// Rooms that must stay pure: no clock, network, files or environment. They may not see the ones that do I/O.
const PURE: [&str; 11] = [
    "portal", "catalog", "search", "scaffold", "insight", "workload", "policy", "supply", "secrets", "docs",
    "template",
];
const IMPURE: [&str; 2] = ["ledger", "remote"];

/// Heavy third parties and the only rooms that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("tantivy", &["search"]),
    ("frostem", &["search"]),
    ("sqlx", &["ledger"]),
    ("regorus", &["policy"]),
    ("hcl-edit", &["policy"]),
    ("toml", &["policy"]),
    ("axum", &["server"]),
    ("reqwest", &["remote"]),
    ("maud", &["portal"]),
    ("dagre", &["portal"]),
    ("comrak", &["docs"]),
    ("ammonia", &["docs"]),
    ("apollo-parser", &["docs"]),
    ("protox-parse", &["docs"]),
    ("syntect", &["docs"]),
    ("clap", &["cli"]),
    ("prometheus-client", &["server"]),
    ("utoipa", &["server"]),
    ("ring", &["app", "supply"]),
    ("rcgen", &["server"]),
    ("tokio-rustls", &["server"]),
    ("sigstore-verify", &["supply"]),
    ("quick-xml", &["supply"]),
];

/// Each room with the names of its dependencies, those of tests and benchmarks left out.
fn rooms() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo answers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|package| {
            let name = text(&package["name"]).strip_prefix("fairway-")?.to_owned();
            let dependencies = package["dependencies"].as_array().unwrap();
            let normal = dependencies.iter().filter(|it| it["kind"].is_null()).map(|it| text(&it["name"]));
            Some((name, normal.collect()))
        })
        .collect()
}

fn floor(room: &str) -> usize {
    ROOMS.iter().position(|known| *known == room).unwrap_or_else(|| panic!("{room} is not on the plan"))
}

#[test]
fn dependencies_point_down_only() {
    for (room, dependencies) in rooms() {
        for below in dependencies.iter().filter_map(|name| name.strip_prefix("fairway-")) {
            assert!(floor(&room) < floor(below), "{room} must not use {below}, which is above it");
        }
    }
}

#[test]
fn the_middle_does_not_see_the_rooms_that_touch_the_world() {
    for (room, dependencies) in rooms().into_iter().filter(|(room, _)| PURE.contains(&room.as_str())) {
        for below in dependencies.iter().filter_map(|name| name.strip_prefix("fairway-")) {
            assert!(!IMPURE.contains(&below), "{room} is pure and must not use {below}");
        }
        for runtime in ["tokio", "uuid", "getrandom"] {
            assert!(
                !dependencies.iter().any(|name| name == runtime),
                "{room} is pure and must not use {runtime}"
            );
        }
    }
}

#[test]
fn heavy_third_parties_stay_behind_one_door() {
    for (room, dependencies) in rooms() {
        for (crate_name, allowed) in DOORS {
            let used = dependencies.iter().any(|name| name == crate_name);
            assert!(!used || allowed.contains(&room.as_str()), "{room} must not use {crate_name}");
        }
    }
}

#[test]
fn every_room_is_on_the_plan_and_says_its_purpose_first() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
    for room in rooms().keys() {
        floor(room);
        let lib = format!("{root}/{room}/src/lib.rs");
        let main = format!("{root}/{room}/src/main.rs");
        let text = std::fs::read_to_string(&lib).or_else(|_| std::fs::read_to_string(&main)).unwrap();
        assert!(text.starts_with("//! "), "{room} does not begin with its purpose");
    }
}

#[test]
fn nothing_that_is_banned_is_in_the_lock_file() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let deny = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deny.toml")).unwrap();
    let banned = deny.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \"")?.split('"').next());
    for name in banned {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is banned by deny.toml");
    }
}
