//! What a person decides, spends and keeps back, in the cockpit: told to the model, or not told to it.

use std::time::Duration;

use brink::{
    agent::{
        Budget, End, Limits, Message, Model, Privacy, Told, Tuning,
        limits::{Limit, Reached, Spending},
        session::{Decision, Wish},
    },
    fault::injection::State,
    msg::{Effect, Event},
};

use super::{
    agent::{ask, model, proposal, stage, tell, told},
    stage::Stage,
};

fn line(stage: &mut Stage, text: &str) {
    stage.keys("enter ctrl-u");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn question(stage: &Stage) -> String {
    let talk = stage.asked(|effect| match effect {
        Effect::Ask(_, _, talk) => Some(talk.clone()),
        _ => None,
    });
    match talk.messages().last() {
        Some(Message::You(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn decisions(stage: &Stage) -> Vec<Decision> {
    let decided = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Talk(_, Wish::Decided(_, decision)) => Some(*decision),
        _ => None,
    });
    decided.collect()
}

/// Opens the preview of the proposal.
fn open(stage: &mut Stage) {
    stage.keys("p");
    let ticket = stage.asked(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let mut checked = proposal().checked;
    checked.at = stage.now.server;
    stage.send(Event::Checked(ticket, Ok(checked)));
}

#[test]
fn a_proposal_that_is_looked_at_and_left_is_told_with_the_next_question() {
    let mut stage = told();
    open(&mut stage);
    assert_eq!(decisions(&stage), [Decision::Opened]);
    stage.keys("esc");
    assert!(stage.app.screens.is_empty());
    assert_eq!(decisions(&stage), [Decision::Opened, Decision::Rejected]);
    ask(&mut stage, "another one");
    let asked = question(&stage);
    let title = proposal().title().to_owned();
    assert!(asked.starts_with("another one\n\n") && asked.contains(&format!("not applied: {title}")), "{asked}");
    assert!(!stage.shows("Since then the operator"), "what goes along is not what was typed:\n{}", stage.text());
    let ticket = stage.asked(|effect| match effect {
        Effect::Ask(ticket, ..) => Some(*ticket),
        _ => None,
    });
    tell(&mut stage, ticket, Told::Ended(End::Done));
    ask(&mut stage, "and one more");
    assert_eq!(question(&stage), "and one more", "told once");
}

#[test]
fn a_proposal_that_is_applied_is_told_and_one_asked_about_is_not_decided() {
    let mut stage = told();
    open(&mut stage);
    stage.keys("W esc esc");
    assert_eq!(decisions(&stage), [Decision::Opened], "whoever asks has not decided");
    open(&mut stage);
    // A preview is read before it is approved.
    stage.pass(Duration::from_secs(1));
    stage.keys("a");
    let ticket = stage.asked(|effect| match effect {
        Effect::Apply(ticket, ..) => Some(*ticket),
        _ => None,
    });
    assert_eq!(decisions(&stage).last(), Some(&Decision::Opened), "the server may still refuse it");
    stage.send(Event::Applied(ticket, Ok("7f3a9c".to_owned())));
    stage.send(Event::Injection(Box::new(crate::suite::moment::faults::view("7f3a9c", State::Active))));
    assert_eq!(decisions(&stage).last(), Some(&Decision::Applied));
    stage.keys("5");
    ask(&mut stage, "what now?");
    assert!(question(&stage).contains(&format!("applied: {}", proposal().title())), "{}", question(&stage));
}

#[test]
fn a_proposal_that_is_edited_first_is_told_as_both() {
    let mut stage = told();
    open(&mut stage);
    stage.keys("e");
    assert_eq!(decisions(&stage), [Decision::Opened], "an edit decides nothing yet");
    let mut other = proposal().checked;
    other.at = stage.now.server;
    other.plan.fault.duration = Duration::from_secs(17);
    other.preview.title = "the other one".to_owned();
    let ticket = ticket_of_check(&mut stage);
    stage.send(Event::Checked(ticket, Ok(other)));
    stage.pass(Duration::from_secs(1));
    stage.keys("a");
    let ticket = stage.asked(|effect| match effect {
        Effect::Apply(ticket, ..) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Applied(ticket, Ok("7f3a9c".to_owned())));
    assert_eq!(decisions(&stage), [Decision::Opened, Decision::Edited, Decision::Applied]);
    let told: Vec<&str> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Talk(_, Wish::Decided(title, Decision::Edited | Decision::Applied)) => Some(title.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [proposal().title(), "the other one"]);
}

/// Has the form's fault checked.
fn ticket_of_check(stage: &mut Stage) -> brink::base::Ticket {
    let before = stage.effects.len();
    stage.keys("enter");
    let check = stage.effects[before..].iter().find_map(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    check.unwrap_or_else(|| panic!("nothing is checked:\n{}", stage.text()))
}

#[test]
fn a_budget_is_shown_and_raised_while_the_model_answers_and_after_it_was_stopped() {
    // Alone on the screen its words stand in one line.
    let mut stage = stage(240, 40);
    stage.keys("z");
    let ticket = ask(&mut stage, "why?");
    let spent = Spending { tools: 38, tokens: 9000 };
    tell(&mut stage, ticket, Told::Budget(Budget { used: 4000, spent, ..Budget::new(128_000) }));
    line(&mut stage, "/budget");
    assert!(stage.shows("tool calls of this turn: 38 of 40"), "{}", stage.text());
    let limits = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::Talk(_, Wish::Limits(limits)) => Some(*limits),
            _ => None,
        })
    };
    line(&mut stage, "/budget tools 80");
    assert_eq!(limits(&stage), Limits { tools: 80, ..Limits::default() }, "the ask that runs hears of it");
    assert!(stage.shows("from now on tool calls of this turn: 38 of 80"), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Stop(_))), "it goes on");
    let reached = Reached { limit: Limit::Tools, used: 80, of: 80 };
    tell(&mut stage, ticket, Told::Ended(End::Spent(reached)));
    assert!(stage.shows("tool calls of this turn is used up, 80 of 80"), "{}", stage.text());
    assert!(stage.shows("/budget tools 160"), "{}", stage.text());
    line(&mut stage, "/budget tokens 50000");
    assert_eq!(limits(&stage), Limits { tools: 80, tokens: 50_000, ..Limits::default() });
    line(&mut stage, "/context");
    assert!(stage.shows("tokens of this conversation: 9000 of 50000"), "{}", stage.text());
    stage.keys("esc");
    line(&mut stage, "/budget lots");
    assert!(stage.shows("`lots` is no budget"), "{}", stage.text());
}

fn keeping_back(privacy: Privacy) -> Stage {
    let tuning = Tuning { privacy, ..Tuning::default() };
    let mut stage = Stage::with(160, 40, |start| start.agent = Ok(Model { tuning, ..model() })).linked();
    stage.pods(super::stage::shop());
    stage.keys("5");
    stage
}

#[test]
fn what_is_kept_back_goes_along_with_no_question() {
    let all = Privacy { withhold: true, ..Privacy::default() };
    let some = Privacy { exclude: vec!["*".to_owned()], ..Privacy::default() };
    for (privacy, word) in [(all, "agent.cluster-data is false"), (some, "agent.exclude-namespaces")] {
        let mut stage = keeping_back(privacy);
        stage.keys("enter");
        stage.send(Event::Paste("why is @pod/".to_owned()));
        stage.keys("tab enter");
        let asked = question(&stage);
        assert!(asked.starts_with("why is @pod/") && !asked.contains("<data"), "{asked}");
        assert!(stage.shows("goes along") && stage.shows(word), "{}", stage.text());
        let before = stage.effects.len();
        stage.keys("esc 1 W");
        assert!(stage.shows("goes to no model"), "{}", stage.text());
        assert!(!stage.effects[before..].iter().any(|effect| matches!(effect, Effect::Ask(..))));
        stage.keys("5");
        line(&mut stage, "/context");
        assert!(stage.shows("withheld: ") && stage.shows(word), "{}", stage.text());
    }
}
