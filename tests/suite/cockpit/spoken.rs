//! The cockpit in words: what is said on the way through it.

use std::time::Duration;

use brink::{
    agent::Told,
    app::spoken::{Narrator, SIZE, Said},
    cluster::{Source, logs::LogBatch},
    fault::{catalogue::view::kinds, injection::State},
    msg::{Effect, Event},
};

use super::{
    agent::{ask, proposal, stage as with_agent, tell},
    gallery::at_noon,
    stage::{Stage, log_line, noon, pod},
};
use crate::suite::{fault::sights, moment::stage::Ground};

/// A cockpit that is listened to.
struct Heard {
    stage: Stage,
    narrator: Narrator,
    all: String,
}

impl Heard {
    fn new() -> Self {
        Self::of(Stage::full(SIZE.0, SIZE.1))
    }

    fn of(stage: Stage) -> Self {
        Self { stage, narrator: Narrator::default(), all: String::new() }
    }

    /// What is new, as lines; what is typed stands behind `>>`.
    fn listen(&mut self) -> String {
        let said = self.narrator.say(&self.stage.app).into_iter().map(|said| match said {
            Said::Line(line) => format!("{line}\n"),
            Said::Typed(line) => format!(">> {line}\n"),
        });
        let said: String = said.collect();
        self.all.push_str(&said);
        said
    }

    fn press(&mut self, keys: &str) -> String {
        let mut said = String::new();
        for key in keys.split_whitespace() {
            self.all.push_str(&format!("[{key}]\n"));
            self.stage.keys(key);
            said.push_str(&self.listen());
        }
        said
    }

    fn send(&mut self, event: Event) -> String {
        self.stage.send(event);
        self.listen()
    }
}

#[test]
fn a_table_says_where_it_stands_and_what_changed() {
    let mut heard = Heard::new();
    let said = heard.listen();
    assert!(said.starts_with("brink kind-demo / shop"), "{said}");
    assert!(said.contains("Pods, 11 rows, row 1 of 11: cart-7d8-aaaaa, Running, "), "{said}");
    assert!(said.contains("ready 2/2"), "{said}");
    assert_eq!(heard.listen(), "", "nothing is said twice");
    let said = heard.press("j");
    assert!(said.starts_with("row 2 of 11: ") && said.lines().count() == 1, "{said}");
    // Time alone says nothing.
    heard.stage.pass(Duration::from_secs(30));
    assert_eq!(heard.listen(), "");
    let said = heard.press("2");
    assert!(said.starts_with("Routes, ") && said.contains("keys: "), "{said}");
    heard.press("3 4 5 1");
    // A screen reader asks for all of it once more.
    heard.narrator.forget();
    assert!(heard.listen().contains("row 2 of 11: "));
    insta::assert_snapshot!("spoken-panes", heard.all);
}

#[test]
fn a_pod_that_fails_is_told_of_wherever_the_cursor_is() {
    let mut heard = Heard::of(Stage::with(SIZE.0, SIZE.1, |_| {}).linked());
    heard.listen();
    heard.stage.pods((1..4).map(|at| pod(at, &format!("web-{at}-aaaaa"), (1, 1), "Running", 0, 200_000)).collect());
    heard.listen();
    heard.stage.pods(vec![pod(2, "web-2-aaaaa", (0, 1), "Error", 0, 200_000)]);
    assert_eq!(heard.listen(), "web-2-aaaaa: ready 0/1, Error\n");
    heard.stage.pods(vec![pod(2, "web-2-aaaaa", (1, 1), "Running", 1, 200_000)]);
    assert_eq!(heard.listen(), "web-2-aaaaa: no longer unwell\n");
    heard.stage.pods(vec![pod(1, "web-1-aaaaa", (0, 1), "Pending", 0, 200_000)]);
    let said = heard.listen();
    assert!(said.starts_with("web-1-aaaaa: ") && said.contains("Pending") && said.contains("0/1"), "{said}");
}

#[test]
fn what_is_typed_is_echoed_and_what_changes_meanwhile_waits() {
    let mut heard = Heard::new();
    heard.listen();
    assert!(heard.press("/").ends_with(">> filter: \n"));
    assert_eq!(heard.press("c"), ">> filter: c\n");
    assert_eq!(heard.press("a r t"), ">> filter: ca\n>> filter: car\n>> filter: cart\n");
    let said = heard.press("enter");
    assert!(said.contains("Pods, 2 rows, filter cart"), "{said}");
}

