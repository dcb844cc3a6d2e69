//! A fault of a chaos engine, by the engine's own word: active when it says injected, undone when it does not.

use std::{collections::BTreeMap, time::Duration};

use brink::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Write},
        warrant::Purpose,
    },
    fault::{
        checked::Checked,
        class::Class,
        injection::State,
        intent::Driver,
        plan::{Change, Plan, Reach, Step},
        refusal::ApplyError,
    },
};
use serde_json::{Value, json};

use super::support::{
    fake_cluster::Store,
    families::{self, DURATION, Family, LEASE},
    rig::{ID, Rig},
};

fn chaos() -> ObjectRef {
    let kind = Kind::namespaced("chaos-mesh.org", "v1alpha1", "NetworkChaos", "networkchaos");
    ObjectRef::new(kind, "shop", &format!("brink-{ID}"))
}

/// A checked plan of one NetworkChaos.
async fn checked(rig: &Rig) -> Checked {
    let object = Manifest(json!({
        "apiVersion": "chaos-mesh.org/v1alpha1", "kind": "NetworkChaos",
        "metadata": {"name": chaos().name, "namespace": "shop"},
        "spec": {"action": "delay", "mode": "all", "selector": {"pods": {"shop": ["web-1"]}}, "delay": {"latency": "100ms"}},
    }));
    let client = rig.world.client("looks");
    let stored = client.dry_run(&Write::Create(chaos(), object.clone())).await.unwrap().body;
    let step = Step {
        n: 1,
        object: chaos(),
        change: Change::Create { object, fused: true },
        before: None,
        residue: Vec::new(),
        assumed: false,
    };
    let plan = Plan {
        id: ID.to_owned(),
        purpose: Purpose::Fault,
        fault: families::fault(ID),
        driver: Driver::ChaosMesh,
        driver_why: String::new(),
        alternatives: Vec::new(),
        class: Class::SelfExpiring,
        duration: Duration::from_secs(DURATION),
        lease: Duration::from_secs(LEASE),
        title: "a delay by an engine".to_owned(),
        steps: vec![step],
        fuses: vec!["shop".to_owned()],
        reach: Reach { pods: BTreeMap::new(), ..Reach::default() },
        predicts: Vec::new(),
        doubts: Vec::new(),
        undo: Vec::new(),
    };
    families::wrap(&rig.world, plan, vec![Some(stored)], vec![String::new()], vec![None])
}

/// The engine's controller writes a status, once the object is there.
fn says(rig: &Rig, injected: bool, failures: usize) {
    let mut object = rig.world.get(&chaos()).unwrap();
    let failed = json!({"type": "Failed", "operation": "Apply", "message": "no chaos-daemon is ready on node n"});
    let phase = if injected { "Injected" } else { "Not Injected" };
    object["status"] = json!({
        "conditions": [{"type": "Selected", "status": "True"}, {"type": "AllInjected", "status": if injected { "True" } else { "False" }}],
        "experiment": {"desiredPhase": "Run", "containerRecords": [{
            "id": "shop/web-1", "selectorKey": ".", "phase": phase, "injectedCount": u32::from(injected),
            "events": vec![failed; failures],
        }]},
    });
    rig.world.put(&chaos(), object);
}

fn rig() -> Rig {
    let rig = Rig::new(Family::Additive);
    // Here the test speaks for the engine.
    rig.world.with(Store::stop_engine);
    rig
}

fn gone(rig: &Rig) -> bool {
    rig.world.get(&chaos()).is_none()
}

#[tokio::test(start_paused = true)]
async fn it_is_active_when_the_engine_says_that_it_is_injected_and_not_before() {
    let rig = rig();
    let cockpit = rig.cockpit();
    let plan = checked(&rig).await;
    let (applied, ()) = tokio::join!(cockpit.apply(plan), async {
        rig.until("the object is there", 20, || !gone(&rig)).await;
        tokio::time::sleep(Duration::from_secs(8)).await;
        let view = cockpit.engine.kept().into_iter().find(|view| view.injection == ID).expect("it is open");
        assert_eq!(view.state, State::Applying, "its engine has said nothing");
        says(&rig, true, 0);
    });
    applied.unwrap();
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert_eq!(view.state, State::Recovered, "{view:?}");
    assert!(gone(&rig));
    rig.assert_clean("aborted");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_never_acts_is_given_nothing_to_keep() {
    let rig = rig();
    let cockpit = rig.cockpit();
    let error = cockpit.apply(checked(&rig).await).await.unwrap_err();
    assert!(matches!(error, ApplyError::NotInjected { .. }), "{error}");
    let said = error.to_string();
    assert!(said.starts_with("not injected") && said.contains("its controller has not looked at it"), "{said}");
    rig.until("it is undone", 30, || gone(&rig)).await;
    rig.guardians_gone_with(cockpit).await;
    rig.assert_clean("never injected");
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_cannot_inject_is_said_in_its_words_and_undone_at_once() {
    let rig = rig();
    let cockpit = rig.cockpit();
    let plan = checked(&rig).await;
    let start = rig.world.now();
    let (applied, ()) = tokio::join!(cockpit.apply(plan), async {
        rig.until("the object is there", 20, || !gone(&rig)).await;
        says(&rig, false, 3);
    });
    let said = applied.unwrap_err().to_string();
    assert!(said.contains("shop/web-1: no chaos-daemon is ready on node n"), "{said}");
    let took: Value = json!(rig.world.now().as_second() - start.as_second());
    assert!(took.as_i64().unwrap() < 25, "it was not waited for: {took} s");
    rig.until("it is undone", 30, || gone(&rig)).await;
    rig.guardians_gone_with(cockpit).await;
    rig.assert_clean("refused");
}
