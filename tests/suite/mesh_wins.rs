//! Who is shadowed, and that the order of matches is an order.

use std::cmp::Ordering;

use brink::{
    cluster::Manifest,
    mesh::{
        gateways::{GatewayRow, Gateways},
        load::Loaded,
        resolve::{Request, World, rank::Rank, resolve},
        routes::{RouteKind, RouteRow},
        wins::{Wins, wins},
    },
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

fn world(text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    loaded.read("test", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    loaded
}

fn http(name: &str, minute: u32, spec: &str) -> String {
    let parents = if spec.contains("parentRefs") { "" } else { "parentRefs: [{name: gw}], " };
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: {name}, namespace: a, \
         creationTimestamp: '2026-01-01T00:{minute:02}:00Z'}}\nspec: {{{parents}{spec}}}\n"
    )
}

fn cells(text: &str, with_gateways: bool) -> Vec<String> {
    let loaded = world(text);
    let mut world = loaded.world();
    if !with_gateways {
        world.gateways = Gateways::default();
    }
    wins(&world).iter().map(ToString::to_string).collect()
}

const GATEWAY: &str = "---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: a}
spec: {gatewayClassName: c, listeners: [{name: one, port: 80, protocol: HTTP}, {name: two, port: 81, protocol: HTTP, hostname: h.x}]}
";

#[rstest]
#[case::the_older_takes_it("hostnames: [h.x]", 1, "hostnames: [h.x]", 2, ["yes", "no: older old"])]
#[case::equally_old_by_name("hostnames: [h.x]", 2, "hostnames: [h.x]", 2, ["no: first by name new", "yes"])]
#[case::another_host("hostnames: [h.x]", 1, "hostnames: [i.x]", 2, ["yes", "yes"])]
#[case::one_host_left("hostnames: [h.x]", 1, "hostnames: [h.x, i.x]", 2, ["yes", "yes"])]
#[case::host_in_other_case("hostnames: [h.x]", 1, "hostnames: [H.X]", 2, ["yes", "no: older old"])]
#[case::a_wildcard_keeps_the_rest("hostnames: [h.x]", 1, "hostnames: ['*.x']", 2, ["yes", "yes"])]
#[case::another_path("rules: [{matches: [{path: {value: /p}}]}]", 1, "rules: [{matches: [{path: {value: /q}}]}]", 2, ["yes", "yes"])]
#[case::default_is_the_root("rules: [{matches: [{path: {value: /}}]}]", 1, "rules: [{}]", 2, ["yes", "no: older old"])]
#[case::one_match_left("rules: [{}]", 1, "rules: [{matches: [{}, {method: GET}]}]", 2, ["yes", "yes"])]
#[case::all_matches_taken("rules: [{}, {matches: [{method: GET}]}]", 1, "rules: [{matches: [{method: GET}, {}]}]", 2, ["yes", "no: older old"])]
#[case::another_gateway("parentRefs: [{name: gw}]", 1, "parentRefs: [{name: other}]", 2, ["yes", "yes"])]
#[case::one_listener_of_all("parentRefs: [{name: gw}]", 1, "parentRefs: [{name: gw, sectionName: one}]", 2, ["yes", "no: older old"])]
#[case::all_listeners_but_one("parentRefs: [{name: gw, sectionName: one}]", 1, "parentRefs: [{name: gw}]", 2, ["yes", "yes"])]
fn without_gateways(#[case] old: &str, #[case] at: u32, #[case] new: &str, #[case] then: u32, #[case] cell: [&str; 2]) {
    let rules = |spec: &str| {
        if spec.contains("rules") { spec.to_owned() } else { format!("{spec}, rules: [{{}}]") }
    };
    let text = http("old", at, &rules(old)) + &http("new", then, &rules(new));
    assert_eq!(cells(&text, false), cell);
}

#[rstest]
// Both listeners named one by one is the same as naming none.
#[case("parentRefs: [{name: gw}]", "parentRefs: [{name: gw, sectionName: one}, {name: gw, port: 81}]", ["yes", "no: older old"])]
// On the listener of `h.x` alone, a wildcard and the name itself are the same host; the name is more specific, age or not.
#[case("parentRefs: [{name: gw, sectionName: two}], hostnames: ['*.x']", "parentRefs: [{name: gw, sectionName: two}], hostnames: [h.x]", ["no: more specific new", "yes"])]
#[case("parentRefs: [{name: gw}]", "parentRefs: [{name: missing}]", ["yes", "no: no listener"])]
fn with_gateways(#[case] old: &str, #[case] new: &str, #[case] cell: [&str; 2]) {
    let rules = |spec: &str| format!("{spec}, rules: [{{}}]");
    let text = GATEWAY.to_owned() + &http("old", 1, &rules(old)) + &http("new", 2, &rules(new));
    assert_eq!(cells(&text, true), cell);
}

