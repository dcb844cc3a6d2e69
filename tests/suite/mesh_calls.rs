//! gRPC calls, names in TLS handshakes, and requests from inside the mesh.

use brink::mesh::{
    load::Loaded,
    resolve::{GrpcCall, LostAt, Outcome, Request, Resolution, Scheme, resolve},
    routes::RouteKind,
};
use rstest::rstest;

use super::support::routes;

/// Open on 80; on 443 one listener for a name, one for the wildcard around it, one that hands TLS on.
const GATEWAY: &str = "---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: a}
spec:
  gatewayClassName: istio
  listeners:
  - {name: open, port: 80, protocol: HTTP}
  - {name: shop, port: 443, protocol: HTTPS, hostname: shop.example.com}
  - {name: wild, port: 443, protocol: HTTPS, hostname: '*.example.com'}
  - {name: through, port: 443, protocol: TLS, hostname: db.example.com}
";

fn route(kind: &str, name: &str, minute: u32, spec: &str) -> String {
    routes::route(kind, ("a", name), minute, "{name: gw}", spec)
}

fn loaded(text: &str) -> Loaded {
    routes::loaded(&format!("{GATEWAY}{text}"))
}

fn ask(text: &str, request: &Request) -> Resolution {
    resolve(&loaded(text).world(), request)
}

fn call() -> Request {
    Request::call("shop.example.com", GrpcCall::parse("shop.v1.Reviews/List").unwrap())
}

fn winner(answer: &Resolution) -> String {
    answer.route.as_ref().map_or_else(String::new, |route| route.name.to_string())
}

fn grpc(matches: &str) -> String {
    format!("rules: [{{matches: [{matches}], backendRefs: [{{name: b, port: 80}}]}}]")
}

/// The steps of GRPCRoute's precedence, one after the other: `x` wins although `z` is older, until only age and name are left.
#[rstest]
#[case::host("hostnames: [shop.example.com]", "hostnames: ['*.example.com']", 2, LostAt::Hostname)]
#[case::service(&grpc("{method: {service: shop.v1.Reviews}}"), &grpc("{headers: [{name: v, value: '1'}]}"), 2, LostAt::Service)]
#[case::longer_service(
    &grpc("{method: {type: RegularExpression, service: 'shop[.]v1[.]Rev.*'}}"),
    &grpc("{method: {type: RegularExpression, service: 'shop.*', method: List}}"),
    2,
    LostAt::Service
)]
#[case::method(
    &grpc("{method: {service: shop.v1.Reviews, method: List}}"),
    &grpc("{method: {service: shop.v1.Reviews}, headers: [{name: v, value: '1'}]}"),
    2,
    LostAt::Method
)]
#[case::headers(
    &grpc("{method: {service: shop.v1.Reviews}, headers: [{name: v, value: '1'}]}"),
    &grpc("{method: {service: shop.v1.Reviews}}"),
    2,
    LostAt::Headers
)]
#[case::age(&grpc("{method: {method: List}}"), &grpc("{method: {method: List}}"), 0, LostAt::Age)]
#[case::name(&grpc("{}"), &grpc("{}"), 1, LostAt::Name)]
fn calls_are_given_by_the_order_of_the_specification(
    #[case] x: &str,
    #[case] z: &str,
    #[case] minute: u32,
    #[case] step: LostAt,
) {
    let full = |spec: &str| {
        if spec.contains("rules") { spec.to_owned() } else { format!("{spec}, {}", grpc("{}")) }
    };
    let mut request = call();
    request.headers.push(("v".to_owned(), "1".to_owned()));
    let text = route("GRPCRoute", "x", minute, &full(x)) + &route("GRPCRoute", "z", 1, &full(z));
    let answer = ask(&text, &request);
    assert_eq!(winner(&answer), "x", "{answer:#?}");
    assert_eq!(answer.losers[0].lost_at, step, "{answer:#?}");
    assert!(answer.losers[0].matched);
}

