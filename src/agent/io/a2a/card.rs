//! Agent cards: where an agent listens, and in which version of A2A.

use reqwest::Url;
use serde_json::Value;

/// Where cards stand, the present place first.
pub(in crate::agent::io) const PLACES: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];

/// A version of A2A that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// 0.2 and 0.3, which say nothing of it in a header.
    #[default]
    V03,
    /// 1.x.
    V10,
}

impl Version {
    fn of(text: &str) -> Option<Self> {
        match text.trim().split('.').next() {
            Some("0") => Some(Self::V03),
            Some("1") => Some(Self::V10),
            _ => None,
        }
    }

    /// What the header `A2A-Version` says; nothing before 1.0.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::V03 => None,
            Self::V10 => Some("1.0"),
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::V03 => "0.3",
            Self::V10 => "1.0",
        }
    }
}

/// How an agent is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dial {
    /// In this version.
    pub version: Version,
    /// At this address; at the one that was configured without.
    pub url: Option<String>,
    /// It tells its answer as it comes.
    pub streams: bool,
    /// What it calls itself. Data, and sanitised where it is shown.
    pub name: String,
}

/// Reads a card: the highest version both sides speak over JSON-RPC. `base` is the address that was configured; an interface
/// elsewhere is not followed, since a key would go with it.
pub fn read(card: &Value, base: Option<&Url>) -> Result<Dial, String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found: Vec<(String, String, String)> = Vec::new();
    for list in ["supportedInterfaces", "additionalInterfaces"] {
        for one in card.get(list).and_then(Value::as_array).into_iter().flatten() {
            let binding = [text(one, "protocolBinding"), text(one, "transport")].concat();
            found.push((binding, text(one, "protocolVersion"), text(one, "url")));
        }
    }
    // Before 1.0 the card itself is the interface. One without a version is of 0.2.
    if card.get("url").is_some() || found.is_empty() {
        found.push((text(card, "preferredTransport"), text(card, "protocolVersion"), text(card, "url")));
    }
    let own = text(card, "protocolVersion");
    let usable = found.iter().filter_map(|(binding, version, url)| {
        let said = [version.as_str(), own.as_str(), "0.3"].into_iter().find(|word| !word.is_empty())?;
        let spoken = binding.is_empty() || binding.eq_ignore_ascii_case("JSONRPC");
        Some((Version::of(said).filter(|_| spoken)?, url.clone()))
    });
    let Some((version, url)) = usable.max_by_key(|(version, _)| *version) else {
        let told: Vec<String> = found.iter().map(|(binding, version, _)| format!("{binding} {version}")).collect();
        return Err(format!("it speaks {}; brink speaks A2A 0.3 and 1.0 over JSON-RPC", told.join(", ")));
    };
    let url = Url::parse(&url).ok().filter(|url| base.is_some_and(|base| base.origin() == url.origin()));
    let streams = card.pointer("/capabilities/streaming").and_then(Value::as_bool).unwrap_or(false);
    Ok(Dial { version, url: url.map(String::from), streams, name: text(card, "name") })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Version, read};

    #[rstest]
    #[case(json!({"url": "http://a/x", "protocolVersion": "0.3.0", "preferredTransport": "JSONRPC"}), Ok(Version::V03))]
    #[case(json!({"url": "http://a/x"}), Ok(Version::V03))]
    #[case(json!({"supportedInterfaces": [
        {"url": "http://a/x", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        {"url": "http://a/x", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
        {"url": "http://a/x", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]}), Ok(Version::V10))]
    #[case(json!({"supportedInterfaces": [
        {"protocolBinding": "JSONRPC", "protocolVersion": "2.0"},
        {"protocolBinding": "JSONRPC", "protocolVersion": "0.3"}]}), Ok(Version::V03))]
    #[case(json!({"url": "http://a", "preferredTransport": "GRPC", "protocolVersion": "0.3.0",
        "additionalInterfaces": [{"url": "http://a", "transport": "JSONRPC"}]}), Ok(Version::V03))]
    #[case(json!({"url": "http://a", "preferredTransport": "GRPC", "protocolVersion": "0.3.0"}), Err(()))]
    #[case(json!({"supportedInterfaces": "none", "capabilities": 7, "protocolVersion": "9"}), Err(()))]
    fn the_highest_version_both_speak_is_chosen(#[case] card: Value, #[case] version: Result<Version, ()>) {
        assert_eq!(read(&card, None).map(|dial| dial.version).map_err(|_| ()), version);
    }

    #[test]
    fn an_interface_elsewhere_is_not_followed() {
        let base = "http://127.0.0.1:8083/api".parse().unwrap();
        let at = |url: &str| read(&json!({"url": url}), Some(&base)).unwrap().url;
        assert_eq!(at("http://127.0.0.1:8083/a2a").as_deref(), Some("http://127.0.0.1:8083/a2a"));
        for elsewhere in ["http://evil.example/a2a", "https://127.0.0.1:8083/a2a", "file:///etc/passwd", ""] {
            assert_eq!(at(elsewhere), None);
        }
    }
}
