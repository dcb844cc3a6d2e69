//! Events: the newest first, those about one object, and from an event to whom it is about.

use brink::{
    base::Ticket,
    cluster::{Batch, Delta, Kind, Manifest, Scope, Source, event_rows::EventRows},
    config::Role,
    msg::{Effect, Event},
};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    objects::discover,
    screens::{check, document},
    stage::{Stage, noon},
    xray::{discovery, line_of},
};

fn watch(stage: &Stage) -> (Ticket, Kind, Scope) {
    stage.asked(|effect| match effect {
        Effect::WatchTable(ticket, kind, scope, _) => Some((*ticket, kind.clone(), scope.clone())),
        _ => None,
    })
}

fn event(name: &str, warns: bool, reason: &str, about: &str, seconds: i64, message: &str) -> Value {
    let at = |back: i64| (noon() - SignedDuration::from_secs(back)).to_string();
    let (kind, pod) = about.split_once('/').unwrap();
    json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": at(seconds + 600)},
        "type": if warns { "Warning" } else { "Normal" }, "reason": reason, "message": message, "count": 3,
        "lastTimestamp": at(seconds), "source": {"component": "kubelet"},
        "involvedObject": {"apiVersion": "v1", "kind": kind, "namespace": "shop", "name": pod}})
}

fn send(stage: &mut Stage, events: &[Value]) {
    let mut rows = EventRows::default();
    let deltas = events.iter().map(|event| Delta::Upsert(rows.row(&Manifest(event.clone())))).collect();
    stage.send(Event::Table(watch(stage).0, Batch { deltas, source: Source::Live }));
}

fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    discover(&mut stage, discovery());
    line_of(&mut stage, "events");
    send(
        &mut stage,
        &[
            event("e1", false, "Scheduled", "Pod/web-1", 5_000, "Successfully assigned shop/web-1 to n1"),
            event(
                "e2",
                true,
                "BackOff",
                "Pod/reviews-7f6-x2k4p",
                40,
                "Back-off restarting failed container a in pod reviews",
            ),
            event("e3", false, "Pulled", "Pod/web-1", 300, "Container image already present on machine"),
            event("e4", true, "Unhealthy", "Pod/cart-7d8-bbbbb", 7, "Readiness probe failed: HTTP 503"),
        ],
    );
    stage
}

fn order(stage: &Stage) -> Vec<&'static str> {
    let text = stage.text();
    let mut all: Vec<_> = ["Scheduled", "BackOff", "Pulled", "Unhealthy"]
        .into_iter()
        .filter_map(|word| Some((text.find(word)?, word)))
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, word)| word).collect()
}

#[rstest]
fn events_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let stage = stage(width, height);
    check(&format!("events_{width}x{height}"), &stage);
    document(&format!("events-{width}x{height}"), &stage);
}

#[test]
fn the_newest_stands_first_whatever_comes_when() {
    let mut stage = stage(120, 40);
    assert_eq!(order(&stage), ["Unhealthy", "BackOff", "Pulled", "Scheduled"]);
    // It happened again: the same event, newer.
    send(&mut stage, &[event("e3", false, "Pulled", "Pod/web-1", 1, "Container image already present on machine")]);
    assert_eq!(order(&stage), ["Pulled", "Unhealthy", "BackOff", "Scheduled"]);
    stage.keys("A");
    assert_eq!(order(&stage), ["Scheduled", "BackOff", "Unhealthy", "Pulled"], "the age is that of the last time");
    assert!(stage.shows("40s"), "{}", stage.text());
    let frame = stage.frame();
    let warns = brink::config::Theme::standard(brink::config::Depth::True).style(Role::Warn).fg;
    let coloured = frame.content.windows(7).filter(|cells| {
        let word: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        word == "Warning" && cells.iter().all(|cell| Some(cell.fg) == warns)
    });
    assert_eq!(coloured.count(), 2);
}

#[test]
fn enter_leads_to_whom_it_is_about() {
    let mut stage = stage(120, 40);
    stage.keys("enter");
    let (ticket, object) = stage.asked(|effect| match effect {
        Effect::ReadObject(ticket, object) => Some((*ticket, object.clone())),
        _ => None,
    });
    assert_eq!(object.name, "e4");
    let read = Manifest(event("e4", true, "Unhealthy", "Pod/cart-7d8-bbbbb", 7, ""));
    stage.send(Event::Object(ticket, object, Ok(Box::new(read))));
    let (_, kind, scope) = watch(&stage);
    assert_eq!((kind.plural.as_str(), scope.namespace.as_deref()), ("pods", Some("shop")));
    stage.keys("esc enter");
    let (ticket, object) = stage.asked(|effect| match effect {
        Effect::ReadObject(ticket, object) => Some((*ticket, object.clone())),
        _ => None,
    });
    let odd = Manifest(json!({"metadata": {"name": "odd"}, "involvedObject": {"kind": "Thing", "name": "x"}}));
    stage.send(Event::Object(ticket, object, Ok(Box::new(odd))));
    assert!(stage.shows("the cluster serves no kind Thing"), "{}", stage.text());
}

#[test]
fn a_row_shows_the_events_about_it() {
    let mut stage = Stage::full(120, 40);
    discover(&mut stage, discovery());
    stage.keys("1 ctrl-e");
    let (_, kind, scope) = watch(&stage);
    assert_eq!(kind.plural, "events");
    assert_eq!(scope.namespace.as_deref(), Some("shop"));
    assert!(scope.fields.starts_with("involvedObject.kind=Pod,involvedObject.name="), "{}", scope.fields);
    assert!(stage.shows("events about Pod shop/"), "{}", stage.text());
    send(&mut stage, &[]);
    assert!(stage.shows("no events about Pod shop/"), "{}", stage.text());
}
