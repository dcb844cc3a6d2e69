//! Colours as theme files write them, their contrast, and what a terminal can show of them.

use ratatui::style::Color;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256-colour palette.
    Indexed,
    /// The 16 ANSI colours, as the user's palette defines them.
    Sixteen,
    /// No colour: bold, reverse, underline.
    Mono,
}

impl Depth {
    /// What the environment says: `NO_COLOR` (no-color.org: any non-empty value), `COLORTERM`, `TERM`.
    pub fn detect(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty()) || term == "dumb" || term.starts_with("vt1") {
            Self::Mono
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("ghostty") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// `#rrggbb`.
pub fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

/// The 16 colours by their names in theme files.
pub const SIXTEEN: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The nearest of the 256 colours (the 6×6×6 cube and the grey ramp; the first 16 are the user's).
pub fn nearest256(rgb: [u8; 3]) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let mut best = (u32::MAX, 16u8);
    let mut offer = |candidate: [u8; 3], index: u8| {
        let distance = candidate.iter().zip(rgb).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum();
        if distance < best.0 {
            best = (distance, index);
        }
    };
    let mut index = 16u8;
    for r in STEPS {
        for g in STEPS {
            for b in STEPS {
                offer([r, g, b], index);
                index = index.saturating_add(1);
            }
        }
    }
    for step in 0..24u8 {
        offer([8 + 10 * step; 3], 232 + step);
    }
    best.1
}

/// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance (WCAG 2.2).
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Depth, contrast, nearest256, rgb};

    #[test]
    fn contrast_is_the_one_of_the_standard() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
        assert!((contrast([0x77; 3], [255; 3]) - 4.48).abs() < 0.01);
    }

    #[test]
    fn colours_are_read_and_rounded() {
        assert_eq!(rgb("#7aa2f7"), Some([0x7a, 0xa2, 0xf7]));
        assert_eq!(rgb("7aa2f7"), None);
        assert_eq!(rgb("#7aa2f"), None);
        assert_eq!(nearest256([255, 255, 255]), 231);
        assert_eq!(nearest256([8, 8, 8]), 232);
    }

    #[rstest]
    #[case(Some("1"), Some("truecolor"), Some("xterm-256color"), Depth::Mono)]
    #[case(Some(""), Some("truecolor"), Some("xterm-256color"), Depth::True)]
    #[case(None, None, Some("screen-256color"), Depth::Indexed)]
    #[case(None, None, Some("linux"), Depth::Sixteen)]
    #[case(None, None, Some("dumb"), Depth::Mono)]
    fn the_environment_decides(
        #[case] no: Option<&str>,
        #[case] ct: Option<&str>,
        #[case] term: Option<&str>,
        #[case] depth: Depth,
    ) {
        assert_eq!(Depth::detect(no, ct, term), depth);
    }
}
