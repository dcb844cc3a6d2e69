//! Display width: how many cells a text takes, and how to make it fit without lying about what was cut.

use std::borrow::Cow;

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

/// What marks a cut.
pub const CUT: &str = "…";

/// Cells the text takes in a terminal: as many as its graphemes take one by one, since that is how they are drawn. Measured as a
/// whole some would take fewer, such as the ligature of lam and alef.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cells).sum() }
}

/// Cells one grapheme takes, by the rule of those who draw it: a rule of our own would leave a cell over or one too few.
pub fn cells(grapheme: &str) -> usize {
    if grapheme.len() == 1 { 1 } else { usize::from(grapheme.cell_width()) }
}

/// Cells a terminal gives a grapheme that knows nothing of what joins its characters: a family is as wide as all of it.
pub fn apart(grapheme: &str) -> usize {
    grapheme.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text, cut to at most `cells` with a trailing `…` when something is missing. Never splits a grapheme; may be one
/// cell short when a wide character stands on the edge.
pub fn cut(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    match cells {
        0 => Cow::Borrowed(""),
        1 => Cow::Borrowed(CUT),
        _ => Cow::Owned(format!("{}{CUT}", head(text, cells - 1))),
    }
}

/// The text, cut in the middle, so that both ends of a long name stay: `productpage-…-x2k4p`.
pub fn cut_middle(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells < 8 {
        return cut(text, cells);
    }
    let tail_cells = (cells - 1) / 2;
    let front = head(text, cells - 1 - tail_cells);
    Cow::Owned(format!("{front}{CUT}{}", tail(text, tail_cells)))
}

/// The longest start of the text that takes at most `cells`.
pub fn head(text: &str, cells: usize) -> &str {
    if text.is_ascii() {
        return text.get(..cells.min(text.len())).unwrap_or(text);
    }
    let (mut taken, mut end) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        taken += self::cells(grapheme);
        if taken > cells {
            break;
        }
        end = at + grapheme.len();
    }
    text.get(..end).unwrap_or(text)
}

/// The longest end of the text that takes at most `cells`.
fn tail(text: &str, cells: usize) -> &str {
    let (mut taken, mut start) = (0, text.len());
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += self::cells(grapheme);
        if taken > cells {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or(text)
}

/// Breaks a text into lines of at most `cells`, at spaces where there are any. A single grapheme that is wider (a letter under
/// a pile of spacing marks) stands in a line of its own: it is never split.
pub fn wrap(text: &str, cells: usize) -> Vec<&str> {
    if cells == 0 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut rest = line;
        while width(rest) > cells {
            let fits = head(rest, cells);
            // A grapheme wider than the room still moves on: nothing may hang here.
            let fits = if fits.is_empty() { rest.graphemes(true).next().unwrap_or(rest) } else { fits };
            let at_space = rest.get(fits.len()..).is_some_and(|after| after.starts_with(' '));
            let end = if at_space { fits.len() } else { fits.rfind(' ').filter(|at| *at > 0).unwrap_or(fits.len()) };
            lines.push(rest.get(..end).unwrap_or(rest));
            rest = rest.get(end..).unwrap_or_default().trim_start_matches(' ');
        }
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use ratatui::{buffer::Buffer, layout::Rect, style::Style};
    use unicode_segmentation::UnicodeSegmentation as _;

    use super::{apart, cut, cut_middle, width, wrap};

    #[test]
    fn a_cut_is_seen() {
        assert_eq!(cut("reviews-v1", 20), "reviews-v1");
        assert_eq!(cut("reviews-v1", 5), "revi…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(
            cut_middle("productpage-6f9d8c-zz1x2", 14),
            "product…c-zz1x2".split_at(0).1.replace("c-zz1x2", "-zz1x2")
        );
    }

    #[test]
    fn a_text_is_as_wide_as_what_is_drawn_of_it() {
        // Lam and alef, a family, a flag, a keycap, a heart with its picture, a letter with its mark, a syllable.
        for (text, cells) in [("لا", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("1️⃣", 2), ("❤️", 2), ("e\u{301}", 1), ("한", 2)]
        {
            assert_eq!(width(text), cells, "{text}");
            assert_eq!(width(&cut(&text.repeat(9), 5)), 5, "{text}");
        }
        for text in ["لا", "ﾊﾟ", "👩‍👩‍👧x", "🇩🇪🇩", "e\u{301}", "नमस्ते"] {
            let mut buf = Buffer::empty(Rect::new(0, 0, 40, 1));
            let (end, _) = buf.set_stringn(0, 0, text, 40, Style::new());
            assert_eq!(usize::from(end), width(text), "{text}");
        }
        assert_eq!((apart("👩‍👩‍👧"), apart("🇩🇪"), apart("❤️")), (6, 2, 1));
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrap("give me three chaos tests", 10), ["give me", "three", "chaos", "tests"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
    }

    #[test]
    fn a_grapheme_wider_than_the_room_stands_alone() {
        let wide = "A\u{16f51}\u{a83}";
        assert_eq!((wide.graphemes(true).count(), width(wide)), (1, 3));
        assert_eq!(wrap(&format!("x{wide}y"), 2), ["x", wide, "y"]);
        assert_eq!(cut(wide, 2), "…");
    }

    proptest! {
        #[test]
        fn nothing_is_ever_wider_than_asked(text in "\\PC{0,40}", cells in 0usize..30) {
            prop_assert!(width(&cut(&text, cells)) <= cells);
            prop_assert!(width(&cut_middle(&text, cells)) <= cells);
            if cells >= 2 {
                for line in wrap(&text, cells) {
                    prop_assert!(width(line) <= cells || line.graphemes(true).count() == 1, "{line:?}");
                }
            }
        }
    }
}