#[rstest]
#[case("{method: {service: shop.v1.Reviews, method: List}}", None)]
#[case("{method: {type: RegularExpression, service: 'shop[.]v1[.].*', method: 'L.*'}}", None)]
#[case("{method: {service: shop.v1.Ratings}}", Some(LostAt::Service))]
#[case("{method: {service: shop.v1.Reviews, method: Get}}", Some(LostAt::Method))]
#[case("{method: {type: RegularExpression, service: 'shop'}}", Some(LostAt::Service))]
#[case("{method: {service: shop.v1.Reviews}, headers: [{name: v, value: '1'}]}", Some(LostAt::Headers))]
fn a_method_matches_or_not(#[case] test: &str, #[case] lost: Option<LostAt>) {
    let answer = ask(&route("GRPCRoute", "x", 1, &grpc(test)), &call());
    assert_eq!(answer.losers.first().map(|loser| loser.lost_at), lost, "{answer:#?}");
    assert_eq!(answer.outcome, if lost.is_none() { Outcome::Forward } else { Outcome::NoRoute });
    // What is no call is nothing to a GRPCRoute.
    let plain =
        ask(&route("GRPCRoute", "x", 1, &grpc(test)), &Request::get("shop.example.com", "/shop.v1.Reviews/List"));
    assert_eq!((plain.outcome, plain.losers.len()), (Outcome::NoRoute, 0));
    if lost.is_some() {
        assert!(answer.status.is_none() && answer.notes.iter().any(|note| note.contains("UNIMPLEMENTED")));
    }
}

/// A listener takes one kind per host: the older route. A controller's word that it accepts both counts more.
#[rstest]
#[case::the_older_http(1, 2, "", "web", "api")]
#[case::the_older_grpc(2, 1, "", "api", "web")]
#[case::both_accepted(
    1,
    2,
    "status: {parents: [{parentRef: {name: gw}, conditions: [{type: Accepted, status: 'True', reason: Accepted}]}]}\n",
    "api",
    ""
)]
fn one_kind_per_host(
    #[case] http: u32,
    #[case] grpc_at: u32,
    #[case] status: &str,
    #[case] wins: &str,
    #[case] refused: &str,
) {
    let web = "hostnames: [shop.example.com], rules: [{backendRefs: [{name: b, port: 80}]}]";
    let api = format!("hostnames: ['*.example.com'], {}", grpc("{}"));
    // The controller's word is a part of the newer route's object, whichever it is.
    let text = route("HTTPRoute", "web", http, web) + &route("GRPCRoute", "api", grpc_at, &api) + status;
    let answer = ask(&text, &call());
    if status.is_empty() {
        assert_eq!(winner(&answer), wins, "{answer:#?}");
        assert!(answer.notes.iter().any(|note| note.contains(refused) && note.contains("not accepted")), "{answer:#?}");
        assert_eq!(answer.losers[0].lost_at, LostAt::NotAccepted);
    } else {
        // Accepted both: the more specific host decides, as between any two.
        assert_eq!(winner(&answer), "web", "{answer:#?}");
        assert!(answer.losers.iter().any(|loser| loser.route.name == wins && loser.matched), "{answer:#?}");
    }
    // A GRPCRoute that came first keeps the HTTPRoute out for plain requests as well.
    let plain = ask(&text, &Request::get("shop.example.com", "/"));
    assert_eq!(plain.outcome == Outcome::Forward, wins == "web" || !status.is_empty(), "{plain:#?}");
}

#[rstest]
#[case::the_host_itself(None, "shop.example.com", Some("a/gw/shop"), None, Outcome::Forward)]
#[case::the_same_name(Some("SHOP.example.com"), "shop.example.com", Some("a/gw/shop"), None, Outcome::Forward)]
#[case::a_name_of_the_wildcard(Some("x.example.com"), "y.example.com", Some("a/gw/wild"), None, Outcome::Forward)]
#[case::a_host_of_another_listener(
    Some("x.example.com"),
    "shop.example.com",
    Some("a/gw/wild"),
    Some(421),
    Outcome::NoRoute
)]
#[case::a_host_of_no_listener(
    Some("shop.example.com"),
    "elsewhere.org",
    Some("a/gw/shop"),
    Some(404),
    Outcome::NoRoute
)]
#[case::handed_on(Some("db.example.com"), "db.example.com", Some("a/gw/through"), None, Outcome::NoRoute)]
#[case::no_such_name(Some("elsewhere.org"), "shop.example.com", None, None, Outcome::NoRoute)]
fn the_handshake_chooses_the_listener(
    #[case] sni: Option<&str>,
    #[case] host: &str,
    #[case] listener: Option<&str>,
    #[case] status: Option<u16>,
    #[case] outcome: Outcome,
) {
    let text = route("HTTPRoute", "r", 1, "rules: [{backendRefs: [{name: b, port: 80}]}]");
    let request = Request { scheme: Scheme::Https, sni: sni.map(ToOwned::to_owned), ..Request::get(host, "/") };
    let answer = ask(&text, &request);
    assert_eq!(answer.listener.as_deref(), listener, "{answer:#?}");
    assert_eq!((answer.status, answer.outcome), (status, outcome), "{answer:#?}");
    assert_eq!(outcome == Outcome::Forward, answer.notes.is_empty(), "what is no answer is explained: {answer:#?}");
}

