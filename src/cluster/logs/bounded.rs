//! The newest lines, bounded in number and in bytes; what had to go is counted.

use std::collections::VecDeque;

use super::LogLine;

/// Lines kept of a log, on the way to the screen and on it. The newest count: a log that is written faster than it can be
/// shown is no reason to show what was true minutes ago.
pub const KEPT: usize = 10_000;

/// Bytes kept of them. Ten thousand ordinary lines take a tenth of it; long ones do not take the memory.
pub const BYTES: usize = 16 << 20;

/// Lines that wait for somebody, oldest first.
#[derive(Debug, Default)]
pub struct Bounded {
    lines: VecDeque<LogLine>,
    bytes: usize,
    dropped: u64,
}

impl Bounded {
    /// Adds the newest line; the oldest make room for it.
    pub fn push(&mut self, line: LogLine) {
        self.bytes += line.weight();
        self.lines.push_back(line);
        while self.lines.len() > KEPT || self.bytes > BYTES && self.lines.len() > 1 {
            self.pop();
            self.dropped += 1;
        }
    }

    /// Takes the oldest line out; it does not count as dropped.
    pub fn pop(&mut self) -> Option<LogLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.weight();
        Some(line)
    }

    /// Lines that were dropped since the last call of this.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// How many were dropped since then.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::Writer, BYTES, Bounded, KEPT, LogLine};

    fn line(text: String) -> LogLine {
        let writer = Arc::new(Writer { pod: "web".to_owned(), container: String::new() });
        LogLine { time: None, writer, text: text.into(), note: false }
    }

    #[test]
    fn the_newest_stay_within_lines_and_bytes() {
        let mut short = Bounded::default();
        for at in 0..KEPT + 7 {
            short.push(line(at.to_string()));
        }
        assert_eq!(short.take_dropped(), 7);
        assert_eq!(short.pop().map(|line| line.text.into_string()), Some("7".to_owned()));
        let mut long = Bounded::default();
        for _ in 0..2_000 {
            long.push(line("x".repeat(16 << 10)));
        }
        let held: usize = std::iter::from_fn(|| long.pop()).map(|line| line.weight()).sum();
        assert!(held <= BYTES && held > BYTES / 2, "{held}");
        assert!(long.take_dropped() > 900);
    }
}
