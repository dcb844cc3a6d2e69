//! What holds for every driver: an undo by the touched paths gives the object before, and refusals say why.

use brink::{
    cluster::{Manifest, ObjectRef},
    fault::{
        drivers::{change, compile},
        edit,
        identity::same,
        intent::{Driver, Fault, FaultKind, Target},
        known,
        plan::{Change, Edit, Plan},
        policy::Policy,
        sight::{Controller, Given, Sight},
    },
};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::sights::{delay, delay_by_virtual_service, fault, manifest, reviews, shop, virtual_service, workload};

/// Takes the plan's edits back by path alone, last first, as an undo does.
fn undone(after: &Value, edits: &[Edit], before: &Value) -> Value {
    let mut now = after.clone();
    for touched in edit::touched(before, edits).into_iter().rev() {
        let back = [Edit { path: touched.path, value: touched.pre, at: None }];
        now = edit::applied(&now, &back).unwrap();
    }
    now
}

/// Every patch of a plan, undone, leaves what was there.
fn comes_back(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| match (&step.change, &step.before) {
        (Change::Patch { edits }, Some(before)) => {
            let after = edit::applied(&before.0, edits).unwrap();
            !same(&after, &before.0) && same(&undone(&after, edits, &before.0), &before.0)
        }
        _ => true,
    })
}

/// Any JSON, small, with the field names that matter.
fn json_values() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["spec", "name", "env", "containers", "http", "a", "b", "metadata", "rules"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0i64..5).prop_map(Value::from),
        prop::sample::select(vec!["x", "y", "z", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        other => other,
    }
}

fn with_spec(spec: &Value) -> Manifest {
    manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": spec,
    }))
}

fn given(live: Manifest, wanted: Manifest) -> Sight {
    let object = ObjectRef::new(known::deployment(), "shop", "web");
    Sight { given: vec![Given { object, wanted, live: Some(live) }], ..shop() }
}

proptest! {
    /// Any object made to look like any other comes back by the paths the plan touched.
    #[test]
    fn a_manifest_comes_back(live in json_values(), wanted in json_values()) {
        let live = with_spec(&without_nulls(live));
        let sight = given(live, with_spec(&wanted));
        let mut intent = fault(FaultKind::Manifest, Target::Manifest, &[]);
        intent.manifests = vec![sight.given[0].wanted.clone()];
        if let Ok(plan) = compile(&intent, &sight, "7f3a9c") {
            prop_assert!(comes_back(&plan), "{:?}", plan.steps);
        }
    }

    /// What was asked for is what is written: a second plan of the same manifest finds nothing to do.
    #[test]
    fn a_manifest_is_done_when_applied(live in json_values(), wanted in json_values()) {
        let sight = given(with_spec(&without_nulls(live)), with_spec(&wanted));
        let mut intent = fault(FaultKind::Manifest, Target::Manifest, &[]);
        intent.manifests = vec![sight.given[0].wanted.clone()];
        if let Ok(plan) = compile(&intent, &sight, "7f3a9c") {
            let Change::Patch { edits } = &plan.steps[0].change else { panic!("not a patch") };
            let after = edit::applied(&plan.steps[0].before.as_ref().unwrap().0, edits).unwrap();
            let again = given(Manifest(after), sight.given[0].wanted.clone());
            prop_assert!(compile(&intent, &again, "7f3a9c").is_err());
        }
    }

    /// Rules of any number and shape: the copies go in, every original stays in its order, and the copies come out again
    /// although somebody else put a rule in between.
    #[test]
    fn faulted_copies_come_out_again(rules in prop::collection::vec(0u8..4, 1..6), foreign in 0usize..6) {
        let http: Vec<Value> = rules.iter().enumerate().map(|(at, shape)| match shape {
            0 => json!({"route": [{"destination": {"host": "reviews"}}]}),
            1 => json!({"name": format!("n{at}"), "route": [{"destination": {"host": "reviews", "subset": "v2"}}]}),
            2 => json!({"match": [{"uri": {"prefix": format!("/{at}")}}], "route": [{"destination": {"host": "reviews"}}]}),
            _ => json!({"redirect": {"uri": "/elsewhere"}}),
        }).collect();
        let mut route = virtual_service();
        route.map_mut(&["spec"]).unwrap().insert("http".to_owned(), json!(http));
        let sight = Sight { virtual_services: vec![route.clone()], ..shop() };
        let Ok(plan) = compile(&delay_by_virtual_service(), &sight, "7f3a9c") else {
            prop_assert!(rules.iter().all(|shape| *shape == 3));
            return Ok(());
        };
        prop_assert!(comes_back(&plan));
        let Change::Patch { edits } = &plan.steps[0].change else { panic!("not a patch") };
        let mut after = edit::applied(&route.0, edits).unwrap();
        let list = after.pointer_mut("/spec/http").unwrap().as_array_mut().unwrap();
        let originals: Vec<&Value> = list.iter().filter(|rule| rule.get("fault").is_none()).collect();
        prop_assert_eq!(originals, http.iter().collect::<Vec<_>>());
        let theirs = json!({"name": "theirs", "route": []});
        list.insert(foreign.min(list.len()), theirs.clone());
        let back = undone(&after, edits, &route.0);
        let mut kept: Vec<Value> = back.pointer("/spec/http").unwrap().as_array().unwrap().clone();
        kept.retain(|rule| *rule != theirs);
        prop_assert_eq!(kept, http);
    }
}

