//! Draws the cockpit. Changes nothing: the layout was computed when the last event was settled.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{App, caption, header, hints, layout};
use crate::{
    base::width,
    config::{Role, keymap::written},
    panes::{Look, PaneKind, Title, live},
    widgets::{
        self, fill,
        frame::{self, Glyphs},
        put, put_right,
    },
};

impl App {
    /// Draws a frame; gives the place of the terminal's cursor while text is typed.
    pub fn view(&self, buf: &mut Buffer) -> Option<Position> {
        let place = self.draw(buf);
        if self.theme.ascii {
            widgets::ascii::only(buf);
        }
        place
    }

    fn draw(&self, buf: &mut Buffer) -> Option<Position> {
        let style = |role| self.theme.style(role);
        fill(buf, buf.area, style(Role::Text));
        if self.layout.too_small {
            self.too_small(buf);
            return None;
        }
        header::view(self, buf);
        let near = self.far_front().is_none();
        self.far_frame(buf, false);
        if let Some(screen) = self.screens.last().filter(|_| !self.layout.body.is_empty()) {
            let look = self.look(near);
            self.boxed(buf, self.layout.body, near);
            let (name, title) = self.near_title(&screen.name(), screen.title(self.now));
            self.title(buf, self.layout.body, &name, &title, near);
            screen.view(layout::inside(self.layout.body), buf, &look);
        } else {
            self.panes(buf);
        }
        self.far_frame(buf, true);
        self.far_view(buf);
        live::strip(self.layout.below, buf, &self.look(false));
        caption::view(self, buf);
        self.casts(buf);
        // Drawn last: nothing may cover the emergency stop.
        self.stop.view(self.layout.above, buf, &self.look(false));
        self.bottom(buf)
    }

    fn too_small(&self, buf: &mut Buffer) {
        let text = format!("too small: {}x{} needed", layout::LEAST.0, layout::LEAST.1);
        let area = buf.area;
        for (line, part) in (0..area.height).zip(width::wrap(&text, usize::from(area.width))) {
            put(buf, area.x, area.y + line, area.width, part, self.theme.style(Role::Warn));
        }
        if self.stop.on(&self.world) && area.height > 2 {
            put(buf, area.x, area.bottom() - 2, area.width, "STOPPED", self.theme.style(Role::Bad));
        }
        // What is live is said at any size.
        if let Some(live) = self.world.live().first()
            && area.height > 1
        {
            let text = format!("{} {} is live", if self.theme.ascii { "!" } else { "↯" }, live.kind);
            put(buf, area.x, area.bottom() - 1, area.width, &text, self.theme.style(Role::FaultBg));
        }
    }

    fn panes(&self, buf: &mut Buffer) {
        let near = self.far_front().is_none();
        let focused = |kind: PaneKind| near && kind == self.focus;
        let mut order = self.layout.panes.clone();
        // The focused frame is drawn last, so that shared lines take its colour.
        order.sort_by_key(|(kind, _)| focused(*kind));
        for (kind, area) in &order {
            self.boxed(buf, *area, focused(*kind));
        }
        for (kind, area) in &order {
            self.pane(buf, *kind, *area, &self.look(focused(*kind)));
        }
        if let Some(light) = self.layout.pane(self.focus).filter(|_| self.presenting) {
            for (_, area) in order.iter().filter(|(kind, _)| !focused(*kind)) {
                widgets::spotlight::shade(buf, *area, light);
            }
        }
    }

    fn pane(&self, buf: &mut Buffer, kind: PaneKind, area: Rect, look: &Look<'_>) {
        let title = self.pane_title(kind);
        if self.layout.tabs {
            self.tab_strip(buf, area, &title);
        } else {
            let (name, title) = self.near_title(kind.name(), title);
            self.title(buf, area, &name, &title, look.focused);
        }
        let inside = layout::inside(area);
        match kind {
            PaneKind::Pods => self.panes.pods.view(inside, buf, look),
            PaneKind::Routes => self.panes.routes.view(inside, buf, look),
            PaneKind::Mesh => self.panes.mesh.view(inside, buf, look),
            PaneKind::Faults => self.panes.faults.view(inside, buf, look),
            PaneKind::Agent => self.panes.agent.view(inside, buf, look),
        }
    }

    pub(super) fn pane_title(&self, kind: PaneKind) -> Title {
        match kind {
            PaneKind::Pods => self.panes.pods.title(self.now),
            PaneKind::Routes => self.panes.routes.title(self.now),
            PaneKind::Mesh => self.panes.mesh.title(&self.world, self.now),
            PaneKind::Faults => self.panes.faults.title(&self.world, self.now),
            PaneKind::Agent => self.panes.agent.title(),
        }
    }

    pub(super) fn boxed(&self, buf: &mut Buffer, area: Rect, focused: bool) {
        let role = match (self.world.any_live(), focused) {
            (true, _) => Role::Fault,
            (false, true) => Role::BorderFocus,
            (false, false) => Role::Border,
        };
        let glyphs = if self.theme.ascii { Glyphs::Ascii } else { Glyphs::Lines };
        frame::frame(buf, area, glyphs, self.theme.style(role));
    }

    /// Name, words and right end in the upper line of a frame.
    pub(super) fn title(&self, buf: &mut Buffer, area: Rect, name: &str, title: &Title, focused: bool) {
        let role = if focused { Role::TextStrong } else { Role::TextDim };
        let words = std::iter::once((name, role)).chain(title.words.iter().map(|(text, role)| (text.as_str(), *role)));
        self.title_words(buf, area, words, title.right.as_ref());
    }

