//! Keys as k9s names them, as keymaps do.

use crate::msg::Key;

/// The digits with shift, as k9s has them on every keyboard.
const SHIFTED: [char; 10] = [')', '!', '@', '#', '$', '%', '^', '&', '*', '('];

const NAMED: [(&str, &str); 8] = [
    ("pgup", "pageup"),
    ("pgdn", "pagedown"),
    ("backspace2", "backspace"),
    ("backtab", "shift-tab"),
    ("escape", "esc"),
    ("del", "delete"),
    ("return", "enter"),
    ("ctrl-space", "ctrl-space"),
];

/// A key of k9s, as a keymap writes it. `None` when it is no key.
pub fn key(text: &str) -> Option<String> {
    let text = text.trim();
    // One character is that character, the case of it included.
    if text.chars().count() == 1 {
        return text.parse::<Key>().ok().map(|key| key.to_string());
    }
    let lower = text.to_lowercase();
    let name = NAMED.iter().find(|(theirs, _)| *theirs == lower).map_or(lower.as_str(), |(_, ours)| ours);
    if let Some(digit) = name.strip_prefix("shift-").and_then(|rest| rest.parse::<usize>().ok()) {
        return SHIFTED.get(digit).map(ToString::to_string);
    }
    name.parse::<Key>().ok().map(|key| key.to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::key;

    #[rstest]
    #[case("Shift-0", Some(")"))]
    #[case("Shift-K", Some("K"))]
    #[case("Ctrl-K", Some("ctrl-k"))]
    #[case("g", Some("g"))]
    #[case("G", Some("G"))]
    #[case("F5", Some("f5"))]
    #[case("PgDn", Some("pagedown"))]
    #[case("Ctrl-Space", Some("ctrl-space"))]
    #[case("Shift-12", None)]
    #[case("Hyper-X", None)]
    fn keys_of_k9s_are_keys_of_brink(#[case] theirs: &str, #[case] ours: Option<&str>) {
        assert_eq!(key(theirs).as_deref(), ours);
    }
}
