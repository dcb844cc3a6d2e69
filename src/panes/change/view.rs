//! What a change says of itself: its name, its keys, its images.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Asked, Change, Of};
use crate::panes::{Look, Title, state::Message};
use crate::{
    base::{sanitize, width},
    config::Role,
    msg::Command,
    widgets::{caret, fill, put, put_spans, style_row},
};

impl Change {
    /// Name for the frame.
    pub fn name(&self) -> String {
        if self.images_only() { "Image".to_owned() } else { "Edit".to_owned() }
    }

    /// The title.
    pub fn title(&self) -> Title {
        let right = self.asked.map(|asked| {
            let text = match asked {
                Asked::Read(_) => "reading…",
                Asked::Editor(_) => "in your editor…",
                Asked::Check(_) => "asking the API server…",
            };
            (text.to_owned(), Role::TextDim)
        });
        Title { words: vec![(sanitize::line(&self.short()).into_owned(), Role::Text)], right }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        if self.images.is_empty() {
            return vec![(Command::EditObject, "edit again", Role::Key), (Command::Back, "leave", Role::Key)];
        }
        vec![
            (Command::Accept, "preview", Role::Key),
            (Command::Complete, "next container", Role::Key),
            (Command::Cancel, "leave", Role::Key),
        ]
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let text = look.theme.style(Role::Text);
        fill(buf, area, text);
        let room = area.width.saturating_sub(4);
        let mut y = area.y + 1;
        for (at, image) in self.images.iter().enumerate().take(usize::from(area.height.saturating_sub(4))) {
            let focused = at == self.at;
            let label = width::cut(&image.container, 18).into_owned();
            let role = if focused { Role::TextStrong } else { Role::TextDim };
            put(buf, area.x + 2, y, 18, &label, text.patch(look.theme.style(role)));
            let (shown, cursor) = image.line.window(usize::from(room.saturating_sub(20)));
            let changed = if image.line.text() == image.now { Role::Text } else { Role::Warn };
            let style = text.patch(look.theme.style(changed));
            put_spans(buf, area.x + 22, y, room.saturating_sub(20), [(shown, style)]);
            if image.line.text().is_empty() && !image.differ.is_empty() {
                let told = format!("  they differ: {}", image.differ);
                put(buf, area.x + 22, y, room.saturating_sub(20), &told, text.patch(look.theme.style(Role::TextDim)));
            }
            if focused {
                style_row(buf, area.x + 22, y, room.saturating_sub(20), look.theme.style(Role::Selection));
                caret(buf, area.x + 22 + u16::try_from(cursor).unwrap_or(0), y);
            }
            y += 1;
        }
        let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let waits = match &self.of {
            Of::Draft(_) => "what was proposed is corrected by your hand",
            Of::Images(objects) if objects.len() > 1 => "the objects are being read",
            Of::Object(_) | Of::Images(_) => "the object is being read",
        };
        match (&self.failure, self.images.is_empty()) {
            (Some(failure), _) => {
                let (what, fix) = (sanitize::line(&failure.what), sanitize::line(&failure.fix));
                Message { text: what.into_owned(), fix: fix.into_owned(), role: Role::Bad }.view(below, buf, look);
            }
            (None, true) => Message::quiet(waits, "").view(below, buf, look),
            (None, false) => {}
        }
    }
}
