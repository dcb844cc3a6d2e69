//! Which proxy leads to the server, as Go's `golang.org/x/net/http/httpproxy` (and so kubectl) decides it.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use super::{connect_error::ConnectError, surroundings::Surroundings};
use crate::base::is_loopback;

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// `CONNECT` over plain TCP.
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 5; the proxy resolves the host name.
    Socks5,
}

/// A proxy to use.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// How to speak to it.
    pub speech: Speech,
    /// Its address, without user and password.
    pub uri: Uri,
    /// User and password.
    pub login: Option<(String, String)>,
}

/// A password must not be printed.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({:?} {}, login: {})", self.speech, self.uri, self.login.is_some())
    }
}

impl Proxy {
    /// The `Proxy-Authorization` header.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        let mut value =
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Reads `scheme://user:password@host:port`; without a scheme it is `http`, as in Go.
    pub fn parse(text: &str, from: &str) -> Result<Self, ConnectError> {
        let wrong = |why: String| ConnectError::BadProxy { from: from.to_owned(), why };
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // The text may hold a password: errors name the place, not the value.
        let uri: Uri = with_scheme.parse().map_err(|_| wrong("not a URL".to_owned()))?;
        let (speech, default_port) = match uri.scheme_str() {
            Some("http") => (Speech::Http, 80),
            Some("https") => (Speech::Https, 443),
            Some("socks5" | "socks5h") => (Speech::Socks5, 1080),
            Some(other) => return Err(wrong(format!("`{other}` proxies are not supported"))),
            None => return Err(wrong("no scheme".to_owned())),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host".to_owned()))?;
        let port = uri.port_u16().unwrap_or(default_port);
        let login = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(login, _)| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            (plain(user), plain(password))
        });
        let scheme = match speech {
            Speech::Http => "http",
            Speech::Https => "https",
            Speech::Socks5 => "socks5",
        };
        let uri = format!("{scheme}://{host}:{port}").parse().map_err(|_| wrong("not a host and port".to_owned()))?;
        Ok(Self { speech, uri, login })
    }
}

/// The proxy to `server`: the kubeconfig's `proxy-url` wins; else the environment, which never applies to loopback.
pub fn choose(server: &Uri, proxy_url: Option<&str>, around: &Surroundings) -> Result<Option<Proxy>, ConnectError> {
    if let Some(url) = proxy_url.filter(|url| !url.is_empty()) {
        return Proxy::parse(url, "proxy-url").map(Some);
    }
    let from = if server.scheme_str() == Some("https") { &around.https_proxy } else { &around.http_proxy };
    let Some((name, url)) = from else { return Ok(None) };
    let host = server.host().unwrap_or_default();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("https") { 443 } else { 80 });
    if bypassed(host, port, &around.no_proxy) {
        return Ok(None);
    }
    Proxy::parse(url, name).map(Some)
}

/// Whether `NO_PROXY` (or being loopback) takes a host out.
pub fn bypassed(host: &str, port: u16, no_proxy: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let host = host.trim_end_matches('.');
    let ip: Option<IpAddr> = host.parse().ok();
    if is_loopback(host) {
        return true;
    }
    no_proxy.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            return ip.is_some_and(|ip| within(ip, network, bits));
        }
        let (name, entry_port) = split_port(&entry);
        if entry_port.is_some_and(|entry_port| entry_port != port) {
            return false;
        }
        if let Ok(entry_ip) = name.parse::<IpAddr>() {
            return ip == Some(entry_ip);
        }
        if ip.is_some() {
            return false;
        }
        let name = name.strip_prefix('*').unwrap_or(name);
        match name.strip_prefix('.') {
            // `.example.com` and `*.example.com`: names below only.
            Some(_) => host.ends_with(name),
            None => host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.')),
        }
    })
}

/// Splits `host:port` and `[v6]:port`; an IPv6 address alone has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, tail.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

