//! Who answers a request: a table computed by hand from the text of HTTPRoute, and the properties of an order.

use brink::mesh::{
    load::Loaded,
    resolve::{LostAt, Outcome, Request, Resolution, Scheme, resolve},
};
use rstest::rstest;

use super::support::routes;

/// One Gateway with an open listener on 80, one for `*.example.com` on 8080 and one for `shop.example.com` on 8080.
const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: istio
  listeners:
  - {name: open, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: wild, port: 8080, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}
  - {name: shop, port: 8080, protocol: HTTP, hostname: shop.example.com, allowedRoutes: {namespaces: {from: All}}}
  - {name: tls, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: Same}}}
  - {name: labelled, port: 9000, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}
";

/// A route in namespace `a`, created at minute `minute`, whose spec is `spec` (YAML, flow or block at indent 2).
fn route(name: &str, minute: u32, spec: &str) -> String {
    route_in("a", name, minute, spec)
}

fn route_in(namespace: &str, name: &str, minute: u32, spec: &str) -> String {
    routes::route("HTTPRoute", (namespace, name), minute, "{name: gw, namespace: infra}", spec)
}

fn loaded(texts: &[String]) -> Loaded {
    let mut loaded = Loaded::default();
    for text in texts {
        loaded.read("table", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
    loaded
}

fn ask(texts: &[String], request: &Request) -> Resolution {
    resolve(&loaded(texts).world(), request)
}

/// `rules: [...]` with one backend `name:80` and these matches.
fn rule(matches: &str) -> String {
    format!("rules: [{{matches: [{matches}], backendRefs: [{{name: b, port: 80}}]}}]")
}

/// The two routes `x` (the expected winner) and `y`; who wins `request`, and where the other fell out.
#[rstest]
// Step 1: an exact path beats any prefix, however long, and whatever else the other has.
#[case::exact_over_prefix(
    rule("{path: {type: Exact, value: /foo}}"),
    rule("{path: {type: PathPrefix, value: /foo}, method: GET, headers: [{name: v, value: '1'}]}"),
    "/foo",
    LostAt::PathExact
)]
#[case::exact_over_root(rule("{path: {type: Exact, value: /}}"), rule("{path: {value: /}}"), "/", LostAt::PathExact)]
// Step 2: the longer prefix.
#[case::longer_prefix(
    rule("{path: {value: /foo/bar}}"),
    rule("{path: {value: /foo}, method: GET}"),
    "/foo/bar/baz",
    LostAt::PathPrefix
)]
#[case::prefix_over_default(rule("{path: {value: /f}}"), "rules: [{backendRefs: [{name: b, port: 80}]}]".to_owned(), "/f/x", LostAt::PathPrefix)]
#[case::length_counts_not_elements(
    rule("{path: {value: /longelement}}"),
    rule("{path: {value: /}}"),
    "/longelement/b",
    LostAt::PathPrefix
)]
// A trailing slash of a prefix is ignored: equal paths, so the method decides.
#[case::trailing_slash_ignored(
    rule("{path: {value: /foo}, method: GET}"),
    rule("{path: {value: /foo/}}"),
    "/foo",
    LostAt::Method
)]
// Step 3: a method.
#[case::method_over_headers(rule("{method: GET}"), rule("{headers: [{name: v, value: '1'}]}"), "/", LostAt::Method)]
// Step 4: more headers.
#[case::more_headers(
    rule("{headers: [{name: v, value: '1'}, {name: w, value: '2'}]}"),
    rule("{headers: [{name: v, value: '1'}], queryParams: [{name: q, value: '1'}]}"),
    "/?q=1",
    LostAt::Headers
)]
// Repeated header names count once.
#[case::repeated_header_counts_once(
    rule("{headers: [{name: v, value: '1'}], queryParams: [{name: q, value: '1'}]}"),
    rule("{headers: [{name: v, value: '1'}, {name: V, value: '9'}]}"),
    "/?q=1",
    LostAt::Query
)]
// Step 5: more query parameters.
#[case::more_query(
    rule("{queryParams: [{name: q, value: '1'}, {name: r, value: '2'}]}"),
    rule("{queryParams: [{name: q, value: '1'}]}"),
    "/?q=1&r=2",
    LostAt::Query
)]
// Before all: the hostname. Exact name over wildcard, although the other has an exact path.
#[case::exact_host(format!("hostnames: [shop.example.com], {}", rule("{path: {value: /}}")), format!("hostnames: ['*.example.com'], {}", rule("{path: {type: Exact, value: /foo}}")), "/foo", LostAt::Hostname)]
#[case::longer_wildcard(format!("hostnames: ['*.example.com'], {}", rule("{path: {value: /}}")), format!("hostnames: ['*.com'], {}", rule("{path: {type: Exact, value: /foo}}")), "/foo", LostAt::Hostname)]
#[case::any_name_over_none(format!("hostnames: ['*.com'], {}", rule("{path: {value: /}}")), rule("{path: {type: Exact, value: /foo}}"), "/foo", LostAt::Hostname)]
#[case::several_names_the_best_counts(format!("hostnames: ['*.com', shop.example.com], {}", rule("{}")), format!("hostnames: ['*.example.com'], {}", rule("{}")), "/", LostAt::Hostname)]
// Not matching at all, at the step where it fails.
#[case::other_host(rule("{}"), format!("hostnames: [other.example.com], {}", rule("{}")), "/", LostAt::Hostname)]
#[case::other_exact(rule("{}"), rule("{path: {type: Exact, value: /foo/}}"), "/foo", LostAt::PathExact)]
#[case::not_an_element(rule("{}"), rule("{path: {value: /foo}}"), "/foobar", LostAt::PathPrefix)]
#[case::case_matters_in_paths(rule("{}"), rule("{path: {value: /FOO}}"), "/foo", LostAt::PathPrefix)]
#[case::other_method(rule("{}"), rule("{method: POST}"), "/", LostAt::Method)]
#[case::header_missing(rule("{}"), rule("{headers: [{name: absent, value: '1'}]}"), "/", LostAt::Headers)]
#[case::header_value_differs(rule("{}"), rule("{headers: [{name: v, value: '2'}]}"), "/", LostAt::Headers)]
#[case::query_missing(rule("{}"), rule("{queryParams: [{name: q, value: '1'}]}"), "/", LostAt::Query)]
#[case::query_names_have_case(rule("{}"), rule("{queryParams: [{name: Q, value: '1'}]}"), "/?q=1", LostAt::Query)]
#[case::one_match_suffices(
    rule("{path: {type: Exact, value: /nope}}, {path: {type: Exact, value: /foo}}"),
    rule("{path: {value: /foo}}"),
    "/foo",
    LostAt::PathExact
)]
#[case::expression_not_whole(
    rule("{}"),
    rule("{path: {type: RegularExpression, value: '/v[0-9]'}}"),
    "/v12",
    LostAt::PathRegex
)]
#[case::expression_comes_last(
    rule("{path: {value: /}}"),
    rule("{path: {type: RegularExpression, value: '/v[0-9]+'}, method: GET}"),
    "/v12",
    LostAt::PathRegex
)]
// Not attached, or refused.
#[case::other_section(rule("{}"), format!("parentRefs: [{{name: gw, namespace: infra, sectionName: wild}}], {}", rule("{path: {type: Exact, value: /}}")), "/", LostAt::Listener)]
#[case::other_port(rule("{}"), format!("parentRefs: [{{name: gw, namespace: infra, port: 8080}}], {}", rule("{path: {type: Exact, value: /}}")), "/", LostAt::Listener)]
#[case::other_gateway_same_host(rule("{}"), format!("hostnames: [shop.example.com], parentRefs: [{{name: else}}], {}", rule("{}")), "/", LostAt::Listener)]
fn the_table(#[case] x: String, #[case] y: String, #[case] path: &str, #[case] lost_at: LostAt) {
    // The loser is older and first by name, so that neither can be what decides.
    let texts = [GATEWAY.to_owned(), route("x", 9, &x), route("a", 1, &y)];
    let mut request = Request::get("shop.example.com", path);
    request.port = Some(80);
    request.headers = vec![("V".to_owned(), "1".to_owned()), ("w".to_owned(), "2".to_owned())];
    let answer = ask(&texts, &request);
    assert_eq!(answer.route.as_ref().map(|route| route.name.as_str()), Some("x"), "{answer:#?}");
    let lost = answer.losers.iter().find(|loser| loser.route.name == "a").map(|loser| loser.lost_at);
    assert_eq!(lost, Some(lost_at), "{answer:#?}");
    assert_eq!(answer.outcome, Outcome::Forward);
    assert_eq!(answer.listener.as_deref(), Some("infra/gw/open"));
}

