//! Actions from the panes: keys, words, the list of what goes with an object, and the list of changes with their undo.

use std::sync::Arc;

use brink::{
    cluster::{Manifest, ObjectRef},
    fault::{
        action::{ActionKind, Revision, Seen},
        foreseen::{Foreseen, ForeseenStep},
        injection::State,
        view::{InjectionView, StepView},
    },
    journal::entry::Op,
    msg::{Effect, Event},
    panes::PaneKind,
};
use rstest::rstest;
use serde_json::json;

use super::{
    screens::{check, document},
    stage::{Stage, noon, pod},
};
use crate::suite::moment::faults::view;

/// A cockpit with one pod of the Deployment `reviews` under the cursor.
fn on_reviews((width, height): (u16, u16)) -> Stage {
    let mut stage = Stage::new(120, 40).linked();
    let mut row = pod(1, "reviews-5d4-x2k4p", (2, 2), "Running", 0, 10_000);
    row.labels =
        Arc::from([(Arc::from("app"), Arc::from("reviews")), (Arc::from("pod-template-hash"), Arc::from("5d4"))]);
    stage.pods(vec![row]);
    stage.resize(width, height);
    stage
}

/// What was asked about last.
fn looked(stage: &Stage) -> (brink::base::Ticket, ActionKind, ObjectRef) {
    stage.asked(|effect| match effect {
        Effect::LookAct(ticket, action, object) => Some((*ticket, *action, object.clone())),
        _ => None,
    })
}

fn changed(id: &str, title: &str, steps: &[(Op, &str)]) -> InjectionView {
    let step = |(at, (op, object)): (usize, &(Op, &str))| StepView {
        n: u32::try_from(at + 1).unwrap(),
        op: *op,
        object: (*object).to_owned(),
        written: true,
        outcome: None,
        note: String::new(),
    };
    InjectionView {
        title: title.to_owned(),
        kind: "manifest".to_owned(),
        driver: "native".to_owned(),
        class: "change".to_owned(),
        deadline: None,
        ends: None,
        since: noon() - jiff::SignedDuration::from_mins(7),
        steps: steps.iter().enumerate().map(step).collect(),
        ..view(id, State::Active)
    }
}

fn scaled() -> InjectionView {
    changed("7f3a9c", "Scale Deployment shop/reviews from 4 to 6", &[(Op::Patch, "apps/v1/Deployment shop/reviews")])
}

#[rstest]
#[case(": s c a l e enter", ActionKind::Scale, "Deployment shop/reviews")]
#[case("r", ActionKind::Restart, "Deployment shop/reviews")]
#[case("ctrl-d", ActionKind::Delete, "Pod shop/reviews-5d4-x2k4p")]
#[case("ctrl-k", ActionKind::Kill, "Pod shop/reviews-5d4-x2k4p")]
#[case(": r o l l b a c k enter", ActionKind::Rollback, "Deployment shop/reviews")]
#[case(": l a b e l enter", ActionKind::Label, "Pod shop/reviews-5d4-x2k4p")]
#[case("m / s c a l e enter enter", ActionKind::Scale, "Deployment shop/reviews")]
fn a_key_or_a_word_acts_on_what_is_meant(#[case] keys: &str, #[case] action: ActionKind, #[case] object: &str) {
    let mut stage = on_reviews((120, 40));
    stage.keys(keys);
    let (_, asked, of) = looked(&stage);
    assert_eq!((asked, of.short().as_str()), (action, object));
}

#[test]
fn what_does_not_go_with_the_object_is_said() {
    let mut stage = on_reviews((120, 40));
    stage.keys(": c o r d o n enter");
    assert!(stage.shows("cordon does not go with Pod shop/reviews-5d4-x2k4p: it needs a Node"), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::LookAct(..))));
}

#[rstest]
#[case(": s c a l e enter")]
#[case("ctrl-d")]
#[case("e")]
#[case("m")]
#[case(": d r a i n enter")]
fn whoever_only_looks_is_told_in_one_sentence(#[case] keys: &str) {
    let mut stage = Stage::with(120, 40, |start| start.readonly = true).linked();
    stage.pods(vec![pod(1, "reviews-5d4-x2k4p", (2, 2), "Running", 0, 10_000)]);
    stage.keys(keys);
    assert!(stage.shows("brink only looks here: start it without --readonly to change anything"), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::LookAct(..) | Effect::Yaml(..))));
}

fn live() -> Manifest {
    Manifest(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reviews", "namespace": "shop"}}),
    )
}

