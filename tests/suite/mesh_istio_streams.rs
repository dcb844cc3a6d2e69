//! Connections by Istio's rules: `tls` and `tcp` of VirtualServices in the mesh and at Gateways, hosts beyond the cluster, and whose
//! proxies serve a Gateway. Worlds small enough to be computed by hand.

use brink::mesh::{
    conflicts::{ConflictKind, conflicts},
    resolve::{LostAt, Outcome, Request, Resolution, Scheme, resolve},
    wins::wins,
};
use proptest::prelude::*;
use rstest::rstest;

use super::support::routes::loaded;

const SERVICES: &str = "---
apiVersion: v1
kind: Service
metadata: {name: mongo, namespace: shop}
spec: {clusterIP: 10.0.0.7, ports: [{name: tcp, port: 27017}, {name: tls, port: 443}]}
---
apiVersion: v1
kind: Service
metadata: {name: backup, namespace: shop}
spec: {ports: [{name: tcp, port: 5555}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}}}
";

fn object(kind: &str, name: &str, minute: u32, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop, creationTimestamp: \
         '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{{spec}}}\n"
    )
}

fn to(host: &str, port: u16) -> String {
    format!("route: [{{destination: {{host: {host}, port: {{number: {port}}}}}}}]")
}

fn ask(texts: &[String], request: &Request) -> Resolution {
    resolve(&loaded(&format!("{SERVICES}{}", texts.concat())).world(), request)
}

fn inside(scheme: Scheme, host: &str, port: u16) -> Request {
    let from = Some(("shop".into(), "web".into()));
    Request { scheme, port: Some(port), from, ..Request::get(host, "/") }
}

fn outside(scheme: Scheme, host: &str, port: u16) -> Request {
    Request { scheme, port: Some(port), ..Request::get(host, "/") }
}

