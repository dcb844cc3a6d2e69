//! Faults on the embedded world at speed 20, with the real binary: kill -9 of its process, its guardian or both, held by the
//! control door at an exact request, for every kind of fault; and trouble with the API. The world is as it began all the same.
//! The cases of one kind run one after the other on one world: each begins where the one before ended.

mod stage;
mod trouble;

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use self::stage::{ABORT, CONFLICT, DELAY, DENY, Fault, KILL, SCALE, SPLIT, Stage, Tally, Victims, YAML};

/// Every point of a life, for one kind of fault; how many lives were ended, and how many processes that took.
fn every_point(fault: &'static Fault) -> Tally {
    let stage = Stage::open(fault);
    let held = json!({"kind": "delay", "ms": 90_000});
    let late = json!({"kind": "late", "ms": 90_000});
    let record = json!({"method": "POST", "path": "/configmaps$", "dry_run": false, "count": 1});
    stage.killed_at("after arm", &record, &held, Victims::Cockpit);
    let others = json!({"method": "GET", "path": "/configmaps$", "query": "labelSelector", "count": 1});
    stage.killed_at("after the record", &others, &held, Victims::Both);
    stage.killed_at("will written", &stage.write(), &held, Victims::Both);
    stage.killed_at("write landed", &stage.write(), &late, Victims::Cockpit);

    for victims in [Victims::Cockpit, Victims::Both, Victims::Guardian] {
        let case = format!("{} active, {victims:?} killed", fault.words[0]);
        let mut cockpit = stage.active(&case);
        stage.kill(victims, &mut cockpit);
        if victims == Victims::Guardian {
            // It raises another, or undoes: told to end it undoes at once, whoever stands beside it.
            kill_process(Pid::from_child(&cockpit), Signal::INT).unwrap();
            cockpit.wait().unwrap();
        }
        stage.ends(&case);
    }

    let Some(undo) = fault.undo else { return stage.tally() };
    for victims in [Victims::Cockpit, Victims::Both] {
        let case = format!("{} undoing, {victims:?} killed", fault.words[0]);
        let mut cockpit = stage.active(&case);
        let matching = json!({"method": undo, "path": format!("/{}/", fault.plural), "dry_run": false, "count": 1});
        stage.control.rule("hold", &matching, &held);
        kill_process(Pid::from_child(&cockpit), Signal::INT).unwrap();
        stage.held(&case, &mut cockpit);
        assert!(stage.bites(), "{case}: it was over before");
        stage.kill(victims, &mut cockpit);
        stage.ends(&case);
    }
    stage.tally()
}

#[rstest]
#[case::delayed_requests(&DELAY)]
#[case::delayed_requests_by_a_patch(&SPLIT)]
#[case::aborted_requests(&ABORT)]
#[case::denied_requests(&DENY)]
#[case::a_route_in_conflict(&CONFLICT)]
#[case::scaled_workloads(&SCALE)]
#[case::killed_pods(&KILL)]
#[case::any_manifest(&YAML)]
fn a_kill_at_any_point_of_a_life_leaves_the_world_as_it_was(#[case] fault: &'static Fault) {
    let Tally { lives, kills } = every_point(fault);
    // What cannot be taken back has no undo to be killed in.
    let wanted = if fault.undo.is_some() { (9, 12) } else { (7, 9) };
    assert_eq!((lives, kills), wanted);
}
