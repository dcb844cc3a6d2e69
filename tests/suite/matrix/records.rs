//! Other people and the record of a fault in the cluster.

use std::time::Duration;

use brink::{
    cluster::ObjectRef,
    fault::{injection::State, record, view::InjectionView},
};
use serde_json::{Value, json};

use super::active;
use crate::suite::support::{
    families::Family,
    rig::{ID, Rig},
};

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
    if !family.additive() || rig.world.get(&family.object(ID)).is_none() {
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
