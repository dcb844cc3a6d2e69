//! The main job with no cluster, no network and no key: ask, preview, apply, watch errors move, abort, verified, leave. Each
//! step waits for what is on the screen and presses only what the screen says. `docs/screens/demo-*` are these very screens;
//! `BRINK_BLESS=1` writes them.

use std::{env, fs, path::Path, time::Duration};

use super::{figures, nothing_left};
use crate::suite::cockpit::pty::Session;

const QUESTION: &str = "give me chaos tests for my HTTP routes";

/// A screen of the journey: waited for, and where `docs/screens/` shows this size, told there. A living world is never the same
/// twice, so the picture kept is held to what the step waits for, and to its line of hints.
fn step(session: &mut Session, (width, height): (u16, u16), name: &str, holds: impl Fn(&str) -> bool) {
    session.until(name, &holds);
    session.whole();
    if (width, height) != (120, 40) {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/screens/demo-{name}-{width}x{height}.txt"));
    let shown = session.contents();
    if env::var_os("BRINK_BLESS").is_some() {
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let hints = |screen: &str| screen.lines().last().unwrap_or_default().trim_end().to_owned();
    let fresh = holds(&kept) && hints(&kept) == hints(&shown);
    assert!(fresh, "docs/screens/demo-{name} is stale: run the suite with BRINK_BLESS=1");
}

/// Errors of a workload in percent, as the mesh pane shows them.
fn errors(screen: &str, workload: &str) -> Option<f64> {
    let figures = figures(screen, workload)?;
    figures.into_iter().skip(1).find_map(|figure| figure.parse().ok())
}

fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}

#[test]
fn a_newcomer_breaks_something_sees_it_and_has_it_undone() {
    journey((80, 24));
}

#[test]
fn the_same_on_a_larger_screen_with_pictures() {
    journey((120, 40));
}

fn journey(size: (u16, u16)) {
    let mut session = Session::start(size.0, size.1, &["demo", "--speed", "3"]);
    step(&mut session, size, "1-cockpit", |screen| {
        header(screen).contains("agent scripted, no AI")
            && screen.contains("Running")
            && screen.contains("5 ask the agent")
    });
    // The question is offered, and one key takes it over.
    session.press("5");
    session.until("the empty pane", |screen| screen.contains("nothing was asked yet") && screen.contains("enter ask"));
    session.press("\r");
    session.until("the offer", |screen| screen.contains("tab take this question"));
    session.press("\t");
    step(&mut session, size, "2-question", |screen| {
        screen.contains(&format!("> {QUESTION}")[..30]) && screen.contains("enter ask")
    });
    session.press("\r");
    // Three cards; the last has the cursor and says its keys.
    step(&mut session, size, "3-proposals", |screen| {
        screen.contains("3 http-abort") && screen.contains("p preview   n next proposal") && !screen.contains("asking…")
    });
    session.press("p");
    step(&mut session, size, "4-preview", |screen| {
        screen.contains("Preview http-abort infra/infra-backend-v1") && screen.contains("a apply")
    });
    session.insist("a", "a apply", "the live fault", |screen| {
        header(screen).contains(" left") || screen.contains("and press enter to apply")
    });
    if let Some(line) = session.contents().lines().find(|line| line.contains("and press enter to apply")) {
        let name = line.split("type ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        session.press(&name);
        session.insist("\r", "and press enter to apply", "the live fault", |screen| header(screen).contains(" left"));
    }
    session
        .until("the live fault", |screen| header(screen).contains("↯ http-abort") && screen.contains("ctrl-x abort"));
    // On the larger screen the mesh stands beside the agent.
    if size.0 < 100 {
        session.until("the way to the mesh", |screen| screen.contains("3 watch errors and latency"));
        session.press("3");
    }
    step(&mut session, size, "5-live", |screen| {
        errors(screen, "infra-backend-v1").is_some_and(|percent| percent > 10.0)
    });
    session.press("\x18");
    step(&mut session, size, "6-verified", |screen| {
        header(screen).contains("no faults") && screen.contains("http-abort is over: 1 object read back and as before")
    });
    session.until("calm", |screen| errors(screen, "infra-backend-v1").is_some_and(|percent| percent < 1.0));
    session.press("q");
    assert_eq!(session.ended(), 0);
    nothing_left(&session.home());
}

/// What is next to the very first thing somebody does: three tests asked for in their own words, the second one looked at, its
/// duration changed, applied, seen, aborted, verified.
#[test]
fn the_second_of_three_is_edited_before_it_is_applied() {
    let mut session = Session::start(120, 40, &["demo", "--speed", "3"]);
    session.until("the pods", |screen| screen.contains("Running"));
    session.press("5");
    session.until("the empty pane", |screen| screen.contains("nothing was asked yet") && screen.contains("enter ask"));
    session.press("\r");
    session.until("the line", |screen| screen.contains("tab take this question"));
    session.press("give me three chaos tests for my HTTPRoutes");
    session.until("the question", |screen| screen.contains("three chaos tests"));
    session.press("\r");
    session.until("three cards", |screen| screen.contains("3 http-abort") && !screen.contains("asking…"));
    session.press("N");
    session.until("the second card", |screen| screen.contains("2 http-delay") && screen.contains("p preview"));
    session.press("p");
    session.until("its preview", |screen| {
        screen.contains("Preview http-delay infra/infra-backend-v1")
            && screen.contains("duration 1m30s")
            && screen.contains("e edit")
    });
    session.press("e");
    session.until("the form, filled in", |screen| {
        screen.contains("Fault http-delay in infra") && screen.contains("target        service/infra-backend-v1")
    });
    for _ in 0..12 {
        if session.within(Duration::from_millis(300), |screen| screen.contains("how long it has its effect")) {
            break;
        }
        session.press("\t");
    }
    session.press("\x15");
    session.press("45s");
    session.until("the other duration", |screen| screen.contains("duration      45s"));
    session.press("\r");
    session.until("the preview anew", |screen| screen.contains("duration 45s") && screen.contains("a apply"));
    session.approve();
    session
        .until("the live fault", |screen| header(screen).contains("↯ http-delay") && header(screen).contains(" left"));
    let shown = session.contents();
    let left = header(&shown).split(" left").next().unwrap().split_whitespace().last().unwrap().to_owned();
    assert!(left.as_str() <= "00:45", "45 s were asked for: {left} left");
    session.until("the delay, measured", |screen| {
        figures(screen, "infra-backend-v1").is_some_and(|row| row.last().is_some_and(|p99| seconds(p99) > 0.9))
    });
    session.press("\x18");
    session.until("the verified end", |screen| {
        header(screen).contains("no faults") && screen.contains("http-delay is over: ") && screen.contains("as before")
    });
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    nothing_left(&session.home());
}

/// `33ms`, `1.2s`.
fn seconds(text: &str) -> f64 {
    let (number, unit) = text.strip_suffix("ms").map_or((text.trim_end_matches('s'), 1.0), |number| (number, 1000.0));
    number.parse::<f64>().unwrap_or_default() / unit
}
