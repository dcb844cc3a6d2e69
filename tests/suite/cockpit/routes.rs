//! Who wins, as the pane tells it: judged among all routes that may be seen, with the Gateways they name.

use std::{sync::Arc, time::Duration};

use brink::{
    base::{Ticket, Uid},
    cluster::{
        Batch, Delta, Manifest, Source,
        namespaces::NamespaceRow,
        pods::{MeshMode, PodRow},
    },
    mesh::{
        gateways::Seen,
        istio::PieceRow,
        routes::{RouteKind, RouteRow},
    },
    msg::{Effect, Event},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::stage::{Stage, gateway, http_route, pod, routes, shop};

/// Pods, routes of the shop, and nothing said of Gateways yet.
fn listed() -> Stage {
    let mut stage = Stage::new(200, 60).linked();
    for kind in RouteKind::ALL {
        let rows = routes().into_iter().filter(|row| row.kind == kind).collect();
        stage.routes(kind, rows);
    }
    stage
}

/// The cell WINS of a route.
fn wins(stage: &Stage, name: &str) -> String {
    let screen = stage.text();
    let mut lines = screen.lines();
    let heading = lines.by_ref().find(|line| line.contains("WINS")).expect("the column is there");
    let column = heading.chars().take_while(|c| *c != 'W').count();
    let line = lines.find(|line| line.contains(&format!("│ {name} "))).unwrap_or_else(|| panic!("{name}:\n{screen}"));
    let cell: String = line.chars().skip(column).collect();
    cell.split("  ").next().unwrap_or_default().trim().to_owned()
}

#[rstest]
#[case::one_that_takes_all("gw", "{name: one, port: 80, protocol: HTTP}", ["yes", "no: older my-route", "yes"])]
#[case::one_host_only("gw", "{name: one, port: 80, protocol: HTTP, hostname: shop.example.com}", ["no: no listener", "no: no listener", "yes"])]
#[case::not_over_http("gw", "{name: one, port: 80, protocol: TCP}", ["no: no listener", "no: no listener", "no: no listener"])]
#[case::another_gateway("other", "{name: one, port: 80, protocol: HTTP}", ["no: no listener", "no: no listener", "no: no listener"])]
fn gateways_have_a_say(#[case] name: &str, #[case] listener: &str, #[case] cells: [&str; 3]) {
    let mut stage = listed();
    assert_eq!(wins(&stage, "my-route"), "–", "before the Gateways are known nobody has won");
    stage.gateways(vec![gateway(name, listener)]);
    assert_eq!(["my-route", "my-route-v3", "shop"].map(|route| wins(&stage, route)), cells);
}

#[test]
fn gateways_that_may_not_be_read_are_compared_by_name() {
    let mut stage = listed();
    let forbidden = Source::Forbidden { what: "cannot list gateways".to_owned() };
    let batch = Batch { deltas: Vec::new(), source: forbidden };
    stage.send(Event::Gateways(stage.routes_ticket(), Seen::Namespace("shop".into()), batch));
    assert_eq!(wins(&stage, "my-route"), "yes");
    assert_eq!(wins(&stage, "my-route-v3"), "no: older my-route");
}

#[test]
fn a_route_of_another_namespace_wins_without_being_shown() {
    let mut stage = Stage::full(200, 60);
    let mut older = http_route("elder", "2026-01-01T00:00:00Z", "lior.example.com", "/", &[("v1", 1)]);
    older.namespace = "pay".into();
    let uid = older.uid;
    let open = "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}";
    stage.gateways(vec![gateway("gw", open)]);
    stage.routes(RouteKind::Http, vec![older]);
    // Both name the Gateway `gw` of the shop.
    assert_eq!(wins(&stage, "my-route"), "no: older elder");
    assert!(stage.shows("Routes 3 ") && !stage.shows("│ elder"), "{}", stage.text());
    let gone = Batch { deltas: vec![Delta::Remove(uid)], source: Source::Live };
    stage.send(Event::Routes(stage.routes_ticket(), RouteKind::Http, gone));
    assert_eq!(wins(&stage, "my-route"), "yes");
}

#[test]
fn a_gateway_that_selects_namespaces_asks_for_their_labels() {
    let mut stage = listed();
    let asked = |stage: &Stage| {
        stage.effects.iter().find_map(|effect| match effect {
            Effect::WatchLabels(ticket) => Some(*ticket),
            _ => None,
        })
    };
    stage.gateways(vec![gateway("gw", "{name: one, port: 80, protocol: HTTP}")]);
    assert_eq!(asked(&stage), None, "nobody needs them");
    let selecting = "{name: one, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: \
                     {matchLabels: {team: web}}}}}";
    stage.gateways(vec![gateway("gw", selecting)]);
    let ticket = asked(&stage).expect("the labels are asked for");
    assert_eq!(wins(&stage, "my-route"), "yes", "nothing says no yet");
    for (team, cell) in [("pay", "no: no listener"), ("web", "yes")] {
        let row = NamespaceRow {
            uid: Uid(7),
            name: "shop".into(),
            terminating: false,
            mesh: MeshMode::None,
            labels: [("team".to_owned(), team.to_owned())].into(),
            created: None,
        };
        let batch = Batch { deltas: vec![Delta::Upsert(row)], source: Source::Live };
        stage.send(Event::Labels(ticket, batch));
        assert_eq!(wins(&stage, "my-route"), cell, "{team}");
    }
}

#[test]
fn a_route_that_keeps_some_of_its_requests_is_marked_and_enter_tells_the_story() {
    let mut stage = listed();
    stage.gateways(vec![gateway("gw", "{name: one, port: 80, protocol: HTTP}")]);
    let mut both = http_route("both", "2026-11-22T10:00:00Z", "lior.example.com", "/", &[("v2", 1)]);
    let own = http_route("own", "2026-11-22T10:00:00Z", "lior.example.com", "/own", &[("v2", 1)]);
    both.rules.extend(own.rules);
    stage.routes(RouteKind::Http, vec![both]);
    assert_eq!(wins(&stage, "both"), "yes, 1 conflict");
    assert!(stage.shows("2 conflicts"), "one route loses all, another one rule:\n{}", stage.text());
    stage.keys("2 k");
    stage.keys("enter");
    for line in [
        "Conflicts of HTTPRoute shop/both",
        "duplicate: HTTPRoute shop/both rule 0",
        "loses to HTTPRoute shop/my-route rule 0",
        "such as GET lior.example.com/",
    ] {
        assert!(stage.shows(line), "{line}:\n{}", stage.text());
    }
}

fn istio(group: &str, kind: &str, name: &str, spec: &Value) -> Manifest {
    Manifest(json!({
        "apiVersion": format!("{group}.istio.io/v1"), "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": "shop", "uid": format!("{kind}/{name}")},
    }))
}

