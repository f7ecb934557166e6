//! The walks that Fairway promises, proven on the real binary: a server on a free port of this machine, git, the
//! command line, SQLite and Postgres. Nothing here looks into the code; what is shown is what a person or a
//! program outside would see.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

mod access;
mod admission;
mod audit;
mod backstage;
mod backstage_catalog;
mod catalog_query;
mod catalog_validate;
mod change_requests;
mod command;
mod delivery;
mod differential;
mod discovery;
mod durability;
mod full_disk;
mod git_walk;
mod golden_path;
mod golden_repositories;
mod hostile_input;
mod interface;
mod links;
mod outside_template;
mod plans;
mod refusals;
mod replicas;
mod search;
mod server;
mod signatures;
mod supply;
mod template_cases;
mod template_source;
mod templates;
mod undoing;
mod waivers;
mod what_if;
mod world;
