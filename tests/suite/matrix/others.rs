//! Other writers, other brinks, other people, and the ground moving.

use std::{collections::BTreeMap, time::Duration};

use brink::{
    cluster::{Kind, ObjectRef, warrant::Purpose},
    fault::{PREFIX, injection::State, record, refusal::ApplyError, undo::Decision, view::InjectionView},
    journal::entry::Outcome,
};
use serde_json::{Value, json};

use super::crash::fault_write;
use crate::suite::support::{
    fake_cluster::{Store, Twist},
    families::{Family, another, beat, policy, route, theirs, virtual_service},
    rig::{Cockpit, ID, Rig},
};

async fn active(rig: &Rig) -> Cockpit {
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit
}

fn outcomes(rig: &Rig) -> Vec<Option<Outcome>> {
    let shelf = rig.shelf();
    shelf
        .slots(brink::journal::io::Drawer::Done)
        .unwrap()
        .iter()
        .flat_map(|slot| {
            let digest = shelf.digest(&slot.path).unwrap();
            let (arm, _) = digest.arm.unwrap();
            arm.steps.iter().map(|step| digest.undid.get(&step.n).map(|(outcome, _)| *outcome)).collect::<Vec<_>>()
        })
        .collect()
}

/// Cockpit, guardian and another brink undo at the same time: the same end, and no object is written more often than by one.
pub async fn three_undoers(family: Family) -> u32 {
    let alone = {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        cockpit.engine.abort(ID).await.unwrap();
        effective_writes(&rig)
    };
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    rig.terminate_guardians();
    let (one, two) = tokio::join!(cockpit.engine.abort(ID), other.engine.abort(ID));
    assert!(one.unwrap().ended());
    // The other may have come when all was over.
    if let Ok(view) = two {
        assert!(view.ended(), "{view:?}");
    }
    rig.guardians_gone().await;
    cockpit.kill().await;
    other.kill().await;
    rig.next_start().await;
    rig.assert_clean("three undoers");
    assert_eq!(effective_writes(&rig), alone, "{}: a write beyond the first effective one", family.letter());
    1
}

/// Undo writes on the fault's objects that changed anything, by object.
fn effective_writes(rig: &Rig) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    rig.world.with(|store| {
        for call in &store.log {
            let net = ["ConfigMap", "Job", "Event"].iter().any(|kind| call.object.starts_with(kind));
            if call.purpose == Some(Purpose::Undo) && call.changed && !net {
                *count.entry(call.object.clone()).or_default() += 1;
            }
        }
    });
    count
}

/// What a person wrote of an object that may be another one of the same name.
fn meant(rig: &Rig, object: &ObjectRef) -> Value {
    let mut meant = rig.world.meant(object).unwrap();
    json!({"labels": meant["metadata"]["labels"].take(), "spec": meant["spec"].take()})
}

