//! Borders that panes share: where two boxes touch, their corners join.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// The glyphs of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Single lines with round corners.
    Lines,
    /// `+ - |`, for terminals without box glyphs.
    Ascii,
}

const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// Which directions a glyph reaches, and the glyph. Straight joints first: a corner drawn alone is round.
const JOINTS: [(u8, &str); 15] = [
    (LEFT | RIGHT, "─"),
    (UP | DOWN, "│"),
    (DOWN | RIGHT, "╭"),
    (DOWN | LEFT, "╮"),
    (UP | RIGHT, "╰"),
    (UP | LEFT, "╯"),
    (UP | DOWN | RIGHT, "├"),
    (UP | DOWN | LEFT, "┤"),
    (DOWN | LEFT | RIGHT, "┬"),
    (UP | LEFT | RIGHT, "┴"),
    (UP | DOWN | LEFT | RIGHT, "┼"),
    (LEFT, "╴"),
    (UP, "╵"),
    (RIGHT, "╶"),
    (DOWN, "╷"),
];

/// Draws a box, joining the lines that are already there.
pub fn frame(buf: &mut Buffer, area: Rect, glyphs: Glyphs, style: Style) {
    let area = area.intersection(buf.area);
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
    for x in left..=right {
        let sides = |inner: u8, x: u16| match x {
            x if x == left => RIGHT | inner,
            x if x == right => LEFT | inner,
            _ => LEFT | RIGHT,
        };
        join(buf, x, top, sides(DOWN, x), glyphs, style);
        join(buf, x, bottom, sides(UP, x), glyphs, style);
    }
    for y in top + 1..bottom {
        join(buf, left, y, UP | DOWN, glyphs, style);
        join(buf, right, y, UP | DOWN, glyphs, style);
    }
}

/// Draws a vertical line that joins what it meets.
pub fn divide(buf: &mut Buffer, x: u16, top: u16, bottom: u16, glyphs: Glyphs, style: Style) {
    for y in top..bottom {
        join(buf, x, y, UP | DOWN, glyphs, style);
    }
}

fn join(buf: &mut Buffer, x: u16, y: u16, reach: u8, glyphs: Glyphs, style: Style) {
    let Some(cell) = buf.cell_mut((x, y)) else { return };
    match glyphs {
        Glyphs::Ascii => {
            let there = match cell.symbol() {
                "-" => LEFT | RIGHT,
                "|" => UP | DOWN,
                "+" => UP | DOWN | LEFT | RIGHT,
                _ => 0,
            };
            cell.set_symbol(match reach | there {
                both if both == LEFT | RIGHT => "-",
                both if both == UP | DOWN => "|",
                _ => "+",
            });
        }
        Glyphs::Lines => {
            let there = JOINTS.iter().find(|(_, glyph)| *glyph == cell.symbol()).map_or(0, |(reach, _)| *reach);
            if let Some((_, glyph)) = JOINTS.iter().find(|(joint, _)| *joint == reach | there) {
                cell.set_symbol(glyph);
            }
        }
    }
    cell.set_style(style);
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::{Glyphs, frame};

    #[test]
    fn boxes_share_their_borders() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 9, 5));
        for area in [Rect::new(0, 0, 5, 3), Rect::new(0, 2, 5, 3), Rect::new(4, 0, 5, 5)] {
            frame(&mut buf, area, Glyphs::Lines, Style::new());
        }
        assert_eq!(buf, Buffer::with_lines(["╭───┬───╮", "│   │   │", "├───┤   │", "│   │   │", "╰───┴───╯"]));
    }

    #[test]
    fn ascii_draws_the_same_shape() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 3));
        frame(&mut buf, Rect::new(0, 0, 3, 3), Glyphs::Ascii, Style::new());
        frame(&mut buf, Rect::new(2, 0, 3, 3), Glyphs::Ascii, Style::new());
        assert_eq!(buf, Buffer::with_lines(["+-+-+", "| | |", "+-+-+"]));
    }

    #[test]
    fn a_box_without_room_is_not_drawn() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 3));
        frame(&mut buf, Rect::new(0, 0, 1, 3), Glyphs::Lines, Style::new());
        frame(&mut buf, Rect::new(5, 5, 4, 4), Glyphs::Lines, Style::new());
        assert_eq!(buf, Buffer::empty(Rect::new(0, 0, 3, 3)));
    }
}
