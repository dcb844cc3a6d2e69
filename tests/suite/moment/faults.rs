//! The faults pane and the words of a live fault.

use std::time::Duration;

use brink::{
    cluster::Source,
    fault::{
        injection::State,
        record,
        undo::Decision,
        view::{ConditionState, ConditionView, EvidenceState, EvidenceView, Figure, InjectionView, StepView},
    },
    journal::entry::{Cause, Op, Outcome},
    msg::{Command, Effect},
    panes::{Faults, Turn, World, live, world::LinkState},
};
use insta::assert_snapshot;
use ratatui::layout::Rect;

use super::stage::{Stage, at, draw, told};

pub fn view(id: &str, state: State) -> InjectionView {
    let now = at(0).server;
    let ended = state.ended();
    InjectionView {
        injection: id.to_owned(),
        title: "Delay half of the requests to reviews by 1 s for 90 s".to_owned(),
        kind: "http-delay".to_owned(),
        driver: "istio".to_owned(),
        class: "self-expiring".to_owned(),
        state,
        cause: ended.then_some(Cause::Person),
        deadline: Some(now + Duration::from_secs(120)),
        ends: Some(now + Duration::from_secs(72)),
        owner: "ana@example.com".to_owned(),
        host: "4711@laptop".to_owned(),
        approved_by: "key".to_owned(),
        mine: true,
        since: now,
        unconfirmed_since: None,
        trouble: None,
        steps: vec![StepView {
            n: 1,
            op: Op::Create,
            object: format!("networking.istio.io/v1alpha3/EnvoyFilter shop/brink-{id}"),
            written: true,
            outcome: ended.then_some(Outcome::Removed),
            note: String::new(),
        }],
        residue: Vec::new(),
        notes: Vec::new(),
        ramp: None,
        evidence: None,
        abort_when: Vec::new(),
    }
}

pub fn stuck() -> InjectionView {
    InjectionView {
        trouble: Some("Deployment shop/reviews: spec.replicas is 5, neither 4 before nor 1 of the fault".to_owned()),
        steps: vec![StepView {
            n: 1,
            op: Op::Patch,
            object: "apps/v1/Deployment shop/reviews".to_owned(),
            written: true,
            outcome: Some(Outcome::Entangled),
            note: "kubectl-edit wrote spec.replicas".to_owned(),
        }],
        class: "guarded".to_owned(),
        kind: "scale".to_owned(),
        title: "Scale Deployment reviews from 4 to 1 for 90 s".to_owned(),
        ..view("c0ffee", State::Stuck)
    }
}

fn staged(views: &[InjectionView]) -> Stage {
    let mut stage = Stage::new();
    for view in views {
        stage.world.injections.insert(view.injection.clone(), view.clone());
    }
    stage
}

fn press(pane: &mut Faults, stage: &mut Stage, command: Command, millis: u64) -> Vec<Effect> {
    pane.update(command, &mut stage.cx(at(millis))).effects
}

#[test]
fn a_kept_change_is_no_live_fault_and_stands_with_what_is_over() {
    let kept = InjectionView {
        class: "change".to_owned(),
        ends: None,
        deadline: None,
        title: "Change Pod shop/web, to stay".to_owned(),
        ..view("7f3a9c", State::Active)
    };
    let stage = staged(std::slice::from_ref(&kept));
    assert!(stage.world.live().is_empty() && !stage.world.any_live());
    let pane = Faults::default();
    let screen = told(&draw(78, 18, |area, buf| pane.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(screen.contains("Change Pod shop/web"), "{screen}");
    let (text, _) = live::proven(&stage.world, at(1000), false).unwrap();
    assert!(text.contains("applied as previewed: Change Pod shop/web, to stay"), "{text}");
    let writing = InjectionView { state: State::Applying, ..kept };
    assert!(staged(&[writing]).world.any_live(), "as long as it is written it is");
}

#[test]
fn ones_own_fault_ends_with_one_key_and_somebody_elses_with_two() {
    let mine = view("7f3a9c", State::Active);
    let mut stage = staged(&[mine]);
    let mut pane = Faults::default();
    let effects = press(&mut pane, &mut stage, Command::FaultAbort, 0);
    assert!(matches!(effects.as_slice(), [Effect::Abort(_, id)] if id == "7f3a9c"));

    let mut stage = staged(&[InjectionView { mine: false, ..view("7f3a9c", State::Active) }]);
    assert!(press(&mut pane, &mut stage, Command::FaultAbort, 0).is_empty());
    pane.settle(Rect::new(0, 0, 78, 20), &stage.look(at(10)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(10)))), &stage.theme);
    assert!(
        screen.contains("end ana@example.com's http-delay?") && screen.contains("delete again says yes"),
        "{screen}"
    );
    let effects = press(&mut pane, &mut stage, Command::FaultAbort, 100);
    assert!(matches!(effects.as_slice(), [Effect::Abort(_, id)] if id == "7f3a9c"));
    // A question that was not answered in time is asked anew.
    press(&mut pane, &mut stage, Command::FaultAbort, 1000);
    assert!(press(&mut pane, &mut stage, Command::FaultAbort, 7000).is_empty());
}