/// Something moves between preview and apply.
pub async fn before_apply(family: Family) -> u32 {
    let id = ID;
    let object = family.object(id);
    let additive = family == Family::Additive;
    let mut runs = 0;
    // Status only: applied all the same, also while it churns between every read and write.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    let (place, mut left) = (object.clone(), 3);
    rig.world.script(move |call, store| {
        if fault_write(call) && left > 0 {
            left -= 1;
            store.edit(&place, "controller", |object| beat(object, left));
        }
        Twist::Pass
    });
    cockpit.apply(checked).await.unwrap();
    cockpit.engine.abort(id).await.unwrap();
    rig.assert_clean("status churn");
    runs += 1;

    // A value, a label, another object of the name: nothing is applied.
    let moves: [fn(&mut Store, &ObjectRef); 3] = [
        |store, object| store.edit(object, "ben", theirs),
        |store, object| store.edit(object, "ben", |object| object["metadata"]["labels"]["theirs"] = json!("1")),
        |store, object| {
            store.remove(object);
            store.put(object, another(object));
        },
    ];
    for change in moves {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        let checked = rig.checked().await;
        rig.world.with(|store| {
            if additive {
                store.put(&object, another(&object));
            } else {
                change(store, &object);
            }
        });
        let picture = rig.world.picture();
        let written = meant(&rig, &object);
        let refused = cockpit.apply(checked).await.unwrap_err();
        assert!(matches!(refused, ApplyError::Moved { .. }), "{refused}");
        assert_eq!(rig.world.picture(), picture);
        rig.assert_put_away("moved before apply");

        // The same between the last look and the write: found by the conditions of the write.
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        let checked = rig.checked().await;
        let (place, mut done) = (object.clone(), false);
        rig.world.script(move |call, store| {
            if fault_write(call) && !done {
                done = true;
                if additive {
                    store.put(&place, another(&place));
                } else {
                    change(store, &place);
                }
            }
            Twist::Pass
        });
        let refused = cockpit.apply(checked).await.unwrap_err();
        assert!(matches!(refused, ApplyError::Step { .. }), "{refused}");
        rig.until("the clean-up", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        let live = rig.world.get(&object).unwrap();
        assert_eq!(meant(&rig, &object), written, "a foreign value was overwritten");
        assert!(live["metadata"]["annotations"][format!("{PREFIX}/injection")].is_null(), "{live}");
        runs += 2;
    }
    runs
}

/// Somebody writes between apply and undo; what counts is that no foreign value is lost.
pub async fn before_undo(family: Family) -> u32 {
    let object = match family {
        Family::Additive => policy(ID),
        _ => family.object(ID),
    };
    let mut runs = 0;
    let mut case = |name: &'static str| {
        runs += 1;
        name
    };

    // Status only, or a path nobody of us touched: undone, theirs stays.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| store.edit(&object, "ben", |object| object["metadata"]["labels"]["theirs"] = json!("1")));
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{}: {view:?}", case("other path"));
    if family != Family::Additive {
        assert_eq!(rig.world.get(&object).unwrap()["metadata"]["labels"]["theirs"], "1", "{}", family.letter());
        rig.world.with(|store| {
            store.edit(&object, "ben", |object| {
                object["metadata"]["labels"].as_object_mut().unwrap().remove("theirs");
            });
        });
    }
    rig.assert_clean("other path");

    // A touched path: their value stays.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let touch: fn(Family, &mut Value) = |family, object| match family {
        Family::Insert => object["spec"]["http"][0]["fault"]["delay"]["fixedDelay"] = json!("9s"),
        Family::Image => object["spec"]["template"]["spec"]["containers"][1]["image"] = json!("web:2"),
        Family::Rules => object["spec"]["rules"] = json!([{"backendRefs": [{"name": "theirs", "port": 80}]}]),
        Family::Scale => object["spec"]["replicas"] = json!(7),
        Family::Additive | Family::Recreate => theirs(object),
        Family::Evict => {}
    };
    rig.world.with(|store| store.edit(&object, "ben", |object| touch(family, object)));
    let moved = rig.world.get(&object).unwrap()["spec"].clone();
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert_eq!(rig.world.get(&object).unwrap()["spec"], moved, "{}: overwritten", family.letter());
    match family {
        Family::Image | Family::Rules | Family::Scale => {
            assert_eq!(view.state, State::Residue, "{view:?}");
            assert_eq!(view.steps[0].outcome, Some(Outcome::Superseded), "{view:?}");
            assert!(view.steps[0].note.contains("ben"), "{view:?}");
        }
        _ => {
            assert_eq!(view.state, State::Stuck, "{view:?}");
            let view = cockpit.engine.decide(ID, Decision::KeepTheirs).await.unwrap();
            assert!(view.ended(), "{view:?}");
            let kept = rig.world.get(&object).unwrap_or_else(|| panic!("it is gone: {view:#?} {:#?}", rig.tail()));
            assert_eq!(kept["spec"], moved, "{}: kept", family.letter());
        }
    }
    let live = rig.world.get(&object).unwrap();
    assert!(live["metadata"]["annotations"][format!("{PREFIX}/injection")].is_null(), "a mark is left: {live}");
    rig.assert_put_away("touched path");
    case("touched path");

    // The same, decided the other way.
    if matches!(family, Family::Insert | Family::Additive) {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.world.with(|store| store.edit(&object, "ben", |object| touch(family, object)));
        assert_eq!(cockpit.engine.abort(ID).await.unwrap().state, State::Stuck);
        assert!(!cockpit.engine.print(ID).await.unwrap().is_empty());
        let view = cockpit.engine.decide(ID, Decision::ForceMine).await.unwrap();
        assert!(view.ended(), "{view:?}");
        rig.assert_clean("forced");
        case("forced");
    }

    // The order of a list: our element is found by its name.
    if family == Family::Insert {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.world.with(|store| {
            store.edit(&virtual_service(), "ben", |object| object["spec"]["http"].as_array_mut().unwrap().reverse());
        });
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert!(view.ended(), "{view:?}");
        let names: Vec<_> = rig.world.get(&virtual_service()).unwrap()["spec"]["http"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["v1", "v2"]);
        case("list order");
    }

    // The object is replaced: the new one is not touched.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| {
        store.remove(&object);
        store.put(&object, another(&object));
    });
    let new = rig.world.meant(&object).unwrap();
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{view:?}");
    assert_eq!(rig.world.meant(&object).unwrap(), new, "{}: a foreign object was written", family.letter());
    assert!(outcomes(&rig).contains(&Some(Outcome::Superseded)), "{:?}", outcomes(&rig));
    rig.assert_put_away("replaced");
    case("replaced");
    runs
}

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