fn first(answer: &Resolution) -> &str {
    answer.backends.first().map_or("", |backend| backend.r#ref.as_str())
}

/// The example of `TCPRoute`: one port of a Service goes to another.
#[rstest]
#[case::this_port(27017, "shop/backup:5555", Some(0))]
#[case::another_port(443, "shop/mongo:443", None)]
fn a_port_is_sent_elsewhere(#[case] port: u16, #[case] backend: &str, #[case] rule: Option<usize>) {
    let service = object(
        "VirtualService",
        "v",
        1,
        &format!("hosts: [mongo], tcp: [{{match: [{{port: 27017}}], {}}}]", to("backup", 5555)),
    );
    let answer = ask(&[service], &inside(Scheme::Tcp, "mongo", port));
    assert_eq!((first(&answer), answer.rule, answer.outcome), (backend, rule, Outcome::Forward), "{answer:#?}");
    if rule.is_none() {
        assert_eq!(answer.losers[0].lost_at, LostAt::Port);
    }
}

#[rstest]
#[case::by_labels("sourceLabels: {app: web}", None)]
#[case::of_others("sourceLabels: {app: other}", Some(LostAt::Source))]
#[case::by_namespace("sourceNamespace: shop", None)]
#[case::of_another_namespace("sourceNamespace: bank", Some(LostAt::Source))]
#[case::within_a_subnet("destinationSubnets: [10.0.0.0/24]", None)]
#[case::outside_of_it("destinationSubnets: [10.1.0.0/24]", Some(LostAt::Address))]
#[case::one_of_several("destinationSubnets: [10.1.0.0/24, 10.0.0.7]", None)]
#[case::everything("destinationSubnets: [0.0.0.0/0]", None)]
#[case::no_subnet("destinationSubnets: [ten/8]", Some(LostAt::Address))]
#[case::for_the_mesh("gateways: [mesh]", None)]
#[case::for_a_gateway("gateways: [edge]", Some(LostAt::Gateway))]
#[case::all_of_it("port: 27017, sourceLabels: {app: web}, destinationSubnets: [10.0.0.0/8]", None)]
#[case::not_all_of_it("port: 1, sourceLabels: {app: web}", Some(LostAt::Port))]
fn what_a_match_asks(#[case] test: &str, #[case] lost: Option<LostAt>) {
    let spec = format!("hosts: [mongo], tcp: [{{match: [{{{test}}}], {}}}]", to("backup", 5555));
    let answer = ask(&[object("VirtualService", "v", 1, &spec)], &inside(Scheme::Tcp, "mongo", 27017));
    assert_eq!(answer.losers.first().map(|loser| loser.lost_at), lost, "{answer:#?}");
    assert_eq!(first(&answer), if lost.is_none() { "shop/backup:5555" } else { "shop/mongo:27017" });
}

/// Names in the handshake: the most exact one, whatever the order, and a note where the order says otherwise.
#[rstest]
#[case("a.bank.example", "shop/mongo:443", 1, true)]
#[case("b.bank.example", "shop/backup:5555", 0, false)]
fn the_name_in_the_handshake_decides(
    #[case] sni: &str,
    #[case] backend: &str,
    #[case] rule: usize,
    #[case] noted: bool,
) {
    let spec = format!(
        "hosts: ['*.bank.example'], tls: [{{match: [{{sniHosts: ['*.bank.example']}}], {}}}, {{match: [{{sniHosts: \
         [a.bank.example]}}], {}}}]",
        to("backup", 5555),
        to("mongo", 443)
    );
    for scheme in [Scheme::Tls, Scheme::Https] {
        let answer = ask(&[object("VirtualService", "v", 1, &spec)], &inside(scheme, sni, 443));
        assert_eq!((first(&answer), answer.rule), (backend, Some(rule)), "{answer:#?}");
        assert_eq!(answer.notes.iter().any(|note| note.contains("Envoy takes the more exact one")), noted);
        assert_eq!((answer.status, answer.sent), (None, None), "nobody reads what is inside");
    }
}

#[test]
fn a_client_that_speaks_tls_itself_is_not_asked_for_http() {
    let spec = format!("hosts: [mongo], http: [{{{}}}]", to("backup", 5555));
    let plain = ask(&[object("VirtualService", "v", 1, &spec)], &inside(Scheme::Http, "mongo", 443));
    assert_eq!(first(&plain), "shop/backup:5555");
    let secure = ask(&[object("VirtualService", "v", 1, &spec)], &inside(Scheme::Https, "mongo", 443));
    assert_eq!((first(&secure), secure.route.as_ref()), ("shop/mongo:443", None));
}

#[test]
fn rules_of_tcp_take_tls_that_no_rule_of_tls_takes() {
    let spec = format!(
        "hosts: [mongo], tls: [{{match: [{{sniHosts: [other.example]}}], {}}}], tcp: [{{{}}}]",
        to("mongo", 443),
        to("backup", 5555)
    );
    let answer = ask(&[object("VirtualService", "v", 1, &spec)], &inside(Scheme::Tls, "mongo", 27017));
    assert_eq!((first(&answer), answer.losers[0].lost_at), ("shop/backup:5555", LostAt::Hostname), "{answer:#?}");
    assert!(answer.notes.iter().any(|note| note == "rule 0 of tcp decides"));
}

#[test]
fn connections_are_split_by_weight() {
    let spec = "hosts: [mongo], tcp: [{route: [{destination: {host: mongo}, weight: 80}, {destination: {host: backup}, weight: 20}]}]";
    let answer = ask(&[object("VirtualService", "v", 1, spec)], &inside(Scheme::Tcp, "mongo", 27017));
    assert_eq!(answer.backends.iter().map(|one| one.share).collect::<Vec<_>>(), [80.0, 20.0]);
}

const EDGE: &str = "selector: {istio: edge}, servers: [\
    {port: {number: 443, name: through, protocol: TLS}, tls: {mode: PASSTHROUGH}, hosts: ['*.bank.example']}, \
    {port: {number: 444, name: ended, protocol: TLS}, tls: {mode: SIMPLE}, hosts: ['*.bank.example']}, \
    {port: {number: 445, name: web, protocol: HTTPS}, tls: {mode: SIMPLE}, hosts: ['*.bank.example']}, \
    {port: {number: 446, name: auto, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: ['*.bank.example']}, \
    {port: {number: 27018, name: db, protocol: TCP}, hosts: ['*']}]";

fn bound(rules: &str) -> String {
    object("VirtualService", "v", 1, &format!("hosts: [a.bank.example, b.bank.example], gateways: [edge], {rules}"))
}

/// `tls.mode` decides whether rules of `tls`, of `tcp` or of `http` are asked.
#[rstest]
#[case::handed_on(443, Scheme::Tls, Some(("tls", "shop/mongo:443")))]
#[case::handed_on_https(443, Scheme::Https, Some(("tls", "shop/mongo:443")))]
#[case::ended(444, Scheme::Tls, Some(("tcp", "shop/backup:5555")))]
#[case::requests(445, Scheme::Https, Some(("", "shop/mongo:27017")))]
#[case::requests_asked_as_tls(445, Scheme::Tls, None)]
#[case::by_the_name_alone(446, Scheme::Tls, None)]
#[case::a_stream(27018, Scheme::Tcp, Some(("tcp", "shop/backup:5555")))]
#[case::nobody_listens(447, Scheme::Tls, None)]
fn the_mode_of_a_server_decides(#[case] port: u16, #[case] scheme: Scheme, #[case] taken: Option<(&str, &str)>) {
    let rules = format!(
        "tls: [{{match: [{{sniHosts: [a.bank.example]}}], {}}}], tcp: [{{{}}}], http: [{{{}}}]",
        to("mongo", 443),
        to("backup", 5555),
        to("mongo", 27017)
    );
    let texts = [object("Gateway", "edge", 1, EDGE), bound(&rules)];
    let answer = ask(&texts, &outside(scheme, "a.bank.example", port));
    assert_eq!(answer.backends.first().map(|one| one.r#ref.as_str()), taken.map(|(_, to)| to), "{answer:#?}");
    if let Some((kind, _)) = taken.filter(|(kind, _)| !kind.is_empty()) {
        assert!(answer.notes.iter().any(|note| *note == format!("rule 0 of {kind} decides")), "{:?}", answer.notes);
    }
}

#[test]
fn a_connection_that_no_rule_takes_at_a_gateway_is_closed() {
    let rules = format!("tls: [{{match: [{{sniHosts: [a.bank.example]}}], {}}}]", to("mongo", 443));
    let texts = [object("Gateway", "edge", 1, EDGE), bound(&rules)];
    let answer = ask(&texts, &outside(Scheme::Tls, "b.bank.example", 443));
    assert_eq!((answer.outcome, answer.status), (Outcome::NoRoute, None), "{answer:#?}");
    assert!(answer.notes.iter().any(|note| note.ends_with("it is closed")), "{:?}", answer.notes);
    assert_eq!(answer.losers[0].lost_at, LostAt::Hostname);
}

#[test]
fn clients_are_not_known_at_a_gateway() {
    let rules = format!("tcp: [{{match: [{{sourceLabels: {{app: web}}}}], {}}}]", to("mongo", 443));
    let answer = ask(&[object("Gateway", "edge", 1, EDGE), bound(&rules)], &outside(Scheme::Tcp, "", 27018));
    assert_eq!((answer.outcome, answer.losers[0].lost_at), (Outcome::NoRoute, LostAt::Source));
}

/// A Service whose pods all carry the labels serves the Gateway; where it is reached from outside is told.
#[rstest]
#[case::by_selector("{istio: edge, app: x}", 443, &["Service mesh/in at 203.0.113.7"], None)]
#[case::without_the_port("{istio: edge, app: x}", 27018, &["Service mesh/in at 203.0.113.7"], Some("has no port 27018"))]
#[case::of_others("{app: x}", 443, &[], Some("who serves the Gateway is not known"))]
fn who_serves_a_gateway(#[case] selector: &str, #[case] port: u16, #[case] by: &[&str], #[case] noted: Option<&str>) {
    let service = format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: in, namespace: mesh}}\nspec: {{selector: {selector}, ports: \
         [{{port: 443}}]}}\nstatus: {{loadBalancer: {{ingress: [{{ip: 203.0.113.7}}]}}}}\n"
    );
    let rules = format!(
        "tcp: [{{{}}}], tls: [{{match: [{{sniHosts: [a.bank.example]}}], {}}}]",
        to("mongo", 443),
        to("mongo", 443)
    );
    let texts = [object("Gateway", "edge", 1, EDGE), bound(&rules), service];
    let scheme = if port == 443 { Scheme::Tls } else { Scheme::Tcp };
    let answer = ask(&texts, &outside(scheme, "a.bank.example", port));
    assert_eq!(answer.served_by, by, "{answer:#?}");
    assert_eq!(answer.notes.iter().any(|note| noted.is_some_and(|noted| note.contains(noted))), noted.is_some());
}

