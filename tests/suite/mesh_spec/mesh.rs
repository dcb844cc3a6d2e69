//! Routes on Services (GEP-1294; overview of the mesh): producers and consumers, ports, kinds, and what comes in from outside.

use brink::mesh::resolve::{GrpcCall, LostAt, Outcome, Request, Scheme};
use rstest::rstest;

use super::{ask, backend, name, open, route_in, rule, services};

fn on(space: &str, name: &str, parent: &str, rules: &str) -> String {
    kind_on("HTTPRoute", space, name, parent, rules)
}

fn kind_on(kind: &str, space: &str, name: &str, parent: &str, rules: &str) -> String {
    route_in(space, kind, name, 1, &format!("parentRefs: [{{kind: Service, {parent}}}], rules: [{rules}]"))
}

fn from(space: &str, host: &str, path: &str) -> Request {
    Request { from: Some((space.into(), "client".into())), ..Request::get(host, path) }
}

/// The Service has ports 80 (`http`) and 8080 (`admin`).
const SMILEY: &str = "---
apiVersion: v1
kind: Service
metadata: {name: smiley, namespace: faces}
spec: {ports: [{name: http, port: 80}, {name: admin, port: 8080}]}
";

/// A producer's route is for clients of every namespace, and says all that may be asked.
#[rstest]
#[case("faces", "smiley")]
#[case("faces", "smiley.faces")]
#[case("other", "smiley.faces")]
#[case("other", "smiley.faces.svc")]
#[case("other", "smiley.faces.svc.cluster.local")]
fn a_producer_is_for_all(#[case] client: &str, #[case] host: &str) {
    for group in ["''", "core"] {
        let parent = format!("name: smiley, group: {group}, port: 80");
        let text = SMILEY.to_owned()
            + &services("faces", &["v2"])
            + &on("faces", "producer", &parent, &rule("matches: [{path: {value: /v2}}]", "v2"));
        let asked = |path: &str| ask(&text, &Request { port: Some(80), ..from(client, host, path) });
        assert_eq!((name(&asked("/v2")), backend(&asked("/v2"))), (Some("producer"), "v2"), "{group}");
        // What no route matches is rejected.
        assert_eq!((asked("/").outcome, asked("/").status), (Outcome::NoRoute, Some(404)));
    }
}

/// A consumer's route is for clients of its own namespace, and there it stands alone.
#[rstest]
#[case::own_clients("fast-clients", "/", Some("consumer"), Some(100))]
#[case::others("faces", "/", Some("producer"), None)]
#[case::third("slow-clients", "/", Some("producer"), None)]
fn a_consumer_is_for_its_own(
    #[case] client: &str,
    #[case] path: &str,
    #[case] winner: Option<&str>,
    #[case] limit: Option<u64>,
) {
    let smiley = "name: smiley, namespace: faces, group: '', port: 80";
    // The producer would go before it by every step.
    let text = SMILEY.to_owned()
        + &on("faces", "producer", smiley, &rule("matches: [{path: {type: Exact, value: /}, method: GET}]", "smiley"))
        + &on(
            "fast-clients",
            "consumer",
            smiley,
            "{timeouts: {request: 100ms}, backendRefs: [{name: smiley, namespace: faces, port: 80}]}",
        );
    let answer = ask(&text, &Request { port: Some(80), ..from(client, "smiley.faces", path) });
    assert_eq!((name(&answer), answer.timeout_ms), (winner, limit), "{answer:#?}");
    if winner == Some("consumer") {
        assert_eq!((answer.losers[0].route.name.as_str(), answer.losers[0].lost_at), ("producer", LostAt::Source));
    }
}

/// Routes of one namespace on one Service are one list.
#[test]
fn routes_of_a_group_are_merged() {
    let smiley = "name: smiley, namespace: faces, group: ''";
    let text = SMILEY.to_owned()
        + &on("team", "wide", smiley, &rule("", "one"))
        + &on("team", "narrow", smiley, &rule("matches: [{path: {value: /x}}]", "two"));
    assert_eq!(name(&ask(&text, &from("team", "smiley.faces", "/x"))), Some("narrow"));
    assert_eq!(name(&ask(&text, &from("team", "smiley.faces", "/y"))), Some("wide"));
}

