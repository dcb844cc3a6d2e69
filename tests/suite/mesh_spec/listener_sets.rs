//! ListenerSets (GEP-1713; guide on ListenerSets): who may hang one, what routes reach, who goes first, what conflicts.

use brink::mesh::resolve::{Outcome, Request};
use rstest::rstest;

use super::{ask, gateway_with, http, listener, name, namespace, on, route_in, rule, secure};

fn set(space: &str, name: &str, minute: u32, listeners: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {{name: {name}, namespace: {space}, \
         creationTimestamp: '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{parentRef: {{kind: Gateway, group: \
         gateway.networking.k8s.io, name: edge, namespace: infra}}, listeners: [{listeners}]}}\n"
    )
}

fn parent(listeners: &str) -> String {
    gateway_with("allowedListeners: {namespaces: {from: All}}, ", listeners)
}

fn on_set(space: &str, name: &str, section: &str) -> String {
    let section = if section.is_empty() { String::new() } else { format!(", sectionName: {section}") };
    let parent = format!("parentRefs: [{{kind: ListenerSet, name: {name}{section}}}]");
    route_in(space, "HTTPRoute", &format!("on-{name}"), 1, &format!("{parent}, rules: [{}]", rule("", "b")))
}

const OWN: &str = "{name: foo, port: 80, protocol: HTTP, hostname: foo.com, allowedRoutes: {namespaces: {from: All}}}";

/// The guide: teams whose namespaces carry a label hang listeners on a shared Gateway.
#[rstest]
#[case("first.foo.com", Some("on-first"))]
#[case("second.foo.com", Some("on-second"))]
#[case("third.foo.com", None)]
fn teams_hang_listeners_on_a_shared_gateway(#[case] host: &str, #[case] winner: Option<&str>) {
    let allowed = "allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {belongs-to: shared}}}}, ";
    let one = |name: &str| listener(name, 443, "HTTPS", &format!("hostname: {name}.foo.com"));
    let text = gateway_with(allowed, OWN)
        + &namespace("one", "belongs-to: shared")
        + &namespace("two", "belongs-to: shared")
        + &namespace("three", "belongs-to: nobody")
        + &set("one", "first", 1, &one("first"))
        + &set("two", "second", 2, &one("second"))
        + &set("three", "third", 3, &one("third"))
        + &on_set("one", "first", "")
        + &on_set("two", "second", "second")
        + &on_set("three", "third", "");
    assert_eq!(name(&ask(&text, &secure(host, "/"))), winner);
}

#[rstest]
#[case::silent("", "infra", false)]
#[case::none("allowedListeners: {namespaces: {from: None}}, ", "infra", false)]
#[case::same("allowedListeners: {namespaces: {from: Same}}, ", "infra", true)]
#[case::same_but_other("allowedListeners: {namespaces: {from: Same}}, ", "team", false)]
#[case::all("allowedListeners: {namespaces: {from: All}}, ", "team", true)]
#[case::by_name(
    "allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: team}}}}, ",
    "team",
    true
)]
fn a_gateway_says_whose_sets_it_takes(#[case] allowed: &str, #[case] space: &str, #[case] yes: bool) {
    let text = gateway_with(allowed, OWN)
        + &set(space, "s", 1, &listener("more", 80, "HTTP", "hostname: more.com"))
        + &on_set(space, "s", "");
    assert_eq!(ask(&text, &on(80, "more.com")).outcome == Outcome::Forward, yes);
}

/// A route reaches the listeners of the object it names: the set's, the Gateway's, or with two references both.
#[rstest]
#[case::set("{kind: ListenerSet, name: s}", &["one.com", "two.com"])]
#[case::section("{kind: ListenerSet, name: s, sectionName: two}", &["two.com"])]
#[case::port("{kind: ListenerSet, name: s, port: 81}", &["two.com"])]
#[case::gateway("{name: edge, namespace: infra}", &["foo.com"])]
// `one` is a listener of the set, not of the Gateway.
#[case::section_of_the_other("{name: edge, namespace: infra, sectionName: one}", &[])]
#[case::missing_section("{kind: ListenerSet, name: s, sectionName: three}", &[])]
#[case::both("{kind: ListenerSet, name: s, sectionName: two}, {name: edge, namespace: infra, sectionName: foo}", &["two.com", "foo.com"])]
// One that fits nothing takes nothing from the other.
#[case::one_of_two("{kind: ListenerSet, name: s, sectionName: nope}, {name: edge, namespace: infra, sectionName: foo}", &["foo.com"])]
fn a_route_reaches_its_direct_parent(#[case] parents: &str, #[case] reached: &[&str]) {
    let two = [listener("one", 80, "HTTP", "hostname: one.com"), listener("two", 81, "HTTP", "hostname: two.com")];
    let text = parent(OWN)
        + &set("team", "s", 1, &two.join(", "))
        + &http("r", &format!("parentRefs: [{parents}], rules: [{}]", rule("", "b")));
    for (host, port) in [("one.com", 80), ("two.com", 81), ("foo.com", 80)] {
        let answer = ask(&text, &on(port, host));
        assert_eq!(answer.outcome == Outcome::Forward, reached.contains(&host), "{host} {answer:#?}");
    }
}

