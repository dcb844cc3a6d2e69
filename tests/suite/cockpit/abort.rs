//! The abort key in every context there is: nothing that lies above a live fault stands between a person and its end.

use std::{collections::BTreeSet, time::Duration};

use brink::{
    fault::{
        catalogue::view::kinds,
        foreseen::{Foreseen, ForeseenStep},
        injection::State,
        undo::Decision,
        view::InjectionView,
    },
    msg::{Caption, Context, Cue, Effect, Event, caption::Tone},
};
use rstest::rstest;

use super::{
    objects,
    stage::{Stage, noon},
};
use crate::suite::{
    fault::sights,
    moment::{
        faults::{stuck, view},
        stage::Ground,
    },
};

/// Everything that can lie above the panes or have the focus, and how a hand gets there.
const SCENES: &[(&str, &str)] = &[
    ("pods", ""),
    ("a script that stands", "@script"),
    ("routes", "2"),
    ("mesh", "3"),
    ("the service graph", "3 v"),
    ("faults", "4"),
    ("the agent", "5"),
    ("a question being typed to the agent", "5 enter w h y"),
    ("a question about a stuck undo", "4 K"),
    ("a filter being typed", "/ r e"),
    ("a pane alone", "z"),
    ("the command line", ": p o"),
    ("objects of any kind", "@objects"),
    ("forwarded ports", ": p f enter"),
    ("a filter over them being typed", "@objects / r e"),
    ("the tree of an object", "@objects X"),
    ("a filter over a tree being typed", "@objects X / r e"),
    ("the pulses", "@objects : p u l s e s enter"),
    ("the help", "?"),
    ("a search being typed", "? / a"),
    ("a description", "d"),
    ("yaml", "y"),
    ("a log", "l"),
    ("a search in a log", "l / a"),
    ("containers", "l o"),
    ("a picker", "ctrl-n"),
    ("contexts", "ctrl-g"),
    ("a picker's filter", "ctrl-n / s"),
    ("kinds of faults", "f"),
    ("a text field", "f enter"),
    ("a choice", "f enter up"),
    ("an object being read to be edited", "e"),
    ("an image", "i"),
    ("a preview", "f enter 1 s enter @checked"),
    ("a confirmation", "f enter 1 s enter @confirm a"),
    ("the preview of an undo", "4 F @foreseen"),
    ("too small a terminal", "@small"),
];

fn live() -> InjectionView {
    InjectionView { deadline: None, ends: None, since: noon(), ..view("7f3a9c", State::Active) }
}

/// A cockpit with a live fault of one's own and a stuck one, in a scene.
fn scene(keys: &str) -> Stage {
    let mut stage = Stage::full(120, 40);
    stage.send(Event::Injection(Box::new(live())));
    stage.send(Event::Injection(Box::new(InjectionView { deadline: None, ends: None, ..stuck() })));
    // The stuck one is the first of the faults pane when a scene is about it.
    stage.keys("4");
    if keys.contains('K') || keys.contains('F') {
        stage.keys("G");
    }
    stage.keys("1");
    for key in keys.split_whitespace() {
        match key {
            "@checked" | "@confirm" => checked(&mut stage, key == "@confirm"),
            "@foreseen" => foreseen(&mut stage),
            "@objects" => objects::show(&mut stage),
            "@small" => stage.resize(20, 5),
            "@script" => stage.send(Event::Cue(Cue::Caption(Some(Box::new(Caption {
                text: "the wait failed".to_owned(),
                aside: String::new(),
                step: 1,
                of: 3,
                tone: Tone::Failed,
                keys: Vec::new(),
            }))))),
            key => stage.keys(key),
        }
        if key == "i" {
            image(&mut stage);
        }
    }
    stage.effects.clear();
    stage
}

fn checked(stage: &mut Stage, confirm: bool) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let mut ground = Ground::calm();
    if confirm {
        ground.traffic = brink::fault::traffic::Traffic::default();
    }
    let mut checked = ground.checked(&sights::delay());
    checked.at = noon();
    stage.send(Event::Checked(ticket, Ok(checked)));
    stage.pass(Duration::from_secs(1));
}

fn foreseen(stage: &mut Stage) {
    let (ticket, id) = stage.asked(|effect| match effect {
        Effect::Foresee(ticket, id, _) => Some((*ticket, id.clone())),
        _ => None,
    });
    let step = ForeseenStep {
        op: "patch",
        object: "apps/v1/Deployment shop/reviews".to_owned(),
        note: String::new(),
        refused: None,
        blocked: false,
        diff: "@@ -1 +1 @@\n-replicas: 5\n+replicas: 4\n".to_owned(),
    };
    let seen = Foreseen {
        injection: id,
        title: "Scale Deployment reviews".to_owned(),
        owner: "ana".to_owned(),
        kept: false,
        mine: true,
        decision: Some(Decision::ForceMine),
        steps: vec![step],
    };
    stage.send(Event::Foreseen(ticket, Ok(Box::new(seen))));
    stage.pass(Duration::from_secs(1));
}

fn image(stage: &mut Stage) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Yaml(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\nspec: {template: {spec: \
                {containers: [{name: cart, image: 'cart:1'}]}}}\n";
    stage.send(Event::Text(ticket, Ok(yaml.to_owned())));
}

fn aborted(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::Abort(_, id) if id == "7f3a9c" || id == "c0ffee"))
}

fn stopped(stage: &Stage) -> bool {
    stage.effects.iter().any(|effect| matches!(effect, Effect::StopAll(_, false)))
}

