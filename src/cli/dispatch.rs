//! From a parsed command line to the file of its command.

use super::{
    Ended,
    args::{Cli, Command, ThemeCommand},
    ask, changes, cockpit, completions, conflicts, docs, doctor, fault, get, graph, guardian, import, look, man, mcp,
    mesh,
    out::Out,
    routes, session, settings, theme_import,
};
use crate::config::io::look::Look;

/// Runs the command.
pub fn dispatch(cli: Cli, out: &mut Out) -> Ended {
    let Cli { globals, command } = cli;
    let shows = match &command {
        None => true,
        #[cfg(feature = "demo")]
        Some(Command::Demo(_)) => true,
        Some(_) => false,
    };
    if !shows {
        session::one_namespace(globals.namespace.as_deref())?;
    }
    match command {
        Some(Command::Get(args)) => get::run(&args, &globals, out),
        Some(Command::Routes(args)) => routes::run(&args, &globals, out),
        Some(Command::Conflicts(args)) => conflicts::run(&args, &globals, out),
        Some(Command::Ask(args)) => ask::run(&args, &globals, out),
        Some(Command::Mcp(args)) => mcp::run(&args, &globals, out),
        Some(Command::Doctor(args)) => doctor::run(&args, &globals, out),
        Some(Command::Mesh(args)) => mesh::run(&args, &globals, out),
        Some(Command::Graph(args)) => graph::run(args.shape, &globals, out),
        Some(Command::Fault(command)) => fault::run(&command, &globals, out),
        Some(Command::Abort(args)) => fault::abort(&args, &globals, out),
        Some(Command::Changes(args)) => changes::run(&args, &globals, out),
        Some(Command::Release(args)) => fault::release(&args, &globals, out),
        Some(Command::Guardian) => guardian::run(&globals),
        Some(Command::Import(command)) => import::run(&command, &globals, out),
        Some(Command::Config(command)) => settings::run(&command, &globals, out),
        Some(Command::Theme(ThemeCommand::Look(command))) => look::run(Look::Theme, &command, out),
        Some(Command::Theme(ThemeCommand::Import(args))) => theme_import::run(&args, out),
        Some(Command::Keymap(command)) => look::run(Look::Keymap, &command, out),
        Some(Command::Completions { shell }) => completions::run(shell, out),
        Some(Command::GenerateDocs { folder }) => docs::run(&folder, out),
        #[cfg(feature = "demo")]
        Some(Command::Demo(args)) => super::demo::run(&args, &globals, out),
        Some(Command::Man) => man::run(out),
        None => cockpit::run(&globals, out),
    }
}
