//! Records what is seen, as an asciicast (version 2: a header line, then `[seconds, "o" or "r", text]`).
//!
//! It draws frames of its own from what is on the screen, under a [`Veil`]: what the terminal is sent may hold a secret in
//! pieces, between movements of its cursor. What is known of secrets besides the screen is told at the start.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Position};
use serde_json::json;

use super::paint::Painter;
use crate::{
    app::{App, Veil},
    msg::{Event, Key},
};

/// A recording.
#[derive(Debug)]
pub struct Recorder<W: Write = BufWriter<File>> {
    to: W,
    veil: Veil,
    painter: Painter,
}

impl Recorder {
    /// Begins a recording.
    pub fn create(path: &Path, width: u16, height: u16, at: Timestamp) -> io::Result<Self> {
        Self::new(BufWriter::new(File::create(path)?), width, height, at)
    }
}

impl<W: Write> Recorder<W> {
    /// Begins a recording into anything.
    pub fn new(mut to: W, width: u16, height: u16, at: Timestamp) -> io::Result<Self> {
        let header = json!({
            "version": 2, "width": width, "height": height, "timestamp": at.as_second(), "title": "brink",
        });
        writeln!(to, "{header}")?;
        Ok(Self { to, veil: Veil::default(), painter: Painter::new(width, height) })
    }

    /// What was written so far.
    pub fn into_inner(self) -> W {
        self.to
    }

    /// Learns the secrets of a text that may come to be seen, as a kubeconfig.
    pub fn learn(&mut self, text: &str) {
        self.veil.learn(text);
    }

    /// Remembers a secret.
    pub fn keep(&mut self, secret: &str) {
        self.veil.keep(secret);
    }

    /// Hears what is typed before it is on the screen.
    pub fn typed(&mut self, event: &Event, app: &App) {
        let keys: &[Key] = match event {
            Event::Key(key) => std::slice::from_ref(key),
            Event::Keys(keys) => keys,
            Event::Paste(text) => return self.veil.learn(text),
            _ => return,
        };
        for key in keys {
            match key.typed() {
                Some(c) if app.typing() => self.veil.typed(c),
                _ => self.veil.typed_through(),
            }
        }
    }

    /// A frame of the cockpit as it is shown.
    pub fn frame(&mut self, at: Duration, app: &App, shown: &Buffer, cursor: Option<Position>) -> io::Result<()> {
        let veil = &mut self.veil;
        let bytes = self.painter.frame(|buf| {
            buf.clone_from(shown);
            veil.cover(app, buf);
            cursor
        });
        if bytes.is_empty() {
            return Ok(());
        }
        // A frame holds whole characters alone.
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.line(at, "o", &text)
    }

    /// Lines that were said instead.
    pub fn said(&mut self, at: Duration, app: &App, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        app.texts(|text| self.veil.learn(text));
        self.veil.learn(&lines.join("\n"));
        let text: String = lines.iter().map(|line| self.veil.line(line) + "\r\n").collect();
        self.line(at, "o", &text)
    }

    /// The terminal's new size.
    pub fn resized(&mut self, at: Duration, width: u16, height: u16) -> io::Result<()> {
        self.painter.resize(width, height);
        self.line(at, "r", &format!("{width}x{height}"))
    }

    fn line(&mut self, at: Duration, kind: &str, text: &str) -> io::Result<()> {
        writeln!(self.to, "{}", json!([at.as_secs_f64(), kind, text]))?;
        self.to.flush()
    }
}
