//! Which model is asked, where, and where the key comes from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{tuning::Tuning, wire::Wire};
use crate::base::sanitize;

/// A model and the way to it.
///
/// Stored without anything of its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// How it is spoken to.
    pub wire: Wire,
    /// The base address, without what the wire appends. Empty: an agent in the cluster, reached through the API server.
    pub base_url: String,
    /// The model's name at its provider, the agent's name.
    pub name: String,
    /// Where the key comes from.
    #[serde(skip)]
    pub key: KeySource,
    /// Most tokens of one answer.
    pub max_tokens: u64,
    /// Tokens the model's context holds.
    pub context_tokens: u64,
    /// How it is asked.
    #[serde(default)]
    pub tuning: Tuning,
}

/// Where a key comes from. It is read when a request is made and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The first of these environment variables that is set. `needed`: without any of them nothing is asked.
    Env {
        /// Their names.
        names: Vec<String>,
        /// The provider does not answer without a key.
        needed: bool,
    },
    /// What this command prints, run by a shell.
    Command(String),
    /// What stands in this file, which only its owner may read.
    File(PathBuf),
}

impl Default for KeySource {
    /// No key.
    fn default() -> Self {
        Self::Env { names: Vec::new(), needed: false }
    }
}

/// The environment variable for a key of any provider.
pub const KEY_ENV: &str = "BRINK_AGENT_KEY";

/// The name of the embedded world's model; `scripted:cut` and its like are the same with a fault of the wire.
pub const SCRIPTED: &str = "scripted";

impl Model {
    /// Where the key comes from when nothing else is said. A key of the provider's own tools goes to the provider's own address
    /// and nowhere else: another address gets only what was named for it.
    pub fn usual_key(wire: Wire, base_url: &str) -> KeySource {
        let home = !wire.home().is_empty() && base_url.trim_end_matches('/') == wire.home();
        let mut names = vec![KEY_ENV.to_owned()];
        if home {
            names.push(wire.key_env().to_owned());
        }
        KeySource::Env { names, needed: home }
    }

    /// The scripted model of the embedded world: it looks things up and follows rules. A person is told so wherever it answers.
    pub fn scripted(&self) -> bool {
        self.name == SCRIPTED || self.name.strip_prefix(SCRIPTED).is_some_and(|rest| rest.starts_with(':'))
    }

    /// The namespace and name of an agent in the cluster, for a model that is one; else why it cannot be.
    pub fn in_cluster(&self) -> Result<(&str, &str), String> {
        let plain = |word: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
            let ends = |c: char| c.is_ascii_alphanumeric();
            word.len() <= 253 && word.starts_with(ends) && word.ends_with(ends) && word.chars().all(fits)
        };
        match self.name.split_once('/') {
            Some((namespace, name)) if plain(namespace) && plain(name) => Ok((namespace, name)),
            _ => Err(format!("`{}` is not NAMESPACE/NAME of an agent in the cluster", sanitize::line(&self.name))),
        }
    }

    /// Its name on screen; what is no AI says so.
    pub fn shown(&self) -> String {
        let name = sanitize::line(&self.name);
        if self.scripted() { format!("{name}, no AI") } else { name.into_owned() }
    }

    /// `openai:qwen2.5`, for people.
    pub fn label(&self) -> String {
        format!("{}:{}", self.wire.word(), self.name)
    }
}

/// Reads `PROVIDER:MODEL[@URL]`.
pub fn parse(text: &str) -> Result<(Wire, String, Option<String>), String> {
    let (wire, rest) = text.split_once(':').ok_or_else(|| format!("`{text}` is not PROVIDER:MODEL"))?;
    let wire = Wire::of(wire).ok_or_else(|| {
        let known = Wire::ALL.map(Wire::word).join(", ");
        format!("there is no provider `{wire}`: known are {known}")
    })?;
    let (name, url) = match rest.split_once('@') {
        Some((name, url)) => (name, Some(url.to_owned())),
        None => (rest, None),
    };
    if name.is_empty() {
        return Err(format!("`{text}` names no model"));
    }
    Ok((wire, name.to_owned(), url))
}

#[cfg(test)]
mod tests {
    use super::{KeySource, Model, parse};
    use crate::agent::{tuning::Tuning, wire::Wire};

    #[test]
    fn a_model_is_named_in_one_word() {
        let (wire, name, url) = parse("openai:qwen2.5:7b@http://127.0.0.1:8080/v1").unwrap();
        assert_eq!(
            (wire, name.as_str(), url.as_deref()),
            (Wire::OpenAi, "qwen2.5:7b", Some("http://127.0.0.1:8080/v1"))
        );
        for wrong in ["claude", "gemini:x", "openai:", "openai:@http://x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_ai_says_so() {
        let shown = |name: &str| {
            let key = KeySource::Command(String::new());
            let base_url = Wire::OpenAi.home().to_owned();
            let name = name.to_owned();
            let tuning = Tuning::default();
            Model { wire: Wire::OpenAi, base_url, name, key, max_tokens: 1, context_tokens: 1, tuning }.shown()
        };
        assert_eq!(shown("scripted"), "scripted, no AI");
        assert_eq!(shown("scripted:cut"), "scripted:cut, no AI");
        assert_eq!(shown("scripted-7b"), "scripted-7b");
        assert_eq!(shown("gpt\u{1b}[31m"), "gpt");
    }

    #[test]
    fn the_providers_own_key_goes_to_the_provider_alone() {
        let names = |url| match Model::usual_key(Wire::OpenAi, url) {
            KeySource::Env { names, needed } => (names, needed),
            KeySource::Command(_) | KeySource::File(_) => unreachable!(),
        };
        assert_eq!(names("http://127.0.0.1:8080/v1"), (vec!["BRINK_AGENT_KEY".to_owned()], false));
        let (all, needed) = names(Wire::OpenAi.home());
        assert!(needed && all.contains(&"OPENAI_API_KEY".to_owned()));
    }
}
