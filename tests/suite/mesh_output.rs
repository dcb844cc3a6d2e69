//! The machine output, letter by letter: scripts rely on it.

use brink::{
    cluster::Manifest,
    mesh::{
        around::Around,
        output::{MeshOutput, RoutesOutput},
        resolve::World,
        routes::{RouteKind, RouteRow},
        signals::{Golden, MetricSource, Origin, RouteGolden, Snapshot, WorkloadRow, codes::Codes},
        wins::wins,
    },
};
use serde_json::json;

fn row(name: &str, minute: u32) -> RouteRow {
    let object = json!({
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": format!("2026-01-01T00:0{minute}:00Z")},
        "spec": {
            "parentRefs": [{"name": "gw"}], "hostnames": ["lior.example.com"],
            "rules": [{"backendRefs": [{"name": "v1", "port": 8080, "weight": 90}, {"name": "v2", "port": 8080, "weight": 10}]}],
        },
        "status": {"parents": [{"parentRef": {"name": "gw"}, "conditions": [{"type": "Accepted", "status": "True"}]}]},
    });
    RouteRow::decode(RouteKind::Http, &Manifest(object))
}

#[test]
fn routes() {
    let rows = [row("my-route3", 2), row("my-route", 1)];
    let golden = Golden { rps: Some(210.0), error_share: Some(0.0), p99_ms: Some(38.0), ..Golden::default() };
    let mut codes = Codes::default();
    codes.add("200", "", 189.0);
    codes.add("429", "", 21.0);
    let figures = [
        RouteGolden {
            route: rows[0].route_ref(),
            golden: Golden::default(),
            codes: Codes::default(),
            origin: Origin::Unknown,
        },
        RouteGolden { route: rows[1].route_ref(), golden, codes, origin: Origin::Shared },
    ];
    let won = wins(&World { routes: rows.iter().collect(), ..World::default() });
    let output = RoutesOutput::new(&rows, &won, &figures);
    insta::assert_snapshot!(serde_json::to_string_pretty(&output).unwrap());
    // Without figures the rest stays.
    let output = RoutesOutput::new(&rows, &won, &[]);
    assert_eq!((output.routes[0].golden.rps, output.routes[0].source), (None, Origin::Unknown));
}

#[test]
fn mesh() {
    let row = |namespace: &str, workload: &str, rps| WorkloadRow {
        namespace: namespace.into(),
        workload: workload.into(),
        golden: Golden { rps, p99_ms: Some(212.5), ..Golden::default() },
        ..WorkloadRow::default()
    };
    let snapshot = Snapshot {
        at: Some("2026-01-01T00:00:01.5Z".parse().unwrap()),
        workloads: vec![row("shop", "reviews", Some(41.0)), row("other", "x", None)],
        ..Snapshot::default()
    };
    let output = MeshOutput::new(&MetricSource::Good, Some(&snapshot), Some("shop"), &Around::default());
    insta::assert_snapshot!(serde_json::to_string_pretty(&output).unwrap());
    let none = MeshOutput::new(&MetricSource::None, None, None, &Around::default());
    let empty = json!({"at": null, "source": "none", "rows": [], "namespaces": {}, "apps": [], "services": [], "edges": [], "control_plane": null,
        "usage_source": null});
    assert_eq!(serde_json::to_value(&none).unwrap(), empty);
}
