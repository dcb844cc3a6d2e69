//! Frames as bytes: only cells that differ, only attributes that change. A frame like the one before is no bytes at all.

use std::io::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::{Color, Modifier},
};

use crate::{
    base::width,
    widgets::link::{self, Link},
};

/// Begin of a synchronized update (DEC private mode 2026); terminals without it ignore it.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// End of it.
pub const END: &[u8] = b"\x1b[?2026l";

/// Remembers what the terminal shows.
#[derive(Debug)]
pub struct Painter {
    shown: Buffer,
    next: Buffer,
    /// The links it shows.
    linked: Vec<Link>,
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
            linked: Vec::new(),
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
        self.frame_with(|buf| (view(buf), Vec::new()))
    }

    /// The same with links, for terminals that have them.
    pub fn frame_with(&mut self, view: impl FnOnce(&mut Buffer) -> (Option<Position>, Vec<Link>)) -> &[u8] {
        self.next.reset();
        let (cursor, links) = view(&mut self.next);
        let linked = Linked::new(&links, self.next.area);
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
                    skip = width::cells(cell.symbol()).saturating_sub(1);
                    pen.put(&mut self.bytes, x, y, cell, linked.at(x, y));
                }
            }
            self.whole = false;
        } else {
            let was = Linked::new(&self.linked, self.next.area);
            spoil_links(&mut self.shown, &was, &linked);
            spoil_spilled(&mut self.shown, &self.next);
            let mut hidden = None;
            for (x, y, cell) in self.shown.diff_iter(&self.next) {
                // The second half of a wide grapheme is drawn with it.
                if hidden.is_some_and(|(row, until)| y == row && x < until) {
                    continue;
                }
                pen.put(&mut self.bytes, x, y, cell, linked.at(x, y));
                let cells = u16::try_from(width::cells(cell.symbol())).unwrap_or(1);
                hidden = (cells > 1).then_some((y, x.saturating_add(cells)));
            }
        }
        if pen.linked.is_some() {
            self.bytes.extend_from_slice(link::CLOSE.as_bytes());
        }
        if pen.styled() {
            self.bytes.extend_from_slice(b"\x1b[0m");
        }
        self.linked = links;
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

/// Which cell belongs to which link; nothing at all without links.
struct Linked<'a> {
    links: &'a [Link],
    /// The number of the link from 1, by cell.
    cells: Vec<u16>,
    width: u16,
}

impl<'a> Linked<'a> {
    fn new(links: &'a [Link], area: Rect) -> Self {
        let mut cells = vec![0; if links.is_empty() { 0 } else { usize::from(area.width) * usize::from(area.height) }];
        for (number, link) in (1..).zip(links) {
            for (y, x, length) in &link.runs {
                let from = usize::from(*y) * usize::from(area.width) + usize::from(*x);
                let to = (from + usize::from(*length)).min(cells.len());
                cells.get_mut(from..to).into_iter().flatten().for_each(|cell| *cell = number);
            }
        }
        Self { links, cells, width: area.width }
    }

    fn at(&self, x: u16, y: u16) -> Option<&'a str> {
        let number = *self.cells.get(usize::from(y) * usize::from(self.width) + usize::from(x))?;
        self.links.get(usize::from(number.checked_sub(1)?)).map(|link| link.url.as_str())
    }
}

/// What no cell shows: it is drawn again whatever comes.
const SPOILED: &str = "\u{fffd}\u{fffd}";

/// Cells whose link changed are drawn again.
fn spoil_links(shown: &mut Buffer, was: &Linked<'_>, now: &Linked<'_>) {
    if was.links.is_empty() && now.links.is_empty() {
        return;
    }
    let area = shown.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if was.at(x, y) != now.at(x, y)
                && let Some(cell) = shown.cell_mut((x, y))
            {
                cell.set_symbol(SPOILED);
            }
        }
    }
}

/// A terminal that does not know what joins the characters of a grapheme draws it wider than it is: what stands behind it is drawn
/// again, over that.
fn spoil_spilled(shown: &mut Buffer, next: &Buffer) {
    let area = next.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = next.cell((x, y)) else { continue };
            let symbol = cell.symbol();
            if symbol.is_ascii() || shown.cell((x, y)) == Some(cell) {
                continue;
            }
            let (wide, spilled) = (width::cells(symbol), width::apart(symbol));
            for behind in wide..spilled {
                let behind = x.saturating_add(u16::try_from(behind).unwrap_or(u16::MAX));
                if let Some(cell) = shown.cell_mut((behind, y)).filter(|_| behind < area.right()) {
                    cell.set_symbol(SPOILED);
                }
            }
        }
    }
}

/// Where the terminal's cursor is and what it writes with.
#[derive(Debug, Default)]
struct Pen<'a> {
    linked: Option<&'a str>,
    at: Option<(u16, u16)>,
    fg: Color,
    bg: Color,
    modifiers: Modifier,
}

impl<'a> Pen<'a> {
    fn styled(&self) -> bool {
        self.fg != Color::Reset || self.bg != Color::Reset || !self.modifiers.is_empty()
    }

    fn put(&mut self, out: &mut Vec<u8>, x: u16, y: u16, cell: &Cell, linked: Option<&'a str>) {
        self.go(out, x, y);
        self.dress(out, cell);
        if linked != self.linked {
            out.extend_from_slice(linked.map_or_else(|| link::CLOSE.to_owned(), link::open).as_bytes());
            self.linked = linked;
        }
        let symbol = cell.symbol();
        let cells = width::cells(symbol);
        if cells > 1 && symbol.chars().nth(1).is_some() {
            // Some terminals draw it in one cell, and what was in the other would stay.
            out.extend(std::iter::repeat_n(b' ', cells));
            self.at = None;
            self.go(out, x, y);
        }
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
