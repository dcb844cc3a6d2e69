//! Filters, time limits and tries: the URL after a redirect or rewrite, headers, copies (comments of HTTPRouteFilter; guides on redirects
//! and rewrites, header modifiers, mirroring, timeouts).

use std::collections::BTreeMap;

use brink::mesh::resolve::{Outcome, Request, Scheme};
use rstest::rstest;

use super::{ask, gateway, get, http, listener, name, open, rule, secure, services};

fn filtered(prefix: &str, filter: &str) -> String {
    let matches = format!("matches: [{{path: {{value: {prefix}}}}}]");
    format!("rules: [{{{matches}, filters: [{filter}]}}]")
}

fn rewritten(prefix: &str, body: &str) -> String {
    let inside =
        format!("matches: [{{path: {{value: {prefix}}}}}], filters: [{{type: URLRewrite, urlRewrite: {body}}}]");
    format!("rules: [{}]", rule(&inside, "b"))
}

/// The table of `replacePrefixMatch`, for rewrites and for redirects.
#[rstest]
#[case("/foo/bar", "/foo", "/xyz", "/xyz/bar")]
#[case("/foo/bar", "/foo", "/xyz/", "/xyz/bar")]
#[case("/foo/bar", "/foo/", "/xyz", "/xyz/bar")]
#[case("/foo/bar", "/foo/", "/xyz/", "/xyz/bar")]
#[case("/foo", "/foo", "/xyz", "/xyz")]
#[case("/foo/", "/foo", "/xyz", "/xyz/")]
#[case("/foo/bar", "/foo", "''", "/bar")]
#[case("/foo/", "/foo", "''", "/")]
#[case("/foo", "/foo", "''", "/")]
#[case("/foo/", "/foo", "/", "/")]
#[case("/foo", "/foo", "/", "/")]
// And what follows from it.
#[case("/foo/bar", "/", "/xyz", "/xyz/foo/bar")]
#[case("/foo/bar", "/foo/bar", "/", "/")]
fn a_prefix_is_replaced(#[case] path: &str, #[case] prefix: &str, #[case] new: &str, #[case] after: &str) {
    let edit = format!("path: {{type: ReplacePrefixMatch, replacePrefixMatch: {new}}}");
    let rewrite = get(&(open() + &http("r", &rewritten(prefix, &format!("{{{edit}}}")))), "a.example", path);
    assert_eq!(rewrite.sent.unwrap().path, after);
    let filter = format!("{{type: RequestRedirect, requestRedirect: {{{edit}}}}}");
    let redirect = get(&(open() + &http("r", &filtered(prefix, &filter))), "a.example", path);
    assert_eq!(redirect.redirect.unwrap().path, after);
}

/// What a redirect does not change stays, the query too. Its port: what it says, else its scheme's, else the listener's; the usual
/// one is not written.
#[rstest]
#[case::nothing("{}", 80, "http://a.example/cinnamon?x=1")]
#[case::scheme("{scheme: https}", 80, "https://a.example/cinnamon?x=1")]
#[case::scheme_elsewhere("{scheme: https}", 8080, "https://a.example/cinnamon?x=1")]
#[case::back_to_http("{scheme: http}", 8080, "http://a.example/cinnamon?x=1")]
#[case::listener("{hostname: b.example}", 8080, "http://b.example:8080/cinnamon?x=1")]
#[case::listener_usual("{hostname: b.example}", 80, "http://b.example/cinnamon?x=1")]
#[case::port("{port: 8083}", 80, "http://a.example:8083/cinnamon?x=1")]
#[case::usual_port("{port: 80}", 8080, "http://a.example/cinnamon?x=1")]
#[case::port_and_scheme("{port: 8443, scheme: https}", 80, "https://a.example:8443/cinnamon?x=1")]
#[case::usual_of_other("{port: 443}", 80, "http://a.example:443/cinnamon?x=1")]
#[case::usual_of_https("{port: 443, scheme: https}", 80, "https://a.example/cinnamon?x=1")]
#[case::whole_path("{path: {type: ReplaceFullPath, replaceFullPath: /paprika}}", 80, "http://a.example/paprika?x=1")]
fn where_a_redirect_leads(#[case] body: &str, #[case] port: u16, #[case] location: &str) {
    let filter = format!("{{type: RequestRedirect, requestRedirect: {body}}}");
    let text = gateway(&listener("web", port, "HTTP", "")) + &http("r", &filtered("/", &filter));
    let answer = ask(&text, &Request { port: Some(port), ..Request::get("a.example", "/cinnamon?x=1") });
    assert_eq!(answer.redirect.as_ref().map(|to| to.location.as_str()), Some(location));
    assert_eq!((answer.outcome, answer.status, answer.sent), (Outcome::Redirect, Some(302), None));
}

