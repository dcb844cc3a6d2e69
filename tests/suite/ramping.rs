//! A fault that rises in levels, carried by the production keeper against the cluster in memory, in virtual time: one level after
//! the other and never two, only while its conditions are well, and gone whole whoever dies when.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use brink::{
    cluster::{Manifest, ObjectRef},
    fault::{
        checked::Checked,
        injection::State,
        io::watching::Meter,
        plan::Change,
        probe::{Asks, Condition, Limit},
        view::{ConditionState, InjectionView},
    },
    journal::entry::Cause,
    mesh::signals::Snapshot,
};
use futures::future::BoxFuture;
use serde_json::json;

use super::support::{
    fake_cluster::Twist,
    families::{Family, policy},
    rig::{Cockpit, ID, Rig},
};

const LEVELS: [u8; 3] = [10, 25, 50];

/// The plan of the additive family as three levels, ten seconds each.
async fn rising(rig: &Rig) -> Checked {
    let mut checked = rig.checked().await;
    let (step, stored) = (checked.plan.steps[0].clone(), checked.stored[0].clone());
    checked.plan.fault.ramp = LEVELS.to_vec();
    let named = |object: &Manifest, name: &str| {
        let mut object = object.clone();
        object.0["metadata"]["name"] = json!(name);
        object
    };
    let level = |(n, level): (u32, &u8)| {
        let (mut step, name) = (step.clone(), format!("brink-{ID}-{level}"));
        if let Change::Create { object, .. } = &mut step.change {
            *object = named(object, &name);
        }
        (step.n, step.object.name) = (n, name.clone());
        (step, stored.as_ref().map(|stored| named(stored, &name)))
    };
    (checked.plan.steps, checked.stored) = (1..).zip(&LEVELS).map(level).unzip();
    (checked.identities, checked.uids) = (vec![String::new(); 3], vec![None; 3]);
    checked
}

fn level(level: u8) -> ObjectRef {
    policy(&format!("{ID}-{level}"))
}

/// The levels that stand.
fn standing(rig: &Rig) -> Vec<u8> {
    LEVELS.into_iter().filter(|one| rig.world.get(&level(*one)).is_some()).collect()
}

fn view(cockpit: &Cockpit) -> InjectionView {
    cockpit.engine.kept().into_iter().find(|view| view.injection == ID).unwrap()
}

fn at(cockpit: &Cockpit) -> String {
    view(cockpit).ramp.map(|ramp| ramp.at).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn one_level_takes_the_place_of_the_one_before() {
    let rig = Rig::new(Family::Additive);
    let cockpit = rig.cockpit();
    let most = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&most);
    rig.world.script(move |_, store| {
        let stand = LEVELS.into_iter().filter(|one| store.get(&level(*one)).is_some()).count();
        seen.fetch_max(u32::try_from(stand).unwrap(), Ordering::SeqCst);
        Twist::Pass
    });
    cockpit.apply(rising(&rig).await).await.unwrap();
    let mut began = Vec::new();
    for level in LEVELS {
        rig.until(&level.to_string(), 15, || standing(&rig) == [level]).await;
        began.push(rig.world.now());
        assert_eq!(view(&cockpit).state, State::Active);
    }
    for pair in began.windows(2) {
        let stood = Duration::try_from(pair[1].duration_since(pair[0])).unwrap();
        assert!((Duration::from_secs(9)..Duration::from_secs(13)).contains(&stood), "{stood:?}");
    }
    rig.until("the word of it", 5, || at(&cockpit) == "at 50 % of 50 %").await;
    rig.until("its duration to end it", 40, || view(&cockpit).ended()).await;
    assert_eq!((view(&cockpit).state, view(&cockpit).cause), (State::Recovered, Some(Cause::Duration)));
    assert_eq!(most.load(Ordering::SeqCst), 1, "two levels stood at once");
    rig.guardians_gone_with(cockpit).await;
    rig.assert_clean("risen");
    rig.assert_lawful();
}

/// What the one condition reads.
struct Gauge(Mutex<f64>);

