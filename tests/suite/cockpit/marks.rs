//! Marked rows: how they come and go, how they look, and what is about all of them.

use std::sync::Arc;

use brink::{
    base::{Ticket, Uid},
    cluster::{Batch, Delta, Manifest, ObjectRef, Source, logs::Of, pods::PodRow},
    fault::{
        action::{ActionKind, Seen, seen::Scale},
        known,
    },
    msg::{Effect, Event, Failure},
    panes::PaneKind,
};
use rstest::rstest;
use serde_json::json;

use super::{
    objects,
    screens::{check, document},
    stage::{Stage, pod, shop},
};

fn shown(name: &str, stage: &Stage, (width, height): (u16, u16)) {
    let name = format!("{name}-{width}x{height}");
    check(&name, stage);
    document(&name, stage);
}

/// The names of the marked rows on screen, by their sign.
fn marked(stage: &Stage) -> Vec<String> {
    let text = stage.text();
    let sign =
        |line: &str| line.split_once('✓').and_then(|(_, rest)| rest.split_whitespace().next().map(str::to_owned));
    text.lines().filter_map(sign).collect()
}

fn tell(stage: &mut Stage, deltas: Vec<Delta<PodRow>>) {
    let ticket = stage.pods_ticket();
    stage.send(Event::Pods(ticket, Batch { deltas, source: Source::Live }));
}

/// What was asked of objects that an action is about, in order.
fn looked(stage: &Stage) -> Vec<(Ticket, ActionKind, ObjectRef)> {
    let look = |effect: &Effect| match effect {
        Effect::LookAct(ticket, action, object) => Some((*ticket, *action, object.clone())),
        _ => None,
    };
    stage.effects.iter().filter_map(look).collect()
}

fn shorts(asked: &[(Ticket, ActionKind, ObjectRef)]) -> Vec<String> {
    asked.iter().map(|(_, _, object)| object.short()).collect()
}

#[test]
fn a_mark_is_on_the_object_and_goes_with_it() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space");
    assert_eq!(marked(&stage), ["cart-7d8-aaaaa", "cart-7d8-bbbbb"]);
    assert!(stage.shows("· 2 marked"), "{}", stage.text());
    // A reorder, a filter, a change of the row: the mark stays where it is.
    stage.keys("O");
    assert_eq!(marked(&stage), ["cart-7d8-bbbbb", "cart-7d8-aaaaa"]);
    stage.keys("O / a a a enter");
    assert_eq!(marked(&stage), ["cart-7d8-aaaaa"]);
    assert!(stage.shows("· 2 marked, 1 hidden"), "{}", stage.text());
    stage.keys("esc");
    tell(&mut stage, vec![Delta::Upsert(pod(8, "cart-7d8-aaaaa", (1, 2), "Running", 9, 4_000))]);
    assert_eq!(marked(&stage).len(), 2);
    // What is gone is marked no longer, and what comes under its name is another.
    tell(&mut stage, vec![Delta::Remove(Uid(8))]);
    assert_eq!(marked(&stage), ["cart-7d8-bbbbb"]);
    tell(&mut stage, vec![Delta::Upsert(pod(80, "cart-7d8-aaaaa", (2, 2), "Running", 0, 1))]);
    assert_eq!(marked(&stage), ["cart-7d8-bbbbb"]);
    assert!(stage.shows("· 1 marked"), "{}", stage.text());
}

#[test]
fn a_range_goes_from_the_last_mark_to_the_cursor_and_escape_gives_up_filter_then_marks() {
    let mut stage = Stage::full(120, 40);
    stage.keys("j space j j ctrl-space");
    assert_eq!(marked(&stage).len(), 3);
    // Upwards as well, and from the end of the range before.
    stage.keys("g ctrl-space");
    assert_eq!(marked(&stage).len(), 4);
    stage.keys("space");
    assert_eq!(marked(&stage).len(), 3, "the same key takes a mark off");
    stage.keys("/ d e t a enter esc");
    assert!(stage.shows("marked") && !stage.shows("/deta"), "{}", stage.text());
    stage.keys("esc");
    assert!(!stage.shows("marked"), "{}", stage.text());
    stage.keys("space ctrl-\\");
    assert!(!stage.shows("marked"), "{}", stage.text());
}

#[rstest]
#[case("0")]
#[case(": n s space i n f r a enter")]
fn another_namespace_drops_all_marks(#[case] keys: &str) {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space");
    for key in keys.split_whitespace() {
        stage.keys(key);
    }
    stage.pods(shop());
    assert!(!stage.shows("marked"), "{}", stage.text());
    let before = looked(&stage).len();
    stage.keys("ctrl-d");
    assert_eq!(looked(&stage).len(), before + 1, "the row under the cursor alone is meant");
}