#[test]
fn a_stuck_undo_waits_for_a_decision_said_twice() {
    let mut stage = staged(&[stuck()]);
    let mut pane = Faults::default();
    let keep = Command::FaultKeep;
    assert!(press(&mut pane, &mut stage, keep, 0).is_empty());
    let effects = press(&mut pane, &mut stage, keep, 200);
    assert!(matches!(effects.as_slice(), [Effect::Decide(_, id, Decision::KeepTheirs)] if id == "c0ffee"));
    // In a burst the second key is no answer.
    press(&mut pane, &mut stage, keep, 1000);
    assert!(pane.update(keep, &mut stage.burst(at(1100))).effects.is_empty());
    // To write over what others wrote is read before it is done.
    let reply = pane.update(Command::FaultForce, &mut stage.cx(at(1200)));
    assert!(matches!(reply.turn, Turn::Undo(id, Some(Decision::ForceMine)) if id == "c0ffee"));
    // Another key in between takes the question back.
    press(&mut pane, &mut stage, Command::FaultKeep, 2000);
    press(&mut pane, &mut stage, Command::FaultForce, 2100);
    assert!(press(&mut pane, &mut stage, Command::FaultKeep, 2200).is_empty());
    let effects = press(&mut pane, &mut stage, Command::FaultPrint, 3000);
    assert!(matches!(effects.as_slice(), [Effect::Print(_, id)] if id == "c0ffee"));
}

#[test]
fn decisions_mean_nothing_for_a_fault_that_is_not_stuck() {
    let mut stage = staged(&[view("7f3a9c", State::Active)]);
    let mut pane = Faults::default();
    for command in [Command::FaultKeep, Command::FaultForce, Command::FaultPrint] {
        for millis in [0, 100] {
            assert!(press(&mut pane, &mut stage, command, millis).is_empty());
        }
    }
    assert!(matches!(press(&mut pane, &mut stage, Command::FaultExtend, 0).as_slice(), [Effect::Extend(..)]));
}

#[test]
fn a_question_can_be_read_and_answered_in_a_narrow_pane() {
    let mut stage = staged(&[stuck()]);
    for height in [3, 8, 13] {
        let mut pane = Faults::default();
        press(&mut pane, &mut stage, Command::FaultKeep, 0);
        pane.settle(Rect::new(0, 0, 46, height), &stage.look(at(10)));
        let screen = told(&draw(46, height, |area, buf| pane.view(area, buf, &stage.look(at(10)))), &stage.theme);
        assert!(screen.contains("K again says yes, esc no"), "{height}:\n{screen}");
        assert!(height == 3 || screen.contains("close the"), "{height}:\n{screen}");
    }
}

#[test]
fn a_foreign_fault_past_its_deadline_is_offered_with_a_preview() {
    let foreign = InjectionView { mine: false, owner: "ana".to_owned(), ends: None, ..view("7f3a9c", State::Active) };
    let mut stage = staged(&[foreign]);
    let mut pane = Faults::default();
    let late = 121_000;
    let reply = pane.update(Command::FaultAbort, &mut stage.cx(at(late)));
    assert!(reply.effects.is_empty());
    assert!(matches!(reply.turn, Turn::Undo(id, None) if id == "7f3a9c"));
    let area = Rect::new(0, 0, 78, 20);
    pane.settle(area, &stage.look(at(late)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(late)))), &stage.theme);
    assert!(
        screen.contains("past its deadline") && screen.contains("delete shows what its undo would write"),
        "{screen}"
    );
    assert!(
        live::header(&stage.world, at(late), false).unwrap().0.contains("ana's http-delay reviews past its deadline")
    );
}

