//! What a recording shows in place of secrets.
//!
//! A screen may show to its owner what a file that is passed on must not hold. The veil learns the secrets of whole texts, as
//! they came, and covers every piece of them in the cells of a frame: wrapped, scrolled into and cut, for a piece of a secret
//! has no form of its own. What no text is known of, a column of a table or a field of a form, is read off the cells.
//!
//! Once learned a secret stays covered. Of a made-up secret at most five characters can stay, where it was cut to them; of a
//! word that was chosen as a password what was cut off behind its name.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use ratatui::{buffer::Buffer, layout::Rect};

use super::App;
use crate::base::{redact, width};

/// A piece of so many characters tells a made-up secret.
const PIECE: usize = 6;
/// A secret of so many characters is covered wherever it stands.
const TELLING: usize = 8;
/// Pieces and secrets that are remembered. Beyond that only what is found on the screen itself is covered.
const MOST: usize = 1 << 18;
/// Texts that need no second look.
const TEXTS: usize = 1 << 14;
/// From so many characters of letters and digits a word that is typed counts as made up, whatever its letters.
const LONG: usize = 16;

/// The secrets of one recording.
#[derive(Debug, Default)]
pub struct Veil {
    /// Every piece of what is made up.
    pieces: HashSet<[char; PIECE]>,
    /// What was chosen by a person, without its blanks.
    words: HashSet<Vec<char>>,
    texts: HashSet<u64>,
    /// The word that is being typed.
    typed: String,
}

impl Veil {
    /// Learns the secrets of a whole text.
    pub fn learn(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        if self.texts.len() >= TEXTS {
            self.texts.clear();
        }
        // What grows word by word is covered before it is whole.
        if let Some(word) = text.split_whitespace().next_back().filter(|word| generated(word)) {
            self.keep(word);
        }
        if text.len() >= PIECE && self.texts.insert(hasher.finish()) {
            for secret in redact::found(text) {
                self.keep(&secret);
            }
        }
    }

    /// Remembers a secret.
    pub fn keep(&mut self, secret: &str) {
        let letters: Vec<char> = secret.chars().filter(|c| !c.is_whitespace()).collect();
        if letters.len() < TELLING || self.pieces.len() + self.words.len() > MOST {
            return;
        }
        if redact::made_up(secret) {
            self.pieces.extend(letters.windows(PIECE).filter_map(|piece| <[char; PIECE]>::try_from(piece).ok()));
        } else {
            self.words.insert(letters);
        }
    }

    /// A character is typed: a secret is one before its last character is there.
    pub fn typed(&mut self, c: char) {
        if c.is_whitespace() || matches!(c, '=' | ':' | '"' | '\'') {
            self.typed.clear();
            return;
        }
        self.typed.push(c);
        let word = self.typed.clone();
        if generated(&word) {
            self.keep(&word);
        }
    }

    /// Nothing is typed any more.
    pub fn typed_through(&mut self) {
        self.typed.clear();
    }

    /// Covers the secrets of a frame of the cockpit.
    pub fn cover(&mut self, app: &App, buf: &mut Buffer) {
        app.texts(|text| self.learn(text));
        let regions = app.regions();
        for area in &regions {
            let text: Vec<String> = rows(buf, *area).iter().map(Row::text).collect();
            self.learn(&text.join("\n"));
        }
        let whole = buf.area;
        let lines = (whole.top()..whole.bottom()).map(|y| Rect { y, height: 1, ..whole });
        for area in regions.into_iter().chain(lines) {
            self.cover_region(area, buf);
        }
    }

    /// The same of a line of text.
    pub fn line(&mut self, text: &str) -> String {
        self.learn(text);
        let cells = u16::try_from(width::width(text)).unwrap_or(u16::MAX).max(1);
        let mut buf = Buffer::empty(Rect::new(0, 0, cells, 1));
        buf.set_stringn(0, 0, text, usize::from(cells), ratatui::style::Style::new());
        let area = buf.area;
        self.cover_region(area, &mut buf);
        rows(&buf, area).first().map(Row::text).unwrap_or_default()
    }

    fn cover_region(&self, area: Rect, buf: &mut Buffer) {
        let rows = rows(buf, area);
        let mut hidden: Vec<(u16, u16)> = Vec::new();
        let mut flat: Vec<(char, (u16, u16))> = Vec::new();
        for row in &rows {
            hidden.extend(row.secrets());
            // A bar before each line of an answer is no part of what is said.
            let inner = row.letters.iter().skip_while(|(c, _)| !c.is_ascii());
            flat.extend(inner.filter(|(c, _)| !c.is_whitespace()).copied());
        }
        let letters: Vec<char> = flat.iter().map(|(c, _)| *c).collect();
        let mut cover = |from: usize, many: usize| {
            hidden.extend(flat.iter().skip(from).take(many).map(|(_, place)| *place));
        };
        if !self.pieces.is_empty() {
            for (at, piece) in letters.windows(PIECE).enumerate() {
                if <[char; PIECE]>::try_from(piece).is_ok_and(|piece| self.pieces.contains(&piece)) {
                    cover(at, PIECE);
                }
            }
        }
        for word in &self.words {
            for (at, here) in letters.windows(word.len()).enumerate() {
                if here == word.as_slice() {
                    cover(at, word.len());
                }
            }
        }
        hidden.sort_unstable_by_key(|(x, y)| (*y, *x));
        hidden.dedup();
        put_masks(buf, &hidden);
    }
}

