//! How fast text goes through the scanner: source code as people write it, and text made to be slow.

use divan::counter::BytesCount;
use fairway_secrets::{AllowList, scan};

fn main() {
    divan::main();
}

/// The scanner's own source, over and over, up to a mebibyte.
fn code() -> Vec<u8> {
    let own = concat!(
        include_str!("../src/scan.rs"),
        include_str!("../src/generic.rs"),
        include_str!("../src/allow.rs")
    );
    own.bytes().cycle().take(1024 * 1024).collect()
}

#[divan::bench]
fn source_code(bencher: divan::Bencher<'_, '_>) {
    let text = code();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| scan("a.rs", &text, &AllowList::default()));
}

#[divan::bench]
fn beginnings_only(bencher: divan::Bencher<'_, '_>) {
    let text = "-eyJ".repeat(256 * 1024).into_bytes();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| scan("a.txt", &text, &AllowList::default()));
}

#[divan::bench]
fn one_long_line(bencher: divan::Bencher<'_, '_>) {
    let text = "token=secret,password:".repeat(48 * 1024).into_bytes();
    bencher.counter(BytesCount::of_slice(&text)).bench(|| scan("a.env", &text, &AllowList::default()));
}
