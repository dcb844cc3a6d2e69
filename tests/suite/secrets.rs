//! A fault among whose values is a secret: it stays on the machine that made it, and everybody is told what that means.

use std::{fs, path::Path, time::Duration};

use brink::{
    cluster::{Kind, Manifest, ObjectRef, warrant::Purpose},
    fault::{
        checked::Checked,
        class::Class,
        compare::deviations,
        injection::State,
        intent::Driver,
        io::check::check,
        plan::{Change, Edit, Plan, Reach, Step},
        policy::Policy,
        preview::Ruling,
        record,
        rules::Terms,
        sight::Sight,
        traffic::Traffic,
        undo::Decision,
        view::InjectionView,
    },
    journal::{entry::Outcome, path::Seg},
};
use serde_json::{Value, json};

use super::support::{
    fake_cluster::Twist,
    families::{Family, LEASE, deployment, fault, policy},
    rig::{ID, Rig},
};

const OLD: &str = "hunter2hunter2";
const NEW: &str = "correct-horse-9";

/// A shop whose Deployment holds a password in a variable, and its name in another.
fn rig() -> Rig {
    let mut rig = Rig::new(Family::Image);
    rig.world.with(|store| {
        store.edit(&deployment(), "ben", |object| {
            object["spec"]["template"]["spec"]["containers"][1]["env"] =
                json!([{"name": "DB_PASSWORD", "value": OLD}, {"name": "GREETING", "value": "hello"}]);
        });
    });
    rig.before = rig.world.picture();
    rig
}

fn plan(steps: Vec<Step>, class: Class, fuses: Vec<String>) -> Plan {
    let fault = fault(ID);
    Plan {
        id: ID.to_owned(),
        purpose: Purpose::Fault,
        driver: Driver::Native,
        driver_why: String::new(),
        alternatives: Vec::new(),
        class,
        duration: fault.duration,
        lease: fault.lease,
        fault,
        title: "another variable".to_owned(),
        steps,
        fuses,
        reach: Reach::default(),
        predicts: Vec::new(),
        doubts: Vec::new(),
        undo: Vec::new(),
    }
}

/// Another value of a variable of the Deployment.
fn variable(rig: &Rig, name: &str, value: &str) -> Plan {
    let field = |name: &str| Seg::Field(name.to_owned());
    let named = |name: &str| Seg::Named { key: "name".to_owned(), value: name.to_owned() };
    let path = vec![
        field("spec"),
        field("template"),
        field("spec"),
        field("containers"),
        named("web"),
        field("env"),
        named(name),
        field("value"),
    ];
    let step = Step {
        n: 1,
        object: deployment(),
        change: Change::Patch { edits: vec![Edit { path, value: Some(json!(value)), at: None }] },
        before: rig.world.get(&deployment()).map(Manifest),
        residue: Vec::new(),
        assumed: false,
    };
    plan(vec![step], Class::Guarded, Vec::new())
}

/// A policy of our own that only lets a key through.
fn key_policy() -> Plan {
    let object = Manifest(json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": format!("brink-{ID}"), "namespace": "shop"},
        "spec": {"action": "DENY", "rules": [{"when": [{"key": "request.headers[x-api-key]", "notValues": ["Bearer abc123def456"]}]}]}}));
    let step = Step {
        n: 1,
        object: policy(ID),
        change: Change::Create { object, fused: true },
        before: None,
        residue: Vec::new(),
        assumed: false,
    };
    plan(vec![step], Class::SelfExpiring, vec!["shop".to_owned()])
}

async fn checked(rig: &Rig, plan: Plan, context: &str) -> Checked {
    let terms = Terms { policy: Policy::default(), context: context.to_owned(), readonly: false };
    let traffic = Traffic { total: Some(100.0), ..Traffic::default() };
    check(&rig.world.client("preview"), plan, &Sight::default(), &terms, &traffic).await.unwrap()
}

/// Everything of brink's own in the cluster, as text.
fn nets(rig: &Rig) -> String {
    let picture = rig.world.picture();
    let own = ["/configmaps/", "/jobs/", "/events/"];
    picture
        .iter()
        .filter(|(key, _)| own.iter().any(|kind| key.contains(kind)))
        .map(|(_, object)| object.to_string())
        .collect()
}

/// Every file below a folder, as text.
fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        text.push_str(&if path.is_dir() { files(&path) } else { fs::read_to_string(&path).unwrap_or_default() });
    }
    text
}

