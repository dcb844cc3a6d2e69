//! Who answers by Istio's rules: worlds small enough to be computed by hand.

use brink::mesh::{
    load::Loaded,
    resolve::{LostAt, Outcome, Request, Resolution, resolve},
};
use proptest::prelude::*;
use rstest::rstest;

use super::support::routes::loaded;

/// Services of two namespaces, and the client's labels.
const SERVICES: &str = "---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: rates, namespace: bank}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}}}
";

fn object(kind: &str, (namespace, name): (&str, &str), minute: u32, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}, \
         creationTimestamp: '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{{spec}}}\n"
    )
}

fn service(name: &str, minute: u32, spec: &str) -> String {
    object("VirtualService", ("shop", name), minute, spec)
}

fn to(subset: &str) -> String {
    format!("route: [{{destination: {{host: reviews, subset: {subset}}}}}]")
}

fn subsets() -> String {
    object(
        "DestinationRule",
        ("shop", "reviews"),
        1,
        "host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]",
    )
}

fn world(texts: &[String]) -> Loaded {
    loaded(&format!("{SERVICES}{}", texts.concat()))
}

fn ask(texts: &[String], request: &Request) -> Resolution {
    resolve(&world(texts).world(), request)
}

fn from(client: &str, host: &str, path: &str) -> Request {
    Request { from: Some((client.into(), "web".into())), ..Request::get(host, path) }
}

