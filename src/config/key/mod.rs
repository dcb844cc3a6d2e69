//! The one table of settings: what the file, the environment and the flags may say. The reference in `docs/config.md`, the
//! `config` subcommand and the reader of the file are all made from it. It reads nothing itself.

mod holds;
mod table;

pub use holds::Holds;
pub use table::Key;

impl Key {
    /// The table of the file that holds the settings of the agent.
    pub const AGENT: &'static str = "agent";
    /// The table of agents with names.
    pub const AGENTS: &'static str = "agents";

    /// The table of settings of the screen and the keys.
    pub const UI: &'static str = "ui";

    fn spec(self) -> &'static table::Spec {
        // The table is made by the same macro, in the same order, as the enum.
        &table::SPECS[self as usize]
    }

    /// Whether an agent with a name may say it.
    pub fn per_agent(self) -> bool {
        self.agent_word().is_some() && self != Self::AgentName
    }

    /// Its name in the file.
    pub fn word(self) -> &'static str {
        self.spec().word
    }

    /// Its name in the table of the agent; `None` for all others.
    pub fn agent_word(self) -> Option<&'static str> {
        self.word().strip_prefix(Self::AGENT)?.strip_prefix('.')
    }

    /// Its name in the table of the screen and the keys; `None` for all others.
    pub fn ui_word(self) -> Option<&'static str> {
        self.word().strip_prefix(Self::UI)?.strip_prefix('.')
    }

    /// The setting of that name.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.word() == word)
    }

    /// The environment variable that overrides the file.
    pub fn env(self) -> &'static str {
        self.spec().env
    }

    /// The flag that overrides the environment.
    pub fn flag(self) -> Option<&'static str> {
        Some(self.spec().flag).filter(|flag| !flag.is_empty())
    }

    /// What it holds.
    pub fn holds(self) -> Holds {
        self.spec().holds
    }

    /// What holds when nobody says anything, in words.
    pub fn default_words(self) -> &'static str {
        self.spec().default_words
    }

    /// Whether a `[contexts."NAME"]` section may say it.
    pub fn per_context(self) -> bool {
        self.spec().per_context
    }

    /// What it does.
    pub fn doc(self) -> &'static str {
        self.spec().doc
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn every_setting_is_told_apart_from_all_others() {
        for (at, key) in Key::ALL.into_iter().enumerate() {
            assert_eq!(Key::of(key.word()), Some(key), "{} stands twice", key.word());
            assert!(
                Key::ALL.into_iter().skip(at + 1).all(|other| other.env() != key.env() && other.doc() != key.doc())
            );
            assert!(key.doc().ends_with('.') && !key.default_words().is_empty(), "{}", key.word());
        }
    }
}
