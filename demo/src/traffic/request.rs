//! A request as routes, policies and filters see it, and the matchers they are written with.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Host without port, lower case.
    pub host: String,
    /// Port it is sent to.
    pub port: u16,
    /// Path without query.
    pub path: String,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// Method, upper case.
    pub method: String,
    /// Headers, lower-case names.
    pub headers: BTreeMap<String, String>,
    /// Whether it is gRPC.
    pub grpc: bool,
    /// Whether its sender encrypts it.
    pub tls: bool,
}

impl Request {
    /// From `http://HOST[:PORT]/PATH[?QUERY]`; `None` when it is not of that form.
    pub fn to(url: &str, method: &str, headers: &BTreeMap<String, String>, grpc: bool) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let default = match scheme {
            "http" | "grpc" => 80,
            "https" => 443,
            _ => return None,
        };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default),
        };
        if host.is_empty() {
            return None;
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), value.to_owned())
        });
        Some(Self {
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_owned(),
            query: query.collect(),
            method: method.to_ascii_uppercase(),
            headers: headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            grpc: grpc || scheme == "grpc",
            tls: scheme == "https",
        })
    }

    /// A header, or one of Envoy's pseudo-headers.
    pub fn header(&self, name: &str) -> Option<&str> {
        match name {
            ":path" => Some(&self.path),
            ":authority" | "host" => Some(&self.host),
            ":method" => Some(&self.method),
            _ => self.headers.get(&name.to_ascii_lowercase()).map(String::as_str),
        }
    }
}

/// A matcher of a text.
#[derive(Debug, Clone)]
pub enum Text {
    /// Equal.
    Exact(String),
    /// Begins with.
    Prefix(String),
    /// Ends with.
    Suffix(String),
    /// Matches as a whole.
    Regex(Regex),
    /// Is there at all.
    Present,
    /// Can never match: what was written is not understood.
    Never,
}

impl Text {
    /// A regular expression over the whole text.
    pub fn regex(pattern: &str) -> Self {
        Regex::new(&format!("^(?:{pattern})$")).map_or(Self::Never, Self::Regex)
    }

    /// Istio's `StringMatch` (`exact`, `prefix`, `regex`).
    pub fn istio(value: &Value) -> Self {
        let field = |name: &str| value.get(name).and_then(Value::as_str);
        match (field("exact"), field("prefix"), field("regex")) {
            (Some(exact), ..) => Self::Exact(exact.to_owned()),
            (_, Some(prefix), _) => Self::Prefix(prefix.to_owned()),
            (_, _, Some(pattern)) => Self::regex(pattern),
            _ => Self::Present,
        }
    }

    /// The patterns of AuthorizationPolicy: `*`, `prefix*`, `*suffix`, exact.
    pub fn policy(pattern: &str) -> Self {
        match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            _ if pattern == "*" => Self::Present,
            (_, Some(prefix)) => Self::Prefix(prefix.to_owned()),
            (Some(suffix), _) => Self::Suffix(suffix.to_owned()),
            _ => Self::Exact(pattern.to_owned()),
        }
    }

    /// Whether it matches; an absent text is matched by nothing.
    pub fn matches(&self, text: Option<&str>) -> bool {
        let Some(text) = text else { return false };
        match self {
            Self::Exact(exact) => exact == text,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Present => true,
            Self::Never => false,
        }
    }
}

/// Whether a hostname pattern (`*`, `*.example.com`, exact) takes a host; how specific it is: exact before wildcard, longer
/// before shorter.
pub fn host_rank(pattern: &str, host: &str) -> Option<(bool, usize)> {
    if pattern == "*" || pattern.is_empty() {
        return Some((false, 0));
    }
    match pattern.strip_prefix('*') {
        Some(suffix) => (host.len() > suffix.len() && host.ends_with(suffix)).then_some((false, pattern.len())),
        None => pattern.eq_ignore_ascii_case(host).then_some((true, pattern.len())),
    }
}

/// Whether a path begins with the segments of a prefix (Gateway API's `PathPrefix`).
pub fn under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Request, Text, host_rank, under};

    #[test]
    fn addresses_are_read() {
        let request = Request::to("http://Lior.example.com/shop?a=1", "get", &BTreeMap::new(), false).unwrap();
        assert_eq!((request.host.as_str(), request.port, request.path.as_str()), ("lior.example.com", 80, "/shop"));
        assert_eq!(request.query["a"], "1");
        assert_eq!(request.method, "GET");
        for odd in ["ratings:9080", "ftp://a/", "http:///x", "http://a:b/"] {
            assert!(Request::to(odd, "GET", &BTreeMap::new(), false).is_none(), "{odd}");
        }
    }

    #[test]
    fn prefixes_end_at_segments_and_wildcards_are_weaker_than_names() {
        assert!(under("/shop/cart", "/shop") && under("/shop", "/shop/") && under("/x", "/"));
        assert!(!under("/shopping", "/shop"));
        assert!(host_rank("a.example.com", "a.example.com") > host_rank("*.example.com", "a.example.com"));
        assert_eq!(host_rank("*.example.com", "example.com"), None);
        assert!(Text::policy("/admin*").matches(Some("/admin/x")));
        assert!(!Text::regex("a(b").matches(Some("ab")));
    }
}
