//! Processes that die, hang or sleep.

use std::{sync::atomic::Ordering, time::Duration};

use brink::{
    cluster::warrant::Purpose,
    fault::{injection::State, undo::Decision, view::InjectionView},
};
use jiff::SignedDuration;

use crate::suite::support::{
    fake_cluster::{Call, Twist},
    families::{Family, LEASE},
    rig::{Cockpit, ID, Rig},
};

/// Hangs the first call of a cockpit or guardian that fits.
fn hang_at(rig: &Rig, landed: bool, fits: impl Fn(&Call) -> bool + Send + 'static) {
    let mut hung = false;
    rig.world.script(move |call, _| {
        if !hung && !call.dry && fits(call) {
            hung = true;
            return Twist::Hang { landed };
        }
        Twist::Pass
    });
}

fn ours(call: &Call) -> bool {
    call.client.starts_with("cockpit")
}

/// A write of a step itself, not of record, fuse or event.
pub(super) fn fault_write(call: &Call) -> bool {
    call.purpose == Some(Purpose::Fault)
        && !call.dry
        && !["ConfigMap", "Job", "Event"].iter().any(|kind| call.object.starts_with(kind))
}

/// Everything is as before within one scan, whoever lived on.
async fn one_scan(rig: &Rig, case: &str) {
    let (cockpit, views) = rig.next_start().await;
    for view in views {
        assert!(view.ended(), "{case}: {view:?}");
    }
    rig.guardians_gone().await;
    rig.assert_clean(case);
    rig.assert_lawful();
    drop(cockpit);
}

