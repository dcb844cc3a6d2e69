//! Choosing another theme: what is under the cursor is seen at once, and only what is chosen stays.

use super::{App, Screen};
use crate::{
    base::{Ground, Ticket, suggest},
    config::{
        Role, Theme,
        theme::{AUTO, BUILT_IN, Worn, built_in},
    },
    msg::{Effect, event::ThemeFile},
    panes::{
        Picker,
        picker::{Choice, Item},
    },
};

/// Themes to choose from, and the one that comes back when none is chosen.
#[derive(Debug)]
pub(super) struct Wardrobe {
    worn: Worn,
    ground: Ground,
    /// The person's own, once they were read.
    files: Vec<ThemeFile>,
    ticket: Option<Ticket>,
    /// The name that waits for the answer.
    wanted: Option<String>,
    /// The theme from before the picker, and the name that is seen instead.
    trying: Option<(Theme, String)>,
    /// The theme from before the stage.
    offstage: Option<Theme>,
}

impl Wardrobe {
    /// Another theme is worn, by its settings.
    pub fn wear(&mut self, worn: Worn) {
        // Whoever asks for `auto` still gets it.
        let by_ground = worn.by_ground.or_else(|| self.worn.by_ground.take());
        self.worn = Worn { name: worn.name, by_ground };
        self.trying = None;
    }

    /// The terminal's ground, as far as it is known.
    pub fn ground(&self) -> Ground {
        self.ground
    }

    pub fn new(worn: Worn) -> Self {
        Self {
            worn,
            ground: Ground::default(),
            files: Vec::new(),
            ticket: None,
            wanted: None,
            trying: None,
            offstage: None,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let own = self.files.iter().find(|file| file.name == name).map(|file| file.text.clone());
        own.or_else(|| built_in(name))
    }

    /// Every name with where it comes from: the one in use if it is a path, the person's own, those of brink.
    fn names(&self) -> Vec<(&str, &'static str)> {
        let own = self.files.iter().map(|file| (file.name.as_str(), "yours"));
        let brinks = BUILT_IN.iter().map(|(name, _)| (*name, "built in"));
        let brinks = brinks.filter(|(name, _)| self.files.iter().all(|file| file.name != *name));
        let mut names: Vec<_> = own.chain(brinks).collect();
        if self.worn.by_ground.is_some() {
            names.insert(0, (AUTO, "as the terminal is"));
        }
        if names.iter().all(|(name, _)| *name != self.worn.name) {
            names.insert(0, (self.worn.name.as_str(), "in use"));
        }
        names
    }
}

impl App {
    /// `:theme`, with a name or without.
    pub(super) fn themes(&mut self, wanted: Option<String>) -> Vec<Effect> {
        let ticket = self.tickets.take();
        self.wardrobe.ticket = Some(ticket);
        if wanted.is_none() {
            // What comes with brink is shown at once; the person's own come with the answer.
            let mut picker = Picker::of(Choice::Theme, ticket, self.theme_items());
            picker.expect(ticket);
            self.screens.push(Screen::Picker(picker));
        }
        self.wardrobe.wanted = wanted;
        vec![Effect::Themes(ticket)]
    }

    pub(super) fn themes_known(&mut self, ticket: Ticket, files: Vec<ThemeFile>) {
        if self.wardrobe.ticket != Some(ticket) {
            return;
        }
        self.wardrobe.ticket = None;
        self.wardrobe.files = files;
        if let Some(name) = self.wardrobe.wanted.take() {
            self.keep_theme(&name);
            return;
        }
        let items = self.theme_items();
        for screen in &mut self.screens {
            if let Screen::Picker(picker) = screen {
                picker.hear(ticket, Ok(items.clone()));
            }
        }
    }

    fn theme_items(&self) -> Vec<Item> {
        let names = self.wardrobe.names();
        let item = |(name, from): (&str, &str)| {
            let ground = self.made(name).and_then(|(theme, _)| theme.ground).map_or("", Ground::word);
            let note = [ground, from].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ");
            Item { name: name.to_owned(), note, current: name == self.wardrobe.worn.name }
        };
        names.into_iter().map(item).collect()
    }

