//! Who takes a connection: TLSRoutes by the name in the handshake, TCPRoutes by where it comes in. Computed by hand from the text of
//! Gateway API.

use brink::mesh::{
    conflicts::{ConflictKind, conflicts},
    resolve::{LostAt, Outcome, Request, Resolution, Scheme, resolve},
    routes::RouteKind,
    wins::{Wins, wins},
};
use proptest::prelude::*;
use rstest::rstest;

use super::support::routes::{self, loaded};

const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: istio
  listeners:
  - {name: pass, port: 443, protocol: TLS, tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}
  - {name: wild, port: 8443, protocol: TLS, hostname: '*.example.com', tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}
  - {name: ends, port: 9443, protocol: TLS, tls: {mode: Terminate}, allowedRoutes: {namespaces: {from: All}}}
  - {name: sql, port: 5432, protocol: TCP, allowedRoutes: {namespaces: {from: All}}}
  - {name: redis, port: 6379, protocol: TCP, allowedRoutes: {namespaces: {from: All}}}
  - {name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
";

fn route(kind: &str, name: &str, minute: u32, spec: &str) -> String {
    routes::route(kind, ("a", name), minute, "{name: gw, namespace: infra}", spec)
}

fn to(backend: &str) -> String {
    format!("rules: [{{backendRefs: [{{name: {backend}, port: 80}}]}}]")
}

fn tls(name: &str, minute: u32, hosts: &str) -> String {
    route("TLSRoute", name, minute, &format!("hostnames: [{hosts}], {}", to(name)))
}

fn connection(scheme: Scheme, host: &str, port: u16) -> Request {
    Request { scheme, port: Some(port), ..Request::get(host, "/") }
}

fn ask(texts: &[String], request: &Request) -> Resolution {
    resolve(&loaded(&format!("{GATEWAY}{}", texts.concat())).world(), request)
}

fn name(answer: &Resolution) -> Option<&str> {
    answer.route.as_ref().map(|route| route.name.as_str())
}

#[rstest]
// The whole name, then the longest wildcard, whoever is older.
#[case::exact("shop.example.com", 443, Some("exact"))]
#[case::longer_wildcard("b.eu.example.com", 443, Some("longer"))]
#[case::shorter_wildcard("other.example.com", 443, Some("shorter"))]
#[case::nobody("example.org", 443, None)]
// The listener's own name narrows what is served there.
#[case::listener_serves_it("shop.example.com", 8443, Some("exact"))]
#[case::listener_does_not("example.org", 8443, None)]
fn the_name_in_the_handshake_decides(#[case] sni: &str, #[case] port: u16, #[case] winner: Option<&str>) {
    let texts = [
        tls("shorter", 1, "'*.example.com'"),
        tls("longer", 2, "'*.eu.example.com'"),
        tls("exact", 3, "shop.example.com"),
    ];
    // Whether the question is about the connection or about what is inside makes no difference.
    for scheme in [Scheme::Tls, Scheme::Https] {
        let answer = ask(&texts, &connection(scheme, sni, port));
        assert_eq!(name(&answer), winner, "{answer:#?}");
        assert_eq!(answer.status, None, "nobody speaks HTTP here");
        assert_eq!(answer.outcome, if winner.is_some() { Outcome::Forward } else { Outcome::NoRoute });
    }
}

#[test]
fn the_handshake_counts_and_not_the_host_inside() {
    let mut request = connection(Scheme::Https, "inside.example.com", 443);
    request.sni = Some("SHOP.example.com".to_owned());
    let answer = ask(&[tls("r", 1, "shop.example.com"), tls("other", 0, "inside.example.com")], &request);
    assert_eq!(name(&answer), Some("r"), "{answer:#?}");
    assert_eq!(answer.losers[0].lost_at, LostAt::Hostname);
}

#[rstest]
#[case::older(("a", 5), ("z", 4), "z", LostAt::Age)]
#[case::name(("a", 5), ("z", 5), "a", LostAt::Name)]
fn of_equal_claims_age_and_then_the_name_decides(
    #[case] one: (&str, u32),
    #[case] two: (&str, u32),
    #[case] winner: &str,
    #[case] step: LostAt,
) {
    let secure = [tls(one.0, one.1, "shop.example.com"), tls(two.0, two.1, "shop.example.com")];
    let answer = ask(&secure, &connection(Scheme::Tls, "shop.example.com", 443));
    assert_eq!((name(&answer), answer.losers[0].lost_at, answer.losers[0].matched), (Some(winner), step, true));
    let section = |(name, minute): (&str, u32)| {
        let parent = "parentRefs: [{name: gw, namespace: infra, sectionName: sql}]";
        route("TCPRoute", name, minute, &format!("{parent}, {}", to(name)))
    };
    let plain = [section(one), section(two)];
    let answer = ask(&plain, &connection(Scheme::Tcp, "", 5432));
    assert_eq!((name(&answer), answer.losers[0].lost_at), (Some(winner), step));
    // The same is told as a conflict, and in the column.
    for texts in [secure, plain] {
        let loaded = loaded(&format!("{GATEWAY}{}", texts.concat()));
        let world = loaded.world();
        let found = conflicts(&world);
        let duplicate: Vec<_> = found.iter().filter(|one| one.kind == ConflictKind::Duplicate).collect();
        assert_eq!(duplicate.len(), 1, "{found:#?}");
        assert_eq!(duplicate[0].winner.as_ref().map(|side| side.object.name.as_str()), Some(winner));
        assert_eq!(duplicate[0].example, None, "a connection is no request");
        let loses = |wins: &&Wins| matches!(wins, Wins::No { to, .. } if to.name == winner);
        assert_eq!(wins(&world).iter().filter(loses).count(), 1);
    }
}

#[rstest]
#[case::by_port(5432, "parentRefs: [{name: gw, namespace: infra, port: 5432}]", Some("infra/gw/sql"), true)]
#[case::by_section(
    6379,
    "parentRefs: [{name: gw, namespace: infra, sectionName: redis}]",
    Some("infra/gw/redis"),
    true
)]
#[case::other_section(
    5432,
    "parentRefs: [{name: gw, namespace: infra, sectionName: redis}]",
    Some("infra/gw/sql"),
    false
)]
#[case::nobody_listens(1, "parentRefs: [{name: gw, namespace: infra}]", None, false)]
// A listener of HTTP takes no connection as such.
#[case::http(80, "parentRefs: [{name: gw, namespace: infra}]", None, false)]
fn a_tcp_connection_is_known_by_where_it_comes_in(
    #[case] port: u16,
    #[case] parents: &str,
    #[case] listener: Option<&str>,
    #[case] taken: bool,
) {
    let answer =
        ask(&[route("TCPRoute", "db", 1, &format!("{parents}, {}", to("db")))], &connection(Scheme::Tcp, "", port));
    assert_eq!(answer.listener.as_deref(), listener, "{answer:#?}");
    assert_eq!(name(&answer).is_some(), taken);
}