#[test]
fn what_is_refused_neither_wins_nor_takes() {
    let refused = http("old", 1, "rules: [{}]")
        + "status: {parents: [{parentRef: {name: gw}, conditions: [{type: Accepted, status: 'False', reason: Pending}]}]}\n";
    assert_eq!(cells(&(refused + &http("new", 2, "rules: [{}]")), false), ["no: not accepted", "yes"]);
}

#[test]
fn virtual_services_of_one_host_are_not_judged() {
    let service = |name: &str, namespace: &str, host: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: \
             {namespace}}}\nspec: {{hosts: [{host}], http: [{{route: [{{destination: {{host: r}}}}]}}]}}\n"
        )
    };
    let text = service("one", "a", "r") + &service("two", "a", "r.a.svc.cluster.local") + &service("three", "b", "r");
    assert_eq!(cells(&text, false), ["–", "–", "yes"]);
}

fn arbitrary_route(at: usize) -> impl Strategy<Value = RouteRow> {
    let path = prop_oneof![
        Just(json!({"type": "PathPrefix", "value": "/"})),
        Just(json!({"type": "PathPrefix", "value": "/a"})),
        Just(json!({"type": "PathPrefix", "value": "/a/"})),
        Just(json!({"type": "PathPrefix", "value": "/a/b"})),
        Just(json!({"type": "Exact", "value": "/a/b"})),
        Just(json!({"type": "RegularExpression", "value": "/a.*"})),
    ];
    let one = (path, any::<bool>(), 0..3usize, 0..2usize).prop_map(|(path, method, headers, query)| {
        let headers: Vec<_> = (0..headers).map(|n| json!({"name": format!("h{n}"), "value": "1"})).collect();
        let query: Vec<_> = (0..query).map(|n| json!({"name": format!("q{n}"), "value": "1"})).collect();
        let mut found = json!({"path": path, "headers": headers, "queryParams": query});
        if method {
            found["method"] = json!("GET");
        }
        found
    });
    let hosts = proptest::sample::subsequence(vec!["h.x.com", "*.x.com", "*.com"], 0..3);
    let rules = proptest::collection::vec(proptest::collection::vec(one, 0..3), 1..3);
    (rules, hosts, 0..3u8, 0..3u8).prop_map(move |(rules, hosts, minute, name)| {
        let rules: Vec<_> = rules.into_iter().map(|found| json!({"matches": found})).collect();
        RouteRow::decode(
            RouteKind::Http,
            &Manifest(json!({
                "metadata": {
                    // Every route has a name of its own; names and ages collide in all other ways.
                    "name": format!("{name}-{at}"), "namespace": "a",
                    "creationTimestamp": format!("2026-01-01T00:0{minute}:00Z"),
                },
                "spec": {"parentRefs": [{"name": "gw"}], "hostnames": hosts, "rules": rules},
            })),
        )
    })
}

fn arbitrary_routes() -> impl Strategy<Value = Vec<RouteRow>> {
    (1..6usize).prop_flat_map(|count| (0..count).map(arbitrary_route).collect::<Vec<_>>())
}

fn gateway() -> GatewayRow {
    world(GATEWAY).gateways.remove(0)
}

fn request(path: &str) -> Request {
    let mut request = Request::get("h.x.com", path);
    request.port = Some(80);
    request.headers = vec![("H0".into(), "1".into()), ("h1".into(), "1".into())];
    request.query = vec![("q0".into(), "1".into())];
    request
}

/// Routes alone, without a word about Gateways.
fn of(routes: &[RouteRow]) -> World<'_> {
    World { routes: routes.iter().collect(), ..World::default() }
}

fn ranks(routes: &[RouteRow]) -> Vec<Rank<'_>> {
    let mut all = Vec::new();
    for route in routes {
        let hosts: Vec<&str> = route.hosts.iter().map(AsRef::as_ref).collect();
        for (rule, body) in route.rules.iter().enumerate() {
            all.extend((0..body.matches.len()).filter_map(|found| Rank::new(route, &hosts, "h.x.com", rule, found)));
        }
    }
    all
}

