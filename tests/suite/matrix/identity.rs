//! Who is meant: which cluster, which record, which mark. Names and ids prove nothing; what is written goes by what stands.

use std::time::Duration;

use brink::{
    cluster::{ObjectRef, cluster_id, warrant::Purpose},
    fault::{
        PREFIX,
        injection::State,
        mark, record,
        refusal::{ApplyError, OrderError},
        undo::Decision,
        view::InjectionView,
    },
};
use serde_json::{Value, json};

use super::active;
use crate::suite::support::{
    fake_cluster::{Call, Store, Twist, namespace},
    families::{Family, LEASE, policy, route},
    rig::{ID, Rig},
};

fn record_in(namespace: &str, id: &str) -> ObjectRef {
    record::place(namespace, &record::name(id))
}

/// Puts an object that belongs to the world, not to a fault.
fn furnish(rig: &mut Rig, object: &ObjectRef, body: Value) {
    rig.world.put(object, body);
    rig.before = rig.world.picture();
}

/// A world whose namespace shows the root certificate's ConfigMap.
fn with_root(family: Family) -> Rig {
    let mut rig = Rig::new(family);
    furnish(&mut rig, &cluster_id::root_of("shop"), json!({"metadata": {}, "data": {"ca.crt": "…"}}));
    rig
}

/// Nobody but these clients may read `kube-system`.
fn hide_system(rig: &Rig, may: &'static [&'static str]) {
    rig.world.script(move |call, _| {
        let hidden = call.verb == "get" && call.object == "Namespace kube-system";
        if hidden && !may.contains(&call.client.as_str()) {
            return Twist::Status(403, "namespaces \"kube-system\" is forbidden");
        }
        Twist::Pass
    });
}

/// What this injection has made of its objects, as it stands.
fn written(rig: &Rig) -> Vec<(ObjectRef, Value)> {
    let objects = [rig.family.object(ID), policy(ID), route(&format!("brink-{ID}"))];
    objects.into_iter().filter_map(|object| Some((object.clone(), rig.world.get(&object)?))).collect()
}

/// The same, without what server and controllers keep in it.
fn meant(rig: &Rig) -> Vec<Option<Value>> {
    written(rig).iter().map(|(object, _)| rig.world.meant(object)).collect()
}

fn undo_write(call: &Call) -> bool {
    call.purpose == Some(Purpose::Undo)
        && call.changed
        && !["ConfigMap", "Job", "Event"].iter().any(|kind| call.object.starts_with(kind))
}

fn undo_writes(rig: &Rig) -> Vec<Call> {
    rig.world.with(|store| store.log.iter().filter(|call| undo_write(call)).cloned().collect())
}

