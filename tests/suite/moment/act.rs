//! Actions on an object: what is asked for, what is checked, what the preview says, and what has an undo.

use brink::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Propagation, Removal},
        warrant::Purpose,
    },
    fault::{
        action::{ActionKind, Revision, Seen, seen::Scale},
        checked::Checked,
        intent::Fault,
        known,
        plan::Change,
        preview::Ruling,
        sight::Given,
    },
    msg::{Command, Context, Effect, Failure},
    panes::{Act, Turn},
};
use serde_json::json;

use super::stage::{Ground, Stage, at, draw, told};
use crate::suite::fault::sights;

fn reviews() -> ObjectRef {
    ObjectRef::new(known::deployment(), "shop", "reviews")
}

fn node() -> ObjectRef {
    ObjectRef { kind: known::node(), namespace: None, name: "n1".to_owned() }
}

fn seen(action: ActionKind, object: ObjectRef, live: Manifest) -> Seen {
    Seen { action, object, live, scale: None, revisions: Vec::new() }
}

fn scaled() -> Seen {
    let scale = Scale { replicas: 4, path: vec!["spec".to_owned(), "replicas".to_owned()] };
    Seen { scale: Some(scale), ..seen(ActionKind::Scale, reviews(), sights::deployment("reviews", 4)) }
}