#[test]
fn of_somebody_elses_fault_only_what_its_record_says_is_said() {
    let mut foreign = InjectionView { mine: false, ..view("7f3a9c", State::Active) };
    foreign.steps[0].written = false;
    let told = |view: &InjectionView| {
        let stage = staged(std::slice::from_ref(view));
        let mut pane = Faults::default();
        pane.settle(Rect::new(0, 0, 78, 20), &stage.look(at(0)));
        told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(0)))), &stage.theme)
    };
    assert!(!told(&foreign).contains("not written"), "{}", told(&foreign));
    foreign.state = State::Applying;
    assert!(told(&foreign).contains("its owner knows"), "{}", told(&foreign));
}

#[test]
fn who_only_looks_is_shown_the_command_and_no_keys() {
    let mut stage = staged(&[stuck(), InjectionView { mine: false, ..view("7f3a9c", State::Active) }]);
    stage.world.readonly = true;
    let mut pane = Faults::default();
    for millis in [0, 100, 130_000, 130_100] {
        for command in [Command::FaultAbort, Command::FaultKeep, Command::FaultForce, Command::FaultExtend] {
            let reply = pane.update(command, &mut stage.cx(at(millis)));
            assert!(reply.effects.is_empty() && matches!(reply.turn, Turn::Stay), "{command:?}");
        }
    }
    pane.settle(Rect::new(0, 0, 78, 20), &stage.look(at(0)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(0)))), &stage.theme);
    let id = &pane.selected(&stage.world).unwrap().injection;
    assert!(screen.contains(&format!("`brink fault abort {id}` ends it")), "{screen}");
    let hints = pane.hints(&stage.world);
    assert!(!hints.contains(&Command::FaultAbort) && !hints.contains(&Command::FaultKeep), "{hints:?}");
}

#[test]
fn who_may_not_read_records_is_told_which_faults_stay_unseen() {
    let refused = "cannot list configmaps in shop: needs get,list,watch configmaps\n\
                   kubectl --context kind-demo auth can-i list configmaps -n shop";
    let shown = |source: Source| {
        let mut stage = Stage::new();
        stage.world.link = LinkState::Up;
        let mut pane = Faults::default();
        let effects = pane.open(&mut stage.cx(at(0)));
        let [Effect::WatchFaults(ticket)] = effects.as_slice() else { panic!("{effects:?}") };
        pane.hear(*ticket, source, at(0));
        told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(0)))), &stage.theme)
    };
    let screen = shown(record::standing(Source::Forbidden { what: refused.to_owned() }, Some("shop")));
    assert!(screen.contains("cannot see faults of others in shop: their records may not be read"), "{screen}");
    assert!(screen.contains("kubectl --context kind-demo auth can-i list configmaps -n shop"), "{screen}");
    assert!(screen.contains("`brink doctor --faults` prints the Role to ask for"), "{screen}");
    let cause = "cannot list configmaps in shop: too many requests\nwait".to_owned();
    let broken = Source::Broken { cause, retry: Duration::from_secs(4) };
    let screen = shown(record::standing(broken, Some("shop")));
    assert!(screen.contains("cannot look for faults in shop: too many requests"), "{screen}");
    assert_eq!(record::standing(Source::Live, None), Source::Live);
}