/// A Service that selects by other labels serves it where a workload is known that carries both.
#[test]
fn a_known_workload_leads_from_the_service_to_the_gateway() {
    let more = "---\napiVersion: v1\nkind: Service\nmetadata: {name: in, namespace: mesh}\nspec: {selector: {app: x}, ports: \
                [{port: 443}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: proxy, namespace: mesh}\nspec: \
                {template: {metadata: {labels: {app: x, istio: edge}}}}\n";
    let texts =
        [object("Gateway", "edge", 1, EDGE), bound(&format!("tcp: [{{{}}}]", to("mongo", 443))), more.to_owned()];
    assert_eq!(ask(&texts, &outside(Scheme::Tcp, "", 27018)).served_by, ["Service mesh/in"]);
}

const ENTRY: &str = "hosts: [api.bank.example, '*.wild.example'], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 443, \
                     name: https, protocol: TLS}, {number: 80, name: http, protocol: HTTP}]";

fn sidecar(mode: &str, hosts: &str) -> String {
    object("Sidecar", "default", 1, &format!("outboundTrafficPolicy: {{mode: {mode}}}, egress: [{{hosts: [{hosts}]}}]"))
}

/// A host of a ServiceEntry is reached without any route.
#[rstest]
#[case::tls(Scheme::Https, "api.bank.example", Some(443), "api.bank.example:443")]
#[case::plain(Scheme::Http, "api.bank.example", Some(80), "api.bank.example:80")]
#[case::usual_port(Scheme::Http, "api.bank.example", None, "api.bank.example:80")]
#[case::wildcard(Scheme::Tls, "any.wild.example", Some(443), "any.wild.example:443")]
fn a_host_of_a_service_entry_is_reached(
    #[case] scheme: Scheme,
    #[case] host: &str,
    #[case] port: Option<u16>,
    #[case] to: &str,
) {
    let answer = ask(&[object("ServiceEntry", "bank", 1, ENTRY)], &Request { port, ..inside(scheme, host, 1) });
    assert_eq!((first(&answer), answer.outcome), (to, Outcome::Forward), "{answer:#?}");
    assert_eq!(answer.listener.as_deref(), Some("ServiceEntry shop/bank"));
    assert!(answer.notes.iter().any(|note| note.contains("MESH_EXTERNAL, resolution DNS")), "{:?}", answer.notes);
}

