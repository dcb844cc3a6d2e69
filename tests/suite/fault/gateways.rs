//! The kinds that kgateway and agentgateway carry out: what each plan makes for which route, and when nothing is made.

use std::collections::BTreeMap;

use brink::{
    cluster::{Kind, Manifest},
    fault::{
        class::Class,
        drivers::compile,
        evidence::{Expected, expected},
        intent::{Driver, Fault, FaultKind, Target},
        observe::Observe,
        plan::{Change, Plan},
        sight::{Controller, Sight},
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    plans::planned,
    sights::{fault, http_route, shop},
};

const ENVOY: &str = "kgateway.dev/kgateway";
const AGENTS: &str = "agentgateway.dev/agentgateway";

fn route(name: &str, controller: &str, backend: Value) -> Manifest {
    let mut route = http_route(name, "reviews", "2026-01-01T00:00:00Z");
    route.0["spec"]["rules"][0]["backendRefs"] = json!([backend]);
    route.0["status"]["parents"][0]["controllerName"] = json!(controller);
    route
}

fn backend(kind: &str, name: &str, spec: &Value) -> Manifest {
    let group = if kind == "Backend" { "gateway.kgateway.dev" } else { "agentgateway.dev" };
    Manifest(json!({
        "apiVersion": format!("{group}/v1alpha1"), "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "7", "generation": 1}, "spec": spec,
    }))
}

/// The shop behind Gateways of both systems, with a model behind each.
fn gates() -> Sight {
    let mut sight = shop();
    let service = json!({"name": "reviews", "port": 9080});
    let model = |group: &str, kind: &str| json!({"group": group, "kind": kind, "name": "claude"});
    sight.http_routes = vec![
        route("envoy", ENVOY, service.clone()),
        route("agents", AGENTS, service),
        route("claude", "kgateway.dev/agentgateway", model("gateway.kgateway.dev", "Backend")),
        route("opus", AGENTS, model("agentgateway.dev", "AgentgatewayBackend")),
        route("meshed", "istio.io/gateway-controller", json!({"name": "reviews", "port": 9080})),
    ];
    let auth = json!({"kind": "SecretRef", "secretRef": {"name": "anthropic-key"}});
    sight.others = vec![
        backend(
            "Backend",
            "claude",
            &json!({"type": "AI", "ai": {"llm": {"anthropic": {"model": "opus-5", "authToken": auth}}}}),
        ),
        backend(
            "AgentgatewayBackend",
            "claude",
            &json!({
                "ai": {"provider": {"anthropic": {"model": "opus-5"}}}, "policies": {"auth": {"secretRef": {"name": "anthropic-key"}}},
            }),
        ),
    ];
    for (group, kind, plural) in [
        ("gateway.kgateway.dev", "TrafficPolicy", "trafficpolicies"),
        ("gateway.kgateway.dev", "DirectResponse", "directresponses"),
        ("gateway.kgateway.dev", "Backend", "backends"),
        ("agentgateway.dev", "AgentgatewayPolicy", "agentgatewaypolicies"),
        ("agentgateway.dev", "AgentgatewayBackend", "agentgatewaybackends"),
    ] {
        sight.served.push(Kind::namespaced(group, "v1alpha1", kind, plural));
    }
    sight.engines.extend([(Observe::Kgateway, Controller::Alive), (Observe::Agentgateway, Controller::Alive)]);
    sight
}

fn at(kind: FaultKind, route: &str, params: &[(&str, Value)]) -> Fault {
    fault(kind, Target::Route(route.to_owned()), params)
}

fn plan(fault: &Fault) -> Plan {
    compile(fault, &gates(), "7f3a9c").unwrap()
}

fn said(fault: &Fault, sight: &Sight) -> String {
    compile(fault, sight, "7f3a9c").unwrap_err().to_string()
}

fn made(plan: &Plan) -> &Value {
    let Change::Create { object, .. } = &plan.steps[0].change else { panic!("{:?}", plan.steps) };
    &object.0["spec"]
}

#[test]
fn a_limit_by_each_system() {
    let limit = [("requests", json!(5)), ("per", json!("minute"))];
    insta::assert_snapshot!("a_limit_by_kgateway", planned(&at(FaultKind::RateLimit, "envoy", &limit), &gates()));
    insta::assert_snapshot!("a_limit_by_agentgateway", planned(&at(FaultKind::RateLimit, "agents", &limit), &gates()));
    let ours = plan(&at(FaultKind::RateLimit, "agents", &limit));
    assert_eq!((ours.class, ours.driver), (Class::SelfExpiring, Driver::Agentgateway));
    let Expected::Answers { question, .. } = expected(&ours) else { panic!("{:?}", expected(&ours)) };
    assert!(question.contains(r#"agentgateway_requests_total{route=~"shop/agents", status="429"}"#), "{question}");
    // Envoy's own counters do not tell routes apart: its controller's word counts.
    assert!(matches!(expected(&plan(&at(FaultKind::RateLimit, "envoy", &limit))), Expected::Engine(_)));
}

#[test]
fn tokens_of_a_model_are_counted_by_agentgateway_alone() {
    let tokens = [("tokens", json!(1000)), ("per", json!("hour"))];
    let ours = plan(&at(FaultKind::RateLimit, "opus", &tokens));
    assert_eq!(made(&ours)["traffic"]["rateLimit"]["local"], json!([{"tokens": 1000, "unit": "Hours"}]));
    assert!(said(&at(FaultKind::RateLimit, "envoy", &tokens), &gates()).contains("give `requests`"));
}

#[rstest]
#[case(&[], json!({"status": 503}))]
#[case(&[("percent", json!(20))], json!({"conditional": [{"condition": "random() < 0.2", "policy": {"status": 503}}]}))]
#[case(&[("grpc_status", json!(14))], json!({"status": 200, "headers": [
    {"name": "content-type", "value": "application/grpc"}, {"name": "grpc-status", "value": "14"}]}))]
