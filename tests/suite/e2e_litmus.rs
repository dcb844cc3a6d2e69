//! Litmus in the embedded world, by the real binary: a network delay is active when every pod is marked as injected, seen in the
//! mesh, and over when the engine was let go; pods are deleted once; what it needs and has not is asked of the policy.

use serde_json::Value;

use super::{
    cli::Home,
    e2e_chaos::median,
    support::{served::Demo, wait},
};

/// Seconds that the operator, its pods and the traffic get.
const PATIENCE: u64 = 240;

fn items(home: &Home, demo: &Demo, kind: &str) -> Vec<Value> {
    let list = home.brink(demo.words(&format!("get {kind} -n shop -o json"))).json();
    list["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_delay_by_litmus_is_injected_seen_and_taken_back() {
    let (home, demo) = (Home::new(), Demo::with(&["--speed", "4"]));
    let calm = median(&home, &demo, "reviews-v3");
    assert!(calm < 100.0, "{calm}");
    let words = "fault apply network-delay deployment/ratings -n shop --driver litmus --set delay=400ms --duration 10m --yes -o json";
    let applied = home.brink(demo.words(words)).json();
    assert_eq!(applied["state"], "active", "{applied}");
    let engines = items(&home, &demo, "chaosengines");
    let [engine] = engines.as_slice() else { panic!("{engines:?}") };
    assert_eq!(engine["metadata"]["finalizers"][0], "chaosengine.litmuschaos.io/finalizer");
    let results = items(&home, &demo, "chaosresults");
    let marks = results[0]["metadata"]["annotations"].as_object().unwrap();
    assert!(marks.iter().any(|(key, mark)| key.starts_with("pod/ratings-") && mark == "injected"), "{marks:?}");
    wait::until("reviews waits for ratings", PATIENCE, || median(&home, &demo, "reviews-v3") > 250.0);
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    let ended = &ended["injections"][0];
    // Litmus keeps its history, and that is told.
    assert_eq!(ended["state"], "residue", "{ended}");
    let stays: Vec<&str> = ended["residue"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(matches!(stays.as_slice(), [only] if only.contains("ChaosResult")), "{stays:?}");
    assert!(items(&home, &demo, "chaosengines").is_empty(), "undone means that it is gone");
    assert!(items(&home, &demo, "chaosexperiments").is_empty(), "it was made for the fault");
    let targets = items(&home, &demo, "chaosresults")[0]["status"]["history"]["targets"].clone();
    let reverted = |one: &Value| one["chaosStatus"] == "reverted";
    assert!(targets.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(reverted)), "{targets}");
    wait::until("it is as before", PATIENCE, || median(&home, &demo, "reviews-v3") < 100.0);
}

#[test]
fn a_pod_is_deleted_once_by_an_experiment() {
    let (home, demo) = (Home::new(), Demo::start());
    let words =
        "fault apply pod-kill deployment/reviews-v1 -n shop --driver litmus --set count=1 --duration 1m --yes -o json";
    let applied = home.brink(demo.words(words)).json();
    assert_eq!(applied["state"], "active", "{applied}");
    let results = items(&home, &demo, "chaosresults");
    assert_eq!(results[0]["status"]["experimentStatus"]["verdict"], "Pass", "{results:?}");
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    let removed = |step: &Value| step["outcome"] == "removed";
    assert!(ended["injections"][0]["steps"].as_array().unwrap().iter().all(removed), "{ended}");
}

#[test]
fn rights_are_made_for_the_time_of_a_fault_where_the_policy_lets_it() {
    let (home, demo) = (Home::new(), Demo::start());
    let words = |what: &str| {
        format!(
            "fault {what} network-delay deployment/infra-backend-v1 -n infra --driver litmus --set delay=200ms --duration 10m"
        )
    };
    let ran = home.brink(demo.words(&format!("{} -o json", words("plan"))));
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let rules = shown["guard"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["rule"] == "forbidden-kinds").unwrap();
    assert_eq!((ran.code, &rule["verdict"]), (1, &Value::from("refuse")), "{rule}");
    assert!(rule["value"].as_str().unwrap().contains("ServiceAccount"), "{rule}");
    assert!(items(&home, &demo, "chaosengines").is_empty());
    let rails = home.file("rails.toml", "forbidden-kinds = [\"Secret\"]\n");
    let applied = home.brink(demo.words(&format!("{} --policy {rails} --yes -o json", words("apply")))).json();
    assert_eq!(applied["state"], "active", "{applied}");
    let id = applied["injection"].as_str().unwrap();
    let ended = home.brink(demo.words(&format!("fault abort {id} -o json"))).json();
    let removed = |step: &Value| step["outcome"] == "removed";
    let steps = ended["injections"][0]["steps"].as_array().unwrap();
    assert!(steps.len() == 5 && steps.iter().all(removed), "{ended}");
}