#[rstest]
#[case(301)]
#[case(302)]
#[case(303)]
#[case(307)]
#[case(308)]
fn a_redirect_says_its_code(#[case] code: u16) {
    let filter = format!("{{type: RequestRedirect, requestRedirect: {{statusCode: {code}}}}}");
    assert_eq!(get(&(open() + &http("r", &filtered("/", &filter))), "a.example", "/").status, Some(code));
}

/// The guide's paths of spices: all to one, and each to its own.
#[rstest]
#[case("{type: ReplaceFullPath, replaceFullPath: /paprika}", "/cayenne/pinch", "https://redirect.example/paprika")]
#[case("{type: ReplaceFullPath, replaceFullPath: /paprika}", "/cayenne/teaspoon", "https://redirect.example/paprika")]
#[case(
    "{type: ReplacePrefixMatch, replacePrefixMatch: /paprika}",
    "/cayenne/pinch",
    "https://redirect.example/paprika/pinch"
)]
#[case(
    "{type: ReplacePrefixMatch, replacePrefixMatch: /paprika}",
    "/cayenne/teaspoon",
    "https://redirect.example/paprika/teaspoon"
)]
fn paths_are_redirected(#[case] edit: &str, #[case] path: &str, #[case] location: &str) {
    let filter = format!("{{type: RequestRedirect, requestRedirect: {{path: {edit}, statusCode: 302}}}}");
    let text = gateway(&listener("tls", 443, "HTTPS", ""))
        + &http("r", &format!("hostnames: [redirect.example], {}", filtered("/cayenne", &filter)));
    assert_eq!(ask(&text, &secure("redirect.example", path)).redirect.unwrap().location, location);
}

/// One route sends plain requests to TLS, another serves those; sections keep them apart.
#[test]
fn plain_requests_are_sent_to_tls() {
    let two = [listener("http", 80, "HTTP", ""), listener("https", 443, "HTTPS", "")];
    let at = |section: &str, rules: &str| {
        format!(
            "parentRefs: [{{name: edge, namespace: infra, sectionName: {section}}}], hostnames: [redirect.example], {rules}"
        )
    };
    let filter = "rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}]";
    let text = gateway(&two.join(", "))
        + &http("redirect", &at("http", filter))
        + &http("serve", &at("https", &format!("rules: [{}]", rule("", "b"))));
    let answer = get(&text, "redirect.example", "/cinnamon");
    assert_eq!((answer.status, name(&answer)), (Some(301), Some("redirect")));
    assert_eq!(answer.redirect.unwrap().location, "https://redirect.example/cinnamon");
    assert_eq!(name(&ask(&text, &secure("redirect.example", "/cinnamon"))), Some("serve"));
}

