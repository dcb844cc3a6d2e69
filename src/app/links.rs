//! Addresses on the screen, for terminals that open them.

use ratatui::buffer::Buffer;

use super::{App, Screen, layout};
use crate::{
    panes::PaneKind,
    widgets::link::{self, Link},
};

impl App {
    /// The links in what was drawn.
    pub fn links(&self, buf: &Buffer) -> Vec<Link> {
        if self.layout.too_small {
            return Vec::new();
        }
        let ascii = self.theme.ascii;
        let Some(screen) = self.screens.last() else {
            let mut links = Vec::new();
            for (kind, area) in &self.layout.panes {
                let told = if *kind == PaneKind::Agent { self.panes.agent.told() } else { Vec::new() };
                links.extend(link::find(buf, layout::inside(*area), told.iter().copied(), ascii));
            }
            return links;
        };
        let told = match screen {
            Screen::Viewer(viewer) => viewer.told(),
            Screen::Logs(logs) => logs.told(),
            _ => Vec::new(),
        };
        link::find(buf, layout::inside(self.layout.body), told.iter().copied(), ascii)
    }
}
