//! TLSRoute, TCPRoute and UDPRoute (their comments; guides on TLS, TCP and UDP routing).

use brink::mesh::resolve::{LostAt, Outcome, Request, Resolution, Scheme};
use rstest::rstest;

use super::{ask, backend, gateway, http, listener, name, route, rule, services};

fn connection(scheme: Scheme, host: &str, port: u16) -> Request {
    Request { scheme, port: Some(port), ..Request::get(host, "/") }
}

fn on(section: &str, spec: &str) -> String {
    format!("parentRefs: [{{name: edge, namespace: infra, sectionName: {section}}}], {spec}")
}

fn closed(answer: &Resolution) -> bool {
    answer.outcome == Outcome::NoRoute && answer.status.is_none()
}

/// The guide on TLS: one host is handed on, another ends at the Gateway.
#[rstest]
#[case("foo.example.com", 443, Some("foo"), "foo-svc")]
#[case("bar.example.com", 443, None, "")]
#[case("bar.example.com", 8443, Some("bar"), "bar-svc")]
#[case("foo.example.com", 8443, None, "")]
fn tls(#[case] sni: &str, #[case] port: u16, #[case] winner: Option<&str>, #[case] to: &str) {
    let two = [
        listener("tls", 443, "TLS", "tls: {mode: Passthrough}"),
        listener("tls-terminate", 8443, "TLS", "tls: {mode: Terminate}"),
    ];
    let spec = |host: &str, to: &str| format!("hostnames: [{host}], rules: [{}]", rule("", to));
    let text = gateway(&two.join(", "))
        + &route("TLSRoute", "foo", 1, &on("tls", &spec("foo.example.com", "foo-svc")))
        + &route("TLSRoute", "bar", 1, &on("tls-terminate", &spec("bar.example.com", "bar-svc")));
    let answer = ask(&text, &connection(Scheme::Tls, sni, port));
    assert_eq!((name(&answer), backend(&answer)), (winner, to), "{answer:#?}");
    assert_eq!(winner.is_none(), closed(&answer));
}

/// `hostnames` of TLSRoute.
#[rstest]
#[case("test.example.com", "test.example.com", "test.example.com", true)]
#[case("test.example.com", "'*.example.com'", "test.example.com", true)]
#[case("'*.example.com'", "test.example.com", "test.example.com", true)]
#[case("'*.example.com'", "'*.example.com'", "any.example.com", true)]
#[case("'*.example.com'", "example.com", "test.example.com", false)]
#[case("'*.example.com'", "test.example.net", "test.example.net", false)]
#[case("something.example.com", "'*.example.com'", "something.example.com", true)]
#[case("something.example.com", "'*.example.com'", "other.example.com", false)]
#[case("'*.example.com'", "test.example.com, test.example.net", "test.example.com", true)]
#[case("'*.example.com'", "test.example.com, test.example.net", "test.example.net", false)]
fn names_in_the_handshake(#[case] served: &str, #[case] hosts: &str, #[case] sni: &str, #[case] yes: bool) {
    let one = listener("tls", 443, "TLS", &format!("hostname: {served}, tls: {{mode: Passthrough}}"));
    let text = gateway(&one) + &route("TLSRoute", "r", 1, &format!("hostnames: [{hosts}], rules: [{}]", rule("", "b")));
    let answer = ask(&text, &connection(Scheme::Tls, sni, 443));
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
}

/// A TLSRoute hangs on listeners of TLS alone, an HTTPRoute on none of them.
#[rstest]
#[case("TLSRoute", "HTTPS", Scheme::Https)]
#[case("TLSRoute", "TCP", Scheme::Tcp)]
#[case("TCPRoute", "HTTP", Scheme::Http)]
#[case("TCPRoute", "HTTPS", Scheme::Https)]
#[case("UDPRoute", "TCP", Scheme::Tcp)]
#[case("TCPRoute", "UDP", Scheme::Udp)]
#[case("HTTPRoute", "TCP", Scheme::Tcp)]
#[case("HTTPRoute", "TLS", Scheme::Tls)]
fn kinds_go_with_protocols(#[case] kind: &str, #[case] protocol: &str, #[case] scheme: Scheme) {
    let text =
        gateway(&listener("l", 7000, protocol, "")) + &route(kind, "r", 1, &format!("rules: [{}]", rule("", "b")));
    let answer = ask(&text, &connection(scheme, "a.example", 7000));
    assert_eq!((answer.listener.as_deref(), name(&answer)), (Some("infra/edge/l"), None), "{answer:#?}");
}

