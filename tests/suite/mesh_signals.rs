//! Figures from samples: each request once, routes by their origin, trends with gaps.

use brink::{
    cluster::Manifest,
    mesh::{
        around::Around,
        gateways::{GatewayRow, Gateways},
        output::MeshOutput,
        resolve::World,
        routes::{RouteKind, RouteRow},
        signals::{
            Freshness, MetricSource, Origin, RouteGolden, Snapshot,
            answers::Answers,
            fold::Measured,
            quantile::Quantiles,
            route::{attribute, gateway_names},
            sample::{EdgeLabels, FlowLabels, Matrix, RouteLabels, ServiceLabels, WorkloadLabels},
            trail::{Past, STEPS, Trail},
        },
        wins::{Wins, wins},
    },
};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;

/// `reporter caller -> workload/service code`, all in namespace `shop`.
fn edge(text: &str, rate: f64) -> (EdgeLabels, f64) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [reporter, from, "->", to, code] = words[..] else { panic!("{text}") };
    let (workload, service) = to.split_once('/').unwrap();
    let (code, grpc) = code.split_once('+').unwrap_or((code, ""));
    let namespace = |name: &str| if name == "unknown" { "unknown".into() } else { "shop".into() };
    let labels = EdgeLabels {
        reporter: reporter.into(),
        source_workload_namespace: namespace(from),
        source_workload: from.into(),
        destination_workload_namespace: namespace(workload),
        destination_workload: workload.into(),
        destination_service_namespace: namespace(service),
        destination_service_name: service.into(),
        response_code: code.into(),
        grpc_response_status: grpc.into(),
        ..EdgeLabels::default()
    };
    (labels, rate)
}

fn look(edges: Vec<(EdgeLabels, f64)>) -> Snapshot {
    Snapshot::of(&Answers { at: Some(Timestamp::UNIX_EPOCH), edges, ..Answers::default() })
}

fn figures(snapshot: &Snapshot) -> Vec<(String, Option<f64>, Option<f64>)> {
    snapshot.workloads.iter().map(|row| (row.workload.to_string(), row.golden.rps, row.golden.error_share)).collect()
}

#[test]
fn a_request_reported_by_both_ends_counts_once() {
    let snapshot = look(vec![
        edge("source web -> reviews/reviews 200", 10.0),
        edge("destination web -> reviews/reviews 200", 9.0),
    ]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(10.0), Some(0.0))]);
    assert_eq!(snapshot.total.rps, Some(10.0));
}

#[test]
fn callers_outside_the_mesh_are_told_by_the_called_side() {
    let snapshot = look(vec![
        edge("source web -> reviews/reviews 200", 10.0),
        edge("destination web -> reviews/reviews 200", 10.0),
        edge("destination unknown -> reviews/reviews 200", 5.0),
    ]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(15.0), Some(0.0))]);
}

#[test]
fn a_waypoint_between_them_is_not_added() {
    let snapshot = look(vec![
        edge("waypoint web -> reviews/reviews 200", 8.0),
        edge("destination web -> reviews/reviews 200", 8.0),
        edge("source cart -> reviews/reviews 200", 2.0),
        edge("waypoint cart -> reviews/reviews 200", 2.0),
    ]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(10.0), Some(0.0))]);
}

#[test]
fn what_the_caller_saw_fail_counts_although_the_called_side_saw_nothing() {
    // A fault on the way: the called side never saw the aborted half.
    let snapshot = look(vec![
        edge("source web -> reviews/reviews 503", 5.0),
        edge("source web -> reviews/reviews 200", 5.0),
        edge("destination web -> reviews/reviews 200", 5.0),
    ]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(10.0), Some(0.5))]);
}

#[test]
fn a_silent_reporter_is_not_believed_over_one_that_saw_requests() {
    let snapshot =
        look(vec![edge("source web -> reviews/reviews 200", 0.0), edge("destination web -> reviews/reviews 200", 4.0)]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(4.0), Some(0.0))]);
}

