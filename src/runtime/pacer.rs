//! When to draw: at once after idle, else not before a frame's time has passed. Not dirty, no frame.

use std::time::Duration;

/// The pacer.
#[derive(Debug, Clone, Copy)]
pub struct Pacer {
    frame: Duration,
    last: Option<Duration>,
    dirty: bool,
}

impl Pacer {
    /// At most `fps` frames a second (1 to 120).
    pub fn new(fps: u64) -> Self {
        Self { frame: frame(fps), last: None, dirty: false }
    }

    /// At most so many from here on.
    pub fn limit(&mut self, fps: u64) {
        self.frame = frame(fps);
    }

    /// Something may look different now.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// When the next frame is due, on the monotonic clock; `None` when there is nothing to draw.
    pub fn due(&self) -> Option<Duration> {
        self.dirty.then(|| self.last.map_or(Duration::ZERO, |last| last + self.frame))
    }

    /// Whether to draw now; if so, the frame is counted.
    pub fn draw(&mut self, now: Duration) -> bool {
        let draw = self.due().is_some_and(|due| due <= now);
        if draw {
            self.dirty = false;
            self.last = Some(now);
        }
        draw
    }
}

fn frame(fps: u64) -> Duration {
    Duration::from_nanos(1_000_000_000 / fps.clamp(1, 120))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pacer;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_first_after_idle_goes_through_and_the_rest_waits() {
        let mut pacer = Pacer::new(50);
        assert!(!pacer.draw(MS(0)), "nothing to draw");
        pacer.touch();
        assert!(pacer.draw(MS(1)));
        pacer.touch();
        assert!(!pacer.draw(MS(10)));
        assert_eq!(pacer.due(), Some(MS(21)));
        assert!(pacer.draw(MS(21)));
        assert_eq!(pacer.due(), None);
        pacer.touch();
        assert!(pacer.draw(MS(5000)), "after idle at once");
    }
}