fn an_answer_of_agentgateway(#[case] params: &[(&str, Value)], #[case] expected: Value) {
    let ours = plan(&at(FaultKind::HttpAbort, "agents", params));
    assert_eq!((made(&ours)["traffic"]["directResponse"].clone(), ours.driver), (expected, Driver::Agentgateway));
}

#[test]
fn which_requests_are_meant_is_an_expression() {
    let mut wanted = at(FaultKind::HttpDelay, "agents", &[("delay", json!("1500ms")), ("percent", json!(12.5))]);
    wanted.scope.path = Some("/a\"b".to_owned());
    wanted.scope.headers = BTreeMap::from([("X-User".to_owned(), "it's me".to_owned())]);
    let ours = plan(&wanted);
    assert_eq!(
        made(&ours)["traffic"]["delay"]["duration"],
        r#"request.path.startsWith("/a\"b") && request.headers["x-user"] == "it's me" && random() < 0.125 ? 1500 : 0"#
    );
    let Expected::Latency { question, rise_ms } = expected(&ours) else { panic!() };
    assert!(question.starts_with(r#"1000 * sum(rate(agentgateway_request_duration_seconds_sum{route=~"shop/agents"}"#));
    assert!((rise_ms - 18.75).abs() < 1e-9, "{rise_ms}");
    wanted.scope.from = Some("deployment/web".to_owned());
    assert!(said(&wanted, &gates()).contains("does not know which requests come from deployment/web"));
}

#[test]
fn an_answer_of_kgateway_takes_the_place_of_the_backends() {
    let abort = at(FaultKind::HttpAbort, "envoy", &[("status", json!(418))]);
    insta::assert_snapshot!(planned(&abort, &gates()));
    let ours = plan(&abort);
    assert_eq!((ours.class, ours.driver, ours.fuses.len()), (Class::Guarded, Driver::Kgateway, 0));
    let Expected::Object { object, .. } = expected(&ours) else { panic!("{:?}", expected(&ours)) };
    assert_eq!(object.name, "envoy", "the route says whether its controller took it in");
    let mut scoped = abort;
    scoped.scope.path = Some("/a".to_owned());
    assert!(said(&scoped, &gates()).contains("leave `percent` at 100 and the scope out"));
}

/// kgateway 2.3; an older server refuses the field in its dry run.
#[rstest]
#[case(FaultKind::HttpDelay, &[("delay", json!("1s")), ("percent", json!(50))], json!({"delay": {"fixedDelay": "1000ms", "percentage": 50}}))]
#[case(FaultKind::HttpAbort, &[("percent", json!(12.5))], json!({"abort": {"httpStatus": 503, "percentage": 12.5}}))]
#[case(FaultKind::HttpAbort, &[("grpc_status", json!(14))], json!({"abort": {"grpcStatus": 14, "percentage": 100}}))]
fn a_share_of_the_requests_of_kgateway(
    #[case] kind: FaultKind,
    #[case] params: &[(&str, Value)],
    #[case] expected_spec: Value,
) {
    let mut wanted = at(kind, "envoy", params);
    let ours = plan(&wanted);
    assert_eq!((made(&ours)["faultInjection"].clone(), ours.driver), (expected_spec, Driver::Kgateway));
    assert!(matches!(expected(&ours), Expected::Engine(_)));
    wanted.scope.path = Some("/a".to_owned());
    assert!(said(&wanted, &gates()).contains("by their share alone"));
}

#[rstest]
#[case("claude", "model", Driver::Kgateway)]
#[case("claude", "key", Driver::Kgateway)]
#[case("claude", "route", Driver::Kgateway)]
#[case("opus", "model", Driver::Agentgateway)]
#[case("opus", "key", Driver::Agentgateway)]
#[case("opus", "route", Driver::Agentgateway)]
fn a_model_is_named_wrongly(#[case] route: &str, #[case] what: &str, #[case] driver: Driver) {
    let wanted = at(FaultKind::LlmOutage, route, &[("what", json!(what))]);
    insta::assert_snapshot!(format!("{what}_of_{route}"), planned(&wanted, &gates()));
    let ours = plan(&wanted);
    assert_eq!((ours.class, ours.driver), (Class::Guarded, driver));
    assert_eq!(ours.reach.routes, [format!("HTTPRoute shop/{route}")]);
    assert!(!ours.steps.iter().any(|step| step.object.kind.kind == "Secret"), "{:?}", ours.steps);
}

#[test]
fn what_has_no_key_or_no_model_is_told() {
    let mut sight = gates();
    sight.others[0].0["spec"]["ai"]["llm"]["anthropic"]["authToken"] = json!({"kind": "Passthrough"});
    let key = at(FaultKind::LlmOutage, "claude", &[("what", json!("key"))]);
    assert!(said(&key, &sight).contains("Backend claude names no Secret for its key"), "{}", said(&key, &sight));
    let none = at(FaultKind::LlmOutage, "envoy", &[]);
    assert!(said(&none, &gates()).contains("does not lead to exactly one Backend with a model"));
}

#[rstest]
#[case("meshed", "route meshed is served by istio.io/gateway-controller, and")]
#[case("claude", "agentgateway acts on routes of its own Gateways alone")]
fn a_route_of_somebody_else_is_left_alone(#[case] route: &str, #[case] expected: &str) {
    let wanted =
        Fault { driver: Some(Driver::Agentgateway), ..at(FaultKind::HttpDelay, route, &[("delay", json!("1s"))]) };
    let said = said(&wanted, &gates());
    assert!(said.contains(expected), "{said}");
}

#[test]
fn ours_is_not_put_beside_a_policy_that_says_the_same() {
    let mut sight = gates();
    let target = |name: &str| json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}]);
    let limit = json!({"targetRefs": target("envoy"), "rateLimit": {"local": {}}});
    sight.others.push(backend("TrafficPolicy", "slow", &limit));
    let wanted = at(FaultKind::RateLimit, "envoy", &[]);
    assert!(said(&wanted, &sight).contains("TrafficPolicy slow sets rateLimit for route envoy already"));
    // One for another route, or of another field, is no rival.
    let spec = &mut sight.others.last_mut().unwrap().0["spec"];
    spec["targetRefs"] = target("claude");
    assert!(compile(&wanted, &sight, "7f3a9c").is_ok());
    let unread = Sight { unreadable: vec!["trafficpolicies in shop".to_owned()], ..gates() };
    assert!(said(&wanted, &unread).contains("which one holds for the route is not known"));
}

#[test]
fn a_policy_of_the_gateway_may_hold_ours_down() {
    let mut sight = gates();
    sight.others.push(Manifest(json!({
        "kind": "AgentgatewayPolicy", "metadata": {"name": "strict", "namespace": "shop"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}],
            "strategy": {"inheritance": "Override"}, "traffic": {"timeouts": {"request": "1s"}},
        },
    })));
    let ours = compile(&at(FaultKind::RateLimit, "agents", &[]), &sight, "7f3a9c").unwrap();
    assert!(ours.doubts.iter().any(|line| line.contains("AgentgatewayPolicy strict")), "{:?}", ours.doubts);
}

#[test]
fn nothing_is_given_to_a_controller_that_is_dead() {
    let mut sight = gates();
    sight.engines.insert(Observe::Kgateway, Controller::Absent);
    let said = said(&at(FaultKind::RateLimit, "envoy", &[]), &sight);
    assert!(said.contains("no controller of kgateway is available"), "{said}");
}