/// The pane once its object was read, and what it did then.
fn opened(stage: &mut Stage, seen: Seen, given: &str) -> (Act, Vec<Effect>) {
    let (mut act, effects) = Act::open(seen.action, seen.object.clone(), given, &mut stage.cx(at(0)));
    let [Effect::LookAct(ticket, action, object)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((*action, object), (seen.action, &seen.object));
    let effects = act.seen(*ticket, Ok(Box::new(seen)), &mut stage.cx(at(0))).effects;
    (act, effects)
}

fn asked(effects: &[Effect]) -> Fault {
    match effects {
        [Effect::CheckChange(_, fault, _)] => (**fault).clone(),
        other => panic!("{other:?}"),
    }
}

/// The intent as the server would have checked it, with the object and more in sight.
fn checked(fault: &Fault, object: ObjectRef, live: Option<Manifest>, ground: Ground) -> Box<Checked> {
    let mut ground = ground;
    ground.sight.given = vec![Given { object, wanted: fault.manifests[0].clone(), live }];
    ground.changed(fault)
}

fn screen(act: &Act, stage: &Stage) -> String {
    told(&draw(78, 16, |area, buf| act.view(area, buf, &stage.look(at(0)))), &stage.theme)
}

#[test]
fn a_number_is_asked_for_and_what_stands_is_shown() {
    let mut stage = Stage::new();
    let (mut act, effects) = opened(&mut stage, scaled(), "");
    assert!(effects.is_empty(), "a number is to be typed");
    assert_eq!(act.context(), Context::Input);
    assert!(screen(&act, &stage).contains("4 now"), "{}", screen(&act, &stage));
    // The number that stands is none to write.
    assert!(act.update(Command::Accept, &mut stage.cx(at(0))).effects.is_empty());
    assert!(screen(&act, &stage).contains("it has 4 already"));
    act.update(Command::DeleteAll, &mut stage.cx(at(0)));
    act.insert("many");
    assert!(act.update(Command::Accept, &mut stage.cx(at(0))).effects.is_empty());
    assert!(screen(&act, &stage).contains("`many` is no number of replicas"));
    act.update(Command::DeleteAll, &mut stage.cx(at(0)));
    act.insert("6");
    let reply = act.update(Command::Accept, &mut stage.cx(at(0)));
    let fault = asked(&reply.effects);
    assert_eq!(fault.manifests[0].at(&["spec", "replicas"]), Some(&json!(6)));
    let checked = checked(&fault, reviews(), Some(sights::deployment("reviews", 4)), Ground::calm());
    assert_eq!(checked.plan.purpose, Purpose::Change);
    assert_eq!(checked.preview.title, "Scale Deployment shop/reviews from 4 to 6");
    let [Effect::CheckChange(ticket, ..)] = reply.effects.as_slice() else { panic!() };
    assert!(matches!(act.checked(*ticket, Ok(checked)).turn, Turn::Preview(_)));
}

#[test]
fn what_was_typed_with_the_action_goes_straight_to_the_preview() {
    let mut stage = Stage::new();
    let (_, effects) = opened(&mut stage, scaled(), "0");
    let fault = asked(&effects);
    // Whoever takes every pod away types the name.
    let checked = checked(&fault, reviews(), Some(sights::deployment("reviews", 4)), Ground::calm());
    let lost = checked.preview.guard.iter().find(|one| one.rule == "pods-lost").unwrap();
    assert_eq!((lost.verdict, lost.value.as_str()), (Ruling::Confirm, "4 of 4 of shop/Deployment/reviews"));
}

#[test]
fn the_number_of_a_custom_kind_stands_where_its_definition_says() {
    let mut stage = Stage::new();
    let kind = Kind::namespaced("example.com", "v1", "Farm", "farms");
    let farm = ObjectRef::new(kind, "shop", "cows");
    let live = Manifest(json!({"kind": "Farm", "metadata": {"name": "cows"}, "spec": {"herd": {"size": 2}}}));
    let path = ["spec", "herd", "size"].map(str::to_owned).to_vec();
    let seen = Seen { scale: Some(Scale { replicas: 2, path }), ..seen(ActionKind::Scale, farm, live) };
    let fault = asked(&opened(&mut stage, seen, "5").1);
    assert_eq!(fault.manifests[0].at(&["spec", "herd", "size"]), Some(&json!(5)));
}

#[test]
fn a_restart_asks_nothing_and_writes_what_kubectl_writes() {
    let mut stage = Stage::new();
    let live = sights::deployment("reviews", 4);
    let (_, effects) = opened(&mut stage, seen(ActionKind::Restart, reviews(), live.clone()), "");
    let path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
    let fault = asked(&effects);
    assert_eq!(fault.manifests[0].text(&path), Some("2026-07-01T12:04:00Z"));
    let checked = checked(&fault, reviews(), Some(live), Ground::calm());
    assert_eq!(checked.preview.title, "Restart Deployment shop/reviews");

    let kind = Kind::namespaced("argoproj.io", "v1alpha1", "Rollout", "rollouts");
    let rollout = Manifest(json!({"kind": "Rollout", "metadata": {"name": "web"}, "spec": {}}));
    let seen = seen(ActionKind::Restart, ObjectRef::new(kind, "shop", "web"), rollout);
    let fault = asked(&opened(&mut stage, seen, "").1);
    assert_eq!(fault.manifests[0].text(&["spec", "restartAt"]), Some("2026-07-01T12:04:00Z"));
}

#[test]
fn what_is_paused_is_not_restarted() {
    let mut stage = Stage::new();
    let mut live = sights::deployment("reviews", 4);
    live.map_mut(&["spec"]).unwrap().insert("paused".to_owned(), json!(true));
    let (act, effects) = opened(&mut stage, seen(ActionKind::Restart, reviews(), live), "");
    assert!(effects.is_empty());
    assert!(screen(&act, &stage).contains("is paused: its pods would not be made anew"));
}

fn revision(number: i64, image: &str, current: bool) -> Revision {
    let template = json!({"metadata": {"labels": {"app": "reviews"}}, "spec": {"containers": [{"image": image}]}});
    let created = Some("2026-07-01T10:04:00Z".parse().unwrap());
    Revision { number, images: vec![image.to_owned()], created, cause: String::new(), current, template }
}

#[test]
fn a_revision_is_chosen_by_image_and_age_and_replaces_the_template_whole() {
    let mut stage = Stage::new();
    let live = sights::deployment("reviews", 4);
    let revisions =
        vec![revision(7, "shop/app:3", true), revision(6, "shop/app:2", false), revision(4, "shop/app:1", false)];
    let seen = Seen { revisions, ..seen(ActionKind::Rollback, reviews(), live.clone()) };
    let (mut act, effects) = opened(&mut stage, seen, "");
    assert!(effects.is_empty() && act.context() == Context::Picker);
    let shown = screen(&act, &stage);
    assert!(
        shown.contains("7       2h     shop/app:3  (stands now)") && shown.contains("4       2h     shop/app:1"),
        "{shown}"
    );
    act.update(Command::Up, &mut stage.cx(at(0)));
    assert!(act.update(Command::Choose, &mut stage.cx(at(0))).effects.is_empty(), "it stands already");
    act.update(Command::Last, &mut stage.cx(at(0)));
    let fault = asked(&act.update(Command::Choose, &mut stage.cx(at(0))).effects);
    let checked = checked(&fault, reviews(), Some(live), Ground::calm());
    assert_eq!(checked.preview.title, "Roll Deployment shop/reviews back to revision 4");
    let Change::Patch { edits } = &checked.plan.steps[0].change else { panic!() };
    // What the revision does not have goes: the service account.
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0].value.as_ref().unwrap().pointer("/spec/serviceAccountName"), None);
}