#[rstest]
#[case::not_exported("exportTo: ['~'], ", None)]
#[case::its_own("exportTo: ['.'], ", Some("ServiceEntry shop/bank"))]
fn a_service_entry_counts_where_it_is_exported(#[case] export: &str, #[case] listener: Option<&str>) {
    let entry = object("ServiceEntry", "bank", 1, &format!("{export}{ENTRY}"));
    let answer = ask(&[entry], &inside(Scheme::Http, "api.bank.example", 80));
    assert_eq!(answer.listener.as_deref(), listener, "{answer:#?}");
}

/// Who is registered nowhere: the Sidecar's policy says what becomes of it; where nothing says so nobody knows.
#[rstest]
#[case::closed("REGISTRY_ONLY", Outcome::NoRoute, Some(502))]
#[case::open("ALLOW_ANY", Outcome::Forward, None)]
fn hosts_nobody_knows(#[case] mode: &str, #[case] outcome: Outcome, #[case] status: Option<u16>) {
    let entry = object("ServiceEntry", "bank", 1, ENTRY);
    let texts = [entry.clone(), sidecar(mode, "'*/*'")];
    let unknown = ask(&texts, &inside(Scheme::Http, "unknown.example", 80));
    assert_eq!((unknown.outcome, unknown.status), (outcome, status), "{unknown:#?}");
    // A port that the entry does not have is as unknown.
    let port = ask(&texts, &inside(Scheme::Http, "api.bank.example", 8080));
    assert_eq!((port.outcome, port.status), (outcome, status), "{port:#?}");
    // What is registered and left out by the Sidecar too.
    let narrow = ask(&[entry.clone(), sidecar(mode, "'bank/*'")], &inside(Scheme::Http, "api.bank.example", 80));
    assert_eq!((narrow.outcome, narrow.status), (outcome, status), "{narrow:#?}");
    let silent = ask(&[entry], &inside(Scheme::Http, "unknown.example", 80));
    assert_eq!((silent.outcome, silent.status, silent.listener), (Outcome::NoRoute, None, None));
}

