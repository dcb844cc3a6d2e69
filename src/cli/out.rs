//! The printing door: the asked-for thing goes to stdout, failures go to stderr.
//!
//! A reader that went away (`brink get pods | head`) is no failure and must not cut a command short: a fault that was applied
//! is still watched and undone. So writing never fails here; [`Out::finish`] reports a full disk at the end.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

use super::failure::{Code, Failure};

/// Standard output, buffered until [`Out::flush`] or the end.
#[derive(Debug)]
pub struct Out {
    to: io::BufWriter<io::Stdout>,
    closed: bool,
    failed: Option<io::Error>,
}

impl Out {
    /// The process' standard output.
    pub fn stdout() -> Self {
        Self { to: io::BufWriter::with_capacity(64 * 1024, io::stdout()), closed: false, failed: None }
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: impl Display) {
        if !self.closed {
            let wrote = write!(self.to, "{text}");
            self.note(wrote);
        }
    }

    /// Writes text and a line end.
    pub fn line(&mut self, text: impl Display) {
        self.text(format_args!("{text}\n"));
    }

    /// Writes one JSON document, indented.
    pub fn json(&mut self, document: &impl Serialize) {
        match serde_json::to_string_pretty(document) {
            Ok(text) => self.line(text),
            Err(error) => self.note(Err(io::Error::other(error))),
        }
    }

    /// Makes what was written visible now.
    pub fn flush(&mut self) {
        if !self.closed {
            let flushed = self.to.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failed.get_or_insert(error);
            }
        }
    }

    /// The end; says whether all of it was written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.flush();
        let failed = self.failed.take();
        if self.closed {
            // The buffer cannot be written: dropping it quietly beats a second try.
            drop(self.to.into_parts());
        }
        match failed {
            None => Ok(()),
            Some(error) => Err(Failure::new(
                Code::Unmet,
                "cannot write the answer to standard output",
                error.to_string(),
                "make room where the output goes and ask again",
            )),
        }
    }
}

/// Writes to stderr; one that is gone cannot be told about.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether a person can be asked: both ends of the conversation are a terminal.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