#[test]
fn labels_are_set_and_taken_off_beside_those_that_stand() {
    let mut stage = Stage::new();
    let map = ObjectRef::new(known::config_map(), "shop", "flags");
    let live = Manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "flags", "namespace": "shop", "uid": "u", "labels": {"old": "1", "stays": "yes"}},
    }));
    let (mut act, _) = opened(&mut stage, seen(ActionKind::Label, map.clone(), live.clone()), "");
    let shown = screen(&act, &stage);
    assert!(shown.contains("old=1") && shown.contains("stays=yes"), "{shown}");
    act.insert("tier=web old");
    assert!(act.update(Command::Accept, &mut stage.cx(at(0))).effects.is_empty());
    assert!(screen(&act, &stage).contains("`old` is neither key=value nor key-"));
    act.insert("-");
    let fault = asked(&act.update(Command::Accept, &mut stage.cx(at(0))).effects);
    let checked = checked(&fault, map, Some(live), Ground::calm());
    assert_eq!(checked.preview.title, "Label ConfigMap shop/flags: tier, old-");
    let stored = checked.stored[0].as_ref().unwrap();
    assert_eq!(stored.at(&["metadata", "labels"]), Some(&json!({"stays": "yes", "tier": "web"})));
    // Nobody reads the labels of a map: nothing asks for its name.
    assert!(checked.preview.guard.iter().all(|one| one.verdict == Ruling::Ok), "{:?}", checked.preview.guard);
}

#[test]
fn a_delete_says_what_goes_along_and_how() {
    let mut stage = Stage::new();
    let live = sights::deployment("reviews", 4);
    let (mut act, effects) = opened(&mut stage, seen(ActionKind::Delete, reviews(), live.clone()), "");
    assert!(effects.is_empty() && act.context() == Context::Form);
    act.update(Command::ValueNext, &mut stage.cx(at(0)));
    act.update(Command::FieldNext, &mut stage.cx(at(0)));
    act.update(Command::ValueNext, &mut stage.cx(at(0)));
    let shown = screen(&act, &stage);
    assert!(shown.contains("foreground  what it owns goes first") && shown.contains("none  at once; force"), "{shown}");
    let fault = asked(&act.update(Command::Submit, &mut stage.cx(at(0))).effects);
    let mut ground = Ground::calm();
    ground.sight.along = vec![sights::pod("reviews", 1), sights::pod("reviews", 2)];
    let checked = checked(&fault, reviews(), Some(live), ground);
    let removal = Removal { propagation: Propagation::Foreground, grace: Some(0) };
    assert_eq!(checked.plan.steps[0].change, Change::Remove(removal));
    assert!(checked.preview.predicts.contains(&"what it owns is deleted before it: 2 Pods".to_owned()));
    assert_eq!(checked.preview.undo, ["create Deployment shop/reviews anew as it was; its uid and status are new"]);
    assert_eq!(checked.preview.blast.pods, ["shop/reviews-abc-1", "shop/reviews-abc-2"]);
}

#[test]
fn in_production_the_name_of_what_is_deleted_is_typed() {
    let map = ObjectRef::new(known::config_map(), "shop", "flags");
    let live = Manifest(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags", "uid": "u"}}));
    let mut stage = Stage::new();
    let (mut act, _) = opened(&mut stage, seen(ActionKind::Delete, map.clone(), live.clone()), "");
    let fault = asked(&act.update(Command::Submit, &mut stage.cx(at(0))).effects);
    let ground = Ground { context: "prod-eu".to_owned(), ..Ground::calm() };
    let checked = checked(&fault, map, Some(live), ground);
    let deletes = checked.preview.guard.iter().find(|one| one.rule == "deletes").unwrap();
    assert_eq!(deletes.verdict, Ruling::Confirm);
    assert!(checked.preview.guard.iter().all(|one| one.verdict != Ruling::Refuse), "{:?}", checked.preview.guard);
    assert_eq!(checked.confirm_name, "flags");
}

#[test]
fn what_the_policy_forbids_is_not_deleted() {
    let secret = ObjectRef::new(Kind::namespaced("", "v1", "Secret", "secrets"), "shop", "token");
    let live = Manifest(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "uid": "u"}}));
    let mut stage = Stage::new();
    let (mut act, _) = opened(&mut stage, seen(ActionKind::Delete, secret.clone(), live.clone()), "");
    let fault = asked(&act.update(Command::Submit, &mut stage.cx(at(0))).effects);
    let checked = checked(&fault, secret, Some(live), Ground::calm());
    let kinds = checked.preview.guard.iter().find(|one| one.rule == "forbidden-kinds").unwrap();
    assert_eq!(kinds.verdict, Ruling::Refuse);
}

