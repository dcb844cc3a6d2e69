//! Gateways of kgateway and agentgateway: in the embedded world, where their proxies tell what a fault does, and on a real API
//! server, where a hand writes what their controllers would write.

use brink_demo::api::pack;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    cli::Home,
    support::{kubectl::Kubectl, served::Demo, wait, whole, world::own_world},
};

/// A fault of the world's store, and what is seen of it. Twelve seconds pass in one.
#[rstest]
#[case("rate-limit route/partners --set requests=1", "agentgateway", "429s 0%")]
#[case("http-abort route/partners --set status=418 --set percent=50", "agentgateway", "418s 0%")]
#[case("http-delay route/partners --set delay=300ms", "agentgateway", "mean latency")]
#[case("rate-limit route/store --set requests=5", "kgateway", "kgateway: attached at Gateway public")]
#[case("http-abort route/store --set status=418", "kgateway", "taken in generation")]
#[case("llm-outage route/claude --set what=model", "kgateway", "errors 0%")]
#[case("llm-outage route/claude --set what=key", "kgateway", "errors 0%")]
#[case("llm-outage route/claude --set what=route", "kgateway", "ResolvedRefs is False: BackendNotFound")]
fn a_fault_at_a_gateway_bites_and_goes(#[case] words: &str, #[case] driver: &str, #[case] seen: &str) {
    let (home, demo) = (Home::new(), Demo::with(&["--world", "gateways", "--speed", "12"]));
    let plan = home.brink(demo.words(&format!("fault plan {words} -n store --duration 60s -o json"))).json();
    assert_eq!(plan["driver"], driver, "{plan}");
    let ran = home.brink(demo.words(&format!("fault apply {words} -n store --duration 3m --yes --wait")));
    let told = ran.stdout.clone() + &ran.stderr;
    assert!(ran.code == 0 && told.contains(seen), "{told}");
    for kind in ["trafficpolicies", "directresponses", "agentgatewaypolicies"] {
        let list = home.brink(demo.words(&format!("get {kind} -n store -o json"))).json();
        assert_eq!(list["items"], json!([]), "{kind}");
    }
    let routes = home.brink(demo.words("get httproutes -n store -o json")).json();
    let text = routes.to_string() + &home.brink(demo.words("get backends -n store -o json")).json().to_string();
    assert!(!text.contains("missing") && !text.contains("ExtensionRef"), "{text}");
}

#[test]
fn a_dead_controller_is_given_nothing() {
    let (home, demo) = (Home::new(), Demo::with(&["--world", "gateways"]));
    // Its namespace is protected from faults: somebody else does it.
    let Some(kubectl) = Kubectl::on(demo.door("kubeconfig")) else { return };
    kubectl.says("scale deployment agentgateway -n agentgateway-system --replicas=0");
    wait::until("its controller is gone", 240, || {
        let ran = home.brink(demo.words("fault plan rate-limit route/partners -n store"));
        ran.code == 1 && ran.stderr.contains("no controller of agentgateway is available")
    });
}