#[test]
fn retries_are_told_apart_from_requests() {
    // web asked 10 times and saw one failure; its proxy tried 12 times, three of which failed.
    let snapshot = look(vec![
        edge("source web -> reviews/reviews 200", 9.0),
        edge("source web -> reviews/reviews 503", 1.0),
        edge("destination web -> reviews/reviews 200", 9.0),
        edge("destination web -> reviews/reviews 503", 3.0),
        edge("source web -> unknown/reviews 503", 2.0),
        edge("source web -> ratings/ratings 200", 4.0),
    ]);
    let [ratings, reviews] = &snapshot.services[..] else { panic!("two services") };
    assert_eq!(
        ratings.attempts.map(brink::mesh::signals::attempts::Attempts::figures),
        None,
        "nobody told of attempts"
    );
    let figures = reviews.attempts.unwrap().figures().unwrap();
    assert!((figures.amplification - 1.0).abs() < 1e-9, "12 attempts for 12 requests, two of which reached nobody");
    assert_eq!((figures.success_before, figures.success_after), (Some(0.75), 0.75));
    let along = snapshot.measured.edges.iter().find(|edge| edge.to.1 == "reviews").unwrap();
    assert!((along.attempts.unwrap().figures().unwrap().amplification - 1.2).abs() < 1e-9);
    assert_eq!(reviews.versions.len(), 1);
}

#[test]
fn answers_are_told_by_class_for_who_receives_and_who_sends() {
    let snapshot = look(vec![
        edge("source web -> reviews/reviews 200", 6.0),
        edge("source web -> reviews/reviews 429", 2.0),
        edge("source web -> reviews/reviews 404", 1.0),
        edge("source reviews -> ratings/ratings 200+14", 3.0),
    ]);
    let reviews = snapshot.workload("shop", "reviews").unwrap();
    let classes = reviews.codes.classes().unwrap();
    assert!((classes.client_errors - 1.0 / 3.0).abs() < 1e-9 && (classes.limited - 2.0 / 9.0).abs() < 1e-9);
    assert!((reviews.sent.classes().unwrap().grpc_errors - 1.0).abs() < 1e-9);
    assert_eq!(snapshot.workload("shop", "ratings").unwrap().sent.classes(), None, "it calls nobody");
}

#[test]
fn who_is_called_by_connections_alone_is_there_without_requests() {
    let labels = FlowLabels {
        signal: "opened".into(),
        reporter: "destination".into(),
        source_workload: "web".into(),
        destination_workload: "db".into(),
        destination_workload_namespace: "shop".into(),
        connection_security_policy: "mutual_tls".into(),
        ..FlowLabels::default()
    };
    let snapshot = Snapshot::of(&Answers {
        edges: vec![edge("source web -> reviews/reviews 200", 6.0)],
        flows: vec![(labels, 3.0)],
        ..Answers::default()
    });
    let names: Vec<&str> = snapshot.workloads.iter().map(|row| row.workload.as_str()).collect();
    assert_eq!(names, ["db", "reviews"]);
    let db = &snapshot.workloads[0];
    assert_eq!((db.golden.rps, db.tcp.opened), (None, Some(3.0)));
    assert_eq!(snapshot.total.rps, Some(6.0));
    assert_eq!(snapshot.measured.flows[0].mtls, Some(true));
}

#[rstest]
#[case("200", 0.0)]
#[case("404", 0.0)]
#[case("500", 1.0)]
#[case("503", 1.0)]
#[case("0", 1.0)]
#[case("200+0", 0.0)]
#[case("200+14", 1.0)]
fn what_counts_as_failed(#[case] code: &str, #[case] share: f64) {
    let snapshot = look(vec![edge(&format!("source web -> r/r {code}"), 2.0)]);
    assert_eq!(snapshot.total.error_share, Some(share));
}

#[test]
fn calls_that_reached_nobody_go_to_the_one_workload_behind_the_service() {
    let snapshot =
        look(vec![edge("source web -> reviews/reviews 200", 3.0), edge("source web -> unknown/reviews 503", 1.0)]);
    assert_eq!(figures(&snapshot), [("reviews".to_owned(), Some(4.0), Some(0.25))]);
    let snapshot = look(vec![
        edge("source web -> v1/reviews 200", 3.0),
        edge("source web -> v2/reviews 200", 3.0),
        edge("source web -> unknown/reviews 503", 1.0),
        edge("source web -> unknown/unknown 503", 1.0),
    ]);
    let rows = figures(&snapshot);
    assert_eq!(rows[0], ("svc/reviews".to_owned(), Some(1.0), Some(1.0)));
    assert_eq!(rows.len(), 3, "nowhere is no row");
}