fn ruling<'a>(checked: &'a Checked, rule: &str) -> (Ruling, &'a str) {
    let verdict = checked.preview.guard.iter().find(|one| one.rule == rule).unwrap();
    (verdict.verdict, &verdict.value)
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_on_no_screen_and_in_no_record() {
    let rig = rig();
    let checked = checked(&rig, variable(&rig, "DB_PASSWORD", NEW), "kind-demo").await;
    let shown = serde_json::to_string(&checked.preview).unwrap();
    assert!(!shown.contains(OLD) && !shown.contains(NEW), "{shown}");
    let diff = &checked.preview.changes[0].diff;
    assert!(diff.contains("-          value: (masked-1)\n+          value: (masked-2)\n"), "{diff}");
    assert!(diff.contains("value: hello"), "{diff}");
    assert_eq!(checked.preview.class, "guarded");
    assert!(checked.preview.promise().contains("a later brink on this machine"), "{}", checked.preview.promise());
    let (_, value) = ruling(&checked, "class");
    assert!(value.contains("Deployment shop/web") && value.contains("env[name=DB_PASSWORD].value"), "{value}");

    let cockpit = rig.cockpit();
    cockpit.apply(checked).await.unwrap();
    assert!(rig.bites());
    let record = nets(&rig);
    assert!(record.contains("\"injection\":\"7f3a9c\"") && !record.contains(OLD) && !record.contains(NEW), "{record}");
    // The way back stands here.
    assert!(files(&rig.state().join("open")).contains(OLD));
    let view = cockpit.engine.abort(ID).await.unwrap();
    assert_eq!(view.state, State::Recovered, "{view:?}");
    rig.assert_clean("a secret");
    let kept = files(&rig.state());
    assert!(!kept.contains(OLD) && !kept.contains(NEW), "a finished journal keeps a secret");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_secret_stands_in_the_record_as_ever() {
    let rig = rig();
    let checked = checked(&rig, variable(&rig, "GREETING", "goodbye"), "kind-demo").await;
    assert_eq!((checked.preview.class.as_str(), checked.preview.class_why.as_str()), ("guarded", ""));
    let cockpit = rig.cockpit();
    cockpit.apply(checked).await.unwrap();
    assert!(nets(&rig).contains("goodbye"));
    // Its owner is gone for good: anybody can undo it from the record.
    rig.kill_both(cockpit).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    assert_eq!(other.engine.abort(ID).await.unwrap().state, State::Recovered);
}

#[tokio::test(start_paused = true)]
async fn another_machine_is_told_where_the_undo_stands_and_writes_nothing() {
    let rig = rig();
    let cockpit = rig.cockpit();
    cockpit.apply(checked(&rig, variable(&rig, "DB_PASSWORD", NEW), "kind-demo").await).await.unwrap();
    rig.kill_both(cockpit).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    let view = other.engine.abort(ID).await.unwrap();
    assert_eq!(view.state, State::Stuck, "{view:?}");
    assert!(view.trouble.as_ref().unwrap().contains("only in the journal of the machine that made it"), "{view:?}");
    assert!(rig.bites(), "it guessed");
    other.kill().await;
    for user in ["cleo", "ana"] {
        let (elsewhere, here) = (tempfile::tempdir().unwrap(), rig.state());
        let folder = if user == "ana" { here.as_path() } else { elsewhere.path() };
        let asking = rig.cockpit_at(folder, user);
        let by_hand = asking.engine.print(ID).await.unwrap().join("\n");
        assert!(by_hand.contains(&format!("/{ID}.jsonl of the state directory of")), "{by_hand}");
        assert!(!by_hand.contains(OLD) && !by_hand.contains(NEW), "{by_hand}");
    }

    // The machine that made it knows how.
    let (mine, views) = rig.next_start().await;
    assert_eq!(views[0].state, State::Recovered, "{views:?}");
    assert_eq!(views[0].steps[0].outcome, Some(Outcome::Restored));
    mine.kill().await;
    rig.assert_clean("recovered at home");
}

#[tokio::test(start_paused = true)]
async fn a_living_owner_ends_it_for_whoever_asks() {
    for same_machine in [false, true] {
        let rig = rig();
        let cockpit = rig.cockpit();
        cockpit.apply(checked(&rig, variable(&rig, "DB_PASSWORD", NEW), "kind-demo").await).await.unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let asking = if same_machine { rig.cockpit() } else { rig.cockpit_at(elsewhere.path(), "ben") };
        let view = asking.engine.abort(ID).await.unwrap();
        assert_eq!(view.state, State::Recovered, "{view:?}");
        assert!(!rig.bites());
        rig.until("its owner", 30, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        rig.assert_clean("ended by its owner");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_owner_on_this_machine_is_stood_in_for_with_its_journal() {
    let rig = rig();
    let cockpit = rig.cockpit();
    cockpit.apply(checked(&rig, variable(&rig, "DB_PASSWORD", NEW), "kind-demo").await).await.unwrap();
    // It holds its journal and is heard no more.
    let owner = cockpit.client.name().to_owned();
    rig.world.script(move |call, _| {
        if call.client == owner || call.client.starts_with("guardian") { Twist::CutBefore } else { Twist::Pass }
    });
    let asking = rig.cockpit();
    let view = asking.engine.abort(ID).await.unwrap();
    assert_eq!((view.state, view.steps[0].outcome), (State::Recovered, Some(Outcome::Restored)), "{view:?}");
    assert!(!rig.bites());
}

#[tokio::test(start_paused = true)]
async fn a_person_may_leave_it_as_it_is_elsewhere() {
    let rig = rig();
    let cockpit = rig.cockpit();
    cockpit.apply(checked(&rig, variable(&rig, "DB_PASSWORD", NEW), "kind-demo").await).await.unwrap();
    rig.kill_both(cockpit).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = rig.cockpit_at(elsewhere.path(), "ben");
    other.engine.abort(ID).await.unwrap();
    assert!(other.engine.decide(ID, Decision::KeepTheirs).await.is_err(), "it is not his before its deadline");
    tokio::time::sleep(Duration::from_secs(LEASE)).await;
    // Nothing it could be forced to.
    let view = other.engine.decide(ID, Decision::ForceMine).await.unwrap();
    assert_eq!(view.state, State::Stuck, "{view:?}");
    let view = other.engine.decide(ID, Decision::KeepTheirs).await.unwrap();
    assert_eq!((view.state, view.steps[0].outcome), (State::Residue, Some(Outcome::Superseded)), "{view:?}");
    assert!(rig.bites());
}

#[tokio::test(start_paused = true)]
async fn a_secret_makes_a_self_expiring_fault_guarded() {
    let rig = rig();
    let checked_here = checked(&rig, key_policy(), "kind-demo").await;
    assert_eq!(checked_here.preview.class, "guarded");
    assert_eq!(ruling(&checked_here, "class").0, Ruling::Ok);
    let production = checked(&rig, key_policy(), "eu-prod").await;
    let (verdict, value) = ruling(&production, "class");
    assert!(verdict == Ruling::Refuse && value.contains("a secret is among the values"), "{value}");
    assert!(!serde_json::to_string(&production.preview).unwrap().contains("abc123def456"));

    let cockpit = rig.cockpit();
    cockpit.apply(checked_here).await.unwrap();
    let record: Vec<Value> =
        rig.world.picture().into_iter().filter(|(key, _)| key.contains("/configmaps/")).map(|(_, map)| map).collect();
    assert!(!record[0].to_string().contains("abc123def456"), "{record:?}");
    assert_eq!(record::read(&Manifest(record[0].clone())).unwrap().arm.class, "guarded");
    // The fuse burns all the same: what it owns carries nothing back.
    rig.kill_both(cockpit).await;
    rig.until("the fuse", u32::try_from(LEASE).unwrap() + 70, || !rig.bites()).await;
}

#[test]
fn a_deviation_names_the_place_and_not_the_secret() {
    let object = |password: &str| {
        Manifest(
            json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"env": [{"name": "DB_PASSWORD", "value": password}]}}),
        )
    };
    let told = deviations(&object(OLD), &object(NEW));
    assert_eq!(told, ["spec.env[name=DB_PASSWORD].value: previewed \"(masked-1)\", stored \"(masked-2)\""]);
}

#[test]
fn kinds_without_values_of_their_own_are_unchanged() {
    // Scaling says a number and a pod that is evicted nothing.
    let kind = Kind::namespaced("apps", "v1", "Deployment", "deployments");
    let before = Manifest(json!({"kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "DB_PASSWORD", "value": OLD}]}]}}}}));
    for change in [Change::Scale { from: 3, to: 1 }, Change::Evict] {
        let object = ObjectRef::new(kind.clone(), "shop", "web");
        let step = Step { n: 1, object, change, before: Some(before.clone()), residue: Vec::new(), assumed: false };
        let plan = plan(vec![step], Class::Guarded, Vec::new());
        assert_eq!(brink::fault::arming::secrets(&plan, &plan.steps[0], None), Vec::<String>::new());
    }
}
