//! The same program under the name kubectl finds plugins by: `kubectl brink`.

use std::process::ExitCode;

fn main() -> ExitCode {
    brink::cli::run()
}
