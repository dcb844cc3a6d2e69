//! The same functions, headless: one file per subcommand, each a short script over the domain rooms.
//!
//! A command gets its arguments, asks the doors, and prints the asked-for thing to [`out::Out`]; when it cannot, it ends in a
//! [`failure::Failure`]. Nothing here decides what a fault is, what is safe or who wins: a script and the cockpit get the same
//! answer because they call the same function.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod args;
pub mod ask;
mod changes;
pub mod cockpit;
pub mod completions;
mod conflicts;
#[cfg(feature = "demo")]
pub mod demo;
pub mod docs;
pub mod doctor;
pub mod failure;
pub mod fault;
pub mod get;
pub mod graph;
pub mod guardian;
pub mod import;
mod look;
pub mod man;
pub mod mcp;
pub mod mesh;
pub mod metrics;
pub mod mtls;
pub mod out;
pub mod resolve;
pub mod routes;
pub mod session;
pub mod settings;
pub mod table;
mod theme_import;
pub mod usage;

mod dispatch;

use std::{env, ffi::OsString, process::ExitCode};

use clap::Parser;

use failure::Failure;
use out::Out;

/// How a command ends when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// The answer is printed, and it is no: refused, residue, complaints found.
    Unmet,
    /// The answer is printed, and this user may not do it.
    NotAllowed,
}

/// Parses the command line and does what it says. Exit codes: 0 done, 1 the thing asked for did not hold, 2 bad usage or bad
/// input, 3 cannot reach or not allowed.
pub fn run() -> ExitCode {
    let words: Vec<OsString> = env::args_os().collect();
    let json = usage::wants_json(&words);
    let mut out = Out::stdout();
    let ended = match args::Cli::try_parse_from(words) {
        Ok(cli) => dispatch::dispatch(cli, &mut out),
        Err(error) => match usage::explain(&error) {
            usage::Said::Wanted(text) => {
                out.text(text);
                Ok(Ending::Done)
            }
            usage::Said::Mistake(failure) => Err(failure),
        },
    };
    let ended = out.finish().and(ended);
    match ended {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Unmet) => failure::Code::Unmet.into(),
        Ok(Ending::NotAllowed) => failure::Code::Unreachable.into(),
        Err(failure) => {
            out::complain(&if json { failure.json() } else { failure.text() });
            failure.code.into()
        }
    }
}

/// What every command returns.
pub type Ended = Result<Ending, Failure>;
