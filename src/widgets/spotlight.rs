//! Puts an area into the shade, so that another one is looked at. What stands there can still be read.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier},
};

/// So much of its colour a text keeps, in percent.
const KEPT: u16 = 55;

/// Shades an area, but for what lies in the light.
pub fn shade(buf: &mut Buffer, area: Rect, light: Rect) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if light.contains((x, y).into()) {
                continue;
            }
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            cell.modifier.remove(Modifier::BOLD);
            match (cell.fg, cell.bg) {
                (Color::Rgb(r, g, b), Color::Rgb(to_r, to_g, to_b)) => {
                    cell.fg = Color::Rgb(mixed(r, to_r), mixed(g, to_g), mixed(b, to_b));
                }
                // Nobody knows what stands between two colours of a palette.
                _ => cell.modifier.insert(Modifier::DIM),
            }
        }
    }
}

fn mixed(own: u8, ground: u8) -> u8 {
    let mixed = (u16::from(own) * KEPT + u16::from(ground) * (100 - KEPT)) / 100;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use ratatui::{
        buffer::Buffer,
        layout::Rect,
        style::{Color, Modifier, Style},
    };

    use super::shade;

    #[test]
    fn what_lies_in_the_light_stays_as_it_is() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        let white = Style::new().fg(Color::Rgb(255, 255, 255)).bg(Color::Rgb(0, 0, 0)).add_modifier(Modifier::BOLD);
        buf.set_string(0, 0, "abcd", white);
        buf[(3, 0)].set_style(Style::new().fg(Color::Indexed(7)));
        let area = buf.area;
        shade(&mut buf, area, Rect::new(0, 0, 1, 1));
        assert_eq!(buf[(0, 0)].style().fg, Some(Color::Rgb(255, 255, 255)));
        assert_eq!(buf[(1, 0)].style().fg, Some(Color::Rgb(140, 140, 140)));
        assert!(!buf[(1, 0)].modifier.contains(Modifier::BOLD));
        assert!(buf[(3, 0)].modifier.contains(Modifier::DIM));
    }
}
