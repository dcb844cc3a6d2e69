//! How a model is asked, beside who it is: sampling, limits of time, what gateways want in headers, query and body.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{limits::Limits, privacy::Privacy};

/// How tools are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolMode {
    /// The provider's own way.
    #[default]
    Native,
    /// A JSON fence in the text, for models that were not taught tools.
    JsonFence,
    /// The whole answer is one JSON object of a schema the server enforces; on wires without schemas as `json-fence`.
    JsonSchema,
}

impl ToolMode {
    /// Their names in settings.
    pub const WORDS: [&'static str; 3] = ["native", "json-fence", "json-schema"];

    /// The mode of a word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "native" => Some(Self::Native),
            "json-fence" => Some(Self::JsonFence),
            "json-schema" => Some(Self::JsonSchema),
            _ => None,
        }
    }
}

/// See the module docs. Headers and query may hold secrets: they are neither printed nor stored.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// Sampling temperature; the provider's own without.
    pub temperature: Option<Number>,
    /// Seed of the sampling, where the wire has one.
    pub seed: Option<u64>,
    /// How long a connection may take.
    pub connect: Option<Duration>,
    /// For the first byte, and between any two.
    pub stall: Option<Duration>,
    /// For one whole answer.
    pub whole: Option<Duration>,
    /// Headers of each request.
    #[serde(skip)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Pairs of the query, such as `api-version`.
    #[serde(skip)]
    pub query: Vec<(String, String)>,
    /// Members that are put into the body of each request, over those of brink.
    pub extra: Map<String, Value>,
    /// The header the key goes into, bare; the wire's own without.
    pub key_header: Option<String>,
    /// How tools are called.
    pub tools: ToolMode,
    /// Only addresses of this machine are spoken to.
    pub local_only: bool,
    /// What may be spent.
    pub limits: Limits,
    /// What of the cluster is not told.
    pub privacy: Privacy,
}

impl fmt::Debug for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tuning")
            .field("temperature", &self.temperature)
            .field("seed", &self.seed)
            .field("tools", &self.tools)
            .field("local_only", &self.local_only)
            .finish_non_exhaustive()
    }
}

/// Reads pairs of a query as they stand in an address: `api-version=2024-10-21&x=y`.
pub fn query(text: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err("a query is written like api-version=2024-10-21&NAME=VALUE".to_owned()),
        })
        .collect()
}

/// Reads a JSON object.
pub fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("it is JSON, but no object".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tuning, object, query};

    #[test]
    fn a_query_is_read_and_never_printed() {
        let pairs = query("?api-version=2024-10-21&k=s3cret").unwrap();
        assert_eq!(pairs[0], ("api-version".to_owned(), "2024-10-21".to_owned()));
        let tuning = Tuning { query: pairs, ..Tuning::default() };
        assert!(!format!("{tuning:?}{}", serde_json::to_string(&tuning).unwrap()).contains("s3cret"));
        assert!(query("api-version").is_err() && query("=x").is_err());
        assert!(object("[1]").is_err() && object("{").is_err());
    }
}
