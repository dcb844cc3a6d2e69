//! Dapr: in the embedded world, where sidecars tell what a fault does, and on a real API server, where everything comes back.

use brink_demo::api::pack;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    cli::Home,
    support::{kubectl::Kubectl, served::Demo, wait, whole, world::own_world},
};

/// A fault of the world's applications, and what is seen of it. Twelve seconds pass in one.
#[rstest]
#[case("dapr-resiliency service/data --set retries=5", "calls on which a policy of Dapr acts 0%")]
#[case("dapr-resiliency service/data --set timeout=10ms", "calls on which a policy of Dapr acts 0%")]
#[case("dapr-component-off service/recommendation --set component=statestore", "500s of the application")]
fn a_fault_at_sidecars_bites_and_goes(#[case] words: &str, #[case] seen: &str) {
    let (home, demo) = (Home::new(), Demo::with(&["--world", "dapr", "--speed", "12"]));
    let before = objects(&home, &demo);
    let ran = home.brink(demo.words(&format!("fault apply {words} -n assistants --duration 3m --yes --wait")));
    let told = ran.stdout.clone() + &ran.stderr;
    assert!(ran.code == 0 && told.contains("active, effect seen") && told.contains(seen), "{told}");
    assert_eq!(objects(&home, &demo), before);
}

fn objects(home: &Home, demo: &Demo) -> Vec<Value> {
    let of = |kind: &str| home.brink(demo.words(&format!("get {kind} -n assistants -o json"))).json();
    let bare = |object: &Value| json!([object["metadata"]["name"], object["spec"], object["scopes"]]);
    ["resiliencies", "components"]
        .iter()
        .flat_map(|kind| of(kind)["items"].as_array().unwrap().iter().map(bare).collect::<Vec<_>>())
        .collect()
}

#[test]
fn without_its_operator_nothing_is_given() {
    let (home, demo) = (Home::new(), Demo::with(&["--world", "dapr"]));
    let Some(kubectl) = Kubectl::on(demo.door("kubeconfig")) else { return };
    kubectl.says("scale deployment dapr-operator -n dapr-system --replicas=0");
    wait::until("its operator is gone", 240, || {
        let ran = home.brink(demo.words("fault plan dapr-resiliency service/data --set trip=1 -n assistants"));
        ran.code == 1 && ran.stderr.contains("no operator of Dapr is available")
    });
}

const OPERATOR: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: dapr-operator, labels: {app: dapr-operator}}
spec:
  selector: {matchLabels: {app: dapr-operator}}
  template: {metadata: {labels: {app: dapr-operator}}, spec: {containers: [{name: o, image: \"daprio/operator:1.18.3\"}]}}
";

fn app(name: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{dapr.io/enabled: \"true\", dapr.io/app-id: {name}}}}}
    spec: {{containers: [{{name: app, image: app}}, {{name: daprd, image: \"daprio/daprd:1.18.3\"}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 8000}}]}}
---
"
    )
}

const OBJECTS: &str = "\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec: {type: state.redis, version: v1, metadata: [{name: redisHost, value: \"redis:6379\"}]}
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: calls}
spec:
  policies: {retries: {usual: {policy: constant, duration: 1s, maxRetries: 2}}}
  targets: {apps: {recommendation: {retry: usual}}}
";

#[test]
fn on_a_real_server_everything_comes_back() {
    let Some(world) = own_world() else { return };
    world.define(&[pack::dapr()]);
    world.namespace("dapr-system", OPERATOR);
    world.namespace("assistants", &(app("recommendation") + &app("data") + OBJECTS));
    let kubectl = |words: &[&str]| world.kubectl(&[&["-n", "assistants"], words].concat(), "");
    let picture = || {
        let columns = "-o=custom-columns=N:.metadata.name,S:.spec,SC:.scopes";
        kubectl(&["get", "resiliencies,components", columns])
    };
    let home = Home::new().with("KUBECONFIG", &world.kubeconfig).with("BRINK_NAMESPACE", "assistants");
    for (words, class) in [
        ("dapr-resiliency service/data --set retries=10 --set timeout=200ms --set trip=3", "self-expiring"),
        ("dapr-resiliency service/recommendation --set retries=10", "guarded"),
        ("dapr-component-off deployment/data --set component=statestore", "guarded"),
    ] {
        let plan = home.brink(format!("fault plan {words} -o json").split(' ')).json();
        assert_eq!(plan["class"], class, "{plan}");
        whole::comes_back(&home, words, picture);
    }
}
