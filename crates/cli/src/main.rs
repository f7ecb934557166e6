//! The one binary.

use std::process::ExitCode;

/// Reading a large catalog makes and drops millions of small values on several threads; this allocator is faster at it
/// than the system's and gives the memory back (its settings are in `.cargo/config.toml`).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    fairway_cli::run()
}
