//! The kinds that Litmus carries out: what each plan makes, what it makes beside it where that is missing, and when nothing is
//! made.

use std::collections::BTreeMap;

use brink::{
    cluster::{Kind, Manifest},
    fault::{
        catalogue::view,
        class::Class,
        drivers::compile,
        intent::{Driver, Fault, FaultKind, Target},
        observe::Observe,
        plan::{Change, Plan},
        sight::{Controller, Given, Sight},
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use super::sights::{fault, shop, workload};

/// The shop with Litmus, an account and both experiments.
fn lab() -> Sight {
    let named =
        |kind: &str, name: &str| Manifest(json!({"kind": kind, "metadata": {"name": name, "namespace": "shop"}}));
    let mut sight = shop();
    sight.engines.insert(Observe::Litmus, Controller::Alive);
    for (kind, plural) in
        [("ChaosEngine", "chaosengines"), ("ChaosExperiment", "chaosexperiments"), ("ChaosResult", "chaosresults")]
    {
        sight.served.push(Kind::namespaced("litmuschaos.io", "v1alpha1", kind, plural));
    }
    sight.others = vec![
        named("ServiceAccount", "default"),
        named("ServiceAccount", "litmus-admin"),
        named("ChaosExperiment", "pod-network-latency"),
        named("ChaosExperiment", "pod-delete"),
    ];
    for pod in &mut sight.pods {
        pod.0["status"]["containerStatuses"] = json!([{"name": "app", "containerID": "cri-o://abc"}]);
    }
    sight
}

fn wanted(kind: FaultKind, params: &[(&str, Value)]) -> Fault {
    Fault { driver: Some(Driver::Litmus), ..fault(kind, workload("deployment", "reviews"), params) }
}

fn delay(more: &[(&str, Value)]) -> Fault {
    let mut params = vec![("delay", json!("1s"))];
    params.extend(more.iter().cloned());
    wanted(FaultKind::NetworkDelay, &params)
}

fn plan(fault: &Fault, sight: &Sight) -> Plan {
    compile(fault, sight, "7f3a9c").unwrap()
}

fn made(plan: &Plan) -> Vec<&Manifest> {
    let object = |change| match change {
        &Change::Create { ref object, fused: true } => object,
        other => panic!("{other:?}"),
    };
    plan.steps.iter().map(|step| object(&step.change)).collect()
}

fn setting<'a>(engine: &'a Manifest, name: &str) -> &'a str {
    let env = engine.0.pointer("/spec/experiments/0/spec/components/env").and_then(Value::as_array).unwrap();
    let found = env.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} in {env:?}"));
    found["value"].as_str().unwrap()
}

#[test]
fn an_engine_names_its_pods_and_its_clock_is_the_safety_cap() {
    let plan = plan(&delay(&[("percent", json!(50)), ("jitter", json!("20ms"))]), &lab());
    let [engine] = made(&plan)[..] else { panic!("{:?}", plan.steps) };
    assert_eq!((engine.kind(), engine.name()), ("ChaosEngine", "brink-7f3a9c"));
    assert_eq!(setting(engine, "TARGET_PODS").split(',').collect::<Vec<_>>(), plan.reach.pods["shop"]);
    assert_eq!(plan.reach.pods["shop"].len(), 2);
    for (name, value) in [
        ("NETWORK_LATENCY", "1000"),
        ("JITTER", "20"),
        ("TOTAL_CHAOS_DURATION", "120"),
        ("SEQUENCE", "parallel"),
        ("CONTAINER_RUNTIME", "crio"),
        ("SOCKET_PATH", "/run/crio/crio.sock"),
    ] {
        assert_eq!(setting(engine, name), value, "{name}");
    }
    assert_eq!(engine.text(&["spec", "chaosServiceAccount"]), Some("litmus-admin"));
    assert_eq!((plan.class, plan.driver), (Class::SelfExpiring, Driver::Litmus));
    assert_eq!(plan.title, "Delay what 2 of 4 pods of reviews send by 1 s for 90 s");
    assert!(plan.predicts.iter().any(|line| line.contains("the order, not the deed")), "{:?}", plan.predicts);
    let stays = &plan.steps[0].residue;
    assert!(stays.iter().any(|line| line.contains("ChaosResult brink-7f3a9c-pod-network-latency")), "{stays:?}");
}

#[test]
fn what_the_experiment_needs_and_has_not_is_part_of_the_plan() {
    let sight = Sight { others: Vec::new(), ..lab() };
    let plan = plan(&delay(&[]), &sight);
    let kinds: Vec<(&str, &str)> = made(&plan).iter().map(|object| (object.kind(), object.name())).collect();
    assert_eq!(
        kinds,
        [
            ("ServiceAccount", "brink-7f3a9c"),
            ("Role", "brink-7f3a9c"),
            ("RoleBinding", "brink-7f3a9c"),
            ("ChaosExperiment", "pod-network-latency"),
            ("ChaosEngine", "brink-7f3a9c"),
        ]
    );
    let all = made(&plan);
    assert_eq!(all[4].text(&["spec", "chaosServiceAccount"]), Some("brink-7f3a9c"));
    let rules = all[1].0["rules"].as_array().unwrap();
    let wide = |rule: &&Value| rule["verbs"].as_array().unwrap().iter().any(|verb| verb == "*");
    assert!(!rules.iter().any(|rule| wide(&rule)), "no more than the experiment needs: {rules:?}");
    assert_eq!(all[3].0["spec"]["definition"]["args"][1], "./experiments -name pod-network-latency");
    assert!(plan.predicts.iter().any(|line| line.contains("whoever may start pods in shop")), "{:?}", plan.predicts);
}

