//! The service graph: from what was measured to nodes and calls, their places, their cells, and the text other tools draw.

use brink::mesh::{
    around::Around,
    crew::Crew,
    dataplane::Dataplane,
    graph::{
        Edge, Graph, Layout, Node, NodeId, NodeKind, Sheet,
        layout::Followed,
        output::GraphOutput,
        sheet::{Arrow, Scale},
        text,
    },
    health::{Replicas, State},
    signals::{
        Snapshot,
        flows::{Flow, Tcp},
        fold::{self, Measured, Named, Tally},
        quantile::Quantiles,
    },
    weights::Weights,
};
use proptest::prelude::*;
use rstest::rstest;

fn named(namespace: &str, name: &str) -> Named {
    (namespace.into(), name.into())
}

fn workload(name: &str) -> NodeId {
    NodeId::Workload(named("shop", name))
}

/// `from`, `to` and `service` as `NS/NAME`; `unknown` without a namespace.
fn call(from: &str, to: &str, service: &str, rps: f64, failed: f64) -> fold::Edge {
    let of = |text: &str| text.split_once('/').map_or_else(|| named("unknown", text), |(ns, name)| named(ns, name));
    let tally = Tally { rps, failed };
    fold::Edge { from: of(from), to: of(to), service: of(service), tally, ..fold::Edge::default() }
}

fn look(edges: Vec<fold::Edge>) -> Snapshot {
    Snapshot { measured: Measured { edges, ..Measured::default() }, ..Snapshot::default() }
}

fn of(edges: Vec<fold::Edge>) -> Graph {
    Graph::of(&look(edges), &Around::default(), &Weights::default())
}

/// Workloads `n0`, `n1`, … of one namespace, and calls between them.
fn numbered(nodes: usize, calls: &[(usize, usize)]) -> Graph {
    let id = |at: usize| workload(&format!("n{at:03}"));
    Graph::new(
        (0..nodes).map(|at| Node::new(id(at))),
        calls.iter().map(|(from, to)| (id(*from), id(*to), Edge::default())),
    )
}

const SCALES: [Scale; 3] = [
    Scale { height: 4, gap: 1, port: 1, label: 14, even: true },
    Scale { height: 2, gap: 1, port: 0, label: 0, even: false },
    Scale { height: 1, gap: 0, port: 0, label: 0, even: false },
];

fn sheet(graph: &Graph, layout: &Layout, scale: Scale) -> Sheet {
    let widths: Vec<i32> = (0..graph.nodes().len()).map(|at| 8 + i32::try_from(at % 5).unwrap()).collect();
    Sheet::new(graph, layout, scale, &widths)
}

#[test]
fn calls_end_at_who_answers_at_the_service_or_outside() {
    let graph = of(vec![
        call("unknown", "shop/web", "shop/web", 10.0, 0.0),
        call("shop/web", "shop/reviews-v1", "shop/reviews", 3.0, 0.0),
        call("shop/web", "shop/reviews-v2", "shop/reviews", 1.0, 0.0),
        // Nobody answered, and two could have.
        call("shop/web", "unknown", "shop/reviews", 1.0, 1.0),
        // Nobody answered, and only one could have.
        call("shop/web", "shop/cart", "shop/cart", 4.0, 0.0),
        call("shop/web", "unknown", "shop/cart", 1.0, 1.0),
        call("shop/web", "unknown", "shop/api.example.com", 2.0, 0.0),
        call("shop/web", "unknown", "unknown", 9.0, 0.0),
    ]);
    let shown: Vec<String> = graph
        .edges()
        .iter()
        .map(|edge| {
            let name = |at: usize| graph.nodes()[at].id.to_string();
            format!("{} {} {} {:.2}", name(edge.from), name(edge.to), edge.tally.rps, edge.error_share().unwrap())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "unknown shop/web 10 0.00",
            "shop/web shop/cart 5 0.20",
            "shop/web shop/reviews-v1 3 0.00",
            "shop/web shop/reviews-v2 1 0.00",
            "shop/web shop/svc/reviews 1 1.00",
            "shop/web external/api.example.com 2 0.00",
        ]
    );
    let part = |name: &str| graph.nodes()[graph.at(&workload(name)).unwrap()].part.clone();
    assert_eq!(part("reviews-v1").unwrap().share, Some(0.75));
    assert_eq!(part("cart"), None, "it serves alone");
}

