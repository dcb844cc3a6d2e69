//! A theme made of a skin of k9s.
//!
//! Every role takes the colour of the place whose meaning is nearest; what the skin does not name comes from the default
//! theme, or from the light one where the skin is light. Text that would be hard to read is moved towards white or black
//! until it is not, and every such move is told.

use super::{
    ByGround,
    built_in::built_in,
    draft::{Draft, Look, TERMINAL},
    entry::MODIFIERS,
};
use crate::{
    base::Ground,
    config::{
        color::{self, hex},
        k9s::skin::{Colour, Skin},
        role::Role,
    },
};

/// What a skin became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The text of a theme file.
    pub toml: String,
    /// What was changed or could not be judged, a sentence each.
    pub remarks: Vec<String>,
}

/// Where a role finds its colour in a skin: the first place that has one.
const PLACES: [(Role, &[&str]); 22] = [
    (Role::Text, &["body.fgColor", "views.table.fgColor"]),
    (Role::TextDim, &["frame.status.completedColor"]),
    (Role::TextStrong, &["views.table.header.fgColor", "info.fgColor"]),
    (Role::Accent, &["body.logoColor", "frame.title.highlightColor"]),
    (Role::Border, &["frame.border.fgColor"]),
    (Role::BorderFocus, &["frame.border.focusColor"]),
    (Role::Good, &["frame.status.addColor", "body.logoColorInfo"]),
    (Role::Warn, &["frame.status.pendingColor", "body.logoColorWarn", "frame.status.modifyColor"]),
    (Role::Bad, &["frame.status.errorColor", "body.logoColorError"]),
    (Role::Unknown, &["frame.status.completedColor"]),
    (Role::Fault, &["frame.status.killColor"]),
    (Role::Agent, &["frame.status.newColor"]),
    (Role::You, &["prompt.fgColor"]),
    (Role::Tool, &["frame.status.completedColor"]),
    (Role::Link, &["frame.title.highlightColor"]),
    (Role::Chart1, &["views.yaml.keyColor"]),
    (Role::Chart2, &["frame.menu.numKeyColor"]),
    (Role::Chart3, &["frame.title.counterColor"]),
    (Role::Chart4, &["frame.status.pendingColor", "frame.status.modifyColor"]),
    (Role::Chart5, &["frame.status.highlightColor"]),
    (Role::Key, &["frame.menu.keyColor"]),
    (Role::Mark, &["views.table.markColor"]),
];

/// Colours nearer than this are one to the eye.
const ALIKE: u32 = 64 * 64;
const NEEDED: f64 = 4.5;

/// Makes the theme of a skin; `from` says where it comes from.
pub fn of_skin(name: &str, from: &str, skin: &Skin) -> Imported {
    let ground = skin.first(&["body.bgColor", "views.table.bgColor"]);
    let bright = match ground {
        Some(Colour::Rgb(rgb)) => Ground::of(rgb),
        Some(Colour::Terminal) | None => Ground::Dark,
    };
    let parent = ByGround::name(bright);
    let mut import = Import { draft: Draft::default(), remarks: Vec::new() };
    // Built-in themes are clean: a test reads each of them.
    import.draft.read(&built_in(parent).unwrap_or_default(), &built_in);
    import.colours(skin, ground);
    import.keep_apart(parent);
    import.cursor(skin);
    import.lines();
    let mended = import.draft.mend();
    import.remarks.extend(mended);
    Imported { toml: import.toml(name, parent, from), remarks: import.remarks }
}

struct Import {
    draft: Draft,
    remarks: Vec<String>,
}

fn written(colour: Colour) -> String {
    match colour {
        Colour::Rgb(rgb) => hex(rgb),
        Colour::Terminal => TERMINAL.to_owned(),
    }
}

fn word(role: Role) -> &'static str {
    Role::ALL.iter().find(|(known, _)| *known == role).map_or("", |(_, name)| name)
}

