//! The kinds that Dapr carries out: what each plan makes or changes, and where no sidecar would hear of it.

use std::collections::BTreeMap;

use brink::{
    cluster::{Kind, Manifest},
    fault::{
        class::Class,
        drivers::compile,
        evidence::{Expected, expected},
        intent::{Driver, Fault, FaultKind},
        observe::Observe,
        plan::{Change, Plan},
        sight::{Controller, Sight},
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    plans::planned,
    sights::{fault, reviews, shop, workload},
};

fn object(kind: &str, name: &str, body: &Value) -> Manifest {
    let mut object = json!({
        "apiVersion": "dapr.io/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "7", "generation": 1},
    });
    for (field, value) in body.as_object().unwrap() {
        object[field] = value.clone();
    }
    Manifest(object)
}

/// The shop, where web and reviews are applications of Dapr and share a state store.
fn apps() -> Sight {
    let mut sight = shop();
    for pod in &mut sight.pods {
        let app = pod.label("app").unwrap().to_owned();
        pod.0["metadata"]["annotations"] =
            json!({"dapr.io/enabled": "true", "dapr.io/app-id": app, "dapr.io/config": "tuned"});
        let daprd = json!({"name": "daprd", "image": "docker.io/daprio/daprd:1.18.3"});
        pod.0["spec"]["containers"].as_array_mut().unwrap().push(daprd);
    }
    sight.others = vec![
        object("Component", "statestore", &json!({"spec": {"type": "state.redis", "version": "v1"}})),
        object("Configuration", "tuned", &json!({"spec": {"features": [{"name": "HotReload", "enabled": true}]}})),
    ];
    for (kind, plural) in
        [("Component", "components"), ("Resiliency", "resiliencies"), ("Configuration", "configurations")]
    {
        sight.served.push(Kind::namespaced("dapr.io", "v1alpha1", kind, plural));
    }
    sight.engines = BTreeMap::from([(Observe::Dapr, Controller::Alive)]);
    sight
}

fn policies(params: &[(&str, Value)]) -> Fault {
    fault(FaultKind::DaprResiliency, reviews(), params)
}

fn off(component: &str) -> Fault {
    fault(FaultKind::DaprComponentOff, reviews(), &[("component", json!(component))])
}

fn plan(fault: &Fault, sight: &Sight) -> Plan {
    compile(fault, sight, "7f3a9c").unwrap()
}

fn said(fault: &Fault, sight: &Sight) -> String {
    compile(fault, sight, "7f3a9c").unwrap_err().to_string()
}

#[test]
fn policies_of_our_own_where_none_hold() {
    let all = [("timeout", json!("300ms")), ("retries", json!(10)), ("trip", json!(3))];
    insta::assert_snapshot!(planned(&policies(&all), &apps()));
    let ours = plan(&policies(&all), &apps());
    assert_eq!((ours.class, ours.driver), (Class::SelfExpiring, Driver::Dapr));
    let Expected::Answers { question, .. } = expected(&ours) else { panic!() };
    assert!(
        question.contains(r#"dapr_resiliency_activations_total{namespace="shop", name="brink-7f3a9c"}"#),
        "{question}"
    );
}

#[test]
fn one_caller_alone_is_a_scope() {
    let mut wanted = policies(&[("retries", json!(1))]);
    wanted.scope.from = Some("deployment/web".to_owned());
    let Change::Create { object, fused: true } = &plan(&wanted, &apps()).steps[0].change else { panic!() };
    assert_eq!(object.0["scopes"], json!(["web"]));
}

#[test]
fn the_resiliency_that_holds_is_changed() {
    let mut sight = apps();
    let held = json!({"spec": {
        "policies": {"retries": {"usual": {"policy": "constant", "maxRetries": 2}}},
        "targets": {"apps": {"reviews": {"retry": "usual"}}},
    }});
    sight.others.push(object("Resiliency", "calls", &held));
    insta::assert_snapshot!(planned(&policies(&[("retries", json!(20))]), &sight));
    assert_eq!(plan(&policies(&[("retries", json!(20))]), &sight).class, Class::Guarded);
    sight.others.push(object("Resiliency", "more", &held));
    assert!(said(&policies(&[("retries", json!(20))]), &sight).contains("which one counts is not known"));
    // One that is for others only is no rival.
    for one in sight.others.iter_mut().filter(|one| one.kind() == "Resiliency") {
        one.0["scopes"] = json!(["ratings"]);
    }
    assert_eq!(plan(&policies(&[("retries", json!(20))]), &sight).class, Class::SelfExpiring);
}

#[rstest]
#[case(json!(null), json!(["web"]))]
#[case(json!(["reviews", "ratings"]), json!(["ratings"]))]
#[case(json!(["reviews"]), json!(["brink-7f3a9c-nobody"]))]
fn a_component_is_left_to_the_others(#[case] scopes: Value, #[case] expected: Value) {
    let mut sight = apps();
    if !scopes.is_null() {
        sight.others[0].0["scopes"] = scopes;
    }
    let ours = plan(&off("statestore"), &sight);
    let Change::Patch { edits } = &ours.steps[0].change else { panic!("{:?}", ours.steps) };
    let after = brink::fault::edit::applied(&ours.steps[0].before.as_ref().unwrap().0, edits).unwrap();
    assert_eq!(after["scopes"], expected);
    assert_eq!(ours.class, Class::Guarded);
}

#[test]
fn what_would_not_be_heard_is_refused() {
    let mut old = apps();
    for pod in &mut old.pods {
        pod.0["spec"]["containers"][2]["image"] = json!("daprio/daprd:1.15.4");
    }
    assert!(said(&off("statestore"), &old).contains("of Dapr 1.15, which reads this only when it starts"));
    let mut cold = apps();
    cold.others[1].0["spec"]["features"][0]["enabled"] = json!(false);
    assert!(said(&policies(&[("trip", json!(1))]), &cold).contains("Configuration tuned"));
    let mut dead = apps();
    dead.engines.insert(Observe::Dapr, Controller::Absent);
    assert!(said(&off("statestore"), &dead).contains("no operator of Dapr is available"));
}

#[test]
fn what_is_asked_wrongly_is_told() {
    assert!(said(&policies(&[]), &apps()).contains("give `timeout`, `retries` or `trip`"));
    assert!(said(&off("statestor"), &apps()).contains("did you mean `statestore`?"));
    let mut bare = apps();
    for pod in &mut bare.pods {
        pod.0["metadata"]["annotations"] = json!({});
    }
    assert!(said(&off("statestore"), &bare).contains("is no application of Dapr"));
    let lonely = Fault { target: workload("deployment", "web"), ..policies(&[("retries", json!(1))]) };
    let mut alone = apps();
    alone.pods.retain(|pod| pod.label("app") == Some("web"));
    assert!(said(&lonely, &alone).contains("no other application of Dapr"));
}
