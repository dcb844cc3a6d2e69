//! `completions`: the completion script of a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Ended, Ending, args::Cli, out::Out};

/// Prints the script.
pub fn run(shell: Shell, out: &mut Out) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "brink", &mut script);
    out.text(String::from_utf8_lossy(&script));
    Ok(Ending::Done)
}
