//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    fairway_cli::run()
}
