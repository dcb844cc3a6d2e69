//! Command lines that cannot be understood, in one line of cause and one of remedy.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::failure::Failure;

/// What clap has to say.
pub enum Said {
    /// Help or version: wanted, so it goes to stdout.
    Wanted(String),
    /// A mistake.
    Mistake(Failure),
}

/// Whether the answer was asked for as JSON. Read from the raw words, since a command line that cannot be parsed still
/// decides how its error is written.
pub fn wants_json(words: &[OsString]) -> bool {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    words.iter().enumerate().any(|(at, word)| match word.as_ref() {
        "-o" | "--output" => words.get(at + 1).is_some_and(|next| next == "json"),
        "-ojson" | "-o=json" | "--output=json" => true,
        _ => false,
    })
}

/// Turns clap's error into ours.
pub fn explain(error: &clap::Error) -> Said {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return Said::Wanted(text),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("brink [COMMAND]");
            let fix = format!(
                "say which; `{} --help` lists them",
                usage.split(" [").next().unwrap_or("brink").trim_end_matches(" <COMMAND>")
            );
            return Said::Mistake(Failure::usage("cannot understand the command line", "a command is missing", fix));
        }
        _ => {}
    }
    let first = text.split("\n\n").next().unwrap_or_default();
    let why = first.trim_start_matches("error: ").lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let fix = match tip {
        Some(tip) => tip.to_owned(),
        None => {
            let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("brink");
            let words: Vec<_> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
            format!("see `{} --help`", words.join(" "))
        }
    };
    Said::Mistake(Failure::usage("cannot understand the command line", why, fix))
}