const STORE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: items}
spec: {selector: {app: items}, ports: [{name: http, port: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: partners}
spec: {parentRefs: [{name: partners}], rules: [{backendRefs: [{name: items, port: 8080}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: store}
spec: {parentRefs: [{name: public}], rules: [{backendRefs: [{name: items, port: 8080}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: claude}
spec: {parentRefs: [{name: public}], rules: [{backendRefs: [{group: gateway.kgateway.dev, kind: Backend, name: claude}]}]}
---
apiVersion: gateway.kgateway.dev/v1alpha1
kind: Backend
metadata: {name: claude}
spec: {type: AI, ai: {llm: {anthropic: {model: claude-opus-5, authToken: {kind: SecretRef, secretRef: {name: key}}}}}}
";

const CONTROLLERS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kgateway, labels: {kgateway: kgateway}}
spec:
  selector: {matchLabels: {app: kgateway}}
  template: {metadata: {labels: {app: kgateway}}, spec: {containers: [{name: c, image: \"kgateway:v2.1.1\"}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: agentgateway, labels: {agentgateway: agentgateway}}
spec:
  selector: {matchLabels: {app: agentgateway}}
  template: {metadata: {labels: {app: agentgateway}}, spec: {containers: [{name: c, image: \"controller:1.4.1\"}]}}
";

#[test]
fn on_a_real_server_their_words_are_taken() {
    let Some(world) = own_world() else { return };
    world.define(&[pack::kgateway(), pack::agentgateway()]);
    world.namespace("gates", STORE);
    world.namespace("systems", CONTROLLERS);
    let kubectl = |words: &[&str]| world.kubectl(&[&["-n", "gates"], words].concat(), "");
    let status = |object: &str, status: &Value| {
        let patch = json!({"status": status}).to_string();
        kubectl(&["patch", object, "--subresource=status", "--type=merge", "-p", &patch]);
    };
    let made = |kind: &str| {
        let named = || Some(kubectl(&["get", kind, "-o", "name"]).trim().to_owned()).filter(|name| !name.is_empty());
        wait::found(kind, 240, named)
    };
    let condition = |kind: &str| json!({"type": kind, "status": "True", "reason": "Valid", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1});
    for (route, controller, gateway) in [
        ("partners", "agentgateway.dev/agentgateway", "partners"),
        ("store", "kgateway.dev/kgateway", "public"),
        ("claude", "kgateway.dev/agentgateway", "public"),
    ] {
        let parent = json!({"parentRef": {"name": gateway}, "controllerName": controller, "conditions": [condition("Accepted")]});
        status(&format!("httproute/{route}"), &json!({"parents": [parent]}));
    }
    let home = Home::new().with("KUBECONFIG", &world.kubeconfig).with("BRINK_NAMESPACE", "gates");
    // Policies are active when their controller says so.
    for (words, kind, controller) in [
        (
            "rate-limit route/partners --set requests=5 --set per=minute",
            "agentgatewaypolicies",
            "agentgateway.dev/agentgateway",
        ),
        (
            "http-abort route/partners --set grpc_status=14 --set percent=20",
            "agentgatewaypolicies",
            "agentgateway.dev/agentgateway",
        ),
        (
            "http-delay route/partners --set delay=1s --set percent=50",
            "agentgatewaypolicies",
            "agentgateway.dev/agentgateway",
        ),
        ("rate-limit route/store", "trafficpolicies", "kgateway.dev/kgateway"),
    ] {
        let applying = home.start(format!("fault apply {words} --duration 5m --yes -o json").split(' '));
        let name = made(kind);
        let gateway =
            json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gate", "namespace": "gates"});
        status(
            &name,
            &json!({"ancestors": [
                {"ancestorRef": gateway, "controllerName": controller, "conditions": [condition("Accepted"), condition("Attached")]},
            ]}),
        );
        let applied = applying.ended().json();
        assert_eq!(applied["state"], "active", "{applied}");
        whole::aborts(&home, applied["injection"].as_str().unwrap());
        assert_eq!(kubectl(&["get", kind, "-o", "name"]), "");
    }
    // A field that this version has not is refused by the server, and nothing is made.
    let old = home.brink("fault apply http-delay route/store --set delay=1s --duration 5m --yes".split(' '));
    let told = old.stdout.clone() + &old.stderr;
    assert!(old.code != 0 && told.contains("spec.faultInjection"), "{told}");
    assert_eq!(kubectl(&["get", "trafficpolicies", "-o", "name"]), "");
    // What is patched comes back as it was.
    for words in [
        "http-abort route/store --set status=418",
        "llm-outage route/claude --set what=model",
        "llm-outage route/claude --set what=key",
        "llm-outage route/claude --set what=route",
    ] {
        let picture = || {
            kubectl(&[
                "get",
                "httproutes,backends.gateway.kgateway.dev,directresponses",
                "-o",
                "jsonpath={.items[*].spec}",
            ])
        };
        whole::comes_back(&home, words, picture);
    }
    // A controller that refuses is told in its own words, and nothing stays.
    let applying = home.start("fault apply rate-limit route/store --duration 5m --yes -o json".split(' '));
    let name = made("trafficpolicies");
    let mut no = condition("Accepted");
    (no["status"], no["reason"], no["message"]) = (json!("False"), json!("Invalid"), json!("no such listener"));
    status(
        &name,
        &json!({"ancestors": [{"ancestorRef": {"name": "gate"}, "controllerName": "kgateway.dev/kgateway", "conditions": [no]}]}),
    );
    let ran = applying.ended();
    assert!(ran.code != 0 && format!("{ran:?}").contains("no such listener"), "{ran:?}");
    assert_eq!(kubectl(&["get", "trafficpolicies", "-o", "name"]), "");
}
