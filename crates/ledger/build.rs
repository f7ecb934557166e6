//! Rebuilds when a migration is added, which the macro that embeds them cannot see by itself.

#![allow(clippy::print_stdout)] // the way a build script talks to cargo

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