#[test]
fn of_equal_matches_the_older_route_wins() {
    let answer = ask(&[GATEWAY.to_owned(), route("a", 5, &rule("{}")), route("z", 4, &rule("{}"))], &shop("/"));
    assert_eq!(answer.route.unwrap().name, "z");
    assert_eq!((answer.losers[0].lost_at, answer.losers[0].matched), (LostAt::Age, true));
}

#[test]
fn of_equally_old_routes_the_first_by_namespace_and_name_wins() {
    // Letter by letter over the joined text: `-` comes before `/`, so `a-b/z` comes before `a/b`.
    let texts = [GATEWAY.to_owned(), route_in("a", "b", 5, &rule("{}")), route_in("a-b", "z", 5, &rule("{}"))];
    let answer = ask(&texts, &shop("/"));
    assert_eq!(answer.route.unwrap().to_string(), "HTTPRoute a-b/z");
    assert_eq!(answer.losers[0].lost_at, LostAt::Name);
}

#[test]
fn within_a_route_the_first_rule_wins() {
    let spec = "rules: [{backendRefs: [{name: one, port: 80}]}, {backendRefs: [{name: two, port: 80}]}]";
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, spec)], &shop("/"));
    assert_eq!((answer.rule, answer.r#match), (Some(0), Some(0)));
    assert_eq!(answer.backends[0].r#ref, "a/one:80");
    assert_eq!((answer.losers[0].rule, answer.losers[0].lost_at), (1, LostAt::Order));
}

#[test]
fn what_no_parent_accepts_is_not_in_play() {
    let refused = format!(
        "{}status: {{parents: [{{parentRef: {{name: gw, namespace: infra}}, controllerName: c, conditions: [{{type: \
         Accepted, status: 'False', reason: NotAllowedByListeners}}]}}]}}\n",
        route("old", 1, &rule("{}"))
    );
    let answer = ask(&[GATEWAY.to_owned(), refused, route("young", 9, &rule("{}"))], &shop("/"));
    assert_eq!(answer.route.unwrap().name, "young");
    assert_eq!(answer.losers[0].lost_at, LostAt::NotAccepted);
}

#[rstest]
// The most specific listener takes the request and shares it with no other.
#[case("shop.example.com", 8080, Some("infra/gw/shop"))]
#[case("other.example.com", 8080, Some("infra/gw/wild"))]
#[case("deep.other.example.com", 8080, Some("infra/gw/wild"))]
#[case("example.com", 8080, None)]
#[case("example.net", 80, Some("infra/gw/open"))]
#[case("shop.example.com", 81, None)]
fn the_most_specific_listener_takes_it(#[case] host: &str, #[case] port: u16, #[case] listener: Option<&str>) {
    let mut request = Request::get(host, "/");
    request.port = Some(port);
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, &rule("{}"))], &request);
    assert_eq!(answer.listener.as_deref(), listener);
    assert_eq!(answer.status, None, "a backend answers, or nobody listens");
    assert_eq!(answer.outcome, if listener.is_some() { Outcome::Forward } else { Outcome::NoRoute });
}

