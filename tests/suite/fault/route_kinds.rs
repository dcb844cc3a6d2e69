//! The kinds that change HTTPRoutes compiled against the shop, and what each refuses.

use brink::fault::{
    drivers::compile,
    evidence::{Expected, expected},
    intent::{Fault, FaultKind, Target},
    plan::Change,
    sign::Sign,
};
use serde_json::{Value, json};

use super::{
    plans::{planned, said},
    sights::{fault, manifest, routed},
};

fn to(kind: FaultKind, route: &str, params: &[(&str, Value)]) -> Fault {
    fault(kind, Target::Route(route.to_owned()), params)
}

#[test]
fn other_shares_for_the_backends() {
    let shift = to(FaultKind::RouteWeight, "split", &[("weights", json!("reviews=0,ratings=100"))]);
    insta::assert_snapshot!(planned(&shift, &routed()));
    let plan = compile(&shift, &routed(), "7f3a9c").unwrap();
    assert!(matches!(expected(&plan), Expected::Object { sign: Sign::TakenIn { generation: 1 }, .. }));
    let stranger = to(FaultKind::RouteWeight, "split", &[("weights", json!({"revews": 1}))]);
    assert!(said(&stranger, &routed()).contains("sends nothing to `revews`; did you mean `reviews`?"));
    let same = to(FaultKind::RouteWeight, "split", &[("weights", json!("reviews=90"))]);
    assert!(said(&same, &routed()).contains("is already as this fault would make it"));
    // A weight that is left out is one.
    let one = to(FaultKind::RouteWeight, "my-route", &[("weights", json!("reviews=1"))]);
    assert!(said(&one, &routed()).contains("is already as this fault would make it"));
}

#[test]
fn no_backend_at_all() {
    insta::assert_snapshot!(planned(&to(FaultKind::RouteNoBackend, "split", &[]), &routed()));
    let mut sight = routed();
    sight.http_routes[0].0["spec"]["rules"] = json!([{"filters": [{"type": "RequestRedirect"}]}]);
    assert!(said(&to(FaultKind::RouteNoBackend, "my-route", &[]), &sight).contains("no rule with a backend"));
}

#[test]
fn no_parent() {
    insta::assert_snapshot!(planned(&to(FaultKind::RouteDetach, "my-route", &[]), &routed()));
    let mut sight = routed();
    sight.http_routes[0].0["spec"]["parentRefs"] = json!([]);
    assert!(said(&to(FaultKind::RouteDetach, "my-route", &[]), &sight).contains("has no parent"));
}

#[test]
fn a_longer_host_takes_the_requests() {
    let steal = |route: &str, host: &str| {
        let params = [("backend", json!("ratings")), ("hostname", json!(host))];
        to(FaultKind::RouteHostnameSteal, route, &params)
    };
    insta::assert_snapshot!(planned(&steal("any-shop", "eu.shop.example.com"), &routed()));
    assert!(said(&steal("my-route", "shop.example.com"), &routed()).contains("none is longer"));
    assert!(said(&steal("any-shop", "elsewhere.org"), &routed()).contains("name a host within *.shop.example.com"));
    let open = to(FaultKind::RouteHostnameSteal, "any-shop", &[("backend", json!("ratings"))]);
    assert!(said(&open, &routed()).contains("give `hostname`"));
    let mut sight = routed();
    sight.gateways = Some(vec![manifest(json!({
        "metadata": {"name": "edge", "namespace": "shop"},
        "spec": {"listeners": [{"name": "all"}, {"name": "eu", "hostname": "eu.shop.example.com"}]},
    }))]);
    let plan = compile(&open, &sight, "7f3a9c").unwrap();
    let Change::Create { object, fused: true } = &plan.steps[0].change else { panic!("{:?}", plan.steps) };
    assert_eq!(object.at(&["spec", "hostnames"]), Some(&json!(["eu.shop.example.com"])));
    assert_eq!(object.at(&["spec", "parentRefs"]), sight.http_routes[2].at(&["spec", "parentRefs"]));
}

#[test]
fn a_route_nobody_looks_after_is_doubted() {
    let mut sight = routed();
    sight.http_routes[0].0["status"] = json!({});
    let plan = compile(&to(FaultKind::RouteDetach, "my-route", &[]), &sight, "7f3a9c").unwrap();
    assert_eq!(plan.doubts, ["no controller accepts HTTPRoute my-route: nothing may act on this"]);
}
