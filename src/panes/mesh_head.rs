//! The Mesh pane's line about the control plane: what is wrong first, else its figures, as much as there is room for.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Look, World};
use crate::{base::width::width, config::Role, mesh::signals::control_plane::ControlPlane, widgets::put_spans};

/// Least rows of a pane with room for it.
const ROOM: u16 = 16;

/// Whether the line stands in a pane of this height.
pub(super) fn stands(height: u16, world: &World) -> bool {
    height >= ROOM && told(world).is_some()
}

fn told(world: &World) -> Option<&ControlPlane> {
    world.metrics.as_ref()?.control_plane.as_ref()
}

/// Draws it into the first line of `area`.
pub(super) fn view(area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let Some(control) = told(look.world) else { return };
    let style = |role| look.theme.style(role);
    let troubles = control.troubles().into_iter().map(|words| (words, Role::Warn));
    let figures = control.words().into_iter().map(|words| (words, Role::Text));
    let room = usize::from(area.width.saturating_sub(2));
    let mut spans = vec![("control plane".to_owned(), Role::TextDim)];
    let mut used = width("control plane");
    for (words, role) in troubles.chain(figures) {
        let before = if spans.len() == 1 { "  " } else { " · " };
        let wide = width(before) + width(&words);
        // What does not fit whole is left out: half a figure says something else.
        if used + wide > room {
            break;
        }
        used += wide;
        spans.push((before.to_owned(), Role::TextDim));
        spans.push((words, role));
    }
    if spans.len() > 1 {
        put_spans(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(2),
            spans.iter().map(|(text, role)| (text.as_str(), style(*role))),
        );
    }
}