const MESH: &str = "---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: a}
spec: {ports: [{port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: a}
spec: {ports: [{port: 9080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: producer, namespace: a}
spec: {parentRefs: [{group: '', kind: Service, name: reviews}], rules: [{backendRefs: [{name: reviews, port: 9080}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: consumer, namespace: b}
spec:
  parentRefs: [{group: '', kind: Service, name: reviews, namespace: a}]
  rules: [{matches: [{path: {value: /slow}}], backendRefs: [{name: slow, port: 80}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details, namespace: a}
spec: {hosts: [details], http: [{route: [{destination: {host: details}}]}]}
";

fn from(namespace: &str, host: &str, path: &str) -> Request {
    Request { from: Some((namespace.into(), "web".into())), ..Request::get(host, path) }
}

#[rstest]
#[case::own_namespace("a", "reviews", "/slow", "producer")]
#[case::another_namespace("b", "reviews.a", "/slow", "consumer")]
// Whoever has routes of its own does not go by the Service's, whatever they take (GEP-1294).
#[case::another_path("b", "reviews.a.svc.cluster.local", "/", "")]
#[case::a_third_namespace("c", "reviews.a", "/slow", "producer")]
#[case::a_bare_name_is_the_clients_own("b", "reviews", "/slow", "")]
fn who_sends_decides_which_routes_on_a_service_count(
    #[case] namespace: &str,
    #[case] host: &str,
    #[case] path: &str,
    #[case] wins: &str,
) {
    let answer = ask(MESH, &from(namespace, host, path));
    assert_eq!(winner(&answer), wins, "{answer:#?}");
    assert!(!answer.notes.iter().any(|note| note.contains("say who sends")), "{answer:#?}");
}

#[test]
fn without_a_sender_a_route_for_some_clients_is_named_and_not_counted() {
    let answer = ask(MESH, &Request::get("reviews.a", "/slow"));
    assert_eq!(winner(&answer), "producer");
    assert!(
        answer.notes.iter().any(|note| note.contains("HTTPRoute b/consumer steers clients in namespace b only")),
        "{answer:#?}"
    );
}

#[test]
fn a_service_without_routes_gets_the_request_itself() {
    let answer = ask(MESH, &from("a", "cart", "/"));
    assert_eq!(answer.outcome, Outcome::Forward);
    assert_eq!(answer.backends[0].r#ref, "a/cart:9080");
    assert_eq!(ask(MESH, &from("a", "nowhere", "/")).outcome, Outcome::NoRoute);
    let wrong = Request { port: Some(81), ..from("a", "cart", "/") };
    assert_eq!(ask(MESH, &wrong).outcome, Outcome::NoBackend);
}

#[test]
fn virtual_services_are_named_where_they_have_a_say() {
    let steering = |request: &Request| {
        let steered = ask(MESH, request).route.filter(|route| route.kind == RouteKind::VirtualService);
        steered.into_iter().map(|route| route.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(steering(&from("a", "details", "/")), ["details"]);
    assert_eq!(steering(&from("b", "details.a.svc.cluster.local", "/")), ["details"]);
    assert!(steering(&from("b", "details", "/")).is_empty(), "that is another service");
    assert!(steering(&from("a", "reviews", "/")).is_empty());
    let answer = ask(MESH, &Request::get("details.a", "/"));
    assert!(
        answer
            .notes
            .iter()
            .any(|note| note.contains("VirtualService a/details names details.a too, for clients inside the mesh")),
        "{answer:#?}"
    );
}