impl Import {
    fn look(&mut self, role: Role) -> &mut Look {
        self.draft.roles.entry(role).or_default()
    }

    fn fg(&self, role: Role) -> Option<[u8; 3]> {
        self.draft.rgb(self.draft.roles.get(&role)?.fg.as_deref()?)
    }

    fn bg(&self, role: Role) -> Option<[u8; 3]> {
        self.draft.rgb(self.draft.roles.get(&role)?.bg.as_deref()?)
    }

    fn colours(&mut self, skin: &Skin, ground: Option<Colour>) {
        // What is inherited is written out: palettes of another file are no promise.
        for (role, _) in Role::ALL {
            for side in [true, false] {
                let look = self.draft.roles.get(&role);
                let named = look.and_then(|look| if side { look.fg.clone() } else { look.bg.clone() });
                let rgb = named.and_then(|named| self.draft.rgb(&named)).map(hex);
                let look = self.look(role);
                if side { look.fg = rgb } else { look.bg = rgb }
            }
        }
        if let Some(ground) = ground {
            self.look(Role::Text).bg = Some(written(ground));
        }
        if ground == Some(Colour::Terminal) {
            self.remarks.push(
                "it stands on the terminal's own ground, of which nobody knows here whether its text is readable there"
                    .to_owned(),
            );
        }
        for (role, places) in PLACES {
            if let Some(colour) = skin.first(places) {
                self.look(role).fg = Some(written(colour));
            }
        }
    }

    /// Good, bad and a live fault must not look alike, whatever the skin says.
    fn keep_apart(&mut self, parent: &str) {
        let own = |draft: &Draft, role| draft.roles.get(&role).and_then(|look| draft.rgb(look.fg.as_deref()?));
        let mut standard = Draft::default();
        standard.read(&built_in(parent).unwrap_or_default(), &built_in);
        // A live fault stands out: it is neither plain text nor what is not worth a look.
        let plain = [Role::Bad, Role::Warn, Role::Good, Role::Text, Role::TextDim];
        for (role, others) in [(Role::Good, &[Role::Bad][..]), (Role::Fault, &plain)] {
            let Some(mine) = self.fg(role) else { continue };
            let Some(near) =
                others.iter().find(|other| self.fg(**other).is_some_and(|other| color::distance(mine, other) < ALIKE))
            else {
                continue;
            };
            self.remarks.push(format!(
                "{} looks like {}: it takes the colour of the theme {parent}",
                word(role),
                word(*near)
            ));
            self.look(role).fg = own(&standard, role).map(hex);
        }
    }

    /// The row under the cursor.
    fn cursor(&mut self, skin: &Skin) {
        let Some(ground) = skin.at("views.table.cursorBgColor") else { return };
        self.look(Role::Selection).bg = Some(written(ground));
        // k9s draws the text of that row in one colour, which is black where the skin does not say.
        let text = skin.at("views.table.cursorFgColor").unwrap_or(Colour::Rgb([0; 3]));
        self.look(Role::Selection).fg = Some(written(text));
    }

    /// The grounds of lines that come and go: the skin has none, so that they are a breath of good, bad and warn.
    fn lines(&mut self) {
        let (ground, text) = (self.bg(Role::Text), self.fg(Role::Text));
        for (role, of) in [(Role::Added, Role::Good), (Role::Removed, Role::Bad), (Role::Changed, Role::Warn)] {
            let tint = self.fg(of);
            let look = self.draft.roles.entry(role).or_default();
            match (ground, text, tint) {
                (Some(ground), Some(text), Some(tint)) => {
                    let fits = |share: &u8| {
                        color::contrast(
                            color::readable(text, &[ground], NEEDED).unwrap_or(text),
                            color::mix(ground, tint, *share),
                        ) >= NEEDED
                    };
                    let share = [22, 18, 14, 10, 6].into_iter().find(fits).unwrap_or(4);
                    (look.fg, look.bg) = (Some(hex(text)), Some(hex(color::mix(ground, tint, share))));
                }
                // Nothing can be mixed with a ground that is not known.
                _ => (look.fg, look.bg) = (tint.map(hex), None),
            }
        }
        let fault = self.draft.roles.get(&Role::Fault).and_then(|look| look.fg.clone());
        let block = self.look(Role::FaultBg);
        (block.fg, block.bg) = (ground.map(hex).or_else(|| Some(hex([0; 3]))), fault);
    }

