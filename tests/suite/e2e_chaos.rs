//! Chaos Mesh in the embedded world, by the real binary: a network delay is active when the engine says so, seen in the mesh,
//! and over when the engine has taken it back; to a dead engine nothing is given.

use serde_json::Value;

use super::{
    cli::Home,
    support::{served::Demo, wait},
};

/// Seconds that the engine and the traffic get.
const PATIENCE: u64 = 240;

/// The median of a workload as its mesh tells it, milliseconds.
pub(super) fn median(home: &Home, demo: &Demo, workload: &str) -> f64 {
    let shown = home.brink(demo.words("mesh -n shop -o json")).json();
    let row = shown["rows"].as_array().unwrap().iter().find(|row| row["workload"] == workload);
    row.and_then(|row| row["p50_ms"].as_f64()).unwrap_or_default()
}

/// What is there of Chaos Mesh's objects.
fn chaos(home: &Home, demo: &Demo) -> Vec<Value> {
    let list = home.brink(demo.words("get networkchaos -n shop -o json")).json();
    list["items"].as_array().cloned().unwrap_or_default()
}

/// How the driver of network-delay stands, by `fault kinds`.
fn driver(home: &Home, demo: &Demo) -> String {
    let kinds = home.brink(demo.words("fault kinds -o json")).json();
    let kind = kinds["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "network-delay").unwrap().clone();
    kind["drivers"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_delay_by_chaos_mesh_is_injected_seen_and_taken_back() {
    // What is measured is of the last minute: four of them pass in one.
    let (home, demo) = (Home::new(), Demo::with(&["--speed", "4"]));
    let calm = median(&home, &demo, "reviews-v3");
    assert!(calm < 100.0, "{calm}");
    assert_eq!(driver(&home, &demo), "ok");
    let words = "fault apply network-delay deployment/ratings -n shop --set delay=400ms --duration 10m --yes -o json";
    let applied = home.brink(demo.words(words)).json();
    assert_eq!(applied["state"], "active", "{applied}");
    // Active means that the engine says so: everything is injected, and its finalizer holds the object.
    let objects = chaos(&home, &demo);
    let [object] = objects.as_slice() else { panic!("{objects:?}") };
    let conditions = object["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|one| one["type"] == "AllInjected" && one["status"] == "True"), "{object}");
    assert_eq!(object["metadata"]["finalizers"][0], "chaos-mesh/records");
    wait::until("reviews waits for ratings", PATIENCE, || median(&home, &demo, "reviews-v3") > 250.0);
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
    assert_eq!(ended["injections"][0]["steps"][0]["outcome"], "removed", "{ended}");
    assert!(chaos(&home, &demo).is_empty(), "recovered means that it is gone");
    wait::until("it is as before", PATIENCE, || median(&home, &demo, "reviews-v3") < 100.0);
}

#[test]
fn a_dead_engine_is_given_nothing() {
    let (home, demo) = (Home::new(), Demo::start());
    let words = "fault apply scale deployment/chaos-controller-manager -n chaos-mesh --set replicas=0 --duration 10m --yes -o json";
    let down = home.brink(demo.words(words)).json();
    assert_eq!(down["state"], "active", "{down}");
    wait::until("its controller is gone", PATIENCE, || driver(&home, &demo) == "dead");
    let words = "fault plan network-delay deployment/ratings -n shop --set delay=400ms";
    let (cause, fix) = home.brink(demo.words(&format!("{words} --driver chaos-mesh"))).failed(1);
    assert!(format!("{cause} {fix}").contains("no controller of Chaos Mesh is available"), "{cause} {fix}");
    // Nobody asked for this engine: another one that lives is taken, and why is told.
    let plan = home.brink(demo.words(&format!("{words} -o json"))).json();
    assert_eq!(plan["driver"], "litmus", "{plan}");
    assert!(
        plan["driver_why"].as_str().unwrap().contains("chaos-mesh cannot: no controller"),
        "{}",
        plan["driver_why"]
    );
    // The same object as a file of somebody's own.
    let file = home.file(
        "slow.yaml",
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: slow, namespace: shop}\nspec: {action: delay, mode: all, selector: {labelSelectors: {app: ratings}}, delay: {latency: 1s}}\n",
    );
    let mut words = demo.words("fault plan -n shop -f");
    words.push(file);
    let (cause, fix) = home.brink(words).failed(1);
    assert!(format!("{cause} {fix}").contains("no controller of Chaos Mesh is available"), "{cause} {fix}");
    assert!(chaos(&home, &demo).is_empty());
    let id = down["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    assert_eq!(ended["injections"][0]["steps"][0]["outcome"], "restored", "{ended}");
    wait::until("its controller is back", PATIENCE, || driver(&home, &demo) == "ok");
}
