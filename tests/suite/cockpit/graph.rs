//! The service graph in the Mesh pane: what it shows, how keys move along it, and that nothing jumps.

use brink::{
    cluster::{Batch, Delta, Source},
    mesh::signals::{
        Golden, MetricSource, Snapshot, WorkloadRow,
        fold::{Edge, Measured, Named, Tally},
    },
    msg::{Effect, Event},
    panes::PaneKind,
};
use proptest::prelude::*;
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::{Stage, metrics, pod, shop},
};

fn named(text: &str) -> Named {
    text.split_once('/').map_or(("unknown".into(), text.into()), |(ns, name)| (ns.into(), name.into()))
}

/// What a call of the shop looks like: caller, workload, service, requests per second, failed ones.
fn call(from: &str, to: &str, service: &str, rps: f64, failed: f64) -> Edge {
    Edge { from: named(from), to: named(to), service: named(service), tally: Tally { rps, failed }, ..Edge::default() }
}

fn calls() -> Vec<Edge> {
    vec![
        call("unknown", "infra/my-gateway", "infra/my-gateway", 208.0, 0.4),
        call("infra/my-gateway", "shop/productpage", "shop/productpage", 208.0, 0.4),
        call("shop/productpage", "shop/reviews-v1", "shop/reviews", 81.0, 0.0),
        call("shop/productpage", "shop/reviews-v2", "shop/reviews", 83.0, 0.3),
        call("shop/productpage", "shop/details-v1", "shop/details", 104.0, 0.0),
        call("shop/productpage", "shop/cart", "shop/cart", 64.0, 1.2),
        call("shop/reviews-v1", "shop/ratings-v1", "shop/ratings", 40.0, 0.0),
        call("shop/reviews-v2", "shop/ratings-v1", "shop/ratings", 61.0, 0.0),
        call("shop/cart", "unknown", "shop/api.bank.example.com", 12.0, 0.9),
        call("shop/cart", "shop/cart", "shop/cart", 2.0, 0.0),
        call("shop/ratings-v1", "shop/productpage", "shop/productpage", 0.5, 0.0),
    ]
}

/// A look with these calls, and latencies of the workloads that the shop measures anyway.
fn look(edges: Vec<Edge>) -> Snapshot {
    let mut rows: std::collections::BTreeMap<Named, (f64, f64)> = std::collections::BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.to.1 != "unknown") {
        let sum = rows.entry(edge.to.clone()).or_default();
        *sum = (sum.0 + edge.tally.rps, sum.1 + edge.tally.failed);
    }
    let known = metrics();
    let row = |((namespace, workload), (rps, failed)): (Named, (f64, f64))| {
        let latency = known.workloads.iter().find(|row| row.workload == workload).map(|row| row.golden);
        let golden = Golden { rps: Some(rps), error_share: Some(failed / rps), ..latency.unwrap_or_default() };
        WorkloadRow { namespace, workload, golden, ..WorkloadRow::default() }
    };
    Snapshot {
        workloads: rows.into_iter().map(row).collect(),
        measured: Measured { edges, ..Measured::default() },
        ..known
    }
}

fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("3 v");
    stage.metrics(look(calls()));
    stage
}

/// A chain of tiers, five services wide.
fn crowd(services: usize) -> Vec<Edge> {
    let name = |at: usize| format!("shop/service-{at:03}");
    let one = |from: usize, to: usize| {
        call(&name(from), &name(to), &name(to), f64::from(u32::try_from(to).unwrap()) + 1.0, 0.0)
    };
    let straight = (5..services).map(|at| one(at - 5, at));
    straight.chain((5..services).filter(|at| at % 3 == 0).map(|at| one(at - 4, at))).collect()
}

#[rstest]
fn the_graph_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = stage(width, height);
    let name = format!("graph-{width}x{height}");
    check(&name, &stage);
    document(&name, &stage);
    stage.keys("z l l");
    check(&format!("graph-zoomed-{width}x{height}"), &stage);
    document(&format!("graph-zoomed-{width}x{height}"), &stage);
}

#[test]
fn keys_move_along_calls_and_act_on_the_node() {
    let mut stage = stage(120, 40);
    stage.keys("z");
    let object = |stage: &mut Stage| {
        stage.keys("d");
        let object = stage.asked(|effect| match effect {
            Effect::Describe(_, object) => Some(object.short()),
            _ => None,
        });
        stage.keys("esc");
        object
    };
    stage.keys("l l");
    assert_eq!(object(&mut stage), "Deployment shop/productpage");
    stage.keys("l");
    let first = object(&mut stage);
    stage.keys("j");
    assert_ne!(object(&mut stage), first);
    stage.keys("h");
    assert_eq!(object(&mut stage), "Deployment shop/productpage");
    // The fault form is about the node.
    stage.keys("f");
    assert!(stage.shows("Fault for Deployment shop/productpage"), "{}", stage.text());
}

