//! gRPC: matches, their order, errors (comments of GRPCRoute; guide on gRPC routing).

use brink::mesh::resolve::{GrpcCall, LostAt, Outcome, Request, Resolution, Scheme};
use rstest::rstest;

use super::{ask, backend, gateway, http, listener, name, open, route, rule, services};

fn call(host: &str, method: &str, headers: &[(&str, &str)]) -> Request {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Request {
        headers: headers.iter().map(pair).collect(),
        ..Request::call(host, GrpcCall::parse(method).expect("SERVICE/METHOD"))
    }
}

fn grpc(name: &str, spec: &str) -> String {
    route("GRPCRoute", name, 1, spec)
}

fn told(answer: &Resolution, what: &str) -> bool {
    answer.notes.iter().any(|note| note.contains(what))
}

/// The guide: one method of one host, a header on another, and reflection.
#[rstest]
#[case("foo.example.com", "com.example.User/Login", &[], "foo-svc")]
#[case("foo.example.com", "com.example.User/Logout", &[], "")]
#[case("foo.example.com", "com.example.Other/Login", &[], "")]
#[case("foo.example.com", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &[], "foo-svc")]
#[case("bar.example.com", "any.Service/Method", &[("env", "canary")], "bar-svc-canary")]
#[case("bar.example.com", "any.Service/Method", &[("env", "prod")], "bar-svc")]
#[case("bar.example.com", "any.Service/Method", &[], "bar-svc")]
#[case("baz.example.com", "any.Service/Method", &[], "")]
fn the_guide(#[case] host: &str, #[case] method: &str, #[case] headers: &[(&str, &str)], #[case] to: &str) {
    let login = rule("matches: [{method: {service: com.example.User, method: Login}}]", "foo-svc");
    let reflection = rule("matches: [{method: {service: grpc.reflection.v1.ServerReflection}}]", "foo-svc");
    let canary = rule("matches: [{headers: [{type: Exact, name: env, value: canary}]}]", "bar-svc-canary");
    let text = gateway(&listener("grpc", 50051, "HTTPS", ""))
        + &grpc("foo", &format!("hostnames: [foo.example.com], rules: [{login}, {reflection}]"))
        + &grpc("bar", &format!("hostnames: [bar.example.com], rules: [{canary}, {}]", rule("", "bar-svc")));
    let request = Request { scheme: Scheme::Https, port: Some(50051), ..call(host, method, headers) };
    let answer = ask(&text, &request);
    assert_eq!(backend(&answer), to, "{answer:#?}");
    if to.is_empty() {
        assert_eq!((answer.outcome, answer.status), (Outcome::NoRoute, None));
        assert!(told(&answer, "UNIMPLEMENTED"));
    }
}

/// Any match suffices; within one all must hold. Cases count.
#[rstest]
#[case("foo.bar/M", &[("version", "2")], true)]
#[case("foo.bar/M", &[], false)]
#[case("foo.bar.v2/M", &[], true)]
#[case("Foo.bar.v2/M", &[], false)]
#[case("foo.bar.v2x/M", &[], false)]
fn matches_are_alternatives(#[case] method: &str, #[case] headers: &[(&str, &str)], #[case] yes: bool) {
    let tests = "matches: [{method: {service: foo.bar}, headers: [{name: version, value: '2'}]}, {method: {service: foo.bar.v2}}]";
    let answer =
        ask(&(open() + &grpc("r", &format!("rules: [{}]", rule(tests, "b")))), &call("a.example", method, headers));
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
}

#[rstest]
#[case::method_alone("{method: Login}", "any.Thing/Login", true)]
#[case::empty_service("{service: '', method: Login}", "any.Thing/Login", true)]
#[case::empty_method("{service: a.B, method: ''}", "a.B/Any", true)]
#[case::other_method("{method: Login}", "any.Thing/Logout", false)]
#[case::expression("{type: RegularExpression, service: 'a[.].*', method: 'Get.*'}", "a.B/GetOne", true)]
#[case::expression_whole("{type: RegularExpression, service: 'a'}", "a.B/GetOne", false)]
fn methods(#[case] test: &str, #[case] method: &str, #[case] yes: bool) {
    let spec = format!("rules: [{}]", rule(&format!("matches: [{{method: {test}}}]"), "b"));
    let answer = ask(&(open() + &grpc("r", &spec)), &call("a.example", method, &[]));
    assert_eq!(answer.outcome == Outcome::Forward, yes, "{answer:#?}");
}

