//! Records what the terminal is sent, as an asciicast (version 2: a header line, then `[seconds, "o" or "r", text]`).

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

/// A recording.
#[derive(Debug)]
pub struct Recorder<W: Write = BufWriter<File>> {
    to: W,
    /// The end of a chunk that stopped inside a character.
    rest: Vec<u8>,
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
        Ok(Self { to, rest: Vec::new() })
    }

    /// What the terminal was sent.
    pub fn output(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.rest.split_off(whole);
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest = rest;
        self.line(at, "o", &text)
    }

    /// The terminal's new size.
    pub fn resized(&mut self, at: Duration, width: u16, height: u16) -> io::Result<()> {
        self.line(at, "r", &format!("{width}x{height}"))
    }

    fn line(&mut self, at: Duration, kind: &str, text: &str) -> io::Result<()> {
        writeln!(self.to, "{}", json!([at.as_secs_f64(), kind, text]))?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Recorder;

    #[test]
    fn a_recording_plays_back() {
        let mut bytes = Vec::new();
        {
            let mut recorder = Recorder::new(&mut bytes, 80, 24, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
            let text = "\u{1b}[1;1Hé".as_bytes();
            recorder.output(Duration::from_millis(500), &text[..text.len() - 1]).unwrap();
            recorder.output(Duration::from_millis(750), &text[text.len() - 1..]).unwrap();
            recorder.resized(Duration::from_secs(1), 100, 30).unwrap();
        }
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["version"], 2);
        let played: String = lines[1..3].iter().map(|line| line[2].as_str().unwrap()).collect();
        assert_eq!(played, "\u{1b}[1;1Hé");
        assert_eq!(lines[3], serde_json::json!([1.0, "r", "100x30"]));
    }
}
