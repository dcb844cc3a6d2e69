//! Where a copied text goes: to the clipboard of this machine by a program that knows it, or to the terminal (OSC 52), which may
//! be on another machine. Over ssh only the terminal is in front of the person.

use std::env;

use super::programs;

/// Base64 of more is thrown away by terminals, some of them half way.
const LONGEST: usize = 74_994;
/// Bytes that screen takes through at once.
const THROUGH: usize = 76;

/// What stands between the cockpit and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Between {
    #[default]
    Nothing,
    Tmux,
    Screen,
}

/// Where copies go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clipboard {
    program: Option<&'static [&'static str]>,
    between: Between,
}

impl Clipboard {
    /// As this process' environment says.
    pub fn here() -> Self {
        let there = |program: &str| programs::find(program).is_some();
        Self::of(cfg!(target_os = "macos"), &|name| env::var(name).ok(), &there)
    }

    fn of(mac: bool, var: &dyn Fn(&str) -> Option<String>, there: &dyn Fn(&str) -> bool) -> Self {
        let set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
        let between = match var("TERM") {
            _ if set("TMUX") => Between::Tmux,
            _ if set("STY") => Between::Screen,
            // Somebody came from a tmux to this machine.
            Some(term) if term.starts_with("tmux") => Between::Tmux,
            _ => Between::Nothing,
        };
        let far = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].into_iter().any(set);
        let known: [(bool, &'static [&'static str]); 5] = [
            (mac, &["pbcopy"]),
            (set("WSL_DISTRO_NAME"), &["clip.exe"]),
            (set("WAYLAND_DISPLAY"), &["wl-copy"]),
            (set("DISPLAY"), &["xclip", "-in", "-selection", "clipboard"]),
            (set("DISPLAY"), &["xsel", "--input", "--clipboard"]),
        ];
        let here = known.into_iter().filter(|(here, _)| *here && !far).map(|(_, program)| program);
        let mut found = here.filter(|program| program.first().is_some_and(|name| there(name)));
        Self { program: found.next(), between }
    }

    /// The program of this machine, with its arguments; it reads the text.
    pub fn program(&self) -> Option<&'static [&'static str]> {
        self.program
    }

    /// What asks the terminal; `None` for a text that is too long for it.
    pub fn sequence(&self, text: &str) -> Option<Vec<u8>> {
        if text.len() > LONGEST {
            return None;
        }
        let plain = osc52(text);
        Some(match self.between {
            Between::Nothing => plain,
            // Which of the two is heard hangs on its options: `set-clipboard` or `allow-passthrough`.
            Between::Tmux => {
                let mut bytes = plain.clone();
                bytes.extend_from_slice(b"\x1bPtmux;");
                for byte in plain {
                    if byte == 0x1b {
                        bytes.push(byte);
                    }
                    bytes.push(byte);
                }
                bytes.extend_from_slice(b"\x1b\\");
                bytes
            }
            Between::Screen => {
                let parts = plain.chunks(THROUGH).map(|part| [b"\x1bP".as_slice(), part, b"\x1b\\"].concat());
                parts.flatten().collect()
            }
        })
    }
}

/// OSC 52: the terminal's own clipboard, also over ssh.
fn osc52(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = b"\x1b]52;c;".to_vec();
    for chunk in text.as_bytes().chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            bytes.push(if place <= chunk.len() { letter } else { b'=' });
        }
    }
    bytes.extend_from_slice(b"\x07");
    bytes
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Between, Clipboard, LONGEST};

    fn of(mac: bool, environment: &[(&str, &str)], there: &[&str]) -> Clipboard {
        let var =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Clipboard::of(mac, &var, &|program| there.contains(&program))
    }

    #[test]
    fn the_clipboard_speaks_base64() {
        for (text, code) in [("reviews", "cmV2aWV3cw=="), ("pods", "cG9kcw=="), ("abc", "YWJj"), ("", "")] {
            let wanted = format!("\u{1b}]52;c;{code}\u{7}").into_bytes();
            assert_eq!(Clipboard::default().sequence(text), Some(wanted));
        }
        assert_eq!(Clipboard::default().sequence(&"x".repeat(LONGEST + 1)), None);
    }

    #[rstest]
    #[case(true, &[], Some("pbcopy"))]
    #[case(true, &[("SSH_CONNECTION", "a 1 b 2")], None)]
    #[case(false, &[("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")], Some("wl-copy"))]
    #[case(false, &[("DISPLAY", ":0")], Some("xclip"))]
    #[case(false, &[("DISPLAY", "localhost:10.0"), ("SSH_TTY", "/dev/pts/1")], None)]
    #[case(false, &[("WSL_DISTRO_NAME", "Ubuntu")], Some("clip.exe"))]
    #[case(false, &[], None)]
    fn a_program_of_this_machine_comes_first_unless_the_person_sits_elsewhere(
        #[case] mac: bool,
        #[case] environment: &[(&str, &str)],
        #[case] program: Option<&str>,
    ) {
        let all = ["pbcopy", "wl-copy", "xclip", "xsel", "clip.exe"];
        assert_eq!(of(mac, environment, &all).program().map(|words| words[0]), program);
        assert_eq!(of(mac, environment, &[]).program(), None, "none is installed");
    }

    #[test]
    fn what_is_not_installed_is_passed_over() {
        let environment = [("WAYLAND_DISPLAY", "wayland-0"), ("DISPLAY", ":0")];
        assert_eq!(of(false, &environment, &["xsel"]).program().map(|words| words[0]), Some("xsel"));
    }

    #[test]
    fn tmux_and_screen_are_told_to_hand_it_through() {
        let tmux = of(false, &[("TMUX", "/tmp/tmux-0/default,1,0"), ("TERM", "screen-256color")], &[]);
        let wanted = b"\x1b]52;c;YWJj\x07\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\";
        assert_eq!(tmux.sequence("abc").unwrap(), wanted);
        assert_eq!(of(false, &[("TERM", "tmux-256color")], &[]).between, Between::Tmux);
        let screen = of(false, &[("STY", "1.pts-0"), ("TERM", "screen")], &[]);
        assert_eq!(screen.sequence("abc").unwrap(), b"\x1bP\x1b]52;c;YWJj\x07\x1b\\");
        // A longer one goes in parts; put together they are the sequence.
        let long = screen.sequence(&"pods ".repeat(60)).unwrap();
        let long = String::from_utf8(long).unwrap();
        let parts: Vec<&str> = long.split("\x1b\\").filter(|part| !part.is_empty()).collect();
        assert!(parts.len() > 3 && parts.iter().all(|part| part.len() <= 78 && part.starts_with("\x1bP")));
        let whole: String = parts.iter().map(|part| part.trim_start_matches("\x1bP")).collect();
        assert_eq!(whole.into_bytes(), Clipboard::default().sequence(&"pods ".repeat(60)).unwrap());
    }
}
