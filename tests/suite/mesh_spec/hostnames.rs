//! Hostnames: how a listener's and a route's meet, who goes first (comments on `hostnames`; concepts `hostnames` and
//! `traffic-matching`).

use brink::mesh::resolve::{LostAt, Outcome, Request, Scheme};
use rstest::rstest;

use super::{ask, gateway, get, http, listener, name, on, open, route, rule};

fn world(served: &str, kind: &str, protocol: &str, hosts: &str) -> String {
    let hostname = if served == "*" { String::new() } else { format!("hostname: '{served}'") };
    let tls = if protocol == "TLS" { "tls: {mode: Passthrough}" } else { "" };
    let more = [hostname.as_str(), tls].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let hosts = if hosts == "*" { String::new() } else { format!("hostnames: [{hosts}], ") };
    gateway(&listener("l", 443, protocol, &more)) + &route(kind, "r", 1, &format!("{hosts}rules: [{}]", rule("", "b")))
}

/// The table of intersections: what of the route is served, and what is not.
#[rstest]
#[case("www.example.com", "www.example.com", "www.example.com", true)]
#[case("*.example.com", "www.example.com", "www.example.com", true)]
#[case("*.example.com", "www.example.com", "other.example.com", false)]
#[case("*.example.com", "sub.domain.example.com", "sub.domain.example.com", true)]
#[case("www.example.com", "'*.example.com'", "www.example.com", true)]
#[case("www.example.com", "'*.example.com'", "other.example.com", false)]
#[case("sub.domain.example.com", "'*.example.com'", "sub.domain.example.com", true)]
#[case("*.example.com", "'*.example.com'", "any.example.com", true)]
#[case("*.com", "'*.example.com'", "www.example.com", true)]
#[case("*.com", "'*.example.com'", "www.other.com", false)]
#[case("*", "www.example.com", "www.example.com", true)]
#[case("*", "www.example.com", "example.com", false)]
#[case("*", "*", "any.thing", true)]
// The table of expected matches.
#[case("*.example.com", "'*.com'", "www.example.com", true)]
#[case("*.example.com", "'*.com'", "foo.bar.example.com", true)]
#[case("*.example.com", "'*.com'", "www.other.com", false)]
#[case("*.example.com", "www.example.com", "example.com", false)]
#[case("*.example.com", "www.example.com", "foo.example.com", false)]
#[case("*.example.com", "foo.bar.example.com", "foo.bar.example.com", true)]
#[case("*.example.com", "*", "www.example.com", true)]
// `hostnames` of HTTPRoute: a wildcard is for one or more labels, and not for none.
#[case("*", "'*.example.com'", "test.example.com", true)]
#[case("*", "'*.example.com'", "foo.test.example.com", true)]
#[case("*", "'*.example.com'", "example.com", false)]
#[case("test.example.com", "*", "test.example.com", true)]
#[case("test.example.com", "other.example.com", "test.example.com", false)]
#[case("*.example.com", "example.com", "test.example.com", false)]
#[case("*.example.com", "test.example.net", "test.example.net", false)]
// What does not meet the listener's name is left out, the rest stays.
#[case("*.example.com", "test.example.com, test.example.net", "test.example.com", true)]
#[case("*.example.com", "test.example.com, test.example.net", "test.example.net", false)]
fn hostnames_meet(#[case] served: &str, #[case] hosts: &str, #[case] asked: &str, #[case] yes: bool) {
    let kinds = [("HTTPRoute", "HTTPS", Scheme::Https), ("TLSRoute", "TLS", Scheme::Tls)];
    for (kind, protocol, scheme) in kinds {
        let answer = ask(&world(served, kind, protocol, hosts), &Request { scheme, ..Request::get(asked, "/") });
        assert_eq!(answer.outcome == Outcome::Forward, yes, "{kind} {answer:#?}");
    }
}

#[test]
fn the_port_in_the_host_header_and_its_case_say_nothing() {
    let text = open() + &http("r", &format!("hostnames: [www.example.com], rules: [{}]", rule("", "b")));
    for host in ["www.example.com:8080", "WWW.Example.COM", "www.example.com."] {
        let answer = get(&text, host, "/");
        assert_eq!(name(&answer), Some("r"), "{host}");
        // It is passed on as it came.
        assert_eq!(answer.sent.unwrap().host, host);
    }
}

#[rstest]
// The most characters in a whole name, then in any; a route without names comes last.
#[case("www.example.com", "whole")]
#[case("a.www.example.com", "longer")]
#[case("other.example.com", "shorter")]
#[case("example.org", "none")]
fn the_route_that_names_more_of_the_host_goes_first(#[case] host: &str, #[case] winner: &str) {
    let spec =
        |hosts: &str, path: &str| format!("{hosts}rules: [{}]", rule(&format!("matches: [{{path: {path}}}]"), "b"));
    let text = open()
        + &http("none", &spec("", "{type: Exact, value: /x}"))
        + &http("shorter", &spec("hostnames: ['*.example.com'], ", "{type: Exact, value: /x}"))
        + &http("longer", &spec("hostnames: ['*.www.example.com'], ", "{value: /x}"))
        + &http("whole", &spec("hostnames: [www.example.com], ", "{value: /}"));
    let answer = get(&text, host, "/x");
    assert_eq!(name(&answer), Some(winner), "{answer:#?}");
    assert!(answer.losers.iter().all(|loser| loser.lost_at == LostAt::Hostname), "{answer:#?}");
}

