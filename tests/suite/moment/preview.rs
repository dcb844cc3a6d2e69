//! The preview: what stands on it, and when a key may approve it.

use std::time::Duration;

use brink::{
    base::Ticket,
    config::Role,
    fault::{
        approval::How,
        catalogue,
        checked::Checked,
        guard::NoWarrant,
        intent::{Driver, Fault, FaultKind},
        observe::Observe,
        preview::{DryRun, Ruling},
        refusal::ApplyError,
    },
    msg::{Command, Context, Effect},
    panes::{Preview, Turn},
};
use insta::assert_snapshot;
use ratatui::layout::Rect;
use rstest::rstest;

use super::stage::{Ground, Stage, at, draw, every_kind, ground_for, told};
use crate::suite::fault::sights::{delay, fault, workload};

const AREA: Rect = Rect { x: 0, y: 0, width: 118, height: 36 };

/// A fault no rule objects to: a tenth of the reviews, which are 40 % of the traffic.
fn harmless() -> Box<Checked> {
    let mut fault = delay();
    fault.params.insert("percent".to_owned(), serde_json::json!(10));
    let checked = Ground::calm().checked(&fault);
    assert!(
        checked.preview.guard.iter().all(|verdict| verdict.verdict == Ruling::Ok),
        "{:?}",
        checked.preview.guard.iter().filter(|verdict| verdict.verdict != Ruling::Ok).collect::<Vec<_>>()
    );
    checked
}

/// A preview that was drawn at the start.
fn shown(stage: &Stage, checked: Box<Checked>) -> Preview {
    let mut preview = Preview::open(checked);
    preview.settle(AREA, &stage.look(at(0)));
    preview
}

fn applied(effects: &[Effect]) -> Option<(Ticket, How, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Apply(ticket, checked, approval, _) => {
            assert_eq!(checked.token, approval.token, "what is approved is what is shown");
            Some((*ticket, approval.how.clone(), approval.token.clone()))
        }
        _ => None,
    })
}

#[test]
fn one_key_applies_exactly_what_is_shown() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(500)));
    let (_, how, token) = applied(&reply.effects).expect("applied");
    assert_eq!(how, How::Key);
    assert_eq!(token, "token-1");
    // The token is spent: the same key again asks for nothing.
    assert!(preview.update(Command::Apply, &mut stage.cx(at(900))).effects.is_empty());
}

#[rstest]
#[case::too_soon(499, true)]
#[case::in_a_burst(5000, false)]
fn a_key_that_cannot_have_been_meant_is_not_heard(#[case] millis: u64, #[case] alone: bool) {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let mut cx = if alone { stage.cx(at(millis)) } else { stage.burst(at(millis)) };
    assert!(preview.update(Command::Apply, &mut cx).effects.is_empty());
}

#[test]
fn before_it_was_drawn_nothing_can_be_approved() {
    let mut stage = Stage::new();
    let mut preview = Preview::open(harmless());
    assert!(preview.update(Command::Apply, &mut stage.cx(at(60_000))).effects.is_empty());
}

#[test]
fn the_hint_is_dim_until_the_key_is_heard_and_time_wakes_it() {
    let stage = Stage::new();
    let preview = shown(&stage, harmless());
    let role = |millis| {
        preview
            .hints(at(millis), &stage.world)
            .iter()
            .find(|(command, ..)| *command == Command::Apply)
            .map(|(_, _, role)| *role)
    };
    assert_eq!(role(0), Some(Role::TextDim));
    assert_eq!(role(499), Some(Role::TextDim));
    assert_eq!(role(500), Some(Role::Key));
    assert_eq!(preview.wakes(at(100)), Some(Duration::from_millis(500)));
    assert_eq!(preview.wakes(at(500)), None);
}

#[test]
fn while_the_stop_is_on_the_key_is_dim_and_applies_nothing() {
    let mut stage = Stage::new();
    stage.world.latched = Some("ana (4711@laptop)".to_owned());
    let mut preview = shown(&stage, harmless());
    let hints = preview.hints(at(900), &stage.world);
    assert!(hints.iter().any(|(command, _, role)| *command == Command::Apply && *role == Role::TextDim));
    let screen = |preview: &Preview, stage: &Stage, width| {
        told(&draw(width, 36, |area, buf| preview.view(area, buf, &stage.look(at(900)))), &stage.theme)
    };
    for width in [78, 118] {
        let screen = screen(&preview, &stage, width);
        assert!(screen.contains("stopped by ana (4711@laptop)") && screen.contains(":release REASON"), "{screen}");
    }
    assert!(preview.update(Command::Apply, &mut stage.cx(at(900))).effects.is_empty());
    stage.world.latched = None;
    assert!(!screen(&preview, &stage, 118).contains("stop"), "released, nothing is left of it");
    assert_eq!(preview.update(Command::Apply, &mut stage.cx(at(1500))).effects.len(), 1);
}

