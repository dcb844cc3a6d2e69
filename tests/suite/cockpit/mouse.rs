//! The mouse: what it reaches, and what it never does.

use std::time::Duration;

use brink::{
    fault::{catalogue::view::kinds, injection::State},
    msg::{Effect, Event, Mouse, MouseAct},
    panes::PaneKind,
};
use jiff::SignedDuration;
use rstest::rstest;

use super::{
    screens::check,
    stage::{Stage, crowd, noon},
};
use crate::suite::{
    fault::sights,
    moment::{faults::view, stage::Ground},
};

fn mouse(stage: &mut Stage, act: MouseAct, (x, y): (u16, u16)) {
    stage.send(Event::Mouse(Mouse { act, x, y }));
}

fn click(stage: &mut Stage, at: (u16, u16)) {
    mouse(stage, MouseAct::Press, at);
    mouse(stage, MouseAct::Release, at);
}

/// The first cell of a word on the screen.
fn place(stage: &Stage, word: &str) -> (u16, u16) {
    let buf = stage.frame();
    for y in 0..buf.area.height {
        let line: Vec<&str> = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
        let at = (0..line.len()).find(|from| line[*from..].concat().starts_with(word));
        if let Some(x) = at {
            return (u16::try_from(x).unwrap(), y);
        }
    }
    panic!("no {word} in\n{}", stage.text());
}

fn described(stage: &Stage) -> String {
    stage.asked(|effect| match effect {
        Effect::Describe(_, object) => Some(object.name.clone()),
        _ => None,
    })
}

#[test]
fn a_click_focuses_a_pane_and_puts_its_cursor_on_the_row() {
    let mut stage = Stage::full(120, 40);
    let at = place(&stage, "my-route-v3");
    click(&mut stage, at);
    assert_eq!(stage.app.focus(), PaneKind::Routes);
    let at = place(&stage, "ratings-v1-6c9");
    click(&mut stage, at);
    assert_eq!(stage.app.focus(), PaneKind::Pods);
    stage.keys("d");
    assert_eq!(described(&stage), "ratings-v1-6c9-hd81c");
    // On a line that carries a title, and where one pane stands at a time on the names of the others.
    stage.keys("esc");
    let at = place(&stage, "Faults");
    click(&mut stage, at);
    assert_eq!(stage.app.focus(), PaneKind::Faults);
    stage.resize(80, 24);
    let at = place(&stage, "Mesh");
    click(&mut stage, at);
    assert_eq!(stage.app.focus(), PaneKind::Mesh);
}

#[test]
fn a_double_click_is_enter_and_two_clicks_are_not() {
    let opens = |stage: &Stage| stage.effects.iter().any(|effect| matches!(effect, Effect::Describe(..)));
    let mut stage = Stage::full(120, 40);
    let at = place(&stage, "details-v1-58c");
    click(&mut stage, at);
    stage.pass(Duration::from_secs(1));
    click(&mut stage, at);
    assert!(!opens(&stage) && stage.app.screens.is_empty(), "{}", stage.text());
    stage.pass(Duration::from_millis(300));
    click(&mut stage, at);
    assert!(opens(&stage), "{}", stage.text());
    assert_eq!(described(&stage), "details-v1-58c-k3j0q");
    // In a list of names as well.
    let mut stage = Stage::full(120, 40);
    stage.keys("ctrl-n");
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Namespaces(ticket, Ok(["default", "shop", "web"].map(str::to_owned).to_vec())));
    let at = place(&stage, "web ");
    click(&mut stage, at);
    click(&mut stage, at);
    assert_eq!(stage.app.world.namespace.as_deref(), Some("web"));
}

#[test]
fn the_wheel_scrolls_what_is_beneath_it_and_leaves_the_focus() {
    let mut stage = Stage::full(120, 40);
    stage.pods(crowd(500));
    stage.keys("2");
    let pods = stage.app.layout().pane(PaneKind::Pods).unwrap();
    let at = (pods.x + 5, pods.y + 5);
    let first = |stage: &Stage| stage.text().lines().nth(usize::from(pods.y) + 2).unwrap()[..40].to_owned();
    let before = first(&stage);
    mouse(&mut stage, MouseAct::WheelDown, at);
    assert_ne!(first(&stage), before);
    assert_eq!(stage.app.focus(), PaneKind::Routes);
    mouse(&mut stage, MouseAct::WheelUp, at);
    assert_eq!(first(&stage), before);
    // Past both ends nothing happens.
    for _ in 0..400 {
        mouse(&mut stage, MouseAct::WheelDown, at);
    }
    let last = first(&stage);
    mouse(&mut stage, MouseAct::WheelDown, at);
    assert_eq!(first(&stage), last);
    // A text is scrolled too.
    stage.keys("?");
    let top = stage.text();
    mouse(&mut stage, MouseAct::WheelDown, (60, 20));
    assert_ne!(stage.text(), top);
}

