//! `fault`: plan, apply, abort, list. The lifecycle itself is in the fault room; here are its words on a command line.

mod apply;
pub(super) mod desk;
pub(super) mod elsewhere;
pub mod intent;
pub(super) mod kept;
mod kinds;
mod orders;
mod plan;
pub mod print;
mod recover;

use super::{
    Ended,
    args::{AbortArgs, FaultCommand, Globals, ReleaseArgs},
    out::Out,
};

/// Runs a `fault` command.
pub fn run(command: &FaultCommand, globals: &Globals, out: &mut Out) -> Ended {
    match command {
        FaultCommand::Kinds(output) => kinds::run(output.shape, globals, out),
        FaultCommand::Plan(args) => plan::run(args, globals, out),
        FaultCommand::Apply(args) => apply::run(args, globals, out),
        FaultCommand::Abort(args) => orders::abort(args, globals, out),
        FaultCommand::Recover(args) => recover::run(args, globals, out),
        FaultCommand::List(args) => orders::list(args, globals, out),
        FaultCommand::Show(args) => orders::show(args, globals, out),
        FaultCommand::Export(args) => orders::export(args, globals, out),
    }
}

/// `abort`, the same as `fault abort`.
pub fn abort(args: &AbortArgs, globals: &Globals, out: &mut Out) -> Ended {
    orders::abort(args, globals, out)
}

/// `release`.
pub fn release(args: &ReleaseArgs, globals: &Globals, out: &mut Out) -> Ended {
    orders::release(args, globals, out)
}
