//! The conversation with the agent, as a person sees it: streaming, tools, cards, ends.

use std::time::Duration;

use brink::{
    agent::{
        Budget, End, Message, Model, Proposal, Told,
        lesson::Lesson,
        model::KeySource,
        session::{Decision, Wish},
        wire::Wire,
    },
    base::Ticket,
    fault::{injection::State, intent::FaultKind},
    msg::{Effect, Event},
    panes::PaneKind,
};
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::Stage,
};
use crate::suite::moment::stage as moment;

pub fn model() -> Model {
    Model {
        wire: Wire::Anthropic,
        base_url: Wire::Anthropic.home().to_owned(),
        name: "claude-test".to_owned(),
        key: KeySource::Command(String::new()),
        max_tokens: 4096,
        context_tokens: 128_000,
        tuning: brink::agent::Tuning::default(),
    }
}

pub fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::with(width, height, |start| start.agent = Ok(model())).linked();
    stage.pods(super::stage::shop());
    stage.keys("5");
    stage
}

/// Types a question and sends it.
pub fn ask(stage: &mut Stage, text: &str) -> Ticket {
    stage.keys("enter");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
    stage.asked(|effect| match effect {
        Effect::Ask(ticket, ..) => Some(*ticket),
        _ => None,
    })
}

pub fn tell(stage: &mut Stage, ticket: Ticket, told: Told) {
    stage.send(Event::Agent(ticket, Box::new(told)));
}

pub fn proposal() -> Proposal {
    let fault = moment::every_kind().into_iter().find(|fault| fault.kind == FaultKind::HttpDelay).unwrap();
    let checked = moment::ground_for(&fault).checked(&fault);
    let lesson = Lesson { score: 60, facts: vec!["touches 31 % of the traffic".to_owned(), "no timeout".to_owned()] };
    let (hypothesis, expects) = ("reviews has no timeout".to_owned(), "p99 of its callers rises by 1 s".to_owned());
    Proposal { fault, kept: false, hypothesis, expects, lesson, step: None, checked, rounds: 2 }
}

pub fn told() -> Stage {
    conversation(stage(120, 40))
}

fn conversation(mut stage: Stage) -> Stage {
    let ticket = ask(&mut stage, "three chaos tests for my HTTPRoutes");
    let mut say = |told| tell(&mut stage, ticket, told);
    say(Told::Began { id: "a".into(), name: "list_routes".into(), about: "shop".into() });
    say(Told::Ran { id: "a".into(), ok: true, took: Duration::from_millis(42), size: 2_300, why: String::new() });
    say(Told::Began { id: "b".into(), name: "propose_fault".into(), about: "http-delay service/reveiws 1s".into() });
    let why = "there is no Service shop/reveiws".to_owned();
    say(Told::Ran { id: "b".into(), ok: false, took: Duration::from_millis(80), size: 60, why });
    for piece in [
        "I looked at **6 routes**. ",
        "Weak points:\n\n1. `reviews` has no time",
        "out\n2. one pod serves `web`\n\n| route | rps |\n|---|---|\n| my-route | 210 |\n",
    ] {
        say(Told::Text(piece.into()));
    }
    say(Told::Proposed(Box::new(proposal())));
    say(Told::Kept(Message::Model { text: "I looked".into(), calls: vec![] }));
    say(Told::Budget(Budget { used: 11_800, told: true, ..Budget::new(128_000) }));
    say(Told::Ended(End::Done));
    stage
}

#[rstest]
fn a_conversation_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let stage = conversation(stage(width, height));
    check(&format!("asked-{width}x{height}"), &stage);
    document(&format!("asked-{width}x{height}"), &stage);
}

#[test]
fn a_card_is_checked_again_before_its_preview_opens() {
    let mut stage = told();
    stage.keys("p");
    let (ticket, fault) = stage.asked(|effect| match effect {
        Effect::Check(ticket, fault, _) => Some((*ticket, fault.clone())),
        _ => None,
    });
    assert_eq!(*fault, proposal().fault);
    assert!(stage.app.screens.is_empty(), "nothing opens before the answer");
    stage.send(Event::Checked(ticket, Ok(proposal().checked)));
    assert_eq!(stage.app.screens.len(), 1);
    let decided = stage.effects.iter().any(|effect| match effect {
        Effect::Talk(_, Wish::Decided(title, Decision::Opened)) => *title == proposal().title(),
        _ => false,
    });
    assert!(decided, "that it was looked at is kept with the conversation");
}

#[test]
fn a_stop_keeps_what_was_said_and_late_words_change_nothing() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "why?");
    tell(&mut stage, ticket, Told::Text("Half an ans".into()));
    stage.keys("esc");
    let stopped = stage.asked(|effect| match effect {
        Effect::Stop(ticket) => Some(*ticket),
        _ => None,
    });
    assert_eq!(stopped, ticket);
    tell(&mut stage, ticket, Told::Text("wer that comes late".into()));
    let shown = stage.text();
    assert!(shown.contains("Half an ans") && shown.contains("stopped") && !shown.contains("late"), "{shown}");
    let second = ask(&mut stage, "again");
    let talk = stage.asked(|effect| match effect {
        Effect::Ask(ticket, _, talk) if *ticket == second => Some(talk.clone()),
        _ => None,
    });
    let said: Vec<&Message> = talk.messages().iter().collect();
    assert_eq!(said[1], &Message::Model { text: "Half an ans".into(), calls: vec![] });
    assert_eq!(said[2], &Message::You("again".into()));
}

