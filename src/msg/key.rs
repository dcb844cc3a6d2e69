//! Keys as keymaps write them: `j`, `G`, `ctrl-x`, `shift-left`, `space`, `f5`.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// A key with its modifiers. A shifted letter is the upper-case letter without `shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt (or meta).
    pub alt: bool,
    /// With shift, for keys that are not characters.
    pub shift: bool,
}

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character as typed.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    F(u8),
}

const NAMED: [(Code, &str); 16] = [
    (Code::Enter, "enter"),
    (Code::Esc, "esc"),
    (Code::Tab, "tab"),
    (Code::Backspace, "backspace"),
    (Code::Delete, "delete"),
    (Code::Insert, "insert"),
    (Code::Up, "up"),
    (Code::Down, "down"),
    (Code::Left, "left"),
    (Code::Right, "right"),
    (Code::Home, "home"),
    (Code::End, "end"),
    (Code::PageUp, "pageup"),
    (Code::PageDown, "pagedown"),
    (Code::Char(' '), "space"),
    (Code::Char('-'), "minus"),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// A character with control.
    pub const fn ctrl(c: char) -> Self {
        Self { code: Code::Char(c), ctrl: true, alt: false, shift: false }
    }

    /// What a terminal without an extended protocol sends for this key: what is bound to that holds where this one has no
    /// meaning of its own. `None` for keys that every terminal tells apart.
    pub fn plainer(self) -> Option<Self> {
        let code = match self.code {
            Code::Char(c) if self.ctrl => {
                let (code, ctrl) = match c {
                    'i' => (Code::Tab, false),
                    'm' | 'j' => (Code::Enter, false),
                    '[' => (Code::Esc, false),
                    '?' => (Code::Backspace, false),
                    '@' => (Code::Char(' '), true),
                    '\\' => (Code::Char('4'), true),
                    ']' => (Code::Char('5'), true),
                    '^' => (Code::Char('6'), true),
                    '_' => (Code::Char('7'), true),
                    c if c.is_uppercase() => (Code::Char(c.to_lowercase().next().unwrap_or(c)), true),
                    _ => return None,
                };
                return Some(Self { code, ctrl, ..self });
            }
            Code::Tab if self.ctrl => return Some(Self { ctrl: false, ..self }),
            code @ (Code::Enter | Code::Esc | Code::Backspace) if self.ctrl || self.shift => code,
            _ => return None,
        };
        Some(Self { code, ctrl: false, shift: false, ..self })
    }

    /// The character this key types into a text field, when it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if on {
                f.write_str(name)?;
            }
        }
        let bare = !self.ctrl && !self.alt && !self.shift;
        match (self.code, NAMED.iter().find(|(code, _)| *code == self.code)) {
            (Code::Char('-'), _) if bare => f.write_str("-"),
            (_, Some((_, name))) => f.write_str(name),
            (Code::Char(c), None) => write!(f, "{c}"),
            (Code::F(n), None) => write!(f, "f{n}"),
            (_, None) => Ok(()),
        }
    }
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no key: write it like j, G, ctrl-x, shift-left, space, enter or f5")]
pub struct NotAKey(pub String);

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let wrong = || NotAKey(text.to_owned());
        let mut key = Self::plain(Code::Esc);
        let mut rest = text;
        loop {
            // A lone `-` at the end is the key itself: `ctrl--` is control and minus.
            let (flag, after) = match rest.split_once('-') {
                Some(("ctrl", after)) => (&mut key.ctrl, after),
                Some(("alt", after)) => (&mut key.alt, after),
                Some(("shift", after)) => (&mut key.shift, after),
                _ => break,
            };
            if *flag {
                return Err(wrong());
            }
            *flag = true;
            rest = after;
        }
        key.code = if let Some((code, _)) = NAMED.iter().find(|(_, name)| *name == rest) {
            *code
        } else {
            let mut chars = rest.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if !c.is_control() && c != ' ' => Code::Char(c),
                (Some('f'), Some(_)) => {
                    let number = rest.get(1..).and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n));
                    Code::F(number.ok_or_else(wrong)?)
                }
                _ => return Err(wrong()),
            }
        };
        if let Code::Char(c) = key.code
            && key.shift
        {
            // `shift-n` is what `N` is; terminals without an extended protocol can say it no other way.
            key.shift = false;
            key.code = Code::Char(c.to_uppercase().next().unwrap_or(c));
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Code, Key};

    #[rstest]
    #[case("j", Key::char('j'))]
    #[case("shift-n", Key::char('N'))]
    #[case("ctrl-x", Key::ctrl('x'))]
    #[case("-", Key::char('-'))]
    #[case("ctrl--", Key::ctrl('-'))]
    #[case("space", Key::char(' '))]
    #[case("f12", Key::plain(Code::F(12)))]
    #[case("shift-left", Key { shift: true, ..Key::plain(Code::Left) })]
    fn keys_are_read(#[case] text: &str, #[case] key: Key) {
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[rstest]
    #[case("ctrl-i", Some("tab"))]
    #[case("ctrl-m", Some("enter"))]
    #[case("ctrl-[", Some("esc"))]
    #[case("shift-enter", Some("enter"))]
    #[case("alt-shift-enter", Some("alt-enter"))]
    #[case("ctrl-shift-x", Some("ctrl-x"))]
    #[case("ctrl-shift-tab", Some("shift-tab"))]
    #[case("shift-tab", None)]
    #[case("ctrl-x", None)]
    #[case("X", None)]
    fn what_older_terminals_cannot_tell_apart_has_a_plainer_key(#[case] key: &str, #[case] plainer: Option<&str>) {
        let key: Key = key.parse().unwrap();
        assert_eq!(key.plainer(), plainer.map(|plainer| plainer.parse().unwrap()));
    }

    #[rstest]
    #[case("")]
    #[case("ctrl-")]
    #[case("ctrl-ctrl-x")]
    #[case("f13")]
    #[case("jj")]
    #[case("entre")]
    fn what_is_no_key_is_refused(#[case] text: &str) {
        assert!(text.parse::<Key>().is_err());
    }
}
