//! Guides that stand for themselves: the simple Gateway, HTTP routing, the examples of the reference on HTTPRoute, an Ingress turned into
//! Gateway API.

use brink::mesh::resolve::{Outcome, Request};
use rstest::rstest;

use super::{ask, backend, gateway, get, http, listener, name, on, open, route_in, rule, secure};

#[test]
fn a_simple_gateway_takes_everything() {
    let own = listener("own", 80, "HTTP", "allowedRoutes: {namespaces: {from: Same}}");
    let text = gateway(&own) + &route_in("infra", "HTTPRoute", "r", 1, &format!("rules: [{}]", rule("", "foo-svc")));
    for (host, path) in [("any.example", "/"), ("other.example.org", "/deep/path")] {
        let answer = get(&text, host, path);
        assert_eq!((answer.listener.as_deref(), backend(&answer)), (Some("infra/edge/own"), "foo-svc"));
    }
    assert_eq!(ask(&text, &on(8080, "any.example")).outcome, Outcome::NoRoute);
}

#[rstest]
#[case("foo.example.com", "/login", None, "foo-svc")]
#[case("foo.example.com", "/login/now", None, "foo-svc")]
#[case("foo.example.com", "/logins", None, "")]
#[case("foo.example.com", "/", None, "")]
#[case("bar.example.com", "/any", Some("canary"), "bar-svc-canary")]
#[case("bar.example.com", "/any", Some("prod"), "bar-svc")]
#[case("bar.example.com", "/", None, "bar-svc")]
#[case("example.com", "/", None, "example-svc")]
#[case("baz.example.com", "/", None, "")]
fn http_routing(#[case] host: &str, #[case] path: &str, #[case] env: Option<&str>, #[case] to: &str) {
    let canary = rule("matches: [{headers: [{type: Exact, name: env, value: canary}]}]", "bar-svc-canary");
    let text = open()
        + &http("example", &format!("hostnames: [example.com], rules: [{}]", rule("", "example-svc")))
        + &http(
            "foo",
            &format!(
                "hostnames: [foo.example.com], rules: [{}]",
                rule("matches: [{path: {value: /login}}]", "foo-svc")
            ),
        )
        + &http("bar", &format!("hostnames: [bar.example.com], rules: [{canary}, {}]", rule("", "bar-svc")));
    let headers = env.map(|env| ("env".to_owned(), env.to_owned())).into_iter().collect();
    let answer = ask(&text, &Request { headers, ..Request::get(host, path) });
    assert_eq!(backend(&answer), to, "{answer:#?}");
    assert_eq!(answer.status, to.is_empty().then_some(404));
}

/// The reference: a prefix to one Service, four conditions together to another.
#[rstest]
#[case("/bar", "GET", &[], "one")]
#[case("/bar/x", "POST", &[("magic", "foo")], "one")]
#[case("/some/thing?great=example", "GET", &[("magic", "foo")], "two")]
#[case("/some/thing/below?great=example", "GET", &[("magic", "foo")], "two")]
#[case("/some/thing?great=example", "POST", &[("magic", "foo")], "")]
#[case("/some/thing?great=example", "GET", &[], "")]
#[case("/some/thing", "GET", &[("magic", "foo")], "")]
#[case("/some/things?great=example", "GET", &[("magic", "foo")], "")]
fn four_conditions(#[case] path: &str, #[case] method: &str, #[case] headers: &[(&str, &str)], #[case] to: &str) {
    let four = "{headers: [{type: Exact, name: magic, value: foo}], queryParams: [{type: Exact, name: great, value: example}], \
                path: {type: PathPrefix, value: /some/thing}, method: GET}";
    let text = open()
        + &http(
            "r",
            &format!(
                "hostnames: [foo.com], rules: [{}, {}]",
                rule("matches: [{path: {type: PathPrefix, value: /bar}}]", "one"),
                rule(&format!("matches: [{four}]"), "two")
            ),
        );
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = ask(&text, &Request { headers, method: method.to_owned(), ..Request::get("foo.com", path) });
    assert_eq!(backend(&answer), to, "{answer:#?}");
}

/// Two parts of a host by path and one host whole, plain requests sent to TLS: what an Ingress with two hosts comes to.
#[rstest]
#[case("foo.example.com", "/orders", "foo-orders")]
#[case("foo.example.com", "/orders/7", "foo-orders")]
#[case("foo.example.com", "/ordersx", "foo-app")]
#[case("foo.example.com", "/", "foo-app")]
#[case("bar.example.com", "/orders", "bar-app")]
fn an_ingress_turned_into_routes(#[case] host: &str, #[case] path: &str, #[case] to: &str) {
    let two = [
        listener("http", 80, "HTTP", "hostname: '*.example.com'"),
        listener("https", 443, "HTTPS", "hostname: '*.example.com'"),
    ];
    let at = |section: &str, hosts: &str, rules: &str| {
        format!(
            "parentRefs: [{{name: edge, namespace: infra, sectionName: {section}}}], hostnames: [{hosts}], rules: [{rules}]"
        )
    };
    let foo = format!("{}, {}", rule("", "foo-app"), rule("matches: [{path: {value: /orders}}]", "foo-orders"));
    let text = gateway(&two.join(", "))
        + &http("foo", &at("https", "foo.example.com", &foo))
        + &http("bar", &at("https", "bar.example.com", &rule("", "bar-app")))
        + &http(
            "redirect",
            &at(
                "http",
                "foo.example.com, bar.example.com",
                "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}",
            ),
        );
    assert_eq!(backend(&ask(&text, &secure(host, path))), to);
    let plain = get(&text, host, path);
    assert_eq!(name(&plain), Some("redirect"));
    assert_eq!(plain.redirect.unwrap().location, format!("https://{host}{path}"));
}
