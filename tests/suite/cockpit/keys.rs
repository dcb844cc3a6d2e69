//! Update as data: state, keys, what is expected.

use std::time::Duration;

use brink::{
    cluster::{Batch, Delta, Source, address::ContextName},
    fault::{injection::State, view::InjectionView},
    msg::{Effect, Event, Failure},
    panes::PaneKind,
};
use rstest::rstest;

use super::stage::{Stage, crowd, pod, shop};
use crate::suite::moment::faults::view;

#[test]
fn the_first_thing_asked_for_is_the_link() {
    let stage = Stage::new(80, 24);
    assert!(matches!(stage.effects.as_slice(), [Effect::Link(_, None)]));
    assert!(stage.shows("connecting…"));
}

#[test]
fn once_linked_every_pane_asks_for_its_rows() {
    let stage = Stage::new(120, 40).linked();
    let asked = |wanted: fn(&Effect) -> bool| stage.effects.iter().any(wanted);
    assert!(asked(
        |effect| matches!(effect, Effect::WatchPods(_, scope) if scope.namespace.as_deref() == Some("shop"))
    ));
    assert!(asked(|effect| matches!(effect, Effect::WatchRoutes(..))));
    assert!(asked(|effect| matches!(effect, Effect::Measure(..))));
    assert!(asked(|effect| matches!(effect, Effect::WatchFaults(_))));
}

#[test]
fn only_what_is_on_screen_is_watched() {
    let mut stage = Stage::new(80, 24).linked();
    let watches_routes = |stage: &Stage| stage.effects.iter().any(|effect| matches!(effect, Effect::WatchRoutes(..)));
    assert!(!watches_routes(&stage), "one pane is on screen");
    stage.keys("2");
    assert!(watches_routes(&stage));
    let pods = stage.pods_ticket();
    stage.pass(Duration::from_secs(50));
    assert!(!stage.effects.contains(&Effect::Stop(pods)), "a short look elsewhere costs nothing");
    stage.pass(Duration::from_secs(20));
    assert!(stage.effects.contains(&Effect::Stop(pods)));
    stage.keys("1");
    assert_ne!(stage.pods_ticket(), pods, "back on screen it is watched again");
}

#[test]
fn answers_to_an_abandoned_question_are_dropped() {
    let mut stage = Stage::new(80, 24).linked();
    let old = stage.pods_ticket();
    stage.keys("0");
    assert!(stage.effects.contains(&Effect::Stop(old)), "the old watch ends");
    let batch = Batch { deltas: shop().into_iter().map(Delta::Upsert).collect(), source: Source::Live };
    stage.send(Event::Pods(old, batch));
    assert!(!stage.shows("reviews"), "{}", stage.text());
}

#[rstest]
#[case("tab", PaneKind::Routes)]
#[case("tab tab", PaneKind::Mesh)]
#[case("shift-tab", PaneKind::Faults)]
#[case("4", PaneKind::Faults)]
#[case(": m e s h enter", PaneKind::Mesh)]
#[case(": m e tab enter", PaneKind::Mesh)]
#[case("2 1", PaneKind::Pods)]
fn the_focus_goes_where_it_is_sent(#[case] keys: &str, #[case] pane: PaneKind) {
    let mut stage = Stage::full(120, 40);
    stage.keys(keys);
    assert_eq!(stage.app.focus(), pane);
}

#[rstest]
#[case("q", 1)]
#[case("ctrl-c", 1)]
#[case(": q enter", 1)]
#[case("esc", 0)]
#[case("? q", 0)]
#[case("? q q", 1)]
#[case("/ q esc", 0)]
#[case("/ a enter q", 0)]
#[case("z q", 0)]
fn leaving(#[case] keys: &str, #[case] quits: usize) {
    let mut stage = Stage::full(80, 24);
    stage.keys(keys);
    assert_eq!(stage.effects.iter().filter(|effect| **effect == Effect::Quit).count(), quits);
}

#[rstest]
#[case("", "aaa-1-first")]
#[case("j k", "mmm-1-early")]
fn while_the_first_list_comes_the_cursor_is_on_top_until_somebody_moves_it(#[case] keys: &str, #[case] under: &str) {
    let mut stage = Stage::new(80, 24).linked();
    let part = |source: Source, id: u128, name: &str| {
        let deltas = vec![Delta::Upsert(pod(id, name, (1, 1), "Running", 0, 5))];
        Event::Pods(stage.pods_ticket(), Batch { deltas, source })
    };
    let parts = [
        part(Source::Loading { seen: 1, total: Some(3) }, 1, "mmm-1-early"),
        part(Source::Live, 2, "aaa-1-first"),
        part(Source::Live, 3, "aaa-0-new"),
    ];
    let [early, first, new] = parts;
    stage.send(early);
    stage.keys(keys);
    stage.send(first);
    // Complete: from here on what is under the cursor stays there.
    stage.send(new);
    stage.keys("d");
    let described = stage.asked(|effect| match effect {
        Effect::Describe(_, object) => Some(object.name.clone()),
        _ => None,
    });
    assert_eq!(described, under);
}

