//! Which listeners of a Gateway can be told apart, and what becomes of those that cannot (comment on `gateway.spec.listeners`; guide
//! on TLS).

use brink::mesh::resolve::{Outcome, Request, Scheme};
use rstest::rstest;

use super::{ask, gateway, http, listener, name, on, route, rule, secure};

fn everything() -> String {
    let spec = |extra: &str| format!("{extra}rules: [{}]", rule("", "b"));
    http("http", &spec("")) + &route("TLSRoute", "tls", 1, &spec("")) + &route("TCPRoute", "tcp", 1, &spec(""))
}

/// Two listeners; which of both are served.
#[rstest]
#[case::ports(("HTTP", 80, ""), ("HTTP", 81, ""), true)]
#[case::names(("HTTP", 80, "hostname: a.x"), ("HTTP", 80, "hostname: b.x"), true)]
#[case::a_name_and_none(("HTTP", 80, "hostname: a.x"), ("HTTP", 80, ""), true)]
#[case::same_name(("HTTP", 80, "hostname: a.x"), ("HTTP", 80, "hostname: a.x"), false)]
#[case::both_without(("HTTP", 80, ""), ("HTTP", 80, ""), false)]
#[case::tls_same_name(("HTTPS", 443, "hostname: a.x"), ("HTTPS", 443, "hostname: a.x"), false)]
// What differs in its settings of TLS alone is not another.
#[case::tls_settings(
    ("TLS", 443, "hostname: a.x, tls: {mode: Passthrough}"),
    ("TLS", 443, "hostname: a.x, tls: {mode: Terminate}"),
    false
)]
#[case::two_modes_two_names(
    ("TLS", 443, "hostname: a.x, tls: {mode: Passthrough}"),
    ("TLS", 443, "hostname: b.x, tls: {mode: Terminate}"),
    true
)]
#[case::tcp_twice(("TCP", 90, ""), ("TCP", 90, ""), false)]
// Names say nothing of TCP.
#[case::tcp_names(("TCP", 90, "hostname: a.x"), ("TCP", 90, "hostname: b.x"), false)]
// TCP beside what has names: neither is accepted.
#[case::tcp_and_http(("TCP", 80, ""), ("HTTP", 80, "hostname: a.x"), false)]
#[case::tcp_and_tls(("TCP", 443, ""), ("TLS", 443, "hostname: a.x, tls: {mode: Passthrough}"), false)]
#[case::tcp_elsewhere(("TCP", 90, ""), ("HTTP", 80, "hostname: a.x"), true)]
#[case::udp_and_tcp(("UDP", 90, ""), ("TCP", 90, ""), true)]
fn of_two_that_cannot_be_told_apart_neither_counts(
    #[case] one: (&str, u16, &str),
    #[case] two: (&str, u16, &str),
    #[case] both: bool,
) {
    let of = |name: &str, (protocol, port, more): (&str, u16, &str)| listener(name, port, protocol, more);
    let text = gateway(&format!("{}, {}", of("one", one), of("two", two))) + &everything();
    for (section, (protocol, port, more)) in [("one", one), ("two", two)] {
        let host = if more.contains("b.x") { "b.x" } else { "a.x" };
        let scheme = match protocol {
            "HTTP" => Scheme::Http,
            "HTTPS" => Scheme::Https,
            "TLS" => Scheme::Tls,
            "UDP" => Scheme::Udp,
            _ => Scheme::Tcp,
        };
        let answer = ask(&text, &Request { scheme, ..on(port, host) });
        let told = answer.notes.iter().any(|note| note.contains(&format!("listener {section} of Gateway")));
        assert_eq!((answer.listener.is_some(), told), (both, !both), "{section} {answer:#?}");
    }
}

/// What is left of a Gateway with a conflict is served.
#[test]
fn the_others_are_served() {
    let three = [
        listener("one", 80, "HTTP", "hostname: a.x"),
        listener("two", 80, "HTTP", "hostname: a.x"),
        listener("three", 80, "HTTP", "hostname: c.x"),
    ];
    let text = gateway(&three.join(", ")) + &everything();
    assert_eq!(ask(&text, &on(80, "a.x")).outcome, Outcome::NoRoute);
    assert_eq!(name(&ask(&text, &on(80, "c.x"))), Some("http"));
}

/// A whole name before a wildcard, a wildcard with more labels before one with fewer, and any before none.
#[rstest]
#[case("foo.example.com", "foo")]
#[case("a.foo.example.com", "wild-foo")]
#[case("bar.example.com", "wild")]
#[case("foo.bar.example.com", "wild")]
#[case("example.com", "any")]
fn the_most_exact_listener_is_chosen(#[case] host: &str, #[case] served: &str) {
    let four = [
        listener("any", 443, "HTTPS", ""),
        listener("wild", 443, "HTTPS", "hostname: '*.example.com'"),
        listener("wild-foo", 443, "HTTPS", "hostname: '*.foo.example.com'"),
        listener("foo", 443, "HTTPS", "hostname: foo.example.com"),
    ];
    let text = gateway(&four.join(", ")) + &everything();
    let answer = ask(&text, &secure(host, "/"));
    assert_eq!(answer.listener, Some(format!("infra/edge/{served}")));
}

#[test]
fn what_no_listener_serves_is_answered_by_nobody() {
    let text = gateway(&listener("a", 80, "HTTP", "hostname: a.x")) + &everything();
    let answer = ask(&text, &on(80, "b.x"));
    assert_eq!((answer.outcome, answer.listener, answer.status), (Outcome::NoRoute, None, None));
    // Where the listener serves all and no route takes it, it says 404.
    let open =
        gateway(&listener("a", 80, "HTTP", "")) + &http("r", &format!("hostnames: [a.x], rules: [{}]", rule("", "b")));
    assert_eq!(ask(&open, &on(80, "b.x")).status, Some(404));
}
