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

/// As theme files write it.
pub fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
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

/// The colour of a number of the 256-colour palette: the 6×6×6 cube and the grey ramp. The first 16 are the user's.
pub fn of256(index: u8) -> Option<[u8; 3]> {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..16 => None,
        16..232 => {
            let at = usize::from(index - 16);
            Some([*STEPS.get(at / 36)?, *STEPS.get(at / 6 % 6)?, *STEPS.get(at % 6)?])
        }
        232.. => Some([8 + 10 * (index - 232); 3]),
    }
}

/// The nearest of the 256 colours.
pub fn nearest256(rgb: [u8; 3]) -> u8 {
    let far = |index: &u8| of256(*index).map_or(u32::MAX, |candidate| distance(candidate, rgb));
    (16..=255).min_by_key(far).unwrap_or(16)
}

/// How far two colours are apart, squared; enough to find the nearest.
pub fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// What is seen of a colour among 256.
pub fn seen256(rgb: [u8; 3]) -> [u8; 3] {
    of256(nearest256(rgb)).unwrap_or(rgb)
}

/// So many hundredths of the way from one colour to another.
pub fn mix(from: [u8; 3], to: [u8; 3], hundredths: u8) -> [u8; 3] {
    let part = u32::from(hundredths.min(100));
    let mut mixed = from;
    for (cell, to) in mixed.iter_mut().zip(to) {
        let sum = u32::from(*cell) * (100 - part) + u32::from(to) * part;
        *cell = u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX);
    }
    mixed
}

/// The colour that is readable on all of these grounds, also among 256 colours, as near as it gets on the way to white or to
/// black; `None` when there is none.
pub fn readable(rgb: [u8; 3], grounds: &[[u8; 3]], needed: f64) -> Option<[u8; 3]> {
    let holds = |candidate: &[u8; 3]| {
        grounds.iter().all(|ground| {
            contrast(*candidate, *ground) >= needed && contrast(seen256(*candidate), seen256(*ground)) >= needed
        })
    };
    (0..=50u8).flat_map(|step| [mix(rgb, [255; 3], 2 * step), mix(rgb, [0; 3], 2 * step)]).find(holds)
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

    use super::{Depth, contrast, nearest256, readable, rgb, seen256};

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

    #[test]
    fn what_is_hard_to_read_moves_until_it_is_not() {
        let ground = [0x28, 0x2a, 0x36];
        let mended = readable([0x62, 0x72, 0xa4], &[ground], 4.5).unwrap();
        assert!(contrast(mended, ground) >= 4.5 && contrast(seen256(mended), seen256(ground)) >= 4.5);
        assert_eq!(readable([255; 3], &[ground], 4.5), Some([255; 3]), "what is readable stays");
        assert_eq!(readable([0x80; 3], &[[0; 3], [255; 3], [0x75; 3]], 4.5), None);
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
