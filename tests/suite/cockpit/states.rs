//! Each state of a source, as its own pane tells it. One pane's trouble is never another's.

use std::time::Duration;

use brink::{
    cluster::{Batch, Source},
    mesh::{routes::RouteKind, signals::MetricSource},
    msg::{Effect, Event},
};
use rstest::rstest;

use super::stage::{Stage, shop};

fn pods_at(source: Source, rows: bool) -> Stage {
    let mut stage = Stage::new(120, 40).linked();
    if rows {
        stage.pods(shop());
    }
    let ticket = stage.pods_ticket();
    stage.send(Event::Pods(ticket, Batch { deltas: Vec::new(), source }));
    stage
}

#[rstest]
#[case(Source::Loading { seen: 3_400, total: Some(10_000) }, false, "loading 3,400 of 10,000")]
#[case(Source::Loading { seen: 0, total: None }, false, "loading pods…")]
#[case(Source::Live, false, "no pods in shop")]
#[case(Source::Live, false, "0 shows all namespaces")]
#[case(Source::Broken { cause: "cannot reach https://127.0.0.1:1: connection refused".to_owned(), retry: Duration::from_secs(4) }, false, "connection refused")]
#[case(Source::Broken { cause: "x".to_owned(), retry: Duration::from_secs(4) }, false, "next try in 4s")]
#[case(Source::Broken { cause: "x".to_owned(), retry: Duration::from_secs(4) }, true, "0s old")]
#[case(Source::Broken { cause: "x".to_owned(), retry: Duration::from_secs(4) }, true, "reviews-v1")]
#[case(Source::Broken { cause: "it is cut\nlook at it".to_owned(), retry: Duration::from_secs(4) }, true, "it is cut; next try in 4s")]
#[case(Source::Loading { seen: 0, total: None }, false, "Pods – ")]
#[case(Source::Broken { cause: "x".to_owned(), retry: Duration::from_secs(4) }, false, "Pods – ")]
#[case(Source::Forbidden { what: "x".to_owned() }, false, "Pods – ")]
#[case(Source::Forbidden { what: "x".to_owned() }, true, "Pods 11 0s old no rights ")]
#[case(Source::Live, false, "Pods 0 ")]
#[case(Source::Forbidden { what: "cannot list pods in shop\nkubectl auth can-i watch pods".to_owned() }, false, "cannot list pods in shop")]
#[case(Source::Forbidden { what: "cannot list pods in shop\nkubectl auth can-i watch pods".to_owned() }, false, "kubectl auth can-i")]
fn pods_say_how_they_stand(#[case] source: Source, #[case] rows: bool, #[case] told: &str) {
    let stage = pods_at(source, rows);
    assert!(stage.shows(told), "{}", stage.text());
}

#[test]
fn the_next_try_is_counted_down() {
    let mut stage = pods_at(Source::Broken { cause: "cut".to_owned(), retry: Duration::from_secs(4) }, false);
    for (passed, told) in [(1, "next try in 3s"), (2, "next try in 1s"), (2, "trying again…")] {
        // The screen is drawn anew at each second, no earlier than it reads differently.
        assert!(stage.app.wakes().unwrap() <= stage.now.mono + Duration::from_secs(1));
        stage.pass(Duration::from_secs(passed));
        assert!(stage.shows(told), "{told}:\n{}", stage.text());
    }
}