#[test]
fn what_is_not_known_is_none() {
    let graph = of(vec![call("shop/a", "shop/b", "shop/b", 0.0, 0.0)]);
    let edge = &graph.edges()[0];
    assert_eq!((edge.error_share(), edge.latency, edge.mtls), (None, None, None));
    let node = |name: &str| &graph.nodes()[graph.at(&workload(name)).unwrap()];
    assert_eq!(node("a").golden.rps, None, "nobody was seen to call it");
    assert_eq!((node("b").golden.rps, node("b").sent, node("b").dataplane), (Some(0.0), None, None));
}

#[test]
fn latency_of_a_call_is_that_of_its_one_service() {
    let quantiles = |p50: f64| Some(Quantiles { p50, p90: p50 * 2.0, p99: p50 * 3.0 });
    let lasting = |from: &str, service: &str, rps: f64, p50: f64| fold::Edge {
        latency: quantiles(p50),
        ..call(from, "shop/b", service, rps, 0.0)
    };
    let latency = |edges: Vec<fold::Edge>, from: &str| {
        let graph = of(edges);
        let (from, to) = (graph.at(&workload(from)).unwrap(), graph.at(&workload("b")).unwrap());
        graph.edges().iter().find(|edge| (edge.from, edge.to) == (from, to)).unwrap().latency
    };
    let two = vec![lasting("shop/a", "shop/b", 1.0, 5.0), lasting("shop/d", "shop/b", 1.0, 7.0)];
    assert_eq!(latency(two.clone(), "a"), quantiles(5.0), "each caller has its own");
    assert_eq!(latency(two, "d"), quantiles(7.0));
    // The same two by another service as well: of both together nobody knows, until one of them is quiet.
    for (rps, told) in [(1.0, None), (0.0, quantiles(5.0))] {
        let both = vec![lasting("shop/a", "shop/b", 1.0, 5.0), lasting("shop/a", "shop/other", rps, 9.0)];
        assert_eq!(latency(both.clone(), "a"), told);
        assert_eq!(latency(both.into_iter().rev().collect(), "a"), told, "in any order");
    }
}

#[test]
fn gateways_are_known_by_what_pods_tell() {
    let crew = Crew { planes: [(Dataplane::Gateway, 2)].into(), ..Crew::default() };
    let around = Around { crews: [(named("shop", "gw"), crew)].into(), ..Around::default() };
    let graph = Graph::of(&look(vec![call("shop/gw", "shop/b", "shop/b", 1.0, 0.0)]), &around, &Weights::default());
    let kinds: Vec<NodeKind> = graph.nodes().iter().map(Node::kind).collect();
    assert_eq!(kinds, [NodeKind::Workload, NodeKind::Gateway]);
}

#[test]
fn the_machine_form_is_as_documented() {
    let graph = of(vec![call("unknown", "shop/b", "shop/b", 4.0, 1.0)]);
    assert_eq!(
        serde_json::to_value(GraphOutput::new(&graph)).unwrap(),
        serde_json::json!({
            "nodes": [
                {
                    "id": "unknown", "kind": "unknown", "rps": null, "error_share": null, "p50_ms": null,
                    "p90_ms": null, "p99_ms": null, "tcp": null, "health": {"state": "unknown", "reasons": []},
                    "dataplane": null, "waypoint": null, "version": null, "service": null, "service_share": null,
                },
                {
                    "id": "shop/b", "kind": "workload", "rps": 4.0, "error_share": 0.25, "p50_ms": null,
                    "p90_ms": null, "p99_ms": null, "tcp": null, "health": {"state": "unknown", "reasons": []},
                    "dataplane": null, "waypoint": null, "version": null, "service": null, "service_share": null,
                },
            ],
            "edges": [{
                "from": "unknown", "to": "shop/b", "rps": 4.0, "error_share": 0.25, "p50_ms": null,
                "p90_ms": null, "p99_ms": null, "mtls": null, "waypoint": false, "tcp": null, "split": null,
            }],
        })
    );
}

/// A connection a second and what is known of its security.
fn flow(from: &str, to: &str, mtls: Option<bool>) -> Flow {
    let of = |text: &str| text.split_once('/').map_or_else(|| named("unknown", text), |(ns, name)| named(ns, name));
    let tcp = Tcp { opened: Some(1.0), ..Tcp::default() };
    Flow { from: of(from), to: of(to), service: of(to), tcp, mtls, ..Flow::default() }
}