#[test]
fn the_cursor_stays_on_its_pod_while_others_come_and_go() {
    let mut stage = Stage::new(80, 24).linked();
    stage.pods(shop());
    stage.keys("/ r e v i e w s - v 2 enter d");
    let described = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::Describe(_, object) => Some(object.name.clone()),
            _ => None,
        })
    };
    assert_eq!(described(&stage), "reviews-v2-7f6-b7m2w");
    stage.keys("esc esc");
    stage.pods(vec![pod(40, "aaa-1-first", (1, 1), "Running", 0, 5)]);
    let ticket = stage.pods_ticket();
    let gone = Delta::Remove(brink::base::Uid(5));
    stage.send(Event::Pods(ticket, Batch { deltas: vec![gone], source: Source::Live }));
    stage.keys("d");
    assert_eq!(described(&stage), "reviews-v2-7f6-b7m2w");
}

#[test]
fn logs_follow_switch_container_and_count_what_they_drop() {
    use brink::cluster::logs::LogBatch;
    let mut stage = Stage::full(80, 24);
    stage.keys("/ r e v i e w s - v 2 enter l");
    let request = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::Log(ticket, request) => Some((*ticket, request.clone())),
            _ => None,
        })
    };
    let (ticket, first) = request(&stage);
    assert!(first.follow && !first.previous);
    assert_eq!(first.container.as_deref(), Some("reviews-v2"));
    let lines = |from: usize, many: usize| (from..from + many).map(|at| format!("line {at}")).collect();
    let batch = |dropped: u64, lines: Vec<String>| LogBatch { dropped, lines, source: Source::Live };
    // 1,000 were lost on the way, 500 do not fit.
    stage.send(Event::Log(ticket, batch(1_000, lines(0, 10_500))));
    assert!(stage.shows("1,500 lines dropped") && stage.shows("line 10499"), "{}", stage.text());
    stage.keys("k");
    let still = stage.text();
    stage.send(Event::Log(ticket, batch(0, lines(10_500, 50))));
    let moved = stage.text();
    let body = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&still), body(&moved), "who reads is not moved");
    stage.keys("o");
    let (next, second) = request(&stage);
    assert_eq!(second.container.as_deref(), Some("istio-proxy"));
    assert!(!second.timestamps);
    assert!(stage.effects.contains(&Effect::Stop(ticket)));
    stage.keys("p t");
    let (last, third) = request(&stage);
    assert!(third.previous && third.timestamps);
    assert!(stage.effects.contains(&Effect::Stop(next)));
    stage.keys("esc");
    assert!(stage.effects.contains(&Effect::Stop(last)));
}

#[test]
fn a_log_is_asked_for_further_back_with_one_key() {
    let mut stage = Stage::full(120, 40);
    stage.keys("/ r e v i e w s - v 2 enter l");
    let request = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::Log(ticket, request) => Some((*ticket, request.clone())),
            _ => None,
        })
    };
    let (mut before, first) = request(&stage);
    assert_eq!((first.since, first.tail), (None, Some(500)));
    assert!(!stage.shows("since 1m") && stage.shows("S since"), "{}", stage.text());
    for (minutes, words) in [(1, "since 1m"), (5, "since 5m"), (15, "since 15m"), (30, "since 30m"), (60, "since 1h")] {
        stage.keys("S");
        let (ticket, asked) = request(&stage);
        assert_eq!(asked.since, Some(Duration::from_secs(minutes * 60)));
        assert_eq!(asked.tail, Some(10_000), "no more than is kept");
        assert!(stage.effects.contains(&Effect::Stop(before)), "the old question ends");
        assert!(stage.shows(words), "{}", stage.text());
        before = ticket;
    }
    stage.keys("S");
    let (_, all) = request(&stage);
    assert_eq!((all.since, all.tail), (None, Some(10_000)));
    assert!(stage.shows("all of it"), "{}", stage.text());
    // The run before is asked for as far back.
    stage.keys("S S p");
    let (_, previous) = request(&stage);
    assert_eq!((previous.previous, previous.since), (true, Some(Duration::from_secs(60))));
    stage.keys("S S S S S S ?");
    assert!(stage.shows("Ask for the log further back"), "{}", stage.text());
}

