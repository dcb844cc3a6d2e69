//! The emergency stop, at any moment of a life.

use brink::fault::{injection::State, refusal::ApplyError, view::InjectionView};

use super::crash::fault_write;
use crate::suite::support::{
    fake_cluster::Call,
    families::Family,
    rig::{ID, Rig},
};

/// Tells the call at which the stop is pressed.
type Fits = fn(&Call) -> bool;

pub async fn stop(family: Family) -> u32 {
    let mut runs = 0;
    // While arming, at the first write, when active, while undoing: stopped at the n-th call of the cockpit.
    let moments: [(&str, Fits); 3] = [
        ("arming", |call| call.verb == "create" && call.object.starts_with("ConfigMap")),
        ("applying", fault_write),
        ("active", |call| call.verb == "create" && call.object.starts_with("Event")),
    ];
    for (moment, fits) in moments {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        let checked = rig.checked().await;
        let pressed = std::sync::Arc::new(tokio::sync::Notify::new());
        let press = std::sync::Arc::clone(&pressed);
        let mut once = false;
        rig.world.script(move |call, _| {
            if !once && !call.dry && fits(call) {
                once = true;
                press.notify_one();
            }
            crate::suite::support::fake_cluster::Twist::Pass
        });
        let stopped = async {
            pressed.notified().await;
            cockpit.engine.stop_all(false).await.unwrap()
        };
        let (applied, stopped) = tokio::join!(cockpit.apply(checked), stopped);
        assert!(stopped.all_ended(), "{moment}: {stopped:?}");
        if let Err(error) = applied {
            assert!(matches!(error, ApplyError::Stopped(_) | ApplyError::Latched { .. }), "{moment}: {error}");
        }
        rig.until("the end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        // It latches: here, and for everybody by the ConfigMap in `home`.
        let refused = cockpit.apply(rig.checked_as("bbbbbb").await).await.unwrap_err();
        assert!(matches!(refused, ApplyError::Latched { .. }), "{moment}: {refused}");
        let elsewhere = tempfile::tempdir().unwrap();
        let other = rig.cockpit_at(elsewhere.path(), "ben");
        let refused = other.apply(rig.checked_as("cccccc").await).await.unwrap_err();
        assert!(matches!(refused, ApplyError::Latched { .. }), "{moment}: {refused}");
        cockpit.engine.release("the drill is over").await.unwrap();
        rig.assert_clean(moment);
        if family.undoable() {
            cockpit.apply(rig.checked_as("dddddd").await).await.unwrap();
            assert!(cockpit.engine.abort("dddddd").await.unwrap().ended());
        }
        runs += 1;
    }

    // While an undo is under way, and by another process of the same user.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    let (aborted, stopped) = tokio::join!(cockpit.engine.abort(ID), cockpit.engine.stop_all(false));
    assert!(aborted.unwrap().ended() && stopped.unwrap().all_ended());
    cockpit.engine.release("again").await.unwrap();
    rig.assert_clean("undoing");

    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    let second = rig.cockpit();
    let stopped = second.engine.stop_all(false).await.unwrap();
    assert_eq!(stopped.injections.len(), 1, "{stopped:?}");
    assert!(stopped.all_ended(), "{stopped:?}");
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    second.engine.release("again").await.unwrap();
    rig.assert_clean("stopped by another process");

    // Others' faults only when asked for.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let ben = rig.cockpit_at(elsewhere.path(), "ben");
    let stopped = ben.engine.stop_all(false).await.unwrap();
    assert_eq!((stopped.injections.len(), stopped.foreign.len()), (0, 1), "{stopped:?}");
    assert!(cockpit.engine.kept().iter().all(|view| view.state == State::Active));
    let stopped = ben.engine.stop_all(true).await.unwrap();
    assert!(stopped.injections.len() == 1 && stopped.all_ended(), "{stopped:?}");
    rig.until("the owner's end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    ben.engine.release("again").await.unwrap();
    rig.assert_clean("everyone");
    runs + 3
}