#[test]
fn an_account_is_taken_as_asked_as_usual_or_refused_by_the_nearest_name() {
    let mut sight = lab();
    sight.others.push(Manifest(json!({"kind": "ServiceAccount", "metadata": {"name": "chaos-runner"}})));
    let account = |plan: &Plan| made(plan).last().unwrap().text(&["spec", "chaosServiceAccount"]).unwrap().to_owned();
    assert_eq!(account(&plan(&delay(&[("account", json!("chaos-runner"))]), &sight)), "chaos-runner");
    assert_eq!(account(&plan(&delay(&[]), &sight)), "litmus-admin");
    let said = compile(&delay(&[("account", json!("chaos-runer"))]), &sight, "7f3a9c").unwrap_err().to_string();
    assert!(said.contains("no ServiceAccount chaos-runer in shop") && said.contains("`chaos-runner`?"), "{said}");
}

#[test]
fn pods_of_two_runtimes_are_refused() {
    let mut sight = lab();
    sight.pods[0].0["status"]["containerStatuses"] = json!([{"containerID": "containerd://abc"}]);
    let said = compile(&delay(&[]), &sight, "7f3a9c").unwrap_err().to_string();
    assert!(said.contains("containerd and crio"), "{said}");
}

#[test]
fn pods_are_deleted_once_and_counted_as_lost() {
    let mut sight = lab();
    sight.budgets = vec![Manifest(json!({
        "metadata": {"name": "reviews", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "reviews"}}}, "status": {"disruptionsAllowed": 0},
    }))];
    let plan = plan(&wanted(FaultKind::PodKill, &[("count", json!(1))]), &sight);
    let [engine] = made(&plan)[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(engine.0["spec"]["experiments"][0]["name"], "pod-delete");
    assert_eq!(setting(engine, "TARGET_PODS").split(',').count(), 1);
    // One round: the interval is as long as all of its time.
    assert_eq!((setting(engine, "TOTAL_CHAOS_DURATION"), setting(engine, "CHAOS_INTERVAL")), ("1", "1"));
    assert_eq!(plan.reach.lost["shop/Deployment/reviews"], (1, 4));
    let told = "PodDisruptionBudget reviews allows 0 of 1 evictions: nobody asks it";
    assert!(plan.predicts.iter().any(|line| line.starts_with(told)), "{:?}", plan.predicts);
}

#[test]
fn to_a_dead_operator_nothing_is_given_whoever_asks() {
    let dead = Sight { engines: BTreeMap::from([(Observe::Litmus, Controller::Absent)]), ..lab() };
    let said = compile(&delay(&[]), &dead, "7f3a9c").unwrap_err().to_string();
    assert!(said.contains("no operator of Litmus is available"), "{said}");
    let kinds = view::kinds(&dead);
    let kind = kinds.kinds.iter().find(|kind| kind.kind == "network-delay").unwrap();
    assert_eq!((kind.drivers[1].driver, kind.drivers[1].state), ("litmus", view::DriverState::Dead));
    let planned = plan(&delay(&[]), &lab());
    let (object, place) = (made(&planned)[0].clone(), planned.steps[0].object.clone());
    let mut yaml = fault(FaultKind::Manifest, Target::Manifest, &[]);
    yaml.manifests = vec![object.clone()];
    let given = vec![Given { object: place, wanted: object, live: None }];
    let dead = Sight { given: given.clone(), ..dead };
    assert!(compile(&yaml, &dead, "7f3a9c").unwrap_err().to_string().contains("no operator of Litmus"));
    let alive = compile(&yaml, &Sight { given, ..lab() }, "7f3a9c").unwrap();
    assert_eq!(alive.reach.pods["shop"].len(), 4, "an engine of one's own hits the pods it names");
    let absent = compile(&delay(&[]), &shop(), "7f3a9c").unwrap_err().to_string();
    assert!(absent.contains("does not serve ChaosEngine"), "{absent}");
}

#[rstest]
#[case(json!({"appinfo": {"appns": "", "applabel": "app=reviews", "appkind": "deployment"}, "experiments": [{"name": "pod-network-loss"}]}), Some(4))]
#[case(json!({"appinfo": {"applabel": "app=reviews"}, "experiments": [{"name": "node-drain"}]}), None)]
#[case(json!({"selectors": {"pods": [{"namespace": "shop", "names": "reviews-1"}]}, "experiments": [{"name": "pod-delete"}]}), None)]
#[case(json!({"appinfo": {"appns": "elsewhere", "applabel": "app=reviews"}, "experiments": [{"name": "pod-delete"}]}), None)]
fn an_engine_of_ones_own_hits_what_it_means_or_what_nobody_knows(#[case] spec: Value, #[case] pods: Option<usize>) {
    let object = Manifest(json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosEngine", "metadata": {"name": "own", "namespace": "shop"},
        "spec": spec,
    }));
    let mut yaml = fault(FaultKind::Manifest, Target::Manifest, &[]);
    yaml.manifests = vec![object.clone()];
    let mut sight = lab();
    let kind = sight.serves("litmuschaos.io", "ChaosEngine").unwrap().clone();
    sight.given =
        vec![Given { object: brink::cluster::ObjectRef::new(kind, "shop", "own"), wanted: object, live: None }];
    let reach = compile(&yaml, &sight, "7f3a9c").unwrap().reach;
    match pods {
        Some(pods) => assert_eq!(reach.pods["shop"].len(), pods),
        None => assert!(reach.everything.is_some(), "{reach:?}"),
    }
}
