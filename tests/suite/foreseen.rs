//! An undo rehearsed: it shows what would be written, and writes nothing.

use brink::fault::{injection::State, undo::Decision};
use serde_json::json;

use super::support::{
    families::{Family, virtual_service},
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
