//! How a command ends when it does not do what was asked: one line of cause, one line of what to do, an exit code.

use std::process::ExitCode;

use serde_json::json;

use crate::config::complaint::Complaints;

/// The exit codes besides 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The thing asked for did not hold: refused, breached, residue.
    Unmet = 1,
    /// Bad usage or bad input.
    Usage = 2,
    /// Cannot reach or not allowed.
    Unreachable = 3,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// A failure in the words of the machine output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What failed, on what.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// File, line and column, address or object; empty when there is no such place.
    pub place: String,
}

impl Failure {
    /// A failure at no particular place.
    pub fn new(code: Code, what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, what: what.into(), why: why.into(), fix: fix.into(), place: String::new() }
    }

    /// Bad usage or bad input.
    pub fn usage(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Code::Usage, what, why, fix)
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Two lines for people.
    pub fn text(&self) -> String {
        let (mut cause, why, place) = (one_line(&self.what), one_line(&self.why), one_line(&self.place));
        if !why.is_empty() {
            cause.push_str(&format!(": {why}"));
        }
        if !cause.contains(&place) {
            cause.push_str(&format!(" ({place})"));
        }
        format!("error: {cause}\nfix: {}\n", one_line(&self.fix))
    }

    /// One line for machines.
    pub fn json(&self) -> String {
        let error = json!({ "what": self.what, "why": self.why, "fix": self.fix, "where": self.place });
        format!("{}\n", json!({ "error": error }))
    }
}

/// Text of others must not make two lines of one, nor move the cursor.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

impl From<Complaints> for Failure {
    fn from(complaints: Complaints) -> Self {
        let more = match complaints.errors.len() {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let Some(first) = complaints.errors.first() else {
            return Self::usage(complaints.file, "not usable", "correct the file");
        };
        let place = match first.line {
            0 => complaints.file.clone(),
            line => format!("{}:{line}", complaints.file),
        };
        let why = if first.key.is_empty() {
            format!("{}{more}", first.message)
        } else {
            format!("`{}`: {}{more}", first.key, first.message)
        };
        let fix = if first.hint.is_empty() { "correct the line".to_owned() } else { first.hint.clone() };
        Self::usage(place.clone(), why, fix).at(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Failure};

    #[test]
    fn words_of_others_stay_on_their_line() {
        let failure = Failure::new(Code::Unreachable, "cannot list pods", "a\nb\u{1b}[31m", "do\nthis").at("shop");
        assert_eq!(failure.text(), "error: cannot list pods: a b[31m (shop)\nfix: do this\n");
    }
}
