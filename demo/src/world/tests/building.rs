//! Worlds as they stand when they are ready.

use std::time::{Duration, Instant};

use super::*;

fn age(shelf: &Shelf, kind: crate::base::objects::Kind, namespace: &str, name: &str) -> Duration {
    let object = shelf.get(kind, namespace, name).unwrap();
    let created = time::read(json::text(&object, &["metadata", "creationTimestamp"])).unwrap();
    time::elapsed(created, now())
}

fn running(pod: &Value) -> bool {
    let ready = json::condition(json::list(pod, &["status", "conditions"]), "Ready");
    ready.is_some_and(|one| json::text(one, &["status"]) == "True")
}

#[test]
fn the_shop_is_ready_and_as_old_as_it_says() {
    let (shelf, built) = built("shop", None);
    assert_eq!(built.pods, 130);
    assert_eq!(built.unready, Vec::<String>::new());
    let broken: Vec<String> = shelf
        .list(kinds::POD, None)
        .iter()
        .filter(|pod| !running(pod))
        .map(|pod| json::text(pod, &["metadata", "name"]).to_owned())
        .collect();
    assert_eq!(broken, ["ngi14"]);
    assert_eq!(age(&shelf, kinds::HTTP_ROUTE, "infra", "my-route"), Duration::from_hours(40 * 24));
    assert_eq!(age(&shelf, kinds::DEPLOYMENT, "shop", "reviews-v1"), Duration::from_hours(3));
    assert_eq!(age(&shelf, kinds::DEPLOYMENT, "istio-system", "istiod"), Duration::from_hours(90 * 24));
    assert_eq!(age(&shelf, kinds::NAMESPACE, "", "infra"), Duration::from_hours(60 * 24));
    let route = shelf.get(kinds::HTTP_ROUTE, "infra", "my-route").unwrap();
    for kind in ["Accepted", "ResolvedRefs"] {
        let parents = json::list(&route, &["status", "parents"]);
        let found = json::condition(json::list(&parents[0], &["conditions"]), kind).unwrap();
        assert_eq!(json::text(found, &["status"]), "True", "{kind}");
    }
    let gateway = shelf.get(kinds::GATEWAY, "infra", "my-gateway").unwrap();
    assert_eq!(json::int(&json::list(&gateway, &["status", "listeners"])[0], &["attachedRoutes"]), Some(5));
    let reviews = shelf.list(kinds::POD, Some("shop"));
    let reviews = reviews.iter().find(|pod| json::text(pod, &["metadata", "name"]).starts_with("reviews-v1-")).unwrap();
    assert_eq!(json::list(reviews, &["spec", "containers"]).len(), 2);
    let told = shelf.list(kinds::EVENT, Some("default"));
    assert!(told.iter().any(|event| json::text(event, &["reason"]) == "BackOff"), "the broken pod is four minutes old");
    assert!(shelf.list(kinds::EVENT, Some("shop")).is_empty(), "what happened three hours ago is no longer told");
}

#[test]
fn two_builds_are_equal() {
    let objects =
        |(shelf, _): (Shelf, Built)| kinds::ALL.iter().flat_map(|kind| shelf.list(*kind, None)).collect::<Vec<_>>();
    assert_eq!(objects(built("shop", None)), objects(built("shop", None)));
}

#[test]
fn worlds_of_any_size_have_so_many_pods() {
    for (name, pods) in [("shop", 2), ("shop", 9), ("shop", 131), ("shop", 400), ("tutorial", 40)] {
        let (shelf, built) = built(name, Some(pods));
        assert_eq!(built.pods, pods, "{name}");
        assert!(built.unready.is_empty(), "{:?}", built.unready);
        assert!(!built.file.flows.is_empty());
        for flow in &built.file.flows {
            if let [space, "Deployment", name] = json::text(flow, &["from"]).split('/').collect::<Vec<_>>().as_slice() {
                assert!(shelf.get(kinds::DEPLOYMENT, space, name).is_some());
            }
        }
    }
}

#[test]
fn a_built_world_goes_on_living() {
    let (mut shelf, mut built) = built("tutorial", None);
    let name = shelf
        .list(kinds::POD, Some("httpbin"))
        .iter()
        .map(|pod| json::text(pod, &["metadata", "name"]).to_owned())
        .find(|name| name.starts_with("httpbin-"))
        .unwrap();
    let key = Key::new(kinds::POD, "httpbin", &name);
    shelf.delete(key.kind, &key.namespace, &key.name, None).unwrap();
    let held = shelf.get(key.kind, &key.namespace, &key.name);
    built.control.observe(&key, held.as_deref(), now());
    built.control.advance(&mut shelf, time::later(now(), Duration::from_mins(1)));
    let deployment = shelf.get(kinds::DEPLOYMENT, "httpbin", "httpbin").unwrap();
    assert_eq!(json::int(&deployment, &["status", "readyReplicas"]), Some(2));
    assert!(shelf.get(key.kind, &key.namespace, &key.name).is_none());
}

/// What it costs is printed, not judged: a loaded machine must not fail a test.
#[test]
#[expect(clippy::disallowed_methods, reason = "this test measures the wall")]
fn the_cost_of_building_is_printed() {
    for pods in [None, Some(1_000)] {
        let begun = Instant::now();
        let file = read("shop");
        let reading = begun.elapsed();
        let begun = Instant::now();
        let mut shelf = Shelf::at(7, time::earlier(now(), Duration::from_hours(24 * 365)));
        let built = build(file, pods, 7, now(), &mut shelf).unwrap();
        let (building, writes) = (begun.elapsed(), shelf.log.len());
        println!(
            "shop: read in {reading:?}; {} pods, {} looks, {writes} writes in {building:?}",
            built.pods, built.looks
        );
    }
}
