//! The `brink` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    brink::cli::run()
}
