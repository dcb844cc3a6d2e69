//! The kinds that copy rules of a VirtualService compiled against the shop, and what each refuses.

use brink::fault::{
    drivers::compile,
    evidence::{Expected, expected},
    intent::{Driver, Fault, FaultKind, Target},
    plan::{Change, Plan},
    sight::Sight,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    plans::{planned, said},
    sights::{delay, fault, http_route, manifest, reviews, shares, shop, workload},
};

const ID: &str = "7f3a9c";

/// The shop with a VirtualService that splits.
fn split() -> Sight {
    let mut sight = shop();
    sight.virtual_services.push(shares());
    sight
}

fn web() -> Target {
    Target::Service("web".to_owned())
}

fn by_rules(kind: FaultKind, target: Target, params: &[(&str, Value)]) -> Fault {
    Fault { driver: Some(Driver::IstioVirtualService), ..fault(kind, target, params) }
}

fn timeout(target: Target, limit: &str) -> Fault {
    fault(FaultKind::Timeout, target, &[("timeout", json!(limit))])
}

fn retries(params: &[(&str, Value)]) -> Fault {
    fault(FaultKind::Retries, reviews(), params)
}

fn created(plan: &Plan) -> &Value {
    let Change::Create { object, fused: true } = &plan.steps[0].change else { panic!("{:?}", plan.steps) };
    &object.0
}

#[test]
fn a_timeout_of_every_rule() {
    insta::assert_snapshot!(planned(&timeout(reviews(), "200ms"), &shop()));
    let longer = compile(&timeout(reviews(), "5s"), &shop(), ID).unwrap();
    assert!(longer.predicts.iter().any(|line| line == "rule 0 waits longer than it does now (3 s)"), "{longer:?}");
    let Expected::Answers { question, .. } = expected(&longer) else { panic!() };
    assert!(question.contains("response_code=\"504\""), "{question}");
}

#[test]
fn a_timeout_where_no_virtual_service_is() {
    insta::assert_snapshot!(planned(&timeout(web(), "200ms"), &shop()));
    // A part of the requests alone: the rest go as they did.
    let mut scoped = timeout(web(), "200ms");
    scoped.scope.path = Some("/list".to_owned());
    let plan = compile(&scoped, &shop(), ID).unwrap();
    let http = created(&plan).pointer("/spec/http").unwrap().as_array().unwrap();
    assert_eq!(http.len(), 2);
    assert_eq!(http[0]["match"], json!([{"uri": {"prefix": "/list"}}]));
    assert_eq!(http[1], json!({"route": [{"destination": {"host": "web.shop.svc.cluster.local"}}]}));
    // A faulted rule of our own would need another driver.
    let mut delay = Fault { driver: Some(Driver::IstioVirtualService), ..delay() };
    delay.target = web();
    assert!(said(&delay, &shop()).contains("no VirtualService leads to web; use the driver istio"));
}

#[test]
fn what_is_so_already_is_no_fault() {
    let mut sight = shop();
    let http = sight.virtual_services[0].0["spec"]["http"].as_array_mut().unwrap();
    http[2]["timeout"] = json!("3000ms");
    assert!(said(&timeout(reviews(), "3s"), &sight).contains("is already as this fault would make it"));
    let same = retries(&[("attempts", json!(3))]);
    let mut sight = shop();
    sight.virtual_services[0].0["spec"]["http"].as_array_mut().unwrap()[0]["retries"] = json!({"attempts": 3});
    assert!(said(&same, &sight).contains("is already as this fault would make it"));
}

#[test]
fn a_mesh_route_leaves_no_place_for_a_virtual_service() {
    let mut sight = shop();
    let mut route = http_route("mesh", "web", "2026-01-01T00:00:00Z");
    route.0["spec"]["parentRefs"] = json!([{"group": "", "kind": "Service", "name": "web"}]);
    sight.http_routes.push(route);
    assert!(said(&timeout(web(), "200ms"), &sight).contains("HTTPRoute shop/mesh leads to web"));
}

#[test]
fn a_rule_that_injects_a_fault_is_doubted() {
    let mut sight = shop();
    sight.virtual_services[0].0["spec"]["http"].as_array_mut().unwrap()[2]["fault"] = json!({"abort": {}});
    let plan = compile(&timeout(reviews(), "200ms"), &sight, ID).unwrap();
    assert_eq!(plan.doubts, ["rest injects a fault itself: timeouts and retries do not apply there"]);
    assert_eq!(plan.predicts[0], plan.doubts[0]);
}

