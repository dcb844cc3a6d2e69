//! The preview of an undo: what it shows, and when a key may carry it out.

use brink::{
    base::Ticket,
    config::Role,
    fault::{
        foreseen::{Foreseen, ForeseenStep},
        undo::Decision,
    },
    msg::{Command, Effect, Failure},
    panes::{Turn, Undo},
};
use insta::assert_snapshot;
use ratatui::layout::Rect;

use super::stage::{Stage, at, draw, told};

const AREA: Rect = Rect { x: 0, y: 0, width: 78, height: 20 };

const DIFF: &str = "--- live\n+++ after\n@@ -3,9 +3,5 @@\n metadata:\n   name: web\n   namespace: shop\n-  annotations:\n-    brink.dev/injection: 7f3a9c.1.57c9\n spec:\n   hosts:\n   - web\n   http:\n-  - name: brink-7f3a9c-0\n-    fault: {delay: {fixedDelay: 7s}}\n   - name: all\n# 3 unchanged, 28 server-made\n";

fn foreseen(decision: Option<Decision>) -> Foreseen {
    let patch = ForeseenStep {
        op: "patch",
        object: "networking.istio.io/v1/VirtualService shop/web".to_owned(),
        note: "kubectl-patch edited spec.http[name=brink-7f3a9c-0], which we had inserted".to_owned(),
        refused: None,
        blocked: false,
        diff: DIFF.to_owned(),
    };
    let blocked = ForeseenStep {
        op: "nothing",
        object: "apps/v1/Deployment shop/web".to_owned(),
        note: "spec.replicas is 5, neither 4 before nor 1 of the fault".to_owned(),
        refused: None,
        blocked: true,
        diff: String::new(),
    };
    Foreseen {
        injection: "7f3a9c".to_owned(),
        title: "Delay all requests to web by 1 s for 60 s".to_owned(),
        owner: "ana@example.com".to_owned(),
        kept: false,
        mine: decision.is_some(),
        decision,
        steps: if decision.is_some() { vec![patch] } else { vec![patch, blocked] },
    }
}