/// The set of its own namespace by default: `Same` is the set's.
#[rstest]
#[case("team", true)]
#[case("other", false)]
#[case("infra", false)]
fn a_sets_listener_takes_routes_of_its_own_namespace(#[case] space: &str, #[case] yes: bool) {
    let spec = format!("parentRefs: [{{kind: ListenerSet, name: s, namespace: team}}], rules: [{}]", rule("", "b"));
    let text = parent(OWN)
        + &set("team", "s", 1, "{name: l, port: 80, protocol: HTTP, hostname: l.com}")
        + &route_in(space, "HTTPRoute", "r", 1, &spec);
    assert_eq!(ask(&text, &on(80, "l.com")).outcome == Outcome::Forward, yes);
}

/// Names of listeners may be the same in different objects.
#[test]
fn names_are_unique_in_their_object_alone() {
    let one = |host: &str| listener("web", 80, "HTTP", &format!("hostname: {host}"));
    let text = parent(&one("gateway.com"))
        + &set("a", "sa", 1, &one("a.com"))
        + &set("b", "sb", 2, &one("b.com"))
        + &on_set("a", "sa", "web")
        + &on_set("b", "sb", "web");
    assert_eq!(name(&ask(&text, &on(80, "a.com"))), Some("on-sa"));
    assert_eq!(name(&ask(&text, &on(80, "b.com"))), Some("on-sb"));
}

/// The parent Gateway, then the older set, then the first by namespace and name.
#[rstest]
#[case::gateway(&["something.tld"], ("user01", "s1", 1), ("user02", "s2", 2), None)]
#[case::older(&[], ("user01", "s1", 44), ("user02", "s2", 13), Some("on-s2"))]
#[case::by_namespace(&[], ("user02", "s1", 5), ("user01", "s2", 5), Some("on-s2"))]
#[case::by_name(&[], ("user01", "s2", 5), ("user01", "s1", 5), Some("on-s1"))]
fn of_two_sets_the_first_counts(
    #[case] own: &[&str],
    #[case] one: (&str, &str, u32),
    #[case] two: (&str, &str, u32),
    #[case] winner: Option<&str>,
) {
    let https = |name: &str, host: &str| listener(name, 443, "HTTPS", &format!("hostname: {host}"));
    let own: Vec<String> = own.iter().map(|host| https("foo", host)).chain([OWN.to_owned()]).collect();
    let hang = |(space, name, minute): (&str, &str, u32)| set(space, name, minute, &https("myapp", "something.tld"));
    let text =
        parent(&own.join(", ")) + &hang(one) + &hang(two) + &on_set(one.0, one.1, "") + &on_set(two.0, two.1, "");
    let answer = ask(&text, &secure("something.tld", "/"));
    assert_eq!(name(&answer), winner, "{answer:#?}");
    // Who does not count is told, and by whom it is kept out.
    let told = answer.notes.iter().filter(|note| note.contains("listener myapp of ListenerSet")).count();
    assert_eq!(told, if winner.is_some() { 1 } else { 2 }, "{:?}", answer.notes);
}

/// A set with a listener in conflict is served with its others; once the rival is gone, with all.
#[test]
fn the_rest_of_a_set_counts() {
    let two = [
        listener("good", 80, "HTTP", "hostname: good.com"),
        listener("clash", 80, "TCP", ""),
        listener("late", 80, "HTTP", "hostname: late.com"),
    ];
    let mine = listener("late", 80, "HTTP", "hostname: late.com");
    let without_tcp = format!("{}, {}", two[0], two[2]);
    let text = |first: &str| {
        parent(OWN) + first + &set("b", "younger", 9, &mine) + &on_set("a", "older", "") + &on_set("b", "younger", "")
    };
    let both = text(&set("a", "older", 1, &without_tcp));
    assert_eq!(name(&ask(&both, &on(80, "good.com"))), Some("on-older"));
    assert_eq!(name(&ask(&both, &on(80, "late.com"))), Some("on-older"));
    assert_eq!(name(&ask(&text(""), &on(80, "late.com"))), Some("on-younger"));
}

/// A stream beside HTTP on one port: what stands first is accepted, the stream of a set is not.
#[test]
fn protocols_conflict_too() {
    let text = parent(OWN)
        + &set("a", "s", 1, &listener("sql", 80, "TCP", ""))
        + &set("b", "t", 2, &listener("more", 80, "HTTP", "hostname: more.com"))
        + &on_set("b", "t", "");
    assert_eq!(name(&ask(&text, &on(80, "more.com"))), Some("on-t"), "the stream that does not count keeps nobody out");
    let tcp = Request { scheme: brink::mesh::resolve::Scheme::Tcp, ..on(80, "") };
    assert_eq!(ask(&text, &tcp).listener, None);
}

/// Within one set none of two that cannot be told apart counts, as in a Gateway.
#[test]
fn within_one_set_neither_counts() {
    let two = [
        listener("a", 80, "HTTP", "hostname: same.com"),
        listener("b", 80, "HTTP", "hostname: same.com"),
        listener("c", 80, "HTTP", "hostname: fine.com"),
    ];
    let text = parent(OWN) + &set("team", "s", 1, &two.join(", ")) + &on_set("team", "s", "");
    assert_eq!(ask(&text, &on(80, "same.com")).outcome, Outcome::NoRoute);
    assert_eq!(ask(&text, &on(80, "fine.com")).outcome, Outcome::Forward);
}
