//! The abort key, and the emergency stop.

use brink::{
    fault::{injection::State, io::stop::Stopped, view::InjectionView},
    msg::{Effect, Failure},
    panes::Stop,
};
use insta::assert_snapshot;
use rstest::rstest;

use super::{
    faults::view,
    stage::{Stage, at, draw, told},
};

fn staged(views: &[InjectionView]) -> Stage {
    let mut stage = Stage::new();
    for view in views {
        stage.world.injections.insert(view.injection.clone(), view.clone());
    }
    stage
}

fn abort(stop: &mut Stop, stage: &mut Stage, millis: u64) -> Vec<Effect> {
    stop.abort(None, &mut stage.cx(at(millis))).effects
}

#[rstest]
#[case::at_once(1000, true)]
#[case::too_late(1001, false)]
fn twice_within_a_second_stops_all(#[case] second: u64, #[case] all: bool) {
    let mut stage = staged(&[view("7f3a9c", State::Active)]);
    let mut stop = Stop::default();
    assert!(matches!(abort(&mut stop, &mut stage, 0).as_slice(), [Effect::Abort(_, id)] if id == "7f3a9c"));
    let effects = abort(&mut stop, &mut stage, second);
    assert_eq!(matches!(effects.as_slice(), [Effect::StopAll(_, false)]), all, "{effects:?}");
    assert_eq!(stop.on(&stage.world), all);
}

#[test]
fn somebody_elses_fault_is_not_ended_by_the_abort_key_alone() {
    let foreign = InjectionView { mine: false, ..view("7f3a9c", State::Active) };
    let mut stage = staged(std::slice::from_ref(&foreign));
    let mut stop = Stop::default();
    let pressed = stop.abort(None, &mut stage.cx(at(0)));
    assert!(pressed.effects.is_empty());
    let (said, _) = pressed.said.expect("said");
    assert!(said.contains("ana@example.com"), "{said}");
    // Nor with the cursor on it: its own key asks first.
    let pressed = Stop::default().abort(Some(&foreign), &mut stage.cx(at(0)));
    assert!(pressed.effects.is_empty(), "{:?}", pressed.effects);
    // One's own goes before it.
    let mut stage = staged(&[foreign.clone(), view("c0ffee", State::Active)]);
    let pressed = Stop::default().abort(Some(&foreign), &mut stage.cx(at(0)));
    assert!(matches!(pressed.effects.as_slice(), [Effect::Abort(_, id)] if id == "c0ffee"), "{:?}", pressed.effects);
}

#[test]
fn without_a_fault_the_stop_still_latches() {
    let mut stage = staged(&[]);
    let mut stop = Stop::default();
    assert!(abort(&mut stop, &mut stage, 0).is_empty());
    assert!(matches!(abort(&mut stop, &mut stage, 300).as_slice(), [Effect::StopAll(_, false)]));
}

fn screen(stop: &Stop, stage: &Stage) -> String {
    let height = stop.height(&stage.world);
    told(&draw(78, height, |area, buf| stop.view(area, buf, &stage.look(at(0)))), &stage.theme)
}

#[test]
fn each_line_turns_as_it_is_read_back_and_release_takes_the_block_away() {
    let mut stage = staged(&[view("7f3a9c", State::Active), view("c0ffee", State::Applying)]);
    let mut stop = Stop::default();
    let pressed = stop.press(&mut stage.cx(at(0)));
    let [Effect::StopAll(ticket, false)] = pressed.effects.as_slice() else { panic!("{:?}", pressed.effects) };
    assert_snapshot!("stop_begun", screen(&stop, &stage));
    let over = view("7f3a9c", State::Recovered);
    stage.world.injections.insert(over.injection.clone(), over.clone());
    let undoing = view("c0ffee", State::Undoing);
    stage.world.injections.insert(undoing.injection.clone(), undoing);
    assert_snapshot!("stop_half", screen(&stop, &stage));
    let last = view("c0ffee", State::Recovered);
    stage.world.injections.insert(last.injection.clone(), last.clone());
    let warnings = vec!["other operators are not stopped: the policy names no home namespace".to_owned()];
    stop.stopped(
        *ticket,
        Ok(Stopped { injections: vec![over, last], foreign: Vec::new(), warnings, unended: Vec::new() }),
    );
    stage.world.latched = Some("you".to_owned());
    assert_snapshot!("stop_done", screen(&stop, &stage));
    assert!(stop.lifted());
    stage.world.latched = None;
    assert!(!stop.on(&stage.world));
    assert_eq!(stop.height(&stage.world), 0);
}

#[test]
fn everybody_elses_faults_need_one_more_key_while_it_stands() {
    let foreign = InjectionView { mine: false, ..view("b0b", State::Active) };
    let mut stage = staged(&[foreign]);
    let mut stop = Stop::default();
    assert!(stop.everyone(&mut stage.cx(at(0))).is_none());
    stop.press(&mut stage.cx(at(0)));
    assert!(screen(&stop, &stage).contains("E stops everybody's"), "{}", screen(&stop, &stage));
    assert!(stop.everyone(&mut stage.burst(at(10))).is_none());
    let pressed = stop.everyone(&mut stage.cx(at(10))).expect("pressed");
    assert!(matches!(pressed.effects.as_slice(), [Effect::StopAll(_, true)]));
}

#[test]
fn a_stop_that_failed_says_so_and_stays() {
    let mut stage = staged(&[view("7f3a9c", State::Active)]);
    let mut stop = Stop::default();
    let pressed = stop.press(&mut stage.cx(at(0)));
    let [Effect::StopAll(ticket, _)] = pressed.effects.as_slice() else { panic!() };
    stop.stopped(*ticket, Err(Failure::new("the latch could not be set: disk full", "free some space")));
    let screen = screen(&stop, &stage);
    assert!(screen.contains("STOP NOT CERTAIN") && screen.contains("disk full"), "{screen}");
}

#[test]
fn a_latch_of_before_is_seen_at_the_start() {
    let mut stage = staged(&[]);
    let stop = Stop::default();
    stage.world.latched = Some("ana (4711@laptop)".to_owned());
    assert!(screen(&stop, &stage).contains("STOPPED by ana (4711@laptop)"), "{}", screen(&stop, &stage));
}