/// A preview of an undo that was drawn at the start.
fn shown(stage: &mut Stage, decision: Option<Decision>) -> Undo {
    let (mut undo, effects) = Undo::open("7f3a9c".to_owned(), decision, &mut stage.cx(at(0)));
    let [Effect::Foresee(ticket, id, asked)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((id.as_str(), *asked), ("7f3a9c", decision));
    undo.hear(*ticket, Ok(Box::new(foreseen(decision))));
    undo.settle(AREA, &stage.look(at(0)));
    undo
}

fn carried(effects: &[Effect]) -> Option<Ticket> {
    effects.iter().find_map(|effect| match effect {
        Effect::Undo(ticket, seen) => {
            assert_eq!(**seen, foreseen(seen.decision), "what is carried out is what is shown");
            Some(*ticket)
        }
        _ => None,
    })
}

#[test]
fn one_key_carries_out_what_is_shown_once_it_was_read() {
    let mut stage = Stage::new();
    let mut undo = shown(&mut stage, Some(Decision::ForceMine));
    let dim = |undo: &Undo, millis| undo.hints(at(millis))[0].2 == Role::TextDim;
    assert!(dim(&undo, 499) && !dim(&undo, 500));
    assert_eq!(carried(&undo.update(Command::Apply, &mut stage.cx(at(499))).effects), None);
    assert_eq!(carried(&undo.update(Command::Apply, &mut stage.burst(at(600))).effects), None, "not among other keys");
    let ticket = carried(&undo.update(Command::Apply, &mut stage.cx(at(600))).effects).expect("carried out");
    assert_eq!(carried(&undo.update(Command::Apply, &mut stage.cx(at(700))).effects), None, "once");
    assert!(matches!(undo.ordered(ticket).turn, Turn::Faults));
}

#[test]
fn when_something_moved_it_is_shown_anew_and_nothing_is_written() {
    let mut stage = Stage::new();
    let mut undo = shown(&mut stage, Some(Decision::ForceMine));
    let ticket = carried(&undo.update(Command::Apply, &mut stage.cx(at(600))).effects).unwrap();
    undo.hear(ticket, Ok(Box::new(foreseen(Some(Decision::ForceMine)))));
    undo.settle(AREA, &stage.look(at(700)));
    let screen = told(&draw(78, 20, |area, buf| undo.view(area, buf, &stage.look(at(700)))), &stage.theme);
    assert!(screen.contains("Something moved, nothing was written"), "{screen}");
    assert_eq!(carried(&undo.update(Command::Apply, &mut stage.cx(at(800))).effects), None, "deaf again");
}

#[test]
fn an_undo_nobody_can_rehearse_is_told_and_nothing_can_be_approved() {
    let mut stage = Stage::new();
    let (mut undo, effects) = Undo::open("7f3a9c".to_owned(), None, &mut stage.cx(at(0)));
    let [Effect::Foresee(ticket, ..)] = effects.as_slice() else { panic!() };
    undo.hear(*ticket, Err(Failure::new("reading VirtualService shop/web: forbidden", "ask for get on it")));
    undo.settle(AREA, &stage.look(at(0)));
    let screen = told(&draw(78, 20, |area, buf| undo.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("forbidden") && screen.contains("ask for get on it"), "{screen}");
    assert!(undo.update(Command::Apply, &mut stage.cx(at(5000))).effects.is_empty());
    assert!(matches!(undo.update(Command::Back, &mut stage.cx(at(5000))).turn, Turn::Close));
}

#[test]
fn who_writes_over_what_others_wrote_in_somebody_elses_name_reads_whose_fault_it_is() {
    let mut stage = Stage::new();
    let (mut undo, effects) = Undo::open("7f3a9c".to_owned(), Some(Decision::ForceMine), &mut stage.cx(at(0)));
    let [Effect::Foresee(ticket, ..)] = effects.as_slice() else { panic!() };
    undo.hear(*ticket, Ok(Box::new(Foreseen { mine: false, ..foreseen(Some(Decision::ForceMine)) })));
    undo.settle(AREA, &stage.look(at(0)));
    let screen = told(&draw(78, 20, |area, buf| undo.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("ana@example.com's fault is past its deadline"), "{screen}");
    assert!(screen.contains("what others wrote meanwhile is") && screen.contains("your rights"), "{screen}");
}

#[test]
fn only_the_same_undo_is_the_same() {
    let seen = foreseen(None);
    assert!(seen.same(&seen));
    let mut status = seen.clone();
    status.steps[0].diff = DIFF.replace("28 server-made", "31 server-made");
    assert!(seen.same(&status), "a status moves by itself");
    let mut moved = seen.clone();
    moved.steps[0].diff = DIFF.replace("7s", "9s");
    assert!(!seen.same(&moved));
    let mut blocked = seen.clone();
    blocked.steps[1].blocked = false;
    assert!(!seen.same(&blocked));
    assert!(!seen.same(&foreseen(Some(Decision::ForceMine))));
}

#[test]
fn at_every_size() {
    for (name, decision) in [("force", Some(Decision::ForceMine)), ("foreign", None)] {
        for (width, height) in [(78, 20), (118, 36), (198, 56)] {
            let mut stage = Stage::new();
            let mut undo = shown(&mut stage, decision);
            undo.settle(Rect::new(0, 0, width, height), &stage.look(at(0)));
            let buf = draw(width, height, |area, buf| undo.view(area, buf, &stage.look(at(600))));
            assert_snapshot!(format!("undo_{name}_{width}x{height}"), told(&buf, &stage.theme));
        }
    }
}

#[test]
fn no_size_breaks_it() {
    let mut stage = Stage::new();
    for width in 0..50 {
        for height in 0..14 {
            let mut undo = shown(&mut stage, None);
            undo.settle(Rect::new(0, 0, width, height), &stage.look(at(0)));
            undo.update(Command::Last, &mut stage.cx(at(0)));
            draw(width, height, |area, buf| undo.view(area, buf, &stage.look(at(0))));
        }
    }
}