/// The guide's rewrites: host, whole path, prefix.
#[rstest]
#[case("{hostname: elsewhere.example}", "/cardamom", ("elsewhere.example", "/cardamom"))]
#[case(
    "{hostname: elsewhere.example, path: {type: ReplaceFullPath, replaceFullPath: /fennel}}",
    "/cardamom/smidgen",
    ("elsewhere.example", "/fennel")
)]
#[case(
    "{hostname: elsewhere.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /fennel}}",
    "/cardamom/smidgen",
    ("elsewhere.example", "/fennel/smidgen")
)]
#[case("{path: {type: ReplacePrefixMatch, replacePrefixMatch: /fennel}}", "/cardamom/a?q=1&r=2", ("rewrite.example", "/fennel/a?q=1&r=2"))]
fn what_a_backend_is_asked(#[case] body: &str, #[case] path: &str, #[case] sent: (&str, &str)) {
    let text = gateway(&listener("tls", 443, "HTTPS", ""))
        + &http("r", &format!("hostnames: [rewrite.example], {}", rewritten("/cardamom", body)));
    let answer = ask(&text, &secure("rewrite.example", path));
    let told = answer.sent.unwrap();
    assert_eq!((told.host.as_str(), told.path.as_str()), sent);
}

/// Input, config and output of `set`, `add` and `remove`.
#[rstest]
#[case::set("{set: [{name: my-header, value: bar}]}", &[("my-header", "foo")], &[("my-header", "bar")])]
#[case::set_anew("{set: [{name: my-header, value: bar}]}", &[], &[("my-header", "bar")])]
#[case::add("{add: [{name: my-header, value: 'bar,baz'}]}", &[("my-header", "foo")], &[("my-header", "foo,bar,baz")])]
#[case::add_anew("{add: [{name: my-header, value: bar}]}", &[], &[("my-header", "bar")])]
#[case::remove(
    "{remove: [my-header1, my-header3]}",
    &[("my-header1", "foo"), ("my-header2", "bar"), ("my-header3", "baz")],
    &[("my-header2", "bar")]
)]
#[case::any_case("{remove: [X-Request-Id]}", &[("x-request-id", "1"), ("accept", "*/*")], &[("accept", "*/*")])]
// Of equal names the first counts.
#[case::twice("{set: [{name: a, value: '1'}, {name: A, value: '2'}]}", &[], &[("a", "1")])]
#[case::all_three(
    "{set: [{name: a, value: '1'}], add: [{name: b, value: '2'}], remove: [c]}",
    &[("b", "0"), ("c", "3")],
    &[("a", "1"), ("b", "0,2")]
)]
fn headers_after_a_filter(#[case] edits: &str, #[case] sent: &[(&str, &str)], #[case] after: &[(&str, &str)]) {
    let inside = format!("filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {edits}}}]");
    let text = open() + &http("r", &format!("rules: [{}]", rule(&inside, "b")));
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let answer = ask(&text, &Request { headers: pairs(sent), ..Request::get("a.example", "/") });
    assert_eq!(answer.sent.unwrap().headers, pairs(after).into_iter().collect::<BTreeMap<_, _>>());
}

