//! Hostnames: what a pattern covers, how patterns meet (gateway.networking.k8s.io/v1, comments on `hostnames`).
//!
//! Patterns are lower case; a leading `*.` stands for one or more labels; a bare `*` (Istio) for everything.

/// A request's host as patterns are compared with it: lower case, without port and without the root's dot.
pub fn normal(host: &str) -> String {
    let host = host.trim();
    let bare = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        match host.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') && port.bytes().all(|c| c.is_ascii_digit()) => name,
            _ => host,
        }
    };
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

/// Whether it stands for many hosts.
pub fn is_wildcard(pattern: &str) -> bool {
    pattern.starts_with('*')
}

/// Whether a host is one that the pattern means.
pub fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

/// Whether a host is one that the pattern of an Ingress means: `*.` stands for exactly one label (networking.k8s.io/v1, comment on
/// `rules[].host`); an empty pattern for everything.
pub fn matches_one_label(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|label| !label.is_empty() && !label.contains('.')),
        None => pattern.is_empty() || pattern == host,
    }
}

/// Whether a host is a Service's: `NAME.NS`, `NAME.NS.svc`, `NAME.NS.svc.DOMAIN`.
pub fn is_service(host: &str, namespace: &str, name: &str) -> bool {
    let rest = host.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')?.strip_prefix(namespace));
    rest.is_some_and(|rest| rest.is_empty() || rest == ".svc" || rest.starts_with(".svc."))
}

/// A host as Istio means it in an object of a namespace: one without a dot is a Service of that namespace.
pub fn meant(host: &str, namespace: &str) -> String {
    if host.contains('.') || host == "*" { host.to_owned() } else { format!("{host}.{namespace}.svc.cluster.local") }
}

/// The Service that a host means by one of these names, as `(namespace, name)`.
pub fn service_of(host: &str) -> Option<(&str, &str)> {
    let (name, rest) = host.split_once('.')?;
    let (namespace, rest) = rest.split_once('.').unwrap_or((rest, "svc"));
    (rest == "svc" || rest.starts_with("svc.")).then_some((namespace, name))
}

/// Whether two patterns have a host in common.
pub fn intersect(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (None, None) => a == b,
        (Some(_), None) => matches(a, b),
        (None, Some(_)) => matches(b, a),
        (Some(a), Some(b)) => a.ends_with(b) || b.ends_with(a),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{intersect, is_service, matches, normal, service_of};

    #[rstest]
    #[case("test.example.com", "test.example.com", true)]
    #[case("*.example.com", "test.example.com", true)]
    #[case("*.example.com", "foo.test.example.com", true)]
    #[case("*.example.com", "example.com", false)]
    #[case("*.example.com", ".example.com", false)]
    #[case("*.example.com", "test.example.net", false)]
    #[case("*.example.com", "testexample.com", false)]
    #[case("*", "anything", true)]
    fn a_pattern_means_its_hosts(#[case] pattern: &str, #[case] host: &str, #[case] yes: bool) {
        assert_eq!(matches(pattern, host), yes);
    }

    #[rstest]
    #[case("test.example.com", "*.example.com", true)]
    #[case("*.example.com", "*.example.com", true)]
    #[case("*.example.com", "*.test.example.com", true)]
    #[case("*.example.com", "foo.test.example.com", true)]
    #[case("*.example.com", "example.com", false)]
    #[case("*.example.com", "*.example.net", false)]
    #[case("a.example.com", "b.example.com", false)]
    fn patterns_meet_both_ways(#[case] a: &str, #[case] b: &str, #[case] yes: bool) {
        assert_eq!(intersect(a, b), yes);
        assert_eq!(intersect(b, a), yes);
    }

    #[rstest]
    #[case("Shop.Example.COM:8080", "shop.example.com")]
    #[case("shop.example.com.", "shop.example.com")]
    #[case("[::1]:80", "[::1]")]
    #[case("::1", "::1")]
    #[case("", "")]
    fn hosts_are_compared_bare(#[case] given: &str, #[case] bare: &str) {
        assert_eq!(normal(given), bare);
    }

    #[rstest]
    #[case("s.a", true)]
    #[case("s.a.svc", true)]
    #[case("s.a.svc.cluster.local", true)]
    #[case("s", false)]
    #[case("s.a.example.com", false)]
    #[case("s.a.svcx", false)]
    fn services_have_names(#[case] host: &str, #[case] is: bool) {
        assert_eq!(service_of(host), is.then_some(("a", "s")));
        assert_eq!(is_service(host, "a", "s"), is);
    }
}