#[test]
fn texts_and_logs_are_read_line_by_line() {
    let mut heard = Heard::new();
    heard.listen();
    heard.press("y");
    let ticket = heard.stage.asked(|effect| match effect {
        Effect::Yaml(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let said = heard.send(Event::Text(ticket, Ok("apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n".to_owned())));
    assert_eq!(said, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n");
    heard.press("esc l");
    let ticket = heard.stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let batch = |texts: &[&str]| LogBatch {
        dropped: 0,
        lines: texts.iter().map(|text| log_line("a", text)).collect(),
        source: Source::Live,
    };
    let said = heard.send(Event::Log(ticket, batch(&["GET /1 200", "GET /2 200"])));
    assert!(said.ends_with("GET /1 200\nGET /2 200\n"), "{said}");
    assert_eq!(heard.send(Event::Log(ticket, batch(&["GET /2 200"]))), "GET /2 200\n");
    let many: Vec<String> = (0..100).map(|at| format!("line {at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = heard.send(Event::Log(ticket, batch(&many)));
    assert!(said.starts_with("line 0\n") && said.ends_with("and 60 more\n"), "{said}");
}

#[test]
fn a_conversation_is_said_as_it_comes() {
    let mut heard = Heard::of(with_agent(SIZE.0, SIZE.1));
    heard.listen();
    let ticket = ask(&mut heard.stage, "what is wrong?");
    let said = heard.listen();
    assert!(said.contains("you\n") && said.contains("what is wrong?"), "{said}");
    for piece in ["I looked at 6 ", "routes.\n\n1. reviews has no ", "timeout\n", "2. one pod serves web\n"] {
        tell(&mut heard.stage, ticket, Told::Text(piece.into()));
        heard.listen();
    }
    tell(&mut heard.stage, ticket, Told::Proposed(Box::new(proposal())));
    tell(&mut heard.stage, ticket, Told::Ended(brink::agent::End::Done));
    heard.listen();
    let times = |part: &str| heard.all.matches(part).count();
    assert_eq!(times("1. reviews has no timeout"), 1, "{}", heard.all);
    assert_eq!(times("1 http-delay"), 1, "{}", heard.all);
    insta::assert_snapshot!("spoken-conversation", heard.all);
}

/// From the form to the proof.
#[test]
fn a_fault_is_told_from_its_preview_to_its_proof() {
    let mut heard = Heard::new();
    heard.listen();
    heard.press("f");
    let ticket = heard.stage.asked(|effect| match effect {
        Effect::Kinds(ticket, _) => Some(*ticket),
        _ => None,
    });
    let said = heard.send(Event::Kinds(ticket, Ok(kinds(&sights::shop()))));
    assert!(said.contains("http-delay"), "{said}");
    heard.press("enter 1 s enter");
    let ticket = heard.stage.asked(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let mut checked = Ground::calm().checked(&sights::delay());
    checked.at = noon();
    let said = heard.send(Event::Checked(ticket, Ok(checked)));
    for part in [
        "Preview, http-delay, shop/reviews",
        "Delay half of the requests to reviews by 1 s for 90 s",
        "ok: nothing stands against it",
        "4 pods, 1 service, 2 routes",
        "added: ",
        "a apply",
    ] {
        assert!(said.contains(part), "{part} is not said in\n{said}");
    }
    heard.stage.pass(Duration::from_secs(1));
    heard.press("a");
    let ticket = heard.stage.asked(|effect| match effect {
        Effect::Apply(ticket, ..) => Some(*ticket),
        _ => None,
    });
    heard.send(Event::Applied(ticket, Ok("7f3a9c".to_owned())));
    let said = heard.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Active))));
    assert!(said.contains("fault http-delay: 01:12 left, ends by itself: Delay half of the requests"), "{said}");
    assert!(said.contains("; ctrl-x aborts it"), "{said}");
    let told = [(11, ""), (2, "http-delay: 60 seconds left\n"), (28, ""), (3, "http-delay: 30 seconds left\n")];
    for (passes, told) in told {
        heard.stage.pass(Duration::from_secs(passes));
        assert_eq!(heard.listen(), told, "{}", heard.all);
    }
    let said = heard.press("ctrl-x");
    assert!(said.contains("warning: aborting http-delay"), "{said}");
    let said = heard.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Undoing))));
    assert!(said.contains("fault http-delay: undoing"), "{said}");
    let said = heard.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Recovered))));
    assert!(said.contains("verified: http-delay is over: 1 object read back and as before"), "{said}");
    insta::assert_snapshot!("spoken-fault", heard.all);
}

#[test]
fn the_emergency_stop_is_said_above_all() {
    let mut heard = Heard::new();
    heard.listen();
    heard.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Active))));
    let said = heard.press("ctrl-x ctrl-x");
    assert!(said.contains("emergency stop: STOPPING"), "{said}");
}
