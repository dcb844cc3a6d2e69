//! `r` in the routes pane: who takes a request, answered at every key.

use brink::{
    base::Ticket,
    mesh::load::Loaded,
    msg::{Effect, Event, Failure},
};
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::Stage,
};

const WORLD: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: shop}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: my-route, namespace: shop, creationTimestamp: 2026-11-20T10:00:00Z}
spec:
  hostnames: [lior.example.com]
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{name: v1, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: my-route-v3, namespace: shop, creationTimestamp: 2026-11-22T10:00:00Z}
spec:
  hostnames: [lior.example.com]
  parentRefs: [{name: gw}]
  rules: [{matches: [{path: {type: PathPrefix, value: /beta}}], timeouts: {request: 2s}, backendRefs: [{name: v3, port: 8080}]}]
";

fn loaded(text: &str) -> Box<Loaded> {
    let mut loaded = Loaded::default();
    loaded.read("world.yaml", text).expect("it is YAML");
    Box::new(loaded)
}

fn asked(stage: &Stage) -> Option<Ticket> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::ReadRouting(ticket) => Some(*ticket),
        _ => None,
    })
}

/// The screen over the routes of the shop, the cursor on my-route.
fn open((width, height): (u16, u16)) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("2 g r");
    let ticket = asked(&stage).expect("what has a say is asked for");
    stage.send(Event::Routing(ticket, Ok(loaded(WORLD))));
    stage
}

#[test]
fn it_begins_with_a_request_of_the_route_under_the_cursor_and_follows_the_line() {
    let mut stage = open((120, 40));
    for line in
        ["GET lior.example.com/", "goes to a backend", "HTTPRoute shop/my-route, rule 0", "shop/v1:8080 weight 1"]
    {
        assert!(stage.shows(line), "{line}:\n{}", stage.text());
    }
    assert!(stage.shows("my-route-v3, rule 0, match 0: its path does not match (path-prefix)"), "{}", stage.text());
    stage.keys("b e t a");
    for line in ["HTTPRoute shop/my-route-v3, rule 0", "timeout   2000 ms", "the winner's path is longer (path-prefix)"]
    {
        assert!(stage.shows(line), "{line}:\n{}", stage.text());
    }
    stage.keys("ctrl-u");
    assert!(stage.shows("type a request"), "{}", stage.text());
    stage.keys("a : x");
    assert!(stage.shows("`x` is no port"), "{}", stage.text());
}

#[test]
fn enter_goes_to_the_winner() {
    let mut stage = open((120, 40));
    stage.keys("b e t a enter");
    assert!(!stage.shows("Who takes"), "{}", stage.text());
    stage.keys("d");
    let described = stage.asked(|effect| match effect {
        Effect::Describe(_, object) => Some(object.name.clone()),
        _ => None,
    });
    assert_eq!(described, "my-route-v3");
}

#[test]
fn a_changed_route_is_heard_of() {
    let mut stage = open((120, 40));
    let first = asked(&stage);
    stage.routes(brink::mesh::routes::RouteKind::Http, super::stage::routes());
    let second = asked(&stage).filter(|_| asked(&stage) != first).expect("it is asked again");
    // One change more while the answer is on its way: asked once it is there.
    stage.routes(brink::mesh::routes::RouteKind::Http, super::stage::routes());
    assert_eq!(asked(&stage), Some(second));
    stage.send(Event::Routing(second, Ok(loaded(&WORLD.replace("my-route-v3", "my-route-v4")))));
    assert!(stage.shows("my-route-v4"), "{}", stage.text());
    assert_ne!(asked(&stage), Some(second));
}

#[test]
fn what_may_not_be_read_is_said_and_asked_again() {
    let mut stage = Stage::full(120, 40);
    stage.keys("2 g r");
    let ticket = asked(&stage).expect("asked");
    let failure = Failure::new("cannot list httproutes: forbidden", "ask for the right to list them");
    stage.send(Event::Routing(ticket, Err(failure)));
    assert!(stage.shows("cannot list httproutes: forbidden") && stage.shows("ask for the right"), "{}", stage.text());
    stage.keys("enter");
    assert_ne!(asked(&stage), Some(ticket));
    stage.keys("esc");
    assert!(!stage.shows("Who takes"), "{}", stage.text());
}

#[rstest]
fn gallery(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = open(size);
    stage.keys("b e t a");
    let name = format!("who-takes-{}x{}", size.0, size.1);
    check(&name, &stage);
    document(&name, &stage);
}
