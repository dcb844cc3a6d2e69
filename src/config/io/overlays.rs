//! Reads what the settings name for any context: themes, keymaps, guardrail files.

use std::path::Path;

use super::{load, look};
use crate::{
    base::Ground,
    config::{
        Depth, Keymap, Settings, Theme,
        key::Key,
        overlay::{Overlays, Sources},
        theme::{AUTO, ByGround, Worn},
    },
    fault::policy::Policy,
};

/// Reads it, with what is to be told of it. What only decorates, or only limits new faults, must not keep a person from ending
/// one: it is told, and the usual takes its place.
pub fn read(sources: Sources, now: &Settings, depth: Depth, ground: Ground, ascii: bool) -> (Overlays, Vec<String>) {
    let mut notices = Vec::new();
    let mut overlays = Overlays { ascii, ..Overlays::default() };
    // Without sections there is nothing that could change: what holds now is read, and nothing else.
    let apart = !sources.file.contexts.is_empty();
    let wanted = |key: Key, now: &str, usual: &str| {
        let mut names = vec![now.to_owned()];
        for name in sources.named(key).into_iter().chain([usual.to_owned()]) {
            if apart && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    for name in wanted(Key::Theme, now.theme(), AUTO) {
        let worn = worn(&name, depth, ground, &mut notices);
        overlays.themes.insert(name, worn);
    }
    for name in wanted(Key::Keymap, now.keymap(), "default") {
        let (keymap, wrong) = look::keymap(&name).unwrap_or_else(|complaints| {
            notices.push(format!("keymap: {complaints}"));
            (Keymap::standard(), Vec::new())
        });
        notices.extend(wrong.iter().map(|complaint| format!("keymap {name}: {complaint}")));
        overlays.keymaps.insert(name, keymap);
    }
    for path in sources.named(Key::Policy) {
        let policy = load::policy(Some(Path::new(&path)))
            .unwrap_or_else(|complaints| Policy { broken: Some(complaints.to_string()), ..Policy::default() });
        overlays.policies.insert(path.into(), policy);
    }
    overlays.sources = sources;
    (overlays, notices)
}

/// The theme of a name on this ground, and what is to be known of it to change with the ground.
fn worn(name: &str, depth: Depth, ground: Ground, notices: &mut Vec<String>) -> (Theme, Worn) {
    let mut read = |name: &str| {
        let (theme, wrong) = look::theme(name, depth).unwrap_or_else(|complaints| {
            notices.push(format!("theme: {complaints}"));
            (Theme::standard(depth), Vec::new())
        });
        notices.extend(wrong.iter().map(|complaint| format!("theme {name}: {complaint}")));
        theme
    };
    let by_ground = (name == AUTO).then(|| {
        let mut of = |ground| read(ByGround::name(ground));
        ByGround { dark: of(Ground::Dark), light: of(Ground::Light) }
    });
    let theme = match &by_ground {
        Some(themes) => themes.on(ground).clone(),
        None => read(name),
    };
    (theme, Worn { name: name.to_owned(), by_ground })
}
