//! The cockpit on a stage: high contrast, one thing in the light, few columns, and the keys that are pressed.

use std::time::Duration;

use brink::{
    config::{Depth, Theme, theme::built_in},
    fault::injection::State,
    msg::Event,
    panes::PaneKind,
};
use ratatui::style::{Color, Modifier};
use rstest::rstest;

use super::{
    gallery::at_noon,
    screens::{check, document},
    stage::Stage,
};

fn presented(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("ctrl-t");
    stage
}

/// The line above the hints.
fn casts(stage: &Stage) -> String {
    let text = stage.text();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len() - 2].trim().to_owned()
}

#[rstest]
fn a_stage_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = presented(width, height);
    stage.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Active))));
    stage.keys("j j : m e s h enter 1");
    let name = format!("present-{width}x{height}");
    check(&name, &stage);
    document(&name, &stage);
}

#[test]
fn the_theme_comes_and_goes_with_the_stage() {
    let mut stage = Stage::full(120, 40);
    let before = stage.frame();
    stage.keys("ctrl-t");
    let (theme, _) = Theme::read(&built_in("high-contrast").unwrap(), Depth::True, &built_in);
    let ground = theme.style(brink::config::Role::Text).bg.unwrap();
    assert_eq!(stage.frame()[(0, 0)].bg, ground);
    // Its own command does the same, also from a screen above the panes.
    stage.keys("?");
    stage.keys("ctrl-t");
    stage.keys("esc");
    stage.pass(Duration::from_secs(10));
    let mut plain = Stage::full(120, 40);
    plain.pass(Duration::from_secs(10));
    assert_eq!(stage.text(), plain.text());
    assert_eq!(stage.frame()[(0, 0)].style(), before[(0, 0)].style());
    stage.keys(": p r e s e n t enter");
    assert_eq!(stage.frame()[(0, 0)].bg, ground);
}

#[test]
fn keys_are_told_with_their_words_for_some_seconds() {
    let mut stage = presented(120, 40);
    assert_eq!(casts(&stage), "");
    stage.keys("j j");
    assert_eq!(casts(&stage), "j  down x2");
    stage.keys("2");
    assert_eq!(casts(&stage), "j  down x2    2  routes");
    let wakes = stage.app.wakes().unwrap();
    assert!(wakes <= stage.now.mono + Duration::from_secs(5));
    stage.pass(Duration::from_secs(6));
    assert_eq!(casts(&stage), "");
    // Off the stage nothing is told.
    stage.keys("ctrl-t j");
    assert!(!stage.shows(" down x"), "{}", stage.text());
}

#[test]
fn what_is_typed_into_a_field_is_told_to_nobody() {
    let mut stage = presented(120, 40);
    stage.keys("/ s 3 c r 3 t");
    assert_eq!(casts(&stage), "/  filter");
    stage.keys("enter");
    assert!(casts(&stage).ends_with("enter  accept"), "{}", casts(&stage));
    stage.keys("esc");
    stage.pass(Duration::from_secs(6));
    // The command line stands on the screen for everybody anyway.
    stage.keys(": m e s");
    assert_eq!(casts(&stage), ":mes  command");
    stage.keys("esc");
    stage.pass(Duration::from_secs(6));
    // A pasted secret is no key at all.
    stage.keys(":");
    stage.send(Event::Paste("hunter2".to_owned()));
    assert!(!casts(&stage).contains("hunter2"), "{}", casts(&stage));
}

#[test]
fn one_pane_stands_in_the_light() {
    let mut stage = presented(200, 60);
    let shade = |stage: &Stage, pane: PaneKind| {
        let area = stage.app.layout().pane(pane).unwrap();
        let frame = stage.frame();
        let inside = (area.y + 1..area.bottom() - 1).flat_map(|y| (area.x + 1..area.right() - 1).map(move |x| (x, y)));
        let letters: Vec<_> = inside.map(|at| frame[at].clone()).filter(|cell| cell.symbol() != " ").collect();
        assert!(!letters.is_empty());
        letters.iter().filter(|cell| cell.modifier.contains(Modifier::BOLD)).count() * 100 / letters.len()
    };
    assert_eq!((shade(&stage, PaneKind::Pods), shade(&stage, PaneKind::Mesh)), (100, 0));
    stage.keys("3");
    assert_eq!((shade(&stage, PaneKind::Pods), shade(&stage, PaneKind::Mesh)), (0, 100));
    // White stays white there, and is grey elsewhere.
    let area = stage.app.layout().pane(PaneKind::Pods).unwrap();
    let frame = stage.frame();
    let row = (area.x + 2..area.right() - 2).map(|x| frame[(x, area.y + 2)].fg);
    assert!(row.clone().any(|fg| matches!(fg, Color::Rgb(r, ..) if r < 200)), "{:?}", row.collect::<Vec<_>>());
}

#[test]
fn few_columns_are_enough_from_afar() {
    let near = Stage::full(200, 60).text();
    let far = presented(200, 60).text();
    for column in ["NODE", "OWNER"] {
        assert!(near.contains(column) && !far.contains(column), "{column}:\n{far}");
    }
    assert!(far.contains("STATUS") && far.contains("NAME"));
}

#[test]
fn the_end_of_a_fault_is_never_in_the_shade() {
    let mut stage = presented(200, 60);
    stage.send(Event::Injection(Box::new(at_noon("7f3a9c", State::Active))));
    let text = stage.text();
    let header = text.lines().next().unwrap();
    assert!(header.contains("http-delay") && header.contains("left"), "{header}");
    stage.keys("ctrl-x ctrl-x");
    assert!(stage.shows("STOPPING"), "{}", stage.text());
}