#[rstest]
// Of TLS that ends at the Gateway the stream inside is left; what is handed on has none.
#[case(9443, true)]
#[case(443, false)]
fn a_tcp_route_takes_tls_only_where_it_ends(#[case] port: u16, #[case] taken: bool) {
    let answer = ask(&[route("TCPRoute", "db", 1, &to("db"))], &connection(Scheme::Tls, "any.example.net", port));
    assert_eq!(name(&answer).is_some(), taken, "{answer:#?}");
}

#[test]
fn routes_of_requests_and_of_connections_do_not_meet() {
    let texts = [route("HTTPRoute", "web", 1, &to("web")), route("TCPRoute", "db", 2, &to("db")), tls("t", 3, "x.y")];
    let answer = ask(&texts, &Request { port: Some(80), ..Request::get("x.y", "/") });
    assert_eq!(name(&answer), Some("web"));
    assert_eq!(name(&ask(&texts, &connection(Scheme::Tcp, "", 5432))), Some("db"));
    assert_eq!(name(&ask(&texts, &connection(Scheme::Tls, "x.y", 443))), Some("t"));
}

#[rstest]
#[case::split("[{name: b, port: 80, weight: 90}, {name: c, port: 80, weight: 10}]", Outcome::Forward)]
#[case::missing("[{name: nope, port: 80}]", Outcome::NoBackend)]
#[case::zero("[{name: b, port: 80, weight: 0}]", Outcome::NoBackend)]
#[case::foreign("[{name: d, namespace: other, port: 80}]", Outcome::NoBackend)]
#[case::granted("[{name: e, namespace: granted, port: 80}]", Outcome::Forward)]
fn backends_are_as_valid_as_those_of_requests(#[case] backends: &str, #[case] outcome: Outcome) {
    let services = "---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: b, namespace: a}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: c, namespace: a}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: d, namespace: other}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: e, namespace: granted}, spec: {ports: [{port: 80}]}}
- apiVersion: gateway.networking.k8s.io/v1
  kind: ReferenceGrant
  metadata: {name: g, namespace: granted}
  spec: {from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: a}], to: [{group: '', kind: Service}]}
";
    let texts = [route("TCPRoute", "db", 1, &format!("rules: [{{backendRefs: {backends}}}]")), services.to_owned()];
    let answer = ask(&texts, &connection(Scheme::Tcp, "", 5432));
    assert_eq!((answer.outcome, answer.status), (outcome, None), "{answer:#?}");
}

#[rstest]
#[case("gateway.networking.k8s.io/v1", "TLSRoute", RouteKind::Tls)]
#[case("gateway.networking.k8s.io/v1alpha3", "TLSRoute", RouteKind::Tls)]
#[case("gateway.networking.k8s.io/v1alpha2", "TLSRoute", RouteKind::Tls)]
#[case("gateway.networking.k8s.io/v1alpha2", "TCPRoute", RouteKind::Tcp)]
fn any_version_is_read(#[case] version: &str, #[case] kind: &str, #[case] read: RouteKind) {
    let text = route(kind, "r", 1, &to("b")).replace("gateway.networking.k8s.io/v1\n", &format!("{version}\n"));
    assert_eq!(loaded(&text).routes[0].kind, read);
    assert!(read.versions().iter().any(|kind| kind.api_version() == version));
}

const HOSTS: [&str; 5] = ["a.example.com", "'*.example.com'", "'*.com'", "b.a.example.com", "'*.a.example.com'"];

proptest! {
    /// Somebody wins whenever somebody matches, always the same, whatever the order of the rows.
    #[test]
    fn the_order_of_rows_does_not_matter(
        claims in prop::collection::vec((0..HOSTS.len(), 0..3u32), 1..8), turn in 0..8usize, at in 0..2usize,
    ) {
        let texts: Vec<String> = claims.iter().enumerate()
            .map(|(n, (host, minute))| tls(&format!("r{n}"), *minute, HOSTS[*host])).collect();
        let request = connection(Scheme::Tls, ["a.example.com", "b.a.example.com"][at], 443);
        let first = ask(&texts, &request);
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        turned.reverse();
        prop_assert_eq!(&ask(&turned, &request), &first);
        let (won, lost) = (usize::from(first.route.is_some()), first.losers.len());
        prop_assert_eq!(won + lost, claims.len());
    }
}