#[test]
fn nothing_measured_is_unknown_and_not_zero() {
    let snapshot = look(Vec::new());
    assert_eq!((snapshot.total.rps, snapshot.workloads.len()), (None, 0));
    assert_eq!(snapshot.notes.len(), 1, "and it is said");
    // Requests that stopped are zero, and their share of failures is not known.
    let snapshot = look(vec![edge("source web -> r/r 200", 0.0)]);
    assert_eq!((snapshot.total.rps, snapshot.total.error_share), (Some(0.0), None));
}

#[test]
fn latency_is_believed_from_who_saw_most() {
    let bucket = |reporter: &str, le: &str, rate: f64| {
        let labels = WorkloadLabels {
            reporter: reporter.into(),
            destination_workload_namespace: "shop".into(),
            destination_workload: "r".into(),
            le: le.into(),
        };
        (labels, rate)
    };
    let answers = |source: f64, destination: f64| Answers {
        edges: vec![edge("source web -> r/r 200", 1.0)],
        workload_latency: vec![
            bucket("source", "10", source),
            bucket("source", "+Inf", source),
            bucket("destination", "100", 0.0),
            bucket("destination", "200", destination),
            bucket("destination", "+Inf", destination),
        ],
        ..Answers::default()
    };
    let p50 = |source, destination| Snapshot::of(&answers(source, destination)).workloads[0].golden.p50_ms;
    assert_eq!(p50(10.0, 10.2), Some(5.0), "about the same: the caller's side");
    assert_eq!(p50(1.0, 10.0), Some(150.0), "most callers have no proxy");
}

#[test]
fn latency_of_an_edge_is_told_by_who_counts_its_requests() {
    let told = |reporter: &str, signal: &str, value: f64| {
        let labels = FlowLabels {
            signal: signal.into(),
            reporter: reporter.into(),
            source_workload_namespace: "shop".into(),
            source_workload: "web".into(),
            destination_workload_namespace: "shop".into(),
            destination_workload: "r".into(),
            destination_service_namespace: "shop".into(),
            destination_service_name: "r".into(),
            ..FlowLabels::default()
        };
        (labels, value)
    };
    let all = |reporter: &str, p50: f64| {
        [("p50", p50), ("p90", p50 * 2.0), ("p99", p50 * 3.0)].map(|(signal, value)| told(reporter, signal, value))
    };
    let latency = |edge_latency: Vec<(FlowLabels, f64)>| {
        let edges = vec![edge("source web -> r/r 200", 10.0), edge("destination web -> r/r 200", 10.0)];
        Snapshot::of(&Answers { edges, edge_latency, ..Answers::default() }).measured.edges[0].latency
    };
    let quantiles = |p50: f64| Some(Quantiles { p50, p90: p50 * 2.0, p99: p50 * 3.0 });
    assert_eq!(latency([all("destination", 4.0), all("source", 5.0)].concat()), quantiles(5.0));
    assert_eq!(latency(all("destination", 4.0).to_vec()), quantiles(4.0), "who else timed it");
    assert_eq!(latency(Vec::new()), None);
    assert_eq!(latency(all("source", 5.0)[..2].to_vec()), None, "half of it is none");
    assert_eq!(latency(all("somebody", 5.0).to_vec()), None);
}

/// All that is told of a subject is told of its namespace, and of the versions of a service.
#[test]
fn a_namespace_adds_up_and_a_version_has_the_latency_of_its_workload() {
    let bucket = |workload: &str, le: &str, rate: f64| {
        let labels = WorkloadLabels {
            reporter: "source".into(),
            destination_workload_namespace: "shop".into(),
            destination_workload: workload.into(),
            le: le.into(),
        };
        (labels, rate)
    };
    let snapshot = Snapshot::of(&Answers {
        edges: vec![
            edge("source web -> r/r 200", 6.0),
            edge("source web -> r/r 503", 2.0),
            edge("source web -> s/s 429", 2.0),
        ],
        workload_latency: vec![
            bucket("r", "10", 8.0),
            bucket("r", "20", 8.0),
            bucket("r", "+Inf", 8.0),
            bucket("s", "10", 0.0),
            bucket("s", "20", 2.0),
            bucket("s", "+Inf", 2.0),
        ],
        ..Answers::default()
    });
    let answer = MeshOutput::new(&MetricSource::Good, Some(&snapshot), None, &Around::default());
    let space = &answer.namespaces["shop"];
    assert_eq!((space.golden.rps, space.golden.error_share, space.golden.p50_ms), (Some(10.0), Some(0.2), Some(6.25)));
    let answers = space.answers.unwrap();
    assert!((answers.limited - 0.2).abs() < 1e-9 && (answers.server_errors - 0.2).abs() < 1e-9, "{answers:?}");
    let version = |service: &str| {
        let service = answer.services.iter().find(|one| one.service == service).unwrap();
        service.versions[0].golden.p50_ms
    };
    assert_eq!((version("r"), version("s")), (Some(5.0), Some(15.0)));
}

