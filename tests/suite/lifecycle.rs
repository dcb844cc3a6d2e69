//! What the matrix has no row for: kept changes, farewells, more time, read-only eyes.

use std::time::Duration;

use brink::{
    cluster::{
        api::{Api, Write},
        warrant::Purpose,
    },
    fault::{
        blackout::Blackout,
        edit,
        injection::State,
        io::glance,
        plan::{Change, Edit},
        record,
        refusal::OrderError,
        undo::Decision,
        view::InjectionView,
    },
    journal::{entry::Did, io::Drawer, path::Seg},
};
use jiff::{ToSpan as _, tz::TimeZone};
use serde_json::json;

use super::support::{
    fake_cluster::Twist,
    families::{DURATION, Family, deployment, policy, virtual_service},
    rig::{ID, Rig},
};

#[tokio::test(start_paused = true)]
async fn a_kept_change_stays_and_can_be_taken_back_later() {
    for later_start in [false, true] {
        let rig = Rig::new(Family::Image);
        let cockpit = rig.cockpit();
        let mut checked = rig.checked().await;
        checked.plan.purpose = Purpose::Change;
        cockpit.apply(checked).await.unwrap();
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(rig.bites(), "a kept change has no lease");
        assert!(!rig.world.picture().keys().any(|key| key.contains("/configmaps/")), "it has no record");
        // Neither a scan nor the emergency stop takes it for a fault.
        assert!(cockpit.engine.scan().await.unwrap().undone.is_empty());
        assert!(cockpit.engine.stop_all(false).await.unwrap().injections.is_empty());
        cockpit.engine.release("not a fault").await.unwrap();
        assert!(rig.bites());
        let cockpit = if later_start {
            cockpit.kill().await;
            rig.cockpit()
        } else {
            cockpit
        };
        let view = cockpit.engine.abort(ID).await.unwrap();
        assert_eq!(view.state, State::Recovered, "{view:?}");
        rig.assert_clean("taken back");
        assert!(rig.shelf().slots(Drawer::Kept).unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_farewell_leaves_the_fault_to_the_guardian_for_its_duration() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit.engine.detach().await.unwrap();
    cockpit.kill().await;
    tokio::time::sleep(Duration::from_secs(DURATION - 10)).await;
    assert!(rig.bites(), "it ended before its time");
    // Its journal is held: a later start does not take it for an orphan.
    let next = rig.cockpit();
    let scanned = next.engine.scan().await.unwrap();
    assert!(scanned.undone.is_empty() && scanned.held.len() == 1, "{scanned:?}");
    rig.until("its duration", 20, || !rig.bites()).await;
    rig.guardians_gone().await;
    rig.assert_clean("detached");
}

/// Between the process that leaves and its guardian nobody holds the journal for a moment: a start in it is no crash's heir.
#[tokio::test(start_paused = true)]
async fn a_start_right_behind_a_farewell_takes_nothing_for_an_orphan() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit.engine.detach().await.unwrap();
    cockpit.kill().await;
    let next = rig.cockpit();
    let scanned = next.engine.scan().await.unwrap();
    assert!(scanned.undone.is_empty() && scanned.held.len() == 1, "{scanned:?}");
    assert!(next.engine.recover(None).await.unwrap().is_empty());
    assert!(rig.bites(), "it ended before its time");
    rig.until("its duration", 60, || !rig.bites()).await;
    rig.guardians_gone_with(next).await;
    rig.assert_clean("handed over");
}

#[tokio::test(start_paused = true)]
async fn a_detached_fault_is_ended_by_another_process_at_once() {
    let rig = Rig::new(Family::Insert);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit.engine.detach().await.unwrap();
    cockpit.kill().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let view = rig.cockpit().engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{view:?}");
    rig.guardians_gone().await;
    rig.assert_clean("aborted after a farewell");
}

#[tokio::test(start_paused = true)]
async fn a_fault_kept_by_another_process_of_mine_is_mine() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    let (uid, now) = (rig.world.uid(), rig.world.now());
    let view = glance::own(&rig.shelf(), &uid, ID, now).expect("its journal lies on my shelf");
    assert!(view.mine && view.state == State::Active && view.ends.is_some(), "{view:?}");
    assert!(view.steps.iter().all(|step| step.written), "{view:?}");
    assert_eq!(glance::own(&rig.shelf(), &uid, "0ther1", now), None, "no journal, somebody else's");
    cockpit.engine.abort(ID).await.unwrap();
    let view = glance::own(&rig.shelf(), &uid, ID, now).expect("finished ones too");
    assert!(view.mine && view.ended(), "{view:?}");
}

