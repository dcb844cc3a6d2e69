//! What an agent may spend, and what of the cluster it is told.

use super::{
    key::Key,
    settings::{Layer, Settings, Value},
};
use crate::agent::{Limits, Privacy};

/// What keeps something on this machine is overruled by no other source, weaker or stronger: the strictest of all holds.
pub(super) fn strictest(layers: &[&Layer], won: &mut Layer) {
    for (key, strict) in [(Key::AgentLocalOnly, true), (Key::AgentClusterData, false)] {
        let said = layers.iter().filter_map(|layer| layer.get(&key)).find(|said| said.0 == Value::Flag(strict));
        if let Some(said) = said {
            won.insert(key, said.clone());
        }
    }
    let said: Vec<_> = layers.iter().filter_map(|layer| layer.get(&Key::AgentExcludeNamespaces)).collect();
    if let Some((_, origin)) = said.first() {
        let all = said.iter().filter_map(|(value, _)| match value {
            Value::Text(text) => Some(text.split(',')),
            _ => None,
        });
        won.insert(Key::AgentExcludeNamespaces, (Value::Text(joined(all.flatten())), origin.clone()));
    }
}

/// Patterns as one text, each once.
pub(super) fn joined<'a>(patterns: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for pattern in patterns.map(str::trim).filter(|pattern| !pattern.is_empty()) {
        if !all.contains(&pattern) {
            all.push(pattern);
        }
    }
    all.join(",")
}

impl Settings {
    /// What an ask may spend.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            tools: self.count(Key::AgentToolCalls).unwrap_or(usual.tools),
            tokens: self.count(Key::AgentTokens).unwrap_or(usual.tokens),
            calls: self.count(Key::AgentCallsPerMinute).unwrap_or(usual.calls),
            seconds: self.count(Key::AgentSeconds).unwrap_or(usual.seconds),
        }
    }

    /// What of the cluster is not told to providers, agents and MCP clients.
    pub fn privacy(&self) -> Privacy {
        let patterns = self.text(Key::AgentExcludeNamespaces).unwrap_or_default();
        Privacy {
            withhold: matches!(self.said(Key::AgentClusterData), Some((Value::Flag(false), _))),
            exclude: patterns.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{
        key::Key,
        settings::{File, Layer, Origin, Settings, Value, parse, read},
    };

    fn resolved(file: &str, flags: &[(Key, &str)], env: &[(Key, &str)]) -> Settings {
        let file: File = parse("config.toml", file).unwrap();
        let layer = |said: &[(Key, &str)], origin: Origin| -> Layer {
            said.iter().map(|(key, text)| (*key, (read(*key, text).unwrap(), origin.clone()))).collect()
        };
        Settings::resolve(&layer(flags, Origin::Flag), &layer(env, Origin::Env("X")), &file, None)
    }

    #[test]
    fn the_strictest_source_holds() {
        let file = "[agent]\nexclude-namespaces = [\"vault\", \"kube-*\"]\ncluster-data = true\n\
                    [agents.far]\nprovider = \"openai\"\nmodel = \"m\"\ncluster-data = false\nexclude-namespaces = [\"shop\"]\n";
        let plain = resolved(file, &[], &[]).privacy();
        assert!(!plain.withhold && plain.hides("vault") && plain.hides("kube-system") && !plain.hides("shop"));
        let named = resolved(file, &[(Key::AgentName, "far")], &[]).privacy();
        assert!(named.withhold);
        assert_eq!(named.exclude, ["vault", "kube-*", "shop"]);
        let off = "[agent]\ncluster-data = false\n";
        let given = resolved(off, &[(Key::AgentClusterData, "true")], &[]);
        assert!(given.privacy().withhold, "a stronger source does not overrule it");
        let added = resolved(file, &[], &[(Key::AgentExcludeNamespaces, "a, b,vault")]).privacy();
        assert_eq!(added.exclude, ["a", "b", "vault", "kube-*"]);
    }

    #[test]
    fn limits_of_the_file_stand_over_the_usual_ones() {
        let limits = resolved("[agent]\ntool-calls = 7\ntokens = 50000\nseconds = 90\n", &[], &[]).limits();
        assert_eq!((limits.tools, limits.tokens, limits.calls, limits.seconds), (7, 50_000, 60, 90));
        assert!(matches!(read(Key::AgentToolCalls, "-1"), Err(why) if why.contains("whole number")));
        assert_eq!(read(Key::AgentTokens, "0"), Ok(Value::Count(0)));
    }
}