fn http(name: &str, parent: &str, host: &str, backend: &str) -> RouteRow {
    let object = json!({
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"parentRefs": [{"name": parent}], "hostnames": [host], "rules": [{"backendRefs": [{"name": backend, "port": 80}]}]},
    });
    RouteRow::decode(RouteKind::Http, &Manifest(object))
}

fn service(name: &str, host: &str, gateway: Option<&str>) -> RouteRow {
    let mut object = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"hosts": [host], "http": [{"route": [{"destination": {"host": host}}]}]},
    });
    if let Some(gateway) = gateway {
        object["spec"]["gateways"] = json!([gateway]);
    }
    RouteRow::decode(RouteKind::VirtualService, &Manifest(object))
}

fn measured(edges: Vec<(EdgeLabels, f64)>) -> Measured {
    let mut all = vec![edge("source unrelated -> x/x 200", 1.0)];
    all.extend(edges);
    look(all).measured
}

/// Figures of routes that nothing but themselves decides about.
fn figures_of(routes: &[RouteRow], measured: &Measured) -> Vec<RouteGolden> {
    let world = World { routes: routes.iter().collect(), ..World::default() };
    attribute(&world, &wins(&world), measured)
}

/// Rps and origin of each route.
fn shares(routes: &[RouteRow], measured: &Measured) -> Vec<(Option<f64>, Origin)> {
    figures_of(routes, measured).iter().map(|row| (row.golden.rps, row.origin)).collect()
}

#[test]
fn a_route_gets_what_its_gateway_sends_to_its_backends() {
    let routes = [http("a", "gw", "a.x", "one"), http("b", "gw", "b.x", "two"), http("c", "other", "c.x", "one")];
    let measured = measured(vec![
        edge("source gw-istio -> one/one 200", 7.0),
        edge("source gw-istio -> one/one 503", 1.0),
        edge("source web -> one/one 200", 50.0),
        edge("source other -> one/one 200", 2.0),
    ]);
    let rows = figures_of(&routes, &measured);
    assert_eq!(
        (rows[0].golden.rps, rows[0].golden.error_share, rows[0].origin),
        (Some(8.0), Some(0.125), Origin::Measured)
    );
    // The gateway reports, and nothing to `two`: none, measured.
    assert_eq!((rows[1].golden.rps, rows[1].origin), (Some(0.0), Origin::Measured));
    assert_eq!((rows[2].golden.rps, rows[2].origin), (Some(2.0), Origin::Measured));
}

#[test]
fn routes_that_share_gateway_and_backend_show_the_sum() {
    let routes = [http("a", "gw", "a.x", "one"), http("b", "gw", "b.x", "one")];
    let measured = measured(vec![edge("source gw-istio -> one/one 200", 7.0)]);
    assert_eq!(shares(&routes, &measured), [(Some(7.0), Origin::Shared), (Some(7.0), Origin::Shared)]);
}

#[test]
fn the_route_that_wins_has_them_all() {
    // The same claim twice: the first by name wins.
    let routes = [http("a", "gw", "a.x", "one"), http("b", "gw", "a.x", "one"), http("c", "gw", "a.x", "two")];
    let measured = measured(vec![edge("source gw -> one/one 200", 7.0)]);
    assert_eq!(
        shares(&routes, &measured),
        [(Some(7.0), Origin::Measured), (Some(0.0), Origin::Measured), (Some(0.0), Origin::Measured)]
    );
}

