//! What stands on the screen, before it is wrapped, scrolled and cut: for whoever must know the whole of what is seen in part.

use ratatui::layout::Rect;

use super::{App, Screen, layout};
use crate::panes::PaneKind;

/// Lines of a log before the first on the screen that are looked at as well: a private key has fewer.
const BEFORE: usize = 80;

impl App {
    /// The parts of the screen whose rows go on from one to the next.
    pub fn regions(&self) -> Vec<Rect> {
        let layout = &self.layout;
        if layout.too_small {
            return vec![layout.whole];
        }
        let mut regions = vec![layout.header, layout.above, layout.below, layout.caption, layout.hint];
        if self.screens.is_empty() {
            regions.extend(layout.panes.iter().map(|(_, area)| layout::inside(*area)));
        } else {
            regions.push(layout::inside(layout.body));
        }
        regions
    }

    /// Gives every text of which a part may be on the screen, as it came.
    pub fn texts(&self, mut give: impl FnMut(&str)) {
        if let Some(prompt) = &self.prompt {
            give(prompt.line.text());
        }
        if let Some(notice) = &self.notice {
            give(&notice.text);
        }
        match self.screens.last() {
            Some(Screen::Viewer(viewer)) => give(&viewer.lines().join("\n")),
            Some(Screen::Logs(logs)) => give(&logs.around(BEFORE)),
            None if self.layout.pane(PaneKind::Agent).is_some() => self.panes.agent.texts().for_each(give),
            Some(_) | None => {}
        }
    }
}
