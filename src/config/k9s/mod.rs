//! k9s' configuration as brink's own: hotkeys, aliases, plugins, views and jumps.
//!
//! Pure: texts of files in, texts of brink's files out, with a word on each thing that was not understood. One thing that is
//! wrong costs itself and nothing else. Each entry is read back as brink reads its own files before it is taken, so that what
//! is written always holds. A skin is read here and becomes a theme with the themes; `io`
//! finds the files.

mod aliases;
mod entry;
mod hotkeys;
mod jumps;
mod keys;
mod kinds;
mod plugins;
pub mod skin;
mod views;
mod written;
mod yaml;

use serde::Serialize;

pub use written::Written;

use super::complaint::Complaint;
use entry::Taker;

/// What a file of k9s holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// `aliases.yaml`
    Aliases,
    /// `hotkeys.yaml`
    Hotkeys,
    /// `plugins.yaml`, or a file of the folder of plugins: its name counts where it holds a single one.
    Plugins(String),
    /// `views.yaml`
    Views,
    /// `jumps.yaml`
    Jumps,
}

/// A file of k9s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// As a person knows it.
    pub file: String,
    /// What it holds.
    pub holds: Holds,
    /// It counts in this context alone.
    pub context: Option<String>,
    /// Its text.
    pub text: String,
}

/// Something that was not taken, or not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The file.
    pub file: String,
    /// Line, key, what is wrong, what to do.
    #[serde(flatten)]
    pub complaint: Complaint,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Import {
    /// Brink's files, as they are to stand beside the settings.
    pub files: Vec<Written>,
    /// What was left, in the order of the files.
    pub left: Vec<Left>,
}

/// Turns k9s' files into brink's.
pub fn import(given: &[Given]) -> Import {
    let mut taker = Taker::default();
    for file in given {
        let Some(root) = taker.parse(file) else { continue };
        match &file.holds {
            Holds::Aliases => aliases::take(&mut taker, &root),
            Holds::Hotkeys => hotkeys::take(&mut taker, &root),
            Holds::Plugins(name) => plugins::take(&mut taker, name, &root),
            Holds::Views => views::take(&mut taker, &root),
            Holds::Jumps => jumps::take(&mut taker, &root),
        }
    }
    taker.done()
}

#[cfg(test)]
mod tests;
