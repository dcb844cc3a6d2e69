//! Listeners that ListenerSets hang on a Gateway: whose count, and which routes reach them.

use brink::mesh::{
    conflicts::{ConflictKind, conflicts},
    load::Loaded,
    resolve::{Outcome, Request, Resolution, resolve},
};
use proptest::prelude::*;
use rstest::rstest;

use super::support::routes::{self, loaded};

fn gateway(allowed: &str, listeners: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: \
         {{gatewayClassName: istio, {allowed}listeners: [{listeners}]}}\n"
    )
}

fn from(who: &str) -> String {
    format!("allowedListeners: {{namespaces: {{from: {who}}}}}, ")
}

fn set(api: (&str, &str), (namespace, name): (&str, &str), minute: u32, listeners: &str) -> String {
    let (version, kind) = api;
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}, creationTimestamp: \
         '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{parentRef: {{name: gw, namespace: infra}}, listeners: [{listeners}]}}\n"
    )
}

const STABLE: (&str, &str) = ("gateway.networking.k8s.io/v1", "ListenerSet");
const EXPERIMENTAL: (&str, &str) = ("gateway.networking.x-k8s.io/v1alpha1", "XListenerSet");
const OWN: &str = "{name: own, port: 80, protocol: HTTP, hostname: own.x, allowedRoutes: {namespaces: {from: All}}}";

fn route(name: &str, parents: &str) -> String {
    routes::route("HTTPRoute", ("a", name), 1, parents, "rules: [{backendRefs: [{name: b, port: 80}]}]")
}

fn to_set(name: &str) -> String {
    format!("{{group: gateway.networking.k8s.io, kind: ListenerSet, name: {name}}}")
}

fn ask(world: &Loaded, host: &str) -> Resolution {
    resolve(&world.world(), &Request { port: Some(80), ..Request::get(host, "/") })
}

#[rstest]
#[case::stable(STABLE, "{kind: ListenerSet, name: s}")]
#[case::experimental(EXPERIMENTAL, "{group: gateway.networking.x-k8s.io, kind: XListenerSet, name: s}")]
fn a_route_reaches_the_listeners_of_the_set_it_names(#[case] api: (&str, &str), #[case] parent: &str) {
    let one = set(api, ("a", "s"), 1, "{name: more, port: 80, protocol: HTTP, hostname: more.x}");
    let world = loaded(&(gateway(&from("All"), OWN) + &one + &route("r", parent)));
    let answer = ask(&world, "more.x");
    assert_eq!(answer.listener.as_deref(), Some("infra/gw/more of ListenerSet a/s"), "{answer:#?}");
    assert_eq!(answer.route.unwrap().name, "r");
    // The Gateway's own listener is not the set's.
    assert_eq!(ask(&world, "own.x").outcome, Outcome::NoRoute);
    assert!(conflicts(&world.world()).is_empty());
}

#[test]
fn who_names_the_gateway_does_not_reach_its_sets() {
    let one = set(STABLE, ("a", "s"), 1, "{name: more, port: 80, protocol: HTTP, hostname: more.x}");
    let world = loaded(&(gateway(&from("All"), OWN) + &one + &route("r", "{name: gw, namespace: infra}")));
    assert_eq!(ask(&world, "own.x").outcome, Outcome::Forward);
    assert_eq!(ask(&world, "more.x").outcome, Outcome::NoRoute);
}

#[rstest]
#[case::nobody_by_default("", false)]
#[case::none("allowedListeners: {namespaces: {from: None}}, ", false)]
#[case::all("allowedListeners: {namespaces: {from: All}}, ", true)]
#[case::same("allowedListeners: {namespaces: {from: Same}}, ", false)]
#[case::selected("allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}, ", true)]
#[case::not_selected("allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {team: b}}}}, ", false)]
fn the_gateway_says_whose_sets_hang_on_it(#[case] allowed: &str, #[case] hangs: bool) {
    let labels = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: a}}\n";
    let one = set(STABLE, ("a", "s"), 1, "{name: more, port: 80, protocol: HTTP, hostname: more.x}");
    let world = loaded(&(gateway(allowed, OWN) + labels + &one + &route("r", &to_set("s"))));
    assert_eq!(ask(&world, "more.x").outcome == Outcome::Forward, hangs);
    let told = conflicts(&world.world()).iter().any(|one| one.kind == ConflictKind::NoListener);
    assert_eq!(told, !hangs);
}

