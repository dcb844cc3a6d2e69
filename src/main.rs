//! The `brink` command.

use std::process::ExitCode;

/// Half of what a world does while it is made is to take and give back small pieces of memory.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    brink::cli::run()
}