fn first(answer: &Resolution) -> &str {
    answer.backends.first().map_or("", |backend| backend.r#ref.as_str())
}

#[rstest]
#[case::by_header("testers", "shop/reviews|v2", 0)]
#[case::others("nobody", "shop/reviews|v1", 1)]
fn a_canary_is_chosen_by_a_header(#[case] group: &str, #[case] backend: &str, #[case] rule: usize) {
    let canary = format!(
        "hosts: [reviews], http: [{{match: [{{headers: {{group: {{exact: testers}}}}}}], {}}}, {{{}}}]",
        to("v2"),
        to("v1")
    );
    let mut request = from("shop", "reviews", "/");
    request.headers.push(("Group".to_owned(), group.to_owned()));
    let answer = ask(&[service("reviews", 1, &canary), subsets()], &request);
    assert_eq!((first(&answer), answer.rule, answer.outcome), (backend, Some(rule), Outcome::Forward), "{answer:#?}");
    let lost = if rule == 0 { (LostAt::Order, true) } else { (LostAt::Headers, false) };
    assert_eq!((answer.losers[0].lost_at, answer.losers[0].matched), lost);
}

#[test]
fn the_first_rule_takes_it_however_short_its_prefix() {
    let spec = format!(
        "hosts: [reviews], http: [{{match: [{{uri: {{prefix: /a}}}}], {}}}, {{match: [{{uri: {{exact: /abc}}}}], {}}}]",
        to("v1"),
        to("v2")
    );
    let texts = [service("reviews", 1, &spec), subsets()];
    assert_eq!(first(&ask(&texts, &from("shop", "reviews", "/abc"))), "shop/reviews|v1");
    let none = ask(&texts, &from("shop", "reviews", "/"));
    assert_eq!((none.outcome, none.status), (Outcome::NoRoute, Some(404)));
}

#[test]
fn weights_are_kept() {
    let spec = "hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 75}, \
                {destination: {host: reviews, subset: v2}, weight: 25}]}]";
    let answer = ask(&[service("reviews", 1, spec), subsets()], &from("shop", "reviews", "/"));
    assert_eq!(answer.backends.iter().map(|backend| backend.weight).collect::<Vec<_>>(), [75, 25]);
}

#[test]
fn a_subset_that_no_rule_defines_has_no_upstream() {
    let spec = format!("hosts: [reviews], http: [{{{}}}]", to("v3"));
    let answer = ask(&[service("reviews", 1, &spec), subsets()], &from("shop", "reviews", "/"));
    assert_eq!((answer.outcome, answer.status), (Outcome::NoBackend, Some(503)), "{answer:#?}");
}

#[rstest]
#[case::own("shop", "reviews.shop.svc.cluster.local", Some("reviews"))]
#[case::other("bank", "reviews.shop.svc.cluster.local", None)]
fn what_is_not_exported_does_not_count(#[case] client: &str, #[case] host: &str, #[case] wins: Option<&str>) {
    let spec = format!("hosts: [reviews], exportTo: [.], http: [{{{}}}]", to("v1"));
    let answer = ask(&[service("reviews", 1, &spec), subsets()], &from(client, host, "/"));
    assert_eq!(answer.route.map(|route| route.name.to_string()).as_deref(), wins);
    assert_eq!(answer.outcome, Outcome::Forward, "without it the Service itself answers");
}

#[rstest]
#[case::whole("/reviews/old", "old")]
#[case::rest("/reviews/new", "all")]
fn a_delegate_answers_within_the_rule_that_names_it(#[case] path: &str, #[case] name: &str) {
    let root = "hosts: [reviews], http: [{match: [{uri: {prefix: /reviews}}], timeout: 2s, delegate: {name: part}}]";
    let part = format!(
        "http: [{{name: old, match: [{{uri: {{exact: /reviews/old}}}}, {{uri: {{prefix: /other}}}}], {}}}, {{name: all, {}}}]",
        to("v2"),
        to("v1")
    );
    let texts = [service("root", 1, root), service("part", 2, &part), subsets()];
    let answer = ask(&texts, &from("shop", "reviews", path));
    assert_eq!(answer.route.as_ref().map(|route| route.name.as_str()), Some("part"), "{answer:#?}");
    assert_eq!(answer.rule, Some(usize::from(name == "all")));
    assert_eq!(answer.timeout_ms, Some(2000));
    assert_eq!(
        ask(&texts, &from("shop", "reviews", "/other")).status,
        Some(404),
        "the two prefixes exclude each other"
    );
}

#[test]
fn sidecars_take_the_oldest_and_gateways_all() {
    let rule = |path: &str, subset: &str| {
        format!(
            "hosts: [shop.example.com], gateways: [edge, mesh], http: [{{match: [{{uri: {{prefix: {path}}}}}], {}}}]",
            to(subset)
        )
    };
    let gateway = object(
        "Gateway",
        ("shop", "edge"),
        1,
        "servers: [{hosts: ['*.example.com'], port: {number: 80, protocol: HTTP, name: http}}]",
    );
    let texts = [service("young", 2, &rule("/b", "v2")), service("old", 1, &rule("/a", "v1")), gateway, subsets()];
    let outside = |path: &str| ask(&texts, &Request::get("shop.example.com", path));
    assert_eq!(first(&outside("/a")), "shop/reviews|v1");
    assert_eq!(first(&outside("/b")), "shop/reviews|v2");
    assert_eq!(outside("/c").status, Some(404));
    assert_eq!(first(&ask(&texts, &from("shop", "shop.example.com", "/a"))), "shop/reviews|v1");
    assert_eq!(ask(&texts, &from("shop", "shop.example.com", "/b")).status, Some(404));
}

#[rstest]
#[case("app: web", Some(0))]
#[case("app: other", None)]
fn rules_for_some_clients(#[case] labels: &str, #[case] rule: Option<usize>) {
    let spec = format!("hosts: [reviews], http: [{{match: [{{sourceLabels: {{{labels}}}}}], {}}}]", to("v1"));
    let answer = ask(&[service("reviews", 1, &spec), subsets()], &from("shop", "reviews", "/"));
    assert_eq!(answer.rule, rule);
    if rule.is_none() {
        assert_eq!(answer.losers[0].lost_at, LostAt::Source);
    }
}

#[test]
fn a_host_outside_the_sidecar_is_not_reached() {
    let sidecar = |mode: &str| {
        object(
            "Sidecar",
            ("shop", "default"),
            1,
            &format!("outboundTrafficPolicy: {{mode: {mode}}}, egress: [{{hosts: ['./*']}}]"),
        )
    };
    let request = from("shop", "rates.bank", "/");
    let closed = ask(&[sidecar("REGISTRY_ONLY")], &request);
    assert_eq!((closed.outcome, closed.status), (Outcome::NoRoute, Some(502)));
    assert_eq!(ask(&[sidecar("ALLOW_ANY")], &request).outcome, Outcome::Forward);
    assert_eq!(ask(&[sidecar("REGISTRY_ONLY")], &from("shop", "reviews", "/")).outcome, Outcome::Forward);
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let spec = |subset: &str| format!("hosts: [reviews], http: [{{{}}}]", to(subset));
    let mut texts =
        vec![service("a", 2, &spec("v1")), service("b", 1, &spec("v2")), service("c", 1, &spec("v1")), subsets()];
    let request = from("shop", "reviews", "/");
    let answer = ask(&texts, &request);
    assert_eq!(answer.route.as_ref().map(|route| route.name.as_str()), Some("b"));
    for _ in 0..texts.len() {
        texts.rotate_left(1);
        assert_eq!(ask(&texts, &request), answer);
        texts.reverse();
        assert_eq!(ask(&texts, &request), answer);
        texts.reverse();
    }
}

const CLAIMS: [&str; 4] = ["reviews", "reviews.shop.svc.cluster.local", "'*.shop.svc.cluster.local'", "other"];
const TESTS: [&str; 4] =
    ["", "match: [{uri: {prefix: /a}}], ", "match: [{uri: {exact: /a}}], ", "match: [{method: {exact: PUT}}], "];

proptest! {
    /// One is the answer, always the same, whatever the order of the objects; every other rule of a VirtualService that counts is
    /// named as a loser once, and so is every VirtualService that does not.
    #[test]
    fn the_answer_is_a_function_of_the_set(
        claims in prop::collection::vec((0..CLAIMS.len(), 0..TESTS.len(), 0..TESTS.len(), 0..3u32), 1..7), turn in 0..7usize,
    ) {
        let mut texts: Vec<String> = claims.iter().enumerate().map(|(n, (host, one, two, minute))| {
            let rules = format!("http: [{{{}{}}}, {{{}{}}}]", TESTS[*one], to("v1"), TESTS[*two], to("v2"));
            service(&format!("r{n}"), *minute, &format!("hosts: [{}], {rules}", CLAIMS[*host]))
        }).collect();
        texts.push(subsets());
        let request = from("shop", "reviews", "/a");
        let first = ask(&texts, &request);
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        turned.reverse();
        prop_assert_eq!(&ask(&turned, &request), &first);
        let named = claims.iter().filter(|(host, ..)| *host != 3).count();
        // Of those only one is asked, with its two rules.
        let expected = if named == 0 { 0 } else { named - 1 + 2 };
        prop_assert_eq!(usize::from(first.route.is_some()) + first.losers.len(), expected, "{:#?}", first);
    }
}