#[rstest]
// The Gateway's own comes first, whoever is older.
#[case::own(OWN, "hostname: own.x", None)]
// Then the older set, then the first by name; both take the same routes.
#[case::older("", "hostname: more.x", Some("older"))]
// On one port HTTP and HTTPS cannot be told apart; two names can.
#[case::other_name(OWN, "hostname: more.x", Some("older"))]
fn of_equal_listeners_the_first_counts(#[case] own: &str, #[case] hostname: &str, #[case] winner: Option<&str>) {
    let listener = format!("{{name: web, port: 80, protocol: HTTP, {hostname}}}");
    let sets = set(STABLE, ("a", "young"), 9, &listener)
        + &set(STABLE, ("a", "older"), 2, &listener)
        + &set(STABLE, ("a", "same-age-later-name"), 2, &listener);
    let routes: String =
        ["young", "older", "same-age-later-name"].iter().map(|name| route(name, &to_set(name))).collect();
    let world = loaded(&(gateway(&from("All"), own) + &sets + &routes));
    let host = hostname.trim_start_matches("hostname: ");
    let answer = ask(&world, host);
    assert_eq!(answer.route.as_ref().map(|route| route.name.as_str()), winner, "{answer:#?}");
    // Whoever lost his listener is told.
    let lost = conflicts(&world.world()).iter().filter(|one| one.kind == ConflictKind::NoListener).count();
    assert_eq!(lost, if winner.is_some() { 2 } else { 3 });
}

#[rstest]
// HTTP and HTTPS, or a stream beside either, cannot be told apart on one port.
#[case::https_beside_http("protocol: HTTPS, port: 80, hostname: more.x", false)]
#[case::tcp_beside_http("protocol: TCP, port: 80", false)]
#[case::tcp_elsewhere("protocol: TCP, port: 5432", true)]
fn what_cannot_be_told_apart_on_a_port_is_left_out(#[case] listener: &str, #[case] counts: bool) {
    let one = set(STABLE, ("a", "s"), 1, &format!("{{name: more, {listener}}}"));
    let kind = if listener.contains("TCP") { "TCPRoute" } else { "HTTPRoute" };
    let spec = "rules: [{backendRefs: [{name: b, port: 80}]}]";
    let text = gateway(&from("All"), OWN) + &one + &routes::route(kind, ("a", "r"), 1, &to_set("s"), spec);
    let world = loaded(&text);
    let told = conflicts(&world.world()).iter().any(|one| one.kind == ConflictKind::NoListener);
    assert_eq!(told, !counts);
}

#[test]
fn the_order_of_objects_does_not_matter() {
    let listener = "{name: web, port: 80, protocol: HTTP, hostname: more.x}";
    let mut parts = [
        gateway(&from("All"), OWN),
        set(STABLE, ("a", "s1"), 5, listener),
        set(STABLE, ("a", "s2"), 4, listener),
        route("s1", &to_set("s1")),
        route("s2", &to_set("s2")),
    ];
    let first = ask(&loaded(&parts.concat()), "more.x");
    assert_eq!(first.route.as_ref().map(|route| route.name.as_str()), Some("s2"));
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        assert_eq!(ask(&loaded(&parts.concat()), "more.x"), first);
    }
}

const HEARD: [&str; 4] = [
    "protocol: HTTP, port: 80, hostname: more.x",
    "protocol: HTTP, port: 80",
    "protocol: TCP, port: 80",
    "protocol: HTTP, port: 80, hostname: '*.x'",
];

proptest! {
    /// Which listeners count hangs on the objects and not on their order; of all that count any two can be told apart.
    #[test]
    fn what_counts_is_a_function_of_the_set(
        sets in prop::collection::vec((0..HEARD.len(), 0..HEARD.len(), 0..3u32), 1..5), own in 0..HEARD.len(), turn in 0..9usize,
    ) {
        let listener = |name: &str, at: usize| format!("{{name: {name}, {}, allowedRoutes: {{namespaces: {{from: All}}}}}}", HEARD[at]);
        let mut texts = vec![gateway(&from("All"), &listener("own", own))];
        for (n, (one, two, minute)) in sets.iter().enumerate() {
            texts.push(set(STABLE, ("a", &format!("s{n}")), *minute, &format!("{}, {}", listener("one", *one), listener("two", *two))));
            texts.push(route(&format!("r{n}"), &to_set(&format!("s{n}"))));
        }
        let first = ask(&loaded(&texts.concat()), "more.x");
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        turned.reverse();
        prop_assert_eq!(&ask(&loaded(&turned.concat()), "more.x"), &first);
        // The Gateway's own always counts: whoever took the request stands beside it.
        if HEARD[own].contains("TCP") {
            prop_assert_eq!(&first.listener, &None);
        } else if own == 0 {
            prop_assert_eq!(first.listener.as_deref(), Some("infra/gw/own"));
        }
    }
}
