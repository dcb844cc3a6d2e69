//! What holds in which context: the sources of the settings are kept, so that a cockpit that goes to another context knows at
//! once what the sections for it say. What such sections name (themes, keymaps, guardrail files) was read when the cockpit began.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Keymap, Settings, Theme,
    key::Key,
    settings::{File, Layer, Value},
    theme::Worn,
};
use crate::{base::glob, fault::policy::Policy};

/// What was said, by whom.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// By flags.
    pub flags: Layer,
    /// By the environment.
    pub environment: Layer,
    /// By the settings file.
    pub file: File,
}

impl Sources {
    /// What holds in a context, whichever one the cockpit began in.
    pub fn within(&self, context: &str) -> Settings {
        Settings::within(&self.flags, &self.environment, &self.file, Some(context))
    }

    /// What the sections for a context say, the more exact over the others.
    fn section(&self, context: &str) -> Layer {
        let fitting = self.file.contexts.iter().filter(|(pattern, _)| glob::matches(pattern, context));
        fitting.flat_map(|(_, layer)| layer.clone()).collect()
    }

    /// The guardrail files that count in a context: the one that holds for all, and those of its sections.
    pub fn policies(&self, context: &str) -> Vec<PathBuf> {
        let base = Settings::within(&self.flags, &self.environment, &self.file, None).policy();
        let fitting = self.file.contexts.iter().filter(|(pattern, _)| glob::matches(pattern, context));
        let own = fitting.filter_map(|(_, layer)| policy_of(layer));
        let mut all = Vec::new();
        for path in base.into_iter().chain(own) {
            if !all.contains(&path) {
                all.push(path);
            }
        }
        all
    }

    /// The layers in which a setting may name something that is to be read.
    fn layers(&self) -> impl Iterator<Item = &Layer> {
        let sections = self.file.contexts.iter().map(|(_, layer)| layer);
        [&self.flags, &self.environment, &self.file.all].into_iter().chain(sections)
    }

    /// All that these sources name for a setting, each once.
    pub fn named(&self, key: Key) -> Vec<String> {
        let mut all = Vec::new();
        for (value, _) in self.layers().filter_map(|layer| layer.get(&key)) {
            match value {
                Value::Text(text) if !all.contains(text) => all.push(text.clone()),
                _ => {}
            }
        }
        all
    }
}

fn policy_of(layer: &Layer) -> Option<PathBuf> {
    match layer.get(&Key::Policy) {
        Some((Value::Text(path), _)) => Some(PathBuf::from(path)),
        _ => None,
    }
}

/// The sources with what they name.
#[derive(Debug, Clone, Default)]
pub struct Overlays {
    /// What was said.
    pub sources: Sources,
    /// Themes by name or path.
    pub themes: BTreeMap<String, (Theme, Worn)>,
    /// Keymaps by name or path.
    pub keymaps: BTreeMap<String, Keymap>,
    /// Guardrails by path.
    pub policies: BTreeMap<PathBuf, Policy>,
    /// ASCII alone where nobody says anything.
    pub ascii: bool,
}

/// Where a context is looked at first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Begin {
    /// In all namespaces.
    pub all: bool,
    /// In this one; `None`: the context's own.
    pub namespace: Option<String>,
}

impl Overlays {
    /// Whether anything is said for some contexts alone.
    pub fn is_empty(&self) -> bool {
        self.sources.file.contexts.is_empty()
    }

    /// The theme of these settings, and what is to be known of it to change with the terminal's ground.
    pub fn theme(&self, settings: &Settings) -> Option<(Theme, Worn)> {
        let (mut theme, worn) = self.themes.get(settings.theme())?.clone();
        theme.ascii = settings.ascii().unwrap_or(self.ascii);
        Some((theme, worn))
    }

    /// The keymap of these settings.
    pub fn keymap(&self, settings: &Settings) -> Option<Keymap> {
        self.keymaps.get(settings.keymap()).cloned()
    }

    /// The guardrails of a context: the strictest of what holds for all and of what its sections name.
    pub fn policy(&self, context: &str) -> Policy {
        let mut found = self.sources.policies(context).into_iter().map(|path| match self.policies.get(&path) {
            Some(policy) => policy.clone(),
            None => Policy { broken: Some(format!("{} was not read", path.display())), ..Policy::default() },
        });
        let first = found.next().unwrap_or_default();
        found.fold(first, |held, other| held.stricter(other, context))
    }

    /// Where a context is looked at first. What flags and environment say was said of the context the cockpit began in.
    pub fn begin(&self, context: &str) -> Begin {
        let section = self.sources.section(context);
        let namespace = match section.get(&Key::Namespace) {
            Some((Value::Text(name), _)) => Some(name.clone()),
            _ => None,
        };
        let all = matches!(section.get(&Key::AllNamespaces), Some((Value::Flag(true), _)));
        Begin { all: all && namespace.is_none(), namespace }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Overlays, Sources};
    use crate::{
        config::{
            key::Key,
            settings::{Layer, Origin, Value, parse},
        },
        fault::policy::Policy,
    };

    const FILE: &str = r#"
theme = "kiln"
policy = "all.toml"

[contexts."prod-*"]
theme = "light"
readonly = true
namespace = "shop"
policy = "prod.toml"
favourites = ["shop", "pay"]

[contexts."prod-eu"]
prometheus = "none"
all-namespaces = true
"#;

    fn overlays(flags: Layer) -> Overlays {
        let file = parse("config.toml", FILE).unwrap();
        Overlays { sources: Sources { flags, file, ..Sources::default() }, ..Overlays::default() }
    }

    #[test]
    fn sections_hold_in_their_contexts_and_nowhere_else() {
        let overlays = overlays(Layer::new());
        let eu = overlays.sources.within("prod-eu");
        assert_eq!((eu.theme(), eu.readonly(), eu.favourites()), ("light", true, vec!["shop".into(), "pay".into()]));
        assert_eq!(eu.said(Key::Prometheus).unwrap().1, Origin::File("config.toml".to_owned(), 13));
        let dev = overlays.sources.within("dev");
        assert_eq!((dev.theme(), dev.readonly(), dev.favourites().len()), ("kiln", false, 0));
        assert_eq!(overlays.begin("prod-us").namespace.as_deref(), Some("shop"));
        assert_eq!(overlays.begin("dev"), super::Begin::default());
        assert_eq!(overlays.sources.named(Key::Theme), ["kiln", "light"]);
    }

    #[test]
    fn the_context_of_the_command_line_does_not_hold_in_another() {
        let flag = |key, text: &str| (key, (Value::Text(text.to_owned()), Origin::Flag));
        let overlays = overlays([flag(Key::Context, "prod-eu"), flag(Key::Theme, "default")].into());
        let dev = overlays.sources.within("dev");
        assert!(!dev.readonly());
        assert_eq!(dev.theme(), "default", "a flag outdoes every section");
    }

    #[test]
    fn of_several_guardrail_files_the_strictest_holds() {
        let mut overlays = overlays(Layer::new());
        let of = |most: u32| Policy { max_concurrent: most, ..Policy::default() };
        overlays.policies = [(PathBuf::from("all.toml"), of(2)), (PathBuf::from("prod.toml"), of(5))].into();
        assert_eq!(overlays.policy("prod-eu").max_concurrent, 2);
        assert_eq!(overlays.policy("dev").max_concurrent, 2);
        overlays.policies.insert(PathBuf::from("prod.toml"), of(1));
        assert_eq!(overlays.policy("prod-eu").max_concurrent, 1);
        overlays.policies.clear();
        assert!(overlays.policy("dev").broken.is_some(), "what cannot be read allows nothing");
    }
}
