//! Whether a terminal is dark or light, from what it or its environment says.

/// How bright the ground is that text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Dark, which most terminals are.
    #[default]
    Dark,
    /// Light.
    Light,
}

impl Ground {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The ground of a colour.
    pub fn of([r, g, b]: [u8; 3]) -> Self {
        // The weights of ITU-R BT.601, in thousandths.
        let brightness = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
        if brightness > 127_500 { Self::Light } else { Self::Dark }
    }

    /// What `COLORFGBG` says: `TEXT;GROUND` or `TEXT;SOMETHING;GROUND`, as numbers of the 16 colours.
    pub fn of_environment(colorfgbg: &str) -> Option<Self> {
        let (_, ground) = colorfgbg.rsplit_once(';')?;
        match ground.trim().parse::<u8>().ok()? {
            0..=6 | 8 => Some(Self::Dark),
            7 | 9..=15 => Some(Self::Light),
            _ => None,
        }
    }

    /// What a terminal answers to OSC 11, without its frame: `11;rgb:RRRR/GGGG/BBBB`, with one to four digits each, or `rgba:`.
    pub fn of_answer(body: &str) -> Option<Self> {
        let colour = body.strip_prefix("11;")?;
        let digits = colour.strip_prefix("rgb:").or_else(|| colour.strip_prefix("rgba:"))?;
        let mut parts = digits.split('/').map(part);
        let rgb = [parts.next()??, parts.next()??, parts.next()??];
        Some(Self::of(rgb))
    }
}

/// One part of a colour, scaled to a byte.
fn part(digits: &str) -> Option<u8> {
    let most = match digits.len() {
        1 => 0xf,
        2 => 0xff,
        3 => 0xfff,
        4 => 0xffff,
        _ => return None,
    };
    let value = u32::from_str_radix(digits, 16).ok()?;
    u8::try_from(value * 255 / most).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Ground;

    #[rstest]
    #[case("11;rgb:0000/0000/0000", Some(Ground::Dark))]
    #[case("11;rgb:ffff/ffff/ffff", Some(Ground::Light))]
    #[case("11;rgb:fd/f6/e3", Some(Ground::Light))]
    #[case("11;rgba:2828/2a2a/3636/ffff", Some(Ground::Dark))]
    #[case("11;rgb:f/f/f", Some(Ground::Light))]
    #[case("10;rgb:ffff/ffff/ffff", None)]
    #[case("11;rgb:ffff/ffff", None)]
    #[case("11;rgb:ffff/+fff/ffff0", None)]
    #[case("", None)]
    fn an_answer_is_a_ground(#[case] answer: &str, #[case] ground: Option<Ground>) {
        assert_eq!(Ground::of_answer(answer), ground);
    }

    #[rstest]
    #[case("15;0", Some(Ground::Dark))]
    #[case("0;15", Some(Ground::Light))]
    #[case("0;default;15", Some(Ground::Light))]
    #[case("12;8", Some(Ground::Dark))]
    #[case("0;default", None)]
    #[case("7", None)]
    fn the_environment_may_know(#[case] value: &str, #[case] ground: Option<Ground>) {
        assert_eq!(Ground::of_environment(value), ground);
    }
}
