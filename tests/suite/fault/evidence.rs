//! Whether a fault bites: what each plan looks for, and what counts as seen.

use std::time::Duration;

use brink::{
    cluster::Manifest,
    fault::{
        drivers::compile,
        evidence::{EVERY, Evidence, Expected, Look, PATIENCE, Seen, expected, usual_reasons},
        intent::{Driver, Fault, FaultKind, Target},
        plan::Plan,
        sight::Controller,
        view::EvidenceState,
    },
};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::sights::{delay, fault, http_route, plenty, reviews, shop, workload};

fn plan(fault: &Fault) -> Plan {
    compile(fault, &shop(), "7f3a9c").unwrap()
}

fn abort(params: &[(&str, Value)]) -> Fault {
    fault(FaultKind::HttpAbort, reviews(), params)
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What is said after one answer at this second.
fn told(plan: &Plan, before: Option<f64>, second: u64, seen: &Seen) -> (EvidenceState, String) {
    let mut evidence = Evidence::new(plan, before, at(0));
    let view = evidence.told(at(second), seen);
    (view.state, view.words())
}

fn number(value: f64) -> Seen {
    Seen::Number(Some(value))
}

fn objects(all: &[Value]) -> Seen {
    Seen::Objects(all.iter().map(|one| (!one.is_null()).then(|| Manifest(one.clone()))).collect())
}

#[test]
fn requests_are_asked_about_by_service_and_answer() {
    let Expected::Answers { question, what, rise } = expected(&plan(&abort(&[("status", json!(429))]))) else {
        panic!()
    };
    assert_eq!((what.as_str(), rise), ("429s", 0.02));
    assert!(
        question.contains("destination_service_namespace=~\"shop\", destination_service_name=~\"reviews\""),
        "{question}"
    );
    assert!(question.contains("response_code=\"429\""), "{question}");
    let Expected::Answers { question, rise, .. } =
        expected(&plan(&abort(&[("grpc_status", json!(14)), ("percent", json!(1))])))
    else {
        panic!()
    };
    assert!(question.contains("grpc_response_status=\"14\"") && rise < 0.003, "{question} {rise}");
    let Expected::Latency { rise_ms, .. } = expected(&plan(&delay())) else { panic!() };
    assert!(rise_ms > 0.0, "{rise_ms}");
}

#[rstest]
#[case::moved(Some(0.0), 0.42, EvidenceState::Seen, "effect seen: 503s 0% -> 42%")]
#[case::as_before(Some(0.42), 0.43, EvidenceState::Looking, "looking for an effect")]
#[case::none_before(None, 0.5, EvidenceState::Seen, "effect seen: 503s 0% -> 50%")]
fn a_share_is_held_against_the_one_before(
    #[case] before: Option<f64>,
    #[case] now: f64,
    #[case] state: EvidenceState,
    #[case] words: &str,
) {
    let plan = plan(&abort(&[("status", json!(503))]));
    assert_eq!(told(&plan, before, 3, &number(now)), (state, words.to_owned()));
}

#[test]
fn latency_is_held_against_the_one_before() {
    let plan = plan(&delay());
    let (state, words) = told(&plan, Some(12.0), 3, &number(512.0));
    assert_eq!((state, words.as_str()), (EvidenceState::Seen, "effect seen: mean latency 12 ms -> 512 ms"));
    assert_eq!(told(&plan, Some(12.0), 3, &number(14.0)).0, EvidenceState::Looking);
}

#[rstest]
#[case::gone(Some(0.3), Some(0.0), EvidenceState::Seen, "effect seen: requests in plain text 30% -> 0%")]
#[case::none_counted(Some(1.0), None, EvidenceState::Seen, "effect seen: requests in plain text 100% -> 0%")]
#[case::as_before(Some(0.3), Some(0.3), EvidenceState::Looking, "looking for an effect")]
#[case::never_any(Some(0.0), Some(0.0), EvidenceState::Looking, "looking for an effect")]
fn a_share_that_should_fall_is_held_against_the_one_before(
    #[case] before: Option<f64>,
    #[case] now: Option<f64>,
    #[case] state: EvidenceState,
    #[case] words: &str,
) {
    let plan = compile(&fault(FaultKind::MtlsStrict, reviews(), &[]), &plenty(), "7f3a9c").unwrap();
    assert_eq!(told(&plan, before, 3, &Seen::Number(now)), (state, words.to_owned()));
}

#[rstest]
#[case::fewer(Some(40.0), Some(10.0), EvidenceState::Seen, "effect seen: requests 40.0/s -> 10.0/s")]
#[case::none(Some(40.0), None, EvidenceState::Seen, "effect seen: requests 40.0/s -> 0.0/s")]
#[case::a_wave(Some(40.0), Some(33.0), EvidenceState::Looking, "looking for an effect")]
#[case::none_before(None, None, EvidenceState::Looking, "looking for an effect")]
fn fewer_requests_are_held_against_those_before(
    #[case] before: Option<f64>,
    #[case] now: Option<f64>,
    #[case] state: EvidenceState,
    #[case] words: &str,
) {
    let lost = Fault { driver: Some(Driver::IstioVirtualService), ..fault(FaultKind::RouteNoBackend, reviews(), &[]) };
    assert_eq!(told(&plan(&lost), before, 3, &Seen::Number(now)), (state, words.to_owned()));
}

#[rstest]
#[case::storm(3, Some(1.0), 1.9, EvidenceState::Seen)]
#[case::no_storm(3, Some(1.0), 1.01, EvidenceState::Looking)]
#[case::fewer(0, Some(1.5), 1.0, EvidenceState::Seen)]
#[case::none_there_were(0, Some(1.0), 1.0, EvidenceState::Looking)]
fn tries_are_counted_for_each_request(
    #[case] attempts: u32,
    #[case] before: Option<f64>,
    #[case] now: f64,
    #[case] state: EvidenceState,
) {
    let plan = plan(&fault(FaultKind::Retries, reviews(), &[("attempts", json!(attempts))]));
    let Expected::Tries { question, .. } = expected(&plan) else { panic!() };
    assert!(question.contains("reporter=\"destination\"") && question.contains("reporter=\"source\""), "{question}");
    assert_eq!(told(&plan, before, 3, &number(now)).0, state);
}

#[rstest]
#[case::as_wanted(json!({"status": {"readyReplicas": 1}}), EvidenceState::Seen)]
#[case::none_at_all(json!({"status": {}}), EvidenceState::Seen)]
#[case::not_yet(json!({"status": {"readyReplicas": 3}}), EvidenceState::Looking)]
#[case::gone(Value::Null, EvidenceState::Looking)]
fn replicas_are_counted_when_ready(#[case] live: Value, #[case] state: EvidenceState) {
    let plan = plan(&fault(FaultKind::Scale, workload("Deployment", "reviews"), &[("replicas", json!(1))]));
    assert!(matches!(expected(&plan).look(), Look::Objects(all) if all.len() == 1));
    assert_eq!(told(&plan, None, 3, &objects(&[live])).0, state);
}

#[test]
fn an_evicted_pod_ends_when_it_is_gone_or_going_or_another() {
    let plan = plan(&fault(FaultKind::PodKill, reviews(), &[("count", json!(1))]));
    let Expected::Ends(pods) = expected(&plan) else { panic!() };
    let uid = pods[0].1.clone();
    let same = json!({"metadata": {"uid": uid}});
    let going = json!({"metadata": {"uid": uid, "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    for (live, state) in [
        (Value::Null, EvidenceState::Seen),
        (going, EvidenceState::Seen),
        (json!({"metadata": {"uid": "another"}}), EvidenceState::Seen),
        (same, EvidenceState::Looking),
    ] {
        assert_eq!(told(&plan, None, 3, &objects(std::slice::from_ref(&live))).0, state, "{live}");
    }
}

#[test]
fn a_second_route_counts_once_it_is_accepted_or_takes_what_it_should() {
    let conflict = |recreate: bool| {
        let params = [("backend", json!("reviews")), ("recreate", json!(recreate))];
        plan(&fault(FaultKind::RouteConflict, Target::Route("my-route".to_owned()), &params))
    };
    let live = |name: &str, created: &str, accepted: &str| {
        let mut route = http_route(name, "reviews", created).0;
        let conditions = json!([{"type": "Accepted", "status": accepted}]);
        route["status"] = json!({"parents": [{"parentRef": {"name": "edge"}, "conditions": conditions}]});
        route
    };
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let younger = [live("ours", new, "True"), live("my-route", old, "True")];
    let (state, words) = told(&conflict(false), None, 3, &objects(&younger));
    assert_eq!(state, EvidenceState::Seen);
    assert_eq!(words, "effect seen: our route is accepted; ours wins: no: older my-route, my-route wins: yes");
    // It was to take the requests, and does not.
    assert_eq!(told(&conflict(true), None, 3, &objects(&younger)).0, EvidenceState::Looking);
    let older = [live("ours", old, "True"), live("my-route", new, "True")];
    assert_eq!(told(&conflict(true), None, 3, &objects(&older)).0, EvidenceState::Seen);
    assert_eq!(told(&conflict(true), None, 3, &objects(&[older[0].clone(), Value::Null])).0, EvidenceState::Seen);
    let mut untold = older[0].clone();
    untold.as_object_mut().unwrap().remove("status");
    for nobody in [live("ours", old, "False"), untold, Value::Null] {
        let seen = objects(&[nobody, older[1].clone()]);
        assert_eq!(told(&conflict(false), None, 3, &seen).0, EvidenceState::Looking, "{seen:?}");
    }
}

#[test]
fn silence_is_said_with_its_reasons_and_what_comes_later_counts() {
    let mut sight = shop();
    sight.istiod = Controller::Absent;
    let plan = compile(&delay(), &sight, "7f3a9c").unwrap();
    let mut evidence = Evidence::new(&plan, Some(10.0), at(0));
    let steps = PATIENCE.as_secs() / EVERY.as_secs();
    for n in 0..steps {
        let view = evidence.told(at(n * EVERY.as_secs()), &Seen::Number(None));
        assert_eq!(view.state, EvidenceState::Looking, "{n}");
    }
    let view = evidence.told(at(30), &Seen::Number(None)).clone();
    assert_eq!(view.state, EvidenceState::None);
    assert!(view.words().starts_with("no effect seen: no request came to what is hit; "), "{}", view.words());
    assert!(view.reasons.iter().any(|why| why.contains("no istiod seen")), "{:?}", view.reasons);
    assert!(view.reasons.iter().any(|why| why.contains("no sidecar")), "{:?}", view.reasons);
    let unread = evidence.told(at(33), &Seen::Unread("no answer within 5 s".to_owned())).words();
    assert_eq!(unread, format!("no effect seen: no answer within 5 s; {}", plan.doubts.join("; ")));
    assert_eq!(evidence.told(at(40), &number(900.0)).state, EvidenceState::Seen);
    assert_eq!(evidence.told(at(50), &Seen::Unread("away".to_owned())).state, EvidenceState::Seen, "seen is seen");
}

#[test]
fn every_driver_has_its_reasons() {
    for driver in Driver::ALL {
        for kind in FaultKind::ALL {
            assert!(!usual_reasons(driver, kind).is_empty(), "{driver:?} {kind:?}");
        }
    }
}