#[test]
fn other_panes_take_no_marks() {
    let mut stage = Stage::full(120, 40);
    stage.keys("2 space 3 space 4 space");
    assert!(!stage.shows("marked"), "{}", stage.text());
}

#[rstest]
fn marks_are_seen_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = Stage::full(size.0, size.1);
    stage.keys("space j j ctrl-space");
    shown("marked-pods", &stage, size);
    stage.keys("/ r e v i enter space");
    shown("marked-hidden", &stage, size);
    stage.keys("ctrl-d");
    answer_all(&mut stage);
    shown("marked-delete", &stage, size);
}

#[rstest]
fn marked_objects_and_their_scale(#[values((80, 24), (120, 40), (200, 60))] size: (u16, u16)) {
    let mut stage = Stage::full(size.0, size.1);
    objects::show(&mut stage);
    stage.keys("space G space");
    shown("marked-objects", &stage, size);
    stage.keys("s");
    answer_all(&mut stage);
    shown("marked-scale", &stage, size);
}

fn seen(action: ActionKind, object: ObjectRef, replicas: u32) -> Seen {
    let scale =
        (action == ActionKind::Scale).then(|| Scale { replicas, path: vec!["spec".to_owned(), "replicas".to_owned()] });
    let live = Manifest(json!({
        "apiVersion": object.kind.api_version(), "kind": object.kind.kind,
        "metadata": {"name": object.name, "namespace": object.namespace, "uid": object.name},
        "spec": {"replicas": replicas},
    }));
    Seen { action, object, live, scale, revisions: Vec::new() }
}

fn answer_all(stage: &mut Stage) {
    for (at, (ticket, action, object)) in looked(stage).into_iter().enumerate() {
        let replicas = u32::try_from(at).unwrap() + 1;
        stage.send(Event::ActSeen(ticket, Ok(Box::new(seen(action, object, replicas)))));
    }
}

#[test]
fn an_action_is_about_all_that_is_marked_as_one_plan() {
    let mut stage = Stage::full(120, 40);
    objects::show(&mut stage);
    stage.keys("space G space");
    stage.keys(": s c a l e enter");
    let asked = looked(&stage);
    assert_eq!(shorts(&asked), ["Deployment shop/api", "Deployment shop/web-10"], "in the order of the table");
    answer_all(&mut stage);
    assert!(stage.shows("1 now: Deployment shop/api") && stage.shows("2 now: Deployment shop/web-10"));
    stage.keys("5 enter");
    let fault = stage.asked(|effect| match effect {
        Effect::CheckChange(_, fault, _) => Some((**fault).clone()),
        _ => None,
    });
    let wanted: Vec<_> = fault.manifests.iter().map(|one| (one.name(), one.at(&["spec", "replicas"]))).collect();
    assert_eq!(wanted, [("api", Some(&json!(5))), ("web-10", Some(&json!(5)))]);
}

#[test]
fn pods_of_one_controller_mean_it_once() {
    let mut stage = Stage::full(120, 40);
    let label = |key: &str, value: &str| (Arc::from(key), Arc::from(value));
    for (at, name) in [(1, "reviews-v1-5d4-x2k4p"), (2, "reviews-v1-5d4-9qz7d")] {
        let mut row = pod(at, name, (2, 2), "Running", 0, 10_000);
        row.labels = Arc::from([label("app", "reviews-v1"), label("pod-template-hash", "5d4")]);
        tell(&mut stage, vec![Delta::Upsert(row)]);
    }
    stage.keys("/ r e v i e w s - v 1 enter space j ctrl-space r");
    let asked = looked(&stage);
    assert_eq!(shorts(&asked), ["Deployment shop/reviews-v1"]);
}

#[test]
fn where_one_refuses_it_is_named_and_nothing_is_done() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space ctrl-k");
    let asked = looked(&stage);
    let [(first, action, object), (second, _, refused)] = asked.as_slice() else { panic!("{asked:?}") };
    let told = Failure::new("you may not delete pods in shop", "ask for the right to; nothing was sent");
    stage.send(Event::ActSeen(*second, Err(told)));
    assert!(!stage.shows("refuse"), "the other was not heard yet");
    stage.send(Event::ActSeen(*first, Ok(Box::new(seen(*action, object.clone(), 1)))));
    let said = format!("1 of 2 refuse: {}: you may not delete pods in shop", refused.short());
    assert!(stage.shows(&said), "{}", stage.text());
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::CheckChange(..))));
}

#[test]
fn what_is_marked_out_of_sight_is_said_before_anything_is_asked() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space / r e v i e w s - v 2 enter space ctrl-k");
    answer_all(&mut stage);
    assert!(stage.shows("1 of the marked is hidden by the filter: cart-7d8-aaaaa"), "{}", stage.text());
    let checks = |stage: &Stage| stage.effects.iter().any(|effect| matches!(effect, Effect::CheckChange(..)));
    assert!(!checks(&stage), "an action that needs nothing waits as well");
    stage.keys("enter");
    assert!(checks(&stage));
}

