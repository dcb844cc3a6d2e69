//! Chaos engines on a real API server: their own definitions, Deployments that stand for their controllers, and a hand that
//! writes what the engines would write. The real binary takes them at their word.

use std::{
    thread,
    time::{Duration, Instant},
};

use brink_demo::api::pack;
use serde_json::{Value, json};

use super::{
    cli::{Home, Running},
    support::world::{World, own_world},
};

const NAMESPACE: &str = "engines";
const SHOP: &str = include_str!("e2e_cli/shop.yaml");
/// However busy a machine is.
const PATIENCE: Duration = Duration::from_mins(4);

/// The Deployments by which brink knows that somebody acts. Their pods run on nodes that are none.
const CONTROLLERS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: chaos-controller-manager
  labels: {app.kubernetes.io/name: chaos-mesh, app.kubernetes.io/component: controller-manager}
spec:
  selector: {matchLabels: {app: manager}}
  template: {metadata: {labels: {app: manager}}, spec: {containers: [{name: m, image: \"chaos-mesh:v2.8.3\"}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: litmus, labels: {app.kubernetes.io/part-of: litmus}}
spec:
  selector: {matchLabels: {app: operator}}
  template: {metadata: {labels: {app: operator}}, spec: {containers: [{name: o, image: \"chaos-operator:3.18.0\"}]}}
";

struct Lab {
    world: World,
    home: Home,
}

impl Lab {
    fn open() -> Option<Self> {
        let world = own_world()?;
        world.define(&[pack::chaos_mesh(), pack::litmus()]);
        world.namespace(NAMESPACE, SHOP);
        world.namespace("operators", CONTROLLERS);
        world.kubectl(&["create", "serviceaccount", "litmus-admin", "-n", NAMESPACE], "");
        let home = Home::new().with("KUBECONFIG", &world.kubeconfig).with("BRINK_NAMESPACE", NAMESPACE);
        Some(Self { world, home })
    }

    fn kubectl(&self, words: &[&str]) -> String {
        self.world.kubectl(&[&["-n", NAMESPACE], words].concat(), "")
    }

    fn object(&self, kind: &str) -> Option<Value> {
        let list: Value = serde_json::from_str(&self.kubectl(&["get", kind, "-o", "json"])).unwrap();
        list["items"].as_array().unwrap().first().cloned()
    }

    fn until(&self, what: &str, kind: &str, is: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = self.object(kind);
            if is(object.as_ref()) {
                return object;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {object:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn patch(&self, kind: &str, name: &str, patch: &Value) {
        self.kubectl(&["patch", kind, name, "--type=merge", "-p", &patch.to_string()]);
    }

    fn start(&self, words: &str) -> Running {
        self.home.start(words.split(' '))
    }
}

fn ended(running: Running) -> Value {
    let ran = running.ended();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

const LITMUS: &str = "chaosengines.litmuschaos.io";
const RESULTS: &str = "chaosresults.litmuschaos.io";
const MESH: &str = "networkchaos.chaos-mesh.org";

/// What the operator and the experiment write of an engine, up to the moment when all pods are injected.
fn litmus_injects(lab: &Lab) -> (String, String) {
    let engine = lab.until("the engine", LITMUS, |object| object.is_some()).unwrap();
    let engine_name = name(&engine).to_owned();
    lab.patch(
        LITMUS,
        &engine_name,
        &json!({
            "metadata": {"finalizers": ["chaosengine.litmuschaos.io/finalizer"]},
            // The operator writes its own reading back.
            "spec": {"auxiliaryAppInfo": "", "components": {"runner": {"image": "chaos-runner:3.18.0"}}},
            "status": {"engineStatus": "initialized", "experiments": [{"name": "pod-network-latency", "status": "Running"}]},
        }),
    );
    let env = engine["spec"]["experiments"][0]["spec"]["components"]["env"].as_array().unwrap();
    let pods = env.iter().find(|one| one["name"] == "TARGET_PODS").unwrap()["value"].as_str().unwrap();
    let marks: serde_json::Map<String, Value> =
        pods.split(',').map(|pod| (format!("pod/{pod}"), json!("injected"))).collect();
    let result = format!("{engine_name}-pod-network-latency");
    let object = json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosResult",
        "metadata": {"name": result, "annotations": marks},
        "status": {"experimentStatus": {"phase": "Running", "verdict": "Awaited"}},
    });
    lab.world.kubectl(&["-n", NAMESPACE, "create", "-f", "-"], &object.to_string());
    (engine_name, result)
}

/// What they write when the engine is to go: the helpers took back so many of what they did.
fn litmus_lets_go(lab: &Lab, engine: &str, result: &str, all: bool) {
    lab.until("its deletion", LITMUS, |object| {
        object.is_some_and(|object| object["metadata"]["deletionTimestamp"].is_string())
    });
    let held = lab.object(RESULTS).unwrap();
    let marks = held["metadata"]["annotations"].as_object().unwrap().keys();
    let targets: Vec<Value> = marks
        .map(|key| {
            let state = if all { "reverted" } else { "injected" };
            json!({"name": key.trim_start_matches("pod/"), "kind": "pod", "chaosStatus": state})
        })
        .collect();
    lab.patch(
        RESULTS,
        result,
        &json!({"metadata": {"annotations": null}, "status": {"history": {"targets": targets}}}),
    );
    lab.patch(LITMUS, engine, &json!({"metadata": {"finalizers": null}}));
}

#[test]
fn engines_are_taken_at_their_word() {
    let Some(lab) = Lab::open() else { return };
    let delay = "network-delay deployment/web --set delay=200ms --duration 5m --yes -o json";
    // Litmus: once all is taken back, once a helper never said so.
    for all in [true, false] {
        let applying = lab.start(&format!("fault apply {delay} --driver litmus"));
        let (engine, result) = litmus_injects(&lab);
        let applied = ended(applying);
        assert_eq!(applied["state"], "active", "{applied}");
        let aborting = lab.start(&format!("fault abort {} -o json", applied["injection"].as_str().unwrap()));
        litmus_lets_go(&lab, &engine, &result, all);
        let end = ended(aborting)["injections"][0].clone();
        let stays: Vec<&str> = end["residue"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(stays.iter().any(|line| line.contains("ChaosResult")), "{end}");
        let doubted = stays.iter().any(|line| line.contains("Litmus never said that it was taken back"));
        assert_eq!(doubted, !all, "{end}");
        assert!(end["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "removed"), "{end}");
        assert_eq!(lab.object(LITMUS), None);
        lab.kubectl(&["delete", RESULTS, "--all"]);
    }
    // Chaos Mesh.
    let applying = lab.start(&format!("fault apply {delay} --driver chaos-mesh"));
    let object = lab.until("the object", MESH, |object| object.is_some()).unwrap();
    let pods = object["spec"]["selector"]["pods"][NAMESPACE].as_array().unwrap();
    let records: Vec<Value> = pods
        .iter()
        .map(|pod| json!({"id": format!("{NAMESPACE}/{}", pod.as_str().unwrap()), "selectorKey": ".", "phase": "Injected", "injectedCount": 1, "recoveredCount": 0}))
        .collect();
    let holds = |kind: &str| json!({"type": kind, "status": "True"});
    lab.patch(
        MESH,
        name(&object),
        &json!({
            "metadata": {"finalizers": ["chaos-mesh/records"]},
            "status": {
                "conditions": [holds("Selected"), holds("AllInjected")],
                "experiment": {"desiredPhase": "Run", "containerRecords": records},
            },
        }),
    );
    let applied = ended(applying);
    assert_eq!(applied["state"], "active", "{applied}");
    let aborting = lab.start(&format!("fault abort {} -o json", applied["injection"].as_str().unwrap()));
    lab.until("its deletion", MESH, |object| {
        object.is_some_and(|object| object["metadata"]["deletionTimestamp"].is_string())
    });
    lab.patch(MESH, name(&object), &json!({"metadata": {"finalizers": null}}));
    let end = ended(aborting)["injections"][0].clone();
    assert_eq!(end["state"], "recovered", "{end}");
    // Nobody acts any more: nothing is given to either.
    lab.world.kubectl(&["-n", "operators", "scale", "deployment", "--all", "--replicas=0"], "");
    for (driver, part) in [("litmus", "operator of Litmus"), ("chaos-mesh", "controller of Chaos Mesh")] {
        let words = format!("fault plan {delay} --driver {driver}").replace(" --yes", "");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ran = lab.home.brink(words.split(' '));
            if ran.code == 1 && ran.stderr.contains(part) {
                break;
            }
            assert!(Instant::now() < deadline, "{ran:?}");
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// A run as people write it for krkn's operator (krkn.krkn-chaos.dev/v1alpha1).
const KRKN: &str = "
apiVersion: krkn.krkn-chaos.dev/v1alpha1
kind: KrknScenarioRun
metadata: {name: kill-web, namespace: engines}
spec:
  targetRequestId: one
  targetClusters: {here: [engines]}
  scenarioName: pod-scenarios
  scenarioImage: quay.io/krkn-chaos/krkn-hub:pod-scenarios
  environment: {NAMESPACE: engines, POD_LABEL: app=web, DISRUPTION_COUNT: \"1\"}
";

/// brink has no driver for it: it goes like any object, and comes back like any.
#[test]
fn a_run_of_krkn_is_previewed_leased_and_taken_back() {
    let Some(folder) = std::env::var_os("BRINK_CRDS") else {
        println!("skipped: BRINK_CRDS names no folder of definitions");
        return;
    };
    let Some(lab) = Lab::open() else { return };
    let folder = std::path::PathBuf::from(folder).join("krkn-operator/v1.0.0");
    lab.world.kubectl(&["create", "-f", &folder.to_string_lossy()], "");
    lab.world.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"], "");
    let file = lab.home.file("kill-web.yaml", KRKN);
    let runs = "krknscenarioruns.krkn.krkn-chaos.dev";

    let plan = lab.home.brink(["fault", "plan", "-f", &file, "-o", "json"]).json();
    assert_eq!(plan["kind"], "manifest", "{plan}");
    let changes = plan["changes"].as_array().unwrap();
    assert!(changes.iter().all(|change| change["dry_run"] == "checked"), "{plan}");
    let run = changes.iter().find(|change| change["object"].as_str().unwrap().contains("KrknScenarioRun")).unwrap();
    assert!(run["diff"].as_str().unwrap().contains("maxRetries: 3"), "what the server would store: {run}");
    assert_eq!(plan["blast"]["traffic_share"], Value::Null, "nobody knows whom it hits: {plan}");
    assert_eq!(lab.object(runs), None);

    let applied = lab.home.brink(["fault", "apply", "-f", &file, "--duration", "5m", "--yes", "-o", "json"]).json();
    assert_eq!(applied["state"], "active", "{applied}");
    assert_eq!(lab.object(runs).map(|run| name(&run).to_owned()), Some("kill-web".to_owned()));
    let id = applied["injection"].as_str().unwrap();
    let end = lab.home.brink(["fault", "abort", id, "-o", "json"]).json()["injections"][0].clone();
    assert_eq!(end["state"], "recovered", "{end}");
    assert_eq!(lab.object(runs), None);
}
