//! The caption strip of a running script: what is said, which step it is, and the keys it offers. It stands above the hints
//! and covers nothing.

use ratatui::buffer::Buffer;

use super::App;
use crate::{
    base::width,
    config::{Role, keymap::chain},
    msg::{Caption, Context, caption::Tone},
    widgets::{fill, put, put_right},
};

/// Lines of text at most; what is longer is cut.
const MOST: usize = 3;

/// Rows the caption wants.
pub fn height(app: &App) -> u16 {
    let Some(caption) = &app.caption else { return 0 };
    let lines = u16::try_from(lines(caption, app.size.0).len()).unwrap_or(1);
    // Keys stand in a line of their own: they must be found at once.
    lines + u16::from(!caption.keys.is_empty() || !caption.aside.is_empty()) + u16::from(app.presenting)
}

/// What is said, wrapped beside the count of steps.
fn lines(caption: &Caption, columns: u16) -> Vec<String> {
    let room = usize::from(columns).saturating_sub(4 + width::width(&count(caption)));
    let wrapped: Vec<String> =
        width::wrap(&caption.text, room.max(10)).into_iter().take(MOST).map(str::to_owned).collect();
    if wrapped.is_empty() { vec![String::new()] } else { wrapped }
}

fn count(caption: &Caption) -> String {
    format!("step {} of {}", caption.step, caption.of)
}

/// Draws it.
pub fn view(app: &App, buf: &mut Buffer) {
    let (Some(caption), area) = (&app.caption, app.layout.caption) else { return };
    if area.height == 0 {
        return;
    }
    let style = |role| app.theme.style(Role::Text).patch(app.theme.style(role));
    let role = match caption.tone {
        Tone::Failed => Role::Bad,
        Tone::Plays | Tone::Holds | Tone::ByHand => Role::TextStrong,
    };
    fill(buf, area, style(Role::Text));
    let mark = match (caption.tone, app.theme.ascii) {
        (Tone::Failed, false) => "✗ ",
        (Tone::Failed, true) => "x ",
        (_, false) => "▌ ",
        (_, true) => "| ",
    };
    let top = area.y + u16::from(app.presenting && area.height > 2);
    let count = count(caption);
    let cells = u16::try_from(width::width(&count)).unwrap_or(0);
    put_right(buf, area.right().saturating_sub(1), top, cells, &count, style(Role::TextDim));
    let room = area.width.saturating_sub(cells + 4);
    let last = area.bottom().saturating_sub(1);
    let keyed = !caption.keys.is_empty() || !caption.aside.is_empty();
    for (y, line) in (top..area.bottom()).zip(lines(caption, area.width)) {
        if keyed && y == last && area.height > 1 {
            break;
        }
        let used =
            put(buf, area.x + 1, y, 2, mark, style(if caption.tone == Tone::Failed { role } else { Role::Accent }));
        put(buf, area.x + 1 + used, y, room, &line, style(role));
    }
    if !keyed || area.height < 2 {
        return;
    }
    let (mut x, end) = (area.x + 3, area.right().saturating_sub(1));
    // Behind all other keys one that means something else is none to offer.
    let path = if caption.asks_last() { app.chain() } else { chain(Context::Script) };
    for (command, word) in &caption.keys {
        let Some(key) = app.keymap.key(&path, *command) else { continue };
        x += put(buf, x, last, end.saturating_sub(x), &key, style(Role::Key));
        x += 1 + put(buf, x + 1, last, end.saturating_sub(x + 1), word, style(Role::TextDim));
        x += 3;
    }
    put(buf, x, last, end.saturating_sub(x), &caption.aside, style(Role::TextDim));
}
