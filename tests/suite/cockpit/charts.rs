//! `t` in the mesh pane: figures over time, with the faults of that time.

use brink::{
    fault::{injection::State, view::InjectionView},
    mesh::signals::Series,
    msg::Event,
};
use jiff::ToSpan as _;
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::{Stage, metrics, noon},
};
use crate::suite::moment::faults::view;

/// An hour of reviews-v1: a wave, one gap, and errors while a fault was live ten to five minutes ago.
fn open((width, height): (u16, u16)) -> Stage {
    let mut stage = Stage::full(width, height);
    let mut snapshot = metrics();
    snapshot.at = Some(noon());
    snapshot.step_s = 15;
    let series = |of: fn(usize) -> Option<f32>| (0..240).map(of).collect::<Series>();
    let row = snapshot.workloads.iter_mut().find(|row| row.workload == "reviews-v1").expect("it is measured");
    let trends = std::sync::Arc::make_mut(&mut row.trends);
    trends.rps = series(|at| (at != 200).then_some([20.0, 24.0, 31.0, 38.0, 31.0, 24.0][at / 4 % 6]));
    trends.error_share = series(|at| Some(if (200..220).contains(&at) { 0.42 } else { 0.0 }));
    trends.p50_ms = series(|at| Some(if (200..220).contains(&at) { 510.0 } else { 9.0 }));
    trends.p99_ms = series(|at| Some(if (200..220).contains(&at) { 1_020.0 } else { 41.0 }));
    stage.metrics(snapshot);
    let told = |state: State, minutes: i64| InjectionView {
        state,
        since: noon() - minutes.minutes(),
        ..view("7f3a9c", state)
    };
    stage.send(Event::Injection(Box::new(told(State::Active, 10))));
    stage.send(Event::Injection(Box::new(told(State::Recovered, 5))));
    stage.keys("3 / r e v i e w s - v 1 enter t");
    stage
}

#[test]
fn a_measured_nothing_is_a_line_and_a_gap_is_a_gap() {
    let stage = open((200, 60));
    for part in ["Charts shop/reviews-v1", "requests/s", "38 ", "42.0%", "http-delay", "now"] {
        assert!(stage.shows(part), "{part}:\n{}", stage.text());
    }
    let screen = stage.text();
    let bars = screen.lines().skip_while(|line| !line.contains("requests/s")).skip(1);
    let low: Vec<char> = bars.take_while(|line| !line.contains("errors")).last().expect("bars").chars().collect();
    assert_eq!(low.iter().rev().skip(3).take(80).filter(|c| **c == ' ').count(), 1, "one gap:\n{screen}");
}

#[test]
fn keys_go_back_in_time_and_to_the_next_workload() {
    let mut stage = open((120, 40));
    assert!(stage.shows("now") && stage.shows("http-delay"), "{}", stage.text());
    stage.keys("g");
    assert!(!stage.shows(" now"), "{}", stage.text());
    stage.keys("G n");
    assert!(!stage.shows("shop/reviews-v1"), "{}", stage.text());
    stage.keys("N");
    assert!(stage.shows("shop/reviews-v1"), "{}", stage.text());
    stage.keys("esc");
    assert!(!stage.shows("Charts"), "{}", stage.text());
}

#[rstest]
fn gallery(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let stage = open(size);
    let name = format!("charts-{}x{}", size.0, size.1);
    check(&name, &stage);
    document(&name, &stage);
}
