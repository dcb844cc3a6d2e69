//! Which routes hang on which listeners: parents, sections and ports, namespaces, kinds (comments on ParentReference and
//! AllowedRoutes; guides on routes and on several namespaces).

use brink::mesh::resolve::{LostAt, Outcome, Request};
use rstest::rstest;

use super::{ask, backend, gateway, get, http, listener, name, namespace, on, route, route_in, rule, secure};

fn to(parent: &str) -> String {
    http("r", &format!("parentRefs: [{parent}], rules: [{}]", rule("", "b")))
}

/// `foo` on 8080, `bar` and `baz` on 8090: by name, by port, by both.
#[rstest]
#[case::all("{name: edge, namespace: infra}", &["foo", "bar", "baz"])]
#[case::by_name("{name: edge, namespace: infra, sectionName: foo}", &["foo"])]
#[case::by_port("{name: edge, namespace: infra, port: 8080}", &["foo"])]
#[case::by_port_two("{name: edge, namespace: infra, port: 8090}", &["bar", "baz"])]
#[case::two_names(
    "{name: edge, namespace: infra, sectionName: bar}, {name: edge, namespace: infra, sectionName: baz}",
    &["bar", "baz"]
)]
#[case::both("{name: edge, namespace: infra, sectionName: bar, port: 8090}", &["bar"])]
#[case::not_both("{name: edge, namespace: infra, sectionName: bar, port: 8080}", &[])]
#[case::no_such_name("{name: edge, namespace: infra, sectionName: qux}", &[])]
#[case::no_such_port("{name: edge, namespace: infra, port: 81}", &[])]
// Without a namespace it is the route's own.
#[case::own_namespace("{name: edge}", &[])]
#[case::other_kind("{name: edge, namespace: infra, kind: Service, group: ''}", &[])]
fn a_route_reaches_the_listeners_it_names(#[case] parent: &str, #[case] reached: &[&str]) {
    let listeners = [("foo", 8080, "foo.example"), ("bar", 8090, "bar.example"), ("baz", 8090, "baz.example")];
    let all = listeners.map(|(name, port, host)| listener(name, port, "HTTP", &format!("hostname: {host}")));
    let text = gateway(&all.join(", ")) + &to(parent);
    for (section, port, host) in listeners {
        let answer = ask(&text, &on(port, host));
        assert_eq!(answer.outcome == Outcome::Forward, reached.contains(&section), "{section} {answer:#?}");
        assert_eq!(answer.listener.as_deref(), Some(format!("infra/edge/{section}").as_str()));
    }
}

const EXPRESSIONS: &str = "{from: Selector, selector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [team, b]}]}}";

#[rstest]
#[case::same_by_default("", false)]
#[case::same("{from: Same}", false)]
#[case::all("{from: All}", true)]
#[case::selected("{from: Selector, selector: {matchLabels: {expose-apps: 'true'}}}", true)]
#[case::not_selected("{from: Selector, selector: {matchLabels: {expose-apps: 'false'}}}", false)]
#[case::by_name(EXPRESSIONS, true)]
#[case::by_another_name("{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: other}}}", false)]
#[case::not_in(
    "{from: Selector, selector: {matchExpressions: [{key: expose-apps, operator: NotIn, values: ['true']}]}}",
    false
)]
#[case::exists("{from: Selector, selector: {matchExpressions: [{key: expose-apps, operator: Exists}]}}", true)]
#[case::does_not_exist(
    "{from: Selector, selector: {matchExpressions: [{key: expose-apps, operator: DoesNotExist}]}}",
    false
)]
fn a_listener_says_whose_routes_it_takes(#[case] from: &str, #[case] yes: bool) {
    let allowed =
        if from.is_empty() { "allowedRoutes: {}".to_owned() } else { format!("allowedRoutes: {{namespaces: {from}}}") };
    let one = gateway(&listener("web", 80, "HTTP", &allowed)) + &namespace("team", "expose-apps: 'true'");
    let text = one + &to("{name: edge, namespace: infra}");
    let answer = get(&text, "a.example", "/");
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
    if !yes {
        assert_eq!(answer.losers[0].lost_at, LostAt::Listener);
    }
}

/// Every namespace carries its own name as a label: that is known without reading it, others are not.
#[rstest]
#[case("{matchLabels: {kubernetes.io/metadata.name: team}}", true)]
#[case("{matchLabels: {kubernetes.io/metadata.name: other}}", false)]
#[case("{matchLabels: {kubernetes.io/metadata.name: other, expose-apps: 'true'}}", false)]
#[case("{matchLabels: {expose-apps: 'true'}}", true)]
fn the_name_of_a_namespace_is_a_label_of_it(#[case] selector: &str, #[case] yes: bool) {
    let allowed = format!("allowedRoutes: {{namespaces: {{from: Selector, selector: {selector}}}}}");
    let text = gateway(&listener("web", 80, "HTTP", &allowed)) + &to("{name: edge, namespace: infra}");
    assert_eq!(get(&text, "a.example", "/").outcome == Outcome::Forward, yes);
}