/// A fault whose owner may only read the root certificate of its namespace.
pub async fn whose_cluster(family: Family) -> u32 {
    // Somebody who may read everything ends it: the owner is there, the owner is gone.
    for owner_lives in [true, false] {
        let rig = with_root(family);
        hide_system(&rig, &["cockpit-2"]);
        let cockpit = rig.cockpit();
        let mut checked = rig.checked().await;
        checked.cluster = rig.world.id_of(&cluster_id::root_of("shop"));
        cockpit.apply(checked).await.unwrap();
        let owner = if owner_lives {
            Some(cockpit)
        } else {
            rig.kill_both(cockpit).await;
            None
        };
        let elsewhere = tempfile::tempdir().unwrap();
        let other = rig.cockpit_at(elsewhere.path(), "root");
        let scanned = other.engine.scan().await.unwrap();
        assert_eq!(scanned.foreign.len(), 1, "{scanned:?}");
        let mut view = other.engine.abort(ID).await.unwrap();
        if family == Family::Recreate && view.state == State::Stuck {
            // It is not his to decide before.
            tokio::time::sleep(Duration::from_secs(LEASE)).await;
            view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
        }
        assert!(view.ended(), "{view:?}");
        other.kill().await;
        if let Some(owner) = owner {
            rig.until("the owner's end", 100, || owner.engine.kept().iter().all(InjectionView::ended)).await;
            owner.kill().await;
        }
        rig.next_start().await;
        rig.guardians_gone().await;
        rig.assert_clean("a fault known by the root certificate");
    }

    // A record whose cluster cannot be told hides no other: the own orphan is undone, and it is told.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let body = rig.world.get(&record_in("shop", ID)).unwrap();
    rig.kill_both(cockpit).await;
    let theirs = |of: &str, cluster: &str, id: &str| {
        let mut body = body.clone();
        for (key, value) in [("injection", id), ("cluster", cluster), ("cluster_of", of), ("owner", "ben")] {
            body["data"][key] = json!(value);
        }
        body["data"].as_object_mut().unwrap().remove("fuse");
        body
    };
    let of = "ConfigMap shop/kube-root-ca.crt";
    rig.world.put(&record_in("shop", "bbbbbb"), theirs(of, "their-root", "bbbbbb"));
    rig.world.script(|call, _| match call.object.as_str() {
        "ConfigMap shop/kube-root-ca.crt" => Twist::Status(403, "configmaps \"kube-root-ca.crt\" is forbidden"),
        _ => Twist::Pass,
    });
    let next = rig.cockpit();
    let scanned = next.engine.scan().await.unwrap();
    assert_eq!(scanned.undone.len(), 1, "{scanned:?}");
    assert!(scanned.warnings.iter().any(|why| why.contains("brink-bbbbbb")), "{scanned:?}");
    assert!(scanned.foreign.iter().any(|view| view.injection == "bbbbbb"), "unknown counts: {scanned:?}");
    for view in next.engine.recover(None).await.unwrap() {
        assert!(view.ended(), "{view:?}");
    }
    rig.world.with(|store| store.remove(&record_in("shop", "bbbbbb")));
    rig.assert_clean("an unreadable cluster");

    // Nor does an own orphan whose cluster cannot be asked just now stay: its undo asks until it is told.
    let rig = with_root(family);
    let cockpit = rig.cockpit();
    let mut checked = rig.checked().await;
    checked.cluster = rig.world.id_of(&cluster_id::root_of("shop"));
    cockpit.apply(checked).await.unwrap();
    rig.kill_both(cockpit).await;
    let mut left = 3;
    rig.world.script(move |call, _| {
        if left > 0 && call.object == "ConfigMap shop/kube-root-ca.crt" {
            left -= 1;
            return Twist::Status(500, "etcd is away");
        }
        Twist::Pass
    });
    let next = rig.cockpit();
    assert_eq!(next.engine.scan().await.unwrap().undone.len(), 1);
    assert!(next.engine.recover(None).await.unwrap().iter().all(InjectionView::ended));
    rig.assert_clean("a cluster that could not be asked");

    // What cannot be told apart is a rival; what is told to be elsewhere is none.
    for (of, cluster, rival) in
        [("ConfigMap elsewhere/kube-root-ca.crt", "their-root", true), ("Namespace kube-system", "another", false)]
    {
        let rig = Rig::new(family);
        rig.world.put(&record_in("shop", "bbbbbb"), theirs(of, cluster, "bbbbbb"));
        let cockpit = rig.cockpit();
        let applied = cockpit.apply(rig.checked().await).await;
        if rival {
            assert!(matches!(&applied, Err(ApplyError::Rival { id, .. }) if id == "bbbbbb"), "{of}: {applied:?}");
        } else {
            applied.unwrap_or_else(|error| panic!("{of}: {error}"));
            assert!(cockpit.engine.abort(ID).await.unwrap().ended());
        }
        rig.until("the end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        rig.world.with(|store| store.remove(&record_in("shop", "bbbbbb")));
        rig.assert_clean("a rival that cannot be told");
    }
    6
}

/// Killed between the `done` entry and the move to `done/`: the nets are closed and nothing is undone a second time, though
/// somebody has put the very same there again, mark and all.
pub async fn finished_but_open(family: Family) -> u32 {
    for guardian_lives in [false, true] {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        let ours = written(&rig);
        // After the `done` entry the first thing to go is a net.
        rig.world.script(|call, _| {
            let net = call.verb == "delete" && (call.object.starts_with("ConfigMap") || call.object.starts_with("Job"));
            if net && call.client == "cockpit-1" { Twist::Hang { landed: false } } else { Twist::Pass }
        });
        tokio::select! {
            biased;
            () = rig.world.crashed() => {}
            view = cockpit.engine.abort(ID) => panic!("not reached: {view:?}"),
        }
        rig.world.clear_scripts();
        let undone = undo_writes(&rig).len();
        let again = |store: &mut Store| {
            for (object, body) in &ours {
                let mut body = body.clone();
                body["metadata"].as_object_mut().unwrap().remove("ownerReferences");
                store.put(object, body);
            }
        };
        rig.world.with(again);
        let put = meant(&rig);
        if guardian_lives {
            cockpit.kill().await;
            rig.guardians_gone().await;
            assert_closed(&rig, "the guardian");
        } else {
            rig.kill_both(cockpit).await;
            let (next, views) = rig.next_start().await;
            assert!(views.iter().all(InjectionView::ended), "{views:?}");
            rig.until("the journal to be put away", 30, || next.engine.kept().iter().all(InjectionView::ended)).await;
            assert_closed(&rig, "the next start");
            next.kill().await;
        }
        assert_eq!(undo_writes(&rig).len(), undone, "{}: undone again: {:#?}", family.letter(), rig.tail());
        assert_eq!(meant(&rig), put, "{}", family.letter());
    }
    2
}

fn assert_closed(rig: &Rig, who: &str) {
    let nets: Vec<String> = rig
        .world
        .picture()
        .into_keys()
        .filter(|key| key.contains("/jobs/") || key.contains(&format!("/configmaps/shop/brink-{ID}")))
        .collect();
    assert!(nets.is_empty(), "{}: {who} left {nets:?}; log {:#?}", rig.family.letter(), rig.tail());
    rig.assert_put_away(who);
}

/// The record of the open injection with other words, as eve may write it into a namespace of hers.
fn forged(rig: &Rig, change: impl Fn(&mut serde_json::Map<String, Value>)) -> Value {
    let mut body = rig.world.get(&record_in("shop", ID)).unwrap();
    body["metadata"] = json!({"labels": body["metadata"]["labels"].clone()});
    let data = body["data"].as_object_mut().unwrap();
    data.insert("owner".to_owned(), json!("eve"));
    data.insert("namespaces".to_owned(), json!("aaa"));
    change(data);
    body
}

/// Steps that name the same objects and would write other values.
fn other_steps(data: &mut serde_json::Map<String, Value>) {
    let mut steps: Value = serde_json::from_str(data["steps"].as_str().unwrap()).unwrap();
    for step in steps.as_array_mut().unwrap() {
        for path in step["paths"].as_array_mut().unwrap() {
            path["pre"] = json!("forged");
        }
        if !step["object_body"].is_null() {
            step["object_body"]["spec"] = json!({"forged": true});
        }
    }
    data.insert("steps".to_owned(), json!(steps.to_string()));
}

/// A world with a namespace that sorts before every other.
fn with_aaa(family: Family) -> Rig {
    let mut rig = Rig::new(family);
    furnish(&mut rig, &namespace("aaa"), json!({"metadata": {}}));
    rig
}

/// Records that claim a live id.
pub async fn claimed_records(family: Family) -> u32 {
    // The own orphan is undone and its record taken down; the other stays what it is, and is told.
    let rig = with_aaa(family);
    let cockpit = active(&rig).await;
    rig.world.put(&record_in("aaa", ID), forged(&rig, other_steps));
    let theirs = rig.world.get(&record_in("aaa", ID));
    rig.kill_both(cockpit).await;
    let next = rig.cockpit();
    let scanned = next.engine.scan().await.unwrap();
    assert_eq!((scanned.undone.len(), scanned.foreign.len()), (1, 0), "{scanned:?}");
    assert!(scanned.warnings.iter().any(|why| why.contains("aaa/brink-")), "{scanned:?}");
    for view in next.engine.recover(None).await.unwrap() {
        assert!(view.ended(), "{view:?}");
    }
    assert_eq!(rig.world.get(&record_in("aaa", ID)), theirs, "another's ConfigMap was written to or deleted");
    rig.world.with(|store| store.remove(&record_in("aaa", ID)));
    rig.assert_clean("a claim on the own id");

    // Somebody else sees the true one, and ends it.
    let rig = with_aaa(family);
    let cockpit = active(&rig).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.world.put(&record_in("aaa", ID), forged(&rig, other_steps));
    // And one that is the same to the letter, but stands where it says it does not.
    let copy = forged(&rig, |data| {
        data.insert("owner".to_owned(), json!("ana"));
        data.insert("namespaces".to_owned(), json!("shop"));
        data.insert("lease_s".to_owned(), json!("1"));
    });
    rig.world.put(&record_in("brink", ID), copy);
    rig.kill_both(cockpit).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let listed = other.engine.list(false).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].owner, "ana", "the true one is hidden");
    let deadline = listed[0].deadline.unwrap();
    assert!(deadline > rig.world.now(), "a copy elsewhere moved the deadline");
    let mut view = other.engine.abort(ID).await.unwrap();
    if family == Family::Recreate && view.state == State::Stuck {
        tokio::time::sleep(Duration::from_secs(LEASE)).await;
        view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
    }
    assert!(view.ended(), "{view:?}");
    assert_eq!(view.owner, "ana", "{view:?}");
    assert!(!rig.world.picture().values().any(|value| value.to_string().contains("\"forged\":true")));
    other.kill().await;
    rig.world.with(|store| {
        store.remove(&record_in("aaa", ID));
        store.remove(&record_in("brink", ID));
    });
    rig.next_start().await;
    rig.assert_clean("a claim on another's id");

    // What took the place of the own record ends the fault, and is not deleted for its name.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| store.edit(&record_in("shop", ID), "eve", |record| record["data"]["owner"] = json!("eve")));
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    let view = cockpit.engine.kept().remove(0);
    assert!(view.residue.iter().any(|left| left.contains("ConfigMap shop/brink-")), "{view:?}");
    assert!(rig.world.get(&record_in("shop", ID)).is_some(), "another's record was deleted");
    rig.world.with(|store| store.remove(&record_in("shop", ID)));
    rig.assert_clean("a changed record");
    3
}

