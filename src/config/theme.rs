//! Themes: what each [`Role`] looks like on the terminal at hand.
//!
//! A theme file is read over the theme it inherits from; what is wrong with it is collected, not fatal, so that a typo costs
//! one colour and not the cockpit. `themes/default.toml` is embedded and documents the format.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::de::DeValue;

use super::{
    color::{self, Depth},
    complaint::{Complaint, meant},
    role::Role,
    toml_file::{Line, TomlFile, entries},
};

/// The themes that come with brink.
pub const BUILT_IN: [(&str, &str); 2] =
    [("default", include_str!("../../themes/default.toml")), ("light", include_str!("../../themes/light.toml"))];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// What each role looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
    /// Only glyphs of ASCII may be drawn.
    pub ascii: bool,
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

/// The text of a built-in theme.
pub fn built_in(name: &str) -> Option<String> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}

/// How one role is written in a file: colours still by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Look {
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Modifier,
    line: usize,
}

/// A theme while it is read.
#[derive(Debug, Default)]
struct Draft {
    palette: BTreeMap<String, [u8; 3]>,
    palette256: BTreeMap<String, u8>,
    roles: BTreeMap<Role, Look>,
    sixteen: BTreeMap<Role, Look>,
    mono: BTreeMap<Role, Look>,
}

/// Inheritance deeper than this is a circle.
const DEEPEST: usize = 8;

impl Draft {
    fn read(&mut self, text: &str, find: &dyn Fn(&str) -> Option<String>) -> Vec<Complaint> {
        self.read_at(text, find, 0)
    }

    fn read_at(&mut self, text: &str, find: &dyn Fn(&str) -> Option<String>, depth: usize) -> Vec<Complaint> {
        let mut file = TomlFile::new("", text);
        let table = file.parse();
        if file.is_wrong() {
            return file.complaints();
        }
        let table = table.get_ref();
        if let Some(entry) = entries("", table).find(|entry| entry.key == "inherits") {
            self.inherit(&mut file, entry, find, depth);
        } else if !entries("", table)
            .any(|entry| entry.key == "name" && entry.value.get_ref().as_str() == Some("default"))
        {
            // Every theme stands on the default one, so that a role is never without a look.
            self.read_at(BUILT_IN[0].1, find, depth + 1);
        }
        for entry in entries("", table) {
            match (entry.key, entry.value.get_ref()) {
                ("name" | "inherits", _) => {}
                ("palette", DeValue::Table(inner)) => {
                    for color in entries(entry.key, inner) {
                        self.palette_entry(&mut file, color);
                    }
                }
                ("palette256", DeValue::Table(inner)) => {
                    for color in entries(entry.key, inner) {
                        let index = color.value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
                        match index {
                            Some(index) => {
                                self.palette256.insert(color.key.to_owned(), index);
                            }
                            None => file.blame(
                                color,
                                &format!("palette256.{}", color.key),
                                format!("`{}` is no colour of 256", color.key),
                                "write a number from 0 to 255",
                            ),
                        }
                    }
                }
                ("roles", DeValue::Table(inner)) => {
                    let known: Vec<String> = self.palette.keys().cloned().collect();
                    let ok = |name: &str| color::rgb(name).is_some() || known.iter().any(|known| known == name);
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "roles", role, &ok, &known, &mut self.roles);
                    }
                }
                ("roles16", DeValue::Table(inner)) => {
                    let known: Vec<String> = color::SIXTEEN.iter().map(|(name, _)| (*name).to_owned()).collect();
                    let ok = |name: &str| known.iter().any(|known| known == name);
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "roles16", role, &ok, &known, &mut self.sixteen);
                    }
                }
                ("mono", DeValue::Table(inner)) => {
                    for role in entries(entry.key, inner) {
                        read_role(&mut file, "mono", role, &|_| false, &[], &mut self.mono);
                    }
                }
                ("palette" | "palette256" | "roles" | "roles16" | "mono", _) => {
                    file.blame(entry, entry.key, format!("`{}` must be a table", entry.key), "");
                }
                (name, _) => file.blame(
                    entry,
                    name,
                    format!("a theme has no `{name}`"),
                    meant(name, ["name", "inherits", "palette", "palette256", "roles", "roles16", "mono"]),
                ),
            }
        }
        file.complaints()
    }

    fn inherit(
        &mut self,
        file: &mut TomlFile<'_>,
        entry: Line<'_, '_>,
        find: &dyn Fn(&str) -> Option<String>,
        depth: usize,
    ) {
        let Some(name) = entry.value.get_ref().as_str() else {
            file.blame(entry, "inherits", "`inherits` must name a theme", "");
            return;
        };
        if depth >= DEEPEST {
            file.blame(entry, "inherits", format!("`{name}` inherits from itself"), "");
            return;
        }
        match find(name) {
            Some(parent) => {
                let inner = self.read_at(&parent, find, depth + 1);
                if let Some(first) = inner.first() {
                    file.blame(entry, "inherits", format!("the theme `{name}` is broken: {first}"), "");
                }
            }
            None => file.blame(
                entry,
                "inherits",
                format!("there is no theme `{name}`"),
                meant(name, BUILT_IN.map(|(name, _)| name)),
            ),
        }
    }

    fn palette_entry(&mut self, file: &mut TomlFile<'_>, entry: Line<'_, '_>) {
        match entry.value.get_ref().as_str().and_then(color::rgb) {
            Some(rgb) => {
                self.palette.insert(entry.key.to_owned(), rgb);
                self.palette256.remove(entry.key);
            }
            None => file.blame(
                entry,
                &format!("palette.{}", entry.key),
                format!("`{}` is no colour", entry.key),
                "write it as \"#rrggbb\"",
            ),
        }
    }

    fn rgb(&self, name: &str) -> Option<[u8; 3]> {
        self.palette.get(name).copied().or_else(|| color::rgb(name))
    }

    /// Text that is hard to read: contrast below what its role needs, on the ground and under the cursor.
    fn unreadable(&self) -> Vec<Complaint> {
        let ground = self.roles.get(&Role::Text).and_then(|look| self.rgb(look.bg.as_deref()?));
        let mut wrong = Vec::new();
        for (role, name) in Role::ALL {
            let (Some(look), Some(needed)) = (self.roles.get(&role), role.needs_contrast()) else { continue };
            let Some(fg) = look.fg.as_deref().and_then(|name| self.rgb(name)) else { continue };
            let bg = look.bg.as_deref().and_then(|name| self.rgb(name)).or(ground);
            let Some(bg) = bg else { continue };
            let found = color::contrast(fg, bg);
            if found < needed {
                wrong.push(Complaint {
                    line: look.line,
                    key: format!("roles.{name}"),
                    message: format!("`{name}` is hard to read: contrast {found:.1}:1, needs {needed}:1"),
                    hint: "move its colour away from its ground".to_owned(),
                });
            }
        }
        wrong
    }

    fn finish(&self, depth: Depth) -> Theme {
        let styles = Role::ALL.map(|(role, _)| match depth {
            Depth::True => self.style(self.roles.get(&role), |name| {
                let [r, g, b] = self.rgb(name)?;
                Some(Color::Rgb(r, g, b))
            }),
            Depth::Indexed => self.style(self.roles.get(&role), |name| {
                let index = self.palette256.get(name).copied();
                Some(Color::Indexed(index.or_else(|| Some(color::nearest256(self.rgb(name)?)))?))
            }),
            Depth::Sixteen => self.style(self.sixteen.get(&role), |name| {
                color::SIXTEEN.iter().find(|(known, _)| *known == name).map(|(_, color)| *color)
            }),
            Depth::Mono => self.style(self.mono.get(&role), |_| None),
        });
        Theme { styles, ascii: false }
    }

    #[expect(clippy::unused_self, reason = "a step of finish, kept beside it")]
    fn style(&self, look: Option<&Look>, color: impl Fn(&str) -> Option<Color>) -> Style {
        let Some(look) = look else { return Style::new() };
        let mut style = Style::new().add_modifier(look.modifiers);
        style.fg = look.fg.as_deref().and_then(&color);
        style.bg = look.bg.as_deref().and_then(&color);
        style
    }
}