/// Without a route, or with routes of others alone, a Service is simply asked.
#[rstest]
#[case::none("")]
#[case::of_others("others")]
#[case::refused("refused")]
fn without_routes_a_service_is_asked_itself(#[case] which: &str) {
    let smiley = "name: smiley, namespace: faces, group: ''";
    let only = rule("matches: [{path: {value: /only}}]", "b");
    let routes = match which {
        "others" => on("others", "consumer", smiley, &only),
        "refused" => {
            on("faces", "refused", smiley, &only)
                + "status: {parents: [{parentRef: {kind: Service, group: '', name: smiley, namespace: faces}, controllerName: c, \
                   conditions: [{type: Accepted, status: 'False', reason: NoMatchingParent}]}]}\n"
        }
        _ => String::new(),
    };
    let answer = ask(&(SMILEY.to_owned() + &routes), &from("team", "smiley.faces", "/"));
    assert_eq!((answer.outcome, answer.route.is_none()), (Outcome::Forward, true), "{answer:#?}");
    assert_eq!(answer.backends[0].r#ref, "faces/smiley:80");
    let lost_at = answer.losers.first().map(|loser| loser.lost_at);
    let want = match which {
        "others" => Some(LostAt::Source),
        "refused" => Some(LostAt::NotAccepted),
        _ => None,
    };
    assert_eq!(lost_at, want);
}

/// A reference with a port, or the name of one, is for that port; without, for all.
#[rstest]
#[case::number("port: 80", 80, true)]
#[case::other_number("port: 80", 8080, false)]
#[case::by_name("sectionName: admin", 8080, true)]
#[case::by_other_name("sectionName: admin", 80, false)]
#[case::no_such_name("sectionName: nope", 80, false)]
#[case::both("sectionName: admin, port: 8080", 8080, true)]
#[case::both_differ("sectionName: admin, port: 80", 80, false)]
#[case::all_80("group: ''", 80, true)]
#[case::all_8080("group: ''", 8080, true)]
fn a_reference_is_for_its_port(#[case] port: &str, #[case] asked: u16, #[case] steered: bool) {
    let group = if port.contains("group") { "" } else { ", group: ''" };
    let text = SMILEY.to_owned() + &on("faces", "r", &format!("name: smiley, {port}{group}"), &rule("", "smiley"));
    let answer = ask(&text, &Request { port: Some(asked), ..from("team", "smiley.faces", "/") });
    // The other ports are not touched.
    assert_eq!(answer.outcome, Outcome::Forward, "{answer:#?}");
    assert_eq!(name(&answer), steered.then_some("r"));
    if !steered {
        assert_eq!(answer.backends[0].r#ref, format!("faces/smiley:{asked}"));
    }
}

/// `hostnames` say nothing on a Service.
#[test]
fn hostnames_are_not_looked_at() {
    let spec = format!(
        "parentRefs: [{{kind: Service, group: '', name: smiley}}], hostnames: [other.example], rules: [{}]",
        rule("", "smiley")
    );
    let text = SMILEY.to_owned() + &route_in("faces", "HTTPRoute", "r", 1, &spec);
    assert_eq!(name(&ask(&text, &from("team", "smiley.faces", "/"))), Some("r"));
}

/// Inside the mesh routes send to any namespace without a grant; at a Gateway they do not.
#[test]
fn no_grant_is_needed_inside() {
    let far = "{backendRefs: [{name: far, namespace: away, port: 80}]}";
    let text = SMILEY.to_owned() + &services("away", &["far"]) + &on("faces", "r", "name: smiley, group: ''", far);
    let answer = ask(&text, &from("team", "smiley.faces", "/"));
    assert_eq!((answer.outcome, answer.backends[0].valid), (Outcome::Forward, true));
    let outside = open() + &services("away", &["far"]) + &super::http("r", &format!("rules: [{far}]"));
    assert_eq!(super::get(&outside, "a.example", "/").status, Some(500));
}

/// A request from outside goes by the routes of the Gateway, one from inside by those of the Service.
#[test]
fn north_south_and_east_west() {
    let text = SMILEY.to_owned()
        + &open()
        + &route_in(
            "faces",
            "HTTPRoute",
            "outside",
            1,
            &format!("hostnames: [smiley.example], rules: [{}]", rule("", "smiley")),
        )
        + &on("faces", "inside", "name: smiley, group: ''", &rule("", "smiley"));
    let outside = super::get(&text, "smiley.example", "/");
    assert_eq!((name(&outside), outside.listener.as_deref()), (Some("outside"), Some("infra/edge/web")));
    let inside = ask(&text, &from("team", "smiley.faces", "/"));
    assert_eq!((name(&inside), inside.listener.as_deref()), (Some("inside"), Some("Service faces/smiley")));
}

/// One route for both: at the Gateway its hosts count, on the Service they do not.
#[test]
fn one_route_may_hang_on_both() {
    let spec = format!(
        "parentRefs: [{{name: edge, namespace: infra}}, {{kind: Service, group: '', name: smiley}}], hostnames: \
         [smiley.example], rules: [{}]",
        rule("", "smiley")
    );
    let text = SMILEY.to_owned() + &open() + &route_in("faces", "HTTPRoute", "r", 1, &spec);
    assert_eq!(name(&super::get(&text, "smiley.example", "/")), Some("r"));
    assert_eq!(name(&ask(&text, &from("team", "smiley.faces", "/"))), Some("r"));
}

/// Of several kinds on one Service and port one is applied: GRPCRoute, HTTPRoute, TLSRoute, TCPRoute.
#[rstest]
#[case::grpc_and_http(&["GRPCRoute", "HTTPRoute"], Scheme::Http, Some("GRPCRoute"))]
#[case::http_and_tcp(&["TCPRoute", "HTTPRoute"], Scheme::Http, Some("HTTPRoute"))]
#[case::tls_and_tcp(&["TCPRoute", "TLSRoute"], Scheme::Tls, Some("TLSRoute"))]
#[case::tcp_alone(&["TCPRoute"], Scheme::Tcp, Some("TCPRoute"))]
fn a_service_has_one_kind_of_routes(#[case] kinds: &[&str], #[case] scheme: Scheme, #[case] applied: Option<&str>) {
    let routes = kinds
        .iter()
        .map(|kind| kind_on(kind, "faces", &kind.to_lowercase(), "name: smiley, group: ''", &rule("", "smiley")));
    let text = SMILEY.to_owned() + &routes.collect::<String>();
    let call = GrpcCall::parse("s.S/M").unwrap();
    let request =
        if kinds.contains(&"GRPCRoute") { Request::call("smiley.faces", call) } else { from("t", "smiley.faces", "/") };
    let request = Request { scheme, port: Some(80), from: Some(("t".into(), "client".into())), ..request };
    let answer = ask(&text, &request);
    assert_eq!(name(&answer), applied.map(str::to_lowercase).as_deref(), "{answer:#?}");
}

/// Weights, filters and the rest are those of routes everywhere.
#[test]
fn traffic_inside_is_split() {
    let text = SMILEY.to_owned()
        + &services("faces", &["v1", "v2"])
        + &on(
            "faces",
            "split",
            "name: smiley, group: ''",
            "{backendRefs: [{name: v1, port: 80, weight: 1}, {name: v2, port: 80, weight: 3}]}",
        );
    let answer = ask(&text, &from("team", "smiley.faces", "/"));
    assert_eq!(answer.backends.iter().map(|one| one.share).collect::<Vec<_>>(), [25.0, 75.0]);
}