/// Objects of one kind, all there are.
fn pieces(stage: &mut Stage, kind: &str, objects: &[Manifest]) {
    let deltas = objects.iter().map(|object| Delta::Upsert(PieceRow::decode(object).unwrap())).collect();
    let batch = Batch { deltas, source: Source::Live };
    stage.send(Event::Pieces(stage.routes_ticket(), kind.to_owned(), Seen::Everywhere, batch));
}

#[test]
fn faults_of_istios_configuration_are_marked_on_the_routes_they_concern() {
    let mut stage = listed();
    stage.gateways(vec![gateway("gw", "{name: one, port: 80, protocol: HTTP}")]);
    let to = |subset: &str| json!({"destination": {"host": "reviews", "subset": subset}, "weight": 50});
    let spec = json!({"hosts": ["reviews"], "http": [{"route": [to("v1"), to("v9")]}]});
    let service = istio("networking", "VirtualService", "calls", &spec);
    stage.routes(RouteKind::VirtualService, vec![RouteRow::decode(RouteKind::VirtualService, &service)]);
    assert_eq!(wins(&stage, "calls"), "yes", "nobody knows of subsets yet");
    let subsets = json!([{"name": "v1", "labels": {"version": "v1"}}]);
    let rule = json!({"host": "reviews", "subsets": subsets, "trafficPolicy": {"tls": {"mode": "DISABLE"}}});
    pieces(&mut stage, "DestinationRule", &[istio("networking", "DestinationRule", "reviews", &rule)]);
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict");
    pieces(
        &mut stage,
        "PeerAuthentication",
        &[istio("security", "PeerAuthentication", "all", &json!({"mtls": {"mode": "STRICT"}}))],
    );
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict", "whether the host is in the mesh is not known");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "reviews", "namespace": "shop", "uid": "s"},
        "spec": {"selector": {"app": "reviews"}, "ports": [{"port": 9080}]},
    });
    pieces(&mut stage, "Service", &[Manifest(service)]);
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict", "whom the policy is for is not known before the root is");
    let root = asked_root(&stage);
    stage.send(Event::MeshRoot(root, "istio-system".to_owned()));
    assert_eq!(wins(&stage, "calls"), "yes, 2 conflicts");
    stage.keys("2 k k k enter");
    for line in [
        "Conflicts of VirtualService shop/calls",
        "missing-subset: VirtualService shop/calls rule 0 (KIA1107)",
        "mtls-mismatch: DestinationRule shop/reviews (KIA0207)",
        "against PeerAuthentication shop/all",
        "concerns VirtualService shop/calls",
    ] {
        assert!(stage.shows(line), "{line}:\n{}", stage.text());
    }
    // What was put right is no longer told.
    let gone = PieceRow::decode(&istio("security", "PeerAuthentication", "all", &json!({}))).unwrap();
    let batch = Batch { deltas: vec![Delta::Remove(gone.uid)], source: Source::Live };
    stage.send(Event::Pieces(stage.routes_ticket(), "PeerAuthentication".to_owned(), Seen::Everywhere, batch));
    stage.keys("esc");
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict");
}