#[test]
fn pasted_text_is_never_a_command() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    preview.insert("a");
    assert_eq!(preview.context(), Context::Preview);
    assert!(preview.update(Command::Accept, &mut stage.cx(at(900))).effects.is_empty());
}

#[test]
fn a_confirmation_wants_the_name_typed() {
    let mut stage = Stage::new();
    // Half of 40 % is under the limit; all of it is not.
    let mut whole = delay();
    whole.params.insert("percent".to_owned(), serde_json::json!(100));
    let checked = Ground::calm().checked(&whole);
    let name = checked.confirm_name.clone();
    let mut preview = shown(&stage, checked);
    assert!(applied(&preview.update(Command::Apply, &mut stage.cx(at(600))).effects).is_none());
    assert_eq!(preview.context(), Context::Input);
    preview.settle(AREA, &stage.look(at(600)));
    preview.insert("wrong");
    assert!(applied(&preview.update(Command::Accept, &mut stage.cx(at(1200))).effects).is_none());
    preview.update(Command::DeleteAll, &mut stage.cx(at(1300)));
    preview.insert(&name);
    // Enter that came in one read with the name is no approval.
    assert!(applied(&preview.update(Command::Accept, &mut stage.burst(at(1400))).effects).is_none());
    let (_, how, _) = applied(&preview.update(Command::Accept, &mut stage.cx(at(1500))).effects).expect("applied");
    assert_eq!(how, How::Typed(name));
}

#[test]
fn a_refusal_cannot_be_approved_and_names_its_rule() {
    let mut stage = Stage::new();
    let ground = Ground { context: "eu-prod".to_owned(), ..Ground::calm() };
    let scale = fault(FaultKind::Scale, workload("Deployment", "reviews"), &[("replicas", serde_json::json!(0))]);
    let mut preview = shown(&stage, ground.checked(&scale));
    assert!(preview.update(Command::Apply, &mut stage.cx(at(900))).effects.is_empty());
    assert_eq!(preview.context(), Context::Preview);
    assert!(!preview.hints(at(900), &stage.world).iter().any(|(command, ..)| *command == Command::Apply));
}

#[test]
fn a_long_refusal_is_read_to_its_last_word_on_a_narrow_screen() {
    let stage = Stage::new();
    let mut checked = harmless();
    let change = checked.preview.changes.last_mut().expect("it changes something");
    change.dry_run = DryRun::Refused;
    change.diff = String::new();
    change.message = "TrafficPolicy in version v1alpha1 cannot be handled: strict decoding error: unknown field \
                      \"spec.faultInjection\""
        .to_owned();
    let mut preview = Preview::open(checked);
    let area = Rect { width: 78, height: 90, ..AREA };
    preview.settle(area, &stage.look(at(0)));
    let text = told(&draw(78, 90, |area, buf| preview.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(text.contains("spec.faultInjection"), "{text}");
}

#[test]
fn when_something_moved_it_looks_again_and_is_deaf_again() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(600)));
    let (ticket, ..) = applied(&reply.effects).expect("applied");
    let moved = ApplyError::Moved { object: "Service shop/reviews".to_owned(), why: "somebody changed it".to_owned() };
    let reply = preview.applied(ticket, Err(moved), &mut stage.cx(at(700)));
    let again = match reply.effects.as_slice() {
        [Effect::Check(again, fault, _)] => {
            assert_eq!(fault.kind, FaultKind::HttpDelay);
            *again
        }
        other => panic!("{other:?}"),
    };
    let mut fresh = harmless();
    fresh.token = "token-2".to_owned();
    fresh.at = at(800).server;
    preview.hear(again, Ok(fresh));
    preview.settle(AREA, &stage.look(at(1000)));
    let screen = told(&draw(118, 36, |area, buf| preview.view(area, buf, &stage.look(at(1000)))), &stage.theme);
    assert!(screen.contains("Service shop/reviews moved since the preview: somebody changed it"), "{screen}");
    assert!(preview.update(Command::Apply, &mut stage.cx(at(1499))).effects.is_empty());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(1500)));
    assert_eq!(applied(&reply.effects).expect("applied").2, "token-2");
}