#[tokio::test(start_paused = true)]
async fn more_time_moves_every_layer_and_is_capped() {
    let rig = Rig::new(Family::Additive);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    let before = cockpit.engine.kept().remove(0);
    let view = cockpit.engine.extend(ID, Duration::from_mins(2)).await.unwrap();
    assert!(view.deadline > before.deadline && view.ends > before.ends, "{view:?}");
    let fuse = rig.world.picture().into_iter().find(|(key, _)| key.contains("/jobs/")).unwrap().1;
    assert_eq!(fuse["spec"]["activeDeadlineSeconds"], 60 + 120 + 60);
    tokio::time::sleep(Duration::from_secs(DURATION + 100)).await;
    assert!(rig.bites(), "the longer duration did not hold");
    let refused = cockpit.engine.extend(ID, Duration::from_hours(1)).await.unwrap_err();
    assert!(matches!(refused, OrderError::NotNow { .. }), "{refused}");
    rig.until("its longer duration", 60, || !rig.bites()).await;
    rig.until("the end", 60, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_clean("extended");
}

#[tokio::test(start_paused = true)]
async fn more_time_does_not_reach_into_a_blackout() {
    let mut rig = Rig::new(Family::Additive);
    let begins = rig.world.now().to_zoned(TimeZone::UTC).time().wrapping_add(3.minutes());
    rig.blackouts = vec![Blackout {
        name: Some("release".to_owned()),
        days: Vec::new(),
        from: begins,
        to: begins.wrapping_add(1.hour()),
        zone: TimeZone::UTC,
    }];
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit.engine.extend(ID, Duration::from_mins(1)).await.unwrap();
    let refused = cockpit.engine.extend(ID, Duration::from_mins(2)).await.unwrap_err().to_string();
    assert!(refused.contains("reach into release: every day"), "{refused}");
    cockpit.engine.abort(ID).await.unwrap();
    rig.assert_clean("not extended");
}

#[tokio::test(start_paused = true)]
async fn what_ended_is_listed_with_all_and_not_without() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    assert_eq!(cockpit.engine.list(false).await.unwrap().len(), 1);
    cockpit.engine.abort(ID).await.unwrap();
    cockpit.kill().await;
    let next = rig.cockpit();
    assert!(next.engine.list(false).await.unwrap().is_empty());
    let all = next.engine.list(true).await.unwrap();
    assert_eq!((all.len(), all[0].state), (1, State::Recovered), "{all:?}");
    assert!(matches!(next.engine.abort("nobody").await, Err(OrderError::Unknown(_))));
}

