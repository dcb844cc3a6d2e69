//! Between a yes and the first write everything is looked at once more.

use brink::{
    cluster::ObjectRef,
    fault::{
        checked::Checked,
        intent::{Fault, FaultKind},
        io::check::{prepare, still},
        policy::Policy,
        preview::Ruling,
        refusal::ApplyError,
        rules::Terms,
        traffic::Traffic,
    },
    mesh::alerts::Alerts,
};
use serde_json::{Value, json};

use super::{
    fault::sights::{fault, workload},
    support::{
        fake_cluster::{Twist, World},
        families::{deployment, pod, shop},
    },
};

const ID: &str = "7f3a9c";

fn scale() -> Fault {
    fault(FaultKind::Scale, workload("Deployment", "web"), &[("replicas", json!(2))])
}

/// The matrix' shop with a selector, as a Deployment has one.
fn world() -> World {
    let world = shop();
    world.with(|store| {
        store.edit(&deployment(), "ben", |object| object["spec"]["selector"] = json!({"matchLabels": {"app": "web"}}));
    });
    world
}

fn terms() -> Terms {
    Terms { policy: Policy::default(), context: "kind-demo".to_owned(), readonly: false }
}

async fn planned(world: &World) -> Checked {
    prepare(&world.client("preview"), &scale(), ID, &terms(), &Traffic::default()).await.unwrap()
}

/// What moved, as `OBJECT: WHY`; `None` when what was approved still holds.
async fn moved(world: &World, checked: &Checked, terms: &Terms, traffic: &Traffic) -> Option<String> {
    match still(&world.client("apply"), checked, terms, traffic).await {
        Ok(now) => {
            assert_eq!(now.token, checked.token);
            None
        }
        Err(ApplyError::Moved { object, why }) => Some(format!("{object}: {why}")),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn while_nothing_moves_it_holds() {
    let world = world();
    let checked = planned(&world).await;
    world
        .with(|store| store.edit(&deployment(), "controller", |object| object["status"] = json!({"readyReplicas": 3})));
    assert_eq!(moved(&world, &checked, &terms(), &Traffic::default()).await, None);
}

#[tokio::test]
async fn what_moved_is_named() {
    type Move = fn(&World);
    let cases: [(&str, Move); 4] = [
        ("Deployment shop/web: somebody changed it", |world| {
            world.with(|store| store.edit(&deployment(), "ben", |object| object["spec"]["paused"] = json!(true)));
        }),
        ("web: other pods are hit now", |world| {
            let labels = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web"}]}});
            world.put(&pod("web-3"), labels);
        }),
        ("Deployment shop/web: the server would store something else now", |world| {
            world.admit(|call, body: &mut Value| {
                if call.object.starts_with("Deployment") {
                    body["spec"]["minReadySeconds"] = json!(7);
                }
                Ok(())
            });
        }),
        ("web: there is no Deployment shop/web", |world| world.with(|store| store.remove(&deployment()))),
    ];
    for (told, change) in cases {
        let world = world();
        let checked = planned(&world).await;
        change(&world);
        let told_now = moved(&world, &checked, &terms(), &Traffic::default()).await.unwrap_or_default();
        assert!(told_now.starts_with(told), "{told_now}");
    }
}

#[tokio::test]
async fn an_alert_that_fires_meanwhile_asks_again() {
    let world = world();
    let checked = planned(&world).await;
    let ruling = |checked: &Checked| checked.preview.guard.iter().find(|one| one.rule == "alerts").unwrap().verdict;
    assert_eq!(ruling(&checked), Ruling::Ok);
    let traffic = Traffic { alerts: Alerts::Firing(vec!["Down".to_owned()]), ..Traffic::default() };
    let told = moved(&world, &checked, &terms(), &traffic).await;
    assert_eq!(told.as_deref(), Some("rule alerts: Down fires"));
    // Once a person saw it firing, it does not stand in the way of what was approved.
    let seen = prepare(&world.client("preview"), &scale(), ID, &terms(), &traffic).await.unwrap();
    assert_eq!(ruling(&seen), Ruling::Confirm);
    assert_eq!(moved(&world, &seen, &terms(), &traffic).await, None);
    assert_eq!(moved(&world, &seen, &terms(), &Traffic::default()).await, None, "less is no move");
}

#[tokio::test]
async fn guardrails_that_became_stricter_meanwhile_hold() {
    let world = world();
    let checked = planned(&world).await;
    let record = json!({"metadata": {"labels": {"brink.dev/record": "fault"}}, "data": {"unreadable": "yes"}});
    let place = ObjectRef::new(brink::fault::known::config_map(), "shop", "brink-aaaaaa");
    world.put(&place, record);
    let told = moved(&world, &checked, &terms(), &Traffic::default()).await.unwrap();
    assert!(told.starts_with("rule concurrent: 1 open: aaaaaa"), "{told}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_no_move() {
    let world = world();
    let checked = planned(&world).await;
    world.script(|_, _| Twist::CutBefore);
    let error = still(&world.client("apply"), &checked, &terms(), &Traffic::default()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Link { .. }), "{error}");
}