/// Whether a word that is typed looks like the beginning of a token: names of objects have no capitals and are parted.
fn generated(word: &str) -> bool {
    let has = |test: fn(char) -> bool| word.chars().any(test);
    let digits = has(|c| c.is_ascii_digit());
    let mixed = digits && has(|c| c.is_ascii_lowercase()) && has(|c| c.is_ascii_uppercase());
    let solid = word.chars().all(|c| c.is_ascii_alphanumeric()) && word.len() >= LONG && digits;
    (mixed && word.len() >= TELLING) || solid
}

/// A row of cells as characters, each with its cell.
struct Row {
    letters: Vec<(char, (u16, u16))>,
}

impl Row {
    fn text(&self) -> String {
        let text: String = self.letters.iter().map(|(c, _)| *c).collect();
        text.trim_end().to_owned()
    }

    /// The cells of what can be told for a secret by this row alone.
    fn secrets(&self) -> Vec<(u16, u16)> {
        let text = self.text();
        let mut cells = Vec::new();
        for secret in redact::found(&text) {
            for (at, _) in text.match_indices(&secret) {
                let (before, behind) = (text.get(..at).unwrap_or_default(), text.get(at + secret.len()..));
                let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                // A password of one letter is not every such letter.
                let part = inside(before.chars().next_back()) || inside(behind.and_then(|rest| rest.chars().next()));
                if part && secret.len() < TELLING {
                    continue;
                }
                let (from, many) = (before.chars().count(), secret.chars().count());
                cells.extend(self.letters.iter().skip(from).take(many).map(|(_, place)| *place));
            }
        }
        cells
    }
}

fn rows(buf: &Buffer, area: Rect) -> Vec<Row> {
    let area = area.intersection(buf.area);
    let row = |y: u16| {
        let (mut letters, mut skip) = (Vec::new(), 0);
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let Some(cell) = buf.cell((x, y)) else { continue };
            skip = width::width(cell.symbol()).saturating_sub(1);
            letters.extend(cell.symbol().chars().map(|c| (c, (x, y))));
        }
        Row { letters }
    };
    (area.top()..area.bottom()).map(row).collect()
}

/// Puts a mask over each run of cells; one with no room for the word is starred out.
fn put_masks(buf: &mut Buffer, hidden: &[(u16, u16)]) {
    for run in hidden.chunk_by(|(x, y), (next, below)| y == below && *next <= x + 2) {
        let (Some((from, y)), Some((to, _))) = (run.first(), run.last()) else { continue };
        let cells = usize::from(to - from) + 1;
        let mask: Vec<char> = if cells >= redact::MASK.len() { redact::MASK.chars().collect() } else { Vec::new() };
        let rest = if mask.is_empty() { '*' } else { ' ' };
        for (at, x) in (*from..=*to).enumerate() {
            if let Some(cell) = buf.cell_mut((x, *y)) {
                cell.set_char(mask.get(at).copied().unwrap_or(rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect};
    use rstest::rstest;

    use super::Veil;

    const TOKEN: &str = "ghp_Zx81kQ0mVb3LrT7yNw5PsUe9HdJ2aC4fGi6o";

    fn covered(veil: &Veil, lines: &[&str]) -> String {
        let mut buf = Buffer::with_lines(lines.iter().copied());
        let area = buf.area;
        veil.cover_region(area, &mut buf);
        let row =
            |y| (0..area.width).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>().trim_end().to_owned();
        (0..area.height).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_piece_of_a_secret_is_covered_wherever_it_was_cut() {
        let mut veil = Veil::default();
        veil.learn(&format!("Authorization: token {TOKEN}"));
        for lines in [
            vec![&TOKEN[..20], &TOKEN[20..]],
            vec!["▎ the token is", "▎ ghp_Zx81kQ", "▎ 0mVb3LrT7yNw5PsUe9HdJ2aC4fGi6o"],
            vec!["ghp_Zx81kQ…"],
            vec!["…9HdJ2aC4fGi6o"],
        ] {
            let shown = covered(&veil, &lines);
            for piece in TOKEN.as_bytes().windows(6) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!shown.contains(piece), "{piece} in\n{shown}");
            }
        }
        assert_eq!(covered(&veil, &["reviews-v1-545db77b95"]), "reviews-v1-545db77b95");
    }

    #[test]
    fn what_is_known_by_its_place_is_covered_there_alone() {
        let veil = Veil::default();
        let shown = covered(&veil, &["password: tea", "tea with reviews"]);
        assert_eq!(shown, "password: ***\ntea with reviews");
    }

    #[test]
    fn a_password_in_words_is_covered_when_it_is_wrapped() {
        let mut veil = Veil::default();
        veil.learn("password: \"correct horse battery staple\"");
        let shown = covered(&veil, &["  password: correct horse", "battery staple", "a horse"]);
        assert!(!shown.contains("battery") && !shown.contains("correct"), "{shown}");
        assert!(shown.contains("a horse"), "{shown}");
    }

    #[rstest]
    #[case("Zx81kQ0mVb3L", true)]
    #[case("reviews-v1-545db77b95-abcde", false)]
    #[case("deploy", false)]
    fn what_is_typed_is_covered_before_it_is_whole(#[case] word: &str, #[case] secret: bool) {
        let mut veil = Veil::default();
        word.chars().for_each(|c| veil.typed(c));
        assert_eq!(covered(&veil, &[word]) != word, secret);
    }

    #[test]
    fn wide_letters_keep_their_cells() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 24, 1));
        buf.set_string(0, 0, "password: 漢字hunter2 字", ratatui::style::Style::new());
        let area = buf.area;
        Veil::default().cover_region(area, &mut buf);
        let shown: String = (0..24).map(|x| buf[(x, 0)].symbol()).collect();
        assert!(shown.starts_with("password: (masked)") && !shown.contains("hunter2"), "{shown}");
    }
}