    /// The pane whose name stands at a column, where there is one pane at a time.
    pub(super) fn tab_at(&self, x: u16) -> Option<PaneKind> {
        let area = self.layout.body;
        let mut from = area.x + 2;
        for (kind, text, _) in self.tab_words(&self.pane_title(self.focus)) {
            // Each word has a blank before it.
            let to = from + 1 + u16::try_from(width::width(&text)).unwrap_or(0);
            if !text.is_empty() && (from..to).contains(&x) && to < area.right() {
                return Some(kind);
            }
            from = if text.is_empty() { from } else { to };
        }
        None
    }

    /// At one pane at a time the names of the others stand beside it.
    fn tab_strip(&self, buf: &mut Buffer, area: Rect, title: &Title) {
        let words = self.tab_words(title);
        let words = words.iter().map(|(_, text, role)| (text.as_str(), *role));
        self.title_words(buf, area, words, title.right.as_ref());
    }

    /// The names of all panes, and what else stands in the title of the one that is shown.
    fn tab_words(&self, title: &Title) -> Vec<(PaneKind, String, Role)> {
        let mut words: Vec<(PaneKind, String, Role)> = Vec::new();
        for kind in PaneKind::ALL {
            // Names stand two cells apart, a name and its words one.
            let gap = if words.is_empty() { "" } else { " " };
            if kind == self.focus {
                words.push((kind, format!("{gap}{}", kind.name()), Role::TextStrong));
                words.extend(title.words.iter().map(|(text, role)| (kind, text.clone(), *role)));
            } else {
                let live = if kind == PaneKind::Faults { self.world.live().len() } else { 0 };
                let (text, role) = if live > 0 {
                    (format!("{} {live}", kind.name()), Role::Fault)
                } else {
                    (kind.name().to_owned(), Role::TextDim)
                };
                words.push((kind, format!("{gap}{text}"), role));
            }
        }
        words
    }

    fn title_words<'a>(
        &self,
        buf: &mut Buffer,
        area: Rect,
        words: impl Iterator<Item = (&'a str, Role)>,
        right: Option<&(String, Role)>,
    ) {
        let style = |role| self.theme.style(Role::Text).patch(self.theme.style(role));
        if area.width < 8 {
            return;
        }
        let mut end = area.right() - 2;
        if let Some((text, role)) = right {
            let cells = u16::try_from(width::width(text)).unwrap_or(u16::MAX).saturating_add(2);
            if cells < area.width / 2 {
                put_right(buf, end, area.y, cells, &format!(" {text} "), style(*role));
                end -= cells + 1;
            }
        }
        let mut x = area.x + 2;
        for (text, role) in words {
            // A word that does not fit with the blank after it is left out rather than run into the frame.
            if text.is_empty() || x + 3 >= end {
                continue;
            }
            x += put(buf, x, area.y, 1, " ", style(role));
            x += put(buf, x, area.y, end.saturating_sub(x + 1), text, style(role));
        }
        put(buf, x, area.y, end.saturating_sub(x), " ", style(Role::Text));
    }

    /// The line at the bottom: what is typed, what was said, or the keys.
    fn bottom(&self, buf: &mut Buffer) -> Option<Position> {
        let area = self.layout.hint;
        let style = |role| self.theme.style(role);
        let (x, room) = (area.x + 1, area.width.saturating_sub(2));
        if let Some(prompt) = &self.prompt {
            put(buf, x, area.y, 1, ":", style(Role::Accent));
            let (shown, at) = prompt.line.window(usize::from(room.saturating_sub(2)).max(2));
            let mut used = put(buf, x + 1, area.y, room.saturating_sub(1), shown, style(Role::Text));
            if let Some(ghost) = prompt.ghost() {
                used += put(buf, x + 1 + used, area.y, room.saturating_sub(1 + used), ghost, style(Role::TextDim));
            }
            let choices = prompt.choices.iter().take(8).map(String::as_str).collect::<Vec<_>>().join("   ");
            let from = x + 1 + used + 3;
            put(buf, from, area.y, area.right().saturating_sub(from + 1), &choices, style(Role::TextDim));
            return Some(Position { x: x + 1 + u16::try_from(at).unwrap_or(0), y: area.y });
        }
        if !self.pending.is_empty() {
            let dots = if self.theme.ascii { "..." } else { "…" };
            let keys = format!("{} {dots}", written(&self.pending));
            let used = put(buf, x, area.y, room, &keys, style(Role::Accent)).saturating_add(3);
            let follow = hints::following(self);
            widgets::hints::hints(buf, x.saturating_add(used), area.y, room.saturating_sub(used), &follow, &self.theme);
            return None;
        }
        if let Some(notice) = self.notice.as_ref().filter(|notice| notice.until > self.now.mono) {
            let mark = match (notice.role, self.theme.ascii) {
                (Role::Good, false) => "✓ ",
                (Role::Bad, false) => "✗ ",
                (Role::Warn, _) => "! ",
                (Role::Good, true) => "ok: ",
                (Role::Bad, true) => "failed: ",
                _ => "",
            };
            put(buf, x, area.y, room, &format!("{mark}{}", notice.text), style(notice.role));
            return None;
        }
        widgets::hints::hints(buf, x, area.y, room, &hints::hints(self), &self.theme);
        None
    }
}