#[test]
fn one_press_aborts_and_two_within_a_second_stop_all_in_every_context() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (name, keys) in SCENES {
        // Alone, and in one read with other bytes: to end a fault is never kept back.
        for burst in [false, true] {
            let mut stage = scene(keys);
            seen.extend(stage.app.chain().iter().map(|context| context.word()));
            let before = stage.app.screens.len();
            let press = |stage: &mut Stage| {
                if burst {
                    stage.send(Event::Keys(vec!["ctrl-x".parse().unwrap()]));
                } else {
                    stage.keys("ctrl-x");
                }
            };
            press(&mut stage);
            assert!(aborted(&stage) && !stopped(&stage), "{name}: {:?}", stage.effects);
            assert_eq!(stage.app.screens.len(), before, "{name}: what was being done stays");
            stage.pass(Duration::from_millis(900));
            press(&mut stage);
            assert!(stopped(&stage), "{name}: {:?}", stage.effects);
            if stage.text().lines().count() > 5 {
                assert!(stage.shows("STOPPING"), "{name}: nothing covers the stop\n{}", stage.text());
            }
            // While it stands the key still only ends faults.
            stage.effects.clear();
            stage.pass(Duration::from_secs(2));
            press(&mut stage);
            assert!(aborted(&stage), "{name}: {:?}", stage.effects);
        }
    }
    let all: BTreeSet<&str> = Context::ALL.into_iter().map(Context::word).collect();
    assert_eq!(seen, all, "every context was walked");
}

#[test]
fn the_letter_aborts_wherever_it_is_no_text() {
    for (name, keys) in SCENES {
        let mut stage = scene(keys);
        let typing = stage.app.chain().first() == Some(&Context::Input);
        stage.keys("x");
        assert_eq!(aborted(&stage), !typing, "{name}: {:?}", stage.effects);
    }
}

#[test]
fn pasted_text_ends_and_applies_nothing() {
    for (name, keys) in SCENES {
        let mut stage = scene(keys);
        stage.send(Event::Paste("x\u{18}\u{18}a\nx".to_owned()));
        assert!(stage.effects.is_empty(), "{name}: {:?}", stage.effects);
        // After the paste the key means what it always means.
        stage.keys("ctrl-x");
        assert!(aborted(&stage), "{name}: {:?}", stage.effects);
    }
}

#[test]
fn two_presses_further_apart_are_two_aborts() {
    for (name, keys) in SCENES {
        let mut stage = scene(keys);
        stage.keys("ctrl-x");
        stage.pass(Duration::from_millis(1001));
        stage.keys("ctrl-x");
        assert!(!stopped(&stage), "{name}: {:?}", stage.effects);
    }
}

#[rstest]
#[case("f enter 1 s enter @checked")]
#[case("f enter 1 s enter @confirm a esc")]
#[case("4 F @foreseen")]
fn escape_discards_a_preview_and_writes_nothing(#[case] keys: &str) {
    let mut stage = scene(keys);
    assert!(!stage.app.screens.is_empty());
    let before = stage.app.screens.len();
    stage.keys("esc");
    assert!(stage.app.screens.len() < before, "{}", stage.text());
    let writes = |effect: &Effect| {
        matches!(effect, Effect::Apply(..) | Effect::Undo(..) | Effect::Decide(..) | Effect::Abort(..))
    };
    assert!(!stage.effects.iter().any(writes), "{:?}", stage.effects);
}

#[test]
fn escape_waves_away_what_was_said_and_what_was_proven() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Injection(Box::new(live())));
    stage.keys("ctrl-x");
    assert!(stage.shows("again within 1 s stops all"), "{}", stage.text());
    stage.keys("esc");
    assert!(!stage.shows("again within 1 s stops all"), "{}", stage.text());
    stage.send(Event::Injection(Box::new(InjectionView { state: State::Recovered, ..live() })));
    assert!(stage.shows("http-delay is over"), "{}", stage.text());
    stage.keys("esc");
    assert!(!stage.shows("http-delay is over"), "{}", stage.text());
}

#[test]
fn an_undo_that_got_stuck_is_no_longer_said_to_be_under_way() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Injection(Box::new(live())));
    stage.keys("ctrl-x");
    stage.send(Event::Injection(Box::new(InjectionView { state: State::Stuck, ..live() })));
    assert!(!stage.shows("aborting"), "{}", stage.text());
}

#[test]
fn the_stop_is_told_by_its_block_alone() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Injection(Box::new(live())));
    stage.keys("ctrl-x ctrl-x");
    assert!(stage.shows("STOPPING") && !stage.shows("aborting") && !stage.shows("stopping all"), "{}", stage.text());
    assert!(stage.shows("ctrl-x abort"), "the keys are seen:\n{}", stage.text());
}

#[test]
fn the_abort_key_is_named_only_where_it_ends_something() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Injection(Box::new(InjectionView { mine: false, ..live() })));
    assert!(!stage.shows("ctrl-x abort") && stage.shows("ctrl-x ctrl-x stop all"), "{}", stage.text());
    stage.send(Event::Injection(Box::new(InjectionView { injection: "c0ffee".to_owned(), ..live() })));
    assert!(stage.shows("ctrl-x abort"), "{}", stage.text());
}

#[test]
fn whoever_begins_another_fault_is_done_with_the_one_before() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Injection(Box::new(InjectionView { state: State::Recovered, ..live() })));
    stage.keys("f");
    let ticket = stage.asked(|effect| match effect {
        Effect::Kinds(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Kinds(ticket, Ok(kinds(&sights::shop()))));
    assert!(!stage.shows("is over"), "{}", stage.text());
}