#[test]
fn without_a_gateway_that_reports_nothing_is_known() {
    let routes = [http("a", "gw", "a.x", "one"), service("v", "one", Some("ingress"))];
    let measured = measured(vec![edge("source web -> one/one 200", 7.0)]);
    assert_eq!(shares(&routes, &measured), [(None, Origin::Unknown), (None, Origin::Unknown)]);
}

#[test]
fn the_gateway_with_the_longest_name_that_fits_is_meant() {
    let routes = [http("a", "gw", "a.x", "one"), http("b", "gw-internal", "b.x", "one")];
    let measured = measured(vec![
        edge("source gw-istio -> one/one 200", 3.0),
        edge("source gw-internal-istio -> one/one 200", 5.0),
    ]);
    assert_eq!(shares(&routes, &measured), [(Some(3.0), Origin::Measured), (Some(5.0), Origin::Measured)]);
    let world = World { routes: routes.iter().collect(), ..World::default() };
    assert_eq!(gateway_names(&world), ["gw", "gw-internal"]);
}

#[test]
fn a_listener_set_is_carried_by_the_gateway_it_hangs_on() {
    let object = |kind: &str, name: &str, spec: serde_json::Value| {
        GatewayRow::decode(&Manifest(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
        })))
    };
    let listeners = json!([{"name": "http", "port": 80, "protocol": "HTTP"}]);
    let gateways = [
        object("Gateway", "gw", json!({"gatewayClassName": "istio", "listeners": listeners})),
        object("ListenerSet", "team", json!({"parentRef": {"name": "gw"}, "listeners": listeners})),
    ];
    let route = |set: &str| {
        let parent = json!({"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": set});
        let spec = json!({"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "one", "port": 80}]}]});
        let object = json!({"metadata": {"name": set, "namespace": "shop"}, "spec": spec});
        RouteRow::decode(RouteKind::Http, &Manifest(object))
    };
    let routes = [route("team"), route("elsewhere")];
    let world = World { routes: routes.iter().collect(), gateways: Gateways::all(&gateways), ..World::default() };
    let measured = measured(vec![edge("source gw-istio -> one/one 200", 7.0)]);
    let told: Vec<_> = attribute(&world, &[Wins::Yes, Wins::Yes], &measured)
        .into_iter()
        .map(|row| (row.golden.rps, row.origin))
        .collect();
    assert_eq!(told, [(Some(7.0), Origin::Measured), (None, Origin::Unknown)], "of a set nobody knows nothing is told");
    assert_eq!(gateway_names(&world), ["gw"]);
}

#[test]
fn an_ingress_has_what_the_controller_of_its_class_sends() {
    let ingress = |name: &str, class: &str| {
        let backend = json!({"service": {"name": "one", "port": {"number": 80}}});
        let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
        let spec = json!({"ingressClassName": class, "rules": [{"host": "a.x", "http": {"paths": paths}}]});
        let object = json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec});
        RouteRow::decode(RouteKind::Ingress, &Manifest(object))
    };
    let routes = [ingress("a", "nginx"), ingress("b", "ours")];
    let measured = measured(vec![
        edge("source ingress-nginx-controller -> one/one 200", 7.0),
        edge("source web -> one/one 200", 50.0),
    ]);
    let told = shares(&routes, &measured);
    assert_eq!(told, [(Some(7.0), Origin::Measured), (None, Origin::Unknown)], "whose class is unknown is unknown");
    let world = World { routes: routes.iter().collect(), ..World::default() };
    assert_eq!(gateway_names(&world), ["ingress-nginx-controller", "nginx-ingress"]);
}

#[test]
fn routes_of_the_mesh_get_what_is_called_from_inside() {
    let routes = [http("a", "gw", "a.x", "one"), service("v", "one", None), service("w", "never", None)];
    let mut answers = Answers {
        edges: vec![edge("source gw-istio -> one/one 200", 3.0), edge("source web -> one/one 200", 4.0)],
        ..Answers::default()
    };
    for (from, le, rate) in
        [("gw-istio", "10", 3.0), ("gw-istio", "+Inf", 3.0), ("", "100", 0.0), ("", "300", 4.0), ("", "+Inf", 4.0)]
    {
        let labels = ServiceLabels {
            reporter: "source".into(),
            source_workload_namespace: if from.is_empty() { "".into() } else { "shop".into() },
            source_workload: from.into(),
            destination_service_namespace: "shop".into(),
            destination_service_name: "one".into(),
            le: le.into(),
        };
        answers.service_latency.push((labels, rate));
    }
    let rows = figures_of(&routes, &Snapshot::of(&answers).measured);
    let figures: Vec<_> = rows.iter().map(|row| (row.golden.rps, row.golden.p50_ms, row.origin)).collect();
    assert_eq!(
        figures,
        [
            (Some(3.0), Some(5.0), Origin::Measured),
            (Some(4.0), Some(200.0), Origin::Measured),
            (None, None, Origin::Unknown)
        ]
    );
}