/// The same deed without any trouble: apply, active, abort, verified.
pub async fn nothing_happens(family: Family) -> u32 {
    let rig = Rig::new(family);
    let mut cockpit = rig.cockpit();
    let id = cockpit.apply(rig.checked().await).await.unwrap();
    assert_eq!(id, ID);
    assert!(rig.bites(), "{}: nothing changed", family.letter());
    let view = cockpit.engine.abort(&id).await.unwrap();
    let expected = if matches!(family, Family::Recreate | Family::Evict) { State::Residue } else { State::Recovered };
    assert_eq!(view.state, expected, "{view:?}");
    rig.assert_clean("abort");
    let mut states = Vec::new();
    while let Ok(view) = cockpit.views.try_recv() {
        if states.last() != Some(&view.state) {
            states.push(view.state);
        }
    }
    for pair in states.windows(2) {
        assert!(pair[0].may_become(pair[1]) || pair[0] < pair[1], "{states:?}");
    }
    // And left alone, its duration ends it.
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    rig.until("its duration to end it", 40, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("duration");
    rig.assert_lawful();
    2
}

async fn killed_while_arming(
    family: Family,
    case: &str,
    landed: bool,
    fits: impl Fn(&Call) -> bool + Send + Copy + 'static,
) -> u32 {
    let mut runs = 0;
    for guardian_too in [false, true] {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        hang_at(&rig, landed, fits);
        let checked = rig.checked().await;
        assert!(cockpit.apply_until_hung(&rig.world, checked).await.is_none(), "{case}: was not reached");
        rig.world.clear_scripts();
        if guardian_too {
            rig.kill_both(cockpit).await;
        } else {
            cockpit.kill().await;
        }
        assert!(!rig.bites(), "{case}: a fault without its nets");
        one_scan(&rig, case).await;
        runs += 1;
    }
    runs
}

pub async fn after_arm(family: Family) -> u32 {
    killed_while_arming(family, "after arm", false, |call| {
        ours(call) && call.verb == "create" && call.object.starts_with("ConfigMap")
    })
    .await
}

pub async fn after_record(family: Family) -> u32 {
    let created = killed_while_arming(family, "record answer", true, |call| {
        ours(call) && call.verb == "create" && call.object.starts_with("ConfigMap")
    })
    .await;
    created
        + killed_while_arming(family, "after record", false, |call| {
            ours(call) && call.verb == "list" && call.object.starts_with("ConfigMap")
        })
        .await
}

pub async fn after_fuse(family: Family) -> u32 {
    if family.additive() {
        killed_while_arming(family, "after fuse", true, |call| ours(call) && call.object.starts_with("Job")).await
    } else {
        // Families without a fuse die where it would have been lit.
        killed_while_arming(family, "where the fuse would be", false, |call| {
            call.client.starts_with("guardian") && call.object.starts_with("ConfigMap")
        })
        .await
    }
}

pub async fn before_the_write(family: Family) -> u32 {
    killed_while_arming(family, "between will and write", false, |call| ours(call) && fault_write(call)).await
}

async fn active(rig: &Rig) -> Cockpit {
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    assert!(rig.bites());
    cockpit
}

pub async fn when_active(family: Family) -> u32 {
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    cockpit.kill().await;
    if family.undoable() {
        rig.until("the guardian to undo", 20, || !rig.bites() || family == Family::Recreate && recreated(&rig)).await;
    }
    rig.guardians_gone().await;
    rig.assert_clean("killed when active");
    rig.assert_lawful();
    1
}

/// The deleted route stands again and ours is gone.
fn recreated(rig: &Rig) -> bool {
    let picture = rig.world.picture();
    picture.keys().filter(|key| key.contains("/httproutes/")).count() == 1
}

pub async fn signals(family: Family) -> u32 {
    // SIGTERM to the guardian (logout, shutdown): at once, though the cockpit lives on.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.terminate_guardians();
    rig.until("the guardian to undo on SIGTERM", 10, || !family.undoable() || !rig.bites() || recreated(&rig)).await;
    // The cockpit finds its record gone and sees to the end itself.
    rig.until("the cockpit to notice", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    cockpit.kill().await;
    one_scan(&rig, "SIGTERM").await;

    // ^Z, or a screen that hangs: no beat for 15 s, and the stopped cockpit still holds the journal.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.well.store(false, Ordering::SeqCst);
    rig.until("the guardian to undo without a beat", 20, || !family.undoable() || !rig.bites() || recreated(&rig))
        .await;
    cockpit.kill().await;
    one_scan(&rig, "stopped").await;

    // The guardian dies: another takes its place.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.kill_guardians().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(rig.bites(), "a replaced guardian is no reason to undo");
    assert!(cockpit.engine.kept().iter().all(|view| view.state == State::Active));
    cockpit.kill().await;
    rig.guardians_gone().await;
    rig.assert_clean("guardian replaced");

    // The guardian dies and cannot be replaced: the cockpit undoes.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.guardian_refuses.store(true, Ordering::SeqCst);
    rig.kill_guardians().await;
    rig.until("the cockpit to undo without a guardian", 100, || cockpit.engine.kept().iter().all(InjectionView::ended))
        .await;
    rig.assert_clean("guardian lost");
    4
}

pub async fn both(family: Family) -> u32 {
    // The next start on this machine.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.kill_both(cockpit).await;
    one_scan(&rig, "both killed, next start").await;

    // Nobody comes back: the cluster ends what expires by itself.
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.kill_both(cockpit).await;
    tokio::time::sleep(Duration::from_secs(LEASE + 61)).await;
    match family {
        Family::Additive | Family::Engine => assert!(!rig.bites(), "the fuse did not end it"),
        Family::Evict => {}
        _ => assert!(rig.bites(), "a guarded fault stays"),
    }

    // Another brink, from the record alone.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let scanned = other.engine.scan().await.unwrap();
    assert_eq!(scanned.foreign.len(), 1, "{scanned:?}");
    assert!(scanned.undone.is_empty());
    let mut view = other.engine.recover(Some(ID)).await.unwrap().remove(0);
    if family == Family::Recreate {
        // The re-created route carries our mark: it is let go; only a route that is gone would need a person.
        assert!(view.ended(), "{view:?}");
    }
    if view.state == State::Stuck {
        view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
    }
    assert!(view.ended(), "{view:?}");
    other.kill().await;
    // The journal of the first machine is put away at its next start.
    one_scan(&rig, "record alone").await;

    if family == Family::Recreate {
        // Killed while the route was away: from the record alone nobody can tell who deleted it.
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        hang_at(&rig, false, |call| call.verb == "create" && call.object == format!("HTTPRoute shop/brink-{ID}"));
        assert!(cockpit.apply_until_hung(&rig.world, rig.checked().await).await.is_none());
        rig.world.clear_scripts();
        rig.kill_both(cockpit).await;
        tokio::time::sleep(Duration::from_secs(LEASE + 1)).await;
        let elsewhere = tempfile::tempdir().unwrap();
        let other = rig.cockpit_at(elsewhere.path(), "ben");
        let view = other.engine.recover(Some(ID)).await.unwrap().remove(0);
        assert_eq!(view.state, State::Stuck, "{view:?}");
        let view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
        assert!(view.ended(), "{view:?}");
        other.kill().await;
        one_scan(&rig, "a person confirms").await;
        return 3;
    }
    2
}

pub async fn frozen(family: Family) -> u32 {
    sleeps(family, SignedDuration::from_secs(i64::try_from(LEASE).unwrap() + 61)).await
}

pub async fn slept(family: Family) -> u32 {
    sleeps(family, SignedDuration::from_hours(2)).await
}

/// Both processes stand still while the server's clock goes on.
async fn sleeps(family: Family, span: SignedDuration) -> u32 {
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| store.skew(span));
    rig.until("the overdue undo", 5, || !family.undoable() || !rig.bites() || recreated(&rig)).await;
    rig.until("the end", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("slept");
    rig.assert_lawful();
    1
}

/// Kills at every single call from the first of the life to the last: with the guardian left alive, and with both dead.
pub async fn everywhere(family: Family) -> u32 {
    let mut runs = 0;
    for guardian_too in [false, true] {
        for landed in [false, true] {
            for n in 1.. {
                let rig = Rig::new(family);
                let cockpit = rig.cockpit();
                let checked = rig.checked().await;
                hang_at(&rig, landed, move |call| call.client == "cockpit-1" && call.n == n);
                let lived = tokio::select! {
                    biased;
                    () = rig.world.crashed() => false,
                    () = life(&cockpit, checked) => true,
                };
                rig.world.clear_scripts();
                if lived {
                    break;
                }
                if guardian_too {
                    rig.kill_both(cockpit).await;
                } else {
                    cockpit.kill().await;
                    rig.guardians_gone().await;
                }
                one_scan(&rig, &format!("killed at call {n}, landed {landed}, guardian killed {guardian_too}")).await;
                runs += 1;
                assert!(n < 500, "it never ends");
            }
        }
    }
    runs
}

async fn life(cockpit: &Cockpit, checked: brink::fault::checked::Checked) {
    let id = cockpit.apply(checked).await.unwrap();
    let view = cockpit.engine.abort(&id).await.unwrap();
    assert!(view.ended(), "{view:?}");
}

/// Kills at every call of an undo, then again at every call of the undo that takes over.
pub async fn while_undoing(family: Family) -> u32 {
    let mut runs = 0;
    for first in 1.. {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        rig.kill_both(cockpit).await;
        let mut alive = true;
        // One dies at its n-th call, the next at its n-th, and so on: each gets a little further or repeats it.
        for _ in 0..3 {
            let next = rig.cockpit();
            let name = next.client.name().to_owned();
            hang_at(&rig, first % 2 == 0, move |call| call.client == name && call.n == first);
            alive = tokio::select! {
                biased;
                () = rig.world.crashed() => false,
                _ = async { next.engine.scan().await.unwrap(); next.engine.recover(None).await.unwrap() } => true,
            };
            rig.world.clear_scripts();
            next.kill().await;
            runs += 1;
            if alive {
                break;
            }
        }
        one_scan(&rig, &format!("undo killed at call {first}")).await;
        if alive {
            return runs;
        }
        assert!(first < 200, "it never ends");
    }
    runs
}