/// Whether `ip` lies in `network/bits`.
fn within(ip: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(ip) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            u128::from(ip) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Proxy, Speech, bypassed, choose};
    use crate::cluster::io::surroundings::Surroundings;

    // Expected values: the rules of golang.org/x/net/http/httpproxy, Config.NoProxy.
    #[rstest]
    #[case("api.example.com", 443, "example.com", true)]
    #[case("example.com", 443, "example.com", true)]
    #[case("badexample.com", 443, "example.com", false)]
    #[case("example.com", 443, ".example.com", false)]
    #[case("api.example.com", 443, "*.example.com", true)]
    #[case("example.com", 443, "*.example.com", false)]
    #[case("API.Example.COM", 443, "api.EXAMPLE.com", true)]
    #[case("api.example.com", 6443, "api.example.com:6443", true)]
    #[case("api.example.com", 443, "api.example.com:6443", false)]
    #[case("10.1.2.3", 443, "10.0.0.0/8", true)]
    #[case("11.1.2.3", 443, "10.0.0.0/8", false)]
    #[case("10.1.2.3", 443, "10.1.2.3", true)]
    #[case("10.1.2.3", 443, "10.1.2.3:6443", false)]
    #[case("10.1.2.3", 443, "3", false)]
    #[case("[fd00::5]", 443, "fd00::/8", true)]
    #[case("[fd00::5]", 6443, "[fd00::5]:6443", true)]
    #[case("api", 443, "*", true)]
    #[case("api", 443, " , other , api ", true)]
    #[case("api", 443, "", false)]
    #[case("localhost", 443, "", true)]
    #[case("127.9.9.9", 443, "", true)]
    #[case("1.2.3.4", 443, "0.0.0.0/0", true)]
    #[case("1.2.3.4", 443, "1.2.3.4/99", false)]
    fn no_proxy_as_go_reads_it(#[case] host: &str, #[case] port: u16, #[case] list: &str, #[case] out: bool) {
        assert_eq!(bypassed(host, port, list), out);
    }

    #[test]
    fn a_proxy_is_read_with_its_login_and_never_prints_it() {
        let proxy = Proxy::parse("socks5h://me:p%40ss@proxy:1081", "HTTPS_PROXY").unwrap();
        assert_eq!(proxy.speech, Speech::Socks5);
        assert_eq!(proxy.uri.to_string(), "socks5://proxy:1081/");
        assert_eq!(proxy.login, Some(("me".to_owned(), "p@ss".to_owned())));
        assert!(!format!("{proxy:?}").contains("p@ss"));
        assert_eq!(Proxy::parse("proxy:3128", "X").unwrap().uri.to_string(), "http://proxy:3128/");
        let secret = "ftp://me:secret@x";
        assert!(!Proxy::parse(secret, "X").unwrap_err().to_string().contains("secret"));
        assert!(Proxy::parse("http://", "X").is_err());
    }

    #[test]
    fn the_kubeconfig_wins_over_the_environment_and_loopback_over_both_variables() {
        let around = Surroundings {
            https_proxy: Some(("HTTPS_PROXY".into(), "http://env:1".into())),
            no_proxy: "near.example".into(),
            ..Surroundings::default()
        };
        let of = |server: &str, url| {
            choose(&server.parse().unwrap(), url, &around).unwrap().map(|proxy: Proxy| proxy.uri.to_string())
        };
        assert_eq!(of("https://far.example:6443", None), Some("http://env:1/".into()));
        assert_eq!(of("https://far.example:6443", Some("http://own:2")), Some("http://own:2/".into()));
        assert_eq!(of("https://near.example:6443", None), None);
        assert_eq!(of("https://near.example:6443", Some("http://own:2")), Some("http://own:2/".into()));
        assert_eq!(of("https://127.0.0.1:6443", None), None);
        assert_eq!(of("http://far.example", None), None);
    }
}