#[test]
fn headers_of_answers_are_told() {
    let edits = "{add: [{name: X-One, value: '1'}, {name: X-Two, value: '2'}], set: [{name: X-Set, value: s}], remove: [X-Gone]}";
    let inside = format!("filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {edits}}}]");
    let answer = get(&(open() + &http("r", &format!("rules: [{}]", rule(&inside, "b")))), "a.example", "/");
    assert_eq!(answer.filters[0].r#type, "ResponseHeaderModifier");
    assert_eq!(answer.filters[0].detail, "set X-Set=s, add X-One=1, add X-Two=2, remove X-Gone");
    assert!(answer.sent.unwrap().headers.is_empty(), "the request stays");
}

#[test]
fn one_name_with_two_actions_is_said() {
    let edits = "{set: [{name: a, value: '1'}], remove: [A]}";
    let spec = format!(
        "rules: [{}]",
        rule(&format!("filters: [{{type: RequestHeaderModifier, requestHeaderModifier: {edits}}}]"), "b")
    );
    let world = super::loaded(&(open() + &http("r", &spec)));
    assert!(world.routes[0].notes.iter().any(|note| note.contains("more than one change of header A")));
}

/// Copies go to one more backend; how many, and whether it is there.
#[rstest]
#[case::all("{backendRef: {name: v2, port: 80}}", ("team/v2:80", 100.0, true))]
#[case::percent("{backendRef: {name: v2, port: 80}, percent: 42}", ("team/v2:80", 42.0, true))]
#[case::none("{backendRef: {name: v2, port: 80}, percent: 0}", ("team/v2:80", 0.0, true))]
#[case::fraction("{backendRef: {name: v2, port: 80}, fraction: {numerator: 1, denominator: 8}}", ("team/v2:80", 12.5, true))]
#[case::of_a_hundred("{backendRef: {name: v2, port: 80}, fraction: {numerator: 5}}", ("team/v2:80", 5.0, true))]
#[case::not_there("{backendRef: {name: gone, port: 80}}", ("team/gone:80", 100.0, false))]
#[case::not_permitted("{backendRef: {name: far, namespace: away, port: 80}}", ("away/far:80", 100.0, false))]
fn copies(#[case] body: &str, #[case] to: (&str, f64, bool)) {
    let inside = format!("filters: [{{type: RequestMirror, requestMirror: {body}}}]");
    let text = open()
        + &services("team", &["v1", "v2"])
        + &services("away", &["far"])
        + &http("r", &format!("rules: [{}]", rule(&inside, "v1")));
    let answer = get(&text, "a.example", "/");
    let mirror = &answer.mirrors[0];
    assert_eq!((mirror.r#ref.as_str(), mirror.percent, mirror.valid), to);
    // The answer comes from the backend alone.
    assert_eq!((answer.outcome, answer.backends.len(), super::backend(&answer)), (Outcome::Forward, 1, "v1"));
}

#[test]
fn requests_are_copied_to_several() {
    let one =
        |name: &str| format!("{{type: RequestMirror, requestMirror: {{backendRef: {{name: {name}, port: 80}}}}}}");
    let inside = format!("filters: [{}, {}]", one("v2"), one("v3"));
    let answer = get(&(open() + &http("r", &format!("rules: [{}]", rule(&inside, "v1")))), "a.example", "/");
    let names: Vec<&str> = answer.mirrors.iter().map(|one| one.r#ref.as_str()).collect();
    assert_eq!(names, ["team/v2:80", "team/v3:80"]);
}

/// A filter of a type that nobody knows is not skipped: who would go through it gets an error.
#[test]
fn an_unknown_filter_is_an_error() {
    let answer = get(
        &(open() + &http("r", &format!("rules: [{}]", rule("filters: [{type: Teleport}]", "b")))),
        "a.example",
        "/",
    );
    assert_eq!((answer.outcome, answer.status, name(&answer)), (Outcome::DirectResponse, Some(500), Some("r")));
    // The other rules of the route are served still.
    let spec = format!(
        "rules: [{}, {}]",
        rule("matches: [{path: {value: /x}}], filters: [{type: Teleport}]", "b"),
        rule("", "c")
    );
    assert_eq!(get(&(open() + &http("r", &spec)), "a.example", "/y").outcome, Outcome::Forward);
}

#[rstest]
#[case("CORS", "cors: {allowOrigins: ['https://a.example']}")]
#[case("ExternalAuth", "externalAuth: {protocol: HTTP, backendRef: {name: auth, port: 80}}")]
#[case("ExtensionRef", "extensionRef: {group: example.org, kind: Limit, name: l}")]
fn other_filters_are_named_and_let_through(#[case] kind: &str, #[case] body: &str) {
    let inside = format!("filters: [{{type: {kind}, {body}}}]");
    let answer = get(&(open() + &http("r", &format!("rules: [{}]", rule(&inside, "b")))), "a.example", "/");
    assert_eq!((answer.outcome, answer.filters[0].r#type.as_str()), (Outcome::Forward, kind));
}

/// What may not stand together is said, since its controller may refuse it.
#[rstest]
#[case::redirect_and_rewrite(
    "{filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {hostname: h.example}}]}",
    "a redirect and a rewrite"
)]
#[case::redirect_and_backends(
    "{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: b, port: 80}]}",
    "a rule that redirects may have no backends"
)]
#[case::prefix_without_prefix(
    "{matches: [{path: {type: Exact, value: /x}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, \
     replacePrefixMatch: /y}}}], backendRefs: [{name: b, port: 80}]}",
    "exactly one match by PathPrefix"
)]
#[case::prefix_of_two(
    "{matches: [{path: {value: /x}}, {path: {value: /z}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: \
     ReplacePrefixMatch, replacePrefixMatch: /y}}}], backendRefs: [{name: b, port: 80}]}",
    "exactly one match by PathPrefix"
)]
#[case::try_longer_than_all(
    "{matches: [{path: {value: /x}}], timeouts: {request: 1s, backendRequest: 2s}, backendRefs: [{name: b, port: 80}]}",
    "the limit of one try"
)]
fn what_may_not_stand_together(#[case] rule: &str, #[case] told: &str) {
    let answer = get(&(open() + &http("r", &format!("rules: [{rule}]"))), "a.example", "/x");
    assert!(answer.notes.iter().any(|note| note.contains(told)), "{:?}", answer.notes);
}

