//! The page of commands: what `--help` says, all on one page.

use clap::CommandFactory;

use crate::cli::args::Cli;

/// `docs/cli.md`.
pub fn page() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut page = "# Command line\n\nWhatever the cockpit does, scripts can do. `-o json` answers in a stable shape; failures go \
                    to standard error as one line of cause and one line of what to do, or as \
                    `{\"error\":{\"what\",\"why\",\"fix\",\"where\"}}`.\n"
        .to_owned();
    section(&mut command, 2, &mut page);
    page
}

fn section(command: &mut clap::Command, depth: usize, page: &mut String) {
    let name = command.get_bin_name().unwrap_or("brink").to_owned();
    let help = command.render_help().to_string();
    // The flags of every command stand once, at the root.
    let help = match (depth, help.split_once("Options of every command:")) {
        (2, _) | (_, None) => help.as_str(),
        (_, Some((own, _))) => own,
    };
    // What stands below them belongs to the command.
    let below = command.get_after_help().filter(|_| depth > 2).map(ToString::to_string);
    let help = below.map_or_else(|| help.to_owned(), |below| format!("{}\n\n{below}", help.trim_end()));
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    page.push_str(&format!("\n{} {name}\n\n```text\n{}\n```\n", "#".repeat(depth), help.join("\n")));
    let below: Vec<String> = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in below {
        if let Some(below) = command.find_subcommand_mut(&name) {
            section(below, depth + 1, page);
        }
    }
}