    fn toml(&self, name: &str, parent: &str, from: &str) -> String {
        let mut text =
            format!("# From the skin {from} of k9s.\n\nname = {name:?}\ninherits = \"{parent}\"\n\n[roles]\n");
        for (role, name) in Role::ALL {
            let Some(look) = self.draft.roles.get(&role) else { continue };
            let mut fields: Vec<String> = Vec::new();
            for (side, colour) in [("fg", &look.fg), ("bg", &look.bg)] {
                fields.extend(colour.as_ref().map(|colour| format!("{side} = \"{colour}\"")));
            }
            let on = MODIFIERS.iter().filter(|(_, modifier)| look.modifiers.contains(*modifier));
            fields.extend(on.map(|(name, _)| format!("{name} = true")));
            text += &if fields.is_empty() {
                format!("{name} = {{}}\n")
            } else {
                format!("{name} = {{ {} }}\n", fields.join(", "))
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Theme, built_in},
        of_skin,
    };
    use crate::{
        base::Ground,
        config::{Depth, Role, k9s::skin::Skin},
    };

    fn import(text: &str) -> (Theme, Vec<String>) {
        let (skin, wrong) = Skin::read("mine.yaml", text).unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        let imported = of_skin("mine", "mine.yaml", &skin);
        let (theme, wrong) = Theme::read(&imported.toml, Depth::True, &built_in);
        assert!(wrong.is_empty(), "{wrong:?}\n{}", imported.toml);
        (theme, imported.remarks)
    }

    #[test]
    fn a_skin_is_a_theme_that_can_be_read() {
        let (theme, remarks) = import(
            "k9s:\n  body: {fgColor: white, bgColor: navy}\n  frame:\n    status: {errorColor: '#502020', addColor: lime}\n",
        );
        assert_eq!(theme.ground, Some(Ground::Dark));
        assert_eq!(theme.style(Role::Text).bg, Some(ratatui::style::Color::Rgb(0, 0, 0x80)));
        assert_eq!(theme.style(Role::Good).fg, Some(ratatui::style::Color::Rgb(0, 0xff, 0)));
        assert!(
            remarks.iter().any(|one| one.starts_with("bad was hard to read") && one.contains("#502020")),
            "{remarks:?}"
        );
    }

    #[test]
    fn a_light_skin_stands_on_the_light_theme_and_a_partial_one_on_the_default() {
        assert_eq!(import("k9s: {body: {bgColor: ivory}}").0.ground, Some(Ground::Light));
        assert_eq!(import("k9s: {body: {logoColor: gold}}").0.ground, Some(Ground::Dark));
    }

    #[test]
    fn the_grounds_of_the_terminal_stay_its_own() {
        let (theme, remarks) = import("k9s: {body: {fgColor: default, bgColor: default}}");
        assert_eq!(theme.ground, None);
        assert_eq!(theme.style(Role::Text).bg, Some(ratatui::style::Color::Reset));
        assert!(remarks[0].contains("the terminal's own ground"), "{remarks:?}");
    }

    #[test]
    fn good_bad_and_a_live_fault_are_kept_apart() {
        let (theme, _) = import("k9s: {frame: {status: {addColor: red, errorColor: red, killColor: red}}}");
        let fg = |role| theme.style(role).fg;
        assert!(fg(Role::Good) != fg(Role::Bad) && fg(Role::Fault) != fg(Role::Bad));
    }
}
