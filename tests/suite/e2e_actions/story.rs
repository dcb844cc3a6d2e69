//! What is done, and what must come of it.

use brink::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api as _, Propagation, Read, Removal},
    },
    fault::{
        action::{Action, ActionKind, drain::Drain, keeps, pairs},
        injection::State,
        known,
    },
};
use serde_json::{Value, json};

use super::hand::Hand;
use crate::suite::support::wait::found;

const OBJECTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: acted}
spec:
  replicas: 2
  selector: {matchLabels: {app: acted}}
  template:
    metadata: {labels: {app: acted}}
    spec: {containers: [{name: acted, image: \"shop/app:1\"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: stored}
spec:
  serviceName: stored
  replicas: 2
  selector: {matchLabels: {app: stored}}
  template:
    metadata: {labels: {app: stored}}
    spec: {containers: [{name: stored, image: \"shop/db:1\"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: \"0 3 1 1 *\"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: nightly, image: \"shop/job:1\"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flags, labels: {old: \"1\"}}
data: {slow: \"true\"}
";

/// Nothing of it may go.
const BUDGET: &str = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: acted}
spec:
  maxUnavailable: 0
  selector: {matchLabels: {app: acted}}
";

fn object(kind: Kind, name: &str) -> ObjectRef {
    ObjectRef::new(kind, "shop", name)
}

fn cron_job() -> ObjectRef {
    object(Kind::namespaced("batch", "v1", "CronJob", "cronjobs"), "nightly")
}

fn image(object: &Manifest) -> Value {
    object.0.pointer("/spec/template/spec/containers/0/image").cloned().unwrap_or_default()
}

fn ready(object: &Manifest, many: u64) -> bool {
    let number = |path: &[&str]| object.at(path).and_then(Value::as_u64);
    number(&["status", "readyReplicas"]) == Some(many) && number(&["status", "updatedReplicas"]) == Some(many)
}

pub fn tell(hand: &Hand) {
    hand.make(OBJECTS);
    let (deployment, set) = (object(known::deployment(), "acted"), object(known::stateful_set(), "stored"));
    hand.until("the pods", &deployment, |one| ready(one, 2));
    scales(hand, &deployment);
    restarts(hand, &deployment);
    rolls_back(hand, &deployment);
    rolls_back(hand, &set);
    labels(hand);
    triggers(hand);
    deletes(hand, &deployment);
    cordons(hand);
    drains(hand, &deployment);
}

fn scales(hand: &Hand, deployment: &ObjectRef) {
    let seen = hand.look(ActionKind::Scale, deployment).unwrap();
    assert_eq!(seen.scale.as_ref().map(|scale| scale.replicas), Some(2));
    assert!(Action::Scale(2).intent(&seen).is_err(), "it has two already");
    let checked = hand.previewed(deployment, &Action::Scale(3));
    assert_eq!(checked.preview.title, "Scale Deployment shop/acted from 2 to 3");
    assert!(checked.preview.changes[0].diff.contains("+  replicas: 3"), "{}", checked.preview.changes[0].diff);
    let id = hand.apply(checked);
    hand.until("three pods", deployment, |one| ready(one, 3));
    let view = hand.kept(&id);
    assert_eq!((view.state, keeps::undo(&view)), (State::Active, Ok(())));
    assert!(hand.foreseen(&id).steps[0].diff.contains("+  replicas: 2"));
    assert_eq!(hand.undo(&id).state, State::Recovered);
    hand.until("two pods", deployment, |one| ready(one, 2));
}

fn restarts(hand: &Hand, deployment: &ObjectRef) {
    let at = "2026-01-02T03:04:05Z";
    let id = hand.act(deployment, &Action::Restart(at.parse().unwrap()));
    let path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
    hand.until("new pods", deployment, |one| one.text(&path) == Some(at) && ready(one, 2));
    assert_eq!(hand.undo(&id).state, State::Recovered);
    assert_eq!(hand.get(deployment).unwrap().text(&path), None);
}

/// A new image, then the revision before.
fn rolls_back(hand: &Hand, workload: &ObjectRef) {
    let before = image(&hand.get(workload).unwrap());
    let (app, kind) = (&workload.name, &workload.kind.kind);
    hand.make(&format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {app}}}\nspec: {{template: {{spec: {{containers: [{{name: {app}, image: \"shop/wrong:9\"}}]}}}}}}\n"
    ));
    let seen = found("the revision before", 120, || {
        let seen = hand.look(ActionKind::Rollback, workload).ok()?;
        seen.revisions.first().is_some_and(|newest| newest.images == ["shop/wrong:9"]).then_some(seen)
    });
    let then = seen.revisions.iter().find(|one| one.images == [before.as_str().unwrap()]).unwrap().clone();
    assert!(!then.current && then.number < seen.revisions[0].number, "{:?}", seen.revisions);
    let id = hand.act(workload, &Action::Rollback(then));
    let after = hand.until("the image before", workload, |one| image(one) == before);
    let labels = after.at(&["spec", "template", "metadata", "labels"]).unwrap();
    assert_eq!(labels, &json!({"app": app}), "nothing of the controller's own is left in the template");
    assert_eq!(hand.undo(&id).state, State::Recovered);
    assert_eq!(image(&hand.get(workload).unwrap()), "shop/wrong:9");
    let seen = hand.look(ActionKind::Rollback, workload).unwrap();
    let then = seen.revisions.into_iter().find(|one| one.images == [before.as_str().unwrap()]).unwrap();
    hand.act(workload, &Action::Rollback(then));
}

fn labels(hand: &Hand) {
    let map = object(known::config_map(), "flags");
    let action = Action::Pairs(ActionKind::Label, pairs::read("tier=web old-", true).unwrap());
    let id = hand.act(&map, &action);
    let labelled = hand.get(&map).unwrap();
    assert_eq!((labelled.label("tier"), labelled.label("old")), (Some("web"), None));
    assert_eq!(hand.undo(&id).state, State::Recovered);
    let back = hand.get(&map).unwrap();
    assert_eq!((back.label("tier"), back.label("old")), (None, Some("1")));
}

fn triggers(hand: &Hand) {
    let cron = cron_job();
    let id = hand.act(&cron, &Action::Suspend(true));
    assert_eq!(hand.get(&cron).unwrap().at(&["spec", "suspend"]), Some(&json!(true)));
    assert_eq!(hand.undo(&id).state, State::Recovered);
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let checked = hand.previewed(&cron, &Action::Trigger(at));
    let job = checked.plan.steps[0].object.clone();
    let id = hand.apply(checked);
    let made = hand.until("the job", &job, |_| true);
    assert_eq!(made.annotation("cronjob.kubernetes.io/instantiate"), Some("manual"));
    assert_eq!(made.0.pointer("/metadata/ownerReferences/0/name"), Some(&json!("nightly")));
    let told = keeps::undo(&hand.kept(&id)).unwrap_err();
    assert_eq!(told, "no undo: what a job did cannot be taken back");
}

fn deletes(hand: &Hand, deployment: &ObjectRef) {
    let before = hand.until("the pods", deployment, |one| ready(one, 2));
    let removal = Removal { propagation: Propagation::Background, grace: None };
    let checked = hand.previewed(deployment, &Action::Delete(ActionKind::Delete, removal));
    let said = checked.preview.predicts.join("\n");
    assert!(said.contains("the cluster deletes what it owns after it: ") && said.contains("2 Pods"), "{said}");
    assert!(said.contains("its uid and status are new"), "{said}");
    let id = hand.apply(checked);
    found("its end", 120, || hand.get(deployment).is_none().then_some(()));
    let undone = hand.undo(&id);
    assert!(undone.ended(), "{undone:?}");
    let back = hand.until("its pods", deployment, |one| ready(one, 2));
    assert_ne!(back.uid(), before.uid());
    assert_eq!(back.at(&["spec", "template"]), before.at(&["spec", "template"]));
}

fn nodes(hand: &Hand) -> Vec<Manifest> {
    let list = Read::List { kind: known::node(), namespace: None, labels: String::new() };
    hand.wait(hand.live.read(&list)).unwrap().body.items(&known::node())
}

fn cordons(hand: &Hand) {
    let node = ObjectRef::new(known::node(), "", nodes(hand)[0].name());
    let closed = |one: &Manifest| one.at(&["spec", "unschedulable"]) == Some(&json!(true));
    let id = hand.act(&node, &Action::Cordon(true));
    hand.until("the cordon", &node, closed);
    let seen = hand.look(ActionKind::Cordon, &node).unwrap();
    assert!(Action::Cordon(true).intent(&seen).is_err(), "it is cordoned already");
    assert_eq!(hand.undo(&id).state, State::Recovered);
    assert!(!closed(&hand.get(&node).unwrap()));
}

/// The pods of the Deployment, and the nodes they run on.
fn pods(hand: &Hand) -> Vec<Manifest> {
    let list = Read::List { kind: known::pod(), namespace: Some("shop".to_owned()), labels: "app=acted".to_owned() };
    let all = hand.wait(hand.live.read(&list)).unwrap().body.items(&known::pod());
    all.into_iter().filter(|pod| !pod.terminating() && pod.text(&["spec", "nodeName"]).is_some()).collect()
}

fn drains(hand: &Hand, deployment: &ObjectRef) {
    hand.until("the pods", deployment, |one| ready(one, 2));
    let on = pods(hand)[0].text(&["spec", "nodeName"]).unwrap().to_owned();
    let node = ObjectRef::new(known::node(), "", &on);
    let closed = |one: &Manifest| one.at(&["spec", "unschedulable"]) == Some(&json!(true));

    // A budget holds it up, and it is stopped.
    hand.make(BUDGET);
    let budget = object(known::disruption_budget(), "acted");
    hand.until("the budget", &budget, |one| {
        one.at(&["status", "expectedPods"]).and_then(Value::as_u64).is_some_and(|many| many > 0)
    });
    let id = hand.act(&node, &Action::Drain(Drain::default()));
    hand.until("the cordon", &node, closed);
    hand.seen("what it waits for", &id, |view| {
        view.trouble.as_ref().is_some_and(|told| told.contains("waits for its budget"))
    });
    let stopped = hand.stop(&id);
    assert!(stopped.ended(), "{stopped:?}");
    assert!(!closed(&hand.get(&node).unwrap()), "its undo uncordons");
    assert!(pods(hand).iter().any(|pod| pod.text(&["spec", "nodeName"]) == Some(&on)), "the budget was respected");

    // Without the budget it goes through.
    hand.act(&budget, &Action::Delete(ActionKind::Delete, Removal::default()));
    found("the end of the budget", 60, || hand.get(&budget).is_none().then_some(()));
    let id = hand.act(&node, &Action::Drain(Drain::default()));
    hand.seen("the end of the drain", &id, |view| view.state == State::Active);
    found("empty of it", 120, || {
        let left = pods(hand).iter().any(|pod| pod.text(&["spec", "nodeName"]) == Some(&on));
        (!left).then_some(())
    });
    assert!(closed(&hand.get(&node).unwrap()));
    assert!(hand.undo(&id).ended());
    assert!(!closed(&hand.get(&node).unwrap()));
}

pub fn refused(hand: &Hand) {
    let told = hand.look(ActionKind::Delete, &object(known::config_map(), "kube-root-ca.crt")).unwrap_err();
    assert_eq!(told.what, "you may not delete configmaps in shop");
    let told = hand.look(ActionKind::Drain, &object(known::config_map(), "kube-root-ca.crt")).unwrap_err();
    assert!(told.what.contains("it needs a Node"), "{}", told.what);
}
