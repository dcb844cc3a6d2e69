//! Several namespaces at once: how they are asked for, what is watched, and what stands where.

use brink::{
    base::Ticket,
    cluster::{Batch, Delta, Scope, Source},
    mesh::signals::resource_use::UsageOf,
    msg::{Effect, Event},
};
use rstest::rstest;

use super::{
    objects,
    screens::{check, document},
    stage::{Stage, http_route, pod, shop},
};
use brink::mesh::routes::RouteKind;

fn line(stage: &mut Stage, text: &str) {
    stage.keys(":");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn watched(stage: &Stage) -> (Ticket, Scope) {
    stage.asked(|effect| match effect {
        Effect::WatchPods(ticket, scope) => Some((*ticket, scope.clone())),
        _ => None,
    })
}

/// Both namespaces with their rows.
fn both(size: (u16, u16)) -> Stage {
    let mut stage = Stage::full(size.0, size.1);
    line(&mut stage, "ns shop,pay");
    let mut rows = shop();
    for (at, name) in [(50, "ledger-5d4-x2k4p"), (51, "cart-7d8-aaaaa")] {
        let mut row = pod(at, name, (2, 2), "Running", 0, 700);
        row.namespace = "pay".into();
        rows.push(row);
    }
    stage.pods(rows);
    stage
}

#[rstest]
#[case("ns shop,pay")]
#[case("ns shop,pay,shop")]
#[case("pods shop,pay")]
#[case("pods -n shop,pay")]
fn a_line_names_several(#[case] text: &str) {
    let mut stage = Stage::full(120, 40);
    line(&mut stage, text);
    assert_eq!(watched(&stage).1.names(), ["shop", "pay"]);
    assert!(stage.shows("kind-demo / shop,pay"), "{}", stage.text());
    let interest = stage.asked(|effect| match effect {
        Effect::Measure(_, interest) => Some(interest.clone()),
        _ => None,
    });
    assert_eq!(interest.names(), ["shop", "pay"]);
    let usage = stage.asked(|effect| match effect {
        Effect::WatchUsage(_, of) => Some(of.clone()),
        _ => None,
    });
    assert_eq!(usage, UsageOf::Several(vec!["shop".to_owned(), "pay".to_owned()]));
}

#[test]
fn the_command_line_of_the_program_names_several() {
    let stage = Stage::with(120, 40, |start| start.namespace = Some("shop,pay".to_owned())).linked();
    assert_eq!(watched(&stage).1.names(), ["shop", "pay"]);
}

#[test]
fn rows_of_several_stand_together_with_their_namespace() {
    let mut stage = both((120, 40));
    assert!(stage.shows("NAMESPACE") && stage.shows("ledger-5d4-x2k4p"), "{}", stage.text());
    // Routes are looked for everywhere and shown for these.
    let mut away = http_route("far", "2026-11-20T10:00:00Z", "far.example.com", "/", &[("v1", 1)]);
    away.namespace = "infra".into();
    let mut near = http_route("near", "2026-11-20T10:00:00Z", "near.example.com", "/", &[("v1", 1)]);
    near.namespace = "pay".into();
    stage.routes(RouteKind::Http, vec![away, near]);
    assert!(stage.shows("near.example.com") && !stage.shows("far.example.com"), "{}", stage.text());
    // One namespace again: no column is wasted on it.
    line(&mut stage, "ns shop");
    stage.pods(shop());
    assert!(!stage.shows("NAMESPACE"), "{}", stage.text());
}

#[rstest]
fn several_namespaces_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = both(size);
    let shown = |name: &str, stage: &Stage| {
        let name = format!("{name}-{}x{}", size.0, size.1);
        check(&name, stage);
        document(&name, stage);
    };
    let what = "pay: you may not list pods there\nask for the right to list pods".to_owned();
    let batch = Batch { deltas: Vec::new(), source: Source::Partly { what, settled: true } };
    let ticket = watched(&stage).0;
    stage.send(Event::Pods(ticket, batch));
    shown("spaces", &stage);
    stage.keys("ctrl-n");
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    let names = ["default", "infra", "pay", "shop"].map(str::to_owned).to_vec();
    stage.send(Event::Namespaces(ticket, Ok(names)));
    stage.keys("g space j space");
    shown("spaces-picked", &stage);
}

#[test]
fn one_that_fails_is_told_and_the_rows_of_the_others_stay() {
    let mut stage = both((120, 40));
    let what = "pay: you may not list pods there\nask".to_owned();
    let ticket = watched(&stage).0;
    stage.send(Event::Pods(ticket, Batch { deltas: Vec::new(), source: Source::Partly { what, settled: true } }));
    assert!(stage.shows("pay: you may not list pods there") && stage.shows("reviews-v1"), "{}", stage.text());
    assert!(stage.shows("not all"), "{}", stage.text());
    stage.send(Event::Pods(ticket, Batch { deltas: Vec::<Delta<_>>::new(), source: Source::Live }));
    assert!(!stage.shows("not all"), "{}", stage.text());
}

#[test]
fn the_list_of_namespaces_takes_marks() {
    let mut stage = Stage::full(120, 40);
    stage.keys("ctrl-n");
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Namespaces(ticket, Ok(["default", "pay", "shop"].map(str::to_owned).to_vec())));
    stage.keys("G space k space");
    assert!(stage.shows("· 2 marked"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.app.screens.len() == 1 && !stage.shows("marked"), "the marks go first: {}", stage.text());
    // While a name is typed, tab marks.
    stage.keys("/ p a y tab ctrl-u s h o p tab enter");
    assert!(stage.app.screens.is_empty());
    assert_eq!(watched(&stage).1.names(), ["pay", "shop"]);
}

#[test]
fn a_table_of_objects_goes_along() {
    let mut stage = Stage::full(120, 40);
    objects::discover(&mut stage, objects::discovery());
    line(&mut stage, "deploy shop,pay");
    let scope = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::WatchTable(_, _, scope, _) => Some(scope.clone()),
            _ => None,
        })
    };
    assert_eq!(scope(&stage).names(), ["shop", "pay"]);
    assert!(stage.shows("deployments in shop,pay"), "{}", stage.text());
    line(&mut stage, "ns infra");
    assert_eq!(scope(&stage).names(), ["infra"]);
    // What stands in no namespace is not looked for in any.
    line(&mut stage, "nodes shop,pay");
    assert!(scope(&stage).names().is_empty());
}

#[test]
fn what_needs_one_namespace_asks_for_it() {
    let mut stage = both((120, 40));
    line(&mut stage, "logs -l app=web");
    assert!(stage.shows("say in which namespace"), "{}", stage.text());
}

#[test]
fn an_unknown_one_among_several_is_told() {
    let mut stage = Stage::full(120, 40);
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Namespaces(ticket, Ok(["pay", "shop"].map(str::to_owned).to_vec())));
    line(&mut stage, "ns shop,pey");
    assert!(stage.shows("no namespace pey is known here: did you mean pay?"), "{}", stage.text());
}
