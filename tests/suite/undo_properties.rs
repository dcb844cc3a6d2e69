//! What holds of every undo, whatever the object, the edits, the other writers and the moment of a crash.

use brink::{
    cluster::{Kind, Manifest, ObjectRef, api::Write},
    fault::{
        drivers::compile,
        edit, identity,
        intent::Fault,
        mark::Mark,
        plan::{Change, Edit, Step},
        record,
        undo::{Act, Found, Known, decide},
        view::InjectionView,
        write::{Tie, forward},
    },
    journal::{
        entry::{Access, Arm, Outcome, StepFact},
        path::Seg,
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fault::sights;
use super::support::{
    fake_cluster::Twist,
    families::{Family, wrap},
    rig::Rig,
};

const ID: &str = "7f3a9c";

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1.0e6..1.0e6f64).prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::btree_map("[a-d]", inner.clone(), 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            proptest::collection::btree_map("[w-z]", inner.clone(), 0..4).prop_map(|map| {
                let named = |(name, value): (String, Value)| json!({"name": name, "value": value});
                Value::Array(map.into_iter().map(named).collect())
            }),
            proptest::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

/// Every place of a value that an edit may name.
fn places(value: &Value, here: &[Seg], found: &mut Vec<Vec<Seg>>) {
    match value {
        Value::Object(map) => {
            for (field, inner) in map {
                let path = [here, &[Seg::Field(field.clone())]].concat();
                places(inner, &path, found);
                found.push(path);
            }
        }
        Value::Array(list) if list.iter().all(|item| item.get("name").is_some_and(Value::is_string)) => {
            for item in list {
                let name = item["name"].as_str().unwrap().to_owned();
                let path = [here, &[Seg::Named { key: "name".to_owned(), value: name }]].concat();
                let value = [path.as_slice(), &[Seg::Field("value".to_owned())]].concat();
                places(&item["value"], &value, found);
                found.push(path);
                found.push(value);
            }
        }
        _ => {}
    }
}

/// An edit of a random place: a new value, a removal, a new field, a new element.
fn an_edit(spec: &Value, pick: usize, how: u8, value: Value) -> Option<Edit> {
    let mut all = Vec::new();
    places(spec, &[], &mut all);
    let path = if all.is_empty() { Vec::new() } else { all[pick % all.len()].clone() };
    let path = [&[Seg::Field("spec".to_owned())], path.as_slice()].concat();
    let there = edit::find(&json!({"spec": spec}), &path).cloned()?;
    let named = matches!(path.last(), Some(Seg::Named { .. }));
    match how % 3 {
        0 if !named => Some(Edit { path, value: Some(value), at: None }),
        1 if path.len() > 1 => Some(Edit { path, value: None, at: None }),
        _ => match there {
            Value::Object(_) if !named => {
                Some(Edit { path: [path, vec![Seg::Field("new".to_owned())]].concat(), value: Some(value), at: None })
            }
            Value::Array(list) if list.iter().all(|item| item.get("name").is_some_and(Value::is_string)) => {
                let ours = Seg::Named { key: "name".to_owned(), value: "ours".to_owned() };
                let element = json!({"name": "ours", "value": value});
                Some(Edit {
                    path: [path, vec![ours]].concat(),
                    value: Some(element),
                    at: Some(pick % (list.len() + 1)),
                })
            }
            _ => None,
        },
    }
}

fn object() -> ObjectRef {
    ObjectRef::new(Kind::namespaced("x.example", "v1", "Thing", "things"), "shop", "thing")
}

fn live(spec: &Value) -> Manifest {
    Manifest(json!({
        "apiVersion": "x.example/v1", "kind": "Thing",
        "metadata": {"name": "thing", "namespace": "shop", "uid": "u-1", "resourceVersion": "7"},
        "spec": spec
    }))
}

fn step(before: &Manifest, edits: Vec<Edit>) -> Step {
    Step {
        n: 1,
        object: object(),
        change: Change::Patch { edits },
        before: Some(before.clone()),
        residue: Vec::new(),
        assumed: false,
    }
}

/// The step as armed, by the production path from a checked plan.
fn armed(rig: &Rig, step: &Step) -> Arm {
    let checked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(rig.checked());
    let mut plan = checked.plan;
    plan.steps = vec![step.clone()];
    let before = step.before.clone().unwrap();
    let uid = before.text(&["metadata", "uid"]).map(str::to_owned);
    let checked = wrap(&rig.world, plan, vec![None], vec![identity::identity(&before)], vec![uid]);
    let approval = brink::fault::approval::Approval { how: brink::fault::approval::How::Key, token: String::new() };
    let armer = brink::fault::arming::Armer {
        user: "ana".to_owned(),
        host: "1@here".to_owned(),
        access: Access::default(),
        server: String::new(),
        home: Some("brink".to_owned()),
    };
    brink::fault::arming::arm(&checked, &approval, &armer, Value::Null).unwrap()
}

/// Every change of every kind in the catalogue comes back: undo(apply(world)) = world, and twice is once.
#[test]
fn the_changes_of_every_kind_come_back() {
    let mut seen = 0;
    for (kind, driver) in sights::served() {
        let wanted = Fault { driver: Some(driver), ..sights::example(kind, driver) };
        let plan = compile(&wanted, &sights::plenty(), ID).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        for step in &plan.steps {
            if !matches!(step.change, Change::Patch { .. } | Change::Scale { .. }) {
                continue;
            }
            let before = step.before.clone().unwrap();
            let arm = RIG.with(|rig| armed(rig, step));
            let fact = &arm.steps[0];
            let tie = Tie { id: ID, fact, fuse: None, unmarked: false };
            let faulted = carried_out(&before, &forward(step, Some(&before), &tie).unwrap());
            assert_ne!(faulted.at(&["spec"]).or(faulted.at(&["data"])), before.at(&["spec"]).or(before.at(&["data"])));
            assert_eq!(Mark::on(&faulted), Some(Mark::of(ID, fact)), "{kind:?}");
            let (after, outcome) = undone(fact, &faulted);
            assert!(identity::same(&after.0, &before.0), "{kind:?}: {} is not {}", after.0, before.0);
            assert_eq!(outcome, Outcome::Restored, "{kind:?}");
            assert_eq!(undone(fact, &after), (after, Outcome::Already), "{kind:?}");
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

fn known() -> Known<'static> {
    Known { id: ID, since: None, announced: true, unmarked: false, made: None, stands_in: false, decision: None }
}

fn carried_out(object: &Manifest, write: &Write) -> Manifest {
    let Write::Patch(_, operations) = write else { panic!("{write:?}") };
    let mut now = object.0.clone();
    edit::patch(&mut now, operations).expect("the patch fits what was seen");
    if now["metadata"]["annotations"].as_object().is_some_and(Map::is_empty) {
        now["metadata"].as_object_mut().unwrap().remove("annotations");
    }
    Manifest(now)
}

fn undone(fact: &StepFact, object: &Manifest) -> (Manifest, Outcome) {
    let verdict = decide(fact, &Found::Object(Box::new(object.clone())), &known());
    match verdict.act {
        Act::Send(write) => (carried_out(object, &write), verdict.outcome),
        Act::Nothing => (object.clone(), verdict.outcome),
        Act::Wait(why) => panic!("{why}"),
    }
}

thread_local! {
    static RIG: Rig = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(async { Rig::new(Family::Scale) });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_undo_gives_back_what_was_and_twice_is_once(
        spec in body(), pick in 0usize..64, how in 0u8..3, value in body(),
    ) {
        prop_assume!(spec.is_object());
        let before = live(&spec);
        let Some(edit) = an_edit(&spec, pick, how, value) else { return Ok(()) };
        prop_assume!(edit::applied(&before.0, std::slice::from_ref(&edit)).is_ok());
        let step = step(&before, vec![edit]);
        let arm = RIG.with(|rig| armed(rig, &step));
        let fact = &arm.steps[0];
        prop_assume!(!fact.paths.is_empty());

        let tie = Tie { id: ID, fact, fuse: None, unmarked: false };
        let faulted = carried_out(&before, &forward(&step, Some(&before), &tie).unwrap());
        prop_assert_eq!(Mark::on(&faulted), Some(Mark::of(ID, fact)));

        let (after, outcome) = undone(fact, &faulted);
        prop_assert!(identity::same(&after.0, &before.0), "{} is not {}", after.0, before.0);
        prop_assert_eq!(outcome, Outcome::Restored);
        let (again, outcome) = undone(fact, &after);
        prop_assert_eq!(&again, &after);
        prop_assert_eq!(outcome, Outcome::Already);

        // The record says the same as the journal (a fraction read back may differ in its last bit, which nobody means).
        let read = record::read(&record::manifest(&arm, "shop", brink::fault::injection::State::Active).unwrap()).unwrap();
        let (by_record, outcome) = undone(&read.arm.steps[0], &faulted);
        prop_assert!(identity::same(&by_record.0, &before.0), "{} is not {}", by_record.0, before.0);
        prop_assert_eq!(outcome, Outcome::Restored);
        prop_assert_eq!(Mark::of(ID, &read.arm.steps[0]), Mark::of(ID, fact));
    }

    #[test]
    fn a_value_of_others_is_never_overwritten(
        spec in body(), pick in 0usize..64, how in 0u8..3, value in body(), theirs in body(), there in 0usize..64,
    ) {
        prop_assume!(spec.is_object());
        let before = live(&spec);
        let Some(edit) = an_edit(&spec, pick, how, value) else { return Ok(()) };
        prop_assume!(edit::applied(&before.0, std::slice::from_ref(&edit)).is_ok());
        let step = step(&before, vec![edit]);
        let arm = RIG.with(|rig| armed(rig, &step));
        let fact = &arm.steps[0];
        prop_assume!(!fact.paths.is_empty());
        let tie = Tie { id: ID, fact, fuse: None, unmarked: false };
        let faulted = carried_out(&before, &forward(&step, Some(&before), &tie).unwrap());
        let Some(other) = an_edit(&faulted.0["spec"], there, 0, theirs.clone()) else { return Ok(()) };
        let moved = Manifest(edit::applied(&faulted.0, std::slice::from_ref(&other)).unwrap());
        let (after, outcome) = undone(fact, &moved);
        let inside = fact.paths.iter().any(|touched| other.path.starts_with(&touched.path));
        let around = fact.paths.iter().any(|touched| touched.path.starts_with(&other.path));
        let differs = !identity::same(&moved.0, &faulted.0);
        if differs && (inside || around) && outcome != Outcome::Already && !identity::same(&moved.0, &before.0) {
            // Their value stands where ours stood: it stays, whatever we call the outcome.
            if edit::find(&moved.0, &fact.paths[0].path) != fact.paths[0].post.as_ref() && fact.paths.len() == 1 {
                prop_assert!(identity::same(&after.0["spec"], &moved.0["spec"]), "{} from {}", after.0, moved.0);
                prop_assert_ne!(outcome, Outcome::Restored);
            }
        } else if differs && !inside && !around {
            let kept = edit::find(&after.0, &other.path);
            prop_assert!(kept.is_some_and(|kept| identity::same(kept, &theirs)), "{} lost {:?}", after.0, other.path);
        }
    }

    #[test]
    fn without_our_mark_nothing_is_written(spec in body(), pick in 0usize..64, how in 0u8..3, value in body(), forged in body()) {
        prop_assume!(spec.is_object());
        let before = live(&spec);
        let Some(edit) = an_edit(&spec, pick, how, value) else { return Ok(()) };
        prop_assume!(edit::applied(&before.0, std::slice::from_ref(&edit)).is_ok());
        let step = step(&before, vec![edit]);
        let arm = RIG.with(|rig| armed(rig, &step));
        let fact = &arm.steps[0];
        prop_assume!(!fact.paths.is_empty());
        let tie = Tie { id: ID, fact, fuse: None, unmarked: false };
        let faulted = carried_out(&before, &forward(&step, Some(&before), &tie).unwrap());
        let mut lie = fact.clone();
        lie.paths[0].pre = Some(json!({"forged": forged}));
        let verdict = decide(&lie, &Found::Object(Box::new(faulted)), &known());
        prop_assert_eq!(verdict.act, Act::Nothing);
        prop_assert_eq!(verdict.outcome, Outcome::Entangled);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A crash anywhere, another writer anywhere, the guardian alive or not: it ends, lawfully, and their label stays.
    #[test]
    fn every_injection_ends(
        family in 0usize..Family::ALL.len(), crash in 1u64..70, landed in any::<bool>(), both in any::<bool>(), writes in 1u64..60,
    ) {
        let family = Family::ALL[family];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let rig = Rig::new(family);
            let cockpit = rig.cockpit();
            let checked = rig.checked().await;
            let object = family.object(ID);
            let mut wrote = false;
            rig.world.script(move |call, store| {
                if call.client == "cockpit-1" && call.n == writes && !wrote {
                    wrote = true;
                    store.edit(&object, "ben", |object| object["metadata"]["labels"]["theirs"] = json!("1"));
                }
                if call.client == "cockpit-1" && call.n == crash { Twist::Hang { landed } } else { Twist::Pass }
            });
            let life = async {
                match cockpit.apply(checked).await {
                    Ok(id) => assert!(cockpit.engine.abort(&id).await.unwrap().ended()),
                    Err(_) => rig.until("the end", 200, || cockpit.engine.kept().iter().all(InjectionView::ended)).await,
                }
            };
            tokio::select! {
                biased;
                () = rig.world.crashed() => {}
                () = life => {}
            }
            rig.world.clear_scripts();
            if both { rig.kill_both(cockpit).await } else { cockpit.kill().await }
            rig.guardians_gone().await;
            let (cockpit, views) = rig.next_start().await;
            for view in views {
                assert!(view.ended() || view.state == brink::fault::injection::State::Stuck, "{view:?}");
            }
            rig.assert_lawful();
            drop(cockpit);
        });
    }
}
