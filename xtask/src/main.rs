//! Chores of the project that are code.

fn main() {}