fn read_role(
    file: &mut TomlFile<'_>,
    table: &str,
    entry: Line<'_, '_>,
    is_color: &dyn Fn(&str) -> bool,
    colors: &[String],
    into: &mut BTreeMap<Role, Look>,
) {
    let path = format!("{table}.{}", entry.key);
    let Some(role) = Role::named(entry.key) else {
        let message = format!("there is no role `{}`", entry.key);
        file.blame(entry, &path, message, meant(entry.key, Role::ALL.map(|(_, name)| name)));
        return;
    };
    let DeValue::Table(fields) = entry.value.get_ref() else {
        file.blame(entry, &path, format!("`{}` must be a table", entry.key), "write { fg = \"NAME\" }");
        return;
    };
    let line = file.line(entry.at);
    let mut look = Look { line, ..Look::default() };
    for field in entries(&path, fields) {
        let path = format!("{path}.{}", field.key);
        let modifier = MODIFIERS.iter().find(|(name, _)| *name == field.key);
        match (field.key, modifier, field.value.get_ref()) {
            ("fg" | "bg", _, DeValue::String(name)) if is_color(name) => {
                let side = if field.key == "fg" { &mut look.fg } else { &mut look.bg };
                *side = Some(name.to_string());
            }
            ("fg" | "bg", _, value) => {
                let given = value.as_str().unwrap_or_default();
                let hint = if colors.is_empty() {
                    "without colour only modifiers can be set".to_owned()
                } else {
                    meant(given, colors.iter().map(String::as_str))
                };
                file.blame(field, &path, format!("there is no colour `{given}`"), hint);
            }
            (_, Some((_, modifier)), DeValue::Boolean(on)) => look.modifiers.set(*modifier, *on),
            (name, Some(_), _) => {
                file.blame(field, &path, format!("`{name}` must be true or false"), "");
            }
            (name, None, _) => {
                let known = ["fg", "bg", "bold", "dim", "italic", "underline", "reverse"];
                file.blame(field, &path, format!("a role has no `{name}`"), meant(name, known));
            }
        }
    }
    into.insert(role, look);
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