#[test]
fn a_listener_that_answers_without_a_rule_says_404() {
    let texts = [GATEWAY.to_owned(), route("r", 1, &rule("{path: {value: /only}}"))];
    let answer = ask(&texts, &shop("/else"));
    assert_eq!((answer.outcome, answer.status, answer.route), (Outcome::NoRoute, Some(404), None));
    assert_eq!(answer.losers.len(), 1);
}

#[test]
fn hostnames_outside_the_listener_are_ignored() {
    // `shop.example.net` does not meet `*.example.com`: the route serves its other name only.
    let spec = format!("hostnames: [shop.example.net, shop.example.com], {}", rule("{}"));
    let texts = [GATEWAY.to_owned(), route("r", 1, &spec)];
    let mut request = shop("/");
    request.port = Some(8080);
    assert_eq!(ask(&texts, &request).outcome, Outcome::Forward);
    let only = format!("hostnames: [shop.example.net], {}", rule("{}"));
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, &only)], &request);
    assert_eq!((answer.outcome, answer.losers[0].lost_at), (Outcome::NoRoute, LostAt::Hostname));
}

#[test]
fn namespaces_are_allowed_by_listener() {
    let texts = [GATEWAY.to_owned(), route("r", 1, &rule("{}")), route_in("infra", "own", 9, &rule("{}"))];
    let mut request = shop("/");
    (request.scheme, request.port) = (Scheme::Https, Some(443));
    let answer = ask(&texts, &request);
    assert_eq!(answer.route.unwrap().name, "own");
    assert_eq!(answer.losers[0].lost_at, LostAt::Listener);
    let labels =
        |team: &str| format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{team: {team}}}}}\n");
    let mut request = shop("/");
    request.port = Some(9000);
    for (team, outcome) in [("a", Outcome::Forward), ("b", Outcome::NoRoute)] {
        let texts = [GATEWAY.to_owned(), route("r", 1, &rule("{}")), labels(team)];
        assert_eq!(ask(&texts, &request).outcome, outcome, "{team}");
    }
}