impl Meter for Gauge {
    fn numbers<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<f64>, String>> {
        Box::pin(async { Ok(vec![*self.0.lock().unwrap()]) })
    }

    fn mesh(&self) -> BoxFuture<'_, Result<Snapshot, String>> {
        Box::pin(async { Ok(Snapshot::default()) })
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_while_a_condition_is_not_well() {
    let rig = Rig::new(Family::Additive);
    let gauge = Arc::new(Gauge(Mutex::new(0.0)));
    let mut cockpit = rig.cockpit();
    cockpit.engine = cockpit.engine.metered(Some(gauge.clone()));
    let mut checked = rising(&rig).await;
    let held = Duration::from_secs(25);
    checked.plan.fault.abort_when =
        vec![Condition { asks: Asks::Promql("failing".to_owned()), limit: Limit::Above(0.5), held }];
    cockpit.apply(checked).await.unwrap();
    *gauge.0.lock().unwrap() = 0.9;
    rig.until("the bad reading", 20, || view(&cockpit).abort_when[0].state == ConditionState::Holding).await;
    rig.until("the wait", 20, || view(&cockpit).ramp.is_some_and(|ramp| ramp.waits.contains("holding"))).await;
    assert_eq!(standing(&rig), [10]);
    *gauge.0.lock().unwrap() = 0.1;
    rig.until("the next level", 10, || standing(&rig) == [25]).await;
    assert_eq!(view(&cockpit).ramp.unwrap().waits, "");
    cockpit.engine.abort(ID).await.unwrap();
    rig.guardians_gone_with(cockpit).await;
    rig.assert_clean("aborted half-way up");
    rig.assert_lawful();
}

/// Somebody edits a level: the next one is not built beside it, and the fault ends as any other that is entangled.
#[tokio::test(start_paused = true)]
async fn what_somebody_edited_is_not_climbed_over() {
    let rig = Rig::new(Family::Additive);
    let cockpit = rig.cockpit();
    let checked = rising(&rig).await;
    let first = checked.plan.steps[0].object.clone();
    cockpit.apply(checked).await.unwrap();
    rig.world.with(|store| store.edit(&first, "ana", |object| object["spec"]["action"] = json!("ALLOW")));
    rig.until("the person", 30, || view(&cockpit).state == State::Stuck).await;
    assert_eq!(standing(&rig), [10]);
    assert!(view(&cockpit).notes.iter().any(|note| note.contains("others edited")), "{:?}", view(&cockpit).notes);
}

/// kill -9 at every call of the cockpit while it rises, before and after the call had its effect; also with its guardian.
#[tokio::test(start_paused = true)]
async fn killed_at_any_call_it_comes_back() {
    let mut points = 0;
    for (landed, guardian_too) in [(false, false), (true, false), (true, true)] {
        for nth in 1.. {
            let rig = Rig::new(Family::Additive);
            let cockpit = rig.cockpit();
            cockpit.apply(rising(&rig).await).await.unwrap();
            let mut left = nth;
            rig.world.script(move |call, _| {
                if call.client.starts_with("cockpit") && !call.dry {
                    left -= 1;
                    if left == 0 {
                        return Twist::Hang { landed };
                    }
                }
                Twist::Pass
            });
            let over = tokio::select! {
                () = rig.world.crashed() => false,
                () = rig.until("the last level", 60, || at(&cockpit) == "at 50 % of 50 %") => true,
            };
            rig.world.clear_scripts();
            if guardian_too {
                rig.kill_both(cockpit).await;
            } else {
                cockpit.kill().await;
            }
            let case = format!("killed at call {nth}, landed: {landed}, guardian too: {guardian_too}");
            let (next, views) = rig.next_start().await;
            assert!(views.iter().all(InjectionView::ended), "{case}: {views:?}");
            rig.guardians_gone_with(next).await;
            rig.assert_clean(&case);
            rig.assert_lawful();
            points += 1;
            if over {
                break;
            }
        }
    }
    println!("ramp: {points} kills");
    assert!(points > 30, "{points} kills are too few to have met the climb");
}