#[rstest]
#[case::by_protocol("", true, true)]
#[case::http_alone("kinds: [{kind: HTTPRoute}]", true, false)]
#[case::grpc_alone("kinds: [{kind: GRPCRoute}]", false, true)]
#[case::both("kinds: [{kind: HTTPRoute}, {group: gateway.networking.k8s.io, kind: GRPCRoute}]", true, true)]
// What does not go with the protocol does not count.
#[case::of_another_protocol("kinds: [{kind: TLSRoute}]", false, false)]
// Nor is a kind of another group the same kind.
#[case::of_another_group("kinds: [{group: example.org, kind: HTTPRoute}]", false, false)]
fn a_listener_says_which_kinds_it_takes(#[case] kinds: &str, #[case] http_too: bool, #[case] grpc_too: bool) {
    let parts = [kinds, "namespaces: {from: All}"].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let web = listener("web", 80, "HTTP", &format!("allowedRoutes: {{{}}}", parts.join(", ")));
    let plain = gateway(&web) + &to("{name: edge, namespace: infra}");
    assert_eq!(get(&plain, "a.example", "/").outcome == Outcome::Forward, http_too);
    let call = brink::mesh::resolve::GrpcCall::parse("a.B/C").unwrap();
    let calls = gateway(&web) + &route("GRPCRoute", "r", 1, &format!("rules: [{}]", rule("", "b")));
    assert_eq!(ask(&calls, &Request::call("a.example", call)).outcome == Outcome::Forward, grpc_too);
}

/// A listener may restrict one route and not the next: accepted by one is accepted.
#[test]
fn one_listener_that_takes_it_is_enough() {
    let two =
        [listener("own", 80, "HTTP", "allowedRoutes: {namespaces: {from: Same}}"), listener("all", 81, "HTTP", "")];
    let text = gateway(&two.join(", ")) + &to("{name: edge, namespace: infra}");
    assert_eq!(ask(&text, &on(80, "a.example")).outcome, Outcome::NoRoute);
    assert_eq!(ask(&text, &on(81, "a.example")).outcome, Outcome::Forward);
}

/// The guide on several namespaces: three teams behind one listener.
#[rstest]
#[case("/", Some("home"), "home")]
#[case("/anything", Some("home"), "home")]
#[case("/login", Some("login"), "login-v1")]
#[case("/login/now", Some("login"), "login-v1")]
#[case("/store", Some("store"), "store")]
#[case("/outside", Some("home"), "home")]
fn teams_share_a_gateway(#[case] path: &str, #[case] winner: Option<&str>, #[case] to: &str) {
    let shared = "hostname: foo.example.com, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: \
                  {shared-gateway-access: 'true'}}}}";
    let prefix = |path: &str, backends: &str| {
        format!("rules: [{{matches: [{{path: {{value: {path}}}}}], backendRefs: [{backends}]}}]")
    };
    let split = "{name: login-v1, port: 80, weight: 90}, {name: login-v2, port: 80, weight: 10}";
    let text = gateway(&listener("https", 443, "HTTPS", shared))
        + &namespace("site", "shared-gateway-access: 'true'")
        + &namespace("store", "shared-gateway-access: 'true'")
        + &namespace("hidden", "")
        + &route_in("site", "HTTPRoute", "home", 1, &format!("rules: [{}]", rule("", "home")))
        + &route_in("site", "HTTPRoute", "login", 2, &prefix("/login", split))
        + &route_in("store", "HTTPRoute", "store", 3, &prefix("/store", "{name: store, port: 80}"))
        + &route_in("hidden", "HTTPRoute", "outside", 4, &prefix("/outside", "{name: b, port: 80}"));
    let answer = ask(&text, &secure("foo.example.com", path));
    assert_eq!((name(&answer), backend(&answer)), (winner, to), "{answer:#?}");
    if winner == Some("login") {
        assert_eq!(answer.backends.iter().map(|one| one.share).collect::<Vec<_>>(), [90.0, 10.0]);
    }
    assert_eq!(ask(&text, &secure("bar.example.com", path)).listener, None, "another domain is nobody's");
}

/// One route on two Gateways, and two routes on one.
#[test]
fn a_route_hangs_on_several_gateways() {
    let second = gateway(&listener("web", 81, "HTTP", "")).replace("name: edge", "name: inner");
    let text = gateway(&listener("web", 80, "HTTP", ""))
        + &second
        + &to("{name: edge, namespace: infra}, {name: inner, namespace: infra}");
    for (gateway, port) in [("edge", 80), ("inner", 81)] {
        let request = Request { gateway: Some(("infra".into(), gateway.into())), ..on(port, "a.example") };
        let answer = ask(&text, &request);
        assert_eq!(answer.listener, Some(format!("infra/{gateway}/web")), "{answer:#?}");
        assert_eq!(name(&answer), Some("r"));
    }
}
