//! The same functions, headless: one file per subcommand, each a short script over the domain rooms.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

use std::process::ExitCode;

/// Parses the command line and does what it says. Exit codes: 0 done, 1 the thing asked for did not hold, 2 bad usage or bad
/// input, 3 cannot reach or not allowed.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