#[test]
fn somebody_elses_stuck_undo_is_decided_once_its_deadline_is_over() {
    let foreign = InjectionView { mine: false, owner: "ana".to_owned(), ..stuck() };
    let mut stage = staged(&[foreign]);
    let mut pane = Faults::default();
    let area = Rect::new(0, 0, 78, 20);
    for command in [Command::FaultKeep, Command::FaultForce] {
        for millis in [0, 200] {
            let reply = pane.update(command, &mut stage.cx(at(millis)));
            assert!(reply.effects.is_empty(), "{command:?}");
            let Turn::Refused(why) = reply.turn else { panic!("{command:?}: {:?}", reply.turn) };
            assert_eq!(why, "until its deadline, in 02:00, only ana decides about ana's fault");
        }
    }
    pane.settle(area, &stage.look(at(300)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(300)))), &stage.theme);
    assert!(screen.contains("decides until its deadline") && !screen.contains("force mine"), "{screen}");
    assert!(matches!(press(&mut pane, &mut stage, Command::FaultPrint, 400).as_slice(), [Effect::Print(..)]));

    let late = 120_000;
    assert!(press(&mut pane, &mut stage, Command::FaultKeep, late).is_empty());
    pane.settle(area, &stage.look(at(late)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(late)))), &stage.theme);
    assert!(screen.contains("leave what stands there now and close ana's fault?"), "{screen}");
    let effects = press(&mut pane, &mut stage, Command::FaultKeep, late + 100);
    assert!(matches!(effects.as_slice(), [Effect::Decide(_, id, Decision::KeepTheirs)] if id == "c0ffee"));
    let reply = pane.update(Command::FaultForce, &mut stage.cx(at(late + 200)));
    assert!(matches!(reply.turn, Turn::Undo(id, Some(Decision::ForceMine)) if id == "c0ffee"));
    pane.settle(area, &stage.look(at(late + 300)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(late + 300)))), &stage.theme);
    assert!(screen.contains("F force mine"), "{screen}");
}

#[test]
fn what_happened_once_is_watched_and_not_said_to_go_on() {
    let killed = InjectionView { class: "one-way".to_owned(), ..view("7f3a9c", State::Active) };
    assert_eq!(live::standing(&killed, at(0)), "watched, 01:12 left");
}

#[test]
fn the_header_counts_down_and_what_is_wrong_goes_before() {
    let stage = staged(&[view("7f3a9c", State::Active)]);
    let header = |stage: &Stage, millis| live::header(&stage.world, at(millis), false).unwrap().0;
    assert_eq!(header(&stage, 0), " ↯ http-delay reviews 01:12 left ");
    assert_eq!(header(&stage, 71_500), " ↯ http-delay reviews 00:01 left ");
    let stage = staged(&[view("7f3a9c", State::Active), stuck()]);
    assert_eq!(header(&stage, 0), " ✗ scale reviews stuck +1 ");
    let pending = InjectionView { unconfirmed_since: Some(at(0).server), ..view("7f3a9c", State::Undoing) };
    assert_eq!(header(&staged(&[pending]), 45_000), " ↯ http-delay reviews UNDO PENDING for 45s ");
    let foreign = InjectionView { mine: false, ..view("7f3a9c", State::Active) };
    assert_eq!(header(&staged(&[foreign]), 0), " ↯ ana@example.com's http-delay reviews 01:12 left ");
    assert_eq!(live::header(&staged(&[view("1", State::Recovered)]).world, at(0), false), None);
}

#[test]
fn what_was_proven_stands_for_a_minute() {
    let stage = staged(&[view("7f3a9c", State::Recovered)]);
    let (text, _) = live::proven(&stage.world, at(1000), false).unwrap();
    assert_eq!(text, "✓ http-delay is over: 1 object read back and as before");
    assert_eq!(live::proven(&stage.world, at(60_000), false), None);
    assert_eq!(live::proven_until(&stage.world, at(1000)), Some(Duration::from_secs(60)));
}

#[test]
fn at_every_size() {
    let residue = InjectionView {
        residue: vec!["Pod reviews-1 has a new name".to_owned()],
        notes: vec!["spec.replicas was changed by hpa".to_owned()],
        ..view("0ddba1", State::Residue)
    };
    let foreign = InjectionView { mine: false, owner: "bob".to_owned(), ..view("b0b", State::Active) };
    let scenes: [(&str, Vec<InjectionView>); 3] = [
        ("live", vec![view("7f3a9c", State::Active), foreign]),
        ("stuck", vec![stuck()]),
        ("history", vec![view("1", State::Recovered), residue]),
    ];
    for (name, views) in scenes {
        let stage = staged(&views);
        for (width, height) in [(78, 20), (46, 13), (78, 18)] {
            let mut pane = Faults::default();
            pane.settle(Rect::new(0, 0, width, height), &stage.look(at(0)));
            let buf = draw(width, height, |area, buf| pane.view(area, buf, &stage.look(at(5000))));
            assert_snapshot!(format!("faults_{name}_{width}x{height}"), told(&buf, &stage.theme));
        }
    }
}