#[test]
fn a_more_specific_host_without_a_rule_falls_through_and_says_so() {
    let narrow = format!("hostnames: [shop.example.com], {}", rule("{path: {value: /only}}"));
    let wide = format!("hostnames: ['*.example.com'], {}", rule("{}"));
    let answer = ask(&[GATEWAY.to_owned(), route("n", 1, &narrow), route("w", 2, &wide)], &shop("/else"));
    assert_eq!(answer.route.unwrap().name, "w");
    assert!(answer.notes.iter().any(|note| note.contains("404")), "{:?}", answer.notes);
}

#[rstest]
#[case::no_backends("rules: [{matches: [{path: {value: /}}]}]", Outcome::NoBackend, Some(500))]
#[case::zero_weight("rules: [{backendRefs: [{name: b, port: 80, weight: 0}]}]", Outcome::NoBackend, Some(500))]
#[case::missing("rules: [{backendRefs: [{name: missing, port: 80}]}]", Outcome::NoBackend, Some(500))]
#[case::wrong_port("rules: [{backendRefs: [{name: b, port: 81}]}]", Outcome::NoBackend, Some(500))]
#[case::no_port("rules: [{backendRefs: [{name: b}]}]", Outcome::NoBackend, Some(500))]
#[case::half("rules: [{backendRefs: [{name: b, port: 80}, {name: missing, port: 80}]}]", Outcome::Forward, None)]
#[case::foreign("rules: [{backendRefs: [{name: c, namespace: other, port: 80}]}]", Outcome::NoBackend, Some(500))]
#[case::granted("rules: [{backendRefs: [{name: d, namespace: granted, port: 80}]}]", Outcome::Forward, None)]
#[case::redirected(
    "rules: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301}}]}]",
    Outcome::Redirect,
    Some(301)
)]
#[case::answered(
    "rules: [{filters: [{type: ExtensionRef, extensionRef: {group: gateway.kgateway.dev, kind: DirectResponse, name: d}}]}]",
    Outcome::DirectResponse,
    None
)]
fn what_becomes_of_it(#[case] spec: &str, #[case] outcome: Outcome, #[case] status: Option<u16>) {
    let services = "---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: b, namespace: a}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: c, namespace: other}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: d, namespace: granted}, spec: {ports: [{port: 80}]}}
- apiVersion: gateway.networking.k8s.io/v1beta1
  kind: ReferenceGrant
  metadata: {name: g, namespace: granted}
  spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: a}], to: [{group: '', kind: Service}]}
";
    let answer = ask(&[GATEWAY.to_owned(), services.to_owned(), route("r", 1, spec)], &shop("/"));
    assert_eq!((answer.outcome, answer.status), (outcome, status), "{answer:#?}");
    assert_eq!(answer.route.unwrap().name, "r");
}