#[rstest]
fn the_list_the_revisions_and_the_changes(#[values((80, 24), (120, 40))] (width, height): (u16, u16)) {
    let shown = |name: &str, stage: &Stage| {
        let name = format!("{name}-{width}x{height}");
        check(&name, stage);
        document(&name, stage);
    };
    let mut stage = on_reviews((width, height));
    stage.keys("a");
    shown("actions", &stage);
    stage.keys("esc : r o l l b a c k enter");
    let (ticket, action, object) = looked(&stage);
    let revision = |number: i64, image: &str, hours: i64, cause: &str| Revision {
        number,
        images: vec![image.to_owned()],
        created: Some(noon() - jiff::SignedDuration::from_hours(hours)),
        cause: cause.to_owned(),
        current: number == 7,
        template: json!({}),
    };
    let revisions = vec![
        revision(7, "shop/reviews:2.1.0", 3, "the new stars"),
        revision(6, "shop/reviews:2.0.4", 30, ""),
        revision(4, "shop/reviews:2.0.3", 200, "hotfix of the carousel"),
    ];
    let seen = Seen { action, object, live: live(), scale: None, revisions };
    stage.send(Event::ActSeen(ticket, Ok(Box::new(seen))));
    shown("rollback", &stage);
    stage.keys("esc ctrl-d");
    let (ticket, action, object) = looked(&stage);
    let seen = Seen { action, object, live: live(), scale: None, revisions: Vec::new() };
    stage.send(Event::ActSeen(ticket, Ok(Box::new(seen))));
    shown("delete", &stage);
    stage.keys("esc");
    for view in [
        scaled(),
        changed("81bb02", "Drain Node n1 of 1 pod", &[(Op::Evict, "v1/Pod shop/web-1")]),
        InjectionView { class: "change".to_owned(), ..view("6c1de0", State::Recovered) },
        view("50fa11", State::Recovered),
    ] {
        stage.send(Event::Injection(Box::new(view)));
    }
    stage.keys(": c h a n g e s enter");
    assert_eq!(stage.app.focus(), PaneKind::Faults);
    shown("changes", &stage);
}

#[test]
fn an_undo_is_previewed_before_it_is_written() {
    let mut stage = on_reviews((120, 40));
    stage.send(Event::Injection(Box::new(scaled())));
    stage.keys("4 u");
    let ticket = stage.asked(|effect| match effect {
        Effect::Foresee(ticket, id, None) if id == "7f3a9c" => Some(*ticket),
        _ => None,
    });
    let step = ForeseenStep {
        op: "patch",
        object: "apps/v1/Deployment shop/reviews".to_owned(),
        note: String::new(),
        refused: None,
        blocked: false,
        diff: "-  replicas: 6\n+  replicas: 4\n".to_owned(),
    };
    let seen = Foreseen {
        injection: "7f3a9c".to_owned(),
        title: "Scale Deployment shop/reviews from 4 to 6".to_owned(),
        owner: "ana@example.com".to_owned(),
        mine: true,
        kept: true,
        decision: None,
        steps: vec![step],
    };
    stage.send(Event::Foreseen(ticket, Ok(Box::new(seen))));
    assert!(stage.shows("It was to stay; its undo writes this"), "{}", stage.text());
    stage.pass(std::time::Duration::from_secs(1));
    stage.keys("a");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Undo(_, seen) if seen.injection == "7f3a9c")));
}

#[rstest]
#[case(Op::Evict, "v1/Pod shop/web-1", "an evicted pod does not come back")]
#[case(Op::Create, "batch/v1/Job shop/nightly-manual-1", "what a job did cannot be taken back")]
fn what_has_no_undo_says_so(#[case] op: Op, #[case] object: &str, #[case] told: &str) {
    let mut stage = on_reviews((120, 40));
    stage.send(Event::Injection(Box::new(changed("7f3a9c", "done", &[(op, object)]))));
    stage.keys("4 u");
    assert!(stage.shows(&format!("no undo: {told}")), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Foresee(..))));
}

#[test]
fn the_list_of_changes_holds_changes_alone_and_is_left_again() {
    let mut stage = on_reviews((120, 40));
    stage.send(Event::Injection(Box::new(scaled())));
    stage.send(Event::Injection(Box::new(view("50fa11", State::Recovered))));
    stage.keys("4 C");
    assert!(stage.shows("Scale Deployment shop/reviews") && !stage.shows("Delay half of the requests"));
    stage.keys("esc");
    assert!(stage.shows("Delay half of the requests"), "{}", stage.text());
}