#[test]
fn series_that_name_the_route_come_first() {
    let routes = [http("a", "gw", "a.x", "one"), http("b", "gw", "b.x", "one")];
    let label =
        |route: &str, status: &str, le: &str| RouteLabels { route: route.into(), status: status.into(), le: le.into() };
    let answers = Answers {
        edges: vec![edge("source gw -> one/one 200", 7.0)],
        labelled: vec![(label("shop/a", "200", ""), 3.0), (label("shop/a", "500", ""), 1.0)],
        labelled_latency: vec![(label("shop/a", "", "0.1"), 4.0), (label("shop/a", "", "+Inf"), 4.0)],
        ..Answers::default()
    };
    let rows = figures_of(&routes, &Snapshot::of(&answers).measured);
    assert_eq!(
        (rows[0].golden.rps, rows[0].golden.error_share, rows[0].origin),
        (Some(4.0), Some(0.25), Origin::Measured)
    );
    assert_eq!(rows[0].golden.p50_ms, Some(50.0));
    assert_eq!(rows[1].origin, Origin::Shared);
}

fn at(second: i64, rps: f64) -> Snapshot {
    let mut snapshot = look(vec![edge("source web -> r/r 200", rps)]);
    snapshot.at = Some(Timestamp::from_second(second).unwrap());
    snapshot
}

#[test]
fn trends_have_a_sample_a_step_and_gaps() {
    let mut trail = Trail::new(15);
    let mut last = Snapshot::default();
    for (second, rps) in [(1500, 1.0), (1509, 2.0), (1515, 3.0), (1560, 4.0), (1530, 9.0)] {
        last = at(second, rps);
        trail.push(&mut last);
        if second == 1560 {
            let trends = &last.workloads[0].trends;
            // 1500 was overwritten by 1509; 1530 and 1545 were missed.
            assert_eq!(trends.rps.iter().collect::<Vec<_>>(), [Some(2.0), Some(3.0), None, None, Some(4.0)]);
            assert_eq!(last.total_trends.rps, trends.rps);
            assert_eq!(last.step_s, 15);
        }
    }
    assert_eq!(last.workloads[0].trends.rps.len(), 5, "a clock that went back adds nothing");
}

#[test]
fn trends_are_bounded_and_forget_what_is_gone() {
    let mut trail = Trail::new(1);
    let mut gone = look(vec![edge("source web -> gone/gone 200", 1.0)]);
    gone.at = Some(Timestamp::from_second(0).unwrap());
    trail.push(&mut gone);
    let long = i64::try_from(STEPS).unwrap() + 20;
    for second in 1..long {
        trail.push(&mut at(second, 1.0));
    }
    let mut last = at(long, 1.0);
    trail.push(&mut last);
    assert_eq!(last.workloads[0].trends.rps.len(), STEPS);
    let mut again = look(vec![edge("source web -> gone/gone 200", 1.0)]);
    again.at = Some(Timestamp::from_second(long + 1).unwrap());
    trail.push(&mut again);
    assert_eq!(again.workloads[0].trends.rps.iter().collect::<Vec<_>>(), [Some(1.0)], "it starts anew");
    // A sleep of a year costs no year of gaps.
    trail.push(&mut at(40_000_000, 1.0));
}