#[rstest]
#[case("s", "a shell is about one object, and 2 are marked")]
#[case("e", "editing is about one object, and 2 are marked")]
#[case("F", "a forwarded port is about one object, and 2 are marked")]
#[case(": r o l l b a c k enter", "rollback is about one object, and 2 are marked")]
#[case("f", "a fault aims at one pod, a workload or labels: the 2 marked cannot be named one by one")]
fn what_means_one_object_says_so(#[case] keys: &str, #[case] told: &str) {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space");
    let before = stage.effects.len();
    stage.keys(keys);
    assert!(stage.shows(told), "{}", stage.text());
    let asks = |effect: &Effect| {
        matches!(effect, Effect::LookAct(..) | Effect::Yaml(..) | Effect::Enter(..) | Effect::Ports(..))
    };
    assert!(!stage.effects[before..].iter().any(asks));
    assert_eq!(stage.app.focus(), PaneKind::Pods);
}

#[test]
fn one_mark_elsewhere_is_not_what_a_key_for_one_object_means() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j e");
    assert!(stage.shows("editing is about one object, and another is marked"), "{}", stage.text());
    stage.keys("k e");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Yaml(..))), "the marked row itself is one");
}

#[test]
fn the_list_of_actions_holds_what_goes_with_all() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space m");
    assert!(stage.shows("2 marked: delete the object") && !stage.shows("rollback"), "{}", stage.text());
    stage.keys("/ d e l e t e enter");
    assert_eq!(looked(&stage).len(), 2);
}

#[test]
fn logs_and_names_are_of_all_marked() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space j space c");
    assert!(stage.effects.contains(&Effect::Copy("cart-7d8-aaaaa\ncart-7d8-bbbbb".to_owned())));
    assert!(stage.shows("copied 2 names"), "{}", stage.text());
    stage.keys("l");
    let wish = stage.asked(|effect| match effect {
        Effect::Log(_, wish) => Some(wish.clone()),
        _ => None,
    });
    let named = |name: &str| ("shop".to_owned(), name.to_owned());
    assert_eq!(wish.of, Of::Named(vec![named("cart-7d8-aaaaa"), named("cart-7d8-bbbbb")]));
    assert!(stage.shows("Logs shop/2 pods"), "{}", stage.text());
}

#[test]
fn images_are_corrected_where_containers_agree() {
    let workload = |name: &str, container: &str, image: &str| {
        brink::fault::yaml::text(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}},
        }))
    };
    let opened = |texts: [String; 2]| {
        let mut stage = Stage::full(120, 40);
        objects::show(&mut stage);
        stage.keys("space j space i");
        let reads: Vec<Ticket> = stage
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Yaml(ticket, object, _) if object.kind == known::deployment() => Some(*ticket),
                _ => None,
            })
            .collect();
        assert_eq!(reads.len(), 2);
        for (ticket, text) in reads.into_iter().zip(texts) {
            stage.send(Event::Text(ticket, Ok(text)));
        }
        stage
    };
    let stage = opened([workload("api", "main", "a:1"), workload("web-2", "web", "w:1")]);
    assert!(stage.shows("their containers do not agree: api has main, web-2 has web"), "{}", stage.text());
    let mut stage = opened([workload("api", "main", "a:1"), workload("web-2", "main", "w:1")]);
    assert!(stage.shows("they differ: a:1, w:1"), "{}", stage.text());
    stage.send(Event::Paste("x:2".to_owned()));
    stage.keys("enter");
    let fault = stage.asked(|effect| match effect {
        Effect::CheckChange(_, fault, _) => Some((**fault).clone()),
        _ => None,
    });
    let image = |one: &Manifest| one.0.pointer("/spec/template/spec/containers/0/image").cloned();
    assert_eq!(fault.manifests.iter().map(image).collect::<Vec<_>>(), [Some(json!("x:2")), Some(json!("x:2"))]);
}

#[test]
fn a_row_that_is_marked_and_hit_shows_both() {
    let mut stage = Stage::full(120, 40);
    stage.keys("space");
    stage.app.world.injections.insert(
        "7f3a9c".to_owned(),
        crate::suite::moment::faults::view("7f3a9c", brink::fault::injection::State::Active),
    );
    let hit = std::iter::once("shop/cart-7d8-aaaaa".to_owned()).collect();
    stage.app.world.hit_pods.insert("7f3a9c".to_owned(), hit);
    stage.app.settle();
    let text = stage.text();
    let row = text.lines().find(|line| line.contains("cart-7d8-aaaaa")).unwrap();
    assert!(row.contains('✓') && row.contains('↯'), "{row}");
}