#[test]
fn keys_that_do_nothing_here_are_not_offered() {
    const AGAIN: &str = "Ask the cluster again";
    const MANAGED: &str = "Show or hide managedFields";
    let hint = |stage: &Stage| stage.text().lines().last().unwrap_or_default().to_owned();
    // The help is a text of ours: there is nobody to ask again.
    let mut stage = Stage::full(120, 60);
    stage.keys("?");
    assert!(stage.shows("Help") && hint(&stage).contains("search"), "{}", stage.text());
    assert!(!hint(&stage).contains("again"), "{}", hint(&stage));
    stage.keys("?");
    assert!(stage.shows("Search in the text") && !stage.shows(AGAIN) && !stage.shows(MANAGED), "{}", stage.text());
    // What the cluster told can be asked for again; only YAML has managedFields.
    let mut stage = Stage::full(120, 60);
    stage.keys("d");
    assert!(hint(&stage).contains("r again"), "{}", hint(&stage));
    stage.keys("?");
    assert!(stage.shows(AGAIN) && !stage.shows(MANAGED), "{}", stage.text());
    stage.keys("esc esc y ?");
    assert!(stage.shows(AGAIN) && stage.shows(MANAGED), "{}", stage.text());
    // Of one container there is no other.
    let mut stage = Stage::full(120, 60);
    let mut row = pod(40, "zzz-1-last", (1, 1), "Running", 0, 5);
    row.containers = std::sync::Arc::from(["app"].map(std::sync::Arc::from));
    stage.pods(vec![row]);
    stage.keys("/ z z z enter l");
    assert!(hint(&stage).contains("follow") && !hint(&stage).contains("container"), "{}", hint(&stage));
    stage.keys("?");
    assert!(!stage.shows(MANAGED) && !stage.shows("another container"), "{}", stage.text());
}

#[test]
fn of_many_containers_one_is_picked_by_name() {
    let mut stage = Stage::full(80, 24);
    let mut row = pod(40, "zzz-1-last", (3, 3), "Running", 0, 5);
    row.containers = std::sync::Arc::from(["app", "istio-proxy", "setup"].map(std::sync::Arc::from));
    stage.pods(vec![row]);
    stage.keys("/ z z z enter l o");
    assert!(stage.shows("● app") && stage.shows("setup"), "{}", stage.text());
    stage.keys("G enter");
    let asked = stage.asked(|effect| match effect {
        Effect::Log(_, request) => Some(request.clone()),
        _ => None,
    });
    assert_eq!(asked.container.as_deref(), Some("setup"));
    assert!(stage.shows("Logs shop/zzz-1-last setup"), "{}", stage.text());
}

#[test]
fn a_log_that_is_cut_says_why_and_when_it_goes_on() {
    use brink::cluster::logs::LogBatch;
    let mut stage = Stage::full(80, 24);
    stage.keys("/ r e v i e w s - v 2 enter l");
    let ticket = stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let cut =
        Source::Broken { cause: "the connection broke\nlook at proxies".to_owned(), retry: Duration::from_secs(4) };
    stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines: vec!["line 1".to_owned()], source: Source::Live }));
    stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines: Vec::new(), source: cut }));
    assert!(stage.shows("line 1") && stage.shows("the connection broke; next try in 4s"), "{}", stage.text());
    stage.pass(Duration::from_secs(3));
    assert!(stage.shows("next try in 1s"), "{}", stage.text());
}

#[test]
fn texts_and_namespaces_are_copied_and_the_last_pane_comes_back() {
    let mut stage = Stage::full(120, 40);
    stage.keys("n");
    assert!(matches!(stage.effects.last(), Some(Effect::Copy(text)) if text == "shop"), "{:?}", stage.effects.last());
    stage.keys("y");
    let ticket = stage.asked(|effect| match effect {
        Effect::Yaml(ticket, ..) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Text(ticket, Ok("kind: Pod\nmetadata: {}\n".to_owned())));
    stage.keys("c");
    assert!(matches!(stage.effects.last(), Some(Effect::Copy(text)) if text == "kind: Pod\nmetadata: {}"));
    assert!(stage.shows("copied 2 lines"), "{}", stage.text());
    stage.keys("esc 3 -");
    assert_eq!(stage.app.focus(), brink::panes::PaneKind::Pods);
    stage.keys("-");
    assert_eq!(stage.app.focus(), brink::panes::PaneKind::Mesh);
}

#[test]
fn namespaces_and_contexts_are_switched_inside() {
    let mut stage = Stage::full(120, 40);
    let ticket = stage.asked(|effect| match effect {
        Effect::Namespaces(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Namespaces(ticket, Ok(vec!["default".to_owned(), "shop".to_owned(), "web".to_owned()])));
    stage.keys("ctrl-n");
    assert!(stage.shows("● shop"), "{}", stage.text());
    stage.keys("j enter");
    assert_eq!(stage.app.world.namespace.as_deref(), Some("web"));
    stage.keys(": n s space d e tab enter");
    assert_eq!(stage.app.world.namespace.as_deref(), Some("default"));
    stage.keys("ctrl-g");
    let ticket = stage.asked(|effect| match effect {
        Effect::Contexts(ticket) => Some(*ticket),
        _ => None,
    });
    let context = |name: &str, current| ContextName {
        name: name.to_owned(),
        cluster: format!("{name}-cluster"),
        user: "admin".to_owned(),
        namespace: "default".to_owned(),
        current,
    };
    stage.send(Event::Contexts(ticket, Ok(vec![context("kind-demo", true), context("staging", false)])));
    stage.keys("j enter");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Link(_, Some(name)) if name == "staging")));
    assert!(!stage.shows("reviews"), "rows of the cluster before are gone");
}