/// Two brinks arm the same object at the same time.
pub async fn two_brinks(family: Family) -> u32 {
    let mut runs = 0;
    for delay in [0u64, 1, 3, 7, 20] {
        let rig = Rig::new(family);
        let elsewhere = tempfile::tempdir().unwrap();
        let (one, two) = (rig.cockpit(), rig.cockpit_at(elsewhere.path(), "ben"));
        let (first, second) = (rig.checked_as("aaaaaa").await, rig.checked_as("bbbbbb").await);
        let late = async {
            for _ in 0..delay {
                tokio::task::yield_now().await;
            }
            two.apply(second).await
        };
        let (first, second) = tokio::join!(one.apply(first), late);
        assert!(first.is_err() || second.is_err(), "both went on");
        for refused in [&first, &second].into_iter().filter_map(|applied| applied.as_ref().err()) {
            assert!(
                matches!(refused, ApplyError::Rival { .. } | ApplyError::Moved { .. } | ApplyError::Step { .. }),
                "{refused}"
            );
        }
        for (cockpit, applied) in [(&one, &first), (&two, &second)] {
            if let Ok(id) = applied {
                assert!(cockpit.engine.abort(id).await.unwrap().ended());
            }
            rig.until("both to end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        }
        rig.assert_clean("two brinks");
        runs += 1;
    }
    // One after the other: the second is told whose fault is open.
    let rig = Rig::new(family);
    let elsewhere = tempfile::tempdir().unwrap();
    let (one, two) = (rig.cockpit(), rig.cockpit_at(elsewhere.path(), "ben"));
    let second = rig.checked_as("bbbbbb").await;
    one.apply(rig.checked_as("aaaaaa").await).await.unwrap();
    let refused = two.apply(second).await.unwrap_err();
    if let ApplyError::Rival { id, owner, .. } = &refused {
        assert_eq!((id.as_str(), owner.as_str()), ("aaaaaa", "ana"));
    }
    assert!(one.engine.abort("aaaaaa").await.unwrap().ended());
    rig.until("the second's clean-up", 100, || two.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("one after the other");
    runs + 1
}

fn record_place(namespace: &str) -> ObjectRef {
    record::place(namespace, &record::name(ID))
}

/// Others and the record.
pub async fn records(family: Family) -> u32 {
    // Somebody else aborts by the record: the owner stops and takes it down itself.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let view = other.engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{view:?}");
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("foreign abort");

    // The record is deleted: the owner undoes.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| store.remove(&record_place("shop")));
    rig.until("the owner to notice", 10, || !rig.bites() || family == Family::Recreate).await;
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("record deleted");

    // A forged record: other values under our name. Nothing is written, for no mark fits.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.kill_both(cockpit).await;
    let honest = rig.world.get(&record_place("shop")).unwrap();
    rig.world.with(|store| {
        store.edit(&record_place("shop"), "eve", |record| {
            let mut steps: Value = serde_json::from_str(record["data"]["steps"].as_str().unwrap()).unwrap();
            for step in steps.as_array_mut().unwrap() {
                for path in step["paths"].as_array_mut().unwrap() {
                    path["pre"] = json!("forged");
                }
                if !step["object_body"].is_null() {
                    step["object_body"]["spec"] = json!({"forged": true});
                }
            }
            record["data"]["steps"] = json!(steps.to_string());
        });
    });
    let fault = rig.world.picture();
    tokio::time::sleep(Duration::from_secs(45)).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let view = other.engine.abort(ID).await.unwrap();
    assert!(view.state == State::Stuck || view.ended(), "{view:?}");
    for (key, value) in rig.world.picture() {
        if !key.contains("/configmaps/")
            && !key.contains("/jobs/")
            && fault.get(&key).is_some_and(|before| *before != value)
        {
            panic!("{}: a forged record moved {key}", family.letter());
        }
    }
    assert!(!rig.world.picture().values().any(|value| value.to_string().contains("\"forged\":true")));
    other.kill().await;
    // The honest journal of the owner still ends it.
    rig.world.with(|store| store.put(&record_place("shop"), honest));
    rig.next_start().await;
    if family != Family::Additive || rig.world.get(&policy(ID)).is_none() {
        rig.assert_clean("forged record");
    }

    // A record that was copied from another cluster is not acted on.
    let rig = Rig::new(family);
    let body = {
        let armed = Rig::new(family);
        let _cockpit = active(&armed).await;
        armed.world.get(&record_place("shop")).unwrap()
    };
    rig.world.with(|store| {
        let mut body = body.clone();
        body["data"]["cluster"] = json!("another");
        store.put(&record_place("shop"), body);
    });
    let cockpit = rig.cockpit();
    let scanned = cockpit.engine.scan().await.unwrap();
    assert!(scanned.foreign.is_empty() && scanned.undone.is_empty(), "{scanned:?}");
    assert!(scanned.warnings.iter().any(|why| why.contains("another cluster")), "{scanned:?}");
    assert!(cockpit.engine.abort(ID).await.is_err());
    4
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
    if family == Family::Additive {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.world.with(|store| store.remove(&policy(ID)));
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