/// The pods' proxies, the namespace and Services in one dataplane mode.
fn ambient(waypoint: bool) -> Sight {
    let mut sight = shop();
    for pod in &mut sight.pods {
        pod.map_mut(&["spec"]).unwrap().insert("containers".to_owned(), json!([{"name": "app"}]));
        pod.map_mut(&["metadata", "annotations"])
            .unwrap()
            .insert("ambient.istio.io/redirection".to_owned(), json!("enabled"));
    }
    if waypoint {
        sight.services[0]
            .map_mut(&["metadata", "labels"])
            .unwrap()
            .insert("istio.io/use-waypoint".to_owned(), json!("wp"));
    }
    sight
}

fn by(driver: Driver) -> Fault {
    Fault { driver: Some(driver), ..delay() }
}

#[test]
fn ambient_without_a_waypoint_has_no_http() {
    for driver in [Driver::Istio, Driver::IstioVirtualService] {
        let error = compile(&by(driver), &ambient(false), "7f3a9c").unwrap_err().to_string();
        assert!(error.contains("ztunnel without a waypoint"), "{error}");
    }
    let error = compile(&delay(), &ambient(false), "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("istio:") && error.contains("istio-virtualservice:"), "both drivers say why: {error}");
}

#[test]
fn a_waypoint_takes_the_virtual_service_and_no_envoy_filter() {
    let error = compile(&by(Driver::Istio), &ambient(true), "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("waypoints take no EnvoyFilter"), "{error}");
    let plan = compile(&delay(), &ambient(true), "7f3a9c").unwrap();
    assert_eq!(plan.driver, Driver::IstioVirtualService);
    assert!(plan.driver_why.contains("istio cannot"), "{}", plan.driver_why);
    let mut mixed = ambient(true);
    mixed.http_routes[0]
        .map_mut(&["spec"])
        .unwrap()
        .insert("parentRefs".to_owned(), json!([{"group": "", "kind": "Service", "name": "reviews"}]));
    let error = compile(&by(Driver::IstioVirtualService), &mixed, "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("undefined behaviour"), "{error}");
}

#[test]
fn a_policy_before_a_waypoint_is_bound_to_the_service() {
    let deny = fault(FaultKind::AuthzDeny, reviews(), &[]);
    let spec = |sight: &Sight| {
        let plan = compile(&deny, sight, "7f3a9c").unwrap();
        let Change::Create { object, .. } = plan.steps[0].change.clone() else { panic!("not a create") };
        object
    };
    assert_eq!(spec(&ambient(true)).text(&["spec", "action"]), Some("DENY"));
    assert!(spec(&ambient(true)).at(&["spec", "targetRefs"]).is_some());
    assert!(spec(&ambient(false)).at(&["spec", "selector"]).is_some());
    let mut path = deny.clone();
    path.scope.path = Some("/x".to_owned());
    let error = compile(&path, &ambient(false), "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("knows no paths"), "{error}");
}

#[test]
fn nobody_to_act_is_a_doubt_and_not_a_refusal() {
    let mut sight = Sight { istiod: Controller::Absent, ..shop() };
    sight.pods[0].map_mut(&["spec"]).unwrap().insert("containers".to_owned(), json!([{"name": "app"}]));
    let plan = compile(&delay(), &sight, "7f3a9c").unwrap();
    assert_eq!(plan.doubts.len(), 2, "{:?}", plan.doubts);
    assert_eq!(plan.predicts[0], "no istiod seen: nothing may act on this");
    assert!(plan.doubts[1].starts_with("1 of 4 pods of reviews carry no sidecar"), "{}", plan.doubts[1]);
}

#[test]
fn an_api_that_is_not_served_is_no_driver() {
    let sight = Sight { served: Vec::new(), ..shop() };
    let error = compile(&delay(), &sight, "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("does not serve EnvoyFilter"), "{error}");
    let kill = fault(FaultKind::PodKill, workload("Deployment", "web"), &[("count", json!(1))]);
    assert!(compile(&kill, &sight, "7f3a9c").is_ok(), "plain Kubernetes needs none of it");
}

#[rstest]
#[case::bare(json!(null), "has no controller")]
#[case::job(json!([{"kind": "Job", "name": "j", "uid": "u", "controller": true}]), "works for Job j")]
#[case::static_pod(json!([{"kind": "Node", "name": "n", "uid": "u", "controller": true}]), "is a static pod")]
fn pods_nobody_brings_back_are_left_alone(#[case] owners: Value, #[case] why: &str) {
    let mut sight = shop();
    for pod in &mut sight.pods {
        pod.map_mut(&["metadata"]).unwrap().insert("ownerReferences".to_owned(), owners.clone());
    }
    let target = Target::Selector([("app".to_owned(), "web".to_owned())].into());
    let kill = fault(FaultKind::PodKill, target, &[("count", json!(1))]);
    let error = compile(&kill, &sight, "7f3a9c").unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_count_beyond_the_pods_is_refused() {
    let kill = fault(FaultKind::PodKill, workload("Deployment", "web"), &[("count", json!(3))]);
    let error = compile(&kill, &shop(), "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("3 pods are wanted and 2 may be evicted"), "{error}");
}

#[test]
fn a_replica_set_is_scaled_by_its_owner_alone() {
    let scale = fault(FaultKind::Scale, workload("ReplicaSet", "web-abc"), &[("replicas", json!(0))]);
    let error = compile(&scale, &shop(), "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("aim at deployment/web"), "{error}");
}

#[test]
fn a_shared_service_account_cannot_be_denied_alone() {
    let mut sight = shop();
    for pod in &mut sight.pods {
        pod.map_mut(&["spec"]).unwrap().insert("serviceAccountName".to_owned(), json!("default"));
    }
    let deny = fault(FaultKind::AuthzDeny, reviews(), &[("from", json!("deployment/web"))]);
    let error = compile(&deny, &sight, "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("shares its service account"), "{error}");
}

#[test]
fn a_service_without_selector_is_not_guessed() {
    let mut sight = shop();
    sight.services[0].map_mut(&["spec"]).unwrap().shift_remove("selector");
    let error = compile(&delay(), &sight, "7f3a9c").unwrap_err().to_string();
    assert!(error.contains("has no selector"), "{error}");
}

#[test]
fn what_a_kind_does_is_everything_unless_brink_knows_it() {
    let wide = |kind: &str, group: &str, spec: Value| {
        let kind = brink::cluster::Kind::namespaced(group, "v1", kind, "things");
        let wanted = manifest(
            json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": "x"}, "spec": spec}),
        );
        let object = ObjectRef::new(kind, "shop", "x");
        let sight = Sight { given: vec![Given { object, wanted: wanted.clone(), live: None }], ..shop() };
        let mut intent = fault(FaultKind::Manifest, Target::Manifest, &[]);
        intent.manifests = vec![wanted];
        compile(&intent, &sight, "7f3a9c").unwrap().reach
    };
    assert!(wide("Gizmo", "example.com", json!({})).everything.is_some());
    let empty = wide("NetworkPolicy", "networking.k8s.io", json!({"podSelector": {}}));
    assert!(empty.everything.is_some());
    assert_eq!(empty.pods["shop"].len(), 6, "an empty selector is the whole namespace");
    let narrow = wide("NetworkPolicy", "networking.k8s.io", json!({"podSelector": {"matchLabels": {"app": "web"}}}));
    assert!(narrow.everything.is_none());
    assert_eq!(narrow.pods["shop"].len(), 2);
    assert!(wide("VirtualService", "networking.istio.io", json!({"hosts": ["*"]})).everything.is_some());
}

#[test]
fn a_kept_change_has_neither_lease_nor_fuse() {
    let sight = given(with_spec(&json!({"replicas": 1})), with_spec(&json!({"replicas": 2})));
    let mut intent = fault(FaultKind::Manifest, Target::Manifest, &[]);
    intent.manifests = vec![sight.given[0].wanted.clone()];
    let plan = change(&intent, &sight, &Policy::default(), "7f3a9c").unwrap();
    assert_eq!(plan.purpose, brink::cluster::warrant::Purpose::Change);
    assert!(plan.fuses.is_empty() && plan.lease.is_zero());
    assert!(plan.steps.iter().all(|step| !matches!(step.change, Change::Create { fused: true, .. })));
}
