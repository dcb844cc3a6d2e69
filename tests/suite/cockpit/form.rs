//! The fault form: what it offers for the object under the cursor, and how it says what went wrong.

use brink::{
    fault::catalogue::view::kinds,
    msg::{Effect, Event, Failure},
};
use rstest::rstest;

use super::stage::Stage;
use crate::suite::fault::sights;

/// The kinds for the first route, with what works on a cluster that has Istio and no other Gateway.
fn opened(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("2 f");
    let ticket = stage.asked(|effect| match effect {
        Effect::Kinds(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Kinds(ticket, Ok(kinds(&sights::shop()))));
    stage
}

#[test]
fn a_fault_of_requests_on_a_route_is_aimed_at_what_a_driver_here_takes() {
    let mut stage = opened(200, 60);
    stage.keys("enter");
    assert!(stage.shows("http-delay") && stage.shows("‹ service/v1 ›"), "{}", stage.text());
    stage.keys("tab shift-tab");
    // The route itself is offered still, for the cluster that gets such a Gateway.
    stage.keys("up right");
    assert!(stage.shows("‹ route/my-route ›"), "{}", stage.text());
}

#[test]
fn a_fault_of_routes_is_aimed_at_the_route() {
    let mut stage = opened(200, 60);
    stage.keys("j j j j j j j enter");
    assert!(stage.shows("‹ route/my-route ›"), "{}", stage.text());
}

#[rstest]
fn a_refusal_is_read_to_its_last_word(#[values((80, 24), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = opened(width, height);
    stage.keys("enter 1 s enter");
    let ticket = stage.asked(|effect| match effect {
        Effect::Check(ticket, ..) => Some(*ticket),
        _ => None,
    });
    let what = "nothing can carry out http-delay here: ".to_owned() + &"one: not served by this cluster · ".repeat(9);
    stage.send(Event::Checked(ticket, Err(Failure { what: what + "the very end", fix: "another kind".to_owned() })));
    assert!(stage.shows("the very end") && stage.shows("another kind"), "{}", stage.text());
}
