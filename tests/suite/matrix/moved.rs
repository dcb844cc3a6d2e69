//! Somebody else writes what the fault is about: between preview and apply, and between apply and undo.

use brink::{
    cluster::ObjectRef,
    fault::{PREFIX, injection::State, refusal::ApplyError, undo::Decision, view::InjectionView},
    journal::entry::Outcome,
};
use serde_json::{Value, json};

use super::{active, crash::fault_write};
use crate::suite::support::{
    fake_cluster::{Store, Twist},
    families::{Family, another, beat, theirs, virtual_service},
    rig::{ID, Rig},
};

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

/// What a person wrote of an object that may be another one of the same name.
fn meant(rig: &Rig, object: &ObjectRef) -> Value {
    let mut meant = rig.world.meant(object).unwrap();
    json!({"labels": meant["metadata"]["labels"].take(), "spec": meant["spec"].take()})
}

/// Something moves between preview and apply.
pub async fn before_apply(family: Family) -> u32 {
    let id = ID;
    let object = family.object(id);
    let additive = family.additive();
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
    let object = family.object(ID);
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
    if !family.additive() {
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
        Family::Additive | Family::Engine | Family::Recreate => theirs(object),
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
    if family == Family::Insert || family.additive() {
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
