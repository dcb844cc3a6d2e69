//! A budget in the pane: shown while a question runs, raised by one key or by words once it is used up, and gone on with.

use std::time::Duration;

use brink::{
    agent::{
        Budget, End, Message, Told,
        limits::{Limit, Limits, Reached, Spending},
        session::Wish,
    },
    msg::{Effect, Event},
};

use super::{
    agent::{ask, stage, tell},
    stage::Stage,
};

/// A question that ran into this limit.
fn stopped(limit: Limit, of: u64) -> Stage {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "why is checkout failing?");
    tell(&mut stage, ticket, Told::Ended(End::Spent(Reached { limit, used: of, of })));
    stage.effects.clear();
    stage
}

/// The limits that were set and the question that was asked since, in this order.
fn since(stage: &Stage) -> (Option<Limits>, String) {
    let mut limits = None;
    for effect in &stage.effects {
        match effect {
            Effect::Talk(_, Wish::Limits(set)) => limits = Some(*set),
            Effect::Ask(_, _, talk) => {
                let Some(Message::You(text)) = talk.messages().last() else { panic!("{talk:?}") };
                return (limits, text.clone());
            }
            _ => {}
        }
    }
    (limits, String::new())
}

#[test]
fn what_is_spent_stands_at_the_foot_while_a_question_runs() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "why is checkout failing?");
    let spent = Spending { tools: 3, tokens: 812 };
    tell(&mut stage, ticket, Told::Budget(Budget { spent, ..Budget::new(128_000) }));
    stage.pass(Duration::from_secs(12));
    assert!(stage.text().contains("3/40 tools, 12/600 s"), "{}", stage.text());
    tell(&mut stage, ticket, Told::Ended(End::Done));
    assert!(!stage.text().contains("/600 s"), "{}", stage.text());
}

#[test]
fn one_key_gives_as_much_again_of_what_each_turn_has_anew() {
    for limit in [Limit::Tools, Limit::Seconds] {
        let mut stage = stopped(limit, 40);
        assert!(stage.text().contains("used up; + raises it and goes on"), "{}", stage.text());
        stage.keys("+");
        let (limits, question) = since(&stage);
        assert!(limits.is_none() && question.starts_with("Go on"), "{limits:?} {question}");
        assert!(stage.text().contains("as much again") && !stage.text().contains("raises it"), "{}", stage.text());
        stage.effects.clear();
        stage.keys("+");
        assert_eq!(since(&stage), (None, String::new()), "it is asked once");
    }
}

#[test]
fn one_key_raises_what_a_conversation_or_a_minute_has_before_it_goes_on() {
    for limit in [Limit::Tokens, Limit::Calls] {
        let mut stage = stopped(limit, 1000);
        stage.keys("+");
        let (limits, question) = since(&stage);
        assert_eq!(limits.map(|limits| limits.get(limit)), Some(2000));
        assert!(question.starts_with("Go on"), "{question}");
    }
}

#[test]
fn words_raise_it_too_and_too_little_goes_on_with_nothing() {
    let line = |stage: &mut Stage, text: &str| {
        stage.keys("enter");
        stage.send(Event::Paste(text.to_owned()));
        stage.keys("enter");
    };
    let mut stage = stopped(Limit::Tools, 40);
    line(&mut stage, "/budget tools 30");
    assert_eq!(since(&stage).1, "", "40 were not enough");
    line(&mut stage, "/budget seconds 900");
    assert_eq!(since(&stage).1, "", "seconds were not what stopped it");
    line(&mut stage, "/budget tools 80");
    assert!(since(&stage).1.starts_with("Go on"), "{:?}", stage.effects);
}

#[test]
fn without_a_budget_that_is_used_up_the_key_asks_nothing() {
    let mut stage = stage(120, 40);
    let ticket = ask(&mut stage, "why is checkout failing?");
    tell(&mut stage, ticket, Told::Ended(End::Done));
    stage.effects.clear();
    stage.keys("+");
    assert_eq!(since(&stage), (None, String::new()));
    assert!(!stage.text().contains("raises it"), "{}", stage.text());
}