/// Ten thousand pods, five hundred services of two versions, two thousand calls: an hour of it, as the looks, the screen and
/// whoever still holds the look before keep it.
#[test]
fn an_hour_of_a_large_mesh_is_kept_once() {
    const MOST: usize = 10 << 20;
    let look = |second: i64| {
        let mut samples = Vec::new();
        for n in 0..2000usize {
            let (from, to) = (n % 1000, (n * 7 + n / 1000) % 1000);
            samples.push(edge(&format!("source w{from} -> w{to}/s{} 200", to % 500), 1.0));
        }
        let mut snapshot = look(samples);
        snapshot.at = Some(Timestamp::from_second(second).unwrap());
        snapshot
    };
    let mut trail = Trail::new(15);
    let mut kept: Vec<Snapshot> = Vec::new();
    for step in 0..i64::try_from(STEPS).unwrap() + 5 {
        let mut newest = look(step * 15);
        trail.push(&mut newest);
        // The screen has rows of its own, made of the same.
        kept = kept.into_iter().rev().take(1).chain([newest.clone(), newest]).collect();
    }
    let rows = || kept.iter().flat_map(|snapshot| snapshot.workloads.iter().map(|row| &row.trends));
    let all: std::collections::BTreeMap<usize, usize> = rows()
        .chain(kept.iter().map(|snapshot| &snapshot.total_trends))
        .map(|trends| {
            let series = [&trends.rps, &trends.error_share, &trends.p50_ms, &trends.p99_ms];
            let bytes: usize = series.iter().map(|series| series.bytes()).sum();
            (std::sync::Arc::as_ptr(trends).addr(), bytes + size_of_val(&**trends))
        })
        .collect();
    let bytes: usize = all.values().sum();
    println!("{} workloads, {} histories, {} KiB", kept[0].workloads.len(), all.len(), bytes >> 10);
    assert_eq!((kept[0].workloads.len(), rows().count()), (1000, 3000));
    assert_eq!(all.len(), 2 * 1001, "those of the look before, and those of the newest");
    assert!(rows().all(|trends| trends.rps.len() == STEPS));
    assert!(bytes <= MOST, "{bytes} bytes");
}

#[test]
fn the_past_is_taken_in_from_the_believed_reporter() {
    let series = |values: &[(&str, &[(f64, f64)])]| Matrix {
        series: values
            .iter()
            .map(|(reporter, points)| {
                // `all NAME`: what a reporter tells of all workloads together.
                let labels = match reporter.strip_prefix("all ") {
                    Some(reporter) => WorkloadLabels { reporter: reporter.into(), ..WorkloadLabels::default() },
                    None => WorkloadLabels {
                        reporter: (*reporter).into(),
                        destination_workload_namespace: "shop".into(),
                        destination_workload: "r".into(),
                        le: "".into(),
                    },
                };
                (labels, points.to_vec())
            })
            .collect(),
        warnings: Vec::new(),
    };
    let mut trail = Trail::new(15);
    trail.fill(&Past {
        rps: series(&[("destination", &[(0.0, 1.0)]), ("source", &[(0.0, 4.0), (30.0, 8.0)])]),
        failed: series(&[("source", &[(30.0, 2.0)])]),
        p50: series(&[
            ("destination", &[(0.0, 99.0)]),
            ("source", &[(0.0, 5.0)]),
            ("all destination", &[(0.0, 80.0)]),
            ("all source", &[(0.0, 7.0), (30.0, 8.0)]),
        ]),
        p99: series(&[]),
    });
    let mut now = at(45, 6.0);
    trail.push(&mut now);
    let trends = &now.workloads[0].trends;
    assert_eq!(trends.rps.iter().collect::<Vec<_>>(), [Some(4.0), None, Some(8.0), Some(6.0)]);
    assert_eq!(trends.error_share.iter().collect::<Vec<_>>(), [Some(0.0), None, Some(0.25), Some(0.0)]);
    assert_eq!(trends.p50_ms.iter().collect::<Vec<_>>(), [Some(5.0), None, None, None]);
    assert_eq!(now.total_trends.rps.iter().collect::<Vec<_>>(), [Some(4.0), None, Some(8.0), Some(6.0)]);
    assert_eq!(now.total_trends.p50_ms.iter().collect::<Vec<_>>(), [Some(7.0), None, Some(8.0), None]);
}

#[rstest]
#[case(0, "fresh")]
#[case(14, "fresh")]
#[case(15, "15s")]
#[case(60, "1m")]
#[case(299, "1m")]
#[case(300, "stale")]
fn freshness_goes_in_steps(#[case] seconds: u64, #[case] word: &str) {
    assert_eq!(Freshness::of(std::time::Duration::from_secs(seconds)).word(), word);
}