/// Hosts first, then characters of the service, of the method, then headers.
#[rstest]
#[case::host(
    "hostnames: [a.example], ",
    "{}",
    "hostnames: ['*.example'], ",
    "{method: {service: s.S, method: M}}",
    LostAt::Hostname
)]
#[case::service(
    "",
    "{method: {service: s.S}}",
    "",
    "{method: {method: M}, headers: [{name: h, value: '1'}]}",
    LostAt::Service
)]
#[case::method(
    "",
    "{method: {service: s.S, method: M}}",
    "",
    "{method: {service: s.S}, headers: [{name: h, value: '1'}]}",
    LostAt::Method
)]
#[case::headers(
    "",
    "{headers: [{name: h, value: '1'}, {name: i, value: '1'}]}",
    "",
    "{headers: [{name: h, value: '1'}]}",
    LostAt::Headers
)]
fn the_steps_in_their_order(
    #[case] hosts: &str,
    #[case] winner: &str,
    #[case] other_hosts: &str,
    #[case] loser: &str,
    #[case] step: LostAt,
) {
    let spec = |hosts: &str, test: &str| format!("{hosts}rules: [{}]", rule(&format!("matches: [{test}]"), "b"));
    let text = open()
        + &route("GRPCRoute", "winner", 9, &spec(hosts, winner))
        + &route("GRPCRoute", "loser", 1, &spec(other_hosts, loser));
    let answer = ask(&text, &call("a.example", "s.S/M", &[("h", "1"), ("i", "1")]));
    assert_eq!((name(&answer), answer.losers[0].lost_at), (Some("winner"), step), "{answer:#?}");
}

/// Without backends a call is not implemented; with none that is valid it is not available.
#[rstest]
#[case::none("rules: [{}]", "UNIMPLEMENTED")]
#[case::invalid("rules: [{backendRefs: [{name: gone, port: 80}]}]", "UNAVAILABLE")]
// Unlike HTTPRoute, a GRPCRoute without rules has none.
#[case::no_rules("hostnames: [a.example]", "UNIMPLEMENTED")]
fn what_a_client_is_told(#[case] spec: &str, #[case] what: &str) {
    let answer = ask(&(open() + &services("team", &["b"]) + &grpc("r", spec)), &call("a.example", "s.S/M", &[]));
    assert!(answer.outcome != Outcome::Forward && answer.status.is_none() && told(&answer, what), "{answer:#?}");
}

#[test]
fn the_share_of_an_invalid_backend_is_not_available() {
    let spec = "rules: [{backendRefs: [{name: b, port: 80}, {name: gone, port: 80}]}]";
    let answer = ask(&(open() + &services("team", &["b"]) + &grpc("r", spec)), &call("a.example", "s.S/M", &[]));
    assert_eq!(answer.outcome, Outcome::Forward);
    assert!(told(&answer, "50 % of the calls get UNAVAILABLE"), "{:?}", answer.notes);
}

/// A listener takes one of HTTPRoute and GRPCRoute for a host: the older, then the first by name. Hosts that do not meet do not matter.
#[rstest]
#[case::older_http(1, 2, "a.example", "a.example", Some("web"))]
#[case::older_grpc(2, 1, "a.example", "a.example", Some("api"))]
#[case::equally_old(1, 1, "a.example", "a.example", Some("api"))]
#[case::wildcard_meets(1, 2, "'*.example'", "a.example", Some("web"))]
#[case::other_hosts(1, 2, "b.example", "a.example", Some("api"))]
fn a_host_is_of_one_kind(
    #[case] web: u32,
    #[case] api: u32,
    #[case] of_web: &str,
    #[case] of_api: &str,
    #[case] winner: Option<&str>,
) {
    let spec = |hosts: &str| format!("hostnames: [{hosts}], rules: [{}]", rule("", "b"));
    let text = open() + &route("HTTPRoute", "web", web, &spec(of_web)) + &route("GRPCRoute", "api", api, &spec(of_api));
    let answer = ask(&text, &call("a.example", "s.S/M", &[]));
    assert_eq!(name(&answer), winner, "{answer:#?}");
    if of_web != "b.example" {
        assert_eq!(answer.losers[0].lost_at, LostAt::NotAccepted);
    }
}

/// An HTTPRoute takes calls by their path.
#[test]
fn a_call_is_a_request_with_a_path() {
    let text =
        open() + &http("r", &format!("rules: [{}]", rule("matches: [{path: {value: /s.S/M}, method: POST}]", "b")));
    assert_eq!(ask(&text, &call("a.example", "s.S/M", &[])).outcome, Outcome::Forward);
    assert_eq!(ask(&text, &call("a.example", "s.S/N", &[])).outcome, Outcome::NoRoute);
}

#[test]
fn calls_are_split_and_changed() {
    let inside =
        "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: my-header, value: foo}]}}]";
    let spec = format!(
        "hostnames: [foo.example.com], rules: [{{{inside}, backendRefs: [{{name: v1, port: 80, weight: 90}}, {{name: v2, port: \
         80, weight: 10}}]}}]"
    );
    let answer = ask(&(open() + &grpc("r", &spec)), &call("foo.example.com", "s.S/M", &[]));
    assert_eq!(answer.backends.iter().map(|one| one.share).collect::<Vec<_>>(), [90.0, 10.0]);
    let sent = answer.sent.unwrap();
    assert_eq!((sent.path.as_str(), sent.headers["my-header"].as_str()), ("/s.S/M", "foo"));
}