/// The question for the root namespace of the mesh.
fn asked_root(stage: &Stage) -> Ticket {
    let ask = |effect: &Effect| match effect {
        Effect::MeshRoot(ticket) => Some(*ticket),
        _ => None,
    };
    stage.effects.iter().find_map(ask).expect("the root is asked for")
}

/// A shop whose VirtualService `calls` sends to a subset of reviews that has this version.
fn versioned(version: &str) -> Stage {
    let mut stage = listed();
    stage.pods(shop());
    stage.gateways(vec![gateway("gw", "{name: one, port: 80, protocol: HTTP}")]);
    let route = json!({"destination": {"host": "reviews", "subset": "old"}});
    let spec = json!({"hosts": ["reviews"], "http": [{"route": [route]}]});
    let service = istio("networking", "VirtualService", "calls", &spec);
    stage.routes(RouteKind::VirtualService, vec![RouteRow::decode(RouteKind::VirtualService, &service)]);
    let rule = json!({"host": "reviews", "subsets": [{"name": "old", "labels": {"version": version}}]});
    pieces(&mut stage, "DestinationRule", &[istio("networking", "DestinationRule", "reviews", &rule)]);
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "reviews", "namespace": "shop", "uid": "s"},
        "spec": {"selector": {"app": "reviews"}, "ports": [{"port": 9080}]},
    });
    pieces(&mut stage, "Service", &[Manifest(service)]);
    stage
}

fn labelled(at: u128, version: &str) -> PodRow {
    let labels = [("app", "reviews"), ("version", version)].map(|(key, value)| (Arc::from(key), Arc::from(value)));
    PodRow { labels: Arc::from(labels), ..pod(at, &format!("reviews-{version}-5d4-{at}"), (2, 2), "Running", 0, 100) }
}

#[test]
fn a_subset_is_judged_by_the_pods_that_are_watched() {
    let mut stage = versioned("v1");
    assert_eq!(wins(&stage, "calls"), "yes", "no pod behind the Service says anything about its versions");
    stage.pods(vec![labelled(50, "v2")]);
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict");
    stage.keys("2 k k k enter");
    assert!(stage.shows("empty-subset: DestinationRule shop/reviews (KIA0203)"), "{}", stage.text());
    stage.keys("esc");
    stage.pods(vec![labelled(51, "v1")]);
    assert_eq!(wins(&stage, "calls"), "yes");
    stage.pods(vec![PodRow { ended: true, ..labelled(51, "v1") }]);
    assert_eq!(wins(&stage, "calls"), "yes, 1 conflict");
}

#[test]
fn pods_are_watched_for_the_routes_alone_where_selectors_are_judged_by_them() {
    let watched = |stage: &Stage| stage.app.panes.pods.watches();
    let both: [fn() -> Stage; 2] = [listed, || versioned("v1")];
    for (make, selected) in both.into_iter().zip([false, true]) {
        let mut stage = make();
        stage.keys("2 z");
        stage.pass(Duration::from_mins(5));
        assert_eq!(watched(&stage), selected, "{}", stage.text());
    }
}

#[test]
fn a_policy_is_for_the_whole_mesh_where_the_mesh_has_its_root() {
    let mut stage = versioned("v1");
    let rule = json!({"host": "reviews", "trafficPolicy": {"tls": {"mode": "DISABLE"}}});
    pieces(&mut stage, "DestinationRule", &[istio("networking", "DestinationRule", "reviews", &rule)]);
    let mut strict = istio("security", "PeerAuthentication", "all", &json!({"mtls": {"mode": "STRICT"}}));
    strict.0["metadata"]["namespace"] = json!("mesh-root");
    pieces(&mut stage, "PeerAuthentication", &[strict]);
    let root = asked_root(&stage);
    stage.send(Event::MeshRoot(root, "istio-system".to_owned()));
    let before = wins(&stage, "calls");
    stage.send(Event::MeshRoot(root, "mesh-root".to_owned()));
    assert_eq!((before.as_str(), wins(&stage, "calls").as_str()), ("yes, 1 conflict", "yes, 2 conflicts"));
}
