//! Frames as bytes: only cells that differ, only attributes that change. A frame like the one before is no bytes at all.

use std::io::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr as _;

/// Begin of a synchronized update (DEC private mode 2026); terminals without it ignore it.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// End of it.
pub const END: &[u8] = b"\x1b[?2026l";

/// Remembers what the terminal shows.
#[derive(Debug)]
pub struct Painter {
    shown: Buffer,
    next: Buffer,
    cursor: Option<Position>,
    whole: bool,
    bytes: Vec<u8>,
}

impl Painter {
    /// For a terminal of this size that shows nothing yet.
    pub fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            whole: true,
            bytes: Vec::with_capacity(1 << 16),
        }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, width: u16, height: u16) {
        let bytes = std::mem::take(&mut self.bytes);
        *self = Self { bytes, ..Self::new(width, height) };
    }

    /// The terminal no longer shows what was drawn.
    pub fn forget(&mut self) {
        self.whole = true;
    }

    /// Draws a frame with `view` and gives the bytes that bring the terminal there; empty when it is there already. `view`
    /// gives the place of the visible cursor, if any.
    pub fn frame(&mut self, view: impl FnOnce(&mut Buffer) -> Option<Position>) -> &[u8] {
        self.next.reset();
        let cursor = view(&mut self.next);
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        let empty = self.bytes.len();
        let mut pen = Pen::default();
        if self.whole {
            self.shown.reset();
            // What is on the terminal is not known, so nothing may be taken for shown; a cleared screen has no ground colour.
            self.bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            let area = self.next.area;
            for y in area.top()..area.bottom() {
                let mut skip = 0;
                for x in area.left()..area.right() {
                    let Some(cell) = self.next.cell((x, y)) else { continue };
                    if skip > 0 {
                        skip -= 1;
                        continue;
                    }
                    skip = cell.symbol().width().saturating_sub(1);
                    pen.put(&mut self.bytes, x, y, cell);
                }
            }
            self.whole = false;
        } else {
            for (x, y, cell) in self.shown.diff(&self.next) {
                pen.put(&mut self.bytes, x, y, cell);
            }
        }
        if pen.styled() {
            self.bytes.extend_from_slice(b"\x1b[0m");
        }
        let drawn = self.bytes.len() > empty;
        if cursor != self.cursor || (drawn && cursor.is_some()) {
            match cursor {
                Some(at) => {
                    let _ = write!(self.bytes, "\x1b[{};{}H\x1b[?25h", at.y + 1, at.x + 1);
                }
                None => self.bytes.extend_from_slice(b"\x1b[?25l"),
            }
            self.cursor = cursor;
        }
        if self.bytes.len() == empty {
            self.bytes.clear();
        } else {
            self.bytes.extend_from_slice(END);
        }
        std::mem::swap(&mut self.shown, &mut self.next);
        &self.bytes
    }

    /// Where its cursor is, when it is seen.
    pub fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// What the terminal shows.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }
}

/// Where the terminal's cursor is and what it writes with.
#[derive(Debug, Default)]
struct Pen {
    at: Option<(u16, u16)>,
    fg: Color,
    bg: Color,
    modifiers: Modifier,
}

impl Pen {
    fn styled(&self) -> bool {
        self.fg != Color::Reset || self.bg != Color::Reset || !self.modifiers.is_empty()
    }

    fn put(&mut self, out: &mut Vec<u8>, x: u16, y: u16, cell: &Cell) {
        self.go(out, x, y);
        self.dress(out, cell);
        let symbol = cell.symbol();
        out.extend_from_slice(symbol.as_bytes());
        // One cell for sure: ASCII, and the box, block and arrow glyphs brink draws itself. For anything else terminals
        // disagree, so the next cell is addressed anew.
        let sure = symbol.len() == 1
            || (symbol.chars().count() == 1
                && symbol.chars().all(|c| matches!(c, '\u{a0}'..='\u{2ff}' | '\u{2010}'..='\u{203e}' | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{259f}')));
        self.at = sure.then(|| (x + 1, y));
    }

    fn go(&mut self, out: &mut Vec<u8>, x: u16, y: u16) {
        match self.at {
            Some((at_x, at_y)) if at_y == y && at_x == x => {}
            Some((at_x, at_y)) if at_y == y && x > at_x => {
                let _ = match x - at_x {
                    1 => write!(out, "\x1b[C"),
                    cells => write!(out, "\x1b[{cells}C"),
                };
            }
            _ => {
                let _ = match x {
                    0 => write!(out, "\x1b[{}H", y + 1),
                    x => write!(out, "\x1b[{};{}H", y + 1, x + 1),
                };
            }
        }
    }

    fn dress(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        if (cell.fg, cell.bg, cell.modifier) == (self.fg, self.bg, self.modifiers) {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        if !(self.modifiers - cell.modifier).is_empty() {
            codes.push("0".to_owned());
            (self.fg, self.bg, self.modifiers) = (Color::Reset, Color::Reset, Modifier::empty());
        }
        for (modifier, code) in MODIFIERS {
            if (cell.modifier - self.modifiers).contains(modifier) {
                codes.push(code.to_owned());
            }
        }
        // A blank has no foreground: its colour need not be said.
        let blank = cell.symbol() == " " && !cell.modifier.intersects(Modifier::UNDERLINED | Modifier::REVERSED);
        if cell.fg != self.fg && !blank {
            codes.push(color(cell.fg, 30));
            self.fg = cell.fg;
        }
        if cell.bg != self.bg {
            codes.push(color(cell.bg, 40));
            self.bg = cell.bg;
        }
        self.modifiers = cell.modifier;
        if !codes.is_empty() {
            let _ = write!(out, "\x1b[{}m", codes.join(";"));
        }
    }
}

const MODIFIERS: [(Modifier, &str); 5] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
];

/// The code of a colour; `base` is 30 for the foreground, 40 for the ground.
fn color(color: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match color {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}