#[test]
fn connections_are_calls_too_and_no_requests_of_nothing() {
    let mut one = look(vec![call("shop/web", "shop/api", "shop/api", 3.0, 0.0)]);
    one.measured.flows = vec![
        flow("shop/api", "shop/db", Some(true)),
        flow("shop/web", "shop/api", Some(true)),
        flow("shop/web", "shop/waypoint", Some(true)),
        flow("shop/waypoint", "shop/api", Some(true)),
        flow("shop/web", "unknown", None),
    ];
    let crew = Crew { planes: [(Dataplane::Waypoint, 1)].into(), ..Crew::default() };
    let around = Around { crews: [(named("shop", "waypoint"), crew)].into(), ..Around::default() };
    let graph = Graph::of(&one, &around, &Weights::default());
    let names: Vec<&str> = graph.nodes().iter().map(|node| node.id.name()).collect();
    assert_eq!(names, ["api", "db", "web"], "a waypoint is on the way, and no end");
    let edge = |from: &str, to: &str| {
        let (from, to) = (graph.at(&workload(from)).unwrap(), graph.at(&workload(to)).unwrap());
        graph.edges().iter().find(|edge| (edge.from, edge.to) == (from, to)).unwrap()
    };
    let db = edge("api", "db");
    assert_eq!((db.golden().rps, db.tcp.opened, db.mtls), (None, Some(1.0), Some(true)));
    assert!(db.only_tcp() && db.busy());
    let api = edge("web", "api");
    assert_eq!((api.golden().rps, api.tcp.opened, api.only_tcp()), (Some(3.0), Some(1.0), false));
    let node = &graph.nodes()[graph.at(&workload("db")).unwrap()];
    assert_eq!((node.golden.rps, node.tcp.opened), (None, Some(1.0)));
    let sends = &graph.nodes()[graph.at(&workload("api")).unwrap()];
    assert_eq!(sends.sent, None, "nobody read what it sends");
}

#[test]
fn what_pods_and_labels_tell_stands_at_the_nodes() {
    let pods = |plane, available, version: &str| Crew {
        planes: [(plane, 2)].into(),
        replicas: Replicas { desired: 2, available },
        labels: [("app".into(), "b".into()), ("version".into(), version.into())].into(),
        ..Crew::default()
    };
    let mut around = Around::default();
    around.crews.insert(named("shop", "a"), pods(Dataplane::Ambient, 2, "v7"));
    around.crews.insert(named("shop", "b"), pods(Dataplane::Ambient, 1, ""));
    around.waypoints.services.insert(named("shop", "b"), "way".into());
    let graph = Graph::of(&look(vec![call("shop/a", "shop/b", "shop/b", 1.0, 0.0)]), &around, &Weights::default());
    let node = |name: &str| &graph.nodes()[graph.at(&workload(name)).unwrap()];
    assert_eq!((node("a").version.as_deref(), node("a").waypoint.as_deref()), (Some("v7"), None));
    assert_eq!(node("a").health.state, State::Healthy, "it receives nothing, and its pods serve");
    assert_eq!((node("b").version.as_deref(), node("b").waypoint.as_deref()), (None, Some("way")));
    assert_eq!(node("b").health.why(), "1 of 2 pods are ready");
}

#[test]
fn hosts_outside_and_istios_own_names_are_outside() {
    let graph = of(vec![
        call("shop/a", "unknown", "shop/api.example.com", 1.0, 0.0),
        call("shop/a", "unknown", "shop/PassthroughCluster", 1.0, 0.0),
        call("shop/a", "unknown", "shop/BlackHoleCluster", 1.0, 1.0),
        call("shop/b", "unknown", "shop/InboundPassthroughClusterIpv4", 1.0, 0.0),
    ]);
    let outside = graph.nodes().iter().filter(|node| node.kind() == NodeKind::External).count();
    assert_eq!(outside, 4);
}

