//! Themes: what each [`Role`] looks like on the terminal at hand.
//!
//! A theme file is read over the theme it inherits from; what is wrong with it is collected, not fatal, so that a typo costs
//! one colour and not the cockpit. `themes/default.toml` is embedded and documents the format. This room opens no files:
//! whoever reads one gives its text.

mod built_in;
mod draft;
mod entry;
pub mod imported;
mod readable;

use ratatui::style::{Modifier, Style};

use super::{Depth, complaint::Complaint, role::Role};
use crate::base::Ground;
pub use built_in::{BUILT_IN, built_in};
use draft::Draft;

/// The name that stands for `default` or `light`, as the terminal is.
pub const AUTO: &str = "auto";

/// What each role looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
    /// What the terminal can show of it.
    pub depth: Depth,
    /// What it is made for; `None` when it stands on the terminal's own ground.
    pub ground: Option<Ground>,
    /// Only glyphs of ASCII may be drawn.
    pub ascii: bool,
    /// It is read from afar: fewer things, and the rest in the shade.
    pub presented: bool,
}

/// A theme for each ground, where the terminal decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByGround {
    /// For dark terminals.
    pub dark: Theme,
    /// For light ones.
    pub light: Theme,
}

/// Which theme is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worn {
    /// Its name or path, as the settings have it.
    pub name: String,
    /// Where the terminal decides: the theme for each ground.
    pub by_ground: Option<ByGround>,
}

impl Default for Worn {
    fn default() -> Self {
        Self { name: BUILT_IN[0].0.to_owned(), by_ground: None }
    }
}

impl ByGround {
    /// The one for a ground.
    pub fn on(&self, ground: Ground) -> &Theme {
        match ground {
            Ground::Dark => &self.dark,
            Ground::Light => &self.light,
        }
    }

    /// The name of the one for a ground.
    pub fn name(ground: Ground) -> &'static str {
        match ground {
            Ground::Dark => "default",
            Ground::Light => "light",
        }
    }
}

impl Theme {
    /// The look of a role, to be patched over what is beneath.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The default theme.
    pub fn standard(depth: Depth) -> Self {
        let mut draft = Draft::default();
        for complaint in draft.read(BUILT_IN[0].1, &built_in) {
            debug_assert!(false, "the default theme is broken: {complaint}");
        }
        draft.finish(depth)
    }

    /// The same for a hall: everything bold, nothing dim or slanted, for contrast carries farther than nuance.
    #[must_use]
    pub fn presented(mut self) -> Self {
        let (text, border) = (self.style(Role::Text), self.style(Role::BorderFocus));
        self.styles[Role::TextDim as usize] = text;
        self.styles[Role::Border as usize] = border;
        for style in &mut self.styles {
            *style = style.remove_modifier(Modifier::DIM | Modifier::ITALIC).add_modifier(Modifier::BOLD);
        }
        self.presented = true;
        self
    }

    /// A theme by the text of its file, over the themes it inherits from. `find` gives the text of a theme by name.
    pub fn read(text: &str, depth: Depth, find: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<Complaint>) {
        let mut draft = Draft::default();
        let mut complaints = draft.read(text, find);
        complaints.extend(draft.unreadable());
        (draft.finish(depth), complaints)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::{BUILT_IN, Depth, Role, Theme, built_in};

    #[test]
    fn every_built_in_theme_is_clean_and_readable() {
        for (name, text) in BUILT_IN {
            let (_, wrong) = Theme::read(text, Depth::True, &built_in);
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
        }
    }

    #[test]
    fn every_role_has_a_look_of_its_own_at_every_depth() {
        for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
            let theme = Theme::standard(depth);
            assert_ne!(theme.style(Role::Fault), theme.style(Role::Bad));
            for (role, name) in Role::ALL {
                assert_ne!(theme.style(role), ratatui::style::Style::new(), "{name} at {depth:?}");
            }
        }
        let mono = Theme::standard(Depth::Mono);
        assert!(Role::ALL.iter().all(|(role, _)| mono.style(*role).fg.is_none() && mono.style(*role).bg.is_none()));
        assert!(mono.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_theme_changes_what_it_names_and_inherits_the_rest() {
        let text =
            "inherits = \"default\"\n[palette]\nrose = \"#f38ba8\"\n[roles]\nfault = { fg = \"rose\", bold = true }\n";
        let (theme, wrong) = Theme::read(text, Depth::True, &built_in);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(theme.style(Role::Fault).fg, Some(Color::Rgb(0xf3, 0x8b, 0xa8)));
        assert_eq!(theme.style(Role::Good), Theme::standard(Depth::True).style(Role::Good));
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_the_nearest_name() {
        let text = "inherits = \"default\"\n[roles]\nfualt = { fg = \"red\" }\nwarn = { fg = \"yelow\" }\nbad = { fg = \"#222233\" }\n[rols]\n";
        let (_, wrong) = Theme::read(text, Depth::True, &built_in);
        let lines: Vec<String> =
            wrong.iter().map(|one| format!("line {}: {}; {}", one.line, one.message, one.hint)).collect();
        assert_eq!(lines[0], "line 3: there is no role `fualt`; did you mean `fault`?");
        assert_eq!(lines[1], "line 4: there is no colour `yelow`; did you mean `yellow`?");
        assert_eq!(lines[2], "line 6: a theme has no `rols`; did you mean `roles`?");
        assert!(lines[3].starts_with("line 5: `bad` is hard to read"), "{lines:?}");
    }

    #[test]
    fn a_circle_ends() {
        let (_, wrong) = Theme::read("inherits = \"me\"", Depth::True, &|_| Some("inherits = \"me\"".to_owned()));
        assert!(!wrong.is_empty());
    }
}