#[test]
fn focus_shows_one_nodes_ways_and_esc_goes_back_step_by_step() {
    let mut stage = stage(120, 40);
    stage.keys("z / c a r t enter esc");
    assert!(stage.shows("details-v1"), "{}", stage.text());
    stage.keys("enter");
    assert!(
        stage.shows("only cart") && stage.shows("api.bank.example.com") && stage.shows("my-gateway"),
        "{}",
        stage.text()
    );
    assert!(!stage.shows("details-v1"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.shows("details-v1") && !stage.shows("only cart"));
    stage.keys("esc");
    assert!(stage.shows("RPS▲"), "the table again");
    assert_eq!(stage.app.focus(), PaneKind::Mesh);
}

#[test]
fn a_typed_command_opens_it_from_anywhere() {
    let mut stage = Stage::full(80, 24);
    stage.metrics(look(calls()));
    stage.keys(": g r a p h enter");
    assert!(stage.shows("graph · 9 nodes"), "{}", stage.text());
}

#[test]
fn nothing_jumps_when_somebody_comes() {
    let mut stage = stage(200, 60);
    stage.keys("z l l");
    let places = |stage: &Stage| {
        let names = ["productpage", "reviews-v1", "reviews-v2", "details-v1", "cart", "ratings-v1"];
        let text = stage.text();
        names.map(|name| {
            // Left of the strip with the details.
            let lines = text.lines().map(|line| line.chars().take(150).collect::<String>());
            let (y, line) = lines.enumerate().find(|(_, line)| line.contains(name)).unwrap();
            (name, y, line.split(name).next().unwrap().chars().count())
        })
    };
    let before = places(&stage);
    let mut more = calls();
    more.push(call("shop/cart", "shop/ledger", "shop/ledger", 3.0, 0.0));
    stage.metrics(look(more));
    assert!(stage.shows("ledger"));
    assert_eq!(places(&stage), before);
    // And when somebody goes.
    let without = calls().into_iter().filter(|edge| edge.service.1 != "ratings").collect();
    stage.metrics(look(without));
    assert_eq!(places(&stage)[..5], before[..5]);
}

#[test]
fn unknown_is_never_an_empty_graph() {
    let mut none = Stage::with(80, 24, |start| start.metrics = false).linked();
    none.keys("3 v");
    assert!(none.shows("no metric source"), "{}", none.text());
    let mut empty = Stage::full(80, 24);
    empty.keys("3 v");
    empty.metrics(Snapshot { notes: vec!["no proxy reports".to_owned()], ..Snapshot::default() });
    assert!(empty.shows("no mesh traffic measured") && empty.shows("no proxy reports"), "{}", empty.text());
    // What is missing of the figures stands above them.
    let mut partial = Stage::full(120, 40);
    let notes = vec!["2 of 9 proxies could not be read; shop/web-1: no route to host".to_owned(), "another".to_owned()];
    partial.metrics(Snapshot { notes, ..metrics() });
    partial.keys("3");
    assert!(partial.shows("source  1 more of that · 2 of 9 proxies coul…"), "{}", partial.text());
    assert!(partial.shows("reviews-v1"), "{}", partial.text());
    // Figures that are old stay, and the last line says why.
    let mut broken = stage(80, 24);
    let ticket = broken.asked(|effect| match effect {
        Effect::Measure(ticket, _) => Some(*ticket),
        _ => None,
    });
    let source = MetricSource::Broken {
        cause: "cannot ask Prometheus: refused".to_owned(),
        fix: String::new(),
        retry: std::time::Duration::from_secs(5),
    };
    broken.send(Event::Metrics(ticket, source, None));
    assert!(broken.shows("productpage") && broken.shows("cannot ask Prometheus"), "{}", broken.text());
}

#[test]
fn what_pods_tell_stands_beside_names() {
    let mut stage = Stage::full(200, 60);
    let mut gateway = pod(99, "my-gateway-5d4-x2k4p", (1, 1), "Running", 0, 10);
    gateway.labels = [("gateway.networking.k8s.io/gateway-name".into(), "my-gateway".into())].into();
    gateway.namespace = "infra".into();
    let rows = shop().into_iter().chain([gateway]).map(Delta::Upsert).collect();
    stage.send(Event::Pods(stage.pods_ticket(), Batch { deltas: rows, source: Source::Live }));
    stage.metrics(look(calls()));
    stage.keys("3 v z");
    assert!(stage.shows("◇ ambient") && stage.shows("▣ gateway") && stage.shows("gateway ─"), "{}", stage.text());
}

#[test]
fn ascii_terminals_see_only_ascii() {
    for keys in ["3 v", "3 v z", "3 v z s", "3 v z s s"] {
        let mut stage = Stage::with(120, 40, |start| start.theme.ascii = true).linked();
        stage.pods(shop());
        stage.metrics(look(calls()));
        stage.keys(keys);
        let shown = stage.text();
        let odd: Vec<char> = shown.chars().filter(|c| !c.is_ascii() && !matches!(c, '–' | '…' | '·')).collect();
        assert!(odd.is_empty(), "{odd:?} in\n{shown}");
        assert!(shown.contains("productpage") && shown.contains('>'), "{shown}");
    }
}

#[test]
fn two_hundred_services_scroll_under_the_cursor() {
    let mut stage = Stage::full(80, 24);
    stage.keys("3 v");
    stage.metrics(look(crowd(200)));
    assert!(stage.shows("graph · 200 nodes"), "{}", stage.text());
    stage.keys("G");
    assert!(stage.shows("service-199"), "{}", stage.text());
    stage.keys("g");
    assert!(stage.shows("service-000"), "{}", stage.text());
    stage.keys("/ 1 5 7 enter");
    assert!(stage.shows("service-157"), "{}", stage.text());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_keys_at_any_size(
        width in 20u16..210, height in 5u16..70, services in 0usize..60,
        keys in proptest::collection::vec(proptest::sample::select(vec![
            "h", "j", "k", "l", "g", "G", "s", "r", "o", "esc", "v", "z", "ctrl-f", "ctrl-b", "left", "down",
        ]), 0..30),
    ) {
        let mut stage = Stage::full(width, height);
        stage.keys("3 v");
        stage.metrics(look(crowd(services)));
        for (at, key) in keys.iter().enumerate() {
            stage.keys(key);
            stage.frame();
            if at % 7 == 3 {
                stage.metrics(look(crowd(services + at)));
                stage.resize(height * 2, width / 2 + 3);
            }
        }
    }
}