#[rstest]
#[case::stale(NoWarrant::Stale)]
#[case::other_token(NoWarrant::OtherToken { approved: "a".to_owned(), checked: "b".to_owned() })]
fn what_the_guard_finds_outdated_is_checked_again(#[case] why: NoWarrant) {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(600)));
    let (ticket, ..) = applied(&reply.effects).expect("applied");
    let reply = preview.applied(ticket, Err(ApplyError::Guard(why)), &mut stage.cx(at(700)));
    assert!(matches!(reply.effects.as_slice(), [Effect::Check(..)]));
}

#[test]
fn a_failed_apply_is_told_with_its_remedy_and_its_token_is_gone() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(600)));
    let (ticket, ..) = applied(&reply.effects).expect("applied");
    let error = ApplyError::Net { net: "journal", why: "disk full".to_owned() };
    assert!(preview.applied(ticket, Err(error), &mut stage.cx(at(700))).effects.is_empty());
    preview.settle(AREA, &stage.look(at(700)));
    let screen = told(&draw(118, 36, |area, buf| preview.view(area, buf, &stage.look(at(700)))), &stage.theme);
    assert!(screen.contains("the journal is not in place: disk full"), "{screen}");
    assert!(screen.contains("make the state directory writable"), "{screen}");
    let reply = preview.update(Command::Apply, &mut stage.cx(at(1300)));
    assert!(matches!(reply.effects.as_slice(), [Effect::Check(..)]), "{:?}", reply.effects);
}

#[test]
fn an_old_preview_is_checked_again_before_it_can_be_approved() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(120_000)));
    assert!(matches!(reply.effects.as_slice(), [Effect::Check(..)]), "{:?}", reply.effects);
}

#[test]
fn the_end_of_an_apply_leads_home_and_other_answers_do_not() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let reply = preview.update(Command::Apply, &mut stage.cx(at(600)));
    let (ticket, ..) = applied(&reply.effects).expect("applied");
    let stranger = stage.tickets.take();
    let reply = preview.applied(stranger, Ok("7f3a9c".to_owned()), &mut stage.cx(at(700)));
    assert!(matches!(reply.turn, Turn::Stay));
    let reply = preview.applied(ticket, Ok("7f3a9c".to_owned()), &mut stage.cx(at(700)));
    assert!(matches!(reply.turn, Turn::Home));
}

#[test]
fn read_only_looks_and_does_not_touch() {
    let mut stage = Stage::new();
    stage.world.readonly = true;
    let mut preview = shown(&stage, harmless());
    assert!(preview.update(Command::Apply, &mut stage.cx(at(600))).effects.is_empty());
}

