//! Programs of a person's own machine, as a plugin starts them: what is run, and how an object's values get into it.
//!
//! A value is one argument, whatever it holds. Only where an argument is itself a text for a shell is more to be done, and
//! `shell` does it. Nothing here starts anything.

mod shell;
mod variables;

pub use variables::{Unfilled, Variables};

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What a person calls it.
    pub name: String,
    /// Commands with their arguments; each reads what the one before writes.
    pub stages: Vec<Vec<String>>,
    /// The cockpit stays; otherwise the terminal is given to it.
    pub background: bool,
    /// What it writes is told when it is through.
    pub tells_output: bool,
}

impl Program {
    /// As a person would type it.
    pub fn line(&self) -> String {
        let quoted = |word: &String| {
            let plain = !word.is_empty() && word.chars().all(is_plain);
            if plain { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) }
        };
        let stage = |words: &Vec<String>| words.iter().map(quoted).collect::<Vec<_>>().join(" ");
        self.stages.iter().map(stage).collect::<Vec<_>>().join(" | ")
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What a person calls it.
    pub name: String,
    /// Why it is no success, such as `exit 1`; `None` when it is one.
    pub trouble: Option<String>,
    /// The beginning of what it wrote, when it ran in the background.
    pub output: String,
}

/// A character that means nothing to any shell.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | ':' | '@' | '%' | '+' | '=' | ',' | '-')
}

/// How an argument is read by the program that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As it is.
    Bare,
    /// A shell runs it.
    Shell,
    /// An interpreter whose quotes are not known here runs it.
    Code,
}

/// Fills the variables of a command's words. Which of them are programs for a shell is seen from the words before.
pub fn fill(words: &[String], variables: &Variables) -> Result<Vec<String>, Unfilled> {
    let mut filled = Vec::with_capacity(words.len());
    let mut runner = None;
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map_or("", String::as_str);
        let reading = match runner {
            Some(reading) if is_program_flag(before) => reading,
            _ => Reading::Bare,
        };
        filled.push(match reading {
            Reading::Bare => variables.fill(word, &mut |value, out| {
                out.push_str(value);
                Ok(())
            })?,
            Reading::Shell => shell::fill(word, variables)?,
            Reading::Code => variables.fill(word, &mut |value, out| {
                if !value.chars().all(is_plain) {
                    return Err(());
                }
                out.push_str(value);
                Ok(())
            })?,
        });
        runner = reads(word).or(runner);
    }
    Ok(filled)
}

/// `-c`, also among others: `-lc`; `-e` of interpreters.
fn is_program_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| flags.ends_with(['c', 'e']) && flags.chars().all(char::is_alphabetic))
}

fn reads(word: &str) -> Option<Reading> {
    let name = word.rsplit('/').next().unwrap_or(word);
    if shell::is_shell(name) {
        return Some(Reading::Shell);
    }
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(name, "python" | "perl" | "ruby" | "node" | "php" | "fish" | "pwsh").then_some(Reading::Code)
}