/// The record vanishes while its owner is asked to stop, and the owner is dead: only what stands tells whether it is over.
pub async fn vanished_record(family: Family) -> u32 {
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.kill_both(cockpit).await;
    let mut gone = false;
    rig.world.script(move |call, store| {
        if call.client == "cockpit-2" && call.verb == "get" && call.object.contains("ConfigMap shop/brink-") && gone {
            store.remove(&record_in("shop", ID));
        }
        gone |= call.client == "cockpit-2" && call.verb == "patch" && call.object.starts_with("ConfigMap");
        Twist::Pass
    });
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let view = other.engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{view:?}");
    assert!(!view.notes.iter().any(|note| note.contains("by its owner")), "its owner is dead: {view:?}");
    rig.world.clear_scripts();
    other.kill().await;
    if !matches!(family, Family::Recreate) {
        assert!(!rig.bites(), "{}: called ended while it stands", family.letter());
    }
    rig.next_start().await;
    rig.assert_clean("a record that vanished");

    // Nor is anything forced on the word of a record alone: whoever wrote it would write with the rights of who forces.
    if !matches!(family, Family::Image | Family::Rules | Family::Scale) {
        return 1;
    }
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let body = forged(&rig, |data| {
        other_steps(data);
        data.insert("namespaces".to_owned(), json!("shop"));
    });
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    cockpit.kill().await;
    // The values it calls its own stand, as anybody can see.
    let object = family.object(ID);
    rig.world.with(|store| {
        store.edit(&object, "ana", |object| match family {
            Family::Image => object["spec"]["template"]["spec"]["containers"][1]["image"] = json!("web:broken"),
            Family::Rules => object["spec"]["rules"] = json!([{"backendRefs": [{"name": "nowhere", "port": 80}]}]),
            _ => object["spec"]["replicas"] = json!(1),
        });
    });
    rig.world.put(&record_in("shop", ID), body);
    let before = rig.world.meant(&object).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    assert_eq!(other.engine.abort(ID).await.unwrap().state, State::Stuck);
    tokio::time::sleep(Duration::from_secs(LEASE)).await;
    let view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
    assert_eq!(view.state, State::Stuck, "{view:?}");
    assert_eq!(rig.world.meant(&object).unwrap(), before, "{}: a forged record was forced", family.letter());
    let view = other.engine.decide(ID, Decision::KeepTheirs).await.unwrap();
    assert!(view.ended(), "{view:?}");
    assert_eq!(rig.world.meant(&object).unwrap(), before);
    2
}