#[test]
fn whoever_reads_above_keeps_his_place() {
    let mut stage = stage(80, 24);
    let ticket = ask(&mut stage, "list");
    let line = |n: usize| format!("{n}. line number {n}\n");
    tell(&mut stage, ticket, Told::Text((1..60).map(line).collect()));
    stage.keys("pageup");
    let before = stage.text();
    tell(&mut stage, ticket, Told::Text((60..90).map(line).collect()));
    let rows = |text: &str| text.lines().skip(2).take(18).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&stage.text()), rows(&before), "what is read does not move");
    stage.keys("G");
    assert!(stage.text().contains("line number 89"));
}

#[test]
fn a_model_cannot_draw_a_card_nor_drive_the_terminal() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "why?");
    tell(&mut stage, ticket, Told::Text("\u{1b}]52;c;aGk=\u{7}\u{202e}╭ 1 scale ╮".into()));
    stage.keys("p");
    let checks = stage.effects.iter().any(|effect| matches!(effect, Effect::Check(..) | Effect::CheckChange(..)));
    assert!(!checks, "words are no proposal");
    assert!(!stage.text().contains('\u{202e}'));
}

#[test]
fn the_abort_key_works_while_a_question_is_typed_and_letters_are_text() {
    let mut stage = stage(120, 40);
    stage.keys("enter x 1 q");
    assert!(stage.text().contains("> x1q"), "{}", stage.text());
    assert_eq!(stage.app.focus(), PaneKind::Agent);
    stage.keys("esc 1");
    assert_eq!(stage.app.focus(), PaneKind::Pods);
}

#[test]
fn who_does_not_know_what_to_ask_takes_a_question_over() {
    let mut stage = Stage::with(120, 40, |start| start.agent = Ok(model())).linked();
    stage.pods(super::stage::shop());
    assert!(stage.shows("5 ask the agent"), "{}", stage.text());
    stage.keys("5");
    assert!(stage.shows("enter, then tab, takes over the question") && stage.shows("enter ask"), "{}", stage.text());
    stage.keys("enter");
    assert!(stage.shows("tab take this question"), "{}", stage.text());
    stage.keys("tab");
    assert!(stage.shows("tab another question"), "{}", stage.text());
    stage.keys("tab tab tab enter");
    let talk = stage.asked(|effect| match effect {
        Effect::Ask(_, _, talk) => Some(talk.clone()),
        _ => None,
    });
    // Around, and back at the first.
    assert_eq!(talk.messages(), [Message::You("give me chaos tests for my HTTP routes".into())]);
    stage.keys("1");
    assert!(!stage.shows("ask the agent"), "who has asked knows the way");
}

#[test]
fn what_was_typed_is_never_taken_for_a_question_of_brinks() {
    let mut stage = stage(120, 40);
    stage.keys("enter w h y");
    assert!(!stage.shows("tab ") && stage.shows("enter ask"), "{}", stage.text());
    stage.keys("tab");
    assert!(stage.shows("> why"), "{}", stage.text());
}

#[test]
fn a_scripted_model_is_called_no_ai_in_header_and_pane() {
    let scripted = Model { name: "scripted".to_owned(), ..model() };
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::with(width, height, |start| start.agent = Ok(scripted.clone())).linked();
        let header = stage.text().lines().next().unwrap().to_owned();
        assert!(header.contains("agent scripted, no AI"), "{header}");
        stage.keys("5");
        assert!(stage.shows("Agent scripted, no AI") && stage.shows("a scripted model answers"), "{}", stage.text());
    }
    let stage = Stage::with(120, 40, |start| start.agent = Ok(model())).linked();
    assert!(stage.shows("agent claude-test") && !stage.shows("no AI"));
}

#[test]
fn the_chosen_card_is_brought_on_screen_with_its_keys() {
    let mut stage = stage(80, 24);
    let ticket = ask(&mut stage, "tests");
    for _ in 0..4 {
        tell(&mut stage, ticket, Told::Proposed(Box::new(proposal())));
        tell(&mut stage, ticket, Told::Text("and\n\nthen\n\nthis\n".into()));
    }
    tell(&mut stage, ticket, Told::Ended(End::Done));
    // The last one came last; the next of it is the first again.
    stage.keys("n");
    for at in 1..=4 {
        let screen = stage.text();
        let head = screen.lines().position(|line| line.contains(&format!("╭─ {at} http-delay")));
        let keys = screen.lines().position(|line| line.contains("p preview   n next proposal") && line.contains("││"));
        assert!(head.is_some() && keys > head, "card {at}:\n{screen}");
        assert_eq!(screen.matches("p preview   n next proposal").count(), 2, "on the card and in the hints:\n{screen}");
        stage.keys("n");
    }
}

#[test]
fn a_live_fault_shows_the_way_to_the_mesh_where_it_is_not_on_screen() {
    let mut stage = told();
    stage.send(Event::Injection(Box::new(crate::suite::moment::faults::view("7f3a9c", State::Active))));
    assert!(!stage.shows("watch errors and latency"), "it stands beside");
    stage.resize(80, 24);
    assert!(stage.shows("ctrl-x abort") && stage.shows("3 watch errors and latency"), "{}", stage.text());
    stage.keys("3");
    assert!(!stage.shows("watch errors and latency"));
}