/// The guides on TCP and UDP: a listener a port, a route a listener, by section or by port.
#[rstest]
#[case::tcp_by_name("TCP", Scheme::Tcp, "sectionName: foo", "sectionName: bar")]
#[case::tcp_by_port("TCP", Scheme::Tcp, "port: 8080", "port: 8090")]
#[case::udp_by_name("UDP", Scheme::Udp, "sectionName: foo", "sectionName: bar")]
#[case::udp_by_port("UDP", Scheme::Udp, "port: 8080", "port: 8090")]
fn ports_are_told_apart(#[case] protocol: &str, #[case] scheme: Scheme, #[case] foo: &str, #[case] bar: &str) {
    let kind = format!("{protocol}Route");
    let two = [listener("foo", 8080, protocol, ""), listener("bar", 8090, protocol, "")];
    let at = |parent: &str, to: &str| {
        let parent = format!("parentRefs: [{{name: edge, namespace: infra, {parent}}}]");
        route(&kind, to, 1, &format!("{parent}, rules: [{}]", rule("", to)))
    };
    let text = gateway(&two.join(", ")) + &at(foo, "my-foo") + &at(bar, "my-bar");
    for (port, to) in [(8080, "my-foo"), (8090, "my-bar")] {
        let answer = ask(&text, &connection(scheme, "", port));
        assert_eq!((name(&answer), backend(&answer)), (Some(to), to), "{answer:#?}");
        assert_eq!((answer.outcome, answer.sent), (Outcome::Forward, None));
    }
    assert_eq!(ask(&text, &connection(scheme, "", 9000)).listener, None);
}

/// A backend that is not there rejects its share of connections.
#[rstest]
#[case("TCPRoute", "TCP", Scheme::Tcp)]
#[case("TLSRoute", "TLS", Scheme::Tls)]
#[case("UDPRoute", "UDP", Scheme::Udp)]
fn what_is_not_valid_rejects(#[case] kind: &str, #[case] protocol: &str, #[case] scheme: Scheme) {
    let text = |backends: &str| {
        let more = if protocol == "TLS" { "tls: {mode: Passthrough}" } else { "" };
        let hosts = if protocol == "TLS" { "hostnames: [a.example], " } else { "" };
        gateway(&listener("l", 7000, protocol, more))
            + &services("team", &["b"])
            + &route(kind, "r", 1, &format!("{hosts}rules: [{{backendRefs: [{backends}]}}]"))
    };
    let asked = connection(scheme, "a.example", 7000);
    let none = ask(&text("{name: gone, port: 80}"), &asked);
    assert_eq!((none.outcome, none.status), (Outcome::NoBackend, None), "{none:#?}");
    let most = ask(&text("{name: b, port: 80, weight: 20}, {name: gone, port: 80, weight: 80}"), &asked);
    assert_eq!(most.outcome, Outcome::Forward);
    assert!(most.notes.iter().any(|note| note.contains("80 % of the connections are rejected")), "{:?}", most.notes);
}

#[test]
fn of_two_routes_on_a_port_the_older_takes_all() {
    let spec = format!("rules: [{}]", rule("", "b"));
    for (kind, protocol, scheme) in [("TCPRoute", "TCP", Scheme::Tcp), ("UDPRoute", "UDP", Scheme::Udp)] {
        let text =
            gateway(&listener("l", 7000, protocol, "")) + &route(kind, "a", 5, &spec) + &route(kind, "z", 4, &spec);
        let answer = ask(&text, &connection(scheme, "", 7000));
        assert_eq!((name(&answer), answer.losers[0].lost_at), (Some("z"), LostAt::Age), "{kind}");
    }
}

/// Listeners with names of their own on one port, one handed on and one ended.
#[test]
fn both_modes_on_one_port() {
    let two = [
        listener("on", 443, "TLS", "hostname: a.example, tls: {mode: Passthrough}"),
        listener("end", 443, "TLS", "hostname: b.example, tls: {mode: Terminate}"),
    ];
    let spec = |host: &str| format!("hostnames: [{host}], rules: [{}]", rule("", "b"));
    let text = gateway(&two.join(", "))
        + &route("TLSRoute", "a", 1, &spec("a.example"))
        + &route("TLSRoute", "b", 1, &spec("b.example"))
        + &http("web", &format!("rules: [{}]", rule("", "b")));
    for (host, winner) in [("a.example", "a"), ("b.example", "b")] {
        assert_eq!(name(&ask(&text, &connection(Scheme::Tls, host, 443))), Some(winner));
    }
}

/// TLS that ends at the Gateway may begin anew; what is handed on may not.
#[rstest]
#[case("Terminate", Some("b.internal"))]
#[case("Passthrough", None)]
fn tls_to_the_backend(#[case] mode: &str, #[case] tls: Option<&str>) {
    let policy = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {name: p, namespace: team}\nspec: \
                  {targetRefs: [{group: '', kind: Service, name: b}], validation: {hostname: b.internal}}\n";
    let text = gateway(&listener("l", 443, "TLS", &format!("tls: {{mode: {mode}}}")))
        + policy
        + &route("TLSRoute", "r", 1, &format!("hostnames: [a.example], rules: [{}]", rule("", "b")));
    assert_eq!(ask(&text, &connection(Scheme::Tls, "a.example", 443)).backends[0].tls.as_deref(), tls);
}