#[test]
fn escape_discards_and_edit_goes_back_to_the_form() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    assert!(matches!(preview.update(Command::Back, &mut stage.cx(at(1))).turn, Turn::Home));
    match preview.update(Command::Edit, &mut stage.cx(at(1))).turn {
        Turn::Form(fault) => assert_eq!(fault.kind, FaultKind::HttpDelay),
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_pods_are_lost_their_share_is_the_large_number() {
    let mut ground = Ground::calm();
    ground.traffic = brink::fault::traffic::Traffic::default();
    let checked = ground.checked(&fault(FaultKind::PodKill, workload("Deployment", "reviews"), &[("count", 1.into())]));
    let stage = Stage::new();
    let preview = shown(&stage, checked);
    let screen = told(&draw(78, 30, |area, buf| preview.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(!screen.contains("counts as all"), "no guardrail goes by the traffic of a kill:\n{screen}");
    assert!(screen.contains("is lost"), "{screen}");
}

#[test]
fn another_driver_is_another_check() {
    let mut stage = Stage::new();
    let mut fault = delay();
    fault.params.insert("percent".to_owned(), serde_json::json!(10));
    let mut ground = Ground::calm();
    // Without the VirtualService's own faults both drivers can.
    ground.sight.virtual_services = crate::suite::fault::sights::shop().virtual_services;
    let checked = ground.checked(&fault);
    let others = checked.plan.alternatives.clone();
    assert_eq!(others, [Driver::IstioVirtualService]);
    let mut preview = shown(&stage, checked);
    match preview.update(Command::Driver, &mut stage.cx(at(900))).effects.as_slice() {
        [Effect::Check(_, fault, _)] => assert_eq!(fault.driver, Some(Driver::IstioVirtualService)),
        other => panic!("{other:?}"),
    }
    // What stands on the screen is not what would be applied any more.
    assert!(preview.update(Command::Apply, &mut stage.cx(at(1900))).effects.is_empty());
}

#[test]
fn every_kind_at_every_size() {
    let stage = Stage::new();
    // What engines alone carry out is one object each, all alike: their plans are tested by their lines.
    let engine = |driver: Driver| Observe::of_driver(driver).is_some();
    let own = |fault: &Fault| catalogue::row(fault.kind).drivers.iter().any(|row| !engine(row.driver));
    for fault in every_kind().into_iter().filter(own) {
        let checked = ground_for(&fault).checked(&fault);
        for (width, height) in [(78, 20), (118, 36), (198, 56)] {
            let mut preview = Preview::open(checked.clone());
            let area = Rect::new(0, 0, width, height);
            preview.settle(area, &stage.look(at(600)));
            let buf = draw(width, height, |area, buf| preview.view(area, buf, &stage.look(at(1200))));
            let screen = told(&buf, &stage.theme);
            assert_snapshot!(format!("preview_{}_{}x{}", fault.kind.word(), width + 2, height + 4), screen);
        }
    }
}

#[test]
fn the_verdict_and_the_class_are_seen_wherever_it_is_scrolled() {
    let mut stage = Stage::new();
    let mut whole = delay();
    whole.params.insert("percent".to_owned(), serde_json::json!(100));
    let mut preview = Preview::open(Ground::calm().checked(&whole));
    let area = Rect::new(0, 0, 78, 20);
    for command in [Command::First, Command::PageDown, Command::NextChange, Command::Last] {
        preview.update(command, &mut stage.cx(at(1)));
        preview.settle(area, &stage.look(at(1)));
        let screen = told(&draw(78, 20, |area, buf| preview.view(area, buf, &stage.look(at(1)))), &stage.theme);
        assert!(screen.contains("ends by itself, even if this machine dies"), "{command}: {screen}");
        assert!(screen.contains("! confirm: "), "{command}: {screen}");
    }
}

#[test]
fn unfolding_shows_what_the_server_made() {
    let mut stage = Stage::new();
    let mut preview = shown(&stage, harmless());
    let screen = |preview: &Preview, stage: &Stage| {
        told(&draw(118, 60, |area, buf| preview.view(area, buf, &stage.look(at(1)))), &stage.theme)
    };
    assert!(!screen(&preview, &stage).contains("resourceVersion"));
    preview.update(Command::Unfold, &mut stage.cx(at(1)));
    preview.settle(AREA, &stage.look(at(1)));
    assert!(screen(&preview, &stage).contains("resourceVersion"), "{}", screen(&preview, &stage));
}

#[test]
fn a_wide_screen_shows_before_and_after_side_by_side() {
    let mut stage = Stage::new();
    let scale = fault(FaultKind::Scale, workload("Deployment", "reviews"), &[("replicas", serde_json::json!(1))]);
    let mut preview = Preview::open(Ground::calm().checked(&scale));
    let area = Rect::new(0, 0, 198, 56);
    preview.settle(area, &stage.look(at(1)));
    preview.update(Command::SideBySide, &mut stage.cx(at(1)));
    preview.settle(area, &stage.look(at(1)));
    let screen = told(&draw(198, 56, |area, buf| preview.view(area, buf, &stage.look(at(1)))), &stage.theme);
    let both = screen.lines().find(|line| line.contains("replicas: 4")).unwrap_or_default();
    assert!(both.contains("replicas: 1"), "{screen}");
}

#[test]
fn no_size_breaks_it() {
    let stage = Stage::new();
    for width in 0..100 {
        for height in [0, 1, 2, 3, 7, 24] {
            let mut preview = Preview::open(harmless());
            preview.settle(Rect::new(0, 0, width, height), &stage.look(at(1)));
            draw(width, height, |area, buf| preview.view(area, buf, &stage.look(at(1))));
        }
    }
}