#[test]
fn a_drain_evicts_by_name_and_says_what_stays() {
    let mut stage = Stage::new();
    let live = sights::node("n1", "a");
    let (mut act, effects) = opened(&mut stage, seen(ActionKind::Drain, node(), live.clone()), "");
    assert!(effects.is_empty());
    assert!(screen(&act, &stage).contains("left alone  nobody would bring them back"));
    let fault = asked(&act.update(Command::Submit, &mut stage.cx(at(0))).effects);
    let mut ground = Ground::calm();
    for pod in &mut ground.sight.pods {
        pod.map_mut(&["spec"]).unwrap().insert("nodeName".to_owned(), json!("n1"));
    }
    let mut system = sights::pod("dns", 1);
    system.map_mut(&["metadata"]).unwrap().insert("namespace".to_owned(), json!("kube-system"));
    system.map_mut(&["spec"]).unwrap().insert("nodeName".to_owned(), json!("n1"));
    ground.sight.pods.push(system);
    let pods = ground.sight.pods.len() - 1;
    let checked = checked(&fault, node(), Some(live), ground);
    assert_eq!(checked.preview.title, format!("Drain Node n1 of {pods} pods"));
    assert!(matches!(checked.plan.steps[0].change, Change::Patch { .. }), "the cordon comes first");
    assert!(checked.plan.steps[1..].iter().all(|step| step.change == Change::Evict));
    let stays = "left alone: kube-system/dns-abc-1: its namespace is protected (kube-*)";
    assert!(checked.preview.predicts.iter().any(|line| line == stays), "{:?}", checked.preview.predicts);
    assert!(checked.preview.guard.iter().all(|one| one.verdict != Ruling::Refuse), "{:?}", checked.preview.guard);
}

#[test]
fn who_may_not_or_finds_nothing_is_told_before_any_form() {
    let mut stage = Stage::new();
    let (mut act, effects) = Act::open(ActionKind::Scale, reviews(), "", &mut stage.cx(at(0)));
    let [Effect::LookAct(ticket, ..)] = effects.as_slice() else { panic!() };
    let failure = Failure::new("you may not patch deployments.apps in shop", "ask for the right to");
    act.seen(*ticket, Err(failure), &mut stage.cx(at(0)));
    assert!(screen(&act, &stage).contains("you may not patch deployments.apps in shop"));
    assert!(act.update(Command::Accept, &mut stage.cx(at(0))).effects.is_empty());
    assert!(matches!(act.update(Command::Back, &mut stage.cx(at(0))).turn, Turn::Close));
}

/// Several objects with what was given of them, checked as one plan.
fn together(fault: &Fault, live: &[Manifest], ground: Ground) -> Box<Checked> {
    let mut ground = ground;
    let given = |(wanted, live): (&Manifest, &Manifest)| {
        let kind = if live.kind() == "Node" { known::node() } else { known::deployment() };
        let object = ObjectRef { kind, namespace: wanted.namespace().map(str::to_owned), name: live.name().to_owned() };
        Given { object, wanted: wanted.clone(), live: Some(live.clone()) }
    };
    ground.sight.given = fault.manifests.iter().zip(live).map(given).collect();
    ground.changed(fault)
}

fn all_opened(stage: &mut Stage, all: Vec<Seen>, given: &str) -> (Act, Vec<Effect>) {
    let objects = all.iter().map(|seen| seen.object.clone()).collect();
    let (mut act, effects) = Act::open_all(all[0].action, objects, Vec::new(), given, &mut stage.cx(at(0)));
    let mut last = Vec::new();
    for (effect, seen) in effects.iter().zip(all) {
        let Effect::LookAct(ticket, ..) = effect else { panic!("{effect:?}") };
        last = act.seen(*ticket, Ok(Box::new(seen)), &mut stage.cx(at(0))).effects;
    }
    (act, last)
}

fn of(name: &str, replicas: u32) -> Seen {
    let scale = Scale { replicas, path: vec!["spec".to_owned(), "replicas".to_owned()] };
    let object = ObjectRef::new(known::deployment(), "shop", name);
    Seen { scale: Some(scale), ..seen(ActionKind::Scale, object, sights::deployment(name, replicas)) }
}