proptest! {
    #[test]
    fn the_order_is_total(routes in arbitrary_routes()) {
        let ranks = ranks(&routes);
        for (i, a) in ranks.iter().enumerate() {
            for (j, b) in ranks.iter().enumerate() {
                let (order, step) = a.against(b);
                prop_assert_eq!(order, b.against(a).0.reverse());
                prop_assert_eq!(step, b.against(a).1);
                prop_assert_eq!(order == Ordering::Equal, i == j);
                for c in &ranks {
                    if order.is_lt() && b.against(c).0.is_lt() {
                        prop_assert_eq!(a.against(c).0, Ordering::Less);
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (routes, shuffled) in arbitrary_routes().prop_flat_map(|routes| (Just(routes.clone()), Just(routes).prop_shuffle())),
        path in prop_oneof![Just("/"), Just("/a"), Just("/a/b"), Just("/a/b/c"), Just("/ab")],
    ) {
        let gateway = gateway();
        let world = |routes: &[RouteRow]| -> _ {
            let world = World { routes: routes.iter().collect(), gateways: Gateways::all([&gateway]), ..World::default() };
            resolve(&world, &request(path))
        };
        prop_assert_eq!(world(&routes), world(&shuffled));
        let by_name = |routes: &[RouteRow]| {
            let mut all: Vec<_> = wins(&of(routes)).into_iter().zip(routes.iter().map(RouteRow::route_ref)).collect();
            all.sort_by(|a, b| a.1.cmp(&b.1));
            all
        };
        prop_assert_eq!(by_name(&routes), by_name(&shuffled));
    }

    /// The column and the resolver agree: a route that the column calls shadowed answers no request.
    #[test]
    fn a_shadowed_route_answers_nothing(routes in arbitrary_routes(), path in "/[ab]?(/[ab])?") {
        let gateway = gateway();
        let world = World { routes: routes.iter().collect(), gateways: Gateways::all([&gateway]), ..World::default() };
        let winner = resolve(&world, &request(&path)).route;
        for world in [of(&routes), world] {
            for (route, wins) in routes.iter().zip(wins(&world)) {
                if matches!(wins, Wins::No { .. }) {
                    prop_assert_ne!(Some(route.route_ref()), winner.clone());
                }
            }
        }
    }

    /// Whatever stands in an object, it decodes.
    #[test]
    fn anything_decodes(spec in arbitrary_json()) {
        for kind in RouteKind::ALL {
            let object = Manifest(json!({"metadata": {"name": "n", "namespace": "a"}, "spec": spec, "status": spec}));
            let row = RouteRow::decode(kind, &object);
            prop_assert_eq!(row.name.as_str(), "n");
            prop_assert!(row.notes.len() <= 8);
            let _ = wins(&of(&[row.clone(), row.clone()]));
            let world = World { routes: vec![&row], ..World::default() };
            let _ = resolve(&world, &request("/a"));
        }
        let _ = GatewayRow::decode(&Manifest(json!({"spec": spec})));
    }
}

/// JSON that uses the field names of routes, with values of any type.
fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
    let field = prop_oneof![
        Just("rules"),
        Just("matches"),
        Just("http"),
        Just("match"),
        Just("path"),
        Just("uri"),
        Just("prefix"),
        Just("value"),
        Just("type"),
        Just("headers"),
        Just("name"),
        Just("backendRefs"),
        Just("route"),
        Just("destination"),
        Just("weight"),
        Just("filters"),
        Just("parentRefs"),
        Just("parents"),
        Just("parentRef"),
        Just("conditions"),
        Just("hostnames"),
        Just("listeners"),
        Just("port"),
        Just("timeouts"),
        Just("request"),
        Just("fault"),
        Just("delay"),
        Just("hosts"),
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        "[/a-z*.]{0,6}".prop_map(|text| json!(text)),
        Just(json!("RequestRedirect")),
        Just(json!("gw")),
    ];
    leaf.prop_recursive(6, 64, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec((field.clone(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn ten_thousand_routes_are_judged_and_resolved() {
    let routes: Vec<RouteRow> = (0..10_000)
        .map(|n| {
            let object = Manifest(json!({
                "metadata": {"name": format!("r{n}"), "namespace": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
                // Every host is claimed twice: the first by name has it.
                "spec": {"parentRefs": [{"name": "gw"}], "hostnames": [format!("h{}.x.com", n / 2)],
                         "rules": [{"matches": [{"path": {"value": "/a"}}, {"path": {"value": "/b"}}]}]},
            }));
            RouteRow::decode(RouteKind::Http, &object)
        })
        .collect();
    let lost = wins(&of(&routes)).iter().filter(|wins| wins.known() == Some(false)).count();
    assert_eq!(lost, 5_000);
    let gateway = gateway();
    let world = World { routes: routes.iter().collect(), gateways: Gateways::all([&gateway]), ..World::default() };
    let mut request = request("/b/c");
    request.host = "h77.x.com".to_owned();
    let answer = resolve(&world, &request);
    assert_eq!(answer.route.map(|route| route.name), Some("r154".into()));
    assert_eq!(answer.losers.iter().filter(|loser| loser.matched).count(), 1);
}
