//! The kinds that Chaos Mesh carries out: what each plan makes, whom it hits, and when nothing is made.

use std::collections::BTreeMap;

use brink::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        catalogue::{self, view},
        class::Class,
        drivers::compile,
        evidence::{EVERY, Evidence, Expected, Seen, expected},
        intent::{Driver, Fault, FaultKind, Target},
        observe::Observe,
        plan::{Change, Plan},
        sight::{Controller, Given, Sight},
        view::EvidenceState,
    },
};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    plans::planned,
    sights::{fault, reviews, sea, shop, workload},
};

fn wanted(kind: FaultKind, params: &[(&str, Value)]) -> Fault {
    Fault { driver: Some(Driver::ChaosMesh), ..fault(kind, workload("deployment", "reviews"), params) }
}

fn plan(kind: FaultKind, params: &[(&str, Value)]) -> Plan {
    compile(&wanted(kind, params), &sea(), "7f3a9c").unwrap()
}

fn made(plan: &Plan) -> &Manifest {
    match &plan.steps.as_slice() {
        [step] => match &step.change {
            Change::Create { object, fused: true } => object,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case(FaultKind::NetworkDelay, &[("delay", json!("1s")), ("percent", json!(50))], 2, json!({"action": "delay", "direction": "to", "delay": {"latency": "1000ms", "jitter": "0ms", "correlation": "0"}}))]
#[case(FaultKind::NetworkLoss, &[("percent", json!(12.5))], 4, json!({"action": "loss", "loss": {"loss": "12.5", "correlation": "0"}}))]
#[case(FaultKind::NetworkCorrupt, &[("percent", json!(10))], 4, json!({"action": "corrupt", "corrupt": {"corrupt": "10", "correlation": "0"}}))]
#[case(FaultKind::NetworkBandwidth, &[("rate", json!("1mbit"))], 4, json!({"action": "bandwidth", "bandwidth": {"rate": "1mbit", "limit": 20_971_520, "buffer": 10_000}}))]
#[case(FaultKind::DnsError, &[("patterns", json!("ratings.*, db?.example.com"))], 4, json!({"action": "error", "patterns": ["ratings.*", "db?.example.com"], "containerNames": ["reviews"]}))]
#[case(FaultKind::DnsRandom, &[("patterns", json!("ratings"))], 4, json!({"action": "random", "patterns": ["ratings"]}))]
#[case(FaultKind::PodFailure, &[("count", json!(1))], 1, json!({"action": "pod-failure"}))]
#[case(FaultKind::ContainerKill, &[("percent", json!(50))], 2, json!({"action": "container-kill", "containerNames": ["reviews"]}))]
#[case(FaultKind::CpuStress, &[("workers", json!(2)), ("load", json!(80))], 4, json!({"stressors": {"cpu": {"workers": 2, "load": 80}}, "containerNames": ["reviews"]}))]
#[case(FaultKind::MemoryStress, &[("size", json!("64MB"))], 4, json!({"stressors": {"memory": {"workers": 1, "size": "64MB"}}}))]
#[case(FaultKind::IoLatency, &[("delay", json!("100ms")), ("path", json!("/data"))], 4, json!({"action": "latency", "delay": "100ms", "percent": 100, "volumePath": "/data", "path": "/data/**/*"}))]
#[case(FaultKind::TimeSkew, &[("offset", json!("-10m"))], 4, json!({"timeOffset": "-600s", "containerNames": ["reviews"]}))]
#[case(FaultKind::HttpDelay, &[("delay", json!("300ms"))], 4, json!({"target": "Request", "port": 9080, "delay": "300ms"}))]
#[case(FaultKind::HttpAbort, &[("status", json!(503))], 4, json!({"target": "Response", "port": 9080, "replace": {"code": 503}}))]
fn every_kind_makes_one_object_over_pods_that_are_named(
    #[case] kind: FaultKind,
    #[case] params: &[(&str, Value)],
    #[case] pods: usize,
    #[case] spec: Value,
) {
    let mut sight = sea();
    for pod in &mut sight.pods {
        pod.0["spec"]["containers"][0]["ports"] = json!([{"containerPort": 9080}]);
    }
    let plan = compile(&wanted(kind, params), &sight, "7f3a9c").unwrap();
    let object = made(&plan);
    assert_eq!(object.name(), "brink-7f3a9c");
    for (field, expected) in spec.as_object().unwrap() {
        assert_eq!(object.at(&["spec", field]), Some(expected), "{field}");
    }
    // Rule R6: the engine chooses nobody by itself, and its own clock ends at the safety cap.
    let named = object.at(&["spec", "selector", "pods", "shop"]).and_then(Value::as_array).unwrap();
    assert_eq!(json!(plan.reach.pods["shop"]), json!(named));
    assert_eq!(
        (named.len(), object.text(&["spec", "mode"]), object.text(&["spec", "duration"])),
        (pods, Some("all"), Some("120s"))
    );
    assert_eq!(
        (plan.class, plan.fuses.as_slice(), plan.driver),
        (Class::SelfExpiring, &["shop".to_owned()][..], Driver::ChaosMesh)
    );
    assert!(plan.doubts.is_empty() || matches!(kind, FaultKind::HttpDelay | FaultKind::HttpAbort), "{:?}", plan.doubts);
    let again = compile(&wanted(kind, params), &sight, "7f3a9c").unwrap();
    assert_eq!(plan, again, "the same id gives the same choice");
}

#[test]
fn a_plan_of_chaos_mesh_reads_well() {
    let delay = wanted(FaultKind::NetworkDelay, &[("delay", json!("1s")), ("percent", json!(50))]);
    let read = planned(&delay, &sea());
    for line in [
        "Delay what 2 of 4 pods of reviews send by 1 s for 90 s",
        "predicts: each answer of a hit pod comes 1 s later",
        "predicts: pods that come later are not hit",
        "undo: delete NetworkChaos",
    ] {
        assert!(read.contains(line), "{line}: {read}");
    }
    let failure = wanted(FaultKind::PodFailure, &[("count", json!(1))]);
    let read = planned(&failure, &sea());
    for line in ["Fail 1 of 4 pods of reviews for 90 s", "shop/Deployment/reviews", "stays: restart counts"] {
        assert!(read.contains(line), "{line}: {read}");
    }
}

#[test]
fn to_a_dead_engine_nothing_is_given_and_what_cannot_be_seen_is_doubted() {
    let delay = wanted(FaultKind::NetworkDelay, &[("delay", json!("1s"))]);
    let dead = Sight { engines: BTreeMap::from([(Observe::ChaosMesh, Controller::Absent)]), ..sea() };
    let why = compile(&delay, &dead, "7f3a9c").unwrap_err().to_string();
    assert!(why.contains("no controller of Chaos Mesh is available") && why.contains("start it"), "{why}");
    let kinds = view::kinds(&dead);
    let kind = kinds.kinds.iter().find(|kind| kind.kind == "network-delay").unwrap();
    assert_eq!((kind.drivers[0].driver, kind.drivers[0].state), ("chaos-mesh", view::DriverState::Dead));
    // Any YAML as well: it would be injected into silence, and its finalizer would hold the undo.
    let object = made(&plan(FaultKind::NetworkDelay, &[("delay", json!("1s"))])).clone();
    let kind = Kind::namespaced("chaos-mesh.org", "v1alpha1", "NetworkChaos", "networkchaos");
    let given = Given { object: ObjectRef::new(kind, "shop", "slow"), wanted: object.clone(), live: None };
    let mut yaml = fault(FaultKind::Manifest, Target::Manifest, &[]);
    yaml.manifests = vec![object];
    let dead = Sight { given: vec![given.clone()], ..dead };
    assert!(compile(&yaml, &dead, "7f3a9c").unwrap_err().to_string().contains("no controller of Chaos Mesh"));
    let unseen = Sight { engines: BTreeMap::new(), given: vec![given], ..sea() };
    for fault in [&delay, &yaml] {
        let doubts = compile(fault, &unseen, "7f3a9c").unwrap().doubts;
        assert!(doubts.iter().any(|doubt| doubt.contains("could not be seen")), "{doubts:?}");
    }
    let absent = compile(&delay, &shop(), "7f3a9c").unwrap_err().to_string();
    assert!(absent.contains("does not serve NetworkChaos"), "{absent}");
}

#[rstest]
#[case(FaultKind::NetworkBandwidth, &[("rate", json!("fast"))], "params.rate")]
#[case(FaultKind::NetworkLoss, &[("percent", json!(101))], "params.percent")]
#[case(FaultKind::NetworkLoss, &[], "params.percent")]
#[case(FaultKind::DnsError, &[("patterns", json!("*.example.com"))], "params.patterns")]
#[case(FaultKind::DnsError, &[("patterns", json!(" , "))], "params.patterns")]
#[case(FaultKind::MemoryStress, &[("size", json!("256MiB"))], "params.size")]
#[case(FaultKind::MemoryStress, &[("size", json!("0MB"))], "params.size")]
#[case(FaultKind::TimeSkew, &[("offset", json!("10"))], "params.offset")]
#[case(FaultKind::TimeSkew, &[("offset", json!("-0s"))], "params.offset")]
#[case(FaultKind::IoLatency, &[("delay", json!("1s")), ("path", json!("data"))], "params.path")]
#[case(FaultKind::CpuStress, &[("workers", json!(0))], "params.workers")]
#[case(FaultKind::PodFailure, &[("count", json!(1)), ("percent", json!(5))], "params.count")]
#[case(FaultKind::NetworkDelay, &[("delay", json!("0s"))], "params.delay")]
fn what_does_not_fit_is_said_at_its_field(
    #[case] kind: FaultKind,
    #[case] params: &[(&str, Value)],
    #[case] field: &str,
) {
    let wrong = catalogue::deed(&wanted(kind, params)).unwrap_err();
    assert!(wrong.iter().any(|one| one.field == field && !one.fix.is_empty()), "{wrong:?}");
}

#[test]
fn what_the_engine_cannot_express_is_refused_with_the_way_out() {
    let refused = |fault: &Fault| compile(fault, &sea(), "7f3a9c").unwrap_err().to_string();
    let share = wanted(FaultKind::HttpDelay, &[("delay", json!("1s")), ("percent", json!(50))]);
    assert!(refused(&share).contains("every request of a pod"));
    let grpc = Fault {
        driver: Some(Driver::ChaosMesh),
        ..fault(FaultKind::HttpAbort, reviews(), &[("grpc_status", json!(14))])
    };
    assert!(refused(&grpc).contains("gRPC"), "{}", refused(&grpc));
    let elsewhere = wanted(FaultKind::IoLatency, &[("delay", json!("1s")), ("path", json!("/var"))]);
    assert!(refused(&elsewhere).contains("mounts no volume at /var"));
    let other = wanted(FaultKind::ContainerKill, &[("count", json!(1)), ("container", json!("reveiws"))]);
    assert!(refused(&other).contains("did you mean `reviews`"), "{}", refused(&other));
    let many = wanted(FaultKind::PodFailure, &[("count", json!(9))]);
    assert!(refused(&many).contains("9 pods are wanted and 4 are there"), "{}", refused(&many));
    // Behind sidecars it may not be able to read what it should disturb.
    let service = Fault { target: reviews(), ..wanted(FaultKind::HttpDelay, &[("delay", json!("1s"))]) };
    let plan = compile(&service, &sea(), "7f3a9c").unwrap();
    assert!(plan.doubts.iter().any(|doubt| doubt.contains("mutual TLS")), "{:?}", plan.doubts);
}

#[test]
fn the_engines_word_is_the_evidence_and_may_be_taken_back() {
    let plan = plan(FaultKind::CpuStress, &[]);
    assert!(matches!(expected(&plan), Expected::Engine(_)));
    let object = |phase: &str, run: &str| {
        let held = if phase == "Injected" { "AllInjected" } else { "AllRecovered" };
        Seen::Objects(vec![Some(Manifest(json!({"status": {
            "conditions": [{"type": held, "status": "True"}],
            "experiment": {"desiredPhase": run, "containerRecords": [{"id": "shop/reviews-abc-1", "phase": phase}]},
        }})))])
    };
    let mut evidence = Evidence::new(&plan, None, Timestamp::UNIX_EPOCH);
    let at = |n: u32| Timestamp::UNIX_EPOCH + EVERY * n;
    assert_eq!(evidence.told(at(1), &object("Not Injected", "Run")).state, EvidenceState::Looking);
    let seen = evidence.told(at(2), &object("Injected", "Run")).clone();
    assert_eq!((seen.state, seen.seen.as_str()), (EvidenceState::Seen, "Chaos Mesh: injected into 1 of 1"));
    assert_eq!(evidence.told(at(3), &Seen::Unread("no answer".to_owned())).state, EvidenceState::Seen);
    let over = evidence.told(at(4), &object("Not Injected", "Stop"));
    assert_eq!(over.state, EvidenceState::None);
    assert!(over.reasons[0].contains("its own time is over"), "{:?}", over.reasons);
    // Latency is measured: what is slower is known.
    let delay = super::chaos::plan(FaultKind::NetworkDelay, &[("delay", json!("1s"))]);
    assert!(matches!(expected(&delay), Expected::Latency { .. }));
}