#[test]
fn a_virtual_service_goes_before_the_entry_itself() {
    let rules = format!("hosts: [api.bank.example], http: [{{{}}}]", to("mongo", 443));
    let texts = [object("ServiceEntry", "bank", 1, ENTRY), object("VirtualService", "v", 1, &rules)];
    assert_eq!(first(&ask(&texts, &inside(Scheme::Http, "api.bank.example", 80))), "shop/mongo:443");
}

/// What becomes of the URL and of copies, as Envoy does it.
#[rstest]
#[case::prefix("match: [{uri: {prefix: /old/}}], rewrite: {uri: /new/}", "/old/x?q=1", "/new/x?q=1")]
#[case::letter_by_letter("match: [{uri: {prefix: /old}}], rewrite: {uri: /}", "/old/x", "//x")]
#[case::whole("match: [{uri: {exact: /old}}], rewrite: {uri: /new}", "/old", "/new")]
#[case::any("rewrite: {uri: /new/}", "/x", "/new/x")]
#[case::expression("rewrite: {uriRegexRewrite: {match: '^/v1/(.*)$', rewrite: '/v2/\\1'}}", "/v1/x/y", "/v2/x/y")]
fn what_a_backend_is_asked(#[case] rule: &str, #[case] path: &str, #[case] sent: &str) {
    let spec = format!(
        "hosts: [mongo], http: [{{{rule}, mirror: {{host: backup}}, mirrorPercentage: {{value: 12.5}}, headers: {{request: \
         {{set: {{X-One: a}}, remove: [x-two]}}}}, {}}}]",
        to("mongo", 443)
    );
    let request = Request { headers: vec![("X-Two".to_owned(), "b".to_owned())], ..inside(Scheme::Http, "mongo", 443) };
    let answer = ask(&[object("VirtualService", "v", 1, &spec)], &Request { path: path.to_owned(), ..request });
    let told = answer.sent.expect("it is forwarded");
    assert_eq!((told.path.as_str(), told.host.as_str()), (sent, "mongo"));
    assert_eq!(told.headers.into_iter().collect::<Vec<_>>(), [("x-one".to_owned(), "a".to_owned())]);
    assert_eq!((answer.mirrors[0].r#ref.as_str(), answer.mirrors[0].percent), ("shop/backup", 12.5));
}

#[test]
fn tries_are_told() {
    let spec = format!(
        "hosts: [mongo], http: [{{timeout: 5s, retries: {{attempts: 3, perTryTimeout: 2s, retryOn: 'gateway-error, reset'}}, {}}}]",
        to("mongo", 443)
    );
    let answer = ask(&[object("VirtualService", "v", 1, &spec)], &inside(Scheme::Http, "mongo", 443));
    assert_eq!(
        (answer.retries, answer.retry_on.as_slice()),
        (Some(3), ["gateway-error", "reset"].map(str::to_owned).as_slice())
    );
    assert_eq!((answer.request_timeout_ms, answer.backend_timeout_ms), (Some(5000), Some(2000)));
}

#[rstest]
#[case("tls: 3")]
#[case("tls: [7, {match: 3}, {match: [{sniHosts: 4}]}]")]
#[case("tcp: [{match: [{destinationSubnets: [5], port: x, sourceLabels: 3, gateways: {}}]}]")]
#[case("tcp: [{route: 3}, {route: [{destination: {host: 4, port: 5}}]}]")]
fn bad_rules_are_rows_still(#[case] rules: &str) {
    let texts = [object("VirtualService", "v", 1, &format!("hosts: [mongo], {rules}"))];
    for scheme in [Scheme::Tls, Scheme::Tcp, Scheme::Http] {
        ask(&texts, &inside(scheme, "mongo", 443));
    }
}

const NAMES: [&str; 4] = ["a.bank.example", "'*.bank.example'", "'*.example'", "b.bank.example"];

proptest! {
    /// Somebody takes the connection whenever somebody may, always the same, whatever the order of the objects.
    #[test]
    fn the_order_of_objects_does_not_matter(
        claims in prop::collection::vec((0..NAMES.len(), 0..3u32, prop::bool::ANY), 1..7), turn in 0..7usize,
        in_the_mesh in prop::bool::ANY,
    ) {
        let mut texts: Vec<String> = claims.iter().enumerate().map(|(n, (host, minute, subnet))| {
            let subnet = if *subnet { ", destinationSubnets: [0.0.0.0/0]" } else { "" };
            let spec = format!(
                "hosts: [{0}], gateways: [mesh, edge], tls: [{{match: [{{sniHosts: [{0}]{subnet}}}], {1}}}]", NAMES[*host], to("mongo", 443)
            );
            object("VirtualService", &format!("v{n}"), *minute, &spec)
        }).collect();
        texts.push(object("Gateway", "edge", 1, EDGE));
        let request = if in_the_mesh { inside(Scheme::Tls, "a.bank.example", 443) } else { outside(Scheme::Tls, "a.bank.example", 443) };
        let first = ask(&texts, &request);
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        turned.reverse();
        prop_assert_eq!(&ask(&turned, &request), &first);
        let (won, lost) = (usize::from(first.route.is_some()), first.losers.len());
        let named = claims.iter().filter(|(host, ..)| *host != 3).count();
        prop_assert_eq!(won + lost, named);
    }
}

/// Two VirtualServices at one Gateway, each with these rules, and hosts that are not written alike.
fn rivals(a: &str, b: &str) -> Vec<String> {
    let service = |name: &str, minute: u32, rules: &str| {
        let hosts = "hosts: ['*.example.com'], gateways: [edge]";
        let hosts = if name == "b" { hosts.replace("'*.example.com'", "'*.com'") } else { hosts.to_owned() };
        object("VirtualService", name, minute, &format!("{hosts}, {rules}"))
    };
    let server = "servers: [{hosts: ['*'], port: {number: 8443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}}, \
                  {hosts: ['*'], port: {number: 9000, name: tcp, protocol: TCP}}]";
    vec![object("Gateway", "edge", 0, server), service("a", 1, a), service("b", 2, b)]
}

#[rstest]
#[case::same_name(
    "tls: [{match: [{sniHosts: [x.example.com]}], ROUTE}]",
    "tls: [{match: [{sniHosts: [x.example.com]}], ROUTE}]",
    Some("names the host more exactly"),
    "no: more specific a"
)]
#[case::another_name(
    "tls: [{match: [{sniHosts: [x.example.com]}], ROUTE}]",
    "tls: [{match: [{sniHosts: [y.example.com]}], ROUTE}]",
    None,
    "yes"
)]
#[case::a_narrower_name(
    "tls: [{match: [{sniHosts: ['*.example.com']}], ROUTE}]",
    "tls: [{match: [{sniHosts: [y.example.com]}], ROUTE}]",
    None,
    "yes"
)]
#[case::same_port(
    "tcp: [{match: [{port: 9000}], ROUTE}]",
    "tcp: [{match: [{port: 9000}], ROUTE}]",
    Some("is older"),
    "no: older a"
)]
#[case::any_port("tcp: [{ROUTE}]", "tcp: [{match: [{port: 9000}], ROUTE}]", Some("is older"), "no: older a")]
#[case::some_of_its_ports("tcp: [{match: [{port: 9000}], ROUTE}]", "tcp: [{ROUTE}]", Some("is older"), "yes")]
#[case::another_port("tcp: [{match: [{port: 9001}], ROUTE}]", "tcp: [{match: [{port: 9000}], ROUTE}]", None, "yes")]
#[case::another_client("tcp: [{match: [{sourceNamespace: shop}], ROUTE}]", "tcp: [{ROUTE}]", None, "yes")]
fn two_rules_that_claim_the_same_connections_are_told(
    #[case] a: &str,
    #[case] b: &str,
    #[case] told: Option<&str>,
    #[case] cell: &str,
) {
    let rules = |text: &str| text.replace("ROUTE", &to("mongo", 27017));
    let mut texts = rivals(&rules(a), &rules(b));
    let mut answers = Vec::new();
    for _ in 0..2 {
        let loaded = loaded(&format!("{SERVICES}{}", texts.concat()));
        let world = loaded.world();
        let found = conflicts(&world).into_iter().filter(|one| one.kind == ConflictKind::Duplicate).collect::<Vec<_>>();
        let at = loaded.routes.iter().position(|row| row.name == "b").unwrap();
        answers.push((found, wins(&world)[at].to_string()));
        texts.reverse();
    }
    assert_eq!(answers[0], answers[1], "the order of the objects does not matter");
    let (found, wins) = &answers[0];
    assert_eq!((found.first().map(|one| one.why.rsplit("it ").next().unwrap()), wins.as_str()), (told, cell));
    // Who is said to win does win.
    if let Some(one) = found.first() {
        let scheme = if a.starts_with("tls") { (Scheme::Tls, "x.example.com", 8443) } else { (Scheme::Tcp, "", 9000) };
        let answer = ask(&texts, &outside(scheme.0, scheme.1, scheme.2));
        assert_eq!(answer.route.map(Into::into), one.winner.as_ref().map(|side| side.object.clone()));
        assert_eq!(one.example, None, "a connection is no request");
    }
}

#[test]
fn a_rule_for_connections_behind_another_of_its_route_is_shadowed() {
    let rule = |host: &str| format!("{{match: [{{sniHosts: [x.example.com]}}], {}}}", to(host, 443));
    let spec = format!("hosts: [x.example.com], tls: [{}, {}]", rule("mongo"), rule("backup"));
    let loaded = loaded(&format!("{SERVICES}{}", object("VirtualService", "a", 1, &spec)));
    let found = conflicts(&loaded.world());
    let shadowed: Vec<_> = found.iter().filter(|one| one.kind == ConflictKind::Shadowed).collect();
    let why = "rule 1 of tls claims connections for x.example.com that rule 0 of tls has: it stands earlier";
    assert_eq!(shadowed.iter().map(|one| one.why.as_str()).collect::<Vec<_>>(), [why], "{found:#?}");
}