/// Marks of finished faults that are back: told, and on request taken off; nothing else of the object is touched.
pub async fn stale_marks(family: Family) -> u32 {
    let annotations = |object: &Value| object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let mut rig = Rig::new(family);
    let cockpit = active(&rig).await;
    let object = family.object(ID);
    let rolled_back = rig.world.get(&object).unwrap();
    let brought_back = annotations(&rolled_back)[&mark::key()].clone();
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    cockpit.kill().await;
    rig.assert_clean("ended");
    // A rollback brings the template and the annotations back.
    rig.world.with(|store| {
        store.edit(&object, "ben", |object| {
            object["spec"] = rolled_back["spec"].clone();
            object["metadata"]["annotations"] = rolled_back["metadata"]["annotations"].clone();
            object["metadata"]["annotations"]["theirs"] = json!("1");
        });
    });
    let marked = rig.world.meant(&object).unwrap();

    // Told at every start, and by a recovery; neither writes.
    let next = rig.cockpit();
    let scanned = next.engine.scan().await.unwrap();
    assert_eq!(scanned.stale_marks, [object.short()], "{scanned:?}");
    assert!(next.engine.recover(None).await.unwrap().is_empty());
    assert_eq!(next.engine.stale_marks().await.0.len(), 1);
    assert_eq!(rig.world.meant(&object).unwrap(), marked);

    // Read-only eyes are told as well, and may not.
    rig.readonly = true;
    let eyes = rig.cockpit();
    rig.readonly = false;
    assert_eq!(eyes.engine.scan().await.unwrap().stale_marks, [object.short()]);
    assert_eq!(eyes.engine.remove_stale_marks().await.unwrap_err(), OrderError::ReadOnly);
    assert_eq!(rig.world.meant(&object).unwrap(), marked);

    // Not while anything visible says that it is open.
    let record = json!({"metadata": {"labels": {format!("{PREFIX}/record"): "fault"}}, "data": {}});
    rig.world.put(&record_in("shop", ID), record);
    let (marks, _) = next.engine.remove_stale_marks().await.unwrap();
    assert!(marks.len() == 1 && !marks[0].removed && marks[0].why.contains("record"), "{marks:?}");
    assert_eq!(rig.world.meant(&object).unwrap(), marked);
    rig.world.with(|store| store.remove(&record_in("shop", ID)));

    // Nor the mark of another fault that took its place since.
    let other = brought_back.as_str().unwrap().replace(ID, "bbbbbb");
    let put = |mark: &str| {
        rig.world.with(|store| {
            store.edit(&object, "ben", |object| object["metadata"]["annotations"][mark::key()] = json!(mark));
        });
    };
    put(&other);
    assert!(next.engine.remove_stale_marks().await.unwrap().0.is_empty());
    put(brought_back.as_str().unwrap());

    // On request: that very object in that very version, and the mark alone.
    let mut moved = false;
    let place = object.clone();
    rig.world.script(move |call, store| {
        if call.verb == "patch" && !moved {
            moved = true;
            store.edit(&place, "ben", |object| object["metadata"]["annotations"]["theirs"] = json!("2"));
        }
        Twist::Pass
    });
    let (marks, warnings) = next.engine.remove_stale_marks().await.unwrap();
    rig.world.clear_scripts();
    assert!(marks.len() == 1 && marks[0].removed && warnings.is_empty(), "{marks:?} {warnings:?}");
    let bare = rig.world.meant(&object).unwrap();
    assert!(annotations(&bare).get(&mark::key()).is_none(), "{bare}");
    assert_eq!(annotations(&bare)["theirs"], "2", "another's write was lost");
    assert_eq!((&bare["spec"], &bare["metadata"]["labels"]), (&marked["spec"], &marked["metadata"]["labels"]));
    assert!(next.engine.stale_marks().await.0.is_empty());
    1
}
