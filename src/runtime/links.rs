//! Which terminals are known to open links (OSC 8). Nothing asks for that, so their environment has to say it; over ssh only the
//! name of the terminal comes along.

/// Terminals by the name they give themselves in `TERM_PROGRAM`.
const PROGRAMS: [&str; 9] =
    ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "mintty", "rio", "Tabby", "WarpTerminal"];
/// Terminals by `TERM`.
const TERMS: [&str; 7] = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour", "tmux-256color"];
/// Variables that only such terminals set.
const SET: [&str; 5] = ["KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "ALACRITTY_WINDOW_ID"];
/// The first VTE without a fault in them.
const VTE: u32 = 5000;

/// Whether the terminal of this environment is known to open links. Where colour is not wanted, links are not either.
pub fn known(var: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| var(name).filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_default();
    if set("NO_COLOR").is_some() || !super::ground::may_ask(Some(&term)) {
        return false;
    }
    // What lies between takes more from its inside than it gives to its outside, and says so itself.
    if set("STY").is_some() {
        return false;
    }
    if set("TMUX").is_some() {
        return term == "tmux-256color";
    }
    let vte = set("VTE_VERSION").and_then(|version| version.parse::<u32>().ok());
    SET.iter().any(|name| set(name).is_some())
        || set("TERM_PROGRAM").is_some_and(|program| PROGRAMS.contains(&program.as_str()))
        || vte.is_some_and(|version| version >= VTE)
        || TERMS.contains(&term.strip_suffix("-direct").unwrap_or(&term))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::known;

    #[rstest]
    #[case(&[("TERM", "xterm-256color")], false)]
    #[case(&[("TERM", "xterm-kitty")], true)]
    #[case(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], true)]
    #[case(&[("TERM", "xterm-256color"), ("VTE_VERSION", "4200")], false)]
    #[case(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], true)]
    #[case(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app"), ("NO_COLOR", "1")], false)]
    #[case(&[("TERM", "xterm-256color"), ("WT_SESSION", "x"), ("NO_COLOR", "")], true)]
    #[case(&[("TERM", "dumb"), ("WT_SESSION", "x")], false)]
    #[case(&[("TERM", "linux"), ("KITTY_WINDOW_ID", "1")], false)]
    #[case(&[("TERM", "screen-256color"), ("KITTY_WINDOW_ID", "1"), ("STY", "1.x")], false)]
    #[case(&[("TERM", "screen-256color"), ("KITTY_WINDOW_ID", "1"), ("TMUX", "x")], false)]
    #[case(&[("TERM", "tmux-256color"), ("TMUX", "x")], true)]
    #[case(&[], false)]
    fn only_terminals_that_are_known_to_open_links_get_them(
        #[case] environment: &[(&str, &str)],
        #[case] wanted: bool,
    ) {
        let var =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(known(&var), wanted, "{environment:?}");
    }
}