/// Listeners on one port: a whole name, then the wildcard with more labels, then none; each request has one listener alone.
#[rstest]
#[case("bar.com", "empty", &["empty"])]
#[case("bar.example.com", "wild", &["wild"])]
#[case("bar.foo.example.com", "wild-foo", &["wild-foo"])]
#[case("abc.foo.example.com", "abc", &["abc"])]
fn each_request_has_one_listener(#[case] host: &str, #[case] served: &str, #[case] taken: &[&str]) {
    let names = ["empty", "wild", "wild-foo", "abc"];
    let hosts = ["", "hostname: '*.example.com'", "hostname: '*.foo.example.com'", "hostname: abc.foo.example.com"];
    let listeners: Vec<String> = names.iter().zip(hosts).map(|(name, host)| listener(name, 80, "HTTP", host)).collect();
    let routes = names.iter().map(|name| {
        let parent = format!("parentRefs: [{{name: edge, namespace: infra, sectionName: {name}}}]");
        http(name, &format!("{parent}, rules: [{}]", rule(&format!("matches: [{{path: {{value: /{name}}}}}]"), "b")))
    });
    let text = gateway(&listeners.join(", ")) + &routes.collect::<String>();
    for path in names {
        let answer = get(&text, host, &format!("/{path}"));
        assert_eq!(answer.listener.as_deref(), Some(format!("infra/edge/{served}").as_str()));
        let want = if taken.contains(&path) { (Some(path), None) } else { (None, Some(404)) };
        assert_eq!((name(&answer), answer.status), want, "{host} /{path}");
    }
}

/// The example of listener isolation: what the narrower listener does not route is not routed by the wider one.
#[test]
fn a_request_is_not_handed_on_to_a_wider_listener() {
    let two = [
        listener("specific", 80, "HTTP", "hostname: specific.example.com"),
        listener("wildcard", 80, "HTTP", "hostname: '*.example.com'"),
    ];
    let on = |section: &str, path: &str| {
        let parent = format!("parentRefs: [{{name: edge, namespace: infra, sectionName: {section}}}]");
        http(section, &format!("{parent}, rules: [{}]", rule(&format!("matches: [{{path: {path}}}]"), "b")))
    };
    let text =
        gateway(&two.join(", ")) + &on("specific", "{type: Exact, value: /specific}") + &on("wildcard", "{value: /}");
    assert_eq!(name(&get(&text, "specific.example.com", "/specific")), Some("specific"));
    assert_eq!(get(&text, "specific.example.com", "/otherpath").status, Some(404));
    assert_eq!(name(&get(&text, "any.example.com", "/otherpath")), Some("wildcard"));
}

/// `listeners[].hostname`: the handshake chose a listener; the host inside belongs to it, to another (421) or to none (404).
#[rstest]
#[case("example.org", "example.org", None)]
#[case("example.org", "second.org", Some(421))]
#[case("example.org", "unknown.org", Some(404))]
#[case("second.org", "second.org", None)]
#[case("second.org", "example.org", Some(421))]
#[case("third.wild.org", "third.wild.org", None)]
#[case("third.wild.org", "fifth.wild.org", None)]
#[case("third.wild.org", "fourth.wild.org", Some(421))]
#[case("third.wild.org", "second.org", Some(421))]
#[case("fourth.wild.org", "fourth.wild.org", None)]
// Another listener has the wildcard for it.
#[case("fourth.wild.org", "fifth.wild.org", Some(421))]
fn requests_that_came_to_the_wrong_listener(#[case] sni: &str, #[case] host: &str, #[case] status: Option<u16>) {
    let served =
        [("one", "example.org"), ("two", "second.org"), ("three", "'*.wild.org'"), ("four", "fourth.wild.org")];
    let listeners = served.map(|(name, host)| listener(name, 443, "HTTPS", &format!("hostname: {host}")));
    let text = gateway(&listeners.join(", ")) + &http("all", &format!("rules: [{}]", rule("", "b")));
    let request = Request { scheme: Scheme::Https, sni: Some(sni.to_owned()), ..Request::get(host, "/") };
    let answer = ask(&text, &request);
    assert_eq!((answer.status, name(&answer).is_some()), (status, status.is_none()), "{answer:#?}");
}

/// A claimed name is the older route's, even where it claimed it later: the warning of the chapter on security.
#[test]
fn an_older_route_takes_a_host_over() {
    let text = open()
        + &route("HTTPRoute", "route1", 1, &format!("hostnames: [some.tld, other.tld], rules: [{}]", rule("", "b")))
        + &route("HTTPRoute", "route2", 30, &format!("hostnames: [other.tld], rules: [{}]", rule("", "b")));
    assert_eq!(name(&ask(&text, &on(80, "other.tld"))), Some("route1"));
}