#[rstest]
fn the_line_between_panes_is_dragged_and_stays_for_the_session(
    #[values((120, 40), (200, 60))] (width, height): (u16, u16),
) {
    let mut stage = Stage::full(width, height);
    let width_of = |stage: &Stage| stage.app.layout().pane(PaneKind::Pods).unwrap().width;
    let pods = stage.app.layout().pane(PaneKind::Pods).unwrap();
    let line = (pods.right() - 1, pods.y + 4);
    mouse(&mut stage, MouseAct::Press, line);
    mouse(&mut stage, MouseAct::Drag, (line.0 - 3, line.1));
    mouse(&mut stage, MouseAct::Drag, (line.0 - 12, line.1));
    mouse(&mut stage, MouseAct::Release, (line.0 - 12, line.1));
    assert_eq!(width_of(&stage), pods.width - 12);
    mouse(&mut stage, MouseAct::Drag, line);
    assert_eq!(width_of(&stage), pods.width - 12, "nothing is held any more");
    stage.keys("z z 3 ? esc 1");
    assert_eq!(width_of(&stage), pods.width - 12);
    // Row by row as well.
    let line = (pods.x + 9, pods.bottom() - 1);
    mouse(&mut stage, MouseAct::Press, line);
    mouse(&mut stage, MouseAct::Drag, (line.0, line.1 - 4));
    mouse(&mut stage, MouseAct::Release, (line.0, line.1 - 4));
    assert_eq!(stage.app.layout().pane(PaneKind::Pods).unwrap().height, pods.height - 4);
    check(&format!("mouse_dragged-{width}x{height}"), &stage);
    stage.resize(80, 24);
    stage.resize(width, height);
    assert_eq!(width_of(&stage), pods.width - 12, "a small screen in between changes nothing");
}

/// What a click must not bring about.
fn writes(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Apply(..)
            | Effect::Undo(..)
            | Effect::Abort(..)
            | Effect::Decide(..)
            | Effect::Extend(..)
            | Effect::StopAll(..)
            | Effect::Release(..)
            | Effect::Enter(..)
            | Effect::CopyFile(..)
            | Effect::Start(..)
            | Effect::Answer(..)
            | Effect::DiscardQueued(..)
            | Effect::Script(..)
            | Effect::Quit
    )
}

/// Clicks twice on cells of every line, and turns the wheel there.
fn click_everywhere(stage: &mut Stage, (width, height): (u16, u16)) {
    let before = stage.effects.len();
    for y in 0..height {
        for x in (y % 4..width).step_by(15) {
            click(stage, (x, y));
            click(stage, (x, y));
            mouse(stage, MouseAct::WheelDown, (x, y));
        }
    }
    let done: Vec<&Effect> = stage.effects[before..].iter().filter(|effect| writes(effect)).collect();
    assert!(done.is_empty(), "{done:?}");
}

/// How far a fault of the reviews has come.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Step {
    Kinds,
    Form,
    Preview,
}

fn fault(size: (u16, u16), step: Step) -> Stage {
    let mut stage = Stage::full(size.0, size.1);
    stage.keys("/ r e v i e w s - v 2 enter f");
    let ticket = stage.asked(|effect| match effect {
        Effect::Kinds(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Kinds(ticket, Ok(kinds(&sights::shop()))));
    if step >= Step::Form {
        stage.keys("enter 1 s");
    }
    if step >= Step::Preview {
        stage.keys("enter");
        let ticket = stage.asked(|effect| match effect {
            Effect::Check(ticket, ..) => Some(*ticket),
            _ => None,
        });
        let mut checked = Ground::calm().checked(&sights::delay());
        checked.at = noon();
        stage.send(Event::Checked(ticket, Ok(checked)));
        stage.pass(Duration::from_secs(1));
        assert!(stage.shows("discard"), "{}", stage.text());
    }
    stage
}

#[test]
fn no_click_approves_applies_or_confirms_anything() {
    let size = (100, 30);
    for step in [Step::Kinds, Step::Form, Step::Preview] {
        click_everywhere(&mut fault(size, step), size);
    }
    // A preview that somebody clicked on is still to be approved by its key.
    let mut stage = fault(size, Step::Preview);
    click(&mut stage, (50, 15));
    click(&mut stage, (50, 15));
    assert!(stage.shows("discard"), "still the preview:\n{}", stage.text());
    stage.keys("a");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Apply(..))));

    // A fault that is live, one that is stuck, and the question before somebody else's is ended.
    let mut stage = Stage::full(size.0, size.1);
    let live = |id: &str, state| {
        let mut view = view(id, state);
        view.deadline = Some(noon() + SignedDuration::from_mins(5));
        view
    };
    stage.send(Event::Injection(Box::new(live("7f3a9c", State::Active))));
    stage.send(Event::Injection(Box::new(live("9b1d20", State::Stuck))));
    stage.keys("4");
    click_everywhere(&mut stage, size);
    stage.keys("esc esc 4 ctrl-x");
    click_everywhere(&mut stage, size);
    // An action that is chosen in the list of them.
    let mut stage = Stage::full(size.0, size.1);
    stage.keys("m");
    click_everywhere(&mut stage, size);
}