#[test]
fn several_are_one_plan_with_a_step_each_and_one_undo() {
    let mut stage = Stage::new();
    let all = vec![of("reviews", 4), of("ratings", 1), of("web", 6)];
    let live: Vec<Manifest> = all.iter().map(|seen| seen.live.clone()).collect();
    let (mut act, effects) = all_opened(&mut stage, all, "");
    assert!(effects.is_empty() && act.context() == Context::Input);
    assert!(screen(&act, &stage).contains("6 now: Deployment shop/web"), "{}", screen(&act, &stage));
    act.insert("6");
    let fault = asked(&act.update(Command::Accept, &mut stage.cx(at(0))).effects);
    let checked = together(&fault, &live, Ground::calm());
    assert_eq!(checked.preview.title, "Scale 2 Deployments of shop to 6");
    let steps: Vec<_> = checked.plan.steps.iter().map(|step| (step.n, step.object.name.as_str())).collect();
    assert_eq!(steps, [(1, "reviews"), (2, "ratings")]);
    let said = "Deployment shop/web is already so: it stays as it is";
    assert!(checked.preview.predicts.iter().any(|line| line == said), "{:?}", checked.preview.predicts);
    assert_eq!(checked.preview.undo.len(), 2);
    assert_eq!(checked.confirm_name, "2 deployments", "whoever must type the name types how many");
}

#[test]
fn what_is_lost_of_all_is_judged_together() {
    let mut stage = Stage::new();
    let all = vec![of("reviews", 4), of("ratings", 2)];
    let live: Vec<Manifest> = all.iter().map(|seen| seen.live.clone()).collect();
    let fault = asked(&all_opened(&mut stage, all, "0").1);
    let checked = together(&fault, &live, Ground::calm());
    let lost = checked.preview.guard.iter().find(|one| one.rule == "pods-lost").unwrap();
    assert_eq!(lost.verdict, Ruling::Confirm);
    assert!(lost.value.contains("4 of 4 of shop/Deployment/reviews"), "{}", lost.value);
    assert!(lost.value.contains("2 of 2 of shop/Deployment/ratings"), "{}", lost.value);
}

#[test]
fn one_that_refuses_refuses_for_all() {
    let mut stage = Stage::new();
    let mut paused = sights::deployment("ratings", 2);
    paused.map_mut(&["spec"]).unwrap().insert("paused".to_owned(), json!(true));
    let ratings = ObjectRef::new(known::deployment(), "shop", "ratings");
    let all = vec![
        seen(ActionKind::Restart, reviews(), sights::deployment("reviews", 4)),
        seen(ActionKind::Restart, ratings, paused),
    ];
    let (act, effects) = all_opened(&mut stage, all, "");
    assert!(effects.is_empty());
    let shown = screen(&act, &stage);
    assert!(shown.contains("1 of 2 refuse: Deployment shop/ratings"), "{shown}");
}

#[test]
fn all_nodes_are_cordoned_before_any_pod_moves() {
    let mut stage = Stage::new();
    let live = [sights::node("n1", "a"), sights::node("n2", "a")];
    let of = |name: &str, live: &Manifest| {
        let object = ObjectRef { kind: known::node(), namespace: None, name: name.to_owned() };
        seen(ActionKind::Drain, object, live.clone())
    };
    let (mut act, _) = all_opened(&mut stage, vec![of("n1", &live[0]), of("n2", &live[1])], "");
    let fault = asked(&act.update(Command::Submit, &mut stage.cx(at(0))).effects);
    let mut ground = Ground::calm();
    for (at, pod) in ground.sight.pods.iter_mut().enumerate() {
        let node = if at % 2 == 0 { "n1" } else { "n2" };
        pod.map_mut(&["spec"]).unwrap().insert("nodeName".to_owned(), json!(node));
    }
    let pods = ground.sight.pods.len();
    let checked = together(&fault, &live, ground);
    assert_eq!(checked.preview.title, format!("Drain 2 Nodes with {pods} pods"));
    let evicts: Vec<bool> = checked.plan.steps.iter().map(|step| step.change == Change::Evict).collect();
    assert_eq!(evicts[..2], [false, false]);
    assert!(evicts.len() == pods + 2 && evicts[2..].iter().all(|evict| *evict));
    assert_eq!(checked.confirm_name, "2 nodes");
}
