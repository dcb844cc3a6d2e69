//! Theme and keymap files: by path, by name in the user's folder, or built in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::load;
use crate::{
    base::sanitize,
    config::{
        Depth, Keymap, Theme,
        complaint::{Complaint, Complaints, meant},
        keymap, theme,
    },
    msg::event::ThemeFile,
};

/// What decorates the cockpit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Colours.
    Theme,
    /// Keys.
    Keymap,
}

/// One that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its file; `None` for a built-in one.
    pub file: Option<PathBuf>,
}

impl Look {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::Keymap => "keymap",
        }
    }

    /// Where the user's own files are.
    pub fn folder(self) -> Option<PathBuf> {
        let below = match self {
            Self::Theme => "themes",
            Self::Keymap => "keymaps",
        };
        Some(load::folder()?.join(below))
    }

    fn built_in(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Theme => &theme::BUILT_IN,
            Self::Keymap => &keymap::BUILT_IN,
        }
    }

    /// Everything that can be named: the user's files first, then the built-in ones they do not hide.
    pub fn all(self) -> Vec<Named> {
        let mut found: Vec<Named> = self
            .folder()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_stem()?.to_str()?.to_owned();
                (path.extension()? == "toml").then_some(Named { name, file: Some(path) })
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        for (name, _) in self.built_in() {
            if !found.iter().any(|known| known.name == *name) {
                found.push(Named { name: (*name).to_owned(), file: None });
            }
        }
        found
    }

    /// The text behind a name or path, and what to call it in complaints.
    pub fn text(self, name: &str) -> Result<(String, String), Complaints> {
        if name.contains('/') || Path::new(name).extension().is_some_and(|end| end == "toml") {
            let read = fs::read_to_string(name);
            return match read {
                Ok(text) => Ok((name.to_owned(), text)),
                Err(error) => Err(load::unreadable(name, &error, "correct the path or its rights")),
            };
        }
        if let Some(file) = self.folder().map(|folder| folder.join(format!("{name}.toml"))) {
            let shown = file.display().to_string();
            match fs::read_to_string(&file) {
                Ok(text) => return Ok((shown, text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(load::unreadable(&shown, &error, "correct its rights")),
            }
        }
        if let Some((_, text)) = self.built_in().iter().find(|(known, _)| *known == name) {
            return Ok((name.to_owned(), (*text).to_owned()));
        }
        let all = self.all();
        let message = format!("there is no {} of this name", self.word());
        let hint = meant(name, all.iter().map(|named| named.name.as_str()));
        Err(Complaints::one(name, Complaint { line: 0, key: String::new(), message, hint }))
    }

    /// What is wrong with the text of a file, as the cockpit would find it. A theme is judged at every depth of colour.
    pub fn check(self, file: &str, text: &str) -> Vec<Complaint> {
        let find = |name: &str| self.text(name).ok().map(|(_, text)| text);
        let mut wrong = match self {
            Self::Keymap => Keymap::read(file, text, &|name| self.text(name).ok()).1,
            Self::Theme => [Depth::True, Depth::Indexed, Depth::Sixteen, Depth::Mono]
                .into_iter()
                .flat_map(|depth| Theme::read(text, depth, &find).1)
                .collect(),
        };
        wrong.sort_by(|a, b| (a.line, &a.key, &a.message).cmp(&(b.line, &b.key, &b.message)));
        wrong.dedup();
        wrong
    }
}

/// The theme of this name or path, with what was left out of it. A name that leads nowhere is an error.
pub fn theme(name: &str, depth: Depth) -> Result<(Theme, Vec<Complaint>), Complaints> {
    let (_, text) = Look::Theme.text(name)?;
    Ok(Theme::read(&text, depth, &|name| Look::Theme.text(name).ok().map(|(_, text)| text)))
}

/// The themes of the user's folder that can be read, with names that are safe for a screen.
pub fn themes() -> Vec<ThemeFile> {
    let own = Look::Theme.all().into_iter().filter_map(|named| {
        let text = fs::read_to_string(named.file?).ok()?;
        (sanitize::line(&named.name) == named.name).then_some(ThemeFile { name: named.name, text })
    });
    own.collect()
}

/// The keymap of this name or path, with what was left out of it. A name that leads nowhere is an error.
pub fn keymap(name: &str) -> Result<(Keymap, Vec<Complaint>), Complaints> {
    let (file, text) = Look::Keymap.text(name)?;
    Ok(Keymap::read(&file, &text, &|name| Look::Keymap.text(name).ok()))
}