#[rstest]
#[case("{scheme: https}", ("https", "shop.example.com", 443, "/foo/bar"))]
#[case("{hostname: new.example.org}", ("http", "new.example.org", 80, "/foo/bar"))]
#[case("{port: 8443, scheme: https}", ("https", "shop.example.com", 8443, "/foo/bar"))]
#[case("{path: {type: ReplaceFullPath, replaceFullPath: /x}}", ("http", "shop.example.com", 80, "/x"))]
#[case("{path: {type: ReplacePrefixMatch, replacePrefixMatch: /xyz}}", ("http", "shop.example.com", 80, "/xyz/bar"))]
#[case("{path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}", ("http", "shop.example.com", 80, "/bar"))]
fn where_a_redirect_leads(#[case] body: &str, #[case] to: (&str, &str, u16, &str)) {
    let spec = format!(
        "rules: [{{matches: [{{path: {{value: /foo}}}}], filters: [{{type: RequestRedirect, requestRedirect: {body}}}]}}]"
    );
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, &spec)], &shop("/foo/bar"));
    let found = answer.redirect.unwrap();
    assert_eq!((found.scheme.as_str(), found.host.as_str(), found.port, found.path.as_str()), to);
    assert_eq!(answer.status, Some(302));
}

#[test]
fn limits_retries_and_filters_are_told() {
    let spec = "rules: [{timeouts: {request: 2s, backendRequest: 500ms}, retry: {attempts: 3}, filters: [{type: \
                URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /v2}}}, \
                {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], remove: [c]}}], \
                backendRefs: [{name: b, port: 80, weight: 9}, {name: c, port: 80, weight: 1}]}]";
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, spec)], &shop("/"));
    assert_eq!((answer.timeout_ms, answer.retries), (Some(500), Some(3)));
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
}

#[test]
fn a_service_of_the_mesh_is_reached_by_its_name() {
    let spec = format!(
        "parentRefs: [{{group: '', kind: Service, name: reviews, port: 9080}}], {}",
        rule("{path: {value: /v1}}")
    );
    let texts = [GATEWAY.to_owned(), route("r", 1, &spec)];
    for host in ["reviews", "reviews.a", "reviews.a.svc", "reviews.a.svc.cluster.local"] {
        let mut request = Request::get(host, "/v1/x");
        request.port = Some(9080);
        let answer = ask(&texts, &request);
        assert_eq!(answer.listener.as_deref(), Some("Service a/reviews"), "{host}");
        // What matches none of its rules fails, although the Service is there.
        request.path = "/v2".to_owned();
        assert_eq!(ask(&texts, &request).status, Some(404), "{host}");
    }
}

#[test]
fn without_gateways_every_named_one_is_a_listener() {
    let answer = ask(&[route("r", 1, &rule("{}"))], &shop("/"));
    assert_eq!(answer.listener.as_deref(), Some("infra/gw/*"));
    assert_eq!(answer.outcome, Outcome::Forward);
    assert!(!answer.notes.is_empty());
}

#[test]
fn a_gateway_that_is_not_there_is_said() {
    let mut request = shop("/");
    request.gateway = Some(("infra".into(), "nope".into()));
    let answer = ask(&[GATEWAY.to_owned(), route("r", 1, &rule("{}"))], &request);
    assert_eq!((answer.outcome, answer.status), (Outcome::NoRoute, None));
    assert_eq!(answer.notes, ["there is no Gateway infra/nope"]);
}

#[test]
fn broken_files_are_named_with_their_place() {
    let mut loaded = Loaded::default();
    let error = loaded.read("routes.yaml", "apiVersion: v1\nkind: [unclosed\n").unwrap_err();
    assert!(error.line >= 2, "{error}");
    assert!(error.to_string().starts_with("routes.yaml:"), "{error}");
    let error = loaded.read("routes.yaml", "just text\n").unwrap_err();
    assert!(error.to_string().contains("apiVersion and kind"), "{error}");
    assert!(loaded.routes.is_empty());
}

fn shop(path: &str) -> Request {
    let mut request = Request::get("shop.example.com", path);
    request.port = Some(80);
    request
}
