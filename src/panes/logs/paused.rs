//! What comes while the screen stands still.

use crate::cluster::logs::{Bounded, LogLine};

/// Lines that wait, oldest first.
#[derive(Debug, Default)]
pub struct Paused {
    lines: Bounded,
    /// Lost before they came here, in front of all that waits.
    lost: u64,
}

/// Lines given at once.
const PIECE: usize = 1024;

impl Paused {
    /// Takes lines in. What does not fit any more goes, the oldest first, and is counted.
    pub fn take(&mut self, lines: Vec<LogLine>, lost: u64) {
        self.lost += lost;
        for line in lines {
            self.lines.push(line);
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// How many were lost meanwhile.
    pub fn lost(&self) -> u64 {
        self.lost + self.lines.dropped()
    }

    /// The next lines, and how many are missing before them.
    pub fn give(&mut self) -> Option<(Vec<LogLine>, u64)> {
        let lost = std::mem::take(&mut self.lost) + self.lines.take_dropped();
        let lines: Vec<LogLine> = std::iter::from_fn(|| self.lines.pop()).take(PIECE).collect();
        (lost > 0 || !lines.is_empty()).then_some((lines, lost))
    }
}
