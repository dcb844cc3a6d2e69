//! What a fault stands on changes: admission thinks better of it, namespace, kind or target go, a controller puts all back.

use brink::{
    cluster::{Kind, warrant::Purpose},
    fault::{injection::State, refusal::ApplyError, view::InjectionView},
    journal::entry::Outcome,
};
use serde_json::{Value, json};

use super::active;
use crate::suite::support::{
    families::{Family, another, route},
    rig::{ID, Rig},
};

/// Admission that changes its mind.
pub async fn admission(family: Family) -> u32 {
    // It stores something else than the dry run said: undone at once.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    rig.world.admit(|call, body| {
        if !call.dry
            && call.purpose == Some(Purpose::Fault)
            && call.verb != "delete"
            && body["spec"].is_object()
            && !call.object.starts_with("Job")
        {
            body["metadata"]["annotations"]["mutated"] = json!("yes");
        }
        if call.purpose == Some(Purpose::Undo)
            && let Some(notes) = body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            notes.remove("mutated");
        }
        Ok(())
    });
    let refused = cockpit.apply(checked).await.unwrap_err();
    let ApplyError::Deviated { diff, .. } = &refused else { panic!("{}: {refused}", family.letter()) };
    assert!(diff.contains("mutated"), "{diff}");
    rig.until("the undo of a deviation", 120, || {
        cockpit.engine.kept().iter().all(|view| view.ended() || view.state == State::Stuck)
    })
    .await;

    // It refuses the undo while the fault stands: found out by the dry run of the inverse, before it is called active.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    let refusing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let on = std::sync::Arc::clone(&refusing);
    rig.world.admit(move |call, _| {
        let inverse = call.purpose == Some(Purpose::Undo) || call.dry;
        let net = ["ConfigMap", "Job", "Event"].iter().any(|kind| call.object.starts_with(kind));
        if inverse && !net && on.load(std::sync::atomic::Ordering::SeqCst) {
            return Err("the policy is closed".to_owned());
        }
        Ok(())
    });
    let refused = cockpit.apply(checked).await.unwrap_err();
    assert!(refused.to_string().contains("the policy is closed"), "{refused}");
    rig.until("stuck", 30, || cockpit.engine.kept().iter().any(|view| view.state == State::Stuck)).await;
    let view = cockpit.engine.kept().remove(0);
    assert!(view.trouble.as_ref().is_some_and(|why| why.contains("the policy is closed")), "{view:?}");
    // It is tried again by itself and completes when the policy opens.
    refusing.store(false, std::sync::atomic::Ordering::SeqCst);
    rig.until("the end", 200, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("admission refused the undo");
    2
}

/// What the fault stands on goes away, or somebody else puts it back.
pub async fn ground_moves(family: Family) -> u32 {
    let mut runs = 0;
    // The namespace.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| store.remove_namespace("shop"));
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    // Pods have their time to end; what would be put into it now would hold it for ever.
    rig.until("the namespace to be empty", 100, || !rig.world.picture().keys().any(|key| key.contains("/shop/"))).await;
    rig.assert_put_away("namespace deleted");
    runs += 1;

    // The kind.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let kind: Kind = family.object(ID).kind;
    if rig.world.with(|store| store.stop_serving(&kind)) {
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert!(view.ended(), "{view:?}");
        assert!(view.steps.iter().all(|step| step.outcome == Some(Outcome::Gone)), "{view:?}");
        runs += 1;
    }

    // A controller puts everything back while our mark is on it.
    if matches!(family, Family::Insert | Family::Image | Family::Rules | Family::Scale) {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        let object = family.object(ID);
        rig.world.with(|store| {
            store.edit(&object, "argocd", |object| match family {
                Family::Insert => {
                    object["spec"]["http"].as_array_mut().unwrap().remove(0);
                }
                Family::Image => object["spec"]["template"]["spec"]["containers"][1]["image"] = json!("web:1"),
                Family::Rules => object["spec"]["rules"] = json!([{"backendRefs": [{"name": "reviews", "port": 80}]}]),
                _ => object["spec"]["replicas"] = json!(3),
            });
        });
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert_eq!(view.steps[0].outcome, Some(Outcome::Already), "{view:?}");
        rig.assert_clean("reverted by others");
        runs += 1;
    }
    // What we made or deleted is put right by others.
    if family.additive() {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.world.with(|store| store.remove(&family.object(ID)));
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert_eq!(view.steps[0].outcome, Some(Outcome::Already), "{view:?}");
        rig.assert_clean("removed by others");
        runs += 1;
    }
    if family == Family::Recreate {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.world.with(|store| {
            store.remove(&route("reviews"));
            store.put(&route("reviews"), another(&route("reviews")));
        });
        let new = rig.world.get(&route("reviews")).unwrap();
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert_eq!(view.state, State::Residue, "{view:?}");
        assert_eq!(rig.world.get(&route("reviews")).unwrap()["spec"], new["spec"]);
        runs += 1;
    }
    runs
}
