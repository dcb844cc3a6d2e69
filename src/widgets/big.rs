//! Numbers three cells high, for the one figure that must not be overlooked.

/// The glyphs: three rows each.
const GLYPHS: [(char, [&str; 3]); 14] = [
    ('0', ["█▀█", "█ █", "▀▀▀"]),
    ('1', ["▀█ ", " █ ", "▀▀▀"]),
    ('2', ["▀▀█", "█▀▀", "▀▀▀"]),
    ('3', ["▀▀█", " ▀█", "▀▀▀"]),
    ('4', ["█ █", "▀▀█", "  ▀"]),
    ('5', ["█▀▀", "▀▀█", "▀▀▀"]),
    ('6', ["█▀▀", "█▀█", "▀▀▀"]),
    ('7', ["▀▀█", " █ ", " ▀ "]),
    ('8', ["█▀█", "█▀█", "▀▀▀"]),
    ('9', ["█▀█", "▀▀█", "▀▀▀"]),
    ('?', ["▀▀█", " ▀▀", " ▀ "]),
    ('<', ["  ▄", "▄▀ ", "  ▀"]),
    ('≈', ["▄▀▄", "▄▀▄", "   "]),
    ('%', ["▀ █", "▄▀ ", "█ ▄"]),
];

/// The three rows of a number; `None` when a character has no big form.
pub fn big(text: &str) -> Option<[String; 3]> {
    let mut rows = [String::new(), String::new(), String::new()];
    for c in text.chars() {
        let (_, glyph) = GLYPHS.iter().find(|(known, _)| *known == c)?;
        for (row, part) in rows.iter_mut().zip(glyph) {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(part);
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::{GLYPHS, big};

    #[test]
    fn numbers_are_three_rows_of_one_width() {
        for (c, glyph) in GLYPHS {
            assert!(glyph.iter().all(|row| row.chars().count() == 3), "{c}");
        }
        assert_eq!(big("40%"), Some(["█ █ █▀█ ▀ █", "▀▀█ █ █ ▄▀ ", "  ▀ ▀▀▀ █ ▄"].map(str::to_owned)));
        assert_eq!(big("4x"), None);
    }
}
