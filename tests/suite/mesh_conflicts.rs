//! Which rules are in conflict: cases by hand, no order of rows that matters, and the resolver's word on every example.

use brink::mesh::{
    conflicts::{Conflict, ConflictKind, conflicts},
    resolve::{Request, resolve},
};
use proptest::prelude::*;
use rstest::rstest;

use super::{
    cli::Home,
    support::routes::{self, loaded},
};

const GATEWAY: &str = "---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: a}
spec:
  gatewayClassName: c
  listeners:
  - {name: all, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: own, port: 81, protocol: HTTP, hostname: '*.own.x'}
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: a}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: t, namespace: b}
spec: {ports: [{port: 80}]}
";

fn route(kind: &str, name: &str, minute: u32, spec: &str) -> String {
    let place = name.split_once('/').unwrap_or(("a", name));
    routes::route(kind, place, minute, "{name: gw, namespace: a, sectionName: all}", spec)
}

fn http(name: &str, minute: u32, spec: &str) -> String {
    route("HTTPRoute", name, minute, spec)
}

fn virtual_service(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: a}}\nspec: {{{spec}}}\n"
    )
}

/// `KIND LOSER[/RULE] < WINNER[/RULE]`, sorted.
fn told(text: &str) -> Vec<String> {
    let loaded = loaded(text);
    conflicts(&loaded.world()).iter().map(short).collect()
}

fn short(one: &Conflict) -> String {
    let side = |side: &brink::mesh::conflicts::Side| {
        let rule = side.rule.map(|rule| format!("/{rule}")).unwrap_or_default();
        format!("{}{rule}", side.object.name)
    };
    let winner = one.winner.as_ref().map(|winner| format!(" < {}", side(winner))).unwrap_or_default();
    format!("{} {}{winner}", one.kind.word(), side(&one.loser))
}

const BACKEND: &str = "backendRefs: [{name: s, port: 80}]";

fn rule(matches: &str) -> String {
    if matches.is_empty() { format!("{{{BACKEND}}}") } else { format!("{{matches: [{matches}], {BACKEND}}}") }
}

#[rstest]
#[case::the_same_requests("", "", &["duplicate new/0 < old/0"])]
#[case::more_specific_by_path("{path: {value: /a}}", "", &[])]
#[case::more_specific_by_method("{method: GET}", "", &[])]
#[case::more_headers("{headers: [{name: a, value: '1'}]}", "", &[])]
#[case::both_headers_may_be_there("{headers: [{name: a, value: '1'}]}", "{headers: [{name: b, value: '1'}]}", &["duplicate new/0 < old/0"])]
#[case::one_header_cannot_be_two("{headers: [{name: a, value: '1'}]}", "{headers: [{name: a, value: '2'}]}", &[])]
#[case::other_methods("{method: GET}", "{method: PUT}", &[])]
#[case::an_exact_path("{path: {type: Exact, value: /a}}", "{path: {value: /a}}", &[])]
#[case::the_same_expression("{path: {type: RegularExpression, value: /a+}}", "{path: {type: RegularExpression, value: /a+}}", &["duplicate new/0 < old/0"])]
#[case::one_of_two_matches("{path: {value: /a}}, {path: {value: /b}}", "{path: {value: /b}}", &["duplicate new/0 < old/0"])]
fn two_routes_of_one_host(#[case] old: &str, #[case] new: &str, #[case] expected: &[&str]) {
    let of = |name: &str, minute, matches: &str| {
        http(name, minute, &format!("hostnames: [h.x], rules: [{}]", rule(matches)))
    };
    assert_eq!(told(&format!("{GATEWAY}{}{}", of("old", 1, old), of("new", 2, new))), expected);
}

#[rstest]
#[case::across_namespaces(http("b/new", 2, "hostnames: [h.x], rules: [{backendRefs: [{name: t, port: 80}]}]"), &["duplicate new/0 < old/0"])]
#[case::another_host(http("new", 2, &format!("hostnames: [i.x], rules: [{}]", rule(""))), &[])]
#[case::a_wildcard_is_less_specific(http("new", 2, &format!("hostnames: ['*.x'], rules: [{}]", rule(""))), &[])]
#[case::another_listener(http("new", 2, &format!("parentRefs: [{{name: gw, sectionName: own}}], hostnames: [h.own.x], rules: [{}]", rule(""))), &[])]
#[case::another_kind_on_the_host(route("GRPCRoute", "new", 2, &format!("hostnames: [h.x], rules: [{{{BACKEND}}}]")), &["mixed-api new < old"])]
fn beside_an_older_one(#[case] new: String, #[case] expected: &[&str]) {
    let old = http("old", 1, &format!("hostnames: [h.x], rules: [{}]", rule("")));
    assert_eq!(told(&format!("{GATEWAY}{old}{new}")), expected);
}

