//! Several brinks on one fault, or on one object, at the same time.

use std::collections::BTreeMap;

use brink::{
    cluster::warrant::Purpose,
    fault::{refusal::ApplyError, view::InjectionView},
};

use super::active;
use crate::suite::support::{
    families::Family,
    rig::{ID, Rig},
};

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