#[test]
fn retries_multiply_along_the_path() {
    let storm = retries(&[("attempts", json!(5)), ("per_try_timeout", json!("2s")), ("retry_on", json!("5xx,reset"))]);
    insta::assert_snapshot!(planned(&storm, &split()));
    // Six here; behind the mesh's default of three, and behind the five of `shares`.
    let plan = compile(&storm, &split(), ID).unwrap();
    for line in ["sent up to 6 times", "18 times with a hop", "30 times where it came through ratings (4 more tries)"] {
        assert!(plan.predicts.iter().any(|told| told.contains(line)), "{line}: {:?}", plan.predicts);
    }
    // A second such hop multiplies once more: 6 * 5 * 3.
    let mut sight = split();
    let mut other = shares();
    other.0["metadata"]["name"] = json!("other");
    other.0["spec"]["hosts"] = json!(["other"]);
    other.0["spec"]["http"][0]["retries"] = json!({"attempts": 2});
    sight.virtual_services.push(other);
    let plan = compile(&storm, &sight, ID).unwrap();
    assert!(
        plan.predicts.iter().any(|line| line == "90 times where it came through 2 such hops"),
        "{:?}",
        plan.predicts
    );
    let Expected::Tries { more: true, .. } = expected(&plan) else { panic!() };
    // Of many the worst are told: 6 * 5 * 3 * 3.
    for n in 0..4 {
        let mut more = sight.virtual_services[2].clone();
        more.0["metadata"]["name"] = json!(format!("more-{n}"));
        more.0["spec"]["hosts"] = json!([format!("more-{n}")]);
        sight.virtual_services.push(more);
    }
    let plan = compile(&storm, &sight, ID).unwrap();
    let told = plan.predicts.iter().filter(|line| line.contains("where it came through")).count();
    assert_eq!(told, 4, "{:?}", plan.predicts);
    for line in ["270 times where it came through 3 such hops", "3 VirtualServices more with retries of their own"] {
        assert!(plan.predicts.iter().any(|told| told == line), "{line}: {:?}", plan.predicts);
    }
}

#[test]
fn no_retries_at_all() {
    let off = retries(&[("attempts", json!(0))]);
    let plan = compile(&off, &shop(), ID).unwrap();
    let Change::Patch { edits } = &plan.steps[0].change else { panic!() };
    // What stood beside attempts would be refused with none: the whole is replaced.
    assert!(edits.iter().all(|edit| edit.value.as_ref().unwrap()["retries"] == json!({"attempts": 0})), "{edits:?}");
    assert_eq!(plan.title, "Try no request to reviews again for 90 s");
    let Expected::Tries { more: false, .. } = expected(&plan) else { panic!() };
}

#[rstest]
#[case(&[("attempts", json!(0)), ("retry_on", json!("5xx"))], "with 0 there is no try")]
#[case(&[("attempts", json!(0)), ("per_try_timeout", json!("1s"))], "with 0 there is no try")]
#[case(&[("attempts", json!(3)), ("retry_on", json!("5xx,conect-failure"))], "did you mean `connect-failure`?")]
#[case(&[("attempts", json!(3)), ("retry_on", json!("999"))], "`999` is no failure")]
#[case(&[("attempts", json!(21))], "the nearest is `20`")]
fn wrong_retries_are_told(#[case] params: &[(&str, Value)], #[case] why: &str) {
    let told = said(&retries(params), &shop());
    assert!(told.contains(why), "{told}");
}

#[test]
fn other_weights_by_a_virtual_service() {
    let all = workload("VirtualService", "shares");
    let shift = by_rules(FaultKind::RouteWeight, all.clone(), &[("weights", json!("v1=0,v2=100"))]);
    insta::assert_snapshot!(planned(&shift, &split()));
    let plan = compile(&shift, &split(), ID).unwrap();
    let Expected::Answers { what, question, rise } = expected(&plan) else { panic!() };
    assert_eq!(what, "requests to v1");
    assert!(rise < 0.0 && question.contains("destination_version=\"v1\""), "{question}");
    let weights = |weights: &str| by_rules(FaultKind::RouteWeight, all.clone(), &[("weights", json!(weights))]);
    assert!(said(&weights("v3=1"), &split()).contains("no rule sends anything to `v3`; did you mean `v1`?"));
    assert!(said(&weights("v1=0,v2=0"), &split()).contains("which Istio does not take"));
    assert!(said(&weights("v1=90"), &split()).contains("is already as this fault would make it"));
    // Both go by the name of their Service.
    let even = compile(&weights("ratings=50"), &split(), ID).unwrap();
    assert!(even.predicts.contains(&"requests go to v1 50 %, v2 50 %".to_owned()), "{:?}", even.predicts);
}

#[test]
fn a_driver_is_told_from_the_target() {
    let weights = [("weights", json!("v1=0,v2=100"))];
    let by_service = fault(FaultKind::RouteWeight, workload("VirtualService", "shares"), &weights);
    let plan = compile(&by_service, &split(), ID).unwrap();
    assert_eq!(plan.driver, Driver::IstioVirtualService);
    let nobody = fault(FaultKind::RouteWeight, web(), &weights);
    let told = said(&nobody, &split());
    assert!(told.contains("aim at route/NAME") && told.contains("no VirtualService leads to web"), "{told}");
}

#[test]
fn rules_that_lead_nowhere() {
    let lost = by_rules(FaultKind::RouteNoBackend, reviews(), &[]);
    insta::assert_snapshot!(planned(&lost, &shop()));
    let Expected::Fewer { question } = expected(&compile(&lost, &shop(), ID).unwrap()) else { panic!() };
    assert!(question.contains("reporter=\"destination\""), "{question}");
    let own = compile(&by_rules(FaultKind::RouteNoBackend, web(), &[]), &shop(), ID).unwrap();
    let to = created(&own).pointer("/spec/http/0/route").unwrap();
    assert_eq!(to, &json!([{"destination": {"host": "brink-7f3a9c-missing"}}]));
}

#[test]
fn several_services_are_not_guessed() {
    let mut sight = shop();
    let mut twin = manifest(sight.services[1].0.clone());
    twin.0["metadata"]["name"] = json!("web-too");
    sight.services.push(twin);
    let told = said(&timeout(workload("Deployment", "web"), "200ms"), &sight);
    assert!(told.contains("2 Services lead to web, and no VirtualService; aim at one service"), "{told}");
}
