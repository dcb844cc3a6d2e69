//! An undo rehearsed: it shows what would be written, and writes nothing.

use std::time::Duration;

use brink::fault::{injection::State, refusal::OrderError, undo::Decision, view::InjectionView};
use serde_json::json;

use super::support::{
    families::{Family, LEASE, virtual_service},
    rig::{Cockpit, ID, Rig},
};

async fn active(rig: &Rig) -> Cockpit {
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_undo_is_shown_from_its_record_and_nothing_is_written() {
    for family in Family::ALL {
        let rig = Rig::new(family);
        let _owner = active(&rig).await;
        let elsewhere = tempfile::tempdir().unwrap();
        let ben = rig.cockpit_at(elsewhere.path(), "ben");
        let before = rig.world.picture();
        let seen = ben.engine.foresee(ID, None).await.unwrap();
        assert_eq!(rig.world.picture(), before, "{}: it wrote", family.letter());
        assert!(seen.same(&seen) && seen.owner != "ben", "{seen:?}");
        assert_eq!(seen.writes(), family.undoable(), "{}: {seen:?}", family.letter());
        for step in &seen.steps {
            assert_eq!(step.diff.contains("@@"), step.op != "nothing", "{}: {step:?}", family.letter());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_forced_is_shown_first_and_is_what_is_written() {
    for family in [Family::Insert, Family::Additive] {
        let rig = Rig::new(family);
        let cockpit = active(&rig).await;
        let object = family.object(ID);
        rig.world.with(|store| {
            store.edit(&object, "ben", |object| match family {
                Family::Insert => object["spec"]["http"][0]["fault"]["delay"]["fixedDelay"] = json!("9s"),
                _ => object["spec"]["theirs"] = json!(true),
            });
        });
        assert_eq!(cockpit.engine.abort(ID).await.unwrap().state, State::Stuck);
        let by_itself = cockpit.engine.foresee(ID, None).await.unwrap();
        assert!(by_itself.steps.iter().all(|step| step.blocked) && !by_itself.writes(), "{by_itself:?}");
        let seen = cockpit.engine.foresee(ID, Some(Decision::ForceMine)).await.unwrap();
        assert!(seen.writes() && !seen.same(&by_itself), "{seen:?}");
        let theirs = if family == Family::Insert { "9s" } else { "theirs" };
        assert!(seen.steps[0].diff.lines().any(|line| line.starts_with('-') && line.contains(theirs)), "{seen:?}");
        // Who wrote meanwhile makes it another undo.
        rig.world.with(|store| {
            store.edit(&object, "ben", |object| object["metadata"]["labels"] = json!({"team": "b"}));
        });
        let later = cockpit.engine.foresee(ID, Some(Decision::ForceMine)).await.unwrap();
        assert_eq!(later.same(&seen), family == Family::Insert && later == seen, "{later:?}");
        assert!(cockpit.engine.decide(ID, Decision::ForceMine).await.unwrap().ended());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_open_cannot_be_foreseen() {
    let rig = Rig::new(Family::Insert);
    let cockpit = active(&rig).await;
    cockpit.engine.abort(ID).await.unwrap();
    assert!(cockpit.engine.foresee(ID, None).await.is_err());
    assert!(rig.world.get(&virtual_service()).is_some());
}

/// Ana's fault, edited by somebody, aborted and stuck; the brink of ana lives or is dead. Ben looks on.
async fn stuck_elsewhere(family: Family, lives: bool) -> (Rig, Option<Cockpit>, Cockpit, tempfile::TempDir) {
    let rig = Rig::new(family);
    let cockpit = active(&rig).await;
    rig.world.with(|store| {
        store.edit(&family.object(ID), "kim", |object| match family {
            Family::Insert => object["spec"]["http"][0]["fault"]["delay"]["fixedDelay"] = json!("9s"),
            _ => object["spec"]["theirs"] = json!(true),
        });
    });
    assert_eq!(cockpit.engine.abort(ID).await.unwrap().state, State::Stuck);
    let owner = if lives {
        Some(cockpit)
    } else {
        rig.kill_both(cockpit).await;
        None
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let ben = rig.cockpit_at(elsewhere.path(), "ben");
    (rig, owner, ben, elsewhere)
}

#[tokio::test(start_paused = true)]
async fn before_its_deadline_only_the_owner_decides() {
    for family in [Family::Insert, Family::Additive] {
        let (rig, _owner, ben, _folder) = stuck_elsewhere(family, true).await;
        let before = rig.world.picture();
        for decision in [Decision::KeepTheirs, Decision::ForceMine] {
            match ben.engine.decide(ID, decision).await.unwrap_err() {
                OrderError::NotYours { id, owner, why } => {
                    assert_eq!((id.as_str(), owner.as_str()), (ID, "ana"));
                    assert!(why.contains("until its deadline"), "{why}");
                }
                other => panic!("{other}"),
            }
        }
        assert_eq!(rig.world.picture(), before, "{}: something was written", family.letter());
        // Nor once his own brink has taken its undo up: he may end it, not decide about it.
        assert_eq!(ben.engine.abort(ID).await.unwrap().state, State::Stuck);
        let refused = ben.engine.decide(ID, Decision::ForceMine).await.unwrap_err();
        assert!(matches!(refused, OrderError::NotYours { .. }), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_deadline_whoever_has_the_rights_decides() {
    for (family, lives) in
        [(Family::Insert, true), (Family::Additive, true), (Family::Insert, false), (Family::Additive, false)]
    {
        let (rig, owner, ben, _folder) = stuck_elsewhere(family, lives).await;
        tokio::time::sleep(Duration::from_secs(LEASE)).await;
        let seen = ben.engine.foresee(ID, Some(Decision::ForceMine)).await.unwrap();
        assert!(seen.writes() && !seen.mine && seen.owner == "ana", "{seen:?}");
        let view = ben.engine.decide(ID, Decision::ForceMine).await.unwrap();
        assert!(view.ended() && view.owner == "ana", "{view:?}");
        if let Some(owner) = owner {
            rig.until("the owner's end", 100, || owner.engine.kept().iter().all(InjectionView::ended)).await;
            owner.kill().await;
        } else {
            rig.next_start().await;
        }
        rig.guardians_gone().await;
        rig.assert_clean("forced by another");
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_deadline_others_may_leave_what_stands_there() {
    let family = Family::Additive;
    let (rig, owner, ben, _folder) = stuck_elsewhere(family, true).await;
    tokio::time::sleep(Duration::from_secs(LEASE)).await;
    let view = ben.engine.decide(ID, Decision::KeepTheirs).await.unwrap();
    assert_eq!(view.state, State::Residue, "{view:?}");
    let kept = rig.world.get(&family.object(ID)).expect("it stays");
    assert_eq!(kept["spec"]["theirs"], true);
    let owner = owner.unwrap();
    rig.until("the owner's end", 100, || owner.engine.kept().iter().all(InjectionView::ended)).await;
    rig.assert_put_away("left by another");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stuck_is_decided_by_nobody() {
    let rig = Rig::new(Family::Insert);
    let _owner = active(&rig).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let ben = rig.cockpit_at(elsewhere.path(), "ben");
    let refused = ben.engine.decide(ID, Decision::ForceMine).await.unwrap_err();
    assert!(matches!(&refused, OrderError::NotNow { why, .. } if why.contains("nothing to decide")), "{refused}");
    assert!(rig.bites());
}