    /// The theme of a name as this terminal shows it, with the first thing that is wrong with it.
    fn made(&self, name: &str) -> Option<(Theme, Option<String>)> {
        let wardrobe = &self.wardrobe;
        let (mut theme, wrong) = match (&wardrobe.worn.by_ground, wardrobe.text(name)) {
            (Some(themes), _) if name == AUTO => (themes.on(wardrobe.ground).clone(), None),
            (_, Some(text)) => {
                let (theme, wrong) = Theme::read(&text, self.theme.depth, &|name| wardrobe.text(name));
                (theme, wrong.first().map(ToString::to_string))
            }
            (_, None) => return None,
        };
        theme.ascii = self.theme.ascii;
        Some((if self.presenting { theme.presented() } else { theme }, wrong))
    }

    /// Puts on what is under the cursor of the picker, and what was worn before once the picker is gone.
    pub(super) fn dress(&mut self) {
        let under = match self.screens.last() {
            Some(Screen::Picker(picker)) if picker.choice == Choice::Theme => picker.under(),
            _ => None,
        };
        match (under, self.wardrobe.trying.take()) {
            (Some(name), Some((before, seen))) if seen == name => self.wardrobe.trying = Some((before, seen)),
            (Some(name), trying) => {
                let name = name.to_owned();
                let before = trying.map_or_else(|| self.theme.clone(), |(before, _)| before);
                // One that cannot be read again is the one in use.
                let seen = if name == self.wardrobe.worn.name { None } else { self.made(&name) };
                self.theme = seen.map_or_else(|| before.clone(), |(theme, _)| theme);
                self.wardrobe.trying = Some((before, name));
            }
            (None, Some((before, _))) => self.theme = before,
            (None, None) => {}
        }
    }

    /// On a stage contrast carries farther than taste; behind it the person's own theme comes back.
    pub(super) fn dress_for_stage(&mut self) {
        let theme = if self.presenting {
            self.wardrobe.offstage = Some(self.theme.clone());
            self.stage_theme()
        } else {
            let own = self.made(&self.wardrobe.worn.name.clone()).map(|(theme, _)| theme);
            own.or_else(|| self.wardrobe.offstage.take())
        };
        if let Some(theme) = theme {
            self.theme = theme;
            self.wardrobe.trying = None;
        }
    }

    fn stage_theme(&self) -> Option<Theme> {
        let name = match self.theme.ground.unwrap_or(self.wardrobe.ground) {
            Ground::Dark => "high-contrast",
            Ground::Light => "high-contrast-light",
        };
        self.made(name).map(|(theme, _)| theme)
    }

    /// Wears a theme for the rest of this run, and says how to keep it for good.
    pub(super) fn keep_theme(&mut self, name: &str) -> Vec<Effect> {
        if name == self.wardrobe.worn.name {
            return Vec::new();
        }
        let Some((theme, wrong)) = self.made(name) else {
            let names = self.wardrobe.names();
            let near = suggest::nearest(name, names.iter().map(|(name, _)| *name));
            let hint = near.map_or_else(|| "`:theme` lists them".to_owned(), |near| format!("did you mean {near}?"));
            self.notify(format!("there is no theme {name}: {hint}"), Role::Warn);
            return Vec::new();
        };
        self.theme = theme;
        self.wardrobe.trying = None;
        name.clone_into(&mut self.wardrobe.worn.name);
        match wrong {
            Some(wrong) => self.notify(format!("theme {name}: {wrong}"), Role::Warn),
            None => self.notify(
                format!("{name} for this run; to keep it write theme = \"{name}\" into config.toml"),
                Role::TextDim,
            ),
        }
        Vec::new()
    }

    /// The terminal is dark or light; counts where the person left that to it.
    pub fn on_ground(&mut self, ground: Ground) {
        self.wardrobe.ground = ground;
        if self.wardrobe.worn.name != AUTO {
            return;
        }
        let Some((theme, _)) = self.made(AUTO) else { return };
        if self.presenting {
            self.theme = theme;
            self.theme = self.stage_theme().unwrap_or_else(|| self.theme.clone());
            return;
        }
        match &mut self.wardrobe.trying {
            Some((before, _)) => *before = theme,
            None => self.theme = theme,
        }
    }
}