/// Filters of one backend are told with it, and are not the rule's.
#[test]
fn a_backend_has_filters_of_its_own() {
    let rewrite = "filters: [{type: URLRewrite, urlRewrite: {hostname: one.example}}]";
    let spec = format!("rules: [{{backendRefs: [{{name: v1, port: 80, {rewrite}}}, {{name: v2, port: 80}}]}}]");
    let answer = get(&(open() + &http("r", &spec)), "a.example", "/");
    assert_eq!(answer.backends[0].filters[0].detail, "host one.example");
    assert!(answer.backends[1].filters.is_empty() && answer.filters.is_empty());
    assert_eq!(answer.sent.unwrap().host, "a.example");
}

#[rstest]
#[case::request("{request: 500ms}", (Some(500), None, Some(500)))]
#[case::none("{request: 0s}", (Some(0), None, None))]
#[case::both("{request: 10s, backendRequest: 2s}", (Some(10_000), Some(2000), Some(2000)))]
#[case::try_alone("{backendRequest: 2s}", (None, Some(2000), Some(2000)))]
#[case::no_limit_for_all("{request: 0s, backendRequest: 2s}", (Some(0), Some(2000), Some(2000)))]
#[case::composed("{request: 1m30s}", (Some(90_000), None, Some(90_000)))]
#[case::not_said("{}", (None, None, None))]
fn time_limits(#[case] limits: &str, #[case] told: (Option<u64>, Option<u64>, Option<u64>)) {
    let answer = get(
        &(open() + &http("r", &format!("rules: [{}]", rule(&format!("timeouts: {limits}"), "b")))),
        "a.example",
        "/",
    );
    assert_eq!((answer.request_timeout_ms, answer.backend_timeout_ms, answer.timeout_ms), told);
}

#[rstest]
#[case("{attempts: 3, codes: [500, 503], backoff: 100ms}", Some(3), &["500", "503"], Some(100))]
#[case("{codes: [504]}", None, &["504"], None)]
#[case("{attempts: 1}", Some(1), &[], None)]
fn tries(#[case] retry: &str, #[case] most: Option<u32>, #[case] codes: &[&str], #[case] pause: Option<u64>) {
    let answer =
        get(&(open() + &http("r", &format!("rules: [{}]", rule(&format!("retry: {retry}"), "b")))), "a.example", "/");
    let on: Vec<&str> = answer.retry_on.iter().map(String::as_str).collect();
    assert_eq!((answer.retries, on.as_slice(), answer.backoff_ms), (most, codes, pause));
}

#[test]
fn the_answer_in_words_tells_the_url_after_the_filter() {
    let text = open()
        + &http(
            "r",
            &rewritten("/old", "{hostname: new.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}"),
        );
    let request = Request { scheme: Scheme::Http, ..Request::get("a.example", "/old/x?q=1") };
    let told: Vec<String> = ask(&text, &request).told(&request).into_iter().map(|(_, line)| line).collect();
    assert!(told.contains(&"  sent as   GET new.example/new/x?q=1".to_owned()), "{told:#?}");
}
