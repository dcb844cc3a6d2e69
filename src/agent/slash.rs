//! Commands in the line in which questions are typed: `/undo`, `/export FILE`. One table; what is unknown is not asked of the
//! model.

use super::limits::Limit;
use crate::base::suggest;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slash {
    /// Say which model is asked, or ask another of the same provider.
    Model(Option<String>),
    /// Show the tools.
    Tools,
    /// Show what the next request will hold.
    Context,
    /// Show how secrets are taken out of a text, or how many were.
    Redact(Option<String>),
    /// Write the conversation into a file.
    Export(String),
    /// Take the last exchange back.
    Undo,
    /// Choose an earlier conversation.
    Sessions,
    /// Begin anew.
    New,
    /// Show what may be spent, or change one of the limits.
    Budget(Option<(Limit, u64)>),
    /// Show these commands.
    Help,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The word, without its slash.
    pub name: &'static str,
    /// What may follow; empty for nothing.
    pub argument: &'static str,
    /// What it does.
    pub doc: &'static str,
}

const fn row(name: &'static str, argument: &'static str, doc: &'static str) -> Row {
    Row { name, argument, doc }
}

/// The table.
pub const SLASHES: [Row; 10] = [
    row("model", "[NAME]", "Say which model is asked, or ask another one of the same provider."),
    row("tools", "", "Show what the model may look at, and what it may propose."),
    row("context", "", "Show exactly what the model is sent of this conversation."),
    row("redact", "[TEXT]", "Show what secrets are taken out of a text, or how often that was done here."),
    row("export", "FILE", "Write the conversation into a new file: Markdown, or JSON where the name ends so."),
    row("undo", "", "Take the last question back, with all that came of it."),
    row("sessions", "", "Choose an earlier conversation on this cluster, and go on with it."),
    row("new", "", "Begin a new conversation; this one is kept."),
    row(
        "budget",
        "[LIMIT N]",
        "Show what may be spent, or change a limit (tools, tokens, calls, seconds), also while the model answers; 0: none.",
    ),
    row("help", "", "Show these commands."),
];

/// Reads a line; `None` when it is a question.
pub fn parse(line: &str) -> Option<Result<Slash, String>> {
    let rest = line.trim().strip_prefix('/')?;
    let (word, argument) = match rest.split_once(char::is_whitespace) {
        Some((word, argument)) => (word, Some(argument.trim()).filter(|argument| !argument.is_empty())),
        None => (rest, None),
    };
    // A path such as /healthz/ready begins a question, as any word with a second slash does.
    if word.contains('/') {
        return None;
    }
    Some(read(word, argument.map(str::to_owned)))
}

fn read(word: &str, argument: Option<String>) -> Result<Slash, String> {
    let slash = match word {
        "model" => return Ok(Slash::Model(argument)),
        "redact" => return Ok(Slash::Redact(argument)),
        "export" => return argument.map(Slash::Export).ok_or_else(|| "name the file: /export FILE".to_owned()),
        "budget" => return budget(argument.as_deref()).map(Slash::Budget),
        "tools" => Slash::Tools,
        "context" => Slash::Context,
        "undo" => Slash::Undo,
        "sessions" => Slash::Sessions,
        "new" => Slash::New,
        "help" => Slash::Help,
        other => {
            let hint = suggest::nearest(other, SLASHES.iter().map(|row| row.name));
            let hint = hint.map_or_else(|| "/help shows them all".to_owned(), |name| format!("did you mean /{name}?"));
            return Err(format!("there is no /{other}: {hint}"));
        }
    };
    match argument {
        Some(extra) => Err(format!("/{word} takes nothing after it, `{extra}` was given")),
        None => Ok(slash),
    }
}

fn budget(argument: Option<&str>) -> Result<Option<(Limit, u64)>, String> {
    let Some(argument) = argument else { return Ok(None) };
    let mut words = argument.split_whitespace();
    let limit = words.next().and_then(Limit::of);
    let number = words.next().and_then(|word| word.parse().ok());
    match (limit, number, words.next()) {
        (Some(limit), Some(number), None) => Ok(Some((limit, number))),
        _ => Err(format!(
            "`{argument}` is no budget: write /budget tools 40, /budget seconds 900, /budget tokens 200000 or /budget calls 30"
        )),
    }
}

/// What may complete the line, as whole lines.
pub fn complete(line: &str) -> Vec<String> {
    let Some(word) = line.strip_prefix('/').filter(|word| !word.contains(char::is_whitespace)) else {
        return Vec::new();
    };
    let rows = SLASHES.iter().filter(|row| row.name.starts_with(word));
    rows.map(|row| format!("/{}{}", row.name, if row.argument.is_empty() { "" } else { " " })).collect()
}

/// The table for people.
pub fn help() -> String {
    let mut text = String::new();
    for row in SLASHES {
        let call = format!("/{} {}", row.name, row.argument);
        text.push_str(&format!("{call:<18}{}\n", row.doc));
    }
    text.push_str(
        "\n@pod/NAME, @route/NAME, @svc/NAME, @deploy/NAME in a question show the model that object; tab completes.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{SLASHES, Slash, complete, parse};
    use crate::agent::limits::Limit;

    #[rstest]
    #[case("why is it slow?", None)]
    #[case("/healthz/ready fails, why?", None)]
    #[case(" /undo ", Some(Ok(Slash::Undo)))]
    #[case("/model", Some(Ok(Slash::Model(None))))]
    #[case("/model qwen2.5:7b", Some(Ok(Slash::Model(Some("qwen2.5:7b".to_owned())))))]
    #[case("/export a b.md", Some(Ok(Slash::Export("a b.md".to_owned()))))]
    #[case("/export", Some(Err("name the file: /export FILE".to_owned())))]
    #[case("/budget", Some(Ok(Slash::Budget(None))))]
    #[case("/budget tools 40", Some(Ok(Slash::Budget(Some((Limit::Tools, 40))))))]
    #[case("/budget tools", Some(Err("`tools` is no budget: write /budget tools 40, /budget seconds 900, /budget tokens 200000 or /budget calls 30".to_owned())))]
    #[case("/udno", Some(Err("there is no /udno: did you mean /undo?".to_owned())))]
    #[case("/xyzzy", Some(Err("there is no /xyzzy: /help shows them all".to_owned())))]
    #[case("/new please", Some(Err("/new takes nothing after it, `please` was given".to_owned())))]
    fn lines_are_read(#[case] line: &str, #[case] expected: Option<Result<Slash, String>>) {
        assert_eq!(parse(line), expected);
    }

    #[test]
    fn every_row_is_a_command_and_is_completed() {
        for row in SLASHES {
            let line = format!("/{} {}", row.name, if row.argument == "FILE" { "x" } else { "" });
            assert!(matches!(parse(&line), Some(Ok(_))), "{line}");
            assert!(
                complete(&format!("/{}", &row.name[..2]))
                    .iter()
                    .any(|line| line.trim_end() == format!("/{}", row.name))
            );
        }
        assert_eq!(complete("/e"), ["/export "]);
        assert!(complete("why /e").is_empty() && complete("/export x").is_empty());
    }
}