#[rstest]
#[case::a_rule_twice(&format!("rules: [{}, {}]", rule("{path: {value: /a}}"), rule("{path: {value: /a}}")), &["shadowed r/1 < r/0"])]
#[case::rules_of_an_author(&format!("rules: [{}, {}]", rule("{headers: [{name: a, value: '1'}]}"), rule("{headers: [{name: b, value: '1'}]}")), &[])]
#[case::no_such_service("rules: [{backendRefs: [{name: none, port: 80}]}]", &["dangling r/0"])]
#[case::no_such_port("rules: [{backendRefs: [{name: s, port: 81}]}]", &["dangling r/0"])]
#[case::nobody_permits_it("rules: [{backendRefs: [{name: t, namespace: b, port: 80}]}]", &["no-grant r/0"])]
#[case::no_weight_at_all("rules: [{backendRefs: [{name: s, port: 80, weight: 0}]}]", &["zero-weight r/0"])]
#[case::no_such_listener("parentRefs: [{name: gw, sectionName: none}], rules: []", &["no-listener r"])]
#[case::no_such_gateway("parentRefs: [{name: none}], rules: []", &["no-listener r"])]
#[case::a_host_nobody_serves("parentRefs: [{name: gw, sectionName: own}], hostnames: [a.own.x, b.x], rules: []", &["no-listener r"])]
fn one_route(#[case] spec: &str, #[case] expected: &[&str]) {
    assert_eq!(told(&format!("{GATEWAY}{}", http("r", 1, spec))), expected);
}

#[rstest]
#[case::a_rule_behind_all("hosts: [s], http: [{route: [{destination: {host: s}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: s}}]}]", "", &["unreachable v/1 < v/0"])]
#[case::rules_in_good_order("hosts: [s], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: s}}]}, {route: [{destination: {host: s}}]}]", "", &[])]
#[case::a_narrower_rule_behind("hosts: [s], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: s}}]}, {match: [{uri: {exact: /ab}, method: {exact: GET}}], route: [{destination: {host: s}}]}]", "", &["unreachable v/1 < v/0"])]
#[case::a_host_twice("hosts: [s], http: []", "hosts: [s.a.svc.cluster.local], http: []", &["duplicate w"])]
#[case::in_the_mesh_and_at_a_gateway("hosts: [s], http: []", "hosts: [s], gateways: [a/edge], http: []", &[])]
#[case::nobody_there("hosts: [s], http: [{route: [{destination: {host: none}}]}]", "", &["dangling v/0"])]
#[case::outside_is_not_judged("hosts: [s], http: [{route: [{destination: {host: api.example.com}}]}]", "", &[])]
fn virtual_services(#[case] one: &str, #[case] other: &str, #[case] expected: &[&str]) {
    let other = if other.is_empty() { String::new() } else { virtual_service("w", other) };
    assert_eq!(told(&format!("{GATEWAY}{}{other}", virtual_service("v", one))), expected);
}

#[test]
fn two_apis_on_one_service() {
    let on_service =
        http("r", 1, &format!("parentRefs: [{{kind: Service, group: '', name: s, port: 80}}], rules: [{}]", rule("")));
    let text = format!("{GATEWAY}{on_service}{}", virtual_service("v", "hosts: [s.a.svc.cluster.local], http: []"));
    assert_eq!(told(&text), ["mixed-api r < v"]);
}

#[test]
fn what_is_not_known_is_not_judged() {
    let spec = "hostnames: [h.x], rules: [{backendRefs: [{name: none, namespace: b, port: 80}]}]";
    assert_eq!(told(&http("r", 1, spec)), Vec::<String>::new());
}