#[tokio::test(start_paused = true)]
async fn a_guardian_stays_when_the_journal_is_out_of_sight() {
    for detached in [false, true] {
        let rig = Rig::new(Family::Scale);
        let cockpit = rig.cockpit();
        cockpit.apply(rig.checked().await).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let (open, hidden) = (rig.state().join("open"), rig.state().join("hidden"));
        std::fs::rename(&open, &hidden).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        if detached {
            cockpit.engine.detach().await.unwrap();
        }
        cockpit.kill().await;
        rig.until("the guardian's undo", 300, || !rig.bites()).await;
        rig.guardians_gone().await;
        // Nobody could put the journal away: a later start does, once it is back.
        std::fs::rename(&hidden, &open).unwrap();
        let (_next, _) = rig.next_start().await;
        rig.until("the journal", 60, || rig.shelf().slots(Drawer::Open).unwrap().is_empty()).await;
        rig.assert_clean("out of sight");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_given_up_without_an_answer_is_on_record_as_unknown() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    let mut hung = false;
    rig.world.script(move |call, _| {
        let now = !hung && call.purpose == Some(Purpose::Fault) && call.object.starts_with("Deployment");
        hung |= now;
        if now { Twist::Hang { landed: true } } else { Twist::Pass }
    });
    let stop = async {
        rig.world.crashed().await;
        cockpit.engine.abort(ID).await.unwrap()
    };
    let (applied, view) = tokio::join!(cockpit.apply(checked), stop);
    applied.unwrap_err();
    assert_eq!(view.state, State::Recovered, "{view:?}");
    rig.assert_clean("given up");
    let slots = rig.shelf().slots(Drawer::Done).unwrap();
    let digest = rig.shelf().digest(&slots[0].path).unwrap();
    assert!(matches!(digest.begun[&1].did, Some(Did::Unknown(_))), "{:?}", digest.begun);
}

#[tokio::test(start_paused = true)]
async fn a_kept_change_that_was_refused_reverts_nobody() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    let mut checked = rig.checked().await;
    checked.plan.purpose = Purpose::Change;
    rig.world.script(|call, store| {
        if call.purpose != Some(Purpose::Change) || call.dry {
            return Twist::Pass;
        }
        // A colleague writes the very same value while ours is refused.
        store.edit(&deployment(), "ben", |object| object["spec"]["replicas"] = json!(1));
        Twist::Status(403, "Forbidden")
    });
    cockpit.apply(checked).await.unwrap_err();
    rig.until("its end", 120, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    assert_eq!(rig.world.get(&deployment()).unwrap()["spec"]["replicas"], 1, "{:#?}", rig.tail());
}

#[tokio::test(start_paused = true)]
async fn what_a_kept_change_made_is_known_by_its_uid() {
    let rig = Rig::new(Family::Additive);
    let cockpit = rig.cockpit();
    let mut checked = rig.checked().await;
    checked.plan.purpose = Purpose::Change;
    cockpit.apply(checked).await.unwrap();
    let ours = rig.world.get(&policy(ID)).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    // A colleague deleted it and made the same anew.
    rig.world.with(|store| {
        store.remove(&policy(ID));
        store.put(&policy(ID), json!({"metadata": {}, "spec": ours["spec"]}));
    });
    let theirs = rig.world.get(&policy(ID)).unwrap();
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert!(view.ended(), "{view:?}");
    assert_eq!(rig.world.get(&policy(ID)), Some(theirs), "{:#?}", rig.tail());
}

#[tokio::test(start_paused = true)]
async fn a_decision_holds_for_what_it_was_about_and_no_longer() {
    let rig = Rig::new(Family::Insert);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    rig.world.with(|store| {
        store.edit(&virtual_service(), "ben", |object| {
            object["spec"]["http"][0]["fault"]["delay"]["fixedDelay"] = json!("9s");
        });
    });
    let edited = rig.world.get(&virtual_service()).unwrap()["spec"].clone();
    assert_eq!(cockpit.engine.abort(ID).await.unwrap().state, State::Stuck);
    // Forced once; before that is verified, ben puts his edit back.
    let (mut forced, mut again, theirs) = (false, false, edited.clone());
    rig.world.script(move |call, store| {
        if !call.object.starts_with("VirtualService") || call.dry {
            return Twist::Pass;
        }
        if forced && !again && call.verb == "get" {
            again = true;
            store.edit(&virtual_service(), "ben", |object| object["spec"] = theirs.clone());
        }
        forced |= call.verb == "patch";
        Twist::Pass
    });
    let view = cockpit.engine.decide(ID, Decision::ForceMine).await.unwrap();
    assert_eq!(view.state, State::Stuck, "{view:?}");
    assert_eq!(rig.world.get(&virtual_service()).unwrap()["spec"], edited, "{:#?}", rig.tail());
    let view = cockpit.engine.decide(ID, Decision::KeepTheirs).await.unwrap();
    assert!(view.ended(), "{view:?}");
    assert_eq!(rig.world.get(&virtual_service()).unwrap()["spec"], edited, "{:#?}", rig.tail());
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_cannot_look_or_cannot_end_says_so() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    rig.world.script(|call, _| match (call.client.as_str(), call.verb) {
        ("cockpit-2", "list") => Twist::Status(500, "etcd is away"),
        ("cockpit-2", "get") if call.object.contains("kube-system") => Twist::CutBefore,
        _ => Twist::Pass,
    });
    let second = rig.cockpit();
    let stopped = second.engine.stop_all(false).await.unwrap();
    assert!(rig.bites() && stopped.injections.is_empty(), "{stopped:?}");
    assert!(!stopped.all_ended() && stopped.unended.len() == 1, "{stopped:?}");
    let latch = stopped.warnings.iter().any(|warning| warning.contains("other operators are not stopped"));
    assert!(latch, "a latch that was not set is told: {stopped:?}");
    rig.world.clear_scripts();
    cockpit.engine.release("the drill is over").await.unwrap();
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    rig.assert_clean("aborted after a stop that saw nothing");
}

#[tokio::test(start_paused = true)]
async fn fractions_come_back_to_their_last_bit() {
    let numbers: Vec<f64> = (1..400).map(|n| f64::from(n) * 0.1 + 0.2).chain([0.1 + 0.2, 1e23, 5e-324]).collect();
    // A value of the pre-image of a patch, and one inside an object that is deleted and made anew.
    for family in [Family::Image, Family::Recreate] {
        let mut rig = Rig::new(family);
        let object = family.object(ID);
        let field = if family == Family::Image { "ratios" } else { "rules" };
        rig.world.with(|store| store.edit(&object, "ana", |object| object["spec"][field] = json!(numbers)));
        rig.before = rig.world.picture();
        let mut checked = rig.checked().await;
        if family == Family::Image {
            let path = vec![Seg::Field("spec".to_owned()), Seg::Field(field.to_owned())];
            let edits = vec![Edit { path, value: Some(json!([0.7])), at: None }];
            let step = &mut checked.plan.steps[0];
            let operations = edit::operations(&step.before.as_ref().unwrap().0, &edits).unwrap();
            let stored = rig.world.client("preview").dry_run(&Write::Patch(object.clone(), operations)).await.unwrap();
            (step.change, checked.stored[0]) = (Change::Patch { edits }, Some(stored.body));
        }
        let cockpit = rig.cockpit();
        // Both die once the object is changed, or gone: what comes back comes from the journal.
        rig.world.script(|call, _| {
            let next =
                call.purpose == Some(Purpose::Fault) && call.verb == "create" && call.object.contains("HTTPRoute");
            if next { Twist::Hang { landed: false } } else { Twist::Pass }
        });
        let _ = cockpit.apply_until_hung(&rig.world, checked).await;
        rig.world.clear_scripts();
        rig.kill_both(cockpit).await;
        let (_next, views) = rig.next_start().await;
        assert!(views.iter().all(InjectionView::ended), "{views:?}");
        let after: Vec<f64> = rig.world.get(&object).unwrap()["spec"][field]
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_f64().unwrap())
            .collect();
        assert_eq!(after, numbers);
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_change_that_was_taken_back_is_not_taken_back_twice() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    let mut checked = rig.checked().await;
    checked.plan.purpose = Purpose::Change;
    cockpit.apply(checked).await.unwrap();
    let kept = rig.shelf().path(Drawer::Kept, &rig.world.uid(), ID);
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    cockpit.kill().await;
    // As if it had been killed before the move, and somebody had made the very same change since.
    std::fs::rename(rig.shelf().path(Drawer::Done, &rig.world.uid(), ID), &kept).unwrap();
    rig.world.with(|store| store.edit(&deployment(), "ben", |object| object["spec"]["replicas"] = json!(1)));
    let next = rig.cockpit();
    let view = next.engine.abort(ID).await.unwrap();
    assert_eq!(view.state, State::Recovered, "{view:?}");
    assert_eq!(rig.world.get(&deployment()).unwrap()["spec"]["replicas"], 1);
    assert!(rig.shelf().slots(Drawer::Kept).unwrap().is_empty());
    assert_eq!(rig.shelf().slots(Drawer::Done).unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_record_says_active_before_anybody_is_told() {
    let rig = Rig::new(Family::Scale);
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    // A headless apply ends here; whoever aborts it next goes by the record.
    let record = rig.world.get(&record::place("shop", &record::name(ID))).unwrap();
    assert_eq!(record["data"]["state"], "active");
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    rig.assert_clean("told");
}
