//! Since when something has stood on the screen. A key that approves it is deaf until a person can have read it: one meant for
//! the screen before must not break anything.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::base::Now;

/// How long what is approved must have stood on the screen.
const DEAF: Duration = Duration::from_millis(500);

/// See the module docs. Before it was first drawn it has not stood there at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown(Option<Duration>);

impl Shown {
    /// It is about to be drawn; the first time counts.
    pub fn drawn(&mut self, area: Rect, now: Now) {
        if area.width > 0 && area.height > 0 {
            self.0.get_or_insert(now.mono);
        }
    }

    /// What stands here now is another thing.
    pub fn anew(&mut self) {
        self.0 = None;
    }

    /// It has been there long enough to have been read.
    pub fn awake(&self, now: Now) -> bool {
        self.0.is_some_and(|shown| now.mono >= shown + DEAF)
    }

    /// When the key wakes up, if it is still to do so.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let awake = self.0? + DEAF;
        (awake > now.mono).then_some(awake)
    }
}