#[test]
fn a_mistyped_command_is_told_with_the_nearest() {
    let mut stage = Stage::full(80, 24);
    stage.keys(": p o d z enter");
    // Until it is known which kinds there are, it may be one.
    super::objects::discover(&mut stage, super::objects::discovery());
    assert!(stage.shows("no command and no kind `podz`: did you mean `pods`?"), "{}", stage.text());
}

#[test]
fn pasted_text_is_never_read_as_commands() {
    let mut stage = Stage::full(80, 24);
    stage.send(Event::Paste("q:q\n".to_owned()));
    assert!(!stage.effects.contains(&Effect::Quit));
    stage.keys("/");
    stage.send(Event::Paste("reviews\n\u{1b}[31m".to_owned()));
    assert!(stage.shows("reviews-v1") && !stage.shows("productpage"), "{}", stage.text());
}

#[test]
fn abort_without_a_fault_says_so_and_twice_stops_all() {
    let mut stage = Stage::full(80, 24);
    stage.keys(": ctrl-x");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::StopAll(..))));
    stage.pass(Duration::from_millis(400));
    stage.keys("ctrl-x");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::StopAll(..))), "also in a text field");
    let mut slow = Stage::full(80, 24);
    slow.keys("ctrl-x");
    slow.pass(Duration::from_millis(1200));
    slow.keys("ctrl-x");
    assert!(!slow.effects.iter().any(|effect| matches!(effect, Effect::StopAll(..))));
}

#[test]
fn what_was_said_of_a_fault_goes_with_its_end() {
    let mut stage = Stage::full(80, 24);
    let live = view("7f3a9c", State::Active);
    stage.send(Event::Injection(Box::new(live.clone())));
    stage.keys("ctrl-x");
    assert!(stage.shows("again within 1 s stops all"), "{}", stage.text());
    stage.send(Event::Injection(Box::new(InjectionView { state: State::Recovered, ..live })));
    assert!(!stage.shows("again within 1 s stops all"), "{}", stage.text());
}

#[test]
fn no_link_is_told_with_its_remedy_and_the_cockpit_stays() {
    let mut stage = Stage::new(80, 24);
    let ticket = stage.asked(|effect| match effect {
        Effect::Link(ticket, _) => Some(*ticket),
        _ => None,
    });
    let failure = Failure::new("no kubeconfig found", "set KUBECONFIG or pass --kubeconfig FILE");
    stage.send(Event::NotLinked(ticket, failure));
    assert!(stage.shows("no kubeconfig found") && stage.shows("pass --kubeconfig FILE"), "{}", stage.text());
    stage.keys("?");
    assert!(stage.shows("Help"));
}

#[test]
fn any_keys_at_any_size_never_panic() {
    let keys = "j k G g / a esc : p enter tab z d esc y esc l esc 0 S A N O shift-left shift-right ? q f esc ctrl-n esc ctrl-x x 4 enter";
    for (width, height) in
        [(0, 0), (1, 1), (20, 5), (39, 10), (40, 9), (40, 10), (41, 12), (80, 24), (500, 3), (300, 100)]
    {
        let mut stage = Stage::full(width, height);
        for key in keys.split_whitespace() {
            stage.keys(key);
            let shown = stage.text();
            if width >= 20 && height >= 2 && (width < 40 || height < 10) {
                assert!(shown.contains("too small"), "{width}x{height}:\n{shown}");
            }
        }
    }
}

#[test]
fn a_resize_keeps_the_cursor_in_sight() {
    let mut stage = Stage::new(200, 60).linked();
    stage.keys("0");
    stage.pods(crowd(500));
    stage.keys("G");
    stage.resize(80, 24);
    assert!(stage.shows("500/500"), "{}", stage.text());
    let last = crowd(500).into_iter().map(|row| row.name).max().unwrap();
    assert!(stage.shows(&last[..12]), "{}", stage.text());
}