#[test]
fn the_words_of_others_cannot_drive_the_screen() {
    let evil = InjectionView {
        mine: false,
        owner: "eve\u{1b}[2J".to_owned(),
        title: "\u{202e}gnihton\n\n".to_owned(),
        ..view("e", State::Active)
    };
    let stage = staged(&[evil]);
    let mut pane = Faults::default();
    pane.settle(Rect::new(0, 0, 78, 20), &stage.look(at(0)));
    let screen = told(&draw(78, 20, |area, buf| pane.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
}

#[test]
fn no_size_breaks_it() {
    let stage = staged(&[view("7f3a9c", State::Active), stuck(), view("1", State::Recovered)]);
    for width in 0..60 {
        for height in 0..24 {
            let mut pane = Faults::default();
            let area = Rect::new(0, 0, width, height);
            pane.settle(area, &stage.look(at(0)));
            draw(width, height, |area, buf| pane.view(area, buf, &stage.look(at(0))));
            draw(width, height, |area, buf| live::strip(area, buf, &stage.look(at(0))));
        }
    }
}

#[test]
fn an_effect_and_the_lack_of_one_are_told_everywhere() {
    let evidence = |state, seen: &str, reasons: &[&str]| {
        Some(EvidenceView {
            state,
            seen: seen.to_owned(),
            reasons: reasons.iter().map(|&why| why.to_owned()).collect(),
        })
    };
    let condition = ConditionView {
        condition: "error_share of what is hit above 0.5".to_owned(),
        state: ConditionState::Fine,
        value: Some(Figure::Number(0.42)),
        why: String::new(),
    };
    let bites = InjectionView {
        evidence: evidence(EvidenceState::Seen, "503s 0% -> 42%", &[]),
        abort_when: vec![condition],
        ..view("7f3a9c", State::Active)
    };
    let stage = staged(std::slice::from_ref(&bites));
    let faults = Faults::default();
    let pane = told(&draw(100, 20, |area, buf| faults.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(pane.contains("active, effect seen: 503s 0% -> 42%"), "{pane}");
    assert!(pane.contains("abort when error_share of what is hit above 0.5 (fine, 0.42)"), "{pane}");
    assert_eq!(live::standing(&bites, at(0)), "01:12 left");

    let reasons = ["no request came to what is hit", "no sidecar or waypoint on the hit pods"];
    let silent = InjectionView { evidence: evidence(EvidenceState::None, "", &reasons), ..bites };
    assert_eq!(live::standing(&silent, at(0)), "no effect seen, 01:12 left");
    let stage = staged(&[silent]);
    let pane = told(&draw(100, 20, |area, buf| faults.view(area, buf, &stage.look(at(0)))), &stage.theme);
    assert!(pane.contains("active, no effect seen: no request came to what is hit; no sidecar"), "{pane}");
}

#[test]
fn a_workload_is_hit_through_its_pods_while_the_fault_is_open() {
    let mut world = World::default();
    world.injections.insert("7f3a9c".to_owned(), view("7f3a9c", State::Active));
    let pods = ["shop/reviews-v1-5d4f7c9b6d-x2k4p", "shop/cart-0", "shop/agent-9qz7d"];
    world.hit_pods.insert("7f3a9c".to_owned(), pods.into_iter().map(str::to_owned).collect());
    for hit in ["reviews-v1", "cart", "agent"] {
        assert!(world.hits_workload("shop", hit), "{hit}");
        assert!(!world.hits_workload("infra", hit), "{hit} of another namespace");
    }
    for spared in ["reviews", "review", "car", "cart-0", "reviews-v1-5d4f7c9b6d-x2k4p"] {
        assert!(!world.hits_workload("shop", spared), "{spared}");
    }
    world.injections.insert("7f3a9c".to_owned(), view("7f3a9c", State::Recovered));
    assert!(!world.hits_workload("shop", "cart"), "it is over");
}