#[test]
fn there_is_no_link_when_nothing_that_is_watched_answers() {
    let broken = || Source::Broken { cause: "connection refused".to_owned(), retry: Duration::from_secs(4) };
    let mut stage = pods_at(broken(), true);
    assert!(!stage.shows("no link"), "the routes and the faults have not failed yet");
    let ticket = stage.routes_ticket();
    for kind in RouteKind::ALL {
        stage.send(Event::Routes(ticket, kind, Batch { deltas: Vec::new(), source: broken() }));
    }
    let ticket = stage.asked(|effect| match effect {
        Effect::WatchFaults(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::FaultSource(ticket, broken()));
    // What is absent is asked for once a minute: it says nothing about the link.
    let absent = Source::Absent { what: "not served".to_owned() };
    let routes = stage.routes_ticket();
    stage.send(Event::Routes(routes, RouteKind::Grpc, Batch { deltas: Vec::new(), source: absent }));
    assert!(stage.shows("no link") && stage.shows("faults unknown") && stage.shows("Faults – "), "{}", stage.text());
    let ticket = stage.pods_ticket();
    stage.send(Event::Pods(ticket, Batch { deltas: Vec::new(), source: Source::Live }));
    assert!(!stage.shows("no link"), "{}", stage.text());
}

#[test]
fn rows_of_one_kind_stay_when_another_may_not_be_read() {
    let mut stage = Stage::full(120, 40);
    let ticket = stage.routes_ticket();
    let forbidden = Source::Forbidden {
        what: "cannot list virtualservices in shop: needs get,list,watch virtualservices.networking.istio.io\nkubectl auth can-i"
            .to_owned(),
    };
    stage.send(Event::Routes(ticket, RouteKind::VirtualService, Batch { deltas: Vec::new(), source: forbidden }));
    assert!(stage.shows("my-route-v3") && stage.shows("cannot list virtualservices in shop"), "{}", stage.text());
}

#[test]
fn stale_rows_tell_their_age_until_they_are_live_again() {
    let mut stage = pods_at(Source::Broken { cause: "cut".to_owned(), retry: Duration::from_secs(4) }, true);
    stage.pass(Duration::from_secs(12));
    assert!(stage.shows("12s old") && stage.shows("reviews-v1"), "{}", stage.text());
    let ticket = stage.pods_ticket();
    stage.send(Event::Pods(ticket, Batch { deltas: Vec::new(), source: Source::Live }));
    assert!(!stage.shows(" old"), "{}", stage.text());
}

#[test]
fn routes_are_absent_only_when_every_kind_is() {
    let mut stage = Stage::new(120, 40).linked();
    stage.pods(shop());
    let ticket = stage.routes_ticket();
    for (at, kind) in RouteKind::ALL.into_iter().enumerate() {
        assert!(!stage.shows("no Gateway API"), "{at}");
        let source = Source::Absent { what: "not served".to_owned() };
        stage.send(Event::Routes(ticket, kind, Batch { deltas: Vec::new(), source }));
    }
    assert!(stage.shows("no Gateway API and no Istio in this cluster"), "{}", stage.text());
    assert!(stage.shows("reviews-v1"), "the pods are untouched");
}

#[test]
fn a_metric_source_that_fails_dims_its_own_pane() {
    let mut stage = Stage::full(120, 40);
    let ticket = stage.asked(|effect| match effect {
        Effect::Measure(ticket, _) => Some(*ticket),
        _ => None,
    });
    let broken = MetricSource::Broken {
        cause: "http://p:9090 answered with HTML".to_owned(),
        fix: "check the URL".to_owned(),
        retry: Duration::from_secs(30),
    };
    stage.send(Event::Metrics(ticket, broken.clone(), None));
    assert!(stage.shows("prom down") && stage.shows("productpage"), "{}", stage.text());
    assert!(stage.shows("http://p:9090 answered with HTML"), "{}", stage.text());
    let mut fresh = Stage::new(120, 40).linked();
    let ticket = fresh.asked(|effect| match effect {
        Effect::Measure(ticket, _) => Some(*ticket),
        _ => None,
    });
    fresh.send(Event::Metrics(ticket, broken, None));
    assert!(fresh.shows("answered with HTML") && fresh.shows("check the URL"), "{}", fresh.text());
    assert!(fresh.shows("next try in 30s"), "{}", fresh.text());
    fresh.pass(Duration::from_secs(10));
    assert!(fresh.shows("next try in 20s"), "{}", fresh.text());
}

#[test]
fn without_a_metric_source_the_mesh_says_how_to_name_one() {
    let stage = Stage::with(120, 40, |start| start.metrics = false).linked();
    assert!(stage.shows("no metric source") && stage.shows("--prometheus"), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Measure(..))));
}

#[test]
fn freshness_is_told_in_steps() {
    let mut stage = Stage::full(120, 40);
    for (seconds, word) in [(0, "prom fresh"), (13, "prom 15s"), (50, "prom 1m"), (300, "prom stale")] {
        stage.pass(Duration::from_secs(seconds));
        assert!(stage.shows(word), "{word} after {seconds}:\n{}", stage.text());
    }
}

#[test]
fn a_route_that_loses_is_told_with_its_winner() {
    let stage = Stage::full(200, 60);
    assert!(stage.shows("my-route-v3 loses every request to my-route: same match, younger"), "{}", stage.text());
    assert!(stage.shows("1 conflict") && stage.shows("no: older my-route"), "{}", stage.text());
}