#[test]
fn odd_names_stay_names_in_what_others_draw() {
    let graph = of(vec![call("shop/a\"]; rm -rf \\", "shop/end", "shop/end\"|x", 4.0, 4.0)]);
    let dot = text::dot(&graph);
    assert!(dot.contains(r#"  "shop/a\"]; rm -rf \\" -> "shop/end" [label="4.0/s 100.0%", color=red];"#), "{dot}");
    let mermaid = text::mermaid(&graph);
    assert_eq!(
        mermaid,
        "flowchart LR\n  n0[\"shop/a#34;#93;#59; rm -rf #92;\"]\n  n1[\"shop/end\"]\n  n0 -->|\"4.0/s 100.0%\"| n1\n  linkStyle 0 stroke:red\n"
    );
}

#[test]
fn focus_keeps_both_ways_and_nobody_beside_them() {
    // 0 → 1 → 2 → 3, 0 → 4 → 3, 5 → 2.
    let graph = numbered(6, &[(0, 1), (1, 2), (2, 3), (0, 4), (4, 3), (5, 2)]);
    let part = graph.focus(&workload("n002"));
    let names: Vec<&str> = part.nodes().iter().map(|node| node.id.name()).collect();
    assert_eq!(names, ["n000", "n001", "n002", "n003", "n005"]);
    assert_eq!(part.edges().len(), 4);
    assert_eq!(graph.focus(&workload("nobody")), Graph::default());
}

#[rstest]
#[case::nobody(0, &[])]
#[case::one(1, &[])]
#[case::one_that_calls_itself(1, &[(0, 0)])]
#[case::a_ring(3, &[(0, 1), (1, 2), (2, 0)])]
#[case::two_rings(4, &[(0, 1), (1, 0), (2, 3), (3, 2)])]
#[case::parts_and_loners(7, &[(0, 1), (2, 3), (3, 4)])]
fn every_shape_has_a_place_for_everybody(#[case] nodes: usize, #[case] calls: &[(usize, usize)]) {
    let graph = numbered(nodes, calls);
    sound(&graph, &Layout::fresh(&graph)).unwrap();
}

/// Boxes do not overlap, and every wire leads from node to node without a jump or a slant.
fn sound(graph: &Graph, layout: &Layout) -> Result<(), TestCaseError> {
    for scale in SCALES {
        let sheet = sheet(graph, layout, scale);
        prop_assert_eq!(sheet.boxes.len(), graph.nodes().len());
        let mut cells = std::collections::HashSet::new();
        for one in &sheet.boxes {
            for x in one.x..one.x + one.width {
                for y in one.y..one.y + one.height {
                    prop_assert!(cells.insert((x, y)), "two nodes at {x},{y}");
                }
            }
        }
        let calls = graph.edges().iter().filter(|edge| edge.from != edge.to).count();
        prop_assert_eq!(sheet.wires.len(), calls);
        for wire in &sheet.wires {
            let edge = &graph.edges()[wire.edge];
            let (from, to) = (sheet.boxes[edge.from], sheet.boxes[edge.to]);
            let right_of = |one: brink::mesh::graph::sheet::Box| (one.x + one.width, one.y + scale.port);
            let left_of = |one: brink::mesh::graph::sheet::Box| (one.x - 1, one.y + scale.port);
            let ends = (wire.points[0], *wire.points.last().unwrap());
            let expected = match from.x.cmp(&to.x) {
                std::cmp::Ordering::Less => (right_of(from), left_of(to)),
                std::cmp::Ordering::Greater => (right_of(to), left_of(from)),
                std::cmp::Ordering::Equal => (right_of(from), right_of(to)),
            };
            prop_assert_eq!(ends, expected);
            let head = if wire.points_to == Arrow::Right { left_of(to) } else { right_of(to) };
            prop_assert_eq!(wire.arrow, head);
            for pair in wire.points.windows(2) {
                prop_assert!(pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1, "slanted: {:?}", wire.points);
                for (x, y) in [pair[0], pair[1]] {
                    prop_assert!(!cells.contains(&(x, y)), "a corner within a node: {:?}", wire.points);
                }
                // A straight piece crosses no node either.
                for x in pair[0].0.min(pair[1].0)..=pair[0].0.max(pair[1].0) {
                    prop_assert!(
                        !cells.contains(&(x, pair[0].1)) || pair[0].1 != pair[1].1,
                        "through a node: {:?}",
                        wire.points
                    );
                }
            }
        }
    }
    Ok(())
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    (1usize..24).prop_flat_map(|nodes| (Just(nodes), proptest::collection::vec((0..nodes, 0..nodes), 0..40)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_overlaps_and_every_call_joins_its_nodes((nodes, calls) in graphs()) {
        let graph = numbered(nodes, &calls);
        sound(&graph, &Layout::fresh(&graph))?;
    }

    #[test]
    fn the_order_of_facts_changes_nothing((_, calls) in graphs(), turn in 0usize..40) {
        let edges: Vec<fold::Edge> = calls
            .iter()
            .map(|(from, to)| call(&format!("shop/n{from}"), &format!("shop/n{to}"), &format!("shop/s{}", to / 2), 1.0, 0.0))
            .collect();
        let mut other = edges.clone();
        other.reverse();
        let turn = turn % other.len().max(1);
        other.rotate_left(turn);
        let (one, two) = (of(edges), of(other));
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(Layout::fresh(&one), Layout::fresh(&two));
    }

    #[test]
    fn whoever_stays_keeps_the_place((nodes, calls) in graphs(), new in (0usize..24, 0usize..24), leaves in 0usize..24) {
        let before = numbered(nodes, &calls);
        let fresh = Layout::fresh(&before);
        let kept = |layout: &Layout, graph: &Graph| {
            graph.nodes().iter().all(|node| {
                fresh.place(&node.id).is_none_or(|place| layout.place(&node.id) == Some(place))
            })
        };
        // The same again, a call more, a call less, a node more, a node less.
        let mut more = calls.clone();
        more.push((new.0 % nodes, new.1 % nodes));
        let fewer: Vec<(usize, usize)> = calls.iter().skip(1).copied().collect();
        let mut grown = calls.clone();
        grown.push((new.0 % nodes, nodes));
        let leaves = leaves % nodes;
        let without: Vec<(usize, usize)> = calls.iter().filter(|(a, b)| *a != leaves && *b != leaves).copied().collect();
        let left = Graph::new(
            before.nodes().iter().enumerate().filter(|(at, _)| *at != leaves).map(|(_, node)| node.clone()),
            without.iter().map(|(a, b)| (before.nodes()[*a].id.clone(), before.nodes()[*b].id.clone(), Edge::default())),
        );
        for after in [before.clone(), numbered(nodes, &more), numbered(nodes, &fewer), numbered(nodes + 1, &grown), left] {
            let mut layout = fresh.clone();
            let followed = layout.follow(&after);
            if after.nodes().is_empty() {
                continue;
            }
            prop_assert!(followed != Followed::Anew);
            prop_assert!(kept(&layout, &after), "somebody moved");
            prop_assert_eq!(layout.places().len(), after.nodes().len());
            sound(&after, &layout)?;
            // Who left and returns stands where it stood.
            layout.follow(&before);
            prop_assert!(kept(&layout, &before));
        }
    }
}

#[test]
fn a_picture_that_has_gone_bad_is_drawn_anew() {
    let small = numbered(3, &[(0, 1), (1, 2)]);
    let mut layout = Layout::fresh(&small);
    let calls: Vec<(usize, usize)> = (0..39).map(|at| (at, at + 1)).collect();
    let large = numbered(40, &calls);
    assert_eq!(layout.follow(&large), Followed::Anew);
    assert_eq!(layout, Layout::fresh(&large));
    // A few at a time are put in, until they are the most.
    let mut layout = Layout::fresh(&small);
    let steps: Vec<Followed> = (4..14).map(|nodes| layout.follow(&numbered(nodes, &calls[..nodes - 1]))).collect();
    assert_eq!(steps.iter().position(|step| *step == Followed::Anew), Some(7));
}

#[test]
fn five_hundred_services_have_places_too() {
    let calls: Vec<(usize, usize)> =
        (0..2_000usize).map(|at| (at * 7 % 250, 250 + at * 31 % 250)).filter(|(a, b)| a != b).collect();
    let graph = numbered(500, &calls);
    let layout = Layout::fresh(&graph);
    assert_eq!(layout.places().len(), 500);
    let widest = layout.places().values().map(|place| place.layer).max().unwrap();
    assert_eq!(widest, 1, "half call the other half");
    let sheet = sheet(&graph, &layout, SCALES[2]);
    assert_eq!(sheet.wires.len(), graph.edges().len());
}