#[test]
fn a_conflict_is_told_with_its_reason_and_a_request() {
    let of = |name: &str, minute| {
        http(
            name,
            minute,
            &format!(
                "hostnames: ['*.x'], rules: [{}]",
                rule("{path: {value: /a}, method: PUT, headers: [{name: K, value: v}]}")
            ),
        )
    };
    let loaded = loaded(&format!("{GATEWAY}{}{}", of("old", 1), of("new", 2)));
    let found = conflicts(&loaded.world());
    let json = serde_json::to_value(&found[0]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "kind": "duplicate", "winner": {"route": "HTTPRoute a/old", "rule": 0}, "loser": {"route": "HTTPRoute a/new", "rule": 0},
            "why": "both claim the same requests: HTTPRoute a/old is older",
            "example": {"host": "any.x", "path": "/a", "method": "PUT", "headers": {"k": "v"}},
        })
    );
}

#[test]
fn the_command_says_whether_there_are_any() {
    let home = Home::new();
    let of = |name: &str, minute| http(name, minute, &format!("hostnames: [h.x], rules: [{}]", rule("")));
    let clash = home.file("clash.yaml", &format!("{GATEWAY}{}{}", of("old", 1), of("new", 2)));
    let ran = home.brink(["conflicts", "-f", &clash]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let expected = "duplicate: HTTPRoute a/new rule 0\n  loses to HTTPRoute a/old rule 0\n  both claim the same requests: \
                    HTTPRoute a/old is older\n  such as GET h.x/\n";
    assert_eq!(ran.stdout, expected);
    let elsewhere = home.brink(["conflicts", "-f", &clash, "-n", "b", "-o", "json"]);
    assert_eq!((elsewhere.code, elsewhere.json()), (0, serde_json::json!({"conflicts": []})));
    let calm = home.file("calm.yaml", &format!("{GATEWAY}{}", of("old", 1)));
    let ran = home.brink(["conflicts", "-f", &calm]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("no conflicts among 1 route"), "{ran:?}");
    let broken = home.file("broken.yaml", "kind: [");
    assert_eq!(home.brink(["conflicts", "-f", &broken]).code, 2);
}

/// Small routes on few hosts and paths, so that many of them meet.
fn some_routes() -> impl Strategy<Value = Vec<String>> {
    let test = (0..4u8, 0..3u8, 0..3u8).prop_map(|(path, method, header)| {
        let mut parts = vec![match path {
            0 => "path: {value: /}".to_owned(),
            1 => "path: {value: /a}".to_owned(),
            2 => "path: {type: Exact, value: /a}".to_owned(),
            _ => "path: {value: /a/b}".to_owned(),
        }];
        parts.extend((method > 0).then(|| format!("method: {}", if method == 1 { "GET" } else { "PUT" })));
        parts.extend((header > 0).then(|| format!("headers: [{{name: h{header}, value: v}}]")));
        format!("{{{}}}", parts.join(", "))
    });
    let spec = (0..3u8, proptest::collection::vec(test, 1..3), 0..3u32);
    proptest::collection::vec(spec, 1..6).prop_map(|all| {
        let each = all.into_iter().enumerate().map(|(at, (host, tests, minute))| {
            let host = ["hostnames: [h.x], ", "hostnames: ['*.x'], ", ""][usize::from(host)];
            let rules: Vec<String> = tests.iter().map(|test| rule(test)).collect();
            http(&format!("r{at}"), minute, &format!("{host}rules: [{}]", rules.join(", ")))
        });
        each.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_does_not_matter(all in some_routes()) {
        let forward = told(&format!("{GATEWAY}{}", all.concat()));
        let backward: String = all.iter().rev().map(String::as_str).collect();
        prop_assert_eq!(forward, told(&format!("{GATEWAY}{backward}")));
    }

    /// Of the request that shows a conflict the resolver says: the loser matches it and does not get it.
    #[test]
    fn the_resolver_agrees(all in some_routes()) {
        let loaded = loaded(&format!("{GATEWAY}{}", all.concat()));
        let world = loaded.world();
        for one in conflicts(&world) {
            let rival = matches!(one.kind, ConflictKind::Duplicate | ConflictKind::Shadowed);
            let Some(example) = one.example.filter(|_| rival) else { continue };
            let mut request = Request::get(&example.host, &example.path);
            request.method = example.method.unwrap_or_else(|| "GET".to_owned());
            request.headers = example.headers.into_iter().collect();
            let answer = resolve(&world, &request);
            let lost = answer.losers.iter().any(|loser| loser.matched && one.loser.object.is(&loser.route) && Some(loser.rule) == one.loser.rule);
            prop_assert!(lost, "{} {:?}", one.why, answer);
        }
    }
}
