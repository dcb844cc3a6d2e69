//! Text into cells, clipped at every edge.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::base::width;

/// Writes text from `x` in at most `cells` cells, cut with `…`; gives the cells used.
pub fn put(buf: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return 0;
    }
    let room = cells.min(area.right() - x);
    let fits = width::cut(text, usize::from(room));
    let (end, _) = buf.set_stringn(x, y, &fits, usize::from(room), style);
    end.saturating_sub(x)
}

/// Writes text so that it ends before `right`, in at most `cells` cells; gives the cells used.
pub fn put_right(buf: &mut Buffer, right: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
    let fits = width::cut(text, usize::from(cells));
    let used = u16::try_from(width::width(&fits)).unwrap_or(cells);
    put(buf, right.saturating_sub(used), y, used, &fits, style)
}

/// Writes pieces one after the other; gives the cells used. The first piece that does not fit is cut, the rest left out.
pub fn put_spans<'a>(
    buf: &mut Buffer,
    x: u16,
    y: u16,
    cells: u16,
    spans: impl IntoIterator<Item = (&'a str, Style)>,
) -> u16 {
    let mut used = 0;
    for (text, style) in spans {
        if used >= cells {
            break;
        }
        used += put(buf, x + used, y, cells - used, text, style);
    }
    used
}

/// Marks the cell where typed text goes.
pub fn caret(buf: &mut Buffer, x: u16, y: u16) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_style(Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// Patches the style of a row of cells.
pub fn style_row(buf: &mut Buffer, x: u16, y: u16, cells: u16, style: Style) {
    buf.set_style(Rect { x, y, width: cells, height: 1 }, style);
}

/// Clears an area to spaces in a style.
pub fn fill(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::{put, put_right};

    #[test]
    fn nothing_leaves_its_room() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        assert_eq!(put(&mut buf, 0, 0, 4, "abcdef", Style::new()), 4);
        assert_eq!(buf, Buffer::with_lines(["abc…  "]));
        assert_eq!(put(&mut buf, 9, 0, 4, "abc", Style::new()), 0);
        assert_eq!(put(&mut buf, 0, 9, 4, "abc", Style::new()), 0);
        put_right(&mut buf, 6, 0, 3, "xy", Style::new());
        assert_eq!(buf, Buffer::with_lines(["abc…xy"]));
    }
}
